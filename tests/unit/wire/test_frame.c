/* SPDX-License-Identifier: Apache-2.0 */
/* Who may send which frame, and what is refused: every type from every role to every role, every
 * length around the right one, descriptors, bodies in pieces. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "wire/frame.h"

/* The header of a frame, as its bytes. */
struct head {
	uint32_t type, length;
};

#define H (1u << ROLE_HOLDER)
#define C (1u << ROLE_CORE)
#define T (1u << ROLE_TOUCHER)
#define A (1u << ROLE_API)
#define E (1u << ROLE_ENGINE)
#define G (1u << ROLE_GATE)

/* The table again, by hand: what core may be told by whom is decided here, not derived. */
static const struct {
	enum frame_type type;
	unsigned int from, to;
	size_t size;
} rows[] = {
	{ FRAME_GIVE, H | C | G, H | C | T | A | E | G, sizeof(struct frame_give) },
	{ FRAME_GO, H, C | T | A | E | G, 0 },
	{ FRAME_PING, H, C | T | A | E | G, 0 },
	{ FRAME_STOP, H, C, sizeof(struct frame_stop) },
	{ FRAME_UPGRADE_FAILED, H, C, sizeof(struct frame_text) },
	{ FRAME_RAN, H, C, sizeof(struct frame_ran) },
	{ FRAME_READY, C | T | A | E | G, H, 0 },
	{ FRAME_PONG, C | T | A | E | G, H, 0 },
	{ FRAME_PUBLISH, C, H, sizeof(struct frame_publish) },
	{ FRAME_NEED_KEY, C, H, sizeof(struct frame_need_key) },
	{ FRAME_STOP_ANSWER, C, H, sizeof(struct frame_stop_answer) },
	{ FRAME_UPGRADE, C, H, 0 },
	{ FRAME_NEED_COPY, C, H, 0 },
	{ FRAME_EXPEL, C, H, sizeof(struct frame_expel) },
	{ FRAME_RUN, C, H, sizeof(struct frame_run) },
	{ FRAME_TOUCH, C, T, sizeof(struct frame_touch) },
	{ FRAME_TOUCHED, T, C, 0 },
	{ FRAME_REQUEST, A, C, sizeof(struct frame_request) },
	{ FRAME_REPLY, C, A, sizeof(struct frame_reply) },
	{ FRAME_OCTETS, A | C, A | C, FRAME_OCTETS_MAX },
	{ FRAME_IDENTIFY, C, E, sizeof(struct frame_container_id) },
	{ FRAME_CAME, E, C, sizeof(struct frame_came) },
	{ FRAME_WENT, E, C, sizeof(struct frame_went) },
	{ FRAME_UNKNOWN, E, C, sizeof(struct frame_container_id) },
	{ FRAME_ENGINE_STATE, E, C, sizeof(struct frame_engine_state) },
	{ FRAME_ASK, E, G, sizeof(struct frame_ask) },
	{ FRAME_ACT, C, G, sizeof(struct frame_act) },
	{ FRAME_ACTED, E | G, C, sizeof(struct frame_acted) },
	{ FRAME_NEED_ENGINE, G, H, sizeof(struct frame_need_engine) },
};

static int pair[2];

static int set_up(void **state)
{
	(void)state;
	return frame_pair(pair, NULL);
}

static int tear_down(void **state)
{
	(void)state;
	close(pair[0]);
	close(pair[1]);
	return 0;
}

/* `length` bytes of body under a header that says `type` and `says`. */
static void send_raw(uint32_t type, uint32_t says, size_t length)
{
	char *message = calloc(1, sizeof(struct head) + length);
	struct head head = { type, says };

	assert_non_null(message);
	memcpy(message, &head, sizeof head);
	assert_int_equal(write(pair[0], message, sizeof head + length), sizeof head + length);
	free(message);
}

static int receive(enum role from, enum role to)
{
	static struct frame frame;
	int status = frame_receive(pair[1], from, to, &frame, NULL);

	if (status == 0)
		assert_int_equal(frame.fd, -1);
	return status;
}

static void a_role_sends_what_its_table_says(void **state)
{
	(void)state;
	assert_int_equal(sizeof rows / sizeof *rows, FRAME_TYPES - 1);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_true(rows[i].size <= FRAME_BODY_MAX);
		for (int from = 0; from < ROLES; from++)
			for (int to = 0; to < ROLES; to++) {
				bool may = rows[i].from & 1u << from && rows[i].to & 1u << to;
				int status;

				send_raw(rows[i].type, (uint32_t)rows[i].size, rows[i].size);
				status = receive((enum role)from, (enum role)to);
				if (status != (may ? 0 : -TACIT_INVALID))
					fail_msg("type %d from %s to %s: %d", rows[i].type,
						role_name((enum role)from),
						role_name((enum role)to), status);
			}
	}
}

