/* SPDX-License-Identifier: Apache-2.0 */
/* What is refused in a defined way, and harms nothing: a second owner; the keyring, and the whole
 * database, of yesterday; the keyring of another store; rows that were deleted, swapped or put
 * back; a format and an algorithm that are not ours. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/store/vault_state.h"
#include "hand.h"

struct rules {
	struct scene scene;
	struct store_play play;
	uint8_t *older; /* store.db before its root key was rotated, */
	size_t older_length;
	uint32_t checks, wrong;
};

static void expect(struct rules *rules, const char *what, enum tacit_code code, int result)
{
	rules->checks++;
	if (result == -(int)code)
		return;
	rules->wrong++;
	scene_complain("torture: %s: %s, not %s", what,
		result ? code_word((enum tacit_code) - result) : "accepted", code_word(code));
}

static void make(struct rules *rules)
{
	static const struct store_script script = { .name = "rules",
		.before = {
			{ SHOP_MAKE, 0 }, { SHOP_OPEN, 0 }, { SHOP_PAIR, 0 }, { SHOP_CLOSE, 0 } } };
	const struct shop_step later[] = { { SHOP_OPEN, 0 }, { SHOP_ROTATE_ROOT, 0 },
		{ SHOP_ROTATE, 0 }, { SHOP_CLOSE, 0 } };
	struct shop *shop = &rules->play.shop;

	scene_make(&rules->scene);
	store_play_start(&rules->play, &script, &rules->scene);
	rules->older = scene_read(rules->scene.database, &rules->older_length);
	for (size_t i = 0; i < sizeof later / sizeof *later; i++)
		shop_must_do(shop, &later[i]);
	scene_keep(&rules->scene);
}

/* As a core does that is started anew. */
static int resume(struct rules *rules, struct err *err)
{
	struct shop *shop = &rules->play.shop;
	int result = shop_resume(shop, &shop->model, err);
	struct shop_model seen;

	if (!result)
		result = shop_see(shop, &seen, err);
	if (!result)
		result = shop_verify(shop, err);
	shop_close(shop);
	return result;
}

/* In the database as it was. */
static void run_sql(struct rules *rules, const char *sql)
{
	sqlite3 *db;

	if (sqlite3_open(rules->scene.database, &db) || sqlite3_exec(db, sql, NULL, NULL, NULL))
		scene_fail("torture: %s: %s", sql, sqlite3_errmsg(db));
	sqlite3_close(db);
}

/* A byte of a meta row, in hexadecimal. */
static void set_byte(struct rules *rules, const char *row, int at, const char *byte)
{
	char sql[200];

	snprintf(sql, sizeof sql,
		"UPDATE meta SET bytes = CAST(substr(bytes, 1, %d) || x'%s' || substr(bytes, %d) "
		"AS "
		"BLOB) WHERE name = '%s'",
		at, byte, at + 2, row);
	scene_put_back(&rules->scene);
	run_sql(rules, sql);
}

/* The later one has the store; the earlier one changes nothing any more, and reads on. */
static void check_owners(struct rules *rules)
{
	const struct shop_step change = { SHOP_ROTATE, 1 };
	struct shop *first = &rules->play.shop, second = *first;
	struct shop_model seen;
	struct err why;

	scene_put_back(&rules->scene);
	second.root = seal_alloc(SEAL_KEY_BYTES);
	scene_must(shop_resume(first, &first->model, &err));
	scene_must(shop_resume(&second, &first->model, &err));
	expect(rules, "a change by the owner before", TACIT_STALE, shop_do(first, &change, &why));
	expect(rules, "reading by the owner before", TACIT_OK, shop_see(first, &seen, &why));
	expect(rules, "a change by the owner after", TACIT_OK, shop_do(&second, &change, &why));
	expect(rules, "making a store where one is", TACIT_EXISTS,
		shop_do(first, &(struct shop_step){ SHOP_MAKE, 0 }, &why));
	shop_close(first);
	expect(rules, "verifying after that", TACIT_OK, shop_verify(&second, &why));
	shop_close(&second);
	seal_free(second.root);
}

