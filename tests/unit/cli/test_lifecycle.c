/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs for the whole agent: unlocked with a key, replaced, ended. */
#include "seal/keyfile.h"
#include "tests/unit/cli/fake_agent.h"

#define STATUS(starts) "{\"state\":\"serving\",\"version\":\"0.1.0\",\"core_starts\":" starts "}"

static void test_a_key_file_is_sealed_to_core(void **state)
{
	uint8_t key[SEAL_KEY_BYTES] = { 7 };
	char text[KEYFILE_TEXT_MAX + 1], path[PATH_FULL_MAX];
	const struct canned canned[] = {
		{ "POST /v1/unlock?kind=key_file", FAKE_OPEN, 200, "{\"state\":\"serving\"}", "unlock", text },
		{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
	};
	struct fake_agent agent;
	struct ran ran;
	FILE *file;

	(void)state;
	text[keyfile_format(key, text)] = '\0';
	fake_start(&agent, canned);
	run_tacit(&agent, &ran, text, "unlock", "--key-file", "-", NULL);
	assert_int_equal(ran.exit, 0);
	assert_string_equal(ran.err, "");
	assert_contains(ran.out, "unlocked");
	fake_path(&agent, "key", path);
	file = fopen(path, "w");
	fputs(text, file);
	fclose(file);
	run_tacit(&agent, &ran, NULL, "unlock", "--key-file", path, "-q", NULL);
	assert_int_equal(ran.exit, 0);
	assert_string_equal(ran.out, "serving\n");
	run_tacit(&agent, &ran, NULL, "unlock", "--key-file", "/no/such/key", NULL);
	assert_int_equal(ran.exit, TACIT_EXIT_NOT_FOUND);
	assert_contains(ran.err, "tacit: unlock: key file /no/such/key: No such file or directory; "
				 "give the path");
	fake_stop(&agent);
}

static void test_upgrade_waits_for_the_new_core(void **state)
{
	static const struct canned canned[] = {
		{ "GET /v1/status", FAKE_TEXT, 200, STATUS("1"), NULL, NULL },
		{ "POST /v1/upgrade", FAKE_TEXT, 200, "{\"state\":\"serving\"}", NULL, NULL },
		{ "GET /v1/status", FAKE_TEXT, 200, STATUS("1"), NULL, NULL },
		{ "GET /v1/status", FAKE_BREAK, 0, "", NULL, NULL },
		{ "GET /v1/status", FAKE_TEXT, 200, STATUS("2"), NULL, NULL },
		{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
	};
	struct fake_agent agent;
	char requests[4096];
	struct ran ran;

	(void)state;
	fake_start(&agent, canned);
	run_tacit(&agent, &ran, NULL, "upgrade", NULL);
	fake_read(&agent, "requests", requests, sizeof requests);
	assert_int_equal(ran.exit, 0);
	assert_string_equal(ran.err, "");
	assert_string_equal(ran.out, "upgraded: 0.1.0, was 0.1.0; serving\n");
	assert_string_equal(requests, "GET /v1/status\nPOST /v1/upgrade\nGET /v1/status\nGET "
				      "/v1/status\nGET /v1/status\n");
	fake_stop(&agent);
}

static void test_stop_waits_for_the_end(void **state)
{
	static const struct canned canned[] = {
		{ "POST /v1/stop?force=1", FAKE_TEXT, 200, "{\"state\":\"stopping\"}", NULL, NULL },
		{ "GET /v1/status", FAKE_TEXT, 200, STATUS("1"), NULL, NULL },
		{ "GET /v1/status", FAKE_BREAK, 0, "", NULL, NULL },
		{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
	};
	struct fake_agent agent;
	struct ran ran;

	(void)state;
	fake_start(&agent, canned);
	run_tacit(&agent, &ran, NULL, "stop", "--force", NULL);
	assert_int_equal(ran.exit, 0);
	assert_string_equal(ran.out, "stopped\n");
	fake_stop(&agent);
}

static void test_status_waits_through_absence(void **state)
{
	static const struct canned canned[] = {
		{ "GET /v1/status", FAKE_BREAK, 0, "", NULL, NULL },
		{ "GET /v1/status", FAKE_TEXT, 503,
			"{\"error\":{\"code\":\"unavailable\",\"message\":\"core starts\"}}", NULL,
			NULL },
		{ "GET /v1/status", FAKE_TEXT, 200, "{\"state\":\"locked\"}", NULL, NULL },
		{ "GET /v1/status", FAKE_TEXT, 200, STATUS("1"), NULL, NULL },
		{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
	};
	struct fake_agent agent;
	struct ran ran;

	(void)state;
	fake_start(&agent, canned);
	run_tacit(&agent, &ran, NULL, "status", "--wait", "60", "-q", NULL);
	assert_int_equal(ran.exit, 0);
	assert_string_equal(ran.out, "serving\n");
	fake_stop(&agent);
	fake_start(&agent, canned);
	run_tacit(&agent, &ran, NULL, "status", NULL);
	assert_int_equal(ran.exit, TACIT_EXIT_NO_AGENT);
	fake_stop(&agent);
}

static void test_status_that_failed_is_exit_1(void **state)
{
	static const struct canned canned[] = {
		{ "GET /v1/status", FAKE_TEXT, 200,
			"{\"state\":\"failed\",\"reason\":\"store: the disk is full\"}", NULL,
			NULL },
		{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
	};
	struct fake_agent agent;
	struct ran ran;

	(void)state;
	fake_start(&agent, canned);
	run_tacit(&agent, &ran, NULL, "status", NULL);
	assert_int_equal(ran.exit, TACIT_EXIT_FAILED);
	assert_string_equal(ran.out, "tacit is failed: store: the disk is full\n");
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
		cmocka_unit_test(test_a_key_file_is_sealed_to_core),
		cmocka_unit_test(test_upgrade_waits_for_the_new_core),
		cmocka_unit_test(test_stop_waits_for_the_end),
		cmocka_unit_test(test_status_waits_through_absence),
		cmocka_unit_test(test_status_that_failed_is_exit_1),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
