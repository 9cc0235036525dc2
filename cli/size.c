/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/size.h"

#include <stddef.h>
#include <stdio.h>

void size_format(uint64_t bytes, char text[SIZE_TEXT_MAX])
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
	double size = (double)bytes / 1024;
	size_t unit = 0;

	if (bytes < 1024) {
		snprintf(text, SIZE_TEXT_MAX, "%u bytes", (unsigned int)bytes);
		return;
	}
	/* What would be rounded to 1024.0 is one of the next unit. */
	for (; size >= 1023.95 && unit + 1 < sizeof units / sizeof *units; unit++)
		size /= 1024;
	snprintf(text, SIZE_TEXT_MAX, "%.1f %s", size, units[unit]);
}
