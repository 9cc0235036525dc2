/* SPDX-License-Identifier: Apache-2.0 */
/* Until every running container has opened the version that is current now: `--wait`. */
#ifndef TACIT_CLI_AWAIT_H
#define TACIT_CLI_AWAIT_H

#include "cli/session.h"

/* Before anything is changed: TACIT_INVALID when --timeout says nothing, or without `wait`, which
 * is the option that waits. */
int await_check(const struct session *session, enum option wait, struct err *err);
/* What --timeout says, or how long is waited without it. */
int await_seconds(const struct session *session, uint64_t *seconds, struct err *err);

/* Nothing without --wait. Else ask until no running container that may read one of the secrets has
 * anything but its version, or a later one that is current by now; nor of a template that is made
 * of it anything but what is current. `secrets` is an array of
 * {"secret","version"}. *behind is then an empty list, and when the time is over, TACIT_BUSY, those
 * that have not (entries of GET /v1/secrets/{secret}/readers). An agent that is not there for a
 * while is asked again. The caller owns *behind. */
int await_readers(struct session *session, const json_t *secrets, json_t **behind, struct err *err);

/* What came of it, after `changed` was printed for people: whom it waited for, by `status` of
 * await_readers(); as JSON `changed`, with "behind" when it waited. */
void await_show(const struct session *session, json_t *changed, json_t *behind, int status);

#endif
