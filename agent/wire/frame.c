/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/cleanup.h"

struct header {
	uint32_t type;
	uint32_t length;
};

#define BIT(role) (1u << (role))
#define OTHERS                                                                                     \
	(BIT(ROLE_CORE) | BIT(ROLE_TOUCHER) | BIT(ROLE_API) | BIT(ROLE_ENGINE) | BIT(ROLE_GATE))

/* Room for the largest frame several times over, whatever the system's default is. */
#define CHANNEL_BUFFER (4 * (int)(FRAME_BODY_MAX + sizeof(struct header)))

static const struct {
	unsigned int from, to; /* sets of roles */
	uint32_t size;         /* of the body: exactly, or at most when `octets` */
	bool octets;
} frames[FRAME_TYPES] = {
	[FRAME_GIVE] = { BIT(ROLE_HOLDER) | BIT(ROLE_CORE) | BIT(ROLE_GATE),
		BIT(ROLE_HOLDER) | OTHERS, sizeof(struct frame_give), false },
	[FRAME_GO] = { BIT(ROLE_HOLDER), OTHERS, 0, false },
	[FRAME_PING] = { BIT(ROLE_HOLDER), OTHERS, 0, false },
	[FRAME_STOP] = { BIT(ROLE_HOLDER), BIT(ROLE_CORE), sizeof(struct frame_stop), false },
	[FRAME_UPGRADE_FAILED] = { BIT(ROLE_HOLDER), BIT(ROLE_CORE), sizeof(struct frame_text),
		false },
	[FRAME_RAN] = { BIT(ROLE_HOLDER), BIT(ROLE_CORE), sizeof(struct frame_ran), false },
	[FRAME_READY] = { OTHERS, BIT(ROLE_HOLDER), 0, false },
	[FRAME_PONG] = { OTHERS, BIT(ROLE_HOLDER), 0, false },
	[FRAME_PUBLISH] = { BIT(ROLE_CORE), BIT(ROLE_HOLDER), sizeof(struct frame_publish), false },
	[FRAME_NEED_KEY] = { BIT(ROLE_CORE), BIT(ROLE_HOLDER), sizeof(struct frame_need_key),
		false },
	[FRAME_STOP_ANSWER] = { BIT(ROLE_CORE), BIT(ROLE_HOLDER), sizeof(struct frame_stop_answer),
		false },
	[FRAME_UPGRADE] = { BIT(ROLE_CORE), BIT(ROLE_HOLDER), 0, false },
	[FRAME_NEED_COPY] = { BIT(ROLE_CORE), BIT(ROLE_HOLDER), 0, false },
	[FRAME_EXPEL] = { BIT(ROLE_CORE), BIT(ROLE_HOLDER), sizeof(struct frame_expel), false },
	[FRAME_RUN] = { BIT(ROLE_CORE), BIT(ROLE_HOLDER), sizeof(struct frame_run), false },
	[FRAME_TOUCH] = { BIT(ROLE_CORE), BIT(ROLE_TOUCHER), sizeof(struct frame_touch), false },
	[FRAME_TOUCHED] = { BIT(ROLE_TOUCHER), BIT(ROLE_CORE), 0, false },
	[FRAME_REQUEST] = { BIT(ROLE_API), BIT(ROLE_CORE), sizeof(struct frame_request), false },
	[FRAME_REPLY] = { BIT(ROLE_CORE), BIT(ROLE_API), sizeof(struct frame_reply), false },
	[FRAME_OCTETS] = { BIT(ROLE_API) | BIT(ROLE_CORE), BIT(ROLE_API) | BIT(ROLE_CORE),
		FRAME_OCTETS_MAX, true },
	[FRAME_IDENTIFY] = { BIT(ROLE_CORE), BIT(ROLE_ENGINE), sizeof(struct frame_container_id),
		false },
	[FRAME_CAME] = { BIT(ROLE_ENGINE), BIT(ROLE_CORE), sizeof(struct frame_came), false },
	[FRAME_WENT] = { BIT(ROLE_ENGINE), BIT(ROLE_CORE), sizeof(struct frame_went), false },
	[FRAME_UNKNOWN] = { BIT(ROLE_ENGINE), BIT(ROLE_CORE), sizeof(struct frame_container_id),
		false },
	[FRAME_ENGINE_STATE] = { BIT(ROLE_ENGINE), BIT(ROLE_CORE),
		sizeof(struct frame_engine_state), false },
	[FRAME_ASK] = { BIT(ROLE_ENGINE), BIT(ROLE_GATE), sizeof(struct frame_ask), false },
	[FRAME_ACT] = { BIT(ROLE_CORE), BIT(ROLE_GATE), sizeof(struct frame_act), false },
	[FRAME_ACTED] = { BIT(ROLE_ENGINE) | BIT(ROLE_GATE), BIT(ROLE_CORE),
		sizeof(struct frame_acted), false },
	[FRAME_NEED_ENGINE] = { BIT(ROLE_GATE), BIT(ROLE_HOLDER), sizeof(struct frame_need_engine),
		false },
};

