/* SPDX-License-Identifier: Apache-2.0 */
/* What an engine has said of its images, kept for some seconds: containers are often many of one
 * image. Not for longer, because a pull gives an image another repository digest. */
#ifndef TACIT_ENGINE_IMAGES_H
#define TACIT_ENGINE_IMAGES_H

#include <stdint.h>

#include "engine/facts.h"

#define IMAGES_MAX 128
#define IMAGES_FRESH_NS 10000000000u

enum images_state {
	IMAGES_NOT_ASKED, /* nothing is known, or nothing that is fresh */
	IMAGES_ASKED,     /* the engine has not answered yet */
	IMAGES_KNOWN,     /* it has said what the image carries */
	IMAGES_MISSING,   /* it has no such image, or says nothing that can be read */
};

struct images {
	struct images_entry *entry; /* by id, the oldest first */
};

/* What is known of `id`. When it is KNOWN, *image is what it carries, until another function of
 * this header is called; else NULL. */
enum images_state images_find(
	struct images *images, const char *id, uint64_t now, const struct image **image);

/* The engine is being asked for one that was NOT_ASKED. */
void images_asked(struct images *images, const char *id);

/* It has answered. *image is taken over; NULL: MISSING. */
void images_answered(struct images *images, const char *id, struct image *image, uint64_t now);

/* It has not, and will not: NOT_ASKED. */
void images_forget(struct images *images, const char *id);

void images_clear(struct images *images);

#endif
