/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of container engines, run with fixed arguments and this process's environment (so
 * that DOCKER_HOST and CONTAINER_HOST work), without a shell. What they print was written by
 * strangers: it is bounded, parsed as JSON, and cleaned before it is shown. */
#ifndef TACIT_CLI_ENGINE_H
#define TACIT_CLI_ENGINE_H

#include <jansson.h>

#include "cli/session.h"

/* Engines that are asked, by the name of their command; NULL at the end. */
extern const char *const engine_commands[];

#define ENGINE_TEXT_MAX 256

/* All containers, running or not, as `inspect` describes them: the caller owns *containers, an
 * array. TACIT_NOT_FOUND when the command is not installed, TACIT_UNAVAILABLE with the engine's own
 * first line when it is and the engine does not answer. */
int engine_containers(
	struct session *session, const char *engine, json_t **containers, struct err *err);

/* One image, as `image inspect` describes it: the caller owns *image. TACIT_NOT_FOUND when the
 * command is not installed, TACIT_UNAVAILABLE when the engine does not answer or has it not. */
int engine_image(struct session *session, const char *engine, const char *name, json_t **image,
	struct err *err);

/* What a container of 64 hex digits has printed, both of its outputs, as far as it is kept: *text is
 * malloc'd, NULL when there is nothing. */
int engine_logs(struct session *session, const char *engine, const char *id, char **text,
	size_t *length, struct err *err);

/* `docker compose up -d` of those files, or `docker-compose` where docker has no such command. */
int engine_compose_up(struct session *session, const char *const *paths, size_t count,
	const char *project, struct err *err);

/* Restart the container of 64 hex digits `id`. */
int engine_restart(struct session *session, const char *engine, const char *id, struct err *err);

#endif
