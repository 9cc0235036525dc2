/* SPDX-License-Identifier: Apache-2.0 */
/* A backup, given to the agent piece by piece; it goes on with it as the store when the whole of it
 * is there, is sound, and something opens it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/opener.h"
#include "cli/run.h"

#define RESTORE_PATH TACIT_API_PREFIX "/store/restore"

struct restore {
	struct session *session;
	int fd;
	uint64_t size;  /* of a file; 0: it is not known */
	uint8_t *piece; /* TACIT_CHUNK_MAX */
};

static int open_input(struct restore *restore, int *opened, struct err *err)
{
	const char *path = restore->session->invocation->words[0];
	struct stat status;

	restore->fd = STDIN_FILENO;
	if (strcmp(path, "-")) {
		*opened = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (*opened < 0)
			return err_errno(err, errno, TACIT_INVALID, "%.200s", path);
		restore->fd = *opened;
	}
	if (!fstat(restore->fd, &status) && S_ISREG(status.st_mode))
		restore->size = (uint64_t)status.st_size;
	return 0;
}

/* As much as a request takes, or what there is to the end. */
static int read_piece(struct restore *restore, size_t *length, struct err *err)
{
	for (*length = 0; *length < TACIT_CHUNK_MAX;) {
		ssize_t got;
		int status = interrupt_wait(&restore->session->interrupt, restore->fd, POLLIN, err);

		if (status < 0)
			return status;
		got = read(restore->fd, restore->piece + *length, TACIT_CHUNK_MAX - *length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(err, errno, TACIT_INVALID, "read the backup");
		if (!got)
			break;
		*length += (size_t)got;
	}
	return 0;
}

static int send_piece(struct restore *restore, uint64_t offset, size_t length, struct err *err)
{
	_json_ json_t *answer = NULL;
	char path[CLIENT_PATH_MAX];

	snprintf(path, sizeof path, RESTORE_PATH "/write?offset=%" PRIu64, offset);
	return session_post(
		restore->session, path, TACIT_VALUE_TYPE, restore->piece, length, &answer, err);
}

static int send_all(struct restore *restore, struct err *err)
{
	struct progress *progress = &restore->session->progress;
	uint64_t offset = 0;
	size_t length;
	int status;

	progress_phase(progress, "reading", PROGRESS_BYTES);
	do {
		status = read_piece(restore, &length, err);
		if (!status && length)
			status = send_piece(restore, offset, length, err);
		offset += length;
		progress_set(progress, offset, restore->size);
	} while (!status && length == TACIT_CHUNK_MAX);
	if (!status && !offset)
		return err_set(err, TACIT_INVALID, "the backup is empty; nothing was changed");
	return status;
}

/* The agent checks all of it before the store is replaced. */
static int finish(
	struct restore *restore, const struct opener *opener, json_t **answer, struct err *err)
{
	struct session *session = restore->session;
	char path[CLIENT_PATH_MAX] = RESTORE_PATH "/end";
	int status = 0;

	progress_phase(&session->progress, "checking it", PROGRESS_WHEEL);
	if (session->invocation->values[OPTION_FORCE])
		status = client_query(path, "force", "1", err);
	if (!status)
		status = opener_send(session, path, "restore", opener, NULL, answer, err);
	if (status < 0) {
		report_hint(err, TACIT_EXISTS,
			"nothing was changed; '--force' puts the backup in its place");
		report_hint(err, TACIT_WRONG_KEY,
			"nothing was changed; open it with --recovery, --passphrase or --key-file "
			"FILE");
		report_hint(err, TACIT_NOT_FOUND,
			"nothing was changed; open it with --recovery, --passphrase or --key-file "
			"FILE");
		report_hint(err, TACIT_CORRUPT, "nothing was changed");
	}
	return status;
}

static int give(
	struct restore *restore, const struct opener *opener, json_t **answer, struct err *err)
{
	struct session *session = restore->session;
	_json_ json_t *begun = NULL;
	int status;

	progress_start(&session->progress, "reading");
	status = session_post(session, RESTORE_PATH, NULL, NULL, 0, &begun, err);
	if (!status)
		status = send_all(restore, err);
	if (!status)
		status = finish(restore, opener, answer, err);
	progress_end(&session->progress);
	if (status < 0)
		session_clean_up(session, RESTORE_PATH);
	return status;
}

/* What was given opens it now; what the agent has by itself may not. */
static void show(const struct session *session, const json_t *answer, bool given)
{
	const char *replaced = member_text(answer, "replaced");

	if (session->json) {
		session_print_json(answer);
		return;
	}
	if (session->quiet) {
		session_print_clean(member_text(answer, "store"));
		return;
	}
	printf("restored generation %llu as %s\n", member_number(answer, "generation"),
		member_text(answer, "store"));
	if (*replaced)
		printf("the store that was there is kept as %s\n", replaced);
	if (given)
		puts("'tacit key ls' says what opens it; 'tacit key add' lets this machine do so "
		     "by itself");
}

static int restore_from(
	struct session *session, const struct opener *opener, json_t **answer, struct err *err)
{
	_free_ uint8_t *piece = malloc(TACIT_CHUNK_MAX);
	struct restore restore = { .session = session, .piece = piece };
	_close_ int opened = -1;
	int status = open_input(&restore, &opened, err);

	if (!piece)
		return err_set(err, TACIT_INTERNAL, "no memory for a piece of a backup");
	if (!status)
		status = interrupt_hold(&session->interrupt, err);
	if (!status)
		status = give(&restore, opener, answer, err);
	interrupt_release(&session->interrupt);
	return status;
}

int store_restore(struct session *session, struct err *err)
{
	const struct invocation *invocation = session->invocation;
	const char *word = invocation->count > 1 ? invocation->words[1] : NULL;
	const char *key_file = invocation->values[OPTION_KEY_FILE];
	_json_ json_t *answer = NULL;
	struct opener opener;
	int status;

	if (!strcmp(invocation->words[0], "-") && (word || (key_file && !strcmp(key_file, "-"))))
		return err_set(err, TACIT_INVALID,
			"standard input is the backup or the key, not both; give the backup as a "
			"FILE");
	status = opener_known(session, word, &opener, err);
	if (status < 0)
		return status;
	status = restore_from(session, &opener, &answer, err);
	opener_free(&opener);
	if (!status)
		show(session, answer, opener.kind);
	return status;
}
