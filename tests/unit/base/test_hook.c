/* SPDX-License-Identifier: Apache-2.0 */
/* What a grant may want done when its secret rotates, by rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hook.h"

#define X63 "x23456789012345678901234567890123456789012345678901234567890123"

static const struct {
	const char *text;
	enum hook_kind kind;
	const char *name; /* NULL: it is refused */
} rows[] = {
	{ "", HOOK_NONE, "" },
	{ "restart", HOOK_RESTART, "" },
	{ "signal:HUP", HOOK_SIGNAL, "HUP" },
	{ "signal:INT", HOOK_SIGNAL, "INT" },
	{ "signal:QUIT", HOOK_SIGNAL, "QUIT" },
	{ "signal:USR1", HOOK_SIGNAL, "USR1" },
	{ "signal:USR2", HOOK_SIGNAL, "USR2" },
	{ "signal:TERM", HOOK_SIGNAL, "TERM" },
	{ "signal:CONT", HOOK_SIGNAL, "CONT" },
	{ "signal:WINCH", HOOK_SIGNAL, "WINCH" },
	{ "exec:reload", HOOK_EXEC, "reload" },
	{ "exec:0.a_b-c", HOOK_EXEC, "0.a_b-c" },
	{ "exec:restart", HOOK_EXEC, "restart" },
	{ "exec:" X63, HOOK_EXEC, X63 },
	{ "exec:x" X63, HOOK_NONE, NULL },
	{ " ", HOOK_NONE, NULL },
	{ ":", HOOK_NONE, NULL },
	{ ":HUP", HOOK_NONE, NULL },
	{ "restart:", HOOK_NONE, NULL },
	{ "restart:x", HOOK_NONE, NULL },
	{ "restarted", HOOK_NONE, NULL },
	{ "Restart", HOOK_NONE, NULL },
	{ "signal", HOOK_NONE, NULL },
	{ "signal:", HOOK_NONE, NULL },
	{ "signal:KILL", HOOK_NONE, NULL },
	{ "signal:STOP", HOOK_NONE, NULL },
	{ "signal:SIGHUP", HOOK_NONE, NULL },
	{ "signal:hup", HOOK_NONE, NULL },
	{ "signal:1", HOOK_NONE, NULL },
	{ "signal:HUP ", HOOK_NONE, NULL },
	{ "signal:HUP&signal=KILL", HOOK_NONE, NULL },
	{ "signal:HUP:HUP", HOOK_NONE, NULL },
	{ "exec", HOOK_NONE, NULL },
	{ "exec:", HOOK_NONE, NULL },
	{ "exec:.", HOOK_NONE, NULL },
	{ "exec:..", HOOK_NONE, NULL },
	{ "exec:.hidden", HOOK_NONE, NULL },
	{ "exec:-c", HOOK_NONE, NULL },
	{ "exec:a/b", HOOK_NONE, NULL },
	{ "exec:/bin/sh", HOOK_NONE, NULL },
	{ "exec:../sh", HOOK_NONE, NULL },
	{ "exec:a b", HOOK_NONE, NULL },
	{ "exec:a\n", HOOK_NONE, NULL },
	{ "exec:a:b", HOOK_NONE, NULL },
};

static void a_hook_is_taken_as_its_row_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct hook hook;
		struct err err = { .text = "" };
		int status = hook_parse(rows[i].text, &hook, &err);

		if (status != (rows[i].name ? 0 : -TACIT_INVALID))
			fail_msg("'%s': %d %s", rows[i].text, status, err.text);
		assert_int_equal(hook.kind, rows[i].kind);
		assert_string_equal(hook.name, rows[i].name ? rows[i].name : "");
		if (rows[i].name)
			assert_true(strlen(rows[i].text) <= HOOK_TEXT_MAX);
		assert_int_equal(hook_parse(rows[i].text, &hook, NULL), status);
	}
}

static void errors_do_not_echo(void **state)
{
	static const char *const texts[] = { "MARKER", "signal:MARKER", "restart:MARKER",
		"exec:/MARKER", "exec:MARKER!" };

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct hook hook;
		struct err err;

		assert_int_equal(hook_parse(texts[i], &hook, &err), -TACIT_INVALID);
		assert_null(strstr(err.text, "MARKER"));
	}
}

static void a_text_of_megabytes_is_refused(void **state)
{
	static const char *const beginnings[] = { "", "exec:", "signal:", "restart:" };
	size_t length = 4u << 20;
	char *text = malloc(length + 1);
	struct hook hook;

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
		memset(text, 'a', length);
		memcpy(text, beginnings[i], strlen(beginnings[i]));
		text[length] = '\0';
		assert_int_equal(hook_parse(text, &hook, NULL), -TACIT_INVALID);
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hook_is_taken_as_its_row_says),
		cmocka_unit_test(errors_do_not_echo),
		cmocka_unit_test(a_text_of_megabytes_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
