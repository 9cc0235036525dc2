/* SPDX-License-Identifier: Apache-2.0 */
/* `tacit grant` from end to end: what a grant may be limited by, how limits and readers are shown,
 * and what is said of a decision. */
#include <time.h>

#include "cli/limits.h"
#include "tests/unit/cli/fake_agent.h"

#define PLAIN "\"uid\":null,\"gid\":null,\"mode\":\"0400\""
#define NEVER "\"last_read_at\":null,\"last_reader\":null,\"last_version\":null"
#define GRANT(secret, consumer, file)                                                              \
	"{\"secret\":\"" secret "\",\"consumer\":\"" consumer "\",\"file\":\"" file                \
	"\",\"path\":\"/run/tacit/" consumer "/" file "\",\"newline\":false,"
#define CHECK(allowed, rule, reason, holds)                                                        \
	"{\"allowed\":" allowed ",\"rule\":\"" rule "\",\"reason\":\"" reason "\",\"secret\":"     \
	"\"db_password\",\"consumer\":\"compose/shop/web\",\"file\":\"db_password\",\"reader\":"   \
	"\"container/shop_web_1 4f5e0c1d2a3b\",\"rules\":[{\"rule\":\"image=nginx:1.25\","         \
	"\"holds\":" holds "},{\"rule\":\"compose=shop/web\",\"holds\":true},{\"rule\":"           \
	"\"label=tier=front\",\"holds\":null}]}"
#define QUESTION "GET /v1/grants/check?secret=db_password&consumer=compose%2Fshop%2Fweb"
#define NOT_FOUND "{\"error\":{\"code\":\"not_found\",\"message\":\"there is no such grant\"}}"

