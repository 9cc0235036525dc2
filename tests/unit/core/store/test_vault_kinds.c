/* SPDX-License-Identifier: Apache-2.0 */
/* A vault keeps what is said of consumers, what was read, which containers there are, bundles,
 * schedules, hooks and templates, and the time; and it opens the stores of the version that had
 * none of these. */
#include "vault_fixture.h"

#include <sqlite3.h>

#include "core/store/integrity.h"
#include "core/store/records.h"

/* What a test puts into a vault: one record of each kind. */
struct everything {
	struct secret_record secret;
	struct grant_record grant;
	struct consumer_record consumer;
	struct use_record use;
	struct container_facts container;
	struct bundle_record bundle;
	struct schedule_record schedule;
	struct hook_record hook;
	struct template_record template;
};

static void make_everything(struct everything *all)
{
	memset(all, 0, sizeof *all);
	all->secret = a_secret("shop/db_password", 2);
	all->grant = a_grant(&all->secret);
	all->grant.flags = GRANT_FLAGS | VAULT_PREVIOUS_NAMED;
	all->grant.reads = GRANT_READS_MAX;
	all->grant.version = 3;
	all->grant.expires_ns = 1ull << 60;
	strcpy(all->grant.on_rotate, "signal:HUP");
	all->consumer = a_consumer("compose/shop/web");
	all->use = a_use(&all->grant, VAULT_USES_MAX);
	all->container = a_container(7);
	all->bundle = a_bundle("shop/tls", VAULT_MEMBERS_MAX, VAULT_GENERATIONS_MAX);
	all->schedule = a_schedule(&all->secret);
	all->hook = a_hook(&all->grant);
	all->template = a_template(&all->secret, all->grant.id);
}

static void put_everything(struct vault *vault, const struct everything *all)
{
	struct err err;

	must(vault_begin(vault, &err));
	must(vault_put_secret(vault, &all->secret, &err));
	must(vault_put_grant(vault, &all->grant, &err));
	must(vault_put_consumer(vault, &all->consumer, &err));
	must(vault_put_use(vault, &all->use, &err));
	must(vault_put_container(vault, &all->container, &err));
	must(vault_put_bundle(vault, &all->bundle, &err));
	must(vault_put_schedule(vault, &all->schedule, &err));
	must(vault_put_hook(vault, &all->hook, &err));
	must(vault_put_template(vault, &all->template, &err));
	must(vault_commit(vault, &err));
}

static void must_see_everything(struct vault *vault, const struct everything *all)
{
	struct seen seen;

	see(vault, &seen);
	assert_int_equal(seen.secret_count, 1);
	assert_int_equal(seen.grant_count, 1);
	assert_int_equal(seen.consumer_count, 1);
	assert_int_equal(seen.use_count, 1);
	assert_int_equal(seen.container_count, 1);
	assert_memory_equal(&seen.secrets[0], &all->secret, sizeof all->secret);
	assert_memory_equal(&seen.grants[0], &all->grant, sizeof all->grant);
	assert_memory_equal(&seen.consumers[0], &all->consumer, sizeof all->consumer);
	assert_memory_equal(&seen.uses[0], &all->use, sizeof all->use);
	assert_memory_equal(&seen.containers[0], &all->container, sizeof all->container);
	assert_int_equal(seen.bundle_count, 1);
	assert_int_equal(seen.schedule_count, 1);
	assert_int_equal(seen.hook_count, 1);
	assert_memory_equal(&seen.bundles[0], &all->bundle, sizeof all->bundle);
	assert_memory_equal(&seen.schedules[0], &all->schedule, sizeof all->schedule);
	assert_memory_equal(&seen.hooks[0], &all->hook, sizeof all->hook);
	assert_int_equal(seen.template_count, 1);
	must_be_template(&seen.templates[0], &all->template);
}

static void every_kind_comes_back(void **state)
{
	struct fixture *fixture = *state;
	struct everything all;
	struct err err;

	make_everything(&all);
	put_everything(fixture->vault, &all);
	must_see_everything(fixture->vault, &all);
	vault_forget(fixture->vault);
	must(vault_unlock(fixture->vault, fixture->key, fixture->root, &err));
	must_see_everything(fixture->vault, &all);
	vault_close(fixture->vault);
	attach_and_unlock(fixture);
	must_see_everything(fixture->vault, &all);
	put_everything(fixture->vault, &all); /* in place of the same rows */
	must_see_everything(fixture->vault, &all);
}

