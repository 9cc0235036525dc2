/* SPDX-License-Identifier: Apache-2.0 */
/* Reading in a loop, and prowling: what is counted lives in memory shared with the children. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"
#include "value.h"

#define PIECE 65536
#define ROOM (VALUE_MAX + 4096)
#define READERS_MAX 64
#define ERRNOS 134

/* Written by one reader; summed by the parent when it is gone. */
struct tally {
	unsigned long reads;
	unsigned long failed;   /* open or read answered with an error */
	unsigned long wrong;    /* torn, mixed or foreign bytes */
	unsigned long older;    /* than the floor read before the open */
	unsigned long backward; /* than this reader's last */
	unsigned long lowest, highest, last;
	double longest; /* seconds one open + read + close took, the failed ones too */
	unsigned int errors[ERRNOS];
	char first_wrong[64];
};

unsigned long probe_floor(const char *path)
{
	char text[32] = "";
	int descriptor = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (descriptor < 0)
		return 0;
	if (read(descriptor, text, sizeof text - 1) < 0)
		text[0] = '\0';
	close(descriptor);
	return strtoul(text, NULL, 10);
}

/* As busybox's cat and many servers do: sendfile(), and read() only where that is refused. */
static long send_file(int descriptor, char *data)
{
	static int sink = -1;
	off_t length = 0;
	ssize_t sent;

	if (sink < 0)
		sink = memfd_create("sink", MFD_CLOEXEC);
	if (sink < 0 || ftruncate(sink, 0) || lseek(sink, 0, SEEK_SET))
		return -1;
	while ((sent = sendfile(sink, descriptor, NULL, ROOM)) > 0)
		length += sent;
	if (sent < 0 && !length)
		return probe_read_all(descriptor, data, ROOM, PIECE, 0);
	return sent < 0 || length > ROOM ? -1 : pread(sink, data, (size_t)length, 0);
}

static long read_file(const char *path, char *data, const struct options *options)
{
	int descriptor = open(path, O_RDONLY | O_CLOEXEC);
	long length;

	if (descriptor < 0)
		return -1;
	length = options->send
			 ? send_file(descriptor, data)
			 : probe_read_all(descriptor, data, ROOM, options->small ? 0 : PIECE, 0);
	if (length < 0) {
		int error = errno;

		close(descriptor);
		errno = error;
		return -1;
	}
	close(descriptor);
	return length;
}

static void judge(struct tally *tally, const struct options *options, const char *data,
	size_t length, unsigned long floor)
{
	unsigned long version = 0;
	const char *wrong = value_wrong(data, length, options->tag, &version);

	tally->reads++;
	if (wrong) {
		if (!tally->wrong++)
			snprintf(tally->first_wrong, sizeof tally->first_wrong, "%s", wrong);
		return;
	}
	tally->older += version < floor;
	tally->backward += version < tally->last;
	tally->last = version;
	if (!tally->lowest || version < tally->lowest)
		tally->lowest = version;
	if (version > tally->highest)
		tally->highest = version;
}

static void read_loop(struct tally *tally, const struct options *options, const char *path)
{
	static char data[ROOM];
	double end = options->seconds > 0 ? probe_now() + options->seconds : 1e300;

	while (!probe_stop && (!options->count || tally->reads + tally->failed < options->count)) {
		unsigned long floor = probe_floor(options->floor);
		double start = probe_now(), took;
		long length;

		if (start > end)
			break;
		length = read_file(path, data, options);
		if (length < 0) {
			tally->failed++;
			tally->errors[errno < ERRNOS ? errno : 0]++;
		}
		took = probe_now() - start;
		if (took > tally->longest)
			tally->longest = took;
		if (length >= 0)
			judge(tally, options, data, (size_t)length, floor);
		if (options->pause_ms || length < 0)
			probe_sleep((options->pause_ms ? options->pause_ms : 1) / 1e3);
	}
}

