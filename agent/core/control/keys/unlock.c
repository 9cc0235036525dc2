/* SPDX-License-Identifier: Apache-2.0 */
/* From a store and a key to values, and back. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <tacit/api.h>

#include "base/log.h"
#include "core/control/audit/auditor.h"
#include "core/control/keys/key_source.h"
#include "core/control/keys/keys.h"

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

/* The store is open: what is in it, into memory. */
static int load(struct core *core, struct err *err)
{
	int status;

	keys_check(core);
	status = core_load(core, err);
	if (status == 0)
		open_audit(core);
	return status;
}

/* Go on with the key that an earlier core was given. */
int core_resume(struct core *core, struct err *err)
{
	int status = core_attach(core, err);

	if (status == 0)
		status = keys_resume(core, err);
	return status < 0 ? status : load(core, err);
}

/* An anchor beside no store is of one that was taken away: a new one in its place would be as good
 * as an older one. */
static int check_never_made(const struct core *core, struct err *err)
{
	char path[PATH_FULL_MAX + CONFIG_PATH_MAX];

	snprintf(path, sizeof path, "%s%s", core->root, core->config.anchor);
	if (core->config.anchor[0] != '/' || access(path, F_OK))
		return 0;
	return err_set(err, TACIT_NOT_FOUND,
		"the store is gone, and its anchor is there: put the store back, restore a backup, "
		"or make a new one with 'tacit store create'");
}

/* The first start of an instance: a key file, and a store that it opens. */
static int make_first(struct core *core, struct err *err)
{
	struct slot_about about = { .kind = SLOT_KEY_FILE };
	uint8_t *key = seal_alloc(SEAL_KEY_BYTES);
	int status = key ? check_never_made(core, err)
			 : err_set(err, TACIT_LIMIT, "no locked memory left");

	if (status == 0 && !core->config.create_store)
		status = keys_no_store(err);
	if (status == 0)
		status = key_file_make(core, key, err);
	if (status == 0)
		status = core_create(core, &about, key, err);
	seal_free(key);
	return status;
}

/* The root key has been got, when `status` is 0: what is in the store, into memory. */
static int serve(struct core *core, int status, struct err *err)
{
	if (status == 0 && vault_is_written_locked(core->vault))
		status = vault_write_locked(core->vault, false, err);
	if (status == 0) {
		core->keys->root_present = 1;
		status = load(core, err);
	}
	if (status < 0) {
		keys_forget(core);
		vault_forget(core->vault);
		return status;
	}
	core->failure = (struct err){ 0 };
	touches_add_since(core, 0);
	/* What was told while it was locked could not be sealed. */
	containers_all_changed(core->containers);
	keep_containers(core);
	return 0;
}

/* That somebody gave a wrong key is not why the agent is locked. */
static bool is_of_the_key(int status)
{
	return status == -TACIT_WRONG_KEY || status == -TACIT_BUSY || status == -TACIT_INVALID;
}

int core_unlock(struct core *core, const struct keys_given *given, struct err *err)
{
	bool by_itself = !given || !given->length;
	int status;

	if (!core->model->locked)
		return 0;
	status = core_attach(core, err);
	if (status == 0)
		status = serve(
			core, keys_open(core, core->vault, given, core->keys->root, err), err);
	else if (status == -TACIT_NOT_FOUND)
		status = by_itself ? make_first(core, err) : keys_no_store(err);
	if (status < 0 && (by_itself || !is_of_the_key(status)))
		core->failure = *err;
	return status;
}

/* What an operator has to know of a store that was just made. */
static void tell_created(const struct core *core, const struct slot_about *about)
{
	char path[PATH_FULL_MAX];

	path_below(core->root, TACIT_STORE_DIR, path);
	if (about->kind == SLOT_KEY_FILE)
		log_info("made the store %s/store.db, and its key file is %s%s: keep a copy of the "
			 "key file in another place, without it the store cannot be read. 'tacit "
			 "key add --recovery' prints a recovery key",
			path, core->root, core->config.key_file);
	else
		log_info("made the store %s/store.db, opened by a %s. 'tacit key add --recovery' "
			 "prints a recovery key",
			path, slot_kind_word(about->kind));
	if (about->kind == SLOT_PASSPHRASE || about->kind == SLOT_RECOVERY)
		log_warning("no key slot opens the store by itself: after a reboot containers wait "
			    "for 'tacit unlock'");
}

int core_create(struct core *core, struct slot_about *about, const uint8_t key[SEAL_KEY_BYTES],
	struct err *err)
{
	char path[PATH_FULL_MAX];
	int status;

	path_below(core->root, TACIT_STORE_DIR, path);
	status = vault_create_with(&store_sqlite, path, about, key, err);
	if (status == 0)
		status = core_attach(core, err);
	if (status == 0)
		status = core_set_anchor(core, VAULT_ANCHOR_REPLACE, err);
	if (status < 0)
		return err_wrap(err, "make the store");
	tell_created(core, about);
	return serve(core, vault_unlock(core->vault, key, core->keys->root, err), err);
}

int core_lock(struct core *core, bool write_down, struct err *err)
{
	int status;

	if (!core->vault)
		return err_set(err, TACIT_LOCKED, "there is no open store");
	status = write_down ? vault_write_locked(core->vault, true, err) : 0;
	/* Whatever the disk says: whoever wants the keys gone wants them gone now. */
	model_write_lock(core->model);
	if (!core->model->locked) {
		server_end_handles(core->server, NULL);
		keys_forget(core);
		model_clear(core->model);
		vault_forget(core->vault);
	}
	model_unlock(core->model);
	/* Last: the audit may have to wait for a disk before it can forget its own key. */
	auditor_lock(core);
	err_set(&core->failure, TACIT_LOCKED, "an operator locked it");
	return status < 0
		       ? err_wrap(err, "it is locked, but that is not written down, and a restart "
				       "unlocks it: see to the disk, and lock it again")
		       : 0;
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
		log_error("locked: %s%s", err.text,
			strstr(err.text, "'tacit ") ? "" : "; then 'tacit unlock'");
		auditor_note(core, "unlock", NULL, 0, NULL, code_word(err.code));
	} else {
		auditor_note(core, "unlock", NULL, 0, NULL, code_word(TACIT_OK));
	}
}
