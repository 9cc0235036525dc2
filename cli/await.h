/* SPDX-License-Identifier: Apache-2.0 */
/* Until every running container has opened the version that is current now: `--wait`. */
#ifndef TACIT_CLI_AWAIT_H
#define TACIT_CLI_AWAIT_H

#include "cli/session.h"

/* Before anything is changed: TACIT_INVALID when --timeout says nothing, or without --wait. */
int await_check(const struct session *session, struct err *err);

/* Nothing without --wait. Else ask until no running container that may read the secret has anything
 * but `version`, or a later one that is current by now; *behind is then an empty list, and when the
 * time is over, TACIT_BUSY, those that have not (entries of GET /v1/secrets/{secret}/readers). An
 * agent that is not there for a while is asked again. The caller owns *behind. */
int await_readers(struct session *session, const char *secret, unsigned long long version,
	json_t **behind, struct err *err);

/* A line for each of them. */
void await_print(const json_t *behind);

#endif
