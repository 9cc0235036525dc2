/* SPDX-License-Identifier: Apache-2.0 */
/* A backup: a copy of the whole store in one file, made while it is written to, and checked; and a
 * file that says it is one. */
#include "tamper.h"

#include <signal.h>
#include <sys/resource.h>

#include "core/store/backup.h"
#include "core/store/verify.h"

#define VALUES 24
#define VALUE_BYTES 200000 /* so that it takes several steps */
#define CHUNK 65536

struct place {
	struct fixture *fixture;
	char dir[2 * SCRATCH_MAX], file[2 * SCRATCH_MAX];
};

static struct place place_of(struct fixture *fixture)
{
	struct place place = { .fixture = fixture };

	snprintf(place.dir, sizeof place.dir, "%s/backup", fixture->dir);
	snprintf(place.file, sizeof place.file, "%s/taken.db", fixture->dir);
	return place;
}

/* A secret with a value of its own. */
static void add_secret(struct vault *vault, const char *name, size_t bytes)
{
	struct secret_record secret = a_secret(name, 1);
	uint8_t *value = calloc(1, bytes), *sealed;
	size_t length;
	struct err err;

	assert_non_null(value);
	secret.versions[0].size = (uint32_t)bytes;
	must(vault_begin(vault, &err));
	must(vault_put_value(
		vault, secret.versions[0].value_id, value, bytes, &sealed, &length, &err));
	must(vault_put_secret(vault, &secret, &err));
	must(vault_commit(vault, &err));
	free(sealed);
	free(value);
}

static void fill(struct fixture *fixture)
{
	char name[32];

	for (int i = 0; i < VALUES; i++) {
		snprintf(name, sizeof name, "secret_%d", i);
		add_secret(fixture->vault, name, VALUE_BYTES);
	}
}

static struct backup *begin(const struct place *place)
{
	struct backup *backup;
	struct err err;

	must(backup_begin(place->fixture->vault, place->dir, &backup, &err));
	return backup;
}

static struct backup_state to_its_end(const struct place *place, struct backup *backup)
{
	struct backup_state state = { 0 };
	struct err err;

	while (!state.whole)
		must(backup_step(backup, place->fixture->root, &state, &err));
	return state;
}

/* As who asks for it reads it, piece by piece. */
static void take(const struct place *place, struct backup *backup, uint64_t size)
{
	static uint8_t bytes[CHUNK];
	FILE *file = fopen(place->file, "wb");
	uint64_t offset = 0;
	size_t length = 1;
	struct err err;

	assert_non_null(file);
	while (length) {
		must(backup_read(backup, offset, bytes, sizeof bytes, &length, &err));
		assert_int_equal(fwrite(bytes, 1, length, file), length);
		offset += length;
	}
	assert_int_equal(fclose(file), 0);
	assert_int_equal(offset, size);
}

static void back_up(const struct place *place)
{
	struct backup *backup = begin(place);
	struct backup_state state = to_its_end(place, backup);

	take(place, backup, state.size);
	backup_end(backup);
}

static int count_secret(void *arg, const struct secret_record *secret, struct err *err)
{
	(void)secret;
	(void)err;
	++*(size_t *)arg;
	return 0;
}

/* What a file is, to one who has the key: 0 and how many secrets are in it, or why it is nothing.
 */
static int try_file(const struct place *place, size_t *secrets, struct err *err)
{
	const struct vault_visitor visitor = { .on_secret = count_secret, .arg = secrets };
	uint8_t root[SEAL_KEY_BYTES];
	struct verify_result found;
	struct vault *copy;
	int result = vault_attach_copy(&store_sqlite, place->file, &copy, err);

	*secrets = 0;
	if (result < 0)
		return result;
	result = vault_unlock(copy, place->fixture->key, root, err);
	if (!result)
		result = vault_verify(copy, NULL, NULL, &found, err);
	if (!result && found.problems)
		result = err_set(
			err, TACIT_CORRUPT, "%llu problems", (unsigned long long)found.problems);
	if (!result)
		result = vault_each(copy, &visitor, err);
	vault_close(copy);
	return result;
}

static bool is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

