/* SPDX-License-Identifier: Apache-2.0 */
#include "api/clients.h"

#include <string.h>
#include <sys/socket.h>

static size_t count(const struct clients *clients, bool served, bool all_users, uid_t uid)
{
	size_t total = 0;

	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		const struct client *client = &clients->all[i];

		if (client->taken && (client->refusal == TACIT_OK) == served &&
			(all_users || client->uid == uid))
			total++;
	}
	return total;
}

static bool may_be_served(const struct clients *clients, uid_t uid)
{
	size_t share = uid ? CLIENTS_PER_USER : CLIENTS_PER_ROOT;
	size_t places = uid ? CLIENTS_SERVED - CLIENTS_ROOT_KEPT : CLIENTS_SERVED;

	return count(clients, true, false, uid) < share && count(clients, true, true, 0) < places;
}

struct client *clients_admit(
	struct clients *clients, int fd, uid_t uid, bool is_operator, uint64_t now)
{
	enum tacit_code refusal = TACIT_OK;
	uint64_t patience = CLIENT_DEADLINE_NS;

	if (!is_operator)
		refusal = TACIT_DENIED;
	else if (!may_be_served(clients, uid))
		refusal = TACIT_LIMIT;
	if (refusal != TACIT_OK) {
		if (count(clients, false, true, 0) == CLIENTS_TURNED_AWAY)
			return NULL;
		patience = CLIENT_TURNED_AWAY_NS;
	}
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		struct client *client = &clients->all[i];

		if (client->taken)
			continue;
		*client = (struct client){ .taken = true,
			.fd = fd,
			.uid = uid,
			.refusal = refusal,
			.deadline = now + patience };
		return client;
	}
	return NULL;
}

void clients_release(struct client *client)
{
	exchange_end(&client->exchange);
	*client = (struct client){ .fd = -1 };
}

void clients_sweep(struct clients *clients, uint64_t now)
{
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		struct client *client = &clients->all[i];

		if (!client->taken || client->deadline > now)
			continue;
		shutdown(client->fd, SHUT_RDWR);
		client->deadline = CLIENT_NO_DEADLINE; /* once is enough */
	}
}

uint64_t clients_next_deadline(const struct clients *clients)
{
	uint64_t earliest = CLIENT_NO_DEADLINE;

	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (clients->all[i].taken && clients->all[i].deadline < earliest)
			earliest = clients->all[i].deadline;
	return earliest;
}

size_t clients_body_bytes(const struct clients *clients)
{
	size_t total = 0;

	for (size_t i = 0; i < CLIENTS_MAX; i++)
		total += clients->all[i].exchange.body.room + clients->all[i].exchange.grown;
	return total;
}
