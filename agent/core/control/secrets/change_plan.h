/* SPDX-License-Identifier: Apache-2.0 */
/* Records as a change will make them, before anything of it is done. change.c's alone. */
#ifndef TACIT_CONTROL_CHANGE_PLAN_H
#define TACIT_CONTROL_CHANGE_PLAN_H

#include "core/control/secrets/change.h"

/* A secret as it will be, and the value of the version that is new, if one is. */
struct change_target {
	const struct change_item *item; /* of a template that follows: of what it follows */
	const struct template_record
		*template;           /* of the new version; NULL: it is the item's value */
	struct secret_record record; /* without the new version */
	uint64_t made;               /* number of the new version; 0: none is */
	bool is_current;             /* what is current changes */
	uint8_t *sealed;             /* of the new version, until it is the model's; malloc'd */
	size_t sealed_length;
};

struct change_plan {
	const struct change *change;
	struct core *core;
	struct change_target *targets; /* those of the change, then templates that follow */
	size_t count;
	const struct secret **touched;   /* room for what is to be touched: 2 * count */
	struct template_record template; /* as it will be; when change->template is set */
	struct bundle_record *bundles;   /* of which there is a new generation */
	size_t bundle_count;
};

/* Fill a plan whose change and core are set. change_plan_free() also when it fails. */
int change_plan_make(struct change_plan *plan, struct err *err);
void change_plan_free(struct change_plan *plan);

#endif
