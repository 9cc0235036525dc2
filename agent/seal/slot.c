/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/slot.h"

#include <sodium.h>
#include <string.h>

#include "seal/internal.h"

#define SHARE_LABEL "tacit-slot-share"

_Static_assert(SLOT_FIRST_BYTES == WRAP_OVERHEAD + SEAL_KEY_BYTES, "a slot wraps one key");
_Static_assert(crypto_scalarmult_BYTES == 32 && crypto_scalarmult_SCALARBYTES == 32, "X25519");

/* What must not stay in memory; seal_alloc()ed. */
struct work {
	uint8_t secret[SLOT_SECRET_BYTES]; /* X25519 secret key | share */
	uint8_t voucher[SLOT_VOUCHER_BYTES];
	uint8_t ephemeral[SEAL_KEY_BYTES]; /* secret key of one sealing */
	uint8_t point[SEAL_KEY_BYTES];
	uint8_t agreed[SEAL_KEY_BYTES];
};

static int work_begin(struct work **work, struct err *err)
{
	*work = seal_alloc(sizeof **work);
	return *work ? 0 : err_set(err, TACIT_LIMIT, "no memory can be locked");
}

static const uint8_t *id_of(const struct slot_row *row)
{
	return row->bytes + SLOT_AT_ID;
}

/* The key that the root key lies under: X25519 between a key of this sealing and the slot's, and
 * the share. Both public keys go in, so that neither can be replaced by another of the same point.
 */
static int agree(const uint8_t *secret, const uint8_t *other, const uint8_t *share,
	const uint8_t *tail, struct work *work, struct err *err)
{
	crypto_generichash_state state;

	if (crypto_scalarmult(work->point, secret, other) < 0)
		return err_set(err, TACIT_CORRUPT, "it has no valid public key");
	crypto_generichash_init(&state, share, SEAL_KEY_BYTES, SEAL_KEY_BYTES);
	crypto_generichash_update(&state, (const uint8_t *)SHARE_LABEL, SEAL_LABEL_BYTES);
	crypto_generichash_update(&state, work->point, sizeof work->point);
	crypto_generichash_update(&state, tail + SLOT_AT_EPHEMERAL, SEAL_KEY_BYTES);
	crypto_generichash_update(&state, tail + SLOT_AT_PUBLIC, SEAL_KEY_BYTES);
	crypto_generichash_final(&state, work->agreed, sizeof work->agreed);
	seal_wipe(&state, sizeof state);
	return 0;
}

static const uint8_t *tail_of(const struct slot_row *row)
{
	return row->bytes + row->length - SLOT_TAIL_BYTES;
}

static void hash_row(const struct slot_row *row, uint8_t hash[SEAL_KEY_BYTES])
{
	crypto_generichash(hash, SEAL_KEY_BYTES, row->bytes,
		(size_t)(tail_of(row) + SLOT_AT_VOUCHER - row->bytes), NULL, 0);
}

/* Put a root key into a row whose public key is in place, and vouch for the whole of it. */
static int put_root(struct slot_row *row, uint8_t *tail, const uint8_t *share, const uint8_t *root,
	struct work *work, struct err *err)
{
	int result;

	crypto_box_keypair(tail + SLOT_AT_EPHEMERAL, work->ephemeral);
	result = agree(work->ephemeral, tail + SLOT_AT_PUBLIC, share, tail, work, err);
	if (result < 0)
		return result;
	wrap_seal(work->agreed, WRAP_SLOT_ROOT, id_of(row), root, SEAL_KEY_BYTES,
		tail + SLOT_AT_ROOT);
	memmove(work->voucher, share, SEAL_KEY_BYTES);
	hash_row(row, work->voucher + SEAL_KEY_BYTES);
	wrap_seal(root, WRAP_SLOT_VOUCHER, id_of(row), work->voucher, sizeof work->voucher,
		tail + SLOT_AT_VOUCHER);
	slot_row_end(row);
	return 0;
}

int slot_make(const uint8_t store_id[SEAL_ID_BYTES], const struct slot_about *about,
	const uint8_t unlock[SEAL_KEY_BYTES], const uint8_t root[SEAL_KEY_BYTES],
	struct slot_row *row, struct err *err)
{
	struct work *work;
	uint8_t *tail, *share;
	int result = slot_check_about(about, err);

	if (!result)
		result = work_begin(&work, err);
	if (result < 0)
		return result;
	share = work->secret + SEAL_KEY_BYTES;
	tail = slot_row_begin(store_id, about, row, err);
	if (tail) {
		crypto_box_keypair(tail + SLOT_AT_PUBLIC, work->secret);
		seal_random(share, SEAL_KEY_BYTES);
		wrap_seal(unlock, WRAP_SLOT_SECRET, id_of(row), work->secret, sizeof work->secret,
			tail + SLOT_AT_SECRET);
		result = put_root(row, tail, share, root, work, err);
	} else {
		result = -TACIT_LIMIT;
	}
	seal_free(work);
	return result;
}