static enum role first_of(unsigned int set)
{
	return (enum role)__builtin_ctz(set);
}

static void a_body_has_exactly_its_length(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		enum role from = first_of(rows[i].from), to = first_of(rows[i].to);
		uint32_t size = (uint32_t)rows[i].size;
		bool octets = rows[i].type == FRAME_OCTETS;

		send_raw(rows[i].type, size + 1, size + 1);
		assert_int_equal(receive(from, to), -TACIT_INVALID);
		send_raw(rows[i].type, size, size + 1);
		assert_int_equal(receive(from, to), -TACIT_INVALID);
		send_raw(rows[i].type, size + 1, size);
		assert_int_equal(receive(from, to), -TACIT_INVALID);
		send_raw(rows[i].type, UINT32_MAX, size);
		assert_int_equal(receive(from, to), -TACIT_INVALID);
		if (!size)
			continue;
		send_raw(rows[i].type, size - 1, size - 1);
		assert_int_equal(receive(from, to), octets ? 0 : -TACIT_INVALID);
		send_raw(rows[i].type, size, size - 1);
		assert_int_equal(receive(from, to), -TACIT_INVALID);
		send_raw(rows[i].type, 0, 0);
		assert_int_equal(receive(from, to), -TACIT_INVALID);
	}
}

static void what_is_no_frame_is_refused(void **state)
{
	static const uint32_t types[] = { 0, FRAME_TYPES, FRAME_TYPES + 1, 1u << 31, UINT32_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		for (int from = 0; from < ROLES; from++) {
			send_raw(types[i], 0, 0);
			assert_int_equal(receive((enum role)from, ROLE_CORE), -TACIT_INVALID);
		}
	for (size_t length = 1; length < sizeof(struct head); length++) {
		assert_int_equal(write(pair[0], "\2\0\0\0\0\0\0\0", length), length);
		assert_int_equal(receive(ROLE_HOLDER, ROLE_CORE), -TACIT_INVALID);
	}
	/* Longer than there is room for: cut off by the kernel. */
	send_raw(FRAME_OCTETS, FRAME_OCTETS_MAX, FRAME_OCTETS_MAX + 1);
	assert_int_equal(receive(ROLE_API, ROLE_CORE), -TACIT_INVALID);
	send_raw(FRAME_OCTETS, FRAME_OCTETS_MAX, FRAME_OCTETS_MAX);
	assert_int_equal(receive(ROLE_API, ROLE_CORE), 0);
	close(pair[0]);
	pair[0] = -1;
	assert_int_equal(receive(ROLE_HOLDER, ROLE_CORE), -TACIT_UNAVAILABLE);
}

static bool same_file(int a, int b)
{
	struct stat first, second;

	return !fstat(a, &first) && !fstat(b, &second) && first.st_dev == second.st_dev &&
	       first.st_ino == second.st_ino;
}

static unsigned int open_descriptors(void)
{
	unsigned int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void a_descriptor_goes_with_a_frame(void **state)
{
	struct frame_give give = { .what = GIVE_DEVICE, .index = 3 };
	unsigned int before = open_descriptors();
	struct frame frame;
	struct err err;

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(
			frame_send(pair[0], FRAME_GIVE, &give, sizeof give, STDERR_FILENO, &err),
			0);
		assert_int_equal(frame_receive(pair[1], ROLE_HOLDER, ROLE_CORE, &frame, &err), 0);
		assert_int_equal(frame.type, FRAME_GIVE);
		assert_int_equal(frame.length, sizeof give);
		assert_memory_equal(&frame.body.give, &give, sizeof give);
		assert_true(same_file(frame.fd, STDERR_FILENO));
		assert_int_equal(fcntl(frame.fd, F_GETFD), FD_CLOEXEC);
		close(frame.fd);
	}
	/* With a frame that is refused it is closed; and only a gift brings one. */
	assert_int_equal(
		frame_send(pair[0], FRAME_GIVE, &give, sizeof give, STDERR_FILENO, &err), 0);
	assert_int_equal(frame_receive(pair[1], ROLE_API, ROLE_CORE, &frame, &err), -TACIT_INVALID);
	assert_int_equal(frame_send(pair[0], FRAME_PING, NULL, 0, STDERR_FILENO, &err), 0);
	assert_int_equal(
		frame_receive(pair[1], ROLE_HOLDER, ROLE_CORE, &frame, &err), -TACIT_INVALID);
	assert_int_equal(open_descriptors(), before);
}

static void more_than_one_descriptor_is_refused(void **state)
{
	struct head head = { FRAME_PING, 0 };
	struct iovec part = { &head, sizeof head };
	int fds[3] = { STDERR_FILENO, STDERR_FILENO, STDERR_FILENO };
	unsigned int before = open_descriptors();
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof fds)];
	} control = { .bytes = { 0 } };
	struct msghdr message = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof control.bytes };
	struct cmsghdr *rights = CMSG_FIRSTHDR(&message);

	(void)state;
	for (size_t count = 2; count <= 3; count++) {
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
		*rights = (struct cmsghdr){ CMSG_LEN(count * sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
		memcpy(CMSG_DATA(rights), fds, count * sizeof(int));
		assert_int_equal(sendmsg(pair[0], &message, 0), sizeof head);
		assert_int_equal(receive(ROLE_HOLDER, ROLE_CORE), -TACIT_INVALID);
		assert_int_equal(open_descriptors(), before);
	}
}

static void a_body_goes_in_pieces(void **state)
{
	static const size_t lengths[] = { 0, 1, FRAME_OCTETS_MAX - 1, FRAME_OCTETS_MAX,
		FRAME_OCTETS_MAX + 1, 3 * FRAME_OCTETS_MAX };
	static uint8_t octets[3 * FRAME_OCTETS_MAX], got[3 * FRAME_OCTETS_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof octets; i++)
		octets[i] = (uint8_t)(i * 7 + i / 256);
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		struct err err;

		memset(got, 0xaa, sizeof got);
		assert_int_equal(frame_send_octets(pair[0], octets, lengths[i], &err), 0);
		assert_int_equal(
			frame_receive_octets(pair[1], ROLE_API, ROLE_CORE, got, lengths[i], &err),
			0);
		assert_memory_equal(got, octets, lengths[i]);
		assert_int_equal(got[lengths[i]], 0xaa);
	}
}

