/* SPDX-License-Identifier: Apache-2.0 */
/* An engine that can be made slow: a unix socket in front of another one.
 *
 *   proxy LISTEN TARGET
 *
 * SIGUSR1: from now on connections are accepted, what comes is left unread and nothing is passed
 * on, in neither direction. SIGUSR2: everything goes on where it was. Prints "ready", then "hung"
 * and "going" at each signal. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PAIRS_MAX 128
#define PIECE 65536

/* ends[0] is the client's, ends[1] the target's; -1 and done: nothing more comes from that end. */
struct pair {
	int ends[2];
	int done[2];
};

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	return address;
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = address_of(path);
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	unlink(path);
	if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 64)) {
		perror(path);
		exit(1);
	}
	return listener;
}

static int dial(const char *path)
{
	struct sockaddr_un address = address_of(path);
	int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(connection, (struct sockaddr *)&address, sizeof address)) {
		close(connection);
		return -1;
	}
	return connection;
}

static void end_pair(struct pair *pair)
{
	close(pair->ends[0]);
	close(pair->ends[1]);
	pair->ends[0] = pair->ends[1] = -1;
}

/* One piece from one end to the other; the pair ends when both have said all. */
static void pass(struct pair *pair, int from)
{
	char piece[PIECE];
	ssize_t length = recv(pair->ends[from], piece, sizeof piece, 0), sent = 0;

	while (sent < length) {
		ssize_t now = send(
			pair->ends[!from], piece + sent, (size_t)(length - sent), MSG_NOSIGNAL);

		if (now <= 0)
			break;
		sent += now;
	}
	if (length > 0 && sent == length)
		return;
	pair->done[from] = 1;
	shutdown(pair->ends[!from], SHUT_WR);
	if (length < 0 || sent < length || pair->done[!from])
		end_pair(pair);
}

static void take(int listener, const char *target, struct pair *pairs)
{
	int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC), engine;

	if (client < 0)
		return;
	engine = dial(target);
	for (size_t i = 0; engine >= 0 && i < PAIRS_MAX; i++)
		if (pairs[i].ends[0] < 0) {
			pairs[i] = (struct pair){ .ends = { client, engine } };
			return;
		}
	close(client);
	if (engine >= 0)
		close(engine);
}

static int take_signal(int signals, int hung)
{
	struct signalfd_siginfo info;

	if (read(signals, &info, sizeof info) != sizeof info)
		return hung;
	if (info.ssi_signo == SIGTERM)
		exit(0);
	hung = info.ssi_signo == SIGUSR1;
	printf("%s\n", hung ? "hung" : "going");
	return hung;
}

static void serve(int listener, int signals, const char *target)
{
	static struct pair pairs[PAIRS_MAX];
	static struct pollfd polls[2 + 2 * PAIRS_MAX];
	int hung = 0;

	memset(pairs, -1, sizeof pairs);
	for (;;) {
		/* A negative number is passed over by poll(). A hung engine's kernel still takes
		 * connections: its backlog does. */
		polls[0] = (struct pollfd){ .fd = signals, .events = POLLIN };
		polls[1] = (struct pollfd){ .fd = hung ? -1 : listener, .events = POLLIN };
		for (size_t i = 0; i < 2 * PAIRS_MAX; i++) {
			const struct pair *pair = &pairs[i / 2];
			int end = hung || pair->ends[0] < 0 || pair->done[i % 2]
					  ? -1
					  : pair->ends[i % 2];

			polls[2 + i] = (struct pollfd){ .fd = end, .events = POLLIN };
		}
		if (poll(polls, 2 + 2 * PAIRS_MAX, -1) < 0 && errno != EINTR)
			return;
		if (polls[0].revents) {
			hung = take_signal(signals, hung);
			continue;
		}
		for (size_t i = 0; i < 2 * PAIRS_MAX; i++)
			if (polls[2 + i].revents && pairs[i / 2].ends[0] >= 0)
				pass(&pairs[i / 2], (int)(i % 2));
		if (polls[1].revents)
			take(listener, target, pairs);
	}
}

int main(int argc, char **argv)
{
	sigset_t signals;

	if (argc != 3)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGUSR2);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	int listener = listen_at(argv[1]);

	printf("ready\n");
	serve(listener, signalfd(-1, &signals, SFD_CLOEXEC), argv[2]);
	return 1;
}
