/* SPDX-License-Identifier: Apache-2.0 */
/* Runs in the registry: who is taken for one, how it ends, and that nobody's word makes or ends one
 * but an operator's. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "containers_fixture.h"

#define WEB "compose/shop/web"

/* A process that does nothing until it is ended. */
static pid_t runner_start(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid)
		for (;;)
			pause();
	return pid;
}

static void runner_end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static int begin(
	struct containers *containers, unsigned int number, const char *consumer, pid_t runner)
{
	struct containers_run run = { .runner = runner };

	id_of(number, run.id);
	snprintf(run.consumer, sizeof run.consumer, "%s", consumer);
	return containers_run_begin(containers, &run, NULL);
}

static bool end(struct containers *containers, unsigned int number)
{
	char id[CONTAINER_ID_LENGTH + 1];

	id_of(number, id);
	return containers_run_end(containers, id);
}

static enum standing stands_as_run(
	struct containers *containers, unsigned int number, uint64_t cgroup)
{
	struct reader reader = reader_of(number, cgroup);

	reader.run = true;
	return containers_standing(containers, &reader, true);
}

/* The facts of the next thing to write down; NULL: a removal. The caller's. */
static struct container_facts *next_change(struct containers *containers, unsigned int number)
{
	char id[CONTAINER_ID_LENGTH + 1], expected[CONTAINER_ID_LENGTH + 1];
	struct container_facts *facts;

	id_of(number, expected);
	assert_true(containers_next_change(containers, id, &facts));
	assert_string_equal(id, expected);
	return facts;
}

static bool asks(struct containers *containers)
{
	char id[CONTAINER_ID_LENGTH + 1];

	return containers_next_question(containers, id);
}

static void it_stands_in_the_cgroup_it_was_first_seen_in(void **state)
{
	assert_int_equal(stands_as_run(*state, 1, 7), STANDING_NOBODY);
	assert_int_equal(begin(*state, 1, WEB, getpid()), 0);
	assert_int_equal(stands_as_run(*state, 1, 7), STANDING_KNOWN);
	assert_int_equal(stands_as_run(*state, 1, 8), STANDING_NOBODY);
	assert_int_equal(stands_as_run(*state, 2, 7), STANDING_NOBODY);
	assert_int_equal(stands_as_run(*state, 1, 7), STANDING_KNOWN);
	assert_true(end(*state, 1));
	assert_int_equal(stands_as_run(*state, 1, 7), STANDING_NOBODY);
	assert_false(end(*state, 1));
	assert_false(asks(*state));
}

/* With a path of an engine's the id of a run is nobody's, and a container's id in a run's path. */
static void a_run_is_no_container_and_a_container_no_run(void **state)
{
	int silent[2];

	/* Who takes 0 for a runner's descriptor finds one that lives. */
	assert_int_equal(pipe(silent), 0);
	assert_int_equal(dup2(silent[0], 0), 0);
	assert_int_equal(begin(*state, 1, WEB, getpid()), 0);
	assert_int_equal(opens(*state, 1, 7), STANDING_NOBODY);
	containers_engine(*state, 0, CONTAINERS_SYNCED);
	came(*state, 2, CONTAINER_RUNNING);
	assert_int_equal(stands_as_run(*state, 2, 7), STANDING_NOBODY);
	assert_int_equal(opens(*state, 2, 7), STANDING_KNOWN);
	assert_false(asks(*state));
	assert_int_equal(begin(*state, 2, WEB, getpid()), -TACIT_EXISTS);
	assert_int_equal(begin(*state, 1, WEB, getpid()), -TACIT_EXISTS);
	assert_false(end(*state, 2));
}

static void see_consumer(void *arg, const struct container_facts *facts, enum container_state state)
{
	const char *consumer = container_run_consumer(facts);

	assert_int_equal(state, CONTAINER_RUNNING);
	snprintf(arg, 64, "%s", consumer ? consumer : "none");
}

/* Whatever engines say, and however often they are lost. */
static void no_engine_is_believed(void **state)
{
	char id[CONTAINER_ID_LENGTH + 1], consumer[64] = "";

	id_of(1, id);
	assert_int_equal(begin(*state, 1, WEB, getpid()), 0);
	assert_int_equal(stands_as_run(*state, 1, 7), STANDING_KNOWN);
	came(*state, 1, CONTAINER_ENDED);
	went(*state, 1, false);
	went(*state, 1, true);
	containers_unknown(*state, id);
	containers_engine(*state, 0, CONTAINERS_LISTING);
	containers_engine(*state, 0, CONTAINERS_SYNCED);
	containers_engines_lost(*state);
	containers_ask_again(*state);
	assert_int_equal(stands_as_run(*state, 1, 7), STANDING_KNOWN);
	assert_true(containers_visit(*state, id, see_consumer, consumer));
	assert_string_equal(consumer, WEB);
}

