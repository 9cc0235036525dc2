/* SPDX-License-Identifier: Apache-2.0 */
/* Units of systemd, and of podman's generator: Environment=, SetCredential=, commands. */
#include <string.h>

#include "internal.h"

static void environment(struct pass *pass, struct span value)
{
	struct span word, name;
	const char *equals;

	while (span_word(&value, &word)) {
		word = span_unquote(word);
		equals = memchr(word.at, '=', word.length);
		if (!equals)
			continue;
		name = span_part(word, 0, (size_t)(equals - word.at));
		word = span_unquote(span_part(word, name.length + 1, word.length));
		pass_assignment(pass, name, word, word);
	}
}

/* SetCredential=NAME:VALUE: what is set is one by the directive's name. */
static void credential(struct pass *pass, struct span value)
{
	const char *colon = memchr(value.at, ':', value.length);
	struct span name;

	if (!colon)
		return;
	name = span_part(value, 0, (size_t)(colon - value.at));
	value = span_trim(span_part(value, name.length + 1, value.length));
	if (value_classify(value) == VALUE_OWN)
		pass_hit(pass, SCAN_RULE_NAME, name, value, value);
}

static const struct {
	const char *directive;
	void (*take)(struct pass *pass, struct span value);
} directives[] = {
	{ "Environment", environment },
	{ "DefaultEnvironment", environment },
	{ "SetCredential", credential },
	{ "ExecStart", pass_command },
	{ "ExecStartPre", pass_command },
	{ "ExecStartPost", pass_command },
	{ "ExecStop", pass_command },
	{ "ExecStopPost", pass_command },
	{ "ExecReload", pass_command },
	{ "ExecCondition", pass_command },
	{ "Exec", pass_command },
	{ "PodmanArgs", pass_command },
	{ "HealthCmd", pass_command },
};

static size_t directive_of(struct span name)
{
	size_t row = 0;

	while (row < sizeof directives / sizeof *directives &&
		!span_is(name, directives[row].directive))
		row++;
	return row;
}

void read_systemd(struct pass *pass)
{
	size_t rows = sizeof directives / sizeof *directives, row = rows;
	struct span rest = pass->text, line;
	bool goes_on = false;

	while (span_line(&rest, &line)) {
		const char *equals;

		line = span_trim(line);
		if (span_begins(line, "#") || span_begins(line, ";"))
			continue;
		equals = line.length ? memchr(line.at, '=', line.length) : NULL;
		if (!goes_on) {
			row = equals ? directive_of(span_trim(
					       span_part(line, 0, (size_t)(equals - line.at))))
				     : rows;
			if (equals)
				line = span_part(line, (size_t)(equals - line.at) + 1, line.length);
		}
		goes_on = span_ends(line, "\\");
		if (goes_on)
			line.length--;
		if (row < rows)
			directives[row].take(pass, span_trim(line));
	}
}
