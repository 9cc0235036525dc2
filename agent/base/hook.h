/* SPDX-License-Identifier: Apache-2.0 */
/* What a grant wants done when its secret rotates, as text and as values. Pure functions.
 *
 *   signal:NAME  send a signal to the main process of each of the consumer's containers
 *   restart      restart each of them
 *   exec:NAME    run the program NAME of /etc/tacit/hooks.d, once
 *
 * Signals are HUP INT QUIT USR1 USR2 TERM CONT WINCH. A program's name is one segment of a secret's
 * name: never a path. */
#ifndef TACIT_BASE_HOOK_H
#define TACIT_BASE_HOOK_H

#include "base/err.h"

#define HOOK_TEXT_MAX 79    /* bytes of "exec:NAME" */
#define HOOK_PROGRAM_MAX 63 /* bytes of NAME */

enum hook_kind { HOOK_NONE, HOOK_SIGNAL, HOOK_RESTART, HOOK_EXEC };

struct hook {
	enum hook_kind kind;
	char name[HOOK_PROGRAM_MAX + 1]; /* of HOOK_SIGNAL: "HUP"; of HOOK_EXEC: the program */
};

/* TACIT_INVALID with a text that says what a hook may be (and not what this one was). An empty text
 * is HOOK_NONE. */
int hook_parse(const char *text, struct hook *hook, struct err *err);

/* 0, or TACIT_INVALID unless `name` can be a program of hooks.d, rotators.d or keys.d. */
int hook_check_program(const char *name, struct err *err);

#endif
