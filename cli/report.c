/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/report.h"

#include <string.h>

#include "cli/command.h"

static const char *const advice[TACIT_CODES] = {
	[TACIT_OK] = "nothing is wrong",
	[TACIT_INTERNAL] = "the agent's log may say more",
	[TACIT_INVALID] = "see 'tacit help'",
	[TACIT_DENIED] = "join group tacit or run as root",
	[TACIT_NOT_FOUND] = "'ls' shows what there is",
	[TACIT_EXISTS] = "what exists was not changed",
	[TACIT_LOCKED] = "run 'tacit unlock'",
	[TACIT_UNAVAILABLE] = "'tacit status --wait 10' waits for the agent",
	[TACIT_TOO_LARGE] = "a value has at most 1048576 bytes",
	[TACIT_METHOD] = "'tacit' and 'tacitd' must be of one version",
	[TACIT_IO] = "look at the disk and its free space, then try again",
	[TACIT_CORRUPT] = "the agent's log says what was refused",
	[TACIT_WRONG_KEY] = "'tacit key ls' says what opens the store",
	[TACIT_NEWER] = "install the version of tacit that wrote it, or a later one",
	[TACIT_BUSY] = "try again when it is no longer in use",
	[TACIT_LIMIT] = "try again later, or with less",
	[TACIT_STALE] = "try again",
};

const char *report_advice(enum tacit_code code)
{
	return advice[(unsigned int)code < TACIT_CODES ? code : TACIT_INTERNAL];
}

void report_hint(struct err *err, enum tacit_code code, const char *hint)
{
	size_t used = strlen(err->text);

	if (err->code == code && !strchr(err->text, ';'))
		snprintf(err->text + used, sizeof err->text - used, "; %s", hint);
}

void report_clean(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

void report_error(FILE *to, const char *what, const struct err *err)
{
	char line[ERR_TEXT_MAX + 1024];
	/* A text that asks "did you mean" or shows the usage has said what to do. */
	bool said = strchr(err->text, ';') || strchr(err->text, '?');

	snprintf(line, sizeof line, "%s%s%s%s%s", what, *what ? ": " : "", err->text,
		said ? "" : "; ", said ? "" : report_advice(err->code));
	report_clean(line);
	fprintf(to, "tacit: %s\n", line);
}
