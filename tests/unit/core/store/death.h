/* SPDX-License-Identifier: Apache-2.0 */
/* A process that dies in one of the calls by which files get and lose their names. Linked with
 * --wrap for each of them; for one test program. */
#ifndef TACIT_TEST_DEATH_H
#define TACIT_TEST_DEATH_H

#include <stdbool.h>
#include <unistd.h>

/* The process dies in the call with this number, before or after it was carried out; below 0: in
 * none. */
static int calls_left = -1;
static bool dies_after;

static void count_call(bool after)
{
	if (after == dies_after && calls_left >= 0 && calls_left-- == 0)
		_exit(7);
}

#define WRAP(name, parameters, arguments)                                                          \
	int __real_##name parameters;                                                              \
	int __wrap_##name parameters;                                                              \
	int __wrap_##name parameters                                                               \
	{                                                                                          \
		int result;                                                                        \
                                                                                                   \
		count_call(false);                                                                 \
		result = __real_##name arguments;                                                  \
		count_call(true);                                                                  \
		return result;                                                                     \
	}

WRAP(linkat, (int from_at, const char *from, int to_at, const char *to, int flags),
	(from_at, from, to_at, to, flags))
WRAP(renameat, (int from_at, const char *from, int to_at, const char *to),
	(from_at, from, to_at, to))
WRAP(unlinkat, (int at, const char *name, int flags), (at, name, flags))
WRAP(fsync, (int fd), (fd))

#endif
