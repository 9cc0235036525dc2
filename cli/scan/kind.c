/* SPDX-License-Identifier: Apache-2.0 */
/* What a file is: by its name, and where that leaves it open by its first lines. */
#include <string.h>

#include "internal.h"

#define LOOK_AT 8192 /* first bytes that are looked at */

static bool has_line_with(struct span text, const char *beginning)
{
	struct span line;

	while (span_line(&text, &line))
		if (span_begins(line, beginning))
			return true;
	return false;
}

static bool is_yaml(struct span base)
{
	return span_ends(base, ".yml") || span_ends(base, ".yaml");
}

static bool is_env_name(struct span base)
{
	return span_is(base, ".env") || span_begins(base, ".env.") || span_ends(base, ".env") ||
	       span_has(base, ".env.") || span_is(base, ".envrc") || span_is(base, "env");
}

static bool is_dockerfile_name(struct span base)
{
	return span_is(base, "Dockerfile") || span_is(base, "Containerfile") ||
	       span_begins(base, "Dockerfile.") || span_begins(base, "Containerfile.") ||
	       span_ends(base, ".dockerfile") || span_ends(base, ".containerfile");
}

static bool is_unit_name(struct span base, const char *path)
{
	static const char *const endings[] = { ".service", ".socket", ".timer", ".mount", ".path",
		".target", ".container", ".pod", ".kube", ".volume", ".network" };

	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
		if (span_ends(base, endings[i]))
			return true;
	return span_ends(base, ".conf") && span_has(span_of(path), ".service.d/");
}

static bool is_compose_name(struct span base)
{
	return is_yaml(base) &&
	       (span_begins(base, "compose.") || span_begins(base, "docker-compose") ||
		       span_begins(base, "compose-") || span_begins(base, "podman-compose") ||
		       span_has(base, "docker-stack") || span_has(base, ".compose."));
}

enum scan_kind scan_kind_of(const char *path, const char *text, size_t length)
{
	const char *slash = strrchr(path, '/');
	struct span base = span_of(slash ? slash + 1 : path);
	struct span head = { text, length < LOOK_AT ? length : LOOK_AT };

	if (is_compose_name(base))
		return SCAN_COMPOSE;
	if (is_dockerfile_name(base))
		return SCAN_DOCKERFILE;
	if (is_env_name(base))
		return SCAN_ENV_FILE;
	if (is_unit_name(base, path) && memchr(head.at, '[', head.length))
		return SCAN_SYSTEMD;
	if (!is_yaml(base))
		return SCAN_OTHER;
	if (has_line_with(head, "apiVersion:") || span_begins(base, "values"))
		return SCAN_KUBERNETES;
	return has_line_with(head, "services:") ? SCAN_COMPOSE : SCAN_OTHER;
}
