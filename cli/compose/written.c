/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/compose/edit.h"

/* Bytes that mean nothing to YAML wherever they stand in a plain text. */
#define HARMLESS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-+=@%$"

static bool is_harmless(const char *text, bool flow)
{
	static const char *const words[] = { "~", "null", "true", "false", ".inf", ".nan" };

	if (!text[0] || (!isalpha((unsigned char)text[0]) && !strchr("_/.$", text[0])))
		return false;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (!strcasecmp(text, words[i]))
			return false;
	if (plain_is_ambiguous(text))
		return false;
	for (; *text; text++) {
		if (strchr(HARMLESS, *text))
			continue;
		if (flow || !strchr("{}:", *text) ||
			(*text == ':' && !isalnum((unsigned char)text[1])))
			return false;
	}
	return true;
}

static void write_double(FILE *out, const char *text)
{
	static const char named[] = "\"\\\n\r\t", names[] = "\"\\nrt";

	fputc('"', out);
	for (; *text; text++) {
		const char *found = strchr(named, *text);

		if (found)
			fprintf(out, "\\%c", names[found - named]);
		else if ((unsigned char)*text < 0x20 || *text == 0x7f)
			fprintf(out, "\\x%02x", *text);
		else
			fputc(*text, out);
	}
	fputc('"', out);
}

static bool fits_single(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

static void write_single(FILE *out, const char *text)
{
	fputc('\'', out);
	for (; *text; text++)
		fprintf(out, "%s%c", *text == '\'' ? "'" : "", *text);
	fputc('\'', out);
}

const char *written(struct arena *arena, const char *text, enum yaml_style style, bool flow)
{
	_free_ char *made = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&made, &length);

	if (!out)
		return NULL;
	if (style == YAML_SINGLE && fits_single(text))
		write_single(out, text);
	else if (style == YAML_DOUBLE || style == YAML_SINGLE || !is_harmless(text, flow))
		write_double(out, text);
	else
		fputs(text, out);
	return fclose(out) ? NULL : arena_text(arena, made, length);
}

const char *written_list(struct arena *arena, const char *const *words, size_t count)
{
	_free_ char *made = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&made, &length);

	if (!out)
		return NULL;
	fputc('[', out);
	for (size_t i = 0; i < count; i++) {
		fputs(i ? ", " : "", out);
		write_double(out, words[i]);
	}
	fputc(']', out);
	return fclose(out) ? NULL : arena_text(arena, made, length);
}

const char *arena_print(struct arena *arena, const char *format, ...)
{
	va_list list;
	char *text;
	int length;

	va_start(list, format);
	length = vsnprintf(NULL, 0, format, list);
	va_end(list);
	text = length < 0 ? NULL : arena_take(arena, (size_t)length + 1);
	if (!text)
		return NULL;
	va_start(list, format);
	vsnprintf(text, (size_t)length + 1, format, list);
	va_end(list);
	return text;
}

const char *indented(struct arena *arena, const char *eol, const char *lines, unsigned int columns)
{
	_free_ char *made = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&made, &length);

	if (!out)
		return NULL;
	while (*lines) {
		size_t size = strcspn(lines, "\n");

		fprintf(out, "%s%*s", eol, (int)columns, "");
		fwrite(lines, 1, size, out);
		lines += size + (lines[size] == '\n');
	}
	return fclose(out) ? NULL : arena_text(arena, made, length);
}

int entries_begin(struct entries *entries, struct err *err)
{
	*entries = (struct entries){ 0 };
	entries->lines_out = open_memstream(&entries->lines, &entries->lines_length);
	entries->flow_out = open_memstream(&entries->flow, &entries->flow_length);
	return entries->lines_out && entries->flow_out
		       ? 0
		       : err_set(err, TACIT_LIMIT, "no memory for the changes");
}

void entries_add(struct entries *entries, const struct entry *entry)
{
	fprintf(entries->lines_out, "%s%s", entries->count ? "\n" : "", entry->lines);
	fprintf(entries->flow_out, "%s%s", entries->count ? ", " : "", entry->flow);
	entries->count++;
}

int entries_end(struct entries *entries, struct arena *arena, struct entry *all, struct err *err)
{
	if (fflush(entries->lines_out) || fflush(entries->flow_out))
		return err_set(err, TACIT_LIMIT, "no memory for the changes");
	all->lines = arena_text(arena, entries->lines, entries->lines_length);
	all->flow = arena_text(arena, entries->flow, entries->flow_length);
	return all->lines && all->flow ? 0 : err_set(err, TACIT_LIMIT, "no memory for the changes");
}

void cleanup_entries(struct entries *entries)
{
	if (entries->lines_out)
		fclose(entries->lines_out);
	if (entries->flow_out)
		fclose(entries->flow_out);
	free(entries->lines);
	free(entries->flow);
}
