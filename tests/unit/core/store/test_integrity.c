/* SPDX-License-Identifier: Apache-2.0 */
/* A row that was changed, deleted, swapped, put back or added is named and not served, the others
 * are, and nothing is written before an operator has accepted that. */
#include "tamper.h"

#define SHOP 2 /* records of the small store */

/* SQLite's syncs come here: this is about bytes, and thousands of stores need not reach a disk. */
int fdatasync(int fd)
{
	(void)fd;
	return 0;
}

struct shop {
	struct secret_record secret;
	struct grant_record grant;
};

static void stock(struct fixture *fixture, struct shop *shop)
{
	shop->secret = a_secret("shop/db_password", 1);
	shop->grant = a_grant(&shop->secret);
	/* three groups, and known */
	shop->secret.id[0] = 1;
	shop->grant.id[0] = 2;
	shop->secret.versions[0].value_id[0] = 3;
	memcpy(shop->grant.secret_id, shop->secret.id, SEAL_ID_BYTES);
	put_value(fixture->vault, shop->secret.versions[0].value_id, "hunter2", 7);
	put(fixture->vault, &shop->secret, &shop->grant);
	must_be_whole(fixture, SHOP);
}

static uint64_t generation_of(const struct fixture *fixture)
{
	struct vault_standing standing;

	vault_get_standing(fixture->vault, &standing);
	return standing.generation;
}

static void each_commit_raises_the_generation(void **state)
{
	struct fixture *fixture = *state;
	struct shop shop;
	struct err err;

	assert_int_equal(generation_of(fixture), 0);
	stock(fixture, &shop);
	assert_int_equal(generation_of(fixture), 2);
	must(vault_begin(fixture->vault, &err));
	must(vault_remove_secret(fixture->vault, shop.secret.id, &err));
	vault_rollback(fixture->vault);
	assert_int_equal(generation_of(fixture), 2);
	must_be_whole(fixture, SHOP);
	must(vault_begin(fixture->vault, &err));
	must(vault_commit(fixture->vault, &err));
	assert_int_equal(generation_of(fixture), 3);
	vault_close(fixture->vault);
	attach(fixture);
	assert_int_equal(generation_of(fixture), 0);
	must(vault_unlock(fixture->vault, fixture->key, fixture->root, &err));
	assert_int_equal(generation_of(fixture), 3);
	must_be_whole(fixture, SHOP);
}

/* Each row of a table, by its number, as it was. */
struct row {
	uint8_t key[SEAL_ID_BYTES];
	uint8_t bytes[STORE_META_MAX];
	size_t key_length, length;
};

static bool read_row(sqlite3 *db, const char *sql, int number, struct row *row)
{
	sqlite3_stmt *statement;
	bool there;

	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
	sqlite3_bind_int(statement, 1, number);
	there = sqlite3_step(statement) == SQLITE_ROW;
	memset(row, 0, sizeof *row);
	if (there) {
		row->key_length = (size_t)sqlite3_column_bytes(statement, 0);
		memcpy(row->key, sqlite3_column_blob(statement, 0), row->key_length);
		row->length = (size_t)sqlite3_column_bytes(statement, 1);
		assert_true(row->length <= sizeof row->bytes);
		memcpy(row->bytes, sqlite3_column_blob(statement, 1), row->length);
	}
	sqlite3_finalize(statement);
	return there;
}

/* Damage to any row but a list's is told of that row; a list's costs nobody his row; without the
 * root nothing is served. */
static void must_be_noticed(struct fixture *fixture, const char *table, const struct row *row)
{
	const bool record = table[0] == 'r', list = record && integrity_is_list(row->key);
	struct told told;
	int result;

	vault_forget(fixture->vault);
	result = vault_resume(fixture->vault, fixture->root, NULL);
	if (table[0] == 'm' && result == -TACIT_NEWER) /* the byte was of the version */
		return;
	assert_int_equal(result, 0);
	walk(fixture->vault, &told);
	if (table[0] == 'm') {
		assert_true(told.count > 0);
		assert_int_equal(told.served, strcmp((const char *)row->key, "root") ? SHOP : 0);
		return;
	}
	assert_int_equal(told.count, 1);
	assert_non_null(told_of(&told, record ? STORE_RECORDS : STORE_VALUES, row->key));
	assert_int_equal(told.damages[0].fault, VAULT_DAMAGED);
	assert_int_equal(told.served, record && !list ? SHOP - 1 : SHOP);
	must_be(TACIT_CORRUPT, vault_begin(fixture->vault, NULL));
}

