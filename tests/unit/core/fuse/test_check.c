/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator is told would be decided, and what is. */
#include "counting.h"
#include "situation.h"

#define SITUATIONS 600

struct readers {
	struct {
		pid_t pid;
		uint32_t uid;
	} of[9];
	size_t count;
};

static void add_reader(struct readers *readers, pid_t pid, uint32_t uid)
{
	readers->of[readers->count].pid = pid;
	readers->of[readers->count++].uid = uid;
}

/* Containers: known as the consumer, known as another, denied by every engine; root and user; and
 * processes of none. */
static void gather(struct rig *rig, struct readers *readers)
{
	pid_t second = 0, first = main_process('a', &second);

	readers->count = 0;
	add_reader(readers, rig->web, 0);
	add_reader(readers, user_child('a', 1000), 1000);
	add_reader(readers, rig->other, 0);
	add_reader(readers, user_child('c', 1000), 1000);
	add_reader(readers, rig->host, 0);
	add_reader(readers, user_child(0, 1000), 1000);
	add_reader(readers, INT32_MAX, 0);
	if (!first)
		return;
	add_reader(readers, first, 0);
	add_reader(readers, second, 0);
}

static void release(struct rig *rig, struct readers *readers)
{
	for (size_t i = 0; i < readers->count; i++) {
		pid_t pid = readers->of[i].pid;

		if (pid == rig->web || pid == rig->other || pid == rig->host || pid == INT32_MAX)
			continue;
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
}

static struct policy_answer check_file(
	struct rig *rig, uint64_t node, pid_t pid, const char *id, char user[VAULT_USER_MAX + 1])
{
	const struct server_suspect suspect = { pid, id };

	return server_check(rig->server, model_node(rig->model, node), &suspect, user);
}

static struct policy_answer check(struct rig *rig, pid_t pid, const char *id)
{
	char user[VAULT_USER_MAX + 1];

	return check_file(rig, rig->file, pid, id, user);
}

/* As by a program: the word of an engine is there, and reads are counted. */
static int open_now(struct rig *rig, pid_t pid, uint32_t uid, uint64_t *fh)
{
	struct ask ask = open_ask(rig, pid, rig->file);
	struct server_count count;
	struct reply reply;
	uint64_t unique;

	ask.uid = ask.gid = uid;
	unique = send_open(rig, ask);
	for (int i = 0; i < PATIENCE_MS && !answered_within(rig, 0, 1); i++)
		while (count_next(rig, STEP_SETTLED, &count))
			;
	expect_answer(rig, 0, unique, &reply);
	expect_parked(rig, 0);
	*fh = reply.body.open.fh;
	return reply.errnum;
}

static uint32_t any(uint32_t *seed, uint32_t count)
{
	*seed = *seed * 1103515245u + 12345u;
	return (*seed >> 16) % count;
}

static void put_any_grant(struct rig *rig, uint32_t *seed)
{
	static const uint16_t modes[] = { 0400, 0040, 0440, 0444, 0004, 0 };
	static const uint32_t owners[] = { GRANT_READER, GRANT_READER, 0, 1000, 1001 };
	static const uint16_t flags[] = { 0, 0, GRANT_NEWLINE, GRANT_MAIN_PROCESS };
	struct grant_record revoked = rig_revoked(&rig->grant);

	if (any(seed, 4) == 0) {
		rig_put_grant(rig, &revoked);
		rig->grant = rig_grant(rig, RIG_CONSUMER, RIG_FILE);
		if (any(seed, 3) == 0)
			return;
	}
	rig->grant.mode = modes[any(seed, 6)];
	rig->grant.uid = owners[any(seed, 5)];
	rig->grant.gid = owners[any(seed, 5)];
	rig->grant.flags = flags[any(seed, 4)];
	rig->grant.reads = any(seed, 3);
	rig->grant.version = any(seed, 3) ? 0 : 1;
	rig->grant.expires_ns = any(seed, 6) ? 0 : clock_realtime_ns() - 1;
	rig_put_grant(rig, &rig->grant);
}

static void put_any_consumer(struct rig *rig, uint32_t *seed)
{
	static const char *const rules[][3] = { { NULL }, { NULL }, { "image=nginx:1.25", NULL },
		{ "image=nginx:1.25", "label=tier=front", NULL },
		{ "label=tier=front", "image=caddy", NULL } };
	struct consumer_record record = rig_bind(rig, RIG_CONSUMER, rules[any(seed, 5)]);

	record.frozen_ns = any(seed, 6) ? 0 : 9;
	rig_put_consumer(rig, &record);
}

/* The property: for a process, what is said would be decided is what its OPEN is answered, and to
 * ask changes nothing. */
static void what_is_said_is_what_is_done(void **state)
{
	struct rig *rig = rig_of(state);
	struct container_facts facts = facts_of('a', "shop/web");
	struct readers readers;
	unsigned int seen[RULES] = { 0 };
	uint32_t seed = 1;

	gather(rig, &readers);
	add_label(&facts, "tier=front");
	engine_says(rig, &facts);
	engine_names(rig, 'b', "shop/db");
	for (unsigned int i = 0; i < SITUATIONS; i++) {
		size_t who = i % readers.count;
		pid_t pid = readers.of[who].pid;
		struct policy_answer said, again;
		struct reply reply;
		uint64_t fh;
		int done;

		if (i % readers.count == 0) {
			put_any_consumer(rig, &seed);
			put_any_grant(rig, &seed);
		}
		said = check(rig, pid, NULL);
		engine_denies(rig, 'c');
		again = check(rig, pid, NULL);
		assert_int_equal(again.errnum, said.errnum);
		assert_int_equal(again.rule, said.rule);
		seen[said.rule]++;
		done = open_now(rig, pid, readers.of[who].uid, &fh);
		if (done != said.errnum)
			fail_msg("situation %u, reader %zu: said %d (%s), done %d", i, who,
				said.errnum, policy_rule_word(said.rule), done);
		if (!done)
			must_ok(rig_release(rig, rig_by(pid, 0, rig->file), fh, &reply));
	}
	/* All of it was met, or this says nothing. */
	for (enum policy_rule rule = 0; rule < RULES; rule++)
		print_message("%s %u\n", policy_rule_word(rule), seen[rule]);
	assert_true(seen[RULE_CONSUMER] && seen[RULE_NOT_GRANTED] && seen[RULE_NOT_CONTAINER]);
	assert_true(seen[RULE_OTHER_CONSUMER] && seen[RULE_UNIDENTIFIED] && seen[RULE_EXPIRED]);
	assert_true(seen[RULE_USED_UP] && seen[RULE_FROZEN] && seen[RULE_MODE]);
	assert_true(seen[RULE_NOT_MAIN] || readers.count < 9);
	assert_true(seen[RULE_UNKNOWN]);
	release(rig, &readers);
}

/* What is supposed: a container by its id, or nobody in particular. Owner, mode and process fit. */
static void what_is_supposed_is_decided_by_what_is_known(void **state)
{
	struct rig *rig = rig_of(state);
	char id[3][CONTAINER_ID_LENGTH + 1] = { { 0 } };
	static const struct {
		uint16_t mode, flags;
		uint32_t reads;
		bool expired, frozen;
		const char *rules[2];
		enum policy_rule web, other, stranger, nobody;
	} rows[] = {
		{ 0400, 0, 0, false, false, { NULL }, RULE_CONSUMER, RULE_OTHER_CONSUMER,
			RULE_UNIDENTIFIED, RULE_CONSUMER },
		{ 0, GRANT_MAIN_PROCESS, 0, false, false, { NULL }, RULE_CONSUMER,
			RULE_OTHER_CONSUMER, RULE_UNIDENTIFIED, RULE_CONSUMER },
		{ 0400, 0, 0, true, false, { NULL }, RULE_EXPIRED, RULE_OTHER_CONSUMER,
			RULE_UNIDENTIFIED, RULE_EXPIRED },
		{ 0400, 0, 0, false, true, { NULL }, RULE_FROZEN, RULE_OTHER_CONSUMER,
			RULE_UNIDENTIFIED, RULE_FROZEN },
		{ 0400, 0, 1, false, false, { NULL }, RULE_USED_UP, RULE_OTHER_CONSUMER,
			RULE_UNIDENTIFIED, RULE_CONSUMER },
		{ 0400, 0, 2, false, false, { NULL }, RULE_CONSUMER, RULE_OTHER_CONSUMER,
			RULE_UNIDENTIFIED, RULE_CONSUMER },
		{ 0400, 0, 0, false, false, { "image=caddy" }, RULE_OTHER_CONSUMER,
			RULE_OTHER_CONSUMER, RULE_UNIDENTIFIED, RULE_CONSUMER },
	};
	struct err err;

	for (size_t i = 0; i < 3; i++)
		memset(id[i], "abc"[i], CONTAINER_ID_LENGTH);
	engine_names(rig, 'a', "shop/web");
	engine_names(rig, 'b', "shop/db");
	model_write_lock(rig->model);
	must(grant_count(model_grant_by_id(rig->model, rig->grant.id), id[0], 1, &err));
	model_unlock(rig->model);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *const rules[] = { rows[i].rules[0], NULL };
		struct consumer_record record = rig_bind(rig, RIG_CONSUMER, rules);

		print_message("row %zu\n", i);
		record.frozen_ns = rows[i].frozen;
		rig_put_consumer(rig, &record);
		rig->grant.mode = rows[i].mode;
		rig->grant.uid = i ? GRANT_READER : 1234;
		rig->grant.flags = rows[i].flags;
		rig->grant.expires_ns = rows[i].expired;
		rig->grant.reads = rows[i].reads;
		rig_put_grant(rig, &rig->grant);
		assert_int_equal(check(rig, 0, id[0]).rule, rows[i].web);
		assert_int_equal(check(rig, 0, id[1]).rule, rows[i].other);
		assert_int_equal(check(rig, 0, id[2]).rule, rows[i].stranger);
		assert_int_equal(check(rig, 0, NULL).rule, rows[i].nobody);
	}
	/* A consumer that is no container: none of them is it, and whoever is it may. */
	{
		struct grant_record user = rig_grant(rig, "user/1000", "file");
		uint64_t node = rig_node(rig, "user/1000/file");
		char name[VAULT_USER_MAX + 1];

		rig_put_grant(rig, &user);
		assert_int_equal(check_file(rig, node, 0, id[0], name).rule, RULE_OTHER_CONSUMER);
		assert_int_equal(check_file(rig, node, 0, NULL, name).rule, RULE_CONSUMER);
	}
}

