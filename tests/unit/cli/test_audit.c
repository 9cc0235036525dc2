/* SPDX-License-Identifier: Apache-2.0 */
/* `tacit audit`: rows for people, lines for programs, and whether the log is sound. */
#include <time.h>

#include "cli/audit_row.h"
#include "tests/unit/cli/fake_agent.h"

#define ID "3f2a91c04711deadbeef3f2a91c04711deadbeef3f2a91c04711deadbeef0000"
#define READ(number, at)                                                                           \
	"{\"number\":" number ",\"time\":\"" at                                                    \
	"\",\"kind\":\"read\",\"act\":\"open\",\"outcome\":\"ok\",\"rule\":\"grant\",\"secret\":"  \
	"\"db/password\",\"secret_id\":\"00\",\"version\":3,\"consumer\":\"compose/shop/web\","    \
	"\"container\":\"" ID "\",\"pid\":4711,\"uid\":33,\"comm_untrusted\":\"nginx\"}\n"
#define DENIAL(number, at, comm)                                                                   \
	"{\"number\":" number ",\"time\":\"" at                                                    \
	"\",\"kind\":\"denial\",\"act\":\"open\",\"outcome\":\"EACCES\",\"rule\":\"no-grant\","    \
	"\"secret\":\"db/password\",\"consumer\":\"container/old\",\"pid\":9,\"uid\":0,"           \
	"\"comm_untrusted\":\"" comm "\",\"count\":12}\n"
#define CHANGE(number, at)                                                                         \
	"{\"number\":" number ",\"time\":\"" at                                                    \
	"\",\"kind\":\"change\",\"act\":\"rotate\",\"outcome\":\"ok\",\"secret\":\"db/password\"," \
	"\"version\":4,\"operator_uid\":1000}\n"
#define AGENT(number, at)                                                                          \
	"{\"number\":" number ",\"time\":\"" at                                                    \
	"\",\"kind\":\"agent\",\"act\":\"unlock\",\"outcome\":\"ok\"}\n"
#define TROUBLE(number)                                                                            \
	"{\"trouble\":\"file 1, byte 88, record " number                                           \
	": it was changed\",\"file\":1,\"offset\":88,\"number\":" number "}\n"
#define EVENING "2026-01-31T23:59:58.25Z"
#define MORNING "2026-02-01T00:00:01.5Z"
#define ERROR(code, text) "{\"error\":{\"code\":\"" code "\",\"message\":\"" text "\"}}"
#define ROUTE(path, text)                                                                          \
	{                                                                                          \
		"GET /v1/audit?" path, FAKE_TEXT, 200, text, NULL, NULL                            \
	}
#define END                                                                                        \
	{                                                                                          \
		NULL, FAKE_TEXT, 0, NULL, NULL, NULL                                               \
	}

#define run(answers, ran, requests, ...)                                                           \
	run_case(answers, ran, requests, NULL, CASE("audit", __VA_ARGS__))

static void test_records_are_rows_under_their_date(void **state)
{
	static const struct canned canned[] = {
		ROUTE("count=20", READ("1", EVENING) DENIAL("2", EVENING, "a) uid 0\\u00e9\\u001b[")
					  CHANGE("3", MORNING) AGENT("4", MORNING) TROUBLE("5")),
		ROUTE("from=6&count=16", ""),
		END,
	};
	char requests[4096];
	struct ran ran;

	(void)state;
	run(canned, &ran, requests, "tail");
	assert_string_equal(ran.err, "");
	assert_int_equal(ran.exit, 0);
	assert_golden(&ran, "audit-tail.txt");
}

static void test_json_is_what_the_agent_said(void **state)
{
	static const struct canned canned[] = {
		ROUTE("count=3", READ("7", EVENING) TROUBLE("8")),
		ROUTE("from=9&count=2", AGENT("9", MORNING) AGENT("10", MORNING)),
		END,
	};
	char requests[4096];
	struct ran ran;

	(void)state;
	run(canned, &ran, requests, "tail", "-n", "3", "--json");
	assert_string_equal(ran.err, "");
	assert_string_equal(
		ran.out, READ("7", EVENING) TROUBLE("8") AGENT("9", MORNING) AGENT("10", MORNING));
	assert_string_equal(requests, "GET /v1/audit?count=3\nGET /v1/audit?from=9&count=2\n");
}

