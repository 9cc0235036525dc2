/* SPDX-License-Identifier: Apache-2.0 */
/* The log grows, is opened again, begins new files, and is what it was after any crash. */
#include "rig.h"

static void what_is_written_is_read(void **state)
{
	struct audit_position position;
	struct rig rig;

	(void)state;
	rig_start(&rig);
	rig_open(&rig);
	assert_true(rig.found.created);
	rig_expect(&rig, 0);
	rig_write(&rig, 1, 3);
	rig_expect(&rig, 3); /* while it is open */
	rig_write(&rig, 4, 1);
	audit_log_position(rig.log, &position);
	assert_int_equal(position.number, 4);
	rig_close(&rig);
	rig_expect(&rig, 4);
	rig_open(&rig);
	assert_false(
		rig.found.created || rig.found.torn || rig.found.state_lost || rig.found.broken);
	rig_write(&rig, 5, 2);
	rig_expect(&rig, 6);
	rig_end(&rig);
}

static void no_name_can_be_read_on_the_disk(void **state)
{
	struct rig_bytes file;
	struct rig rig;

	(void)state;
	rig_start(&rig);
	rig_fill(&rig, 2, 3);
	file = rig_load(&rig, "audit-00000001");
	assert_null(memmem(file.bytes, file.length, "password", 8));
	assert_null(memmem(file.bytes, file.length, "shop", 4));
	free(file.bytes);
	rig_end(&rig);
}

static void one_process_writes(void **state)
{
	struct audit_found found;
	struct audit_log *other;
	struct err err = { 0 };
	struct rig rig;

	(void)state;
	rig_start(&rig);
	rig_open(&rig);
	assert_int_equal(audit_log_open(&rig.options, &other, &found, &err), -TACIT_BUSY);
	rig_close(&rig);
	rig_open(&rig);
	rig_end(&rig);
}

static void log_says_how_far_it_has_the_ring(void **state)
{
	static const uint8_t ring[AUDIT_RING_ID_BYTES] = "a ring's own id", zero[16];
	struct audit_record record = rig_record(4);
	struct audit_source lost = { AUDIT_LANE_NONE, 17 };
	struct rig rig;

	(void)state;
	rig_start(&rig);
	rig_open(&rig);
	assert_memory_equal(audit_log_marks(rig.log)->ring, zero, sizeof zero);
	assert_int_equal(audit_log_use_ring(rig.log, ring, NULL), 0);
	rig_write(&rig, 1, 3);
	assert_int_equal(audit_log_append(rig.log, &record, &lost, NULL), 0);
	assert_int_equal(audit_log_marks(rig.log)->lost, 0); /* not durable */
	assert_int_equal(audit_log_commit(rig.log, NULL), 0);
	rig_close(&rig);
	rig_open(&rig);
	assert_memory_equal(audit_log_marks(rig.log)->ring, ring, sizeof ring);
	assert_int_equal(audit_log_marks(rig.log)->taken[3], 3);
	assert_int_equal(audit_log_marks(rig.log)->taken[4], 0);
	assert_int_equal(audit_log_marks(rig.log)->lost, 17);
	assert_int_equal(audit_log_use_ring(rig.log, ring, NULL), 0);
	assert_int_equal(audit_log_marks(rig.log)->taken[3], 3);
	assert_int_equal(audit_log_use_ring(rig.log, zero, NULL), 0);
	rig_close(&rig);
	rig_open(&rig);
	assert_int_equal(audit_log_marks(rig.log)->taken[3], 0);
	rig_end(&rig);
}

static void group_has_a_limit(void **state)
{
	struct audit_record record = rig_record(1);
	struct audit_source source = { 0, 1 };
	struct rig rig;

	(void)state;
	rig_start(&rig);
	rig_open(&rig);
	for (unsigned int i = 0; i < AUDIT_BATCH_RECORDS; i++)
		assert_int_equal(audit_log_append(rig.log, &record, &source, NULL), 0);
	assert_int_equal(audit_log_append(rig.log, &record, &source, NULL), -TACIT_LIMIT);
	assert_int_equal(audit_log_commit(rig.log, NULL), 0);
	rig_end(&rig);
}

static size_t file_size(const struct rig *rig, const char *name)
{
	struct stat st;
	char path[128];

	rig_path(rig, name, path);
	assert_int_equal(stat(path, &st), 0);
	return (size_t)st.st_size;
}

