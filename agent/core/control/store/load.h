/* SPDX-License-Identifier: Apache-2.0 */
/* Private to load.c and load_damage.c: a model while it is filled from an open vault. */
#ifndef TACIT_CONTROL_LOAD_H
#define TACIT_CONTROL_LOAD_H

#include "core/control/core.h"

/* Records that are put in when what they speak of is there, in the order found. */
struct load_list {
	uint8_t *bytes;
	size_t count, room, size; /* bytes of one */
};

struct load {
	struct core *core;
	struct model *model; /* which nobody else sees yet */
	struct load_list bundles, schedules, templates, grants, uses, hooks;
	size_t unread; /* versions that are missing or damaged */
};

static inline const void *load_list_at(const struct load_list *list, size_t i)
{
	return list->bytes + i * list->size;
}

/* load_damage.c. A row that is not as it should be: a vault_damage_fn, which logs it. */
int load_pass_over(void *load, const struct vault_damage *damage, struct err *err);
/* The sealed bytes of a kept version of the secret `name`, or what stands for them; malloc'd. */
int load_value(struct load *load, const char *name, const struct version_record *version,
	uint8_t **sealed, size_t *length, struct err *err);
/* Have a version in the model, beside the current one; 0 is none. */
int load_have_version(struct load *load, struct secret *secret, uint64_t number, struct err *err);
/* Have something for each secret that a grant or a bundle speaks of. After the secrets. */
int load_lost_secrets(struct load *load, struct err *err);

#endif
