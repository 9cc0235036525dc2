/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/dispatch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/help.h"
#include "cli/run.h"
#include "cli/session.h"

/* What failed: the command, and the name it was given when that is a name and so may be shown. */
static void describe(const struct invocation *invocation, char *text, size_t room)
{
	char words[COMMAND_WORDS_MAX] = "";
	/* Where the argument is '-', a word may be a passphrase that was meant to be secret. */
	bool named = invocation->command && invocation->command->noun && invocation->count &&
		     strcmp(invocation->command->arguments, "[-]") &&
		     session_shows(invocation->words[0]);

	if (invocation->command)
		command_words(invocation->command, words);
	snprintf(text, room, "%s%s%.200s", words, named ? " " : "",
		named ? invocation->words[0] : "");
}

static int set_root(struct session *session, struct err *err)
{
	const char *given = session->invocation->values[OPTION_ROOT];
	struct err inner = { 0 };

	if (!given)
		given = getenv("TACIT_ROOT");
	if (!given || !*given || !path_check_root(given, session->root, &inner))
		return 0;
	return err_set(err, TACIT_INVALID, "the instance given by %s cannot be used: %s",
		session->invocation->values[OPTION_ROOT] ? "--root" : "TACIT_ROOT", inner.text);
}

static int dispatch(struct session *session, struct err *err)
{
	const struct invocation *invocation = session->invocation;

	if (invocation->values[OPTION_HELP])
		return help_words(invocation->command, invocation->words, invocation->count, err);
	if (invocation->values[OPTION_ABOUT])
		return help_version(session, err);
	if (set_root(session, err) < 0)
		return -(int)err->code;
	return invocation->command ? invocation->command->run(session, err)
				   : status_bare(session, err);
}

int dispatch_main(int argc, char *const *argv, const struct rlimit *cores)
{
	_free_ const char **room = calloc((size_t)argc + 1, sizeof *room);
	struct invocation invocation = { 0 };
	struct session session = { .invocation = &invocation, .cores = *cores };
	char what[COMMAND_WORDS_MAX + TACIT_SECRET_NAME_MAX + 2] = "";
	struct err err = { 0 };

	if (!room)
		return TACIT_EXIT_FAILED;
	if (command_parse(argc, argv, room, &invocation, &err) < 0) {
		report_error(stderr, "", &err);
		return TACIT_EXIT_USAGE;
	}
	session.json = invocation.values[OPTION_JSON];
	session.quiet = invocation.values[OPTION_QUIET];
	session.progress.quiet = session.quiet;
	describe(&invocation, what, sizeof what);
	if (dispatch(&session, &err) < 0)
		session_fail(&session, what, &err);
	client_close(session.client);
	if (fflush(stdout) || ferror(stdout)) {
		err_errno(&err, errno, TACIT_IO, "write to standard output");
		session_fail(&session, what, &err);
	}
	return session.status ? session.status : code_exit(session.exit);
}
