/* SPDX-License-Identifier: Apache-2.0 */
/* Grants of a bundle's members in a folder: made, taken back and said as a file of statements, all
 * of a commit or nothing. */
#include "desk.h"

#define DB "compose/shop/db"

static void create(struct desk *desk)
{
	assert_int_equal(desk_members(desk, VERB_BUNDLE_CREATE, "tls", "cert=cert1 key=key1"), 0);
}

static bool is_granted(const struct desk *desk, const char *consumer, const char *file)
{
	return grant_lives(grant_at(&desk->core, consumer, file));
}

static unsigned int living(const struct desk *desk)
{
	struct grant *grant, *next;
	unsigned int count = 0;

	HASH_ITER (hh, desk->core.model->grants, grant, next)
		count += grant_lives(grant);
	return count;
}

static void each_member_is_a_file_of_the_folder(void **state)
{
	struct desk *desk = *state;

	create(desk);
	desk->request.flags = 0;
	assert_int_equal(desk_grant(desk, "tls/", DESK_WEB, ""), 0);
	assert_int_equal(desk->reply.bytes[0], DOC_LIST);
	assert_int_equal(desk_count(desk, "file"), 2);
	desk_text(desk, "file", 0, "tls/cert");
	desk_text(desk, "secret", 1, "tls/key");
	assert_int_equal(desk_grant(desk, "tls/", DB, "certs"), 0);
	desk_text(desk, "file", 0, "certs/cert");
	for (int restarted = 0; restarted < 2; restarted++) {
		const struct node *directory = model_consumer(desk->core.model, DESK_WEB);
		const struct node *folder = node_folder_of(desk->core.model, directory, "tls");

		assert_true(is_granted(desk, DESK_WEB, "tls/cert"));
		assert_true(is_granted(desk, DESK_WEB, "tls/key"));
		assert_true(is_granted(desk, DB, "certs/key"));
		assert_non_null(folder);
		assert_ptr_equal(folder->bundle, model_bundle(desk->core.model, "tls"));
		assert_non_null(node_folder_of(desk->core.model, directory, "tls@1"));
		desk_restart(desk);
	}
}

static void a_folder_is_granted_whole_or_not_at_all(void **state)
{
	struct desk *desk = *state;

	create(desk);
	assert_int_equal(desk_grant(desk, "tls/key", DESK_WEB, "tls/key"), 0);
	assert_int_equal(desk_grant(desk, "tls/", DESK_WEB, ""), -TACIT_EXISTS);
	assert_int_equal(desk_grant(desk, "missing/", DESK_WEB, ""), -TACIT_NOT_FOUND);
	assert_int_equal(desk_grant(desk, "tls/", DESK_WEB, "a/b"), -TACIT_INVALID);
	assert_int_equal(desk_grant(desk, "tls/", DESK_WEB,
				 "a2345678901234567890123456789012345678901234567890123456789"),
		-TACIT_INVALID);
	for (int restarted = 0; restarted < 2; restarted++) {
		assert_true(is_granted(desk, DESK_WEB, "tls/key"));
		assert_false(is_granted(desk, DESK_WEB, "tls/cert"));
		desk_restart(desk);
	}
	/* What is missing can be added to it. */
	assert_int_equal(desk_grant(desk, "tls/cert", DESK_WEB, "tls/cert"), 0);
}

static void a_folder_takes_no_version_reads_or_previous(void **state)
{
	struct desk *desk = *state;

	create(desk);
	desk->request.version = 1;
	assert_int_equal(desk_grant(desk, "tls/", DESK_WEB, ""), -TACIT_INVALID);
	desk->request.reads = 1;
	assert_int_equal(desk_grant(desk, "tls/", DESK_WEB, ""), -TACIT_INVALID);
	desk->request.grant_flags = GRANT_WITH_PREVIOUS;
	assert_int_equal(desk_grant(desk, "tls/key", DESK_WEB, "tls/key"), -TACIT_INVALID);
	/* A member's file that is in none takes them as any other does. */
	desk->request.grant_flags = GRANT_WITH_PREVIOUS;
	assert_int_equal(desk_grant(desk, "tls/key", DESK_WEB, ""), 0);
	assert_int_equal(living(desk), 2);
}

