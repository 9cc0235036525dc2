/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/doc.h"

#include <string.h>

static void put_head(struct pack *doc, enum doc_type type, const char *name)
{
	struct doc_item *item;

	pack_u8(doc, (uint8_t)type);
	if (!name)
		return;
	/* What the reader would refuse is not written. */
	if (!*name || strlen(name) >= sizeof item->name)
		doc->failed = true;
	else
		pack_text(doc, name);
}

void doc_text(struct pack *doc, const char *name, const char *text)
{
	put_head(doc, DOC_TEXT, name);
	if (strlen(text) >= DOC_TEXT_MAX)
		doc->failed = true;
	else
		pack_text(doc, text);
}

void doc_number(struct pack *doc, const char *name, uint64_t number)
{
	put_head(doc, DOC_NUMBER, name);
	pack_u64(doc, number);
}

void doc_time(struct pack *doc, const char *name, uint64_t realtime_ns)
{
	if (!realtime_ns) {
		doc_none(doc, name);
		return;
	}
	put_head(doc, DOC_TIME, name);
	pack_u64(doc, realtime_ns);
}

void doc_bool(struct pack *doc, const char *name, bool truth)
{
	put_head(doc, DOC_BOOL, name);
	pack_u8(doc, truth);
}

void doc_none(struct pack *doc, const char *name)
{
	put_head(doc, DOC_NONE, name);
}

void doc_open(struct pack *doc, const char *name, enum doc_type object_or_list)
{
	put_head(doc, object_or_list, name);
}

void doc_close(struct pack *doc)
{
	pack_u8(doc, DOC_END);
}

void doc_read(struct doc_reader *reader, const uint8_t *bytes, size_t length)
{
	*reader = (struct doc_reader){ .from = { .at = bytes, .left = length } };
}

static int refuse(struct doc_reader *reader, struct err *err, const char *why)
{
	reader->from.failed = true; /* and every later call fails too */
	return err_set(err, TACIT_INVALID, "malformed document: %s", why);
}

static const char *enter(struct doc_reader *reader, enum doc_type type)
{
	if (reader->depth == DOC_DEPTH_MAX)
		return "too deep";
	reader->in_object[++reader->depth] = type == DOC_OBJECT;
	reader->started = true;
	return NULL;
}

/* NULL, or what is wrong with it. */
static const char *read_payload(struct doc_reader *reader, struct doc_item *item)
{
	switch (item->type) {
	case DOC_TEXT:
		unpack_text(&reader->from, item->text, sizeof item->text);
		return NULL;
	case DOC_NUMBER:
	case DOC_TIME:
		item->number = unpack_u64(&reader->from);
		return NULL;
	case DOC_BOOL:
		item->number = unpack_u8(&reader->from);
		return item->number > 1 ? "a bool that is neither 0 nor 1" : NULL;
	case DOC_NONE:
		return NULL;
	case DOC_OBJECT:
	case DOC_LIST:
		return enter(reader, item->type);
	case DOC_END:
		break;
	}
	return "unknown type";
}

static const char *read_item(struct doc_reader *reader, struct doc_item *item)
{
	item->type = unpack_u8(&reader->from);
	item->named = false;
	item->name[0] = '\0';
	item->text[0] = '\0';
	item->number = 0;
	if (!reader->depth && item->type != DOC_OBJECT && item->type != DOC_LIST)
		return "neither an object nor a list";
	if (item->type == DOC_END) {
		reader->depth--;
		return NULL;
	}
	if (reader->in_object[reader->depth]) {
		unpack_text(&reader->from, item->name, sizeof item->name);
		item->named = true;
		if (!item->name[0])
			return "a member without a name";
	}
	return read_payload(reader, item);
}

int doc_next(struct doc_reader *reader, struct doc_item *item, struct err *err)
{
	const char *wrong;

	if (reader->started && !reader->depth) {
		if (unpack_done(&reader->from))
			return 0;
		return refuse(reader, err, "octets after its end");
	}
	wrong = read_item(reader, item);
	if (reader->from.failed)
		return refuse(reader, err, "ends early, or a text does not fit");
	if (wrong)
		return refuse(reader, err, wrong);
	return 1;
}
