/* SPDX-License-Identifier: Apache-2.0 */
/* A damaged store: all is served but what is damaged, whose files stay and say EIO; nothing is
 * changed before an operator has accepted that; and then what is left is whole. */
#include "damaged.h"

#include "core/store/verify.h"

/* Two secrets, each in a file of the consumer's. */
static struct desk *two_secrets(void **state)
{
	struct desk *desk = *state;

	assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, "one", "1"), 0);
	assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, "two", "22"), 0);
	assert_int_equal(desk_grant(desk, "one", DESK_WEB, "one"), 0);
	assert_int_equal(desk_grant(desk, "two", DESK_WEB, "two"), 0);
	return desk;
}

#define two_secrets_of(state)                                                                      \
	two_secrets(state);                                                                        \
	if (((struct desk *)*(state))->rig->web <= 0)                                              \
	skip()

static void nothing_is_changed(struct desk *desk)
{
	must_be(TACIT_CORRUPT, desk_value(desk, VERB_SECRET_CREATE, "three", "333"));
	assert_non_null(strstr(desk->err.text, "tacit store verify"));
	assert_non_null(strstr(desk->err.text, "tacit store accept"));
	must_be(TACIT_CORRUPT, desk_value(desk, VERB_SECRET_ROTATE, "two", "333"));
	desk_current(desk, "two", "22");
}

static uint64_t problems(struct desk *desk)
{
	assert_int_equal(desk_ask(desk, VERB_STORE_VERIFY, ""), 0);
	return desk_number(desk, "problem_count", 0);
}

static void accept_as(struct desk *desk, enum accept how)
{
	desk->request.accept = how;
	assert_int_equal(desk_ask(desk, VERB_STORE_ACCEPT, ""), 0);
	desk->rig->vault = desk->core.vault;
	assert_int_equal(problems(desk), 0);
	assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, "three", "333"), 0);
}

static void a_lost_value_costs_its_files_alone(void **state)
{
	static const char *const losses[] = { DELETE_VALUE, SPOIL_VALUE };
	struct desk *desk = two_secrets_of(state);

	assert_int_equal(open_file(desk, "one"), 0);
	for (size_t i = 0; i < 2; i++) {
		damage(desk, losses[i], value_of(desk, "one"));
		assert_int_equal(open_file(desk, "one"), EIO);
		assert_int_equal(open_file(desk, "two"), 0);
		nothing_is_changed(desk);
		assert_int_equal(desk_ask(desk, VERB_SECRET_LIST, ""), 0);
		assert_true(problems(desk) > 0);
		assert_int_equal(desk_ask(desk, VERB_STATUS, ""), 0);
		desk_text(desk, "state", 0, "serving");
		assert_int_equal(desk_number(desk, "damages", 0), 1);
		desk_text(desk, "read_only", 0,
			"1 record is damaged: 'tacit store verify' names what is, 'tacit store "
			"accept' decides");
		accept_as(desk, i ? ACCEPT_ADOPT : ACCEPT_DROP);
		assert_null(model_secret(desk->core.model, "one"));
		assert_int_equal(open_file(desk, "one"), ENOENT);
		assert_int_equal(open_file(desk, "two"), 0);
		assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, "one", "1"), 0);
		assert_int_equal(desk_grant(desk, "one", DESK_WEB, "one"), 0);
		assert_int_equal(open_file(desk, "one"), 0);
		desk->request.flags = REQUEST_FORCE;
		assert_int_equal(desk_ask(desk, VERB_SECRET_REMOVE, "three"), 0);
	}
}

static void a_lost_record_of_a_secret_costs_its_files_alone(void **state)
{
	static const char *const losses[] = { DELETE_RECORD, SPOIL_RECORD };
	struct desk *desk = two_secrets_of(state);

	for (size_t i = 0; i < 2; i++) {
		damage(desk, losses[i], record_of(desk, "one"));
		assert_null(model_secret(desk->core.model, "one"));
		assert_int_equal(open_file(desk, "one"), EIO);
		assert_int_equal(open_file(desk, "two"), 0);
		nothing_is_changed(desk);
		accept_as(desk, ACCEPT_DROP);
		assert_int_equal(open_file(desk, "one"), ENOENT);
		assert_int_equal(open_file(desk, "two"), 0);
		assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, "one", "1"), 0);
		assert_int_equal(desk_grant(desk, "one", DESK_WEB, "one"), 0);
		desk->request.flags = REQUEST_FORCE;
		assert_int_equal(desk_ask(desk, VERB_SECRET_REMOVE, "three"), 0);
	}
}

