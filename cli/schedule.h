/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent does to a secret by itself, as `secret schedule` and as options of `secret create`
 * and `secret rotate`. */
#ifndef TACIT_CLI_SCHEDULE_H
#define TACIT_CLI_SCHEDULE_H

#include "cli/session.h"

/* "every 30d by postgres, failing", or "-" for null. Of the object "schedule" of a secret. */
#define SCHEDULE_TEXT_MAX 160
void schedule_text(const json_t *schedule, char text[SCHEDULE_TEXT_MAX]);

/* Before anything is changed: TACIT_INVALID when --every or --rotator are given and cannot be kept.
 * 0 without them. */
int schedule_check(const struct session *session, struct err *err);
/* The secret as it is (without grants), in place of *secret; and as it is after a POST of `body`,
 * or of what the options say. *secret is left alone on failure. */
int schedule_get(struct session *session, json_t **secret, struct err *err);
int schedule_post(struct session *session, const json_t *body, json_t **secret, struct err *err);
int schedule_set(struct session *session, json_t **secret, struct err *err);

/* Do as --every and --rotator say, and put the new answer in place of *secret. Nothing without
 * them. The text of a failure says that the secret has been `done` ("created") all the same. */
int schedule_add(struct session *session, const char *done, json_t **secret, struct err *err);
/* The same, and the agent rotates it now; with --wait, when it has, else at once. */
int schedule_rotate(struct session *session, json_t **secret, struct err *err);
/* That the agent is about to rotate it. */
void schedule_print_due(const struct session *session, const json_t *secret);

#endif
