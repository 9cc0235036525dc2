/* SPDX-License-Identifier: Apache-2.0 */
/* What operators ask is in the audit: before it is done, with what came of it, and with no way
 * around it. */
#include "desk.h"

#include "core/control/audit/auditor_parts.h"
#include "core/control/audit/record.h"

static const struct audit_record *waiting(const struct desk *desk, uint64_t place)
{
	return audit_ring_peek(auditor_ring(&desk->core), AUDIT_LANE_WORKER, place);
}

static uint64_t count(const struct desk *desk)
{
	return audit_ring_waiting(auditor_ring(&desk->core), AUDIT_LANE_WORKER);
}

static void forget(struct desk *desk)
{
	struct audit_ring *ring = auditor_ring(&desk->core);

	audit_ring_taken(ring, AUDIT_LANE_WORKER, ring->lanes[AUDIT_LANE_WORKER].put);
	assert_int_equal(count(desk), 0);
}

/* The one record that there is; then there is none. */
static void expect(struct desk *desk, const char *act, const char *secret, uint64_t version,
	const char *outcome)
{
	const struct audit_record *record;

	assert_int_equal(count(desk), 1);
	record = waiting(desk, 0);
	assert_string_equal(record->act, act);
	assert_string_equal(record->secret, secret);
	assert_int_equal(record->version, version);
	assert_string_equal(record->outcome, outcome);
	assert_int_equal(record->kind, AUDIT_CHANGE);
	assert_int_equal(record->operator_uid, DESK_UID);
	assert_int_equal(record->uid, AUDIT_NOBODY);
	assert_true(record->time_ns != 0);
	forget(desk);
}

/* A verb that is neither among those that only look, nor has a word, is one that was forgotten. */
static void test_every_verb_that_changes_has_a_word(void **state)
{
	static const bool looks[VERBS] = {
		[VERB_STATUS] = true,
		[VERB_SECRET_LIST] = true,
		[VERB_SECRET_INSPECT] = true,
		[VERB_SECRET_HISTORY] = true,
		[VERB_SECRET_READERS] = true,
		[VERB_BUNDLE_LIST] = true,
		[VERB_BUNDLE_INSPECT] = true,
		[VERB_GRANT_LIST] = true,
		[VERB_GRANT_CHECK] = true,
		[VERB_CONSUMER_LIST] = true,
		[VERB_CONSUMER_INSPECT] = true,
		[VERB_ACCESS_EXPORT] = true,
		[VERB_KEY_LIST] = true,
		[VERB_STORE_VERIFY] = true,
		/* What is begun is recorded; and of a restore, that it becomes the store. */
		[VERB_STORE_BACKUP_STEP] = true,
		[VERB_STORE_BACKUP_READ] = true,
		[VERB_STORE_BACKUP_END] = true,
		[VERB_STORE_RESTORE] = true,
		[VERB_STORE_RESTORE_WRITE] = true,
		[VERB_STORE_RESTORE_DROP] = true,
		[VERB_AUDIT_READ] = true,
		[VERB_AUDIT_VERIFY] = true,
		[VERB_METRICS] = true,
	};

	(void)state;
	for (unsigned int verb = 1; verb < VERBS; verb++) {
		const char *act = call_act((enum verb)verb);

		if (looks[verb] == (act != NULL))
			fail_msg("verb %u", verb);
		if (act)
			assert_in_range(strlen(act), 1, AUDIT_WORD_MAX);
	}
}

static void test_a_change_is_recorded_with_what_came_of_it(void **state)
{
	struct desk *desk = *state;

	forget(desk);
	assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, "api/key", "one"), 0);
	expect(desk, "create", "api/key", 1, "ok");
	assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, "api/key", "one"), -TACIT_EXISTS);
	expect(desk, "create", "api/key", 0, "exists");
	assert_int_equal(desk_value(desk, VERB_SECRET_ROTATE, "api/key", "two"), 0);
	assert_memory_equal(waiting(desk, 0)->secret_id, desk_secret(desk, "api/key")->record.id,
		SEAL_ID_BYTES);
	expect(desk, "rotate", "api/key", 2, "ok");
	assert_int_equal(desk_value(desk, VERB_SECRET_STAGE, "api/key", "three"), 0);
	expect(desk, "stage", "api/key", 3, "ok");
	assert_int_equal(desk_ask(desk, VERB_SECRET_PROMOTE, "api/key"), 0);
	expect(desk, "promote", "api/key", 3, "ok");
	assert_int_equal(desk_ask(desk, VERB_SECRET_RETIRE, "api/key"), 0);
	expect(desk, "retire", "api/key", 2, "ok");
	desk->request.version = 2;
	assert_int_equal(desk_ask(desk, VERB_SECRET_ROLLBACK, "api/key"), 0);
	expect(desk, "rollback", "api/key", 2, "ok");
	assert_int_equal(desk_ask(desk, VERB_SECRET_ROLLBACK, "other"), -TACIT_NOT_FOUND);
	expect(desk, "rollback", "other", 0, "not_found");
	memcpy(desk->request.reply_key, desk->keys.transit_public, 32);
	assert_int_equal(desk_ask(desk, VERB_SECRET_REVEAL, "api/key"), 0);
	expect(desk, "reveal", "api/key", 2, "ok");
	assert_int_equal(desk_ask(desk, VERB_SECRET_REMOVE, "api/key"), 0);
	expect(desk, "remove", "api/key", 0, "ok");
}

