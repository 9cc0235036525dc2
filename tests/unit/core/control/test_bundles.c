/* SPDX-License-Identifier: Apache-2.0 */
/* Bundles: what makes a generation, which ones are kept, who is a member. All of it is so after a
 * restart, too. */
#include "desk.h"

#include "core/control/secrets/generations.h"

static const struct bundle *the_bundle(const struct desk *desk)
{
	const struct bundle *bundle = model_bundle(desk->core.model, "tls");

	assert_non_null(bundle);
	return bundle;
}

static void create(struct desk *desk)
{
	assert_int_equal(desk_members(desk, VERB_BUNDLE_CREATE, "tls", "cert=cert1 key=key1"), 0);
}

static uint64_t current(const struct desk *desk)
{
	return bundle_current(the_bundle(desk))->number;
}

/* The version of a member in a kept generation, whose value is in memory; 0: it has none. */
static uint64_t version_in(const struct desk *desk, uint64_t number, const char *member)
{
	const struct secret *secret = desk_secret(desk, member);
	const struct bundle_generation *generation = bundle_generation(the_bundle(desk), number);

	assert_non_null(generation);
	assert_ptr_equal(secret->bundle, the_bundle(desk));
	if (!generation->versions[secret->member])
		return 0;
	assert_non_null(secret_blob(secret, generation->versions[secret->member]));
	return generation->versions[secret->member];
}

static void a_bundle_is_created_in_one_generation(void **state)
{
	struct desk *desk = *state;

	create(desk);
	desk_text(desk, "name", 0, "tls");
	assert_int_equal(desk_number(desk, "generation", 0), 1);
	assert_int_equal(desk_number(desk, "generations", 0), 1);
	assert_int_equal(desk_count(desk, "member"), 2);
	desk_text(desk, "member", 0, "cert");
	desk_text(desk, "secret", 0, "tls/cert");
	assert_int_equal(desk_number(desk, "version", 1), 1);
	assert_int_equal(desk_number(desk, "size", 1), 4);
	assert_int_equal(desk_count(desk, "created_at"), 1);
	assert_int_equal(desk_count(desk, "rotated_at"), 1);
	for (int restarted = 0; restarted < 2; restarted++) {
		desk_current(desk, "tls/cert", "cert1");
		desk_current(desk, "tls/key", "key1");
		assert_int_equal(version_in(desk, 1, "tls/cert"), 1);
		assert_int_equal(version_in(desk, 1, "tls/key"), 1);
		desk_restart(desk);
	}
	assert_int_equal(desk_members(desk, VERB_BUNDLE_CREATE, "tls", "a=b"), -TACIT_EXISTS);
	assert_int_equal(desk_ask(desk, VERB_BUNDLE_LIST, ""), 0);
	assert_int_equal(desk_count(desk, "generation"), 1);
	assert_int_equal(desk_ask(desk, VERB_BUNDLE_INSPECT, "missing"), -TACIT_NOT_FOUND);
}

static void members_rotate_together_or_some_of_them(void **state)
{
	struct desk *desk = *state;

	create(desk);
	assert_int_equal(desk_members(desk, VERB_BUNDLE_ROTATE, "tls", "key=key2 cert=cert2"), 0);
	assert_int_equal(desk_number(desk, "generation", 0), 2);
	assert_int_equal(desk_members(desk, VERB_BUNDLE_ROTATE, "tls", "cert=cert3"), 0);
	for (int restarted = 0; restarted < 2; restarted++) {
		assert_int_equal(current(desk), 3);
		desk_current(desk, "tls/cert", "cert3");
		desk_current(desk, "tls/key", "key2");
		assert_int_equal(version_in(desk, 1, "tls/cert"), 1);
		assert_int_equal(version_in(desk, 2, "tls/cert"), 2);
		assert_int_equal(version_in(desk, 3, "tls/cert"), 3);
		assert_int_equal(version_in(desk, 3, "tls/key"), 2);
		desk_restart(desk);
	}
	assert_int_equal(desk_ask(desk, VERB_BUNDLE_INSPECT, "tls"), 0);
	/* Of the members now, then of the generations that are kept, the newest first. */
	assert_int_equal(desk_number(desk, "generation", 1), 3);
	assert_int_equal(desk_number(desk, "generation", 3), 1);
	assert_int_equal(desk_number(desk, "version", 2), 3);
	assert_int_equal(desk_number(desk, "version", 3), 2);
	assert_int_equal(desk_number(desk, "version", 7), 1);
}

