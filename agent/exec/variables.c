/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/variables.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

static const char suffix[] = "_FILE";

/* "../" leads out again, and is nobody's way to name a secret. */
static bool is_below(const char *path, const char *dir)
{
	size_t length = strlen(dir);
	const char *part = path + length;

	if (strncmp(path, dir, length) || *part != '/' || !part[1])
		return false;
	for (; part; part = strchr(part + 1, '/')) {
		size_t bytes = strcspn(part + 1, "/");

		if (bytes == 2 && !strncmp(part + 1, "..", 2))
			return false;
	}
	return true;
}

/* Bytes of NAME in NAME_FILE=PATH; 0: it is another variable. */
static size_t name_of(const char *assignment, const char *dir)
{
	const char *is = strchr(assignment, '=');
	size_t length = is ? (size_t)(is - assignment) : 0, tail = sizeof suffix - 1;

	if (length <= tail || strncmp(is - tail, suffix, tail) ||
		assignment[length - tail - 1] == '_')
		return 0;
	return is_below(is + 1, dir) ? length - tail : 0;
}

static bool is_set(char *const *environment, const char *name, size_t length)
{
	for (; *environment; environment++)
		if (!strncmp(*environment, name, length) && (*environment)[length] == '=')
			return true;
	return false;
}

static int add(
	struct variables *variables, const char *name, size_t length, char *path, struct err *err)
{
	struct variable *next = &variables->list[variables->count];

	if (!path)
		return err_set(err, TACIT_LIMIT, "out of memory");
	*next = (struct variable){ name, length, path };
	variables->count++;
	for (struct variable *one = variables->list; one < next; one++)
		if (one->name_length == length && !strncmp(one->name, name, length))
			return err_set(err, TACIT_INVALID, "%.*s is to be read from two files",
				(int)length, name);
	return 0;
}

/* A file without a slash is one of the directory. */
static char *below(const char *dir, const char *file)
{
	char *path;

	if (strchr(file, '/'))
		return strdup(file);
	return asprintf(&path, "%s/%s", dir, file) < 0 ? NULL : path;
}

static int check_room(const struct variables *variables, struct err *err)
{
	return variables->count < VARIABLES_MAX
		       ? 0
		       : err_set(err, TACIT_LIMIT, "more than %d variables are read from files",
				 VARIABLES_MAX);
}

int variables_find(struct variables *variables, char *const *environment,
	const struct options *options, struct err *err)
{
	int status = 0;

	variables->count = 0;
	for (char *const *at = environment; status == 0 && *at; at++) {
		size_t length = name_of(*at, options->dir);

		if (length && (status = check_room(variables, err)) == 0)
			status = add(variables, *at, length, strdup(strchr(*at, '=') + 1), err);
	}
	for (size_t i = 0; status == 0 && i < options->env_count; i++) {
		const char *is = strchr(options->env[i], '=');

		if ((status = check_room(variables, err)) == 0)
			status = add(variables, options->env[i], (size_t)(is - options->env[i]),
				below(options->dir, is + 1), err);
	}
	for (size_t i = 0; status == 0 && i < variables->count; i++) {
		const struct variable *one = &variables->list[i];

		if (is_set(environment, one->name, one->name_length))
			status = err_set(err, TACIT_INVALID,
				"%.*s is set, and to be read from a file: leave one of the two out",
				(int)one->name_length, one->name);
	}
	return status;
}

void variables_free(struct variables *variables)
{
	for (size_t i = 0; i < variables->count; i++)
		free(variables->list[i].path);
	variables->count = 0;
}

/* As much as there is room for. The bytes read, or -1 with errno. */
static ssize_t read_whole(const char *path, char *bytes, size_t room)
{
	_close_ int file = open(path, O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t more = 1;

	if (file < 0)
		return -1;
	while (length < room && more > 0) {
		more = read(file, bytes + length, room - length);
		if (more < 0 && errno == EINTR)
			more = 1;
		else if (more > 0)
			length += (size_t)more;
	}
	return more < 0 ? -1 : (ssize_t)length;
}

/* NAME=VALUE. */
static int read_one(const struct variable *variable, char **made, struct err *err)
{
	size_t before = variable->name_length + 1;
	char *text = *made = malloc(VARIABLES_BYTES_MAX);
	ssize_t length;

	if (!text || before >= VARIABLES_BYTES_MAX)
		return err_set(err, TACIT_LIMIT, "out of memory");
	length = read_whole(variable->path, text + before, VARIABLES_BYTES_MAX - before);
	if (length < 0)
		return err_errno(err, errno, TACIT_IO, "%.*s: read %s", (int)variable->name_length,
			variable->name, variable->path);
	if ((size_t)length == VARIABLES_BYTES_MAX - before)
		return err_set(err, TACIT_TOO_LARGE,
			"%.*s: what is in %s is longer than a variable can be, %d bytes",
			(int)variable->name_length, variable->name, variable->path,
			VARIABLES_BYTES_MAX);
	memcpy(text, variable->name, variable->name_length);
	text[before - 1] = '=';
	if (memchr(text + before, '\0', (size_t)length))
		return err_set(err, TACIT_INVALID,
			"%.*s: there is a NUL in %s, which no variable can hold: let the program "
			"read the file",
			(int)variable->name_length, variable->name, variable->path);
	while (length && text[before + (size_t)length - 1] == '\n') {
		length--;
		if (length && text[before + (size_t)length - 1] == '\r')
			length--;
	}
	text[before + (size_t)length] = '\0';
	return 0;
}

/* Whether it is the NAME_FILE of one that is read. */
static bool is_replaced(const struct variables *variables, const char *assignment)
{
	for (size_t i = 0; i < variables->count; i++)
		if (variables->list[i].name == assignment)
			return true;
	return false;
}

int variables_read(
	const struct variables *variables, char *const *environment, char ***made, struct err *err)
{
	size_t count = 0;
	char **next;
	int status = 0;

	while (environment[count])
		count++;
	next = *made = calloc(count + variables->count + 1, sizeof **made);
	if (!next)
		return err_set(err, TACIT_LIMIT, "out of memory");
	for (; *environment; environment++)
		if (!is_replaced(variables, *environment))
			*next++ = *environment;
	for (size_t i = 0; status == 0 && i < variables->count; i++)
		status = read_one(&variables->list[i], next++, err);
	return status;
}
