/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a vault on their way down: checked, sealed, and all of a change or none of it. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "core/store/integrity_state.h"
#include "core/store/records.h"

int vault_begin(struct vault *vault, struct err *err)
{
	int result;

	if (!vault->ring)
		return err_set(err, TACIT_LOCKED, "the store is locked");
	if (vault->changing)
		return err_set(err, TACIT_BUSY, "a change of the store is under way");
	result = integrity_begin(vault, err);
	if (!result)
		result = vault->engine->begin(vault->store, err);
	if (result < 0)
		return vault_note_change(vault, result, err);
	vault->changing = true;
	vault->change_ns = vault->clock_ns;
	return 0;
}

static int check_changing(const struct vault *vault, struct err *err)
{
	if (!vault->changing)
		return err_set(err, TACIT_INTERNAL, "no change of the store is under way");
	if (!vault->ring)
		return err_set(err, TACIT_LOCKED, "the store is locked");
	return 0;
}

/* Seal and put; *sealed is malloc'd, the caller's. */
static int put_row(struct vault *vault, enum store_table table, const uint8_t id[SEAL_ID_BYTES],
	const void *plain, size_t length, uint8_t **sealed, size_t *sealed_length, struct err *err)
{
	struct record_address address = vault_address(vault, vault->ring->active, table, id);
	const uint8_t *key = keyring_key(vault->ring, vault->ring->active);
	size_t size = record_sealed_size(length);
	uint8_t *bytes = malloc(size);
	int result;

	if (!bytes)
		return err_set(err, TACIT_LIMIT, "out of memory");
	result = record_seal(key, &address, plain, length, bytes, err);
	if (!result)
		result = integrity_put(vault, table, id, bytes, size, err);
	if (result < 0) {
		free(bytes);
		return vault_note_change(vault, result, err);
	}
	vault->written += size;
	*sealed = bytes;
	*sealed_length = size;
	return 0;
}

/* Put packed bytes if they were packed, and wipe them in either case. */
static int put_packed(struct vault *vault, int result, const uint8_t id[SEAL_ID_BYTES],
	struct pack *packed, struct err *err)
{
	uint8_t *sealed = NULL;
	size_t length;

	if (!result)
		result = check_changing(vault, err);
	if (!result)
		result = put_row(vault, STORE_RECORDS, id, packed->bytes, packed->length, &sealed,
			&length, err);
	free(sealed);
	pack_free(packed);
	return result;
}

int vault_put_secret(struct vault *vault, const struct secret_record *secret, struct err *err)
{
	struct pack packed = { .limit = RECORDS_PACKED_MAX };

	return put_packed(
		vault, records_pack_secret(secret, &packed, err), secret->id, &packed, err);
}

int vault_put_grant(struct vault *vault, const struct grant_record *grant, struct err *err)
{
	struct pack packed = { .limit = RECORDS_PACKED_MAX };

	return put_packed(vault, records_pack_grant(grant, &packed, err), grant->id, &packed, err);
}

int vault_put_consumer(struct vault *vault, const struct consumer_record *consumer, struct err *err)
{
	struct pack packed = { .limit = RECORDS_PACKED_MAX };

	return put_packed(
		vault, records_pack_consumer(consumer, &packed, err), consumer->id, &packed, err);
}

int vault_put_use(struct vault *vault, const struct use_record *use, struct err *err)
{
	struct pack packed = { .limit = RECORDS_PACKED_MAX };

	return put_packed(vault, records_pack_use(use, &packed, err), use->id, &packed, err);
}

int vault_put_bundle(struct vault *vault, const struct bundle_record *bundle, struct err *err)
{
	struct pack packed = { .limit = RECORDS_PACKED_MAX };

	return put_packed(
		vault, records_pack_bundle(bundle, &packed, err), bundle->id, &packed, err);
}

int vault_put_schedule(struct vault *vault, const struct schedule_record *schedule, struct err *err)
{
	struct pack packed = { .limit = RECORDS_PACKED_MAX };

	return put_packed(
		vault, records_pack_schedule(schedule, &packed, err), schedule->id, &packed, err);
}

int vault_put_hook(struct vault *vault, const struct hook_record *hook, struct err *err)
{
	struct pack packed = { .limit = RECORDS_PACKED_MAX };

	return put_packed(vault, records_pack_hook(hook, &packed, err), hook->id, &packed, err);
}

int vault_put_template(struct vault *vault, const struct template_record *template, struct err *err)
{
	struct pack packed = { .limit = RECORDS_PACKED_MAX };

	return put_packed(
		vault, records_pack_template(template, &packed, err), template->id, &packed, err);
}

