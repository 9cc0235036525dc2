/* SPDX-License-Identifier: Apache-2.0 */
/* Stores that are made: by the first start, by an operator, of each kind; and one of an older
 * tacit, which is brought to the present layout. */
#include "key_desk.h"

#include <sqlite3.h>

#define PATH_ROOM 512

/* The desk's store is put away: there is none below the core's root. */
static int set_up_empty(void **state)
{
	char path[PATH_ROOM];
	struct key_desk *keys;
	struct core *core;
	int status = key_desk_set_up(state);

	keys = *state;
	core = &keys->desk->core;
	lock(keys);
	snprintf(core->root, sizeof core->root, "%.200s", keys->dir);
	snprintf(core->config.anchor, sizeof core->config.anchor, "/anchor");
	core->config.create_store = true;
	core->vault = NULL;
	core->failure = (struct err){ 0 };
	key_desk_drop(keys, "key");
	snprintf(path, sizeof path, "mkdir -p %s" TACIT_STORE_DIR, keys->dir);
	assert_int_equal(system(path), 0);
	return status;
}

static int tear_down_empty(void **state)
{
	struct key_desk *keys = *state;
	char command[PATH_ROOM];

	if (!keys->desk->core.model->locked)
		lock(keys);
	vault_close(keys->desk->core.vault);
	keys->desk->core.vault = keys->desk->rig->store.vault;
	snprintf(command, sizeof command, "rm -rf %s/*", keys->dir);
	assert_int_equal(system(command), 0);
	return key_desk_tear_down(state);
}

static bool is_there(const struct key_desk *keys, const char *name)
{
	char path[PATH_ROOM];

	snprintf(path, sizeof path, "%s%s", keys->dir, name);
	return !access(path, F_OK);
}

static int create(struct key_desk *keys, enum key_kind kind, const char *text, const char *program)
{
	snprintf(keys->desk->request.program, sizeof keys->desk->request.program, "%s", program);
	return key_desk_ask(
		keys, VERB_STORE_CREATE, "store-create", kind, text, text ? strlen(text) : 0);
}

static void the_first_start_makes_a_store_and_its_key_file(void **state)
{
	struct key_desk *keys = *state;
	struct core *core = &keys->desk->core;

	core_first_unlock(core);
	assert_false(core->model->locked);
	assert_int_equal(core->failure.code, 0);
	assert_true(is_there(keys, "/key") && is_there(keys, TACIT_STORE_DIR "/store.db"));
	assert_true(is_there(keys, "/anchor"));
	refused(keys, create(keys, KEY_OF_FILE, NULL, ""), TACIT_EXISTS, "there is a store");
	lock(keys);
	assert_int_equal(unlock_with(keys, 0, NULL), 0);
}

static void a_key_file_that_is_there_is_used(void **state)
{
	const uint8_t key[SEAL_KEY_BYTES] = { 42 };
	struct key_desk *keys = *state;
	uint8_t root[SEAL_KEY_BYTES];

	key_desk_put_key(keys, "key", key);
	core_first_unlock(&keys->desk->core);
	assert_false(keys->desk->core.model->locked);
	assert_int_equal(vault_unlock(keys->desk->core.vault, key, root, NULL), 0);
}

static void none_is_made_when_it_shall_not_be(void **state)
{
	struct key_desk *keys = *state;
	struct core *core = &keys->desk->core;
	const char *text = "there is no store: 'tacit store create' makes one";

	core->config.create_store = false;
	core_first_unlock(core);
	assert_true(core->model->locked);
	assert_string_equal(core->failure.text, text);
	assert_false(is_there(keys, "/key") || is_there(keys, TACIT_STORE_DIR "/store.db"));
	refused(keys, unlock_with(keys, 0, NULL), TACIT_NOT_FOUND, text);
	refused(keys, unlock_with(keys, KEY_OF_PASSPHRASE, "open sesame"), TACIT_NOT_FOUND, text);
	refused(keys, desk_ask(keys->desk, VERB_KEY_LIST, ""), TACIT_NOT_FOUND, text);
	assert_int_equal(desk_ask(keys->desk, VERB_STATUS, ""), 0);
	assert_int_equal(desk_number(keys->desk, "slots", 0), 0);
	/* A key that is given makes none, whatever is configured. */
	core->config.create_store = true;
	refused(keys, unlock_with(keys, KEY_OF_PASSPHRASE, "open sesame"), TACIT_NOT_FOUND, text);
}

