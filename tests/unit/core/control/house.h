/* SPDX-License-Identifier: Apache-2.0 */
/* A desk whose store, anchor and backups lie below a root, as an instance's do. Included once per
 * test program. */
#ifndef TACIT_TEST_CONTROL_HOUSE_H
#define TACIT_TEST_CONTROL_HOUSE_H

#include "desk.h"

#include <ftw.h>
#include <sys/mman.h>

#include "core/control/store/store_place.h"
#include "seal/keyfile.h"

#define HOUSE_PATH 512
#define HOUSE_ANCHOR "/anchor/anchor"

struct house {
	struct desk *desk; /* its rig has another store, which nobody uses */
	struct vault *unused;
	char root[SCRATCH_MAX];
	uint8_t key[SEAL_KEY_BYTES];
	char key_text[KEYFILE_TEXT_MAX]; /* of the key that opens the store */
	size_t key_length;
};

static inline void house_path(const struct house *house, const char *below, char path[HOUSE_PATH])
{
	snprintf(path, HOUSE_PATH, "%s%s", house->root, below);
}

static inline bool house_has(const struct house *house, const char *below)
{
	char path[HOUSE_PATH];

	house_path(house, below, path);
	return access(path, F_OK) == 0;
}

static inline void house_make(const struct house *house, const char *below)
{
	char path[HOUSE_PATH];

	house_path(house, below, path);
	assert_int_equal(mkdir(path, 0700), 0);
}

static inline void house_create_store(const struct house *house)
{
	char path[HOUSE_PATH];
	struct err err;

	house_path(house, TACIT_STORE_DIR, path);
	must(vault_create(&store_sqlite, path, house->key, &err));
}

/* core ends, as when the agent is stopped; `key_page` is what outlives it. */
static inline void house_stop(struct house *house, bool key_page)
{
	struct core *core = &house->desk->core;
	const struct handover_keys kept = *core->keys;

	core_end_transfers(core);
	core_lock(core, false, NULL);
	vault_close(core->vault);
	core->vault = NULL;
	if (key_page)
		*core->keys = kept;
}

/* A new one: with the key page, or by the key file that an operator gives. */
static inline int house_start(struct house *house, struct err *err)
{
	struct core *core = &house->desk->core;
	int status;

	core_end_transfers(core);
	core->failure = (struct err){ 0 };
	if (core->keys->root_present) {
		status = core_resume(core, err);
	} else {
		status = core_attach(core, err);
		if (status == 0)
			status = vault_unlock(core->vault, house->key, core->keys->root, err);
		if (status == 0) {
			core->keys->root_present = 1;
			status = core_resume(core, err);
		}
	}
	if (status < 0)
		core->failure = *err;
	house->desk->rig->vault = core->vault;
	return status;
}

static inline int house_set_up(void **state)
{
	struct house *house = calloc(1, sizeof *house);
	void *desk;
	struct core *core;
	struct err err;

	assert_non_null(house);
	assert_int_equal(desk_set_up(&desk), 0);
	house->desk = desk;
	core = &house->desk->core;
	house->unused = core->vault;
	scratch_make(house->root);
	house_make(house, "/anchor");
	house_make(house, "/var");
	house_make(house, "/var/lib");
	house_make(house, TACIT_STORE_DIR);
	seal_random(house->key, sizeof house->key);
	house->key_length = keyfile_format(house->key, house->key_text);
	assert_true(strlen(house->root) <= PATH_ROOT_MAX);
	memcpy(core->root, house->root, strlen(house->root) + 1);
	snprintf(core->config.anchor, sizeof core->config.anchor, "%s", HOUSE_ANCHOR);
	/* Processes of a test that die leave it what they had. */
	core->keys = mmap(NULL, sizeof *core->keys, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(core->keys != MAP_FAILED);
	*core->keys = house->desk->keys;
	model_write_lock(core->model);
	model_clear(core->model);
	core->vault = NULL;
	model_unlock(core->model);
	house_create_store(house);
	must(house_start(house, &err));
	*state = house;
	return 0;
}

static inline int house_remove_one(
	const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

static inline int house_tear_down(void **state)
{
	struct house *house = *state;
	void *desk = house->desk;
	struct core *core = &house->desk->core;

	core_end_transfers(core);
	vault_close(core->vault);
	core->vault = NULL;
	munmap(core->keys, sizeof *core->keys);
	core->keys = &house->desk->keys;
	nftw(house->root, house_remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(house);
	return desk_tear_down(&desk);
}

/* Ask with the key file's text, sealed for `purpose`. */
static inline int house_ask_with_key(
	struct house *house, enum verb verb, const char *purpose, const char *text)
{
	house->desk->request.key_kind = KEY_OF_FILE;
	return desk_ask_with(house->desk, verb, "", purpose, text, strlen(text));
}

/* What a backup has, malloc'd: begun, made, read and ended by requests. */
static inline uint8_t *house_back_up(struct house *house, size_t *length)
{
	struct desk *desk = house->desk;
	uint8_t *bytes = NULL;
	struct doc_item whole = { 0 };

	*length = 0;
	assert_int_equal(desk_ask(desk, VERB_STORE_BACKUP, ""), 0);
	while (!whole.number) {
		assert_int_equal(desk_ask(desk, VERB_STORE_BACKUP_STEP, ""), 0);
		assert_true(desk_item(desk, "whole", 0, &whole));
	}
	do {
		desk->request.offset = *length;
		assert_int_equal(desk_ask(desk, VERB_STORE_BACKUP_READ, ""), 0);
		bytes = realloc(bytes, *length + desk->reply.length + 1);
		assert_non_null(bytes);
		if (desk->reply.length)
			memcpy(bytes + *length, desk->reply.bytes, desk->reply.length);
		*length += desk->reply.length;
	} while (desk->reply.length);
	assert_int_equal(desk_ask(desk, VERB_STORE_BACKUP_END, ""), 0);
	assert_false(house_has(house, TACIT_STORE_DIR "/backup"));
	return bytes;
}

/* One piece of a restore. */
static inline int house_write(
	struct house *house, uint64_t offset, const uint8_t *bytes, size_t length)
{
	struct desk *desk = house->desk;

	assert_true(length <= sizeof desk->body);
	memcpy(desk->body, bytes, length);
	desk->request.body_length = (uint32_t)length;
	desk->request.offset = offset;
	return desk_ask(desk, VERB_STORE_RESTORE_WRITE, "");
}

/* A restore that has all of it, and lacks its end. */
static inline void house_upload(struct house *house, const uint8_t *bytes, size_t length)
{
	assert_int_equal(desk_ask(house->desk, VERB_STORE_RESTORE, ""), 0);
	for (size_t at = 0; at < length; at += 60000)
		assert_int_equal(house_write(house, at, bytes + at,
					 length - at < 60000 ? length - at : 60000),
			0);
}

static inline int house_end_restore(struct house *house, uint32_t flags)
{
	int status;

	house->desk->request.flags = flags;
	status = house_ask_with_key(house, VERB_STORE_RESTORE_END, "restore", house->key_text);
	house->desk->rig->vault = house->desk->core.vault;
	return status;
}

static inline bool house_knows(const struct house *house, const char *secret)
{
	return model_secret(house->desk->core.model, secret) != NULL;
}

static inline void house_is(struct house *house, const char *state)
{
	assert_int_equal(desk_ask(house->desk, VERB_STATUS, ""), 0);
	desk_text(house->desk, "state", 0, state);
}

#endif
