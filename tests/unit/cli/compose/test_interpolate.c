/* SPDX-License-Identifier: Apache-2.0 */
/* Variables in texts, and texts into words, as compose does it. */
#include "compose_text.h"

static const char *look_up(void *arg, const char *name)
{
	static const struct {
		const char *name, *value;
	} set[] = { { "A", "a" }, { "EMPTY", "" }, { "DOLLAR", "$A" }, { "LONG_1", "x y" } };

	(void)arg;
	for (size_t i = 0; i < sizeof set / sizeof set[0]; i++)
		if (!strcmp(set[i].name, name))
			return set[i].value;
	return NULL;
}

static void test_variables_are_replaced(void **state)
{
	static const struct {
		const char *text, *result;
	} rows[] = {
		{ "", "" },
		{ "plain", "plain" },
		{ "$A", "a" },
		{ "${A}", "a" },
		{ "-${LONG_1}-$A.", "-x y-a." },
		{ "$$A $${A} $$$A", "$A ${A} $a" },
		{ "[$NONE][${NONE}]", "[][]" },
		{ "${NONE-d} ${NONE:-d} ${EMPTY-d} ${EMPTY:-d} ${A:-d}", "d d  d a" },
		{ "${NONE+r}|${EMPTY+r}|${EMPTY:+r}|${A:+r}", "|r||r" },
		{ "${A?must} ${A:?must} ${EMPTY?must}", "a a " },
		{ "${NONE:-${EMPTY:-${A}}}", "a" },
		{ "${NONE:-a}b}", "ab}" },
		{ "${NONE:-a:b-c?d}", "a:b-c?d" },
		{ "$DOLLAR", "$A" },
		{ "${NONE:-$$}", "$" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char *result = NULL;

		assert_int_equal(
			compose_interpolate(rows[i].text, look_up, NULL, &result, NULL), 0);
		assert_string_equal(result, rows[i].result);
		free(result);
	}
}

static void test_malformed_ones_are_refused(void **state)
{
	static const char *const texts[] = { "$", "a$ b", "${", "${A", "${}", "${1A}", "$1",
		"${A!}", "${A:}", "${A b}", "${NONE?x}", "${NONE:?x}", "${EMPTY:?x}",
		"${NONE:-${A}", "$-", "${NONE:-$}" };

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		char *result = NULL;
		struct err err = { 0 };

		assert_int_equal(compose_interpolate(texts[i], look_up, NULL, &result, &err),
			-TACIT_INVALID);
		assert_null(result);
		assert_true(err.text[0]);
	}
}

/* Each default is the next one twice. */
static void test_what_multiplies_is_bounded(void **state)
{
	char text[4096] = "${N:-";
	char *result = NULL;

	(void)state;
	for (size_t i = 0; i < 20; i++)
		strcat(text, "${N:-");
	for (size_t i = 0; i < 21; i++)
		strcat(text, "}");
	assert_int_equal(compose_interpolate(text, look_up, NULL, &result, NULL), -TACIT_LIMIT);
	assert_null(result);
}

static void test_a_variable_and_nothing_else_is_known(void **state)
{
	static const struct {
		const char *text, *name;
	} rows[] = {
		{ "$A", "A" },
		{ "${A_1}", "A_1" },
		{ "${A:-x}", NULL },
		{ "${A}x", NULL },
		{ "x${A}", NULL },
		{ "$$A", NULL },
		{ "", NULL },
		{ "$", NULL },
		{ "${ABCDEFGH}", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char name[8];

		assert_int_equal(
			compose_is_variable(rows[i].text, name, sizeof name), rows[i].name != NULL);
		if (rows[i].name)
			assert_string_equal(name, rows[i].name);
	}
	assert_true(compose_interpolates("a$b"));
	assert_true(compose_interpolates("$$${b}"));
	assert_false(compose_interpolates("a$$b$$"));
	assert_false(compose_interpolates("ab"));
}

static void test_words_are_divided(void **state)
{
	static const struct {
		const char *text;
		size_t count;
		const char *words[4];
	} rows[] = {
		{ "", 0, { 0 } },
		{ "  \t ", 0, { 0 } },
		{ "go", 1, { "go" } },
		{ " go  fast\n", 2, { "go", "fast" } },
		{ "sh -c 'a \"b\" \\c'", 3, { "sh", "-c", "a \"b\" \\c" } },
		{ "\"a \\\"b\\\\ \\c\" d\\ e", 2, { "a \"b\\ \\c", "d e" } },
		{ "a''b \"\" $X", 3, { "ab", "", "$X" } },
		{ "a\\", 1, { "a\\" } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char **words = NULL;
		size_t count = 9;

		assert_int_equal(compose_split(rows[i].text, &words, &count, NULL), 0);
		assert_int_equal(count, rows[i].count);
		for (size_t j = 0; j < count; j++)
			assert_string_equal(words[j], rows[i].words[j]);
		assert_null(words[count]);
		free(words);
	}
}

static void test_an_open_quote_is_refused(void **state)
{
	static const char *const texts[] = { "'", "a \"b", "a 'b\"", "\"\\\"" };

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		char **words = NULL;
		size_t count;

		assert_int_equal(compose_split(texts[i], &words, &count, NULL), -TACIT_INVALID);
		assert_null(words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_variables_are_replaced),
		cmocka_unit_test(test_malformed_ones_are_refused),
		cmocka_unit_test(test_what_multiplies_is_bounded),
		cmocka_unit_test(test_a_variable_and_nothing_else_is_known),
		cmocka_unit_test(test_words_are_divided),
		cmocka_unit_test(test_an_open_quote_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
