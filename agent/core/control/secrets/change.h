/* SPDX-License-Identifier: Apache-2.0 */
/* A change of secrets, in the worker: one commit, whoever asks for it. Of bundles whose members
 * change it makes one generation, however many of them do; of templates that are made of what
 * changes, one version. Committed, then in memory, then touched: each path once. Nothing of a
 * change that fails is left. */
#ifndef TACIT_CONTROL_CHANGE_H
#define TACIT_CONTROL_CHANGE_H

#include "core/control/core.h"

#define CHANGE_SECRETS_MAX VAULT_MEMBERS_MAX
#define MADE_BY_AGENT 0xfffffffeu /* in place of an operator's uid */

enum change_kind {
	CHANGE_CREATE,    /* a new secret; its first version */
	CHANGE_ROTATE,    /* a new version, current */
	CHANGE_STAGE,     /* a new version, next */
	CHANGE_SWITCH,    /* the kept version `number`, which is in memory, becomes current */
	CHANGE_RETIRE,    /* no previous version */
	CHANGE_DROP_NEXT, /* no next version */
};

struct change_item {
	enum change_kind kind;
	const char *name;    /* of the secret; of a member of the bundle that is created: whole */
	uint64_t number;     /* of CHANGE_SWITCH */
	uint64_t overlap_ns; /* of ROTATE and SWITCH: how long the previous version lives; 0: no end
			      */
	const uint8_t *value; /* of CREATE, ROTATE, STAGE: locked memory of the caller */
	size_t length;
};

struct change {
	struct core *core;
	uint32_t made_by;
	struct change_item item[CHANGE_SECRETS_MAX]; /* each of another secret */
	size_t count;                                /* at least 1, but with `schedule` 0 */
	const char *new_bundle; /* the items create its members; NULL: none is made */
	const struct schedule_record *schedule; /* written in the same commit; NULL: none */
	/* By which the versions of the only item are made from now on, of CREATE and ROTATE, which
	 * then have no value; whose template it is need not be filled in. NULL: none is new. */
	const struct template_record *template;
};

/* TACIT_BUSY while a rotator is at work on one of them, unless `schedule` is of that very secret.
 * TACIT_INVALID: a template is given a value, or another secret a text. As template_render() when a
 * template cannot be made of what there would be: then nothing is changed. */
int change_carry_out(const struct change *change, struct err *err);

/* TACIT_BUSY while a rotator is at work on a secret: nobody else may change what it is. */
int change_check_rotator(const struct core *core, const struct secret *secret, struct err *err);

#endif
