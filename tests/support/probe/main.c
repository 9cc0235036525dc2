/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

static const struct command {
	const char *name;
	int (*run)(const struct options *options, char **arguments);
	int least; /* arguments */
	const char *line;
} commands[] = {
	{ "read", probe_read, 1, "FILE          open, read to the end, close, print" },
	{ "slow", probe_slow, 1,
		"FILE          open, then byte by byte (-p ms between); one version?" },
	{ "loop", probe_loop, 1,
		"FILE          open and read again and again; sums up at the end" },
	{ "watch", probe_watch, 1, "FILE         -c wake-ups by inotify, each followed by a read" },
	{ "events", probe_events, 1,
		"FILE        when inotify woke, what was read then, how many events" },
	{ "hold", probe_hold, 1,
		"FILE          open now; at each SIGUSR1 read from the start, print" },
	{ "nonblock", probe_nonblock, 1, "FILE      open with O_NONBLOCK, close" },
	{ "map", probe_map, 1, "FILE           read through a private mapping" },
	{ "stat", probe_stat, 1, "FILE          mode uid gid size" },
	{ "prowl", probe_prowl, 1,
		"PATH...      stat, access and open everything below, in a loop" },
	{ "socket", probe_socket, 1,
		"PATH        standard input to a unix socket, answer to output" },
	{ "search", probe_search, 2,
		"PID FILE    look for the file's bytes in a process's memory" },
	{ "send-fd", probe_send_fd, 2, "SOCKET FILE  open now; hand it to each that connects" },
	{ "recv-fd", probe_recv_fd, 1, "SOCKET     read what is handed out there, print" },
	{ "thread", probe_thread, 1, "FILE        read by a thread that is not the leader" },
	{ "orphan", probe_orphan, 1, "FILE        the same, when the leader has ended" },
	{ "uring", probe_uring, 1,
		"FILE         read by io_uring: inline, by a worker, by a poller; 77: forbidden" },
	{ "race", probe_race, 1, "FILE          -n readers at once, at SIGUSR1; how many got it" },
	{ "gated", probe_gated, 1, "FILE         read all the time, judged by the gate (-f)" },
	{ "time", probe_time, 1, "FILE          how long stat, a listing and an open take" },
	{ "looks", probe_looks, 1, "FILE         what each way of looking at it answers" },
	{ "bundle", probe_bundle, 2,
		"FILE...       -n readers of a bundle's members at random; one generation?" },
	{ "value", probe_value, 2, "TAG VERSION [BYTES]   the value of that version" },
};

volatile sig_atomic_t probe_stop;

static void on_stop(int number)
{
	(void)number;
	probe_stop = 1;
}

double probe_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void probe_sleep(double seconds)
{
	struct timespec time = { .tv_sec = (time_t)seconds };

	time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
	nanosleep(&time, NULL);
}

int probe_fail(const char *what, const char *path)
{
	const char *name = strerrorname_np(errno);

	fprintf(stderr, "%s %s: %s (%s)\n", what, path, name ? name : "?", strerror(errno));
	return PROBE_FAILED;
}

static int usage(void)
{
	fprintf(stderr, "usage: probe COMMAND [-b|-z] [-s seconds] [-c count] [-n readers] [-p ms] "
			"[-f floor-file] [-t tag] ...\n");
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		fprintf(stderr, "  %s %s\n", commands[i].name, commands[i].line);
	return PROBE_USAGE;
}

static int parse(int argc, char **argv, struct options *options)
{
	int option;

	while ((option = getopt(argc, argv, "bzs:c:n:p:f:t:")) != -1)
		switch (option) {
		case 'b':
			options->small = 1;
			break;
		case 'z':
			options->send = 1;
			break;
		case 's':
			options->seconds = atof(optarg);
			break;
		case 'c':
			options->count = strtoul(optarg, NULL, 10);
			break;
		case 'n':
			options->readers = (unsigned int)strtoul(optarg, NULL, 10);
			break;
		case 'p':
			options->pause_ms = (unsigned int)strtoul(optarg, NULL, 10);
			break;
		case 'f':
			options->floor = optarg;
			break;
		case 't':
			options->tag = optarg;
			break;
		default:
			return -1;
		}
	return 0;
}

int main(int argc, char **argv)
{
	struct options options = { .readers = 1 };
	struct sigaction stop = { .sa_handler = on_stop };

	if (argc < 2)
		return usage();
	setvbuf(stdout, NULL, _IOLBF, 0);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		if (!strcmp(argv[1], commands[i].name)) {
			if (parse(argc - 1, argv + 1, &options) ||
				argc - 1 - optind < commands[i].least)
				return usage();
			return commands[i].run(&options, argv + 1 + optind);
		}
	return usage();
}
