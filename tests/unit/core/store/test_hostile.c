/* SPDX-License-Identifier: Apache-2.0 */
/* Whoever can write the database learns nothing new and forges nothing: every row that was changed,
 * moved, swapped or made up is refused and named. */
#include "vault_fixture.h"

#include <sqlite3.h>

#include "base/pack.h"
#include "core/store/integrity.h"
#include "core/store/records.h"
#include "seal/record.h"
#include "seal/slot.h"

#define FLIP_STEP                                                                                  \
	37 /* not every byte of the file: a prime, so that all offsets in pages come up            \
	    */

/* SQLite's syncs come here: this is about bytes, and thousands of stores need not reach a disk. */
int fdatasync(int fd)
{
	(void)fd;
	return 0;
}

/* Run statements of our own in the database; ?1 is `id`. The vault is closed before and open after.
 */
static void tamper(struct fixture *fixture, const char *sql, const uint8_t *id)
{
	char path[SCRATCH_MAX + 16];
	sqlite3_stmt *statement;
	sqlite3 *db;

	vault_close(fixture->vault);
	fixture->vault = NULL;
	snprintf(path, sizeof path, "%s/store.db", fixture->dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL))
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	if (id)
		sqlite3_bind_blob(statement, 1, id, SEAL_ID_BYTES, SQLITE_STATIC);
	assert_int_equal(sqlite3_step(statement), SQLITE_DONE);
	assert_true(sqlite3_changes(db) > 0);
	sqlite3_finalize(statement);
	sqlite3_close(db);
}

static void hex_of(const uint8_t id[SEAL_ID_BYTES], char text[2 * SEAL_ID_BYTES + 1])
{
	for (size_t i = 0; i < SEAL_ID_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", id[i]);
}

static void a_damaged_record_is_refused_and_named(void **state)
{
	static const char *const damages[] = {
		("UPDATE record SET bytes = CAST(substr(bytes, 1, 60) || zeroblob(8) || "
		 "substr(bytes, 69) "
		 "AS BLOB) WHERE id = ?1"),
		"UPDATE record SET bytes = x'' WHERE id = ?1",
		"UPDATE record SET bytes = x'00' WHERE id = ?1",
		"UPDATE record SET bytes = substr(bytes, 1, 60) WHERE id = ?1",
		"UPDATE record SET bytes = zeroblob(100000) WHERE id = ?1",
		"UPDATE record SET bytes = CAST(bytes || x'00' AS BLOB) WHERE id = ?1",
		"UPDATE record SET bytes = (SELECT bytes FROM record WHERE id != ?1) WHERE id = ?1",
		"UPDATE record SET bytes = (SELECT bytes FROM value) WHERE id = ?1",
		/* a data key that is not in the keyring */
		("UPDATE record SET bytes = CAST(substr(bytes, 1, 24) || x'02' || substr(bytes, "
		 "26) "
		 "AS BLOB) WHERE id = ?1"),
	};
	struct fixture *fixture = *state;
	struct secret_record one = a_secret("one", 1), two = a_secret("two", 1);
	char hex[2 * SEAL_ID_BYTES + 1];
	struct seen seen;

	hex_of(one.id, hex);
	for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
		struct err err = { 0 };

		if (i) {
			attach_and_unlock(fixture);
			must(vault_accept(fixture->vault, VAULT_DROP, &err));
		}
		put(fixture->vault, &one, NULL); /* whole again */
		put(fixture->vault, &two, NULL);
		put_value(fixture->vault, one.id, "x", 1);
		tamper(fixture, damages[i], one.id);
		attach_and_unlock(fixture);
		if (try_see(fixture->vault, &seen, &err) != -TACIT_CORRUPT)
			fail_msg("not refused: %s", damages[i]);
		if (!strstr(err.text, hex))
			fail_msg("not named: %s: %s", damages[i], err.text);
		vault_close(fixture->vault);
		fixture->vault = NULL;
	}
}

static int open_stored(struct fixture *fixture, const uint8_t *id, uint8_t plain[128])
{
	uint8_t *sealed;
	size_t sealed_length, length;
	struct err err;
	int result;

	must(vault_load_value(fixture->vault, id, &sealed, &sealed_length, &err));
	result = vault_open_value(
		fixture->vault, id, sealed, sealed_length, plain, 128, &length, NULL);
	free(sealed);
	return result;
}

static void swapped_and_moved_values_are_refused(void **state)
{
	struct fixture *fixture = *state;
	uint8_t one[SEAL_ID_BYTES] = { 1 }, two[SEAL_ID_BYTES] = { 2 }, plain[128];

	put_value(fixture->vault, one, "for one", 7);
	put_value(fixture->vault, two, "for two", 7);
	assert_int_equal(open_stored(fixture, one, plain), 0);
	tamper(fixture,
		"UPDATE value SET bytes = (SELECT bytes FROM value WHERE id != ?1) WHERE id = ?1",
		one);
	attach_and_unlock(fixture);
	must_be(TACIT_CORRUPT, open_stored(fixture, one, plain));
	assert_int_equal(open_stored(fixture, two, plain), 0);
}

