/* SPDX-License-Identifier: Apache-2.0 */
/* What a template makes of the values that there will be. */
#include "core/control/secrets/templates.h"

#include <string.h>

#define SHOWN_NAME "%.60s" /* of a template, in an error: as much as a reply has room for */

static bool is_changed(const struct change *change, const struct secret_template *template)
{
	for (size_t i = 0; i < change->count; i++) {
		const struct secret *secret =
			model_secret(change->core->model, change->item[i].name);

		if (secret && template_needs(template, secret->record.id))
			return true;
	}
	return false;
}

size_t templates_following(const struct change *change)
{
	struct secret_template *template, *next;
	size_t count = 0;

	HASH_ITER (hh, change->core->model->templates, template, next)
		count += is_changed(change, template);
	return count;
}

/* The values of one template, while it is made. */
struct ingredients {
	struct template_value values[TEMPLATE_NAMES_MAX];
	uint8_t *opened[TEMPLATE_NAMES_MAX]; /* those that had to be; seal_alloc'd */
};

static void ingredients_free(struct ingredients *all)
{
	for (size_t i = 0; i < TEMPLATE_NAMES_MAX; i++)
		seal_free(all->opened[i]);
}

static const struct change_target *target_of(
	const struct change_plan *plan, const uint8_t id[SEAL_ID_BYTES])
{
	for (size_t i = 0; i < plan->change->count; i++)
		if (!memcmp(plan->targets[i].record.id, id, SEAL_ID_BYTES))
			return &plan->targets[i];
	return NULL;
}

static int open_blob(struct core *core, const struct blob *blob, uint8_t **opened, size_t *length,
	struct err *err)
{
	size_t room = vault_plain_room(blob->sealed_length);

	*opened = seal_alloc(room);
	if (!*opened)
		return err_set(err, TACIT_LIMIT, "no locked memory left");
	return vault_open_value(core->vault, blob->version.value_id, blob->sealed,
		blob->sealed_length, *opened, room, length, err);
}

/* The value that a secret will have, or that is tried: the one that comes with the change, or a kept
 * one. */
static int take(const struct change_plan *plan, const uint8_t id[SEAL_ID_BYTES],
	struct template_value *value, uint8_t **opened, struct err *err)
{
	const struct secret *secret = model_secret_by_id(plan->core->model, id);
	const struct change_target *target = target_of(plan, id);
	const struct blob *blob;
	int status;

	if (!secret)
		return err_set(err, TACIT_CORRUPT, "a secret that it is made of is not there");
	if (target && target->made) {
		*value = (struct template_value){ target->item->value, target->item->length };
		return 0;
	}
	blob = secret_blob(secret, target ? target->record.current : secret->record.current);
	if (!blob)
		return err_set(err, TACIT_INTERNAL, "a version that was loaded is not there");
	status = open_blob(plan->core, blob, opened, &value->length, err);
	value->bytes = *opened;
	return status;
}

static int render(const struct template_record *template, const struct ingredients *all,
	uint8_t **text, size_t *length, struct err *err)
{
	size_t size = strlen(template->text);
	int status = template_render(template->text, size, all->values, NULL, 0, length, err);

	if (status < 0)
		return status;
	*text = seal_alloc(*length);
	if (!*text)
		return err_set(err, TACIT_LIMIT, "no locked memory left");
	status = template_render(template->text, size, all->values, *text, *length, length, err);
	if (status < 0) {
		seal_free(*text);
		*text = NULL;
	}
	return status;
}

int templates_make(const struct change_plan *plan, const struct change_target *target,
	uint8_t **text, size_t *length, struct err *err)
{
	const struct template_record *template = target->template;
	struct ingredients all = { 0 };
	struct err why;
	int status = 0;

	*text = NULL;
	for (uint32_t i = 0; status == 0 && i < template->ref_count; i++)
		status = take(plan, template->refs[i], &all.values[i], &all.opened[i], &why);
	if (status == 0)
		status = render(template, &all, text, length, &why);
	ingredients_free(&all);
	if (status == 0)
		return 0;
	return template == &plan->template
		       ? err_set(err, why.code, "%s", why.text)
		       : err_set(err, why.code, "template " SHOWN_NAME ", which is made of it: %s",
				 target->record.name, why.text);
}

static int try_one(const struct change_plan *plan, const struct secret_template *template,
	const struct secret *made, struct err *err)
{
	const struct change_target target = { .template = &template->record,
		.record = made->record };
	uint8_t *text;
	size_t length;
	int status = templates_make(plan, &target, &text, &length, err);

	seal_free(text);
	return status;
}

int templates_try(const struct change_plan *plan, struct err *err)
{
	const struct model *model = plan->core->model;
	struct secret_template *template, *next;
	int status = 0;

	HASH_ITER (hh, model->templates, template, next)
		for (size_t i = 0; status == 0 && i < plan->change->count; i++)
			if (plan->targets[i].item->kind == CHANGE_STAGE &&
				template_needs(template, plan->targets[i].record.id))
				status = try_one(plan, template,
					model_secret_by_id(model, template->record.secret_id), err);
	return status;
}

int templates_check_removal(const struct core *core, const struct secret *secret, struct err *err)
{
	size_t count = model_templates_of(core->model, secret->record.id);

	return count ? err_set(err, TACIT_INVALID,
			       "templates are made of it: %zu; remove them first, which 'tacit "
			       "secret inspect' names",
			       count)
		     : 0;
}
