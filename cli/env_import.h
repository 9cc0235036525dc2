/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of `tacit env import`. */
#ifndef TACIT_CLI_ENV_IMPORT_H
#define TACIT_CLI_ENV_IMPORT_H

#include "cli/import/plan.h"
#include "cli/session.h"

/* As import_image_fn, of the engines of this host. */
bool env_image_start(struct session *session, const char *image, const char *project,
	const char *service, struct import_start *start);

/* See that no secret of the plan is in the agent with another value, nor a file of it granted for
 * another secret: TACIT_EXISTS, and nothing was done. */
int env_agent_check(struct session *session, const struct import_plan *plan, struct err *err);
/* Make the secrets and grants that are not there. May be repeated. */
int env_agent_make(struct session *session, const struct import_plan *plan, struct err *err);

/* The plan: a diff and lists for people, or JSON. */
int env_print_plan(const struct session *session, const struct import_plan *plan,
	const struct import_request *request, struct err *err);
json_t *env_plan_json(const struct import_plan *plan);

/* Start the project and show what its containers got. 0 also when something is wrong, which is
 * printed and in session->exit; *result is for --json, the caller's. */
int env_prove(struct session *session, const struct import_plan *plan,
	const struct import_request *request, json_t **result, struct err *err);

#endif
