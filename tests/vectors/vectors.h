/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the vectors beside it, from the top of the source tree: blocks of lines "field value" that
 * an empty line ends, '#' begins a comment. A vector that cannot be read fails the test. */
#ifndef TACIT_TEST_VECTORS_H
#define TACIT_TEST_VECTORS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"

#define VECTOR_FIELDS_MAX 16

struct vector {
	size_t count;
	char *lines[VECTOR_FIELDS_MAX]; /* "field\0value" */
};

/* The value of a field as text; NULL when the vector has none. */
static inline const char *vector_text(const struct vector *vector, const char *field)
{
	for (size_t i = 0; i < vector->count; i++)
		if (!strcmp(vector->lines[i], field))
			return vector->lines[i] + strlen(field) + 1;
	return NULL;
}

static inline const char *vector_name(const struct vector *vector)
{
	const char *name = vector_text(vector, "name");

	return name ? name : "a vector without a name";
}

static inline unsigned int vector_number(const struct vector *vector, const char *field)
{
	const char *text = vector_text(vector, field);

	if (!text)
		fail_msg("%s: no %s", vector_name(vector), field);
	return (unsigned int)strtoul(text, NULL, 10);
}

/* The bytes of a field, malloc'd: exactly as many, so that a read beyond them is caught. */
static inline uint8_t *vector_bytes(const struct vector *vector, const char *field, size_t *length)
{
	const char *text = vector_text(vector, field);
	uint8_t *bytes;

	if (!text || strlen(text) % 2)
		fail_msg("%s: no %s in hexadecimal", vector_name(vector), field);
	*length = strlen(text) / 2;
	bytes = malloc(*length ? *length : 1);
	assert_non_null(bytes);
	for (size_t i = 0; i < *length; i++) {
		unsigned int byte;

		if (sscanf(text + 2 * i, "%2x", &byte) != 1)
			fail_msg("%s: %s is not hexadecimal", vector_name(vector), field);
		bytes[i] = (uint8_t)byte;
	}
	return bytes;
}

/* A field of exactly `length` bytes. */
static inline void vector_exact(
	const struct vector *vector, const char *field, uint8_t *to, size_t length)
{
	size_t found;
	uint8_t *bytes = vector_bytes(vector, field, &found);

	if (found != length)
		fail_msg(
			"%s: %s has %zu bytes, not %zu", vector_name(vector), field, found, length);
	memcpy(to, bytes, length);
	free(bytes);
}

/* Whether it is meant to work; if not, `result` must be the error that it names. */
static inline bool vector_expects_ok(const struct vector *vector, int result)
{
	const char *expect = vector_text(vector, "expect");
	const char *word = code_word((enum tacit_code) - result);

	assert_non_null(expect);
	if (strcmp(expect, word))
		fail_msg("%s: %s, not %s", vector_name(vector), word, expect);
	return !result;
}

static inline void vector_clear(struct vector *vector)
{
	for (size_t i = 0; i < vector->count; i++)
		free(vector->lines[i]);
	vector->count = 0;
}

static inline void vector_add(struct vector *vector, const char *line)
{
	char *copy = strdup(line), *space = strchr(copy, ' ');

	assert_non_null(copy);
	assert_true(vector->count < VECTOR_FIELDS_MAX);
	if (space)
		*space = '\0';
	else
		fail_msg("a line without a value: %s", line);
	vector->lines[vector->count++] = copy;
}

/* Run `check` over every vector of tests/vectors/NAME; at least one must be there. */
static inline void vectors_each(const char *name, void (*check)(const struct vector *vector))
{
	struct vector vector = { 0 };
	size_t room = 0, checked = 0;
	char path[128], *line = NULL;
	FILE *file;

	snprintf(path, sizeof path, "tests/vectors/%s", name);
	file = fopen(path, "re");
	if (!file)
		fail_msg("%s: run this from the top of the source tree", path);
	for (bool more = true; more;) {
		more = getline(&line, &room, file) >= 0;
		if (more)
			line[strcspn(line, "\n")] = '\0';
		if (more && line[0] == '#')
			continue;
		if (more && line[0]) {
			vector_add(&vector, line);
		} else if (vector.count) {
			check(&vector);
			checked++;
			vector_clear(&vector);
		}
	}
	free(line);
	fclose(file);
	assert_true(checked > 0);
}

#endif
