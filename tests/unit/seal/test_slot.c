/* SPDX-License-Identifier: Apache-2.0 */
/* Key slots open with their unlock key and no other, take a new root key without it, and whatever
 * was changed in one is seen: by its sum, or by the root key. */
#include "tests/vectors/vectors.h"

#include "seal/internal.h"
#include "seal/slot.h"

static const uint8_t store_id[SEAL_ID_BYTES] = { 1, 2, 3 };
static const uint8_t unlock_key[SEAL_KEY_BYTES] = { 4, 5, 6 };
static const uint8_t root_key[SEAL_KEY_BYTES] = { 7, 8, 9 };
static const uint8_t next_key[SEAL_KEY_BYTES] = { 10, 11, 12 };
static const uint8_t no_key[SEAL_KEY_BYTES];

static struct slot_row row_of(const struct vector *vector, const char *number, const char *bytes)
{
	struct slot_row row = { .number = (uint8_t)vector_number(vector, number) };
	uint8_t *found = vector_bytes(vector, bytes, &row.length);

	assert_true(row.length <= sizeof row.bytes);
	memcpy(row.bytes, found, row.length);
	free(found);
	return row;
}

/* The bytes that a good slot begins with are those its own words give. */
static void check_read(
	const struct vector *vector, const uint8_t *store, const struct slot_row *row)
{
	const char *word = vector_text(vector, "about");
	struct slot_about about;
	struct slot_row made;

	assert_int_equal(slot_read(store, row, &about, NULL), 0);
	assert_int_equal(about.number, row->number);
	if (!word)
		return;
	assert_string_equal(slot_kind_word(about.kind), word);
	assert_non_null(slot_row_begin(store, &about, &made, NULL));
	assert_int_equal(made.length, row->length);
	assert_memory_equal(made.bytes, row->bytes, row->length - SLOT_TAIL_BYTES);
}

static void check_vector(const struct vector *vector)
{
	uint8_t store[SEAL_ID_BYTES], unlock[SEAL_KEY_BYTES], root[SEAL_KEY_BYTES];
	uint8_t opened[SEAL_KEY_BYTES];
	const char *vouched = vector_text(vector, "vouched");
	struct slot_row row = row_of(vector, "number", "row");
	int result;

	vector_exact(vector, "store", store, sizeof store);
	vector_exact(vector, "unlock", unlock, sizeof unlock);
	vector_exact(vector, "root", root, sizeof root);
	memset(opened, 0xa5, sizeof opened);
	result = slot_unlock(store, &row, unlock, opened, NULL);
	if (vector_expects_ok(vector, result))
		check_read(vector, store, &row);
	else
		assert_memory_equal(opened, no_key, sizeof opened);
	result = slot_check(store, &row, root, NULL);
	if (strcmp(vouched, code_word((enum tacit_code) - result)))
		fail_msg("%s: vouching gives %s", vector_name(vector),
			code_word((enum tacit_code) - result));
	if (!result && !strcmp(vector_text(vector, "expect"), "ok"))
		assert_memory_equal(opened, root, sizeof root);
}

static void slots_are_what_the_format_says(void **state)
{
	(void)state;
	vectors_each("keyslot.txt", check_vector);
}

static void check_list_vector(const struct vector *vector)
{
	static struct slot_row rows[SLOT_NUMBERS];
	uint8_t store[SEAL_ID_BYTES], root[SEAL_KEY_BYTES];
	size_t length;
	uint8_t *list = vector_bytes(vector, "list", &length);

	memset(rows, 0, sizeof rows);
	rows[vector_number(vector, "number") - 1] = row_of(vector, "number", "row");
	if (vector_text(vector, "row2"))
		rows[vector_number(vector, "number2") - 1] = row_of(vector, "number2", "row2");
	vector_exact(vector, "store", store, sizeof store);
	vector_exact(vector, "root", root, sizeof root);
	vector_expects_ok(vector, slot_list_check(store, rows, root, list, length, NULL));
	free(list);
}

static void lists_of_slots_are_what_the_format_says(void **state)
{
	(void)state;
	vectors_each("slotlist.txt", check_list_vector);
}

static struct slot_about an_about(enum slot_kind kind)
{
	struct slot_about about = { .number = 2, .kind = kind, .created_ns = 5, .label = "mine" };

	seal_random(about.id, sizeof about.id);
	if (kind == SLOT_PASSPHRASE)
		about.cost = PASSPHRASE_COST_DEFAULT;
	if (kind == SLOT_COMMAND) {
		strcpy(about.program, "tpm2");
		about.wrapped_length = 3;
	}
	return about;
}

static struct slot_row a_row(const struct slot_about *about)
{
	struct slot_row row;
	struct err err;

	if (slot_make(store_id, about, unlock_key, root_key, &row, &err))
		fail_msg("%s", err.text);
	return row;
}

