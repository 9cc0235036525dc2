/* SPDX-License-Identifier: Apache-2.0 */
/* Reading in parts: on the way to a record, and watched from another thread. */
#include "rig.h"

static void the_way_to_a_record_has_parts(void **state)
{
	struct audit_reader *reader;
	struct audit_record record;
	uint64_t number;
	struct rig rig;
	int parts = 0;

	(void)state;
	rig_start(&rig);
	rig_fill(&rig, 10, 10);
	assert_int_equal(audit_reader_open(&rig.options, 95, &reader, NULL), 0);
	while (!audit_reader_pass(reader, 10, NULL))
		parts++;
	assert_in_range(parts, 9, 11);
	assert_int_equal(audit_reader_pass(reader, 10, NULL), 1);
	for (uint64_t i = 95; i <= 100; i++) {
		assert_int_equal(audit_reader_next(reader, &record, &number, NULL), 1);
		assert_int_equal(number, i);
	}
	assert_int_equal(audit_reader_next(reader, &record, &number, NULL), 0);
	audit_reader_close(reader);
	/* Behind the end, and at the beginning, there is no way to go. */
	assert_int_equal(audit_reader_open(&rig.options, 1000, &reader, NULL), 0);
	assert_int_equal(audit_reader_pass(reader, 1000, NULL), 1);
	assert_int_equal(audit_reader_next(reader, &record, &number, NULL), 0);
	audit_reader_close(reader);
	assert_int_equal(audit_reader_open(&rig.options, 0, &reader, NULL), 0);
	assert_int_equal(audit_reader_pass(reader, 0, NULL), 1);
	audit_reader_close(reader);
	rig_end(&rig);
}

static void damage_on_the_way_is_told_and_passed(void **state)
{
	struct audit_reader *reader;
	struct audit_record record;
	struct rig_bytes file;
	uint64_t number;
	struct rig rig;
	int result, troubles = 0;

	(void)state;
	rig_start(&rig);
	rig_fill(&rig, 4, 10);
	file = rig_load(&rig, "audit-00000001");
	file.bytes[file.length / 2] ^= 1;
	rig_store(&rig, "audit-00000001", file.bytes, file.length);
	free(file.bytes);
	assert_int_equal(audit_reader_open(&rig.options, 38, &reader, NULL), 0);
	while ((result = audit_reader_pass(reader, 7, NULL)) != 1) {
		assert_true(!result || result == -TACIT_CORRUPT);
		troubles += result < 0;
	}
	assert_true(troubles > 0);
	assert_int_equal(audit_reader_next(reader, &record, &number, NULL), 1);
	assert_int_equal(number, 38);
	audit_reader_close(reader);
	rig_end(&rig);
}

static void verifying_is_watched_and_ended(void **state)
{
	struct audit_watch watch = { 0 };
	struct audit_verdict verdict;
	struct rig rig;

	(void)state;
	rig_start(&rig);
	rig_fill(&rig, 5, 10);
	assert_int_equal(audit_verify_watched(&rig.options, NULL, &watch, &verdict, NULL), 0);
	assert_int_equal(atomic_load(&watch.records), 50);
	assert_int_equal(verdict.records, 50);
	atomic_store(&watch.stop, true);
	assert_int_equal(audit_verify_watched(&rig.options, NULL, &watch, &verdict, NULL),
		-TACIT_UNAVAILABLE);
	assert_int_equal(verdict.records, 0);
	rig_end(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_way_to_a_record_has_parts),
		cmocka_unit_test(damage_on_the_way_is_told_and_passed),
		cmocka_unit_test(verifying_is_watched_and_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
