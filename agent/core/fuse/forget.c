/* SPDX-License-Identifier: Apache-2.0 */
/* Plaintext that a private mapping left in the page cache is thrown away when its file is released,
 * revoked or locked: from this thread, for the kernel may make it wait for pages that are being
 * read. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "core/fuse/internal.h"

void server_forget_pages(struct server *server, uint64_t node)
{
	struct forget *forget = &server->forget;
	hold_mutex(&forget->mutex);

	for (unsigned int i = 0; i < forget->count; i++)
		if (forget->node[i] == node)
			return;
	if (forget->count == FORGET_MAX) {
		log_error(
			"the page cache of more than %d files waits to be thrown away", FORGET_MAX);
		return;
	}
	forget->node[forget->count++] = node;
	pthread_cond_signal(&forget->wanted);
}

void server_drop_pages(struct server *server, uint64_t node)
{
	fuse_lowlevel_notify_inval_inode(server->worker[0].session, node, 0, 0);
}

void server_announce_size(struct server *server, uint64_t node, uint64_t size)
{
	struct {
		struct fuse_out_header header;
		struct fuse_notify_store_out store;
	} notice = {
		.header = { .len = sizeof notice, .error = FUSE_NOTIFY_STORE },
		.store = { .nodeid = node,
			.offset = size }, /* no bytes: only where they would end */
	};

	/* An inode that the kernel does not have needs no telling. */
	if (write(server->worker[0].device, &notice, sizeof notice) < 0 && errno != ENOENT)
		log_warning("the kernel was not told a new size: %s", strerror(errno));
}

static unsigned int take(struct forget *forget, uint64_t *node)
{
	unsigned int count;
	hold_mutex(&forget->mutex);

	while (!forget->count)
		pthread_cond_wait(&forget->wanted, &forget->mutex);
	count = forget->count;
	memcpy(node, forget->node, count * sizeof *node);
	forget->count = 0;
	return count;
}

static void *run(void *arg)
{
	struct server *server = arg;
	uint64_t node[FORGET_MAX]; /* 32 KiB of this thread's stack */

	for (;;) {
		unsigned int count = take(&server->forget, node);

		for (unsigned int i = 0; i < count; i++)
			server_drop_pages(server, node[i]);
	}
	return NULL;
}

int forget_start(struct server *server, struct err *err)
{
	if (pthread_create(&server->forget.thread, NULL, run, server))
		return err_set(err, TACIT_LIMIT, "no thread to be had");
	return 0;
}
