/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that read the members of a bundle at random, each judging what it is given by the rule:
 * the other members of the generation it began with, for two seconds, or until it opens one that it
 * has opened; then the newest. Each version of a member has its generation's number. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"
#include "value.h"

#define PIECE 65536
#define ROOM (VALUE_MAX + 4096)
#define READERS_MAX 128
#define MEMBERS_MAX 16
#define SESSION_SECONDS 2.0
#define SLACK_SECONDS 0.1 /* around the two seconds nothing is judged */

/* Written by one reader; summed by the parent when it is gone. */
struct tally {
	unsigned long reads;
	unsigned long failed; /* open or read answered with an error */
	unsigned long wrong;  /* torn or foreign bytes */
	unsigned long mixed;  /* another generation than the rule says */
	unsigned long older;  /* than what was acknowledged before the first open */
	unsigned long held;   /* by the rule, of a generation that was no longer the newest */
	int error;
};

/* What the reader knows of its session: when it began lies between two moments. */
struct session {
	unsigned int opened;
	unsigned long generation;
	double before, after;
};

struct reading {
	unsigned int member;
	unsigned long generation, floor;
	double before, after;
};

static void begin(struct session *session, struct tally *tally, const struct reading *reading)
{
	tally->older += reading->generation < reading->floor;
	*session = (struct session){ .opened = 1u << reading->member,
		.generation = reading->generation,
		.before = reading->before,
		.after = reading->after };
}

static void judge(struct session *session, struct tally *tally, const struct reading *reading)
{
	unsigned int member = 1u << reading->member;

	if (!session->opened || session->opened & member ||
		reading->before - session->after > SESSION_SECONDS + SLACK_SECONDS) {
		tally->mixed += reading->generation < session->generation;
		begin(session, tally, reading);
		return;
	}
	if (reading->after - session->before < SESSION_SECONDS - SLACK_SECONDS) {
		tally->mixed += reading->generation != session->generation;
		tally->held += reading->generation == session->generation &&
			       reading->generation < reading->floor;
		session->opened |= member;
		return;
	}
	/* Too near to the end of the two seconds: begin anew when they are surely over. */
	probe_sleep(SESSION_SECONDS + SLACK_SECONDS);
	session->opened = 0;
}

static int read_member(
	const char *path, const char *tag, struct tally *tally, struct reading *reading)
{
	static char data[ROOM];
	long length = -1;
	int descriptor;

	reading->before = probe_now();
	descriptor = open(path, O_RDONLY | O_CLOEXEC);
	reading->after = probe_now();
	if (descriptor >= 0)
		length = probe_read_all(descriptor, data, ROOM, PIECE, 0);
	if (length < 0) {
		tally->failed++;
		tally->error = errno;
	}
	if (descriptor >= 0)
		close(descriptor);
	if (length < 0)
		return -1;
	tally->reads++;
	if (!value_wrong(data, (size_t)length, tag, &reading->generation))
		return 0;
	tally->wrong++;
	return -1;
}

static void read_members(
	const struct options *options, char **paths, unsigned int members, struct tally *tally)
{
	double end = options->seconds > 0 ? probe_now() + options->seconds : 1e300;
	unsigned int seed = (unsigned int)getpid();
	struct session session = { .opened = 0 };
	struct reading reading;

	while (!probe_stop && probe_now() < end) {
		reading.member = (unsigned int)rand_r(&seed) % members;
		reading.floor = probe_floor(options->floor);
		if (read_member(paths[reading.member], options->tag, tally, &reading) == 0)
			judge(&session, tally, &reading);
		probe_sleep((unsigned int)rand_r(&seed) % (options->pause_ms + 1) / 1e3);
	}
}

int probe_bundle(const struct options *options, char **paths)
{
	unsigned int members = 0, readers = options->readers;
	struct tally *tally, sum = { 0 };
	pid_t reader[READERS_MAX];

	while (paths[members])
		members++;
	if (!readers || readers > READERS_MAX || members > MEMBERS_MAX)
		return PROBE_USAGE;
	tally = mmap(NULL, readers * sizeof *tally, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (unsigned int i = 0; i < readers; i++)
		if (!(reader[i] = fork())) {
			read_members(options, paths, members, &tally[i]);
			_exit(0);
		}
	printf("reading\n");
	/* SIGTERM reaches the parent alone when it is process 1. */
	while (!probe_stop && waitpid(-1, NULL, WNOHANG) >= 0)
		probe_sleep(0.05);
	for (unsigned int i = 0; i < readers; i++)
		kill(reader[i], SIGTERM);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	for (unsigned int i = 0; i < readers; i++) {
		sum.reads += tally[i].reads;
		sum.failed += tally[i].failed;
		sum.wrong += tally[i].wrong;
		sum.mixed += tally[i].mixed;
		sum.older += tally[i].older;
		sum.held += tally[i].held;
		sum.error = tally[i].error ? tally[i].error : sum.error;
	}
	printf("reads=%lu failed=%lu wrong=%lu mixed=%lu older=%lu held=%lu error=%s\n", sum.reads,
		sum.failed, sum.wrong, sum.mixed, sum.older, sum.held,
		sum.error ? strerrorname_np(sum.error) : "none");
	return PROBE_OK;
}
