/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include <tacit/api.h>

#include "exec/image.h"
#include "exec/run.h"

extern char **environ;

static const char help[] =
	"usage: tacit-exec [OPTION]... [--] COMMAND [ARGUMENT]...\n"
	"Run COMMAND with variables that are read from files.\n"
	"\n"
	"Each variable NAME_FILE whose value is a path below --dir becomes NAME, with what is in\n"
	"the file, for COMMAND alone.\n"
	"\n"
	"  --dir DIRECTORY       where secrets are [" OPTIONS_DIR_DEFAULT "]\n"
	"  --env NAME=FILE       read NAME from FILE, too; without a slash, one of --dir\n"
	"  --on-rotate restart   when one of the files is rotated, end COMMAND and run it anew\n"
	"  --on-rotate signal:S  send it signal S, as in signal:HUP\n"
	"  --help, --version\n";

int main(int argc, char **argv)
{
	struct options options;
	struct variables variables;
	struct err err;

	(void)argc;
	if (options_parse(argv, &options, &err) < 0) {
		run_say(err.text);
		return RUN_EXIT_TROUBLE;
	}
	if (options.wants_help || options.wants_version)
		return fputs(options.wants_help ? help : "tacit-exec " TACIT_VERSION "\n", stdout) <
		       0;
	image_detach(argv);
	if (variables_find(&variables, environ, &options, &err) < 0) {
		run_say(err.text);
		return RUN_EXIT_TROUBLE;
	}
	return run_command(&options, &variables, environ);
}
