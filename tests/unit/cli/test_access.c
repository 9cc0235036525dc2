/* SPDX-License-Identifier: Apache-2.0 */
/* Access as a file, from end to end: exported, applied, and refused when it must be. */
#include "base/access.h"
#include "tests/unit/cli/fake_agent.h"

#define FILE_TEXT "# shop\ngrant db_password compose/shop/web\n"
#define CHANGES                                                                                    \
	"\"changes\":[{\"action\":\"add\",\"line\":\"grant db_password compose/shop/web\"},"       \
	"{\"action\":\"change\",\"line\":\"grant tls/key container/edge as=key.pem reads=2\"},"    \
	"{\"action\":\"remove\",\"line\":\"bind container/edge image=nginx:1.24\"}]}"
#define ERROR(word, text) "{\"error\":{\"code\":\"" word "\",\"message\":\"" text "\"}}"

static const struct canned canned[] = {
	{ "GET /v1/access", FAKE_TEXT, 200,
		"{\"lines\":[\"grant db_password compose/shop/web\",\"grant tls/cert "
		"compose/shop/web mode=0444\",\"bind compose/shop/web image=nginx:1.25\","
		"\"grant db_password compose/shop/web2 as=password\",\"bind container/db "
		"image=x\",\"freeze container/db\",\"freeze container/legacy2\",\"freeze "
		"container/old\",\"freeze container/two\"]}",
		NULL, NULL },
	{ "POST /v1/access", FAKE_TEXT, 200, "{\"applied\":true," CHANGES, NULL, NULL },
	{ "POST /v1/access?dry_run=1", FAKE_TEXT, 200, "{\"applied\":false," CHANGES, NULL, NULL },
	{ "POST /v1/access?prune=1", FAKE_TEXT, 200, "{\"applied\":true,\"changes\":[]}", NULL,
		NULL },
	{ "POST /v1/access?dry_run=1&prune=1", FAKE_TEXT, 400,
		ERROR("invalid", "line 2: a grant has a secret and a consumer"), NULL, NULL },
	{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
};

#define run(ran, requests, input, ...) run_case(canned, ran, requests, input, CASE(__VA_ARGS__))

static void test_answers_are_golden(void **state)
{
	static const struct {
		const char *words[CASE_WORDS];
		const char *golden;
	} rows[] = {
		{ { "export" }, "export.txt" },
		{ { "export", "--json" }, "export.json" },
		{ { "apply", "-" }, "apply.txt" },
		{ { "apply", "-", "--json" }, "apply.json" },
		{ { "apply", "-", "--dry-run" }, "apply-dry-run.txt" },
		{ { "apply", "-", "--dry-run", "--json" }, "apply-dry-run.json" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct ran ran;

		run_case(canned, &ran, NULL, FILE_TEXT, rows[i].words);
		assert_string_equal(ran.err, "");
		assert_golden(&ran, rows[i].golden);
		assert_int_equal(ran.exit, 0);
	}
}

/* What `export` prints is what `apply` takes. */
static void test_an_export_can_be_applied(void **state)
{
	struct access_statement *list = NULL;
	struct err err = { 0 };
	size_t count = 0;
	struct ran ran;

	(void)state;
	run(&ran, NULL, NULL, "export");
	assert_int_equal(access_parse(ran.out, strlen(ran.out), &list, &count, &err), 0);
	assert_int_equal(count, 9);
	free(list);
}

static void test_a_file_is_sent_as_it_is(void **state)
{
	struct fake_agent agent;
	char requests[4096], path[PATH_FULL_MAX];
	struct ran ran;
	FILE *file;

	(void)state;
	run(&ran, requests, FILE_TEXT, "apply", "-");
	assert_string_equal(requests, "POST /v1/access " FILE_TEXT "\n");
	run(&ran, requests, FILE_TEXT, "apply", "-", "--prune");
	assert_string_equal(requests, "POST /v1/access?prune=1 " FILE_TEXT "\n");
	assert_string_equal(ran.out, "nothing to change\n");
	run(&ran, requests, FILE_TEXT, "apply", "-", "-q");
	assert_string_equal(ran.out, "+ grant db_password compose/shop/web\n"
				     "~ grant tls/key container/edge as=key.pem reads=2\n"
				     "- bind container/edge image=nginx:1.24\n");
	fake_start(&agent, canned);
	fake_path(&agent, "access.conf", path);
	file = fopen(path, "w");
	fputs(FILE_TEXT, file);
	fclose(file);
	run_tacit(&agent, &ran, NULL, "apply", path, NULL);
	fake_read(&agent, "requests", requests, sizeof requests);
	assert_string_equal(requests, "POST /v1/access " FILE_TEXT "\n");
	assert_golden(&ran, "apply.txt");
	fake_stop(&agent);
}

static void test_failures_change_nothing_and_say_so(void **state)
{
	static char large[ACCESS_TEXT_MAX + 2];
	char requests[4096];
	struct ran ran;

	(void)state;
	run(&ran, requests, FILE_TEXT, "apply", "-", "--dry-run", "--prune");
	assert_string_equal(ran.err, "tacit: apply: line 2: a grant has a secret and a consumer; "
				     "nothing was changed\n");
	assert_int_equal(ran.exit, TACIT_EXIT_USAGE);
	run(&ran, requests, NULL, "apply", "/no/such/file");
	assert_string_equal(ran.err, "tacit: apply: file /no/such/file: No such file or directory; "
				     "'tacit export' writes one\n");
	assert_int_equal(ran.exit, TACIT_EXIT_NOT_FOUND);
	assert_string_equal(requests, "");
	memset(large, '#', sizeof large - 1);
	run(&ran, requests, large, "apply", "-");
	assert_contains(ran.err, "file: too long; it has at most 1048576 bytes");
	assert_int_equal(ran.exit, TACIT_EXIT_USAGE);
	assert_string_equal(requests, "");
	run(&ran, requests, "", "apply", "-", "--prune");
	assert_contains(ran.err, "the file is empty and --prune would take everything away");
	assert_int_equal(ran.exit, TACIT_EXIT_USAGE);
	assert_string_equal(requests, "");
	run(&ran, requests, "", "apply", "-");
	assert_int_equal(ran.exit, 0);
}

static int start(void **state)
{
	(void)state;
	return seal_start(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers_are_golden),
		cmocka_unit_test(test_an_export_can_be_applied),
		cmocka_unit_test(test_a_file_is_sent_as_it_is),
		cmocka_unit_test(test_failures_change_nothing_and_say_so),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