static void check_log_owners(struct rules *rules)
{
	struct ledger *one = calloc(1, sizeof *one), *other;
	struct err why;

	ledger_start(one, &rules->scene, 0);
	scene_must(ledger_open(one, false, &err));
	other = malloc(sizeof *other);
	*other = *one;
	other->log = NULL;
	other->pump = NULL;
	expect(rules, "a second writer of the audit log", TACIT_BUSY,
		ledger_open(other, false, &why));
	ledger_put(one, 3);
	expect(rules, "the first one", TACIT_OK, ledger_pump(one, &why));
	expect(rules, "verifying after that", TACIT_OK, ledger_verify(one, NULL, &why));
	ledger_close(one);
	free(other);
	free(one);
}

/* Put an older database, or the keyring of one, in the place of what is there. */
static void put_older(struct rules *rules, const uint8_t *bytes, size_t length, bool keyring_alone)
{
	const struct scene *scene = &rules->scene;
	char path[SCENE_PATH_MAX], sql[3 * SCENE_PATH_MAX];

	scene_put_back(scene);
	if (!keyring_alone) {
		scene_write(scene->database, bytes, length);
		return;
	}
	snprintf(path, sizeof path, "%.100s/older.db", scene->backup_dir);
	scene_write(path, bytes, length);
	snprintf(sql, sizeof sql,
		"ATTACH '%s' AS older; UPDATE meta SET bytes = (SELECT bytes FROM older.meta WHERE "
		"name = 'keyring') WHERE name = 'keyring'",
		path);
	run_sql(rules, sql);
}

static void check_keys(struct rules *rules)
{
	struct shop_model *model = &rules->play.shop.model;
	struct err err;

	put_older(rules, rules->older, rules->older_length, false);
	expect(rules, "the whole database of yesterday", TACIT_WRONG_KEY, resume(rules, &err));
	model->root--;
	expect(rules, "and the root key of then", TACIT_STALE, resume(rules, &err));
	put_older(rules, rules->older, rules->older_length, true);
	expect(rules, "the keyring of yesterday, and its root key", TACIT_CORRUPT,
		resume(rules, &err));
	model->root++;
	expect(rules, "the keyring of yesterday", TACIT_WRONG_KEY, resume(rules, &err));
	scene_put_back(&rules->scene);
	run_sql(rules, "DELETE FROM meta WHERE name = 'keyring'");
	expect(rules, "no keyring", TACIT_CORRUPT, resume(rules, &err));
}

/* The store of somebody else, with its rows or its keyring, under this one's keys and anchor. */
static void check_others(struct rules *rules)
{
	struct rules other = { 0 };
	uint8_t *bytes;
	size_t length;
	struct err err;

	make(&other);
	scene_put_back(&other.scene);
	bytes = scene_read(other.scene.database, &length);
	put_older(rules, bytes, length, false);
	expect(rules, "another store", TACIT_WRONG_KEY, resume(rules, &err));
	put_older(rules, bytes, length, true);
	expect(rules, "another store's keyring", TACIT_CORRUPT, resume(rules, &err));
	free(bytes);
	free(other.older);
	scene_remove(&other.scene);
}

/* The store opens and tells of rows that are not as they were, of which none is read as something
 * else; or its anchor refuses it as an older one. */
static void expect_damage(struct rules *rules, const char *what)
{
	struct shop *shop = &rules->play.shop;
	struct vault_standing standing = { 0 };
	struct shop_model seen;
	struct err err = { 0 };
	int result = shop_resume(shop, &shop->model, &err);

	if (!result) {
		vault_get_standing(shop->vault, &standing);
		shop_see(shop, &seen, &err);
	}
	shop_close(shop);
	rules->checks++;
	if (standing.damages || result == -TACIT_STALE)
		return;
	rules->wrong++;
	scene_complain("torture: %s: nothing is told: %s", what, err.text);
}