static void a_folder_shows_members_of_one_bundle(void **state)
{
	struct desk *desk = *state;

	create(desk);
	assert_int_equal(desk_members(desk, VERB_BUNDLE_CREATE, "web", "ca=x"), 0);
	assert_int_equal(desk_grant(desk, RIG_SECRET, DESK_WEB, "tls/db"), -TACIT_INVALID);
	assert_int_equal(desk_grant(desk, "tls/", DESK_WEB, ""), 0);
	assert_int_equal(desk_grant(desk, "web/ca", DESK_WEB, "tls/ca"), -TACIT_EXISTS);
	assert_int_equal(desk_grant(desk, "web/", DESK_WEB, "tls"), -TACIT_EXISTS);
	assert_int_equal(desk_grant(desk, "web/", DB, "tls"), 0);
	/* When nothing of the one lives in it, it may show the other. */
	assert_int_equal(desk_ungrant(desk, "tls/", DESK_WEB, ""), 0);
	assert_int_equal(desk_grant(desk, "web/", DESK_WEB, "tls"), 0);
}

static void a_name_is_a_file_or_a_folder(void **state)
{
	struct desk *desk = *state;

	create(desk);
	assert_int_equal(desk_grant(desk, "tls/", DESK_WEB, RIG_FILE), -TACIT_EXISTS);
	assert_int_equal(desk_grant(desk, "tls/", DESK_WEB, "tls"), 0);
	assert_int_equal(desk_grant(desk, "tls/cert", DESK_WEB, "tls"), -TACIT_EXISTS);
	assert_int_equal(desk_grant(desk, "tls/", DB, "one.previous"), 0);
	desk->request.grant_flags = GRANT_WITH_PREVIOUS;
	assert_int_equal(desk_grant(desk, RIG_SECRET, DB, "one"), -TACIT_EXISTS);
	assert_int_equal(living(desk), 5);
}

static void the_mount_has_so_many_folders(void **state)
{
	struct desk *desk = *state;
	_Atomic uint32_t *count = &desk->core.handover->folder_count;

	create(desk);
	/* Two new ones: the consumer's, and the one in self. */
	atomic_store(count, HANDOVER_FOLDERS - 1);
	assert_int_equal(desk_grant(desk, "tls/", DESK_WEB, ""), -TACIT_LIMIT);
	assert_false(is_granted(desk, DESK_WEB, "tls/cert"));
	atomic_store(count, HANDOVER_FOLDERS - 2);
	assert_int_equal(desk_grant(desk, "tls/", DESK_WEB, ""), 0);
	assert_int_equal(desk_grant(desk, "tls/", DB, ""), -TACIT_LIMIT);
	assert_int_equal(desk_grant(desk, RIG_SECRET, DB, "file"), 0);
	desk_restart(desk);
	assert_true(is_granted(desk, DESK_WEB, "tls/cert"));
	assert_false(is_granted(desk, DB, "tls/cert"));
}

static void a_folder_is_taken_back_at_once(void **state)
{
	struct desk *desk = *state;

	create(desk);
	assert_int_equal(desk_grant(desk, "tls/", DESK_WEB, ""), 0);
	assert_int_equal(desk_grant(desk, "tls/", DESK_WEB, "more"), 0);
	assert_int_equal(desk_grant(desk, "tls/", DB, ""), 0);
	assert_int_equal(desk_ungrant(desk, "tls/", DESK_WEB, "more"), 0);
	assert_int_equal(desk_count(desk, "removed"), 2);
	desk_text(desk, "removed", 0, "more/cert");
	assert_true(is_granted(desk, DESK_WEB, "tls/cert"));
	assert_int_equal(desk_grant(desk, "tls/key", DESK_WEB, "alone"), 0);
	assert_int_equal(desk_ungrant(desk, "tls/", DESK_WEB, ""), 0);
	for (int restarted = 0; restarted < 2; restarted++) {
		assert_false(is_granted(desk, DESK_WEB, "tls/cert"));
		assert_false(is_granted(desk, DESK_WEB, "tls/key"));
		assert_false(is_granted(desk, DESK_WEB, "alone"));
		assert_true(is_granted(desk, DB, "tls/key"));
		assert_true(is_granted(desk, DESK_WEB, RIG_FILE));
		desk_restart(desk);
	}
	assert_int_equal(desk_ungrant(desk, "tls/", DESK_WEB, ""), -TACIT_NOT_FOUND);
	assert_int_equal(desk_ungrant(desk, "tls/cert", DB, ""), 0);
	assert_false(is_granted(desk, DB, "tls/cert"));
	assert_true(is_granted(desk, DB, "tls/key"));
}