static void test_looking_is_not(void **state)
{
	struct desk *desk = *state;

	forget(desk);
	assert_int_equal(desk_ask(desk, VERB_SECRET_LIST, ""), 0);
	assert_int_equal(desk_ask(desk, VERB_SECRET_INSPECT, RIG_SECRET), 0);
	assert_int_equal(desk_ask(desk, VERB_SECRET_CREATE, "no//name"), -TACIT_INVALID);
	assert_int_equal(count(desk), 0);
}

static void test_consumers_and_bundles_have_their_names(void **state)
{
	struct desk *desk = *state;

	forget(desk);
	assert_int_equal(desk_members(desk, VERB_BUNDLE_CREATE, "tls", "cert=one key=two"), 0);
	expect(desk, "create", "tls/", 0, "ok");
	assert_int_equal(desk_grant(desk, "tls/", DESK_WEB, ""), 0);
	assert_string_equal(waiting(desk, 0)->consumer, DESK_WEB);
	expect(desk, "grant-add", "tls/", 0, "ok");
	desk->request.slot = 7;
	desk_ask(desk, VERB_KEY_REMOVE, "");
	assert_string_equal(waiting(desk, 0)->rule, "slot-7");
	forget(desk);
	desk->request.key_kind = KEY_OF_RECOVERY;
	desk_ask(desk, VERB_KEY_ADD, "");
	assert_string_equal(waiting(desk, 0)->rule, "recovery");
	forget(desk);
	desk->request.accept = ACCEPT_ROLLBACK;
	desk_ask(desk, VERB_STORE_ACCEPT, "");
	assert_string_equal(waiting(desk, 0)->rule, "rollback");
	forget(desk);
}

static int apply(struct desk *desk, const char *text, uint32_t flags)
{
	struct access_statement *list = NULL;
	size_t statements;
	int status;

	assert_int_equal(access_parse(text, strlen(text), &list, &statements, NULL), 0);
	assert_true(statements * sizeof *list <= sizeof desk->body);
	memcpy(desk->body, list, statements * sizeof *list);
	free(list);
	desk->request.body_length = (uint32_t)(statements * sizeof *list);
	desk->request.flags = flags;
	status = desk_ask(desk, VERB_ACCESS_APPLY, "");
	return status;
}

static void expect_part(struct desk *desk, uint64_t place, const char *act, const char *consumer)
{
	assert_string_equal(waiting(desk, place)->act, act);
	assert_string_equal(waiting(desk, place)->consumer, consumer);
	assert_string_equal(waiting(desk, place)->outcome, "ok");
	assert_int_equal(waiting(desk, place)->operator_uid, DESK_UID);
}