static void another_stores_rows_are_refused(void **state)
{
	struct fixture *fixture = *state, *other;
	struct secret_record secret = a_secret("s", 1);
	struct seen seen;
	char attach_sql[2 * SCRATCH_MAX], path[SCRATCH_MAX + 16];
	struct err err;
	sqlite3 *db;
	void *made = NULL;

	set_up(&made);
	other = made;
	put(fixture->vault, &secret, NULL);
	put(other->vault, &secret, NULL);
	vault_close(fixture->vault);
	vault_close(other->vault);
	snprintf(attach_sql, sizeof attach_sql, "ATTACH '%s/store.db' AS other", other->dir);
	snprintf(path, sizeof path, "%s/store.db", fixture->dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, attach_sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(db,
			"DELETE FROM record; INSERT INTO record SELECT * FROM other.record", NULL,
			NULL, NULL),
		SQLITE_OK);
	attach_and_unlock(fixture);
	must_be(TACIT_CORRUPT, try_see(fixture->vault, &seen, NULL));
	vault_close(fixture->vault);

	/* With its keys too it is the other store, and this key does not open it. */
	assert_int_equal(
		sqlite3_exec(db, "DELETE FROM meta; INSERT INTO meta SELECT * FROM other.meta",
			NULL, NULL, NULL),
		SQLITE_OK);
	attach(fixture);
	must_be(TACIT_WRONG_KEY, vault_unlock(fixture->vault, fixture->key, fixture->root, NULL));
	must(vault_unlock(fixture->vault, other->key, fixture->root, &err));
	sqlite3_close(db);
	attach(other);
	tear_down(&made);
}

/* Damage to the meta rows, and how attaching and unlocking answer. */
static const struct {
	const char *sql;
	enum tacit_code attached, unlocked;
} key_rows[] = {
	{ "DELETE FROM meta WHERE name = 'header'", TACIT_NOT_FOUND, 0 },
	{ "UPDATE meta SET bytes = x'' WHERE name = 'header'", TACIT_CORRUPT, 0 },
	{ "UPDATE meta SET bytes = zeroblob(32) WHERE name = 'header'", TACIT_CORRUPT, 0 },
	{ "UPDATE meta SET bytes = CAST(bytes || x'00' AS BLOB) WHERE name = 'header'",
		TACIT_CORRUPT, 0 },
	{ "UPDATE meta SET bytes = substr(bytes, 1, 31) WHERE name = 'header'", TACIT_CORRUPT, 0 },
	{ "UPDATE meta SET bytes = CAST(substr(bytes, 1, 4) || x'03' || substr(bytes, 6) "
	  "AS BLOB) WHERE name = 'header'",
		TACIT_NEWER, 0 },
	{ "UPDATE meta SET bytes = CAST(substr(bytes, 1, 8) || zeroblob(16) || "
	  "substr(bytes, 25) AS BLOB) WHERE name = 'header'",
		0, TACIT_CORRUPT },
	{ "DELETE FROM meta WHERE name = 'locked'", TACIT_CORRUPT, 0 },
	{ "UPDATE meta SET bytes = x'02' WHERE name = 'locked'", TACIT_CORRUPT, 0 },
	{ "UPDATE meta SET bytes = x'' WHERE name = 'locked'", TACIT_CORRUPT, 0 },
	{ "INSERT INTO meta VALUES ('clock', x'')", TACIT_CORRUPT, 0 },
	{ "INSERT INTO meta VALUES ('clock', zeroblob(7))", TACIT_CORRUPT, 0 },
	{ "INSERT INTO meta VALUES ('clock', zeroblob(9))", TACIT_CORRUPT, 0 },
	{ "INSERT INTO meta VALUES ('clock', zeroblob(8))", 0, 0 },
	{ "DELETE FROM meta WHERE name = 'slot-1'", 0, TACIT_CORRUPT },
	{ "UPDATE meta SET bytes = x'' WHERE name = 'slot-1'", 0, TACIT_CORRUPT },
	{ "UPDATE meta SET bytes = substr(bytes, 1, 111) WHERE name = 'slot-1'", 0, TACIT_CORRUPT },
	{ "UPDATE meta SET bytes = zeroblob(4096) WHERE name = 'slot-1'", 0, TACIT_CORRUPT },
	{ "UPDATE meta SET bytes = CAST(substr(bytes, 1, 104) || zeroblob(8) || substr(bytes, 113) "
	  "AS BLOB) WHERE name = 'slot-1'",
		0, TACIT_CORRUPT },
	{ "DELETE FROM meta WHERE name = 'keyring'", 0, TACIT_CORRUPT },
	{ "UPDATE meta SET bytes = x'' WHERE name = 'keyring'", 0, TACIT_CORRUPT },
	{ "UPDATE meta SET bytes = zeroblob(664) WHERE name = 'keyring'", 0, TACIT_CORRUPT },
	{ "UPDATE meta SET bytes = zeroblob(665) WHERE name = 'keyring'", 0, TACIT_CORRUPT },
	{ "UPDATE meta SET bytes = (SELECT bytes FROM meta WHERE name = 'slot-1') WHERE "
	  "name = 'keyring'",
		0, TACIT_CORRUPT },
};

