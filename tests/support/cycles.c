/* SPDX-License-Identifier: Apache-2.0 */
/* Revoke a grant and give it again, over and over, telling readers through a gate
 * (probe/gate.h) what they may expect.
 *
 *   cycles -n COUNT [-s SEED] SOCKET GATE SECRET CONSUMER
 *
 * The grant must be there. Prints "cycles=1000 revoke_us=... grant_us=..." (means). */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "http.h"
#include "probe/gate.h"

#define DWELL_US 3000 /* at most, between two changes */

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void step(struct gate *gate)
{
	__atomic_add_fetch(&gate->count, 1, __ATOMIC_SEQ_CST);
}

/* A change with a step before it and one after its acknowledgement; how long it took. */
static double change(struct gate *gate, const char *socket_path, const char *method,
	const char *target, const char *body)
{
	static char answer[HTTP_ANSWER_MAX];
	double start = now();
	long length;
	int status;

	step(gate);
	length = http_ask(socket_path, method, target, body, answer);
	status = length < 0 ? 0 : http_status(answer, length);
	if (status != 200 && status != 201) {
		fprintf(stderr, "cycles: %s: status %d, %s: %.*s\n", method, status,
			strerror(errno), (int)(length > 0 ? length : 0), answer);
		exit(1);
	}
	step(gate);
	return now() - start;
}

int main(int argc, char **argv)
{
	unsigned long count = 0, seed = (unsigned long)time(NULL);
	double revoking = 0, granting = 0;
	char target[1024], body[1024];
	struct gate *gate;
	int option;

	while ((option = getopt(argc, argv, "n:s:")) != -1)
		if (option == 'n')
			count = strtoul(optarg, NULL, 10);
		else if (option == 's')
			seed = strtoul(optarg, NULL, 10);
		else
			return 2;
	if (argc - optind != 4 || !count)
		return 2;
	gate = gate_map(argv[optind + 1], 1);
	if (!gate) {
		fprintf(stderr, "cycles: %s: %s\n", argv[optind + 1], strerror(errno));
		return 1;
	}
	snprintf(target, sizeof target, "/v1/grants?secret=%s&consumer=%s", argv[optind + 2],
		argv[optind + 3]);
	snprintf(body, sizeof body, "{\"secret\":\"%s\",\"consumer\":\"%s\"}", argv[optind + 2],
		argv[optind + 3]);
	srandom((unsigned int)seed);
	printf("seed=%lu ", seed);
	for (unsigned long i = 0; i < count; i++) {
		revoking += change(gate, argv[optind], "DELETE", target, NULL);
		usleep((useconds_t)random() % DWELL_US);
		granting += change(gate, argv[optind], "POST", "/v1/grants", body);
		usleep((useconds_t)random() % DWELL_US);
	}
	printf("cycles=%lu revoke_us=%.0f grant_us=%.0f\n", count, revoking / (double)count * 1e6,
		granting / (double)count * 1e6);
	return 0;
}
