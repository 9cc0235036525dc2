/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as /proc/PID/cgroup: a container that is found has an id of 64 hexadecimal digits, and
 * its path begins where an engine puts containers. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/identity/cgroup.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct config config;
	struct cgroup_match match = { 0 };

	config_defaults(&config);
	if (!cgroup_match_text(&config, (const char *)bytes, length, &match))
		return 0;
	if (strlen(match.id) != CONTAINER_ID_LENGTH ||
		strspn(match.id, "0123456789abcdef") != CONTAINER_ID_LENGTH ||
		!strstr(match.path, match.id) || match.path[0] != '/')
		abort();
	return 0;
}
