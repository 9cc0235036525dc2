/* SPDX-License-Identifier: Apache-2.0 */
/* `tacit status` says by whose word readers are known, how weak that is, what needs a hand, and how
 * each secret is. */
#include "tests/unit/cli/fake_agent.h"

#include <pty.h>
#include <sys/ioctl.h>
#include <time.h>

#include "cli/status.h"

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

static void run_with(struct ran *ran, const char *text, const char *secrets, const char *option)
{
	const struct canned canned[] = {
		{ "GET /v1/status", FAKE_TEXT, 200, text, NULL, NULL },
		{ "GET /v1/secrets", FAKE_TEXT, 200, secrets, NULL, NULL },
		{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
	};
	struct fake_agent agent;

	fake_start(&agent, canned);
	run_tacit(&agent, ran, NULL, "status", option, NULL);
	fake_stop(&agent);
	assert_string_equal(ran->err, "");
	assert_int_equal(ran->exit, 0);
}

static void run_status(struct ran *ran, const char *text, const char *option)
{
	run_with(ran, text, "[]", option);
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
		",\"rotations\":{\"failing\":7,\"overdue\":null},\"hooks\":{\"failing\":{}}",
		",\"keys\":7,\"audit\":[],\"integrity\":\"x\"",
		",\"keys\":{\"slots\":{},\"recovery\":7}",
		",\"audit\":{\"mode\":7},\"integrity\":{\"damages\":\"x\"}" };

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

#define KEYS(slots, recovery, trouble, waits)                                                      \
	",\"keys\":{\"slots\":" slots ",\"recovery\":" recovery ",\"trouble\":" trouble            \
	",\"waits_after_reboot\":" waits "}"
#define AUDIT(mode, blocked, reason, queue, lost)                                                  \
	",\"audit\":{\"mode\":\"" mode "\",\"open\":true,\"blocked\":" blocked                     \
	",\"reason\":" reason ",\"written\":12,\"queue\":" queue ",\"lost\":" lost                 \
	",\"failures\":0}"
#define INTEGRITY(damages, anchor, why)                                                            \
	",\"integrity\":{\"generation\":41,\"damages\":" damages ",\"anchor\":\"" anchor           \
	"\",\"read_only\":" why "}"

/* Without times: what nobody rotates, what is due, what fails, what is at work. */
#define SECRETS                                                                                    \
	"[{\"name\":\"api/token\",\"version\":3,\"schedule\":null},"                               \
	"{\"name\":\"late\",\"version\":7,\"schedule\":{\"state\":\"overdue\"}},"                  \
	"{\"name\":\"asked\",\"version\":1,\"schedule\":{\"state\":\"waiting\",\"next_at\":null}}" \
	","                                                                                        \
	"{\"name\":\"busy\",\"version\":2,\"schedule\":{\"state\":\"running\"}},"                  \
	"{\"name\":\"db\",\"version\":12,\"schedule\":{\"state\":\"failing\"},\"last_reader\":"    \
	"\"compose/shop/web 4f5e\\u001b[0m\"}]"

static void test_a_sound_agent_has_no_advice(void **state)
{
	struct ran ran;

	(void)state;
	run_with(&ran,
		STATUS(KEYS("3", "true", "null", "false") AUDIT(
			"required", "false", "null", "0", "0") INTEGRITY("0", "ok", "null")),
		SECRETS, NULL);
	assert_golden(&ran, "status-secrets.txt");
	run_with(&ran, STATUS(INTEGRITY("0", "ok", "null")), SECRETS, "--all");
	assert_contains(ran.out, "  api/token");
	/* There is no store to have slots. */
	run_status(&ran, STATUS(KEYS("0", "false", "null", "true")), NULL);
	assert_null(strstr(ran.out, "recovery"));
	assert_null(strstr(ran.out, "reboot"));
	run_with(&ran, STATUS(INTEGRITY("0", "ok", "null")), SECRETS, "--quiet");
	assert_string_equal(ran.out, "serving\n");
}

static void test_what_to_do_is_said_last(void **state)
{
	struct ran ran;

	(void)state;
	run_status(&ran,
		STATUS(KEYS("1", "false", "\"slot 1 is damaged\"", "true")
				AUDIT("best-effort", "true", "\"no space left\"", "40", "2")
					INTEGRITY("3", "behind", "\"3 records are damaged\"")),
		NULL);
	assert_golden(&ran, "status-advice.txt");
}

static void test_one_advice_is_enough(void **state)
{
	static const struct {
		const char *text, *said;
	} rows[] = {
		{ "{\"state\":\"locked\",\"reason\":\"there is no store: 'tacit store create' "
		  "makes "
		  "one\",\"keys\":{\"slots\":0,\"recovery\":false,\"waits_after_reboot\":true}}",
			"tacit is locked: there is no store: 'tacit store create' makes one\n" },
		{ "{\"state\":\"locked\",\"reason\":\"by an operator\"}",
			"tacit is locked: by an operator; run 'tacit unlock'\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct canned canned[] = {
			{ "GET /v1/status", FAKE_TEXT, 200, rows[i].text, NULL, NULL },
			{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
		};
		struct fake_agent agent;
		struct ran ran;

		fake_start(&agent, canned);
		run_tacit(&agent, &ran, NULL, "status", NULL);
		fake_stop(&agent);
		assert_int_equal(ran.exit, TACIT_EXIT_LOCKED);
		assert_string_equal(ran.out, rows[i].said);
		assert_string_equal(ran.err, "");
	}
}

/* A time so long from now, as the API has it. */
static const char *time_text(long seconds, char text[32])
{
	time_t when = time(NULL) + seconds;

	strftime(text, 32, "%Y-%m-%dT%H:%M:%S.5Z", gmtime(&when));
	return text;
}

static void test_times_are_said_shortly(void **state)
{
	char text[1024], rotated[32], next[32], read[32], sooner[32];
	struct ran ran;

	(void)state;
	snprintf(text, sizeof text,
		"[{\"name\":\"db\",\"version\":2,\"rotated_at\":\"%s\",\"last_read_at\":\"%s\","
		"\"last_reader\":\"container/web 4f5e\",\"schedule\":{\"state\":\"waiting\","
		"\"next_at\":\"%s\"}},{\"name\":\"zz\",\"version\":1,\"schedule\":{\"state\":"
		"\"waiting\",\"next_at\":\"%s\"}}]",
		time_text(-40 * 86400, rotated), time_text(-7300, read),
		time_text(3 * 86400 + 60, next), time_text(2 * 86400 + 60, sooner));
	run_with(&ran, STATUS(""), text, NULL);
	assert_contains(ran.out, "  db     2         40d   in 3d           container/web 4f5e, 2 "
				 "hours ago\n");
	assert_contains(ran.out, "  zz     1         -     in 2d           -\n");
	assert_true(strstr(ran.out, "  zz ") < strstr(ran.out, "  db "));
}

/* What `secrets` look like on a terminal of so many lines. */
static void on_terminal(const json_t *secrets, const json_t *status, unsigned short lines, bool all,
	char text[16384])
{
	struct winsize size = { .ws_row = lines, .ws_col = 80 };
	size_t length = 0;
	ssize_t got;
	int kernel;
	pid_t pid = forkpty(&kernel, NULL, NULL, &size);

	assert_true(pid >= 0);
	if (!pid) {
		setenv("TERM", "xterm", 1);
		unsetenv("NO_COLOR");
		status_print_secrets(secrets, status, all);
		fflush(stdout);
		_exit(0);
	}
	while ((got = read(kernel, text + length, 16383 - length)) > 0)
		length += (size_t)got;
	text[length] = '\0';
	close(kernel);
	waitpid(pid, NULL, 0);
}

static size_t count_lines(const char *text)
{
	size_t count = 0;

	for (; (text = strchr(text, '\n')); text++)
		count++;
	return count;
}

static void test_a_terminal_is_not_overrun(void **state)
{
	_json_ json_t *secrets = json_array();
	_json_ json_t *status = json_pack("{s:{s:[{},{}]}}", "hooks", "failing");
	char text[16384];

	(void)state;
	for (int i = 0; i < 60; i++) {
		char name[16];

		snprintf(name, sizeof name, "s%02d", i);
		json_array_append_new(
			secrets, json_pack("{s:s,s:i,s:{s:s}}", "name", name, "version", 1,
					 "schedule", "state", i < 58 ? "waiting" : "failing"));
	}
	on_terminal(secrets, NULL, 40, false, text);
	assert_int_equal(count_lines(text), 2 + 21 + 1);
	assert_contains(text, "  and 39 more; 'tacit status --all' shows them");
	assert_contains(text, "s58");
	assert_contains(text, "\033[31mfailing\033[0m");
	on_terminal(secrets, status, 40, false, text);
	assert_int_equal(count_lines(text), 2 + 21 - 5 + 1);
	on_terminal(secrets, NULL, 40, true, text);
	assert_int_equal(count_lines(text), 2 + 60);
	on_terminal(secrets, NULL, 3, false, text);
	assert_int_equal(count_lines(text), 2 + 5 + 1);
	/* What needs a hand is shown, however many there are. */
	for (size_t i = 0; i < 60; i++)
		json_object_set_new(json_object_get(json_array_get(secrets, i), "schedule"),
			"state", json_string("overdue"));
	on_terminal(secrets, NULL, 3, false, text);
	assert_int_equal(count_lines(text), 2 + 60);
}

static void test_a_list_that_is_none_is_no_crash(void **state)
{
	static const char *const lists[] = { "[]", "{}", "[7]", "[{}]",
		"[{\"name\":7,\"version\":\"x\",\"schedule\":[]}]",
		"[{\"name\":\"a\",\"rotated_at\":\"tomorrow\",\"last_read_at\":\"x\"}]" };

	(void)state;
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
		struct ran ran;

		run_with(&ran, STATUS(""), lists[i], NULL);
		assert_contains(ran.out, "tacit is serving");
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
		cmocka_unit_test(test_a_sound_agent_has_no_advice),
		cmocka_unit_test(test_what_to_do_is_said_last),
		cmocka_unit_test(test_one_advice_is_enough),
		cmocka_unit_test(test_times_are_said_shortly),
		cmocka_unit_test(test_a_terminal_is_not_overrun),
		cmocka_unit_test(test_a_list_that_is_none_is_no_crash),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
