/* SPDX-License-Identifier: Apache-2.0 */
/* What a variable owns is given back where its scope ends: `_free_ char *text = ...;` Descriptors
 * start at -1, pointers at NULL. To hand ownership on, take it out with take_fd() or take_ptr(). */
#ifndef TACIT_BASE_CLEANUP_H
#define TACIT_BASE_CLEANUP_H

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}

static inline void cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_fclose(FILE **file)
{
	if (*file)
		fclose(*file);
}

static inline void cleanup_unlock(pthread_mutex_t **mutex)
{
	pthread_mutex_unlock(*mutex);
}

static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#define _free_ __attribute__((cleanup(cleanup_free)))
#define _close_ __attribute__((cleanup(cleanup_close)))
#define _fclose_ __attribute__((cleanup(cleanup_fclose)))

/* Hold `mutex` from here to the end of the scope. */
#define hold_mutex(mutex)                                                                          \
	pthread_mutex_t *held_mutex_ __attribute__((cleanup(cleanup_unlock), unused)) = (mutex);   \
	pthread_mutex_lock(held_mutex_)

#endif
