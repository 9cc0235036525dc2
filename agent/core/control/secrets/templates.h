/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets whose versions are made of other secrets' values, in the worker. In the commit of
 * whatever changes what one of those is, a new version is made, and sealed as any value is: so each
 * version is of one set of values, whoever opens it whenever. */
#ifndef TACIT_CONTROL_TEMPLATES_H
#define TACIT_CONTROL_TEMPLATES_H

#include "core/control/call.h"
#include "core/control/secrets/change_plan.h"

/* Templates made of one secret: each of its rotations makes as many versions. */
#define TEMPLATES_OF_ONE_MAX 64

/* How many templates are made of what a change changes, at most. */
size_t templates_following(const struct change *change);

/* What the target's template makes of the values that are current once the plan is carried out.
 * *text is seal_alloc'd, the caller's. As template_render(), and TACIT_CORRUPT when a value does
 * not open. */
int templates_make(const struct change_plan *plan, const struct change_target *target,
	uint8_t **text, size_t *length, struct err *err);

/* Whether every template could be made of the values that a plan stages: when they become current,
 * others may have them already. As templates_make(). */
int templates_try(const struct change_plan *plan, struct err *err);

/* TACIT_INVALID when templates are made of it: it cannot go. */
int templates_check_removal(const struct core *core, const struct secret *secret, struct err *err);

/* VERB_SECRET_CREATE and VERB_SECRET_ROTATE with REQUEST_TEMPLATE. */
int templates_create(struct call *call, struct err *err);
int templates_rotate(struct call *call, struct err *err);

/* "template": the names of what a secret is made of, or null. And "templates": what is made of it.
 */
void doc_put_template(struct pack *doc, const struct core *core, const struct secret *secret);
/* "templates": all of them by name, each {"secret": NAME, "template": [NAME...]}. */
int doc_put_templates(struct pack *doc, const struct core *core, struct err *err);
void doc_put_templates_of(struct pack *doc, const struct core *core, const struct secret *secret);

#endif