/* The power goes while a group is written: any part of it is on the disk. What is whole is a
 * record, and what is not never was one. */
static void torn_tail_is_cut_off_at_every_byte(void **state)
{
	struct rig_bytes before, after, old_state;
	struct frame_head head;
	struct rig rig;
	size_t third;

	(void)state;
	rig_start(&rig);
	rig_fill(&rig, 1, 2);
	before = rig_load(&rig, "audit-00000001");
	old_state = rig_load(&rig, STATE_NAME);
	rig_open(&rig);
	rig_write(&rig, 3, 2);
	rig_close(&rig);
	after = rig_load(&rig, "audit-00000001");
	assert_true(frame_unpack(after.bytes + before.length, &head));
	third = before.length + FRAME_HEAD + head.body + CHAIN_OVERHEAD;
	for (size_t length = before.length; length <= after.length; length++) {
		uint64_t whole = length < third ? 0 : length < after.length ? 1 : 2;

		rig_store(&rig, "audit-00000001", after.bytes, length);
		rig_store(&rig, STATE_NAME, old_state.bytes, old_state.length);
		rig_expect(&rig, 2); /* nothing else was acknowledged */
		rig_open(&rig);
		assert_false(rig.found.broken || rig.found.state_lost);
		assert_int_equal(rig.found.adopted, whole);
		assert_int_equal(rig.found.torn, length - (whole == 0          ? before.length
								  : whole == 1 ? third
									       : after.length));
		assert_int_equal(audit_log_marks(rig.log)->taken[3], 2 + whole);
		assert_int_equal(file_size(&rig, "audit-00000001"), length - rig.found.torn);
		rig_expect(&rig, 2 + whole);
		if (length % 64 == 0 || length == after.length) {
			rig_write(&rig, 3 + whole, 2);
			rig_expect(&rig, 4 + whole);
		}
		rig_close(&rig);
	}
	free(before.bytes);
	free(after.bytes);
	free(old_state.bytes);
	rig_end(&rig);
}

/* A state that was half written is none: the one before counts, and no record is lost by that. */
static void torn_state_loses_nothing(void **state)
{
	struct rig_bytes before, after;
	struct audit_verdict verdict;
	struct rig rig;
	size_t place;

	(void)state;
	rig_start(&rig);
	rig_fill(&rig, 1, 2);
	before = rig_load(&rig, STATE_NAME);
	rig_open(&rig);
	rig_write(&rig, 3, 1);
	rig_close(&rig);
	after = rig_load(&rig, STATE_NAME);
	place = memcmp(before.bytes, after.bytes, STATE_BYTES) ? 0 : STATE_APART;
	for (size_t wrong = 0; wrong < STATE_BYTES; wrong += 7) {
		after.bytes[place + wrong] ^= 0x10;
		rig_store(&rig, STATE_NAME, after.bytes, after.length);
		after.bytes[place + wrong] ^= 0x10;
		assert_int_equal(rig_verify(&rig, &verdict), -TACIT_CORRUPT);
		assert_int_equal(verdict.bad.fault, AUDIT_STATE_DAMAGED);
		rig_open(&rig);
		assert_int_equal(rig.found.adopted, 1);
		rig_close(&rig);
		rig_expect(&rig, 3); /* repaired */
	}
	free(before.bytes);
	free(after.bytes);
	rig_end(&rig);
}

static void long_files_are_followed_by_others(void **state)
{
	struct rig rig;
	char path[128];

	(void)state;
	rig_start(&rig);
	rig.options.file_bytes = 4096;
	rig_fill(&rig, 30, 2);
	rig_expect(&rig, 60);
	rig_path(&rig, "audit-00000003", path);
	assert_int_equal(access(path, F_OK), 0);
	rig_open(&rig);
	rig_write(&rig, 61, 1);
	rig_expect(&rig, 61);
	rig_end(&rig);
}