/* The agent looks for the place in parts; that is nothing to be shown. */
static void test_a_place_that_is_being_looked_for(void **state)
{
	static const struct canned canned[] = {
		ROUTE("count=1", "{\"seek\":500}\n"),
		ROUTE("from=500&count=1", "{\"seek\":500}\n"),
		ROUTE("from=500&count=1", AGENT("500", MORNING)),
		END,
	};
	char requests[4096];
	struct ran ran;

	(void)state;
	run(canned, &ran, requests, "tail", "-n", "1", "--json");
	assert_string_equal(ran.out, AGENT("500", MORNING));
}

static void test_all_of_it_is_exported(void **state)
{
	static const struct canned canned[] = {
		ROUTE("count=1", AGENT("3", MORNING)),
		ROUTE("from=1&count=3", READ("1", EVENING) CHANGE("2", EVENING)),
		ROUTE("from=3&count=1", AGENT("3", MORNING)),
		ROUTE("from=2&count=2", CHANGE("2", EVENING) TROUBLE("3")),
		END,
	};
	char requests[4096];
	struct ran ran;

	(void)state;
	run(canned, &ran, requests, "export", "--json");
	assert_int_equal(ran.exit, 0);
	assert_string_equal(ran.err, "");
	assert_string_equal(ran.out, READ("1", EVENING) CHANGE("2", EVENING) AGENT("3", MORNING));
	run(canned, &ran, requests, "export", "--from=2");
	assert_string_equal(ran.out, CHANGE("2", EVENING) TROUBLE("3"));
	assert_int_equal(ran.exit, TACIT_EXIT_FAILED);
	assert_contains(ran.err, "the log is damaged");
}

static void test_an_empty_log_is_nothing(void **state)
{
	static const struct canned canned[] = { ROUTE("count=20", ""), ROUTE("count=1", ""), END };
	char requests[4096];
	struct ran ran;

	(void)state;
	run(canned, &ran, requests, "tail");
	assert_string_equal(ran.out, "");
	assert_int_equal(ran.exit, 0);
	run(canned, &ran, requests, "export");
	assert_string_equal(ran.out, "");
	assert_int_equal(ran.exit, 0);
}

/* A restart of the agent and a lock are waited for; what else goes wrong is said. */
static void test_following_goes_on(void **state)
{
	static const struct canned canned[] = {
		ROUTE("count=1", AGENT("4", EVENING)),
		ROUTE("from=5&count=10000", AGENT("5", MORNING)),
		ROUTE("from=6&count=10000", ""),
		{ "GET /v1/audit?from=6&count=10000", FAKE_BREAK, 0, NULL, NULL, NULL },
		{ "GET /v1/audit?from=6&count=10000", FAKE_TEXT, 423, ERROR("locked", "locked"),
			NULL, NULL },
		ROUTE("from=6&count=10000", "{\"seek\":6}\n"),
		ROUTE("from=6&count=10000", AGENT("6", MORNING)),
		{ "GET /v1/audit?from=7&count=10000", FAKE_TEXT, 507, ERROR("io", "a bad disk"),
			NULL, NULL },
		END,
	};
	char requests[4096];
	struct ran ran;

	(void)state;
	run(canned, &ran, requests, "tail", "--json", "-f", "-n", "0");
	assert_string_equal(ran.out, AGENT("5", MORNING) AGENT("6", MORNING));
	assert_contains(ran.err, "tacit: note: the agent is locked");
	assert_contains(ran.err, "a bad disk");
	assert_int_equal(ran.exit, TACIT_EXIT_FAILED);
}

static void test_what_is_no_log_is_refused(void **state)
{
	static const char *const answers[] = { "[]\n", "{\"number\":1}", "{\"number\":1,\n", "\n" };

	(void)state;
	for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
		const struct canned canned[] = { ROUTE("count=20", answers[i]), END };
		char requests[4096];
		struct ran ran;

		run(canned, &ran, requests, "tail", "--json");
		assert_string_equal(ran.out, "");
		assert_int_equal(ran.exit, TACIT_EXIT_FAILED);
	}
}

#define HASH "gnSB9-JrHmVObH7D9mRoCg"