/* Somebody took it away: an empty one in its place would be as good as an older one. */
static void a_store_that_is_gone_is_not_replaced_unasked(void **state)
{
	struct key_desk *keys = *state;
	struct core *core = &keys->desk->core;

	key_desk_put(keys, "anchor", "of another store", 16);
	core_first_unlock(core);
	assert_true(core->model->locked);
	assert_non_null(strstr(core->failure.text, "the store is gone, and its anchor is there"));
	assert_false(is_there(keys, "/key") || is_there(keys, TACIT_STORE_DIR "/store.db"));
	assert_int_equal(create(keys, KEY_OF_FILE, NULL, ""), 0);
	lock(keys);
	assert_int_equal(unlock_with(keys, 0, NULL), 0);
}

static void an_operator_makes_one_of_each_kind(void **state)
{
	static const struct {
		enum key_kind kind;
		const char *text, *program, *word;
		bool waits;
	} rows[] = {
		{ 0, NULL, "", "key_file", false },
		{ KEY_OF_FILE, NULL, "", "key_file", false },
		{ KEY_OF_PASSPHRASE, "open sesame", "", "passphrase", true },
		{ KEY_OF_CREDENTIAL, NULL, "", "credential", false },
		{ KEY_OF_COMMAND, NULL, "good", "command", false },
		{ KEY_OF_RECOVERY, "tacit1-yd2l-krr6-uchg-md2m-ahku-7uzt-5sn4-q86j", "", "recovery",
			true },
	};
	const uint8_t key[SEAL_KEY_BYTES] = { 3 };
	struct key_desk *keys = *state;
	struct core *core = &keys->desk->core;
	char command[PATH_ROOM];

	core->config.create_store = false;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		core_first_unlock(core);
		assert_true(core->model->locked);
		key_desk_put(keys, "credential", key, sizeof key);
		assert_int_equal(create(keys, rows[i].kind, rows[i].text, rows[i].program), 0);
		assert_false(core->model->locked);
		assert_int_equal(core->failure.code, 0);
		desk_text(keys->desk, "kind", 0, rows[i].word);
		assert_int_equal(desk_number(keys->desk, "slot", 1), 1);
		assert_int_equal(truth(keys, "waits_after_reboot"), rows[i].waits);
		assert_true(is_there(keys, "/key") == !strcmp(rows[i].word, "key_file"));
		lock(keys);
		assert_int_equal(
			unlock_with(keys, rows[i].text ? rows[i].kind : 0, rows[i].text), 0);
		lock(keys);
		vault_close(core->vault);
		core->vault = NULL;
		snprintf(command, sizeof command,
			"cd %s && rm -f key anchor ." TACIT_STORE_DIR "/*", keys->dir);
		assert_int_equal(system(command), 0);
	}
}

static void what_cannot_open_a_store_makes_none(void **state)
{
	struct key_desk *keys = *state;

	refused(keys, create(keys, KEY_OF_PASSPHRASE, "short", ""), TACIT_INVALID, "");
	refused(keys, create(keys, KEY_OF_COMMAND, NULL, "fail"), TACIT_UNAVAILABLE, "");
	refused(keys, create(keys, KEY_OF_CREDENTIAL, NULL, ""), TACIT_NOT_FOUND, "");
	refused(keys, create(keys, KEY_OF_RECOVERY, "tacit1-qqqq", ""), TACIT_INVALID, "");
	assert_false(is_there(keys, TACIT_STORE_DIR "/store.db") || is_there(keys, "/key"));
}