/* Flip a bit of each byte of a row, then cut it at each length. */
static size_t spoil(struct fixture *fixture, sqlite3 *db, const char *table, const char *update,
	const struct row *row)
{
	struct row spoilt = *row;

	for (size_t i = 0; i < row->length; i++) {
		spoilt.bytes[i] ^= (uint8_t)(1 << i % 8);
		run_sql(db, update, spoilt.key, spoilt.bytes, spoilt.length);
		must_be_noticed(fixture, table, row);
		spoilt.bytes[i] = row->bytes[i];
		run_sql(db, update, spoilt.key, spoilt.bytes, i);
		must_be_noticed(fixture, table, row);
	}
	run_sql(db, update, spoilt.key, row->bytes, row->length);
	return 2 * row->length;
}

static void every_byte_and_every_length_of_every_row_is_checked(void **state)
{
	static const char *const tables[][3] = {
		{ "record", "SELECT id, bytes FROM record ORDER BY id LIMIT 1 OFFSET ?1",
			"UPDATE record SET bytes = ?2 WHERE id = ?1" },
		{ "value", "SELECT id, bytes FROM value ORDER BY id LIMIT 1 OFFSET ?1",
			"UPDATE value SET bytes = ?2 WHERE id = ?1" },
		{ "meta",
			"SELECT CAST(name AS BLOB), bytes FROM meta WHERE name = 'root' LIMIT 1 "
			"OFFSET ?1",
			"UPDATE meta SET bytes = ?2 WHERE name = 'root' AND ?1 IS NOT NULL" },
	};
	struct fixture *fixture = *state;
	sqlite3 *db;
	struct shop shop;
	struct row row;
	size_t spoilt = 0, rows = 0;

	stock(fixture, &shop);
	db = intrude(fixture);
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
		for (int number = 0; read_row(db, tables[i][1], number, &row); number++, rows++)
			spoilt += spoil(fixture, db, tables[i][0], tables[i][2], &row);
	sqlite3_close(db);
	assert_int_equal(rows, 7); /* secret, grant, value, a list of each, the root */
	give_key_again(fixture);
	must_be_whole(fixture, SHOP);
	print_message("%zu rows spoilt in %zu ways\n", rows, spoilt);
}

/* What an intruder does to one of the secret, the grant and the value. */
static void deleted_rows_are_named(void **state)
{
	struct fixture *fixture = *state;
	struct shop shop;

	stock(fixture, &shop);
	alter(fixture, "DELETE FROM record WHERE id = ?1", shop.grant.id);
	give_key_again(fixture);
	must_tell(fixture, STORE_RECORDS, shop.grant.id, VAULT_MISSING, SHOP - 1);
}

static void a_deleted_value_is_named(void **state)
{
	struct fixture *fixture = *state;
	struct shop shop;

	stock(fixture, &shop);
	alter(fixture, "DELETE FROM value WHERE id = ?1", shop.secret.versions[0].value_id);
	give_key_again(fixture);
	must_tell(fixture, STORE_VALUES, shop.secret.versions[0].value_id, VAULT_MISSING, SHOP);
}

