/* SPDX-License-Identifier: Apache-2.0 */
/* A backup that becomes the store: of whom it is taken, what it takes the place of, and that
 * whoever dies in it leaves the one store or the other. */
#include "house.h"

#include <sys/wait.h>

#include "../store/death.h"
#include "../store/tamper.h"

struct taken {
	uint8_t *bytes;
	size_t length;
};

/* A backup with the secret "old" = "1"; the store has "new", too, and "old" = "2". */
static struct taken back_up_and_go_on(struct house *house)
{
	struct desk *desk = house->desk;
	struct taken taken;

	assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, "old", "1"), 0);
	taken.bytes = house_back_up(house, &taken.length);
	assert_int_equal(desk_value(desk, VERB_SECRET_ROTATE, "old", "2"), 0);
	assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, "new", "n"), 0);
	return taken;
}

static void is_restored(struct house *house)
{
	house_is(house, "serving");
	assert_false(house_knows(house, "new"));
	desk_current(house->desk, "old", "1");
	assert_int_equal(desk_ask(house->desk, VERB_STORE_VERIFY, ""), 0);
	assert_int_equal(desk_number(house->desk, "problem_count", 0), 0);
	desk_text(house->desk, "anchor", 0, "ok");
}

static void is_untouched(struct house *house)
{
	house_is(house, "serving");
	assert_true(house_knows(house, "new"));
	desk_current(house->desk, "old", "2");
	assert_false(house_has(house, TACIT_STORE_DIR "/store.db.replaced-1"));
}

static void a_backup_becomes_the_store(void **state)
{
	struct house *house = *state;
	struct taken taken = back_up_and_go_on(house);
	char path[HOUSE_PATH];
	struct err err;

	house_upload(house, taken.bytes, taken.length);
	assert_int_equal(house_end_restore(house, REQUEST_FORCE), 0);
	house_path(house, TACIT_STORE_DIR "/store.db", path);
	desk_text(house->desk, "store", 0, path);
	house_path(house, TACIT_STORE_DIR "/store.db.replaced-1", path);
	desk_text(house->desk, "replaced", 0, path);
	assert_int_equal(access(path, F_OK), 0);
	assert_false(house_has(house, TACIT_STORE_DIR "/restore"));
	is_restored(house);
	/* It is written to, and is found so. */
	assert_int_equal(desk_value(house->desk, VERB_SECRET_CREATE, "later", "l"), 0);
	house_stop(house, true);
	must(house_start(house, &err));
	is_restored(house);
	desk_current(house->desk, "later", "l");
	/* And once more: what was kept stays. */
	house_upload(house, taken.bytes, taken.length);
	assert_int_equal(house_end_restore(house, REQUEST_FORCE), 0);
	assert_true(house_has(house, TACIT_STORE_DIR "/store.db.replaced-1"));
	assert_true(house_has(house, TACIT_STORE_DIR "/store.db.replaced-2"));
	free(taken.bytes);
}

static void secrets_are_replaced_by_force_alone(void **state)
{
	struct house *house = *state;
	struct taken taken = back_up_and_go_on(house);

	house_upload(house, taken.bytes, taken.length);
	must_be(TACIT_EXISTS, house_end_restore(house, 0));
	is_untouched(house);
	/* While it is locked nobody can tell. */
	assert_int_equal(desk_ask(house->desk, VERB_LOCK, ""), 0);
	must_be(TACIT_EXISTS, house_end_restore(house, 0));
	house_is(house, "locked");
	assert_int_equal(house_end_restore(house, REQUEST_FORCE), 0);
	is_restored(house);
	free(taken.bytes);
}

static void a_store_without_secrets_gives_way(void **state)
{
	struct house *house = *state;
	struct taken taken = back_up_and_go_on(house);
	char path[HOUSE_PATH];
	struct err err;

	house_stop(house, false);
	house_path(house, TACIT_STORE_DIR "/store.db", path);
	assert_int_equal(unlink(path), 0);
	house_path(house, HOUSE_ANCHOR, path);
	assert_int_equal(unlink(path), 0);
	house_create_store(house);
	must(house_start(house, &err));
	house_upload(house, taken.bytes, taken.length);
	assert_int_equal(house_end_restore(house, 0), 0);
	is_restored(house);
	free(taken.bytes);
}

static void an_agent_without_a_store_takes_one(void **state)
{
	struct house *house = *state;
	struct taken taken = back_up_and_go_on(house);
	struct doc_item item;
	char path[HOUSE_PATH];
	struct err err;

	house_stop(house, false);
	house_path(house, TACIT_STORE_DIR "/store.db", path);
	assert_int_equal(unlink(path), 0);
	must_be(TACIT_NOT_FOUND, house_start(house, &err));
	house_upload(house, taken.bytes, taken.length);
	assert_int_equal(house_end_restore(house, 0), 0);
	assert_true(desk_item(house->desk, "replaced", 0, &item) && item.type == DOC_NONE);
	is_restored(house);
	free(taken.bytes);
}

