/* SPDX-License-Identifier: Apache-2.0 */
#include "api/routes.h"

#include <stdio.h>
#include <string.h>

/* A grant or a schedule has names and numbers, a binding a name and eight rules: far less than
 * this. */
#define BODY_JSON_MAX (64u << 10)
#define REPLY_KEY_BYTES sizeof((struct frame_request *)NULL)->reply_key

#define LISTED (QUERY_SECRET | QUERY_CONSUMER)
#define NEW_SLOT (QUERY_KIND | QUERY_LABEL | QUERY_PROGRAM)

static const struct route routes[] = {
	{ "GET", "/v1/status", VERB_STATUS, BODY_NONE, 200, false, NULL, 0, 0 },
	{ "GET", "/v1/metrics", VERB_METRICS, BODY_NONE, 200, false, TACIT_METRICS_TYPE,
		QUERY_NAMES, 0 },
	{ "POST", "/v1/lock", VERB_LOCK, BODY_NONE, 200, true, NULL, 0, 0 },
	{ "POST", "/v1/unlock", VERB_UNLOCK, BODY_SEALED_OPTIONAL, 200, true, NULL, QUERY_KIND, 0 },
	{ "POST", "/v1/upgrade", VERB_UPGRADE, BODY_NONE, 200, true, NULL, 0, 0 },
	{ "POST", "/v1/stop", VERB_STOP, BODY_NONE, 200, true, NULL, QUERY_FORCE, 0 },
	{ "GET", "/v1/secrets", VERB_SECRET_LIST, BODY_NONE, 200, false, NULL, 0, 0 },
	{ "GET", "/v1/secrets/{secret}", VERB_SECRET_INSPECT, BODY_NONE, 200, false, NULL, 0, 0 },
	{ "POST", "/v1/secrets/{secret}", VERB_SECRET_CREATE, BODY_SEALED, 201, true, NULL,
		QUERY_TEMPLATE, 0 },
	{ "DELETE", "/v1/secrets/{secret}", VERB_SECRET_REMOVE, BODY_NONE, 200, true, NULL,
		QUERY_FORCE, 0 },
	{ "GET", "/v1/secrets/{secret}/versions", VERB_SECRET_HISTORY, BODY_NONE, 200, false, NULL,
		0, 0 },
	{ "POST", "/v1/secrets/{secret}/versions", VERB_SECRET_ROTATE, BODY_SEALED, 201, true, NULL,
		QUERY_OVERLAP | QUERY_TEMPLATE, 0 },
	{ "POST", "/v1/secrets/{secret}/stage", VERB_SECRET_STAGE, BODY_SEALED, 201, true, NULL, 0,
		0 },
	{ "POST", "/v1/secrets/{secret}/promote", VERB_SECRET_PROMOTE, BODY_NONE, 200, true, NULL,
		QUERY_OVERLAP, 0 },
	{ "POST", "/v1/secrets/{secret}/retire", VERB_SECRET_RETIRE, BODY_NONE, 200, true, NULL, 0,
		0 },
	{ "POST", "/v1/secrets/{secret}/rollback", VERB_SECRET_ROLLBACK, BODY_NONE, 200, true, NULL,
		QUERY_VERSION, 0 },
	{ "GET", "/v1/secrets/{secret}/readers", VERB_SECRET_READERS, BODY_NONE, 200, false, NULL,
		0, 0 },
	{ "POST", "/v1/secrets/{secret}/reveal", VERB_SECRET_REVEAL, BODY_REPLY_KEY, 200, false,
		TACIT_VALUE_TYPE, QUERY_VERSION, 0 },
	{ "POST", "/v1/secrets/{secret}/schedule", VERB_SECRET_SCHEDULE, BODY_SCHEDULE, 200, true,
		NULL, 0, 0 },
	{ "GET", "/v1/bundles", VERB_BUNDLE_LIST, BODY_NONE, 200, false, NULL, 0, 0 },
	{ "GET", "/v1/bundles/{bundle}", VERB_BUNDLE_INSPECT, BODY_NONE, 200, false, NULL, 0, 0 },
	{ "POST", "/v1/bundles/{bundle}", VERB_BUNDLE_CREATE, BODY_SEALED, 201, true, NULL, 0, 0 },
	{ "DELETE", "/v1/bundles/{bundle}", VERB_BUNDLE_REMOVE, BODY_NONE, 200, true, NULL,
		QUERY_FORCE, 0 },
	{ "POST", "/v1/bundles/{bundle}/versions", VERB_BUNDLE_ROTATE, BODY_SEALED, 201, true, NULL,
		QUERY_OVERLAP, 0 },
	{ "GET", "/v1/grants", VERB_GRANT_LIST, BODY_NONE, 200, false, NULL, LISTED, 0 },
	{ "POST", "/v1/grants", VERB_GRANT_ADD, BODY_GRANT, 201, true, NULL, 0, 0 },
	{ "DELETE", "/v1/grants", VERB_GRANT_REMOVE, BODY_NONE, 200, true, NULL,
		LISTED | QUERY_FILE, LISTED },
	{ "GET", "/v1/grants/check", VERB_GRANT_CHECK, BODY_NONE, 200, false, NULL,
		LISTED | QUERY_FILE | QUERY_PID | QUERY_CONTAINER, LISTED },
	{ "GET", "/v1/consumers", VERB_CONSUMER_LIST, BODY_NONE, 200, false, NULL, 0, 0 },
	{ "DELETE", "/v1/consumers", VERB_CONSUMER_REMOVE, BODY_NONE, 200, true, NULL,
		QUERY_CONSUMER | QUERY_FORCE, QUERY_CONSUMER },
	{ "GET", "/v1/consumers/inspect", VERB_CONSUMER_INSPECT, BODY_NONE, 200, false, NULL,
		QUERY_CONSUMER, QUERY_CONSUMER },
	{ "POST", "/v1/consumers/bind", VERB_CONSUMER_BIND, BODY_RULES, 200, true, NULL, 0, 0 },
	{ "POST", "/v1/consumers/unbind", VERB_CONSUMER_UNBIND, BODY_RULES, 200, true, NULL, 0, 0 },
	{ "POST", "/v1/consumers/freeze", VERB_CONSUMER_FREEZE, BODY_NONE, 200, true, NULL,
		QUERY_CONSUMER, QUERY_CONSUMER },
	{ "POST", "/v1/consumers/thaw", VERB_CONSUMER_THAW, BODY_NONE, 200, true, NULL,
		QUERY_CONSUMER, QUERY_CONSUMER },
	{ "POST", "/v1/runs/{run}", VERB_RUN_BEGIN, BODY_NONE, 201, true, NULL,
		QUERY_CONSUMER | QUERY_PID, QUERY_CONSUMER | QUERY_PID },
	{ "DELETE", "/v1/runs/{run}", VERB_RUN_END, BODY_NONE, 200, true, NULL, 0, 0 },
	{ "GET", "/v1/access", VERB_ACCESS_EXPORT, BODY_NONE, 200, false, NULL, 0, 0 },
	{ "POST", "/v1/access", VERB_ACCESS_APPLY, BODY_ACCESS, 200, true, NULL,
		QUERY_DRY_RUN | QUERY_PRUNE, 0 },
	{ "GET", "/v1/audit", VERB_AUDIT_READ, BODY_NONE, 200, false, TACIT_LINES_TYPE,
		QUERY_FROM | QUERY_COUNT, 0 },
	{ "POST", "/v1/audit/hash", VERB_AUDIT_HASH, BODY_SEALED_OPTIONAL, 200, false, NULL,
		QUERY_SECRET | QUERY_VERSION, 0 },
	{ "POST", "/v1/audit/hashes", VERB_SECRET_HASHES, BODY_SEALED, 200, false, TACIT_LINES_TYPE,
		QUERY_SECRET, 0 },
	{ "POST", "/v1/audit/verify", VERB_AUDIT_VERIFY, BODY_NONE, 200, false, NULL, 0, 0 },
	{ "GET", "/v1/keys", VERB_KEY_LIST, BODY_NONE, 200, false, NULL, 0, 0 },
	{ "POST", "/v1/keys", VERB_KEY_ADD, BODY_SEALED_OPTIONAL, 201, true, NULL, NEW_SLOT,
		QUERY_KIND },
	{ "DELETE", "/v1/keys", VERB_KEY_REMOVE, BODY_NONE, 200, true, NULL, QUERY_SLOT,
		QUERY_SLOT },
	{ "POST", "/v1/keys/rotate", VERB_KEY_ROTATE, BODY_NONE, 200, true, NULL, 0, 0 },
	{ "POST", "/v1/store", VERB_STORE_CREATE, BODY_SEALED_OPTIONAL, 201, true, NULL, NEW_SLOT,
		QUERY_KIND },
	{ "POST", "/v1/store/verify", VERB_STORE_VERIFY, BODY_NONE, 200, false, NULL, 0, 0 },
	{ "POST", "/v1/store/accept", VERB_STORE_ACCEPT, BODY_NONE, 200, true, NULL, QUERY_HOW,
		QUERY_HOW },
	{ "GET", "/v1/store/backup", VERB_STORE_BACKUP_READ, BODY_NONE, 200, false,
		TACIT_VALUE_TYPE, QUERY_OFFSET, QUERY_OFFSET },
	{ "POST", "/v1/store/backup", VERB_STORE_BACKUP, BODY_NONE, 200, false, NULL, 0, 0 },
	{ "DELETE", "/v1/store/backup", VERB_STORE_BACKUP_END, BODY_NONE, 200, false, NULL, 0, 0 },
	{ "POST", "/v1/store/backup/step", VERB_STORE_BACKUP_STEP, BODY_NONE, 200, false, NULL, 0,
		0 },
	{ "POST", "/v1/store/restore", VERB_STORE_RESTORE, BODY_NONE, 200, false, NULL, 0, 0 },
	{ "DELETE", "/v1/store/restore", VERB_STORE_RESTORE_DROP, BODY_NONE, 200, false, NULL, 0,
		0 },
	{ "POST", "/v1/store/restore/write", VERB_STORE_RESTORE_WRITE, BODY_OCTETS, 200, false,
		NULL, QUERY_OFFSET, QUERY_OFFSET },
	{ "POST", "/v1/store/restore/end", VERB_STORE_RESTORE_END, BODY_SEALED_OPTIONAL, 200, true,
		NULL, QUERY_KIND | QUERY_FORCE, 0 },
};

