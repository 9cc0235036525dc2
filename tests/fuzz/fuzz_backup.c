/* SPDX-License-Identifier: Apache-2.0 */
/* A backup that somebody was at: the database of the golden store, whose key is known, changed as
 * the input says: in its bytes, its pages, its rows and its schema. It is refused, or opened; then
 * whatever is read of it is what was written, and whatever differs is told.
 *
 * Steps of five bytes and up to 255 more: what is done, where (u16), a number, how many bytes
 * follow. Run from the top of the source tree. */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/store/backup.h"
#include "core/store/integrity.h"
#include "core/store/verify.h"
#include "seal/keyfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

#define GOLDEN "tests/golden/store-1/"
#define FILE_MAX (256u << 10)
#define PAGE 4096u
#define VALUES_MAX 16
#define STEPS_MAX 16
#define STEP_HEAD 5

/* What is done to a row or to the schema: ?1 is the number, ?2 the bytes. */
static const char *const statements[] = {
	"UPDATE meta SET bytes = ?2 WHERE rowid = ?1",
	"UPDATE record SET bytes = ?2 WHERE rowid = ?1",
	"UPDATE value SET bytes = ?2 WHERE rowid = ?1",
	"UPDATE record SET bytes = (SELECT bytes FROM record WHERE rowid = ?1 + 1) WHERE rowid = "
	"?1",
	"UPDATE value SET bytes = (SELECT bytes FROM value WHERE rowid = ?1 + 1) WHERE rowid = ?1",
	"UPDATE meta SET bytes = (SELECT bytes FROM meta WHERE rowid = ?1 + 1) WHERE rowid = ?1",
	"DELETE FROM meta WHERE rowid = ?1",
	"DELETE FROM record WHERE rowid = ?1",
	"DELETE FROM value WHERE rowid = ?1",
	"UPDATE OR IGNORE record SET id = ?2 WHERE rowid = ?1",
	"UPDATE OR IGNORE value SET id = substr(?2, 1, 16) WHERE rowid = ?1",
	"UPDATE OR IGNORE meta SET name = CAST(?2 AS TEXT) WHERE rowid = ?1",
	"INSERT OR IGNORE INTO record SELECT ?2, bytes FROM record WHERE rowid = ?1",
	"INSERT OR IGNORE INTO record SELECT id, bytes FROM value WHERE rowid = ?1",
	"INSERT OR IGNORE INTO value VALUES (substr(?2, 1, 16), ?2)",
	"INSERT OR IGNORE INTO meta VALUES (CAST(?2 AS TEXT), zeroblob(?1 * 16))",
	"UPDATE record SET bytes = zeroblob(?1 * 70000) WHERE rowid = 1",
	"UPDATE fence SET owner = ?1",
	"UPDATE sqlite_schema SET sql = CAST(?2 AS TEXT) WHERE rowid = ?1",
	"UPDATE sqlite_schema SET rootpage = ?1 WHERE rowid = ?1 % 7",
	"UPDATE sqlite_schema SET name = CAST(?2 AS TEXT) WHERE rowid = ?1",
	"UPDATE sqlite_schema SET type = CAST(?2 AS TEXT) WHERE rowid = ?1",
	"DELETE FROM sqlite_schema WHERE rowid = ?1",
	"CREATE TRIGGER t AFTER UPDATE ON fence BEGIN DELETE FROM value; END",
	"CREATE TRIGGER t BEFORE INSERT ON record BEGIN SELECT RAISE(IGNORE); END",
	"ALTER TABLE value RENAME TO v",
	"CREATE VIEW v AS SELECT * FROM record",
	"CREATE TABLE more (a)",
	"CREATE INDEX i ON record (bytes)",
	"DROP TABLE value",
	"PRAGMA user_version = 2",
	"PRAGMA application_id = 1",
	"PRAGMA auto_vacuum = 1",
	"PRAGMA journal_mode = DELETE",
	"PRAGMA encoding = 'UTF-16'",
	"PRAGMA page_size = 512",
	"VACUUM",
};
#define STATEMENTS (sizeof statements / sizeof *statements)

/* What the golden store holds. */
struct base {
	uint8_t bytes[FILE_MAX];
	size_t length;
	uint8_t key[SEAL_KEY_BYTES];
	const char *dir;
	struct known {
		uint8_t id[SEAL_ID_BYTES];
		uint8_t *plain;
		size_t length;
	} values[VALUES_MAX];
	size_t count;
};

