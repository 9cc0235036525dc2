/* SPDX-License-Identifier: Apache-2.0 */
/* A store beside its anchor: refused when it is behind, and the anchor taken along when it is
 * ahead. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "core/store/integrity_state.h"

#define NEXT_SUFFIX ".next"
#define NEXT_PATH_MAX ANCHOR_PATH_MAX
#define PATH_MAX_ ((int)(NEXT_PATH_MAX - sizeof NEXT_SUFFIX))

int vault_set_anchor(
	struct vault *vault, const char *path, enum vault_anchoring how, struct err *err)
{
	char *copy = NULL;

	if (vault->ring)
		return err_set(err, TACIT_INVALID, "the store has its key already");
	if (path && (path[0] != '/' || strlen(path) > (size_t)PATH_MAX_))
		return err_set(err, TACIT_INVALID,
			"the anchor's path begins with / and has at most %d bytes", PATH_MAX_);
	if (path && !(copy = strdup(path)))
		return err_set(err, TACIT_LIMIT, "out of memory");
	free(vault->anchor_path);
	vault->anchor_path = copy;
	vault->anchor_replaced = how == VAULT_ANCHOR_REPLACE;
	return 0;
}

/* Its failing is no failure of the commit before it, which is durable: the store is ahead now, and
 * that is what an anchor allows. */
void integrity_write_anchor(struct vault *vault)
{
	struct integrity *integrity = vault->integrity;
	struct anchor anchor = { .key_id = integrity->root.key_id,
		.generation = integrity->root.generation };
	struct err err;

	if (!vault->anchor_path)
		return;
	memcpy(anchor.root, integrity->root.mac, SETMAC_BYTES);
	integrity->anchor_behind =
		anchor_write(vault->anchor_path, &anchor, vault->ring, vault->store_id, &err) < 0;
	if (integrity->anchor_behind) {
		log_warning("the store's anchor is behind: %s", err.text);
		return;
	}
	vault->anchor_replaced = false;
	integrity->unanchored = false;
}

int integrity_need_anchor(struct vault *vault, struct err *err)
{
	if (vault->integrity->unanchored)
		integrity_write_anchor(vault);
	if (!vault->integrity->unanchored)
		return 0;
	return err_set(err, TACIT_IO,
		"the store's anchor cannot be written, and without one the store would be refused "
		"at its next opening: see the agent's log, and make room for %s",
		vault->anchor_path);
}

static int compare(const struct integrity_root *root, const struct anchor *anchor, struct err *err)
{
	if (root->generation < anchor->generation)
		return err_set(err, TACIT_STALE,
			"the store is of generation %llu and its anchor of %llu: an older copy of "
			"the store was put back. Put the newest one back, or go on with this one: "
			"'tacit store accept --rollback'",
			(unsigned long long)root->generation,
			(unsigned long long)anchor->generation);
	if (root->generation == anchor->generation && !setmac_equal(root->mac, anchor->root))
		return err_set(err, TACIT_STALE,
			"the store and its anchor are both of generation %llu and differ: another "
			"copy of the store was written to. Put the right one back, or go on with "
			"this one: 'tacit store accept --rollback'",
			(unsigned long long)root->generation);
	return 0;
}

static int refuse_missing(const struct integrity *integrity, struct err *err)
{
	if (!integrity->root.generation && !integrity->damage_count)
		return 0;
	return err_set(err, TACIT_STALE,
		"the store's anchor is missing: that this is the newest copy of the store cannot "
		"be told. Put the anchor back, or go on with the store as it is: 'tacit store "
		"accept --rollback'");
}

/* What the anchor says of the store; `read` is how its reading ended. */
static int judge(const struct integrity *integrity, int read, const struct anchor *anchor,
	const struct err *found, struct err *err)
{
	if (read == -TACIT_NOT_FOUND)
		return refuse_missing(integrity, err);
	if (read < 0)
		return err_set(err,
			read == -TACIT_IO || read == -TACIT_NEWER ? found->code : TACIT_STALE,
			"the store's anchor: %s. Put the right one back, or go on with the store "
			"as "
			"it is: 'tacit store accept --rollback'",
			found->text);
	/* Without a root there is no generation to compare, and no row is served. */
	return integrity->rootless ? 0 : compare(&integrity->root, anchor, err);
}

static void next_path(const char *path, char next[NEXT_PATH_MAX])
{
	snprintf(next, NEXT_PATH_MAX, "%s" NEXT_SUFFIX, path);
}

/* A store that its anchor refuses, as `err` says: was it announced that this one, as it is, takes
 * the place of another? */
static int ask_announced(struct vault *vault, struct err *err)
{
	const struct integrity_root *root = &vault->integrity->root;
	struct anchor next = { 0 };
	char path[NEXT_PATH_MAX];
	struct err why;
	int read;

	next_path(vault->anchor_path, path);
	read = anchor_read(path, vault->ring, vault->store_id, &next, &why);
	if (read == -TACIT_IO)
		return err_set(err, why.code, "the store's anchor: %s", why.text);
	if (read < 0 || vault->integrity->rootless || next.generation != root->generation ||
		!setmac_equal(next.root, root->mac))
		return -TACIT_STALE;
	vault->anchor_replaced = true;
	return 0;
}

int vault_announce(const struct vault *copy, const char *path, struct err *err)
{
	const struct integrity *integrity = copy->integrity;
	struct anchor anchor = { 0 };
	char next[NEXT_PATH_MAX];

	if (!integrity)
		return err_set(err, TACIT_LOCKED, "the store is locked");
	anchor.key_id = integrity->root.key_id;
	anchor.generation = integrity->root.generation;
	memcpy(anchor.root, integrity->root.mac, SETMAC_BYTES);
	next_path(path, next);
	return anchor_write(next, &anchor, copy->ring, copy->store_id, err);
}

/* A generation that was found may be one whose commit failed at the disk, and that is in the
 * machine's memory alone: it is made durable before it is spoken of. */
static void settle_anchor(struct vault *vault)
{
	struct err err;

	if (!vault->engine->checkpoint(vault->store, &err)) {
		integrity_write_anchor(vault);
		return;
	}
	vault->integrity->anchor_behind = true;
	log_warning("the store's anchor is behind: %s", err.text);
}

int integrity_check_anchor(struct vault *vault, struct err *err)
{
	struct integrity *integrity = vault->integrity;
	struct anchor anchor = { 0 };
	char next[NEXT_PATH_MAX];
	struct err found;
	int result, read;

	if (!vault->anchor_path)
		return 0;
	read = anchor_read(vault->anchor_path, vault->ring, vault->store_id, &anchor, &found);
	result = vault->anchor_replaced ? 0 : judge(integrity, read, &anchor, &found, err);
	if (result == -TACIT_STALE)
		result = ask_announced(vault, err);
	if (result < 0)
		return result;
	/* Whatever is committed from now on is ahead of every copy that the anchor has seen. */
	integrity->floor = anchor.generation;
	integrity->unanchored = vault->anchor_replaced || read < 0;
	if (!integrity->rootless && (vault->anchor_replaced || read < 0 ||
					    anchor.generation != integrity->root.generation))
		settle_anchor(vault);
	next_path(vault->anchor_path, next);
	if (!integrity->anchor_behind)
		unlink(next);
	return 0;
}
