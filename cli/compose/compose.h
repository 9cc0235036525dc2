/* SPDX-License-Identifier: Apache-2.0 */
/* A compose file: what its services are given, where in the text that stands, and changes to it.
 *
 * The text is the truth. The file is read for its structure, with the place of everything in it; a
 * change is a list of replaced ranges of bytes, so that comments, order, anchors, quoting and line
 * ends of all that is not changed stay as they are. After a change the text is read again and must
 * mean what was meant.
 *
 * Nothing here reads another file, prints, or keeps a value longer than the file is open. One
 * thread. Lines and columns count from 1, offsets from 0, in bytes. */
#ifndef TACIT_COMPOSE_COMPOSE_H
#define TACIT_COMPOSE_COMPOSE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define COMPOSE_FILE_MAX (16u << 20) /* bytes of a file */
#define COMPOSE_DEPTH_MAX 64         /* of collections in each other */

struct compose_file;

/* A scalar as YAML means it. Owned by the file. */
struct compose_text {
	const char *text; /* NUL-terminated, without NUL in it; NULL: it is not there */
	size_t length;
	size_t offset, end; /* of the scalar in the file, quotes included; of a variable in a list:
			       all of NAME=VALUE */
	unsigned int line, column;
	bool shared; /* it stands behind an anchor that is used elsewhere, or came by an alias or a
			merge: a change here is a change there */
	bool ambiguous; /* without quotes, and not the same for all versions of compose: 0123, yes,
			   1e3, 2026-01-01. What the application got is not known from the file */
};

/* One of a service's variables: by a map, by a list of NAME=VALUE, by a merge. */
struct compose_variable {
	struct compose_text name;
	struct compose_text value; /* NULL: taken from the environment of compose itself */
	bool is_list;
};

/* One of a service's `secrets`, or of the top-level ones. */
struct compose_secret {
	struct compose_text source; /* of a service: the top-level name; at the top: its own name */
	struct compose_text target; /* of a service; NULL: the source's name below /run/secrets */
	struct compose_text file;   /* at the top: of `file:` */
	bool is_external, is_environment;
};

struct compose_service {
	struct compose_text name, image;
	struct compose_text build;                 /* a path, or the `context` of it */
	struct compose_text extends, extends_file; /* the service; NULL file: of this file */
	const struct compose_variable *variables;
	size_t variable_count;
	const struct compose_text *env_files; /* of `env_file`, in all of its forms */
	size_t env_file_count;
	const struct compose_secret *secrets;
	size_t secret_count;
	/* As written, a list or one text; count 0: not there. */
	const struct compose_text *entrypoint, *command;
	size_t entrypoint_count, command_count;
	bool entrypoint_is_text, command_is_text;
	bool merged; /* some of it came by a merge or `extends` */
};

#define COMPOSE_VISITS_MAX                                                                         \
	(4u << 20) /* variables of all services, with those that merges bring                      \
		    */

/* Read `length` bytes, which are copied. `name` is what errors call it: they are "NAME:LINE: what
 * and what to do" and never show a value. TACIT_INVALID: it is no YAML, or not what compose takes
 * (duplicate keys, a list where a map belongs, a NUL); TACIT_LIMIT: too large or too deep. */
int compose_parse(const char *name, const char *text, size_t length, struct compose_file **file,
	struct err *err);
void compose_free(struct compose_file *file); /* wipes; NULL does nothing */

/* What is in it. */
const char *compose_bytes(const struct compose_file *file, size_t *length);
const struct compose_text *compose_project(
	const struct compose_file *file); /* of `name:`, or NULL */
size_t compose_service_count(const struct compose_file *file);
const struct compose_service *compose_service(const struct compose_file *file, size_t index);
const struct compose_service *compose_service_named(
	const struct compose_file *file, const char *name);
size_t compose_secret_count(const struct compose_file *file);
const struct compose_secret *compose_secret(const struct compose_file *file, size_t index);
size_t compose_include_count(const struct compose_file *file); /* of `include:`, in all forms */
const struct compose_text *compose_include(const struct compose_file *file, size_t index);
/* Every scalar of any YAML, of several documents too, that is a value, with the nearest key (text
 * "" when there is none): for those who look for secrets anywhere (x-..., labels, args,
 * healthchecks, Kubernetes objects). What an anchor names is seen once, where it stands. The texts
 * live until `each` returns. Errors as of compose_parse, but keys may stand twice. */
