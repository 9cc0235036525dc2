/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/images.h"

#include <stdlib.h>
#include <string.h>

/* Its default falls through cases, which compilers warn of where it is used; keys here are short.
 */
#define HASH_FUNCTION HASH_FNV
#include <uthash.h>

struct images_entry {
	char id[CONTAINER_DIGEST_MAX + 1];
	enum images_state state;
	uint64_t until; /* unless ASKED: it is fresh */
	struct image image;
	UT_hash_handle hh;
};

static struct images_entry *find(const struct images *images, const char *id)
{
	struct images_entry *entry;

	HASH_FIND_STR(images->entry, id, entry);
	return entry;
}

static void drop(struct images *images, struct images_entry *entry)
{
	HASH_DEL(images->entry, entry);
	image_clear(&entry->image);
	free(entry);
}

enum images_state images_find(
	struct images *images, const char *id, uint64_t now, const struct image **image)
{
	struct images_entry *entry = find(images, id);

	*image = NULL;
	if (entry && entry->state != IMAGES_ASKED && entry->until <= now) {
		drop(images, entry);
		entry = NULL;
	}
	if (!entry)
		return IMAGES_NOT_ASKED;
	if (entry->state == IMAGES_KNOWN)
		*image = &entry->image;
	return entry->state;
}

/* Those that are asked for are bounded by the asks there can be. */
static void make_room(struct images *images)
{
	struct images_entry *entry, *next;

	HASH_ITER (hh, images->entry, entry, next) {
		if (HASH_COUNT(images->entry) < IMAGES_MAX)
			return;
		if (entry->state != IMAGES_ASKED)
			drop(images, entry);
	}
}

void images_asked(struct images *images, const char *id)
{
	struct images_entry *entry = calloc(1, sizeof *entry);

	if (!entry)
		return;
	make_room(images);
	entry->state = IMAGES_ASKED;
	memcpy(entry->id, id, strlen(id) + 1);
	HASH_ADD_STR(images->entry, id, entry);
}

void images_answered(struct images *images, const char *id, struct image *image, uint64_t now)
{
	struct images_entry *entry = find(images, id);

	if (!entry && image)
		image_clear(image);
	if (!entry)
		return;
	entry->state = image ? IMAGES_KNOWN : IMAGES_MISSING;
	entry->until = now + IMAGES_FRESH_NS;
	if (image)
		entry->image = *image;
}

void images_forget(struct images *images, const char *id)
{
	struct images_entry *entry = find(images, id);

	if (entry)
		drop(images, entry);
}

void images_clear(struct images *images)
{
	struct images_entry *entry, *next;

	HASH_ITER (hh, images->entry, entry, next) {
		drop(images, entry);
	}
}
