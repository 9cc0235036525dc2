/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a sealed record and as a sealed value in transit: never opened, never a crash. The
 * first byte says which part of a record that would open is damaged, so that all of its checks are
 * reached. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "seal/record.h"
#include "seal/transit.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static const uint8_t key[SEAL_KEY_BYTES] = "thirty-two bytes of fuzzing key";
static const struct record_address address = { .key_id = 1, .table = 1 };

static void open_record(const uint8_t *sealed, size_t length, int must_fail)
{
	size_t room = record_padded_size(length), opened;
	uint8_t *plain = malloc(room + 1);

	if (plain && !record_open(key, &address, sealed, length, plain, room, &opened, NULL) &&
		(must_fail || opened > room))
		abort();
	free(plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	uint8_t public_key[TRANSIT_PUBLIC_BYTES] = { 9 }, secret_key[TRANSIT_SECRET_BYTES] = { 7 };
	uint8_t sealed[512], *value = NULL;
	size_t size, opened;

	if (seal_start(NULL) < 0)
		abort();
	open_record(bytes, length, 1);
	if (!transit_open(public_key, secret_key, "unlock", bytes, length, &value, &opened, NULL))
		abort();
	if (length < 2 || length > 100)
		return 0;
	size = record_sealed_size(length - 2);
	if (size > sizeof sealed ||
		record_seal(key, &address, bytes + 2, length - 2, sealed, NULL) < 0)
		return 0;
	open_record(sealed, size, 0);
	sealed[bytes[0] % size] ^= (uint8_t)(bytes[1] | 1);
	open_record(sealed, size, 1);
	return 0;
}
