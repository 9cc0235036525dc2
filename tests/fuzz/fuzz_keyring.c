/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as what leads from an unlock key to the data keys: a slot's row, a list of slots, a
 * keyring, a passphrase's cost, the texts of key files and recovery keys. The first byte says
 * which. What is made good, so that what is behind it is reached: the sum of a row, and the wrap
 * around a keyring. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "seal/internal.h"
#include "seal/keyfile.h"
#include "seal/recovery.h"
#include "seal/slot.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static const uint8_t store_id[SEAL_ID_BYTES] = "an id of a store";
static const uint8_t unlock[SEAL_KEY_BYTES] = "thirty-two bytes: the unlock key";
static const uint8_t root[SEAL_KEY_BYTES] = "thirty-two bytes of the root key";
static const uint8_t next[SEAL_KEY_BYTES] = "thirty-two bytes of the next one";

/* What is read keeps its bounds; what opens was made with the root key, or is not vouched for. */
static void try_row(struct slot_row *row)
{
	struct slot_about about;
	uint8_t opened[SEAL_KEY_BYTES];

	if (!slot_read(store_id, row, &about, NULL) &&
		(slot_check_about(&about, NULL) || about.number != row->number ||
			strlen(about.label) > SLOT_LABEL_MAX))
		abort();
	if (!slot_check(store_id, row, root, NULL) &&
		!slot_unlock(store_id, row, unlock, opened, NULL) &&
		memcmp(opened, root, sizeof opened))
		abort();
	if (!slot_rewrap(store_id, row, root, next, NULL) && slot_check(store_id, row, next, NULL))
		abort();
}

static void row_of(const uint8_t *bytes, size_t length, struct slot_row *row)
{
	row->number = 3;
	row->length = length < sizeof row->bytes ? length : sizeof row->bytes;
	memcpy(row->bytes, bytes, row->length);
}

static void try_any_row(const uint8_t *bytes, size_t length)
{
	struct slot_row row = { 0 };

	row_of(bytes, length, &row);
	try_row(&row);
	if (row.length < SLOT_HEAD_BYTES)
		return;
	memcpy(row.bytes + SLOT_AT_STORE, store_id, sizeof store_id);
	row.bytes[SLOT_AT_NUMBER] = row.number;
	slot_row_end(&row);
	try_row(&row);
}

/* A good row of any kind, of which bytes are changed: pairs of a place and what it is changed by.
 */
static void try_changed_row(const uint8_t *bytes, size_t length)
{
	struct slot_about about = { .number = 3,
		.kind = SLOT_KEY_FILE,
		.label = "label",
		.cost = PASSPHRASE_COST_DEFAULT,
		.program = "kms",
		.wrapped_length = 3 };
	struct slot_row row;

	if (!length)
		return;
	about.kind = (enum slot_kind)(SLOT_KEY_FILE + bytes[0] % (SLOT_KINDS - SLOT_KEY_FILE));
	if (about.kind != SLOT_PASSPHRASE)
		memset(&about.cost, 0, sizeof about.cost);
	if (about.kind != SLOT_COMMAND) {
		memset(about.program, 0, sizeof about.program);
		about.wrapped_length = 0;
	}
	if (slot_make(store_id, &about, unlock, root, &row, NULL) < 0)
		abort();
	for (size_t i = 1; i + 2 < length; i += 3)
		row.bytes[(bytes[i] | bytes[i + 1] << 8) % row.length] ^= bytes[i + 2];
	slot_row_end(&row);
	try_row(&row);
}

static void try_list(const uint8_t *bytes, size_t length)
{
	struct slot_row *rows = calloc(SLOT_NUMBERS, sizeof *rows);
	uint8_t list[SLOT_LIST_BYTES];

	if (!rows)
		abort();
	if (!slot_list_check(store_id, rows, root, bytes, length, NULL))
		abort();
	row_of(bytes, length, &rows[2]);
	slot_list_make(store_id, rows, root, list);
	if (slot_list_check(store_id, rows, root, list, sizeof list, NULL))
		abort();
	rows[2].bytes[0] ^= 1;
	if (rows[2].length && !slot_list_check(store_id, rows, root, list, sizeof list, NULL))
		abort();
	free(rows);
}

/* As it is, and as the plaintext of one that was sealed. */
static void try_keyring(const uint8_t *bytes, size_t length)
{
	static struct keyring *ring;
	uint8_t sealed[KEYRING_SEALED_BYTES], again[KEYRING_SEALED_BYTES];
	uint8_t plain[KEYRING_SEALED_BYTES - WRAP_OVERHEAD] = { 0 };

	if (!ring && !(ring = seal_alloc(sizeof *ring)))
		abort();
	if (!keyring_open(root, store_id, bytes, length, ring, NULL))
		abort();
	memcpy(plain, bytes, length < sizeof plain ? length : sizeof plain);
	wrap_seal(root, WRAP_KEYRING, store_id, plain, sizeof plain, sealed);
	if (keyring_open(root, store_id, sealed, sizeof sealed, ring, NULL))
		return;
	if (!ring->count || ring->count > KEYRING_KEYS_MAX || !keyring_key(ring, ring->active))
		abort();
	if (keyring_seal(root, store_id, ring, again, NULL) ||
		keyring_open(root, store_id, again, sizeof again, ring, NULL))
		abort();
}

/* The cost alone: what is within its bounds takes memory and time. */
static void try_cost(const uint8_t *bytes, size_t length)
{
	struct passphrase_cost cost;
	uint8_t key[SEAL_KEY_BYTES], salt[PASSPHRASE_SALT_BYTES] = { 0 };

	if (length < sizeof cost)
		return;
	memcpy(&cost, bytes, sizeof cost);
	if (passphrase_check_cost(&cost, NULL) && !passphrase_key("x", 1, salt, &cost, key, NULL))
		abort();
	if (!passphrase_check(length, NULL) && (length < PASSPHRASE_MIN || length > PASSPHRASE_MAX))
		abort();
}

/* A text that is taken says the same when it is written again. */
static void try_texts(const uint8_t *bytes, size_t length)
{
	uint8_t key[SEAL_KEY_BYTES], secret[RECOVERY_SECRET_BYTES], other[RECOVERY_SECRET_BYTES];
	char text[KEYFILE_TEXT_MAX], paper[RECOVERY_TEXT_BYTES + 1];

	if (!keyfile_parse((const char *)bytes, length, key, NULL) &&
		(keyfile_format(key, text) < length || memcmp(text, bytes, length)))
		abort();
	if (!keyfile_parse_credential(bytes, length, key, NULL) && length != SEAL_KEY_BYTES &&
		keyfile_parse((const char *)bytes, length, key, NULL))
		abort();
	if (recovery_parse((const char *)bytes, length, secret, NULL))
		return;
	recovery_format(secret, paper);
	if (recovery_parse(paper, strlen(paper), other, NULL) ||
		memcmp(secret, other, sizeof secret))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static void (*const tries[])(const uint8_t *bytes, size_t length) = { try_any_row,
		try_changed_row, try_list, try_keyring, try_cost, try_texts };

	if (seal_start(NULL) < 0)
		abort();
	if (length)
		tries[bytes[0] % (sizeof tries / sizeof *tries)](bytes + 1, length - 1);
	return 0;
}