static void every_kind_opens_and_says_what_it_was_told(void **state)
{
	(void)state;
	for (enum slot_kind kind = SLOT_KEY_FILE; kind < SLOT_KINDS; kind++) {
		struct slot_about about = an_about(kind), read;
		struct slot_row row = a_row(&about);
		uint8_t root[SEAL_KEY_BYTES];

		assert_int_equal(slot_read(store_id, &row, &read, NULL), 0);
		assert_memory_equal(&read, &about, sizeof read);
		assert_int_equal(slot_unlock(store_id, &row, unlock_key, root, NULL), 0);
		assert_memory_equal(root, root_key, sizeof root);
		assert_int_equal(slot_check(store_id, &row, root_key, NULL), 0);
		assert_int_equal(
			slot_unlock(store_id, &row, next_key, root, NULL), -TACIT_WRONG_KEY);
		assert_memory_equal(root, no_key, sizeof root);
	}
	assert_null(slot_kind_word(0));
	assert_null(slot_kind_word(SLOT_KINDS));
}

static void a_new_root_key_needs_no_unlock_key(void **state)
{
	struct slot_about about = an_about(SLOT_RECOVERY);
	struct slot_row row = a_row(&about), old = row;
	uint8_t root[SEAL_KEY_BYTES];

	(void)state;
	assert_int_equal(slot_rewrap(store_id, &row, root_key, next_key, NULL), 0);
	assert_int_equal(slot_unlock(store_id, &row, unlock_key, root, NULL), 0);
	assert_memory_equal(root, next_key, sizeof root);
	assert_int_equal(slot_check(store_id, &row, next_key, NULL), 0);
	assert_int_equal(slot_check(store_id, &row, root_key, NULL), -TACIT_CORRUPT);
	assert_int_equal(row.length, old.length);
	/* What the unlock key opens stays as it was: nobody needed it. */
	assert_memory_equal(row.bytes, old.bytes, row.length - SLOT_TAIL_BYTES + SLOT_AT_EPHEMERAL);
}

static void only_what_the_root_key_vouches_for_gets_the_next(void **state)
{
	struct slot_about about = an_about(SLOT_KEY_FILE);
	struct slot_row row = a_row(&about), was;

	(void)state;
	/* A slot of the right form, whose public key somebody else has put there. */
	row.bytes[row.length - SLOT_TAIL_BYTES + SLOT_AT_PUBLIC] ^= 1;
	slot_row_end(&row);
	was = row;
	assert_int_equal(slot_rewrap(store_id, &row, root_key, next_key, NULL), -TACIT_CORRUPT);
	assert_int_equal(row.length, was.length);
	assert_memory_equal(row.bytes, was.bytes, row.length);
	row = a_row(&about);
	assert_int_equal(slot_rewrap(store_id, &row, next_key, root_key, NULL), -TACIT_CORRUPT);
}

/* Every byte: an accident is never called a wrong key. */
static void a_flipped_bit_anywhere_is_damage(void **state)
{
	(void)state;
	for (enum slot_kind kind = SLOT_KEY_FILE; kind < SLOT_KINDS; kind++) {
		struct slot_about about = an_about(kind);
		struct slot_row row = a_row(&about);
		uint8_t root[SEAL_KEY_BYTES];

		for (size_t at = 0; at < row.length; at++) {
			int result;

			row.bytes[at] ^= 0x20;
			result = slot_unlock(store_id, &row, unlock_key, root, NULL);
			if (result != -TACIT_CORRUPT && !(at == 4 && result == -TACIT_NEWER))
				fail_msg("byte %zu: %s", at, code_word((enum tacit_code) - result));
			assert_int_not_equal(slot_check(store_id, &row, root_key, NULL), 0);
			row.bytes[at] ^= 0x20;
		}
		for (size_t length = row.length; row.length > 0; row.length--)
			assert_int_equal(slot_unlock(store_id, &row, unlock_key, root, NULL),
				row.length == length ? 0 : -TACIT_CORRUPT);
	}
}

static void a_slot_out_of_bounds_is_not_made(void **state)
{
	struct slot_about bad[9];
	struct slot_row row;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		bad[i] = an_about(i < 4 ? SLOT_KEY_FILE : i < 6 ? SLOT_PASSPHRASE : SLOT_COMMAND);
	bad[0].number = 0;
	bad[1].number = SLOT_NUMBERS + 1;
	bad[2].kind = SLOT_KINDS;
	strcpy(bad[3].label, "a\nb");
	bad[4].cost.passes = PASSPHRASE_PASSES_MIN - 1;
	bad[5].cost.memory_kib = PASSPHRASE_MEMORY_MAX_KIB + 1;
	strcpy(bad[6].program, "../sh");
	bad[7].wrapped_length = 0;
	bad[8].wrapped_length = SLOT_WRAPPED_MAX + 1;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(slot_make(store_id, &bad[i], unlock_key, root_key, &row, NULL),
			-TACIT_INVALID);
}

static int start(void **state)
{
	(void)state;
	return seal_start(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_are_what_the_format_says),
		cmocka_unit_test(lists_of_slots_are_what_the_format_says),
		cmocka_unit_test(every_kind_opens_and_says_what_it_was_told),
		cmocka_unit_test(a_new_root_key_needs_no_unlock_key),
		cmocka_unit_test(only_what_the_root_key_vouches_for_gets_the_next),
		cmocka_unit_test(a_flipped_bit_anywhere_is_damage),
		cmocka_unit_test(a_slot_out_of_bounds_is_not_made),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