/* A copy of a table as it is now, in a table `kept`. */
static void keep(struct fixture *fixture, const char *sql)
{
	sqlite3 *db = intrude(fixture);

	run_sql(db, sql, NULL, NULL, 0);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void keep_records(struct fixture *fixture)
{
	keep(fixture, "CREATE TABLE kept AS SELECT id, bytes FROM record");
}

static void older_rows_are_named(void **state)
{
	struct fixture *fixture = *state;
	struct shop shop;
	struct err err;

	stock(fixture, &shop);
	keep_records(fixture);
	shop.grant.revoked_ns = 9;
	memset(shop.grant.secret_id, 0, SEAL_ID_BYTES);
	put(fixture->vault, NULL, &shop.grant);
	alter(fixture,
		"UPDATE record SET bytes = (SELECT bytes FROM kept WHERE id = ?1) WHERE id = ?1",
		shop.grant.id);
	give_key_again(fixture);
	must_tell(fixture, STORE_RECORDS, shop.grant.id, VAULT_OLDER, SHOP - 1);
	must_be(TACIT_CORRUPT, try_see(fixture->vault, &(struct seen){ 0 }, &err));
	assert_non_null(strstr(err.text, "is older than generation 3"));
}

static void removed_rows_that_come_back_are_named(void **state)
{
	struct fixture *fixture = *state;
	struct shop shop;
	struct err err;

	stock(fixture, &shop);
	keep_records(fixture);
	must(vault_begin(fixture->vault, &err));
	must(vault_remove_secret(fixture->vault, shop.secret.id, &err));
	must(vault_commit(fixture->vault, &err));
	alter(fixture, "INSERT INTO record SELECT * FROM kept WHERE id = ?1", shop.secret.id);
	give_key_again(fixture);
	must_tell(fixture, STORE_RECORDS, shop.secret.id, VAULT_ADDED, SHOP - 1);
}

static void swapped_rows_are_named(void **state)
{
	struct fixture *fixture = *state;
	struct shop shop;
	struct told told;

	stock(fixture, &shop);
	keep_records(fixture);
	alter(fixture,
		"UPDATE record SET bytes = (SELECT bytes FROM kept WHERE id != record.id AND "
		"substr(id, 1, 5) != CAST('tacit' AS BLOB)) WHERE substr(id, 1, 5) != "
		"CAST('tacit' AS BLOB)",
		NULL);
	give_key_again(fixture);
	walk(fixture->vault, &told);
	assert_int_equal(told.count, 2);
	assert_int_equal(told.damages[0].fault, VAULT_DAMAGED);
	assert_int_equal(told.served, 0);
}

/* A row and the list that names it, both of an earlier time: the rows of its group are not served,
 * those of the others are. */
static void an_older_row_with_its_list_is_not_served(void **state)
{
	struct fixture *fixture = *state;
	struct shop shop;
	struct told told;
	uint8_t list[SEAL_ID_BYTES];

	stock(fixture, &shop);
	keep_records(fixture);
	shop.grant.reads = 7;
	put(fixture->vault, NULL, &shop.grant);
	integrity_list_id(2, list);
	for (int i = 0; i < 2; i++)
		alter(fixture,
			"UPDATE record SET bytes = (SELECT bytes FROM kept WHERE id = ?1) WHERE id "
			"= ?1",
			i ? list : shop.grant.id);
	give_key_again(fixture);
	walk(fixture->vault, &told);
	assert_int_equal(told.count, 2);
	assert_int_equal(told_of(&told, STORE_RECORDS, shop.grant.id)->fault, VAULT_UNKNOWN);
	assert_int_equal(told_of(&told, STORE_RECORDS, list)->fault, VAULT_DAMAGED);
	assert_int_equal(told.served, SHOP - 1);
}

static void an_older_root_vouches_for_nothing_newer(void **state)
{
	struct fixture *fixture = *state;
	struct shop shop;
	struct told told;

	stock(fixture, &shop);
	keep(fixture, "CREATE TABLE kept AS SELECT name, bytes FROM meta");
	shop.grant.reads = 7;
	put(fixture->vault, NULL, &shop.grant);
	alter(fixture,
		"UPDATE meta SET bytes = (SELECT bytes FROM kept WHERE name = 'root') WHERE name = "
		"'root'",
		NULL);
	give_key_again(fixture);
	walk(fixture->vault, &told);
	assert_non_null(told_of(&told, STORE_RECORDS, shop.grant.id));
	assert_int_equal(told.served, SHOP - 1);
}

static void without_its_root_no_row_is_served(void **state)
{
	struct fixture *fixture = *state;
	struct shop shop;
	struct told told;

	stock(fixture, &shop);
	alter(fixture, "DELETE FROM meta WHERE name = 'root'", NULL);
	give_key_again(fixture);
	walk(fixture->vault, &told);
	assert_int_equal(told.served, 0);
	assert_non_null(told_of(&told, STORE_RECORDS, shop.grant.id));
	must_be(TACIT_INVALID, vault_accept(fixture->vault, VAULT_DROP, NULL));
}

static void lists_without_rows_are_no_empty_store(void **state)
{
	struct fixture *fixture = *state;
	struct shop shop;
	struct told told;

	stock(fixture, &shop);
	alter(fixture, "DELETE FROM meta WHERE name = 'root'", NULL);
	alter(fixture, "DELETE FROM record WHERE substr(id, 1, 5) != CAST('tacit' AS BLOB)", NULL);
	alter(fixture, "DELETE FROM value", NULL);
	give_key_again(fixture);
	walk(fixture->vault, &told);
	assert_true(told.count > 0);
	must_be(TACIT_CORRUPT, vault_begin(fixture->vault, NULL));
}

static void a_root_of_a_newer_tacit_is_left_alone(void **state)
{
	struct fixture *fixture = *state;
	struct shop shop;

	stock(fixture, &shop);
	alter(fixture,
		"UPDATE meta SET bytes = CAST(substr(bytes, 1, 4) || x'02' || substr(bytes, 6) AS "
		"BLOB) WHERE name = 'root'",
		NULL);
	vault_forget(fixture->vault);
	must_be(TACIT_NEWER, vault_resume(fixture->vault, fixture->root, NULL));
	assert_false(vault_is_open(fixture->vault));
}

static void meta_rows_of_another_time_are_noticed(void **state)
{
	static const char *const changes[] = {
		"DELETE FROM meta WHERE name = 'clock'",
		"UPDATE meta SET bytes = zeroblob(8) WHERE name = 'clock'",
		/* created, which is in no key */
		("UPDATE meta SET bytes = CAST(substr(bytes, 1, 24) || zeroblob(8) AS BLOB) "
		 "WHERE name = 'header'"),
	};
	struct fixture *fixture = *state;
	struct shop shop;
	struct told told;
	struct err err;

	stock(fixture, &shop);
	must(vault_begin(fixture->vault, &err));
	must(vault_put_clock(fixture->vault, 1ull << 60, &err));
	must(vault_commit(fixture->vault, &err));
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		give_key_again(fixture);
		must_be_whole(fixture, SHOP);
		alter(fixture, changes[i], NULL);
		give_key_again(fixture);
		walk(fixture->vault, &told);
		assert_int_equal(told.count, 1);
		assert_int_equal(told.damages[0].table, 0);
		assert_non_null(strstr(changes[i], told.damages[0].meta));
		assert_int_equal(told.served, SHOP);
		must(vault_accept(fixture->vault, VAULT_DROP, &err));
		must(vault_begin(fixture->vault, &err));
		must(vault_put_clock(fixture->vault, (1ull << 60) + i + 1, &err));
		must(vault_commit(fixture->vault, &err));
	}
}