static void test_a_hash_of_a_value(void **state)
{
	static const struct canned canned[] = {
		{ "POST /v1/audit/hash?secret=pw&version=2", FAKE_TEXT, 200,
			"{\"hash\":\"" HASH "\",\"secret\":\"pw\",\"version\":2}", NULL, NULL },
		{ "POST /v1/audit/hash", FAKE_OPEN, 200, "{\"hash\":\"" HASH "\"}", "hash",
			"correct-horse" },
		END,
	};
	struct fake_agent agent;
	struct ran ran;

	(void)state;
	fake_start(&agent, canned);
	run_tacit(&agent, &ran, NULL, "audit", "hash", "pw", "--version", "2", NULL);
	assert_int_equal(ran.exit, 0);
	assert_string_equal(ran.out, HASH "\n");
	run_tacit(&agent, &ran, "correct-horse\n", "audit", "hash", "-", NULL);
	assert_int_equal(ran.exit, 0);
	assert_string_equal(ran.out, HASH "\n");
	/* A value where a name belongs is not said again. */
	run_tacit(&agent, &ran, NULL, "audit", "hash", "correct horse!", NULL);
	assert_int_equal(ran.exit, TACIT_EXIT_USAGE);
	assert_null(strstr(ran.err, "horse"));
	fake_stop(&agent);
}

#define VERDICT(state, trouble)                                                                    \
	"{\"state\":\"" state                                                                      \
	"\",\"files\":2,\"records\":41,\"first\":1,\"last\":41,\"trouble\":" trouble "}"
#define VERIFY(text)                                                                               \
	{                                                                                          \
		"POST /v1/audit/verify", FAKE_TEXT, 200, text, NULL, NULL                          \
	}

static void test_a_sound_log(void **state)
{
	static const struct canned canned[] = { VERIFY(VERDICT("running", "null")),
		VERIFY(VERDICT("sound", "null")), END };
	char requests[4096];
	struct ran ran;

	(void)state;
	run(canned, &ran, requests, "verify");
	assert_string_equal(ran.err, "");
	assert_golden(&ran, "audit-verify.txt");
	assert_int_equal(ran.exit, 0);
	assert_string_equal(requests, "POST /v1/audit/verify\nPOST /v1/audit/verify\n");
	run(canned, &ran, requests, "verify", "--json");
	assert_golden(&ran, "audit-verify.json");
	run(canned, &ran, requests, "verify", "-q");
	assert_string_equal(ran.out, "sound\n");
}

static void test_a_broken_log_is_a_failure(void **state)
{
	static const struct canned canned[] = {
		VERIFY(VERDICT("broken", "\"audit log: file 2, byte 88, record 42: it was "
					 "changed\"")),
		END
	};
	char requests[4096];
	struct ran ran;

	(void)state;
	run(canned, &ran, requests, "verify");
	assert_string_equal(ran.out, "");
	assert_string_equal(ran.err,
		"tacit: audit verify: audit log: file 2, byte 88, record 42: it was changed; the "
		"41 records before that are sound\n");
	assert_int_equal(ran.exit, TACIT_EXIT_FAILED);
	run(canned, &ran, requests, "verify", "--json");
	assert_contains(ran.out, "\"state\": \"broken\"");
	assert_int_equal(ran.exit, TACIT_EXIT_FAILED);
}

static void print(struct audit_view *view, const char *line, char *text, size_t room)
{
	json_t *record = json_loads(line, 0, NULL);
	FILE *to = fmemopen(text, room, "w");

	assert_true(record && to);
	audit_row_print(view, record, to);
	fclose(to);
	json_decref(record);
}

/* Columns of the last line that was printed, not counting colours. */
static size_t shown(const char *text)
{
	size_t columns = 0;

	for (const char *at = text; *at && *at != '\n'; at++) {
		if (*at == '\033')
			at += strcspn(at, "m");
		else
			columns += (*at & 0xc0) != 0x80;
	}
	return columns;
}

static void test_rows_fit_the_terminal(void **state)
{
	static const char line[] =
		"{\"number\":1,\"time\":\"" EVENING
		"\",\"kind\":\"denial\",\"act\":\"open\",\"outcome\":\"EACCES\",\"rule\":"
		"\"a-rule-of-a-long-name-indeed-yes\",\"secret\":\"a/secret/with/quite-a-long-name-"
		"as-long-as-it-may-be-and-more\",\"version\":12,\"consumer\":\"compose/a-very-"
		"long-project-of-many-words/and-a-service-too\",\"container\":\"" ID
		"\",\"pid\":4194304,\"uid\":4294967294,\"comm_untrusted\":\"fifteen-letters\"}";

	(void)state;
	for (size_t width = 60; width < 220; width++)
		for (int utf8 = 0; utf8 < 2; utf8++) {
			struct audit_view view = {
				.width = width, .utf8 = utf8, .begun = true, .date = "2026-01-31"
			};
			char text[4096] = "";

			print(&view, line, text, sizeof text);
			assert_in_range(shown(text), 50, width);
			assert_non_null(strstr(text, utf8 ? "\u2026@12 " : "..@12 "));
			assert_int_equal(strlen(text), strcspn(text, "\n") + 1);
		}
}

