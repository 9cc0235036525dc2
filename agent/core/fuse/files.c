/* SPDX-License-Identifier: Apache-2.0 */
/* Open, read, release: the only way to a value. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "core/fuse/internal.h"

#define TOUCH_HANDLE UINT64_MAX /* what toucher has open: it reads nothing, and leaves nothing */

/* Whose handle it is, although it may have been opened through `self`. NULL: the model is empty. */
struct node *handle_consumer(const struct model *model, const struct handover_handle *handle)
{
	const struct grant *grant = model_grant_by_id(model, handle->grant_id);

	return grant ? node_consumer(grant->node) : NULL;
}

static uint64_t unique_of(const struct worker *worker)
{
	return ((const struct fuse_in_header *)worker->slot->request)->unique & ~UNIQUE_RESENT;
}

/* All that the OPEN at hand makes, so that a later core knows what it was. */
static void describe(const struct turn *turn, uint64_t ino, const struct opening *opening,
	struct handover_handle *contents)
{
	const struct grant *grant = node_grant(opening->file);

	*contents = (struct handover_handle){
		.unique = unique_of(turn->worker),
		.node = ino,
		.version = opening->blob->version.number,
		.reader = turn->reader.container,
		.size = grant_size(grant, opening->blob),
		.member = opening->member,
		.generation_opened = opening->generation,
		.process = opening->who.process,
		.process_start = opening->who.process_start,
		.session_since_ns = opening->choice.since_ns,
	};
	memcpy(contents->secret_id, grant->record.secret_id, sizeof contents->secret_id);
	memcpy(contents->grant_id, grant->record.id, sizeof contents->grant_id);
}

/* Take hold of what this reader is given now; `ino` is the node it was opened as. 0, or an errno
 * and nothing was made. */
static int open_granted(struct turn *turn, uint64_t ino, struct opening *opening)
{
	struct handles *handles = &turn->server->handles;
	struct node *consumer = node_consumer(opening->file);
	struct handover_handle contents;
	const uint8_t *plain;
	struct err err;
	int errnum;

	opening->handle = turn->worker->replaying
				  ? handle_of_request(handles, unique_of(turn->worker))
				  : NULL;
	errnum = member_begin(turn, opening);
	if (errnum || opening->handle)
		return errnum;
	describe(turn, ino, opening, &contents);
	opening->handle = handle_make(handles, consumer, &contents);
	if (!opening->handle)
		return EMFILE;
	blob_hold(turn->model, opening->blob);
	if (blob_plain(turn->model, *turn->server->parts.vault, opening->blob, &plain, &err) < 0) {
		blob_release(turn->model, opening->blob);
		handle_free(handles, consumer, opening->handle);
		return code_errno(err.code);
	}
	opening->made = true;
	return 0;
}

static void let_go(const struct turn *turn, struct handover_handle *handle)
{
	struct secret *secret = model_secret_by_id(turn->model, handle->secret_id);
	struct blob *blob = secret ? secret_blob(secret, handle->version) : NULL;

	if (blob && atomic_load(&handle->state) == HANDLE_OPEN)
		blob_release(turn->model, blob);
	handle_free(&turn->server->handles, handle_consumer(turn->model, handle), handle);
}

void files_drop_request(struct server *server, uint64_t unique)
{
	struct turn turn = { .server = server, .model = server->parts.model };
	struct handover_handle *handle = handle_of_request(&server->handles, unique);

	if (!handle)
		return;
	model_read_lock(turn.model);
	member_forget(server, handle);
	let_go(&turn, handle);
	turn_end(&turn);
}

/* An OPEN that waits: for the word of an engine, or until its read has been counted. When there is
 * no room to wait in, the answer is that. */
static bool waits(struct turn *turn, const struct node *file, struct policy_answer *answer)
{
	struct worker *worker = turn->worker;
	bool counts = !answer->errnum && node_grant(file)->record.reads;
	bool unknown = answer->rule == RULE_UNIDENTIFIED && answer->errnum &&
		       turn_standing(turn) == STANDING_PENDING;

	if (!counts && !unknown)
		return false;
	if (!worker->parked) {
		if (park_request(turn))
			return true;
		answer->errnum = EAGAIN;
		return false;
	}
	if (worker->last_call || (counts && atomic_load(&worker->parked->count) != COUNT_NONE))
		return false;
	worker->stays = true;
	if (counts)
		park_for_count(turn, node_grant(file));
	return true;
}