static void another_secrets_value_is_never_served(void **state)
{
	struct desk *desk = two_secrets_of(state);

	damage(desk,
		"UPDATE value SET bytes = (SELECT bytes FROM value WHERE id <> ?1 LIMIT 1) WHERE "
		"id = ?1",
		value_of(desk, "one"));
	assert_int_equal(open_file(desk, "one"), EIO);
	assert_int_equal(open_file(desk, "two"), 0);
}

/* The record of yesterday would make yesterday's value the current one. */
static void an_older_record_is_never_served(void **state)
{
	struct desk *desk = two_secrets_of(state);
	uint8_t id[SEAL_ID_BYTES];
	sqlite3 *db;

	memcpy(id, record_of(desk, "one"), sizeof id);
	desk->rig->store.vault = desk->core.vault;
	db = intrude(&desk->rig->store);
	run_sql(db, "CREATE TABLE kept (id, bytes)", NULL, NULL, 0);
	run_sql(db, "INSERT INTO kept SELECT id, bytes FROM record WHERE id = ?1", id, NULL, 0);
	sqlite3_close(db);
	assert_int_equal(desk_value(desk, VERB_SECRET_ROTATE, "one", "later"), 0);
	damage(desk, "UPDATE record SET bytes = (SELECT bytes FROM kept) WHERE id = ?1", id);
	assert_int_equal(open_file(desk, "one"), EIO);
	assert_int_equal(open_file(desk, "two"), 0);
	/* An operator may say that it is the one to go on with. */
	accept_as(desk, ACCEPT_ADOPT);
	assert_int_equal(open_file(desk, "one"), 0);
	desk_current(desk, "one", "1");
}

static void a_lost_previous_version_leaves_the_current_one(void **state)
{
	struct desk *desk = two_secrets_of(state);
	const struct secret *secret;
	uint8_t id[SEAL_ID_BYTES];

	memcpy(id, value_of(desk, "one"), sizeof id);
	desk->request.grant_flags = GRANT_WITH_PREVIOUS;
	assert_int_equal(desk_grant(desk, "one", DESK_WEB, "both"), 0);
	desk->request.lifetime_ns = UINT64_C(3600) * 1000000000;
	assert_int_equal(desk_value(desk, VERB_SECRET_ROTATE, "one", "later"), 0);
	assert_int_equal(open_file(desk, "both.previous"), 0);
	damage(desk, DELETE_VALUE, id);
	assert_int_equal(open_file(desk, "both.previous"), EIO);
	assert_int_equal(open_file(desk, "both"), 0);
	desk_current(desk, "one", "later");
	nothing_is_changed(desk);
	accept_as(desk, ACCEPT_DROP);
	desk_current(desk, "one", "later");
	secret = desk_secret(desk, "one");
	assert_int_equal(secret->record.previous, 0);
	assert_int_equal(secret->record.version_count, 1);
	assert_int_equal(open_file(desk, "both.previous"), ENOENT);
	assert_int_equal(open_file(desk, "both"), 0);
}

static void a_grant_of_a_lost_version_goes(void **state)
{
	struct desk *desk = two_secrets_of(state);
	uint8_t id[SEAL_ID_BYTES];

	memcpy(id, value_of(desk, "one"), sizeof id);
	desk->request.version = 1;
	assert_int_equal(desk_grant(desk, "one", DESK_WEB, "first"), 0);
	assert_int_equal(desk_value(desk, VERB_SECRET_ROTATE, "one", "later"), 0);
	assert_int_equal(open_file(desk, "first"), 0);
	damage(desk, SPOIL_VALUE, id);
	assert_int_equal(open_file(desk, "first"), EIO);
	assert_int_equal(open_file(desk, "one"), 0);
	accept_as(desk, ACCEPT_DROP);
	assert_int_equal(open_file(desk, "first"), ENOENT);
	assert_int_equal(open_file(desk, "one"), 0);
}

