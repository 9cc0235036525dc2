/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies by their routes: what becomes of each, of rules and of access files above all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/request.h"
#include "base/access.h"

#define WEB "\"consumer\":\"container/web\""

/* A request with this body; the caller frees what is left of it. */
static int start(const char *method, const char *target, const void *bytes, size_t length,
	struct frame_request *request, struct pack *body, struct err *err)
{
	char allow[ROUTE_ALLOW_MAX];
	const struct route *route = request_start(method, target, request, allow, NULL);

	assert_non_null(route);
	*body = (struct pack){ 0 };
	if (length)
		pack_bytes(body, bytes, length);
	return request_body(route, body, request, err);
}

static void test_bodies(void **state)
{
	static const struct {
		const char *method, *target;
		size_t length;
		int status;
		uint32_t body_length;
	} cases[] = {
		{ "GET", "/v1/status", 0, 0, 0 },
		{ "POST", "/v1/unlock", 0, 0, 0 },
		{ "POST", "/v1/unlock", 99, 0, 99 },
		{ "POST", "/v1/secrets/a", 0, -TACIT_INVALID, 0 },
		{ "POST", "/v1/secrets/a", 1, 0, 1 },
		{ "POST", "/v1/secrets/a/versions", 0, -TACIT_INVALID, 0 },
		{ "POST", "/v1/secrets/a/reveal", 0, -TACIT_INVALID, 0 },
		{ "POST", "/v1/secrets/a/reveal", 31, -TACIT_INVALID, 0 },
		{ "POST", "/v1/secrets/a/reveal", 32, 0, 0 },
		{ "POST", "/v1/grants", 0, -TACIT_INVALID, 0 },
		{ "POST", "/v1/secrets/a/schedule", 0, -TACIT_INVALID, 0 },
		{ "POST", "/v1/bundles/a", 0, -TACIT_INVALID, 0 },
		{ "POST", "/v1/bundles/a", 100, 0, 100 },
		{ "POST", "/v1/bundles/a/versions", 0, -TACIT_INVALID, 0 },
		{ "POST", "/v1/bundles/a/versions", 1, 0, 1 },
		{ "POST", "/v1/consumers/bind", 0, -TACIT_INVALID, 0 },
		{ "POST", "/v1/consumers/freeze?consumer=container/web", 0, 0, 0 },
		{ "POST", "/v1/access", 0, 0, 0 },
		{ "POST", "/v1/access", 9, -TACIT_INVALID, 0 },
	};
	uint8_t bytes[100];

	(void)state;
	memset(bytes, 'b', sizeof bytes);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct frame_request request;
		struct pack body;

		assert_int_equal(start(cases[i].method, cases[i].target, bytes, cases[i].length,
					 &request, &body, NULL),
			cases[i].status);
		assert_int_equal(request.body_length, cases[i].body_length);
		if (request.body_length)
			assert_int_equal(body.length, request.body_length);
		pack_free(&body);
	}
}

/* {"consumer":..., "rules":[...]} of `count` different rules. */
static const char *many_rules(int count)
{
	static char text[1024];

	sprintf(text, "{" WEB ",\"rules\":[");
	for (int i = 0; i < count; i++)
		sprintf(text + strlen(text), "%s\"image=i%d\"", i ? "," : "", i);
	strcat(text, "]}");
	return text;
}

static void test_rules_that_are_taken(void **state)
{
	static const struct {
		const char *text;
		const char *rules[3];
		uint32_t count;
	} cases[] = {
		{ "{" WEB ",\"rules\":[\"image=nginx:1.25\"]}", { "image=nginx:1.25" }, 1 },
		{ "{\"rules\":[\"label=a=b\",\"compose=shop/web\",\"container=web\"]," WEB "}",
			{ "label=a=b", "compose=shop/web", "container=web" }, 3 },
	};
	static const char *const targets[] = { "/v1/consumers/bind", "/v1/consumers/unbind" };

	(void)state;
	for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
		struct frame_request request;
		struct pack body;
		struct err err = { .text = "" };

		if (start("POST", targets[i % 2], cases[i / 2].text, strlen(cases[i / 2].text),
			    &request, &body, &err) < 0)
			fail_msg("%s: %s", cases[i / 2].text, err.text);
		pack_free(&body);
		assert_string_equal(request.consumer, "container/web");
		assert_int_equal(request.rule_count, cases[i / 2].count);
		assert_int_equal(request.body_length, 0);
		for (uint32_t j = 0; j < request.rule_count; j++)
			assert_string_equal(request.rules[j], cases[i / 2].rules[j]);
	}
}

static void test_how_many_rules(void **state)
{
	(void)state;
	for (int count = 0; count <= BINDING_RULES_MAX + 1; count++) {
		const char *text = many_rules(count);
		struct frame_request request;
		struct pack body;
		int bound = start(
			"POST", "/v1/consumers/bind", text, strlen(text), &request, &body, NULL);

		pack_free(&body);
		assert_int_equal(!bound, count >= 1 && count <= BINDING_RULES_MAX);
		assert_int_equal(!start("POST", "/v1/consumers/unbind", text, strlen(text),
					 &request, &body, NULL),
			count <= BINDING_RULES_MAX);
		pack_free(&body);
	}
}

