/* SPDX-License-Identifier: Apache-2.0 */
/* Key slots of a vault: each kind opens it, the last one stays, a rotation needs no passphrase and
 * is whole or not at all, and what somebody without the key put into them opens nothing. */
#include "vault_fixture.h"

#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>

#include "core/store/integrity.h"
#include "core/store/vault_slots.h"
#include "core/store/vault_state.h"
#include "seal/recovery.h"

#define PASSPHRASE "correct horse battery staple"
#define CHEAP ((struct passphrase_cost){ PASSPHRASE_PASSES_MIN, PASSPHRASE_MEMORY_MIN_KIB })

static const uint8_t no_key[SEAL_KEY_BYTES];

/* Run statements of our own in the database, with the vault closed; it is attached again. */
static void tamper(struct fixture *fixture, const char *sql)
{
	char path[SCRATCH_MAX + 16], *message = NULL;
	sqlite3 *db;

	vault_close(fixture->vault);
	snprintf(path, sizeof path, "%s/store.db", fixture->dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &message))
		fail_msg("%s: %s", sql, message);
	sqlite3_close(db);
	attach(fixture);
}

static struct slot_about an_about(enum slot_kind kind, const char *label)
{
	struct slot_about about = { .kind = kind };

	snprintf(about.label, sizeof about.label, "%s", label);
	if (kind == SLOT_PASSPHRASE) {
		about.cost = CHEAP;
		seal_random(about.salt, sizeof about.salt);
	}
	if (kind == SLOT_COMMAND) {
		strcpy(about.program, "kms");
		about.wrapped_length = 4;
		memcpy(about.wrapped, "\0abc", 4);
	}
	return about;
}

/* Add a slot of `kind`; the key that opens it. */
static struct slot_about add(struct fixture *fixture, enum slot_kind kind, uint8_t *key)
{
	struct slot_about about = an_about(kind, "another");
	struct err err;

	seal_random(key, SEAL_KEY_BYTES);
	if (kind == SLOT_PASSPHRASE)
		must(passphrase_key(
			PASSPHRASE, strlen(PASSPHRASE), about.salt, &about.cost, key, &err));
	must(vault_add_slot(fixture->vault, fixture->root, &about, key, &err));
	return about;
}

static void restart(struct fixture *fixture)
{
	vault_close(fixture->vault);
	attach(fixture);
}

/* Whether, after a restart, `key` opens the vault; the root key goes where the fixture has it. */
static int try_key(struct fixture *fixture, const uint8_t *key)
{
	int result;

	restart(fixture);
	result = vault_unlock(fixture->vault, key, fixture->root, NULL);
	assert_int_equal(vault_is_open(fixture->vault), !result);
	if (result)
		assert_memory_equal(fixture->root, no_key, SEAL_KEY_BYTES);
	return result;
}

struct listing {
	size_t count;
	struct vault_slot slots[SLOT_NUMBERS];
};

static int on_slot(void *arg, const struct vault_slot *slot, struct err *err)
{
	struct listing *listing = arg;

	(void)err;
	assert_true(listing->count < SLOT_NUMBERS);
	listing->slots[listing->count++] = *slot;
	return 0;
}

static struct listing *list(struct fixture *fixture, bool with_root)
{
	static struct listing listing;
	struct err err;

	listing.count = 0;
	must(vault_each_slot(
		fixture->vault, with_root ? fixture->root : NULL, on_slot, &listing, &err));
	return &listing;
}

static void rotate(struct fixture *fixture)
{
	uint8_t next[SEAL_KEY_BYTES];
	struct err err;

	seal_random(next, sizeof next);
	must(vault_rotate_root(fixture->vault, fixture->root, next, &err));
	memcpy(fixture->root, next, sizeof next);
}

static void put_secret(struct fixture *fixture)
{
	struct secret_record secret = a_secret("kept", 1);

	put(fixture->vault, &secret, NULL);
}

static void must_have_secret(struct fixture *fixture)
{
	struct seen seen;

	see(fixture->vault, &seen);
	assert_int_equal(seen.secret_count, 1);
	assert_string_equal(seen.secrets[0].name, "kept");
}

