/* SPDX-License-Identifier: Apache-2.0 */
/* `--template`: the text is sealed as a text and never as a value, a grant has what it needs made,
 * and lists say of what a secret is made. */
#include "tests/unit/cli/fake_agent.h"

#define SECRET(version)                                                                            \
	"{\"name\":\"url\",\"id\":\"00ff\",\"version\":" version ",\"versions\":1,\"size\":27,"    \
	"\"created_at\":\"2026-01-31T09:30:00.125Z\",\"rotated_at\":null,\"grants\":0,"            \
	"\"schedule\":null,\"template\":[\"user\",\"db/pass\"]}"
#define GRANT                                                                                      \
	"{\"secret\":\"url\",\"consumer\":\"compose/shop/web\",\"file\":\"url\",\"path\":"         \
	"\"/run/tacit/compose/shop/web/url\",\"uid\":null,\"gid\":null,\"mode\":\"0400\"}"
#define ERROR(code, message) "{\"error\":{\"code\":\"" code "\",\"message\":\"" message "\"}}"
#define TEXT "{{ user }}:{{ db/pass | url }}"
#define CREATE "POST /v1/secrets/url?template=1"
#define ROTATE "POST /v1/secrets/url/versions?template=1"
#define POSTED "POST /v1/grants {\"secret\":\"url\",\"consumer\":\"compose/shop/web\"}\n"
#define END                                                                                        \
	{                                                                                          \
		NULL, FAKE_TEXT, 0, NULL, NULL, NULL                                               \
	}

#define run(canned, ran, requests, input, ...)                                                     \
	run_case(canned, ran, requests, input, CASE(__VA_ARGS__))

static const struct canned made[] = {
	{ CREATE, FAKE_OPEN, 201, SECRET("1"), "create-template:url", TEXT },
	{ ROTATE, FAKE_OPEN, 201, SECRET("2"), "rotate-template:url", TEXT },
	{ ROTATE "&overlap=3600", FAKE_OPEN, 201, SECRET("2"), "rotate-template:url", TEXT "\n" },
	{ "POST /v1/grants", FAKE_TEXT, 201, GRANT, NULL, NULL },
	END,
};

static void test_the_text_is_sealed_as_a_text(void **state)
{
	char requests[4096];
	struct ran ran;

	(void)state;
	run(made, &ran, requests, TEXT, "secret", "create", "url", "--template", "-");
	assert_string_equal(ran.err, "");
	assert_contains(ran.out, "created url (version 1, 27 bytes)");
	assert_string_equal(requests, CREATE "\n");
	run(made, &ran, requests, TEXT, "secret", "rotate", "url", "--template=-");
	assert_string_equal(ran.err, "");
	assert_contains(ran.out, "rotated url (version 2, 27 bytes)");
	assert_string_equal(requests, ROTATE "\n");
	run(made, &ran, requests, TEXT "\n", "secret", "rotate", "url", "--template", "-",
		"--overlap", "1h", "--keep-newline");
	assert_string_equal(ran.err, "");
	assert_int_equal(ran.exit, 0);
}

static void test_the_newline_rule_is_that_of_values(void **state)
{
	char requests[4096];
	struct ran ran;

	(void)state;
	run(made, &ran, requests, TEXT "\n", "secret", "create", "url", "--template", "-");
	assert_contains(ran.err, "'--keep-newline' keeps it");
	assert_int_equal(ran.exit, 0);
}

