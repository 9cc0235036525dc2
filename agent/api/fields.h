/* SPDX-License-Identifier: Apache-2.0 */
/* JSON bodies, by table: an object of these fields, each of this type, each taken by its function.
 * Refused: any other key, a key given twice, a required one that is not there, another type, NUL,
 * text that is not UTF-8, nesting deeper than FIELDS_DEPTH_MAX (looked at before parsing, for
 * jansson recurses). Pure. */
#ifndef TACIT_API_FIELDS_H
#define TACIT_API_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "wire/frame.h"

#define FIELDS_DEPTH_MAX 8

enum field_kind { FIELD_TEXT, FIELD_NUMBER, FIELD_BOOL, FIELD_LIST };

struct field {
	const char *name;
	enum field_kind kind;
	bool required;
	/* Called in the order of the table, whatever the order of the body. */
	int (*take)(struct frame_request *request, const json_t *value, struct err *err);
};

/* Take the body `text`, which is "the `what`" in errors. TACIT_INVALID, `request` partly filled. */
int fields_take(const char *text, size_t length, const struct field *fields, size_t count,
	const char *what, struct frame_request *request, struct err *err);

/* The fields "secret", "consumer" and "file": a name, checked. */
int fields_secret(struct frame_request *request, const json_t *value, struct err *err);
int fields_consumer(struct frame_request *request, const json_t *value, struct err *err);
int fields_file(struct frame_request *request, const json_t *value, struct err *err);

/* Whether no array or object of the text lies deeper than FIELDS_DEPTH_MAX. */
bool fields_depth_ok(const char *text, size_t length);

#endif
