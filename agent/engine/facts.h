/* SPDX-License-Identifier: Apache-2.0 */
/* From what an engine says of a container and of its image to what core is told: pure functions.
 *
 * Labels are the point. Who starts a container on the engine gives it labels; who makes an image
 * gives them to every container of it. Only the former may say who the container is. So a label
 * counts when the image does not carry it with the same value, and when it is not known what the
 * image carries, none does. An image that compose built carries the labels of its service: what
 * compose gives to containers alone says that project and service are the container's, too. */
#ifndef TACIT_ENGINE_FACTS_H
#define TACIT_ENGINE_FACTS_H

#include <jansson.h>

#include "base/err.h"
#include "wire/frame.h"

/* Bytes of an image's labels, which are kept for as long as its containers are asked about: with
 * more it is as if they were not known. Large ones have some 4000. */
#define FACTS_IMAGE_LABELS_MAX 32768

/* What an engine says of a container. After facts_image() or facts_without_image(), `came` is what
 * core is told. */
struct facts {
	struct frame_came came;
	json_t *labels; /* its own and its image's; a reference, or NULL: it has none */
};

/* What an engine says of an image. All zero bytes: nothing. */
struct image {
	char digest[CONTAINER_DIGESTS_MAX][CONTAINER_DIGEST_MAX + 1];
	json_t *labels; /* a reference, or NULL: it has none */
};

/* An inspected container: everything but labels, compose's names and digests, into zeroed `facts`.
 * Texts that do not fit, or that break the grammar of what they are, are left out. TACIT_INVALID
 * when it is no JSON, or not of the container `id`. On success facts_clear() it. */
int facts_read(struct facts *facts, const char *id, char *text, size_t length, struct err *err);
void facts_clear(struct facts *facts);

/* An inspected image, into zeroed `image`. TACIT_INVALID when it is no JSON, or has more labels
 * than FACTS_IMAGE_LABELS_MAX. On success image_clear() it. */
int image_read(struct image *image, char *text, size_t length, struct err *err);
void image_clear(struct image *image);

/* Fill in what depends on the image, once; NULL when what it carries is not known. */
void facts_finish(struct facts *facts, const struct image *image);

#endif
