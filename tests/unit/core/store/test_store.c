/* SPDX-License-Identifier: Apache-2.0 */
/* What every storage engine must do; a new one joins by its line in `engines`. */
#include "scratch.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "core/store/store.h"

#define KILLS 50
#define LONGEST_MS 12 /* a child lives 1 to this many milliseconds after its first commit */

static const struct store_engine *const engines[] = { &store_sqlite };

struct fixture {
	const struct store_engine *engine;
	char dir[SCRATCH_MAX];
	struct store *store; /* made and open */
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	struct err err;

	assert_non_null(fixture);
	fixture->engine = *state;
	scratch_make(fixture->dir);
	must(fixture->engine->create(fixture->dir, &err));
	must(fixture->engine->open(fixture->dir, &fixture->store, &err));
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	fixture->engine->close(fixture->store);
	scratch_remove(fixture->dir);
	free(fixture);
	return 0;
}

static void reopen(struct fixture *fixture)
{
	struct err err;

	fixture->engine->close(fixture->store);
	fixture->store = NULL;
	must(fixture->engine->open(fixture->dir, &fixture->store, &err));
}

/* The id of a number: what the tests call their rows. */
static const uint8_t *id_of(uint8_t id[STORE_ID_BYTES], uint32_t number)
{
	memset(id, 0, STORE_ID_BYTES);
	memcpy(id, &number, sizeof number);
	return id;
}

static void put(struct fixture *fixture, enum store_table table, uint32_t number, const char *text)
{
	uint8_t id[STORE_ID_BYTES];
	struct err err;

	must(fixture->engine->begin(fixture->store, &err));
	must(fixture->engine->put(fixture->store, table, id_of(id, number), (const uint8_t *)text,
		strlen(text), &err));
	must(fixture->engine->commit(fixture->store, &err));
}

struct row {
	uint8_t id[STORE_ID_BYTES];
	char text[64];
	size_t length;
	int count;
	int answer; /* what the walk is told */
};

static int see_row(void *arg, const uint8_t id[STORE_ID_BYTES], const uint8_t *bytes, size_t length,
	struct err *err)
{
	struct row *row = arg;
	size_t kept = length < sizeof row->text - 1 ? length : sizeof row->text - 1;

	(void)err;
	memcpy(row->id, id, STORE_ID_BYTES);
	memcpy(row->text, bytes, kept);
	row->text[kept] = '\0';
	row->length = length;
	row->count++;
	return row->answer;
}

static int get(struct fixture *fixture, enum store_table table, uint32_t number, struct row *row)
{
	uint8_t id[STORE_ID_BYTES];

	memset(row, 0, sizeof *row);
	return fixture->engine->get(fixture->store, table, id_of(id, number), see_row, row, NULL);
}

static void must_hold(
	struct fixture *fixture, enum store_table table, uint32_t number, const char *text)
{
	struct row row;
	uint8_t id[STORE_ID_BYTES];

	assert_int_equal(get(fixture, table, number, &row), 0);
	assert_int_equal(row.count, 1);
	assert_memory_equal(row.id, id_of(id, number), STORE_ID_BYTES);
	assert_string_equal(row.text, text);
}

static int count(struct fixture *fixture, enum store_table table)
{
	struct row row = { 0 };
	struct err err;

	must(fixture->engine->each(fixture->store, table, see_row, &row, &err));
	return row.count;
}

static void a_store_is_made_once(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, STORE_RECORDS, 1, "kept");
	must_be(TACIT_EXISTS, fixture->engine->create(fixture->dir, NULL));
	must_hold(fixture, STORE_RECORDS, 1, "kept");
}

static void a_store_that_is_not_there_is_not_found(void **state)
{
	struct fixture *fixture = *state;
	char nowhere[SCRATCH_MAX + 8], empty[SCRATCH_MAX];
	struct store *store;

	snprintf(nowhere, sizeof nowhere, "%s/none", fixture->dir);
	must_be(TACIT_NOT_FOUND, fixture->engine->open(nowhere, &store, NULL));
	must_be(TACIT_NOT_FOUND, fixture->engine->create(nowhere, NULL));
	scratch_make(empty);
	must_be(TACIT_NOT_FOUND, fixture->engine->open(empty, &store, NULL));
	assert_int_equal(rmdir(empty), 0); /* nothing was made by trying */
}

