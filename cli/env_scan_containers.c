/* SPDX-License-Identifier: Apache-2.0 */
/* What running containers carry in their environment: anybody who may ask the engine reads it. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/engine.h"
#include "cli/env_scan.h"

#define SHORT_ID 12

static void look_at(struct env_scan *scan, const char *pair)
{
	const char *equals = strchr(pair, '=');
	struct scan_finding finding;
	_free_ char *name = equals ? strndup(pair, (size_t)(equals - pair)) : NULL;

	if (!name || !scanner_variable(scan->scanner, name, equals + 1, &finding))
		return;
	finding.rule = SCAN_RULE_CONTAINER;
	finding.line = finding.column = 0;
	env_scan_found(scan, &finding);
}

static void look_into(struct env_scan *scan, const char *engine, const json_t *container)
{
	const json_t *config = json_object_get(container, "Config");
	const json_t *state = json_object_get(container, "State");
	const char *name = member_text(container, "Name");
	char which[ENGINE_TEXT_MAX];
	const json_t *pair;
	size_t i;

	if (!json_is_true(json_object_get(state, "Running")))
		return;
	snprintf(which, sizeof which, "%s %.*s", engine, SHORT_ID, member_text(container, "Id"));
	scan->container = which;
	scan->path = name + (*name == '/');
	scan->last_line = UINT_MAX;
	json_array_foreach (json_object_get(config, "Env"), i, pair)
		if (json_is_string(pair))
			look_at(scan, json_string_value(pair));
	scan->container = scan->path = NULL;
}

int env_scan_containers(struct env_scan *scan, struct err *err)
{
	unsigned int asked = 0;

	for (size_t i = 0; engine_commands[i]; i++) {
		_json_ json_t *containers = NULL;
		const json_t *container;
		struct err inner;
		size_t n;
		int status =
			engine_containers(scan->session, engine_commands[i], &containers, &inner);

		asked += status == 0;
		if (status < 0 && status != -TACIT_NOT_FOUND)
			session_fail(scan->session, "its containers were not looked at", &inner);
		json_array_foreach (containers, n, container)
			look_into(scan, engine_commands[i], container);
	}
	return asked || scan->session->exit
		       ? 0
		       : err_set(err, TACIT_NOT_FOUND,
				 "neither docker nor podman is there to say what containers run");
}
