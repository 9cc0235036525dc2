/* SPDX-License-Identifier: Apache-2.0 */
#include "api/fields.h"

#include <stdio.h>
#include <string.h>

#include "base/names.h"

static const char *const kind_words[] = {
	[FIELD_TEXT] = "text",
	[FIELD_NUMBER] = "a whole number",
	[FIELD_BOOL] = "true or false",
	[FIELD_LIST] = "a list",
};

/* jansson has two types for a bool. */
static bool is_kind(const json_t *value, enum field_kind kind)
{
	switch (kind) {
	case FIELD_TEXT:
		return json_is_string(value);
	case FIELD_NUMBER:
		return json_is_integer(value);
	case FIELD_BOOL:
		return json_is_boolean(value);
	case FIELD_LIST:
		return json_is_array(value);
	}
	return false;
}

bool fields_depth_ok(const char *text, size_t length)
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
		if (depth > FIELDS_DEPTH_MAX)
			return false;
	}
	return true;
}

/* jansson lets no NUL into a string. */
int fields_text(const json_t *value, char *field, size_t room, struct err *err)
{
	size_t length = json_string_length(value);

	if (length >= room)
		return err_set(err, TACIT_INVALID, "a name has at most %zu bytes", room - 1);
	memcpy(field, json_string_value(value), length + 1);
	return 0;
}

bool fields_is_bundle(const char *secret)
{
	size_t length = strlen(secret);

	return length && secret[length - 1] == '/';
}

int fields_check_secrets(const char *secret, struct err *err)
{
	char bundle[TACIT_SECRET_NAME_MAX + 1];

	if (!fields_is_bundle(secret))
		return name_check_secret(secret, err);
	snprintf(bundle, sizeof bundle, "%.*s", (int)strlen(secret) - 1, secret);
	return name_check_bundle(bundle, err);
}

int fields_check_file(const char *secret, const char *file, struct err *err)
{
	return fields_is_bundle(secret) ? name_check_file(file, err)
					: name_check_granted(file, err);
}

int fields_secrets(struct frame_request *request, const json_t *value, struct err *err)
{
	int status = fields_text(value, request->secret, sizeof request->secret, err);

	return status < 0 ? status : fields_check_secrets(request->secret, err);
}

int fields_consumer(struct frame_request *request, const json_t *value, struct err *err)
{
	int status = fields_text(value, request->consumer, sizeof request->consumer, err);

	return status < 0 ? status : name_check_consumer(request->consumer, err);
}

int fields_file(struct frame_request *request, const json_t *value, struct err *err)
{
	int status = fields_text(value, request->file, sizeof request->file, err);

	return status < 0 ? status : fields_check_file(request->secret, request->file, err);
}

static int refuse_other_key(
	const struct field *fields, size_t count, const char *what, struct err *err)
{
	char names[ERR_TEXT_MAX] = "";

	for (size_t i = 0; i < count; i++)
		snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", i ? ", " : "",
			fields[i].name);
	return err_set(err, TACIT_INVALID, "the %s has another key than %s", what, names);
}

/* Whether one is there that stands alone, which it then must. */
static int find_alone(const json_t *object, const struct field *fields, size_t count, bool *alone,
	struct err *err)
{
	*alone = false;
	for (size_t i = 0; i < count; i++) {
		if (!fields[i].alone || !json_object_get(object, fields[i].name))
			continue;
		*alone = true;
		if (json_object_size(object) > 1)
			return err_set(err, TACIT_INVALID, "\"%s\" goes with no other key",
				fields[i].name);
	}
	return 0;
}

static int take_keys(const json_t *object, const struct field *fields, size_t count,
	const char *what, struct frame_request *request, struct err *err)
{
	size_t known = 0;
	bool alone;

	if (find_alone(object, fields, count, &alone, err) < 0)
		return -TACIT_INVALID;
	for (size_t i = 0; i < count; i++) {
		const json_t *value = json_object_get(object, fields[i].name);
		int status;

		if (!value && fields[i].required && !alone)
			return err_set(
				err, TACIT_INVALID, "the %s lacks \"%s\"", what, fields[i].name);
		if (!value)
			continue;
		known++;
		if (!is_kind(value, fields[i].kind))
			return err_set(err, TACIT_INVALID, "\"%s\" is %s", fields[i].name,
				kind_words[fields[i].kind]);
		status = fields[i].take(request, value, err);
		if (status < 0)
			return status;
	}
	return known == json_object_size(object) ? 0 : refuse_other_key(fields, count, what, err);
}

int fields_take(const char *text, size_t length, const struct field *fields, size_t count,
	const char *what, struct frame_request *request, struct err *err)
{
	json_error_t where;
	json_t *object;
	int status;

	if (!fields_depth_ok(text, length))
		return err_set(err, TACIT_INVALID, "the body is JSON nested deeper than %d",
			FIELDS_DEPTH_MAX);
	/* Its own text quotes the input; its position does not. */
	object = json_loadb(text, length, JSON_REJECT_DUPLICATES, &where);
	if (!object)
		return err_set(err, TACIT_INVALID,
			"the body is not JSON (or has a key twice): line %d, column %d", where.line,
			where.column);
	status = json_is_object(object)
			 ? take_keys(object, fields, count, what, request, err)
			 : err_set(err, TACIT_INVALID, "the body is not a JSON object");
	json_decref(object);
	return status;
}
