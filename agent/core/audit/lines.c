/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/audit/record.h"

/* How wide each column is; what is longer pushes the rest of its line. */
#define COLUMNS "%-24s %-6s %-12s %-24s %-28s %-16s %s\n"

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
			add(line, "%c", byte);
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
	char digits[33];
	bool any = false;

	for (int i = 0; i < 16; i++) {
		snprintf(digits + 2 * i, 3, "%02x", id[i]);
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

/* Who it was, in as few characters as tell it: "uid 0, pid 7 (nginx?)", "operator 1000". */
static void describe_who(const struct audit_record *record, char *who, size_t room)
{
	char text[AUDIT_LINE_MAX] = "";
	struct line line = { text, 0 };

	if (record->operator_uid != AUDIT_NOBODY)
		add(&line, "operator %" PRIu32, record->operator_uid);
	if (record->uid != AUDIT_NOBODY)
		add(&line, "%suid %" PRIu32, line.length ? ", " : "", record->uid);
	if (record->pid)
		add(&line, "%spid %" PRIu32, line.length ? ", " : "", record->pid);
	if (record->comm[0])
		add(&line, " (%s?)", record->comm);
	if (record->count)
		add(&line, ", %" PRIu32 " times", record->count);
	snprintf(who, room, "%s", text);
}

size_t audit_format_columns(
	const struct audit_record *record, uint64_t number, char text[AUDIT_LINE_MAX])
{
	struct line line = { text, 0 };
	char time[CLOCK_TEXT_MAX], who[160], secret[TACIT_SECRET_NAME_MAX + 24];
	const char *why =
		record->kind == AUDIT_DENIAL && record->rule[0] ? record->rule : record->act;

	(void)number;
	clock_format(record->time_ns, time);
	describe_who(record, who, sizeof who);
	snprintf(secret, sizeof secret, "%s", record->secret[0] ? record->secret : "-");
	if (record->version)
		snprintf(secret + strlen(secret), 24, " v%" PRIu64, record->version);
	add(&line, COLUMNS, time, audit_kind_word(record->kind), record->outcome, secret,
		record->consumer[0] ? record->consumer : "-", why, who);
	for (size_t i = 0; i + 1 < line.length; i++)
		if (text[i] < ' ' || text[i] > '~')
			text[i] = '?';
	return line.length;
}

size_t audit_format_head(char text[AUDIT_LINE_MAX])
{
	struct line line = { text, 0 };

	add(&line, COLUMNS, "TIME", "KIND", "OUTCOME", "SECRET", "CONSUMER", "WHY", "WHO");
	return line.length;
}
