/* SPDX-License-Identifier: Apache-2.0 */
/* The body that says what the agent does to a secret by itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/schedule.h"
#include "base/cleanup.h"
#include "seal/generate.h"

#define S UINT64_C(1000000000)

static int parse(const char *text, struct frame_request *request, struct err *err)
{
	_free_ char *copy = strdup(text);

	assert_non_null(copy);
	*request = (struct frame_request){ .verb = VERB_SECRET_SCHEDULE };
	return schedule_parse(copy, strlen(copy), request, err);
}

static void test_schedules_that_are_taken(void **state)
{
	static const struct {
		const char *text;
		uint64_t every_ns, overlap_ns;
		uint32_t generate, alphabet, flags;
		const char *rotator;
	} cases[] = {
		{ "{\"generate\":1}", 0, 0, 1, SEAL_ALPHANUMERIC, 0, "" },
		{ "{\"generate\":4096,\"every_seconds\":1}", S, 0, 4096, SEAL_ALPHANUMERIC, 0, "" },
		{ "{\"rotator\":\"postgres\",\"overlap_seconds\":86400,\"alphabet\":\"password\","
		  "\"generate\":32,\"every_seconds\":315360000}",
			315360000 * S, 86400 * S, 32, SEAL_PASSWORD, 0, "postgres" },
		{ "{\"generate\":8,\"alphabet\":\"alphanumeric\"}", 0, 0, 8, SEAL_ALPHANUMERIC, 0,
			"" },
		{ "{\"generate\":8,\"alphabet\":\"hex\"}", 0, 0, 8, SEAL_HEX, 0, "" },
		{ "{\"generate\":8,\"alphabet\":\"base64\"}", 0, 0, 8, SEAL_BASE64, 0, "" },
		{ "{\"now\":true}", 0, 0, 0, 0, REQUEST_NOW, "" },
		{ "{\"off\":true}", 0, 0, 0, 0, 0, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct frame_request request;
		struct err err = { .text = "" };

		if (parse(cases[i].text, &request, &err) < 0)
			fail_msg("%s: %s", cases[i].text, err.text);
		assert_true(request.every_ns == cases[i].every_ns);
		assert_true(request.lifetime_ns == cases[i].overlap_ns);
		assert_int_equal(request.generate, cases[i].generate);
		assert_int_equal(request.alphabet, cases[i].alphabet);
		assert_int_equal(request.flags, cases[i].flags);
		assert_string_equal(request.rotator, cases[i].rotator);
	}
}

static void test_schedules_that_are_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "{}", "lacks \"generate\"" },
		{ "[]", "not a JSON object" },
		{ "{\"every_seconds\":60}", "the schedule lacks \"generate\"" },
		{ "{\"generate\":0}", "generate is from 1 to 4096" },
		{ "{\"generate\":4097}", "generate is from 1 to 4096" },
		{ "{\"generate\":-1}", "generate is from 1" },
		{ "{\"generate\":4294967297}", "generate is from 1" },
		{ "{\"generate\":\"32\"}", "\"generate\" is a whole number" },
		{ "{\"generate\":1,\"every_seconds\":0}", "every_seconds is from 1 to 315360000" },
		{ "{\"generate\":1,\"every_seconds\":315360001}", "every_seconds is from 1" },
		{ "{\"generate\":1,\"every_seconds\":null}", "whole number" },
		{ "{\"generate\":1,\"every_seconds\":\"30d\"}", "whole number" },
		{ "{\"generate\":1,\"overlap_seconds\":0}", "overlap_seconds is from 1" },
		{ "{\"generate\":1,\"overlap_seconds\":315360001}", "overlap_seconds is from 1" },
		{ "{\"generate\":1,\"alphabet\":\"MARKER\"}",
			"alphabet is alphanumeric, password, hex or base64" },
		{ "{\"generate\":1,\"alphabet\":\"\"}", "alphabet is" },
		{ "{\"generate\":1,\"alphabet\":2}", "is text" },
		{ "{\"generate\":1,\"rotator\":\"\"}", "" },
		{ "{\"generate\":1,\"rotator\":\"../MARKER\"}", "" },
		{ "{\"generate\":1,\"rotator\":\"/MARKER\"}", "" },
		{ "{\"generate\":1,\"rotator\":\"a/MARKER\"}", "" },
		{ "{\"generate\":1,\"rotator\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		  "aaaaaaaaaaaaaaa\"}",
			"at most 63" },
		{ "{\"now\":true,\"generate\":1}", "\"now\" goes with no other key" },
		{ "{\"off\":true,\"every_seconds\":1}", "\"off\" goes with no other key" },
		{ "{\"off\":true,\"now\":true}", "goes with no other key" },
		{ "{\"now\":true,\"MARKER\":true}", "goes with no other key" },
		{ "{\"now\":false}", "now is true, or is left out" },
		{ "{\"off\":false}", "off is true, or is left out" },
		{ "{\"off\":1}", "\"off\" is true or false" },
		{ "{\"generate\":1,\"MARKER\":1}", "the schedule has another key than" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct frame_request request;
		struct err err = { .text = "" };

		if (parse(cases[i].text, &request, &err) != -TACIT_INVALID ||
			!strstr(err.text, cases[i].why) || strstr(err.text, "MARKER"))
			fail_msg("%s: \"%s\"", cases[i].text, err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_schedules_that_are_taken),
		cmocka_unit_test(test_schedules_that_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
