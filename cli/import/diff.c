/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/diff.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/import/changes.h"

#define CONTEXT 3
#define HIDDEN "********"
#define PAIRS 65536
#define HIDE_MIN 4 /* bytes of a value that is looked for in other places */

struct side {
	const struct diff_text *text;
	struct changes_line *lines;
	size_t count;
};

struct diff {
	struct side old, made;
	struct change *changes;
	size_t count;
	const struct import_plan *values;
	uint8_t begins[PAIRS / 8]; /* a bit for each pair of bytes that a value begins with */
	bool colour;
	FILE *to;
};

static bool cut(struct side *side, const struct diff_text *text)
{
	size_t count = 1;

	for (size_t i = 0; i < text->length; i++)
		count += text->text[i] == '\n';
	side->text = text;
	side->lines = calloc(count, sizeof *side->lines);
	for (size_t at = 0; side->lines && at < text->length;) {
		const char *start = text->text + at, *end = memchr(start, '\n', text->length - at);
		size_t length = end ? (size_t)(end - start) : text->length - at;

		side->lines[side->count++] = (struct changes_line){ start, length };
		at += length + 1;
	}
	return side->lines;
}

static int compare(struct diff *diff, const struct diff_text *texts[2], struct err *err)
{
	bool ok = cut(&diff->old, texts[0]) && cut(&diff->made, texts[1]);
	const struct changes_side old = { diff->old.lines, diff->old.count };
	const struct changes_side made = { diff->made.lines, diff->made.count };

	if (!ok)
		return err_set(err, TACIT_LIMIT, "no memory for what differs");
	return changes_find(&old, &made, &diff->changes, &diff->count, err);
}

static size_t masked(const struct side *side, const char *at)
{
	size_t offset = (size_t)(at - side->text->text);
	size_t low = 0, high = side->text->mask_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (side->text->masks[middle].to <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low < side->text->mask_count && side->text->masks[low].from <= offset
		       ? side->text->masks[low].to - offset
		       : 0;
}

static size_t pair_of(const char *at)
{
	return (size_t)(unsigned char)at[0] << 8 | (unsigned char)at[1];
}

static void note_values(struct diff *diff)
{
	for (size_t i = 0; i < diff->values->secret_count; i++) {
		const struct import_secret *secret = &diff->values->secrets[i];
		size_t pair = secret->length < HIDE_MIN ? 0 : pair_of(secret->value);

		diff->begins[pair / 8] |= (uint8_t)(1u << pair % 8);
	}
}

static size_t known(const struct diff *diff, const char *at, size_t left)
{
	size_t pair = left < HIDE_MIN ? 0 : pair_of(at);

	if (left < HIDE_MIN || !(diff->begins[pair / 8] & 1u << pair % 8))
		return 0;
	for (size_t i = 0; i < diff->values->secret_count; i++) {
		const struct import_secret *secret = &diff->values->secrets[i];

		if (secret->length >= HIDE_MIN && secret->length <= left &&
			!memcmp(secret->value, at, secret->length))
			return secret->length;
	}
	return 0;
}

/* What a terminal obeys: C0, and C1 as UTF-8 has it (its second byte alone is nothing). */
static void print_byte(FILE *to, const char *at)
{
	unsigned char byte = (unsigned char)*at, next = byte ? (unsigned char)at[1] : 0;
	bool control = (byte < ' ' && byte != '\t') || byte == 0x7f;

	fputc(control || (byte == 0xc2 && next >= 0x80 && next < 0xa0) ? '?' : byte, to);
}

static void print_path(FILE *to, const char *mark, const char *path)
{
	fputs(mark, to);
	for (; *path; path++)
		print_byte(to, path);
	fputc('\n', to);
}

static void print_line(const struct diff *diff, const struct side *side, size_t index, char sign)
{
	const struct changes_line *line = &side->lines[index];
	const char *colour = sign == '-' ? "\033[31m" : sign == '+' ? "\033[32m" : "";
	bool coloured = diff->colour && *colour;

	fprintf(diff->to, "%s%c", coloured ? colour : "", sign);
	for (size_t i = 0; i < line->length;) {
		const char *at = line->text + i;
		size_t hidden = masked(side, at);

		if (!hidden)
			hidden = known(diff, at, line->length - i);
		if (hidden) {
			fputs(HIDDEN, diff->to);
			i += hidden;
			continue;
		}
		if (*at != '\r' || i + 1 < line->length)
			print_byte(diff->to, at);
		i++;
	}
	fprintf(diff->to, "%s\n", coloured ? "\033[0m" : "");
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void print_head(const struct diff *diff, size_t first, size_t last, size_t before)
{
	const struct change *begin = &diff->changes[first], *end = &diff->changes[last];
	size_t after = smaller(CONTEXT, diff->old.count - end->from - end->removed);
	size_t removed = end->from + end->removed + after - (begin->from - before);
	size_t added = end->at + end->added + after - (begin->at - before);

	fprintf(diff->to, "%s@@ -%zu,%zu +%zu,%zu @@%s\n", diff->colour ? "\033[36m" : "",
		begin->from - before + (removed > 0), removed, begin->at - before + (added > 0),
		added, diff->colour ? "\033[0m" : "");
}

/* The changes first..last are near each other. */
static void print_hunk(const struct diff *diff, size_t first, size_t last)
{
	size_t before = smaller(CONTEXT, diff->changes[first].from);
	size_t at = diff->changes[first].from - before;
	const struct change *change = NULL;

	print_head(diff, first, last, before);
	for (size_t i = first; i <= last; i++) {
		change = &diff->changes[i];
		for (; at < change->from; at++)
			print_line(diff, &diff->old, at, ' ');
		for (; at < change->from + change->removed; at++)
			print_line(diff, &diff->old, at, '-');
		for (size_t j = 0; j < change->added; j++)
			print_line(diff, &diff->made, change->at + j, '+');
	}
	for (size_t end = smaller(at + CONTEXT, diff->old.count); at < end; at++)
		print_line(diff, &diff->old, at, ' ');
}

int diff_print(const char *path, const struct diff_text *old, const struct diff_text *made,
	const struct import_plan *values, bool colour, FILE *to, struct err *err)
{
	struct diff diff = { .values = values, .colour = colour, .to = to };
	int status = compare(&diff, (const struct diff_text *[]){ old, made }, err);

	note_values(&diff);
	if (diff.count) {
		print_path(to, "--- ", path);
		print_path(to, "+++ ", made->text ? path : "/dev/null");
	}
	for (size_t first = 0, last; first < diff.count; first = last + 1) {
		for (last = first; last + 1 < diff.count; last++) {
			const struct change *change = &diff.changes[last];

			if (change[1].from - (change->from + change->removed) > 2 * CONTEXT)
				break;
		}
		print_hunk(&diff, first, last);
	}
	free(diff.old.lines);
	free(diff.made.lines);
	free(diff.changes);
	return status;
}