static void a_new_store_has_one_slot(void **state)
{
	struct fixture *fixture = *state;
	struct listing *listing = list(fixture, true);
	struct err err;

	assert_int_equal(listing->count, 1);
	assert_int_equal(listing->slots[0].status, 0);
	assert_int_equal(listing->slots[0].about.number, 1);
	assert_int_equal(listing->slots[0].about.kind, SLOT_KEY_FILE);
	assert_true(listing->slots[0].about.created_ns > 0);
	must(vault_check_slots(fixture->vault, fixture->root, &err));
}

static void each_kind_opens(void **state)
{
	struct fixture *fixture = *state;
	uint8_t keys[SLOT_KINDS][SEAL_KEY_BYTES];
	struct err err;

	put_secret(fixture);
	for (enum slot_kind kind = SLOT_KEY_FILE; kind < SLOT_KINDS; kind++) {
		struct slot_about about = add(fixture, kind, keys[kind]);

		assert_int_equal(about.number, kind + 1);
	}
	must(vault_check_slots(fixture->vault, fixture->root, &err));
	for (enum slot_kind kind = SLOT_KEY_FILE; kind < SLOT_KINDS; kind++) {
		assert_int_equal(try_key(fixture, keys[kind]), 0);
		must_have_secret(fixture);
	}
	restart(fixture);
	must(vault_unlock_passphrase(
		fixture->vault, PASSPHRASE, strlen(PASSPHRASE), fixture->root, &err));
	must_have_secret(fixture);
}

static void slots_are_listed_without_a_key(void **state)
{
	struct fixture *fixture = *state;
	uint8_t key[SEAL_KEY_BYTES];
	struct slot_about passphrase = add(fixture, SLOT_PASSPHRASE, key);
	struct slot_about command = add(fixture, SLOT_COMMAND, key);
	struct listing *listing;

	restart(fixture);
	listing = list(fixture, false);
	assert_int_equal(listing->count, 3);
	assert_memory_equal(&listing->slots[1].about, &passphrase, sizeof passphrase);
	assert_memory_equal(&listing->slots[2].about, &command, sizeof command);
}

static void a_store_can_have_a_passphrase_alone(void **state)
{
	struct fixture *fixture = *state;
	struct slot_about about = an_about(SLOT_PASSPHRASE, "of the operators");
	uint8_t key[SEAL_KEY_BYTES];
	struct err err;

	vault_close(fixture->vault);
	scratch_each(fixture->dir, scratch_unlink, NULL);
	must(passphrase_key(PASSPHRASE, strlen(PASSPHRASE), about.salt, &about.cost, key, &err));
	must(vault_create_with(&store_sqlite, fixture->dir, &about, key, &err));
	attach(fixture);
	must_be(TACIT_WRONG_KEY, vault_unlock(fixture->vault, fixture->key, fixture->root, NULL));
	must(vault_unlock_passphrase(
		fixture->vault, PASSPHRASE, strlen(PASSPHRASE), fixture->root, &err));
	assert_int_equal(list(fixture, true)->slots[0].about.kind, SLOT_PASSPHRASE);
}

static void a_wrong_passphrase_is_no_damage(void **state)
{
	struct fixture *fixture = *state;
	uint8_t key[SEAL_KEY_BYTES], root[SEAL_KEY_BYTES] = { 1 };

	vault_forget(fixture->vault);
	must_be(TACIT_WRONG_KEY, vault_unlock_passphrase(fixture->vault, "none is", 7, root, NULL));
	assert_int_equal(try_key(fixture, fixture->key), 0);
	add(fixture, SLOT_PASSPHRASE, key);
	restart(fixture);
	memset(root, 1, sizeof root);
	must_be(TACIT_WRONG_KEY, vault_unlock_passphrase(fixture->vault, PASSPHRASE,
					 strlen(PASSPHRASE) - 1, root, NULL));
	assert_memory_equal(root, no_key, sizeof root);
	must_be(TACIT_INVALID, vault_unlock_passphrase(fixture->vault, "", 0, root, NULL));
	assert_false(vault_is_open(fixture->vault));
	tamper(fixture, "UPDATE meta SET bytes = CAST(substr(bytes, 1, 62) || x'0102' || "
			"substr(bytes, 65) AS BLOB) WHERE name = 'slot-2'");
	must_be(TACIT_CORRUPT, vault_unlock_passphrase(
				       fixture->vault, PASSPHRASE, strlen(PASSPHRASE), root, NULL));
}