static void what_is_committed_meanwhile_is_in_it(void **state)
{
	struct place place = place_of(*state);
	struct backup *backup;
	struct backup_state progress = { 0 };
	struct vault_standing standing;
	uint64_t last = 0;
	unsigned int steps = 0;
	size_t secrets;
	struct err err;
	char name[32];

	fill(place.fixture);
	backup = begin(&place);
	while (!progress.whole) {
		must(backup_step(backup, place.fixture->root, &progress, &err));
		assert_true(progress.done >= last && progress.done <= progress.total);
		last = progress.done;
		if (progress.whole)
			break;
		/* 20 KiB each: more than the log holds, over all, is not needed. */
		snprintf(name, sizeof name, "meanwhile_%u", steps++);
		add_secret(place.fixture->vault, name, 20000);
	}
	assert_true(steps > 1);
	vault_get_standing(place.fixture->vault, &standing);
	assert_int_equal(progress.generation, standing.generation);
	take(&place, backup, progress.size);
	backup_end(backup);
	assert_false(is_there(place.dir));
	must(try_file(&place, &secrets, &err));
	assert_int_equal(secrets, VALUES + steps);
}

static void a_checkpoint_does_not_disturb_it(void **state)
{
	struct place place = place_of(*state);
	struct backup *backup;
	struct backup_state progress = { 0 };
	size_t secrets;
	struct err err;

	fill(place.fixture);
	backup = begin(&place);
	for (int i = 0; !progress.whole; i++) {
		must(backup_step(backup, place.fixture->root, &progress, &err));
		must(place.fixture->vault->engine->checkpoint(place.fixture->vault->store, &err));
		assert_true(i < 100);
	}
	take(&place, backup, progress.size);
	backup_end(backup);
	must(try_file(&place, &secrets, &err));
	assert_int_equal(secrets, VALUES);
}

static void it_is_one_file_and_the_store_is_untouched(void **state)
{
	struct place place = place_of(*state);
	char beside[2 * SCRATCH_MAX + 8];
	uint8_t modes[2];
	FILE *file;

	add_secret(place.fixture->vault, "one", 10);
	back_up(&place);
	file = fopen(place.file, "rb");
	assert_non_null(file);
	assert_int_equal(fseek(file, 18, SEEK_SET), 0);
	assert_int_equal(fread(modes, 1, 2, file), 2);
	fclose(file);
	assert_int_equal(modes[0], 1);
	assert_int_equal(modes[1], 1);
	snprintf(beside, sizeof beside, "%s-wal", place.file);
	assert_false(is_there(beside));
	add_secret(place.fixture->vault, "another", 10);
}

static void a_locked_or_damaged_store_is_not_backed_up(void **state)
{
	struct place place = place_of(*state);
	struct fixture *fixture = place.fixture;
	struct backup *backup;

	add_secret(fixture->vault, "one", 10);
	vault_forget(fixture->vault);
	must_be(TACIT_LOCKED, backup_begin(fixture->vault, place.dir, &backup, NULL));
	alter(fixture, "UPDATE value SET bytes = zeroblob(300)", NULL);
	give_key_again(fixture);
	must_be(TACIT_CORRUPT, backup_begin(fixture->vault, place.dir, &backup, NULL));
	assert_false(is_there(place.dir));
}

static void damage_that_comes_while_it_is_made_is_found(void **state)
{
	struct place place = place_of(*state);
	struct backup *backup;
	struct backup_state progress = { 0 };
	int result = 0;

	fill(place.fixture);
	backup = begin(&place);
	alter(place.fixture, "DELETE FROM value WHERE rowid = 1", NULL);
	while (!result && !progress.whole)
		result = backup_step(backup, place.fixture->root, &progress, NULL);
	must_be(TACIT_CORRUPT, result);
	must_be(TACIT_STALE, backup_step(backup, place.fixture->root, &progress, NULL));
	must_be(TACIT_INVALID, backup_read(backup, 0, &progress, 1, &(size_t){ 0 }, NULL));
	backup_end(backup);
	assert_false(is_there(place.dir));
}

static void one_is_made_at_a_time_and_leftovers_go(void **state)
{
	struct place place = place_of(*state), other = place;
	struct backup *backup, *second;
	char left[2 * SCRATCH_MAX + 16];
	FILE *file;

	assert_int_equal(mkdir(place.dir, 0700), 0);
	snprintf(left, sizeof left, "%s/store.db", place.dir);
	file = fopen(left, "wb");
	assert_non_null(file);
	fclose(file);
	add_secret(place.fixture->vault, "one", 10);
	backup = begin(&place);
	snprintf(other.dir, sizeof other.dir, "%s/other", place.fixture->dir);
	must_be(TACIT_BUSY, backup_begin(place.fixture->vault, other.dir, &second, NULL));
	assert_false(is_there(other.dir));
	to_its_end(&place, backup);
	backup_end(backup);
	backup = begin(&place);
	to_its_end(&place, backup);
	backup_end(backup);
}

