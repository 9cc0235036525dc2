/* SPDX-License-Identifier: Apache-2.0 */
#include "api/schedule.h"

#include <string.h>

#include "api/fields.h"
#include "api/grant.h"
#include "base/hook.h"

#define SECOND_NS UINT64_C(1000000000)

static int take_number(
	const char *name, json_int_t most, const json_t *value, uint64_t *number, struct err *err)
{
	json_int_t given = json_integer_value(value);

	if (given < 1 || given > most)
		return err_set(
			err, TACIT_INVALID, "%s is from 1 to %" JSON_INTEGER_FORMAT, name, most);
	*number = (uint64_t)given;
	return 0;
}

static int take_every(struct frame_request *request, const json_t *value, struct err *err)
{
	uint64_t seconds = 0;
	int status = take_number("every_seconds", GRANT_LIFETIME_MAX_S, value, &seconds, err);

	request->every_ns = seconds * SECOND_NS;
	return status;
}

static int take_overlap(struct frame_request *request, const json_t *value, struct err *err)
{
	uint64_t seconds = 0;
	int status = take_number("overlap_seconds", GRANT_LIFETIME_MAX_S, value, &seconds, err);

	request->lifetime_ns = seconds * SECOND_NS;
	return status;
}

static int take_generate(struct frame_request *request, const json_t *value, struct err *err)
{
	uint64_t count = 0;
	int status = take_number("generate", SCHEDULE_GENERATE_MAX, value, &count, err);

	request->generate = (uint32_t)count;
	return status;
}

/* The names are those of seal/generate.h, in its order: what seals is not in this process. */
static int take_alphabet(struct frame_request *request, const json_t *value, struct err *err)
{
	static const char *const names[] = { "alphanumeric", "password", "hex", "base64" };

	for (uint32_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (!strcmp(names[i], json_string_value(value))) {
			request->alphabet = i;
			return 0;
		}
	return err_set(err, TACIT_INVALID, "alphabet is alphanumeric, password, hex or base64");
}

static int take_rotator(struct frame_request *request, const json_t *value, struct err *err)
{
	int status = fields_text(value, request->rotator, sizeof request->rotator, err);

	return status < 0 ? status : hook_check_program(request->rotator, err);
}

static int take_true(const char *name, const json_t *value, struct err *err)
{
	return json_is_true(value)
		       ? 0
		       : err_set(err, TACIT_INVALID, "%s is true, or is left out", name);
}

static int take_now(struct frame_request *request, const json_t *value, struct err *err)
{
	request->flags |= REQUEST_NOW;
	return take_true("now", value, err);
}

/* A request that generates nothing is that already. */
static int take_off(struct frame_request *request, const json_t *value, struct err *err)
{
	(void)request;
	return take_true("off", value, err);
}

static const struct field fields[] = {
	{ "every_seconds", FIELD_NUMBER, false, take_every, false },
	{ "generate", FIELD_NUMBER, true, take_generate, false },
	{ "alphabet", FIELD_TEXT, false, take_alphabet, false },
	{ "rotator", FIELD_TEXT, false, take_rotator, false },
	{ "overlap_seconds", FIELD_NUMBER, false, take_overlap, false },
	{ "now", FIELD_BOOL, false, take_now, true },
	{ "off", FIELD_BOOL, false, take_off, true },
};

int schedule_parse(const char *text, size_t length, struct frame_request *request, struct err *err)
{
	return fields_take(
		text, length, fields, sizeof fields / sizeof fields[0], "schedule", request, err);
}
