/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/parse.h"

#include <stdbool.h>
#include <string.h>

/* An escaped NUL: jansson takes none in a key. U+FFFD stands for it, as for all that is no text. */
static void replace_nul(char *escape, size_t length)
{
	if (length >= 6 && !memcmp(escape, "\\u0000", 6))
		memcpy(escape, "\\ufffd", 6);
}

/* Before the parser, which goes down one stack frame per level. False when it is too deep. */
static bool prepare(char *text, size_t length)
{
	unsigned int depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < length; i++) {
		if (quoted && text[i] == '\\') {
			replace_nul(text + i, length - i);
			i++;
		} else if (text[i] == '"')
			quoted = !quoted;
		else if (!quoted && (text[i] == '{' || text[i] == '['))
			depth++;
		else if (!quoted && (text[i] == '}' || text[i] == ']') && depth)
			depth--;
		if (depth > PARSE_DEPTH_MAX)
			return false;
	}
	return true;
}

json_t *parse_json(char *text, size_t length, struct err *err)
{
	json_error_t where;
	json_t *value;

	if (!prepare(text, length)) {
		err_set(err, TACIT_INVALID, "JSON nested deeper than %d", PARSE_DEPTH_MAX);
		return NULL;
	}
	value = json_loadb(text, length, JSON_DECODE_INT_AS_REAL, &where);
	/* Its text quotes the input; its position does not. */
	if (!value)
		err_set(err, TACIT_INVALID, "not JSON: line %d, column %d", where.line,
			where.column);
	return value;
}

const char *parse_member(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static const struct {
	const char *word;
	enum event_kind kind;
} actions[] = {
	{ "create", EVENT_CHANGED },
	{ "start", EVENT_CHANGED },
	{ "restart", EVENT_CHANGED },
	{ "restore", EVENT_CHANGED }, /* podman: from a checkpoint, as a start */
	{ "unpause", EVENT_CHANGED },
	{ "rename", EVENT_CHANGED },
	{ "update", EVENT_CHANGED },
	{ "die", EVENT_ENDED },
	{ "died", EVENT_ENDED },
	{ "destroy", EVENT_REMOVED },
	{ "remove", EVENT_REMOVED },
	{ "removed", EVENT_REMOVED },
};

static enum event_kind kind_of(const char *action)
{
	for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
		if (!strcmp(actions[i].word, action))
			return actions[i].kind;
	return EVENT_OTHER;
}

/* The newer name of the two, which not every engine's version has. */
static const char *either(const char *first, const char *second)
{
	return first ? first : second;
}

static void read_event(const json_t *object, struct event *event)
{
	const char *type = parse_member(object, "Type");
	const char *action = either(parse_member(object, "Action"), parse_member(object, "status"));
	const char *id = either(
		parse_member(json_object_get(object, "Actor"), "ID"), parse_member(object, "id"));

	if (!type || strcmp(type, "container") || !action || !id || !container_id_ok(id))
		return;
	event->kind = kind_of(action);
	memcpy(event->id, id, sizeof event->id);
}

int parse_event(char *line, size_t length, struct event *event, struct err *err)
{
	json_t *object = parse_json(line, length, err);

	*event = (struct event){ .kind = EVENT_OTHER };
	if (!object)
		return -TACIT_INVALID;
	read_event(object, event);
	json_decref(object);
	return 0;
}

int parse_list(char *text, size_t length, parse_listed *listed, void *context, struct err *err)
{
	json_t *list = parse_json(text, length, err), *entry;
	size_t i;
	int status = 0;

	if (!list)
		return -TACIT_INVALID;
	if (!json_is_array(list))
		status = err_set(err, TACIT_INVALID, "the list of containers is none");
	json_array_foreach (list, i, entry) {
		const char *id = parse_member(entry, "Id");

		if (id && container_id_ok(id))
			listed(context, id);
	}
	json_decref(list);
	return status;
}
