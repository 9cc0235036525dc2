/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as what an engine says of a container, and after a line "--" of its image; and as a
 * list. What core is told keeps its rules, and has no label that the image carries. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "engine/facts.h"
#include "engine/parse.h"

#define ID "8a11ed93ab775cba6925506f6c0be67f49d85d620c763081be11d3296a4ca67b"
#define DIVIDER "\n--\n"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* Room of exactly its size: a byte read beyond it is seen. */
static char *copy_of(const uint8_t *bytes, size_t length)
{
	char *copy = malloc(length ? length : 1);

	if (!copy)
		abort();
	memcpy(copy, bytes, length);
	return copy;
}

static void check_digest(const char *digest)
{
	if (*digest && (strncmp(digest, "sha256:", 7) || !container_id_ok(digest + 7)))
		abort();
}

static void check_names(const struct container_facts *facts)
{
	if (*facts->name &&
		!consumer_component_ok(CONSUMER_CONTAINER, 0, facts->name, strlen(facts->name)))
		abort();
	if (!*facts->project != !*facts->service)
		abort();
	if (*facts->project &&
		!consumer_component_ok(CONSUMER_COMPOSE, 0, facts->project, strlen(facts->project)))
		abort();
	if (*facts->service &&
		!consumer_component_ok(CONSUMER_COMPOSE, 1, facts->service, strlen(facts->service)))
		abort();
}

static void check_labels(const struct container_facts *facts, const struct image *image)
{
	const char *at = facts->labels, *end = at + facts->labels_length;

	for (; at < end; at += strlen(at) + 1) {
		const char *value = strchr(at, '=');
		char key[CONTAINER_LABELS_MAX] = "";
		const char *carried;

		if (!value || value == at)
			abort();
		memcpy(key, at, (size_t)(value - at));
		carried = image ? json_string_value(json_object_get(image->labels, key)) : NULL;
		if (!image || (carried && !strcmp(carried, value + 1)))
			abort();
	}
}

static void check(const struct facts *facts, const struct image *image)
{
	const struct container_facts *told = &facts->came.facts;

	if (container_facts_check(told, NULL) < 0 || strcmp(told->id, ID) != 0)
		abort();
	if (facts->came.life > LIFE_ENDED || (!image && (*told->project || *told->digest[0])))
		abort();
	check_digest(told->image_id);
	for (int i = 0; i < CONTAINER_DIGESTS_MAX; i++)
		check_digest(told->digest[i]);
	check_names(told);
	check_labels(told, image);
}

static void listed(void *context, const char *id)
{
	(void)context;
	if (!container_id_ok(id))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const uint8_t *divider = memmem(bytes, length, DIVIDER, sizeof DIVIDER - 1);
	size_t first = divider ? (size_t)(divider - bytes) : length;
	size_t second = divider ? length - first - (sizeof DIVIDER - 1) : 0;
	char *container = copy_of(bytes, first), *other = copy_of(bytes + length - second, second);
	char *list = copy_of(bytes, first);
	struct facts facts = { .labels = NULL };
	struct image image = { .labels = NULL };
	bool known = !image_read(&image, other, second, NULL);

	parse_list(list, first, listed, NULL, NULL);
	if (!facts_read(&facts, ID, container, first, NULL)) {
		facts_finish(&facts, known ? &image : NULL);
		check(&facts, known ? &image : NULL);
		facts_clear(&facts);
	}
	if (known)
		image_clear(&image);
	free(container);
	free(other);
	free(list);
	return 0;
}
