/* SPDX-License-Identifier: Apache-2.0 */
/* As much of systemd as holder talks to: a notification socket that keeps descriptors (FDSTORE=1),
 * and a service that is started again with them (LISTEN_FDS) whenever it ends.
 *
 *   manager SOCKET COMMAND [ARGUMENT...]
 *
 * Ends with its service when that exits with 0, or by SIGTERM. SIGUSR1 is "systemctl restart": the
 * service is stopped, and started again when it has ended. Prints "ready" at each READY=1. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define STORE_MAX 64
#define FIRST_PASSED 3

struct stored {
	char name[64];
	int fd;
};

static void keep(struct stored *store, int *count, const char *text, int fd)
{
	const char *at = strstr(text, "FDNAME=");
	struct stored fresh = { .fd = fd };

	if (!at || sscanf(at, "FDNAME=%63s", fresh.name) != 1 || *count == STORE_MAX) {
		close(fd);
		return;
	}
	for (int i = 0; i < *count; i++)
		if (!strcmp(store[i].name, fresh.name)) {
			close(store[i].fd);
			store[i] = fresh;
			return;
		}
	store[(*count)++] = fresh;
}

static void discard(struct stored *store, int *count, const char *text)
{
	const char *at = strstr(text, "FDNAME=");
	char name[64];

	if (!at || sscanf(at, "FDNAME=%63s", name) != 1)
		return;
	for (int i = *count; i--;)
		if (!strcmp(store[i].name, name)) {
			close(store[i].fd);
			store[i] = store[--*count];
		}
}

static void receive(int channel, struct stored *store, int *count)
{
	char text[512] = "", control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
	struct iovec part = { text, sizeof text - 1 };
	struct msghdr message = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof control };
	struct cmsghdr *rights;
	int fd;

	if (recvmsg(channel, &message, MSG_CMSG_CLOEXEC) < 0)
		return;
	rights = CMSG_FIRSTHDR(&message);
	if (rights && rights->cmsg_type == SCM_RIGHTS) {
		memcpy(&fd, CMSG_DATA(rights), sizeof fd);
		keep(store, count, text, fd);
	}
	if (strstr(text, "FDSTOREREMOVE=1"))
		discard(store, count, text);
	if (strstr(text, "READY=1"))
		puts("ready");
}

static pid_t start(const struct stored *store, int count, char **argv)
{
	char names[STORE_MAX * 65] = "", number[16];
	int passed[STORE_MAX];
	pid_t pid = fork();

	if (pid)
		return pid;
	for (int i = 0; i < count; i++)
		passed[i] = fcntl(store[i].fd, F_DUPFD_CLOEXEC, FIRST_PASSED + STORE_MAX);
	for (int i = 0; i < count; i++) {
		dup2(passed[i], FIRST_PASSED + i);
		strcat(strcat(names, i ? ":" : ""), store[i].name);
	}
	if (count) {
		snprintf(number, sizeof number, "%d", getpid());
		setenv("LISTEN_PID", number, 1);
		snprintf(number, sizeof number, "%d", count);
		setenv("LISTEN_FDS", number, 1);
		setenv("LISTEN_FDNAMES", names, 1);
	}
	execv(argv[0], argv);
	_exit(127);
}

static volatile sig_atomic_t ended, again;

static void on_signal(int number)
{
	if (number == SIGUSR1)
		again = 1;
	else
		ended = 1;
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct stored store[STORE_MAX];
	int count = 0, status;
	int channel = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	pid_t service;

	if (argc < 3 || strlen(argv[1]) >= sizeof address.sun_path)
		return 2;
	signal(SIGTERM, on_signal);
	signal(SIGUSR1, on_signal);
	setvbuf(stdout, NULL, _IOLBF, 0);
	strcpy(address.sun_path, argv[1]);
	if (bind(channel, (struct sockaddr *)&address, sizeof address))
		return 1;
	setenv("NOTIFY_SOCKET", argv[1], 1);
	service = start(store, count, argv + 2);
	while (!ended) {
		struct pollfd notice = { channel, POLLIN, 0 };

		if (poll(&notice, 1, 20) > 0)
			receive(channel, store, &count);
		if (again == 1) {
			kill(service, SIGTERM);
			again = 2;
		}
		if (waitpid(service, &status, WNOHANG) != service)
			continue;
		if (again != 2 && WIFEXITED(status) && !WEXITSTATUS(status))
			break;
		again = 0;
		service = start(store, count, argv + 2);
	}
	kill(service, SIGTERM);
	return 0;
}
