/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a name: what is taken keeps to the grammar, as a path and as components. */
#include <stdlib.h>
#include <string.h>

#include "base/names.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* No dots alone, nothing that a shell or a path would read as more than a name. */
static void check_plain(const char *name, const char *also)
{
	for (const char *at = name; *at; at++)
		require((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
			(*at >= '0' && *at <= '9') || strchr(also, *at));
}

static void check_consumer(const char *name)
{
	const char *at = strchr(name, '/');
	enum consumer_kind kind;
	unsigned int level = 0;

	require(at && strlen(name) <= TACIT_CONSUMER_NAME_MAX);
	kind = consumer_kind_of_word(name, (size_t)(at - name));
	require(kind < CONSUMER_KINDS);
	check_plain(name, kind == CONSUMER_UNIT ? "._-/:@\\" : "._-/");
	while (at) {
		size_t length = strcspn(++at, "/");

		require(consumer_component_ok(kind, level++, at, length));
		at = strchr(at, '/');
	}
	require(level == consumer_kind_depth(kind));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *name = strndup((const char *)bytes, length);
	uint64_t number;
	size_t folder;

	if (!name_check_secret(name, NULL)) {
		require(strlen(name) <= TACIT_SECRET_NAME_MAX);
		check_plain(name, "._-/");
		require(!strstr(name, "//") && !strstr(name, "/."));
		require(!name_check_file(name_default_file(name), NULL));
	}
	if (!name_check_file(name, NULL)) {
		require(*name && strlen(name) <= TACIT_FILE_NAME_MAX);
		check_plain(name, "._-");
		require(strcmp(name, ".") && strcmp(name, ".."));
	}
	if (!name_check_granted(name, NULL)) {
		const char *end = name_folder_end(name);

		require(strlen(name) <= TACIT_FILE_NAME_MAX);
		require(!name_check_file(end ? end + 1 : name, NULL));
		require(!end || (end > name && !strchr(end + 1, '/')));
		require(!name_is_generation(name, &folder, &number));
	}
	if (name_is_generation(name, &folder, &number)) {
		require(name[folder] == '@' && strtoull(name + folder + 1, NULL, 10) == number);
		name[folder] = '\0';
		require(number >= 1 && !name_check_file(name, NULL));
	}
	if (!name_check_bundle(name, NULL)) {
		require(!name_check_secret(name, NULL));
		require(strlen(name) <= TACIT_SECRET_NAME_MAX - 2);
	}
	if (!name_check_consumer(name, NULL))
		check_consumer(name);
	free(name);
	return 0;
}
