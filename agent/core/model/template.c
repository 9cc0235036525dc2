/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets that are made of others. */
#include <stdlib.h>
#include <string.h>

#include "core/model/blob.h"

static struct secret_template *find(
	const struct model *model, const uint8_t secret_id[SEAL_ID_BYTES])
{
	struct secret_template *template;

	HASH_FIND(hh, model->templates, secret_id, SEAL_ID_BYTES, template);
	return template;
}

int model_put_template(struct model *model, const struct template_record *record, struct err *err)
{
	struct secret_template *template = find(model, record->secret_id);

	if (template) {
		template->record = *record;
		return 0;
	}
	template = calloc(1, sizeof *template);
	if (!template)
		return err_set(err, TACIT_LIMIT, "out of memory");
	template->record = *record;
	HASH_ADD(hh, model->templates, record.secret_id, SEAL_ID_BYTES, template);
	return 0;
}

void model_remove_template(struct model *model, struct secret_template *template)
{
	HASH_DELETE(hh, model->templates, template);
	seal_wipe(template, sizeof *template);
	free(template);
}

struct secret_template *model_template(const struct model *model, const struct secret *secret)
{
	return find(model, secret->record.id);
}

bool template_needs(const struct secret_template *template, const uint8_t secret_id[SEAL_ID_BYTES])
{
	for (uint32_t i = 0; i < template->record.ref_count; i++)
		if (!memcmp(template->record.refs[i], secret_id, SEAL_ID_BYTES))
			return true;
	return false;
}

size_t model_templates_of(const struct model *model, const uint8_t secret_id[SEAL_ID_BYTES])
{
	struct secret_template *template, *next;
	size_t count = 0;

	HASH_ITER (hh, model->templates, template, next)
		count += template_needs(template, secret_id);
	return count;
}