/* Who reads what is current, is what is asked about. */
static void note_read(struct turn *turn, const struct opening *opening)
{
	const struct node *file = opening->file;
	char user[VAULT_USER_MAX + 1];

	if (node_is_previous(file) || file->parent->generation)
		return;
	turn_user(turn, user);
	grant_note_read(turn->model, file->grant, user, opening->handle->version);
	if (turn->reader.kind == READER_CONTAINER)
		grant_note_version(
			turn->model, file->grant, turn->reader.id, opening->handle->version);
}

/* 0, or why not. */
static int open_for_reading(struct turn *turn, uint64_t ino, const struct policy_answer *answer,
	struct opening *opening)
{
	const struct node *file = opening->file;
	int errnum;

	if (answer->errnum)
		return answer->errnum;
	if (node_grant(file)->record.reads && !park_was_given(turn, node_grant(file)))
		return EACCES;
	errnum = open_granted(turn, ino, opening);
	if (!errnum)
		note_read(turn, opening);
	return errnum;
}

/* What an earlier core had opened for this request, and did not come to tell, is nobody's. */
static void deny(struct turn *turn, fuse_req_t req, int errnum)
{
	struct handover_handle *handle =
		turn->worker->replaying
			? handle_of_request(&turn->server->handles, unique_of(turn->worker))
			: NULL;

	if (fuse_reply_err(req, errnum) == 0 && handle) {
		member_forget(turn->server, handle);
		let_go(turn, handle);
	}
}

static void grant_open(struct turn *turn, fuse_req_t req, struct fuse_file_info *file,
	const struct opening *opening)
{
	file->direct_io = 1;
	file->fh = opening->handle ? handle_number(&turn->server->handles, opening->handle)
				   : TOUCH_HANDLE;
	/* Nobody waits for this answer: nobody will release what it opened. And the kernel may be
	 * about to send the request again: the read that was counted for it is kept. */
	if (fuse_reply_open(req, file) == -ENOENT) {
		turn->worker->stays = turn->worker->parked && !turn->worker->last_call;
		if (opening->made) {
			let_go(turn, opening->handle);
			return;
		}
	}
	member_note(turn, opening);
}

/* An earlier core answered it, and what it opened has been closed: to do it again would begin
 * something that its process has not asked for. */
static bool was_closed_again(const struct worker *worker)
{
	return worker->replaying &&
	       atomic_load(&worker->slot->opening) == (unique_of(worker) | SLOT_CLOSED_AGAIN);
}

/* Whoever has the OPEN of it in hand still, has answered it. */
static void say_closed(const struct server *server, const struct handover_handle *handle)
{
	struct handover *handover = server->parts.handover;

	for (unsigned int i = 0; i <= handover->threads; i++) {
		uint64_t unique = handle->unique;

		atomic_compare_exchange_strong(
			&handover->slots[i].opening, &unique, handle->unique | SLOT_CLOSED_AGAIN);
	}
}

/* Whether the OPEN at hand is not to be answered, or not yet. */
static bool passes_over(struct turn *turn)
{
	if (was_closed_again(turn->worker) || park_again(turn))
		return true;
	atomic_store(&turn->worker->slot->opening, unique_of(turn->worker));
	return false;
}

static void process_open(
	struct turn *turn, fuse_req_t req, uint64_t ino, struct fuse_file_info *file)
{
	const struct node *node = model_node(turn->model, ino);
	struct opening opening = { .file = turn_resolve(turn, node) };
	struct policy_answer answer =
		turn_judge(turn, turn->opens ? ACT_READ : ACT_TOUCH, ino, node);

	if (turn->opens && waits(turn, opening.file, &answer)) {
		fuse_reply_none(req);
		return;
	}
	turn->worker->refused = answer.rule == RULE_UNIDENTIFIED;
	turn->worker->rule = answer.rule;
	if (turn->opens)
		answer.errnum = open_for_reading(turn, ino, &answer, &opening);
	if (!answer.errnum)
		grant_open(turn, req, file, &opening);
	member_end(turn, &opening);
	if (answer.errnum)
		deny(turn, req, answer.errnum);
}

void on_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file)
{
	struct turn turn;

	turn_begin(&turn, req);
	turn.opens = (file->flags & (O_ACCMODE | O_TRUNC)) == O_RDONLY;
	if (passes_over(&turn))
		fuse_reply_none(req);
	else
		process_open(&turn, req, ino, file);
	turn_end(&turn);
}

