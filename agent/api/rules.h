/* SPDX-License-Identifier: Apache-2.0 */
/* The body of POST /v1/consumers/bind and /v1/consumers/unbind:
 *
 *   {"consumer": NAME, "rules": ["image=nginx:1.25", "label=tier=web"]}
 *
 * Both are required. At most BINDING_RULES_MAX rules, each once and of the form base/binding.h has;
 * to bind, at least one, and no unit or user; to unbind, none means all. Pure. */
#ifndef TACIT_API_RULES_H
#define TACIT_API_RULES_H

#include <stddef.h>

#include "wire/frame.h"

/* By request->verb. TACIT_INVALID, `request` partly filled. */
int rules_parse(const char *text, size_t length, struct frame_request *request, struct err *err);

#endif
