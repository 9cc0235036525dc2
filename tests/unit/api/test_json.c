/* SPDX-License-Identifier: Apache-2.0 */
/* JSON in and out: the grant body by table, documents and errors as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/answer.h"
#include "api/fields.h"
#include "api/grant.h"
#include "base/cleanup.h"
#include "wire/doc.h"

#define BOTH "\"secret\":\"a\",\"consumer\":\"container/web\""

/* A literal with its length, for those that hold NUL. */
#define LITERAL(text) text, sizeof(text) - 1

static int parse(const char *text, size_t length, struct frame_request *request, struct err *err)
{
	_free_ char *copy = malloc(length ? length : 1);

	assert_non_null(copy);
	memcpy(copy, text, length);
	*request = (struct frame_request){ .uid = UINT32_MAX, .gid = UINT32_MAX };
	return grant_parse(copy, length, request, err);
}

static void test_good_grants(void **state)
{
	static const struct {
		const char *text;
		size_t length;
		const char *file;
		uint32_t uid, gid, mode;
	} cases[] = {
		{ LITERAL("{" BOTH "}"), "", UINT32_MAX, UINT32_MAX, 0 },
		{ LITERAL(" {\n" BOTH "\t}\r\n"), "", UINT32_MAX, UINT32_MAX, 0 },
		{ LITERAL("{" BOTH ",\"file\":\"db_password\",\"uid\":0,\"gid\":4294967294,"
			  "\"mode\":\"0440\"}"),
			"db_password", 0, 4294967294u, 0440 },
		{ LITERAL("{\"mode\":\"777\"," BOTH "}"), "", UINT32_MAX, UINT32_MAX, 0777 },
		{ LITERAL("{\"secret\":\"\\u0061\",\"consumer\":\"container\\/web\"}"), "",
			UINT32_MAX, UINT32_MAX, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct frame_request request;
		struct err err = { .text = "" };

		if (parse(cases[i].text, cases[i].length, &request, &err) < 0)
			fail_msg("%s: %s", cases[i].text, err.text);
		assert_string_equal(request.secret, "a");
		assert_string_equal(request.consumer, "container/web");
		assert_string_equal(request.file, cases[i].file);
		assert_int_equal(request.uid, cases[i].uid);
		assert_int_equal(request.gid, cases[i].gid);
		assert_int_equal(request.mode, cases[i].mode);
	}
}

static void test_grants_with_limits(void **state)
{
	static const struct {
		const char *text;
		uint64_t lifetime_ns, expires_ns, version;
		uint32_t reads, grant_flags;
	} cases[] = {
		{ "{" BOTH "}", 0, 0, 0, 0, 0 },
		{ "{" BOTH ",\"expires_in\":1}", 1000000000u, 0, 0, 0, 0 },
		{ "{" BOTH ",\"expires_in\":315360000}", 315360000000000000u, 0, 0, 0, 0 },
		{ "{" BOTH ",\"expires_at\":\"1970-01-01T00:00:01.000000002Z\"}", 0, 1000000002u, 0,
			0, 0 },
		{ "{" BOTH ",\"expires_at\":\"2026-12-31T00:00:00Z\"}", 0, 1798675200000000000u, 0,
			0, 0 },
		{ "{" BOTH ",\"reads\":1,\"version\":9223372036854775807}", 0, 0, INT64_MAX, 1, 0 },
		{ "{" BOTH ",\"reads\":1000000,\"version\":1}", 0, 0, 1, 1000000, 0 },
		{ "{" BOTH ",\"newline\":true}", 0, 0, 0, 0, GRANT_NEWLINE },
		{ "{" BOTH ",\"main_process\":true}", 0, 0, 0, 0, GRANT_MAIN_PROCESS },
		{ "{" BOTH ",\"newline\":true,\"main_process\":true,\"with_previous\":true}", 0, 0,
			0, 0, GRANT_FLAGS },
		{ "{" BOTH ",\"with_previous\":true}", 0, 0, 0, 0, GRANT_WITH_PREVIOUS },
		{ "{" BOTH ",\"newline\":false,\"main_process\":false}", 0, 0, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct frame_request request;
		struct err err = { .text = "" };

		if (parse(cases[i].text, strlen(cases[i].text), &request, &err) < 0)
			fail_msg("%s: %s", cases[i].text, err.text);
		assert_true(request.lifetime_ns == cases[i].lifetime_ns);
		assert_true(request.expires_ns == cases[i].expires_ns);
		assert_true(request.version == cases[i].version);
		assert_int_equal(request.reads, cases[i].reads);
		assert_int_equal(request.grant_flags, cases[i].grant_flags);
		assert_int_equal(request.flags, 0);
	}
}

static void test_grants_of_bundles_and_hooks(void **state)
{
	static const struct {
		const char *text, *secret, *file, *on_rotate;
	} cases[] = {
		{ "{" BOTH ",\"file\":\"tls/cert\"}", "a", "tls/cert", "" },
		{ "{\"file\":\"pki\",\"secret\":\"tls/\",\"consumer\":\"container/web\"}", "tls/",
			"pki", "" },
		{ "{\"secret\":\"a/b/c/\",\"consumer\":\"container/web\","
		  "\"on_rotate\":\"signal:HUP\"}",
			"a/b/c/", "", "signal:HUP" },
		{ "{" BOTH ",\"on_rotate\":\"restart\"}", "a", "", "restart" },
		{ "{" BOTH ",\"on_rotate\":\"exec:reload-nginx\"}", "a", "", "exec:reload-nginx" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct frame_request request;
		struct err err = { .text = "" };

		if (parse(cases[i].text, strlen(cases[i].text), &request, &err) < 0)
			fail_msg("%s: %s", cases[i].text, err.text);
		assert_string_equal(request.secret, cases[i].secret);
		assert_string_equal(request.file, cases[i].file);
		assert_string_equal(request.on_rotate, cases[i].on_rotate);
	}
}

static void test_refused_grants(void **state)
{
	static const struct {
		const char *text;
		size_t length;
		const char *why; /* in the error */
	} cases[] = {
		{ LITERAL(""), "not JSON" },
		{ LITERAL("{"), "not JSON" },
		{ LITERAL("null"), "not JSON" },
		{ LITERAL("[]"), "not a JSON object" },
		{ LITERAL("{}"), "lacks \"secret\"" },
		{ LITERAL("{\"secret\":\"a\"}"), "lacks \"consumer\"" },
		{ LITERAL("{" BOTH "}x"), "not JSON" },
		{ LITERAL("{" BOTH ",}"), "not JSON" },
		{ LITERAL("{" BOTH ",\"secret\":\"b\"}"), "not JSON" },
		{ LITERAL("{" BOTH ",\"other\":1}"),
			"another key than secret, consumer, file, uid, gid, mode, expires_in, "
			"expires_at, reads, version, newline, main_process, with_previous, "
			"on_rotate" },
		{ LITERAL("{" BOTH ",\"Secret\":\"a\"}"), "another key" },
		{ LITERAL("{\"secret\":1,\"consumer\":\"container/web\"}"), "\"secret\" is text" },
		{ LITERAL("{\"secret\":null,\"consumer\":\"container/web\"}"), "is text" },
		{ LITERAL("{\"secret\":\"a\",\"consumer\":[\"container/web\"]}"), "is text" },
		{ LITERAL("{\"secret\":\"\",\"consumer\":\"container/web\"}"), "segment" },
		{ LITERAL("{\"secret\":\"a/../b\",\"consumer\":\"container/web\"}"), "segment" },
		{ LITERAL("{\"secret\":\"a\\u0000\",\"consumer\":\"container/web\"}"), "not JSON" },
		{ LITERAL("{\"secret\":\"a\0\",\"consumer\":\"container/web\"}"), "not JSON" },
		{ LITERAL("{" BOTH "}\0"), "not JSON" },
		{ LITERAL("{" BOTH ",\"fi\0le\":\"a\"}"), "not JSON" },
		{ LITERAL("{\"secret\":\"\xff\xfe\",\"consumer\":\"container/web\"}"), "not JSON" },
		{ LITERAL("{\"secret\":\"\xc0\xaf\",\"consumer\":\"container/web\"}"), "not JSON" },
		{ LITERAL("{\"secret\":\"\\ud800\",\"consumer\":\"container/web\"}"), "not JSON" },
		{ LITERAL("{" BOTH ",\"file\":\"\"}"), "file name" },
		{ LITERAL("{" BOTH ",\"file\":\"a/b/c\"}"), "file" },
		{ LITERAL("{" BOTH ",\"file\":\"a/\"}"), "file" },
		{ LITERAL("{\"secret\":\"tls/\",\"consumer\":\"container/web\",\"file\":"
			  "\"a/b\"}"),
			"file name" },
		{ LITERAL("{\"secret\":\"/\",\"consumer\":\"container/web\"}"), "segment" },
		{ LITERAL("{\"secret\":\"a//\",\"consumer\":\"container/web\"}"), "segment" },
		{ LITERAL("{\"secret\":\"a/b/c/d/\",\"consumer\":\"container/web\"}"), "segment" },
		{ LITERAL("{" BOTH ",\"on_rotate\":\"\"}"), "on_rotate" },
		{ LITERAL("{" BOTH ",\"on_rotate\":null}"), "\"on_rotate\" is text" },
		{ LITERAL("{" BOTH ",\"on_rotate\":\"signal:KILL\"}"), "HUP" },
		{ LITERAL("{" BOTH ",\"on_rotate\":\"exec:../x\"}"), "" },
		{ LITERAL("{" BOTH ",\"on_rotate\":\"reload\"}"), "restart" },
		{ LITERAL("{" BOTH ",\"uid\":\"0\"}"), "whole number" },
		{ LITERAL("{" BOTH ",\"uid\":1.0}"), "whole number" },
		{ LITERAL("{" BOTH ",\"uid\":true}"), "whole number" },
		{ LITERAL("{" BOTH ",\"uid\":null}"), "whole number" },
		{ LITERAL("{" BOTH ",\"uid\":-1}"), "from 0 to 4294967294" },
		{ LITERAL("{" BOTH ",\"uid\":4294967295}"), "from 0 to 4294967294" },
		{ LITERAL("{" BOTH ",\"gid\":9223372036854775807}"), "from 0 to 4294967294" },
		{ LITERAL("{" BOTH ",\"gid\":9223372036854775808}"), "not JSON" },
		{ LITERAL("{" BOTH ",\"gid\":1e400}"), "not JSON" },
		{ LITERAL("{" BOTH ",\"gid\":1e3}"), "whole number" },
		{ LITERAL("{" BOTH ",\"gid\":01}"), "not JSON" },
		{ LITERAL("{" BOTH ",\"mode\":440}"), "\"mode\" is text" },
		{ LITERAL("{" BOTH ",\"mode\":\"\"}"), "octal" },
		{ LITERAL("{" BOTH ",\"mode\":\"44\"}"), "octal" },
		{ LITERAL("{" BOTH ",\"mode\":\"00440\"}"), "octal" },
		{ LITERAL("{" BOTH ",\"mode\":\"0480\"}"), "octal" },
		{ LITERAL("{" BOTH ",\"mode\":\"-440\"}"), "octal" },
		{ LITERAL("{" BOTH ",\"mode\":\"000\"}"), "0001" },
		{ LITERAL("{" BOTH ",\"mode\":\"1777\"}"), "0777" },
		{ LITERAL("{" BOTH ",\"expires_in\":0}"), "expires_in is from 1 to 315360000" },
		{ LITERAL("{" BOTH ",\"expires_in\":-1}"), "expires_in is from 1" },
		{ LITERAL("{" BOTH ",\"expires_in\":315360001}"), "expires_in is from 1" },
		{ LITERAL("{" BOTH ",\"expires_in\":1.5}"), "whole number" },
		{ LITERAL("{" BOTH ",\"expires_in\":\"2h\"}"), "whole number" },
		{ LITERAL("{" BOTH ",\"expires_at\":1}"), "\"expires_at\" is text" },
		{ LITERAL("{" BOTH ",\"expires_at\":\"\"}"), "RFC 3339" },
		{ LITERAL("{" BOTH ",\"expires_at\":\"2026-12-31\"}"), "RFC 3339" },
		{ LITERAL("{" BOTH ",\"expires_at\":\"2026-12-31T00:00:00+00:00\"}"), "RFC 3339" },
		{ LITERAL("{" BOTH ",\"expires_at\":\"1970-01-01T00:00:00Z\"}"), "1970 began" },
		{ LITERAL("{\"expires_at\":\"2026-12-31T00:00:00Z\"," BOTH ",\"expires_in\":1}"),
			"expires_in or expires_at" },
		{ LITERAL("{" BOTH ",\"reads\":0}"), "reads is from 1 to 1000000" },
		{ LITERAL("{" BOTH ",\"reads\":1000001}"), "reads is from 1" },
		{ LITERAL("{" BOTH ",\"reads\":4294967297}"), "reads is from 1" },
		{ LITERAL("{" BOTH ",\"reads\":null}"), "whole number" },
		{ LITERAL("{" BOTH ",\"version\":0}"), "version is from 1" },
		{ LITERAL("{" BOTH ",\"version\":-1}"), "version is from 1" },
		{ LITERAL("{" BOTH ",\"version\":\"1\"}"), "whole number" },
		{ LITERAL("{" BOTH ",\"newline\":1}"), "\"newline\" is true or false" },
		{ LITERAL("{" BOTH ",\"newline\":\"true\"}"), "true or false" },
		{ LITERAL("{" BOTH ",\"main_process\":null}"), "true or false" },
		{ LITERAL("{" BOTH ",\"main-process\":true}"), "another key" },
		{ LITERAL("[[[[[[[[[]]]]]]]]]"), "nested" },
		{ LITERAL("{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}}"),
			"nested" },
		{ LITERAL("{" BOTH ",\"file\":[[[[[[[]]]]]]]}"), "\"file\" is text" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct frame_request request;
		struct err err = { .text = "" };

		if (parse(cases[i].text, cases[i].length, &request, &err) != -TACIT_INVALID ||
			!strstr(err.text, cases[i].why))
			fail_msg(
				"%s: \"%s\", wanted \"%s\"", cases[i].text, err.text, cases[i].why);
	}
}

static void test_names_longer_than_their_field(void **state)
{
	static const char *const before[] = { "{\"consumer\":\"container/web\",\"secret\":\"",
		"{\"secret\":\"a\",\"consumer\":\"container/", "{" BOTH ",\"file\":\"" };

	(void)state;
	for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
		char text[1024];
		size_t length = strlen(before[i]);
		struct frame_request request;
		struct err err;

		memcpy(text, before[i], length);
		memset(text + length, 'a', 300);
		memcpy(text + length + 300, "\"}", 2);
		assert_int_equal(parse(text, length + 302, &request, &err), -TACIT_INVALID);
		assert_non_null(strstr(err.text, "a name has at most"));
	}
}

static void test_depth_is_looked_at_before_parsing(void **state)
{
	enum { MANY = 65536 };
	_free_ char *text = malloc(MANY);
	struct frame_request request;
	struct err err;

	(void)state;
	memset(text, '[', MANY);
	assert_int_equal(parse(text, MANY, &request, &err), -TACIT_INVALID);
	assert_non_null(strstr(err.text, "nested"));
	assert_true(fields_depth_ok(LITERAL("[[[[[[[[]]]]]]]]")));
	assert_false(fields_depth_ok(LITERAL("[[[[[[[[[")));
	/* In a text they are letters, and a quote after a backslash does not end it. */
	assert_true(fields_depth_ok(LITERAL("\"[[[[[[[[[[[[[[[[\"")));
	assert_true(fields_depth_ok(LITERAL("\"\\\"[[[[[[[[[[[[[[[[\"")));
	assert_false(fields_depth_ok(LITERAL("\"\\\\\"[[[[[[[[[[[[[[[[")));
	assert_true(fields_depth_ok(LITERAL("[][][][][][][][][][][][]")));
	assert_true(fields_depth_ok(LITERAL("\"\\")));
	assert_true(fields_depth_ok(LITERAL("]]]")));
	/* Closing more than was opened buys no depth. */
	assert_false(fields_depth_ok(LITERAL("]]]]]]]][[[[[[[[[[[")));
}

static void test_many_keys_are_only_slow_enough_to_refuse(void **state)
{
	enum { KEYS = 6000 };
	_free_ char *text = calloc(1, KEYS * 11 + 3);
	size_t length = 1;
	struct frame_request request;
	struct err err;

	(void)state;
	text[0] = '{';
	for (int i = 0; i < KEYS; i++)
		length += (size_t)sprintf(text + length, "%s\"k%d\":0", i ? "," : "", i);
	text[length++] = '}';
	assert_int_equal(parse(text, length, &request, &err), -TACIT_INVALID);
}

static void test_errors_do_not_echo(void **state)
{
	static const char *const cases[] = { "MARKER", "{\"MARKER\":1}",
		"{\"secret\":\"MARKER!\",\"consumer\":\"container/web\"}",
		"{\"MARKER\":1,\"MARKER\":1}", "{" BOTH ",\"MARKER\":1}",
		"{" BOTH ",\"expires_at\":\"MARKER\"}" };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct frame_request request;
		struct err err;

		assert_int_equal(parse(cases[i], strlen(cases[i]), &request, &err), -TACIT_INVALID);
		assert_null(strstr(err.text, "MARKER"));
	}
}

static void test_a_document_as_json(void **state)
{
	struct pack doc = { 0 };
	_free_ char *json = NULL;

	(void)state;
	doc_open(&doc, NULL, DOC_OBJECT);
	doc_text(&doc, "name", "a\"b\\\n\xc3\xa9");
	doc_number(&doc, "most", INT64_MAX);
	doc_time(&doc, "created_at", 1769851800125000000u);
	doc_time(&doc, "rotated_at", 0);
	doc_bool(&doc, "yes", true);
	doc_bool(&doc, "no", false);
	doc_open(&doc, "grants", DOC_LIST);
	doc_open(&doc, NULL, DOC_OBJECT);
	doc_none(&doc, "uid");
	doc_close(&doc);
	doc_text(&doc, NULL, "");
	doc_open(&doc, NULL, DOC_LIST);
	doc_close(&doc);
	doc_close(&doc);
	doc_number(&doc, "after", 0);
	doc_close(&doc);
	assert_int_equal(answer_document(doc.bytes, doc.length, &json, NULL), 0);
	assert_string_equal(json,
		"{\"name\":\"a\\\"b\\\\\\n\\u00E9\",\"most\":9223372036854775807,"
		"\"created_at\":\"2026-01-31T09:30:00.125Z\",\"rotated_at\":null,\"yes\":true,"
		"\"no\":false,\"grants\":[{\"uid\":null},\"\",[]],\"after\":0}\n");
	pack_free(&doc);
}

static void test_documents_that_cannot_be_shown(void **state)
{
	static const struct {
		uint8_t bytes[16];
		size_t length;
	} cases[] = {
		{ { 0 }, 0 },
		{ { DOC_LIST }, 1 },
		{ { DOC_LIST, DOC_NONE }, 2 },
		{ { DOC_LIST, DOC_END, DOC_END }, 3 },
		{ { DOC_LIST, DOC_TEXT, 1, 0, 0xff, DOC_END }, 6 },
		{ { DOC_OBJECT, DOC_NONE, 1, 0, 0xff, DOC_END }, 6 },
		{ { DOC_LIST, DOC_NUMBER, 0, 0, 0, 0, 0, 0, 0, 0x80, DOC_END }, 11 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *json = (char *)"";
		struct err err = { 0 };

		assert_int_equal(answer_document(cases[i].bytes, cases[i].length, &json, &err),
			-TACIT_INTERNAL);
		assert_null(json);
		assert_int_equal(err.code, TACIT_INTERNAL);
	}
}

static void test_errors_as_json(void **state)
{
	_free_ char *plain = answer_error(TACIT_NOT_FOUND, "no such \"secret\"");
	_free_ char *broken = answer_error(TACIT_LOCKED, "\xff");

	(void)state;
	assert_string_equal(plain,
		"{\"error\":{\"code\":\"not_found\",\"message\":\"no such \\\"secret\\\"\"}}\n");
	assert_string_equal(broken, "{\"error\":{\"code\":\"locked\",\"message\":\"\"}}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_grants),
		cmocka_unit_test(test_grants_with_limits),
		cmocka_unit_test(test_grants_of_bundles_and_hooks),
		cmocka_unit_test(test_refused_grants),
		cmocka_unit_test(test_names_longer_than_their_field),
		cmocka_unit_test(test_depth_is_looked_at_before_parsing),
		cmocka_unit_test(test_many_keys_are_only_slow_enough_to_refuse),
		cmocka_unit_test(test_errors_do_not_echo),
		cmocka_unit_test(test_a_document_as_json),
		cmocka_unit_test(test_documents_that_cannot_be_shown),
		cmocka_unit_test(test_errors_as_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
