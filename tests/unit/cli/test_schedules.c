/* SPDX-License-Identifier: Apache-2.0 */
/* `tacit secret schedule`, its options on create and rotate, and what is shown of a schedule. */
#include <time.h>

#include "cli/schedule.h"
#include "tests/unit/cli/fake_agent.h"

#define PLAN(every, rotator, next, state, step, last, reason)                                      \
	"{\"every_seconds\":" every                                                                \
	",\"generate\":32,\"alphabet\":\"password\",\"rotator\":" rotator                          \
	",\"overlap_seconds\":null,\"next_at\":" next ",\"state\":\"" state "\",\"step\":\"" step  \
	"\",\"staged_version\":null,\"attempts\":0,\"last_attempt_at\":" last                      \
	",\"reason\":" reason "}"
#define WAITING                                                                                    \
	PLAN("2592000", "null", "\"2026-03-02T09:30:00.125Z\"", "waiting", "idle", "null", "null")
#define RUNNING                                                                                    \
	PLAN("2592000", "\"postgres\"", "\"2026-01-02T09:30:00.125Z\"", "running", "run", "null",  \
		"null")
#define SECRET(name, version, plan)                                                                \
	"{\"name\":\"" name "\",\"version\":" version ",\"versions\":2,\"size\":32,"               \
	"\"created_at\":null,\"rotated_at\":null,\"grants\":1,\"schedule\":" plan
#define ERROR(code, text) "{\"error\":{\"code\":\"" code "\",\"message\":\"" text "\"}}"

#define run(answers, ran, requests, ...) run_case(answers, ran, requests, NULL, CASE(__VA_ARGS__))

