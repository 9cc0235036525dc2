/* SPDX-License-Identifier: Apache-2.0 */
/* The time of a loop that is under test in a process of its own. It passes while the loop has
 * nothing to do and the test waits for it to do something, as fast as the system's: so what is due
 * after a while comes, and nothing is late because the machine is slow, or halted for seconds. A
 * clock_gettime(2) and a poll(2) of the test's own, the system's in any other process. Included
 * once per test program. */
#ifndef TACIT_TEST_GRANTED_TIME_H
#define TACIT_TEST_GRANTED_TIME_H

#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define GRANTED_STEP_MS 5
#define GRANTED_MS_NS 1000000ull

/* In memory that both share. */
struct granted_time {
	_Atomic uint64_t now_ns;   /* what the loop's clock says */
	_Atomic uint64_t until_ns; /* how far the test lets it go */
};

static struct granted_time *granted_time;
static bool granted_to_us; /* this is the loop's process */

/* Before the loop's process is made. */
static inline void granted_time_begin(void)
{
	if (!granted_time)
		granted_time = mmap(NULL, sizeof *granted_time, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (granted_time == MAP_FAILED)
		_exit(1);
	/* Long enough ago for everything that is reckoned back from now. */
	atomic_store(&granted_time->now_ns, 1000000 * GRANTED_MS_NS);
	atomic_store(&granted_time->until_ns, 0);
}

/* In the loop's process, first. */
static inline void granted_time_enter(void)
{
	granted_to_us = true;
}

static inline uint64_t granted_time_now(void)
{
	return atomic_load(&granted_time->now_ns);
}

/* The test waits: the loop may go on by what two steps take. */
static inline void granted_time_grant(void)
{
	atomic_store(
		&granted_time->until_ns, granted_time_now() + 2 * GRANTED_STEP_MS * GRANTED_MS_NS);
}

/* Wait until there is something to read, or `ms` are over. False: they are. */
static inline bool granted_time_await(int fd, int ms)
{
	struct pollfd one = { fd, POLLIN, 0 };

	for (; ms > 0; ms -= GRANTED_STEP_MS) {
		granted_time_grant();
		if (poll(&one, 1, GRANTED_STEP_MS))
			return true;
	}
	return false;
}

int clock_gettime(clockid_t clock, struct timespec *now);
int clock_gettime(clockid_t clock, struct timespec *now)
{
	uint64_t ns;

	if (!granted_to_us || clock != CLOCK_MONOTONIC)
		return (int)syscall(SYS_clock_gettime, clock, now);
	ns = granted_time_now();
	*now = (struct timespec){ (time_t)(ns / (1000 * GRANTED_MS_NS)),
		(long)(ns % (1000 * GRANTED_MS_NS)) };
	return 0;
}

static inline int granted_poll(struct pollfd *polls, nfds_t count, int ms)
{
	struct timespec wait = { ms / 1000, ms % 1000 * (long)GRANTED_MS_NS };

	return (int)syscall(SYS_ppoll, polls, count, ms < 0 ? NULL : &wait, NULL, 0);
}

/* By this name, for headers may have an inline poll() of their own. */
int poll_for_all(struct pollfd *polls, nfds_t count, int ms) __asm__("poll");
int poll_for_all(struct pollfd *polls, nfds_t count, int ms)
{
	uint64_t end = granted_to_us ? granted_time_now() + (uint64_t)ms * GRANTED_MS_NS : 0;
	int ready;

	if (!granted_to_us || ms <= 0)
		return granted_poll(polls, count, ms);
	while (!(ready = granted_poll(polls, count, GRANTED_STEP_MS)) && granted_time_now() < end) {
		uint64_t next = granted_time_now() + GRANTED_STEP_MS * GRANTED_MS_NS;

		if (next <= atomic_load(&granted_time->until_ns))
			atomic_store(&granted_time->now_ns, next);
	}
	return ready;
}

#endif
