/* SPDX-License-Identifier: Apache-2.0 */
/* Can a stranger tell two requests apart by their answers, or by how long these take?
 *
 *   timing [-n COUNT] [-s SEED] [-x NANOSECONDS] SOCKET METHOD TARGET-A TARGET-B
 *
 * Asks each COUNT times, in pairs whose order is drawn, and compares the times by the Mann-Whitney
 * U test: two-sided, with the normal approximation, which is exact enough from 20 on, corrected for
 * ties. -x spends that long more on every B, to see that the test notices.
 *
 * Prints "answers=same p=0.42 ...". Exit 0 whatever it found: scripts judge. */
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "http.h"

#define WARM_UP 200

struct sample {
	double seconds;
	unsigned int of_b;
};

struct run {
	const char *socket_path, *method, *targets[2];
	long extra_ns;
	char first[HTTP_ANSWER_MAX]; /* the answer all others must be equal to */
	long first_length;
	unsigned long different;
	uint64_t random;
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* xorshift64*: the order of a pair. */
static unsigned int draw(struct run *run)
{
	run->random ^= run->random >> 12;
	run->random ^= run->random << 25;
	run->random ^= run->random >> 27;
	return (unsigned int)((run->random * 2685821657736338717u) >> 63);
}

static double measure(struct run *run, unsigned int of_b)
{
	static char answer[HTTP_ANSWER_MAX];
	double start = now(), took;
	long length = http_ask(run->socket_path, run->method, run->targets[of_b], NULL, answer);

	for (double end = now() + (double)run->extra_ns / 1e9; of_b && run->extra_ns;)
		if (now() > end)
			break;
	took = now() - start;
	if (length < 0) {
		fprintf(stderr, "timing: %s\n", strerror(errno));
		exit(1);
	}
	http_drop_date(answer, length);
	if (!run->first_length) {
		memcpy(run->first, answer, (size_t)length);
		run->first_length = length;
	}
	run->different +=
		length != run->first_length || memcmp(answer, run->first, (size_t)length) != 0;
	return took;
}

static int by_time(const void *a, const void *b)
{
	const struct sample *one = a, *other = b;

	return (one->seconds > other->seconds) - (one->seconds < other->seconds);
}

/* The p of "B takes as long as A", from all samples sorted by time. */
static double mann_whitney(const struct sample *samples, size_t count, double *z)
{
	double half = (double)count / 2, rank_sum_b = 0, ties = 0, u, mean, variance;

	for (size_t i = 0, next; i < count; i = next) {
		double rank, same;

		for (next = i + 1; next < count && samples[next].seconds == samples[i].seconds;)
			next++;
		same = (double)(next - i);
		rank = (double)i + (same + 1) / 2;
		ties += same * same * same - same;
		for (size_t j = i; j < next; j++)
			rank_sum_b += samples[j].of_b ? rank : 0;
	}
	u = rank_sum_b - half * (half + 1) / 2;
	mean = half * half / 2;
	variance = half * half / 12 *
		   ((double)count + 1 - ties / ((double)count * ((double)count - 1)));
	*z = (u - mean) / sqrt(variance);
	return erfc(fabs(*z) / sqrt(2));
}

static double median_us(const struct sample *samples, size_t count, unsigned int of_b)
{
	size_t seen = 0;

	for (size_t i = 0; i < count; i++)
		if (samples[i].of_b == of_b && ++seen > count / 4)
			return samples[i].seconds * 1e6;
	return 0;
}

int main(int argc, char **argv)
{
	static struct run run;
	size_t pairs = 10000;
	struct sample *samples;
	double z = 0, p;
	int option;

	run.random = (uint64_t)time(NULL);
	while ((option = getopt(argc, argv, "n:s:x:")) != -1)
		if (option == 'n')
			pairs = strtoul(optarg, NULL, 10);
		else if (option == 's')
			run.random = strtoul(optarg, NULL, 10);
		else if (option == 'x')
			run.extra_ns = strtol(optarg, NULL, 10);
		else
			return 2;
	if (argc - optind != 4 || pairs < 20 || !run.random)
		return 2;
	run.socket_path = argv[optind];
	run.method = argv[optind + 1];
	run.targets[0] = argv[optind + 2];
	run.targets[1] = argv[optind + 3];
	printf("seed=%llu ", (unsigned long long)run.random);
	samples = calloc(pairs * 2, sizeof *samples);
	if (!samples)
		return 1;
	for (size_t i = 0; i < WARM_UP; i++)
		measure(&run, i % 2);
	for (size_t i = 0; i < pairs; i++) {
		unsigned int first = draw(&run);

		samples[2 * i] = (struct sample){ measure(&run, first), first };
		samples[2 * i + 1] = (struct sample){ measure(&run, !first), !first };
	}
	qsort(samples, pairs * 2, sizeof *samples, by_time);
	p = mann_whitney(samples, pairs * 2, &z);
	printf("count=%zu status=%d answers=%s different=%lu a_us=%.1f b_us=%.1f z=%.2f p=%.4f\n",
		pairs, http_status(run.first, run.first_length), run.different ? "differ" : "same",
		run.different, median_us(samples, pairs * 2, 0), median_us(samples, pairs * 2, 1),
		z, p);
	free(samples);
	return 0;
}