/* The bytes of an open file. 0, or an errno. */
static int open_bytes(const struct turn *turn, struct handover_handle *handle,
	const uint8_t **bytes, struct blob **blob)
{
	const struct secret *secret = model_secret_by_id(turn->model, handle->secret_id);
	struct err err;

	*blob = secret ? secret_blob(secret, handle->version) : NULL;
	if (!*blob)
		return ESTALE;
	return blob_plain(turn->model, *turn->server->parts.vault, *blob, bytes, &err) < 0
		       ? code_errno(err.code)
		       : 0;
}

static int judge_read(struct turn *turn, uint64_t ino, const struct handover_handle *handle)
{
	const struct node *node = model_node(turn->model, ino), *file = turn_resolve(turn, node);
	struct policy_answer answer;

	if (!handle || handle->node != ino)
		return EBADF;
	answer = turn_judge_open(turn, ino, node, handle->reader);
	if (answer.errnum)
		return answer.errnum;
	if (!file)
		return ESTALE;
	/* Revoked and granted again is another grant; locked and unlocked again is another session.
	 */
	if (atomic_load(&handle->state) != HANDLE_OPEN ||
		memcmp(node_grant(file)->record.id, handle->grant_id, sizeof handle->grant_id))
		return ESTALE;
	return 0;
}

/* A READ that would fill the page cache, for a mapping, or since Linux 6.5 for sendfile(2) and
 * splice(2), is the one that names no owner. It is refused: all who have a file open share its
 * pages and its size, whatever version they opened, and a page would be plaintext that nobody
 * accounts for. Programs go on with read(2), as they do wherever sendfile is not to be had. */
static bool fills_cache(const struct worker *worker)
{
	const struct fuse_in_header *header = (const void *)worker->slot->request;
	const struct fuse_read_in *arguments = (const void *)(header + 1);

	return !(arguments->read_flags & FUSE_READ_LOCKOWNER);
}

/* The bytes asked for: of the value, and the newline that a grant adds after it. */
static void reply_bytes(fuse_req_t req, const struct handover_handle *handle,
	const struct blob *blob, const uint8_t *bytes, size_t size, off_t offset)
{
	struct iovec parts[2] = { { NULL, 0 }, { NULL, 0 } };
	static char newline[] = "\n";
	uint64_t at = (uint64_t)offset, length = blob->version.size;

	if (offset >= 0 && at < length) {
		parts[0].iov_base = (void *)(bytes + at);
		parts[0].iov_len = length - at < size ? length - at : size;
	}
	if (offset >= 0 && handle->size > length && at <= length && at + size > length)
		parts[1] = (struct iovec){ newline, 1 };
	fuse_reply_iov(req, parts, 2);
}

void on_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *file)
{
	struct handover_handle *handle;
	const uint8_t *bytes = NULL;
	struct blob *blob = NULL;
	struct turn turn;
	int errnum;

	turn_begin(&turn, req);
	handle = handle_find(&turn.server->handles, file->fh);
	errnum = judge_read(&turn, ino, handle);
	if (!errnum)
		errnum = open_bytes(&turn, handle, &bytes, &blob);
	if (!errnum && fills_cache(turn.worker))
		errnum = EINVAL;
	if (errnum)
		fuse_reply_err(req, errnum);
	else
		reply_bytes(req, handle, blob, bytes, size, offset);
	turn_end(&turn);
}

void on_write(fuse_req_t req, fuse_ino_t ino, const char *bytes, size_t size, off_t offset,
	struct fuse_file_info *file)
{
	(void)bytes;
	(void)offset;
	struct policy_answer answer;
	struct turn turn;

	turn_begin(&turn, req);
	answer = turn_judge(&turn, ACT_TOUCH, ino, model_node(turn.model, ino));
	if (answer.errnum || file->fh != TOUCH_HANDLE)
		fuse_reply_err(req, EROFS);
	else
		fuse_reply_write(req, size);
	turn_end(&turn);
}

void on_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file)
{
	struct handover_handle *handle;
	struct worker *worker = fuse_req_userdata(req);
	struct turn turn = {
		.server = worker->server, .worker = worker, .model = worker->server->parts.model
	};

	(void)ino;
	model_read_lock(turn.model);
	handle = handle_find(&turn.server->handles, file->fh);
	if (handle) {
		member_close(turn.server, handle);
		say_closed(turn.server, handle);
		let_go(&turn, handle);
	}
	fuse_reply_err(req, 0);
	turn_end(&turn);
}
