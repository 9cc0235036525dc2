/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a compose file: refused with a text, or read, and then changed by lot. What comes of
 * changes is read again and has what was asked; changing nothing gives the same bytes. The first
 * bytes are the lots, the rest is the file. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/compose/compose.h"

#define LOTS 8

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
const char *__lsan_default_suppressions(void);

/* libfyaml 0.7.12 does not give back all of its memory after some errors. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml";
}

static void insist(int what)
{
	if (!what)
		abort();
}

static void see_scalar(void *arg, const struct compose_text *key, const struct compose_text *value)
{
	size_t *length = arg;

	insist(key->text && value->text && value->offset <= value->end && value->end <= *length);
	insist(value->line >= 1 && value->column >= 1 && strlen(value->text) == value->length);
}

static const char *look_up(void *arg, const char *name)
{
	(void)arg;
	return name[0] == 'A' ? NULL : "value";
}

static void see_text(const struct compose_text *text, size_t length)
{
	char name[32], *made = NULL, **words = NULL;
	size_t count;

	insist(text->offset <= text->end && text->end <= length);
	if (!text->text)
		return;
	insist(strlen(text->text) == text->length);
	if (!compose_interpolate(text->text, look_up, NULL, &made, NULL) &&
		!compose_interpolates(text->text) && !strchr(text->text, '$'))
		insist(!strcmp(made, text->text));
	free(made);
	if (compose_is_variable(text->text, name, sizeof name))
		insist(compose_interpolates(text->text));
	if (!compose_split(text->text, &words, &count, NULL))
		insist(!words[count]);
	free(words);
}

static void see_service(const struct compose_service *service, size_t length)
{
	for (size_t i = 0; i < service->variable_count; i++) {
		insist(service->variables[i].name.text != NULL);
		see_text(&service->variables[i].name, length);
		see_text(&service->variables[i].value, length);
	}
	for (size_t i = 0; i < service->env_file_count; i++)
		see_text(&service->env_files[i], length);
	for (size_t i = 0; i < service->entrypoint_count; i++)
		see_text(&service->entrypoint[i], length);
	for (size_t i = 0; i < service->command_count; i++)
		see_text(&service->command[i], length);
	for (size_t i = 0; i < service->secret_count; i++)
		insist(service->secrets[i].source.text != NULL);
	see_text(&service->image, length);
	see_text(&service->build, length);
}

static void change(struct compose_edit *edit, const struct compose_service *service, uint8_t lot)
{
	static const char *const words[] = { "/run/secrets/tacit-exec", "--", "it's \"here\"\n" };
	const char *name = service->name.text;

	for (size_t i = 0; i < service->variable_count && i < 8; i++) {
		const char *variable = service->variables[i].name.text;

		if (lot & 1)
			compose_edit_variable(
				edit, name, variable, "Z_FILE", "/run/secrets/z", NULL);
		else if (lot & 2)
			compose_edit_remove_variable(edit, name, variable, NULL);
		lot = (uint8_t)((lot >> 1) | (lot << 7));
	}
	for (size_t i = 0; i < service->secret_count && i < 4 && lot & 4; i++)
		compose_edit_service_source(
			edit, name, service->secrets[i].source.text, "another", NULL);
	if (lot & 8)
		compose_edit_add_variable(edit, name, "ADDED", "a: b # c", NULL);
	if (lot & 16)
		compose_edit_service_secret(edit, name, "added", NULL, NULL);
	if (lot & 32)
		compose_edit_service_secret(edit, name, "other", "thing", NULL);
	if (lot & 64)
		compose_edit_list(edit, name, "entrypoint", words, 3, NULL);
	if (lot & 128)
		compose_edit_list(edit, name, "command", words, 1, NULL);
}

static void apply(const struct compose_edit *edit)
{
	struct compose_file *again = NULL;
	struct err err = { 0 };
	char *text = NULL;
	size_t length = 0;

	if (compose_edit_apply(edit, &text, &length, &err)) {
		insist(err.text[0] && !text);
		return;
	}
	insist(!compose_parse("again", text, length, &again, NULL));
	compose_free(again);
	free(text);
}

static void change_nothing(const struct compose_file *file)
{
	struct compose_edit *edit = compose_edit_begin(file);
	size_t length, new_length;
	const char *bytes = compose_bytes(file, &length);
	char *text = NULL;

	if (!compose_edit_apply(edit, &text, &new_length, NULL))
		insist(length == new_length && !memcmp(bytes, text, length));
	free(text);
	compose_edit_free(edit);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct compose_file *file = NULL;
	struct compose_edit *edit;
	struct err err = { 0 };

	if (length < LOTS)
		return 0;
	length -= LOTS;
	compose_each_scalar("f", (const char *)bytes + LOTS, length, see_scalar, &length, NULL);
	if (compose_parse("f", (const char *)bytes + LOTS, length, &file, &err)) {
		insist(err.code && err.text[0] && !file);
		return 0;
	}
	change_nothing(file);
	edit = compose_edit_begin(file);
	for (size_t i = 0; i < compose_service_count(file); i++) {
		see_service(compose_service(file, i), length);
		change(edit, compose_service(file, i), bytes[i % LOTS]);
	}
	for (size_t i = 0; i < compose_secret_count(file) && bytes[0] & 1; i++)
		compose_edit_secret_file(
			edit, compose_secret(file, i)->source.text, "/run/tacit/x", NULL);
	if (bytes[1] & 1)
		compose_edit_secret_file(edit, "added", "/run/tacit/added", NULL);
	apply(edit);
	compose_edit_free(edit);
	compose_free(file);
	return 0;
}