static void removing_removes_each_kind(void **state)
{
	struct fixture *fixture = *state;
	struct everything all;
	struct seen seen;
	struct err err;

	make_everything(&all);
	put_everything(fixture->vault, &all);
	must(vault_begin(fixture->vault, &err));
	must(vault_remove_consumer(fixture->vault, all.consumer.id, &err));
	must(vault_remove_use(fixture->vault, all.use.id, &err));
	must(vault_remove_container(fixture->vault, all.container.id, &err));
	must(vault_remove_bundle(fixture->vault, all.bundle.id, &err));
	must(vault_remove_schedule(fixture->vault, all.schedule.id, &err));
	must(vault_remove_hook(fixture->vault, all.hook.id, &err));
	must(vault_remove_template(fixture->vault, all.template.id, &err));
	vault_rollback(fixture->vault);
	must_see_everything(fixture->vault, &all);

	must(vault_begin(fixture->vault, &err));
	must(vault_remove_consumer(fixture->vault, all.consumer.id, &err));
	must(vault_remove_use(fixture->vault, all.use.id, &err));
	must(vault_remove_container(fixture->vault, all.container.id, &err));
	must(vault_remove_bundle(fixture->vault, all.bundle.id, &err));
	must(vault_remove_schedule(fixture->vault, all.schedule.id, &err));
	must(vault_remove_hook(fixture->vault, all.hook.id, &err));
	must(vault_remove_template(fixture->vault, all.template.id, &err));
	must_be(TACIT_INVALID, vault_remove_container(fixture->vault, "4f5e", NULL));
	must(vault_commit(fixture->vault, &err));
	see(fixture->vault, &seen);
	assert_int_equal(seen.secret_count + seen.grant_count, 2);
	assert_int_equal(seen.consumer_count + seen.use_count + seen.container_count, 0);
	assert_int_equal(seen.bundle_count + seen.schedule_count + seen.hook_count, 0);
	assert_int_equal(seen.template_count, 0);
}

static void what_nobody_asks_for_is_passed_over(void **state)
{
	struct fixture *fixture = *state;
	struct seen seen;
	const struct vault_visitor visitors[] = {
		{ .on_secret = see_secret, .arg = &seen },
		{ .on_grant = see_grant, .arg = &seen },
		{ .on_consumer = see_consumer, .arg = &seen },
		{ .on_use = see_use, .arg = &seen },
		{ .on_container = see_container, .arg = &seen },
		{ .on_bundle = see_bundle, .arg = &seen },
		{ .on_schedule = see_schedule, .arg = &seen },
		{ .on_hook = see_hook, .arg = &seen },
		{ .on_template = see_template, .arg = &seen },
		{ 0 },
	};
	struct everything all;
	struct err err;

	make_everything(&all);
	put_everything(fixture->vault, &all);
	for (size_t i = 0; i < sizeof visitors / sizeof *visitors; i++) {
		memset(&seen, 0, sizeof seen);
		must(vault_each(fixture->vault, &visitors[i], &err));
		assert_int_equal(seen.secret_count, i == 0);
		assert_int_equal(seen.grant_count, i == 1);
		assert_int_equal(seen.consumer_count, i == 2);
		assert_int_equal(seen.use_count, i == 3);
		assert_int_equal(seen.container_count, i == 4);
		assert_int_equal(seen.bundle_count, i == 5);
		assert_int_equal(seen.schedule_count, i == 6);
		assert_int_equal(seen.hook_count, i == 7);
		assert_int_equal(seen.template_count, i == 8);
	}
}

static int refuse_container(void *arg, const struct container_facts *container, struct err *err)
{
	(void)arg;
	(void)container;
	return err_set(err, TACIT_LIMIT, "no room for it");
}

static int refuse_use(void *arg, const struct use_record *use, struct err *err)
{
	(void)arg;
	(void)use;
	return err_set(err, TACIT_EXISTS, "it is there");
}

static int refuse_consumer(void *arg, const struct consumer_record *consumer, struct err *err)
{
	(void)arg;
	(void)consumer;
	return err_set(err, TACIT_BUSY, "later");
}

