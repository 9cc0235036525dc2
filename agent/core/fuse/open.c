/* SPDX-License-Identifier: Apache-2.0 */
/* OPEN: what is given, to whom, and when. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "core/fuse/record.h"

/* All that the OPEN at hand makes, so that a later core knows what it was. */
static void describe(const struct turn *turn, uint64_t ino, const struct opening *opening,
	struct handover_handle *contents)
{
	const struct grant *grant = node_grant(opening->file);

	*contents = (struct handover_handle){
		.unique = record_unique(turn->worker),
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

/* What the request at hand has made, in another core or before it was parked. */
static struct handover_handle *find_made(const struct turn *turn)
{
	struct handover_handle *handle =
		turn->worker->replaying
			? handle_of_request(&turn->server->handles, record_unique(turn->worker))
			: NULL;

	if (!handle || atomic_load(&handle->state) == HANDLE_OPEN)
		return handle;
	/* Revoked or locked, and perhaps granted anew since. */
	files_let_go(turn, handle);
	return NULL;
}

/* Take hold of what this reader is given now; `ino` is the node it was opened as. 0, or an errno
 * and nothing was made. */
static int open_granted(struct turn *turn, uint64_t ino, struct opening *opening)
{
	struct handover_handle contents;
	int errnum;

	opening->handle = find_made(turn);
	errnum = member_begin(turn, opening);
	if (errnum || opening->handle)
		return errnum;
	describe(turn, ino, opening, &contents);
	opening->handle =
		handle_make(&turn->server->handles, node_consumer(opening->file), &contents);
	if (!opening->handle)
		return EMFILE;
	blob_hold(turn->model, opening->blob);
	opening->made = true;
	return 0;
}

/* Its plaintext. 0, or an errno and the handle is gone. */
static int unseal(struct turn *turn, struct opening *opening)
{
	const struct secret *secret = model_secret_by_id(turn->model, opening->handle->secret_id);
	struct blob *blob = secret ? secret_blob(secret, opening->handle->version) : NULL;
	const uint8_t *plain;
	struct err err;
	int errnum = ESTALE;

	if (blob && blob_plain(turn->model, *turn->server->parts.vault, blob, &plain, &err) == 0)
		return 0;
	if (blob)
		errnum = code_errno(err.code);
	files_let_go(turn, opening->handle);
	return errnum;
}

/* An OPEN that waits: for the word of an engine, until its read has been counted, or until the
 * audit log has it (record.c). When there is no room to wait in, the answer is that. */
static bool waits(struct turn *turn, const struct node *file, struct policy_answer *answer)
{
	struct worker *worker = turn->worker;
	bool counts = !answer->errnum && node_grant(file)->record.reads;
	bool unknown = answer->rule == RULE_UNIDENTIFIED && answer->errnum &&
		       turn_standing(turn) == STANDING_PENDING;

	bool audits = !answer->errnum && turn->server->parts.audit.required;

	if (!worker->parked && (counts || unknown || audits)) {
		if (park_request(turn))
			return true;
		answer->errnum = EAGAIN;
		return false;
	}
	if (!counts && !unknown)
		return false;
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

	if (answer->errnum)
		return answer->errnum;
	if (node_grant(file)->record.reads && !park_was_given(turn, node_grant(file)))
		return EACCES;
	return open_granted(turn, ino, opening);
}

/* The rule allows it; why it is denied all the same, when that is not its errno's to say. */
static const char *late_word(
	const struct turn *turn, const struct node *file, const struct policy_answer *answer)
{
	const struct grant *grant;

	if (answer->rule != RULE_CONSUMER || answer->errnum != EACCES)
		return NULL;
	grant = node_grant(file);
	return grant->record.reads && !park_was_given(turn, grant) ? "uncounted" : "audit";
}

/* What an earlier core had opened for this request, and did not come to tell, is nobody's. */
static void deny(struct turn *turn, fuse_req_t req, uint64_t ino, const struct opening *opening,
	const struct policy_answer *answer)
{
	struct handover_handle *handle =
		turn->worker->replaying
			? handle_of_request(&turn->server->handles, record_unique(turn->worker))
			: NULL;
	const struct denial denial = { ino, model_node(turn->model, ino), answer->rule,
		answer->errnum, late_word(turn, opening->file, answer) };

	record_denial(turn, DENIED_OPEN, &denial);
	if (fuse_reply_err(req, answer->errnum) == 0 && handle) {
		member_forget(turn->server, handle);
		files_let_go(turn, handle);
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
			files_let_go(turn, opening->handle);
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
	       atomic_load(&worker->slot->opening) == (record_unique(worker) | SLOT_CLOSED_AGAIN);
}

/* Whether the OPEN at hand is not to be answered, or not yet. */
static bool passes_over(struct turn *turn)
{
	if (was_closed_again(turn->worker) || park_again(turn))
		return true;
	atomic_store(&turn->worker->slot->opening, record_unique(turn->worker));
	return false;
}

/* Put down what is about to be given, and have it at hand. 0; or why not: `stays` when it is not
 * yet. What a parked one was recorded to be given it keeps, so that there is one record of it; but
 * for a member of a bundle, which must belong to what its process opens meanwhile. */
static int have_given(struct turn *turn, struct opening *opening)
{
	bool waits_first = turn->worker->parked && turn->server->parts.audit.required;
	int errnum = opening->made && !waits_first ? unseal(turn, opening) : 0;
	enum recorded recorded;

	if (errnum)
		return errnum;
	recorded = record_read(turn, opening);
	if (recorded == RECORDED && waits_first)
		errnum = unseal(turn, opening);
	if (recorded == RECORDED && !errnum)
		note_read(turn, opening);
	if (recorded == RECORD_AWAITED && opening->made && opening->in_session)
		files_let_go(turn, opening->handle);
	turn->worker->stays = recorded == RECORD_AWAITED;
	return recorded == RECORDED ? errnum : EACCES;
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
	if (opening.made && park_was_closed(turn)) {
		files_let_go(turn, opening.handle);
		member_end(turn, &opening);
		fuse_reply_none(req);
		return;
	}
	if (turn->opens && !answer.errnum)
		answer.errnum = have_given(turn, &opening);
	if (!answer.errnum)
		grant_open(turn, req, file, &opening);
	member_end(turn, &opening);
	if (answer.errnum && turn->worker->stays)
		fuse_reply_none(req);
	else if (answer.errnum)
		deny(turn, req, ino, &opening, &answer);
}

void on_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file)
{
	struct turn turn;

	turn_begin(&turn, req);
	turn.opens = (file->flags & (O_ACCMODE | O_TRUNC)) == O_RDONLY;
	if (node_level(ino) == LEVEL_PROGRAM)
		program_open(&turn, req, ino, file);
	else if (passes_over(&turn))
		fuse_reply_none(req);
	else
		process_open(&turn, req, ino, file);
	turn_end(&turn);
}
