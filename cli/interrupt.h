/* SPDX-License-Identifier: Apache-2.0 */
/* Signals that would end the process, held back while there is something to clean up first. */
#ifndef TACIT_CLI_INTERRUPT_H
#define TACIT_CLI_INTERRUPT_H

#include <signal.h>
#include <stdbool.h>

#include "base/err.h"

struct interrupt {
	bool held;       /* all zero: nothing is held back */
	int signals;     /* signalfd of those that are */
	sigset_t before; /* the mask to go back to */
};

/* Hold back what a person or the system ends a process with; what is ignored stays so. */
int interrupt_hold(struct interrupt *interrupt, struct err *err);
/* Whether one has come. */
bool interrupt_came(const struct interrupt *interrupt);
/* Wait until `fd` is ready for `events` of poll(2). TACIT_UNAVAILABLE when a signal came first. */
int interrupt_wait(const struct interrupt *interrupt, int fd, short events, struct err *err);
/* Let them through: one that has come ends the process here. Nothing when none are held. */
void interrupt_release(struct interrupt *interrupt);

#endif