static void damaged_keys_are_refused(void **state)
{
	static const uint8_t zero[SEAL_KEY_BYTES];
	struct fixture *fixture = *state;
	uint8_t root[SEAL_KEY_BYTES] = { 0 };

	for (size_t i = 0; i < sizeof key_rows / sizeof *key_rows; i++) {
		struct err err;
		int result;

		tamper(fixture, key_rows[i].sql, NULL);
		result = vault_attach(&store_sqlite, fixture->dir, &fixture->vault, NULL);
		if (result != -(int)key_rows[i].attached)
			fail_msg("attach gives %s: %s", code_word((enum tacit_code) - result),
				key_rows[i].sql);
		if (!result) {
			result = vault_unlock(fixture->vault, fixture->key, root, NULL);
			if (result != -(int)key_rows[i].unlocked)
				fail_msg("unlock gives %s: %s",
					code_word((enum tacit_code) - result), key_rows[i].sql);
			assert_int_equal(vault_is_open(fixture->vault), !result);
			assert_int_equal(!memcmp(root, zero, sizeof zero), result < 0);
			vault_close(fixture->vault);
		}
		scratch_each(fixture->dir, scratch_unlink, NULL);
		must(vault_create(&store_sqlite, fixture->dir, fixture->key, &err));
		attach(fixture);
	}
}

/* A store that was emptied of its keys but not of its records is no new one. */
static void records_without_keys_are_not_made_over(void **state)
{
	struct fixture *fixture = *state;
	struct secret_record secret = a_secret("s", 1);

	put(fixture->vault, &secret, NULL);
	tamper(fixture, "DELETE FROM meta", NULL);
	must_be(TACIT_EXISTS, vault_create(&store_sqlite, fixture->dir, fixture->key, NULL));
}

/* Seal any bytes as a record of this store, as somebody with the key could, and let an operator
 * take it for true. */
static void put_forged(struct fixture *fixture, const uint8_t *id, const void *plain, size_t length)
{
	struct record_address address = { .key_id = 1, .table = STORE_RECORDS };
	uint8_t bytes[STORE_META_MAX], *sealed = malloc(record_sealed_size(length));
	struct keyring ring;
	struct store *store;
	size_t used;
	struct err err;

	vault_close(fixture->vault);
	must(store_sqlite.open(fixture->dir, &store, &err));
	must(store_sqlite.get_meta(store, "header", bytes, sizeof bytes, &used, &err));
	memcpy(address.store_id, bytes + 8, SEAL_ID_BYTES);
	memcpy(address.id, id, SEAL_ID_BYTES);
	must(store_sqlite.get_meta(store, "keyring", bytes, sizeof bytes, &used, &err));
	must(keyring_open(fixture->root, address.store_id, bytes, used, &ring, &err));
	must(record_seal(ring.keys[0].key, &address, plain, length, sealed, &err));
	must(store_sqlite.begin(store, &err));
	must(store_sqlite.put(store, STORE_RECORDS, id, sealed, record_sealed_size(length), &err));
	must(store_sqlite.commit(store, &err));
	store_sqlite.close(store);
	free(sealed);
	attach_and_unlock(fixture);
	must(vault_accept(fixture->vault, VAULT_ADOPT, &err));
}

