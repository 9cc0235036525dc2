/* SPDX-License-Identifier: Apache-2.0 */
/* What SQLite adds to the suite: a newer, damaged or hostile file, and a disk that refuses. */
#include "scratch.h"

#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "core/store/store.h"

#define SYNCS_MAX 12                /* more than a commit or a checkpoint makes */
#define FULL_BYTES (48u << 10)      /* a disk so full has room for the log's index and no more */
#define LONG_VALUE (2 * FULL_BYTES) /* makes the log longer than that */

struct fixture {
	char dir[SCRATCH_MAX];
	char path[SCRATCH_MAX + 16]; /* of store.db */
	struct store *store;
};

/* SQLite's syncs come here first. The one that this counts down to fails; 0 lets all pass. */
static int refuse_sync;

int fdatasync(int fd)
{
	if (refuse_sync && !--refuse_sync) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fdatasync, fd);
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	struct err err;

	assert_non_null(fixture);
	scratch_make(fixture->dir);
	snprintf(fixture->path, sizeof fixture->path, "%s/store.db", fixture->dir);
	must(store_sqlite.create(fixture->dir, &err));
	must(store_sqlite.open(fixture->dir, &fixture->store, &err));
	*state = fixture;
	return 0;
}

static void close_store(struct fixture *fixture)
{
	store_sqlite.close(fixture->store);
	fixture->store = NULL;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	close_store(fixture);
	scratch_remove(fixture->dir);
	free(fixture);
	return 0;
}

static void reopen(struct fixture *fixture)
{
	struct err err;

	close_store(fixture);
	must(store_sqlite.open(fixture->dir, &fixture->store, &err));
}

static const uint8_t *id_of(uint8_t id[STORE_ID_BYTES], uint32_t number)
{
	memset(id, 0, STORE_ID_BYTES);
	memcpy(id, &number, sizeof number);
	return id;
}

static int put(struct fixture *fixture, uint32_t number, size_t length)
{
	static const uint8_t bytes[LONG_VALUE];
	uint8_t id[STORE_ID_BYTES];
	int result = store_sqlite.begin(fixture->store, NULL);

	if (!result)
		result = store_sqlite.put(
			fixture->store, STORE_RECORDS, id_of(id, number), bytes, length, NULL);
	if (!result)
		result = store_sqlite.commit(fixture->store, NULL);
	if (result < 0)
		store_sqlite.rollback(fixture->store);
	return result;
}

static int see_row(void *arg, const uint8_t id[STORE_ID_BYTES], const uint8_t *bytes, size_t length,
	struct err *err)
{
	(void)arg;
	(void)id;
	(void)bytes;
	(void)length;
	(void)err;
	return 0;
}

static int get(struct fixture *fixture, uint32_t number)
{
	uint8_t id[STORE_ID_BYTES];

	return store_sqlite.get(
		fixture->store, STORE_RECORDS, id_of(id, number), see_row, NULL, NULL);
}

/* Whatever sync of a commit fails: what was refused is not there, after a restart too; what was
 * acknowledged is; and the store goes on without being opened anew from outside. */
static void a_refused_sync_of_a_commit_changes_nothing(void **state)
{
	struct fixture *fixture = *state;
	int refused = 0;

	for (int nth = 1; nth <= SYNCS_MAX; nth++) {
		uint32_t number = (uint32_t)nth * 2;
		int result;

		/* The log is empty every second time: then its first commit syncs once more. */
		if (nth % 2)
			assert_int_equal(store_sqlite.checkpoint(fixture->store, NULL), 0);
		refuse_sync = (nth + 1) / 2;
		result = put(fixture, number, 5000);
		refused += result < 0;
		assert_true(result == 0 || result == -TACIT_IO);
		assert_int_equal(result < 0, refuse_sync == 0);
		refuse_sync = 0;
		if (nth % 3 == 0) /* a restart before anything else was written */
			reopen(fixture);
		if (result < 0)
			must_be(TACIT_NOT_FOUND, get(fixture, number));
		assert_int_equal(put(fixture, number + 1, 100), 0);
		for (int after = 0; after < 2; after++) {
			assert_int_equal(get(fixture, number), result ? -TACIT_NOT_FOUND : 0);
			assert_int_equal(get(fixture, number + 1), 0);
			reopen(fixture);
		}
	}
	assert_true(refused >= 2);
}

