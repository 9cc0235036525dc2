/* SPDX-License-Identifier: Apache-2.0 */
#include "base/template.h"

#include <stdbool.h>
#include <string.h>

#include "base/template_filter.h"

#define BLANKS " \t"
#define NAME_BYTES "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-/"
#define WORD_BYTES "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

struct reading {
	const char *at, *end;
	unsigned int line;
};

/* What comes next: bytes that are kept, or a value. */
struct piece {
	const char *at; /* the bytes; of a value NULL */
	size_t length;
	unsigned int line;
	char name[TACIT_SECRET_NAME_MAX + 1];
	const struct template_filter *filters[TEMPLATE_FILTERS_MAX];
	unsigned int filter_count;
};

static int refuse(const struct reading *reading, const char *what, struct err *err)
{
	return err_set(err, TACIT_INVALID, "line %u of the template: %s", reading->line, what);
}

static size_t span(const struct reading *reading, const char *bytes)
{
	const char *at = reading->at;

	while (at < reading->end && *at && strchr(bytes, *at))
		at++;
	return (size_t)(at - reading->at);
}

/* Pass over `text` when it stands here. */
static bool take(struct reading *reading, const char *text)
{
	size_t length = strlen(text);

	if ((size_t)(reading->end - reading->at) < length || memcmp(reading->at, text, length))
		return false;
	reading->at += length;
	return true;
}

static void take_blanks(struct reading *reading)
{
	reading->at += span(reading, BLANKS);
}

static int take_name(struct reading *reading, struct piece *piece, struct err *err)
{
	size_t length = span(reading, NAME_BYTES);
	struct err why;

	if (!length)
		return refuse(reading,
			"after '{{' comes a secret's name; two braces are written {{ \"{{\" }}",
			err);
	if (length > TACIT_SECRET_NAME_MAX)
		return refuse(reading, "no secret has a name as long as this", err);
	memcpy(piece->name, reading->at, length);
	piece->name[length] = '\0';
	reading->at += length;
	return name_check_secret(piece->name, &why) < 0 ? refuse(reading, why.text, err) : 0;
}

static int take_filter(struct reading *reading, struct piece *piece, struct err *err)
{
	size_t length;
	const struct template_filter *filter;

	take_blanks(reading);
	length = span(reading, WORD_BYTES);
	filter = template_filter_find(reading->at, length);
	if (!filter)
		return refuse(
			reading, "no such filter: there are url, json, shell and base64", err);
	if (piece->filter_count == TEMPLATE_FILTERS_MAX)
		return err_set(err, TACIT_INVALID,
			"line %u of the template: a value goes through %d filters at most",
			reading->line, TEMPLATE_FILTERS_MAX);
	piece->filters[piece->filter_count++] = filter;
	reading->at += length;
	return 0;
}

/* What is within braces: the two before are passed. */
static int take_value(struct reading *reading, struct piece *piece, struct err *err)
{
	int status;

	take_blanks(reading);
	if (take(reading, "\"{{\"")) {
		piece->at = reading->at - 3;
		piece->length = 2;
		take_blanks(reading);
		return take(reading, "}}") ? 0 : refuse(reading, "'{{' without its '}}'", err);
	}
	status = take_name(reading, piece, err);
	while (status == 0) {
		take_blanks(reading);
		if (take(reading, "}}"))
			return 0;
		status = take(reading, "|") ? take_filter(reading, piece, err)
					    : refuse(reading,
						      "after a name comes '}}', or '|' and a "
						      "filter, on the same "
						      "line",
						      err);
	}
	return status;
}

static int take_bytes(struct reading *reading, struct piece *piece, struct err *err)
{
	const char *braces = memmem(reading->at, (size_t)(reading->end - reading->at), "{{", 2);

	piece->at = reading->at;
	piece->length = (size_t)((braces ? braces : reading->end) - reading->at);
	reading->at += piece->length;
	for (size_t i = 0; i < piece->length; i++) {
		if (!piece->at[i])
			return refuse(reading, "it has a NUL, and a template is text", err);
		reading->line += piece->at[i] == '\n';
	}
	return 0;
}

/* 1: a piece; 0: the end. */
static int next(struct reading *reading, struct piece *piece, struct err *err)
{
	int status;

	if (reading->at == reading->end)
		return 0;
	piece->at = NULL;
	piece->filter_count = 0;
	piece->line = reading->line;
	status = take(reading, "{{") ? take_value(reading, piece, err)
				     : take_bytes(reading, piece, err);
	return status < 0 ? status : 1;
}

/* The place of a name among those seen; TEMPLATE_NAMES_MAX when there is none left. */
static unsigned int place_of(struct template_names *names, const struct piece *piece)
{
	unsigned int place = 0;

	while (place < names->count && strcmp(names->names[place], piece->name))
		place++;
	if (place < names->count || place == TEMPLATE_NAMES_MAX)
		return place;
	memcpy(names->names[place], piece->name, sizeof piece->name);
	names->lines[place] = piece->line;
	names->count++;
	return place;
}

int template_read(const char *text, size_t length, struct template_names *names, struct err *err)
{
	struct reading reading = { text, text + length, 1 };
	struct piece piece;
	int status;

	memset(names, 0, sizeof *names);
	if (length > TEMPLATE_TEXT_MAX)
		return err_set(
			err, TACIT_TOO_LARGE, "a template has at most %d bytes", TEMPLATE_TEXT_MAX);
	while ((status = next(&reading, &piece, err)) > 0)
		if (!piece.at && place_of(names, &piece) == TEMPLATE_NAMES_MAX)
			return err_set(err, TACIT_INVALID,
				"line %u of the template: it is made of more than %d secrets",
				piece.line, TEMPLATE_NAMES_MAX);
	if (status == 0 && !names->count)
		return err_set(err, TACIT_INVALID,
			"the template has no secret in it: {{ NAME }} is its value");
	return status;
}

static int put_piece(struct template_sink *sink, const struct piece *piece,
	const struct template_value *value, struct err *err)
{
	const char *wrong = NULL;

	if (piece->at)
		template_sink_put(sink, piece->at, piece->length);
	else
		wrong = template_filter_put(
			sink, piece->filters, piece->filter_count, value->bytes, value->length);
	if (wrong)
		return err_set(
			err, TACIT_INVALID, "line %u of the template: %s", piece->line, wrong);
	return sink->size > TACIT_VALUE_MAX
		       ? err_set(err, TACIT_TOO_LARGE,
				 "what the template makes is larger than a value's %u bytes",
				 TACIT_VALUE_MAX)
		       : 0;
}

int template_render(const char *text, size_t length, const struct template_value *values,
	uint8_t *out, size_t room, size_t *size, struct err *err)
{
	struct reading reading = { text, text + length, 1 };
	struct template_sink sink = { .out = out, .room = out ? room : 0 };
	struct template_names names = { .count = 0 };
	struct piece piece;
	int status, put = 0;

	while ((status = next(&reading, &piece, err)) > 0 && put == 0) {
		unsigned int place = piece.at ? 0 : place_of(&names, &piece);

		if (place == TEMPLATE_NAMES_MAX)
			put = err_set(err, TACIT_INTERNAL, "a template that was not read before");
		else
			put = put_piece(&sink, &piece, &values[place], err);
	}
	status = status < 0 ? status : put;
	if (status == 0) {
		*size = sink.size;
		if (out && sink.size > room)
			status = err_set(err, TACIT_LIMIT, "what the template makes does not fit");
	}
	if (status < 0 && out)
		explicit_bzero(out, room);
	return status;
}