/* Between a file's making and the state that names it, core dies. */
static void file_that_was_begun_is_begun_again(void **state)
{
	struct rig_bytes old_state, next;
	struct rig rig;

	(void)state;
	rig_start(&rig);
	rig_fill(&rig, 1, 12);
	old_state = rig_load(&rig, STATE_NAME);
	rig.options.file_bytes = 4096;
	rig_open(&rig);
	assert_int_equal(log_begin_file(rig.log, 2, ORIGIN_KEY, NULL), 0);
	rig_close(&rig);
	next = rig_load(&rig, "audit-00000002");
	assert_int_equal(next.length, HEADER_BYTES);
	for (size_t length = 0; length <= next.length; length++) {
		rig_store(&rig, "audit-00000002", next.bytes, length);
		rig_store(&rig, STATE_NAME, old_state.bytes, old_state.length);
		rig_expect(&rig, 12);
		rig_open(&rig);
		assert_false(rig.found.broken);
		rig_expect(&rig, 12);
		rig_close(&rig);
	}
	rig_open(&rig);
	rig_write(&rig, 13, 2);
	rig_expect(&rig, 14);
	free(old_state.bytes);
	free(next.bytes);
	rig_end(&rig);
}

/* A crash while the log is made leaves a file without a record, or a state of zeros. */
static void making_that_was_cut_short_is_done_again(void **state)
{
	struct rig_bytes first;
	struct rig rig;
	uint8_t zeros[STATE_APART + STATE_BYTES] = { 0 };

	(void)state;
	rig_start(&rig);
	rig_fill(&rig, 0, 0);
	first = rig_load(&rig, "audit-00000001");
	for (size_t length = 0; length <= first.length; length++) {
		rig_empty(&rig);
		rig_store(&rig, "audit-00000001", first.bytes, length);
		if (length % 2)
			rig_store(&rig, STATE_NAME, zeros, sizeof zeros);
		rig_open(&rig);
		assert_true(rig.found.created);
		rig_write(&rig, 1, 1);
		rig_close(&rig);
		rig_expect(&rig, 1);
	}
	free(first.bytes);
	rig_end(&rig);
}

static void old_files_are_dropped(void **state)
{
	struct audit_verdict verdict;
	struct rig rig;
	char path[128];

	(void)state;
	rig_start(&rig);
	rig.options.file_bytes = 4096;
	rig.options.keep = 2;
	rig_fill(&rig, 40, 2);
	rig_path(&rig, "audit-00000001", path);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(rig_verify(&rig, &verdict), 0);
	assert_true(verdict.first > 1);
	assert_int_equal(verdict.files, 2);
	assert_int_equal(verdict.first + verdict.records, 81);
	rig_end(&rig);
}

/* Who can write the state can make its sum. A loop over all numbers to there would not end. */
static void state_may_name_any_file(void **state)
{
	struct rig_bytes file;
	struct rig rig;

	(void)state;
	rig_start(&rig);
	rig_fill(&rig, 2, 3);
	file = rig_load(&rig, STATE_NAME);
	for (size_t at = 0; at <= STATE_APART; at += STATE_APART) {
		uint8_t *bytes = file.bytes + at;

		bytes[32 + 7] = bytes[56 + 7] = 0x10; /* the last file, and the oldest */
		chain_check(bytes, STATE_BYTES - CHAIN_CHECK_BYTES,
			bytes + STATE_BYTES - CHAIN_CHECK_BYTES);
	}
	rig_store(&rig, STATE_NAME, file.bytes, file.length);
	free(file.bytes);
	rig_open(&rig);
	assert_true(rig.found.broken);
	rig_write(&rig, 7, 1);
	rig_end(&rig);
}

static void locked_log_is_added_to_and_not_read(void **state)
{
	struct audit_reader *reader;
	struct rig rig;

	(void)state;
	rig_start(&rig);
	rig.options.key = NULL;
	assert_int_equal(audit_log_open(&rig.options, &rig.log, &rig.found, NULL), -TACIT_LOCKED);
	rig.options.key = rig_key;
	rig.options.file_bytes = 4096;
	rig.options.keep = 1;
	rig_fill(&rig, 3, 2);
	rig.options.key = NULL;
	rig_open(&rig);
	for (uint64_t i = 7; i <= 60; i++)
		rig_write(&rig, i, 1); /* over several files */
	assert_int_equal(audit_reader_open(&rig.options, 0, &reader, NULL), -TACIT_LOCKED);
	rig_close(&rig);
	rig.options.key = rig_key;
	rig_expect(&rig, 60); /* nothing was dropped either */
	/* Unlocked, it drops what is before the last file that the key gives, and no more. */
	rig_open(&rig);
	for (uint64_t i = 61; i <= 80; i++)
		rig_write(&rig, i, 1);
	rig_close(&rig);
	rig_open(&rig);
	rig_end(&rig);
}

