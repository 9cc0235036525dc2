/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a template, and any as the value of each of its names: it is refused, or makes the
 * same text whatever room it is given, and never reads or writes beyond what it has. */
#include <stdlib.h>
#include <string.h>

#include "base/template.h"

#define TEXT_END 0xff /* parts the text from the value; neither need be UTF-8 */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* A read beyond the end is caught. */
static void *exact(const void *bytes, size_t length)
{
	void *copy = malloc(length ? length : 1);

	require(copy);
	if (length)
		memcpy(copy, bytes, length);
	return copy;
}

static void check_names(const struct template_names *names)
{
	require(names->count >= 1 && names->count <= TEMPLATE_NAMES_MAX);
	for (unsigned int i = 0; i < names->count; i++) {
		require(!name_check_secret(names->names[i], NULL));
		require(names->lines[i] >= 1 && (!i || names->lines[i] >= names->lines[i - 1]));
		for (unsigned int j = 0; j < i; j++)
			require(strcmp(names->names[i], names->names[j]) != 0);
	}
}

static void check_render(
	const char *text, size_t length, const struct template_value values[TEMPLATE_NAMES_MAX])
{
	size_t size = 0, again = 0;
	struct err err;
	uint8_t *out;
	int status = template_render(text, length, values, NULL, 0, &size, &err);

	require(!status || status == -TACIT_INVALID || status == -TACIT_TOO_LARGE);
	if (status < 0)
		return;
	out = malloc(size);
	require(out && size >= 1 && size <= TACIT_VALUE_MAX);
	require(!template_render(text, length, values, out, size, &again, &err));
	require(again == size);
	require(size == 1 ||
		template_render(text, length, values, out, size / 2, &again, &err) == -TACIT_LIMIT);
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const uint8_t *end = length ? memchr(bytes, TEXT_END, length) : NULL;
	size_t text_length = end ? (size_t)(end - bytes) : length;
	size_t value_length = end ? length - text_length - 1 : 0;
	char *text = exact(bytes, text_length);
	uint8_t *value = exact(
		value_length ? end + 1 : (const uint8_t *)"x", value_length ? value_length : 1);
	struct template_value values[TEMPLATE_NAMES_MAX];
	struct template_names names;

	for (size_t i = 0; i < TEMPLATE_NAMES_MAX; i++)
		values[i] = (struct template_value){ value, value_length ? value_length : 1 };
	if (template_read(text, text_length, &names, NULL) == 0) {
		check_names(&names);
		check_render(text, text_length, values);
	}
	free(text);
	free(value);
	return 0;
}
