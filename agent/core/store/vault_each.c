/* SPDX-License-Identifier: Apache-2.0 */
/* All of a vault's records, one after the other. */
#include <string.h>

#include "core/store/integrity_state.h"
#include "core/store/records.h"

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
			struct bundle_record bundle;
			struct schedule_record schedule;
			struct hook_record hook;
			struct template_record template;
		};
		uint8_t plain[RECORDS_PLAIN_ROOM];
	} * room;
};

static int name_row(const uint8_t id[SEAL_ID_BYTES], struct err *err, int result)
{
	vault_wrap_id(err, "record", id);
	return result;
}

/* Unpack what lies in the room, and hand it on to whoever asked for its kind. */
#define DEFINE_GIVE(what)                                                                          \
	static int give_##what(                                                                    \
		struct walk *walk, const uint8_t id[SEAL_ID_BYTES], size_t used, struct err *err)  \
	{                                                                                          \
		int result;                                                                        \
                                                                                                   \
		if (!walk->visitor->on_##what)                                                     \
			return 0;                                                                  \
		result = records_unpack_##what(                                                    \
			id, walk->room->plain, used, &walk->room->what, err);                      \
		return result < 0 ? name_row(id, err, result)                                      \
				  : walk->visitor->on_##what(                                      \
					    walk->visitor->arg, &walk->room->what, err);           \
	}

DEFINE_GIVE(secret)
DEFINE_GIVE(grant)
DEFINE_GIVE(consumer)
DEFINE_GIVE(use)
DEFINE_GIVE(container)
DEFINE_GIVE(bundle)
DEFINE_GIVE(schedule)
DEFINE_GIVE(hook)
DEFINE_GIVE(template)

typedef int give_fn(
	struct walk *walk, const uint8_t id[SEAL_ID_BYTES], size_t used, struct err *err);

static give_fn *const gives[RECORD_KINDS] = {
	[RECORD_SECRET] = give_secret,
	[RECORD_GRANT] = give_grant,
	[RECORD_CONSUMER] = give_consumer,
	[RECORD_USE] = give_use,
	[RECORD_CONTAINER] = give_container,
	[RECORD_BUNDLE] = give_bundle,
	[RECORD_SCHEDULE] = give_schedule,
	[RECORD_HOOK] = give_hook,
	[RECORD_TEMPLATE] = give_template,
};

static int refuse(const struct vault *vault, const struct vault_damage *damage, struct err *err)
{
	char text[VAULT_DAMAGE_TEXT_MAX];

	vault_damage_text(damage, vault->integrity->root.generation, text);
	return err_set(err, TACIT_CORRUPT, "%s", text);
}

/* A row that is wrong: told already, or since the vault was given its key. */
static int tell(struct walk *walk, const uint8_t id[STORE_ID_BYTES], const uint8_t *bytes,
	size_t length, struct err *err)
{
	const struct vault_visitor *visitor = walk->visitor;
	struct integrity *integrity = walk->vault->integrity;
	struct vault_damage damage = { .table = STORE_RECORDS };
	int result;

	if (visitor->on_damaged && integrity_rows_find(&integrity->told, STORE_RECORDS, id))
		return 0;
	memcpy(damage.id, id, SEAL_ID_BYTES);
	damage.fault = integrity_judge(walk->vault, integrity, STORE_RECORDS, id, bytes, length);
	if (!visitor->on_damaged)
		return refuse(walk->vault, &damage, err);
	result = integrity_note(integrity, &damage, err);
	return result < 0 ? result : visitor->on_damaged(visitor->arg, &damage, err);
}

static int open_record(struct walk *walk, const uint8_t id[STORE_ID_BYTES], const uint8_t *bytes,
	size_t length, struct err *err)
{
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

static int walk_row(void *arg, const uint8_t id[STORE_ID_BYTES], const uint8_t *bytes,
	size_t length, struct err *err)
{
	struct walk *walk = arg;
	const struct vault *vault = walk->vault;

	if (integrity_is_list(id))
		return 0;
	if (integrity_row_ok(vault, STORE_RECORDS, id, bytes, length))
		return open_record(walk, id, bytes, length, err);
	return tell(walk, id, bytes, length, err);
}

/* What was found when the vault was given its key. Who does not ask for it gets it as an error,
 * but for values: those are not walked here. */
static int tell_found(struct walk *walk, struct err *err)
{
	const struct vault_visitor *visitor = walk->visitor;
	const struct integrity *integrity = walk->vault->integrity;
	int result = 0;

	for (size_t i = 0; !result && i < integrity->damage_count; i++) {
		const struct vault_damage *damage = &integrity->damages[i];

		if (visitor->on_damaged)
			result = visitor->on_damaged(visitor->arg, damage, err);
		else if (damage->table != STORE_VALUES)
			result = refuse(walk->vault, damage, err);
	}
	return result;
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
	result = tell_found(&walk, err);
	if (!result)
		result = vault->engine->each(vault->store, STORE_RECORDS, walk_row, &walk, err);
	seal_free(walk.room);
	return result;
}
