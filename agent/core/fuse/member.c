/* SPDX-License-Identifier: Apache-2.0 */
/* What an OPEN is given: of a file alone what that shows now, of a file in a folder the version
 * that belongs to what its process has opened beside it.
 *
 * An OPEN chooses, makes its handle, is answered, and is noted. A core that dies in between leaves
 * a handle that says all of it: the next core notes it before it answers anybody, and gives the
 * same again to the same request. */
#include <errno.h>

#include "base/clock.h"
#include "core/fuse/internal.h"

/* Whose member it is, and of what process's session; `process` 0: of none. */
static void find_member(const struct node *folder, const struct secret *secret, uint64_t reader,
	struct session_member *who)
{
	*who = (struct session_member){ .folder = folder->id,
		.reader = reader,
		.bundle_id = secret->bundle->record.id,
		.member = secret->member };
}

/* Under the mutex of sessions. */
static int choose(struct turn *turn, struct opening *opening, const struct bundle *bundle)
{
	uint64_t newest = bundle_current(bundle)->number;

	if (!session_choose(&turn->server->sessions, &opening->who, newest, clock_monotonic_ns(),
		    &opening->choice))
		return EAGAIN;
	opening->generation = opening->choice.generation;
	opening->blob = node_blob_of(turn->model, opening->file, opening->generation);
	if (opening->blob)
		return 0;
	/* It began when this was no member. But rather nothing than what does not belong together.
	 */
	return bundle_generation(bundle, opening->generation) ? ENOENT : EAGAIN;
}

int member_begin(struct turn *turn, struct opening *opening)
{
	const struct node *folder = opening->file->parent;
	const struct secret *secret = node_grant(opening->file)->secret;
	struct session_member *who = &opening->who;

	opening->blob = node_blob(turn->model, opening->file);
	if (node_level(folder->id) != LEVEL_FOLDER || !secret || !secret->bundle)
		return opening->blob ? 0 : ENOENT;
	opening->member = secret->member;
	opening->generation = folder->generation;
	if (folder->generation)
		return opening->blob ? 0 : ENOENT;
	find_member(folder, secret, turn->reader.container, who);
	if (!opening->handle &&
		!identity_process(turn->who->pid, &who->process, &who->process_start))
		return EAGAIN;
	pthread_mutex_lock(&turn->server->sessions.mutex);
	opening->in_session = true;
	if (!opening->handle)
		return choose(turn, opening, secret->bundle);
	who->process = opening->handle->process;
	who->process_start = opening->handle->process_start;
	opening->choice = (struct session_choice){ opening->handle->generation_opened,
		opening->handle->session_since_ns };
	return 0;
}

void member_note(struct turn *turn, const struct opening *opening)
{
	if (opening->in_session)
		session_note(&turn->server->sessions, &opening->who, &opening->choice,
			clock_monotonic_ns());
}

void member_end(struct turn *turn, const struct opening *opening)
{
	if (opening->in_session)
		pthread_mutex_unlock(&turn->server->sessions.mutex);
}

/* The session that an open file belongs to. False: none that can still be. */
static bool find_session(
	struct server *server, const struct handover_handle *handle, struct session_member *who)
{
	const struct model *model = server->parts.model;
	const struct grant *grant = model_grant_by_id(model, handle->grant_id);
	const struct secret *secret = model_secret_by_id(model, handle->secret_id);

	if (!handle->process || !grant || !secret || !secret->bundle)
		return false;
	find_member(grant->node->parent, secret, handle->reader, who);
	who->process = handle->process;
	who->process_start = handle->process_start;
	return true;
}

void member_resume(struct server *server, const struct handover_handle *handle)
{
	struct session_choice choice = { handle->generation_opened, handle->session_since_ns };
	struct session_member who;

	if (find_session(server, handle, &who))
		session_note(&server->sessions, &who, &choice, clock_monotonic_ns());
}

void member_close(struct server *server, const struct handover_handle *handle)
{
	if (!handle->process)
		return;
	pthread_mutex_lock(&server->sessions.mutex);
	member_resume(server, handle);
	pthread_mutex_unlock(&server->sessions.mutex);
}

void member_forget(struct server *server, const struct handover_handle *handle)
{
	struct session_member who;

	if (!find_session(server, handle, &who))
		return;
	pthread_mutex_lock(&server->sessions.mutex);
	session_forget(&server->sessions, &who, handle->session_since_ns);
	pthread_mutex_unlock(&server->sessions.mutex);
}

bool server_generation_is_read(
	struct server *server, const struct bundle *bundle, uint64_t generation)
{
	bool reads;

	pthread_mutex_lock(&server->sessions.mutex);
	reads = session_reads(
		&server->sessions, bundle->record.id, generation, clock_monotonic_ns());
	pthread_mutex_unlock(&server->sessions.mutex);
	return reads || handles_generation_is_open(&server->handles, &bundle->record, generation);
}