static void a_bundle_goes_on_without_a_lost_member(void **state)
{
	struct desk *desk = two_secrets_of(state);
	const struct bundle *bundle;

	assert_int_equal(desk_members(desk, VERB_BUNDLE_CREATE, "tls", "cert=c key=k"), 0);
	assert_int_equal(desk_grant(desk, "tls/", DESK_WEB, "tls"), 0);
	assert_int_equal(open_file(desk, "tls/cert"), 0);
	damage(desk, DELETE_RECORD, record_of(desk, "tls/cert"));
	assert_int_equal(open_file(desk, "tls/cert"), EIO);
	assert_int_equal(open_file(desk, "tls/key"), 0);
	accept_as(desk, ACCEPT_DROP);
	assert_int_equal(open_file(desk, "tls/cert"), ENOENT);
	assert_int_equal(open_file(desk, "tls/key"), 0);
	bundle = model_bundle(desk->core.model, "tls");
	assert_non_null(bundle);
	damage(desk, DELETE_VALUE, value_of(desk, "tls/key"));
	assert_int_equal(open_file(desk, "tls/key"), EIO);
	desk->request.flags = REQUEST_FORCE;
	desk->request.accept = ACCEPT_DROP;
	assert_int_equal(desk_ask(desk, VERB_STORE_ACCEPT, ""), 0);
	assert_int_equal(problems(desk), 0);
	assert_null(model_bundle(desk->core.model, "tls"));
}

/* One row of any kind: the rest of the store is there. */
static void any_row_may_be_lost(void **state)
{
	struct desk *desk = two_secrets_of(state);
	struct schedule_record schedule = desk_schedule(desk, "two", ROTATION_IDLE);
	sqlite3 *db;
	unsigned int rows = 0;

	desk_put_schedule(desk, &schedule);
	desk->request.rule_count = 1;
	snprintf(desk->request.rules[0], sizeof desk->request.rules[0], "image=nginx");
	snprintf(desk->request.consumer, sizeof desk->request.consumer, "container/db");
	assert_int_equal(desk_ask(desk, VERB_CONSUMER_BIND, ""), 0);
	for (bool more = true; more; rows++) {
		char sql[160];
		uint64_t served;

		desk->rig->store.vault = desk->core.vault;
		db = intrude(&desk->rig->store);
		snprintf(sql, sizeof sql,
			"CREATE TABLE kept AS SELECT * FROM record ORDER BY id LIMIT 1 OFFSET %u",
			rows);
		run_sql(db, sql, NULL, NULL, 0);
		run_sql(db, "DELETE FROM record WHERE id IN (SELECT id FROM kept)", NULL, NULL, 0);
		more = sqlite3_changes(db) > 0;
		sqlite3_close(db);
		give_key_again(&desk->rig->store);
		desk_restart(desk);
		served = HASH_CNT(by_id, desk->core.model->secrets_by_id);
		assert_true(served >= 2);
		if (more)
			must_be(TACIT_CORRUPT, vault_begin(desk->core.vault, NULL));
		db = intrude(&desk->rig->store);
		run_sql(db, "INSERT INTO record SELECT * FROM kept", NULL, NULL, 0);
		run_sql(db, "DROP TABLE kept", NULL, NULL, 0);
		sqlite3_close(db);
	}
	assert_true(rows > 8);
	damage(desk, "UPDATE fence SET owner = owner", NULL);
	assert_int_equal(problems(desk), 0);
}

static bool take_grant(struct desk *desk, const char *file, uint8_t id[SEAL_ID_BYTES])
{
	const struct grant *grant = grant_at(&desk->core, DESK_WEB, file);

	if (grant)
		memcpy(id, grant->record.id, SEAL_ID_BYTES);
	return grant;
}

