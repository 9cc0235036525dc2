/* SPDX-License-Identifier: Apache-2.0 */
/* What a vault keeps in memory of its rows is what a fresh reading of the store gives, whatever the
 * changes, commits, rollbacks and acceptances before. */
#include "tamper.h"

#define CHANGES 2000
#define IDS 300
#define COMPARE_EVERY 50

/* SQLite's syncs come here: this is about bytes. */
int fdatasync(int fd)
{
	(void)fd;
	return 0;
}

struct dice {
	uint64_t state;
};

static uint32_t roll(struct dice *dice, uint32_t sides)
{
	dice->state = dice->state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(dice->state >> 33) % sides;
}

static void an_id(uint32_t number, uint8_t id[SEAL_ID_BYTES])
{
	memset(id, 0, SEAL_ID_BYTES);
	id[0] = (uint8_t)(number * 7);
	id[1] = (uint8_t)(number >> 8);
	id[2] = (uint8_t)number;
}

static void change_row(struct vault *vault, struct dice *dice)
{
	const enum store_table table = roll(dice, 2) ? STORE_RECORDS : STORE_VALUES;
	uint8_t id[SEAL_ID_BYTES], bytes[64];
	struct err err;

	an_id(roll(dice, IDS), id);
	seal_random(bytes, sizeof bytes);
	if (roll(dice, 3))
		must(integrity_put(vault, table, id, bytes, 1 + roll(dice, sizeof bytes), &err));
	else
		must(integrity_remove(vault, table, id, &err));
}

static void must_be_the_same(struct vault *vault)
{
	const struct integrity *kept = vault->integrity;
	struct integrity fresh = { 0 };
	struct integrity_rows walked = { 0 };
	struct err err;

	must(integrity_read(vault, &fresh, &err));
	assert_int_equal(fresh.damage_count, 0);
	assert_memory_equal(&fresh.root, &kept->root, sizeof fresh.root);
	must(integrity_walk(vault, kept->key, &walked, &err));
	assert_int_equal(integrity_rows_count(&kept->rows), integrity_rows_count(&walked));
	for (size_t i = 0; i < INTEGRITY_GROUPS; i++) {
		const struct integrity_group *one = &kept->rows.groups[i];
		const struct integrity_group *other = &walked.groups[i];

		assert_int_equal(one->count, other->count);
		assert_false(one->changed);
		if (one->count)
			assert_memory_equal(
				one->entries, other->entries, one->count * sizeof *one->entries);
	}
	integrity_rows_free(&walked);
	integrity_free(&fresh);
}

static void random_changes_leave_what_a_fresh_reading_gives(void **state)
{
	struct fixture *fixture = *state;
	struct vault *vault = fixture->vault;
	struct dice dice = { .state = 5 };
	unsigned int commits = 0, rollbacks = 0;
	struct err err;

	for (int change = 0; change < CHANGES;) {
		uint32_t rows = 1 + roll(&dice, 5);

		must(vault_begin(vault, &err));
		for (uint32_t i = 0; i < rows; i++, change++)
			change_row(vault, &dice);
		if (roll(&dice, 4)) {
			must(vault_commit(vault, &err));
			commits++;
		} else {
			vault_rollback(vault);
			rollbacks++;
		}
		assert_int_equal(vault->integrity->root.generation, commits);
		if (!((commits + rollbacks) % COMPARE_EVERY))
			must_be_the_same(vault);
	}
	must_be_the_same(vault);
	must(vault_accept(vault, VAULT_ADOPT, &err));
	must_be_the_same(vault);
	give_key_again(fixture);
	must_be_the_same(vault);
	print_message("%d changes in %u commits and %u rollbacks, %zu rows left\n", CHANGES,
		commits, rollbacks, integrity_rows_count(&vault->integrity->rows));
}

static struct integrity_entry an_entry(uint8_t table, uint32_t number)
{
	struct integrity_entry entry = { .table = table };

	an_id(number, entry.id);
	seal_random(entry.tag, sizeof entry.tag);
	return entry;
}

static void entries_are_found_replaced_and_taken(void **state)
{
	struct integrity_rows rows = { 0 };
	struct integrity_entry one = an_entry(STORE_RECORDS, 1), other = an_entry(STORE_VALUES, 1);
	struct err err;

	(void)state;
	assert_null(integrity_rows_find(&rows, STORE_RECORDS, one.id));
	integrity_rows_take(&rows, STORE_RECORDS, one.id);
	must(integrity_rows_set(&rows, &other, &err));
	assert_null(integrity_rows_find(&rows, STORE_RECORDS, one.id));
	must(integrity_rows_set(&rows, &one, &err));
	assert_memory_equal(integrity_rows_find(&rows, STORE_RECORDS, one.id), &one, sizeof one);
	one.tag[0] ^= 1;
	must(integrity_rows_set(&rows, &one, &err));
	assert_memory_equal(integrity_rows_find(&rows, STORE_RECORDS, one.id), &one, sizeof one);
	assert_int_equal(integrity_rows_count(&rows), 2);
	integrity_rows_take(&rows, STORE_RECORDS, one.id);
	assert_null(integrity_rows_find(&rows, STORE_RECORDS, one.id));
	assert_non_null(integrity_rows_find(&rows, STORE_VALUES, one.id));
	integrity_rows_free(&rows);
}

static void lists_out_of_order_are_refused(void **state)
{
	struct integrity_rows rows = { 0 };
	struct integrity_entry list[3];
	const uint8_t group = integrity_group_of((const uint8_t[SEAL_ID_BYTES]){ 9 });
	struct err err;

	(void)state;
	memset(list, 0, sizeof list);
	for (uint8_t i = 0; i < 3; i++) {
		list[i].table = STORE_RECORDS;
		list[i].id[0] = 9;
		list[i].id[1] = i;
	}
	must(integrity_rows_read(&rows, group, (const uint8_t *)list, sizeof list, &err));
	assert_int_equal(rows.groups[group].count, 3);
	must_be(TACIT_CORRUPT,
		integrity_rows_read(&rows, group, (const uint8_t *)list, sizeof list - 1, NULL));
	must_be(TACIT_CORRUPT,
		integrity_rows_read(&rows, group + 1, (const uint8_t *)list, sizeof list, NULL));
	list[2].id[1] = 1; /* twice */
	must_be(TACIT_CORRUPT,
		integrity_rows_read(&rows, group, (const uint8_t *)list, sizeof list, NULL));
	list[2].id[1] = 0; /* behind */
	must_be(TACIT_CORRUPT,
		integrity_rows_read(&rows, group, (const uint8_t *)list, sizeof list, NULL));
	assert_int_equal(rows.groups[group].count, 0);
	integrity_rows_free(&rows);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(random_changes_leave_what_a_fresh_reading_gives),
		cmocka_unit_test(entries_are_found_replaced_and_taken),
		cmocka_unit_test(lists_out_of_order_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
