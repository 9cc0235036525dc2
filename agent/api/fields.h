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
	bool alone; /* says all by itself: with it there is no other, and none is required */
};

/* Take the body `text`, which is "the `what`" in errors. TACIT_INVALID, `request` partly filled. */
int fields_take(const char *text, size_t length, const struct field *fields, size_t count,
	const char *what, struct frame_request *request, struct err *err);

/* The text into `field` of `room` bytes. TACIT_INVALID when it is longer. */
int fields_text(const json_t *value, char *field, size_t room, struct err *err);

/* The fields "secret" (or a bundle, "tls/"), "consumer" and, after them, "file": a name, checked.
 */
int fields_secrets(struct frame_request *request, const json_t *value, struct err *err);
int fields_consumer(struct frame_request *request, const json_t *value, struct err *err);
int fields_file(struct frame_request *request, const json_t *value, struct err *err);

/* Where a secret is meant, "tls/" is all secrets of the bundle, and a file the folder that shows
 * them. TACIT_INVALID when it can be neither. */
bool fields_is_bundle(const char *secret);
int fields_check_secrets(const char *secret, struct err *err);
int fields_check_file(const char *secret, const char *file, struct err *err);

/* Whether no array or object of the text lies deeper than FIELDS_DEPTH_MAX. */
bool fields_depth_ok(const char *text, size_t length);

#endif