/* What the reader is called, when it is somebody. */
static void a_reader_is_named(void **state)
{
	struct rig *rig = rig_of(state);
	char user[VAULT_USER_MAX + 1], id[CONTAINER_ID_LENGTH + 1] = { 0 };

	memset(id, 'a', CONTAINER_ID_LENGTH);
	engine_names(rig, 'a', "shop/web");
	check_file(rig, rig->file, rig->web, NULL, user);
	assert_string_equal(user, "container/shop-web-1 aaaaaaaaaaaa");
	check_file(rig, rig->file, 0, id, user);
	assert_string_equal(user, "container/shop-web-1 aaaaaaaaaaaa");
	check_file(rig, rig->file, rig->other, NULL, user);
	assert_string_equal(user, "container bbbbbbbbbbbb");
	check_file(rig, rig->file, rig->host, NULL, user);
	assert_true(!strncmp(user, "unit/", 5) || !strcmp(user, "user/0"));
	check_file(rig, rig->file, INT32_MAX, NULL, user);
	assert_string_equal(user, "");
	check_file(rig, rig->file, 0, NULL, user);
	assert_string_equal(user, "");
}

/* It is asked in the thread that counts: it neither waits nor counts, and asks the engine. */
static void to_check_counts_nothing_and_does_not_wait(void **state)
{
	struct rig *rig = rig_of(state);
	char id[CONTAINER_ID_LENGTH + 1];

	give_reads(rig, 1);
	assert_int_equal(check(rig, rig->web, NULL).rule, RULE_UNIDENTIFIED);
	assert_true(containers_next_question(rig->containers, id));
	engine_names(rig, 'a', "shop/web");
	for (int i = 0; i < 3; i++)
		assert_int_equal(check(rig, rig->web, NULL).errnum, 0);
	assert_int_equal(used_by(rig, 'a'), 0);
	assert_int_equal(server_parked(rig->server), 0);
	assert_int_equal(server_open_handles(rig->server), 0);
	assert_false(grant_use_changed(rig->model, model_grant_by_id(rig->model, rig->grant.id)));
	expect_no_count(rig);
}

#define with_engine(test) cmocka_unit_test_setup_teardown(test, rig_set_up_engine, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_engine(what_is_said_is_what_is_done),
		with_engine(what_is_supposed_is_decided_by_what_is_known),
		with_engine(a_reader_is_named),
		with_engine(to_check_counts_nothing_and_does_not_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
