/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a file of any kind (the first byte says which): findings come in the order of their
 * places, each within the text, with a name that a terminal can show; the same text gives the same
 * findings; and a stored value in a line of its own is found whatever stands around it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/scan/scan.h"
#include "seal/findhash.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

#define STORED "kept/value-0815!" /* no rule but the stored one sees anything in it */

struct seen {
	const char *text;
	size_t length, lines, count;
	struct scan_finding last;
	size_t stored;
	uint64_t sum;
};

static size_t line_length(const struct seen *seen, unsigned int line)
{
	const char *at = seen->text, *end = seen->text + seen->length, *next;

	while (--line) {
		next = memchr(at, '\n', (size_t)(end - at));
		if (!next)
			abort();
		at = next + 1;
	}
	next = memchr(at, '\n', (size_t)(end - at));
	return (size_t)((next ? next : end) - at);
}

static void found(void *arg, const struct scan_finding *finding)
{
	struct seen *seen = arg;

	if (finding->rule >= SCAN_RULES || !finding->line || !finding->column)
		abort();
	if (finding->column > line_length(seen, finding->line) + 1)
		abort();
	if (seen->count++ &&
		(finding->line < seen->last.line ||
			(finding->line == seen->last.line && finding->column <= seen->last.column)))
		abort();
	for (const char *at = finding->name; *at; at++)
		if (*at <= ' ' || *at > '~')
			abort();
	seen->stored += finding->rule == SCAN_RULE_STORED && !strcmp(finding->name, "kept");
	seen->sum = seen->sum * 31 + finding->rule + finding->print[0];
	seen->last = *finding;
}

static struct scanner *scanner_with_value(void)
{
	static const uint8_t key[32] = { 7 };
	struct scan_stored stored = { .name = "kept", .version = 1, .size = strlen(STORED) };
	struct scanner *scanner = scanner_new(key);
	struct findhash_key hash;

	findhash_expand(&hash, key);
	stored.start = findhash_start(&hash, STORED);
	findhash_whole(&hash, STORED, strlen(STORED), stored.hash);
	if (!scanner || scanner_add_stored(scanner, &stored, NULL) < 0)
		abort();
	return scanner;
}

static struct seen scan(struct scanner *scanner, enum scan_kind kind, const char *path,
	const char *text, size_t length)
{
	struct seen seen = { .text = text, .length = length };

	if (scanner_text(scanner, kind, path, text, length, found, &seen, NULL) < 0)
		abort();
	return seen;
}

/* The file itself, and with the stored value in a line at its end. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static const char *const paths[] = { "a/.env", "b/.env.example" };
	static const char tail[] = "\n" STORED "\n";
	struct scanner *scanner = scanner_with_value();
	struct scan_finding finding;
	struct seen first, again;
	enum scan_kind kind;
	const char *path;
	char *text;

	if (!length) {
		scanner_free(scanner);
		return 0;
	}
	kind = bytes[0] % SCAN_KINDS;
	path = paths[bytes[0] / SCAN_KINDS % 2];
	text = malloc(length + sizeof tail);
	memcpy(text, bytes + 1, length - 1);
	memcpy(text + length - 1, tail, sizeof tail);
	first = scan(scanner, kind, path, text, length - 1);
	again = scan(scanner, kind, path, text, length - 1);
	if (first.count != again.count || first.sum != again.sum)
		abort();
	/* A value of several lines that begins before may hold this one. */
	again = scan(scanner, SCAN_OTHER, path, text, length - 1 + strlen(tail));
	if (!again.stored && !again.count)
		abort();
	if (!memchr(text, 0, length - 1))
		scanner_variable(scanner, "APP_PASSWORD", text, &finding);
	scan_kind_of(path, text, length - 1);
	free(text);
	scanner_free(scanner);
	return 0;
}
