/* SPDX-License-Identifier: Apache-2.0 */
/* Time open + read to the end + close of several files, in rounds that take turns.
 *
 *   reader ROUNDS COUNT PATH...     prints "PATH P50 P99" in nanoseconds, medians over the rounds
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PATHS_MAX 8
#define ROUNDS_MAX 99
#define COUNT_MAX 1000000
#define WARM_UP 200

static unsigned int now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned int)now.tv_sec * 1000000000u + (unsigned int)now.tv_nsec;
}

static void read_file(const char *path)
{
	char data[65536];
	ssize_t length, total = 0;
	int descriptor = open(path, O_RDONLY | O_CLOEXEC);

	while (descriptor >= 0 && (length = read(descriptor, data, sizeof data)) > 0)
		total += length;
	if (descriptor < 0 || length < 0 || !total) {
		perror(path);
		exit(1);
	}
	close(descriptor);
}

static int ascending(const void *a, const void *b)
{
	unsigned int left = *(const unsigned int *)a, right = *(const unsigned int *)b;

	return left < right ? -1 : left > right;
}

static void one_round(
	const char *path, unsigned int *times, size_t count, unsigned int *p50, unsigned int *p99)
{
	for (size_t i = 0; i < WARM_UP; i++)
		read_file(path);
	for (size_t i = 0; i < count; i++) {
		unsigned int start = now_ns();

		read_file(path);
		times[i] = now_ns() - start;
	}
	qsort(times, count, sizeof *times, ascending);
	*p50 = times[count / 2];
	*p99 = times[count * 99 / 100];
}

int main(int argc, char **argv)
{
	static unsigned int p50[PATHS_MAX][ROUNDS_MAX], p99[PATHS_MAX][ROUNDS_MAX],
		times[COUNT_MAX];
	int rounds = argc > 3 ? atoi(argv[1]) : 0, count = argc > 3 ? atoi(argv[2]) : 0;
	int paths = argc - 3;

	if (rounds < 1 || rounds > ROUNDS_MAX || count < 100 || count > COUNT_MAX ||
		paths > PATHS_MAX) {
		fprintf(stderr, "usage: reader ROUNDS COUNT PATH...\n");
		return 2;
	}
	for (int round = 0; round < rounds; round++)
		for (int path = 0; path < paths; path++)
			one_round(argv[3 + path], times, (size_t)count, &p50[path][round],
				&p99[path][round]);
	for (int path = 0; path < paths; path++) {
		qsort(p50[path], (size_t)rounds, sizeof **p50, ascending);
		qsort(p99[path], (size_t)rounds, sizeof **p99, ascending);
		printf("%s %u %u\n", argv[3 + path], p50[path][rounds / 2], p99[path][rounds / 2]);
	}
	return 0;
}
