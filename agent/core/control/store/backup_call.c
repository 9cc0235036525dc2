/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs about a backup. While the agent is locked none can be made: nobody could check it, and one
 * that is not sound cannot be restored. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "core/control/store/store_place.h"

/* Whoever takes one asks for the next piece at once. After so long he is gone. */
#define IDLE_NS 30000000000ull

static void put_state(struct pack *doc, const struct backup_state *state)
{
	doc_open(doc, NULL, DOC_OBJECT);
	doc_number(doc, "done", state->done);
	doc_number(doc, "total", state->total);
	doc_number(doc, "size", state->size);
	doc_bool(doc, "whole", state->whole);
	doc_number(doc, "generation", state->generation);
	doc_close(doc);
}

static void end(struct core *core)
{
	backup_end(core->backup);
	core->backup = NULL;
}

static int check_begun(struct core *core, struct err *err)
{
	core->backup_asked_ns = clock_monotonic_ns();
	return core->backup ? 0 : err_set(err, TACIT_NOT_FOUND, "no backup is under way");
}

int call_store_backup(struct call *call, struct err *err)
{
	const struct backup_state nothing = { 0 };
	struct core *core = call->core;
	char dir[STORE_PATH_MAX];
	int status;

	if (core->backup && clock_monotonic_ns() - core->backup_asked_ns < IDLE_NS)
		return err_set(err, TACIT_BUSY,
			"a backup is being taken: try again when it is done, or, if whoever takes "
			"it has gone, in half a minute");
	end(core);
	core->backup_asked_ns = clock_monotonic_ns();
	store_path(core, STORE_BACKUP, dir);
	status = backup_begin(core->vault, dir, &core->backup, err);
	if (status == 0)
		put_state(&call->reply, &nothing);
	return status;
}

int call_store_backup_step(struct call *call, struct err *err)
{
	struct core *core = call->core;
	struct backup_state state;
	int status = check_begun(core, err);

	if (status < 0)
		return status;
	status = backup_step(core->backup, core->keys->root, &state, err);
	/* What it took on the disk may be what is missing there. */
	if (status < 0)
		end(core);
	else
		put_state(&call->reply, &state);
	return status;
}

int call_store_backup_read(struct call *call, struct err *err)
{
	_free_ uint8_t *bytes = malloc(TACIT_CHUNK_MAX);
	size_t length;
	int status =
		bytes ? check_begun(call->core, err) : err_set(err, TACIT_LIMIT, "out of memory");

	if (status == 0)
		status = backup_read(call->core->backup, call->request->offset, bytes,
			TACIT_CHUNK_MAX, &length, err);
	if (status == 0)
		pack_bytes(&call->reply, bytes, length);
	return status;
}

int call_store_backup_end(struct call *call, struct err *err)
{
	(void)err;
	end(call->core);
	doc_open(&call->reply, NULL, DOC_OBJECT);
	doc_bool(&call->reply, "ended", true);
	doc_close(&call->reply);
	return 0;
}
