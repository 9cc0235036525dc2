/* SPDX-License-Identifier: Apache-2.0 */
#include "api/answer.h"

#include <jansson.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "wire/doc.h"

#define DUMP_FLAGS (JSON_COMPACT | JSON_ENSURE_ASCII)

/* Takes `json` over. */
static char *dump(json_t *json)
{
	size_t length = json ? json_dumpb(json, NULL, 0, DUMP_FLAGS) : 0;
	char *text = length ? malloc(length + 2) : NULL;

	if (text) {
		json_dumpb(json, text, length, DUMP_FLAGS);
		memcpy(text + length, "\n", 2);
	}
	json_decref(json);
	return text;
}

char *answer_error(enum tacit_code code, const char *text)
{
	json_t *message = json_string(text);

	if (!message)
		message = json_string("");
	return dump(
		json_pack("{s:{s:s, s:o}}", "error", "code", code_word(code), "message", message));
}

static json_t *value_of(const struct doc_item *item)
{
	char time[CLOCK_TEXT_MAX];

	switch (item->type) {
	case DOC_TEXT:
		return json_string(item->text);
	case DOC_NUMBER:
		return item->number <= INT64_MAX ? json_integer((json_int_t)item->number) : NULL;
	case DOC_TIME:
		clock_format(item->number, time);
		return json_string(time);
	case DOC_BOOL:
		return json_boolean(item->number);
	case DOC_NONE:
		return json_null();
	case DOC_OBJECT:
		return json_object();
	case DOC_LIST:
		return json_array();
	case DOC_END:
		break;
	}
	return NULL;
}

/* Put `value` where it belongs; false when it cannot be, and then it is freed. */
static bool attach(json_t *parent, const struct doc_item *item, json_t *value)
{
	if (!value)
		return false;
	if (!parent)
		return true;
	if (item->named)
		return !json_object_set_new(parent, item->name, value);
	return !json_array_append_new(parent, value);
}

static int build(struct doc_reader *reader, json_t **top, struct err *err)
{
	json_t *open[DOC_DEPTH_MAX + 1] = { NULL };
	struct doc_item item;
	int more;

	while ((more = doc_next(reader, &item, err)) == 1) {
		bool opened = item.type == DOC_OBJECT || item.type == DOC_LIST;
		json_t *value;

		if (item.type == DOC_END)
			continue;
		value = value_of(&item);
		if (!attach(open[reader->depth - opened], &item, value))
			return err_set(err, TACIT_INTERNAL, "a value JSON cannot hold");
		if (opened)
			open[reader->depth] = value;
		if (!*top)
			*top = value;
	}
	return more;
}

int answer_document(const uint8_t *document, size_t length, char **json, struct err *err)
{
	struct doc_reader reader;
	struct err why = { 0 };
	json_t *top = NULL;

	*json = NULL;
	doc_read(&reader, document, length);
	if (build(&reader, &top, &why) < 0) {
		json_decref(top);
		return err_set(err, TACIT_INTERNAL, "core's answer: %s", why.text);
	}
	*json = dump(top);
	return *json ? 0 : err_set(err, TACIT_INTERNAL, "out of memory");
}
