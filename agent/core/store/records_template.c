/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "core/store/records_parts.h"

#define LAYOUT 1

static bool is_among(const struct template_record *made_by, uint32_t count, const uint8_t *id)
{
	for (uint32_t i = 0; i < count; i++)
		if (!memcmp(made_by->refs[i], id, SEAL_ID_BYTES))
			return true;
	return false;
}

static int check_template(const struct template_record *made_by, struct err *err)
{
	struct template_names names;
	int result;

	if (!memchr(made_by->text, '\0', sizeof made_by->text))
		return err_set(
			err, TACIT_INVALID, "a template has at most %d bytes", TEMPLATE_TEXT_MAX);
	result = template_read(made_by->text, strlen(made_by->text), &names, err);
	if (result < 0)
		return result;
	if (made_by->ref_count != names.count)
		return err_set(
			err, TACIT_INVALID, "a template is made of as many secrets as it names");
	for (uint32_t i = 0; i < made_by->ref_count; i++)
		if (is_among(made_by, i, made_by->refs[i]) ||
			!memcmp(made_by->refs[i], made_by->secret_id, SEAL_ID_BYTES))
			return err_set(err, TACIT_INVALID,
				"a template is made of others than itself, each once");
	return 0;
}

int records_pack_template(const struct template_record *made_by, struct pack *to, struct err *err)
{
	int result = check_template(made_by, err);

	if (result < 0)
		return result;
	records_start(to, RECORD_TEMPLATE, LAYOUT);
	pack_bytes(to, made_by->secret_id, SEAL_ID_BYTES);
	pack_text(to, made_by->text);
	pack_u8(to, (uint8_t)made_by->ref_count);
	for (uint32_t i = 0; i < made_by->ref_count; i++)
		pack_bytes(to, made_by->refs[i], SEAL_ID_BYTES);
	return records_packed(to, err);
}

int records_unpack_template(const uint8_t id[SEAL_ID_BYTES], const uint8_t *bytes, size_t length,
	struct template_record *made_by, struct err *err)
{
	struct unpack from = { .at = bytes, .left = length };
	uint8_t layout;
	int result = records_begin(&from, RECORD_TEMPLATE, LAYOUT, &layout, err);

	if (result < 0)
		return result;
	memset(made_by, 0, sizeof *made_by);
	memcpy(made_by->id, id, SEAL_ID_BYTES);
	unpack_bytes(&from, made_by->secret_id, SEAL_ID_BYTES);
	unpack_text(&from, made_by->text, sizeof made_by->text);
	made_by->ref_count = unpack_u8(&from);
	for (uint32_t i = 0; i < made_by->ref_count && i < TEMPLATE_NAMES_MAX; i++)
		unpack_bytes(&from, made_by->refs[i], SEAL_ID_BYTES);
	return records_end(&from, check_template(made_by, NULL), err);
}