static void rows_come_back_after_a_restart(void **state)
{
	struct fixture *fixture = *state;
	struct row row;

	put(fixture, STORE_RECORDS, 1, "first");
	put(fixture, STORE_RECORDS, 2, "second");
	put(fixture, STORE_VALUES, 1, "a value");
	put(fixture, STORE_RECORDS, 1, "replaced");
	reopen(fixture);
	must_hold(fixture, STORE_RECORDS, 1, "replaced");
	must_hold(fixture, STORE_RECORDS, 2, "second");
	must_hold(fixture, STORE_VALUES, 1, "a value");
	must_be(TACIT_NOT_FOUND, get(fixture, STORE_VALUES, 2, &row));
	assert_int_equal(count(fixture, STORE_RECORDS), 2);
	assert_int_equal(count(fixture, STORE_VALUES), 1);
}

static void a_removed_row_is_gone_and_removing_nothing_is_no_error(void **state)
{
	struct fixture *fixture = *state;
	uint8_t id[STORE_ID_BYTES];
	struct row row;
	struct err err;

	put(fixture, STORE_RECORDS, 1, "gone");
	put(fixture, STORE_VALUES, 1, "stays");
	must(fixture->engine->begin(fixture->store, &err));
	must(fixture->engine->remove(fixture->store, STORE_RECORDS, id_of(id, 1), &err));
	must(fixture->engine->remove(fixture->store, STORE_RECORDS, id_of(id, 9), &err));
	must(fixture->engine->commit(fixture->store, &err));
	reopen(fixture);
	must_be(TACIT_NOT_FOUND, get(fixture, STORE_RECORDS, 1, &row));
	must_hold(fixture, STORE_VALUES, 1, "stays");
}

static void a_row_has_any_size_to_the_limit(void **state)
{
	static const size_t sizes[] = { 0, 1, 4096, (1 << 20) + 100, (2 << 20) - 64 };
	struct fixture *fixture = *state;
	uint8_t id[STORE_ID_BYTES], *bytes = calloc(1, 2 << 20);
	struct row row;
	struct err err;

	assert_non_null(bytes);
	for (uint32_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		must(fixture->engine->begin(fixture->store, &err));
		must(fixture->engine->put(
			fixture->store, STORE_VALUES, id_of(id, i), bytes, sizes[i], &err));
		must(fixture->engine->commit(fixture->store, &err));
	}
	reopen(fixture);
	for (uint32_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		must(get(fixture, STORE_VALUES, i, &row));
		assert_int_equal(row.length, sizes[i]);
	}
	must(fixture->engine->begin(fixture->store, &err));
	must_be(TACIT_TOO_LARGE, fixture->engine->put(fixture->store, STORE_VALUES, id_of(id, 9),
					 bytes, 2 << 20, NULL));
	fixture->engine->rollback(fixture->store);
	free(bytes);
}

static void a_walk_ends_with_the_first_answer(void **state)
{
	struct fixture *fixture = *state;
	struct row row = { .answer = -TACIT_LIMIT };

	put(fixture, STORE_RECORDS, 1, "one");
	put(fixture, STORE_RECORDS, 2, "two");
	must_be(TACIT_LIMIT,
		fixture->engine->each(fixture->store, STORE_RECORDS, see_row, &row, NULL));
	assert_int_equal(row.count, 1);
	put(fixture, STORE_RECORDS, 3, "the store is not left in the walk");
}

static void put_meta(struct fixture *fixture, const char *name, const char *text)
{
	struct err err;

	must(fixture->engine->begin(fixture->store, &err));
	must(fixture->engine->put_meta(
		fixture->store, name, (const uint8_t *)text, strlen(text), &err));
	must(fixture->engine->commit(fixture->store, &err));
}

static void meta_rows_have_names_and_bounds(void **state)
{
	struct fixture *fixture = *state;
	uint8_t bytes[STORE_META_MAX + 1] = { 0 };
	size_t length;
	struct err err;

	must_be(TACIT_NOT_FOUND, fixture->engine->get_meta(fixture->store, "locked", bytes,
					 sizeof bytes, &length, NULL));
	put_meta(fixture, "locked", "no");
	put_meta(fixture, "locked", "yes");
	put_meta(fixture, "empty", "");
	reopen(fixture);
	must(fixture->engine->get_meta(
		fixture->store, "locked", bytes, sizeof bytes, &length, &err));
	assert_int_equal(length, 3);
	assert_memory_equal(bytes, "yes", 3);
	must(fixture->engine->get_meta(
		fixture->store, "empty", bytes, sizeof bytes, &length, &err));
	assert_int_equal(length, 0);
	must_be(TACIT_CORRUPT,
		fixture->engine->get_meta(fixture->store, "locked", bytes, 2, &length, NULL));
	must(fixture->engine->begin(fixture->store, &err));
	must(fixture->engine->put_meta(fixture->store, "longest", bytes, STORE_META_MAX, &err));
	must_be(TACIT_TOO_LARGE, fixture->engine->put_meta(fixture->store, "longer", bytes,
					 STORE_META_MAX + 1, NULL));
	fixture->engine->rollback(fixture->store);
}