/* Whoever has the state of now has nothing of before. */
static void stolen_state_opens_nothing_older(void **state)
{
	struct rig_bytes file;
	struct frame_head head;
	struct rig rig;
	struct chain chain;
	uint8_t body[AUDIT_BODY_MAX], *at;

	(void)state;
	rig_start(&rig);
	rig_open(&rig);
	rig_write(&rig, 1, 3);
	chain = rig.log->keys->durable.chain;
	rig_close(&rig);
	file = rig_load(&rig, "audit-00000001");
	at = file.bytes + HEADER_BYTES;
	for (int i = 0; i < 3; i++) {
		assert_true(frame_unpack(at, &head));
		for (int later = 0; later < 4; later++) {
			struct chain one = chain;

			for (int step = 0; step < later; step++)
				chain_open(&one, "", 0, file.bytes, CHAIN_OVERHEAD, body, NULL);
			assert_int_equal(chain_open(&one, at, FRAME_HEAD, at + FRAME_HEAD,
						 head.body + CHAIN_OVERHEAD, body, NULL),
				-TACIT_CORRUPT);
		}
		at += FRAME_HEAD + head.body + CHAIN_OVERHEAD;
	}
	free(file.bytes);
	rig_end(&rig);
}

static void reader_begins_anywhere_and_follows(void **state)
{
	struct audit_reader *reader;
	struct audit_record record;
	struct rig rig;
	uint64_t number;

	(void)state;
	rig_start(&rig);
	rig.options.file_bytes = 4096;
	rig_fill(&rig, 40, 1);
	for (uint64_t from = 1; from <= 41; from++) {
		assert_int_equal(audit_reader_open(&rig.options, from, &reader, NULL), 0);
		for (uint64_t i = from; i <= 40; i++) {
			assert_int_equal(audit_reader_next(reader, &record, &number, NULL), 1);
			assert_int_equal(number, i);
			assert_int_equal(record.unique, i);
		}
		assert_int_equal(audit_reader_next(reader, &record, &number, NULL), 0);
		audit_reader_close(reader);
	}
	assert_int_equal(audit_reader_open(&rig.options, 41, &reader, NULL), 0);
	assert_int_equal(audit_reader_next(reader, &record, &number, NULL), 0);
	rig_open(&rig);
	for (uint64_t i = 41; i <= 80; i++) {
		rig_write(&rig, i, 1);
		assert_int_equal(audit_reader_next(reader, &record, &number, NULL), 1);
		assert_int_equal(number, i);
		assert_int_equal(audit_reader_next(reader, &record, &number, NULL), 0);
	}
	audit_reader_close(reader);
	rig_end(&rig);
}

static void newer_format_is_left_alone(void **state)
{
	struct audit_verdict verdict;
	struct rig_bytes file;
	struct rig rig;

	(void)state;
	rig_start(&rig);
	rig_fill(&rig, 1, 1);
	file = rig_load(&rig, STATE_NAME);
	for (int place = 0; place < 2; place++) {
		uint8_t *at = file.bytes + place * STATE_APART;

		at[4]++;
		chain_check(
			at, STATE_BYTES - CHAIN_CHECK_BYTES, at + STATE_BYTES - CHAIN_CHECK_BYTES);
	}
	/* One was never written. */
	rig_store(&rig, STATE_NAME, file.bytes, file.length);
	assert_int_equal(audit_log_open(&rig.options, &rig.log, &rig.found, NULL), -TACIT_NEWER);
	assert_int_equal(rig_verify(&rig, &verdict), -TACIT_NEWER);
	free(file.bytes);
	rig_end(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(no_name_can_be_read_on_the_disk),
		cmocka_unit_test(one_process_writes),
		cmocka_unit_test(log_says_how_far_it_has_the_ring),
		cmocka_unit_test(group_has_a_limit),
		cmocka_unit_test(torn_tail_is_cut_off_at_every_byte),
		cmocka_unit_test(torn_state_loses_nothing),
		cmocka_unit_test(long_files_are_followed_by_others),
		cmocka_unit_test(file_that_was_begun_is_begun_again),
		cmocka_unit_test(making_that_was_cut_short_is_done_again),
		cmocka_unit_test(old_files_are_dropped),
		cmocka_unit_test(state_may_name_any_file),
		cmocka_unit_test(locked_log_is_added_to_and_not_read),
		cmocka_unit_test(stolen_state_opens_nothing_older),
		cmocka_unit_test(reader_begins_anywhere_and_follows),
		cmocka_unit_test(newer_format_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
