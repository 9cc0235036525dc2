/* SPDX-License-Identifier: Apache-2.0 */
/* What else must hold of a container before it is a consumer. A rule is a text:
 *
 *   image=NAME          the image the container was started with, what is left out of a name put
 *                       back on both sides: "nginx", "nginx:latest", "docker.io/library/nginx" are
 *                       one; and what podman calls localhost/nginx, which was built there
 *   image=sha256:HEX    the image's id, or one of its repository digests
 *   label=KEY=VALUE     a label it was started with; one that comes from its image does not count
 *   compose=PROJECT/SERVICE
 *   container=NAME
 *
 * Pure functions. */
#ifndef TACIT_BASE_BINDING_H
#define TACIT_BASE_BINDING_H

#include <stdbool.h>

#include "base/container.h"
#include "base/err.h"

#define BINDING_TEXT_MAX 383 /* bytes of one rule */
#define BINDING_RULES_MAX 8  /* of one consumer */

/* TACIT_INVALID with what a rule is. */
int binding_check(const char *rule, struct err *err);

/* Whether a checked rule holds of the container. */
bool binding_holds(const char *rule, const struct container_facts *facts);

/* Whether it is about more than labels, which anybody gives to the containers they start: image=
 * and container= are. */
bool binding_is_strong(const char *rule);

#endif
