/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets a place in the table of connections, who is an operator, and when places end. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "api/clients.h"
#include "api/peer.h"

#define NOW 1000000000000u

static struct clients *clients;

static int make_table(void **state)
{
	(void)state;
	clients = calloc(1, sizeof *clients);
	return !clients;
}

static int free_table(void **state)
{
	(void)state;
	free(clients);
	return 0;
}

/* Admit `count` of a user; how many of them are served. */
static int admit(int count, uid_t uid)
{
	int served = 0;

	for (int i = 0; i < count; i++) {
		const struct client *client = clients_admit(clients, -1, uid, true, NOW);

		served += client && client->refusal == TACIT_OK;
	}
	return served;
}

static void test_a_user_has_a_share(void **state)
{
	struct client *client;

	(void)state;
	assert_int_equal(admit(CLIENTS_PER_USER, 1000), CLIENTS_PER_USER);
	client = clients_admit(clients, -1, 1000, true, NOW);
	assert_non_null(client);
	assert_int_equal(client->refusal, TACIT_LIMIT);
	assert_int_equal(admit(CLIENTS_PER_USER, 1001), CLIENTS_PER_USER);
	assert_int_equal(admit(CLIENTS_PER_ROOT + 1, 0), CLIENTS_PER_ROOT);
}

static void test_a_place_that_is_left_is_given_again(void **state)
{
	struct client *client;

	(void)state;
	client = clients_admit(clients, -1, 1000, true, NOW);
	assert_int_equal(admit(CLIENTS_PER_USER, 1000), CLIENTS_PER_USER - 1);
	clients_release(client);
	assert_false(client->taken);
	assert_int_equal(admit(1, 1000), 1);
}

static void test_a_place_is_kept_for_root(void **state)
{
	int served = 0;

	(void)state;
	for (uid_t uid = 1000; uid < 1100; uid++)
		served += admit(1, uid);
	assert_int_equal(served, CLIENTS_SERVED - CLIENTS_ROOT_KEPT);
	assert_int_equal(admit(CLIENTS_ROOT_KEPT, 0), CLIENTS_ROOT_KEPT);
	assert_int_equal(admit(1, 0), 0);
}

static void test_who_is_turned_away_is_told_from_few_places(void **state)
{
	(void)state;
	for (int i = 0; i < CLIENTS_TURNED_AWAY; i++) {
		struct client *client = clients_admit(clients, -1, 1000, false, NOW);

		assert_non_null(client);
		assert_int_equal(client->refusal, TACIT_DENIED);
		assert_true(client->deadline == NOW + CLIENT_TURNED_AWAY_NS);
	}
	assert_null(clients_admit(clients, -1, 1000, false, NOW));
	/* And that costs no operator a place. */
	for (uid_t uid = 2000; uid < 2000 + CLIENTS_SERVED - CLIENTS_ROOT_KEPT; uid++)
		assert_int_equal(admit(1, uid), 1);
	assert_int_equal(admit(1, 0), 1);
}

static void test_a_deadline_ends_the_connection(void **state)
{
	int early[2], late[2];
	char byte;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, early), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, late), 0);
	assert_true(clients_next_deadline(clients) == CLIENT_NO_DEADLINE);
	clients_admit(clients, late[0], 0, true, NOW + 1);
	clients_admit(clients, early[0], 0, true, NOW);
	assert_true(clients_next_deadline(clients) == NOW + CLIENT_DEADLINE_NS);
	clients_sweep(clients, NOW + CLIENT_DEADLINE_NS - 1);
	assert_int_equal(recv(early[1], &byte, 1, 0), -1);
	clients_sweep(clients, NOW + CLIENT_DEADLINE_NS);
	assert_int_equal(recv(early[1], &byte, 1, 0), 0);
	assert_int_equal(recv(late[1], &byte, 1, 0), -1);
	assert_true(clients_next_deadline(clients) == NOW + 1 + CLIENT_DEADLINE_NS);
	for (int i = 0; i < 2; i++) {
		close(early[i]);
		close(late[i]);
	}
}

static void test_bodies_are_counted_together(void **state)
{
	struct client *one = clients_admit(clients, -1, 0, true, NOW);
	struct client *two = clients_admit(clients, -1, 0, true, NOW);

	(void)state;
	one->exchange.body.limit = two->exchange.body.limit = 1000;
	exchange_take(&one->exchange, "0123456789", 10, 100);
	exchange_take(&two->exchange, "0123456789", 10, 100);
	assert_true(clients_body_bytes(clients) >= 20);
	/* No more room than that: nothing of it is kept. */
	exchange_take(&two->exchange, "0123456789", 10, 9);
	assert_true(two->exchange.no_room);
	assert_int_equal(two->exchange.body.length, 0);
	exchange_take(&two->exchange, "0123456789", 10, 100);
	assert_int_equal(two->exchange.body.length, 0);
	assert_false(two->exchange.over_limit);
	clients_release(one);
	clients_release(two);
	assert_int_equal(clients_body_bytes(clients), 0);
}

static void test_who_is_an_operator(void **state)
{
	static const gid_t groups[] = { 100, 27, 999 };
	static const struct {
		uid_t uid;
		gid_t gid;
		size_t groups;
		gid_t operators;
		bool want;
	} cases[] = {
		{ 0, 0, 0, 999, true },
		{ 0, 0, 0, PEER_NO_GROUP, true },
		{ 1000, 999, 0, 999, true },
		{ 1000, 1000, 3, 999, true },
		{ 1000, 1000, 2, 999, false },
		{ 1000, 1000, 3, 998, false },
		{ 1000, 0, 0, 999, false },
		{ 999, 1000, 0, 999, false },
		{ 1000, 999, 3, PEER_NO_GROUP, false },
		/* "No group" is a number too, and nobody's. */
		{ 1000, PEER_NO_GROUP, 0, PEER_NO_GROUP, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(peer_is_operator(cases[i].uid, cases[i].gid, groups,
					 cases[i].groups, cases[i].operators),
			cases[i].want);
}

static void test_the_kernel_is_asked_who_is_there(void **state)
{
	struct peer peer;
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(peer_read(pair[0], getgid(), &peer, NULL), 0);
	assert_int_equal(peer.uid, getuid());
	assert_true(peer.is_operator);
	close(pair[0]);
	close(pair[1]);
	assert_true(peer_read(pair[0], getgid(), &peer, NULL) < 0);
	assert_int_equal(peer_group("root"), 0);
	assert_int_equal(peer_group("no-such-group-here"), PEER_NO_GROUP);
}

#define table_test(test) cmocka_unit_test_setup_teardown(test, make_table, free_table)

int main(void)
{
	const struct CMUnitTest tests[] = {
		table_test(test_a_user_has_a_share),
		table_test(test_a_place_that_is_left_is_given_again),
		table_test(test_a_place_is_kept_for_root),
		table_test(test_who_is_turned_away_is_told_from_few_places),
		table_test(test_a_deadline_ends_the_connection),
		table_test(test_bodies_are_counted_together),
		cmocka_unit_test(test_who_is_an_operator),
		cmocka_unit_test(test_the_kernel_is_asked_who_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