static void a_body_that_is_longer_or_broken_off_is_refused(void **state)
{
	struct frame_request request = { 0 };
	uint8_t got[100] = { 0 };
	struct err err;

	(void)state;
	assert_int_equal(frame_send_octets(pair[0], got, 51, &err), 0);
	assert_int_equal(
		frame_receive_octets(pair[1], ROLE_API, ROLE_CORE, got, 50, &err), -TACIT_INVALID);
	assert_int_equal(frame_send_octets(pair[0], got, 50, &err), 0);
	assert_int_equal(frame_send(pair[0], FRAME_REQUEST, &request, sizeof request, -1, &err), 0);
	assert_int_equal(
		frame_receive_octets(pair[1], ROLE_API, ROLE_CORE, got, 100, &err), -TACIT_INVALID);
	assert_int_equal(frame_send_octets(pair[0], got, 50, &err), 0);
	assert_int_equal(frame_receive_octets(pair[1], ROLE_TOUCHER, ROLE_CORE, got, 50, &err),
		-TACIT_INVALID);
	assert_int_equal(frame_send_octets(pair[0], got, 50, &err), 0);
	close(pair[0]);
	pair[0] = -1;
	assert_int_equal(frame_receive_octets(pair[1], ROLE_API, ROLE_CORE, got, 100, &err),
		-TACIT_UNAVAILABLE);
}

static void a_peer_that_is_gone_or_does_not_read_is_told_apart(void **state)
{
	static uint8_t octets[FRAME_OCTETS_MAX];
	unsigned int sent = 0;
	struct err err;
	int status;

	(void)state;
	while (!(status = frame_send_now(pair[0], FRAME_OCTETS, octets, sizeof octets, -1, &err)))
		assert_true(sent++ < 100000);
	assert_int_equal(status, -TACIT_BUSY);
	assert_true(sent >= 2);
	close(pair[1]);
	pair[1] = -1;
	assert_int_equal(frame_send(pair[0], FRAME_PING, NULL, 0, -1, &err), -TACIT_UNAVAILABLE);
}

static void every_role_has_a_name(void **state)
{
	(void)state;
	for (int a = 0; a < ROLES; a++)
		for (int b = 0; b <= a; b++)
			assert_int_equal(
				!strcmp(role_name((enum role)a), role_name((enum role)b)), a == b);
	assert_string_equal(role_name(ROLES), "nobody");
	assert_string_equal(role_name((enum role) - 1), "nobody");
}

#define with_pair(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_pair(a_role_sends_what_its_table_says),
		with_pair(a_body_has_exactly_its_length),
		with_pair(what_is_no_frame_is_refused),
		with_pair(a_descriptor_goes_with_a_frame),
		with_pair(more_than_one_descriptor_is_refused),
		with_pair(a_body_goes_in_pieces),
		with_pair(a_body_that_is_longer_or_broken_off_is_refused),
		with_pair(a_peer_that_is_gone_or_does_not_read_is_told_apart),
		cmocka_unit_test(every_role_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
