/* SPDX-License-Identifier: Apache-2.0 */
/* Verifying a store finds nothing in a sound one, and names each thing that is wrong. */
#include "tamper.h"

#include "core/store/verify.h"

#define TEXTS_MAX 16

struct problems {
	char texts[TEXTS_MAX][256];
	size_t count;
};

static int keep_problem(void *arg, const struct verify_problem *problem, struct err *err)
{
	struct problems *problems = arg;
	char hex[2 * SEAL_ID_BYTES + 1];

	(void)err;
	hex_of(problem->id, hex);
	if (problem->table)
		assert_non_null(strstr(problem->text, hex));
	assert_true(problems->count < TEXTS_MAX);
	snprintf(problems->texts[problems->count++], 256, "%s", problem->text);
	return 0;
}

static void verify(struct vault *vault, struct problems *problems, struct verify_result *result)
{
	struct err err;

	memset(problems, 0, sizeof *problems);
	must(vault_verify(vault, keep_problem, problems, result, &err));
	assert_int_equal(result->problems, problems->count);
}

static void must_find(struct vault *vault, const char *text)
{
	struct problems problems;
	struct verify_result result;

	verify(vault, &problems, &result);
	for (size_t i = 0; i < problems.count; i++)
		if (strstr(problems.texts[i], text))
			return;
	fail_msg("not found: %s; but %s", text, problems.count ? problems.texts[0] : "nothing");
}

/* One of each kind, all of which refer to what is there. */
struct whole {
	struct secret_record secret;
	struct grant_record grant;
	struct consumer_record consumer;
	struct use_record use;
	struct container_facts container;
	struct bundle_record bundle;
	struct schedule_record schedule;
	struct hook_record hook;
	struct secret_record other;
	struct template_record template;
};

static void fill(struct vault *vault, struct whole *whole)
{
	struct err err;

	whole->secret = a_secret("tls/cert", 2);
	whole->grant = a_grant(&whole->secret);
	whole->consumer = a_consumer("compose/shop/web");
	whole->use = a_use(&whole->grant, 1);
	whole->container = a_container(3);
	whole->bundle = a_bundle("tls", 1, 1);
	memcpy(whole->bundle.members[0], whole->secret.id, SEAL_ID_BYTES);
	whole->schedule = a_schedule(&whole->secret);
	whole->hook = a_hook(&whole->grant);
	whole->other = a_secret("other", 1);
	whole->template = a_template(&whole->secret, whole->other.id);
	put(vault, &whole->secret, &whole->grant);
	put_value(vault, whole->secret.versions[0].value_id, "1", 1);
	put_value(vault, whole->secret.versions[1].value_id, "22", 2);
	put(vault, &whole->other, NULL);
	put_value(vault, whole->other.versions[0].value_id, "3", 1);
	must(vault_begin(vault, &err));
	must(vault_put_consumer(vault, &whole->consumer, &err));
	must(vault_put_use(vault, &whole->use, &err));
	must(vault_put_container(vault, &whole->container, &err));
	must(vault_put_bundle(vault, &whole->bundle, &err));
	must(vault_put_schedule(vault, &whole->schedule, &err));
	must(vault_put_hook(vault, &whole->hook, &err));
	must(vault_put_template(vault, &whole->template, &err));
	must(vault_commit(vault, &err));
}

static void a_sound_store_has_no_problem(void **state)
{
	struct fixture *fixture = *state;
	struct verify_result result;
	struct problems problems;
	struct whole whole;

	verify(fixture->vault, &problems, &result);
	assert_int_equal(result.problems + result.records + result.values, 0);
	fill(fixture->vault, &whole);
	verify(fixture->vault, &problems, &result);
	if (problems.count)
		fail_msg("%s", problems.texts[0]);
	assert_int_equal(result.records, 10);
	assert_int_equal(result.values, 3);
	assert_int_equal(result.generation, 6);
}

static void what_refers_to_nothing_is_named(void **state)
{
	struct fixture *fixture = *state;
	struct vault *vault = fixture->vault;
	struct whole whole;
	struct err err;

	fill(vault, &whole);
	must(vault_begin(vault, &err));
	must(vault_remove_value(vault, whole.secret.versions[0].value_id, &err));
	must(vault_commit(vault, &err));
	must_find(vault, "whose value is not there");
	put_value(vault, whole.secret.versions[0].value_id, "333", 3);
	must_find(vault, "whose value has another size");
	must(vault_begin(vault, &err));
	must(vault_remove_secret(vault, whole.secret.id, &err));
	must(vault_commit(vault, &err));
	must_find(vault, "is a grant of a secret that is not there");
	must_find(vault, "is the schedule of a secret that is not there");
	must_find(vault, "is a bundle with a secret that is not there");
	must_find(vault, "is the template of a secret that is not there");
	must_find(vault, "is no secret's");
	put(vault, &whole.secret, NULL);
	must(vault_begin(vault, &err));
	must(vault_remove_hook(vault, whole.grant.id, &err)); /* whatever kind it is */
	must(vault_commit(vault, &err));
	must_find(vault, "counts the reads of a grant that is not there");
	must_find(vault, "is the hook of a grant that is not there");
	must(vault_begin(vault, &err));
	must(vault_remove_secret(vault, whole.other.id, &err));
	must(vault_commit(vault, &err));
	must_find(vault, "is a template with a secret that is not there");
}

