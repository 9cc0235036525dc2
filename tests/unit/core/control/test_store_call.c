/* SPDX-License-Identifier: Apache-2.0 */
/* What operators ask of the store: whether it is what it was, a backup of it; and a store that its
 * anchor does not know, or that its disk refuses to write. */
#include "house.h"

#include <signal.h>
#include <sys/resource.h>

static void copy(const char *from, const char *to)
{
	size_t length;
	uint8_t *bytes = scratch_read(from, &length);

	scratch_write(to, bytes, length);
	free(bytes);
}

static void a_sound_store_verifies(void **state)
{
	struct house *house = *state;
	struct desk *desk = house->desk;

	assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, "one", "1"), 0);
	assert_int_equal(desk_ask(desk, VERB_STORE_VERIFY, ""), 0);
	assert_int_equal(desk_number(desk, "problem_count", 0), 0);
	assert_int_equal(desk_number(desk, "records", 0), 1);
	assert_int_equal(desk_number(desk, "values", 0), 1);
	assert_true(desk_number(desk, "generation", 0) > 0);
	desk_text(desk, "anchor", 0, "ok");
	assert_true(house_has(house, HOUSE_ANCHOR));
	assert_int_equal(desk_ask(desk, VERB_STATUS, ""), 0);
	assert_int_equal(desk_number(desk, "damages", 0), 0);
	desk_text(desk, "anchor", 0, "ok");
}

static void a_backup_is_made_step_by_step(void **state)
{
	struct house *house = *state;
	struct desk *desk = house->desk;
	uint8_t *bytes;
	size_t length;

	must_be(TACIT_NOT_FOUND, desk_ask(desk, VERB_STORE_BACKUP_STEP, ""));
	must_be(TACIT_NOT_FOUND, desk_ask(desk, VERB_STORE_BACKUP_READ, ""));
	assert_int_equal(desk_ask(desk, VERB_STORE_BACKUP_END, ""), 0);
	assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, "one", "1"), 0);
	assert_int_equal(desk_ask(desk, VERB_STORE_BACKUP, ""), 0);
	must_be(TACIT_INVALID, desk_ask(desk, VERB_STORE_BACKUP_READ, ""));
	assert_true(house_has(house, TACIT_STORE_DIR "/backup/store.db"));
	/* In its place another one, when nobody has asked for more of it for a while. */
	must_be(TACIT_BUSY, desk_ask(desk, VERB_STORE_BACKUP, ""));
	desk->core.backup_asked_ns -= 31 * UINT64_C(1000000000);
	bytes = house_back_up(house, &length);
	assert_true(length >= 4096 && length % 4096 == 0);
	assert_memory_equal(bytes, "SQLite format 3", 16);
	free(bytes);
	must_be(TACIT_NOT_FOUND, desk_ask(desk, VERB_STORE_BACKUP_READ, ""));
}

static void a_locked_agent_begins_no_backup(void **state)
{
	struct house *house = *state;
	struct desk *desk = house->desk;

	assert_int_equal(desk_ask(desk, VERB_STORE_BACKUP, ""), 0);
	assert_int_equal(desk_ask(desk, VERB_LOCK, ""), 0);
	must_be(TACIT_LOCKED, desk_ask(desk, VERB_STORE_BACKUP, ""));
	must_be(TACIT_LOCKED, desk_ask(desk, VERB_STORE_BACKUP_STEP, ""));
	must_be(TACIT_LOCKED, desk_ask(desk, VERB_STORE_VERIFY, ""));
	assert_int_equal(desk_ask(desk, VERB_STORE_BACKUP_END, ""), 0);
	assert_false(house_has(house, TACIT_STORE_DIR "/backup"));
}

static void what_a_core_leaves_of_a_backup_goes(void **state)
{
	struct house *house = *state;
	struct err err;

	assert_int_equal(desk_ask(house->desk, VERB_STORE_BACKUP, ""), 0);
	assert_int_equal(desk_ask(house->desk, VERB_STORE_RESTORE, ""), 0);
	assert_true(house_has(house, TACIT_STORE_DIR "/restore/store.db"));
	house_stop(house, true);
	must(house_start(house, &err));
	assert_false(house_has(house, TACIT_STORE_DIR "/backup"));
	assert_false(house_has(house, TACIT_STORE_DIR "/restore"));
}

/* Yesterday's store.db is put back in the place of today's. */
static void roll_back(struct house *house, bool key_page)
{
	char store[HOUSE_PATH], kept[HOUSE_PATH], beside[HOUSE_PATH];
	struct err err;

	house_path(house, TACIT_STORE_DIR "/store.db", store);
	house_path(house, "/kept", kept);
	assert_int_equal(desk_value(house->desk, VERB_SECRET_CREATE, "one", "old"), 0);
	house_stop(house, true);
	copy(store, kept);
	must(house_start(house, &err));
	assert_int_equal(desk_value(house->desk, VERB_SECRET_ROTATE, "one", "new"), 0);
	house_stop(house, key_page);
	copy(kept, store);
	house_path(house, TACIT_STORE_DIR "/store.db-wal", beside);
	unlink(beside);
	house_path(house, TACIT_STORE_DIR "/store.db-shm", beside);
	unlink(beside);
}

static int accept_rollback(struct house *house)
{
	house->desk->request.accept = ACCEPT_ROLLBACK;
	return desk_ask(house->desk, VERB_STORE_ACCEPT, "");
}

