/* SPDX-License-Identifier: Apache-2.0 */
/* Which containers must be restarted: a pure decision over what an engine says of one container
 * and what the agent says of all. */
#ifndef TACIT_CLI_JUDGE_H
#define TACIT_CLI_JUDGE_H

#include <jansson.h>
#include <stdbool.h>

enum judge_why {
	JUDGE_FINE,    /* leave it alone */
	JUDGE_STOPPED, /* one of its mounts is ours, and it failed; ended by a person, it did not */
	JUDGE_STALE,   /* it holds the mount of an agent that is gone */
};

/* `container`: one element of an engine's `inspect`. `mount`: this instance's, without a slash at
 * its end. `stale`: the "containers" of the agent's status; may be NULL. Members that are missing
 * or of another type count as fine. */
enum judge_why judge_container(const json_t *container, const char *mount, const json_t *stale);

/* Whether `path` is `mount` or below it. */
bool judge_below(const char *path, const char *mount);

/* The id in the agent's text of a container ("docker 3f2a9c0d1e2f"): its last word. */
const char *judge_id(const char *text);
/* Whether the agent's text names the container with that full id. */
bool judge_names(const char *text, const char *id);

#endif
