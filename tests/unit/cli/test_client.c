/* SPDX-License-Identifier: Apache-2.0 */
/* The client's pure parts: paths, queries, and errors of the agent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <tacit/client.h>

#include "base/err.h"

static void test_segments_are_encoded(void **state)
{
	char path[CLIENT_PATH_MAX];

	(void)state;
	assert_int_equal(client_path(path, NULL, "secrets", "tls/cert.pem", "versions", NULL), 0);
	assert_string_equal(path, "/v1/secrets/tls%2Fcert.pem/versions");
	assert_int_equal(client_path(path, NULL, "a b?c#d%&\xff", NULL), 0);
	assert_string_equal(path, "/v1/a%20b%3Fc%23d%25%26%FF");
	assert_int_equal(client_path(path, NULL, "grants", NULL), 0);
	assert_int_equal(client_query(path, "secret", "a/b", NULL), 0);
	assert_int_equal(client_query(path, "consumer", "compose/shop/Web.API", NULL), 0);
	assert_string_equal(path, "/v1/grants?secret=a%2Fb&consumer=compose%2Fshop%2FWeb.API");
}

static void test_long_names_do_not_fit(void **state)
{
	char path[CLIENT_PATH_MAX], name[CLIENT_PATH_MAX];
	struct err err;

	(void)state;
	memset(name, '/', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	assert_int_equal(client_path(path, &err, name, NULL), -TACIT_INVALID);
	memset(name, 'x', sizeof name - 1);
	assert_int_equal(client_path(path, &err, name, NULL), -TACIT_INVALID);
	assert_int_equal(client_path(path, &err, "grants", NULL), 0);
	assert_int_equal(client_query(path, "secret", name, &err), -TACIT_INVALID);
	assert_int_equal(client_query(path, name, "x", &err), -TACIT_INVALID);
}

static void test_every_code_comes_back(void **state)
{
	(void)state;
	for (int code = TACIT_OK + 1; code < TACIT_CODES; code++) {
		char text[128];
		struct err err = { 0 };

		snprintf(text, sizeof text, "{\"error\":{\"code\":\"%s\",\"message\":\"why\"}}",
			code_word((enum tacit_code)code));
		assert_int_equal(client_error(400, text, strlen(text), &err), -code);
		assert_int_equal(err.code, code);
		assert_string_equal(err.text, "why");
	}
}

static void test_odd_errors_are_errors(void **state)
{
	static const char *const texts[] = {
		"",
		"<html>",
		"[]",
		"{}",
		"{\"error\":\"text\"}",
		"{\"error\":{\"code\":\"denied\"}}",
		"{\"error\":{\"code\":7,\"message\":\"x\"}}",
		"{\"error\":{\"code\":\"ok\",\"message\":\"x\"}}",
		"{\"error\":{\"code\":\"a word of tomorrow\",\"message\":\"x\"}}",
		"{\"error\":{\"code\":\"locked\",\"code\":\"denied\",\"message\":\"x\"}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct err err = { 0 };

		assert_int_equal(
			client_error(500, texts[i], strlen(texts[i]), &err), -TACIT_INTERNAL);
		assert_int_equal(err.code, TACIT_INTERNAL);
		assert_true(*err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_segments_are_encoded),
		cmocka_unit_test(test_long_names_do_not_fit),
		cmocka_unit_test(test_every_code_comes_back),
		cmocka_unit_test(test_odd_errors_are_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