/* The disk has no room for it: the store goes on. */
static void a_full_disk_leaves_nothing_behind(void **state)
{
	struct place place = place_of(*state);
	struct rlimit before, little = { 1 << 20, RLIM_INFINITY };
	struct backup *backup;
	struct backup_state progress = { 0 };
	int result = 0;

	fill(place.fixture);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	little.rlim_max = before.rlim_max;
	backup = begin(&place);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
	while (!result && !progress.whole)
		result = backup_step(backup, place.fixture->root, &progress, NULL);
	backup_end(backup);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	must_be(TACIT_IO, result);
	assert_false(is_there(place.dir));
	assert_int_equal(vault_refusal(place.fixture->vault)->code, 0);
	add_secret(place.fixture->vault, "after", 10);
}

static void a_copy_is_not_written_to(void **state)
{
	struct place place = place_of(*state);
	uint8_t root[SEAL_KEY_BYTES];
	struct vault *copy;
	struct err err;

	add_secret(place.fixture->vault, "one", 10);
	back_up(&place);
	must(vault_attach_copy(&store_sqlite, place.file, &copy, &err));
	must(vault_unlock(copy, place.fixture->key, root, &err));
	must_be(TACIT_DENIED, vault_begin(copy, NULL));
	must_be(TACIT_DENIED, vault_write_locked(copy, true, NULL));
	must_be(TACIT_DENIED, vault_accept(copy, VAULT_ADOPT, NULL));
	vault_close(copy);
}

static void change_file(const struct place *place, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(place->file, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL))
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* What a stranger would have run when his file is looked at. */
static void a_schema_that_is_not_ours_is_refused(void **state)
{
	static const char *const changes[] = {
		"CREATE TABLE more (a)",
		"CREATE VIEW more AS SELECT * FROM meta",
		"CREATE TRIGGER more AFTER UPDATE ON fence BEGIN DELETE FROM value; END",
		"CREATE INDEX more ON value (length(bytes))",
		"ALTER TABLE value ADD COLUMN more INTEGER AS (length(bytes))",
		"ALTER TABLE value RENAME TO other",
		"DROP TABLE fence",
		("DROP TABLE fence; CREATE TABLE fence (one INTEGER PRIMARY KEY CHECK (one < 9), "
		 "owner INTEGER NOT NULL) STRICT; INSERT INTO fence VALUES (1, 1)"),
		"DROP TABLE record; CREATE TABLE record (id, bytes)",
	};
	struct place place = place_of(*state);
	size_t secrets;
	struct err err;

	add_secret(place.fixture->vault, "one", 10);
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		struct vault *copy;

		back_up(&place);
		must(try_file(&place, &secrets, &err));
		change_file(&place, changes[i]);
		if (vault_attach_copy(&store_sqlite, place.file, &copy, &err) != -TACIT_CORRUPT)
			fail_msg("taken: %s", changes[i]);
	}
}

static void another_kind_of_file_is_refused(void **state)
{
	struct place place = place_of(*state);
	struct vault *copy;
	FILE *file;

	must_be(TACIT_NOT_FOUND, vault_attach_copy(&store_sqlite, place.file, &copy, NULL));
	file = fopen(place.file, "wb");
	assert_non_null(file);
	fclose(file);
	must_be(TACIT_CORRUPT, vault_attach_copy(&store_sqlite, place.file, &copy, NULL));
	assert_int_equal(unlink(place.file), 0);
	back_up(&place);
	change_file(&place, "PRAGMA user_version = 2");
	must_be(TACIT_NEWER, vault_attach_copy(&store_sqlite, place.file, &copy, NULL));
	change_file(&place, "PRAGMA user_version = 1; PRAGMA application_id = 3");
	must_be(TACIT_CORRUPT, vault_attach_copy(&store_sqlite, place.file, &copy, NULL));
	assert_int_equal(unlink(place.file), 0);
	assert_int_equal(symlink("store.db", place.file), 0);
	must_be(TACIT_CORRUPT, vault_attach_copy(&store_sqlite, place.file, &copy, NULL));
}

