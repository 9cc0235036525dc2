/* SPDX-License-Identifier: Apache-2.0 */
/* What an engine says of a container: plain values, without pointers, that cross a channel and go
 * into the store. Every text ends in NUL within its field, and but for the labels it is printable
 * ASCII without blanks; what does not fit is left out (an empty text), never cut, so that nothing is
 * taken for what it only resembles. */
#ifndef TACIT_BASE_CONTAINER_H
#define TACIT_BASE_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define CONTAINER_ID_LENGTH 64    /* lowercase hexadecimal digits, of docker and podman alike */
#define CONTAINER_NAME_MAX 127    /* as NAME_SEGMENT_MAX: a longer one is no consumer */
#define CONTAINER_IMAGE_MAX 255   /* an image's name as its container was started with */
#define CONTAINER_DIGEST_MAX 71   /* "sha256:" and 64 hexadecimal digits */
#define CONTAINER_DIGESTS_MAX 8   /* repository digests of one image */
#define CONTAINER_LABELS_MAX 8192 /* bytes of "key=value" texts, a NUL after each */

/* In the place of an engine: no engine runs it. It is a run (`tacit run`): processes of the host that
 * root has put into a cgroup of their own, as a consumer that root has named. What is known of it is
 * in labels: "consumer=compose/shop/web", and of the process that began it "runner=PID" and
 * "start=TIME". */
#define CONTAINER_OF_RUN UINT8_MAX

struct container_facts {
	char id[CONTAINER_ID_LENGTH + 1];
	uint8_t engine;     /* which of the configured engines says it; or CONTAINER_OF_RUN */
	uint8_t labels_cut; /* it has labels that are not in `labels` */
	char name[CONTAINER_NAME_MAX + 1];
	char project[CONTAINER_NAME_MAX + 1]; /* of compose; empty: not of compose */
	char service[CONTAINER_NAME_MAX + 1];
	char image[CONTAINER_IMAGE_MAX + 1];
	char image_id[CONTAINER_DIGEST_MAX + 1];
	char digest[CONTAINER_DIGESTS_MAX][CONTAINER_DIGEST_MAX + 1];
	/* The labels it was started with and its image does not carry: "a=1\0b=2\0". Last, so that
	 * a copy can be as long as they are. */
	uint32_t labels_length;
	char labels[CONTAINER_LABELS_MAX];
};

/* Whether `text` is a container's id: 64 lowercase hexadecimal digits and a NUL. */
bool container_id_ok(const char *text);

/* TACIT_INVALID unless every field keeps the rules above: for what came over a channel. */
int container_facts_check(const struct container_facts *facts, struct err *err);

/* Bytes that matter: up to the end of the labels used. */
size_t container_facts_size(const struct container_facts *facts);

/* The value of label `key` (of `length` bytes), or NULL. Lives as long as `facts`. */
const char *container_label(const struct container_facts *facts, const char *key, size_t length);

/* The consumer that a run is; NULL: it is no run. Lives as long as `facts`. */
const char *container_run_consumer(const struct container_facts *facts);

#endif
