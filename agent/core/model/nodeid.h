/* SPDX-License-Identifier: Apache-2.0 */
/* The number of a node in the mount: derivable from its path, so that every core finds the same
 * tree behind the numbers the kernel holds, and telling what the node is without any other
 * knowledge, so that a locked agent can answer by shape.
 *
 *   bits 63-60  level  1 kind, 2 above a consumer, 3 consumer, 4 file, 5 folder; the root is 1,
 *                      FUSE's own; the directory `self` is a consumer; 6 `.tacit` of a consumer,
 *                      7 `exec` in it, or in the root
 *   bits 59-56  kind   enum consumer_kind; of `exec` in the root CONSUMER_KINDS
 *   bits 55-0   SipHash-2-4 of the parent's number and the name, keyed per mount; of levels 6 and 7
 *               the consumer's, 0 in the root
 */
#ifndef TACIT_MODEL_NODEID_H
#define TACIT_MODEL_NODEID_H

#include <stddef.h>
#include <stdint.h>

#include "base/names.h"

#define NODE_ROOT_ID 1u

enum node_level {
	LEVEL_ROOT,
	LEVEL_KIND,
	LEVEL_ABOVE,
	LEVEL_CONSUMER,
	LEVEL_FILE,   /* in a consumer's directory, or in a folder */
	LEVEL_FOLDER, /* of a bundle, or (its name has an '@') of one of its generations */
	LEVEL_PROGRAMS,
	LEVEL_PROGRAM,
};

enum node_level node_level(uint64_t node);
enum consumer_kind node_kind(uint64_t node); /* of anything but the root */

/* The number of `name` in the directory `parent`; 0 when no path of that shape can exist. In a
 * consumer's directory it is that of a file, but of FOLDER@N, which no file can be called; a folder
 * has a file's shape, and is asked for by node_folder(): FOLDER, or FOLDER@N. In `self` there is no
 * FOLDER@N, in a folder there are files alone. */
uint64_t node_child(const uint8_t key[16], uint64_t parent, const char *name);
uint64_t node_folder(const uint8_t key[16], uint64_t consumer, const char *name);

/* The directory whose `.tacit` or `exec` it is, a consumer's or the root; any other is itself. */
uint64_t node_owner(uint64_t node);

#endif