static void without_engines_it_is_as_strong(void **state)
{
	struct containers *containers = with_engines(0);

	(void)state;
	assert_int_equal(stands_as_run(containers, 1, 7), STANDING_NOBODY);
	assert_int_equal(begin(containers, 1, WEB, getpid()), 0);
	assert_int_equal(stands_as_run(containers, 1, 7), STANDING_KNOWN);
	assert_int_equal(stands_as_run(containers, 2, 7), STANDING_NOBODY);
	containers_free(containers);
}

/* At once, although nobody has said that it ended. */
static void it_ends_with_its_runner(void **state)
{
	pid_t runner = runner_start();

	assert_int_equal(begin(*state, 1, WEB, runner), 0);
	containers_runs_look(*state);
	assert_int_equal(stands_as_run(*state, 1, 7), STANDING_KNOWN);
	runner_end(runner);
	assert_int_equal(stands_as_run(*state, 1, 7), STANDING_NOBODY);
	assert_true(is_known(*state, 1));
	containers_runs_look(*state);
	assert_false(is_known(*state, 1));
	assert_int_equal(begin(*state, 1, WEB, runner), -TACIT_NOT_FOUND);
	assert_int_equal(begin(*state, 1, WEB, 0), -TACIT_NOT_FOUND);
	assert_int_equal(begin(*state, 1, WEB, -1), -TACIT_NOT_FOUND);
}

/* What an engine would call it, for `self` and for people. */
static void its_names_are_its_consumers(void **state)
{
	static const struct {
		const char *consumer, *name, *project, *service;
	} rows[] = {
		{ WEB, "", "shop", "web" },
		{ "container/web", "web", "", "" },
		{ "unit/web.service", "", "", "" },
		{ "user/1000", "", "", "" },
	};

	for (unsigned int i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct container_facts *facts;

		assert_int_equal(begin(*state, i, rows[i].consumer, getpid()), 0);
		facts = next_change(*state, i);
		assert_int_equal(container_facts_check(facts, NULL), 0);
		assert_int_equal(facts->engine, CONTAINER_OF_RUN);
		assert_string_equal(container_run_consumer(facts), rows[i].consumer);
		assert_string_equal(facts->name, rows[i].name);
		assert_string_equal(facts->project, rows[i].project);
		assert_string_equal(facts->service, rows[i].service);
		free(facts);
	}
}

/* What is written down is the run again, for the next core, while its runner is that process. */
static void it_is_kept_while_its_runner_lives(void **state)
{
	struct containers *next = with_engines(2), *later = with_engines(0);
	pid_t runner = runner_start();
	struct container_facts *facts;

	assert_int_equal(begin(*state, 1, WEB, runner), 0);
	facts = next_change(*state, 1);
	assert_non_null(facts);
	containers_keep(next, facts);
	assert_int_equal(stands_as_run(next, 1, 7), STANDING_KNOWN);
	came(next, 1, CONTAINER_ENDED);
	assert_int_equal(stands_as_run(next, 1, 7), STANDING_KNOWN);
	runner_end(runner);
	assert_int_equal(stands_as_run(next, 1, 7), STANDING_NOBODY);
	containers_keep(later, facts);
	assert_false(is_known(later, 1));
	assert_null(next_change(later, 1));
	free(facts);
	containers_free(next);
	containers_free(later);
}

/* What keeps a run: this process, and when it began. */
static void own_start(char text[64])
{
	uint64_t process, start;

	assert_true(identity_process(getpid(), &process, &start));
	snprintf(text, 64, "start=%llu", (unsigned long long)start);
}

/* The number of a process that has ended is another's; and nobody is no consumer. */
static void what_is_kept_is_doubted(void **state)
{
	char start[64];
	const struct {
		const char *consumer, *start;
		bool is_kept;
	} rows[] = {
		{ "consumer=" WEB, start, true },
		{ "consumer=" WEB, "start=1", false },
		{ "consumer=" WEB, "start=", false },
		{ "consumer=" WEB, "start=x", false },
		{ "consumer=" WEB, "other=1", false },
		{ "name=web", start, false },
	};

	own_start(start);
	for (unsigned int i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct container_facts facts = { .engine = CONTAINER_OF_RUN };
		int length = snprintf(facts.labels, sizeof facts.labels, "%s%crunner=%d%c%s",
			rows[i].consumer, 0, getpid(), 0, rows[i].start);

		id_of(i, facts.id);
		facts.labels_length = (uint32_t)length + 1;
		containers_keep(*state, &facts);
		assert_int_equal(is_known(*state, i), rows[i].is_kept);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_two_engines(it_stands_in_the_cgroup_it_was_first_seen_in),
		with_two_engines(a_run_is_no_container_and_a_container_no_run),
		with_two_engines(no_engine_is_believed),
		cmocka_unit_test(without_engines_it_is_as_strong),
		with_two_engines(it_ends_with_its_runner),
		with_two_engines(its_names_are_its_consumers),
		with_two_engines(it_is_kept_while_its_runner_lives),
		with_two_engines(what_is_kept_is_doubted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
