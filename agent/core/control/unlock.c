/* SPDX-License-Identifier: Apache-2.0 */
/* From a store and a key to values, and back. */
#include <string.h>

#include <tacit/api.h>

#include "base/log.h"
#include "core/control/auditor.h"
#include "core/control/key_source.h"

int core_attach(struct core *core, struct err *err)
{
	char path[PATH_FULL_MAX];
	int status;

	if (core->vault)
		return 0;
	path_below(core->root, TACIT_STORE_DIR, path);
	status = vault_attach(&store_sqlite, path, &core->vault, err);
	return status < 0 ? status : core_set_anchor(core, VAULT_ANCHOR_CHECK, err);
}

/* No reason to stay locked: reads and changes follow what the configuration says of such a log. */
static void open_audit(struct core *core)
{
	struct err err;

	if (auditor_unlocked(core, &err) < 0)
		log_warning("%s", err.text);
}

/* Go on with the key that an earlier core was given. */
int core_resume(struct core *core, struct err *err)
{
	int status = core_attach(core, err);

	if (status == 0)
		status = vault_resume(core->vault, core->keys->root, err);
	if (status == 0)
		status = core_load(core, err);
	if (status == 0)
		open_audit(core);
	return status;
}

/* The first start of an instance: a key, and a store that it opens. */
static int make_store(struct core *core, uint8_t *key, struct err *err)
{
	char path[PATH_FULL_MAX];
	int status = key_file_make(core, key, err);

	path_below(core->root, TACIT_STORE_DIR, path);
	if (status == 0)
		status = vault_create(&store_sqlite, path, key, err);
	if (status < 0)
		return err_wrap(err, "make the store");
	log_info("made the store %s/store.db and its key file %s%s: keep a copy of the key file in "
		 "another place, without it the store cannot be read",
		path, core->root, core->config.key_file);
	return 0;
}

static int open_store(struct core *core, const uint8_t *given, uint8_t *key, struct err *err)
{
	int status = core_attach(core, err);

	if (status == -TACIT_NOT_FOUND) {
		status = make_store(core, key, err);
		if (status == 0)
			status = core_attach(core, err);
	} else if (status == 0 && !given) {
		status = key_file_read(core, key, err);
	}
	if (status == 0)
		status = vault_unlock(core->vault, given ? given : key, core->keys->root, err);
	return status;
}

int core_unlock(struct core *core, const uint8_t *given, struct err *err)
{
	uint8_t *key;
	int status;

	if (!core->model->locked)
		return 0;
	key = seal_alloc(SEAL_KEY_BYTES);
	status = key ? open_store(core, given, key, err)
		     : err_set(err, TACIT_LIMIT, "no locked memory left");
	seal_free(key);
	if (status == 0 && vault_is_written_locked(core->vault))
		status = vault_write_locked(core->vault, false, err);
	if (status == 0) {
		core->keys->root_present = 1;
		status = core_load(core, err);
	}
	if (status < 0) {
		core->keys->root_present = 0;
		seal_wipe(core->keys->root, sizeof core->keys->root);
		if (core->vault)
			vault_forget(core->vault);
		core->failure = *err;
		return status;
	}
	core->failure = (struct err){ 0 };
	open_audit(core);
	touches_add_since(core, 0);
	/* What was told while it was locked could not be sealed. */
	containers_all_changed(core->containers);
	keep_containers(core);
	return 0;
}

int core_lock(struct core *core, bool write_down, struct err *err)
{
	int status = core->vault ? 0 : err_set(err, TACIT_LOCKED, "there is no open store");

	if (status == 0 && write_down)
		status = vault_write_locked(core->vault, true, err);
	if (status < 0)
		return status;
	auditor_lock(core);
	model_write_lock(core->model);
	if (!core->model->locked) {
		server_end_handles(core->server, NULL);
		core->keys->root_present = 0;
		seal_wipe(core->keys->root, sizeof core->keys->root);
		model_clear(core->model);
		vault_forget(core->vault);
	}
	model_unlock(core->model);
	err_set(&core->failure, TACIT_LOCKED, "an operator locked it");
	return 0;
}

void core_first_unlock(struct core *core)
{
	struct err err;

	if (core->keys->root_present)
		return;
	if (core_attach(core, &err) == 0 && vault_is_written_locked(core->vault)) {
		err_set(&core->failure, TACIT_LOCKED, "an operator locked it");
		log_warning("locked by an operator: 'tacit unlock' opens it again");
	} else if (core_unlock(core, NULL, &err) < 0) {
		log_error("locked: %s; then 'tacit unlock'", err.text);
	}
}
