/* SPDX-License-Identifier: Apache-2.0 */
/* What it takes to move a compose project's secrets out of its files: which secrets the agent is to
 * have, who is to read them, and what the files are to say. Everything is decided here, before
 * anything is written anywhere; the same files give the same plan, and those that a plan has made
 * give an empty one.
 *
 * A service's secret variable FOO becomes FOO_FILE, FOO__FILE or FILE__FOO (convention.h) with
 * /run/secrets/foo, which is the top-level secret foo (SERVICE_foo when two services have one), a
 * file of the agent's mount. Values are in memory of this process alone, and in no text but that of
 * the old files. One thread. */
#ifndef TACIT_IMPORT_PLAN_H
#define TACIT_IMPORT_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/names.h"
#include "base/paths.h"
#include "cli/compose/compose.h"
#include "cli/import/convention.h"
#include "cli/import/dotenv.h"

#define IMPORT_FILES_MAX 64 /* compose files, .env, env_files and files of secrets of a project */
#define IMPORT_PATH_MAX 4096
#define IMPORT_NOTE_MAX 512
#define IMPORT_NAME_MAX NAME_SEGMENT_MAX /* of a project or a service */
#define IMPORT_SHARED_MIN 8              /* shorter values that are equal are equal by chance */

enum import_kind { IMPORT_COMPOSE, IMPORT_ENV, IMPORT_PLAIN };

struct import_file {
	char path[IMPORT_PATH_MAX]; /* as it is opened and shown */
	enum import_kind kind;
	bool is_dotenv; /* the project's .env, of which compose replaces ${NAME} */
	char *old, *made;
	size_t old_length, made_length;
	bool changed;                 /* it is to be `made` */
	bool gone;                    /* it is to be taken away */
	struct compose_file *compose; /* of IMPORT_COMPOSE */
	struct dotenv dotenv;         /* of IMPORT_ENV */
};

/* A secret of the agent. */
struct import_secret {
	char name[TACIT_SECRET_NAME_MAX + 1];
	char *value;
	size_t length;
};

/* One file of one service. */
struct import_use {
	size_t secret; /* index */
	char service[IMPORT_NAME_MAX + 1];
	char file[TACIT_FILE_NAME_MAX + 1]; /* below /run/secrets, and in the mount */
	char key[IMPORT_NAME_MAX + TACIT_FILE_NAME_MAX + 2]; /* among the top-level secrets */
	char variable[CONVENTION_NAME_MAX + 1]; /* empty: it was a file of compose's secrets */
	char new_variable[CONVENTION_NAME_MAX + 1];
	enum convention_form form;
	const char *source; /* of the convention; NULL: tacit-exec gives the variable */
	size_t from;        /* index of the file the value stood in */
	unsigned int line;
	bool newline;   /* the file ended with one, which the value does not have */
	bool one_value; /* all services that have this file have the same value */
	bool alone;     /* no other service has this file */
	char *value;
	size_t length;
};

/* What an image runs; lists of `count` malloc'd words. */
struct import_start {
	char **entrypoint, **command;
	size_t entrypoint_count, command_count;
};
void import_start_free(struct import_start *start);

struct import_plan {
	char project[IMPORT_NAME_MAX + 1];
	char folder[IMPORT_PATH_MAX]; /* of the first compose file */
	struct import_file *files;
	size_t file_count;
	bool overrides; /* there are several compose files */
	struct import_secret *secrets;
	size_t secret_count;
	struct import_use *uses;
	size_t use_count;
	size_t *by_service; /* indices of uses, those of a service together and in their order */
	char (*notes)[IMPORT_NOTE_MAX]; /* what a person should know; never a value */
	size_t note_count;
};

/* Whether a variable is a secret. */
typedef bool import_judge_fn(void *arg, const char *name, const char *value);
/* What the image of a service runs; `image` is NULL when it is only built. False when that cannot
 * be known here. */
typedef bool import_image_fn(void *arg, const char *image, const char *project, const char *service,
	struct import_start *start);

struct import_request {
	const char *const *paths; /* compose files; the later ones override the earlier */
	size_t path_count;
	const char *root;      /* of the agent's instance: "" or a path */
	const char *project;   /* NULL: as compose has it */
	const char *services;  /* divided by commas; NULL: all */
	const char *variables; /* these are secrets, too; may be NULL */
	const char *except;    /* these are none; may be NULL */
	import_judge_fn *judge;
	import_image_fn *image;
	void *arg; /* of both */
};

/* Read the files and decide. TACIT_INVALID with "FILE:LINE: what and what to do" when it cannot be
 * done right; nothing was changed then. */
int import_plan_make(
	const struct import_request *request, struct import_plan **plan, struct err *err);
void import_plan_free(struct import_plan *plan); /* wipes; NULL does nothing */
bool import_plan_is_empty(const struct import_plan *plan);

/* Whether `word` is one of a list divided by commas. NULL has none. */
bool import_listed(const char *list, const char *word);

#endif
