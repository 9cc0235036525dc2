/* SPDX-License-Identifier: Apache-2.0 */
/* What a client of the agent and the agent agree on: limits, paths below the root, headers, exit
 * codes. The routes are in agent/PROTOCOL.md. */
#ifndef TACIT_API_H
#define TACIT_API_H

#include <stdint.h>

#define TACIT_VERSION "0.1.0"
#define TACIT_API_PREFIX "/v1"

/* Paths below the root of an instance ("" for the system's, or the argument of --root). */
#define TACIT_CONFIG_PATH "/etc/tacit/tacit.conf"
#define TACIT_KEY_PATH "/etc/tacit/key"
#define TACIT_STORE_DIR "/var/lib/tacit"
#define TACIT_AUDIT_DIR "/var/lib/tacit/audit"
#define TACIT_ANCHOR_PATH "/var/lib/tacit-anchor/anchor"
#define TACIT_MOUNT_DIR "/run/tacit"
#define TACIT_RUN_DIR "/run/tacitd"
#define TACIT_API_SOCKET "/run/tacitd/api.sock"
#define TACIT_PUBLIC_KEY_PATH "/run/tacitd/core.pub"

/* Below the root of each hierarchy of control groups: those of `tacit run`, by their ids. */
#define TACIT_RUN_CGROUP "/tacit"

#define TACIT_VALUE_MAX (1u << 20)  /* bytes of one secret value; at least 1 */
#define TACIT_SECRET_NAME_MAX 255   /* 4 segments of 63, 3 slashes */
#define TACIT_FILE_NAME_MAX 63      /* bytes of the name a container sees */
#define TACIT_CONSUMER_NAME_MAX 255 /* "compose/PROJECT/SERVICE" and its like */

/* A sealed value (agent/PROTOCOL.md, "Values in transit") is this much longer than its context and
 * value: crypto_box_SEALBYTES and a 3-byte header. */
#define TACIT_TRANSIT_OVERHEAD (48 + 3)
#define TACIT_TRANSIT_CONTEXT_MAX 300
#define TACIT_TRANSIT_MAX (TACIT_VALUE_MAX + TACIT_TRANSIT_OVERHEAD + TACIT_TRANSIT_CONTEXT_MAX)

#define TACIT_VALUE_TYPE "application/octet-stream"
#define TACIT_JSON_TYPE "application/json"
#define TACIT_LINES_TYPE "application/x-ndjson"
#define TACIT_METRICS_TYPE "text/plain; version=0.0.4"

#define TACIT_CHUNK_MAX (1u << 20) /* bytes of a backup in one request or answer */
#define TACIT_LABEL_MAX 63         /* bytes of what an operator calls a key slot */

/* Exit codes of `tacit`. */
enum tacit_exit {
	TACIT_EXIT_OK = 0,
	TACIT_EXIT_FAILED = 1,
	TACIT_EXIT_USAGE = 2,
	TACIT_EXIT_DENIED = 3,
	TACIT_EXIT_NOT_FOUND = 4,
	TACIT_EXIT_LOCKED = 5,
	TACIT_EXIT_NO_AGENT = 6,
};

#endif
