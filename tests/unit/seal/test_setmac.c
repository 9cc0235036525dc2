/* SPDX-License-Identifier: Apache-2.0 */
/* What a tag is of is in the tag: nothing can stand for something else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "seal/internal.h"
#include "seal/setmac.h"

#define MACS 9

static void each_thing_that_differs_makes_another_mac(void **state)
{
	static const uint8_t bytes[40] = { 1, 2, 3 };
	uint8_t key[SEAL_KEY_BYTES] = { 1 }, other[SEAL_KEY_BYTES] = { 2 };
	uint8_t id[SEAL_ID_BYTES] = { 3 }, other_id[SEAL_ID_BYTES] = { 4 };
	uint8_t macs[MACS][SETMAC_BYTES];

	(void)state;
	setmac(key, SETMAC_ROW, 1, id, bytes, 40, macs[0]);
	setmac(other, SETMAC_ROW, 1, id, bytes, 40, macs[1]);
	setmac(key, SETMAC_LIST, 1, id, bytes, 40, macs[2]);
	setmac(key, SETMAC_ROW, 2, id, bytes, 40, macs[3]);
	setmac(key, SETMAC_ROW, 1, other_id, bytes, 40, macs[4]);
	setmac(key, SETMAC_ROW, 1, id, bytes + 1, 39, macs[5]);
	setmac(key, SETMAC_ROW, 1, id, bytes, 39, macs[6]);
	setmac(key, SETMAC_ROW, 1, id, bytes, 0, macs[7]);
	setmac(key, SETMAC_ANCHOR, 0, id, bytes, 0, macs[8]);
	for (size_t i = 0; i < MACS; i++)
		for (size_t k = 0; k < MACS; k++)
			assert_int_equal(setmac_equal(macs[i], macs[k]), i == k);
}

static void a_tag_begins_its_mac(void **state)
{
	const uint8_t key[SEAL_KEY_BYTES] = { 1 }, id[SEAL_ID_BYTES] = { 3 };
	uint8_t mac[SETMAC_BYTES], tag[SETMAC_TAG_BYTES];

	(void)state;
	setmac(key, SETMAC_META, 0, id, "x", 1, mac);
	setmac_tag(key, SETMAC_META, 0, id, "x", 1, tag);
	assert_memory_equal(tag, mac, sizeof tag);
}

/* Made with python3: hashlib.blake2b(b"\x01\x02" + bytes(range(16)) + b"row", digest_size=32,
 * key=blake2b(b"tacit-integrity-\0" + b"s" * 16, key=bytes(32))) */
static void known_answers(void **state)
{
	static const uint8_t zero[SEAL_KEY_BYTES];
	static const uint8_t expected[SETMAC_BYTES] = { 0x57, 0xa7, 0x1f, 0x7d, 0xa1, 0x38, 0x38,
		0x6a, 0x3e, 0x4e, 0x95, 0xa4, 0x1e, 0x25, 0xab, 0x52, 0xb1, 0xfe, 0x82, 0x6e, 0x2f,
		0x4f, 0x42, 0x28, 0x53, 0x77, 0xec, 0x72, 0x27, 0x26, 0x86, 0x58 };
	uint8_t key[SEAL_KEY_BYTES], store_id[SEAL_ID_BYTES], id[SEAL_ID_BYTES];
	uint8_t mac[SETMAC_BYTES];

	(void)state;
	memset(store_id, 's', sizeof store_id);
	for (uint8_t i = 0; i < sizeof id; i++)
		id[i] = i;
	setmac_key(zero, store_id, key);
	setmac(key, SETMAC_ROW, 2, id, "row", 3, mac);
	assert_memory_equal(mac, expected, sizeof mac);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_thing_that_differs_makes_another_mac),
		cmocka_unit_test(a_tag_begins_its_mac),
		cmocka_unit_test(known_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