static void an_older_store_is_refused_until_it_is_accepted(void **state)
{
	struct house *house = *state;
	struct err err;

	roll_back(house, true);
	must_be(TACIT_STALE, house_start(house, &err));
	assert_non_null(strstr(err.text, "tacit store accept --rollback"));
	house_is(house, "failed");
	assert_false(house_knows(house, "one"));
	assert_int_equal(accept_rollback(house), 0);
	house_is(house, "serving");
	desk_current(house->desk, "one", "old");
	assert_int_equal(desk_value(house->desk, VERB_SECRET_ROTATE, "one", "newer"), 0);
	house_stop(house, true);
	must(house_start(house, &err));
	desk_current(house->desk, "one", "newer");
}

/* Nothing on this host unlocks the store: the operator says it, and then gives the key. */
static void an_accepted_store_waits_for_its_key(void **state)
{
	struct house *house = *state;
	struct core *core = &house->desk->core;
	struct err err;

	roll_back(house, false);
	assert_false(core->keys->root_present);
	must(core_attach(core, &err));
	must_be(TACIT_STALE, house_ask_with_key(house, VERB_UNLOCK, "unlock", house->key_text));
	house_is(house, "failed");
	assert_true(accept_rollback(house) < 0);
	assert_non_null(strstr(house->desk->err.text, "is accepted and still locked"));
	assert_int_equal(house_ask_with_key(house, VERB_UNLOCK, "unlock", house->key_text), 0);
	house_is(house, "serving");
	desk_current(house->desk, "one", "old");
}

static void a_lost_anchor_is_an_older_store(void **state)
{
	struct house *house = *state;
	char path[HOUSE_PATH];
	struct err err;

	house_path(house, HOUSE_ANCHOR, path);
	assert_int_equal(desk_value(house->desk, VERB_SECRET_CREATE, "one", "1"), 0);
	for (int cut = 0; cut < 2; cut++) {
		house_stop(house, true);
		assert_int_equal(cut ? truncate(path, 10) : unlink(path), 0);
		must_be(TACIT_STALE, house_start(house, &err));
		assert_int_equal(accept_rollback(house), 0);
		desk_current(house->desk, "one", "1");
		house_stop(house, true);
		must(house_start(house, &err));
	}
}

static void no_anchor_is_asked_for(void **state)
{
	struct house *house = *state;
	struct err err;

	house_stop(house, true);
	snprintf(house->desk->core.config.anchor, sizeof house->desk->core.config.anchor, "none");
	must(house_start(house, &err));
	roll_back(house, true);
	must(house_start(house, &err));
	assert_int_equal(desk_ask(house->desk, VERB_STORE_VERIFY, ""), 0);
	desk_text(house->desk, "anchor", 0, "none");
}

static void set_limit(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_full_disk_makes_it_read_only_for_a_while(void **state)
{
	struct house *house = *state;
	struct desk *desk = house->desk;
	struct doc_item item;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, "one", "1"), 0);
	assert_int_equal(desk_ask(desk, VERB_STATUS, ""), 0);
	assert_true(desk_item(desk, "read_only", 0, &item) && item.type == DOC_NONE);
	set_limit(1024);
	must_be(TACIT_IO, desk_value(desk, VERB_SECRET_ROTATE, "one", "2"));
	desk_current(desk, "one", "1");
	assert_int_equal(desk_ask(desk, VERB_STATUS, ""), 0);
	assert_true(desk_item(desk, "read_only", 0, &item) && item.type == DOC_TEXT);
	desk_text(desk, "state", 0, "serving");
	desk->core.uses_kept_ns = 0;
	keep_uses(&desk->core, true);
	assert_false(vault_can_change(desk->core.vault));
	set_limit(RLIM_INFINITY);
	keep_uses(&desk->core, true);
	assert_true(vault_can_change(desk->core.vault));
	assert_int_equal(desk_ask(desk, VERB_STATUS, ""), 0);
	assert_true(desk_item(desk, "read_only", 0, &item) && item.type == DOC_NONE);
	assert_int_equal(desk_value(desk, VERB_SECRET_ROTATE, "one", "3"), 0);
	desk_current(desk, "one", "3");
	/* What was refused is nowhere. */
	assert_int_equal(desk_secret(desk, "one")->record.last_number, 2);
}

static void a_backup_on_a_full_disk_leaves_nothing(void **state)
{
	struct house *house = *state;
	struct desk *desk = house->desk;
	int status = 0;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, "one", "1"), 0);
	assert_int_equal(desk_ask(desk, VERB_STORE_BACKUP, ""), 0);
	set_limit(8192);
	for (int i = 0; status == 0 && i < 10; i++)
		status = desk_ask(desk, VERB_STORE_BACKUP_STEP, "");
	set_limit(RLIM_INFINITY);
	must_be(TACIT_IO, status);
	assert_false(house_has(house, TACIT_STORE_DIR "/backup"));
	must_be(TACIT_NOT_FOUND, desk_ask(desk, VERB_STORE_BACKUP_STEP, ""));
	assert_int_equal(desk_value(desk, VERB_SECRET_ROTATE, "one", "2"), 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, house_set_up, house_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_sound_store_verifies),
		TEST(a_backup_is_made_step_by_step),
		TEST(a_locked_agent_begins_no_backup),
		TEST(what_a_core_leaves_of_a_backup_goes),
		TEST(an_older_store_is_refused_until_it_is_accepted),
		TEST(an_accepted_store_waits_for_its_key),
		TEST(a_lost_anchor_is_an_older_store),
		TEST(no_anchor_is_asked_for),
		TEST(a_full_disk_makes_it_read_only_for_a_while),
		TEST(a_backup_on_a_full_disk_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