int frame_pair(int pair[2], struct err *err)
{
	int size = CHANNEL_BUFFER;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return err_errno(err, errno, TACIT_INTERNAL, "channel");
	for (int i = 0; i < 2; i++)
		if (setsockopt(pair[i], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size))
			setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	return 0;
}

void frame_attach(struct msghdr *message, union frame_control *control, int fd)
{
	struct cmsghdr *rights;

	*control = (union frame_control){ .bytes = { 0 } };
	message->msg_control = control->bytes;
	message->msg_controllen = sizeof control->bytes;
	rights = CMSG_FIRSTHDR(message);
	*rights = (struct cmsghdr){ CMSG_LEN(sizeof fd), SOL_SOCKET, SCM_RIGHTS };
	memcpy(CMSG_DATA(rights), &fd, sizeof fd);
}

static int send_with(int channel, enum frame_type type, const void *body, size_t length, int fd,
	int flags, struct err *err)
{
	struct header header = { .type = type, .length = (uint32_t)length };
	struct iovec parts[2] = { { &header, sizeof header }, { (void *)body, length } };
	union frame_control control;
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = length ? 2 : 1 };

	if (fd >= 0)
		frame_attach(&message, &control, fd);
	while (sendmsg(channel, &message, MSG_NOSIGNAL | flags) < 0) {
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN)
			return err_set(err, TACIT_BUSY, "channel: the peer does not read");
		return err_errno(err, errno, TACIT_UNAVAILABLE, "channel");
	}
	return 0;
}

int frame_send(
	int channel, enum frame_type type, const void *body, size_t length, int fd, struct err *err)
{
	return send_with(channel, type, body, length, fd, 0, err);
}

int frame_send_now(
	int channel, enum frame_type type, const void *body, size_t length, int fd, struct err *err)
{
	return send_with(channel, type, body, length, fd, MSG_DONTWAIT, err);
}

/* The descriptor of a control message, or -1. One at most was given room for. */
static int received_descriptor(struct msghdr *message)
{
	struct cmsghdr *rights = CMSG_FIRSTHDR(message);
	int fd = -1;

	if (rights && rights->cmsg_level == SOL_SOCKET && rights->cmsg_type == SCM_RIGHTS &&
		rights->cmsg_len == CMSG_LEN(sizeof fd))
		memcpy(&fd, CMSG_DATA(rights), sizeof fd);
	return fd;
}

static bool allowed(
	const struct header *header, size_t length, int fd, enum role from, enum role to)
{
	uint32_t type = header->type;

	if (type >= FRAME_TYPES || header->length != length)
		return false;
	/* Nobody can fill another's table of descriptors with what it does not expect. */
	if (fd >= 0 && type != FRAME_GIVE)
		return false;
	if (!(frames[type].from & BIT(from)) || !(frames[type].to & BIT(to)))
		return false;
	return frames[type].octets ? length && length <= frames[type].size
				   : length == frames[type].size;
}

int frame_receive(int channel, enum role from, enum role to, struct frame *frame, struct err *err)
{
	struct header header;
	struct iovec parts[2] = { { &header, sizeof header }, { &frame->body, FRAME_BODY_MAX } };
	union frame_control control;
	struct msghdr message = { .msg_iov = parts,
		.msg_iovlen = 2,
		.msg_control = control.bytes,
		/* For one and no more: CMSG_SPACE would have room for a second one. */
		.msg_controllen = CMSG_LEN(sizeof(int)) };
	_close_ int fd = -1;
	ssize_t got;

	do
		got = recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got <= 0)
		return err_set(err, TACIT_UNAVAILABLE, "channel: %s is gone", role_name(from));
	fd = received_descriptor(&message);
	if ((size_t)got < sizeof header || (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) ||
		!allowed(&header, (size_t)got - sizeof header, fd, from, to))
		return err_set(err, TACIT_INVALID, "channel: %s sent a frame it may not send",
			role_name(from));
	frame->type = header.type;
	frame->length = header.length;
	frame->fd = take_fd(&fd);
	return 0;
}

int frame_send_octets(int channel, const void *octets, size_t length, struct err *err)
{
	const char *at = octets;

	while (length) {
		size_t part = length < FRAME_OCTETS_MAX ? length : FRAME_OCTETS_MAX;
		int status = frame_send(channel, FRAME_OCTETS, at, part, -1, err);

		if (status < 0)
			return status;
		at += part;
		length -= part;
	}
	return 0;
}

int frame_receive_octets(
	int channel, enum role from, enum role to, void *octets, size_t length, struct err *err)
{
	struct frame frame;
	char *at = octets;
	int status = 0;

	while (length) {
		status = frame_receive(channel, from, to, &frame, err);
		if (status < 0)
			break;
		if (frame.fd >= 0)
			close(frame.fd);
		if (frame.type != FRAME_OCTETS || frame.length > length) {
			status = err_set(err, TACIT_INVALID, "channel: %s broke off a body",
				role_name(from));
			break;
		}
		memcpy(at, frame.body.octets, frame.length);
		at += frame.length;
		length -= frame.length;
	}
	explicit_bzero(&frame, sizeof frame);
	return status;
}