static void an_agent_that_failed_takes_one(void **state)
{
	struct house *house = *state;
	struct taken taken = back_up_and_go_on(house);
	char path[HOUSE_PATH];
	struct err err;

	house_stop(house, true);
	house_path(house, TACIT_STORE_DIR "/store.db", path);
	assert_int_equal(truncate(path, 100), 0);
	assert_true(house_start(house, &err) < 0);
	house_is(house, "failed");
	house_upload(house, taken.bytes, taken.length);
	must_be(TACIT_EXISTS, house_end_restore(house, 0));
	assert_int_equal(house_end_restore(house, REQUEST_FORCE), 0);
	is_restored(house);
	free(taken.bytes);
}

static void a_wrong_key_may_be_followed_by_the_right_one(void **state)
{
	struct house *house = *state;
	struct taken taken = back_up_and_go_on(house);
	uint8_t other[SEAL_KEY_BYTES] = { 3 };
	char text[KEYFILE_TEXT_MAX];

	house_upload(house, taken.bytes, taken.length);
	text[keyfile_format(other, text)] = '\0';
	house->desk->request.flags = REQUEST_FORCE;
	must_be(TACIT_WRONG_KEY,
		house_ask_with_key(house, VERB_STORE_RESTORE_END, "restore", text));
	must_be(TACIT_INVALID,
		house_ask_with_key(house, VERB_STORE_RESTORE_END, "restore", "no key"));
	/* Sealed for another purpose. */
	assert_true(
		house_ask_with_key(house, VERB_STORE_RESTORE_END, "unlock", house->key_text) < 0);
	is_untouched(house);
	assert_int_equal(house_end_restore(house, REQUEST_FORCE), 0);
	is_restored(house);
	free(taken.bytes);
}

/* Who has a store of his own, and its key, does not get out of waiting by it. */
static void a_key_of_a_backup_is_no_key_of_the_store(void **state)
{
	struct house *house = *state;
	struct handover *handover = house->desk->core.handover;
	struct taken taken = back_up_and_go_on(house);

	atomic_store(&handover->wrong_keys, 5);
	house_upload(house, taken.bytes, taken.length);
	must_be(TACIT_EXISTS, house_end_restore(house, 0));
	assert_int_equal(atomic_load(&handover->wrong_keys), 5);
	assert_int_equal(atomic_load(&handover->not_before_ns), 0);
	/* When it is the store it is. */
	assert_int_equal(house_end_restore(house, REQUEST_FORCE), 0);
	is_restored(house);
	free(taken.bytes);
}

static void what_is_not_sound_is_not_taken(void **state)
{
	static const char *const changes[] = {
		"DELETE FROM value",
		"UPDATE record SET bytes = zeroblob(length(bytes)) WHERE rowid = 1",
		"DELETE FROM meta WHERE name = 'root'",
		/* One that nobody could write to, or open. */
		"UPDATE fence SET owner = 0x7fffffffffffffff",
		"DELETE FROM fence",
		"CREATE TRIGGER more AFTER UPDATE ON fence BEGIN DELETE FROM value; END",
	};
	struct house *house = *state;
	struct taken taken = back_up_and_go_on(house);
	char path[HOUSE_PATH];

	house_path(house, "/changed", path);
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		uint8_t *bytes;
		size_t length;
		sqlite3 *db;

		scratch_write(path, taken.bytes, taken.length);
		assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
		assert_int_equal(sqlite3_exec(db, changes[i], NULL, NULL, NULL), SQLITE_OK);
		sqlite3_close(db);
		bytes = scratch_read(path, &length);
		house_upload(house, bytes, length);
		must_be(TACIT_CORRUPT, house_end_restore(house, REQUEST_FORCE));
		is_untouched(house);
		free(bytes);
	}
	house_upload(house, taken.bytes, taken.length / 2);
	must_be(TACIT_CORRUPT, house_end_restore(house, REQUEST_FORCE));
	house_upload(house, taken.bytes, 0);
	must_be(TACIT_CORRUPT, house_end_restore(house, REQUEST_FORCE));
	is_untouched(house);
	assert_int_equal(desk_ask(house->desk, VERB_STORE_RESTORE_DROP, ""), 0);
	assert_false(house_has(house, TACIT_STORE_DIR "/restore"));
	must_be(TACIT_NOT_FOUND, house_end_restore(house, REQUEST_FORCE));
	free(taken.bytes);
}

static void pieces_come_in_their_order(void **state)
{
	static uint8_t piece[TACIT_CHUNK_MAX + 1];
	struct house *house = *state;
	struct desk *desk = house->desk;

	must_be(TACIT_NOT_FOUND, house_write(house, 0, piece, 10));
	assert_int_equal(desk_ask(desk, VERB_STORE_RESTORE, ""), 0);
	assert_int_equal(desk_number(desk, "offset", 0), 0);
	assert_int_equal(house_write(house, 0, piece, 10), 0);
	assert_int_equal(desk_number(desk, "offset", 0), 10);
	must_be(TACIT_STALE, house_write(house, 0, piece, 10));
	must_be(TACIT_STALE, house_write(house, 11, piece, 10));
	must_be(TACIT_TOO_LARGE, house_write(house, 10, piece, TACIT_CHUNK_MAX + 1));
	assert_int_equal(house_write(house, 10, piece, TACIT_CHUNK_MAX), 0);
	/* Another one begins anew. */
	assert_int_equal(desk_ask(desk, VERB_STORE_RESTORE, ""), 0);
	assert_int_equal(house_write(house, 0, piece, 10), 0);
}