static void consumers_have_what_is_in_their_folders(void **state)
{
	struct desk *desk = *state;
	struct doc_item item;

	create(desk);
	assert_int_equal(desk_grant(desk, "tls/", DESK_WEB, ""), 0);
	assert_int_equal(desk_members(desk, VERB_BUNDLE_CREATE, "web", "ca=x"), 0);
	assert_int_equal(desk_grant(desk, "web/", DB, ""), 0);
	assert_int_equal(desk_ask(desk, VERB_CONSUMER_LIST, ""), 0);
	assert_int_equal(desk_number(desk, "grants", 0), 3);
	snprintf(desk->request.consumer, sizeof desk->request.consumer, DESK_WEB);
	assert_int_equal(desk_ask(desk, VERB_CONSUMER_INSPECT, ""), 0);
	assert_int_equal(desk_count(desk, "file"), 3);
	assert_true(desk_item(desk, "file", 2, &item));
	assert_int_equal(desk_ask(desk, VERB_GRANT_LIST, "tls/"), 0);
	assert_int_equal(desk_count(desk, "file"), 2);
	snprintf(desk->request.consumer, sizeof desk->request.consumer, DESK_WEB);
	assert_int_equal(desk_ask(desk, VERB_CONSUMER_REMOVE, ""), -TACIT_BUSY);
	snprintf(desk->request.consumer, sizeof desk->request.consumer, DESK_WEB);
	desk->request.flags = REQUEST_FORCE;
	assert_int_equal(desk_ask(desk, VERB_CONSUMER_REMOVE, ""), 0);
	for (int restarted = 0; restarted < 2; restarted++) {
		assert_int_equal(living(desk), 1);
		desk_restart(desk);
	}
}

static struct grant *hooked(
	struct desk *desk, const char *secret, const char *file, const char *on_rotate)
{
	snprintf(desk->request.on_rotate, sizeof desk->request.on_rotate, "%s", on_rotate);
	assert_int_equal(desk_grant(desk, secret, DESK_WEB, file), 0);
	return grant_at(&desk->core, DESK_WEB, file);
}

static void a_hook_begins_as_one_that_has_run(void **state)
{
	struct desk *desk = *state;
	const struct grant *grant = hooked(desk, RIG_SECRET, "file", "signal:HUP");
	uint8_t id[SEAL_ID_BYTES];

	memcpy(id, grant->hook.id, sizeof id);
	for (int restarted = 0; restarted < 2; restarted++) {
		grant = grant_at(&desk->core, DESK_WEB, "file");
		assert_string_equal(grant->record.on_rotate, "signal:HUP");
		assert_true(grant->hook_kept);
		assert_memory_equal(grant->hook.id, id, sizeof id);
		assert_int_equal(grant->hook.done_ns, secret_since_ns(grant->secret));
		assert_int_equal(grant->hook.tried_ns, grant->hook.done_ns);
		assert_int_equal(grant->hook.attempts, 0);
		desk_restart(desk);
	}
	assert_int_equal(desk_value(desk, VERB_SECRET_ROTATE, RIG_SECRET, "second"), 0);
	grant = grant_at(&desk->core, DESK_WEB, "file");
	assert_int_not_equal(grant->hook.done_ns, secret_since_ns(grant->secret));
}