static void a_refused_sync_of_a_checkpoint_is_told_and_loses_nothing(void **state)
{
	struct fixture *fixture = *state;
	int refused = 0;

	for (int nth = 1; nth <= SYNCS_MAX; nth++) {
		int result;

		assert_int_equal(put(fixture, (uint32_t)nth, 9000), 0);
		refuse_sync = nth;
		result = store_sqlite.checkpoint(fixture->store, NULL);
		assert_int_equal(result, refuse_sync ? 0 : -TACIT_IO);
		refused += result < 0;
		refuse_sync = 0;
		assert_int_equal(store_sqlite.checkpoint(fixture->store, NULL), 0);
		for (int number = 1; number <= nth; number++)
			assert_int_equal(get(fixture, (uint32_t)number), 0);
	}
	assert_true(refused >= 2);
}

/* An automatic one, at a thousand pages, would not say that its sync failed. */
static void nothing_moves_the_log_but_a_checkpoint(void **state)
{
	struct fixture *fixture = *state;
	size_t before_length, after_length;
	uint8_t *before = scratch_read(fixture->path, &before_length), *after;

	for (uint32_t number = 0; number < 60; number++)
		assert_int_equal(put(fixture, number, LONG_VALUE), 0);
	after = scratch_read(fixture->path, &after_length);
	assert_int_equal(after_length, before_length);
	assert_memory_equal(after, before, before_length);
	free(after);
	free(before);
	assert_int_equal(store_sqlite.checkpoint(fixture->store, NULL), 0);
	after = scratch_read(fixture->path, &after_length);
	assert_true(after_length > 60 * LONG_VALUE);
	free(after);
}

static void fill_disk(bool full)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = full ? FULL_BYTES : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	signal(SIGXFSZ, full ? SIG_IGN : SIG_DFL);
}

static void a_full_disk_refuses_writes_until_there_is_room(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(put(fixture, 1, LONG_VALUE), 0);
	fill_disk(true);
	for (int i = 0; i < 3; i++)
		must_be(TACIT_IO, put(fixture, 2, 100));
	assert_int_equal(get(fixture, 1), 0);
	must_be(TACIT_NOT_FOUND, get(fixture, 2));
	fill_disk(false);
	assert_int_equal(put(fixture, 3, 100), 0);
	reopen(fixture);
	must_be(TACIT_NOT_FOUND, get(fixture, 2));
	assert_int_equal(get(fixture, 3), 0);
}

static void a_store_opens_for_reading_on_a_full_disk(void **state)
{
	struct fixture *fixture = *state;
	struct store *second;

	assert_int_equal(put(fixture, 1, LONG_VALUE), 0);
	fill_disk(true);
	reopen(fixture);
	assert_int_equal(get(fixture, 1), 0);
	must_be(TACIT_IO, put(fixture, 2, 100));
	fill_disk(false);
	assert_int_equal(put(fixture, 3, 100), 0);

	/* Opened when the disk was full, it must not fence out the one that came after it. */
	fill_disk(true);
	reopen(fixture);
	fill_disk(false);
	assert_int_equal(store_sqlite.open(fixture->dir, &second, NULL), 0);
	must_be(TACIT_STALE, put(fixture, 4, 100));
	store_sqlite.close(fixture->store);
	fixture->store = second;
	assert_int_equal(put(fixture, 5, 100), 0);
}

static void recovering_does_not_pass_the_fence(void **state)
{
	struct fixture *fixture = *state;
	struct store *second;

	refuse_sync = 1;
	must_be(TACIT_IO, put(fixture, 1, 5000));
	assert_int_equal(store_sqlite.open(fixture->dir, &second, NULL), 0);
	must_be(TACIT_STALE, put(fixture, 2, 100));
	store_sqlite.close(fixture->store);
	fixture->store = second;
	must_be(TACIT_NOT_FOUND, get(fixture, 2));
	assert_int_equal(put(fixture, 3, 100), 0);
}

/* Run statements of our own in the file, past the engine. `log_only` leaves them in the log. */
static void tamper(struct fixture *fixture, const char *sql, bool log_only)
{
	sqlite3 *db;

	close_store(fixture);
	assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, log_only, NULL), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL))
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_close(db);
}

struct snapshot {
	int files;
	char paths[4][2 * SCRATCH_MAX];
	uint8_t *bytes[4];
	size_t lengths[4];
};

static void take(void *arg, const char *path)
{
	struct snapshot *snapshot = arg;

	if (strstr(path, "-shm")) /* the log's index: rebuilt from the log, in shared memory */
		return;
	assert_true(snapshot->files < 4);
	snprintf(snapshot->paths[snapshot->files], sizeof snapshot->paths[0], "%s", path);
	snapshot->bytes[snapshot->files] = scratch_read(path, &snapshot->lengths[snapshot->files]);
	snapshot->files++;
}