static void what_is_not_committed_is_not_there(void **state)
{
	struct fixture *fixture = *state;
	uint8_t id[STORE_ID_BYTES];
	struct err err;

	put(fixture, STORE_RECORDS, 1, "old");
	for (int closing = 0; closing < 2; closing++) {
		must(fixture->engine->begin(fixture->store, &err));
		must(fixture->engine->put(fixture->store, STORE_RECORDS, id_of(id, 1),
			(const uint8_t *)"new", 3, &err));
		must(fixture->engine->put(fixture->store, STORE_VALUES, id_of(id, 2),
			(const uint8_t *)"new", 3, &err));
		must(fixture->engine->put_meta(
			fixture->store, "meta", (const uint8_t *)"new", 3, &err));
		if (!closing)
			fixture->engine->rollback(fixture->store);
		reopen(fixture);
		must_hold(fixture, STORE_RECORDS, 1, "old");
		assert_int_equal(count(fixture, STORE_VALUES), 0);
	}
	fixture->engine->rollback(fixture->store); /* without a begin: nothing happens */
	put(fixture, STORE_RECORDS, 1, "newer");
}

static int try_put(struct fixture *fixture, struct store *store, uint32_t number)
{
	const struct store_engine *engine = fixture->engine;
	uint8_t id[STORE_ID_BYTES];
	int result = engine->begin(store, NULL);

	if (!result)
		result = engine->put(
			store, STORE_RECORDS, id_of(id, number), (const uint8_t *)"x", 1, NULL);
	if (!result)
		result = engine->commit(store, NULL);
	if (result < 0)
		engine->rollback(store);
	return result;
}

static void a_second_owner_fences_the_first_out(void **state)
{
	struct fixture *fixture = *state;
	struct store *second;
	struct row row;
	struct err err;

	assert_int_equal(try_put(fixture, fixture->store, 1), 0);
	must(fixture->engine->open(fixture->dir, &second, &err));
	must_be(TACIT_STALE, try_put(fixture, fixture->store, 2));
	assert_int_equal(try_put(fixture, second, 3), 0);
	must_be(TACIT_STALE, try_put(fixture, fixture->store, 4));
	must_be(TACIT_NOT_FOUND, get(fixture, STORE_RECORDS, 2, &row));
	must_hold(fixture, STORE_RECORDS, 3, "x"); /* it still reads */
	fixture->engine->close(second);
	must_be(TACIT_STALE, try_put(fixture, fixture->store, 5));
	reopen(fixture);
	assert_int_equal(try_put(fixture, fixture->store, 6), 0);
	assert_int_equal(count(fixture, STORE_RECORDS), 3);
}

static void a_checkpoint_keeps_everything(void **state)
{
	struct fixture *fixture = *state;
	struct err err;

	put(fixture, STORE_RECORDS, 1, "before");
	must(fixture->engine->checkpoint(fixture->store, &err));
	must_hold(fixture, STORE_RECORDS, 1, "before");
	put(fixture, STORE_RECORDS, 2, "after");
	reopen(fixture);
	must_hold(fixture, STORE_RECORDS, 1, "before");
	must_hold(fixture, STORE_RECORDS, 2, "after");
	must(fixture->engine->checkpoint(fixture->store, &err));
	must(fixture->engine->checkpoint(fixture->store, &err));
	assert_int_equal(count(fixture, STORE_RECORDS), 2);
}

static void check_mode(void *arg, const char *path)
{
	struct stat status;
	int *files = arg;

	assert_int_equal(stat(path, &status), 0);
	if ((status.st_mode & 0777) != 0600)
		fail_msg("%s has mode %o", path, status.st_mode & 0777);
	++*files;
}

static void its_files_are_for_their_owner_alone_whatever_the_umask(void **state)
{
	static const mode_t masks[] = { 0, 0777 };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof masks / sizeof *masks; i++) {
		mode_t before = umask(masks[i]);
		int files = 0;

		fixture->engine->close(fixture->store);
		fixture->store = NULL;
		scratch_each(fixture->dir, scratch_unlink, NULL);
		assert_int_equal(fixture->engine->create(fixture->dir, NULL), 0);
		assert_int_equal(fixture->engine->open(fixture->dir, &fixture->store, NULL), 0);
		put(fixture, STORE_RECORDS, 1, "x");
		umask(before);
		scratch_each(fixture->dir, check_mode, &files);
		assert_true(files > 0);
	}
}

