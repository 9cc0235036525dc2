/* SPDX-License-Identifier: Apache-2.0 */
/* Templates: what they say they need, what becomes of values, and what is refused with its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/template.h"

static struct template_value value(const char *text)
{
	return (struct template_value){ (const uint8_t *)text, strlen(text) };
}

/* `text` with the one value `bytes` is `wanted`: measured, into just the room it takes, and not
 * into a byte less. */
static void must_make(
	const char *text, const void *bytes, size_t length, const void *wanted, size_t size)
{
	const struct template_value values[] = { { bytes, length } };
	struct template_names names;
	struct err err = { 0 };
	uint8_t *out = malloc(size ? size : 1);
	size_t got = 0;

	assert_non_null(out);
	if (template_read(text, strlen(text), &names, &err) < 0 ||
		template_render(text, strlen(text), values, NULL, 0, &got, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	assert_int_equal(got, size);
	assert_int_equal(template_render(text, strlen(text), values, out, size, &got, &err), 0);
	assert_memory_equal(out, wanted, size);
	got = 0;
	assert_int_equal(template_render(text, strlen(text), values, out, size - 1, &got, &err),
		-TACIT_LIMIT);
	assert_int_equal(got, size);
	for (size_t i = 0; i + 1 < size; i++)
		assert_int_equal(out[i], 0);
	free(out);
}

static void must_make_text(const char *text, const char *bytes, const char *wanted)
{
	must_make(text, bytes, strlen(bytes), wanted, strlen(wanted));
}

static void a_template_says_which_secrets_it_needs(void **state)
{
	static const char text[] = "x={{ db/user }}\n{{b}} {{\tdb/user |url}}\n\n{{ a.b-c_9 }}";
	struct template_names names;

	(void)state;
	assert_int_equal(template_read(text, sizeof text - 1, &names, NULL), 0);
	assert_int_equal(names.count, 3);
	assert_string_equal(names.names[0], "db/user");
	assert_string_equal(names.names[1], "b");
	assert_string_equal(names.names[2], "a.b-c_9");
	assert_int_equal(names.lines[0], 1);
	assert_int_equal(names.lines[1], 2);
	assert_int_equal(names.lines[2], 4);
}

static void values_stand_where_they_are_named(void **state)
{
	static const char text[] = "{{ b }}:{{ a }}\n{{ b }}";
	const struct template_value values[] = { value("two"), value("one") };
	uint8_t out[16];
	size_t size = 0;

	(void)state;
	assert_int_equal(
		template_render(text, sizeof text - 1, values, out, sizeof out, &size, NULL), 0);
	assert_int_equal(size, 11);
	assert_memory_equal(out, "two:one\ntwo", 11);
}

static void everything_else_is_kept_byte_for_byte(void **state)
{
	(void)state;
	must_make_text("{ }} } {a} {\r\n\t{{ a }}", "v", "{ }} } {a} {\r\n\tv");
	must_make_text("{\"a\":{\"b\":\"{{ a }}\"}}\n", "v", "{\"a\":{\"b\":\"v\"}}\n");
	must_make_text("{{ \"{{\" }} x }} {{\"{{\"}}{{ a }}", "v", "{{ x }} {{v");
	must_make_text("\xff\xfe{{ a }}", "v", "\xff\xfev");
	/* A value that looks like a template is none. */
	must_make_text("{{ a }}{{ a }}", "{{ b }}", "{{ b }}{{ b }}");
}

static void a_value_without_a_filter_is_as_it_is(void **state)
{
	(void)state;
	must_make("{{ a }}", "\0\xff\n", 3, "\0\xff\n", 3);
}

static void url_leaves_what_is_unreserved(void **state)
{
	(void)state;
	must_make_text("{{ a | url }}", "azAZ09-._~", "azAZ09-._~");
	must_make_text("{{ a | urlencode }}", "p@ss:w/rd %+&=\xc3\xa9",
		"p%40ss%3Aw%2Frd%20%25%2B%26%3D%C3%A9");
	must_make("{{ a | url }}", "\0\x7f\xff", 3, "%00%7F%FF", 9);
}

static void json_is_what_stands_between_quotes(void **state)
{
	(void)state;
	must_make_text("\"{{ a | json }}\"", "a\"b\\c/\b\f\n\r\t\x01\x1f\x7f",
		"\"a\\\"b\\\\c/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\"");
	must_make("{{ a | json }}", "\0", 1, "\\u0000", 6);
	must_make_text("{{ a | json }}", "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xed\x9f\xbf",
		"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xed\x9f\xbf");
}

static void shell_is_one_word(void **state)
{
	(void)state;
	must_make_text("X={{ a | shell }}", "it's $(HOME) `x` \"y\" \\\n",
		"X='it'\"'\"'s $(HOME) `x` \"y\" \\\n'");
}

/* What sh makes of it again. */
static void sh_reads_what_was_written(void **state)
{
	static const char text[] = "printf %s {{ a | shell }}";
	static const char all[] = " it's '' $(id) `id` \"\\\n\t !#&;|<>*?[]{}()~=%\x01\x7f\xff'";
	const struct template_value values[] = { value(all) };
	uint8_t command[256] = { 0 };
	char out[256];
	size_t size;
	FILE *sh;

	(void)state;
	assert_int_equal(template_render(text, sizeof text - 1, values, command, sizeof command - 1,
				 &size, NULL),
		0);
	sh = popen((const char *)command, "r");
	assert_non_null(sh);
	size = fread(out, 1, sizeof out, sh);
	assert_int_equal(pclose(sh), 0);
	assert_int_equal(size, sizeof all - 1);
	assert_memory_equal(out, all, size);
}

static void base64_has_its_padding(void **state)
{
	(void)state;
	must_make_text("{{ a | base64 }}", "f", "Zg==");
	must_make_text("{{ a | base64 }}", "fo", "Zm8=");
	must_make_text("{{ a | base64 }}", "foo", "Zm9v");
	must_make_text("{{ a | base64 }}", "foobar", "Zm9vYmFy");
	must_make("{{ a | base64 }}", "\xfb\xff\xfe\0", 4, "+//+AA==", 8);
}

static void filters_follow_each_other(void **state)
{
	(void)state;
	must_make_text("{{ a | base64 | url }}", "f", "Zg%3D%3D");
	must_make_text("{{a|url|base64}}", "=", "JTNE");
	must_make_text("{{ a | shell | json }}", "it's", "'it'\\\"'\\\"'s'");
	must_make_text("{{ a | base64 | base64 | base64 | shell }}", "f", "'V21jOVBRPT0='");
	must_make_text("{{ a | shell | shell }}", "x", "''\"'\"'x'\"'\"''");
}

struct refused {
	const char *text;
	const char *why;
};

static void what_is_no_template_is_refused_with_its_line(void **state)
{
	static const struct refused all[] = {
		{ "", "the template has no secret in it: {{ NAME }} is its value" },
		{ "plain", "the template has no secret in it: {{ NAME }} is its value" },
		{ "{{ \"{{\" }}", "the template has no secret in it: {{ NAME }} is its value" },
		{ "{{", "line 1 of the template: after '{{' comes a secret's name; two braces are "
			"written {{ \"{{\" }}" },
		{ "\n{{ }}", "line 2 of the template: after '{{' comes a secret's name; two braces "
			     "are written {{ \"{{\" }}" },
		{ "{{\na }}",
			"line 1 of the template: after '{{' comes a secret's name; two braces "
			"are written {{ \"{{\" }}" },
		{ "a\nb\n{{ a", "line 3 of the template: after a name comes '}}', or '|' and a "
				"filter, on the same line" },
		{ "{{{ a }}",
			"line 1 of the template: after '{{' comes a secret's name; two braces "
			"are written {{ \"{{\" }}" },
		{ "{{ a }", "line 1 of the template: after a name comes '}}', or '|' and a filter, "
			    "on the same line" },
		{ "{{ a b }}", "line 1 of the template: after a name comes '}}', or '|' and a "
			       "filter, on the same line" },
		{ "{{ a\n}}", "line 1 of the template: after a name comes '}}', or '|' and a "
			      "filter, on the same line" },
		{ "{{ \"{{\" ", "line 1 of the template: '{{' without its '}}'" },
		{ "{{ a | }}", "line 1 of the template: no such filter: there are url, json, shell "
			       "and base64" },
		{ "{{ a | URL }}", "line 1 of the template: no such filter: there are url, json, "
				   "shell and base64" },
		{ "\n{{ a | url | rot13 }}", "line 2 of the template: no such filter: there are "
					     "url, json, shell and base64" },
		{ "{{ a|url|url|url|url|url }}",
			"line 1 of the template: a value goes through 4 filters at most" },
	};
	struct template_names names;
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		assert_int_equal(template_read(all[i].text, strlen(all[i].text), &names, &err),
			-TACIT_INVALID);
		assert_string_equal(err.text, all[i].why);
	}
	/* Names are refused as they are elsewhere, and not shown. */
	assert_int_equal(template_read("{{ ../etc }}", 12, &names, &err), -TACIT_INVALID);
	assert_non_null(strstr(err.text, "line 1 of the template: "));
	assert_null(strstr(err.text, "etc"));
	assert_int_equal(template_read("{{ a }}\0", 8, &names, &err), -TACIT_INVALID);
	assert_string_equal(
		err.text, "line 1 of the template: it has a NUL, and a template is text");
}

static void limits_are_kept(void **state)
{
	char text[TEMPLATE_TEXT_MAX + 2];
	struct template_names names;
	size_t used = 0;

	(void)state;
	for (int i = 0; i < TEMPLATE_NAMES_MAX; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "{{ s%d }}\n", i);
	assert_int_equal(template_read(text, used, &names, NULL), 0);
	assert_int_equal(names.count, TEMPLATE_NAMES_MAX);
	used += (size_t)snprintf(text + used, sizeof text - used, "{{ s0 }}{{ more }}");
	assert_int_equal(template_read(text, used, &names, NULL), -TACIT_INVALID);
	memset(text, 'x', sizeof text);
	memcpy(text, "{{ a }}", 7);
	assert_int_equal(template_read(text, TEMPLATE_TEXT_MAX, &names, NULL), 0);
	assert_int_equal(
		template_read(text, TEMPLATE_TEXT_MAX + 1, &names, NULL), -TACIT_TOO_LARGE);
	memset(text, 'a', sizeof text);
	memcpy(text, "{{", 2);
	memcpy(text + 2 + TACIT_SECRET_NAME_MAX + 1, "}}", 2);
	assert_int_equal(
		template_read(text, TACIT_SECRET_NAME_MAX + 5, &names, NULL), -TACIT_INVALID);
}

static void must_refuse(
	const char *text, const void *bytes, size_t length, enum tacit_code code, const char *why)
{
	const struct template_value values[] = { { bytes, length } };
	uint8_t out[64];
	struct err err;
	size_t size = 7;

	memset(out, 'x', sizeof out);
	assert_int_equal(template_render(text, strlen(text), values, out, sizeof out, &size, &err),
		-(int)code);
	assert_string_equal(err.text, why);
	assert_int_equal(size, 7);
	for (size_t i = 0; i < sizeof out; i++)
		assert_int_equal(out[i], 0);
	assert_int_equal(
		template_render(text, strlen(text), values, NULL, 0, &size, &err), -(int)code);
}

static void a_value_that_a_filter_cannot_take_is_refused(void **state)
{
	static const char *const not_utf8[] = { "\x80", "\xc3", "\xc3(", "\xc0\x80", "\xe0\x80\x80",
		"\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
		"ab\xff", "\xe2\x82" };

	(void)state;
	for (size_t i = 0; i < sizeof not_utf8 / sizeof *not_utf8; i++)
		must_refuse("secret\n{{ a | json }}", not_utf8[i], strlen(not_utf8[i]),
			TACIT_INVALID,
			"line 2 of the template: a value for json must be UTF-8, and this one is "
			"not");
	must_refuse("{{ a | shell }}", "a\0b", 3, TACIT_INVALID,
		"line 1 of the template: a value for shell has no NUL, and this one has");
}

static void what_grows_without_end_is_stopped(void **state)
{
	static const char text[] = "{{a|url|url|url|url}}{{a}}";
	uint8_t *large = malloc(TACIT_VALUE_MAX);

	(void)state;
	assert_non_null(large);
	memset(large, '%', TACIT_VALUE_MAX);
	must_refuse(text, large, TACIT_VALUE_MAX, TACIT_TOO_LARGE,
		"what the template makes is larger than a value's 1048576 bytes");
	must_refuse("x{{ a }}", large, TACIT_VALUE_MAX, TACIT_TOO_LARGE,
		"what the template makes is larger than a value's 1048576 bytes");
	must_make("{{ a }}", large, TACIT_VALUE_MAX, large, TACIT_VALUE_MAX);
	free(large);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_template_says_which_secrets_it_needs),
		cmocka_unit_test(values_stand_where_they_are_named),
		cmocka_unit_test(everything_else_is_kept_byte_for_byte),
		cmocka_unit_test(a_value_without_a_filter_is_as_it_is),
		cmocka_unit_test(url_leaves_what_is_unreserved),
		cmocka_unit_test(json_is_what_stands_between_quotes),
		cmocka_unit_test(shell_is_one_word),
		cmocka_unit_test(sh_reads_what_was_written),
		cmocka_unit_test(base64_has_its_padding),
		cmocka_unit_test(filters_follow_each_other),
		cmocka_unit_test(what_is_no_template_is_refused_with_its_line),
		cmocka_unit_test(limits_are_kept),
		cmocka_unit_test(a_value_that_a_filter_cannot_take_is_refused),
		cmocka_unit_test(what_grows_without_end_is_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