static void compare_and_drop(struct snapshot *before, const char *dir)
{
	struct snapshot after = { 0 };

	scratch_each(dir, take, &after);
	assert_int_equal(after.files, before->files);
	for (int i = 0; i < after.files; i++) {
		assert_string_equal(after.paths[i], before->paths[i]);
		assert_int_equal(after.lengths[i], before->lengths[i]);
		assert_memory_equal(after.bytes[i], before->bytes[i], after.lengths[i]);
		free(after.bytes[i]);
		free(before->bytes[i]);
	}
}

static void a_newer_format_is_refused_and_not_touched(void **state)
{
	struct fixture *fixture = *state;

	for (int log_only = 0; log_only < 2; log_only++) {
		struct snapshot before = { 0 };
		struct err err;

		assert_int_equal(put(fixture, 1, 5000), 0);
		tamper(fixture, "PRAGMA user_version=2", log_only);
		scratch_each(fixture->dir, take, &before);
		assert_int_equal(before.files, log_only ? 2 : 1);
		for (int i = 0; i < 3; i++)
			must_be(TACIT_NEWER,
				store_sqlite.open(fixture->dir, &fixture->store, &err));
		assert_non_null(strstr(err.text, "newer tacit"));
		must_be(TACIT_EXISTS, store_sqlite.create(fixture->dir, NULL));
		compare_and_drop(&before, fixture->dir);
		tamper(fixture, "PRAGMA user_version=1", false);
		assert_int_equal(store_sqlite.open(fixture->dir, &fixture->store, NULL), 0);
	}
}

/* Open and read everything: well, or TACIT_CORRUPT. */
static int read_all(struct fixture *fixture)
{
	uint8_t bytes[STORE_META_MAX];
	size_t length;
	int result = store_sqlite.open(fixture->dir, &fixture->store, NULL);

	if (result < 0)
		return result;
	result = store_sqlite.each(fixture->store, STORE_RECORDS, see_row, NULL, NULL);
	if (!result)
		result = store_sqlite.each(fixture->store, STORE_VALUES, see_row, NULL, NULL);
	if (!result && get(fixture, 1) == -TACIT_CORRUPT)
		result = -TACIT_CORRUPT;
	if (!result && store_sqlite.get_meta(fixture->store, "a", bytes, sizeof bytes, &length,
			       NULL) == -TACIT_CORRUPT)
		result = -TACIT_CORRUPT;
	close_store(fixture);
	return result;
}

static void a_file_that_is_no_store_is_corrupt(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
	} files[] = { { "", 0 }, { "SQLite format 3", 16 }, { "tacit", 5 },
		{ "# a text that is longer than the header of a database is, which is 100 bytes; "
		  "and so a few more words are needed here",
			117 } };
	struct fixture *fixture = *state;

	close_store(fixture);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		scratch_each(fixture->dir, scratch_unlink, NULL);
		scratch_write(fixture->path, (const uint8_t *)files[i].bytes, files[i].length);
		must_be(TACIT_CORRUPT, read_all(fixture));
		must_be(TACIT_EXISTS, store_sqlite.create(fixture->dir, NULL));
	}
	scratch_each(fixture->dir, scratch_unlink, NULL);
	assert_int_equal(mkdir(fixture->path, 0700), 0);
	must_be(TACIT_CORRUPT, read_all(fixture));
	assert_int_equal(rmdir(fixture->path), 0);
	assert_int_equal(symlink("/nowhere", fixture->path), 0);
	must_be(TACIT_CORRUPT, read_all(fixture));
	must_be(TACIT_EXISTS, store_sqlite.create(fixture->dir, NULL));
}

#define RECORD_OF(columns) "DROP TABLE record; CREATE TABLE record (" columns ");"

