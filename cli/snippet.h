/* SPDX-License-Identifier: Apache-2.0 */
/* The lines a person needs after a grant. */
#ifndef TACIT_CLI_SNIPPET_H
#define TACIT_CLI_SNIPPET_H

#include <stdio.h>

/* "db-password.txt" -> "DB_PASSWORD_TXT_FILE": the variable by which images take a secret's file.
 * `name` holds TACIT_FILE_NAME_MAX + 7 bytes. Pure. */
void snippet_variable(const char *file, char *name);

/* `word` as a YAML scalar into `text` of `room` bytes: as it is where every parser takes it for
 * that string, else in double quotes. Pure. */
void snippet_yaml(const char *word, char *text, size_t room);

/* For compose/PROJECT/SERVICE the lines of a compose file, for container/NAME the options of
 * `docker run`, for what runs on the host the variable; of FOLDER/FILE, by which the folder is
 * mounted, or where it is. `limits` is "" or what limits_text() says. */
void snippet_print(const char *consumer, const char *file, const char *path, const char *secret,
	const char *limits, FILE *to);

#endif