static void must(int result)
{
	if (result < 0)
		abort();
}

static size_t load(const char *path, uint8_t *bytes, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		fprintf(stderr, "%s: run this from the top of the source tree\n", path);
	must(fd);
	got = read(fd, bytes, room);
	must((int)got);
	close(fd);
	return (size_t)got;
}

static void path_of(const struct base *base, const char *end, char path[96])
{
	snprintf(path, 96, "%s/" BACKUP_FILE_NAME "%s", base->dir, end);
}

static void remove_files(const struct base *base)
{
	static const char *const ends[] = { "", "-wal", "-shm", "-journal" };
	char path[96];

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		path_of(base, ends[i], path);
		unlink(path);
	}
}

static void remove_scratch(const struct base *base)
{
	remove_files(base);
	rmdir(base->dir);
}

static void store(const struct base *base, const uint8_t *bytes, size_t length)
{
	char path[96];
	int fd;

	remove_files(base);
	path_of(base, "", path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	must(fd);
	if (write(fd, bytes, length) != (ssize_t)length)
		abort();
	close(fd);
}

/* Open the value that there is, which is malloc'd; NULL when it does not open. */
static uint8_t *open_value(struct vault *vault, const uint8_t id[SEAL_ID_BYTES], size_t *length)
{
	uint8_t *sealed = NULL, *plain = NULL;
	size_t sealed_length, room;

	if (vault_load_value(vault, id, &sealed, &sealed_length, NULL) < 0)
		return NULL;
	room = vault_plain_room(sealed_length);
	plain = malloc(room + 1);
	if (!plain ||
		vault_open_value(vault, id, sealed, sealed_length, plain, room, length, NULL) < 0) {
		free(plain);
		plain = NULL;
	}
	free(sealed);
	return plain;
}

static int learn(void *arg, const struct secret_record *secret, struct err *err)
{
	struct base *base = arg;

	(void)err;
	for (uint32_t i = 0; i < secret->version_count; i++) {
		if (base->count == VALUES_MAX)
			abort();
		memcpy(base->values[base->count++].id, secret->versions[i].value_id, SEAL_ID_BYTES);
	}
	return 0;
}

/* A value that opens is the one that was written under its id. */
static void check_value(const struct base *base, struct vault *vault, const uint8_t *id)
{
	size_t length, i = 0;
	uint8_t *plain = open_value(vault, id, &length);

	while (i < base->count && memcmp(base->values[i].id, id, SEAL_ID_BYTES))
		i++;
	if (plain && (i == base->count || length != base->values[i].length ||
			     memcmp(plain, base->values[i].plain, length)))
		abort();
	free(plain);
}

struct looking {
	const struct base *base;
	struct vault *vault;
};

static int look(void *arg, const struct secret_record *secret, struct err *err)
{
	const struct looking *looking = arg;

	(void)err;
	for (uint32_t i = 0; i < secret->version_count; i++)
		check_value(looking->base, looking->vault, secret->versions[i].value_id);
	return 0;
}

static int pass_over(void *arg, const struct vault_damage *damage, struct err *err)
{
	char text[VAULT_DAMAGE_TEXT_MAX];

	(void)arg;
	(void)err;
	vault_damage_text(damage, 1, text);
	return 0;
}

/* All that is done with an open store; what is dropped leaves a sound one. */
static void use(const struct base *base, struct vault *vault)
{
	struct looking looking = { base, vault };
	const struct vault_visitor visitor = {
		.on_secret = look, .on_damaged = pass_over, .arg = &looking
	};
	struct vault_standing standing;
	struct verify_result result;
	size_t damages;

	vault_each(vault, &visitor, NULL);
	for (size_t i = 0; i < base->count; i++)
		check_value(base, vault, base->values[i].id);
	vault_get_standing(vault, &standing);
	damages = standing.damages;
	if (!vault_verify(vault, NULL, NULL, &result, NULL) && damages && !result.problems)
		abort();
	if (vault_accept(vault, VAULT_DROP, NULL) < 0)
		return;
	vault_get_standing(vault, &standing);
	if (standing.damages)
		abort();
	vault_each(vault, &visitor, NULL);
}

static struct vault *attach(const struct base *base)
{
	struct vault *vault;
	char path[96];

	path_of(base, "", path);
	if (backup_settle(path, NULL) < 0)
		return NULL;
	return vault_attach(&store_sqlite, base->dir, &vault, NULL) < 0 ? NULL : vault;
}

static struct base *base_of(void)
{
	static struct base *base;
	static char dir[64];
	struct vault_visitor visitor = { .on_secret = learn };
	uint8_t root[SEAL_KEY_BYTES];
	char text[KEYFILE_TEXT_MAX];
	struct vault *vault;

	if (base)
		return base;
	base = calloc(1, sizeof *base);
	if (!base)
		abort();
	/* In memory, where there is such a place; of its own for each input: libFuzzer ends without
	 * a word. */
	snprintf(dir, sizeof dir, "%s/tacit-fuzz-%d",
		access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm", (int)getpid());
	base->dir = dir;
	must(mkdir(dir, 0700));
	must(keyfile_parse(
		text, load(GOLDEN "key", (uint8_t *)text, sizeof text), base->key, NULL));
	base->length = load(GOLDEN "store.db", base->bytes, sizeof base->bytes);
	store(base, base->bytes, base->length);
	vault = attach(base);
	if (!vault || vault_unlock(vault, base->key, root, NULL) < 0)
		abort();
	visitor.arg = base;
	must(vault_each(vault, &visitor, NULL));
	for (size_t i = 0; i < base->count; i++) {
		struct known *value = &base->values[i];

		value->plain = open_value(vault, value->id, &value->length);
		if (!value->plain)
			abort();
	}
	vault_close(vault);
	remove_scratch(base);
	return base;
}

/* One statement in the file as it is; what it comes to is no matter. */
static void run(
	const struct base *base, const char *sql, int number, const uint8_t *bytes, size_t length)
{
	sqlite3_stmt *statement = NULL;
	char path[96];
	sqlite3 *db;

	path_of(base, "", path);
	if (sqlite3_open(path, &db) == SQLITE_OK) {
		sqlite3_exec(
			db, "PRAGMA synchronous=OFF; PRAGMA writable_schema=ON", NULL, NULL, NULL);
		sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
		if (statement) {
			sqlite3_bind_int(statement, 1, number);
			sqlite3_bind_blob(statement, 2, bytes, (int)length, SQLITE_STATIC);
			sqlite3_step(statement);
		}
		sqlite3_finalize(statement);
	}
	sqlite3_close(db);
}

/* One change of the file's bytes. */
static void patch(const struct base *base, uint8_t what, size_t place, uint8_t number,
	const uint8_t *more, size_t more_length)
{
	static uint8_t bytes[FILE_MAX];
	char path[96];
	size_t length, at;

	path_of(base, "", path);
	length = load(path, bytes, sizeof bytes);
	at = length ? (place * 16 + number % 16) % length : 0;
	if (!length)
		return;
	if (what == 0)
		bytes[at] ^= (uint8_t)(1u << (number >> 5));
	else if (what == 1)
		memcpy(bytes + at, more, more_length < length - at ? more_length : length - at);
	else if (what == 2)
		length = at;
	else if (what == 3) /* the file's header, and the first page's */
		memcpy(bytes + number % 108, more, more_length < 128 ? more_length : 128);
	else if ((place % 256 + 1) * PAGE <= length && (number + 1u) * PAGE <= length)
		memcpy(bytes + place % 256 * PAGE, bytes + number * PAGE, PAGE);
	store(base, bytes, length);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	uint8_t root[SEAL_KEY_BYTES];
	struct vault *vault;
	struct base *base;
	size_t at = 0;

	if (seal_start(NULL) < 0)
		abort();
	base = base_of();
	must(mkdir(base->dir, 0700));
	store(base, base->bytes, base->length);
	for (int step = 0; step < STEPS_MAX && at + STEP_HEAD <= length; step++) {
		const uint8_t *head = bytes + at;
		size_t more = length - at - STEP_HEAD < head[4] ? length - at - STEP_HEAD : head[4];

		if (head[0] < 128)
			patch(base, head[0] % 5, (size_t)(head[1] | head[2] << 8), head[3],
				head + STEP_HEAD, more);
		else
			run(base, statements[(head[0] - 128u) % STATEMENTS], head[3],
				head + STEP_HEAD, more);
		at += STEP_HEAD + more;
	}
	vault = attach(base);
	if (vault && !vault_unlock(vault, base->key, root, NULL))
		use(base, vault);
	vault_close(vault);
	remove_scratch(base);
	return 0;
}