/* There is no room for another store that is kept. */
static void what_cannot_be_replaced_goes_on(void **state)
{
	struct house *house = *state;
	struct taken taken = back_up_and_go_on(house);
	char path[HOUSE_PATH];

	for (int i = 1; i <= 999; i++) {
		snprintf(path, sizeof path, "%s%s/store.db.replaced-%d", house->root,
			TACIT_STORE_DIR, i);
		scratch_write(path, (const uint8_t *)"kept", 4);
	}
	house_upload(house, taken.bytes, taken.length);
	must_be(TACIT_LIMIT, house_end_restore(house, REQUEST_FORCE));
	house_is(house, "serving");
	desk_current(house->desk, "old", "2");
	assert_int_equal(desk_value(house->desk, VERB_SECRET_ROTATE, "old", "3"), 0);
	/* Who locked it is not overruled. */
	assert_int_equal(desk_ask(house->desk, VERB_LOCK, ""), 0);
	must_be(TACIT_LIMIT, house_end_restore(house, REQUEST_FORCE));
	house_is(house, "locked");
	free(taken.bytes);
}

static void an_anchor_that_cannot_be_written_stops_it_in_time(void **state)
{
	struct house *house = *state;
	struct taken taken = back_up_and_go_on(house);
	char path[HOUSE_PATH], away[HOUSE_PATH];

	house_path(house, "/anchor", path);
	house_path(house, "/away", away);
	house_upload(house, taken.bytes, taken.length);
	assert_int_equal(rename(path, away), 0);
	assert_true(house_end_restore(house, REQUEST_FORCE) < 0);
	assert_int_equal(rename(away, path), 0);
	is_untouched(house);
	free(taken.bytes);
}

/* In a process of its own the whole restore, which dies in a call of its end. False: it does not
 * come to that. */
static bool dies_at(struct house *house, const struct taken *taken, int call, bool after)
{
	struct err err;
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		if (house_start(house, &err) < 0)
			_exit(1);
		house_upload(house, taken->bytes, taken->length);
		calls_left = call;
		dies_after = after;
		status = house_end_restore(house, REQUEST_FORCE);
		_exit(status ? 2 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 7 || !WEXITSTATUS(status)));
	return WEXITSTATUS(status) == 7;
}

static void whoever_dies_in_it_leaves_the_one_or_the_other(void **state)
{
	struct house *house = *state;
	struct taken taken = back_up_and_go_on(house);
	struct handover_keys keys;
	char store[HOUSE_PATH], anchor[HOUSE_PATH];
	uint8_t *store_bytes, *anchor_bytes;
	size_t store_length, anchor_length;
	int were_old = 0, were_new = 0, tried = 0;

	house_stop(house, true);
	house_path(house, TACIT_STORE_DIR "/store.db", store);
	house_path(house, HOUSE_ANCHOR, anchor);
	store_bytes = scratch_read(store, &store_length);
	anchor_bytes = scratch_read(anchor, &anchor_length);
	keys = *house->desk->core.keys;
	for (bool died = true; died; tried++) {
		struct err err;

		died = dies_at(house, &taken, tried / 2, tried % 2);
		must(house_start(house, &err));
		if (house_knows(house, "new")) {
			is_untouched(house);
			were_old++;
		} else {
			is_restored(house);
			were_new++;
		}
		assert_false(house_has(house, HOUSE_ANCHOR ".next"));
		/* As it was, for the next one. */
		house_stop(house, false);
		for (int i = 1; i < 3; i++) {
			char kept[HOUSE_PATH];

			snprintf(kept, sizeof kept, "%s%s/store.db.replaced-%d", house->root,
				TACIT_STORE_DIR, i);
			unlink(kept);
		}
		scratch_write(store, store_bytes, store_length);
		scratch_write(anchor, anchor_bytes, anchor_length);
		*house->desk->core.keys = keys;
	}
	print_message("%d deaths: %d left the old store, %d the new one\n", tried - 1, were_old,
		were_new - 1);
	assert_true(were_old > 10 && were_new > 4);
	free(store_bytes);
	free(anchor_bytes);
	free(taken.bytes);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, house_set_up, house_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_backup_becomes_the_store),
		TEST(secrets_are_replaced_by_force_alone),
		TEST(a_store_without_secrets_gives_way),
		TEST(an_agent_without_a_store_takes_one),
		TEST(an_agent_that_failed_takes_one),
		TEST(a_wrong_key_may_be_followed_by_the_right_one),
		TEST(a_key_of_a_backup_is_no_key_of_the_store),
		TEST(what_is_not_sound_is_not_taken),
		TEST(pieces_come_in_their_order),
		TEST(what_cannot_be_replaced_goes_on),
		TEST(an_anchor_that_cannot_be_written_stops_it_in_time),
		TEST(whoever_dies_in_it_leaves_the_one_or_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