#define ROUTES (sizeof routes / sizeof routes[0])

const struct route *route_at(size_t index)
{
	return index < ROUTES ? &routes[index] : NULL;
}

size_t route_body_limit(enum body body)
{
	static const size_t limits[BODIES] = {
		[BODY_NONE] = 0,
		[BODY_GRANT] = BODY_JSON_MAX,
		[BODY_SCHEDULE] = BODY_JSON_MAX,
		[BODY_RULES] = BODY_JSON_MAX,
		[BODY_ACCESS] = ACCESS_TEXT_MAX,
		[BODY_SEALED] = TACIT_TRANSIT_MAX,
		[BODY_SEALED_OPTIONAL] = TACIT_TRANSIT_MAX,
		[BODY_OCTETS] = TACIT_CHUNK_MAX,
		[BODY_REPLY_KEY] = REPLY_KEY_BYTES,
	};

	return limits[body];
}

static bool path_matches(const char *pattern, struct piece path, struct piece *name)
{
	struct piece wanted = { pattern, strlen(pattern) }, want, have;

	*name = (struct piece){ "", 0 };
	while (target_next(&wanted, '/', &want)) {
		if (!target_next(&path, '/', &have))
			return false;
		if (target_is(want, "{secret}") || target_is(want, "{bundle}") ||
			target_is(want, "{run}"))
			*name = have;
		else if (want.length != have.length || memcmp(want.at, have.at, have.length))
			return false;
	}
	return !path.at;
}

const struct route *route_find(
	const char *method, struct piece path, struct piece *name, char *allow, struct err *err)
{
	size_t used = 0;

	allow[0] = '\0';
	for (size_t i = 0; i < ROUTES; i++) {
		if (!path_matches(routes[i].path, path, name))
			continue;
		if (!strcmp(routes[i].method, method)) {
			allow[0] = '\0';
			return &routes[i];
		}
		used += (size_t)snprintf(allow + used, ROUTE_ALLOW_MAX - used, "%s%s",
			used ? ", " : "", routes[i].method);
	}
	if (used)
		err_set(err, TACIT_METHOD, "this path has other methods: %s", allow);
	else
		err_set(err, TACIT_NOT_FOUND,
			"no such route: a name in a path is one segment, its '/' written %%2F");
	return NULL;
}
