/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the model: versions in memory, the tree, and the folders in it. */
#ifndef TACIT_MODEL_BLOB_H
#define TACIT_MODEL_BLOB_H

#include "core/model/model.h"

/* Takes `sealed`; NULL when memory runs out (then `sealed` stays the caller's). */
struct blob *blob_new(const struct version_record *version, uint8_t *sealed, size_t sealed_length);
/* Unlink *place and free it, whoever holds it; its plaintext is wiped. */
void blob_discard(struct model *model, struct blob **place);
/* Free what of `secret` is neither current, previous nor next, nor of a kept generation, nor held.
 */
void blob_settle(struct model *model, struct secret *secret);

/* `name` in `parent` (the root when NULL), or the directory of a consumer; made if it is not there.
 * NULL: no memory, or a name that cannot be there. */
struct node *tree_grow(struct model *model, struct node *parent, const char *name);
struct node *tree_consumer(struct model *model, const char *consumer);
/* The number of that directory, whether it is there or not; 0: none can be. */
uint64_t tree_consumer_id(const struct model *model, const char *consumer);
/* A file of a consumer or of `self`, FILE or FOLDER/FILE, made likewise; `directory` may be NULL.
 */
struct node *tree_granted(struct model *model, struct node *directory, const char *file);
/* FOLDER@N, which is not there, of a consumer's folder, before *place of folder->generations. And
 * the end of *place, with the files in it. */
struct node *tree_add_generation(
	struct model *model, struct node **place, struct node *folder, uint64_t number);
void tree_drop_generation(struct model *model, struct node **place);

/* Find out which bundle a folder shows, and have the nodes FOLDER@N that it should have, no others.
 * And likewise when a grant in it has changed. TACIT_LIMIT: some of them are missing. */
int folder_settle(struct model *model, struct node *folder, struct err *err);
int folder_settle_grant(struct model *model, struct node *folder, struct err *err);
/* What folder_settle() would find. */
struct bundle *folder_bundle(const struct node *folder);

#endif