static void a_revoked_grant_needs_no_secret(void **state)
{
	struct fixture *fixture = *state;
	struct secret_record secret = a_secret("gone", 1);
	struct grant_record grant = a_grant(&secret);
	struct verify_result result;
	struct problems problems;

	grant.revoked_ns = 9;
	memset(grant.secret_id, 0, SEAL_ID_BYTES);
	put(fixture->vault, NULL, &grant);
	verify(fixture->vault, &problems, &result);
	assert_int_equal(result.problems, 0);
}

static void damage_is_named_whether_the_key_came_before_or_after(void **state)
{
	struct fixture *fixture = *state;
	struct whole whole;
	char hex[2 * SEAL_ID_BYTES + 1], text[128];

	fill(fixture->vault, &whole);
	alter(fixture, "UPDATE value SET bytes = zeroblob(200) WHERE id = ?1",
		whole.secret.versions[0].value_id);
	alter(fixture, "DELETE FROM record WHERE id = ?1", whole.hook.id);
	for (int after = 0; after < 2; after++) {
		hex_of(whole.secret.versions[0].value_id, hex);
		snprintf(text, sizeof text, "value %s is damaged", hex);
		must_find(fixture->vault, text);
		hex_of(whole.hook.id, hex);
		snprintf(text, sizeof text, "record %s is missing from generation 6", hex);
		must_find(fixture->vault, text);
		give_key_again(fixture);
	}
}

/* The whole store of an earlier time, put in the place of an open one. */
static void another_root_than_ours_is_a_problem(void **state)
{
	struct fixture *fixture = *state;
	struct whole whole;
	sqlite3 *db = intrude(fixture);

	fill(fixture->vault, &whole);
	run_sql(db, "CREATE TABLE kept AS SELECT * FROM record", NULL, NULL, 0);
	run_sql(db, "CREATE TABLE kept_meta AS SELECT * FROM meta", NULL, NULL, 0);
	whole.grant.reads = 3;
	put(fixture->vault, NULL, &whole.grant);
	run_sql(db, "DELETE FROM record", NULL, NULL, 0);
	run_sql(db, "INSERT INTO record SELECT * FROM kept", NULL, NULL, 0);
	run_sql(db, "DELETE FROM meta", NULL, NULL, 0);
	run_sql(db, "INSERT INTO meta SELECT * FROM kept_meta", NULL, NULL, 0);
	sqlite3_close(db);
	must_find(fixture->vault, "the store's root is damaged, or is not that of generation 7");
}

static int refuse_to_go_on(void *arg, const struct verify_problem *problem, struct err *err)
{
	(void)arg;
	(void)problem;
	return err_set(err, TACIT_LIMIT, "enough");
}

static void who_is_told_can_end_it(void **state)
{
	struct fixture *fixture = *state;
	struct verify_result result;
	struct whole whole;
	struct err err;

	fill(fixture->vault, &whole);
	alter(fixture, "DELETE FROM record WHERE id = ?1", whole.secret.id);
	must_be(TACIT_LIMIT, vault_verify(fixture->vault, refuse_to_go_on, NULL, &result, NULL));
	assert_int_equal(result.problems, 1);
	must(vault_verify(fixture->vault, NULL, NULL, &result, &err));
	assert_true(result.problems > 1);
	give_key_again(fixture);
	must(vault_accept(fixture->vault, VAULT_DROP, &err));
	must(vault_begin(fixture->vault, &err));
	must_be(TACIT_BUSY, vault_verify(fixture->vault, NULL, NULL, &result, NULL));
	vault_rollback(fixture->vault);
	vault_forget(fixture->vault);
	must_be(TACIT_LOCKED, vault_verify(fixture->vault, NULL, NULL, &result, NULL));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_sound_store_has_no_problem),
		TEST(what_refers_to_nothing_is_named),
		TEST(a_revoked_grant_needs_no_secret),
		TEST(damage_is_named_whether_the_key_came_before_or_after),
		TEST(another_root_than_ours_is_a_problem),
		TEST(who_is_told_can_end_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
