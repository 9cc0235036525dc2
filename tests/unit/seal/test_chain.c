/* SPDX-License-Identifier: Apache-2.0 */
/* A chain's items open in their order, by whoever has the chain key, and by a state only what comes
 * after it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "seal/chain.h"

#define ITEMS 5
#define PLAIN 20
#define SEALED (PLAIN + CHAIN_OVERHEAD)

static const uint8_t key[SEAL_KEY_BYTES] = "thirty-two bytes of a chain key";
static const uint8_t id[SEAL_ID_BYTES] = "an id of a log";

struct items {
	uint8_t head[ITEMS], plain[ITEMS][PLAIN], sealed[ITEMS][SEALED];
	struct chain before[ITEMS], end;
};

static void make(struct items *items)
{
	struct chain chain = { 0 };

	assert_int_equal(seal_start(NULL), 0);
	chain_begin(&chain, key, id, 1);
	for (int i = 0; i < ITEMS; i++) {
		items->head[i] = (uint8_t)i;
		memset(items->plain[i], 'a' + i, PLAIN);
		items->before[i] = chain;
		chain_seal(&chain, &items->head[i], 1, items->plain[i], PLAIN, items->sealed[i]);
	}
	items->end = chain;
}

static int open_one(const struct items *items, struct chain *chain, int i)
{
	uint8_t plain[PLAIN], zero[PLAIN] = { 0 };
	int result = chain_open(chain, &items->head[i], 1, items->sealed[i], SEALED, plain, NULL);

	assert_memory_equal(plain, result ? zero : items->plain[i], PLAIN);
	return result;
}

static void items_open_in_order(void **state)
{
	struct chain chain = { 0 };
	struct items items;

	(void)state;
	make(&items);
	chain_begin(&chain, key, id, 1);
	for (int i = 0; i < ITEMS; i++) {
		assert_memory_equal(&chain, &items.before[i], sizeof chain);
		assert_int_equal(open_one(&items, &chain, i), 0);
	}
	assert_memory_equal(&chain, &items.end, sizeof chain);
}

static void item_opens_at_its_place_alone(void **state)
{
	struct items items;

	(void)state;
	make(&items);
	for (int place = 0; place < ITEMS; place++)
		for (int i = 0; i < ITEMS; i++) {
			struct chain chain = items.before[place];

			assert_int_equal(
				open_one(&items, &chain, i), i == place ? 0 : -TACIT_CORRUPT);
		}
}

static void other_keys_ids_and_files_open_nothing(void **state)
{
	uint8_t other[SEAL_KEY_BYTES] = { 1 };
	struct chain chain = { 0 };
	struct items items;

	(void)state;
	make(&items);
	chain_begin(&chain, other, id, 1);
	assert_int_equal(open_one(&items, &chain, 0), -TACIT_CORRUPT);
	chain_begin(&chain, key, other, 1);
	assert_int_equal(open_one(&items, &chain, 0), -TACIT_CORRUPT);
	chain_begin(&chain, key, id, 2);
	assert_int_equal(open_one(&items, &chain, 0), -TACIT_CORRUPT);
	chain = items.before[0];
	chain_carry_on(&chain);
	assert_int_equal(open_one(&items, &chain, 0), -TACIT_CORRUPT);
}

static void changed_item_is_refused_and_the_next_one_opens(void **state)
{
	struct items items;

	(void)state;
	make(&items);
	for (int byte = 0; byte < SEALED; byte++) {
		struct chain chain = items.before[1];

		items.sealed[1][byte] ^= 1;
		assert_int_equal(open_one(&items, &chain, 1), -TACIT_CORRUPT);
		items.sealed[1][byte] ^= 1;
		/* Its link is another: the head of the next one tells. */
		assert_memory_not_equal(chain.link, items.before[2].link, sizeof chain.link);
		assert_int_equal(open_one(&items, &chain, 2), 0);
	}
	items.head[1] ^= 1;
	assert_int_equal(open_one(&items, &(struct chain){ 0 }, 1), -TACIT_CORRUPT);
}

/* The same item twice is not the same bytes: a torn one was sealed by the same key. */
static void nonces_are_random(void **state)
{
	uint8_t again[SEALED];
	struct items items;
	struct chain chain;

	(void)state;
	make(&items);
	chain = items.before[0];
	chain_seal(&chain, &items.head[0], 1, items.plain[0], PLAIN, again);
	assert_memory_not_equal(again, items.sealed[0], 24);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(items_open_in_order),
		cmocka_unit_test(item_opens_at_its_place_alone),
		cmocka_unit_test(other_keys_ids_and_files_open_nothing),
		cmocka_unit_test(changed_item_is_refused_and_the_next_one_opens),
		cmocka_unit_test(nonces_are_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