static void test_rules_that_are_refused(void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} cases[] = {
		{ "{}", "the binding lacks \"consumer\"" },
		{ "{" WEB "}", "the binding lacks \"rules\"" },
		{ "{" WEB ",\"rules\":\"image=a\"}", "\"rules\" is a list" },
		{ "{" WEB ",\"rules\":null}", "\"rules\" is a list" },
		{ "{" WEB ",\"rules\":{}}", "\"rules\" is a list" },
		{ "{" WEB ",\"rules\":[1]}", "a rule is text" },
		{ "{" WEB ",\"rules\":[\"image=a\",[]]}", "a rule is text" },
		{ "{" WEB ",\"rules\":[\"\"]}", "a rule is image=" },
		{ "{" WEB ",\"rules\":[\"nginx\"]}", "a rule is image=" },
		{ "{" WEB ",\"rules\":[\"image=a b\"]}", "no blanks" },
		{ "{" WEB ",\"rules\":[\"image=a\\n\"]}", "no blanks" },
		{ "{" WEB ",\"rules\":[\"image=\\u00e9\"]}", "no blanks" },
		{ "{" WEB ",\"rules\":[\"image=a\",\"image=b\",\"image=a\"]}", "given twice" },
		{ "{" WEB ",\"rules\":[\"image=a\"],\"file\":\"a\"}",
			"the binding has another key than consumer, rules" },
		{ "{\"consumer\":\"self\",\"rules\":[\"image=a\"]}", "'self'" },
		{ "{\"consumer\":\"unit/a.service\",\"rules\":[\"image=a\"]}",
			"a unit or a user is known from the kernel: it takes no rules" },
		{ "{\"rules\":[\"image=a\"],\"consumer\":\"user/0\"}", "it takes no rules" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct frame_request request;
		struct pack body;
		struct err err = { .text = "" };
		int status = start("POST", "/v1/consumers/bind", cases[i].text,
			strlen(cases[i].text), &request, &body, &err);

		pack_free(&body);
		if (status != -TACIT_INVALID || !strstr(err.text, cases[i].why))
			fail_msg("%s: %d \"%s\", wanted \"%s\"", cases[i].text, status, err.text,
				cases[i].why);
	}
}

static void test_the_longest_rule(void **state)
{
	(void)state;
	for (size_t length = BINDING_TEXT_MAX - 1; length <= BINDING_TEXT_MAX + 2; length++) {
		char rule[BINDING_TEXT_MAX + 3], text[BINDING_TEXT_MAX + 64];
		struct frame_request request;
		struct pack body;

		memset(rule, 'v', length);
		memcpy(rule, "label=k=", 8);
		rule[length] = '\0';
		sprintf(text, "{" WEB ",\"rules\":[\"%s\"]}", rule);
		assert_int_equal(start("POST", "/v1/consumers/unbind", text, strlen(text), &request,
					 &body, NULL),
			length <= BINDING_TEXT_MAX ? 0 : -TACIT_INVALID);
		pack_free(&body);
		if (length <= BINDING_TEXT_MAX)
			assert_string_equal(request.rules[0], rule);
		assert_string_equal(request.rules[1], "");
	}
}

static void test_an_access_file_becomes_statements(void **state)
{
	static const char text[] = "# both\nfreeze container/web\n"
				   "grant a container/web reads=1\nbind container/web image=x\n";
	struct frame_request request;
	struct pack body;
	const struct access_statement *list;

	(void)state;
	assert_int_equal(
		start("POST", "/v1/access?prune=1", text, sizeof text - 1, &request, &body, NULL),
		0);
	assert_int_equal(request.body_length, 3 * sizeof *list);
	assert_int_equal(body.length, request.body_length);
	list = (const struct access_statement *)body.bytes;
	assert_int_equal(list[0].kind, ACCESS_GRANT);
	assert_int_equal(list[0].reads, 1);
	assert_int_equal(list[1].kind, ACCESS_BIND);
	assert_int_equal(list[2].kind, ACCESS_FREEZE);
	pack_free(&body);
}

static void test_an_access_file_that_says_nothing(void **state)
{
	static const char *const texts[] = { "", "\n", "# nothing\n" };

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct frame_request request;
		struct pack body;

		assert_int_equal(start("POST", "/v1/access", texts[i], strlen(texts[i]), &request,
					 &body, NULL),
			0);
		assert_int_equal(request.body_length, 0);
		pack_free(&body);
	}
}

static void test_an_access_file_is_refused_with_its_line(void **state)
{
	static const char text[] = "grant a container/web\nMARKER a container/web\n";
	struct frame_request request;
	struct pack body;
	struct err err;

	(void)state;
	assert_int_equal(start("POST", "/v1/access", text, sizeof text - 1, &request, &body, &err),
		-TACIT_INVALID);
	assert_non_null(strstr(err.text, "line 2: "));
	assert_null(strstr(err.text, "MARKER"));
	pack_free(&body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_rules_that_are_taken),
		cmocka_unit_test(test_how_many_rules),
		cmocka_unit_test(test_rules_that_are_refused),
		cmocka_unit_test(test_the_longest_rule),
		cmocka_unit_test(test_an_access_file_becomes_statements),
		cmocka_unit_test(test_an_access_file_that_says_nothing),
		cmocka_unit_test(test_an_access_file_is_refused_with_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
