/* SPDX-License-Identifier: Apache-2.0 */
/* Files: read in pieces, given to the scanner, and what git and docker do with those that have
 * secrets in them. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cli/env_scan.h"
#include "cli/walk/walk.h"

/* What the scanner sees at once; what is longer comes in pieces that overlap by the longest value
 * that is looked for. */
#define PIECE_BYTES (8u << 20)
#define OVERLAP_BYTES (2 * TACIT_VALUE_MAX)
/* A NUL in the first bytes is what git takes for binary. */
#define BINARY_BYTES 8000u
/* Where env import keeps what it has replaced, under names of its own. */
#define BACKUP_FOLDER ".tacit-import"
#define BACKUP_END ".old"
/* By which a file is known for what it is, where it would else not be read. */
#define HEAD_BYTES 4096u

static bool has_room(struct env_scan *scan, size_t needed)
{
	uint8_t *more;

	if (needed <= scan->bytes_room)
		return true;
	more = realloc(scan->bytes, needed);
	if (!more)
		return false;
	scan->bytes = more;
	scan->bytes_room = needed;
	return true;
}

/* Up to `room` bytes; less only at the end of the file. */
static ssize_t fill(int fd, uint8_t *bytes, size_t room)
{
	size_t length = 0;

	while (length < room) {
		ssize_t got = read(fd, bytes + length, room - length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (!got)
			break;
		length += (size_t)got;
	}
	return (ssize_t)length;
}

static void trouble(void *arg, const char *path, const struct err *err)
{
	struct env_scan *scan = arg;
	struct err clean = *err;
	char *shown = strdup(path);

	scan->unread++;
	if (shown)
		report_clean(shown);
	session_fail(scan->session, shown ? shown : "a file", &clean);
	free(shown);
}

static unsigned int count_lines(const uint8_t *bytes, size_t length)
{
	unsigned int lines = 0;
	const uint8_t *end = bytes + length;

	while ((bytes = memchr(bytes, '\n', (size_t)(end - bytes))) && ++bytes)
		lines++;
	return lines;
}

/* How much of a piece is done with: whole lines, and all but the overlap. */
static size_t cut(const uint8_t *bytes, size_t length)
{
	const uint8_t *line = memrchr(bytes, '\n', length - OVERLAP_BYTES);

	return line ? (size_t)(line + 1 - bytes) : length - OVERLAP_BYTES;
}

static int scan_piece(struct env_scan *scan, enum scan_kind kind, size_t length, struct err *err)
{
	return scanner_text(scan->scanner, kind, scan->path, (const char *)scan->bytes, length,
		env_scan_found, scan, err);
}

/* What is more than a piece. The first `have` bytes are there. */
static int scan_long(
	struct env_scan *scan, int fd, enum scan_kind kind, size_t have, struct err *err)
{
	/* Half a file is not of its kind. */
	if (kind != SCAN_ENV_FILE)
		kind = SCAN_OTHER;
	while (have == PIECE_BYTES) {
		size_t done = cut(scan->bytes, have);
		ssize_t got;
		int status;

		scan->last_line = count_lines(scan->bytes, done);
		status = scan_piece(scan, kind, have, err);
		if (status < 0)
			return status;
		scan->first_line += scan->last_line;
		memmove(scan->bytes, scan->bytes + done, have - done);
		got = fill(fd, scan->bytes + have - done, done);
		if (got < 0)
			return err_errno(err, errno, TACIT_IO, "read it");
		have = have - done + (size_t)got;
		progress_tick(&scan->session->progress);
	}
	scan->last_line = UINT_MAX;
	return scan_piece(scan, kind, have, err);
}

static bool is_binary(const uint8_t *bytes, size_t length)
{
	return memchr(bytes, '\0', length < BINARY_BYTES ? length : BINARY_BYTES);
}

static bool is_seen(const struct env_scan *scan, const struct stat *status, enum scan_kind kind)
{
	for (size_t i = 0; i < scan->seen_count; i++) {
		const struct env_seen *seen = &scan->seen[i];

		if (seen->device == status->st_dev && seen->inode == status->st_ino &&
			seen->kind == kind)
			return true;
	}
	return false;
}

/* Of those that may be named by others. */
static void note_seen(struct env_scan *scan, const struct stat *status, enum scan_kind kind)
{
	if (kind != SCAN_ENV_FILE && kind != SCAN_COMPOSE)
		return;
	if (env_scan_grow(
		    (void **)&scan->seen, &scan->seen_room, scan->seen_count, sizeof *scan->seen))
		scan->seen[scan->seen_count++] =
			(struct env_seen){ status->st_dev, status->st_ino, kind };
}

/* A file that is nothing but secrets: it belongs into neither a repository nor an image. */
static bool is_for_secrets(const struct env_scan *scan, enum scan_kind kind, size_t length)
{
	static const char key[] = "-----BEGIN ";

	return scan->found_here &&
	       (kind == SCAN_ENV_FILE ||
		       (length > strlen(key) && !memcmp(scan->bytes, key, strlen(key))));
}

static void judge_place(struct env_scan *scan, const struct walk_file *file)
{
	if (file->in_git && (!file->ignored || env_scan_tracked(file->path)))
		env_scan_add(scan, SCAN_RULE_TRACKED, "");
	if (env_scan_in_context(scan, file->path))
		env_scan_add(scan, SCAN_RULE_CONTEXT, "");
}

/* One that is open, of which `have` bytes have been read. */
static int scan_file(struct env_scan *scan, const struct walk_file *file, enum scan_kind kind,
	size_t have, struct err *err)
{
	bool secret;
	int status;

	scan->path = file->path;
	scan->known = file->in_git;
	scan->first_line = 0;
	scan->last_line = UINT_MAX;
	scan->found_here = 0;
	scan->files++;
	note_seen(scan, &file->status, kind);
	if (kind == SCAN_COMPOSE)
		env_scan_refer(scan, file->path, (const char *)scan->bytes, have);
	status = have < PIECE_BYTES ? scan_piece(scan, kind, have, err)
				    : scan_long(scan, file->fd, kind, have, err);
	secret = !status && is_for_secrets(scan, kind, have);
	if (secret)
		judge_place(scan, file);
	scan->path = scan->known = NULL;
	return status;
}

/* As much as fits. Unless `all`, a file that is nothing in particular is not read to its end. */
static ssize_t read_first(
	struct env_scan *scan, const struct walk_file *file, bool all, enum scan_kind *kind)
{
	size_t size = file->status.st_size > 0 ? (size_t)file->status.st_size : 0;
	size_t room = size + 1 < PIECE_BYTES ? size + 1 : PIECE_BYTES;
	size_t head = room < HEAD_BYTES ? room : HEAD_BYTES;
	ssize_t got, more;

	if (!has_room(scan, room)) {
		errno = ENOMEM;
		return -1;
	}
	got = fill(file->fd, scan->bytes, head);
	if (got <= 0 || is_binary(scan->bytes, (size_t)got))
		return got < 0 ? got : 0;
	*kind = scan_kind_of(file->path, (const char *)scan->bytes, (size_t)got);
	if (*kind == SCAN_OTHER && !all)
		return 0;
	more = (size_t)got < head ? 0 : fill(file->fd, scan->bytes + got, room - head);
	return more < 0 ? more : got + more;
}

/* A file that is a secret, whatever is in it. */
static void take_secret(struct env_scan *scan, const struct walk_file *file)
{
	if (!file->status.st_size)
		return;
	scan->path = file->path;
	scan->known = file->in_git;
	env_scan_add(scan, SCAN_RULE_NAME, scan->again->secret);
	judge_place(scan, file);
	scan->path = scan->known = NULL;
}

static bool is_backup(const char *path)
{
	size_t length = strlen(path), end = strlen(BACKUP_END);

	return walk_is_below(path, BACKUP_FOLDER) && length > end &&
	       !strcmp(path + length - end, BACKUP_END);
}

/* A file as it was before its secrets were taken out. */
static void add_backup(struct env_scan *scan, const struct walk_file *file)
{
	if (!file->status.st_size)
		return;
	scan->path = file->path;
	scan->known = file->in_git;
	scan->why = "a file as it was before env import is kept here, in plaintext: 'tacit env "
		    "import --destroy-backup'";
	env_scan_add(scan, SCAN_RULE_NAME, "");
	scan->why = NULL;
	judge_place(scan, file);
	scan->path = scan->known = NULL;
}

static int take_file(void *arg, const struct walk_file *file, struct err *err)
{
	enum scan_kind kind = SCAN_OTHER;
	struct env_scan *scan = arg;
	bool all = !file->ignored || scan->session->invocation->values[OPTION_IGNORED];
	ssize_t got;

	if (scan->again && scan->again->secret) {
		take_secret(scan, file);
		return 0;
	}
	if (is_backup(file->path)) {
		add_backup(scan, file);
		all = true;
	}
	got = read_first(scan, file, all || scan->again, &kind);
	progress_tick(&scan->session->progress);
	if (got < 0) {
		struct err inner;

		err_errno(&inner, errno, TACIT_IO, "it cannot be read");
		trouble(scan, file->path, &inner);
	}
	if (got <= 0 || is_binary(scan->bytes, (size_t)got))
		return 0;
	/* What a compose file says that it is, it is, whatever it is called. */
	if (scan->again)
		kind = scan->again->kind;
	return is_seen(scan, &file->status, kind) ? 0
						  : scan_file(scan, file, kind, (size_t)got, err);
}

static struct walk walk_of(struct env_scan *scan)
{
	return (struct walk){ .ignored = scan->session->invocation->values[OPTION_IGNORED] != NULL,
		.always = BACKUP_FOLDER,
		.file = take_file,
		.trouble = trouble,
		.arg = scan };
}

int env_scan_tree(struct env_scan *scan, const char *path, struct err *err)
{
	const struct walk walk = walk_of(scan);
	int status = walk_path(&walk, path, err);

	return status < 0 ? err_wrap(err, "%.200s", path) : 0;
}

static bool is_file(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

int env_scan_references(struct env_scan *scan, struct err *err)
{
	const struct walk walk = walk_of(scan);
	int status = 0;

	/* Those that include others add them. */
	for (size_t i = 0; !status && i < scan->reference_count; i++) {
		struct env_reference reference = scan->references[i];

		scan->again = &reference;
		if (is_file(reference.path))
			status = walk_path(&walk, reference.path, err);
		scan->again = NULL;
	}
	return status;
}

int env_scan_text(
	struct env_scan *scan, const char *path, const void *text, size_t length, struct err *err)
{
	if (is_binary(text, length))
		return 0;
	scan->first_line = 0;
	scan->last_line = UINT_MAX;
	return scanner_text(scan->scanner, scan_kind_of(path, text, length), path, text, length,
		env_scan_found, scan, err);
}
