/* SPDX-License-Identifier: Apache-2.0 */
#include "holder/holder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"

#define TABLE_MAX (HANDOVER_THREADS_MAX + 7)
#define FIRST_PASSED 3 /* SD_LISTEN_FDS_START */
#define NOTIFY_WAIT_SECONDS 1

struct entry {
	char name[16];
	int *fd;
};

static size_t entries(struct table *table, struct entry *entry)
{
	size_t count = 0;

	for (unsigned int i = 0; i < HANDOVER_THREADS_MAX; i++) {
		snprintf(entry[count].name, sizeof entry[count].name, "device-%u",
			i % HANDOVER_THREADS_MAX);
		entry[count++].fd = &table->device[i];
	}
	entry[count++] = (struct entry){ "handover", &table->handover };
	entry[count++] = (struct entry){ "keys", &table->keys };
	entry[count++] = (struct entry){ "audit", &table->audit };
	entry[count++] = (struct entry){ "mount", &table->mount };
	entry[count++] = (struct entry){ "adopt", &table->adopt };
	entry[count++] = (struct entry){ "listener", &table->listener };
	entry[count++] = (struct entry){ "core", &table->core };
	return count;
}

void table_empty(struct table *table)
{
	struct entry entry[TABLE_MAX];

	for (size_t i = entries(table, entry); i--;)
		*entry[i].fd = -1;
}

void table_close(struct table *table)
{
	struct entry entry[TABLE_MAX];

	for (size_t i = entries(table, entry); i--;)
		if (*entry[i].fd >= 0)
			close(*entry[i].fd);
	table_empty(table);
}

bool table_receive(struct table *table)
{
	const char *pid = getenv("LISTEN_PID"), *names = getenv("LISTEN_FDNAMES");
	struct entry entry[TABLE_MAX];
	size_t count = entries(table, entry);
	char list[1024], *rest = list, *name;

	if (!pid || !names || (pid_t)atoi(pid) != getpid())
		return false;
	snprintf(list, sizeof list, "%s", names);
	for (int fd = FIRST_PASSED; (name = strsep(&rest, ":")); fd++) {
		fcntl(fd, F_SETFD, FD_CLOEXEC);
		for (size_t i = 0; i < count; i++)
			if (!strcmp(entry[i].name, name))
				*entry[i].fd = fd;
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return table->handover >= 0;
}

int table_execute(const struct table *table, char *const *argv, struct err *err)
{
	struct table copy = *table;
	struct entry entry[TABLE_MAX];
	size_t count = entries(&copy, entry);
	char names[1024] = "", number[16];
	int at = FIRST_PASSED;

	/* First above the places they go to, then down, so that none is overwritten on its way. */
	for (size_t i = 0; i < count; i++)
		if (*entry[i].fd >= 0)
			*entry[i].fd =
				fcntl(*entry[i].fd, F_DUPFD_CLOEXEC, FIRST_PASSED + TABLE_MAX);
	for (size_t i = 0; i < count; i++) {
		size_t length = strlen(names);

		if (*entry[i].fd < 0)
			continue;
		if (dup2(*entry[i].fd, at++) < 0)
			return err_errno(err, errno, TACIT_INTERNAL, "pass descriptors");
		snprintf(names + length, sizeof names - length, "%s%s", length ? ":" : "",
			entry[i].name);
	}
	snprintf(number, sizeof number, "%d", getpid());
	setenv("LISTEN_PID", number, 1);
	snprintf(number, sizeof number, "%d", at - FIRST_PASSED);
	setenv("LISTEN_FDS", number, 1);
	setenv("LISTEN_FDNAMES", names, 1);
	execv(argv[0], argv);
	return err_errno(err, errno, TACIT_INTERNAL, "execute %s", argv[0]);
}

static void notify(int channel, const char *text, int fd)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct iovec part = { (void *)text, strlen(text) };
	union frame_control control;
	struct msghdr message = { .msg_name = &address, .msg_iov = &part, .msg_iovlen = 1 };
	size_t length = strlen(path);

	if (length >= sizeof address.sun_path)
		return;
	memcpy(address.sun_path, path, length);
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	message.msg_namelen = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	if (fd >= 0)
		frame_attach(&message, &control, fd);
	sendmsg(channel, &message, MSG_NOSIGNAL);
}

/* systemd's queue may hold few datagrams: one that does not fit waits, and is not lost. */
static int notify_channel(void)
{
	struct timeval patience = { .tv_sec = NOTIFY_WAIT_SECONDS };
	int channel = getenv("NOTIFY_SOCKET") ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;

	if (channel >= 0)
		setsockopt(channel, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	return channel;
}

void table_notify_ready(const struct table *table)
{
	struct table copy = *table;
	struct entry entry[TABLE_MAX];
	size_t count = entries(&copy, entry);
	_close_ int channel = notify_channel();
	char text[64];

	if (channel < 0)
		return;
	for (size_t i = 0; i < count; i++) {
		if (*entry[i].fd < 0)
			continue;
		/* Not polled: a /dev/fuse that reports an error is still the only way to its mount.
		 */
		snprintf(text, sizeof text, "FDSTORE=1\nFDNAME=%.15s\nFDPOLL=0", entry[i].name);
		notify(channel, text, *entry[i].fd);
	}
	notify(channel, "READY=1", -1);
}

void table_notify_stopping(void)
{
	struct table all;
	struct entry entry[TABLE_MAX];
	size_t count = entries(&all, entry);
	_close_ int channel = notify_channel();
	char text[64];

	if (channel < 0)
		return;
	notify(channel, "STOPPING=1", -1);
	for (size_t i = 0; i < count; i++) {
		snprintf(text, sizeof text, "FDSTOREREMOVE=1\nFDNAME=%.15s", entry[i].name);
		notify(channel, text, -1);
	}
}
