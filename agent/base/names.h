/* SPDX-License-Identifier: Apache-2.0 */
/* The grammar of names. Compared byte by byte; refused, never normalised. Pure functions.
 *
 *   secret    1 to 4 segments [A-Za-z0-9][A-Za-z0-9._-]{0,62} divided by '/'
 *   file      1 to 63 of [A-Za-z0-9._-], the first one also '.', but not "." or "..", and not
 *             ".tacit", where the agent has what is its own
 *   granted   a file, or FOLDER/FILE, both as a file's name, together at most 63 bytes: what a
 * grant shows. FOLDER@N, N a number from 1 without leading zeros, is a generation of a folder
 *   bundle    a secret's name of at most 3 segments: "tls" of "tls/cert" and "tls/key"
 *   consumer  KIND/NAME..., the depth and the grammar of each name set by the kind:
 *             compose/PROJECT/SERVICE   project [a-z0-9][a-z0-9_-]*, service [a-zA-Z0-9._-]+
 *                                       (compose-spec)
 *             container/NAME            [a-zA-Z0-9][a-zA-Z0-9_.-]+ (docker and podman)
 *             unit/NAME                 [a-zA-Z0-9:_.\\@-]+ (systemd)
 *             user/UID                  a number, 0 to 4294967294, without leading zeros
 * each name at most 127 bytes, never "." or ".." */
#ifndef TACIT_BASE_NAMES_H
#define TACIT_BASE_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tacit/api.h>

#include "base/err.h"

enum consumer_kind {
	CONSUMER_COMPOSE,
	CONSUMER_CONTAINER,
	CONSUMER_UNIT,
	CONSUMER_USER,
	CONSUMER_SELF, /* a directory in which every reader finds its own; nothing is granted to it
			*/
	CONSUMER_KINDS
};

/* tacit-exec is NAME_PROGRAM in the root of the mount, and NAME_PROGRAMS/NAME_PROGRAM in every
 * consumer's directory. */
#define NAME_PROGRAMS ".tacit"
#define NAME_PROGRAM "exec"

#define NAME_SEGMENT_MAX 127 /* bytes of one component of a consumer */

/* 0, or TACIT_INVALID with a text that says which rule the name breaks (and not the name). */
int name_check_secret(const char *name, struct err *err);
int name_check_file(const char *name, struct err *err);
int name_check_consumer(const char *name, struct err *err);

int name_check_granted(const char *name, struct err *err);
int name_check_bundle(const char *name, struct err *err);
/* The '/' of FOLDER/FILE, a part of `name`; NULL: it is a file alone. */
const char *name_folder_end(const char *name);
/* Whether `name` is FOLDER@N; the bytes of FOLDER, and N. */
bool name_is_generation(const char *name, size_t *length, uint64_t *number);

/* The file a grant shows when it says nothing else: the secret's last segment, a part of `name`. */
const char *name_default_file(const char *secret);

/* The kinds of consumers: the first component of every path in the mount. */
const char *consumer_kind_word(enum consumer_kind kind);
/* How many names follow the kind: the directory of the consumer is that deep below it; 0 of
 * CONSUMER_SELF, which is that directory. */
unsigned int consumer_kind_depth(enum consumer_kind kind);
/* Whether `name` (of `length` bytes) may be the component `level` (0 = the first after the kind).
 */
bool consumer_component_ok(
	enum consumer_kind kind, unsigned int level, const char *name, size_t length);
/* The kind whose word is `word`, or CONSUMER_KINDS. */
enum consumer_kind consumer_kind_of_word(const char *word, size_t length);

#endif
