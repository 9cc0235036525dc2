/* SPDX-License-Identifier: Apache-2.0 */
/* `tacit` from end to end against an agent of canned answers: what it asks, what it prints, how it
 * exits. Standard output of --json is compared with tests/golden/, byte for byte. */
#include "tests/unit/cli/fake_agent.h"

#define SECRET                                                                                     \
	"{\"name\":\"db_password\",\"id\":\"00ff\",\"version\":1,\"versions\":1,\"size\":7,"       \
	"\"created_at\":\"2026-01-31T09:30:00.125Z\",\"rotated_at\":null,\"grants\":1,"            \
	"\"schedule\":null"
#define GRANT                                                                                      \
	"{\"secret\":\"db_password\",\"consumer\":\"compose/shop/web\",\"file\":\"db_password\","  \
	"\"path\":\"/run/tacit/compose/shop/web/db_password\",\"uid\":null,\"gid\":null,"          \
	"\"mode\":\"0400\",\"created_at\":\"2026-01-31T09:30:00.125Z\",\"version\":null,"          \
	"\"reads\":null,\"expires_at\":null,\"newline\":false,\"main_process\":false,"             \
	"\"with_previous\":false,\"on_rotate\":null,\"hook\":null,"                                \
	"\"state\":\"live\",\"last_read_at\":null,\"last_reader\":null,\"last_version\":null,"     \
	"\"counted\":[]}"
#define ERROR(word, text) "{\"error\":{\"code\":\"" word "\",\"message\":\"" text "\"}}"
#define STATUS(state, reason, more)                                                                \
	"{\"state\":\"" state "\",\"reason\":" reason ",\"version\":\"0.1.0\",\"mount\":"          \
	"\"/run/tacit\",\"store\":\"/var/lib/tacit\",\"key_file\":\"/etc/tacit/key\","             \
	"\"serving_since\":null" more "}"

