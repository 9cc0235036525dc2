/* SPDX-License-Identifier: Apache-2.0 */
/* Readers at a moment that somebody else chooses: all at once, between a grant and its revocation,
 * and against the clock. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gate.h"
#include "probe.h"
#include "value.h"

#define PIECE 65536
#define ROOM (VALUE_MAX + 4096)
#define RACERS_MAX 64

static char content[ROOM];

/* 0 when the file was read whole; an errno; or -1 when it was not what the tag says. */
static int try_read(const char *path, const char *tag)
{
	unsigned long version;
	int error, descriptor = open(path, O_RDONLY | O_CLOEXEC);
	long length;

	if (descriptor < 0)
		return errno;
	length = probe_read_all(descriptor, content, ROOM, PIECE, 0);
	error = errno;
	close(descriptor);
	if (length < 0)
		return error;
	return value_wrong(content, (size_t)length, tag, &version) ? -1 : 0;
}

/* How `count` readers fared: how many read, and each errno with its number. */
static void print_results(const int *results, unsigned int count)
{
	unsigned int got = 0;

	for (unsigned int i = 0; i < count; i++)
		got += results[i] == 0;
	printf("got=%u", got);
	for (unsigned int i = 0; i < count; i++) {
		unsigned int same = 0, earlier = 0;

		for (unsigned int j = 0; j < count; j++) {
			same += results[j] == results[i];
			earlier += j < i && results[j] == results[i];
		}
		if (results[i] && !earlier)
			printf(" %s=%u", results[i] < 0 ? "wrong" : strerrorname_np(results[i]),
				same);
	}
	printf("\n");
}

/* All wait on one pipe, which the parent closes at SIGUSR1; -p spreads them over so many ms. */
int probe_race(const struct options *options, char **paths)
{
	unsigned int racers = options->readers;
	int gun[2], *results, signal_number;
	sigset_t start;

	if (!racers || racers > RACERS_MAX || pipe(gun))
		return PROBE_USAGE;
	results = mmap(NULL, racers * sizeof *results, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	sigemptyset(&start);
	sigaddset(&start, SIGUSR1);
	sigprocmask(SIG_BLOCK, &start, NULL);
	for (unsigned int i = 0; i < racers; i++) {
		results[i] = EINPROGRESS;
		if (fork())
			continue;
		char byte;

		close(gun[1]);
		if (read(gun[0], &byte, 1))
			_exit(1);
		probe_sleep(i * options->pause_ms / (1e3 * racers));
		results[i] = try_read(paths[0], options->tag);
		_exit(0);
	}
	printf("ready\n");
	sigwait(&start, &signal_number);
	close(gun[1]);
	while (wait(NULL) > 0 || errno == EINTR)
		;
	print_results(results, racers);
	return PROBE_OK;
}

struct verdicts {
	unsigned long granted, revoked; /* as it must be */
	unsigned long failed;           /* while granted */
	unsigned long leaked;           /* read while revoked */
	unsigned long open;             /* something changed meanwhile */
	unsigned long wrong;
	int first_errno;
};

static void judge_one(struct verdicts *verdicts, uint64_t before, uint64_t after, int result)
{
	uint64_t step = before % GATE_STEPS;

	if (result < 0)
		verdicts->wrong++;
	else if (before != after || step == GATE_REVOKING || step == GATE_GRANTING)
		verdicts->open++;
	else if (step == GATE_GRANTED && !result)
		verdicts->granted++;
	else if (step == GATE_REVOKED && result)
		verdicts->revoked++;
	else if (step == GATE_REVOKED)
		verdicts->leaked++;
	else if (!verdicts->failed++)
		verdicts->first_errno = result;
}

int probe_gated(const struct options *options, char **paths)
{
	struct gate *gate = options->floor ? gate_map(options->floor, 0) : NULL;
	struct verdicts verdicts = { 0 };
	double end = options->seconds > 0 ? probe_now() + options->seconds : 1e300;

	if (!gate)
		return probe_fail("map", options->floor ? options->floor : "-f");
	printf("reading\n");
	while (!probe_stop && probe_now() < end) {
		uint64_t before = __atomic_load_n(&gate->count, __ATOMIC_SEQ_CST);
		int result = try_read(paths[0], options->tag);

		judge_one(
			&verdicts, before, __atomic_load_n(&gate->count, __ATOMIC_SEQ_CST), result);
	}
	printf("granted=%lu revoked=%lu failed=%lu leaked=%lu open=%lu wrong=%lu", verdicts.granted,
		verdicts.revoked, verdicts.failed, verdicts.leaked, verdicts.open, verdicts.wrong);
	if (verdicts.first_errno)
		printf(" first=%s", strerrorname_np(verdicts.first_errno));
	printf("\n");
	return verdicts.failed || verdicts.leaked || verdicts.wrong ? PROBE_FAILED : PROBE_OK;
}

static void print_time(const char *what, double start, int result)
{
	printf("%s_ms=%.1f %s=%s ", what, (probe_now() - start) * 1e3, what,
		result > 0   ? strerrorname_np(result)
		: result < 0 ? "wrong"
			     : "ok");
}

/* stat of the file, a listing of its folder, and an open and read, each with how long it took. */
int probe_time(const struct options *options, char **paths)
{
	char folder[4096];
	struct stat st;
	double start = probe_now();
	DIR *directory;

	print_time("stat", start, stat(paths[0], &st) ? errno : 0);
	snprintf(folder, sizeof folder, "%s", paths[0]);
	start = probe_now();
	directory = opendir(dirname(folder));
	errno = directory ? 0 : errno;
	while (directory && readdir(directory))
		;
	print_time("list", start, errno);
	start = probe_now();
	print_time("open", start, try_read(paths[0], options->tag));
	printf("\n");
	return PROBE_OK;
}

static const char *word(int failed)
{
	return failed ? strerrorname_np(errno) : "ok";
}

/* What the usual ways of looking at a name answer. Not among them is what the kernel answers from
 * its own memory of names (O_PATH, O_WRONLY on a read-only mount, readlink, mkdir), which is shared
 * by all readers of a mount. */
int probe_looks(const struct options *options, char **paths)
{
	const char *path = paths[0];
	struct statx details;
	struct stat st;

	(void)options;
	printf("stat %s ", word(stat(path, &st)));
	printf("lstat %s ", word(lstat(path, &st)));
	printf("statx %s ", word(statx(AT_FDCWD, path, AT_STATX_FORCE_SYNC, STATX_ALL, &details)));
	printf("access %s ", word(access(path, F_OK)));
	printf("read-access %s ", word(access(path, R_OK)));
	printf("open %s\n", word(open(path, O_RDONLY | O_CLOEXEC) < 0));
	return PROBE_OK;
}