static void a_hook_ends_with_its_grant(void **state)
{
	struct desk *desk = *state;

	hooked(desk, RIG_SECRET, "file", "exec:reload");
	assert_int_equal(desk_ungrant(desk, RIG_SECRET, DESK_WEB, "file"), 0);
	for (int restarted = 0; restarted < 2; restarted++) {
		const struct grant *grant = grant_at(&desk->core, DESK_WEB, "file");

		assert_false(grant->hook_kept);
		assert_int_equal(grant->record.on_rotate[0], 0);
		desk_restart(desk);
	}
	/* Removed with its secret, or its consumer. */
	assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, "new", "x"), 0);
	hooked(desk, "new", "other", "restart");
	desk->request.flags = REQUEST_FORCE;
	assert_int_equal(desk_ask(desk, VERB_SECRET_REMOVE, "new"), 0);
	hooked(desk, RIG_SECRET, "file", "restart");
	snprintf(desk->request.consumer, sizeof desk->request.consumer, DESK_WEB);
	desk->request.flags = REQUEST_FORCE;
	assert_int_equal(desk_ask(desk, VERB_CONSUMER_REMOVE, ""), 0);
	desk_restart(desk);
	assert_false(grant_at(&desk->core, DESK_WEB, "other")->hook_kept);
	assert_false(grant_at(&desk->core, DESK_WEB, "file")->hook_kept);
}

static void each_file_of_a_folder_has_the_hook(void **state)
{
	struct desk *desk = *state;

	create(desk);
	snprintf(desk->request.on_rotate, sizeof desk->request.on_rotate, "signal:HUP");
	assert_int_equal(desk_grant(desk, "tls/", DESK_WEB, ""), 0);
	desk_restart(desk);
	assert_true(grant_at(&desk->core, DESK_WEB, "tls/cert")->hook_kept);
	assert_true(grant_at(&desk->core, DESK_WEB, "tls/key")->hook_kept);
}

static void what_no_engine_runs_is_not_signalled(void **state)
{
	static const char *const consumers[] = { "unit/nginx.service", "user/33" };
	static const char *const hooks[] = { "signal:HUP", "restart", "exec:../x", "reload" };
	struct desk *desk = *state;

	for (int i = 0; i < 2; i++)
		for (int j = 0; j < 4; j++) {
			snprintf(desk->request.on_rotate, sizeof desk->request.on_rotate, "%s",
				hooks[j]);
			assert_int_equal(
				desk_grant(desk, RIG_SECRET, consumers[i], "file"), -TACIT_INVALID);
		}
	snprintf(desk->request.on_rotate, sizeof desk->request.on_rotate, "exec:reload");
	assert_int_equal(desk_grant(desk, RIG_SECRET, consumers[0], "file"), 0);
	memset(desk->request.on_rotate, 'x', sizeof desk->request.on_rotate);
	assert_int_equal(desk_grant(desk, RIG_SECRET, consumers[1], "file"), -TACIT_INVALID);
}

/* Apply a file of statements. */
static int apply(struct desk *desk, const char *text, bool prune)
{
	struct access_statement *list;
	size_t count;
	int status;
	struct err err;

	must(access_parse(text, strlen(text), &list, &count, &err));
	assert_true(count * sizeof *list <= sizeof desk->body);
	memcpy(desk->body, list, count * sizeof *list);
	free(list);
	desk->request.body_length = (uint32_t)(count * sizeof *list);
	desk->request.flags = prune ? REQUEST_PRUNE : 0;
	status = desk_ask(desk, VERB_ACCESS_APPLY, "");
	return status;
}

static void a_file_of_statements_says_folders_and_hooks(void **state)
{
	static const char text[] =
		"grant tls/cert compose/shop/web as=tls/cert on-rotate=signal:HUP\n"
		"grant tls/key compose/shop/web as=tls/key on-rotate=signal:HUP\n";
	struct desk *desk = *state;
	uint64_t created;

	create(desk);
	assert_int_equal(apply(desk, text, true), 0);
	assert_int_equal(desk_count(desk, "action"), 3);
	assert_int_equal(desk_ask(desk, VERB_ACCESS_EXPORT, ""), 0);
	desk_restart(desk);
	assert_true(grant_at(&desk->core, DESK_WEB, "tls/cert")->hook_kept);
	assert_false(is_granted(desk, DESK_WEB, RIG_FILE));
	created = grant_at(&desk->core, DESK_WEB, "tls/key")->record.created_ns;
	assert_int_equal(apply(desk, text, true), 0);
	assert_int_equal(desk_count(desk, "action"), 0);
	/* Another hook of the same grant begins as done; no hook has nothing to be done. */
	assert_int_equal(desk_members(desk, VERB_BUNDLE_ROTATE, "tls", "cert=c key=k"), 0);
	assert_int_equal(apply(desk,
				 "grant tls/key compose/shop/web as=tls/key on-rotate=restart\n"
				 "grant tls/cert compose/shop/web as=tls/cert\n",
				 false),
		0);
	assert_int_equal(desk_count(desk, "action"), 2);
	for (int restarted = 0; restarted < 2; restarted++) {
		const struct grant *key = grant_at(&desk->core, DESK_WEB, "tls/key");

		assert_string_equal(key->record.on_rotate, "restart");
		assert_int_equal(key->record.created_ns, created);
		assert_int_equal(key->hook.done_ns, secret_since_ns(key->secret));
		assert_false(grant_at(&desk->core, DESK_WEB, "tls/cert")->hook_kept);
		desk_restart(desk);
	}
}