/* By whoever can write the database and has no key. */
static void check_rows(struct rules *rules)
{
	static const struct {
		const char *what, *sql; /* on the database of yesterday, `older`, too */
	} cases[] = {
		{ "a value that was deleted",
			"DELETE FROM value WHERE id = (SELECT max(id) FROM value)" },
		{ "a record that was deleted",
			"DELETE FROM record WHERE id = (SELECT max(id) FROM record)" },
		{ "a list that was deleted",
			"DELETE FROM record WHERE id BETWEEN CAST('tacit list rows' AS BLOB) AND "
			"CAST('tacit list rowt' AS BLOB)" },
		{ "values that were swapped",
			"UPDATE value SET bytes = (SELECT v.bytes FROM value v WHERE v.id != "
			"value.id "
			"AND length(v.bytes) = length(value.bytes) LIMIT 1) WHERE EXISTS (SELECT 1 "
			"FROM value v WHERE v.id != value.id AND length(v.bytes) = "
			"length(value.bytes))" },
		{ "records put back from yesterday",
			"INSERT OR REPLACE INTO record SELECT id, bytes FROM older.record" },
		{ "the root put back from yesterday", "INSERT OR REPLACE INTO meta SELECT name, "
						      "bytes FROM older.meta WHERE name = "
						      "'root'" },
		{ "the clock put back from yesterday", "INSERT OR REPLACE INTO meta SELECT name, "
						       "bytes FROM older.meta WHERE name = "
						       "'clock'" },
	};
	char sql[1024], path[SCENE_PATH_MAX];

	snprintf(path, sizeof path, "%.100s/older.db", rules->scene.backup_dir);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		scene_put_back(&rules->scene);
		scene_write(path, rules->older, rules->older_length);
		snprintf(sql, sizeof sql, "ATTACH '%s' AS older; %s", path, cases[i].sql);
		run_sql(rules, sql);
		expect_damage(rules, cases[i].what);
	}
}

/* Versions and algorithms: FORMAT.md. Nothing is decrypted. */
static void check_formats(struct rules *rules)
{
	static const struct {
		const char *what, *row;
		int at;
		const char *byte;
		enum tacit_code code;
	} cases[] = {
		{ "a newer store", VAULT_HEADER, 4, "03", TACIT_NEWER },
		{ "an older store", VAULT_HEADER, 4, "01", TACIT_CORRUPT },
		{ "a store of no version", VAULT_HEADER, 4, "00", TACIT_CORRUPT },
		{ "a newer keyring", VAULT_KEYRING, 4, "02", TACIT_NEWER },
		{ "a keyring of no version", VAULT_KEYRING, 4, "00", TACIT_CORRUPT },
		{ "a keyring of another algorithm", VAULT_KEYRING, 5, "02", TACIT_CORRUPT },
		{ "a keyring of no algorithm", VAULT_KEYRING, 5, "00", TACIT_CORRUPT },
		{ "a wrap of another kind", VAULT_KEYRING, 6, "01", TACIT_CORRUPT },
		{ "a newer root", "root", 4, "02", TACIT_NEWER },
		{ "a root of no version", "root", 4, "00", TACIT_CORRUPT },
		{ "a root of another term", "root", 16, "02", TACIT_CORRUPT },
		{ "a root of an older generation", "root", 8, "01", TACIT_CORRUPT },
	};
	struct err err;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		set_byte(rules, cases[i].row, cases[i].at, cases[i].byte);
		expect(rules, cases[i].what, cases[i].code, resume(rules, &err));
	}
}

void torture_rules(struct torture *torture)
{
	struct rules rules = { 0 };

	make(&rules);
	check_owners(&rules);
	check_log_owners(&rules);
	check_keys(&rules);
	check_others(&rules);
	check_rows(&rules);
	check_formats(&rules);
	scene_remove(&rules.scene);
	free(rules.older);
	printf("rules  owners, keyrings, rows, formats: %u checks, %u wrong\n", rules.checks,
		rules.wrong);
	torture->wrong += rules.wrong;
}