static void a_hostile_schema_is_corrupt_and_runs_nothing(void **state)
{
	static const char *const schemas[] = {
		"PRAGMA application_id=0",
		"PRAGMA application_id=1; PRAGMA user_version=2",
		"PRAGMA user_version=0",
		"DROP TABLE fence",
		"DELETE FROM fence",
		"DROP TABLE fence; CREATE TABLE fence (one, owner); INSERT INTO fence VALUES (1, "
		"'x')",
		"DROP TABLE record",
		"DROP TABLE value; CREATE VIEW value AS SELECT id, bytes FROM record",
		RECORD_OF("id, bytes") "INSERT INTO record VALUES (1, x'00')",
		RECORD_OF("id, bytes") "INSERT INTO record VALUES (zeroblob(15), x'00')",
		RECORD_OF("id, bytes") "INSERT INTO record VALUES (zeroblob(16), 'text')",
		RECORD_OF("id, bytes") "INSERT INTO record VALUES (zeroblob(16), NULL)",
		RECORD_OF(
			"id, bytes") "INSERT INTO record VALUES (zeroblob(16), zeroblob(4000000))",
		RECORD_OF("id, other"),
		"DROP TABLE meta; CREATE TABLE meta (name, bytes); INSERT INTO meta VALUES ('a', "
		"'b')",
		"INSERT INTO meta VALUES ('a', zeroblob(5000))",
		"UPDATE fence SET owner = 0x7fffffffffffffff",
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof schemas / sizeof *schemas; i++) {
		struct err err;

		tamper(fixture, schemas[i], false);
		if (read_all(fixture) != -TACIT_CORRUPT)
			fail_msg("not refused: %s", schemas[i]);
		scratch_each(fixture->dir, scratch_unlink, NULL);
		must(store_sqlite.create(fixture->dir, &err));
	}
	tamper(fixture, "CREATE TRIGGER t AFTER INSERT ON record BEGIN DELETE FROM record; END",
		false);
	assert_int_equal(store_sqlite.open(fixture->dir, &fixture->store, NULL), 0);
	assert_int_equal(put(fixture, 1, 100), 0);
	assert_int_equal(get(fixture, 1), 0);
}

/* No length of the file crashes or hangs it. Where only the end of a page that holds nothing is cut
 * it may open: whether a row's bytes are right is for the seal around them to say. */
static void every_truncation_is_survived(void **state)
{
	struct fixture *fixture = *state;
	size_t length, step = 97, refused = 0, cuts = 0;
	uint8_t *bytes;
	int result;

	assert_int_equal(put(fixture, 1, 5000), 0);
	assert_int_equal(store_sqlite.checkpoint(fixture->store, NULL), 0);
	close_store(fixture);
	bytes = scratch_read(fixture->path, &length);
	for (size_t cut = 0; cut < length; cut += step) {
		scratch_each(fixture->dir, scratch_unlink, NULL);
		scratch_write(fixture->path, bytes, cut);
		result = read_all(fixture);
		assert_true(result == 0 || result == -TACIT_CORRUPT);
		refused += result < 0;
		cuts++;
	}
	assert_true(refused > cuts / 2);
	scratch_each(fixture->dir, scratch_unlink, NULL);
	scratch_write(fixture->path, bytes, length);
	assert_int_equal(read_all(fixture), 0);
	free(bytes);
}

static void what_a_cut_making_left_is_in_nobodys_way(void **state)
{
	static const char *const leftovers[] = { "store.db.new", "store.db.new-journal",
		"store.db.new-wal", "store.db.new-shm" };
	struct fixture *fixture = *state;
	struct err err;

	close_store(fixture);
	scratch_each(fixture->dir, scratch_unlink, NULL);
	for (size_t i = 0; i < sizeof leftovers / sizeof *leftovers; i++) {
		char path[2 * SCRATCH_MAX];

		snprintf(path, sizeof path, "%s/%s", fixture->dir, leftovers[i]);
		scratch_write(path, (const uint8_t *)"left over", 9);
	}
	must_be(TACIT_NOT_FOUND, store_sqlite.open(fixture->dir, &fixture->store, NULL));
	must(store_sqlite.create(fixture->dir, &err));
	must(store_sqlite.open(fixture->dir, &fixture->store, &err));
	assert_int_equal(put(fixture, 1, 100), 0);
}

static void a_commit_waits_for_the_disk(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(put(fixture, 1, 100), 0);
	refuse_sync = 1000;
	assert_int_equal(put(fixture, 2, 100), 0);
	assert_true(refuse_sync < 1000);
	refuse_sync = 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_commit_waits_for_the_disk),
		TEST(a_refused_sync_of_a_commit_changes_nothing),
		TEST(a_refused_sync_of_a_checkpoint_is_told_and_loses_nothing),
		TEST(nothing_moves_the_log_but_a_checkpoint),
		TEST(a_full_disk_refuses_writes_until_there_is_room),
		TEST(a_store_opens_for_reading_on_a_full_disk),
		TEST(recovering_does_not_pass_the_fence),
		TEST(a_newer_format_is_refused_and_not_touched),
		TEST(a_file_that_is_no_store_is_corrupt),
		TEST(a_hostile_schema_is_corrupt_and_runs_nothing),
		TEST(every_truncation_is_survived),
		TEST(what_a_cut_making_left_is_in_nobodys_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