static void test_each_statement_of_a_file_is_recorded(void **state)
{
	static const char file[] = "grant " RIG_SECRET " container/new\n"
				   "bind container/new image=nginx\nfreeze container/old\n";
	struct desk *desk = *state;

	forget(desk);
	assert_int_equal(apply(desk, file, REQUEST_DRY_RUN), 0);
	assert_int_equal(count(desk), 0);
	assert_int_equal(apply(desk, file, 0), 0);
	assert_int_equal(count(desk), 4);
	assert_string_equal(waiting(desk, 0)->act, "apply");
	expect_part(desk, 1, "grant-add", "container/new");
	assert_string_equal(waiting(desk, 1)->secret, RIG_SECRET);
	assert_memory_equal(waiting(desk, 1)->secret_id, desk_secret(desk, RIG_SECRET)->record.id,
		SEAL_ID_BYTES);
	expect_part(desk, 2, "consumer-bind", "container/new");
	expect_part(desk, 3, "consumer-freeze", "container/old");
	forget(desk);
	assert_int_equal(apply(desk, "bind container/new image=nginx\n", REQUEST_PRUNE), 0);
	assert_string_equal(waiting(desk, 0)->act, "apply");
	assert_int_equal(count(desk), 4);
	expect_part(desk, 1, "grant-remove", DESK_WEB);
	expect_part(desk, 2, "grant-remove", "container/new");
	expect_part(desk, 3, "consumer-thaw", "container/old");
	forget(desk);
	assert_int_equal(apply(desk, "grant none container/new as=x\n", 0), -TACIT_NOT_FOUND);
	expect(desk, "apply", "", 0, "not_found");
}

/* A file of more statements than the ring has room for: what is lost is counted. */
static void test_what_finds_no_room_is_counted(void **state)
{
	struct desk *desk = *state;
	char text[64 << 10] = "";
	size_t used = 0;

	forget(desk);
	for (unsigned int i = 0; i < AUDIT_LANE_RECORDS - 512; i++)
		auditor_note(&desk->core, "rotate", RIG_SECRET, 1, NULL, "ok");
	for (int i = 0; i < 600; i++)
		used += (size_t)snprintf(text + used, sizeof text - used,
			"grant " RIG_SECRET " container/many as=f%d\n", i);
	assert_int_equal(apply(desk, text, 0), 0);
	assert_int_equal(count(desk), AUDIT_LANE_RECORDS);
	assert_int_equal(audit_ring_lost(auditor_ring(&desk->core)), 601 - 512);
	forget(desk);
}

/* Dry runs are apply's alone: no flag hides another verb. */
static void test_no_flag_hides_a_change(void **state)
{
	struct desk *desk = *state;

	forget(desk);
	desk->request.flags = UINT32_MAX;
	desk_ask(desk, VERB_SECRET_PROMOTE, RIG_SECRET);
	assert_int_equal(count(desk), 1);
	forget(desk);
}

static void test_without_an_audit_nothing_is_changed_but_locked(void **state)
{
	struct desk *desk = *state;

	forget(desk);
	atomic_store(&desk->core.auditor->failing_since_ns, 1);
	snprintf(desk->core.auditor->reason, sizeof desk->core.auditor->reason, "no room");
	assert_int_equal(
		desk_value(desk, VERB_SECRET_CREATE, "api/other", "one"), -TACIT_UNAVAILABLE);
	assert_non_null(strstr(desk->err.text, "the audit log cannot be written: no room; "));
	assert_null(model_secret(desk->core.model, "api/other"));
	assert_int_equal(desk_ask(desk, VERB_SECRET_REVEAL, RIG_SECRET), -TACIT_UNAVAILABLE);
	assert_int_equal(desk_ask(desk, VERB_SECRET_LIST, ""), 0);
	assert_int_equal(count(desk), 0);
	assert_int_equal(desk_ask(desk, VERB_LOCK, ""), 0);
	assert_true(desk->core.model->locked);
	expect(desk, "lock", "", 0, "ok");
	atomic_store(&desk->core.auditor->failing_since_ns, 0);
	assert_int_equal(desk_ask(desk, VERB_SECRET_REVEAL, RIG_SECRET), -TACIT_LOCKED);
	expect(desk, "reveal", RIG_SECRET, 0, "locked");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_verb_that_changes_has_a_word),
		cmocka_unit_test_setup_teardown(test_a_change_is_recorded_with_what_came_of_it,
			desk_set_up, desk_tear_down),
		cmocka_unit_test_setup_teardown(test_looking_is_not, desk_set_up, desk_tear_down),
		cmocka_unit_test_setup_teardown(
			test_consumers_and_bundles_have_their_names, desk_set_up, desk_tear_down),
		cmocka_unit_test_setup_teardown(
			test_each_statement_of_a_file_is_recorded, desk_set_up, desk_tear_down),
		cmocka_unit_test_setup_teardown(
			test_what_finds_no_room_is_counted, desk_set_up, desk_tear_down),
		cmocka_unit_test_setup_teardown(
			test_no_flag_hides_a_change, desk_set_up, desk_tear_down),
		cmocka_unit_test_setup_teardown(test_without_an_audit_nothing_is_changed_but_locked,
			desk_set_up, desk_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