static void adding_needs_the_root_key_and_room(void **state)
{
	struct fixture *fixture = *state;
	struct slot_about about = an_about(SLOT_RECOVERY, "");
	uint8_t key[SEAL_KEY_BYTES] = { 1 }, wrong[SEAL_KEY_BYTES] = { 2 };
	struct err err;

	must_be(TACIT_WRONG_KEY, vault_add_slot(fixture->vault, wrong, &about, key, NULL));
	about.kind = SLOT_KINDS;
	must_be(TACIT_INVALID, vault_add_slot(fixture->vault, fixture->root, &about, key, NULL));
	about.kind = SLOT_RECOVERY;
	must(vault_begin(fixture->vault, &err));
	must_be(TACIT_BUSY, vault_add_slot(fixture->vault, fixture->root, &about, key, NULL));
	vault_rollback(fixture->vault);
	assert_int_equal(list(fixture, true)->count, 1);
	for (int number = 2; number <= SLOT_NUMBERS; number++)
		assert_int_equal(add(fixture, SLOT_RECOVERY, key).number, number);
	must_be(TACIT_LIMIT, vault_add_slot(fixture->vault, fixture->root, &about, key, NULL));
	assert_int_equal(try_key(fixture, key), 0);
	vault_forget(fixture->vault);
	must_be(TACIT_LOCKED, vault_add_slot(fixture->vault, fixture->root, &about, key, NULL));
}

static void a_removed_slot_opens_nothing_and_its_number_is_free(void **state)
{
	struct fixture *fixture = *state;
	uint8_t key[SEAL_KEY_BYTES], next[SEAL_KEY_BYTES] = { 3 };
	struct slot_about added = add(fixture, SLOT_CREDENTIAL, key);
	struct err err;

	must_be(TACIT_STALE,
		vault_remove_slot(fixture->vault, fixture->root, next, 1, added.id, NULL));
	must_be(TACIT_NOT_FOUND,
		vault_remove_slot(fixture->vault, fixture->root, next, 3, NULL, NULL));
	must_be(TACIT_NOT_FOUND,
		vault_remove_slot(fixture->vault, fixture->root, next, 0, NULL, NULL));
	must(vault_remove_slot(fixture->vault, fixture->root, next, added.number, added.id, &err));
	must_be(TACIT_CORRUPT, vault_check_slots(fixture->vault, fixture->root, NULL));
	must(vault_check_slots(fixture->vault, next, &err));
	assert_int_equal(try_key(fixture, key), -TACIT_WRONG_KEY);
	assert_int_equal(try_key(fixture, fixture->key), 0);
	assert_memory_equal(fixture->root, next, sizeof next);
	assert_int_equal(add(fixture, SLOT_COMMAND, key).number, added.number);
}

static void the_last_sound_slot_stays(void **state)
{
	struct fixture *fixture = *state;
	uint8_t key[SEAL_KEY_BYTES], next[SEAL_KEY_BYTES] = { 3 };
	struct err err;

	must_be(TACIT_INVALID,
		vault_remove_slot(fixture->vault, fixture->root, next, 1, NULL, NULL));
	add(fixture, SLOT_RECOVERY, key);
	tamper(fixture, "UPDATE meta SET bytes = x'00' WHERE name = 'slot-2'");
	must(vault_unlock(fixture->vault, fixture->key, fixture->root, &err));
	assert_int_equal(list(fixture, true)->slots[1].status, -TACIT_CORRUPT);
	/* One that opens nothing does not count. */
	must_be(TACIT_INVALID,
		vault_remove_slot(fixture->vault, fixture->root, next, 1, NULL, NULL));
	must(vault_remove_slot(fixture->vault, fixture->root, next, 2, NULL, &err));
	must(vault_check_slots(fixture->vault, next, &err));
	assert_int_equal(try_key(fixture, fixture->key), 0);
}