/* As wrap_open(), where no other key is expected: `otherwise` says what it means when it is. */
static int open_inside(const uint8_t *key, enum wrap_kind kind, const struct slot_row *row,
	const uint8_t *wrapped, void *plain, size_t length, const char *otherwise, struct err *err)
{
	int result = wrap_open(
		key, kind, id_of(row), wrapped, length + WRAP_OVERHEAD, plain, length, err);

	return result == -TACIT_WRONG_KEY ? err_set(err, TACIT_CORRUPT, "%s", otherwise) : result;
}

static int open_root(const struct slot_row *row, const uint8_t *unlock, struct work *work,
	uint8_t *root, struct err *err)
{
	const uint8_t *tail = tail_of(row);
	int result = wrap_open(unlock, WRAP_SLOT_SECRET, id_of(row), tail + SLOT_AT_SECRET,
		SLOT_SECRET_BYTES + WRAP_OVERHEAD, work->secret, sizeof work->secret, err);

	if (!result)
		result = agree(work->secret, tail + SLOT_AT_EPHEMERAL,
			work->secret + SEAL_KEY_BYTES, tail, work, err);
	if (!result)
		result = open_inside(work->agreed, WRAP_SLOT_ROOT, row, tail + SLOT_AT_ROOT, root,
			SEAL_KEY_BYTES, "its parts do not belong together", err);
	return result;
}

int slot_unlock(const uint8_t store_id[SEAL_ID_BYTES], const struct slot_row *row,
	const uint8_t unlock[SEAL_KEY_BYTES], uint8_t root[SEAL_KEY_BYTES], struct err *err)
{
	struct slot_about about;
	struct work *work;
	struct err why;
	int result = slot_read(store_id, row, &about, &why);

	seal_wipe(root, SEAL_KEY_BYTES);
	if (!result)
		result = work_begin(&work, &why);
	if (!result) {
		result = open_root(row, unlock, work, root, &why);
		seal_free(work);
	}
	return result < 0 ? err_set(err, why.code, "key slot %u: %s", row->number, why.text) : 0;
}

/* Open the voucher into `work`, and compare. */
static int check_voucher(const uint8_t *store_id, const struct slot_row *row, const uint8_t *root,
	struct work *work, struct err *err)
{
	struct slot_about about;
	uint8_t hash[SEAL_KEY_BYTES];
	int result = slot_read(store_id, row, &about, err);

	if (!result)
		result = open_inside(root, WRAP_SLOT_VOUCHER, row, tail_of(row) + SLOT_AT_VOUCHER,
			work->voucher, sizeof work->voucher, "it was not made under this root key",
			err);
	if (result < 0)
		return result;
	hash_row(row, hash);
	if (sodium_memcmp(hash, work->voucher + SEAL_KEY_BYTES, sizeof hash))
		return err_set(err, TACIT_CORRUPT, "it was changed without the root key");
	return 0;
}

int slot_check(const uint8_t store_id[SEAL_ID_BYTES], const struct slot_row *row,
	const uint8_t root[SEAL_KEY_BYTES], struct err *err)
{
	struct work *work;
	struct err why;
	int result = work_begin(&work, &why);

	if (!result) {
		result = check_voucher(store_id, row, root, work, &why);
		seal_free(work);
	}
	return result < 0 ? err_set(err, why.code, "key slot %u: %s", row->number, why.text) : 0;
}

int slot_rewrap(const uint8_t store_id[SEAL_ID_BYTES], struct slot_row *row,
	const uint8_t root[SEAL_KEY_BYTES], const uint8_t next[SEAL_KEY_BYTES], struct err *err)
{
	struct slot_row made = *row;
	struct work *work;
	struct err why;
	int result = work_begin(&work, &why);

	if (!result) {
		result = check_voucher(store_id, row, root, work, &why);
		if (!result)
			result = put_root(&made, made.bytes + made.length - SLOT_TAIL_BYTES,
				work->voucher, next, work, &why);
		seal_free(work);
	}
	if (result < 0)
		return err_set(err, why.code, "key slot %u: %s", row->number, why.text);
	*row = made;
	return 0;
}

int slot_open_first(const uint8_t unlock[SEAL_KEY_BYTES], const uint8_t store_id[SEAL_ID_BYTES],
	const uint8_t *slot, size_t length, uint8_t root[SEAL_KEY_BYTES], struct err *err)
{
	int result =
		wrap_open(unlock, WRAP_SLOT_KEY, store_id, slot, length, root, SEAL_KEY_BYTES, err);

	if (result < 0)
		err_wrap(err, "open key slot");
	return result;
}