static const struct canned canned[] = {
	{ "POST /v1/secrets/db/schedule", FAKE_TEXT, 200, SECRET("db", "1", WAITING) "}", NULL,
		NULL },
	{ "POST /v1/secrets/other/schedule", FAKE_TEXT, 200, SECRET("other", "1", "null") "}", NULL,
		NULL },
	{ "POST /v1/secrets/none/schedule", FAKE_TEXT, 404,
		ERROR("not_found", "it has no schedule"), NULL, NULL },
	{ "GET /v1/secrets/none", FAKE_TEXT, 200, SECRET("none", "1", "null") "}", NULL, NULL },
	{ "GET /v1/secrets/db", FAKE_TEXT, 200, SECRET("db", "1", WAITING) ",\"granted_to\":[]}",
		NULL, NULL },
	{ "GET /v1/secrets", FAKE_TEXT, 200,
		"[" SECRET("db", "1", WAITING) "}," SECRET("pg", "2", RUNNING) "}," SECRET(
			"key", "1", "null") "}]",
		NULL, NULL },
	{ "POST /v1/secrets/db", FAKE_TEXT, 201, SECRET("db", "1", "null") "}", NULL, NULL },
	{ "POST /v1/secrets/db/versions", FAKE_TEXT, 201, SECRET("db", "2", "null") "}", NULL,
		NULL },
	{ "POST /v1/secrets/none", FAKE_TEXT, 201, SECRET("none", "1", "null") "}", NULL, NULL },
	{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
};

static void test_schedules_are_sent_as_said(void **state)
{
	static const struct {
		const char *words[CASE_WORDS];
		const char *requests, *out;
	} rows[] = {
		{ { "secret", "schedule", "db", "--every", "30d", "--generate", "32" },
			"POST /v1/secrets/db/schedule {\"generate\":32,\"alphabet\":"
			"\"alphanumeric\",\"every_seconds\":2592000}\n",
			"the agent rotates db every 30d; next at 2026-03-02T09:30:00.125Z\n" },
		{ { "secret", "schedule", "db", "--rotator", "postgres", "--generate", "4096",
			  "--alphabet", "password", "--overlap=24h", "-q" },
			"POST /v1/secrets/db/schedule {\"generate\":4096,\"alphabet\":\"password\","
			"\"overlap_seconds\":86400,\"rotator\":\"postgres\"}\n",
			"db\n" },
		{ { "secret", "schedule", "other", "--off" },
			"POST /v1/secrets/other/schedule {\"off\":true}\n",
			"the agent rotates other no more\n" },
		{ { "secret", "schedule", "db", "--now" },
			"GET /v1/secrets/db\nPOST /v1/secrets/db/schedule {\"now\":true}\n",
			"db is being rotated; 'tacit secret inspect db' shows how far it is\n" },
		{ { "secret", "create", "db", "--generate", "8", "--every", "1w", "-q" },
			"POST /v1/secrets/db\nPOST /v1/secrets/db/schedule {\"generate\":8,"
			"\"alphabet\":\"alphanumeric\",\"every_seconds\":604800}\n",
			"db\n" },
		{ { "secret", "rotate", "db", "--generate", "8", "--every", "1w", "--alphabet",
			  "hex", "-q" },
			"POST /v1/secrets/db/versions\nPOST /v1/secrets/db/schedule "
			"{\"generate\":8,\"alphabet\":\"hex\",\"every_seconds\":604800}\n",
			"db\n" },
		{ { "secret", "create", "db", "--generate", "8", "--every", "1w", "--if-absent",
			  "-q" },
			"GET /v1/secrets/db\n", "db\n" },
		/* Its new value is the agent's: the rotator has to be asked. */
		{ { "secret", "rotate", "db", "--generate", "8", "--rotator", "postgres" },
			"POST /v1/secrets/db/schedule {\"generate\":8,\"alphabet\":"
			"\"alphanumeric\",\"rotator\":\"postgres\"}\nGET /v1/secrets/db\n"
			"POST /v1/secrets/db/schedule {\"now\":true}\n",
			"db is being rotated; 'tacit secret inspect db' shows how far it is\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char requests[4096];
		struct ran ran;

		run_case(canned, &ran, requests, NULL, rows[i].words);
		assert_string_equal(ran.err, "");
		assert_string_equal(requests, rows[i].requests);
		assert_string_equal(ran.out, rows[i].out);
		assert_int_equal(ran.exit, 0);
	}
}

static void test_nothing_is_sent_for_a_bad_line(void **state)
{
	static const struct {
		const char *words[CASE_WORDS];
		const char *error;
	} rows[] = {
		{ { "secret", "schedule", "db" }, "'--every TIME', '--rotator NAME' or both" },
		{ { "secret", "schedule", "db", "--generate", "8" }, "'--every TIME'" },
		{ { "secret", "schedule", "db", "--every", "30d" }, "'--generate N'" },
		{ { "secret", "schedule", "db", "--every", "30", "--generate", "8" },
			"option '--every': " },
		{ { "secret", "schedule", "db", "--every", "30d", "--generate", "4097" },
			"'--generate' takes a number from 1 to 4096" },
		{ { "secret", "schedule", "db", "--every", "30d", "--generate", "8", "--alphabet",
			  "vowels" },
			"'--alphabet'" },
		{ { "secret", "schedule", "db", "--every", "30d", "--generate", "8", "--overlap",
			  "1" },
			"option '--overlap': " },
		{ { "secret", "schedule", "db", "--rotator", "../sh", "--generate", "8" },
			"option '--rotator' takes the name of a program" },
		{ { "secret", "schedule", "db", "--now", "--off" }, "give one of them" },
		{ { "secret", "schedule", "db", "--now", "--every", "1d" }, "give one of them" },
		{ { "secret", "schedule", "db", "--off", "--generate", "8" }, "give one of them" },
		{ { "secret", "schedule", "db", "--off", "--wait" }, "'--now'" },
		{ { "secret", "schedule", "db", "--now", "--timeout", "1s" }, "'--wait'" },
		{ { "secret", "schedule", "db", "--now", "--wait", "--timeout", "1" },
			"'--timeout': " },
		{ { "secret", "schedule", "a b", "--off" }, "tacit: secret schedule: " },
		{ { "secret", "create", "db", "-", "--every", "30d" }, "'--generate N'" },
		{ { "secret", "create", "db", "--generate", "4097", "--every", "30d" },
			"from 1 to 4096" },
		{ { "secret", "create", "db", "--generate", "8", "--rotator", "a/b" },
			"option '--rotator'" },
		{ { "secret", "rotate", "db", "-", "--rotator", "postgres" }, "'--generate N'" },
		{ { "secret", "rotate", "db", "-", "--rotator", "postgres", "--generate", "8" },
			"leave FILE out" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char requests[4096];
		struct ran ran;

		run_case(canned, &ran, requests, "hunter2", rows[i].words);
		assert_contains(ran.err, rows[i].error);
		assert_int_equal(ran.exit, TACIT_EXIT_USAGE);
		assert_string_equal(ran.out, "");
		assert_string_equal(requests, "");
	}
}

static void test_what_was_done_is_said_when_the_schedule_is_not(void **state)
{
	char requests[4096];
	struct ran ran;

	(void)state;
	run(canned, &ran, requests, "secret", "create", "none", "--generate", "8", "--every", "1d");
	assert_string_equal(ran.err, "tacit: secret create none: it is created, but not scheduled: "
				     "it has no schedule; 'tacit secret schedule' does it\n");
	assert_int_equal(ran.exit, TACIT_EXIT_NOT_FOUND);
	run(canned, &ran, requests, "secret", "schedule", "none", "--now");
	assert_string_equal(ran.err,
		"tacit: secret schedule none: it has no schedule; 'tacit secret schedule --every' "
		"makes a schedule\n");
	assert_int_equal(ran.exit, TACIT_EXIT_NOT_FOUND);
}

#define BEGUN(was)                                                                                 \
	{ "GET /v1/secrets/db", FAKE_TEXT, 200, SECRET("db", "1", was) "}", NULL, NULL },          \
	{                                                                                          \
		"POST /v1/secrets/db/schedule", FAKE_TEXT, 200, SECRET("db", "1", RUNNING) "}",    \
			NULL, NULL                                                                 \
	}
#define FAILED(at, next)                                                                           \
	PLAN("2592000", "\"postgres\"", "\"" next "\"", "failing", "idle", "\"" at "\"",           \
		"\"it ended with status 1\"")

/* Through a core that is away, and not before the last step. */
static void test_it_waits_until_the_rotation_is_done(void **state)
{
	static const struct canned answers[] = {
		BEGUN(WAITING),
		{ "GET /v1/secrets/db", FAKE_TEXT, 200, SECRET("db", "1", WAITING) "}", NULL,
			NULL },
		{ "GET /v1/secrets/db", FAKE_TEXT, 200, SECRET("db", "1", RUNNING) "}", NULL,
			NULL },
		{ "GET /v1/secrets/db", FAKE_BREAK, 0, NULL, NULL, NULL },
		{ "GET /v1/secrets/db", FAKE_TEXT, 200, SECRET("db", "2", WAITING) "}", NULL,
			NULL },
		{ "POST /v1/secrets/db/schedule", FAKE_TEXT, 200, SECRET("db", "1", WAITING) "}",
			NULL, NULL },
		{ "GET /v1/secrets/db/readers", FAKE_TEXT, 200, "[]", NULL, NULL },
		{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
	};
	char requests[4096];
	struct ran ran;

	(void)state;
	run(answers, &ran, requests, "secret", "schedule", "db", "--now", "--wait");
	assert_string_equal(ran.err, "");
	assert_string_equal(
		ran.out, "rotated db (version 2, 32 bytes); every open from now on reads it\n");
	assert_int_equal(ran.exit, 0);
	run(answers, &ran, requests, "secret", "rotate", "db", "--generate", "8", "--rotator",
		"postgres", "--wait");
	assert_string_equal(ran.err, "");
	assert_string_equal(ran.out,
		"rotated db (version 2, 32 bytes); every open from now on reads it\n"
		"every running container has read it\n");
	assert_int_equal(ran.exit, 0);
}

static void test_it_says_why_the_rotation_failed(void **state)
{
	/* It failed before, and that is not an answer; nor is what will be tried again in time. */
	static const struct canned answers[] = {
		BEGUN(FAILED("2026-01-02T00:00:00Z", "2199-01-02T00:00:00Z")),
		{ "GET /v1/secrets/db", FAKE_TEXT, 200,
			SECRET("db", "1",
				FAILED("2026-01-02T00:00:00Z", "2199-01-02T00:00:00Z")) "}",
			NULL, NULL },
		{ "GET /v1/secrets/db", FAKE_TEXT, 200,
			SECRET("db", "1",
				FAILED("2026-01-03T00:00:00Z", "2026-01-03T00:00:01Z")) "}",
			NULL, NULL },
		{ "GET /v1/secrets/db", FAKE_TEXT, 200,
			SECRET("db", "1",
				FAILED("2026-01-04T00:00:00Z", "2199-01-04T00:00:00Z")) "}",
			NULL, NULL },
		{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
	};
	static const struct canned slow[] = {
		BEGUN(WAITING),
		{ "GET /v1/secrets/db", FAKE_TEXT, 200, SECRET("db", "1", RUNNING) "}", NULL,
			NULL },
		{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
	};
	static const struct canned off[] = {
		BEGUN(WAITING),
		{ "GET /v1/secrets/db", FAKE_TEXT, 200, SECRET("db", "1", "null") "}", NULL, NULL },
		{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
	};
	char requests[4096];
	struct ran ran;

	(void)state;
	run(answers, &ran, requests, "secret", "schedule", "db", "--now", "--wait");
	assert_string_equal(ran.err,
		"tacit: secret schedule db: the rotation failed: it ended with status 1; the value "
		"is as it was, and 'tacit secret schedule --now' tries again\n");
	assert_string_equal(requests,
		"GET /v1/secrets/db\nPOST /v1/secrets/db/schedule {\"now\":true}\n"
		"GET /v1/secrets/db\nGET /v1/secrets/db\nGET /v1/secrets/db\n");
	assert_int_equal(ran.exit, 1);
	run(slow, &ran, requests, "secret", "schedule", "db", "--now", "--wait", "--timeout", "1s");
	assert_contains(ran.err, "the rotation is not done within 1 s; it goes on: 'tacit status'");
	assert_string_equal(ran.out, "");
	assert_int_equal(ran.exit, 1);
	run(off, &ran, requests, "secret", "schedule", "db", "--now", "--wait");
	assert_contains(ran.err, "taken off its schedule meanwhile");
	assert_int_equal(ran.exit, TACIT_EXIT_NOT_FOUND);
}

static void test_a_schedule_is_a_few_words(void **state)
{
	static const struct {
		const char *plan, *text;
	} rows[] = {
		{ "null", "-" },
		{ "7", "-" },
		{ "{}", "when asked" },
		{ WAITING, "every 30d" },
		{ RUNNING, "every 30d by postgres, running" },
		{ PLAN("null", "\"pg\"", "null", "waiting", "idle", "null", "null"),
			"by pg when asked" },
		{ PLAN("5400", "null", "null", "overdue", "idle", "null", "null"),
			"every 1h30m, overdue" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		_json_ json_t *plan = json_loads(rows[i].plan, JSON_DECODE_ANY, NULL);
		char text[SCHEDULE_TEXT_MAX];

		schedule_text(plan, text);
		assert_string_equal(text, rows[i].text);
	}
}

static void test_schedules_are_shown(void **state)
{
	static const struct {
		const char *words[CASE_WORDS];
		const char *golden;
	} rows[] = {
		{ { "secret", "ls" }, "secret-ls.txt" },
		{ { "secret", "inspect", "db" }, "secret-inspect-schedule.json" },
		{ { "secret", "schedule", "db", "--every", "30d", "--generate", "32", "--json" },
			"secret-schedule.json" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char requests[4096];
		struct ran ran;

		run_case(canned, &ran, requests, NULL, rows[i].words);
		assert_string_equal(ran.err, "");
		assert_golden(&ran, rows[i].golden);
		assert_int_equal(ran.exit, 0);
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
		cmocka_unit_test(test_schedules_are_sent_as_said),
		cmocka_unit_test(test_nothing_is_sent_for_a_bad_line),
		cmocka_unit_test(test_what_was_done_is_said_when_the_schedule_is_not),
		cmocka_unit_test(test_it_waits_until_the_rotation_is_done),
		cmocka_unit_test(test_it_says_why_the_rotation_failed),
		cmocka_unit_test(test_a_schedule_is_a_few_words),
		cmocka_unit_test(test_schedules_are_shown),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
