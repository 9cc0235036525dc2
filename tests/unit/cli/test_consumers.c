/* SPDX-License-Identifier: Apache-2.0 */
/* `tacit consumer` from end to end: rules, freezing, removal. */
#include "tests/unit/cli/fake_agent.h"

#define ERROR(word, text) "{\"error\":{\"code\":\"" word "\",\"message\":\"" text "\"}}"
#define CONSUMER(frozen, rules)                                                                    \
	"{\"consumer\":\"compose/shop/web\",\"path\":\"/run/tacit/compose/shop/web\","             \
	"\"frozen_at\":" frozen ",\"rules\":[" rules "],\"grants\":[],\"containers\":[{\"id\":"    \
	"\"4f5e0c1d2a3b4f5e0c1d2a3b4f5e0c1d2a3b4f5e0c1d2a3b4f5e0c1d2a3b4f5e\",\"name\":"           \
	"\"shop_web_1\",\"image\":\"nginx:1.25\",\"engine\":\"/run/docker.sock\",\"life\":"        \
	"\"running\"}]}"
#define TWO_RULES "\"image=nginx:1.25\",\"label=tier=front\""
#define WEB "?consumer=compose%2Fshop%2Fweb"

static const struct canned canned[] = {
	{ "GET /v1/consumers", FAKE_TEXT, 200,
		"[{\"consumer\":\"compose/shop/web\",\"grants\":2,\"files\":[\"a\",\"b\"],"
		"\"path\":\"/run/tacit/compose/shop/web\",\"frozen\":false,\"rules\":2},"
		"{\"consumer\":\"container/legacy\",\"grants\":1,\"files\":[\"token\"],"
		"\"path\":\"/run/tacit/container/legacy\",\"frozen\":true,\"rules\":0}]",
		NULL, NULL },
	{ "GET /v1/consumers/inspect" WEB, FAKE_TEXT, 200, CONSUMER("null", TWO_RULES), NULL,
		NULL },
	{ "GET /v1/consumers/inspect?consumer=container%2Fnone", FAKE_TEXT, 404,
		ERROR("not_found", "there is no such consumer"), NULL, NULL },
	{ "POST /v1/consumers/bind", FAKE_TEXT, 200, CONSUMER("null", TWO_RULES), NULL, NULL },
	{ "POST /v1/consumers/unbind", FAKE_TEXT, 200, CONSUMER("null", ""), NULL, NULL },
	{ "POST /v1/consumers/freeze" WEB, FAKE_TEXT, 200,
		CONSUMER("\"2026-01-31T09:30:00.125Z\"", ""), NULL, NULL },
	{ "POST /v1/consumers/thaw" WEB, FAKE_TEXT, 200, CONSUMER("null", ""), NULL, NULL },
	{ "DELETE /v1/consumers" WEB, FAKE_TEXT, 409, ERROR("busy", "it is granted secrets"), NULL,
		NULL },
	{ "DELETE /v1/consumers" WEB "&force=1", FAKE_TEXT, 200,
		"{\"removed\":\"compose/shop/web\"}", NULL, NULL },
	{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
};

#define run(ran, requests, ...) run_case(canned, ran, requests, NULL, CASE(__VA_ARGS__))

static void test_answers_are_shown(void **state)
{
	static const struct {
		const char *words[CASE_WORDS];
		const char *golden, *out;
	} rows[] = {
		{ { "consumer", "ls" }, "consumer-ls.txt", NULL },
		{ { "consumer", "ls", "-q" }, NULL, "compose/shop/web\ncontainer/legacy\n" },
		{ { "consumer", "inspect", "compose/shop/web" }, "consumer-inspect.json", NULL },
		{ { "consumer", "inspect", "compose/shop/web", "-q" }, NULL, "compose/shop/web\n" },
		{ { "consumer", "bind", "compose/shop/web", "image=nginx:1.25" }, NULL,
			"compose/shop/web is bound by 2 rules, all of which must hold\n"
			"  image=nginx:1.25\n"
			"  label=tier=front\n" },
		{ { "consumer", "bind", "compose/shop/web", "image=nginx:1.25", "--json" },
			"consumer-bind.json", NULL },
		{ { "consumer", "unbind", "compose/shop/web" }, NULL,
			"compose/shop/web is bound by no rule: its name alone decides\n" },
		{ { "consumer", "freeze", "compose/shop/web" }, NULL,
			"compose/shop/web is frozen: it reads nothing until 'tacit consumer "
			"thaw'\n" },
		{ { "consumer", "freeze", "compose/shop/web", "-q" }, NULL, "compose/shop/web\n" },
		{ { "consumer", "freeze", "compose/shop/web", "--json" }, "consumer-freeze.json",
			NULL },
		{ { "consumer", "thaw", "compose/shop/web" }, NULL,
			"compose/shop/web reads again what it is granted\n" },
		{ { "consumer", "rm", "compose/shop/web", "--force" }, NULL,
			"removed compose/shop/web\n" },
		{ { "consumer", "remove", "compose/shop/web", "--force", "--json" },
			"consumer-rm.json", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char requests[4096];
		struct ran ran;

		run_case(canned, &ran, requests, NULL, rows[i].words);
		assert_string_equal(ran.err, "");
		if (rows[i].golden)
			assert_golden(&ran, rows[i].golden);
		else
			assert_string_equal(ran.out, rows[i].out);
		assert_int_equal(ran.exit, 0);
	}
}

static void test_rules_and_freezes_are_sent(void **state)
{
	char requests[4096];
	struct ran ran;

	(void)state;
	run(&ran, requests, "consumer", "bind", "compose/shop/web", "image=nginx:1.25",
		"label=tier=front");
	assert_string_equal(requests,
		"POST /v1/consumers/bind {\"consumer\":\"compose/shop/web\",\"rules\":["
		"\"image=nginx:1.25\",\"label=tier=front\"]}\n");
	run(&ran, requests, "consumer", "unbind", "compose/shop/web");
	assert_string_equal(requests, "POST /v1/consumers/unbind {\"consumer\":"
				      "\"compose/shop/web\",\"rules\":[]}\n");
	run(&ran, requests, "consumer", "unbind", "compose/shop/web", "container=x1");
	assert_string_equal(requests, "POST /v1/consumers/unbind {\"consumer\":"
				      "\"compose/shop/web\",\"rules\":[\"container=x1\"]}\n");
	run(&ran, requests, "consumer", "freeze", "compose/shop/web");
	assert_string_equal(requests, "POST /v1/consumers/freeze" WEB "\n");
	run(&ran, requests, "consumer", "thaw", "compose/shop/web");
	assert_string_equal(requests, "POST /v1/consumers/thaw" WEB "\n");
}

static void test_nothing_is_sent_for_a_bad_line(void **state)
{
	static const struct {
		const char *words[CASE_WORDS];
		const char *error;
	} rows[] = {
		{ { "consumer", "bind", "compose/shop/web" },
			"usage: tacit consumer bind CONSUMER RULE..." },
		{ { "consumer", "bind", "web", "image=x" }, "a consumer is" },
		{ { "consumer", "bind", "compose/shop/web", "image=x", "nginx" },
			"tacit: consumer bind compose/shop/web: rule 2: a rule is image=NAME" },
		{ { "consumer", "bind", "container/bb", "label=1=1", "label=2=2", "label=3=3",
			  "label=4=4", "label=5=5", "label=6=6", "label=7=7", "label=8=8",
			  "label=9=9" },
			"a consumer has at most 8 rules" },
		{ { "consumer", "unbind", "compose/shop/web", "image=" }, "rule 1: " },
		{ { "consumer", "freeze", "web" }, "a consumer is" },
		{ { "consumer", "thaw" }, "too few arguments" },
		{ { "consumer", "inspect", "web" }, "a consumer is" },
		{ { "consumer", "rm", "web" }, "a consumer is" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char requests[4096];
		struct ran ran;

		run_case(canned, &ran, requests, NULL, rows[i].words);
		assert_contains(ran.err, rows[i].error);
		assert_int_equal(ran.exit, TACIT_EXIT_USAGE);
		assert_string_equal(requests, "");
	}
}

static void test_errors_of_the_agent_are_told(void **state)
{
	char requests[4096];
	struct ran ran;

	(void)state;
	run(&ran, requests, "consumer", "rm", "compose/shop/web");
	assert_string_equal(ran.err, "tacit: consumer rm compose/shop/web: it is granted secrets; "
				     "'--force' removes it with its grants\n");
	assert_int_equal(ran.exit, 1);
	run(&ran, requests, "consumer", "inspect", "container/none", "compose/shop/web");
	assert_string_equal(ran.err, "tacit: consumer inspect container/none: there is no such "
				     "consumer; 'ls' shows what there is\n");
	assert_golden(&ran, "consumer-inspect.json");
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
		cmocka_unit_test(test_answers_are_shown),
		cmocka_unit_test(test_rules_and_freezes_are_sent),
		cmocka_unit_test(test_nothing_is_sent_for_a_bad_line),
		cmocka_unit_test(test_errors_of_the_agent_are_told),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
