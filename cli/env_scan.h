/* SPDX-License-Identifier: Apache-2.0 */
/* One run of `tacit env scan`: what it looks through, what it has found. Values are in the buffer
 * of the file that is being looked through, in what the scanner is given, and nowhere else; no
 * output shows one. */
#ifndef TACIT_CLI_ENV_SCAN_H
#define TACIT_CLI_ENV_SCAN_H

#include "cli/scan/scan.h"
#include "cli/session.h"
#include "seal/seal.h"

/* Something that was found. All texts are the run's. */
struct env_result {
	struct scan_finding finding;
	char *path;      /* as it is shown; of a container its name */
	char *known;     /* the path in a baseline: from the root of the work tree, or `path` */
	char *commit;    /* of --git: the first one that has it; else NULL */
	char *container; /* of --containers: "docker 4f5e0c1d2a3b"; else NULL */
	char *why;       /* a sentence; NULL: what its rule says */
};

/* A file that another one names: an env_file, an include, a secret of compose. */
struct env_reference {
	char *path;
	enum scan_kind kind;
	char *secret; /* what compose calls it, which is all of the file; else NULL */
};

struct env_seen {
	dev_t device;
	ino_t inode;
	enum scan_kind kind;
};

struct env_baseline;

struct env_scan {
	struct session *session;
	struct scanner *scanner;
	struct env_baseline *baseline; /* NULL: none is given */
	const char *const *roots;      /* the paths that were given */
	size_t root_count;

	/* Where the scanner is. */
	const char *path, *known, *commit, *container, *why;
	const struct env_reference *again; /* a file that was perhaps looked through as another
					      kind; else NULL */
	unsigned int first_line;           /* lines before the piece of a file that it has */
	unsigned int last_line;            /* of the piece; later ones come again with the next */
	unsigned int found_here;           /* in this file */
	bool found_memory;                 /* there was none for a result */

	struct env_result *results;
	size_t count, room;
	size_t accepted; /* that a baseline has */

	struct env_reference *references;
	size_t reference_count, reference_room;
	struct env_seen *seen;
	size_t seen_count, seen_room;

	uint8_t *bytes; /* the piece */
	size_t bytes_room;
	uint64_t files, stored; /* looked through; values that are looked for */
	uint64_t containers;    /* looked into */
	uint64_t unread;        /* files and folders that could not be */
};

/* env_scan_results.c. A scan_found_fn, `arg` a struct env_scan; and one that the scanner did not
 * find: `name` may be "". */
void env_scan_found(void *arg, const struct scan_finding *finding);
void env_scan_add(struct env_scan *scan, enum scan_rule rule, const char *name);
void env_scan_forget(struct env_scan *scan); /* frees all of it */
/* Grow an array of `size`-byte elements by one; false: no memory. */
bool env_scan_grow(void **array, size_t *room, size_t count, size_t size);

/* env_scan_files.c: everything below a path. A failure ends the scan. */
int env_scan_tree(struct env_scan *scan, const char *path, struct err *err);
/* What was named by what has been looked through, and has not been itself. */
int env_scan_references(struct env_scan *scan, struct err *err);
/* A text that is no file: of history. */
int env_scan_text(
	struct env_scan *scan, const char *path, const void *text, size_t length, struct err *err);

/* env_scan_refer.c: remember what a compose file names. */
void env_scan_refer(struct env_scan *scan, const char *path, const char *text, size_t length);

/* env_scan_context.c: whether a file gets into the image that a Dockerfile above it, within the
 * path that was given, builds. */
bool env_scan_in_context(const struct env_scan *scan, const char *path);

/* env_scan_stored.c: tell the scanner of all values that the agent keeps, by hashes under `key`.
 */
int env_scan_stored(struct env_scan *scan, const uint8_t key[SEAL_KEY_BYTES], struct err *err);

/* env_scan_git.c: what a repository had in it, ever. */
int env_scan_history(struct env_scan *scan, const char *path, struct err *err);
/* Whether git has a file, although it ignores it. False when git is not there, too. */
bool env_scan_tracked(const char *path);

/* env_scan_containers.c: the environment of running containers. */
int env_scan_containers(struct env_scan *scan, struct err *err);

/* env_scan_baseline.c. Read it; TACIT_NOT_FOUND unless `fresh`, when a new one is begun. */
int env_baseline_open(
	const char *path, bool fresh, struct env_baseline **baseline, struct err *err);
void env_baseline_free(struct env_baseline *baseline);
/* The key that prints of this baseline are made with, 16 bytes. */
const uint8_t *env_baseline_key(const struct env_baseline *baseline);
bool env_baseline_has(const struct env_baseline *baseline, const struct env_result *result);
/* Put all results in place of what it had. */
int env_baseline_write(const struct env_baseline *baseline, const char *path,
	const struct env_scan *scan, struct err *err);

/* env_scan_print.c */
void env_scan_print(const struct env_scan *scan);
void env_scan_print_names(const struct env_scan *scan);
json_t *env_scan_json(const struct env_scan *scan);
/* Text of what UTF-8 it has, `?` for bytes when it is none. */
json_t *env_scan_path_json(const char *path);
/* A sentence of what was found, of at most ENV_WHY_MAX. */
#define ENV_WHY_MAX 384
void env_scan_why(const struct env_result *result, char why[ENV_WHY_MAX]);

/* env_scan_sarif.c: SARIF 2.1.0. */
json_t *env_scan_sarif(const struct env_scan *scan);

#endif
