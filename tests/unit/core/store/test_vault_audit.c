/* SPDX-License-Identifier: Apache-2.0 */
/* The key of the audit log: made once, sealed, and the same for every core. */
#include "vault_fixture.h"

#include <sqlite3.h>

static void sql(const struct fixture *fixture, const char *statement)
{
	char path[SCRATCH_MAX + 16];
	sqlite3 *db;

	snprintf(path, sizeof path, "%s/store.db", fixture->dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, statement, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void it_is_made_once(void **state)
{
	static const uint8_t zeros[SEAL_KEY_BYTES];
	struct fixture *fixture = *state;
	uint8_t key[SEAL_KEY_BYTES] = { 0 }, again[SEAL_KEY_BYTES] = { 0 };
	uint8_t id[SEAL_ID_BYTES], id_again[SEAL_ID_BYTES];
	struct vault_log_place place;
	struct err err;

	must(vault_audit_key(fixture->vault, key, &place, &err));
	assert_memory_not_equal(key, zeros, sizeof key);
	must(vault_audit_key(fixture->vault, again, &place, &err));
	assert_memory_equal(again, key, sizeof key);
	vault_store_id(fixture->vault, id);
	vault_close(fixture->vault);
	attach(fixture);
	assert_int_equal(vault_audit_key(fixture->vault, again, &place, &err), -TACIT_LOCKED);
	vault_store_id(fixture->vault, id_again);
	assert_memory_equal(id_again, id, sizeof id);
	must(vault_unlock(fixture->vault, fixture->key, fixture->root, &err));
	memset(again, 0, sizeof again);
	must(vault_audit_key(fixture->vault, again, &place, &err));
	assert_memory_equal(again, key, sizeof key);
}

static void where_the_log_was_is_kept_beside_it(void **state)
{
	struct vault_log_place put = { 2, 70, { 1, 2, 3 } }, place;
	struct fixture *fixture = *state;
	uint8_t key[SEAL_KEY_BYTES] = { 0 }, again[SEAL_KEY_BYTES] = { 0 };
	struct err err;

	must(vault_audit_key(fixture->vault, key, &place, &err));
	assert_int_equal(place.number, 0);
	must(vault_begin(fixture->vault, &err));
	must(vault_put_log_place(fixture->vault, &put, &err));
	must(vault_commit(fixture->vault, &err));
	vault_close(fixture->vault);
	attach_and_unlock(fixture);
	must(vault_audit_key(fixture->vault, again, &place, &err));
	assert_memory_equal(again, key, sizeof key);
	assert_memory_equal(&place, &put, sizeof put);
}

/* Nobody is given another one instead. */
static void a_damaged_one_is_named(void **state)
{
	struct fixture *fixture = *state;
	uint8_t key[SEAL_KEY_BYTES] = { 0 };
	struct vault_log_place place;
	struct err err;

	must(vault_audit_key(fixture->vault, key, &place, &err));
	vault_close(fixture->vault);
	sql(fixture, "UPDATE meta SET bytes = zeroblob(136) WHERE name = 'audit'");
	attach_and_unlock(fixture);
	assert_int_equal(vault_audit_key(fixture->vault, key, &place, &err), -TACIT_CORRUPT);
	assert_non_null(strstr(err.text, "audit log"));
	vault_close(fixture->vault);
	sql(fixture, "DELETE FROM meta WHERE name = 'audit'");
	attach_and_unlock(fixture);
	assert_int_equal(vault_audit_key(fixture->vault, key, &place, &err), -TACIT_CORRUPT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_is_made_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			where_the_log_was_is_kept_beside_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_damaged_one_is_named, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
