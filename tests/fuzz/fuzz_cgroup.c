/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as /proc/PID/cgroup: a container that is found has an id of 64 hexadecimal digits, and
 * its path begins where an engine puts containers; a unit has a name that can be granted to, and is
 * below a slice. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/identity/cgroup.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void find_container(const char *text, size_t length)
{
	struct config config;
	struct cgroup_match match = { 0 };

	config_defaults(&config);
	if (!cgroup_match_text(&config, text, length, &match))
		return;
	if (strlen(match.id) != CONTAINER_ID_LENGTH ||
		strspn(match.id, "0123456789abcdef") != CONTAINER_ID_LENGTH ||
		!strstr(match.path, match.id) || match.path[0] != '/' ||
		match.run != !strncmp(match.path, TACIT_RUN_CGROUP "/", sizeof TACIT_RUN_CGROUP) ||
		!cgroup_mentions(&config, text, length))
		abort();
}

static void find_unit(const char *text, size_t length)
{
	char unit[NAME_SEGMENT_MAX + 1], consumer[sizeof "unit/" + NAME_SEGMENT_MAX];
	struct cgroup_match match = { 0 };
	const char *last;

	/* No name of the kernel's has a NUL in it: with one, it is enough to get away unharmed. */
	if (!cgroup_unit(text, length, unit, &match) || memchr(text, 0, length))
		return;
	snprintf(consumer, sizeof consumer, "unit/%s", unit);
	last = strrchr(match.path, '/');
	if (name_check_consumer(consumer, NULL) < 0 || match.path[0] != '/' || !last ||
		strcmp(last + 1, unit) || !strchr(unit, '.') || last < match.path + 6 ||
		memcmp(last - 6, ".slice", 6))
		abort();
	if (!match.unified && strcmp(match.controller, "systemd"))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	find_container((const char *)bytes, length);
	find_unit((const char *)bytes, length);
	return 0;
}
