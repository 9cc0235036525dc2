/* SPDX-License-Identifier: Apache-2.0 */
/* All of a vault's records, one after the other. */
#include "core/store/records.h"
#include "core/store/vault_state.h"

/* A walk: what to call, and locked memory for one record at a time. */
struct walk {
	struct vault *vault;
	const struct vault_visitor *visitor;
	struct walk_room {
		union {
			struct secret_record secret;
			struct grant_record grant;
			struct consumer_record consumer;
			struct use_record use;
			struct container_facts container;
		};
		uint8_t plain[RECORDS_PLAIN_ROOM];
	} * room;
};

static int name_row(const uint8_t id[SEAL_ID_BYTES], struct err *err, int result)
{
	vault_wrap_id(err, "record", id);
	return result;
}

static int give_secret(
	struct walk *walk, const uint8_t id[SEAL_ID_BYTES], size_t used, struct err *err)
{
	struct secret_record *secret = &walk->room->secret;
	int result;

	if (!walk->visitor->on_secret)
		return 0;
	result = records_unpack_secret(id, walk->room->plain, used, secret, err);
	return result < 0 ? name_row(id, err, result)
			  : walk->visitor->on_secret(walk->visitor->arg, secret, err);
}

static int give_grant(
	struct walk *walk, const uint8_t id[SEAL_ID_BYTES], size_t used, struct err *err)
{
	struct grant_record *grant = &walk->room->grant;
	int result;

	if (!walk->visitor->on_grant)
		return 0;
	result = records_unpack_grant(id, walk->room->plain, used, grant, err);
	return result < 0 ? name_row(id, err, result)
			  : walk->visitor->on_grant(walk->visitor->arg, grant, err);
}

static int give_consumer(
	struct walk *walk, const uint8_t id[SEAL_ID_BYTES], size_t used, struct err *err)
{
	struct consumer_record *consumer = &walk->room->consumer;
	int result;

	if (!walk->visitor->on_consumer)
		return 0;
	result = records_unpack_consumer(id, walk->room->plain, used, consumer, err);
	return result < 0 ? name_row(id, err, result)
			  : walk->visitor->on_consumer(walk->visitor->arg, consumer, err);
}

static int give_use(
	struct walk *walk, const uint8_t id[SEAL_ID_BYTES], size_t used, struct err *err)
{
	struct use_record *use = &walk->room->use;
	int result;

	if (!walk->visitor->on_use)
		return 0;
	result = records_unpack_use(id, walk->room->plain, used, use, err);
	return result < 0 ? name_row(id, err, result)
			  : walk->visitor->on_use(walk->visitor->arg, use, err);
}

static int give_container(
	struct walk *walk, const uint8_t id[SEAL_ID_BYTES], size_t used, struct err *err)
{
	struct container_facts *container = &walk->room->container;
	int result;

	if (!walk->visitor->on_container)
		return 0;
	result = records_unpack_container(id, walk->room->plain, used, container, err);
	return result < 0 ? name_row(id, err, result)
			  : walk->visitor->on_container(walk->visitor->arg, container, err);
}

typedef int give_fn(
	struct walk *walk, const uint8_t id[SEAL_ID_BYTES], size_t used, struct err *err);

static give_fn *const gives[RECORD_KINDS] = {
	[RECORD_SECRET] = give_secret,
	[RECORD_GRANT] = give_grant,
	[RECORD_CONSUMER] = give_consumer,
	[RECORD_USE] = give_use,
	[RECORD_CONTAINER] = give_container,
};

static int walk_row(void *arg, const uint8_t id[STORE_ID_BYTES], const uint8_t *bytes,
	size_t length, struct err *err)
{
	struct walk *walk = arg;
	struct walk_room *room = walk->room;
	uint8_t kind;
	size_t used;
	int result;

	if (record_padded_size(length) > sizeof room->plain)
		return name_row(id, err, err_set(err, TACIT_CORRUPT, "longer than any record"));
	result = vault_open_row(walk->vault, STORE_RECORDS, id, bytes, length, room->plain,
		sizeof room->plain, &used, err);
	if (result < 0)
		return name_row(id, err, result);
	kind = records_kind(room->plain, used);
	if (!kind)
		return name_row(id, err, err_set(err, TACIT_CORRUPT, "a record of no kind"));
	if (kind >= RECORD_KINDS)
		return name_row(id, err,
			err_set(err, TACIT_NEWER, "record of kind %u; this tacit knows up to %u",
				kind, RECORD_KINDS - 1));
	return gives[kind](walk, id, used, err);
}

int vault_each(struct vault *vault, const struct vault_visitor *visitor, struct err *err)
{
	struct walk walk = { .vault = vault, .visitor = visitor };
	int result;

	if (!vault->ring)
		return err_set(err, TACIT_LOCKED, "the store is locked");
	walk.room = seal_alloc(sizeof *walk.room);
	if (!walk.room)
		return err_set(err, TACIT_LIMIT, "no memory can be locked");
	result = vault->engine->each(vault->store, STORE_RECORDS, walk_row, &walk, err);
	seal_free(walk.room);
	return result;
}