static void all_of_a_rotation_is_done_or_nothing(void **state)
{
	struct desk *desk = *state;

	create(desk);
	assert_int_equal(
		desk_members(desk, VERB_BUNDLE_ROTATE, "tls", "cert=c new=n"), -TACIT_NOT_FOUND);
	assert_int_equal(
		desk_members(desk, VERB_BUNDLE_ROTATE, "missing", "cert=c"), -TACIT_NOT_FOUND);
	/* Sealed for another verb, or another name. */
	assert_int_equal(desk_ask_with(desk, VERB_BUNDLE_ROTATE, "tls", "create:tls/", "x", 1),
		-TACIT_INVALID);
	assert_int_equal(desk_ask_with(desk, VERB_BUNDLE_ROTATE, "tls", "rotate:tls", "x", 1),
		-TACIT_INVALID);
	for (int restarted = 0; restarted < 2; restarted++) {
		assert_int_equal(current(desk), 1);
		desk_current(desk, "tls/cert", "cert1");
		desk_restart(desk);
	}
	/* Nor is a bundle made of a secret that is there. */
	assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, "web/key", "x"), 0);
	assert_int_equal(
		desk_members(desk, VERB_BUNDLE_CREATE, "web", "cert=c key=k"), -TACIT_EXISTS);
	assert_null(model_secret(desk->core.model, "web/cert"));
	assert_null(model_bundle(desk->core.model, "web"));
}

static void what_changes_one_member_is_a_generation(void **state)
{
	struct desk *desk = *state;

	create(desk);
	assert_int_equal(desk_value(desk, VERB_SECRET_ROTATE, "tls/key", "key2"), 0);
	assert_int_equal(current(desk), 2);
	assert_int_equal(desk_value(desk, VERB_SECRET_STAGE, "tls/key", "key3"), 0);
	assert_int_equal(current(desk), 2);
	assert_int_equal(desk_ask(desk, VERB_SECRET_PROMOTE, "tls/key"), 0);
	assert_int_equal(current(desk), 3);
	assert_int_equal(version_in(desk, 3, "tls/key"), 3);
	assert_int_equal(desk_ask(desk, VERB_SECRET_ROLLBACK, "tls/key"), 0);
	assert_int_equal(current(desk), 4);
	assert_int_equal(version_in(desk, 4, "tls/key"), 2);
	assert_int_equal(desk_ask(desk, VERB_SECRET_RETIRE, "tls/key"), 0);
	assert_int_equal(current(desk), 4);
	assert_int_equal(version_in(desk, 4, "tls/cert"), 1);
}

static void the_last_generations_are_kept_and_what_is_in_them(void **state)
{
	struct desk *desk = *state;
	char value[64];

	create(desk);
	for (int i = 2; i <= 20; i++) {
		snprintf(value, sizeof value, "cert=cert%d key=key%d", i, i);
		assert_int_equal(desk_members(desk, VERB_BUNDLE_ROTATE, "tls", value), 0);
	}
	for (int restarted = 0; restarted < 2; restarted++) {
		const struct secret *cert = desk_secret(desk, "tls/cert");

		assert_int_equal(the_bundle(desk)->record.generation_count, BUNDLE_KEEP);
		for (uint64_t number = 20; number > 20 - BUNDLE_KEEP; number--) {
			snprintf(value, sizeof value, "cert%d", (int)number);
			assert_int_equal(version_in(desk, number, "tls/cert"), number);
			desk_is(desk, secret_blob(cert, number), value);
		}
		assert_null(bundle_generation(the_bundle(desk), 20 - BUNDLE_KEEP));
		assert_null(secret_blob(cert, 20 - BUNDLE_KEEP));
		/* What was dropped by the last change may have been opened until then. */
		assert_true(cert->record.version_count <= BUNDLE_KEEP + 1);
		desk_restart(desk);
	}
}

static void a_generation_that_is_being_read_is_kept(void **state)
{
	struct desk *desk = *state;
	struct handover_handle *handle = &desk->core.handover->handles[0];
	char value[64];

	create(desk);
	*handle = (struct handover_handle){ .generation_opened = 1 };
	memcpy(handle->secret_id, desk_secret(desk, "tls/cert")->record.id, SEAL_ID_BYTES);
	atomic_store(&handle->state, HANDLE_OPEN);
	for (int i = 2; i <= 20; i++) {
		snprintf(value, sizeof value, "cert=cert%d", i);
		assert_int_equal(desk_members(desk, VERB_BUNDLE_ROTATE, "tls", value), 0);
	}
	assert_int_equal(the_bundle(desk)->record.generation_count, BUNDLE_KEEP + 1);
	assert_int_equal(version_in(desk, 1, "tls/cert"), 1);
	atomic_store(&handle->state, HANDLE_FREE);
	assert_int_equal(desk_members(desk, VERB_BUNDLE_ROTATE, "tls", "cert=last"), 0);
	assert_int_equal(the_bundle(desk)->record.generation_count, BUNDLE_KEEP);
}

