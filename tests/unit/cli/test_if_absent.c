/* SPDX-License-Identifier: Apache-2.0 */
/* `secret create --if-absent`: what exists is left alone, and no value is taken for it. */
#include "tests/unit/cli/fake_agent.h"

#define SECRET                                                                                     \
	"{\"name\":\"db_password\",\"id\":\"00ff\",\"version\":3,\"versions\":2,\"size\":7,"       \
	"\"created_at\":\"2026-01-31T09:30:00.125Z\",\"rotated_at\":null,\"grants\":0"
#define ABSENT "{\"error\":{\"code\":\"not_found\",\"message\":\"there is no such secret\"}}"
#define EXISTS "{\"error\":{\"code\":\"exists\",\"message\":\"it exists\"}}"
#define LOCKED "{\"error\":{\"code\":\"locked\",\"message\":\"it is locked\"}}"

static const struct canned canned[] = {
	{ "GET /v1/secrets/db_password", FAKE_TEXT, 200, SECRET ",\"granted_to\":[]}", NULL, NULL },
	{ "GET /v1/secrets/fresh", FAKE_TEXT, 404, ABSENT, NULL, NULL },
	{ "POST /v1/secrets/fresh", FAKE_OPEN, 201, SECRET "}", "create:fresh", "hunter2" },
	{ "GET /v1/secrets/raced", FAKE_TEXT, 404, ABSENT, NULL, NULL },
	{ "GET /v1/secrets/raced", FAKE_TEXT, 200, SECRET ",\"granted_to\":[]}", NULL, NULL },
	{ "POST /v1/secrets/raced", FAKE_TEXT, 409, EXISTS, NULL, NULL },
	{ "GET /v1/secrets/locked", FAKE_TEXT, 423, LOCKED, NULL, NULL },
	{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
};

#define run(ran, requests, input, ...)                                                             \
	run_case(canned, ran, requests, input, CASE("secret", "create", "--if-absent", __VA_ARGS__))

static void test_what_exists_is_left_alone(void **state)
{
	char requests[4096];
	struct ran ran;

	(void)state;
	/* Standard input is neither asked nor read: without a FILE this would be a failure. */
	run(&ran, requests, NULL, "db_password");
	assert_string_equal(ran.err, "");
	assert_string_equal(ran.out, "db_password exists (version 3) and was left as it is\n");
	assert_string_equal(requests, "GET /v1/secrets/db_password\n");
	assert_int_equal(ran.exit, 0);
	run(&ran, requests, "", "db_password", "/no/such/file", "--json");
	assert_string_equal(ran.err, "");
	assert_golden(&ran, "secret-create-if-absent.json");
	assert_int_equal(ran.exit, 0);
	run(&ran, requests, "", "db_password", "-", "-q");
	assert_string_equal(ran.out, "db_password\n");
}

static void test_what_is_absent_is_created(void **state)
{
	char requests[4096];
	struct ran ran;

	(void)state;
	run(&ran, requests, "hunter2", "fresh", "-");
	assert_string_equal(ran.err, "");
	assert_ptr_equal(strstr(ran.out, "created fresh (version 3"), ran.out);
	assert_string_equal(requests, "GET /v1/secrets/fresh\nPOST /v1/secrets/fresh\n");
	assert_int_equal(ran.exit, 0);
}

static void test_somebody_else_may_be_first(void **state)
{
	char requests[4096];
	struct ran ran;

	(void)state;
	run(&ran, requests, "hunter2", "raced", "-");
	assert_string_equal(ran.err, "");
	assert_string_equal(ran.out, "raced exists (version 3) and was left as it is\n");
	assert_string_equal(requests, "GET /v1/secrets/raced\nPOST /v1/secrets/raced\n"
				      "GET /v1/secrets/raced\n");
	assert_int_equal(ran.exit, 0);
}

static void test_failures_are_failures(void **state)
{
	char requests[4096];
	struct ran ran;

	(void)state;
	run(&ran, requests, "hunter2", "locked", "-");
	assert_int_equal(ran.exit, TACIT_EXIT_LOCKED);
	assert_string_equal(requests, "GET /v1/secrets/locked\n");
	run(&ran, requests, "", "fresh", "-");
	assert_contains(ran.err, "the value is empty");
	assert_int_equal(ran.exit, TACIT_EXIT_USAGE);
	run(&ran, requests, "", "db_password", "-", "--generate", "3");
	assert_contains(ran.err, "are two values");
	assert_string_equal(requests, "");
	run(&ran, requests, "", "a b", "-");
	assert_int_equal(ran.exit, TACIT_EXIT_USAGE);
	assert_string_equal(requests, "");
}

static int start(void **state)
{
	(void)state;
	return seal_start(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_exists_is_left_alone),
		cmocka_unit_test(test_what_is_absent_is_created),
		cmocka_unit_test(test_somebody_else_may_be_first),
		cmocka_unit_test(test_failures_are_failures),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