/* A row deleted, replayed, swapped, added: the generation tells. */
static void a_copy_that_was_edited_is_refused(void **state)
{
	static const char *const changes[] = {
		"DELETE FROM value WHERE rowid = 1",
		"DELETE FROM record WHERE rowid = 2",
		("UPDATE value SET bytes = (SELECT bytes FROM value WHERE rowid = 2) WHERE rowid = "
		 "1"),
		"INSERT INTO value SELECT randomblob(16), bytes FROM value WHERE rowid = 1",
		"DELETE FROM meta WHERE name = 'root'",
		"DELETE FROM meta WHERE name = 'keyring'",
		"UPDATE meta SET bytes = zeroblob(length(bytes)) WHERE name = 'header'",
	};
	struct place place = place_of(*state);
	size_t secrets;
	struct err err;

	add_secret(place.fixture->vault, "one", 10);
	add_secret(place.fixture->vault, "two", 10);
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		back_up(&place);
		change_file(&place, changes[i]);
		if (try_file(&place, &secrets, &err) != -TACIT_CORRUPT)
			fail_msg("taken: %s", changes[i]);
	}
}

/* store.db itself, copied while the agent was stopped. */
static void a_store_that_was_copied_with_cp_is_one(void **state)
{
	struct place place = place_of(*state);
	struct fixture *fixture = place.fixture;
	char from[2 * SCRATCH_MAX];
	size_t secrets;
	struct err err;

	add_secret(fixture->vault, "one", 10);
	vault_close(fixture->vault);
	snprintf(from, sizeof from, "%s/store.db", fixture->dir);
	assert_int_equal(rename(from, place.file), 0);
	must(backup_settle(place.file, &err));
	must(try_file(&place, &secrets, &err));
	assert_int_equal(secrets, 1);
	must(vault_create(&store_sqlite, fixture->dir, fixture->key, &err));
	attach(fixture);
}

/* Also where what is missing is zeros, as SQLite takes it to be. */
static void a_file_that_is_cut_off_is_refused(void **state)
{
	static const off_t missing[] = { 1, 2, 100, 4095, 4096, 4097, 8192 };
	struct place place = place_of(*state);
	struct stat status;
	size_t secrets;
	struct err err;

	add_secret(place.fixture->vault, "one", 3000);
	back_up(&place);
	must(backup_settle(place.file, &err));
	must(try_file(&place, &secrets, &err));
	assert_int_equal(stat(place.file, &status), 0);
	for (size_t i = 0; i < sizeof missing / sizeof *missing; i++) {
		assert_int_equal(truncate(place.file, status.st_size - missing[i]), 0);
		must_be(TACIT_CORRUPT, backup_settle(place.file, &err));
		assert_int_equal(truncate(place.file, status.st_size), 0);
	}
	assert_int_equal(truncate(place.file, 99), 0);
	must_be(TACIT_CORRUPT, backup_settle(place.file, &err));
}

/* Every so many bytes one bit: never another content. */
static void a_flipped_bit_is_found_or_means_nothing(void **state)
{
	struct place place = place_of(*state);
	size_t secrets, refused = 0, taken = 0;
	struct err err;
	struct stat status;

	add_secret(place.fixture->vault, "one", 10);
	add_secret(place.fixture->vault, "two", 3000);
	back_up(&place);
	assert_int_equal(stat(place.file, &status), 0);
	for (off_t at = 0; at < status.st_size; at += at < 128 ? 1 : 61) {
		int fd = open(place.file, O_RDWR | O_CLOEXEC);
		uint8_t byte;

		assert_int_equal(pread(fd, &byte, 1, at), 1);
		byte ^= (uint8_t)(1 << (at % 8));
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		if (try_file(&place, &secrets, &err) < 0) {
			refused++;
		} else {
			assert_int_equal(secrets, 2);
			taken++;
		}
		byte ^= (uint8_t)(1 << (at % 8));
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		close(fd);
	}
	assert_true(refused > 100);
	must(try_file(&place, &secrets, &err));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_committed_meanwhile_is_in_it),
		TEST(a_checkpoint_does_not_disturb_it),
		TEST(it_is_one_file_and_the_store_is_untouched),
		TEST(a_locked_or_damaged_store_is_not_backed_up),
		TEST(damage_that_comes_while_it_is_made_is_found),
		TEST(one_is_made_at_a_time_and_leftovers_go),
		TEST(a_full_disk_leaves_nothing_behind),
		TEST(a_copy_is_not_written_to),
		TEST(a_schema_that_is_not_ours_is_refused),
		TEST(another_kind_of_file_is_refused),
		TEST(a_copy_that_was_edited_is_refused),
		TEST(a_store_that_was_copied_with_cp_is_one),
		TEST(a_file_that_is_cut_off_is_refused),
		TEST(a_flipped_bit_is_found_or_means_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
