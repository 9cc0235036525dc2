/* SPDX-License-Identifier: Apache-2.0 */
#include "core/audit/copy.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Of RFC 5424. */
#define FACILITY_AUTHPRIV 10
enum { SEVERITY_WARNING = 4, SEVERITY_NOTICE, SEVERITY_INFO };

static int severity_of(const struct audit_record *record)
{
	switch (record->kind) {
	case AUDIT_READ:
		return SEVERITY_INFO;
	case AUDIT_DENIAL:
		return SEVERITY_WARNING;
	default:
		return SEVERITY_NOTICE;
	}
}

size_t audit_copy_syslog(
	const struct audit_record *record, uint64_t number, pid_t pid, char text[AUDIT_COPY_MAX])
{
	char line[AUDIT_LINE_MAX];
	size_t length = audit_format_json(record, number, line);
	int used = snprintf(text, AUDIT_COPY_MAX, "<%d>tacit[%d]: %.*s",
		FACILITY_AUTHPRIV * 8 + severity_of(record), pid, (int)length - 1, line);

	return (size_t)used;
}

struct fields {
	char *text;
	size_t length;
};

__attribute__((format(printf, 2, 3))) static void add(
	struct fields *fields, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(
		fields->text + fields->length, AUDIT_COPY_MAX - fields->length, format, args);
	va_end(args);
	if (length > 0 && fields->length + (size_t)length < AUDIT_COPY_MAX)
		fields->length += (size_t)length;
}

/* A newline would end the field, and what is behind it would be a field of somebody else's. */
static void add_text(struct fields *fields, const char *name, const char *text)
{
	if (!text[0])
		return;
	add(fields, "%s=", name);
	for (; *text; text++)
		add(fields, "%c", *text < ' ' || *text > '~' ? '?' : *text);
	add(fields, "\n");
}

size_t audit_copy_journald(
	const struct audit_record *record, uint64_t number, char text[AUDIT_COPY_MAX])
{
	struct fields fields = { text, 0 };
	char line[AUDIT_LINE_MAX];

	audit_format_json(record, number, line);
	add(&fields, "MESSAGE=%s", line);
	add(&fields, "PRIORITY=%d\nSYSLOG_FACILITY=%d\nSYSLOG_IDENTIFIER=tacit\n",
		severity_of(record), FACILITY_AUTHPRIV);
	add_text(&fields, "TACIT_KIND", audit_kind_word(record->kind));
	add_text(&fields, "TACIT_ACT", record->act);
	add_text(&fields, "TACIT_OUTCOME", record->outcome);
	add_text(&fields, "TACIT_RULE", record->rule);
	add_text(&fields, "TACIT_SECRET", record->secret);
	if (record->version)
		add(&fields, "TACIT_VERSION=%" PRIu64 "\n", record->version);
	add_text(&fields, "TACIT_CONSUMER", record->consumer);
	add_text(&fields, "TACIT_CONTAINER", record->container);
	if (number)
		add(&fields, "TACIT_NUMBER=%" PRIu64 "\n", number);
	return fields.length;
}