static void add(struct tally *sum, const struct tally *one)
{
	sum->reads += one->reads;
	sum->failed += one->failed;
	sum->wrong += one->wrong;
	sum->older += one->older;
	sum->backward += one->backward;
	if (one->lowest && (!sum->lowest || one->lowest < sum->lowest))
		sum->lowest = one->lowest;
	if (one->highest > sum->highest)
		sum->highest = one->highest;
	if (one->longest > sum->longest)
		sum->longest = one->longest;
	for (int i = 0; i < ERRNOS; i++)
		sum->errors[i] += one->errors[i];
	if (one->first_wrong[0])
		memcpy(sum->first_wrong, one->first_wrong, sizeof sum->first_wrong);
}

static void print_tally(const struct tally *sum, unsigned int readers)
{
	printf("readers=%u reads=%lu failed=%lu wrong=%lu older=%lu backward=%lu lowest=%lu "
	       "highest=%lu longest_ms=%.1f",
		readers, sum->reads, sum->failed, sum->wrong, sum->older, sum->backward,
		sum->lowest, sum->highest, sum->longest * 1e3);
	for (int i = 0; i < ERRNOS; i++)
		if (sum->errors[i])
			printf(" %s=%u", i ? strerrorname_np(i) : "other", sum->errors[i]);
	if (sum->first_wrong[0])
		printf(" (%s)", sum->first_wrong);
	printf("\n");
}

int probe_loop(const struct options *options, char **paths)
{
	unsigned int readers = options->readers;
	struct tally sum = { 0 }, *tallies;
	pid_t children[READERS_MAX];

	if (!readers || readers > READERS_MAX)
		return PROBE_USAGE;
	tallies = mmap(NULL, readers * sizeof *tallies, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tallies == MAP_FAILED)
		return probe_fail("map", "tallies");
	printf("reading\n");
	for (unsigned int i = 0; i < readers; i++) {
		children[i] = fork();
		if (!children[i]) {
			read_loop(&tallies[i], options, paths[0]);
			_exit(0);
		}
	}
	for (unsigned int i = 0; i < readers; i++) {
		while (waitpid(children[i], NULL, 0) < 0 && errno == EINTR)
			for (unsigned int j = i; j < readers; j++)
				kill(children[j], SIGTERM);
		add(&sum, &tallies[i]);
	}
	print_tally(&sum, readers);
	return sum.failed || sum.wrong || sum.older || sum.backward ? PROBE_FAILED : PROBE_OK;
}

/* What a prowler got: it is the scripts that say what it should have. */
struct prowl {
	unsigned long stats, stats_refused, opens, opens_refused, read;
};

static void prowl_path(struct prowl *prowl, const char *path, unsigned int depth)
{
	struct stat st;
	struct dirent *entry;
	DIR *directory;
	int descriptor;

	prowl->stats++;
	if (lstat(path, &st) || access(path, R_OK))
		prowl->stats_refused++;
	prowl->opens++;
	descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (descriptor < 0) {
		prowl->opens_refused++;
		return;
	}
	directory = depth ? fdopendir(descriptor) : NULL;
	if (!directory) {
		char byte;

		/* What anybody may execute is the wrapper, and no secret. */
		prowl->read += !fstat(descriptor, &st) && !(st.st_mode & S_IXOTH) &&
			       read(descriptor, &byte, 1) == 1;
		close(descriptor);
		return;
	}
	while ((entry = readdir(directory))) {
		char below[PATH_MAX];

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (snprintf(below, sizeof below, "%s/%s", path, entry->d_name) < (int)sizeof below)
			prowl_path(prowl, below, depth - 1);
	}
	closedir(directory);
}

int probe_prowl(const struct options *options, char **paths)
{
	double end = probe_now() + (options->seconds > 0 ? options->seconds : 3600);
	struct prowl prowl = { 0 };
	unsigned long rounds = 0;

	while (!probe_stop && probe_now() < end && (!options->count || rounds < options->count)) {
		for (char **path = paths; *path; path++)
			prowl_path(&prowl, *path, 8);
		rounds++;
	}
	printf("rounds=%lu stats=%lu stats_refused=%lu opens=%lu opens_refused=%lu read=%lu\n",
		rounds, prowl.stats, prowl.stats_refused, prowl.opens, prowl.opens_refused,
		prowl.read);
	return PROBE_OK;
}
