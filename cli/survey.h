/* SPDX-License-Identifier: Apache-2.0 */
/* The containers of every engine on this host that must be restarted. */
#ifndef TACIT_CLI_SURVEY_H
#define TACIT_CLI_SURVEY_H

#include "cli/session.h"

/* Add a row to `rows` for each of them: {"engine","container" (its id),"name","why":"stopped"|
 * "stale","exit_code"}. A container that two commands know (podman called docker) is one row; one
 * that the agent calls stale and no engine knows has engine "". An engine that does not answer is a
 * note on standard error. `status` is the agent's, or NULL. */
void survey_containers(struct session *session, const json_t *status, json_t *rows);

#endif
