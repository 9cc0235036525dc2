/* SPDX-License-Identifier: Apache-2.0 */
/* `tacit status` says by whose word readers are known, how weak that is, and what needs a hand. */
#include "tests/unit/cli/fake_agent.h"

#define STATUS(more)                                                                               \
	"{\"state\":\"serving\",\"reason\":null,\"version\":\"0.1.0\",\"mount\":\"/run/tacit\","   \
	"\"store\":\"/var/lib/tacit\",\"key_file\":\"/etc/tacit/key\",\"serving_since\":null,"     \
	"\"secrets\":1,\"grants\":1,\"consumers\":1,\"open_handles\":0,\"core_starts\":1,"         \
	"\"memory_locked\":true,\"containers\":[]" more "}"
#define ENGINES                                                                                    \
	",\"identity\":\"engines\",\"engines\":[{\"socket\":\"/run/docker.sock\",\"state\":"       \
	"\"synced\"},{\"socket\":\"/run/user/1000/podman/podman.sock\",\"state\":\"listing\"},"    \
	"{\"socket\":\"/run/podman/podman.sock\",\"state\":\"down\"}],\"known_containers\":12"
#define PARKED(now, total, refused)                                                                \
	",\"parked\":{\"now\":" now ",\"total\":" total ",\"mean_us\":812,\"longest_us\":12411,"   \
	"\"refused\":" refused "}"

static void run_status(struct ran *ran, const char *text, const char *option)
{
	const struct canned canned[] = {
		{ "GET /v1/status", FAKE_TEXT, 200, text, NULL, NULL },
		{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
	};
	struct fake_agent agent;

	fake_start(&agent, canned);
	run_tacit(&agent, ran, NULL, "status", option, NULL);
	fake_stop(&agent);
	assert_string_equal(ran->err, "");
	assert_int_equal(ran->exit, 0);
}

static void test_engines_and_waits_are_shown(void **state)
{
	struct ran ran;

	(void)state;
	run_status(&ran, STATUS(ENGINES PARKED("1", "214", "2")), NULL);
	assert_golden(&ran, "status-engines.txt");
	run_status(&ran, STATUS(ENGINES PARKED("1", "214", "2")), "--json");
	assert_golden(&ran, "status-engines.json");
}

static void test_the_weaker_way_says_so(void **state)
{
	struct ran ran;

	(void)state;
	run_status(&ran,
		STATUS(",\"identity\":\"path-only\",\"engines\":[],\"known_containers\":0" PARKED(
			"0", "0", "0")),
		NULL);
	assert_golden(&ran, "status-path-only.txt");
}

/* Nothing here has a time that would be told as so long ago. */
#define ROTATIONS                                                                                  \
	",\"rotations\":{\"scheduled\":4,\"failing\":[{\"secret\":\"db\",\"step\":\"verify\","     \
	"\"attempts\":3,\"reason\":\"it ended with status 1\",\"last_attempt_at\":null,"           \
	"\"next_attempt_at\":null},{\"secret\":\"a/"                                               \
	"b\",\"step\":\"undo\",\"attempts\":12,\"reason\":"                                        \
	"\"\\u001b[31mit was killed\",\"last_attempt_at\":null,\"next_attempt_at\":"               \
	"\"2020-01-01T00:00:00Z\"}],\"overdue\":[{\"secret\":\"db\",\"since\":null}]}"
#define HOOKS                                                                                      \
	",\"hooks\":{\"pending\":2,\"failing\":[{\"consumer\":\"compose/shop/web\",\"file\":"      \
	"\"tls/cert\",\"on_rotate\":\"signal:HUP\",\"attempts\":8,\"reason\":\"the engine "        \
	"answered "                                                                                \
	"500\"}]}"

static void test_what_needs_a_hand_is_named(void **state)
{
	struct ran ran;

	(void)state;
	run_status(&ran, STATUS(ROTATIONS HOOKS), NULL);
	assert_golden(&ran, "status-failing.txt");
	run_status(&ran, STATUS(ROTATIONS HOOKS), "--json");
	assert_golden(&ran, "status-failing.json");
	run_status(&ran,
		STATUS(",\"rotations\":{\"scheduled\":1,\"failing\":[],\"overdue\":[]},"
		       "\"hooks\":{\"pending\":0,\"failing\":[]}"),
		NULL);
	assert_contains(ran.out, "  rotates   1 secret by itself\n");
	assert_null(strstr(ran.out, "failing"));
	assert_null(strstr(ran.out, "hook"));
}

static void test_an_older_agent_is_no_crash(void **state)
{
	static const char *const members[] = { "", ",\"identity\":7,\"engines\":7,\"parked\":7",
		",\"identity\":\"engines\",\"engines\":[7,{}],\"parked\":{}",
		",\"identity\":\"other\",\"parked\":null", ",\"rotations\":7,\"hooks\":[]",
		",\"rotations\":{\"failing\":7,\"overdue\":null},\"hooks\":{\"failing\":{}}" };

	(void)state;
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
		char text[2048];
		struct ran ran;

		snprintf(text, sizeof text, STATUS("%s"), members[i]);
		run_status(&ran, text, NULL);
		assert_contains(ran.out, "  holds     1 secret, ");
		assert_null(strstr(ran.out, "parked"));
	}
}

static int start(void **state)
{
	(void)state;
	return seal_start(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_engines_and_waits_are_shown),
		cmocka_unit_test(test_the_weaker_way_says_so),
		cmocka_unit_test(test_what_needs_a_hand_is_named),
		cmocka_unit_test(test_an_older_agent_is_no_crash),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
