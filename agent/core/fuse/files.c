/* SPDX-License-Identifier: Apache-2.0 */
/* Open, read, release: the only way to a value. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "core/fuse/internal.h"

#define TOUCH_HANDLE UINT64_MAX /* what toucher has open: it reads nothing, and leaves nothing */

static struct node *consumer_of(const struct model *model, uint64_t node)
{
	struct node *file = model_node(model, node);

	return file ? file->parent : NULL;
}

static uint64_t unique_of(const struct worker *worker)
{
	return ((const struct fuse_in_header *)worker->slot->request)->unique & ~UNIQUE_RESENT;
}

/* Take hold of the current version for this reader. 0, or an errno and nothing was made. */
static int open_current(const struct turn *turn, const struct node *node,
	struct handover_handle **handle, bool *made)
{
	const struct grant *grant = node->grant;
	struct blob *blob = secret_current(grant->secret);
	struct handover_handle contents = {
		.unique = unique_of(turn->worker),
		.node = node->id,
		.version = blob->version.number,
		.reader = turn->reader.container,
		.size = blob->version.size,
	};
	const uint8_t *plain;
	struct err err;

	memcpy(contents.secret_id, grant->record.secret_id, sizeof contents.secret_id);
	memcpy(contents.grant_id, grant->record.id, sizeof contents.grant_id);
	*handle = handle_make(
		&turn->server->handles, node->parent, &contents, turn->worker->replaying, made);
	if (!*handle)
		return EMFILE;
	if (!*made)
		return 0;
	blob_hold(turn->model, blob);
	if (blob_plain(turn->model, *turn->server->parts.vault, blob, &plain, &err) < 0) {
		blob_release(turn->model, blob);
		handle_free(&turn->server->handles, node->parent, *handle);
		return code_errno(err.code);
	}
	return 0;
}

static void let_go(const struct turn *turn, struct handover_handle *handle)
{
	struct secret *secret = model_secret_by_id(turn->model, handle->secret_id);
	struct blob *blob = secret ? secret_blob(secret, handle->version) : NULL;

	if (blob && atomic_load(&handle->state) == HANDLE_OPEN)
		blob_release(turn->model, blob);
	handle_free(&turn->server->handles, consumer_of(turn->model, handle->node), handle);
}

void on_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file)
{
	bool reads = (file->flags & (O_ACCMODE | O_TRUNC)) == O_RDONLY, made = false;
	struct handover_handle *handle = NULL;
	struct policy_answer answer;
	struct node *node;
	struct turn turn;

	turn_begin(&turn, req);
	node = model_node(turn.model, ino);
	answer = turn_judge(&turn, reads ? ACT_READ : ACT_TOUCH, ino, node);
	if (!answer.errnum && reads)
		answer.errnum = open_current(&turn, node, &handle, &made);
	if (answer.errnum) {
		fuse_reply_err(req, answer.errnum);
	} else {
		file->direct_io = 1;
		file->fh = handle ? handle_number(&turn.server->handles, handle) : TOUCH_HANDLE;
		/* Nobody waits for this answer: nobody will release what it opened. */
		if (fuse_reply_open(req, file) == -ENOENT && made)
			let_go(&turn, handle);
	}
	turn_end(&turn);
}

/* The bytes of an open file. 0, or an errno. */
static int open_bytes(const struct turn *turn, struct handover_handle *handle,
	const uint8_t **bytes, struct secret **secret)
{
	struct blob *blob;
	struct err err;

	*secret = model_secret_by_id(turn->model, handle->secret_id);
	blob = *secret ? secret_blob(*secret, handle->version) : NULL;
	if (!blob)
		return ESTALE;
	return blob_plain(turn->model, *turn->server->parts.vault, blob, bytes, &err) < 0
		       ? code_errno(err.code)
		       : 0;
}

static int judge_read(const struct turn *turn, uint64_t ino, const struct handover_handle *handle)
{
	const struct node *node = model_node(turn->model, ino);
	struct policy_answer answer;

	if (!handle || handle->node != ino)
		return EBADF;
	answer = turn_judge_open(turn, ino, node, handle->reader);
	if (answer.errnum)
		return answer.errnum;
	/* Revoked and granted again is another grant; locked and unlocked again is another session.
	 */
	if (atomic_load(&handle->state) != HANDLE_OPEN ||
		memcmp(node->grant->record.id, handle->grant_id, sizeof handle->grant_id))
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

void on_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *file)
{
	struct handover_handle *handle;
	const uint8_t *bytes = NULL;
	struct secret *secret = NULL;
	struct turn turn;
	int errnum;

	turn_begin(&turn, req);
	handle = handle_find(&turn.server->handles, file->fh);
	errnum = judge_read(&turn, ino, handle);
	if (!errnum)
		errnum = open_bytes(&turn, handle, &bytes, &secret);
	if (!errnum && fills_cache(turn.worker))
		errnum = EINVAL;
	if (errnum)
		fuse_reply_err(req, errnum);
	else if (offset < 0 || (uint64_t)offset >= handle->size)
		fuse_reply_buf(req, NULL, 0);
	else
		fuse_reply_buf(req, (const char *)bytes + offset,
			handle->size - (uint64_t)offset < size ? handle->size - (size_t)offset
							       : size);
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
	if (handle)
		let_go(&turn, handle);
	fuse_reply_err(req, 0);
	turn_end(&turn);
}
