/* SPDX-License-Identifier: Apache-2.0 */
/* `tacit secret rotate|stage|promote|retire|rollback` from end to end, and whom they wait for. */
#include "tests/unit/cli/fake_agent.h"

#define SECRET(version, previous, until, next)                                                     \
	"{\"name\":\"db\",\"version\":" version ",\"size\":7,\"previous\":" previous               \
	",\"previous_until\":" until ",\"next\":" next "}"
#define READER(name, version, current)                                                             \
	"{\"consumer\":\"container/" name "\",\"file\":\"db\",\"container\":\"4f5e0c1d2a3b4f5e\"," \
	"\"name\":\"" name "\",\"version\":" version ",\"current\":" current "}"
#define AWAITED "GET /v1/secrets/db/readers"
#define ERROR(code, text) "{\"error\":{\"code\":\"" code "\",\"message\":\"" text "\"}}"

static const struct canned canned[] = {
	{ "POST /v1/secrets/db/versions?overlap=86400", FAKE_OPEN, 201,
		SECRET("2", "1", "\"2026-02-01T00:00:00.000Z\"", "null"), "rotate:db", "hunter2" },
	{ "POST /v1/secrets/db/versions", FAKE_OPEN, 201, SECRET("2", "1", "null", "null"),
		"rotate:db", "hunter2" },
	{ "POST /v1/secrets/db/stage", FAKE_OPEN, 201, SECRET("1", "null", "null", "2"), "stage:db",
		"hunter2" },
	{ "POST /v1/secrets/db/promote", FAKE_TEXT, 200, SECRET("2", "1", "null", "null"), NULL,
		NULL },
	{ "POST /v1/secrets/a%2Fb/promote?overlap=5400", FAKE_TEXT, 404,
		ERROR("not_found", "no version of it is staged"), NULL, NULL },
	{ "POST /v1/secrets/db/retire", FAKE_TEXT, 200, SECRET("2", "null", "null", "null"), NULL,
		NULL },
	{ "POST /v1/secrets/db/rollback", FAKE_TEXT, 200, SECRET("1", "2", "null", "null"), NULL,
		NULL },
	{ "POST /v1/secrets/db/rollback?version=7", FAKE_TEXT, 404,
		ERROR("not_found", "this version of it is not kept"), NULL, NULL },
	{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
};

#define run(answers, ran, requests, ...)                                                           \
	run_case(answers, ran, requests, "hunter2", CASE(__VA_ARGS__))

static void test_versions_change_places(void **state)
{
	static const struct {
		const char *words[CASE_WORDS];
		int exit;
		const char *said;
	} rows[] = {
		{ { "secret", "rotate", "db", "-", "--overlap", "24h" }, 0,
			"rotated db (version 2, 7 bytes); every open from now on reads it; version "
			"1 is the previous one until 2026-02-01T00:00:00.000Z\n" },
		{ { "secret", "rotate", "db", "-" }, 0,
			"rotated db (version 2, 7 bytes); every open from now on reads it\n" },
		{ { "secret", "stage", "db", "-" }, 0,
			"staged version 2 of db; next: tacit secret promote db\n" },
		{ { "secret", "promote", "db", "-q" }, 0, "db\n" },
		{ { "secret", "promote", "a/b", "--overlap", "1h30m" }, 4,
			"tacit: secret promote a/b: no version of it is staged; 'tacit secret "
			"stage' makes one\n" },
		{ { "secret", "retire", "db" }, 0,
			"db has no previous version any more; version 2 is the current one\n" },
		{ { "secret", "rollback", "db" }, 0,
			"rolled back db (version 1, 7 bytes); every open from now on reads it\n" },
		{ { "secret", "rollback", "db", "--to", "7" }, 4,
			"tacit: secret rollback db: this version of it is not kept; 'tacit secret "
			"history' lists those kept\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char requests[4096];
		struct ran ran;

		run_case(canned, &ran, requests, "hunter2", rows[i].words);
		assert_string_equal(rows[i].exit ? ran.err : ran.out, rows[i].said);
		assert_string_equal(rows[i].exit ? ran.out : ran.err, "");
		assert_int_equal(ran.exit, rows[i].exit);
	}
}

static void test_nothing_is_sent_for_a_bad_option(void **state)
{
	static const struct {
		const char *words[CASE_WORDS];
		const char *part;
	} rows[] = {
		{ { "secret", "rotate", "db", "-", "--overlap", "1x" }, "'--overlap': " },
		{ { "secret", "promote", "db", "--overlap", "0s" }, "'--overlap': " },
		{ { "secret", "promote", "db", "--timeout", "5s" }, "'--wait'" },
		{ { "secret", "promote", "db", "--wait", "--timeout", "5" }, "'--timeout': " },
		{ { "secret", "rollback", "db", "--to", "0" }, "'--to'" },
		{ { "secret", "rotate", "db", "-", "--alphabet", "hex" }, "'--alphabet'" },
		{ { "secret", "rotate", "db", "--generate", "8", "--alphabet", "vowels" },
			"'--alphabet'" },
		{ { "secret", "stage", "db", "-", "--overlap", "1h" }, "--overlap" },
		{ { "secret", "retire", "db", "--wait" }, "--wait" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char requests[4096];
		struct ran ran;

		run_case(canned, &ran, requests, "hunter2", rows[i].words);
		assert_contains(ran.err, rows[i].part);
		assert_int_equal(ran.exit, 2);
		assert_string_equal(requests, "");
	}
}

#define PROMOTED                                                                                   \
	{                                                                                          \
		"POST /v1/secrets/db/promote", FAKE_TEXT, 200, SECRET("2", "1", "null", "null"),   \
			NULL, NULL                                                                 \
	}

/* Through an agent that is away for a moment, to the one that reads last. */
static void test_it_waits_until_all_have_read(void **state)
{
	static const struct canned answers[] = {
		PROMOTED,
		{ AWAITED, FAKE_TEXT, 200, "[" READER("web", "1", "false") "]", NULL, NULL },
		{ AWAITED, FAKE_BREAK, 0, NULL, NULL, NULL },
		{ AWAITED, FAKE_TEXT, 200,
			"[" READER("web", "2", "true") "," READER("new", "null", "false") "]", NULL,
			NULL },
		{ AWAITED, FAKE_TEXT, 200,
			"[" READER("web", "2", "false") "," READER("new", "3", "true") "]", NULL,
			NULL },
		{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
	};
	char requests[4096];
	struct ran ran;

	(void)state;
	run(answers, &ran, requests, "secret", "promote", "db", "--wait");
	assert_string_equal(ran.err, "");
	assert_contains(ran.out, "promoted db (version 2");
	assert_contains(ran.out, "\nevery running container has read it\n");
	assert_int_equal(ran.exit, 0);
}

static void test_it_names_who_has_not(void **state)
{
	static const struct canned answers[] = {
		PROMOTED,
		{ AWAITED, FAKE_TEXT, 200,
			"[" READER("web", "1", "false") "," READER(
				"new", "null", "false") "," READER("good", "2", "true") "]",
			NULL, NULL },
		{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
	};
	char requests[4096];
	struct ran ran;

	(void)state;
	run(answers, &ran, requests, "secret", "promote", "db", "--wait", "--timeout", "1s");
	assert_contains(ran.out, "\nweb (4f5e0c1d2a3b) as container/web/db has version 1\n"
				 "new (4f5e0c1d2a3b) as container/new/db has not read it\n");
	assert_null(strstr(ran.out, "good"));
	assert_contains(
		ran.err, "tacit: secret promote db: 2 running containers have not read version 2");
	assert_int_equal(ran.exit, 1);
	run(answers, &ran, requests, "secret", "promote", "db", "--wait", "--timeout", "1s",
		"--json");
	assert_contains(ran.out, "\"behind\": [");
	assert_int_equal(ran.exit, 1);
}

#define TEMPLATE_READER(name, version, current)                                                    \
	"{\"secret\":\"url\",\"consumer\":\"container/" name "\",\"file\":\"url\","                \
	"\"container\":\"4f5e0c1d2a3b4f5e\",\"name\":\"" name "\",\"version\":" version            \
	",\"current\":" current "}"

/* Who reads what is made of it is waited for, by the numbers of that. */
static void test_it_waits_for_readers_of_templates(void **state)
{
	static const struct canned answers[] = {
		PROMOTED,
		{ AWAITED, FAKE_TEXT, 200, "[" TEMPLATE_READER("web", "2", "false") "]", NULL,
			NULL },
		{ AWAITED, FAKE_TEXT, 200, "[" TEMPLATE_READER("web", "5", "true") "]", NULL,
			NULL },
		{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
	};
	char requests[4096];
	struct ran ran;

	(void)state;
	run(answers, &ran, requests, "secret", "promote", "db", "--wait");
	assert_string_equal(ran.err, "");
	assert_contains(requests, AWAITED "\n" AWAITED "\n");
	assert_int_equal(ran.exit, 0);
}

static void test_nobody_to_ask_is_said(void **state)
{
	static const struct canned answers[] = {
		PROMOTED,
		{ AWAITED, FAKE_TEXT, 503, ERROR("unavailable", "no engine answers"), NULL, NULL },
		{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
	};
	char requests[4096];
	struct ran ran;

	(void)state;
	run(answers, &ran, requests, "secret", "promote", "db", "--wait", "--timeout", "1s");
	assert_contains(ran.out, "promoted db");
	assert_contains(ran.err, "no engine answers");
	assert_int_equal(ran.exit, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions_change_places),
		cmocka_unit_test(test_nothing_is_sent_for_a_bad_option),
		cmocka_unit_test(test_it_waits_until_all_have_read),
		cmocka_unit_test(test_it_names_who_has_not),
		cmocka_unit_test(test_it_waits_for_readers_of_templates),
		cmocka_unit_test(test_nobody_to_ask_is_said),
	};

	if (seal_start(NULL) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