typedef void compose_scalar_fn(
	void *arg, const struct compose_text *key, const struct compose_text *value);
int compose_each_scalar(const char *name, const char *text, size_t length, compose_scalar_fn *each,
	void *arg, struct err *err);

/* What a text says once `${NAME}`, `${NAME:-default}`, `$NAME` and `$$` in it are replaced.
 * `lookup` returns a variable's value or NULL. *result is malloc'd. TACIT_INVALID: malformed, or
 * `${NAME:?}` that is not set. */
typedef const char *compose_lookup_fn(void *arg, const char *name);
int compose_interpolate(
	const char *text, compose_lookup_fn *lookup, void *arg, char **result, struct err *err);
/* Whether it has any, and the name when it is one and nothing else ("${DB_PASSWORD}"). */
bool compose_interpolates(const char *text);
bool compose_is_variable(const char *text, char *name, size_t room);

/* Into words as compose does with an `entrypoint` or `command` that is one text: blanks divide,
 * quotes and backslashes hold together, `$` is left alone. *words is one malloc'd block with the
 * words in it, NULL at its end. TACIT_INVALID: a quote that is not closed. */
int compose_split(const char *text, char ***words, size_t *count, struct err *err);

/* ---- Changes. They collect in an edit, and are made together. ---- */

struct compose_edit;

/* All of these: TACIT_NOT_FOUND when there is no such service, variable or secret, TACIT_EXISTS
 * when the new name is taken. The texts are copied; the file stays the caller's and has to outlive
 * it. */
struct compose_edit *compose_edit_begin(const struct compose_file *file); /* NULL: no memory */
void compose_edit_free(struct compose_edit *edit);
/* Replace a variable of a service by another name and value, in the form it has. A shared one is
 * set in the service itself when that says the same for the service alone, and refused with
 * TACIT_INVALID and its line when it cannot be. */
int compose_edit_variable(struct compose_edit *edit, const char *service, const char *name,
	const char *new_name, const char *new_value, struct err *err);
/* Add one (of an env_file, which has none here), or take one away. */
int compose_edit_add_variable(struct compose_edit *edit, const char *service, const char *name,
	const char *value, struct err *err);
int compose_edit_remove_variable(
	struct compose_edit *edit, const char *service, const char *name, struct err *err);
/* Let a service have a top-level secret, as `target` when that is not NULL and another. There
 * already: nothing. */
int compose_edit_service_secret(struct compose_edit *edit, const char *service, const char *source,
	const char *target, struct err *err);
/* Let a service have the top-level secret `new_source` instead of `source`, under the same name in
 * the container. */
int compose_edit_service_source(struct compose_edit *edit, const char *service, const char *source,
	const char *new_source, struct err *err);
/* The top-level secret `name` with this `file`; one that is there gets the file. */
int compose_edit_secret_file(
	struct compose_edit *edit, const char *name, const char *file, struct err *err);
/* Set a service's entrypoint or command to a list, in place or as a new key. `$` in a word is a
 * variable of compose, `$$` a dollar. New keys of a service stand at its end: environment, secrets,
 * entrypoint, command. */
int compose_edit_list(struct compose_edit *edit, const char *service, const char *key,
	const char *const *words, size_t count, struct err *err);
/* Replace any scalar by a text that no service reads (of `x-...`, once its aliases are gone): what
 * services read has functions of its own, and is refused by compose_edit_apply. */
int compose_edit_text(struct compose_edit *edit, const struct compose_text *text,
	const char *new_text, struct err *err);
/* The new text, malloc'd. It has been read again, and says all that was asked and nothing else; the
 * edit can go on and be applied again. TACIT_INVALID with the line of the file as it is: it cannot
 * be changed so, or a service that was not asked for would change too by an anchor or a merge.
 * Services that share a variable are asked for one by one, with the same change. */
int compose_edit_apply(
	const struct compose_edit *edit, char **text, size_t *length, struct err *err);

#endif
