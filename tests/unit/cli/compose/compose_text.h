/* SPDX-License-Identifier: Apache-2.0 */
/* Compose files from texts, and changes to them as tables of lines. */
#ifndef TACIT_TEST_COMPOSE_TEXT_H
#define TACIT_TEST_COMPOSE_TEXT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/compose/compose.h"

static inline struct compose_file *read_file(const char *text)
{
	struct compose_file *file = NULL;
	struct err err = { 0 };

	if (compose_parse("f", text, strlen(text), &file, &err))
		fail_msg("%s", err.text);
	return file;
}

/* What a parse says: "" when it reads. */
static inline void read_error(const char *text, char *said, size_t room)
{
	struct compose_file *file = NULL;
	struct err err = { 0 };

	compose_parse("f", text, strlen(text), &file, &err);
	snprintf(said, room, "%s", err.text);
	compose_free(file);
}

static inline int edit_word(struct compose_edit *edit, char *words[6], struct err *err)
{
	const char *list[8];
	size_t count = 0;

	switch (words[0][0]) {
	case '=': /* = service NAME NEW VALUE */
		return compose_edit_variable(edit, words[1], words[2], words[3], words[4], err);
	case '+':
		return compose_edit_add_variable(edit, words[1], words[2], words[3], err);
	case '-':
		return compose_edit_remove_variable(edit, words[1], words[2], err);
	case 's': /* s service source [target] */
		return compose_edit_service_secret(edit, words[1], words[2], words[3], err);
	case 'o': /* o service source new_source */
		return compose_edit_service_source(edit, words[1], words[2], words[3], err);
	case 'f': /* f name path */
		return compose_edit_secret_file(edit, words[1], words[2], err);
	default: /* entrypoint|command service word... */
		for (size_t i = 2; i < 6 && words[i]; i++)
			list[count++] = words[i];
		return compose_edit_list(edit, words[1], words[0], list, count, err);
	}
}

/* Make the changes, one a line, words divided by one blank. The new text, or NULL and the error. */
static inline char *edit_text(const char *text, const char *changes, struct err *err)
{
	struct compose_file *file = read_file(text);
	struct compose_edit *edit = compose_edit_begin(file);
	char *copy = strdup(changes), *rest = copy, *line, *made = NULL;
	size_t length = 0;
	int rc = 0;

	while (!rc && (line = strsep(&rest, "\n"))) {
		char *words[6] = { 0 };

		for (size_t i = 0; i < 6 && line; i++)
			words[i] = strsep(&line, " ");
		rc = edit_word(edit, words, err);
	}
	if (!rc && !compose_edit_apply(edit, &made, &length, err))
		assert_int_equal(strlen(made), length);
	free(copy);
	compose_edit_free(edit);
	compose_free(file);
	return made;
}

struct edit_row {
	const char *before, *changes, *after;
};

static inline void check_edits(const struct edit_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct err err = { 0 };
		char *made = edit_text(rows[i].before, rows[i].changes, &err);

		if (!made)
			fail_msg("row %zu: %s", i, err.text);
		assert_string_equal(made, rows[i].after);
		free(made);
	}
}

/* `after` is the beginning of the error. */
static inline void check_refusals(const struct edit_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct err err = { 0 };
		char *made = edit_text(rows[i].before, rows[i].changes, &err);

		if (made || strncmp(err.text, rows[i].after, strlen(rows[i].after)))
			fail_msg("row %zu: %s", i, made ? made : err.text);
	}
}

#define EDITS(rows) check_edits(rows, sizeof(rows) / sizeof(rows)[0])
#define REFUSALS(rows) check_refusals(rows, sizeof(rows) / sizeof(rows)[0])

#endif
