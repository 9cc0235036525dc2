/* SPDX-License-Identifier: Apache-2.0 */
/* What lines do not show: values of several lines, escapes, collections across lines. */
#include "cli/compose/compose.h"

#include <string.h>

#include "internal.h"

/* The value as it is written, without quotes and the name of an item; else all of the scalar. */
static struct span place(const struct pass *pass, const struct compose_text *value)
{
	struct span scalar = span_part(pass->text, value->offset, value->end);
	size_t length = value->length;
	const char *found;

	while (length && value->text[length - 1] == '\n')
		length--;
	found = memmem(scalar.at, scalar.length, value->text, length);
	if (!found)
		return scalar;
	return span_part(scalar, (size_t)(found - scalar.at), (size_t)(found - scalar.at) + length);
}

static void read_service(struct pass *pass, const struct compose_service *service)
{
	pass->service = span_of(service->name.text);
	pass->no_entropy = false;
	for (size_t i = 0; i < service->variable_count; i++) {
		const struct compose_text *name = &service->variables[i].name;
		const struct compose_text *value = &service->variables[i].value;
		struct span text = { value->text, value->length };

		if (!name->text || !value->text || value->offset > value->end ||
			value->end > pass->text.length)
			continue;
		pass_assignment(
			pass, (struct span){ name->text, name->length }, text, place(pass, value));
	}
}

void read_compose(struct pass *pass)
{
	struct compose_file *file;

	/* One that is broken has been read line by line. */
	if (compose_parse("", pass->text.at, pass->text.length, &file, NULL) < 0)
		return;
	for (size_t i = 0; i < compose_service_count(file); i++)
		read_service(pass, compose_service(file, i));
	compose_free(file);
}
