/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hook.h"

#include <string.h>

#include "base/names.h"

static const char *const signals[] = { "HUP", "INT", "QUIT", "USR1", "USR2", "TERM", "CONT",
	"WINCH" };

static int take_signal(const char *name, struct err *err)
{
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		if (!strcmp(signals[i], name))
			return 0;
	return err_set(
		err, TACIT_INVALID, "a signal is HUP, INT, QUIT, USR1, USR2, TERM, CONT or WINCH");
}

static const struct {
	const char *word;
	enum hook_kind kind;
	int (*check)(const char *name, struct err *err); /* of "word:NAME"; NULL: the word alone */
} hooks[] = {
	{ "signal", HOOK_SIGNAL, take_signal },
	{ "restart", HOOK_RESTART, NULL },
	{ "exec", HOOK_EXEC, hook_check_program },
};

int hook_check_program(const char *name, struct err *err)
{
	if (strchr(name, '/') || name_check_secret(name, NULL) < 0)
		return err_set(err, TACIT_INVALID,
			"a program's name is a letter or digit, then letters, digits, '.', '_' or "
			"'-', at most %d bytes: not a path",
			HOOK_PROGRAM_MAX);
	return 0;
}

int hook_parse(const char *text, struct hook *hook, struct err *err)
{
	size_t length = strcspn(text, ":");
	const char *name = text[length] ? text + length + 1 : NULL;

	*hook = (struct hook){ .kind = HOOK_NONE };
	if (!*text)
		return 0;
	for (size_t i = 0; i < sizeof hooks / sizeof hooks[0]; i++) {
		if (strlen(hooks[i].word) != length || memcmp(hooks[i].word, text, length) ||
			!name != !hooks[i].check)
			continue;
		if (name && hooks[i].check(name, err) < 0)
			return -TACIT_INVALID;
		hook->kind = hooks[i].kind;
		strcpy(hook->name, name ? name : "");
		return 0;
	}
	return err_set(err, TACIT_INVALID, "on-rotate is signal:NAME, restart or exec:PROGRAM");
}
