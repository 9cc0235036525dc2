/* SPDX-License-Identifier: Apache-2.0 */
/* How long a large store takes to read nobody knows, and the threads that answer holder are not
 * there yet, or wait for it. So a thread of its own says that this process is not stopped: a core
 * that was replaced for being slow would be followed by one that is as slow. */
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "core/control/core.h"

#define BEAT_MS 1000 /* holder waits for several of them */
/* Longer than any disk takes: a start that has not ended by then never will. */
#define LONGEST_NS (1800 * 1000000000ull)

struct starting {
	pthread_t thread;
	int holder;
	int done; /* eventfd */
};

static void *beat(void *arg)
{
	const struct starting *starting = arg;
	struct pollfd done = { starting->done, POLLIN, 0 };
	uint64_t until = clock_monotonic_ns() + LONGEST_NS;

	while (poll(&done, 1, BEAT_MS) <= 0 && clock_monotonic_ns() < until)
		frame_send_now(starting->holder, FRAME_PONG, NULL, 0, -1, NULL);
	return NULL;
}

int starting_begin(struct core *core, struct err *err)
{
	struct starting *starting = calloc(1, sizeof *starting);

	if (!starting)
		return err_set(err, TACIT_LIMIT, "out of memory");
	starting->holder = core->holder;
	starting->done = eventfd(0, EFD_CLOEXEC);
	if (starting->done < 0 || pthread_create(&starting->thread, NULL, beat, starting)) {
		if (starting->done >= 0)
			close(starting->done);
		free(starting);
		return err_set(err, TACIT_LIMIT, "no thread to be had");
	}
	core->starting = starting;
	return 0;
}

void starting_end(struct core *core)
{
	struct starting *starting = core->starting;

	if (!starting)
		return;
	eventfd_write(starting->done, 1);
	pthread_join(starting->thread, NULL);
	close(starting->done);
	free(starting);
	core->starting = NULL;
}
