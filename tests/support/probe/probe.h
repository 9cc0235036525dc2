/* SPDX-License-Identifier: Apache-2.0 */
/* What the subcommands of probe share. probe is one static program that reads secrets the way an
 * application does, inside containers of any image and on the host. It prints what it saw; the
 * scripts judge. */
#ifndef PROBE_H
#define PROBE_H

#include <signal.h>
#include <stddef.h>

/* Exit codes. */
#define PROBE_OK 0
#define PROBE_FAILED 1
#define PROBE_USAGE 2
#define PROBE_FORBIDDEN 77 /* the kernel does not allow what the subcommand needs */

/* Options of the command line, each subcommand uses some. */
struct options {
	double seconds;        /* -s: stop after; 0 = when told by SIGTERM */
	unsigned long count;   /* -c: how many reads, wake-ups, rounds; 0 = no limit */
	unsigned int readers;  /* -n: processes that read */
	unsigned int pause_ms; /* -p: between two reads, or two bytes */
	const char *floor;     /* -f: file with the lowest version that may still be seen; a gate */
	const char *tag;       /* -t: of the values expected; NULL = any */
	int small;             /* -b: read by small pieces of changing size */
	int send;              /* -z: by sendfile() */
};

/* Set by SIGTERM and SIGINT. */
extern volatile sig_atomic_t probe_stop;

/* Monotonic clock, in seconds. */
double probe_now(void);
void probe_sleep(double seconds);

/* Read `descriptor` to its end in pieces of at most `piece` bytes (0 = small ones of changing
 * size), `pause_ms` after each. Returns the length, or -1 with errno; EFBIG beyond `room`. */
long probe_read_all(int descriptor, char *data, size_t room, size_t piece, unsigned int pause_ms);

/* The number in the file `path` (-f); 0: there is none, or no file. */
unsigned long probe_floor(const char *path);

/* "open /run/secrets/x: ENOKEY (Required key not available)" on standard error; PROBE_FAILED. */
int probe_fail(const char *what, const char *path);

/* The subcommands. */
int probe_loop(const struct options *options, char **paths);
int probe_prowl(const struct options *options, char **paths);
int probe_watch(const struct options *options, char **paths);
int probe_hold(const struct options *options, char **paths);
int probe_nonblock(const struct options *options, char **paths);
int probe_map(const struct options *options, char **paths);
int probe_read(const struct options *options, char **paths);
int probe_slow(const struct options *options, char **paths);
int probe_stat(const struct options *options, char **paths);
int probe_search(const struct options *options, char **arguments);
int probe_socket(const struct options *options, char **paths);
int probe_send_fd(const struct options *options, char **paths);
int probe_recv_fd(const struct options *options, char **paths);
int probe_thread(const struct options *options, char **paths);
int probe_orphan(const struct options *options, char **paths);
int probe_uring(const struct options *options, char **paths);
int probe_race(const struct options *options, char **paths);
int probe_gated(const struct options *options, char **paths);
int probe_time(const struct options *options, char **paths);
int probe_looks(const struct options *options, char **paths);
int probe_bundle(const struct options *options, char **paths);
int probe_events(const struct options *options, char **paths);
int probe_value(const struct options *options, char **arguments);

#endif