static void a_visitor_ends_the_walk(void **state)
{
	static const struct vault_visitor visitors[] = {
		{ .on_consumer = refuse_consumer },
		{ .on_use = refuse_use },
		{ .on_container = refuse_container },
	};
	static const enum tacit_code codes[] = { TACIT_BUSY, TACIT_EXISTS, TACIT_LIMIT };
	struct fixture *fixture = *state;
	struct everything all;

	make_everything(&all);
	put_everything(fixture->vault, &all);
	for (size_t i = 0; i < sizeof visitors / sizeof *visitors; i++)
		must_be(codes[i], vault_each(fixture->vault, &visitors[i], NULL));
}

static void without_a_change_or_a_key_nothing_is_put(void **state)
{
	struct fixture *fixture = *state;
	struct everything all;
	struct err err;

	make_everything(&all);
	must_be(TACIT_INTERNAL, vault_put_consumer(fixture->vault, &all.consumer, NULL));
	must_be(TACIT_INTERNAL, vault_put_use(fixture->vault, &all.use, NULL));
	must_be(TACIT_INTERNAL, vault_put_container(fixture->vault, &all.container, NULL));
	must_be(TACIT_INTERNAL, vault_put_bundle(fixture->vault, &all.bundle, NULL));
	must_be(TACIT_INTERNAL, vault_put_schedule(fixture->vault, &all.schedule, NULL));
	must_be(TACIT_INTERNAL, vault_put_hook(fixture->vault, &all.hook, NULL));
	must_be(TACIT_INTERNAL, vault_put_clock(fixture->vault, 1, NULL));
	must_be(TACIT_INTERNAL, vault_remove_consumer(fixture->vault, all.consumer.id, NULL));
	must_be(TACIT_INTERNAL, vault_remove_use(fixture->vault, all.use.id, NULL));
	must_be(TACIT_INTERNAL, vault_remove_container(fixture->vault, all.container.id, NULL));
	must(vault_begin(fixture->vault, &err));
	vault_forget(fixture->vault);
	must_be(TACIT_LOCKED, vault_put_consumer(fixture->vault, &all.consumer, NULL));
	must_be(TACIT_LOCKED, vault_put_use(fixture->vault, &all.use, NULL));
	must_be(TACIT_LOCKED, vault_put_container(fixture->vault, &all.container, NULL));
	must_be(TACIT_LOCKED, vault_put_bundle(fixture->vault, &all.bundle, NULL));
	must_be(TACIT_LOCKED, vault_put_schedule(fixture->vault, &all.schedule, NULL));
	must_be(TACIT_LOCKED, vault_put_hook(fixture->vault, &all.hook, NULL));
	must_be(TACIT_LOCKED, vault_put_clock(fixture->vault, 1, NULL));
	vault_rollback(fixture->vault);
}

static void put_clock(struct vault *vault, uint64_t realtime_ns)
{
	struct err err;

	must(vault_begin(vault, &err));
	must(vault_put_clock(vault, realtime_ns, &err));
	must(vault_commit(vault, &err));
}

static void the_clock_goes_forward_only(void **state)
{
	struct fixture *fixture = *state;
	struct err err;

	assert_true(vault_clock(fixture->vault) == 0);
	put_clock(fixture->vault, 0x1122334455667788);
	assert_true(vault_clock(fixture->vault) == 0x1122334455667788);
	put_clock(fixture->vault, 0x1122334455667787);
	assert_true(vault_clock(fixture->vault) == 0x1122334455667788);

	must(vault_begin(fixture->vault, &err));
	must(vault_put_clock(fixture->vault, 0x1122334455667799, &err));
	assert_true(vault_clock(fixture->vault) == 0x1122334455667788); /* not yet written down */
	vault_rollback(fixture->vault);
	assert_true(vault_clock(fixture->vault) == 0x1122334455667788);

	must(vault_begin(fixture->vault, &err));
	must(vault_put_clock(fixture->vault, 0x1122334455667791, &err));
	must(vault_put_clock(fixture->vault, 0x1122334455667790, &err));
	must(vault_commit(fixture->vault, &err));
	vault_close(fixture->vault);
	attach(fixture); /* it needs no key */
	assert_true(vault_clock(fixture->vault) == 0x1122334455667791);
	must(vault_unlock(fixture->vault, fixture->key, fixture->root, &err));
	put_clock(fixture->vault, UINT64_MAX);
	assert_true(vault_clock(fixture->vault) == UINT64_MAX);
}

