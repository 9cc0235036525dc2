/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the model: versions in memory, and the tree. */
#ifndef TACIT_MODEL_BLOB_H
#define TACIT_MODEL_BLOB_H

#include "core/model/model.h"

/* Takes `sealed`; NULL when memory runs out (then `sealed` stays the caller's). */
struct blob *blob_new(const struct version_record *version, uint8_t *sealed, size_t sealed_length);
/* Unlink *place and free it, whoever holds it; its plaintext is wiped. */
void blob_discard(struct model *model, struct blob **place);
/* Free what of `secret` is neither current, previous nor next, nor held. */
void blob_settle(struct model *model, struct secret *secret);

/* `name` in `parent` (the root when NULL), or the directory of a consumer; made if it is not there.
 * NULL: no memory, or a name that cannot be there. */
struct node *tree_grow(struct model *model, struct node *parent, const char *name);
struct node *tree_consumer(struct model *model, const char *consumer);

#endif
