/* SPDX-License-Identifier: Apache-2.0 */
/* What an intruder does who can write the database: statements of his own beside an open vault, and
 * the vault given its key again to see what it makes of that. */
#ifndef TACIT_TEST_TAMPER_H
#define TACIT_TEST_TAMPER_H

#include "vault_fixture.h"

#include <sqlite3.h>

#include "core/store/integrity_state.h"

static inline void hex_of(const uint8_t id[SEAL_ID_BYTES], char text[2 * SEAL_ID_BYTES + 1])
{
	for (size_t i = 0; i < SEAL_ID_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", id[i]);
}

static inline sqlite3 *intrude(const struct fixture *fixture)
{
	char path[SCRATCH_MAX + 16];
	sqlite3 *db;

	snprintf(path, sizeof path, "%s/store.db", fixture->dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA synchronous=OFF", NULL, NULL, NULL), SQLITE_OK);
	return db;
}

/* Run a statement: ?1 is `id`, ?2 is `bytes`. */
static inline void run_sql(
	sqlite3 *db, const char *sql, const uint8_t *id, const void *bytes, size_t length)
{
	sqlite3_stmt *statement;

	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL))
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	if (id)
		sqlite3_bind_blob(statement, 1, id, SEAL_ID_BYTES, SQLITE_STATIC);
	if (bytes)
		sqlite3_bind_blob(statement, 2, bytes, (int)length, SQLITE_STATIC);
	if (sqlite3_step(statement) != SQLITE_DONE)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_finalize(statement);
}

static inline void alter(const struct fixture *fixture, const char *sql, const uint8_t *id)
{
	sqlite3 *db = intrude(fixture);

	run_sql(db, sql, id, NULL, 0);
	assert_true(sqlite3_changes(db) > 0);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static inline void give_key_again(struct fixture *fixture)
{
	struct err err;

	vault_forget(fixture->vault);
	must(vault_resume(fixture->vault, fixture->root, &err));
}

#define TOLD_MAX 64

/* What a walk tells of damage, and whom it hands on. */
struct told {
	struct vault_damage damages[TOLD_MAX];
	size_t count;
	size_t served; /* records */
};

static inline int take_damage(void *arg, const struct vault_damage *damage, struct err *err)
{
	struct told *told = arg;

	(void)err;
	assert_true(told->count < TOLD_MAX);
	told->damages[told->count++] = *damage;
	return 0;
}

static inline int serve_secret(void *arg, const struct secret_record *secret, struct err *err)
{
	(void)secret;
	(void)err;
	((struct told *)arg)->served++;
	return 0;
}

static inline int serve_grant(void *arg, const struct grant_record *grant, struct err *err)
{
	(void)grant;
	(void)err;
	((struct told *)arg)->served++;
	return 0;
}

static inline void walk(struct vault *vault, struct told *told)
{
	const struct vault_visitor visitor = { .on_secret = serve_secret,
		.on_grant = serve_grant,
		.on_damaged = take_damage,
		.arg = told };
	struct err err;

	memset(told, 0, sizeof *told);
	must(vault_each(vault, &visitor, &err));
}

static inline const struct vault_damage *told_of(
	const struct told *told, uint8_t table, const uint8_t id[SEAL_ID_BYTES])
{
	for (size_t i = 0; i < told->count; i++)
		if (told->damages[i].table == table &&
			!memcmp(told->damages[i].id, id, SEAL_ID_BYTES))
			return &told->damages[i];
	return NULL;
}

/* One row is told of, with this fault, `served` records are handed on, nothing can be changed. */
static inline void must_tell(struct fixture *fixture, uint8_t table, const uint8_t *id,
	enum vault_fault fault, size_t served)
{
	struct told told;

	walk(fixture->vault, &told);
	assert_int_equal(told.count, 1);
	assert_non_null(told_of(&told, table, id));
	assert_int_equal(told.damages[0].fault, fault);
	assert_int_equal(told.served, served);
	must_be(TACIT_CORRUPT, vault_begin(fixture->vault, NULL));
}

static inline void must_be_whole(struct fixture *fixture, size_t served)
{
	struct told told;

	walk(fixture->vault, &told);
	assert_int_equal(told.count, 0);
	assert_int_equal(told.served, served);
}

#endif