static void test_what_makes_a_value_otherwise_is_refused(void **state)
{
	static const struct {
		const char *words[CASE_WORDS];
		const char *part;
	} rows[] = {
		{ { "secret", "create", "url", "file", "--template", "-" }, "two values" },
		{ { "secret", "create", "url", "--template", "-", "--generate", "8" },
			"'--generate' goes with those" },
		{ { "secret", "create", "url", "--template", "-", "--every", "1d" },
			"'--every' goes with those" },
		{ { "secret", "rotate", "url", "--template", "-", "--rotator", "pg" },
			"'--rotator' goes with those" },
		{ { "secret", "create", "tls/", "--template", "-" }, "no bundle" },
		{ { "secret", "rotate", "tls/", "--template", "-" }, "no bundle" },
		{ { "grant", "add", "tls/", "compose/shop/web", "--template", "-" }, "no bundle" },
		{ { "grant", "add", "url", "compose/shop/web", "--template", "-", "--uid", "x" },
			"'--uid'" },
		{ { "secret", "create", "a b", "--template", "-" }, "name" },
		{ { "secret", "create", "url", "--template", "/no/such/file" }, "" },
		{ { "secret", "stage", "url", "--template", "-" }, "--template" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char requests[4096];
		struct ran ran;

		run_case(made, &ran, requests, TEXT, rows[i].words);
		assert_contains(ran.err, rows[i].part);
		assert_int_not_equal(ran.exit, 0);
		assert_string_equal(requests, "");
	}
}

static void test_a_grant_makes_it(void **state)
{
	char requests[4096];
	struct ran ran;

	(void)state;
	run(made, &ran, requests, TEXT, "grant", "add", "url", "compose/shop/web", "--template",
		"-");
	assert_string_equal(ran.err, "tacit: note: created url, which the template makes\n");
	assert_contains(ran.out, "/run/tacit/compose/shop/web/url");
	assert_string_equal(requests, CREATE "\n" POSTED);
	run(made, &ran, requests, TEXT, "grant", "add", "url", "compose/shop/web", "--template",
		"-", "-q");
	assert_string_equal(ran.err, "");
	assert_string_equal(ran.out, "/run/tacit/compose/shop/web/url\n");
}

static void test_a_grant_gives_it_another_text(void **state)
{
	static const struct canned there[] = {
		{ CREATE, FAKE_TEXT, 409, ERROR("exists", "there is one"), NULL, NULL },
		{ ROTATE, FAKE_OPEN, 201, SECRET("4"), "rotate-template:url", TEXT },
		{ "POST /v1/grants", FAKE_TEXT, 201, GRANT, NULL, NULL },
		END,
	};
	static const struct canned same[] = {
		{ CREATE, FAKE_TEXT, 409, ERROR("exists", "there is one"), NULL, NULL },
		{ ROTATE, FAKE_TEXT, 409, ERROR("exists", "this very template"), NULL, NULL },
		{ "POST /v1/grants", FAKE_TEXT, 201, GRANT, NULL, NULL },
		END,
	};
	static const struct canned value[] = {
		{ CREATE, FAKE_TEXT, 409, ERROR("exists", "there is one"), NULL, NULL },
		{ ROTATE, FAKE_TEXT, 400, ERROR("invalid", "it has a value of its own"), NULL,
			NULL },
		END,
	};
	char requests[4096];
	struct ran ran;

	(void)state;
	run(there, &ran, requests, TEXT, "grant", "add", "url", "compose/shop/web", "--template",
		"-");
	assert_string_equal(
		ran.err, "tacit: note: url is made by this template from now on (version 4)\n");
	assert_string_equal(requests, CREATE "\n" ROTATE "\n" POSTED);
	assert_int_equal(ran.exit, 0);
	run(same, &ran, requests, TEXT, "grant", "add", "url", "compose/shop/web", "--template",
		"-");
	assert_string_equal(ran.err, "");
	assert_string_equal(requests, CREATE "\n" ROTATE "\n" POSTED);
	assert_int_equal(ran.exit, 0);
	run(value, &ran, requests, TEXT, "grant", "add", "url", "compose/shop/web", "--template",
		"-");
	assert_contains(ran.err, "it has a value of its own");
	assert_string_equal(requests, CREATE "\n" ROTATE "\n");
	assert_int_equal(ran.exit, TACIT_EXIT_USAGE);
}

static void test_lists_say_of_what_it_is_made(void **state)
{
	static const struct canned lists[] = {
		{ "GET /v1/secrets", FAKE_TEXT, 200, "[" SECRET("3") "]", NULL, NULL },
		{ "GET /v1/access", FAKE_TEXT, 200,
			"{\"lines\":[\"grant url "
			"compose/shop/web\"],\"templates\":[{\"secret\":\"url\","
			"\"template\":[\"user\",\"db/pass\"]}]}",
			NULL, NULL },
		END,
	};
	char requests[4096];
	struct ran ran;

	(void)state;
	run(lists, &ran, requests, NULL, "secret", "ls");
	assert_contains(ran.out, "template of user, db/pass\n");
	run(lists, &ran, requests, NULL, "export");
	assert_golden(&ran, "export-template.txt");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_text_is_sealed_as_a_text),
		cmocka_unit_test(test_the_newline_rule_is_that_of_values),
		cmocka_unit_test(test_what_makes_a_value_otherwise_is_refused),
		cmocka_unit_test(test_a_grant_makes_it),
		cmocka_unit_test(test_a_grant_gives_it_another_text),
		cmocka_unit_test(test_lists_say_of_what_it_is_made),
	};

	if (seal_start(NULL) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
