/* SPDX-License-Identifier: Apache-2.0 */
/* Read and release what is open (open.c). */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "core/fuse/record.h"

/* Whose handle it is, although it may have been opened through `self`. NULL: the model is empty. */
struct node *handle_consumer(const struct model *model, const struct handover_handle *handle)
{
	const struct grant *grant = model_grant_by_id(model, handle->grant_id);

	return grant ? node_consumer(grant->node) : NULL;
}

void files_let_go(const struct turn *turn, struct handover_handle *handle)
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
	files_let_go(&turn, handle);
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

static struct policy_answer judge_read(
	struct turn *turn, uint64_t ino, const struct handover_handle *handle)
{
	const struct node *node = model_node(turn->model, ino), *file = turn_resolve(turn, node);
	struct policy_answer answer = { RULE_NOT_GRANTED, EBADF };

	if (!handle || handle->node != ino)
		return answer;
	answer = turn_judge_open(turn, ino, node, handle->reader);
	/* Revoked and granted again is another grant; locked and unlocked again is another session.
	 */
	if (!answer.errnum && (!file || atomic_load(&handle->state) != HANDLE_OPEN ||
				      memcmp(node_grant(file)->record.id, handle->grant_id,
					      sizeof handle->grant_id)))
		return (struct policy_answer){ RULE_NOT_GRANTED, ESTALE };
	return answer;
}

static void deny_read(
	struct turn *turn, fuse_req_t req, uint64_t ino, const struct policy_answer *answer)
{
	const struct denial denial = { ino, model_node(turn->model, ino), answer->rule,
		answer->errnum, NULL };

	record_denial(turn, DENIED_READ, &denial);
	fuse_reply_err(req, answer->errnum);
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
	struct policy_answer answer;
	const uint8_t *bytes = NULL;
	struct blob *blob = NULL;
	struct turn turn;

	if (node_level(ino) == LEVEL_PROGRAM) {
		program_read(req, size, offset);
		return;
	}
	turn_begin(&turn, req);
	handle = handle_find(&turn.server->handles, file->fh);
	answer = judge_read(&turn, ino, handle);
	if (!answer.errnum)
		answer.errnum = open_bytes(&turn, handle, &bytes, &blob);
	if (answer.errnum)
		deny_read(&turn, req, ino, &answer);
	else if (fills_cache(turn.worker))
		fuse_reply_err(req, EINVAL);
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
		park_closed(turn.server, handle->unique);
		files_let_go(&turn, handle);
	}
	fuse_reply_err(req, 0);
	turn_end(&turn);
}