static void sealed_nonsense_is_refused(void **state)
{
	static const struct {
		uint8_t bytes[24];
		size_t length;
		enum tacit_code code;
	} rows[] = {
		{ { 0 }, 0, TACIT_CORRUPT },
		{ { 1 }, 1, TACIT_CORRUPT },
		{ { 0, 1 }, 2, TACIT_CORRUPT },
		{ { RECORD_KINDS, 1 }, 2, TACIT_NEWER },
		{ { 255 }, 1, TACIT_NEWER },
		{ { 1, 3 }, 2, TACIT_NEWER },
		{ { 2, 4 }, 2, TACIT_NEWER },
		{ { 3, 2 }, 2, TACIT_NEWER },
		{ { 4, 3 }, 2, TACIT_NEWER },
		{ { 5, 2 }, 2, TACIT_NEWER },
		{ { 6, 2 }, 2, TACIT_NEWER },
		{ { 7, 2 }, 2, TACIT_NEWER },
		{ { 8, 2 }, 2, TACIT_NEWER },
		{ { 1, 0 }, 2, TACIT_CORRUPT },
		{ { 3, 0 }, 2, TACIT_CORRUPT },
		{ { 3, 1 }, 24, TACIT_CORRUPT },
		{ { 4, 1 }, 24, TACIT_CORRUPT },
		{ { 5, 1 }, 24, TACIT_CORRUPT },
		{ { 6, 1 }, 24, TACIT_CORRUPT },
		{ { 7, 1 }, 24, TACIT_CORRUPT },
		{ { 8, 1 }, 24, TACIT_CORRUPT },
		{ { 1, 1, 255, 255 }, 24, TACIT_CORRUPT },
		{ { 2, 1 }, 24, TACIT_CORRUPT },
		{ { 1, 1 }, 5000, TACIT_CORRUPT },
		{ { RECORD_KINDS, 1 }, RECORDS_PACKED_MAX, TACIT_NEWER },
		{ { RECORD_KINDS, 1 }, RECORDS_PACKED_MAX + 1, TACIT_CORRUPT },
	};
	struct fixture *fixture = *state;
	uint8_t id[SEAL_ID_BYTES] = { 0xab }, plain[RECORDS_PACKED_MAX + 1];
	struct seen seen;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct err err;

		memset(plain, 0, sizeof plain);
		memcpy(plain, rows[i].bytes, sizeof rows[i].bytes);
		put_forged(fixture, id, plain, rows[i].length);
		must_be(rows[i].code, try_see(fixture->vault, &seen, &err));
		assert_non_null(strstr(err.text, "ab000000"));
	}
}

/* Attach, unlock and read all of a store of one secret, one grant and one value. */
static bool reads_right(struct fixture *fixture, const struct secret_record *secret, bool *refused)
{
	struct seen seen;
	uint8_t plain[128] = { 0 }, *sealed = NULL;
	size_t sealed_length, length;
	int result = vault_attach(&store_sqlite, fixture->dir, &fixture->vault, NULL);

	memset(&seen, 0, sizeof seen);
	if (!result)
		result = vault_unlock(fixture->vault, fixture->key, fixture->root, NULL);
	if (!result)
		result = try_see(fixture->vault, &seen, NULL);
	if (!result)
		result = vault_load_value(fixture->vault, secret->versions[0].value_id, &sealed,
			&sealed_length, NULL);
	if (!result)
		result = vault_open_value(fixture->vault, secret->versions[0].value_id, sealed,
			sealed_length, plain, sizeof plain, &length, NULL);
	free(sealed);
	vault_close(fixture->vault);
	fixture->vault = NULL;
	*refused = result < 0;
	return result < 0 ||
	       (!memcmp(plain, "hunter2", 8) && seen.secret_count == 1 && seen.grant_count == 1 &&
		       !memcmp(&seen.secrets[0], secret, sizeof *secret));
}

static void no_flipped_bit_of_the_file_gives_a_wrong_answer(void **state)
{
	struct fixture *fixture = *state;
	struct secret_record secret = a_secret("shop/db_password", 1);
	struct grant_record grant = a_grant(&secret);
	char path[SCRATCH_MAX + 16];
	size_t length, refusals = 0;
	uint8_t *bytes;
	bool refused;

	put(fixture->vault, &secret, &grant);
	put_value(fixture->vault, secret.versions[0].value_id, "hunter2", 7);
	vault_close(fixture->vault);
	fixture->vault = NULL;
	snprintf(path, sizeof path, "%s/store.db", fixture->dir);
	bytes = scratch_read(path, &length);
	for (size_t at = 0; at < length; at += FLIP_STEP) {
		uint8_t flip = (uint8_t)(1 << at % 8);

		scratch_each(fixture->dir, scratch_unlink, NULL);
		bytes[at] ^= flip;
		scratch_write(path, bytes, length);
		bytes[at] ^= flip;
		if (!reads_right(fixture, &secret, &refused))
			fail_msg("a wrong answer after a flip at %zu", at);
		refusals += refused;
	}
	assert_true(refusals > 50);
	scratch_each(fixture->dir, scratch_unlink, NULL);
	scratch_write(path, bytes, length);
	assert_true(reads_right(fixture, &secret, &refused));
	assert_false(refused);
	free(bytes);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_damaged_record_is_refused_and_named),
		TEST(swapped_and_moved_values_are_refused),
		TEST(another_stores_rows_are_refused),
		TEST(damaged_keys_are_refused),
		TEST(records_without_keys_are_not_made_over),
		TEST(sealed_nonsense_is_refused),
		TEST(no_flipped_bit_of_the_file_gives_a_wrong_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
