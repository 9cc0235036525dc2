/* SPDX-License-Identifier: Apache-2.0 */
/* Time that passes when the test says so: a clock_gettime(2) of the test's own, ahead of the
 * system's by what let_pass() added. No test has to be fast to be before a deadline, or to sleep to
 * be after it. */
#ifndef TACIT_TEST_FUSE_PASSING_H
#define TACIT_TEST_FUSE_PASSING_H

#include <sys/syscall.h>

#include "waiting.h"

static _Atomic uint64_t passed_s; /* whole seconds that the test let pass */

int clock_gettime(clockid_t clock, struct timespec *now);
int clock_gettime(clockid_t clock, struct timespec *now)
{
	if (syscall(SYS_clock_gettime, clock, now))
		return -1;
	now->tv_sec += (time_t)atomic_load(&passed_s);
	return 0;
}

/* Nobody is woken by it: the doorman looks at the clock when the next core starts, or now. */
static inline void let_pass(uint64_t ns)
{
	atomic_fetch_add(&passed_s, ns / (1000 * MS_NS));
}

static inline void let_patience_pass(struct rig *rig)
{
	let_pass(RIG_PATIENCE_NS);
	server_wake_parked(rig->server);
}

#endif
