/* SPDX-License-Identifier: Apache-2.0 */
/* A desk whose store somebody else writes to. Included once per test program. */
#ifndef TACIT_TEST_CONTROL_DAMAGED_H
#define TACIT_TEST_CONTROL_DAMAGED_H

#include "desk.h"

#include "../store/tamper.h"

/* The record's row, or the value's of its current version. */
static inline const uint8_t *record_of(const struct desk *desk, const char *secret)
{
	return desk_secret(desk, secret)->record.id;
}

static inline const uint8_t *value_of(const struct desk *desk, const char *secret)
{
	return secret_current(desk_secret(desk, secret))->version.value_id;
}

/* A statement of a stranger's, and a core that is started upon what it left. */
static inline void damage(struct desk *desk, const char *sql, const uint8_t *id)
{
	uint8_t copy[SEAL_ID_BYTES];

	if (id)
		memcpy(copy, id, sizeof copy);
	desk->rig->store.vault = desk->core.vault;
	alter(&desk->rig->store, sql, id ? copy : NULL);
	give_key_again(&desk->rig->store);
	memcpy(desk->keys.root, desk->rig->store.root, sizeof desk->keys.root);
	desk->keys.root_present = 1;
	desk_restart(desk);
	desk->rig->vault = desk->core.vault;
}

/* What an OPEN of a file of DESK_WEB's gets, FILE or FOLDER/FILE: 0, or an errno. */
static inline int open_file(struct desk *desk, const char *file)
{
	const struct node *node =
		node_granted(desk->core.model, model_consumer(desk->core.model, DESK_WEB), file);
	struct reply *reply = calloc(1, sizeof *reply);
	struct rig *rig = desk->rig;
	uint64_t id;
	int errnum;

	assert_non_null(reply);
	assert_non_null(node);
	id = node->id;
	if (!rig->running)
		rig_run_core(rig);
	errnum = rig_open(rig, rig_by(rig->web, 1000, id), FUSE_OPEN, O_RDONLY, reply);
	if (!errnum)
		rig_release(rig, rig_by(rig->web, 1000, id), reply->body.open.fh, reply);
	free(reply);
	return errnum;
}

#define DELETE_VALUE "DELETE FROM value WHERE id = ?1"
#define DELETE_RECORD "DELETE FROM record WHERE id = ?1"
#define SPOIL_VALUE "UPDATE value SET bytes = zeroblob(length(bytes)) WHERE id = ?1"
#define SPOIL_RECORD "UPDATE record SET bytes = zeroblob(length(bytes)) WHERE id = ?1"

#endif