/* After the key was given, too. */
static void rows_put_back_while_it_is_open_are_not_served(void **state)
{
	struct fixture *fixture = *state;
	const uint8_t *value_id;
	struct shop shop;
	uint8_t *sealed;
	size_t length;

	stock(fixture, &shop);
	value_id = shop.secret.versions[0].value_id;
	keep_records(fixture);
	keep(fixture, "CREATE TABLE values_kept AS SELECT id, bytes FROM value");
	shop.grant.reads = 7;
	put(fixture->vault, NULL, &shop.grant);
	put_value(fixture->vault, value_id, "hunter3", 7);
	alter(fixture,
		"UPDATE value SET bytes = (SELECT bytes FROM values_kept WHERE id = ?1) WHERE id = "
		"?1",
		value_id);
	must_be(TACIT_CORRUPT, vault_load_value(fixture->vault, value_id, &sealed, &length, NULL));
	alter(fixture,
		"UPDATE record SET bytes = (SELECT bytes FROM kept WHERE id = ?1) WHERE id = ?1",
		shop.grant.id);
	must_tell(fixture, STORE_RECORDS, shop.grant.id, VAULT_OLDER, SHOP - 1);
}

/* Without primary keys a file may hold two rows of one id. */
static void a_row_that_is_there_twice_is_served_once(void **state)
{
	struct fixture *fixture = *state;
	struct shop shop;
	struct told told;

	stock(fixture, &shop);
	keep_records(fixture);
	shop.grant.reads = 7;
	put(fixture->vault, NULL, &shop.grant);
	alter(fixture, "INSERT INTO kept SELECT id, bytes FROM record WHERE id = ?1",
		shop.grant.id);
	vault_close(fixture->vault);
	keep(fixture, "DROP TABLE record");
	keep(fixture, "ALTER TABLE kept RENAME TO record");
	attach_and_unlock(fixture);
	walk(fixture->vault, &told);
	assert_true(told.count >= 1);
	assert_non_null(told_of(&told, STORE_RECORDS, shop.grant.id));
	assert_true(told.served <= SHOP);
	must_be(TACIT_CORRUPT, vault_begin(fixture->vault, NULL));
}