static void load_store_of_the_first_layout(const char *dir)
{
	char path[SCRATCH_MAX + 16], *failed = NULL;
	size_t length;
	uint8_t *sql = scratch_read("tests/unit/core/store/store-layout-1.sql", &length);
	sqlite3 *db;

	sql[length] = '\0';
	snprintf(path, sizeof path, "%s/store.db", dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, (const char *)sql, NULL, NULL, &failed))
		fail_msg("%s", failed);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	free(sql);
}

static const struct grant_record *seen_grant(const struct seen *seen, const char *consumer)
{
	for (size_t i = 0; i < seen->grant_count; i++)
		if (!strcmp(seen->grants[i].consumer, consumer))
			return &seen->grants[i];
	fail_msg("no grant to %s", consumer);
	return NULL;
}

static void must_be_first_layout(struct vault *vault)
{
	struct grant_record live = { .id = { 0xb1 },
		.secret_id = { 0xa1 },
		.consumer = "compose/shop/web",
		.file = "password",
		.uid = GRANT_READER,
		.gid = 20,
		.mode = 0440,
		.created_ns = 8 };
	struct grant_record tombstone = { .id = { 0xb2 },
		.consumer = "container/old",
		.file = "token",
		.mode = 0400,
		.created_ns = 9,
		.revoked_ns = 10 };
	uint8_t *sealed, plain[128];
	size_t sealed_length, length;
	struct seen seen;
	struct err err;

	see(vault, &seen);
	assert_int_equal(seen.secret_count, 1);
	assert_int_equal(seen.grant_count, 2);
	assert_string_equal(seen.secrets[0].name, "shop/db_password");
	assert_memory_equal(seen_grant(&seen, live.consumer), &live, sizeof live);
	assert_memory_equal(seen_grant(&seen, tombstone.consumer), &tombstone, sizeof tombstone);
	must(vault_load_value(
		vault, seen.secrets[0].versions[1].value_id, &sealed, &sealed_length, &err));
	must(vault_open_value(vault, seen.secrets[0].versions[1].value_id, sealed, sealed_length,
		plain, sizeof plain, &length, &err));
	assert_int_equal(length, 7);
	assert_memory_equal(plain, "hunter2", 7);
	free(sealed);
}

static void a_store_of_the_first_layout_opens_and_goes_on(void **state)
{
	struct fixture *fixture = *state;
	struct grant_record grant;
	struct everything all;
	struct seen seen;
	struct err err;

	vault_close(fixture->vault);
	scratch_each(fixture->dir, scratch_unlink, NULL);
	load_store_of_the_first_layout(fixture->dir);
	memset(fixture->key, 7, sizeof fixture->key);
	attach_and_unlock(fixture);
	assert_true(vault_clock(fixture->vault) == 0);
	/* It has no generation: nothing tells it from a store that lost its root. */
	must_be(TACIT_CORRUPT, vault_begin(fixture->vault, NULL));
	must(vault_accept(fixture->vault, VAULT_ADOPT, &err));
	must_be_first_layout(fixture->vault);

	see(fixture->vault, &seen);
	grant = *seen_grant(&seen, "compose/shop/web");
	put(fixture->vault, NULL, &grant); /* in the newest layout, and saying the same */
	must_be_first_layout(fixture->vault);
	grant.reads = 1;
	make_everything(&all);
	must(vault_begin(fixture->vault, &err));
	must(vault_put_grant(fixture->vault, &grant, &err));
	must(vault_put_consumer(fixture->vault, &all.consumer, &err));
	must(vault_put_container(fixture->vault, &all.container, &err));
	must(vault_put_clock(fixture->vault, 12, &err));
	must(vault_commit(fixture->vault, &err));
	vault_close(fixture->vault);
	attach_and_unlock(fixture);
	see(fixture->vault, &seen);
	assert_memory_equal(seen_grant(&seen, "compose/shop/web"), &grant, sizeof grant);
	assert_int_equal(seen.consumer_count, 1);
	assert_int_equal(seen.container_count, 1);
	assert_true(vault_clock(fixture->vault) == 12);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_kind_comes_back),
		TEST(removing_removes_each_kind),
		TEST(what_nobody_asks_for_is_passed_over),
		TEST(a_visitor_ends_the_walk),
		TEST(without_a_change_or_a_key_nothing_is_put),
		TEST(the_clock_goes_forward_only),
		TEST(a_store_of_the_first_layout_opens_and_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