static void a_rotation_needs_no_unlock_key(void **state)
{
	struct fixture *fixture = *state;
	uint8_t keys[SLOT_KINDS][SEAL_KEY_BYTES], old[SEAL_KEY_BYTES];
	struct err err;

	put_secret(fixture);
	for (enum slot_kind kind = SLOT_KEY_FILE; kind < SLOT_KINDS; kind++)
		add(fixture, kind, keys[kind]);
	memcpy(old, fixture->root, sizeof old);
	rotate(fixture);
	put_secret(fixture); /* and the vault goes on as it was */
	must(vault_check_slots(fixture->vault, fixture->root, &err));
	for (enum slot_kind kind = SLOT_KEY_FILE; kind < SLOT_KINDS; kind++) {
		uint8_t now[SEAL_KEY_BYTES];

		memcpy(now, fixture->root, sizeof now);
		assert_int_equal(try_key(fixture, keys[kind]), 0);
		assert_memory_equal(fixture->root, now, sizeof now);
	}
	restart(fixture);
	must_be(TACIT_WRONG_KEY, vault_resume(fixture->vault, old, NULL));
	must(vault_resume(fixture->vault, fixture->root, &err));
}

static void rotating_needs_the_root_key(void **state)
{
	struct fixture *fixture = *state;
	uint8_t wrong[SEAL_KEY_BYTES] = { 1 }, next[SEAL_KEY_BYTES] = { 2 };

	must_be(TACIT_WRONG_KEY, vault_rotate_root(fixture->vault, wrong, next, NULL));
	vault_forget(fixture->vault);
	must_be(TACIT_LOCKED, vault_rotate_root(fixture->vault, fixture->root, next, NULL));
	assert_int_equal(try_key(fixture, fixture->key), 0);
}

/* Copies of the slots, in the same database, from before the rotation. */
static void a_slot_of_yesterday_opens_nothing(void **state)
{
	struct fixture *fixture = *state;
	uint8_t key[SEAL_KEY_BYTES], next[SEAL_KEY_BYTES] = { 3 };
	struct slot_about added = add(fixture, SLOT_RECOVERY, key);
	struct err err;

	tamper(fixture, "CREATE TABLE copy AS SELECT * FROM meta");
	must(vault_unlock(fixture->vault, fixture->key, fixture->root, &err));
	must(vault_remove_slot(fixture->vault, fixture->root, next, added.number, NULL, &err));
	tamper(fixture, "UPDATE meta SET bytes = (SELECT bytes FROM copy WHERE name = 'slot-2') "
			"WHERE name = 'slot-2'");
	assert_int_equal(try_key(fixture, key), -TACIT_CORRUPT);
	assert_int_equal(try_key(fixture, fixture->key), 0);
	assert_int_equal(list(fixture, true)->slots[1].status, -TACIT_CORRUPT);
	must_be(TACIT_CORRUPT, vault_check_slots(fixture->vault, fixture->root, NULL));
	/* Nor does it get the next root key. */
	rotate(fixture);
	assert_int_equal(try_key(fixture, key), -TACIT_CORRUPT);
}

struct forgery {
	const char *sql;
	enum tacit_code opened; /* with the key of slot 1 */
};

static const struct forgery forgeries[] = {
	{ "UPDATE meta SET bytes = x'' WHERE name = 'slot-2'", 0 },
	{ "DELETE FROM meta WHERE name = 'slot-2'", 0 },
	{ "UPDATE meta SET bytes = zeroblob(3000) WHERE name = 'slot-2'", 0 },
	{ "UPDATE meta SET bytes = zeroblob(5000) WHERE name = 'slot-2'", 0 },
	{ "INSERT INTO meta SELECT 'slot-3', bytes FROM "
	  "meta WHERE name = 'slot-2'",
		0 },
	{ "UPDATE meta SET bytes = (SELECT bytes FROM meta WHERE name = 'slot-1') WHERE name = "
	  "'slot-2'",
		0 },
	{ "DELETE FROM meta WHERE name = 'slots'", 0 },
	{ "UPDATE meta SET bytes = zeroblob(40) WHERE name = 'slots'", 0 },
	{ "UPDATE meta SET bytes = zeroblob(112) WHERE name = 'slots'", 0 },
	{ "UPDATE meta SET bytes = zeroblob(4000) WHERE name = 'slots'", 0 },
	{ "UPDATE meta SET bytes = zeroblob(600) WHERE name = 'slot-1'", TACIT_CORRUPT },
	{ "DELETE FROM meta WHERE name = 'slot-1'", TACIT_WRONG_KEY },
	{ "DELETE FROM meta WHERE name LIKE 'slot-%'", TACIT_CORRUPT },
	{ "DELETE FROM meta WHERE name LIKE 'slot%'", TACIT_CORRUPT },
};

