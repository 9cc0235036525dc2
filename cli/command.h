/* SPDX-License-Identifier: Apache-2.0 */
/* The words of the command line. The table in commands.c is the only list of commands and the only
 * list of options: the dispatcher, the help, the usage lines, the suggestions and the test of the
 * manual page derive from it. */
#ifndef TACIT_CLI_COMMAND_H
#define TACIT_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct session;

enum option {
	OPTION_ROOT,
	OPTION_JSON,
	OPTION_QUIET,
	OPTION_HELP,
	OPTION_ABOUT, /* `tacit --version` */
	OPTION_GENERATE,
	OPTION_ALPHABET,
	OPTION_KEEP_NEWLINE,
	OPTION_TEMPLATE,
	OPTION_VERSION, /* `secret reveal --version N`, `grant add --version N` */
	OPTION_FORCE,
	OPTION_IF_ABSENT,
	OPTION_OVERLAP,
	OPTION_TO,
	OPTION_AWAIT, /* `secret rotate --wait`, `secret promote --wait` */
	OPTION_DONE,  /* `secret schedule --now --wait` */
	OPTION_TIMEOUT,
	OPTION_EVERY,
	OPTION_ROTATOR,
	OPTION_NOW,
	OPTION_OFF,
	OPTION_BUNDLES,
	OPTION_AS,
	OPTION_UID,
	OPTION_GID,
	OPTION_MODE,
	OPTION_EXPIRES,
	OPTION_READS,
	OPTION_NEWLINE,
	OPTION_MAIN_PROCESS,
	OPTION_WITH_PREVIOUS,
	OPTION_ON_ROTATE,
	OPTION_PID,
	OPTION_CONTAINER,
	OPTION_SECRET,
	OPTION_CONSUMER,
	OPTION_WAIT,
	OPTION_ENGINES,
	OPTION_KEY_FILE,
	OPTION_DRY_RUN,
	OPTION_PRUNE,
	OPTION_LINES,
	OPTION_FOLLOW,
	OPTION_FROM,
	OPTION_NEW_KEY_FILE,
	OPTION_PASSPHRASE,
	OPTION_CREDENTIAL,
	OPTION_COMMAND,
	OPTION_RECOVERY,
	OPTION_LABEL,
	OPTION_NO_RECOVERY,
	OPTION_DROP,
	OPTION_ADOPT,
	OPTION_ROLLBACK,
	OPTION_ALL,
	OPTION_APPLY,
	OPTION_PROVE,
	OPTION_SERVICE,
	OPTION_VAR,
	OPTION_EXCEPT,
	OPTION_PROJECT,
	OPTION_UNDO,
	OPTION_DESTROY_BACKUP,
	OPTION_GIT,
	OPTION_CONTAINERS,
	OPTION_IGNORED,
	OPTION_BASELINE,
	OPTION_ACCEPT,
	OPTION_SARIF,
	OPTIONS
};

_Static_assert(OPTIONS <= 128, "a set of options is two words");
typedef unsigned __int128 option_set;

#define OPTION_BIT(option) ((option_set)1 << (option))
/* What may stand before the command, too. */
#define OPTIONS_GLOBAL                                                                             \
	(OPTION_BIT(OPTION_ROOT) | OPTION_BIT(OPTION_JSON) | OPTION_BIT(OPTION_QUIET) |            \
		OPTION_BIT(OPTION_HELP) | OPTION_BIT(OPTION_ABOUT))

struct option_row {
	const char *name;     /* without the dashes */
	char letter;          /* -q, or 0 */
	const char *argument; /* what follows it, or NULL for a switch */
	const char *line;
};

struct command {
	const char *noun;      /* NULL for a command of one word */
	const char *name;      /* its verb */
	const char *alias;     /* docker's other word for it, or NULL */
	const char *arguments; /* "NAME [FILE|-]": [..] may be left out, .. ... may be repeated */
	option_set options;    /* OPTION_BIT of those it takes, --root and --help apart */
	int (*run)(struct session *session, struct err *err);
	const char *line; /* what it does */
};

extern const struct option_row option_table[OPTIONS];
extern const struct command command_table[];
extern const size_t command_count;

/* "secret create", into `text` of COMMAND_WORDS_MAX. */
#define COMMAND_WORDS_MAX 64
void command_words(const struct command *command, char text[COMMAND_WORDS_MAX]);
/* The options it takes, with the ones that every command takes. */
option_set command_options(const struct command *command);
/* How many arguments it takes at least and at most, by the text of `arguments`. */
void command_bounds(const struct command *command, size_t *least, size_t *most);

/* The command of one or two words; *used is how many. NULL with `err` filled ("unknown command
 * 'secert'; did you mean 'secret'?"), also when `count` words are only a noun. */
const struct command *command_find(
	const char *const *words, size_t count, size_t *used, struct err *err);
bool command_is_noun(const char *word);

/* A command line, parsed. */
struct invocation {
	const struct command *command; /* NULL when no command was given */
	const char **words;            /* what is not an option; words[0] is the first argument of
					  `command`, or the first word when --help was given */
	size_t count;
	const char *values[OPTIONS]; /* NULL: not given; "" for a switch; part of argv */
};

/* Parse argv[1..]. `room` holds argc pointers and becomes invocation->words. Errors are
 * TACIT_INVALID and say the nearest right word. Pure. */
int command_parse(int argc, char *const *argv, const char **room, struct invocation *invocation,
	struct err *err);

#endif
