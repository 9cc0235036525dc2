/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of a plan, in the order in which they are taken; nobody outside includes this. */
#ifndef TACIT_IMPORT_ROOM_H
#define TACIT_IMPORT_ROOM_H

#include "cli/import/plan.h"

#define IMPORT_SECRETS_DIR "/run/secrets/"
#define IMPORT_WRAPPER "tacit-exec"

/* Add one more, zeroed; NULL when there is no memory. */
struct import_file *plan_add_file(struct import_plan *plan);
struct import_secret *plan_add_secret(struct import_plan *plan);
struct import_use *plan_add_use(struct import_plan *plan);
__attribute__((format(printf, 2, 3))) void plan_note(
	struct import_plan *plan, const char *format, ...);

/* Read every file of the project, and find its name. */
int project_read(struct import_plan *plan, const struct import_request *request, struct err *err);
/* The file of that path below the folder of the project, if it has been read. */
struct import_file *project_file(struct import_plan *plan, const char *path);
/* `path` of a compose file, as it is opened: TACIT_INVALID when too long. */
int project_path(const struct import_plan *plan, const char *path, char *full, struct err *err);
/* The whole of a file. TACIT_NOT_FOUND. */
int project_slurp(const char *path, size_t most, char **text, size_t *length, struct err *err);
bool project_selects(const struct import_request *request, const char *service);

/* Variables as containers get them. */
struct lookup {
	struct import_plan *plan;
	const struct import_request *request;
	bool secret;    /* one that was looked up is a secret of its own */
	bool missing;   /* one that was looked up is not in .env */
	bool ambiguous; /* one that was looked up is read differently by versions of compose */
};
/* What `text` says once variables of .env are replaced in it; *result is malloc'd. */
int lookup_replace(struct lookup *lookup, const char *text, char **result, struct err *err);

/* Each env_file of a service, its path whole. What `each` returns that is not 0 ends it. */
typedef int env_file_fn(struct import_plan *plan, const struct import_request *request,
	const char *service, const char *path, struct err *err);
int project_each_env_file(struct import_plan *plan, const struct import_request *request,
	const struct compose_service *service, env_file_fn *each, struct err *err);

/* Find what is to be moved: fills plan->uses but for names. */
int collect_uses(struct import_plan *plan, const struct import_request *request, struct err *err);
/* Files that compose's own `secrets` name. */
int collect_files(struct import_plan *plan, const struct import_request *request, struct err *err);

/* Names and secrets of the uses; then how each image is told of its files. */
int name_uses(struct import_plan *plan, const struct import_request *request, struct err *err);
int name_conventions(struct import_plan *plan, struct err *err);
/* The file of a use in the mount. */
void use_path(const struct import_plan *plan, const char *root, const struct import_use *use,
	char path[IMPORT_PATH_MAX]);
/* The uses of a service: *count of them from plan->by_service[*first] on. */
void uses_of(const struct import_plan *plan, const char *service, size_t *first, size_t *count);

/* What the service has in any of the files; NULL when none has it. The last file counts. */
const struct compose_service *service_with_image(const struct import_plan *plan, const char *name);
const struct compose_service *service_with_entrypoint(
	const struct import_plan *plan, const char *name);
bool service_is_wrapped(const struct import_plan *plan, const char *name);
bool service_needs_wrapper(const struct import_plan *plan, const char *name);
/* What it will run: the words after the wrapper's "--", and its command unless that stays. */
int service_start(struct import_plan *plan, const struct import_request *request, const char *name,
	struct import_start *start, struct err *err);

/* The new texts of the compose files, then of the others. */
int rewrite_compose(
	struct import_plan *plan, const struct import_request *request, struct err *err);
int rewrite_env(struct import_plan *plan, const struct import_request *request, struct err *err);
/* Notes of places that still hold a value, or use a variable that is a file now. */
int rewrite_look_back(struct import_plan *plan, struct err *err);

#endif
