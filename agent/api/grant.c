/* SPDX-License-Identifier: Apache-2.0 */
#include "api/grant.h"

#include <string.h>

#include "api/fields.h"
#include "base/clock.h"
#include "base/hook.h"

#define SECOND_NS 1000000000u

static int take_id(uint32_t *id, const json_t *value, struct err *err)
{
	json_int_t number = json_integer_value(value);

	/* The highest id means "nobody in particular" in every call of the kernel, and here. */
	if (number < 0 || number >= GRANT_READER)
		return err_set(
			err, TACIT_INVALID, "uid and gid are from 0 to %u", GRANT_READER - 1);
	*id = (uint32_t)number;
	return 0;
}

static int take_uid(struct frame_request *request, const json_t *value, struct err *err)
{
	return take_id(&request->uid, value, err);
}

static int take_gid(struct frame_request *request, const json_t *value, struct err *err)
{
	return take_id(&request->gid, value, err);
}

static int take_mode(struct frame_request *request, const json_t *value, struct err *err)
{
	const char *text = json_string_value(value);
	size_t length = json_string_length(value);
	uint32_t mode = 0;

	if (length < 3 || length > 4 || strspn(text, "01234567") != length)
		return err_set(err, TACIT_INVALID, "mode is a text of octal digits, \"0440\"");
	for (size_t i = 0; i < length; i++)
		mode = mode << 3 | (uint32_t)(text[i] - '0');
	/* 0 would mean the default in the frame. */
	if (!mode || mode > 0777)
		return err_set(err, TACIT_INVALID, "mode is from \"0001\" to \"0777\"");
	request->mode = mode;
	return 0;
}

/* In these 0 would mean "not said" in the frame. */
static int take_count(
	const char *name, json_int_t most, const json_t *value, uint64_t *count, struct err *err)
{
	json_int_t number = json_integer_value(value);

	if (number < 1 || number > most)
		return err_set(
			err, TACIT_INVALID, "%s is from 1 to %" JSON_INTEGER_FORMAT, name, most);
	*count = (uint64_t)number;
	return 0;
}

static int take_expires_in(struct frame_request *request, const json_t *value, struct err *err)
{
	uint64_t seconds = 0;
	int status = take_count("expires_in", GRANT_LIFETIME_MAX_S, value, &seconds, err);

	request->lifetime_ns = seconds * SECOND_NS;
	return status;
}

static int take_expires_at(struct frame_request *request, const json_t *value, struct err *err)
{
	if (request->lifetime_ns)
		return err_set(err, TACIT_INVALID, "a grant has expires_in or expires_at");
	if (clock_parse(json_string_value(value), &request->expires_ns, err) < 0)
		return -TACIT_INVALID;
	if (!request->expires_ns)
		return err_set(err, TACIT_INVALID, "a grant expires after the year 1970 began");
	return 0;
}

static int take_reads(struct frame_request *request, const json_t *value, struct err *err)
{
	uint64_t reads = 0;
	int status = take_count("reads", GRANT_READS_MAX, value, &reads, err);

	request->reads = (uint32_t)reads;
	return status;
}

static int take_version(struct frame_request *request, const json_t *value, struct err *err)
{
	return take_count("version", INT64_MAX, value, &request->version, err);
}

static int take_newline(struct frame_request *request, const json_t *value, struct err *err)
{
	(void)err;
	request->grant_flags |= json_is_true(value) ? GRANT_NEWLINE : 0;
	return 0;
}

static int take_main_process(struct frame_request *request, const json_t *value, struct err *err)
{
	(void)err;
	request->grant_flags |= json_is_true(value) ? GRANT_MAIN_PROCESS : 0;
	return 0;
}

static int take_with_previous(struct frame_request *request, const json_t *value, struct err *err)
{
	(void)err;
	request->grant_flags |= json_is_true(value) ? GRANT_WITH_PREVIOUS : 0;
	return 0;
}

static int take_on_rotate(struct frame_request *request, const json_t *value, struct err *err)
{
	struct hook hook;
	int status = fields_text(value, request->on_rotate, sizeof request->on_rotate, err);

	if (!status)
		status = hook_parse(request->on_rotate, &hook, err);
	if (!status && hook.kind == HOOK_NONE)
		return err_set(err, TACIT_INVALID, "on_rotate is left out, or it is not empty");
	return status;
}

static const struct field fields[] = {
	{ "secret", FIELD_TEXT, true, fields_secrets, false },
	{ "consumer", FIELD_TEXT, true, fields_consumer, false },
	{ "file", FIELD_TEXT, false, fields_file, false },
	{ "uid", FIELD_NUMBER, false, take_uid, false },
	{ "gid", FIELD_NUMBER, false, take_gid, false },
	{ "mode", FIELD_TEXT, false, take_mode, false },
	{ "expires_in", FIELD_NUMBER, false, take_expires_in, false },
	{ "expires_at", FIELD_TEXT, false, take_expires_at, false },
	{ "reads", FIELD_NUMBER, false, take_reads, false },
	{ "version", FIELD_NUMBER, false, take_version, false },
	{ "newline", FIELD_BOOL, false, take_newline, false },
	{ "main_process", FIELD_BOOL, false, take_main_process, false },
	{ "with_previous", FIELD_BOOL, false, take_with_previous, false },
	{ "on_rotate", FIELD_TEXT, false, take_on_rotate, false },
};

int grant_parse(const char *text, size_t length, struct frame_request *request, struct err *err)
{
	return fields_take(
		text, length, fields, sizeof fields / sizeof fields[0], "grant", request, err);
}