static void what_was_done_to_slots_is_seen(void **state)
{
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof forgeries / sizeof *forgeries; i++) {
		uint8_t key[SEAL_KEY_BYTES];
		int result;

		add(fixture, SLOT_CREDENTIAL, key);
		tamper(fixture, forgeries[i].sql);
		result = vault_unlock(fixture->vault, fixture->key, fixture->root, NULL);
		if (result != -(int)forgeries[i].opened)
			fail_msg("%s: %s", forgeries[i].sql, code_word((enum tacit_code) - result));
		if (!result)
			must_be(TACIT_CORRUPT,
				vault_check_slots(fixture->vault, fixture->root, NULL));
		vault_close(fixture->vault);
		scratch_each(fixture->dir, scratch_unlink, NULL);
		assert_int_equal(vault_create(&store_sqlite, fixture->dir, fixture->key, NULL), 0);
		attach_and_unlock(fixture);
	}
}

static void a_row_longer_than_a_slot_stays_within_its_place(void **state)
{
	struct fixture *fixture = *state;
	struct vault_slots *slots;
	struct err err;

	tamper(fixture, "INSERT INTO meta VALUES ('slot-16', zeroblob(4096))");
	must(vault_read_slots(fixture->vault, &slots, &err));
	assert_int_equal(slots->rows[SLOT_NUMBERS - 1].length, 1);
	assert_int_equal(slots->list_length, SLOT_LIST_BYTES);
	free(slots);
}

/* store_sqlite, but that the call numbered `fail_at` fails, as on a full disk. */
static int calls_left;
static struct store_engine failing;

static int fails(struct err *err)
{
	return calls_left-- == 0 ? err_set(err, TACIT_IO, "the disk is full") : 0;
}

static int failing_put_meta(
	struct store *store, const char *name, const uint8_t *bytes, size_t length, struct err *err)
{
	return fails(err) ? -TACIT_IO : store_sqlite.put_meta(store, name, bytes, length, err);
}

static int failing_begin(struct store *store, struct err *err)
{
	return fails(err) ? -TACIT_IO : store_sqlite.begin(store, err);
}

static int failing_commit(struct store *store, struct err *err)
{
	return fails(err) ? -TACIT_IO : store_sqlite.commit(store, err);
}

static void a_rotation_is_whole_or_not_at_all(void **state)
{
	struct fixture *fixture = *state;
	uint8_t key[SEAL_KEY_BYTES], next[SEAL_KEY_BYTES] = { 3 };
	struct err err;
	int failed = -TACIT_IO, tried;

	add(fixture, SLOT_RECOVERY, key);
	failing = store_sqlite;
	failing.begin = failing_begin;
	failing.put_meta = failing_put_meta;
	failing.commit = failing_commit;
	for (tried = 0; failed == -TACIT_IO; tried++) {
		fixture->vault->engine = &failing;
		calls_left = tried;
		failed = vault_rotate_root(fixture->vault, fixture->root, next, NULL);
		if (failed)
			must(vault_check_slots(fixture->vault, fixture->root, &err));
		assert_int_equal(try_key(fixture, key), 0);
		must(vault_check_slots(fixture->vault, fixture->root, &err));
		assert_int_equal(!memcmp(fixture->root, next, sizeof next), !failed);
	}
	assert_int_equal(failed, 0);
	assert_true(tried > 5); /* begin, two slots, their list, the keyring, commit */
}

/* The same, but that the process is killed in the call numbered `calls_left`. */
static void dies(void)
{
	if (calls_left-- == 0)
		raise(SIGKILL);
}

static int dying_put_meta(
	struct store *store, const char *name, const uint8_t *bytes, size_t length, struct err *err)
{
	dies();
	return store_sqlite.put_meta(store, name, bytes, length, err);
}

