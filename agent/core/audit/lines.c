/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/audit/record.h"

struct line {
	char *text;
	size_t length;
};

__attribute__((format(printf, 2, 3))) static void add(struct line *line, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(line->text + line->length, AUDIT_LINE_MAX - line->length, format, args);
	va_end(args);
	if (length > 0 && line->length + (size_t)length < AUDIT_LINE_MAX)
		line->length += (size_t)length;
}

/* Most of a line: a log is read as fast as it is written down. */
static void add_byte(struct line *line, char byte)
{
	if (line->length + 1 >= AUDIT_LINE_MAX)
		return;
	line->text[line->length++] = byte;
	line->text[line->length] = '\0';
}

static void add_string(struct line *line, const char *name, const char *text)
{
	if (!text[0])
		return;
	add(line, ",\"%s\":\"", name);
	for (; *text; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte == '"' || byte == '\\')
			add(line, "\\%c", byte);
		else if (byte < 32 || byte > 126)
			add(line, "\\u%04x", byte);
		else
			add_byte(line, *text);
	}
	add(line, "\"");
}

static void add_number(struct line *line, const char *name, uint64_t number, uint64_t none)
{
	if (number != none)
		add(line, ",\"%s\":%" PRIu64, name, number);
}

static void add_id(struct line *line, const uint8_t id[16])
{
	static const char digit[] = "0123456789abcdef";
	char digits[33] = "";
	bool any = false;

	for (int i = 0; i < 16; i++) {
		digits[2 * i] = digit[id[i] >> 4];
		digits[2 * i + 1] = digit[id[i] & 15];
		any = any || id[i];
	}
	if (any)
		add_string(line, "secret_id", digits);
}

size_t audit_format_json(
	const struct audit_record *record, uint64_t number, char text[AUDIT_LINE_MAX])
{
	struct line line = { text, 0 };
	char time[CLOCK_TEXT_MAX];

	clock_format_exact(record->time_ns, time);
	add(&line, "{");
	if (number)
		add(&line, "\"number\":%" PRIu64 ",", number);
	add(&line, "\"time\":\"%s\"", time);
	add_string(&line, "kind", audit_kind_word(record->kind));
	add_string(&line, "act", record->act);
	add_string(&line, "outcome", record->outcome);
	add_string(&line, "rule", record->rule);
	add_string(&line, "secret", record->secret);
	add_id(&line, record->secret_id);
	add_number(&line, "version", record->version, 0);
	add_string(&line, "consumer", record->consumer);
	add_string(&line, "container", record->container);
	add_number(&line, "pid", record->pid, 0);
	add_number(&line, "uid", record->uid, AUDIT_NOBODY);
	add_string(&line, "comm_untrusted", record->comm);
	add_number(&line, "operator_uid", record->operator_uid, AUDIT_NOBODY);
	add_number(&line, "count", record->count, 0);
	add_number(&line, "request", record->unique, 0);
	add(&line, "}\n");
	return line.length;
}