/* A version that is wider than its column is cut, too. */
static void test_the_longest_version_is_cut(void **state)
{
	static const char line[] = "{\"number\":1,\"time\":\"" EVENING
				   "\",\"kind\":\"change\",\"act\":\"rotate\",\"secret\":"
				   "\"a-secret\",\"version\":9223372036854775807}";
	struct audit_view view = { .width = 60, .begun = true, .date = "2026-01-31" };
	char text[4096] = "";

	(void)state;
	print(&view, line, text, sizeof text);
	assert_in_range(shown(text), 20, 60);
	assert_non_null(strstr(text, "  a-"));
	assert_non_null(strstr(text, "..  "));
}

static void test_colours_tell_kinds_apart(void **state)
{
	static const struct {
		const char *line, *colour;
	} rows[] = {
		{ READ("1", EVENING), "" },
		{ DENIAL("1", EVENING, "sh"), "\033[31m" },
		{ CHANGE("1", EVENING), "\033[33m" },
		{ AGENT("1", EVENING), "\033[2m" },
		{ TROUBLE("1"), "\033[31m" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct audit_view view = { .colour = true, .begun = true, .date = "2026-01-31" };
		const char *end = *rows[i].colour ? "\033[0m\n" : "ok grant\n";
		char text[4096] = "";

		print(&view, rows[i].line, text, sizeof text);
		assert_int_equal(strncmp(text, rows[i].colour, strlen(rows[i].colour)), 0);
		assert_string_equal(text + strlen(text) - strlen(end), end);
		if (!*rows[i].colour)
			assert_null(strchr(text, '\033'));
	}
}

/* Whatever the agent says, and a process calls itself, no byte of it speaks to the terminal. */
static void test_nothing_speaks_to_the_terminal(void **state)
{
	static const char line[] =
		"{\"number\":1,\"time\":\"\\u001b[2J\",\"kind\":\"read\",\"act\":\"\\u0007\","
		"\"outcome\":\"\\u001b]0;x\\u0007\",\"rule\":\"\\u009b2J\",\"secret\":\"\\u202e\","
		"\"consumer\":\"\\u001b[31m\",\"container\":\"\\u0008\",\"pid\":1,\"uid\":1,"
		"\"comm_untrusted\":\"\\u001b[1m\\u009b\"}";
	static const char trouble[] = "{\"trouble\":\"\\u001b[2J\\u009b\"}";
	struct audit_view view = { .begun = true };
	char text[4096] = "";

	(void)state;
	print(&view, line, text, sizeof text);
	print(&view, trouble, text + strlen(text), sizeof text - strlen(text));
	for (const char *at = text; *at; at++)
		assert_true(*at == '\n' || (*at >= ' ' && *at <= '~'));
	assert_contains(text, "??1m?(1) uid 1");
}

static int start(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	unsetenv("LC_ALL");
	unsetenv("LC_CTYPE");
	unsetenv("LANG");
	tzset();
	return seal_start(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records_are_rows_under_their_date),
		cmocka_unit_test(test_json_is_what_the_agent_said),
		cmocka_unit_test(test_a_place_that_is_being_looked_for),
		cmocka_unit_test(test_all_of_it_is_exported),
		cmocka_unit_test(test_an_empty_log_is_nothing),
		cmocka_unit_test(test_following_goes_on),
		cmocka_unit_test(test_what_is_no_log_is_refused),
		cmocka_unit_test(test_a_hash_of_a_value),
		cmocka_unit_test(test_a_sound_log),
		cmocka_unit_test(test_a_broken_log_is_a_failure),
		cmocka_unit_test(test_rows_fit_the_terminal),
		cmocka_unit_test(test_the_longest_version_is_cut),
		cmocka_unit_test(test_colours_tell_kinds_apart),
		cmocka_unit_test(test_nothing_speaks_to_the_terminal),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