static int dying_commit(struct store *store, struct err *err)
{
	int result;

	dies();
	result = store_sqlite.commit(store, err);
	dies(); /* it is through, and nobody hears of it */
	return result;
}

/* Whether a child that rotates to `next` comes to its end. */
static bool rotates(const struct fixture *fixture, const uint8_t *next, int calls)
{
	int status;
	pid_t child = fork();

	if (!child) {
		struct vault *vault;

		failing = store_sqlite;
		failing.put_meta = dying_put_meta;
		failing.commit = dying_commit;
		if (vault_attach(&failing, fixture->dir, &vault, NULL) ||
			vault_resume(vault, fixture->root, NULL))
			_exit(2);
		calls_left = calls;
		_exit(vault_rotate_root(vault, fixture->root, next, NULL) ? 3 : 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return false;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	return true;
}

/* As a successor does: the root key it has, and if that is none any more the one that was to be. */
static void a_process_that_is_killed_in_a_rotation_leaves_one_root_key(void **state)
{
	struct fixture *fixture = *state;
	uint8_t key[SEAL_KEY_BYTES];
	int was_old = 0, was_next = 0;
	bool ended = false;
	struct err err;

	put_secret(fixture);
	add(fixture, SLOT_RECOVERY, key);
	for (int calls = 0; !ended; calls++) {
		uint8_t next[SEAL_KEY_BYTES];
		int result;

		seal_random(next, sizeof next);
		vault_close(fixture->vault);
		ended = rotates(fixture, next, calls);
		attach(fixture);
		result = vault_resume(fixture->vault, fixture->root, NULL);
		if (result) {
			must_be(TACIT_WRONG_KEY, result);
			must(vault_resume(fixture->vault, next, &err));
			memcpy(fixture->root, next, sizeof next);
		}
		was_old += !result;
		was_next += result != 0;
		must(vault_check_slots(fixture->vault, fixture->root, &err));
		assert_int_equal(try_key(fixture, key), 0);
		must_have_secret(fixture);
	}
	assert_true(was_old >= 5);     /* two slots, their list, the keyring, before the commit */
	assert_int_equal(was_next, 2); /* after it, and not killed at all */
}

/* In the fixture's place: the store of another test, of the first layout; its key is 32 times 7. It
 * had no generations either, so nothing is written to it before somebody takes it as it is. */
static void load_first_layout(struct fixture *fixture)
{
	char path[SCRATCH_MAX + 16], *message = NULL;
	size_t length;
	uint8_t *sql = scratch_read("tests/unit/core/store/store-layout-1.sql", &length);
	struct err err;
	sqlite3 *db;

	vault_close(fixture->vault);
	scratch_each(fixture->dir, scratch_unlink, NULL);
	snprintf(path, sizeof path, "%s/store.db", fixture->dir);
	sql[length] = '\0';
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, (const char *)sql, NULL, NULL, &message))
		fail_msg("%s", message);
	sqlite3_close(db);
	free(sql);
	memset(fixture->key, 7, sizeof fixture->key);
	attach_and_unlock(fixture);
	must(vault_accept(fixture->vault, VAULT_ADOPT, &err));
}

static void a_store_of_the_first_layout_is_served_and_converted(void **state)
{
	struct fixture *fixture = *state;
	struct slot_about about = an_about(SLOT_RECOVERY, "");
	uint8_t key[SEAL_KEY_BYTES] = { 1 }, next[SEAL_KEY_BYTES] = { 2 };
	struct listing *listing;
	struct err err;

	load_first_layout(fixture);
	listing = list(fixture, true);
	assert_int_equal(listing->count, 1);
	assert_int_equal(listing->slots[0].status, 0);
	assert_int_equal(listing->slots[0].about.kind, SLOT_KEY_FILE);
	assert_int_equal(listing->slots[0].about.number, 1);
	must(vault_check_slots(fixture->vault, fixture->root, &err));
	must_be(TACIT_WRONG_KEY, vault_unlock_passphrase(fixture->vault, "none is", 7, key, NULL));
	must_be(TACIT_INVALID, vault_add_slot(fixture->vault, fixture->root, &about, key, NULL));
	must_be(TACIT_INVALID, vault_rotate_root(fixture->vault, fixture->root, next, NULL));
	must_be(TACIT_INVALID,
		vault_remove_slot(fixture->vault, fixture->root, next, 1, NULL, NULL));

	must_be(TACIT_WRONG_KEY, vault_convert_slots(fixture->vault, key, NULL));
	must(vault_convert_slots(fixture->vault, fixture->key, &err));
	must(vault_convert_slots(fixture->vault, fixture->key, &err));
	must(vault_check_slots(fixture->vault, fixture->root, &err));
	assert_int_equal(list(fixture, true)->count, 1);
	key[0] = 5;
	must(vault_add_slot(fixture->vault, fixture->root, &about, key, &err));
	rotate(fixture);
	assert_int_equal(try_key(fixture, key), 0);
	assert_int_equal(try_key(fixture, fixture->key), 0);
}