static void a_hook_that_is_said_again_is_as_far_as_it_was(void **state)
{
	struct desk *desk = *state;
	struct grant *grant = hooked(desk, RIG_SECRET, "file", "exec:reload");
	uint64_t done = grant->hook.done_ns;

	assert_int_equal(desk_value(desk, VERB_SECRET_ROTATE, RIG_SECRET, "second"), 0);
	assert_int_equal(apply(desk,
				 "grant " RIG_SECRET
				 " compose/shop/web as=file on-rotate=exec:reload mode=0440\n",
				 false),
		0);
	for (int restarted = 0; restarted < 2; restarted++) {
		grant = grant_at(&desk->core, DESK_WEB, "file");
		assert_int_equal(grant->record.mode, 0440);
		assert_int_equal(grant->hook.done_ns, done);
		desk_restart(desk);
	}
}

static void statements_that_contradict_are_refused(void **state)
{
	static const char *const wrong[] = {
		"grant tls/cert compose/shop/web as=x/cert\ngrant web/ca compose/shop/web "
		"as=x/ca\n",
		"grant tls/cert compose/shop/web as=x/cert\ngrant web/ca compose/shop/web as=x\n",
		"grant tls/cert compose/shop/web as=x.previous/cert\n"
		"grant web/ca compose/shop/web as=x with-previous\n",
		"grant tls/cert compose/shop/db as=x/cert\ngrant web/ca compose/shop/web as=x\n",
		"grant tls/cert compose/shop/db as=x/cert\n"
		"grant web/ca compose/shop/web as=x with-previous\n",
		"grant tls/cert compose/shop/a as=z/cert\ngrant tls/cert compose/shop/b as=x/cert\n"
		"grant web/ca compose/shop/web as=z\n",
	};
	struct desk *desk = *state;

	create(desk);
	assert_int_equal(desk_members(desk, VERB_BUNDLE_CREATE, "web", "ca=x"), 0);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_int_equal(apply(desk, wrong[i], true), -TACIT_EXISTS);
	assert_int_equal(apply(desk, "grant " RIG_SECRET " compose/shop/web as=x/db\n", true),
		-TACIT_INVALID);
	/* And what contradicts what is there. */
	assert_int_equal(
		apply(desk, "grant tls/cert compose/shop/web as=" RIG_FILE "/cert\n", false),
		-TACIT_EXISTS);
	atomic_store(&desk->core.handover->folder_count, HANDOVER_FOLDERS - 1);
	assert_int_equal(
		apply(desk, "grant tls/cert compose/shop/web as=x/cert\n", false), -TACIT_LIMIT);
	desk_restart(desk);
	assert_int_equal(living(desk), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, desk_set_up, desk_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(each_member_is_a_file_of_the_folder),
		TEST(a_folder_is_granted_whole_or_not_at_all),
		TEST(a_folder_takes_no_version_reads_or_previous),
		TEST(a_folder_shows_members_of_one_bundle),
		TEST(a_name_is_a_file_or_a_folder),
		TEST(the_mount_has_so_many_folders),
		TEST(a_folder_is_taken_back_at_once),
		TEST(consumers_have_what_is_in_their_folders),
		TEST(a_hook_begins_as_one_that_has_run),
		TEST(a_hook_ends_with_its_grant),
		TEST(each_file_of_a_folder_has_the_hook),
		TEST(what_no_engine_runs_is_not_signalled),
		TEST(a_file_of_statements_says_folders_and_hooks),
		TEST(a_hook_that_is_said_again_is_as_far_as_it_was),
		TEST(statements_that_contradict_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