static const struct canned canned[] = {
	{ "POST /v1/grants", FAKE_TEXT, 201,
		GRANT("a", "unit/backup.service", "a") PLAIN
		",\"state\":\"live\",\"version\":2,\"reads\":1,\"main_process\":true,\"counted\":[]"
		",\"expires_at\":null," NEVER "}",
		NULL, NULL },
	{ QUESTION, FAKE_TEXT, 200,
		CHECK("true", "granted", "the grant lives and every rule holds", "true"), NULL,
		NULL },
	{ QUESTION "&file=x&container=shop_web_1", FAKE_TEXT, 200,
		CHECK("false", "binding", "a rule of the consumer does not hold.", "false"), NULL,
		NULL },
	{ QUESTION "&pid=4194304", FAKE_TEXT, 200,
		"{\"allowed\":false,\"rule\":\"host\",\"reason\":\"it runs on the host\","
		"\"reader\":null,\"rules\":[]}",
		NULL, NULL },
	{ "GET /v1/grants/check?secret=a&consumer=container%2Fbb", FAKE_TEXT, 200,
		"{\"allowed\":true,\"rule\":\"consumer\",\"reason\":\"the grant lives\","
		"\"reader\":null,\"rules\":[{\"rule\":\"image=x\",\"holds\":null}]}",
		NULL, NULL },
	{ "GET /v1/grants/check?secret=a&consumer=container%2Fcc", FAKE_TEXT, 200,
		"{\"allowed\":true,\"rule\":\"consumer\",\"reason\":\"the grant lives\","
		"\"reader\":null,\"rules\":[]}",
		NULL, NULL },
	{ "GET /v1/grants/check?secret=a&consumer=container%2Fbb&container=none", FAKE_TEXT, 404,
		"{\"error\":{\"code\":\"not_found\",\"message\":\"there is no such container\"}}",
		NULL, NULL },
	{ "GET /v1/grants/check?secret=none&consumer=user%2F0", FAKE_TEXT, 404, NOT_FOUND, NULL,
		NULL },
	{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
};

#define run(ran, requests, ...) run_case(canned, ran, requests, NULL, CASE(__VA_ARGS__))

static void test_limits_are_sent_as_given(void **state)
{
	static const struct {
		const char *words[CASE_WORDS];
		const char *body;
	} rows[] = {
		{ { "grant", "add", "a", "container/bb", "--expires", "1d12h", "-q" },
			"\"expires_in\":129600" },
		{ { "grant", "add", "a", "container/bb", "--expires=2026-12-31T00:00:00Z", "-q" },
			"\"expires_at\":\"2026-12-31T00:00:00Z\"" },
		{ { "grant", "add", "a", "container/bb", "--reads", "1000000", "-q" },
			"\"reads\":1000000" },
		{ { "grant", "add", "a", "container/bb", "--version", "3", "-q" },
			"\"version\":3" },
		{ { "grant", "add", "a", "container/bb", "--newline", "-q" }, "\"newline\":true" },
		{ { "grant", "add", "a", "container/bb", "--main-process", "-q" },
			"\"main_process\":true" },
		{ { "grant", "add", "a", "container/bb", "--as", "x/y", "-q" },
			"\"file\":\"x/y\"" },
		{ { "grant", "add", "a", "container/bb", "--on-rotate", "exec:reload",
			  "--with-previous", "-q" },
			"\"with_previous\":true,\"on_rotate\":\"exec:reload\"" },
		{ { "grant", "add", "a", "container/bb", "--gid", "7", "--newline", "--as", "f",
			  "--expires", "3650d", "--reads", "1", "-q" },
			"\"file\":\"f\",\"newline\":true,\"gid\":7,\"reads\":1,\"expires_in\":"
			"315360000" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char requests[4096], expected[256];
		struct ran ran;

		run_case(canned, &ran, requests, NULL, rows[i].words);
		assert_string_equal(ran.err, "");
		snprintf(expected, sizeof expected,
			"POST /v1/grants {\"secret\":\"a\",\"consumer\":\"container/bb\",%s}\n",
			rows[i].body);
		assert_string_equal(requests, expected);
	}
}

static void test_nothing_is_sent_for_a_bad_line(void **state)
{
	static const struct {
		const char *words[CASE_WORDS];
		const char *error;
	} rows[] = {
		{ { "grant", "add", "a", "container/bb", "--expires", "90" },
			"option '--expires': a duration is numbers with w, d, h, m or s" },
		{ { "grant", "add", "a", "container/bb", "--expires", "3651d" }, "ten years" },
		{ { "grant", "add", "a", "container/bb", "--expires", "0s" }, "at least 1 second" },
		{ { "grant", "add", "a", "container/bb", "--expires", "2026-02-30T00:00:00Z" },
			"takes a time in UTC, as 2026-12-31T00:00:00Z, or a duration, as 2h" },
		{ { "grant", "add", "a", "container/bb", "--expires", "2026-12-31" },
			"takes a time in UTC" },
		{ { "grant", "add", "a", "container/bb", "--expires", "2026-12-31T00:00:00+01:00" },
			"takes a time in UTC" },
		{ { "grant", "add", "a", "container/bb", "--reads", "0" },
			"'--reads' takes a number from 1 to 1000000" },
		{ { "grant", "add", "a", "container/bb", "--reads", "1000001" },
			"'--reads' takes a number from 1 to 1000000" },
		{ { "grant", "add", "a", "container/bb", "--version", "0" }, "takes a number" },
		{ { "grant", "add", "a", "container/bb", "--newline=1" }, "takes no value" },
		{ { "grant", "check", "a b", "container/bb" }, "tacit: grant check: " },
		{ { "grant", "check", "a", "b" }, "a consumer is" },
		{ { "grant", "check", "a", "container/bb", "--as", "x/y/z" }, "grant check a: " },
		{ { "grant", "check", "a/", "container/bb" }, "name a member of it" },
		{ { "grant", "ls", "--secret", "a//" }, "tacit: grant ls: " },
		{ { "grant", "add", "a/", "container/bb", "--as", "x/y" }, "grant add a/: " },
		{ { "grant", "rm", "a/", "container/bb", "--as", "x/y" }, "grant rm a/: " },
		{ { "grant", "add", "/", "container/bb" }, "tacit: grant add: " },
		{ { "grant", "add", "a", "container/bb", "--on-rotate", "signal:KILL" },
			"option '--on-rotate': a signal is HUP" },
		{ { "grant", "add", "a", "container/bb", "--on-rotate", "exec:/bin/sh" },
			"option '--on-rotate': a program's name" },
		{ { "grant", "add", "a", "container/bb", "--on-rotate=reload" },
			"on-rotate is signal:NAME, restart or exec:PROGRAM" },
		{ { "grant", "check", "a", "container/bb", "--pid", "0" },
			"'--pid' takes a number from 1 to 4194304" },
		{ { "grant", "check", "a", "container/bb", "--container", "x y" },
			"takes a container's name or id" },
		{ { "grant", "check", "a", "container/bb", "--container", "x", "--pid", "1" },
			"--pid and --container are two readers; give one of them" },
		{ { "grant", "check", "a" }, "usage: tacit grant check SECRET CONSUMER" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char requests[4096];
		struct ran ran;

		run_case(canned, &ran, requests, NULL, rows[i].words);
		assert_contains(ran.err, rows[i].error);
		assert_int_equal(ran.exit, TACIT_EXIT_USAGE);
		assert_string_equal(ran.out, "");
		assert_string_equal(requests, "");
	}
}

static void test_a_grant_says_its_limits(void **state)
{
	char requests[4096];
	struct ran ran;

	(void)state;
	run(&ran, requests, "grant", "add", "a", "unit/backup.service");
	assert_string_equal(ran.out, "unit/backup.service now reads a (1 read, version 2, pid 1)\n"
				     "\n"
				     "  A_FILE=/run/tacit/unit/backup.service/a\n");
	assert_int_equal(ran.exit, 0);
}

static void test_a_grant_that_exists_is_not_changed(void **state)
{
	static const struct canned exists[] = {
		{ "POST /v1/grants", FAKE_TEXT, 409,
			"{\"error\":{\"code\":\"exists\",\"message\":\"it is granted already\"}}",
			NULL, NULL },
		{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
	};
	struct fake_agent agent;
	struct ran ran;

	(void)state;
	fake_start(&agent, exists);
	run_tacit(&agent, &ran, NULL, "grant", "add", "a", "container/bb", NULL);
	assert_string_equal(ran.err,
		"tacit: grant add a: it is granted already; 'tacit grant rm' takes it back, "
		"'tacit apply' changes it\n");
	assert_int_equal(ran.exit, 1);
	fake_stop(&agent);
}

static void when(long seconds, char text[32])
{
	time_t then = time(NULL) + seconds;
	struct tm parts;

	gmtime_r(&then, &parts);
	strftime(text, 32, "%Y-%m-%dT%H:%M:%S.500Z", &parts);
}

/* Moments are put where they are shown the same for half a minute. */
static void test_the_list_shows_what_matters(void **state)
{
	char soon[32], past[32], hour[32], minutes[32], hours[32], days[32], ahead[32], list[4096];
	struct canned grants[] = {
		{ "GET /v1/grants", FAKE_TEXT, 200, list, NULL, NULL },
		{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
	};
	struct fake_agent agent;
	struct ran ran;

	(void)state;
	when(7 * 86400, soon);
	when(-3 * 3600, past);
	when(-3595, hour);
	when(-125, minutes);
	when(-5 * 3600, hours);
	when(-12 * 86400, days);
	when(60, ahead);
	snprintf(list, sizeof list,
		"[" GRANT("db_password", "compose/shop/web", "db_password") PLAIN
		",\"state\":\"live\",\"last_read_at\":\"%s\",\"last_reader\":\"container/"
		"shop_web_1 4f5e0c1d2a3b\",\"last_version\":3}," GRANT("db_password",
			"compose/shop/worker",
			"password") "\"uid\":1000,\"gid\":1000,\"mode\":\"0440\",\"state\":"
				    "\"live\",\"expires_at\":"
				    "\"%s\",\"last_read_at\":\"%s\",\"last_reader\":\"container/"
				    "shop_worker_2 "
				    "aa5e0c1d2a3b\",\"last_version\":3}," GRANT(
					    "session_key", "compose/shop/web", "session_key") PLAIN
		",\"state\":\"live\",\"reads\":1,\"counted\":[{\"container\":\"4f\",\"name\":"
		"\"shop_web_1\",\"used\":1,\"left\":0}],\"last_read_at\":\"%s\",\"last_reader\":"
		"\"container/shop_web_1 4f5e0c1d2a3b\",\"last_version\":1}," GRANT(
			"tls/key", "container/edge", "key.pem") PLAIN
		",\"state\":\"expired\",\"expires_at\":\"%s\",\"version\":2,\"last_read_at\":"
		"\"%s\",\"last_reader\":\"container/edge 4f5e0c1d2a3b\",\"last_version\":2}," GRANT(
			"legacy_token", "container/legacy", "legacy_token") PLAIN
		",\"state\":\"frozen\"," NEVER "}," GRANT("smtp", "user/1000", "smtp") PLAIN
		",\"state\":\"live\",\"last_read_at\":\"%s\",\"last_reader\":\"user/1000\","
		"\"last_version\":5}," GRANT("backup_key", "unit/backup.service", "backup_key")
			PLAIN ",\"state\":\"live\",\"last_read_at\":\"%s\",\"last_reader\":"
			      "\"unit/backup.service\",\"last_version\":1}]",
		minutes, soon, hours, hour, past, hours, days, ahead);
	fake_start(&agent, grants);
	run_tacit(&agent, &ran, NULL, "grant", "ls", NULL);
	assert_string_equal(ran.err, "");
	assert_golden(&ran, "grant-ls.txt");
	for (char *line = strtok(ran.out, "\n"); line; line = strtok(NULL, "\n"))
		assert_true(strlen(line) <= 110);
	fake_stop(&agent);
}

static void test_hooks_say_when_they_fail(void **state)
{
	static const struct {
		const char *grant, *text;
	} rows[] = {
		{ "{\"on_rotate\":null,\"hook\":null}", "" },
		{ "{\"on_rotate\":\"signal:HUP\",\"hook\":{\"state\":\"idle\"}}",
			"on rotation signal:HUP" },
		{ "{\"on_rotate\":\"restart\",\"hook\":{\"state\":\"pending\"},\"reads\":2}",
			"2 reads, on rotation restart" },
		{ "{\"on_rotate\":\"exec:reload\",\"hook\":{\"state\":\"failing\"}}",
			"on rotation exec:reload, which is failing" },
		{ "{\"on_rotate\":\"exec:reload\",\"hook\":{\"state\":\"gave_up\"}}",
			"on rotation exec:reload, which has failed" },
		{ "{\"on_rotate\":7,\"hook\":7}", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		_json_ json_t *grant = json_loads(rows[i].grant, 0, NULL);
		char text[LIMITS_TEXT_MAX];

		assert_non_null(grant);
		limits_text(grant, 0, text);
		assert_string_equal(text, rows[i].text);
	}
}

static void test_a_decision_is_explained(void **state)
{
	static const struct {
		const char *words[CASE_WORDS];
		int exit;
		const char *golden;
	} rows[] = {
		{ { "grant", "check", "db_password", "compose/shop/web" }, 0,
			"grant-check-allowed.txt" },
		{ { "grant", "check", "db_password", "compose/shop/web", "--json" }, 0,
			"grant-check.json" },
		{ { "grant", "check", "db_password", "compose/shop/web", "--as", "x", "--container",
			  "shop_web_1" },
			TACIT_EXIT_DENIED, "grant-check-denied.txt" },
	};
	char requests[4096];
	struct ran ran;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		run_case(canned, &ran, requests, NULL, rows[i].words);
		assert_string_equal(ran.err, "");
		assert_golden(&ran, rows[i].golden);
		assert_int_equal(ran.exit, rows[i].exit);
	}
	run(&ran, requests, "grant", "check", "db_password", "compose/shop/web", "--pid",
		"4194304");
	assert_string_equal(ran.out, "denied: it runs on the host (rule: host)\n");
	assert_int_equal(ran.exit, TACIT_EXIT_DENIED);
	run(&ran, requests, "grant", "check", "db_password", "compose/shop/web", "-q");
	assert_string_equal(ran.out, "allowed\n");
	run(&ran, requests, "grant", "check", "a", "container/bb");
	assert_string_equal(ran.out, "allowed: the grant lives (rule: consumer)\n"
				     "  reader    whoever is the consumer; all of these must hold\n"
				     "  unknown   image=x\n");
	run(&ran, requests, "grant", "check", "a", "container/cc");
	assert_string_equal(ran.out, "allowed: the grant lives (rule: consumer)\n"
				     "  reader    whoever is the consumer\n");
	run(&ran, requests, "grant", "check", "a", "container/bb", "--container", "none");
	assert_string_equal(ran.err, "tacit: grant check a: there is no such container; 'tacit "
				     "status' says which engines answer\n");
	assert_int_equal(ran.exit, TACIT_EXIT_NOT_FOUND);
	run(&ran, requests, "grant", "check", "none", "user/0");
	assert_string_equal(ran.err, "tacit: grant check none: there is no such grant; 'ls' shows "
				     "what there is\n");
	assert_int_equal(ran.exit, TACIT_EXIT_NOT_FOUND);
}

static int start(void **state)
{
	(void)state;
	return seal_start(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits_are_sent_as_given),
		cmocka_unit_test(test_nothing_is_sent_for_a_bad_line),
		cmocka_unit_test(test_a_grant_says_its_limits),
		cmocka_unit_test(test_a_grant_that_exists_is_not_changed),
		cmocka_unit_test(test_the_list_shows_what_matters),
		cmocka_unit_test(test_hooks_say_when_they_fail),
		cmocka_unit_test(test_a_decision_is_explained),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
