/* SPDX-License-Identifier: Apache-2.0 */
/* Who may read what, as statements; and as a file of them, for git and reviews.
 *
 *   # db is shared
 *   grant db_password compose/shop/web as=password mode=0440 reads=1
 *   bind compose/shop/web image=nginx:1.25
 *   freeze container/legacy
 *
 * A line is a statement: words divided by blanks; '#' at the beginning of a word begins a comment.
 * Options of a grant, each once, in any order:
 *
 *   as=FILE  uid=N  gid=N  mode=OCTAL  expires=RFC3339 (UTC, "2026-12-31T00:00:00Z")  reads=N
 *   version=N  newline  main-process  with-previous  on-rotate=HOOK (base/hook.h)
 *
 * `bind` takes one rule or more (base/binding.h) and makes a statement of each. A thing said twice
 * is an error. Names, never values. Pure functions. */
#ifndef TACIT_BASE_ACCESS_H
#define TACIT_BASE_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tacit/api.h>

#include "base/binding.h"
#include "base/err.h"
#include "base/hook.h"

#define GRANT_NEWLINE 1u       /* a newline follows the value */
#define GRANT_MAIN_PROCESS 2u  /* only for process 1 of the container */
#define GRANT_WITH_PREVIOUS 4u /* what was current before is FILE.previous, while it lives */
#define GRANT_FLAGS 7u
#define GRANT_PREVIOUS_SUFFIX ".previous"
#define GRANT_READER 0xffffffffu /* a uid or gid that is "whoever reads" */
#define GRANT_MODE_DEFAULT 0400u
#define GRANT_READS_MAX 1000000u

#define ACCESS_TEXT_MAX (1u << 20) /* bytes of a file */
#define ACCESS_STATEMENTS_MAX 8192 /* lines of grants and rules of one host */
#define ACCESS_LINE_MAX 2048       /* bytes of one line, formatted or read */

enum access_kind { ACCESS_GRANT = 1, ACCESS_BIND, ACCESS_FREEZE, ACCESS_KINDS };

/* Fields that a kind does not use are zero. */
struct access_statement {
	uint32_t kind;       /* enum access_kind */
	uint32_t flags;      /* of GRANT_FLAGS */
	uint32_t uid, gid;   /* as the container counts, or GRANT_READER */
	uint32_t mode;       /* permission bits, never 0 in a grant */
	uint32_t reads;      /* OPENs each container gets; 0: any number */
	uint64_t version;    /* 0: the current one, whichever that is */
	uint64_t expires_ns; /* realtime; 0: never */
	char secret[TACIT_SECRET_NAME_MAX + 1];
	char consumer[TACIT_CONSUMER_NAME_MAX + 1];
	char file[TACIT_FILE_NAME_MAX + 1]; /* never empty in a grant: FILE, or FOLDER/FILE of a
					       bundle's member */
	char rule[BINDING_TEXT_MAX + 1];
	char on_rotate[HOOK_TEXT_MAX + 1]; /* empty: nothing */
};

#define ACCESS_BYTES_MAX (ACCESS_STATEMENTS_MAX * (uint32_t)sizeof(struct access_statement))

/* A whole file. *list is malloc'd, the caller's (NULL when it says nothing); sorted as
 * access_compare() says, no two of them equal by it. On error untouched: TACIT_INVALID
 * with "line N: what"; TACIT_LIMIT. The file's own bytes are not in the text. */
int access_parse(const char *text, size_t length, struct access_statement **list, size_t *count,
	struct err *err);

/* One statement as a line with its newline; what is the default is left out. */
void access_format(const struct access_statement *statement, char line[ACCESS_LINE_MAX]);

/* TACIT_INVALID unless a statement obeys every bound above: for what came over a channel. */
int access_check(const struct access_statement *statement, struct err *err);

/* Order by consumer, kind, then file or rule: 0 when both speak of the same grant, rule or
 * consumer's freezing. For qsort. */
int access_compare(const void *a, const void *b);
/* Whether two statements that compare equal also say the same. */
bool access_same(const struct access_statement *a, const struct access_statement *b);

#endif
