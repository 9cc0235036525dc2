/* SPDX-License-Identifier: Apache-2.0 */
/* The store, what opens it, and the audit: a line each; and what is to be done about them. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/session.h"
#include "cli/status.h"

#define LINE_MAX_BYTES 512

/* The line so far, and a word more. */
__attribute__((format(printf, 3, 4))) static size_t add(
	char line[LINE_MAX_BYTES], size_t used, const char *format, ...)
{
	va_list args;
	int more;

	va_start(args, format);
	more = vsnprintf(line + used, LINE_MAX_BYTES - used, format, args);
	va_end(args);
	used += more > 0 ? (size_t)more : 0;
	return used < LINE_MAX_BYTES ? used : LINE_MAX_BYTES - 1;
}

static void print_store(const json_t *status)
{
	const json_t *integrity = json_object_get(status, "integrity");
	unsigned long long generation = member_number(integrity, "generation");
	unsigned long long damages = member_number(integrity, "damages");
	const char *path = member_text(status, "store");
	char line[LINE_MAX_BYTES] = "";
	size_t used = 0;

	if (!*path)
		return;
	used = add(line, used, "%.400s", path);
	if (generation)
		used = add(line, used, ", generation %llu", generation);
	if (damages)
		used = add(line, used, ", %llu record%s damaged", damages, damages == 1 ? "" : "s");
	if (!strcmp(member_text(integrity, "anchor"), "behind"))
		add(line, used, ", its anchor is behind");
	status_line("store", line);
}

static void print_keys(const json_t *status)
{
	const json_t *keys = json_object_get(status, "keys");
	unsigned long long slots = member_number(keys, "slots");
	char line[LINE_MAX_BYTES];

	if (slots) {
		snprintf(line, sizeof line, "%llu slot%s, %s recovery key", slots,
			slots == 1 ? "" : "s",
			json_is_true(json_object_get(keys, "recovery")) ? "with a" : "no");
		status_line("keys", line);
	}
	/* What does not open the store need not be there. */
	if (!json_is_true(json_object_get(keys, "waits_after_reboot")))
		status_line("key file", member_text(status, "key_file"));
}

static void print_audit(const json_t *status)
{
	const json_t *audit = json_object_get(status, "audit");
	unsigned long long queue = member_number(audit, "queue");
	unsigned long long lost = member_number(audit, "lost");
	char line[LINE_MAX_BYTES] = "";
	size_t used = 0;

	if (!*member_text(audit, "mode"))
		return;
	used = add(line, used, "%.40s, %llu record%s written", member_text(audit, "mode"),
		member_number(audit, "written"), member_number(audit, "written") == 1 ? "" : "s");
	if (queue)
		used = add(line, used, ", %llu waiting", queue);
	if (lost)
		used = add(line, used, ", %llu lost", lost);
	if (json_is_true(json_object_get(audit, "blocked")))
		add(line, used, ", blocked");
	status_line("audit", line);
}

void status_print_store(const json_t *status)
{
	print_store(status);
	print_keys(status);
	print_audit(status);
}

/* A remark in a line of its own; the first one has an empty line before it. */
__attribute__((format(printf, 2, 3))) static void advise(bool *begun, const char *format, ...)
{
	bool colour = session_colour(stdout);
	char line[2 * LINE_MAX_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	report_clean(line);
	printf("%s%s%s%s\n", *begun ? "" : "\n", colour ? "\033[33m" : "", line,
		colour ? "\033[0m" : "");
	*begun = true;
}

/* Where there is no store there is nothing to open. */
static void advise_keys(const json_t *keys, bool *begun)
{
	const char *trouble = member_text(keys, "trouble");

	if (*trouble)
		advise(begun, "key slots: %s; 'tacit key ls' shows them", trouble);
	if (!member_number(keys, "slots"))
		return;
	if (json_is_false(json_object_get(keys, "recovery")))
		advise(begun, "no recovery key: 'tacit key add --recovery' prints one");
	if (json_is_true(json_object_get(keys, "waits_after_reboot")))
		advise(begun, "nothing opens the store by itself: after a reboot containers wait "
			      "for 'tacit unlock'");
}

static void advise_store(const json_t *integrity, bool *begun)
{
	const char *why = member_text(integrity, "read_only");

	if (*why)
		advise(begun, "the store is read-only: %s", why);
	else if (member_number(integrity, "damages"))
		advise(begun, "the store is damaged: 'tacit store verify' names what is");
	if (!strcmp(member_text(integrity, "anchor"), "behind"))
		advise(begun, "the anchor could not be written: an older store put back would not "
			      "be noticed");
}

static void advise_audit(const json_t *audit, bool *begun)
{
	const char *why = member_text(audit, "reason");
	unsigned long long lost = member_number(audit, "lost");

	if (*why)
		advise(begun, "the audit log cannot be written: %s%s", why,
			json_is_true(json_object_get(audit, "blocked"))
				? "; until it can, changes are refused"
				: "");
	if (lost)
		advise(begun, "%llu record%s of the audit found no room and %s lost", lost,
			lost == 1 ? "" : "s", lost == 1 ? "is" : "are");
}

void status_print_advice(const json_t *status)
{
	bool begun = false;

	advise_store(json_object_get(status, "integrity"), &begun);
	advise_audit(json_object_get(status, "audit"), &begun);
	advise_keys(json_object_get(status, "keys"), &begun);
}
