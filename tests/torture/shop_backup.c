/* SPDX-License-Identifier: Apache-2.0 */
/* Backups of the store, and one that becomes the store; and damage past the store. */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/files.h"
#include "core/store/backup.h"
#include "core/store/verify.h"
#include "shop.h"

/* Open a copy as whoever restores it does. It holds what the model says. */
static int check_copy(struct shop *shop, const struct shop_model *model, const char *path,
	const char *anchor, struct err *err)
{
	struct shop other = *shop;
	struct verify_result verified = { 0 };
	struct shop_model seen;
	int result = vault_attach_copy(&store_sqlite, path, &other.vault, err);

	if (result < 0)
		return result;
	memcpy(other.root, shop->roots[model->root], SEAL_KEY_BYTES);
	result = shop->first_root_known || model->root
			 ? vault_resume(other.vault, other.root, err)
			 : vault_unlock(other.vault, shop->keys[0], other.root, err);
	if (!result)
		result = vault_verify(other.vault, NULL, NULL, &verified, err);
	if (!result)
		result = shop_see(&other, &seen, err);
	if (!result &&
		(verified.problems || memcmp(seen.versions, model->versions, sizeof seen.versions)))
		result = err_set(err, TACIT_CORRUPT, "the copy holds something else");
	if (!result && anchor)
		result = vault_announce(other.vault, anchor, err);
	vault_close(other.vault);
	return result;
}

/* What whoever asked for the backup is given. */
static int read_all(
	struct backup *backup, const struct backup_state *state, uint8_t *bytes, struct err *err)
{
	size_t used = 0, length = 1;
	int result = 0;

	while (!result && length && used <= state->size) {
		result = backup_read(
			backup, used, bytes + used, state->size + 1 - used, &length, err);
		used += result ? 0 : length;
	}
	if (!result && used != state->size)
		result = err_set(err, TACIT_CORRUPT, "a backup of %zu bytes", used);
	return result;
}

static int take(struct shop *shop, struct backup *backup, const struct backup_state *state,
	bool keep, struct err *err)
{
	uint8_t *bytes = malloc(state->size + 1);
	int result = read_all(backup, state, bytes, err);

	if (!result)
		result = check_copy(shop, &shop->model, shop->scene->backup, NULL, err);
	if (result < 0 || !keep) {
		free(bytes);
		return result;
	}
	shop->backup = bytes;
	shop->backup_length = state->size;
	shop->kept = shop->model;
	shop->model.kept = &shop->kept;
	return 0;
}

int shop_do_backup(struct shop *shop, bool keep, struct err *err)
{
	struct backup_state state = { 0 };
	struct backup *backup;
	int result = backup_begin(shop->vault, shop->scene->backup_dir, &backup, err);

	if (result < 0)
		return result;
	while (!result && !state.whole)
		result = backup_step(backup, shop->root, &state, err);
	if (!result)
		result = take(shop, backup, &state, keep, err);
	backup_end(backup);
	return result;
}

static int write_copy(const struct shop *shop, struct err *err)
{
	_close_ int fd = open(shop->scene->backup, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int result = 0;

	if (fd < 0)
		return err_errno(err, errno, TACIT_IO, "make the copy");
	result = file_write_fd(fd, shop->backup, shop->backup_length, err);
	if (!result && fsync(fd))
		result = err_errno(err, errno, TACIT_IO, "sync the copy");
	return result;
}

/* In the order of control/restore.c. */
int shop_do_restore(struct shop *shop, struct err *err)
{
	const struct scene *scene = shop->scene;
	char replaced[STORE_REPLACED_MAX];
	int result = write_copy(shop, err);

	if (!result)
		result = backup_settle(scene->backup, err);
	if (!result)
		result = check_copy(shop, shop->model.kept, scene->backup, scene->anchor, err);
	if (result < 0)
		return result;
	shop_close(shop);
	return store_sqlite.replace(scene->store, scene->backup, replaced, err);
}

int shop_do_damage(struct shop *shop, struct err *err)
{
	sqlite3 *db;
	int rc;

	shop_close(shop);
	rc = sqlite3_open(shop->scene->database, &db);
	if (!rc)
		rc = sqlite3_exec(db,
			"INSERT INTO value SELECT zeroblob(16), bytes FROM value LIMIT 1", NULL,
			NULL, NULL);
	sqlite3_close(db);
	return rc ? err_set(err, TACIT_IO, "the damage cannot be done") : 0;
}