/* A schedule of a secret that nobody is granted; what was read through a grant. */
static void what_spoke_of_a_lost_row_goes_with_it(void **state)
{
	struct desk *desk = two_secrets_of(state);
	struct schedule_record schedule;
	uint8_t id[SEAL_ID_BYTES];

	assert_int_equal(open_file(desk, "one"), 0);
	desk->core.uses_kept_ns = 0;
	keep_uses(&desk->core, true);
	assert_true(take_grant(desk, "one", id));
	assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, "alone", "a"), 0);
	schedule = desk_schedule(desk, "alone", ROTATION_IDLE);
	desk_put_schedule(desk, &schedule);
	damage(desk, DELETE_RECORD, record_of(desk, "alone"));
	assert_true(problems(desk) >= 3); /* it, its value, its schedule */
	damage(desk, DELETE_RECORD, id);
	assert_true(problems(desk) >= 5); /* the grant, and its use */
	accept_as(desk, ACCEPT_DROP);
	assert_int_equal(open_file(desk, "two"), 0);
}

static void without_a_root_nothing_is_vouched_for(void **state)
{
	struct desk *desk = two_secrets_of(state);

	damage(desk, "DELETE FROM meta WHERE name = 'root'", NULL);
	assert_int_equal(HASH_CNT(by_id, desk->core.model->secrets_by_id), 0);
	desk->request.accept = ACCEPT_DROP;
	must_be(TACIT_INVALID, desk_ask(desk, VERB_STORE_ACCEPT, ""));
	accept_as(desk, ACCEPT_ADOPT);
	assert_int_equal(open_file(desk, "one"), 0);
	assert_int_equal(open_file(desk, "two"), 0);
}

static void nothing_is_tried_that_nobody_waits_for(void **state)
{
	struct desk *desk = two_secrets_of(state);
	struct vault_standing before, after;

	assert_int_equal(open_file(desk, "two"), 0);
	damage(desk, DELETE_VALUE, value_of(desk, "one"));
	assert_int_equal(open_file(desk, "two"), 0);
	vault_get_standing(desk->core.vault, &before);
	keep_uses(&desk->core, true);
	keep_containers(&desk->core);
	keep_counts(&desk->core);
	vault_get_standing(desk->core.vault, &after);
	assert_int_equal(before.generation, after.generation);
	assert_int_equal(vault_refusal(desk->core.vault)->code, 0);
}

static void an_acceptance_that_was_cut_short_is_done_again(void **state)
{
	struct desk *desk = two_secrets_of(state);
	struct err err;

	damage(desk, DELETE_RECORD, record_of(desk, "one"));
	/* core dies after the first of its commits. */
	must(vault_accept(desk->core.vault, VAULT_DROP, &err));
	desk_restart(desk);
	assert_int_equal(open_file(desk, "one"), EIO);
	assert_true(problems(desk) > 0);
	accept_as(desk, ACCEPT_DROP);
	assert_int_equal(open_file(desk, "one"), ENOENT);
}

static void what_is_sound_is_left_alone(void **state)
{
	struct desk *desk = two_secrets_of(state);
	struct vault_standing before, after;

	vault_get_standing(desk->core.vault, &before);
	desk->request.accept = ACCEPT_DROP;
	assert_int_equal(desk_ask(desk, VERB_STORE_ACCEPT, ""), 0);
	assert_int_equal(desk_number(desk, "accepted", 0), 0);
	vault_get_standing(desk->core.vault, &after);
	assert_int_equal(before.generation, after.generation);
	must_be(TACIT_INVALID, desk_ask(desk, VERB_STORE_ACCEPT, ""));
	desk->request.accept = ACCEPT_ROLLBACK;
	must_be(TACIT_INVALID, desk_ask(desk, VERB_STORE_ACCEPT, ""));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, desk_set_up, desk_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_lost_value_costs_its_files_alone),
		TEST(a_lost_record_of_a_secret_costs_its_files_alone),
		TEST(another_secrets_value_is_never_served),
		TEST(an_older_record_is_never_served),
		TEST(a_lost_previous_version_leaves_the_current_one),
		TEST(a_grant_of_a_lost_version_goes),
		TEST(a_bundle_goes_on_without_a_lost_member),
		TEST(any_row_may_be_lost),
		TEST(what_spoke_of_a_lost_row_goes_with_it),
		TEST(without_a_root_nothing_is_vouched_for),
		TEST(nothing_is_tried_that_nobody_waits_for),
		TEST(an_acceptance_that_was_cut_short_is_done_again),
		TEST(what_is_sound_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
