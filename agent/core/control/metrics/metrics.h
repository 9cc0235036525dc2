/* SPDX-License-Identifier: Apache-2.0 */
/* What GET /v1/metrics says, in parts. metrics.c's alone. PROTOCOL.md has the list. */
#ifndef TACIT_CONTROL_METRICS_H
#define TACIT_CONTROL_METRICS_H

#include "core/control/core.h"
#include "core/control/metrics/metrics_text.h"

/* What became of OPENs and how long they took, READs: also while locked. */
void metrics_put_answers(struct pack *text, const struct core *core);

/* Of each secret by its name; of a model that is not locked. */
int metrics_put_secrets(struct pack *text, const struct core *core, struct err *err);

#endif
