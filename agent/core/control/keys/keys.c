/* SPDX-License-Identifier: Apache-2.0 */
#include "core/control/keys/keys.h"

#include "base/clock.h"
#include "seal/keyfile.h"
#include "seal/recovery.h"
#include "seal/transit.h"

#define WRONG_KEYS_FREE 3 /* of a person who mistypes: those after them wait */
#define WAIT_FIRST_NS 1000000000ull
#define WAIT_LONGEST_NS (60 * WAIT_FIRST_NS)

int keys_take(struct call *call, const char *context, struct keys_given *given, struct err *err)
{
	const struct handover_keys *keys = call->core->keys;

	*given = (struct keys_given){ .kind = (enum key_kind)call->request->key_kind };
	if (!call->request->body_length)
		return 0;
	/* A key that nobody says the kind of is a key file: there was no other once. */
	if (!given->kind)
		given->kind = KEY_OF_FILE;
	return transit_open(keys->transit_public, keys->transit_secret, context, call->body,
		call->request->body_length, &given->bytes, &given->length, err);
}

void keys_drop(struct keys_given *given)
{
	seal_free(given->bytes);
	*given = (struct keys_given){ 0 };
}

/* TACIT_BUSY while it is too early for another one. */
static int check_patience(const struct handover *handover, struct err *err)
{
	uint64_t now = clock_boottime_ns(), until = atomic_load(&handover->not_before_ns);

	if (now >= until)
		return 0;
	return err_set(err, TACIT_BUSY, "too many wrong keys: try again in %llu s",
		(unsigned long long)((until - now + WAIT_FIRST_NS - 1) / WAIT_FIRST_NS));
}

static uint64_t wait_after(uint32_t wrong)
{
	uint64_t wait = WAIT_FIRST_NS;

	if (wrong < WRONG_KEYS_FREE)
		return 0;
	for (uint32_t i = WRONG_KEYS_FREE; i < wrong && wait < WAIT_LONGEST_NS; i++)
		wait *= 2;
	return wait < WAIT_LONGEST_NS ? wait : WAIT_LONGEST_NS;
}

static void begin_wait(struct handover *handover)
{
	uint64_t wait = wait_after(atomic_load(&handover->wrong_keys));

	if (wait)
		atomic_store(&handover->not_before_ns, clock_boottime_ns() + wait);
}

/* Before it is tried: a core that dies over a key has tried it. */
static void count_wrong(struct handover *handover)
{
	uint32_t wrong = atomic_load(&handover->wrong_keys);

	if (wrong < UINT32_MAX)
		atomic_store(&handover->wrong_keys, wrong + 1);
	begin_wait(handover);
}

static void count_right(struct handover *handover)
{
	atomic_store(&handover->wrong_keys, 0);
	atomic_store(&handover->not_before_ns, 0);
}

/* The key of a copy is no guess, and whoever has a copy and its key has not got the store's. */
static void count_neither(struct handover *handover, uint32_t wrong, uint64_t not_before_ns)
{
	atomic_store(&handover->wrong_keys, wrong);
	atomic_store(&handover->not_before_ns, not_before_ns);
}

/* The text that an operator gave, as a key. What cannot be one is not tried. */
static int parse_given(const struct keys_given *given, uint8_t *key, struct err *err)
{
	uint8_t secret[RECOVERY_SECRET_BYTES];
	int status;

	if (given->kind == KEY_OF_FILE)
		return keyfile_parse((const char *)given->bytes, given->length, key, err);
	if (given->kind == KEY_OF_PASSPHRASE)
		return given->length <= PASSPHRASE_MAX
			       ? 0
			       : err_set(err, TACIT_INVALID, "a passphrase has at most %d bytes",
					 PASSPHRASE_MAX);
	if (given->kind != KEY_OF_RECOVERY)
		return err_set(err, TACIT_INVALID,
			"a store is opened by a key file, a passphrase or a recovery key");
	status = recovery_parse((const char *)given->bytes, given->length, secret, err);
	if (status == 0)
		recovery_key(secret, key);
	seal_wipe(secret, sizeof secret);
	return status;
}

static int try_given(struct core *core, struct vault *vault, const struct keys_given *given,
	uint8_t *key, uint8_t *root, struct err *err)
{
	int status = parse_given(given, key, err);

	if (status == 0)
		status = check_patience(core->handover, err);
	if (status < 0)
		return status;
	count_wrong(core->handover);
	if (given->kind == KEY_OF_PASSPHRASE)
		status = vault_unlock_passphrase(vault, given->bytes, given->length, root, err);
	else
		status = keys_open_by_key(core, vault, key, root, err);
	/* A store that is refused for its age was opened by the key all the same. Anything else may
	 * be said of a damaged slot beside those that the key did not open. */
	if (status == -TACIT_STALE)
		count_right(core->handover);
	else if (status < 0)
		begin_wait(core->handover); /* from now on: a passphrase takes its time to try */
	return status;
}

int keys_open(struct core *core, struct vault *vault, const struct keys_given *given,
	uint8_t root[SEAL_KEY_BYTES], struct err *err)
{
	struct handover *handover = core->handover;
	const uint64_t not_before_ns = atomic_load(&handover->not_before_ns);
	const uint32_t wrong = atomic_load(&handover->wrong_keys);
	uint8_t *key = seal_alloc(SEAL_KEY_BYTES);
	int status;

	if (!key)
		status = err_set(err, TACIT_LIMIT, "no locked memory left");
	else if (given && given->length)
		status = try_given(core, vault, given, key, root, err);
	else
		status = keys_open_by_found(core, vault, key, root, err);
	seal_free(key);
	if (status < 0)
		seal_wipe(root, SEAL_KEY_BYTES);
	else if (vault == core->vault)
		count_right(handover);
	else
		count_neither(handover, wrong, not_before_ns);
	return status;
}
