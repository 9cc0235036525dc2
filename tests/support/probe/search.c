/* SPDX-License-Identifier: Apache-2.0 */
/* Search the memory of a process for the contents of a file, as root. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"

#define NEEDLE_MAX 256
#define CHUNK (1u << 20)
/* Longer regions are reserved, not used: a sanitizer's shadow. */
#define REGION_MAX (1ul << 32)

static unsigned long count_in_region(int memory, unsigned long start, unsigned long end,
	const char *needle, size_t needle_length)
{
	static char chunk[CHUNK + NEEDLE_MAX];
	unsigned long found = 0;

	for (unsigned long at = start; at < end; at += CHUNK) {
		size_t want = end - at < sizeof chunk ? end - at : sizeof chunk;
		ssize_t got = pread(memory, chunk, want, (off_t)at);
		char *hit = chunk;

		if (got < (ssize_t)needle_length)
			continue;
		while ((hit = memmem(hit, (size_t)(chunk + got - hit), needle, needle_length)) &&
			hit < chunk + CHUNK) {
			found++;
			hit++;
		}
	}
	return found;
}

int probe_search(const struct options *options, char **arguments)
{
	char path[64], line[512], needle[NEEDLE_MAX];
	int descriptor = open(arguments[1], O_RDONLY | O_CLOEXEC);
	long length = descriptor < 0 ? -1 : probe_read_all(descriptor, needle, NEEDLE_MAX, 4096, 0);
	unsigned long start, end, found = 0, searched = 0;
	FILE *maps;
	int memory;

	(void)options;
	if (length < 1)
		return probe_fail("read", arguments[1]);
	snprintf(path, sizeof path, "/proc/%.16s/mem", arguments[0]);
	memory = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof path, "/proc/%.16s/maps", arguments[0]);
	maps = fopen(path, "re");
	if (memory < 0 || !maps)
		return probe_fail("open", path);
	while (fgets(line, sizeof line, maps)) {
		char access[8];

		if (sscanf(line, "%lx-%lx %7s", &start, &end, access) != 3 || access[0] != 'r' ||
			end - start > REGION_MAX)
			continue;
		found += count_in_region(memory, start, end, needle, (size_t)length);
		searched += end - start;
	}
	printf("found=%lu searched_kib=%lu\n", found, searched / 1024);
	return found ? PROBE_FAILED : PROBE_OK;
}