static void a_secret_below_its_name_joins(void **state)
{
	struct desk *desk = *state;

	create(desk);
	assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, "tls/ca", "ca1"), 0);
	assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, "tls/deep/er", "x"), 0);
	assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, "tlsx/ca", "x"), 0);
	for (int restarted = 0; restarted < 2; restarted++) {
		assert_int_equal(current(desk), 2);
		assert_int_equal(version_in(desk, 2, "tls/ca"), 1);
		assert_int_equal(version_in(desk, 1, "tls/ca"), 0);
		assert_int_equal(version_in(desk, 2, "tls/cert"), 1);
		assert_null(desk_secret(desk, "tls/deep/er")->bundle);
		assert_null(desk_secret(desk, "tlsx/ca")->bundle);
		desk_restart(desk);
	}
}

static void those_that_were_there_are_members_from_the_first(void **state)
{
	struct desk *desk = *state;

	assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, "tls/ca", "ca1"), 0);
	assert_int_equal(desk_value(desk, VERB_SECRET_ROTATE, "tls/ca", "ca2"), 0);
	create(desk);
	assert_int_equal(desk_count(desk, "member"), 3);
	assert_int_equal(version_in(desk, 1, "tls/ca"), 2);
	desk_restart(desk);
	assert_int_equal(version_in(desk, 1, "tls/ca"), 2);
}

static void a_bundle_has_so_many_members(void **state)
{
	struct desk *desk = *state;
	char name[32];

	create(desk);
	for (int i = 2; i < VAULT_MEMBERS_MAX; i++) {
		snprintf(name, sizeof name, "tls/m%d", i);
		assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, name, "x"), 0);
	}
	assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, "tls/more", "x"), -TACIT_LIMIT);
	assert_null(model_secret(desk->core.model, "tls/more"));
	/* One that leaves makes room. */
	assert_int_equal(desk_ask(desk, VERB_SECRET_REMOVE, "tls/m2"), 0);
	assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, "tls/more", "x"), 0);
	desk_restart(desk);
	assert_int_equal(version_in(desk, current(desk), "tls/more"), 1);
}

static void a_member_that_is_removed_leaves_the_bundle(void **state)
{
	struct desk *desk = *state;

	create(desk);
	assert_int_equal(desk_members(desk, VERB_BUNDLE_ROTATE, "tls", "cert=cert2"), 0);
	assert_int_equal(desk_ask(desk, VERB_SECRET_REMOVE, "tls/cert"), 0);
	for (int restarted = 0; restarted < 2; restarted++) {
		assert_int_equal(current(desk), 3);
		assert_null(model_secret(desk->core.model, "tls/cert"));
		assert_int_equal(version_in(desk, 2, "tls/key"), 1);
		assert_int_equal(version_in(desk, 3, "tls/key"), 1);
		assert_int_equal(desk_ask(desk, VERB_BUNDLE_INSPECT, "tls"), 0);
		/* The key now, and in each of the generations. */
		assert_int_equal(desk_count(desk, "member"), 4);
		assert_int_equal(desk_ask(desk, VERB_SECRET_REMOVE, "tls/key"), -TACIT_BUSY);
		desk_restart(desk);
	}
	assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, "tls/cert", "again"), 0);
	assert_int_equal(version_in(desk, 4, "tls/cert"), 1);
	assert_int_equal(version_in(desk, 3, "tls/cert"), 0);
}

static void a_bundle_goes_with_all_of_its_secrets(void **state)
{
	struct desk *desk = *state;

	create(desk);
	assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, "tls/deep/er", "x"), 0);
	assert_int_equal(desk_grant(desk, "tls/key", DESK_WEB, ""), 0);
	assert_int_equal(desk_ask(desk, VERB_BUNDLE_REMOVE, "tls"), -TACIT_BUSY);
	assert_non_null(model_secret(desk->core.model, "tls/cert"));
	desk->request.flags = REQUEST_FORCE;
	assert_int_equal(desk_ask(desk, VERB_BUNDLE_REMOVE, "tls"), 0);
	desk_text(desk, "removed", 0, "tls");
	for (int restarted = 0; restarted < 2; restarted++) {
		assert_null(model_bundle(desk->core.model, "tls"));
		assert_null(model_secret(desk->core.model, "tls/cert"));
		assert_null(model_secret(desk->core.model, "tls/key"));
		assert_false(grant_lives(grant_at(&desk->core, DESK_WEB, "key")));
		desk_current(desk, "tls/deep/er", "x");
		desk_restart(desk);
	}
	assert_int_equal(desk_ask(desk, VERB_BUNDLE_REMOVE, "tls"), -TACIT_NOT_FOUND);
	create(desk);
}