int vault_put_container(
	struct vault *vault, const struct container_facts *container, struct err *err)
{
	struct pack packed = { .limit = RECORDS_PACKED_MAX };
	uint8_t id[SEAL_ID_BYTES];
	int result = records_container_id(container->id, id, err);

	if (!result)
		result = records_pack_container(container, &packed, err);
	return put_packed(vault, result, id, &packed, err);
}

int vault_put_clock(struct vault *vault, uint64_t realtime_ns, struct err *err)
{
	struct pack packed = { 0 };
	int result = check_changing(vault, err);

	if (result < 0 || realtime_ns <= vault->change_ns)
		return result;
	pack_u64(&packed, realtime_ns);
	if (packed.failed)
		result = err_set(err, TACIT_LIMIT, "out of memory");
	else
		result = integrity_put_meta(vault, VAULT_CLOCK, packed.bytes, packed.length, err);
	pack_free(&packed);
	if (!result)
		vault->change_ns = realtime_ns;
	return result;
}

int vault_put_value(struct vault *vault, const uint8_t value_id[SEAL_ID_BYTES], const void *plain,
	size_t length, uint8_t **sealed, size_t *sealed_length, struct err *err)
{
	int result = check_changing(vault, err);

	if (result < 0)
		return result;
	if (!length)
		return err_set(err, TACIT_INVALID, "a value has at least 1 byte");
	if (length > TACIT_VALUE_MAX)
		return err_set(
			err, TACIT_TOO_LARGE, "a value has at most %u bytes", TACIT_VALUE_MAX);
	return put_row(vault, STORE_VALUES, value_id, plain, length, sealed, sealed_length, err);
}

static int remove_row(struct vault *vault, enum store_table table, const uint8_t id[SEAL_ID_BYTES],
	struct err *err)
{
	int result = check_changing(vault, err);

	return result < 0 ? result : integrity_remove(vault, table, id, err);
}

int vault_remove_secret(struct vault *vault, const uint8_t id[SEAL_ID_BYTES], struct err *err)
{
	return remove_row(vault, STORE_RECORDS, id, err);
}

int vault_remove_consumer(struct vault *vault, const uint8_t id[SEAL_ID_BYTES], struct err *err)
{
	return remove_row(vault, STORE_RECORDS, id, err);
}

int vault_remove_use(struct vault *vault, const uint8_t id[SEAL_ID_BYTES], struct err *err)
{
	return remove_row(vault, STORE_RECORDS, id, err);
}

int vault_remove_bundle(struct vault *vault, const uint8_t id[SEAL_ID_BYTES], struct err *err)
{
	return remove_row(vault, STORE_RECORDS, id, err);
}

int vault_remove_schedule(struct vault *vault, const uint8_t id[SEAL_ID_BYTES], struct err *err)
{
	return remove_row(vault, STORE_RECORDS, id, err);
}

int vault_remove_hook(struct vault *vault, const uint8_t id[SEAL_ID_BYTES], struct err *err)
{
	return remove_row(vault, STORE_RECORDS, id, err);
}

int vault_remove_template(struct vault *vault, const uint8_t id[SEAL_ID_BYTES], struct err *err)
{
	return remove_row(vault, STORE_RECORDS, id, err);
}

int vault_remove_container(struct vault *vault, const char *container_id, struct err *err)
{
	uint8_t id[SEAL_ID_BYTES];
	int result = records_container_id(container_id, id, err);

	return result < 0 ? result : remove_row(vault, STORE_RECORDS, id, err);
}

int vault_remove_value(struct vault *vault, const uint8_t value_id[SEAL_ID_BYTES], struct err *err)
{
	return remove_row(vault, STORE_VALUES, value_id, err);
}

/* The commit before it is durable either way: a checkpoint that fails leaves a longer log, and is
 * tried again after as much has been written again. */
static void checkpoint(struct vault *vault)
{
	struct err err;
	int result = vault->engine->checkpoint(vault->store, &err);

	vault->written = 0;
	if (result < 0 && result != -TACIT_BUSY)
		log_warning("move the log into the store: %s", err.text);
}

int vault_commit(struct vault *vault, struct err *err)
{
	int result = check_changing(vault, err);

	if (!result)
		result = integrity_commit(vault, err);
	vault_note_change(vault, result, err);
	if (result < 0)
		return result;
	vault->changing = false;
	vault->clock_ns = vault->change_ns;
	if (vault->written >= VAULT_CHECKPOINT_BYTES)
		checkpoint(vault);
	return 0;
}

void vault_rollback(struct vault *vault)
{
	if (!vault->changing)
		return;
	vault->engine->rollback(vault->store);
	integrity_rollback(vault);
	vault->changing = false;
}