static void accepting_drops_what_is_not_certain(void **state)
{
	struct fixture *fixture = *state;
	struct shop shop;
	struct err err;
	uint64_t before;

	stock(fixture, &shop);
	keep_records(fixture);
	shop.grant.reads = 7;
	put(fixture->vault, NULL, &shop.grant);
	before = generation_of(fixture);
	alter(fixture,
		"UPDATE record SET bytes = (SELECT bytes FROM kept WHERE id = ?1) WHERE id = ?1",
		shop.grant.id);
	give_key_again(fixture);
	must(vault_accept(fixture->vault, VAULT_DROP, &err));
	assert_true(generation_of(fixture) > before);
	for (int again = 0; again < 2; again++) {
		must_be_whole(fixture, SHOP - 1);
		give_key_again(fixture);
	}
	put(fixture->vault, NULL, &shop.grant);
	give_key_again(fixture);
	must_be_whole(fixture, SHOP);
}

static void accepting_can_take_what_opens(void **state)
{
	struct fixture *fixture = *state;
	struct shop shop;
	struct seen seen;
	struct err err;

	stock(fixture, &shop);
	alter(fixture, "DELETE FROM meta WHERE name = 'root'", NULL);
	alter(fixture, "UPDATE record SET bytes = x'00' WHERE id = ?1", shop.secret.id);
	give_key_again(fixture);
	must(vault_accept(fixture->vault, VAULT_ADOPT, &err));
	for (int again = 0; again < 2; again++) {
		must_be_whole(fixture, SHOP - 1);
		give_key_again(fixture);
	}
	see(fixture->vault, &seen);
	assert_int_equal(seen.grant_count, 1);
	put(fixture->vault, &shop.secret, NULL);
}

static void accepting_needs_a_key_and_no_change(void **state)
{
	struct fixture *fixture = *state;
	struct err err;

	must(vault_begin(fixture->vault, &err));
	must_be(TACIT_BUSY, vault_accept(fixture->vault, VAULT_DROP, NULL));
	vault_rollback(fixture->vault);
	vault_forget(fixture->vault);
	must_be(TACIT_LOCKED, vault_accept(fixture->vault, VAULT_DROP, NULL));
	must_be(TACIT_LOCKED, vault_each_damage(fixture->vault, take_damage, NULL, NULL));
}

/* A commit that fails leaves the generation where it was. */
static void a_refused_commit_is_undone_in_memory_too(void **state)
{
	struct fixture *fixture = *state;
	struct shop shop;
	struct err err;

	stock(fixture, &shop);
	must(vault_begin(fixture->vault, &err));
	must(vault_remove_secret(fixture->vault, shop.secret.id, &err));
	must(vault_put_clock(fixture->vault, 77, &err));
	must_be(TACIT_INVALID,
		integrity_put(fixture->vault, STORE_RECORDS, (const uint8_t *)"tacit list rows",
			shop.grant.id, 16, NULL));
	vault_rollback(fixture->vault);
	must_be_whole(fixture, SHOP);
	put(fixture->vault, &shop.secret, NULL);
	give_key_again(fixture);
	must_be_whole(fixture, SHOP);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_commit_raises_the_generation),
		TEST(every_byte_and_every_length_of_every_row_is_checked),
		TEST(deleted_rows_are_named),
		TEST(a_deleted_value_is_named),
		TEST(older_rows_are_named),
		TEST(removed_rows_that_come_back_are_named),
		TEST(swapped_rows_are_named),
		TEST(an_older_row_with_its_list_is_not_served),
		TEST(an_older_root_vouches_for_nothing_newer),
		TEST(without_its_root_no_row_is_served),
		TEST(lists_without_rows_are_no_empty_store),
		TEST(a_root_of_a_newer_tacit_is_left_alone),
		TEST(meta_rows_of_another_time_are_noticed),
		TEST(rows_put_back_while_it_is_open_are_not_served),
		TEST(a_row_that_is_there_twice_is_served_once),
		TEST(accepting_drops_what_is_not_certain),
		TEST(accepting_can_take_what_opens),
		TEST(accepting_needs_a_key_and_no_change),
		TEST(a_refused_commit_is_undone_in_memory_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