static void bundles_change_each_on_its_own_in_one_commit(void **state)
{
	struct desk *desk = *state;
	const uint8_t value[] = "new";
	struct change change = { .item = { { CHANGE_ROTATE, "tls/cert", 0, 0, value, 3 },
					 { CHANGE_ROTATE, "web/cert", 0, 0, value, 3 },
					 { CHANGE_ROTATE, "tls/key", 0, 0, value, 3 } },
		.count = 3 };

	create(desk);
	assert_int_equal(desk_members(desk, VERB_BUNDLE_CREATE, "web", "cert=c"), 0);
	assert_int_equal(desk_change(desk, &change), 0);
	assert_int_equal(current(desk), 2);
	assert_int_equal(version_in(desk, 2, "tls/cert"), 2);
	assert_int_equal(version_in(desk, 2, "tls/key"), 2);
	assert_int_equal(bundle_current(model_bundle(desk->core.model, "web"))->number, 2);
}

static void names_of_bundles_have_room_for_their_members(void **state)
{
	struct desk *desk = *state;

	assert_int_equal(desk_members(desk, VERB_BUNDLE_CREATE, "a/b/c/d", "e=x"), -TACIT_INVALID);
	assert_int_equal(desk_members(desk, VERB_BUNDLE_CREATE, "tls/", "e=x"), -TACIT_INVALID);
	assert_int_equal(desk_members(desk, VERB_BUNDLE_CREATE, "a/b/c", "d=x"), 0);
	desk_text(desk, "secret", 0, "a/b/c/d");
}

/* A process that has read the one that was removed has not read the one that came after it. */
static void a_member_has_a_place_that_nobody_had(void **state)
{
	struct desk *desk = *state;
	struct sessions *sessions = &desk->core.server->sessions;
	struct session_member who = { .folder = 1, .process = 1, .member = 0 };
	struct session_choice choice = { 1, 1000 };
	uint32_t first;

	assert_int_equal(desk_members(desk, VERB_BUNDLE_CREATE, "tls", "cert=1 key=1"), 0);
	first = desk_secret(desk, "tls/key")->member;
	who.bundle_id = model_bundle(desk->core.model, "tls")->record.id;
	who.member = first;
	session_note(sessions, &who, &choice, 1000);
	assert_int_equal(desk_ask(desk, VERB_SECRET_REMOVE, "tls/key"), 0);
	assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, "tls/ca", "1"), 0);
	who.member = desk_secret(desk, "tls/ca")->member;
	assert_int_not_equal(who.member, first);
	assert_true(session_choose(sessions, &who, 3, 2000, &choice));
	assert_int_equal(choice.generation, 1);
	/* Until there is no other. */
	for (int i = 3; i < VAULT_MEMBERS_MAX + 3; i++) {
		assert_int_equal(desk_ask(desk, VERB_SECRET_REMOVE, "tls/ca"), 0);
		assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, "tls/ca", "1"), 0);
		assert_int_equal(desk_secret(desk, "tls/ca")->member,
			i < VAULT_MEMBERS_MAX ? i : (int)first);
		desk_restart(desk);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, desk_set_up, desk_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_bundle_is_created_in_one_generation),
		TEST(members_rotate_together_or_some_of_them),
		TEST(all_of_a_rotation_is_done_or_nothing),
		TEST(what_changes_one_member_is_a_generation),
		TEST(the_last_generations_are_kept_and_what_is_in_them),
		TEST(a_generation_that_is_being_read_is_kept),
		TEST(a_secret_below_its_name_joins),
		TEST(those_that_were_there_are_members_from_the_first),
		TEST(a_bundle_has_so_many_members),
		TEST(a_member_that_is_removed_leaves_the_bundle),
		TEST(a_bundle_goes_with_all_of_its_secrets),
		TEST(bundles_change_each_on_its_own_in_one_commit),
		TEST(names_of_bundles_have_room_for_their_members),
		TEST(a_member_has_a_place_that_nobody_had),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
