/* SPDX-License-Identifier: Apache-2.0 */
/* A copy of the store, taken by the agent while it serves and fetched piece by piece. It is sealed
 * as the store is: no key is needed to take it, and one of its slots to use it. */
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "cli/output.h"
#include "cli/run.h"
#include "cli/size.h"

#define BACKUP_PATH TACIT_API_PREFIX "/store/backup"
#define BACKUP_MODE 0600
#define PAUSE_NS 20000000 /* while a copy that is busy elsewhere does not get on */

struct backup {
	struct session *session;
	struct output output;
	uint64_t generation, size;
};

static int copy(struct backup *backup, struct err *err)
{
	struct session *session = backup->session;
	uint64_t before = UINT64_MAX;
	bool whole = false;
	int status = 0;

	progress_phase(&session->progress, "copying", PROGRESS_PORTION);
	for (const char *path = BACKUP_PATH; !status && !whole; path = BACKUP_PATH "/step") {
		_json_ json_t *answer = NULL;
		uint64_t done;

		status = session_post(session, path, NULL, NULL, 0, &answer, err);
		done = member_number(answer, "done");
		whole = json_is_true(json_object_get(answer, "whole"));
		backup->size = member_number(answer, "size");
		backup->generation = member_number(answer, "generation");
		if (!status && !whole && done == before)
			nanosleep(&(struct timespec){ .tv_nsec = PAUSE_NS }, NULL);
		progress_set(&session->progress, done, member_number(answer, "total"));
		before = done;
	}
	return status;
}

static int fetch_piece(
	struct backup *backup, uint64_t offset, struct client_answer *piece, struct err *err)
{
	char path[CLIENT_PATH_MAX];

	snprintf(path, sizeof path, BACKUP_PATH "?offset=%" PRIu64, offset);
	return session_ask(backup->session,
		&(struct client_request){ .method = "GET", .path = path }, piece, err);
}

static int fetch(struct backup *backup, struct err *err)
{
	struct session *session = backup->session;
	uint64_t offset = 0;
	int status = 0;

	progress_phase(&session->progress, "writing", PROGRESS_BYTES);
	while (!status && offset < backup->size) {
		struct client_answer piece = { 0 };

		status = fetch_piece(backup, offset, &piece, err);
		if (!status && (!piece.length || piece.length > backup->size - offset))
			status = err_set(err, TACIT_INTERNAL,
				"the agent gave another number of bytes than it said");
		if (!status)
			status = output_write(&backup->output, piece.bytes, piece.length,
				&session->interrupt, err);
		offset += piece.length;
		client_answer_free(&piece);
		progress_set(&session->progress, offset, backup->size);
	}
	return status;
}

static int take(struct backup *backup, struct err *err)
{
	struct session *session = backup->session;
	int status;

	progress_start(&session->progress, "copying");
	status = copy(backup, err);
	if (!status)
		status = fetch(backup, err);
	if (!status)
		status = output_commit(&backup->output, err);
	progress_end(&session->progress);
	/* The agent's copy takes as much room as the store. */
	session_clean_up(session, BACKUP_PATH);
	return status;
}

static void show(const struct backup *backup)
{
	const struct session *session = backup->session;
	const char *file = backup->output.path;
	char size[SIZE_TEXT_MAX];
	_json_ json_t *answer = NULL;

	if (!file)
		return;
	answer = json_pack("{s:s?, s:I, s:I}", "file", file, "generation",
		(json_int_t)backup->generation, "size", (json_int_t)backup->size);
	size_format(backup->size, size);
	if (session->json)
		session_print_json(answer);
	else if (session->quiet)
		session_print_clean(file);
	else
		printf("backed up generation %" PRIu64 " (%s) to %s\n", backup->generation, size,
			file);
}

int store_backup(struct session *session, struct err *err)
{
	struct backup backup = { .session = session };
	int status = interrupt_hold(&session->interrupt, err);

	if (status < 0)
		return status;
	/* Who reads the pipe may go; that is an error like another. */
	signal(SIGPIPE, SIG_IGN);
	status = output_open(&backup.output, session->invocation->words[0], BACKUP_MODE, err);
	if (!status)
		status = take(&backup, err);
	output_drop(&backup.output);
	interrupt_release(&session->interrupt);
	if (!status)
		show(&backup);
	return status;
}
