/* SPDX-License-Identifier: Apache-2.0 */
/* `tacit repair` with engines that are scripts of the test: what they are asked, which containers
 * they are told to restart, and what is said about it. */
#include "tests/unit/cli/fake_agent.h"

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define ID_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

#define CONTAINER(id, name, running, code)                                                         \
	"{\"Id\":\"" id "\",\"Name\":\"" name "\",\"Mounts\":[{\"Source\":"                        \
	"\"/run/tacit/compose/shop/web/x\"}],\"State\":{\"Running\":" running                      \
	",\"ExitCode\":" code ",\"Error\":\"\"}}"

#define STATUS(state, containers)                                                                  \
	"{\"state\":\"" state "\",\"mount\":\"/run/tacit\",\"containers\":[" containers "]}"

static const struct canned serving[] = {
	{ "GET /v1/status", FAKE_TEXT, 200,
		STATUS("serving", "{\"container\":\"docker bbbbbbbbbbbb\",\"consumer\":\"x\","
				  "\"mount\":\"stale\"}"),
		NULL, NULL },
	{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
};

static const struct canned calm[] = {
	{ "GET /v1/status", FAKE_TEXT, 200, STATUS("serving", ""), NULL, NULL },
	{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
};

static const struct canned locked[] = {
	{ "GET /v1/status", FAKE_TEXT, 200, STATUS("locked", ""), NULL, NULL },
	{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
};

/* docker: ids and inspect from files, `restart` of ID_C fails; all words are written down. */
static void make_docker(const struct fake_agent *agent)
{
	char path[PATH_FULL_MAX];

	fake_path(agent, "bin", path);
	mkdir(path, 0755);
	setenv("PATH", path, 1);
	fake_write(agent, "bin/docker",
		"#!/bin/sh\n"
		"echo \"$@\" >>\"$TACIT_ROOT/words\"\n"
		"case $1 in\n"
		"ps) while read -r id; do echo \"$id\"; done <\"$TACIT_ROOT/ids\" ;;\n"
		"inspect) while read -r line; do echo \"$line\"; done <\"$TACIT_ROOT/inspect\" ;;\n"
		"restart) [ \"$2\" != " ID_C " ] || { echo 'no \033[31msuch network' >&2; exit 1; "
		"} ;;\n"
		"esac\n");
	fake_write(agent, "ids", ID_A "\n" ID_B "\nnot-an-id\n");
	fake_write(agent, "inspect",
		"[" CONTAINER(ID_A, "/shop_web_1", "false", "127") "," CONTAINER(
			ID_B, "b", "true", "0") "]\n");
}

static void finish(struct fake_agent *agent, const char *path)
{
	setenv("PATH", path, 1);
	fake_stop(agent);
}

static void test_failed_and_stale_are_restarted(void **state)
{
	char *before = strdup(getenv("PATH")), words[4096];
	struct fake_agent agent;
	struct ran ran;

	(void)state;
	fake_start(&agent, serving);
	make_docker(&agent);
	run_tacit(&agent, &ran, NULL, "repair", NULL);
	assert_string_equal(ran.out,
		"docker shop_web_1 (aaaaaaaaaaaa): restarted; it had exited with 127\n"
		"docker b (bbbbbbbbbbbb): restarted; it held the mount of an agent that is gone\n");
	assert_string_equal(ran.err, "");
	assert_int_equal(ran.exit, 0);
	fake_read(&agent, "words", words, sizeof words);
	assert_string_equal(words, "ps -aq --no-trunc\ninspect " ID_A " " ID_B "\nrestart " ID_A
				   "\nrestart " ID_B "\n");
	finish(&agent, before);
	free(before);
}

static void test_dry_run_only_lists(void **state)
{
	char *before = strdup(getenv("PATH")), words[4096];
	struct fake_agent agent;
	struct ran ran;

	(void)state;
	fake_start(&agent, serving);
	make_docker(&agent);
	run_tacit(&agent, &ran, NULL, "repair", "--dry-run", "--json", NULL);
	assert_golden(&ran, "repair-dry-run.json");
	assert_int_equal(ran.exit, 0);
	fake_read(&agent, "words", words, sizeof words);
	assert_null(strstr(words, "restart"));
	run_tacit(&agent, &ran, NULL, "status", "--engines", NULL);
	assert_contains(ran.out, "1 container with secrets has stopped; run 'tacit repair'\n");
	finish(&agent, before);
	free(before);
}

static void test_a_failed_restart_is_exit_1(void **state)
{
	char *before = strdup(getenv("PATH"));
	struct fake_agent agent;
	struct ran ran;

	(void)state;
	fake_start(&agent, calm);
	make_docker(&agent);
	fake_write(&agent, "inspect",
		"[" CONTAINER(ID_C, "c", "false", "1") "," CONTAINER(
			ID_A, "a", "false", "2") "]\n");
	run_tacit(&agent, &ran, NULL, "repair", NULL);
	assert_string_equal(ran.out,
		"docker c (cccccccccccc): could not be restarted; it had exited with 1: docker: no "
		"?[31msuch network\n"
		"docker a (aaaaaaaaaaaa): restarted; it had exited with 2\n");
	assert_int_equal(ran.exit, TACIT_EXIT_FAILED);
	finish(&agent, before);
	free(before);
}

static void test_a_stale_one_that_no_engine_knows_is_exit_1(void **state)
{
	char *before = strdup(getenv("PATH"));
	struct fake_agent agent;
	struct ran ran;

	(void)state;
	fake_start(&agent, serving);
	make_docker(&agent);
	fake_write(&agent, "ids", "");
	run_tacit(&agent, &ran, NULL, "repair", NULL);
	assert_string_equal(ran.out, "container bbbbbbbbbbbb: not found; it held the mount of an "
				     "agent that is gone\n");
	assert_int_equal(ran.exit, TACIT_EXIT_FAILED);
	finish(&agent, before);
	free(before);
}

static void test_nothing_to_do_says_so(void **state)
{
	char *before = strdup(getenv("PATH"));
	struct fake_agent agent;
	struct ran ran;

	(void)state;
	fake_start(&agent, calm);
	make_docker(&agent);
	fake_write(&agent, "inspect", "[" CONTAINER(ID_A, "a", "true", "0") "]\n");
	run_tacit(&agent, &ran, NULL, "repair", NULL);
	assert_string_equal(ran.out, "nothing to repair\n");
	assert_string_equal(ran.err, "");
	assert_int_equal(ran.exit, 0);
	finish(&agent, before);
	free(before);
}

static void test_an_engine_that_fails_is_a_note(void **state)
{
	char *before = strdup(getenv("PATH"));
	struct fake_agent agent;
	struct ran ran;

	(void)state;
	fake_start(&agent, calm);
	make_docker(&agent);
	fake_write(&agent, "bin/docker", "#!/bin/sh\necho 'no daemon' >&2\nexit 1\n");
	fake_write(&agent, "bin/podman", "#!/bin/sh\necho " ID_A "\n");
	run_tacit(&agent, &ran, NULL, "repair", NULL);
	assert_string_equal(ran.out, "nothing to repair\n");
	assert_string_equal(ran.err,
		"tacit: note: docker: no daemon; its containers were not looked at\n"
		"tacit: note: podman: inspect printed no list; its containers were not looked "
		"at\n");
	assert_int_equal(ran.exit, 0);
	finish(&agent, before);
	free(before);
}

static void test_a_locked_agent_is_unlocked_first(void **state)
{
	char *before = strdup(getenv("PATH"));
	struct fake_agent agent;
	struct ran ran;

	(void)state;
	fake_start(&agent, locked);
	make_docker(&agent);
	run_tacit(&agent, &ran, NULL, "repair", NULL);
	assert_contains(ran.err, "run 'tacit unlock' first");
	assert_int_equal(ran.exit, TACIT_EXIT_LOCKED);
	assert_string_equal(ran.out, "");
	finish(&agent, before);
	free(before);
}

static int start(void **state)
{
	(void)state;
	return seal_start(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_failed_and_stale_are_restarted),
		cmocka_unit_test(test_dry_run_only_lists),
		cmocka_unit_test(test_a_failed_restart_is_exit_1),
		cmocka_unit_test(test_a_stale_one_that_no_engine_knows_is_exit_1),
		cmocka_unit_test(test_nothing_to_do_says_so),
		cmocka_unit_test(test_an_engine_that_fails_is_a_note),
		cmocka_unit_test(test_a_locked_agent_is_unlocked_first),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
