/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/options.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define SIGNAL_MAX 64 /* the kernel's highest, whatever the libc keeps for itself */

static const struct {
	const char *name;
	int number;
} signals[] = {
	{ "HUP", SIGHUP },
	{ "INT", SIGINT },
	{ "QUIT", SIGQUIT },
	{ "USR1", SIGUSR1 },
	{ "USR2", SIGUSR2 },
	{ "ALRM", SIGALRM },
	{ "TERM", SIGTERM },
	{ "CONT", SIGCONT },
	{ "URG", SIGURG },
	{ "WINCH", SIGWINCH },
	{ "IO", SIGIO },
	{ "PWR", SIGPWR },
};

int options_signal(const char *name)
{
	char *end;
	long number = strtol(name, &end, 10);

	if (end != name)
		return !*end && number > 0 && number <= SIGNAL_MAX ? (int)number : 0;
	if (!strncmp(name, "SIG", 3))
		name += 3;
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		if (!strcmp(name, signals[i].name))
			return signals[i].number;
	return 0;
}

static int take_dir(struct options *options, char *value, struct err *err)
{
	size_t length = strlen(value);

	while (length > 1 && value[length - 1] == '/')
		value[--length] = '\0';
	if (value[0] != '/' || length < 2)
		return err_set(err, TACIT_INVALID,
			"--dir: name a directory by its absolute path, and not the root");
	options->dir = value;
	return 0;
}

static int take_env(struct options *options, char *value, struct err *err)
{
	const char *is = strchr(value, '=');

	if (!is || is == value || !is[1])
		return err_set(err, TACIT_INVALID,
			"--env: say NAME=FILE, a variable and the file it is read from");
	if (options->env_count == OPTIONS_ENV_MAX)
		return err_set(err, TACIT_INVALID,
			"--env: at most %d; set variables NAME_FILE for the others",
			OPTIONS_ENV_MAX);
	options->env[options->env_count++] = value;
	return 0;
}

static int take_on_rotate(struct options *options, char *value, struct err *err)
{
	static const char by_signal[] = "signal:";

	if (!strcmp(value, "restart")) {
		options->on_rotate = ON_ROTATE_RESTART;
		return 0;
	}
	options->on_rotate = ON_ROTATE_SIGNAL;
	options->signal = strncmp(value, by_signal, sizeof by_signal - 1)
				  ? 0
				  : options_signal(value + sizeof by_signal - 1);
	return options->signal
		       ? 0
		       : err_set(err, TACIT_INVALID,
				 "--on-rotate: say restart, or signal:NAME, NAME as in HUP");
}

static const struct {
	const char *name;
	int (*take)(struct options *options, char *value, struct err *err);
} valued[] = {
	{ "--dir", take_dir },
	{ "--env", take_env },
	{ "--on-rotate", take_on_rotate },
};

/* The option that `*argv` begins, which says its value itself or in the next argument. */
static int take_option(struct options *options, char ***argv, struct err *err)
{
	char *argument = **argv;

	options->wants_help = !strcmp(argument, "--help");
	options->wants_version = !strcmp(argument, "--version");
	if (options->wants_help || options->wants_version)
		return 0;
	for (size_t i = 0; i < sizeof valued / sizeof *valued; i++) {
		size_t length = strlen(valued[i].name);

		if (strncmp(argument, valued[i].name, length))
			continue;
		if (argument[length] == '=')
			return valued[i].take(options, argument + length + 1, err);
		if (argument[length])
			continue;
		if (!*++*argv)
			return err_set(
				err, TACIT_INVALID, "%s: its value is missing", valued[i].name);
		return valued[i].take(options, **argv, err);
	}
	return err_set(err, TACIT_INVALID,
		"there are --dir, --env, --on-rotate, --help and --version; a command that begins "
		"with '-' comes after --");
}

int options_parse(char **argv, struct options *options, struct err *err)
{
	char **at = argv[0] ? argv + 1 : argv;
	int status = 0;

	*options = (struct options){ .dir = OPTIONS_DIR_DEFAULT };
	for (; *at && **at == '-' && strcmp(*at, "--"); at++) {
		status = take_option(options, &at, err);
		if (status < 0 || options->wants_help || options->wants_version)
			return status;
	}
	if (*at && !strcmp(*at, "--"))
		at++;
	if (!*at)
		return err_set(err, TACIT_INVALID,
			"no command: tacit-exec [OPTION]... [--] COMMAND [ARGUMENT]...");
	options->command = at;
	return 0;
}
