/* SPDX-License-Identifier: Apache-2.0 */
/* Files of NAME=VALUE lines, as docker, compose and shells read them. */
#include <string.h>

#include "internal.h"

/* Without the comment that follows a value which is not quoted. */
static struct span value_of(struct span value)
{
	value = span_trim(value);
	if (value.length && (value.at[0] == '"' || value.at[0] == '\'')) {
		const char *end = memchr(value.at + 1, value.at[0], value.length - 1);

		return span_part(value, 1, end ? (size_t)(end - value.at) : value.length);
	}
	for (size_t i = 0; i + 1 < value.length; i++)
		if ((value.at[i] == ' ' || value.at[i] == '\t') && value.at[i + 1] == '#')
			return span_trim(span_part(value, 0, i));
	return value;
}

static bool is_name(struct span name)
{
	for (size_t i = 0; i < name.length; i++)
		if (!byte_in_name(name.at[i]) && name.at[i] != '.' && name.at[i] != '-')
			return false;
	return name.length;
}

static void read_line(struct pass *pass, struct span line)
{
	const char *equals;
	struct span name, value;

	if (span_begins(line, "export "))
		line = span_trim(span_part(line, 7, line.length));
	equals = memchr(line.at, '=', line.length);
	if (!equals)
		return;
	name = span_trim(span_part(line, 0, (size_t)(equals - line.at)));
	if (!is_name(name))
		return;
	value = value_of(span_part(line, (size_t)(equals - line.at) + 1, line.length));
	pass_assignment(pass, name, value, value);
}

void read_env_file(struct pass *pass)
{
	struct span rest = pass->text, line;
	bool example = pass->example;

	while (span_line(&rest, &line)) {
		line = span_trim(line);
		/* What is commented out is an example, unless it looks drawn by lot. */
		pass->example = example || span_begins(line, "#");
		while (line.length && (line.at[0] == '#' || line.at[0] == ' '))
			line = span_part(line, 1, line.length);
		read_line(pass, line);
	}
	pass->example = example;
}
