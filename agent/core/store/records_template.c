/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "core/store/records_parts.h"

#define LAYOUT 1

static bool is_among(const struct template_record *template, uint32_t count, const uint8_t *id)
{
	for (uint32_t i = 0; i < count; i++)
		if (!memcmp(template->refs[i], id, SEAL_ID_BYTES))
			return true;
	return false;
}

static int check_template(const struct template_record *template, struct err *err)
{
	struct template_names names;
	int result;

	if (!memchr(template->text, '\0', sizeof template->text))
		return err_set(
			err, TACIT_INVALID, "a template has at most %d bytes", TEMPLATE_TEXT_MAX);
	result = template_read(template->text, strlen(template->text), &names, err);
	if (result < 0)
		return result;
	if (template->ref_count != names.count)
		return err_set(
			err, TACIT_INVALID, "a template is made of as many secrets as it names");
	for (uint32_t i = 0; i < template->ref_count; i++)
		if (is_among(template, i, template->refs[i]) ||
			!memcmp(template->refs[i], template->secret_id, SEAL_ID_BYTES))
			return err_set(err, TACIT_INVALID,
				"a template is made of others than itself, each once");
	return 0;
}

int records_pack_template(const struct template_record *template, struct pack *to, struct err *err)
{
	int result = check_template(template, err);

	if (result < 0)
		return result;
	records_start(to, RECORD_TEMPLATE, LAYOUT);
	pack_bytes(to, template->secret_id, SEAL_ID_BYTES);
	pack_text(to, template->text);
	pack_u8(to, (uint8_t) template->ref_count);
	for (uint32_t i = 0; i < template->ref_count; i++)
		pack_bytes(to, template->refs[i], SEAL_ID_BYTES);
	return records_packed(to, err);
}

int records_unpack_template(const uint8_t id[SEAL_ID_BYTES], const uint8_t *bytes, size_t length,
	struct template_record *template, struct err *err)
{
	struct unpack from = { .at = bytes, .left = length };
	uint8_t layout;
	int result = records_begin(&from, RECORD_TEMPLATE, LAYOUT, &layout, err);

	if (result < 0)
		return result;
	memset(template, 0, sizeof *template);
	memcpy(template->id, id, SEAL_ID_BYTES);
	unpack_bytes(&from, template->secret_id, SEAL_ID_BYTES);
	unpack_text(&from, template->text, sizeof template->text);
	template->ref_count = unpack_u8(&from);
	for (uint32_t i = 0; i < template->ref_count && i < TEMPLATE_NAMES_MAX; i++)
		unpack_bytes(&from, template->refs[i], SEAL_ID_BYTES);
	return records_end(&from, check_template(template, NULL), err);
}
