/* SPDX-License-Identifier: Apache-2.0 */
#include "api/grant.h"

#include <jansson.h>
#include <string.h>

#include "base/names.h"

bool grant_depth_ok(const char *text, size_t length)
{
	unsigned int depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < length; i++) {
		if (quoted && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			quoted = !quoted;
		else if (!quoted && (text[i] == '{' || text[i] == '['))
			depth++;
		else if (!quoted && (text[i] == '}' || text[i] == ']') && depth)
			depth--;
		if (depth > JSON_DEPTH_MAX)
			return false;
	}
	return true;
}

/* A field's text, length checked, NUL added. jansson lets no NUL into a string. */
static int copy_name(const json_t *value, char *name, size_t room, struct err *err)
{
	size_t length = json_string_length(value);

	if (length >= room)
		return err_set(err, TACIT_INVALID, "a name has at most %zu bytes", room - 1);
	memcpy(name, json_string_value(value), length + 1);
	return 0;
}

static int take_secret(struct frame_request *request, const json_t *value, struct err *err)
{
	int status = copy_name(value, request->secret, sizeof request->secret, err);

	return status < 0 ? status : name_check_secret(request->secret, err);
}

static int take_consumer(struct frame_request *request, const json_t *value, struct err *err)
{
	int status = copy_name(value, request->consumer, sizeof request->consumer, err);

	return status < 0 ? status : name_check_consumer(request->consumer, err);
}

static int take_file(struct frame_request *request, const json_t *value, struct err *err)
{
	int status = copy_name(value, request->file, sizeof request->file, err);

	return status < 0 ? status : name_check_file(request->file, err);
}

static int take_id(uint32_t *id, const json_t *value, struct err *err)
{
	json_int_t number = json_integer_value(value);

	/* The highest id means "nobody in particular" in every call of the kernel, and here. */
	if (number < 0 || number >= UINT32_MAX)
		return err_set(err, TACIT_INVALID, "uid and gid are from 0 to %u", UINT32_MAX - 1);
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

static const struct key {
	const char *name;
	json_type type;
	const char *type_word;
	bool required;
	int (*take)(struct frame_request *request, const json_t *value, struct err *err);
} keys[] = {
	{ "secret", JSON_STRING, "text", true, take_secret },
	{ "consumer", JSON_STRING, "text", true, take_consumer },
	{ "file", JSON_STRING, "text", false, take_file },
	{ "uid", JSON_INTEGER, "a whole number", false, take_uid },
	{ "gid", JSON_INTEGER, "a whole number", false, take_gid },
	{ "mode", JSON_STRING, "text", false, take_mode },
};

#define KEYS (sizeof keys / sizeof keys[0])

static int take_keys(const json_t *object, struct frame_request *request, struct err *err)
{
	size_t known = 0;

	for (size_t i = 0; i < KEYS; i++) {
		const json_t *value = json_object_get(object, keys[i].name);
		int status;

		if (!value && keys[i].required)
			return err_set(err, TACIT_INVALID, "the grant lacks \"%s\"", keys[i].name);
		if (!value)
			continue;
		known++;
		if (json_typeof(value) != keys[i].type)
			return err_set(err, TACIT_INVALID, "\"%s\" is %s", keys[i].name,
				keys[i].type_word);
		status = keys[i].take(request, value, err);
		if (status < 0)
			return status;
	}
	if (known != json_object_size(object))
		return err_set(err, TACIT_INVALID,
			"the grant has another key than secret, consumer, file, uid, gid, mode");
	return 0;
}

int grant_parse(const char *text, size_t length, struct frame_request *request, struct err *err)
{
	json_error_t where;
	json_t *object;
	int status;

	if (!grant_depth_ok(text, length))
		return err_set(err, TACIT_INVALID, "the body is JSON nested deeper than %d",
			JSON_DEPTH_MAX);
	/* Its own text quotes the input; its position does not. */
	object = json_loadb(text, length, JSON_REJECT_DUPLICATES, &where);
	if (!object)
		return err_set(err, TACIT_INVALID,
			"the body is not JSON (or has a key twice): line %d, column %d", where.line,
			where.column);
	status = json_is_object(object)
			 ? take_keys(object, request, err)
			 : err_set(err, TACIT_INVALID, "the body is not a JSON object");
	json_decref(object);
	return status;
}
