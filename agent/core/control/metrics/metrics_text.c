/* SPDX-License-Identifier: Apache-2.0 */
#include "core/control/metrics/metrics_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NS_PER_S 1000000000u

static void put(struct pack *text, const char *words)
{
	pack_bytes(text, words, strlen(words));
}

void metrics_family(struct pack *text, const char *name, const char *type, const char *help)
{
	const char *const parts[] = { "# HELP ", name, " ", help, "\n# TYPE ", name, " ", type,
		"\n" };

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		put(text, parts[i]);
}

/* What would end a value, or a line, is said by two characters. */
static void put_escaped(struct pack *text, const char *value)
{
	for (; *value; value++)
		switch (*value) {
		case '\\':
			put(text, "\\\\");
			break;
		case '"':
			put(text, "\\\"");
			break;
		case '\n':
			put(text, "\\n");
			break;
		default:
			pack_bytes(text, value, 1);
		}
}

static void put_sample(struct pack *text, const struct metrics_sample *sample, const char *value)
{
	size_t count = 0;

	put(text, sample->name);
	put(text, sample->suffix ? sample->suffix : "");
	while (count < METRICS_LABELS_MAX && sample->labels[count].name) {
		put(text, count ? "," : "{");
		put(text, sample->labels[count].name);
		put(text, "=\"");
		put_escaped(text, sample->labels[count++].value);
		put(text, "\"");
	}
	put(text, count ? "} " : " ");
	put(text, value);
	put(text, "\n");
}

void metrics_number(struct pack *text, const struct metrics_sample *sample, uint64_t number)
{
	char value[24];

	snprintf(value, sizeof value, "%" PRIu64, number);
	put_sample(text, sample, value);
}

void metrics_seconds_text(uint64_t ns, char text[METRICS_SECONDS_MAX])
{
	int length = snprintf(
		text, METRICS_SECONDS_MAX, "%" PRIu64 ".%09" PRIu64, ns / NS_PER_S, ns % NS_PER_S);

	while (text[length - 1] == '0')
		text[--length] = '\0';
	if (text[length - 1] == '.')
		text[--length] = '\0';
}

void metrics_seconds(struct pack *text, const struct metrics_sample *sample, uint64_t ns)
{
	char value[METRICS_SECONDS_MAX];

	metrics_seconds_text(ns, value);
	put_sample(text, sample, value);
}