static const struct forgery first_damages[] = {
	{ "DELETE FROM meta WHERE name = 'slots'", TACIT_CORRUPT },
	{ "UPDATE meta SET bytes = x'' WHERE name = 'slots'", TACIT_CORRUPT },
	{ "UPDATE meta SET bytes = substr(bytes, 1, 111) WHERE name = 'slots'", TACIT_CORRUPT },
	{ "UPDATE meta SET bytes = zeroblob(112 * 17) WHERE name = 'slots'", TACIT_CORRUPT },
	{ "UPDATE meta SET bytes = CAST(substr(bytes, 1, 104) || zeroblob(8) AS BLOB) WHERE name = "
	  "'slots'",
		TACIT_CORRUPT },
	{ "UPDATE meta SET bytes = CAST(substr(bytes, 1, 24) || zeroblob(16) || "
	  "substr(bytes, 41) AS BLOB) WHERE name = 'slots'",
		TACIT_WRONG_KEY },
	{ "UPDATE meta SET bytes = CAST(zeroblob(112) || bytes AS BLOB) WHERE name = 'slots'", 0 },
};

static void slots_of_the_first_layout_that_are_damaged_are_refused(void **state)
{
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof first_damages / sizeof *first_damages; i++) {
		int result;

		load_first_layout(fixture);
		tamper(fixture, first_damages[i].sql);
		result = vault_unlock(fixture->vault, fixture->key, fixture->root, NULL);
		if (result != -(int)first_damages[i].opened)
			fail_msg("%s: %s", first_damages[i].sql,
				code_word((enum tacit_code) - result));
	}
}

/* What an older tacit would do with such a store: the header has a version that it does not know.
 */
static void a_converted_store_has_another_version(void **state)
{
	struct fixture *fixture = *state;
	uint8_t before[STORE_META_MAX], after[STORE_META_MAX];
	size_t length;
	struct err err;

	load_first_layout(fixture);
	must(store_sqlite.get_meta(
		fixture->vault->store, "header", before, sizeof before, &length, &err));
	must(vault_convert_slots(fixture->vault, fixture->key, &err));
	must(store_sqlite.get_meta(
		fixture->vault->store, "header", after, sizeof after, &length, &err));
	assert_int_equal(before[4], 1);
	assert_int_equal(after[4], 2);
	before[4] = 2;
	assert_memory_equal(before, after, length);
	restart(fixture);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_store_has_one_slot),
		TEST(each_kind_opens),
		TEST(slots_are_listed_without_a_key),
		TEST(a_store_can_have_a_passphrase_alone),
		TEST(a_wrong_passphrase_is_no_damage),
		TEST(adding_needs_the_root_key_and_room),
		TEST(a_removed_slot_opens_nothing_and_its_number_is_free),
		TEST(the_last_sound_slot_stays),
		TEST(a_rotation_needs_no_unlock_key),
		TEST(rotating_needs_the_root_key),
		TEST(a_slot_of_yesterday_opens_nothing),
		TEST(what_was_done_to_slots_is_seen),
		TEST(a_row_longer_than_a_slot_stays_within_its_place),
		TEST(a_rotation_is_whole_or_not_at_all),
		TEST(a_process_that_is_killed_in_a_rotation_leaves_one_root_key),
		TEST(a_store_of_the_first_layout_is_served_and_converted),
		TEST(slots_of_the_first_layout_that_are_damaged_are_refused),
		TEST(a_converted_store_has_another_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
