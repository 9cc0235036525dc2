/* SPDX-License-Identifier: Apache-2.0 */
/* A document: the answer of core to an operator, as nested objects and lists of named, typed
 * values. core writes it without knowing JSON, api turns it into JSON without knowing its meaning.
 *
 *   item  = u8 type | name (u16 length, bytes; only inside an object) | payload
 *   TEXT u16 length, bytes   NUMBER u64   TIME u64 (ns since 1970)   BOOL u8   NONE   OBJECT   LIST
 * END
 *
 * A document is one OBJECT or one LIST. Depth is at most DOC_DEPTH_MAX. */
#ifndef TACIT_WIRE_DOC_H
#define TACIT_WIRE_DOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/pack.h"

#define DOC_DEPTH_MAX 6
#define DOC_TEXT_MAX 1024

enum doc_type {
	DOC_TEXT = 1,
	DOC_NUMBER,
	DOC_TIME,
	DOC_BOOL,
	DOC_NONE,
	DOC_OBJECT,
	DOC_LIST,
	DOC_END,
};

/* Writing: `name` is NULL at the top and inside lists. Failures are kept in the pack. */
void doc_text(struct pack *doc, const char *name, const char *text);
void doc_number(struct pack *doc, const char *name, uint64_t number);
void doc_time(struct pack *doc, const char *name, uint64_t realtime_ns); /* 0 is written as NONE */
void doc_bool(struct pack *doc, const char *name, bool truth);
void doc_none(struct pack *doc, const char *name);
void doc_open(struct pack *doc, const char *name, enum doc_type object_or_list);
void doc_close(struct pack *doc);

/* Reading: one item after another, in the order written. */
struct doc_item {
	enum doc_type type;
	bool named;
	char name[64];
	char text[DOC_TEXT_MAX]; /* of DOC_TEXT */
	uint64_t number;         /* of DOC_NUMBER, DOC_TIME, DOC_BOOL */
};

struct doc_reader {
	struct unpack from;
	unsigned int depth;
	bool in_object[DOC_DEPTH_MAX + 1];
	bool started;
};

void doc_read(struct doc_reader *reader, const uint8_t *bytes, size_t length);
/* 1: an item; 0: the document is over, nothing is left; TACIT_INVALID (negative): it is malformed.
 */
int doc_next(struct doc_reader *reader, struct doc_item *item, struct err *err);

#endif