/* The store of tests/vectors, which an older tacit made. */
static void put_old_store(const struct key_desk *keys)
{
	static char sql[1 << 20];
	FILE *file = fopen("tests/unit/core/store/store-layout-1.sql", "re");
	char path[PATH_ROOM];
	sqlite3 *db;

	assert_non_null(file);
	sql[fread(sql, 1, sizeof sql - 1, file)] = '\0';
	fclose(file);
	snprintf(path, sizeof path, "%s" TACIT_STORE_DIR "/store.db", keys->dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void a_store_of_an_older_tacit_is_converted(void **state)
{
	struct key_desk *keys = *state;
	uint8_t key[SEAL_KEY_BYTES];

	memset(key, 7, sizeof key);
	put_old_store(keys);
	key_desk_put_key(keys, "key", key);
	core_first_unlock(&keys->desk->core);
	if (keys->desk->core.model->locked)
		fail_msg("%s", keys->desk->core.failure.text);
	assert_true(is_there(keys, "/anchor"));
	assert_int_equal(key_add(keys, KEY_OF_PASSPHRASE, "open sesame", ""), 0);
	assert_int_equal(desk_ask(keys->desk, VERB_KEY_ROTATE, ""), 0);
	lock(keys);
	assert_int_equal(unlock_with(keys, 0, NULL), 0);
}

/* The agent died behind the first commit, before its anchor: nobody did anything wrong. */
static void a_conversion_that_was_cut_short_goes_on(void **state)
{
	struct key_desk *keys = *state;
	uint8_t key[SEAL_KEY_BYTES], root[SEAL_KEY_BYTES];
	struct vault_standing standing;
	char path[PATH_ROOM];
	struct vault *vault;

	memset(key, 7, sizeof key);
	put_old_store(keys);
	snprintf(path, sizeof path, "%s" TACIT_STORE_DIR, keys->dir);
	assert_int_equal(vault_attach(&store_sqlite, path, &vault, NULL), 0);
	assert_int_equal(vault_unlock(vault, key, root, NULL), 0);
	assert_int_equal(vault_accept(vault, VAULT_ADOPT, NULL), 0);
	vault_close(vault);
	key_desk_put_key(keys, "key", key);
	core_first_unlock(&keys->desk->core);
	if (keys->desk->core.model->locked)
		fail_msg("%s", keys->desk->core.failure.text);
	vault_get_standing(keys->desk->core.vault, &standing);
	assert_false(standing.damages || standing.anchor_behind);
	assert_true(is_there(keys, "/anchor"));
	assert_int_equal(key_add(keys, KEY_OF_PASSPHRASE, "open sesame", ""), 0);
}

static void begin_anew(struct key_desk *keys)
{
	struct core *core = &keys->desk->core;

	assert_int_equal(core_lock(core, false, NULL), 0);
	vault_close(core->vault);
	core->vault = NULL;
	core->failure = (struct err){ 0 };
	core_first_unlock(core);
}

/* Where the anchor shall lie the disk is full, or is not there: nothing is made that would be
 * refused afterwards. */
static void a_store_without_its_first_anchor_is_not_changed(void **state)
{
	struct key_desk *keys = *state;
	struct core *core = &keys->desk->core;
	uint8_t key[SEAL_KEY_BYTES];
	char path[PATH_ROOM];

	for (int old = 0; old < 2; old++) {
		snprintf(core->config.anchor, sizeof core->config.anchor, "/later%d/anchor", old);
		memset(key, 7, sizeof key);
		key_desk_put_key(keys, "key", key);
		if (old)
			put_old_store(keys);
		core_first_unlock(core);
		assert_false(core->model->locked);
		refused(keys, desk_value(keys->desk, VERB_SECRET_CREATE, "new", "1"), TACIT_IO,
			"anchor cannot be written");
		begin_anew(keys);
		if (core->model->locked)
			fail_msg("%s", core->failure.text);
		snprintf(path, sizeof path, "%s/later%d", keys->dir, old);
		assert_int_equal(mkdir(path, 0700), 0);
		begin_anew(keys);
		assert_int_equal(desk_value(keys->desk, VERB_SECRET_CREATE, "new", "1"), 0);
		begin_anew(keys);
		desk_current(keys->desk, "new", "1");
		lock(keys);
		vault_close(core->vault);
		core->vault = NULL;
		snprintf(path, sizeof path, "cd %s && rm -f ." TACIT_STORE_DIR "/*", keys->dir);
		assert_int_equal(system(path), 0);
	}
}

/* Where there is an anchor, the store had generations, and was put back from before it had. */
static void an_older_store_beside_an_anchor_is_not_adopted(void **state)
{
	struct key_desk *keys = *state;
	struct vault_standing standing;
	char command[PATH_ROOM];
	uint8_t key[SEAL_KEY_BYTES];

	memset(key, 7, sizeof key);
	put_old_store(keys);
	key_desk_put_key(keys, "key", key);
	core_first_unlock(&keys->desk->core);
	assert_false(keys->desk->core.model->locked);
	lock(keys);
	vault_close(keys->desk->core.vault);
	keys->desk->core.vault = NULL;
	snprintf(command, sizeof command, "rm %s" TACIT_STORE_DIR "/store.db*", keys->dir);
	assert_int_equal(system(command), 0);
	put_old_store(keys);
	core_first_unlock(&keys->desk->core);
	vault_get_standing(keys->desk->core.vault, &standing);
	assert_true(standing.damages);
	assert_int_equal(HASH_CNT(by_id, keys->desk->core.model->secrets_by_id), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_empty, tear_down_empty)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_start_makes_a_store_and_its_key_file),
		TEST(a_key_file_that_is_there_is_used),
		TEST(none_is_made_when_it_shall_not_be),
		TEST(a_store_that_is_gone_is_not_replaced_unasked),
		TEST(an_operator_makes_one_of_each_kind),
		TEST(what_cannot_open_a_store_makes_none),
		TEST(a_store_of_an_older_tacit_is_converted),
		TEST(a_conversion_that_was_cut_short_goes_on),
		TEST(a_store_without_its_first_anchor_is_not_changed),
		TEST(an_older_store_beside_an_anchor_is_not_adopted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
