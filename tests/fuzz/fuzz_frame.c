/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as what another role sent: the first two are who it is and who we are. What is received
 * has the size that its type has, and was sent by who may. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check(const struct frame *frame, enum role from, enum role to, size_t sent)
{
	require(frame->type > 0 && frame->type < FRAME_TYPES);
	require(frame->length <= FRAME_BODY_MAX && frame->length + 8 == sent);
	require(frame->fd == -1);
	if (to == ROLE_CORE)
		require(from == ROLE_HOLDER || frame->type == FRAME_REQUEST ||
			frame->type == FRAME_OCTETS || frame->type == FRAME_TOUCHED ||
			(from == ROLE_CORE && frame->type == FRAME_GIVE) || from == ROLE_ENGINE ||
			(from == ROLE_GATE &&
				(frame->type == FRAME_ACTED || frame->type == FRAME_GIVE)));
	if (frame->type == FRAME_RUN || frame->type == FRAME_ACT)
		require(from == ROLE_CORE &&
			to == (frame->type == FRAME_RUN ? ROLE_HOLDER : ROLE_GATE));
	if (frame->type == FRAME_RAN)
		require(from == ROLE_HOLDER && to == ROLE_CORE);
	if (frame->type == FRAME_REQUEST)
		require(from == ROLE_API && frame->length == sizeof(struct frame_request));
	if (frame->type == FRAME_TOUCH)
		require(from == ROLE_CORE && to == ROLE_TOUCHER);
}

static void receive(int pair[2], const uint8_t *bytes, size_t length, enum role from, enum role to)
{
	static struct frame frame;
	int status;

	if (write(pair[0], bytes, length) != (ssize_t)length)
		return;
	status = frame_receive(pair[1], from, to, &frame, NULL);
	if (status == 0)
		check(&frame, from, to, length);
	else
		require(status == -TACIT_INVALID);
}

/* The same bytes as a body of `wanted` octets. */
static void receive_octets(
	int pair[2], const uint8_t *bytes, size_t length, enum role from, enum role to)
{
	size_t wanted = 1 + bytes[0] * 257u;
	uint8_t *octets = malloc(wanted); /* of exactly that size: a write beyond it is caught */

	for (int i = 0; i < 2; i++)
		if (write(pair[0], bytes, length) != (ssize_t)length)
			break;
	shutdown(pair[0], SHUT_WR);
	if (octets)
		frame_receive_octets(pair[1], from, to, octets, wanted, NULL);
	free(octets);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	enum role from, to;
	int pair[2];

	if (length < 3 || length > FRAME_BODY_MAX + 16)
		return -1;
	from = (enum role)(bytes[0] % ROLES);
	to = (enum role)(bytes[1] % ROLES);
	if (frame_pair(pair, NULL))
		abort();
	receive(pair, bytes + 2, length - 2, from, to);
	receive_octets(pair, bytes + 2, length - 2, from, to);
	close(pair[0]);
	close(pair[1]);
	return 0;
}