/* A child that commits row after row, two tables at once, and says each number when it is safe. */
static void commit_for_ever(struct fixture *fixture, uint32_t from, int say)
{
	const struct store_engine *engine = fixture->engine;
	uint8_t id[STORE_ID_BYTES], bytes[6000] = "bytes";
	struct store *store;

	if (engine->open(fixture->dir, &store, NULL) < 0)
		_exit(1);
	for (uint32_t number = from;; number++) {
		id_of(id, number);
		if (engine->begin(store, NULL) < 0 ||
			engine->put(store, STORE_RECORDS, id, bytes, 100, NULL) < 0 ||
			engine->put(store, STORE_VALUES, id, bytes, sizeof bytes, NULL) < 0 ||
			engine->commit(store, NULL) < 0)
			_exit(2);
		if (write(say, &number, sizeof number) != sizeof number)
			_exit(3);
		if (number % 16 == 0 && engine->checkpoint(store, NULL) < 0)
			_exit(4);
	}
}

/* Let a child commit for a while and kill it; the last number it said. */
static uint32_t run_and_kill(struct fixture *fixture, uint32_t from, unsigned int milliseconds)
{
	uint32_t number, last = from - 1;
	int says[2], status;
	struct pollfd first;
	pid_t child;

	assert_int_equal(pipe(says), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child)
		commit_for_ever(fixture, from, says[1]);
	close(says[1]);
	first = (struct pollfd){ .fd = says[0], .events = POLLIN };
	assert_int_equal(poll(&first, 1, 60000), 1);
	usleep(1000 * milliseconds);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	if (!WIFSIGNALED(status))
		fail_msg("the child ended by itself: %d", WEXITSTATUS(status));
	while (read(says[0], &number, sizeof number) == sizeof number)
		last = number;
	close(says[0]);
	return last;
}

static void what_was_acknowledged_outlives_kill_9(void **state)
{
	struct fixture *fixture = *state;
	uint32_t last = 0;
	struct row row;
	struct err err;

	fixture->engine->close(fixture->store);
	fixture->store = NULL;
	for (unsigned int kills = 0; kills < KILLS; kills++) {
		uint32_t next;

		last = run_and_kill(fixture, last + 1, 1 + kills % LONGEST_MS);
		must(fixture->engine->open(fixture->dir, &fixture->store, &err));
		for (uint32_t number = 1; number <= last; number++) {
			must(get(fixture, STORE_RECORDS, number, &row));
			assert_int_equal(row.length, 100);
			must(get(fixture, STORE_VALUES, number, &row));
			assert_int_equal(row.length, 6000);
		}
		/* The one after it was being made: both of its rows are there, or neither. */
		next = last + 1;
		assert_int_equal(get(fixture, STORE_RECORDS, next, &row),
			get(fixture, STORE_VALUES, next, &row));
		must_be(TACIT_NOT_FOUND, get(fixture, STORE_VALUES, next + 1, &row));
		fixture->engine->close(fixture->store);
		fixture->store = NULL;
	}
	assert_true(last >= KILLS); /* on a slow disk no child commits a second time */
	must(fixture->engine->open(fixture->dir, &fixture->store, &err));
}

#define TEST(name)                                                                                 \
	{                                                                                          \
#name, name, set_up, tear_down, NULL                                               \
	}
static const struct CMUnitTest tests[] = {
	TEST(a_store_is_made_once),
	TEST(a_store_that_is_not_there_is_not_found),
	TEST(rows_come_back_after_a_restart),
	TEST(a_removed_row_is_gone_and_removing_nothing_is_no_error),
	TEST(a_row_has_any_size_to_the_limit),
	TEST(a_walk_ends_with_the_first_answer),
	TEST(meta_rows_have_names_and_bounds),
	TEST(what_is_not_committed_is_not_there),
	TEST(a_second_owner_fences_the_first_out),
	TEST(a_checkpoint_keeps_everything),
	TEST(its_files_are_for_their_owner_alone_whatever_the_umask),
	TEST(what_was_acknowledged_outlives_kill_9),
};

#define TESTS (sizeof tests / sizeof *tests)
#define ENGINES (sizeof engines / sizeof *engines)

int main(void)
{
	struct CMUnitTest all[TESTS * ENGINES];

	for (size_t i = 0; i < TESTS * ENGINES; i++) {
		all[i] = tests[i % TESTS];
		all[i].initial_state = (void *)engines[i / TESTS];
	}
	return cmocka_run_group_tests(all, NULL, NULL);
}