static const struct canned canned[] = {
	{ "GET /v1/secrets", FAKE_TEXT, 200, "[" SECRET "}]", NULL, NULL },
	{ "POST /v1/secrets/db_password", FAKE_OPEN, 201, SECRET "}", "create:db_password",
		"hunter2" },
	{ "POST /v1/secrets/tls%2Fcert", FAKE_OPEN, 201, SECRET "}", "create:tls/cert",
		"line\nline\n" },
	{ "POST /v1/secrets/twice", FAKE_TEXT, 409, ERROR("exists", "it exists"), NULL, NULL },
	{ "POST /v1/secrets/locked", FAKE_TEXT, 423, ERROR("locked", "it is locked"), NULL, NULL },
	{ "POST /v1/secrets/broken", FAKE_BREAK, 0, "", NULL, NULL },
	{ "POST /v1/secrets/rekeyed/versions", FAKE_REKEY, 409, ERROR("stale", "old key"), NULL,
		NULL },
	{ "POST /v1/secrets/rekeyed/versions", FAKE_OPEN, 201, SECRET "}", "rotate:rekeyed",
		"hunter2" },
	{ "GET /v1/secrets/db_password", FAKE_TEXT, 200, SECRET ",\"granted_to\":[" GRANT "]}",
		NULL, NULL },
	{ "GET /v1/secrets/absent", FAKE_TEXT, 404, ERROR("not_found", "no such secret"), NULL,
		NULL },
	{ "GET /v1/secrets/db_password/versions", FAKE_TEXT, 200,
		"[{\"version\":2,\"size\":9,\"created_at\":\"2026-01-31T09:30:00Z\","
		"\"made_by_uid\":0,\"current\":true},{\"version\":1,\"size\":7,"
		"\"created_at\":\"2026-01-30T09:30:00Z\",\"made_by_uid\":1000,\"current\":false}]",
		NULL, NULL },
	{ "GET /v1/secrets/itself/versions", FAKE_TEXT, 200,
		"[{\"version\":1,\"size\":9,\"created_at\":null,\"made_by_uid\":null,\"state\":"
		"\"current\"}]",
		NULL, NULL },
	{ "POST /v1/secrets/db_password/reveal", FAKE_REVEAL, 200, NULL, "reveal:db_password",
		"hunter2" },
	{ "POST /v1/secrets/db_password/reveal?version=1", FAKE_REVEAL, 200, NULL,
		"reveal:db_password", "hunter1\n" },
	{ "POST /v1/secrets/swapped/reveal", FAKE_REVEAL, 200, NULL, "reveal:other", "hunter2" },
	{ "DELETE /v1/secrets/db_password", FAKE_TEXT, 409, ERROR("busy", "it is granted"), NULL,
		NULL },
	{ "DELETE /v1/secrets/db_password?force=1", FAKE_TEXT, 200, "{\"removed\":\"db_password\"}",
		NULL, NULL },
	{ "POST /v1/grants", FAKE_TEXT, 201, GRANT, NULL, NULL },
	{ "GET /v1/grants", FAKE_TEXT, 200, "[" GRANT "]", NULL, NULL },
	{ "GET /v1/grants?secret=none", FAKE_TEXT, 200, "[]", NULL, NULL },
	{ "DELETE /v1/grants?secret=db_password&consumer=compose%2Fshop%2Fweb&file=x", FAKE_TEXT,
		200, "{\"removed\":\"db_password\"}", NULL, NULL },
	{ "GET /v1/consumers", FAKE_TEXT, 200,
		"[{\"consumer\":\"compose/shop/web\",\"grants\":2,\"files\":[\"a\",\"b\"],"
		"\"path\":\"/run/tacit/compose/shop/web\",\"frozen\":false,\"rules\":2}]",
		NULL, NULL },
	{ "POST /v1/unlock", FAKE_TEXT, 200, "{\"state\":\"serving\"}", NULL, NULL },
	{ "POST /v1/lock", FAKE_TEXT, 200, "{\"state\":\"locked\"}", NULL, NULL },
	{ "POST /v1/stop", FAKE_TEXT, 409, ERROR("busy", "2 containers hold the mount"), NULL,
		NULL },
	{ "GET /v1/status", FAKE_TEXT, 200,
		STATUS("locked", "\"no key: give one by 'tacit unlock'\"", ""), NULL, NULL },
	{ "GET /v1/status", FAKE_TEXT, 200,
		STATUS("serving", "null",
			",\"secrets\":1,\"grants\":2,\"consumers\":1,\"open_handles\":0,"
			"\"core_starts\":1,\"memory_locked\":true,\"containers\":[{\"container\":"
			"\"docker 3f2a9c0d1e2f\",\"consumer\":\"compose/shop/web\",\"mount\":"
			"\"stale\"},{\"container\":\"docker 000000000000\",\"consumer\":"
			"\"compose/shop/api\",\"mount\":\"live\"}]"),
		NULL, NULL },
	{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
};

#define run(ran, requests, input, ...) run_case(canned, ran, requests, input, CASE(__VA_ARGS__))

static void test_json_is_golden(void **state)
{
	static const struct {
		const char *golden;
		const char *words[CASE_WORDS];
	} rows[] = {
		{ "secret-ls.json", { "secret", "ls", "--json" } },
		{ "secret-create.json", { "secret", "create", "db_password", "-", "--json" } },
		{ "secret-inspect.json", { "secret", "inspect", "db_password", "--json" } },
		{ "secret-history.json", { "secret", "history", "db_password", "--json" } },
		{ "secret-rm.json", { "secret", "rm", "db_password", "--force", "--json" } },
		{ "grant-add.json",
			{ "grant", "add", "db_password", "compose/shop/web", "--json" } },
		{ "grant-ls.json", { "grant", "ls", "--json" } },
		{ "grant-ls-empty.json", { "grant", "ls", "--secret", "none", "--json" } },
		{ "consumer-ls.json", { "consumer", "ls", "--json" } },
		{ "status.json", { "status", "--wait", "60", "--json" } },
		{ "lock.json", { "lock", "--json" } },
		{ "unlock.json", { "unlock", "--json" } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct ran ran;

		run_case(canned, &ran, NULL, "hunter2", rows[i].words);
		assert_string_equal(ran.err, "");
		assert_golden(&ran, rows[i].golden);
		assert_int_equal(ran.exit, 0);
	}
}

static void test_create_seals_the_value(void **state)
{
	struct ran ran;
	char requests[4096];

	(void)state;
	run(&ran, requests, "hunter2\n", "secret", "create", "db_password", "-");
	assert_int_equal(ran.exit, 0);
	assert_string_equal(ran.out, "created db_password (version 1, 7 bytes); next: tacit grant "
				     "add db_password CONSUMER\n");
	assert_string_equal(ran.err, "tacit: note: the newline at the end was not made part of the "
				     "value; '--keep-newline' keeps it\n");
	assert_string_equal(requests, "POST /v1/secrets/db_password\n");
	run(&ran, requests, "line\nline\n", "secret", "create", "tls/cert", "-", "-q");
	assert_int_equal(ran.exit, 0);
	assert_string_equal(ran.out, "tls/cert\n");
	assert_string_equal(ran.err, "");
	assert_string_equal(requests, "POST /v1/secrets/tls%2Fcert\n");
	run(&ran, NULL, "hunter2\n", "secret", "create", "db_password", "-", "--keep-newline");
	assert_int_equal(ran.exit, 1);
	assert_contains(ran.err, "it does not open");
}

static void test_nothing_is_sent_for_a_bad_line(void **state)
{
	static const struct {
		const char *input;
		const char *words[CASE_WORDS];
		const char *error;
	} rows[] = {
		{ "", { "secret", "create", "a", "-" }, "the value is empty" },
		{ "\n", { "secret", "create", "a", "-" }, "empty without its newline" },
		{ "x", { "secret", "create", "a" }, "no value is given" },
		{ "x", { "secret", "create", "a", "-", "--generate", "3" }, "are two values" },
		{ "x", { "secret", "create", "a", "--generate", "0" },
			"a number from 1 to 1048576" },
		{ "x", { "secret", "create", "a", "--generate", "3x" }, "takes a number" },
		{ "x", { "secret", "create", "a b", "-" }, "tacit: secret create: " },
		{ "x", { "secret", "reveal", "a", "--version", "-1" }, "takes a number" },
		{ "x", { "grant", "add", "a", "web" }, "a consumer is" },
		{ "x", { "grant", "add", "a", "container/web", "--mode", "888" },
			"an octal number from 0001 to 0777" },
		{ "x", { "grant", "add", "a", "container/web", "--uid", "4294967295" },
			"a number from 0 to 4294967294" },
		{ "x", { "grant", "add", "a", "container/web", "--as", "x/y/z" }, "tacit: grant" },
		{ "x", { "secret", "create", "a", "b", "c" },
			"a secret has one value; NAME/ is a" },
		{ "x", { "secret", "history", "a/" }, "name a member of it, as tls/cert" },
		{ "x", { "unlock", "--key-file", "-" }, "key file" },
		{ "x", { "secret", "ls", "--root", "/no/such" }, "--root cannot be used" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct ran ran;
		char requests[4096];

		run_case(canned, &ran, requests, rows[i].input, rows[i].words);
		assert_contains(ran.err, rows[i].error);
		assert_int_equal(ran.exit, TACIT_EXIT_USAGE);
		assert_string_equal(ran.out, "");
		assert_string_equal(requests, "");
	}
}

static void test_a_word_is_not_sent_as_a_value(void **state)
{
	struct ran ran;
	char requests[4096];

	(void)state;
	run(&ran, requests, "x", "secret", "create", "a", "hunter2");
	assert_int_equal(ran.exit, TACIT_EXIT_NOT_FOUND);
	assert_contains(ran.err, "FILE cannot be opened: No such file or directory; a value is "
				 "never taken from the command line");
	assert_null(strstr(ran.err, "hunter2"));
	assert_string_equal(requests, "");
}

static void test_too_large_is_not_sent(void **state)
{
	static char large[TACIT_VALUE_MAX + 2];
	struct ran ran;
	char requests[4096];

	(void)state;
	memset(large, 'x', sizeof large - 1);
	run(&ran, requests, large, "secret", "create", "a", "-");
	assert_int_equal(ran.exit, TACIT_EXIT_USAGE);
	assert_string_equal(ran.err, "tacit: secret create a: the value is too large; a value has "
				     "at most 1048576 bytes\n");
	assert_string_equal(requests, "");
}

static void test_errors_of_the_agent_are_told(void **state)
{
	static const struct {
		const char *words[CASE_WORDS];
		int exit;
		const char *error;
	} rows[] = {
		{ { "secret", "create", "twice", "-" }, 1,
			"tacit: secret create twice: it exists; 'tacit secret rotate' gives an "
			"existing secret a new value\n" },
		{ { "secret", "create", "locked", "-" }, 5,
			"tacit: secret create locked: it is locked; run 'tacit unlock'\n" },
		{ { "secret", "rm", "db_password" }, 1,
			"tacit: secret rm db_password: it is granted; '--force' removes it with "
			"its grants\n" },
		{ { "stop" }, 1,
			"tacit: stop: 2 containers hold the mount; stop those containers first, "
			"or use 'tacit stop --force' and restart them afterwards\n" },
		{ { "secret", "history", "other" }, 4,
			"tacit: secret history other: no such route; 'ls' shows what there is\n" },
	};
	struct ran ran;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		run_case(canned, &ran, NULL, "x", rows[i].words);
		assert_string_equal(ran.err, rows[i].error);
		assert_int_equal(ran.exit, rows[i].exit);
		assert_string_equal(ran.out, "");
	}
	run(&ran, NULL, "x", "secret", "create", "broken", "-");
	assert_contains(ran.err, "it may have been done");
	assert_int_equal(ran.exit, TACIT_EXIT_NO_AGENT);
}

static void test_a_new_key_is_taken_once(void **state)
{
	struct ran ran;
	char requests[4096];

	(void)state;
	run(&ran, requests, "hunter2", "secret", "rotate", "rekeyed", "-");
	assert_string_equal(ran.err, "");
	assert_int_equal(ran.exit, 0);
	assert_contains(ran.out, "every open from now on reads it");
	assert_string_equal(
		requests, "POST /v1/secrets/rekeyed/versions\nPOST /v1/secrets/rekeyed/versions\n");
}

static void test_reveal_prints_the_bytes_alone(void **state)
{
	struct ran ran;

	(void)state;
	run(&ran, NULL, NULL, "secret", "reveal", "db_password");
	assert_int_equal(ran.exit, 0);
	assert_string_equal(ran.out, "hunter2");
	run(&ran, NULL, NULL, "secret", "reveal", "db_password", "--version", "1");
	assert_int_equal(ran.exit, 0);
	assert_string_equal(ran.out, "hunter1\n");
	run(&ran, NULL, NULL, "secret", "reveal", "swapped");
	assert_int_not_equal(ran.exit, 0);
	assert_string_equal(ran.out, "");
}

static void test_inspect_goes_on_after_a_failure(void **state)
{
	struct ran ran;

	(void)state;
	run(&ran, NULL, NULL, "secret", "inspect", "absent", "db_password");
	assert_int_equal(ran.exit, TACIT_EXIT_NOT_FOUND);
	assert_string_equal(ran.err, "tacit: secret inspect absent: no such secret; 'ls' shows "
				     "what there is\n");
	assert_golden(&ran, "secret-inspect.json");
}

static void test_grants_say_what_is_needed_next(void **state)
{
	struct ran ran;
	char requests[4096];

	(void)state;
	run(&ran, requests, NULL, "grant", "add", "db_password", "compose/shop/web");
	assert_string_equal(requests, "POST /v1/grants {\"secret\":\"db_password\",\"consumer\":"
				      "\"compose/shop/web\"}\n");
	assert_golden(&ran, "grant-add.txt");
	run(&ran, requests, NULL, "grant", "add", "a/b", "container/web", "--as=x", "--uid=0",
		"--mode=440", "-q");
	assert_string_equal(requests,
		"POST /v1/grants {\"secret\":\"a/b\",\"consumer\":\"container/web\","
		"\"file\":\"x\",\"uid\":0,\"mode\":\"0440\"}\n");
	assert_string_equal(ran.out, "/run/tacit/compose/shop/web/db_password\n");
	run(&ran, requests, NULL, "grant", "rm", "db_password", "compose/shop/web", "--as", "x");
	assert_int_equal(ran.exit, 0);
	assert_string_equal(ran.out, "compose/shop/web no longer reads db_password\n");
}

static void test_tables_and_names(void **state)
{
	static const struct {
		const char *words[CASE_WORDS];
		const char *out;
	} rows[] = {
		{ { "secret", "ls", "-q" }, "db_password\n" },
		{ { "secret", "history", "db_password", "-q" }, "2\n1\n" },
		{ { "secret", "history", "itself" },
			"VERSION   STATE     SIZE   CREATED   BY UID   LAST READ BY\n"
			"1         current   9      -         agent    -\n" },
		{ { "grant", "ls", "-q" }, "/run/tacit/compose/shop/web/db_password\n" },
		{ { "grant", "ls", "--secret", "none" },
			"SECRET   CONSUMER   FILE   LIMITS   LAST READ\n" },
		{ { "grant", "ls", "--secret", "none", "-q" }, "" },
		{ { "consumer", "ls" }, "CONSUMER           GRANTS   RULES   STATE   FILES\n"
					"compose/shop/web   2        2       live    a, b\n" },
		{ { "status", "--wait", "60", "-q" }, "serving\n" },
		{ { "lock", "-q" }, "locked\n" },
		{ { "secret", "rm", "db_password", "--force" }, "removed db_password\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct ran ran;

		run_case(canned, &ran, NULL, NULL, rows[i].words);
		assert_string_equal(ran.out, rows[i].out);
		assert_string_equal(ran.err, "");
		assert_int_equal(ran.exit, 0);
	}
}

static void test_status_says_what_to_do(void **state)
{
	struct ran ran;

	(void)state;
	run(&ran, NULL, NULL, "status");
	assert_int_equal(ran.exit, TACIT_EXIT_LOCKED);
	assert_golden(&ran, "status-locked.txt");
	run(&ran, NULL, NULL, "status", "--wait", "60");
	assert_int_equal(ran.exit, 0);
	assert_golden(&ran, "status-stale.txt");
	run(&ran, NULL, NULL, NULL);
	assert_int_equal(ran.exit, 0);
	assert_contains(ran.out, "tacit is locked");
	assert_contains(ran.out, "  secret create NAME [[MEMBER=]FILE|-]...");
}

static void test_no_agent_is_exit_6(void **state)
{
	struct fake_agent agent;
	char path[PATH_FULL_MAX];
	struct ran ran;
	FILE *file;

	(void)state;
	fake_make_root(&agent);
	run_tacit(&agent, &ran, NULL, "secret", "ls", NULL);
	assert_int_equal(ran.exit, TACIT_EXIT_NO_AGENT);
	assert_contains(ran.err, "run/tacitd/api.sock: No such file or directory; start it with");
	run_tacit(&agent, &ran, "x", "secret", "create", "a", "-", NULL);
	assert_int_equal(ran.exit, TACIT_EXIT_NO_AGENT);
	assert_contains(ran.err, "start it with 'tacitd'");
	run_tacit(&agent, &ran, NULL, "status", "--wait", "1", NULL);
	assert_int_equal(ran.exit, TACIT_EXIT_NO_AGENT);
	run_tacit(&agent, &ran, NULL, "status", "--wait", "0", NULL);
	assert_int_equal(ran.exit, TACIT_EXIT_NO_AGENT);
	fake_path(&agent, "run/tacitd/api.sock", path);
	file = fopen(path, "w");
	fclose(file);
	run_tacit(&agent, &ran, NULL, "secret", "ls", NULL);
	assert_int_equal(ran.exit, TACIT_EXIT_NO_AGENT);
	assert_contains(ran.err, "Connection refused; start it with");
	fake_stop(&agent);
}

static void test_a_key_others_may_write_is_refused(void **state)
{
	struct fake_agent agent;
	char path[PATH_FULL_MAX], other[PATH_FULL_MAX], requests[4096];
	struct ran ran;

	(void)state;
	fake_start(&agent, canned);
	fake_path(&agent, "run/tacitd/core.pub", path);
	chmod(path, 0666);
	run_tacit(&agent, &ran, "hunter2", "secret", "create", "db_password", "-", NULL);
	assert_int_equal(ran.exit, TACIT_EXIT_DENIED);
	chmod(path, 0444);
	if (!geteuid()) {
		assert_return_code(chown(path, 65534, 0), 0);
		run_tacit(&agent, &ran, "hunter2", "secret", "create", "db_password", "-", NULL);
		assert_int_equal(ran.exit, TACIT_EXIT_DENIED);
	}
	fake_publish(&agent);
	fake_path(&agent, "run/tacitd/other.pub", other);
	assert_return_code(rename(path, other), 0);
	assert_return_code(symlink(other, path), 0);
	run_tacit(&agent, &ran, "hunter2", "secret", "create", "db_password", "-", NULL);
	assert_int_not_equal(ran.exit, 0);
	fake_read(&agent, "requests", requests, sizeof requests);
	assert_string_equal(requests, "");
	fake_stop(&agent);
}

static int start(void **state)
{
	(void)state;
	return seal_start(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_is_golden),
		cmocka_unit_test(test_create_seals_the_value),
		cmocka_unit_test(test_nothing_is_sent_for_a_bad_line),
		cmocka_unit_test(test_a_word_is_not_sent_as_a_value),
		cmocka_unit_test(test_too_large_is_not_sent),
		cmocka_unit_test(test_errors_of_the_agent_are_told),
		cmocka_unit_test(test_a_new_key_is_taken_once),
		cmocka_unit_test(test_reveal_prints_the_bytes_alone),
		cmocka_unit_test(test_inspect_goes_on_after_a_failure),
		cmocka_unit_test(test_grants_say_what_is_needed_next),
		cmocka_unit_test(test_tables_and_names),
		cmocka_unit_test(test_status_says_what_to_do),
		cmocka_unit_test(test_no_agent_is_exit_6),
		cmocka_unit_test(test_a_key_others_may_write_is_refused),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
