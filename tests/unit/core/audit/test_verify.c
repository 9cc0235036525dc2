/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever is done to the files of a log is found, and the first place of it is named. */
#include "rig.h"

#define RECORDS 4

/* Where each record begins in a file, and behind the last one where the file ends. */
static size_t find_frames(const struct rig_bytes *file, size_t *at, size_t room)
{
	struct frame_head head;
	size_t count = 0, offset = HEADER_BYTES;

	while (offset < file->length) {
		assert_true(count + 1 < room);
		assert_true(frame_unpack(file->bytes + offset, &head));
		at[count++] = offset;
		offset += FRAME_HEAD + head.body + CHAIN_OVERHEAD;
	}
	assert_int_equal(offset, file->length);
	at[count] = offset;
	return count;
}

/* It is refused, at this place; and reading on never gives a record that was not written. */
static void expect_bad(
	const struct rig *rig, enum audit_fault fault, uint64_t file, uint64_t number)
{
	struct audit_verdict verdict;
	char text[AUDIT_PLACE_MAX];

	assert_int_equal(rig_verify(rig, &verdict), -TACIT_CORRUPT);
	audit_place_format(&verdict.bad, text);
	if (verdict.bad.fault != fault || verdict.bad.file != file || verdict.bad.number != number)
		fail_msg("%s; not what was done to it", text);
}

static unsigned int read_on(const struct rig *rig)
{
	struct audit_reader *reader;
	struct audit_record record;
	unsigned int sound = 0, faults = 0;
	uint64_t number = 0, last = 0;
	int result;

	assert_int_equal(audit_reader_open(&rig->options, 0, &reader, NULL), 0);
	while ((result = audit_reader_next(reader, &record, &number, NULL))) {
		struct audit_record expected = rig_record(number);

		assert_true(result == 1 || result == -TACIT_CORRUPT || result == -TACIT_NEWER);
		assert_true(faults + sound < 200);
		if (result < 0) {
			faults++;
			continue;
		}
		assert_true(number > last);
		last = number;
		assert_memory_equal(&record, &expected, sizeof record);
		sound++;
	}
	audit_reader_close(reader);
	return sound;
}

static void every_flipped_bit_of_a_file_is_found(void **state)
{
	struct rig_bytes file;
	size_t at[RECORDS + 1];
	unsigned int flips = 0;
	struct rig rig;

	(void)state;
	rig_start(&rig);
	rig_fill(&rig, 2, RECORDS / 2);
	file = rig_load(&rig, "audit-00000001");
	assert_int_equal(find_frames(&file, at, RECORDS + 1), RECORDS);
	for (size_t byte = 0; byte < file.length; byte++) {
		uint64_t number = 1;

		while (number < RECORDS && byte >= at[number])
			number++;
		for (int bit = 0; bit < 8; bit++, flips++) {
			struct audit_verdict verdict;

			file.bytes[byte] ^= (uint8_t)(1 << bit);
			rig_store(&rig, "audit-00000001", file.bytes, file.length);
			file.bytes[byte] ^= (uint8_t)(1 << bit);
			assert_true(rig_verify(&rig, &verdict) < 0);
			/* A version above ours is another matter. */
			if (byte != 4)
				assert_int_equal(verdict.bad.number, number);
			if (bit == 3)
				read_on(&rig);
		}
		if (byte % 16)
			continue;
		/* A record that is damaged alone hides no other. */
		file.bytes[byte] ^= 4;
		rig_store(&rig, "audit-00000001", file.bytes, file.length);
		file.bytes[byte] ^= 4;
		if (byte >= HEADER_BYTES && byte >= at[number - 1] + FRAME_HEAD)
			assert_int_equal(read_on(&rig), RECORDS - 1);
	}
	print_message("           %u flips, every one found\n", flips);
	free(file.bytes);
	rig_end(&rig);
}

static void every_flipped_bit_of_the_state_is_found(void **state)
{
	struct rig_bytes file;
	struct rig rig;

	(void)state;
	rig_start(&rig);
	rig_fill(&rig, 2, 1);
	file = rig_load(&rig, STATE_NAME);
	for (size_t byte = 0; byte < file.length; byte += byte < STATE_BYTES ? 1 : 61) {
		struct audit_verdict verdict;

		file.bytes[byte] ^= (uint8_t)(1 << byte % 8);
		rig_store(&rig, STATE_NAME, file.bytes, file.length);
		file.bytes[byte] ^= (uint8_t)(1 << byte % 8);
		assert_int_equal(rig_verify(&rig, &verdict), -TACIT_CORRUPT);
		assert_int_equal(verdict.bad.fault, AUDIT_STATE_DAMAGED);
		rig_open(&rig);
		assert_false(rig.found.state_lost);
		rig_close(&rig);
		rig_expect(&rig, 2);
	}
	free(file.bytes);
	rig_end(&rig);
}

static void every_truncation_is_found(void **state)
{
	struct rig_bytes file;
	size_t at[RECORDS + 1];
	struct rig rig;

	(void)state;
	rig_start(&rig);
	rig_fill(&rig, 1, RECORDS);
	file = rig_load(&rig, "audit-00000001");
	find_frames(&file, at, RECORDS + 1);
	for (size_t length = 0; length < file.length; length++) {
		uint64_t number = 1;

		while (number < RECORDS && length >= at[number])
			number++;
		rig_store(&rig, "audit-00000001", file.bytes, length);
		expect_bad(&rig, AUDIT_SHORTENED, 1, number);
	}
	/* The agent goes on behind it, leaves what there is, and the place stays known. */
	rig_open(&rig);
	assert_true(rig.found.broken);
	rig_write(&rig, RECORDS + 1, 2);
	rig_close(&rig);
	expect_bad(&rig, AUDIT_SHORTENED, 1, RECORDS);
	assert_int_equal(read_on(&rig), RECORDS - 1 + 2);
	free(file.bytes);
	rig_end(&rig);
}

/* Put the frames of `order` (by number; 0 ends it) into the file. */
static void arrange(const struct rig *rig, const struct rig_bytes *file, const size_t *at,
	const unsigned int *order)
{
	uint8_t *bytes = malloc(RIG_FILE_MAX);
	size_t length = HEADER_BYTES;

	memcpy(bytes, file->bytes, HEADER_BYTES);
	for (; *order; order++) {
		size_t size = at[*order] - at[*order - 1];

		memcpy(bytes + length, file->bytes + at[*order - 1], size);
		length += size;
	}
	rig_store(rig, "audit-00000001", bytes, length);
	free(bytes);
}

static void records_that_are_moved_doubled_or_gone_are_found(void **state)
{
	static const struct {
		unsigned int order[RECORDS + 2];
		enum audit_fault fault;
		uint64_t number;
	} cases[] = {
		{ { 2, 3, 4 }, AUDIT_CHANGED, 1 },
		{ { 1, 3, 4 }, AUDIT_CHANGED, 2 },
		{ { 1, 2, 4 }, AUDIT_CHANGED, 3 },
		{ { 1, 2, 3 }, AUDIT_SHORTENED, 4 },
		{ { 2, 1, 3, 4 }, AUDIT_CHANGED, 1 },
		{ { 1, 3, 2, 4 }, AUDIT_CHANGED, 2 },
		{ { 1, 2, 2, 3 }, AUDIT_CHANGED, 3 },
		{ { 1, 2, 3, 3 }, AUDIT_CHANGED, 4 },
	};
	struct rig_bytes file;
	size_t at[RECORDS + 1];
	struct rig rig;

	(void)state;
	rig_start(&rig);
	rig_fill(&rig, 1, RECORDS);
	file = rig_load(&rig, "audit-00000001");
	find_frames(&file, at, RECORDS + 1);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		arrange(&rig, &file, at, cases[i].order);
		expect_bad(&rig, cases[i].fault, 1, cases[i].number);
		read_on(&rig);
	}
	free(file.bytes);
	rig_end(&rig);
}

/* Records of another log, or of this one as it might have gone on, are not this one's. */
static void records_of_another_past_are_found(void **state)
{
	struct rig_bytes file, other;
	struct rig rig, twin;

	(void)state;
	rig_start(&rig);
	rig_start(&twin);
	rig_fill(&rig, 1, RECORDS);
	rig_fill(&twin, 1, RECORDS);
	file = rig_load(&rig, "audit-00000001");
	other = rig_load(&twin, "audit-00000001");
	assert_int_equal(file.length, other.length);
	/* The same keys: only the header is another. */
	memcpy(file.bytes, other.bytes, HEADER_BYTES);
	rig_store(&rig, "audit-00000001", file.bytes, file.length);
	expect_bad(&rig, AUDIT_CHANGED, 1, 1);
	rig_store(&rig, "audit-00000001", other.bytes, other.length);
	expect_bad(&rig, AUDIT_STATE, 1, RECORDS + 1);
	twin.options.id[0]++;
	assert_true(rig_verify(&twin, &(struct audit_verdict){ 0 }) < 0);
	free(file.bytes);
	free(other.bytes);
	rig_end(&twin);
	rig_end(&rig);
}

static void start_files(struct rig *rig, uint64_t *first)
{
	struct audit_position position;

	rig_start(rig);
	rig->options.file_bytes = 4096;
	rig_open(rig);
	first[1] = 1;
	for (uint64_t i = 1, file = 1; file < 5; i++) {
		rig_write(rig, i, 1);
		audit_log_position(rig->log, &position);
		if (position.file != file)
			first[++file] = i + 1;
	}
	rig_close(rig);
}

static void files_that_are_gone_or_moved_are_found(void **state)
{
	struct rig_bytes files[6];
	char names[6][FILE_NAME_MAX], path[128];
	uint64_t first[6];
	struct rig rig;

	(void)state;
	start_files(&rig, first);
	for (uint64_t i = 1; i <= 5; i++) {
		file_name(i, names[i]);
		files[i] = rig_load(&rig, names[i]);
	}
	for (uint64_t gone = 1; gone <= 5; gone++) {
		rig_path(&rig, names[gone], path);
		assert_int_equal(unlink(path), 0);
		expect_bad(&rig, AUDIT_MISSING, gone, gone == 1 ? 0 : first[gone]);
		read_on(&rig);
		rig_store(&rig, names[gone], files[gone].bytes, files[gone].length);
	}
	for (uint64_t moved = 1; moved < 5; moved++) {
		rig_store(&rig, names[moved], files[moved + 1].bytes, files[moved + 1].length);
		rig_store(&rig, names[moved + 1], files[moved].bytes, files[moved].length);
		expect_bad(&rig, AUDIT_CHANGED, moved, first[moved]);
		read_on(&rig);
		rig_store(&rig, names[moved], files[moved].bytes, files[moved].length);
		rig_store(&rig, names[moved + 1], files[moved + 1].bytes, files[moved + 1].length);
	}
	rig_expect(&rig, first[5] - 1);
	for (uint64_t i = 1; i <= 5; i++)
		free(files[i].bytes);
	rig_end(&rig);
}

/* The last records of a file in the middle are gone: the next one says so. */
static void shortened_file_is_found(void **state)
{
	struct rig_bytes file;
	uint64_t first[6];
	size_t at[40];
	struct rig rig;

	(void)state;
	start_files(&rig, first);
	file = rig_load(&rig, "audit-00000002");
	at[0] = find_frames(&file, at, 40);
	rig_store(&rig, "audit-00000002", file.bytes, at[at[0] - 1]);
	expect_bad(&rig, AUDIT_SHORTENED, 2, first[3] - 1);
	assert_int_equal(read_on(&rig), first[5] - 2);
	free(file.bytes);
	rig_end(&rig);
}

/* An older state, an older log, and none. */
static void what_is_put_back_is_found(void **state)
{
	struct rig_bytes old_state, old_file;
	struct audit_position since;
	struct audit_verdict verdict;
	struct rig rig;
	char path[128];

	(void)state;
	rig_start(&rig);
	rig_fill(&rig, 1, 2);
	old_state = rig_load(&rig, STATE_NAME);
	old_file = rig_load(&rig, "audit-00000001");
	rig_open(&rig);
	rig_write(&rig, 3, 2);
	audit_log_position(rig.log, &since);
	rig_close(&rig);
	assert_int_equal(audit_verify(&rig.options, &since, &verdict, NULL), 0);
	/* Both: the log of yesterday is sound in itself. */
	rig_store(&rig, STATE_NAME, old_state.bytes, old_state.length);
	rig_store(&rig, "audit-00000001", old_file.bytes, old_file.length);
	assert_int_equal(rig_verify(&rig, &verdict), 0);
	assert_int_equal(audit_verify(&rig.options, &since, &verdict, NULL), -TACIT_CORRUPT);
	assert_int_equal(verdict.bad.fault, AUDIT_ROLLED_BACK);
	/* And what it goes on with does not make up for it. */
	rig_open(&rig);
	rig_write(&rig, 3, 5);
	rig_close(&rig);
	assert_int_equal(rig_verify(&rig, &verdict), 0);
	assert_int_equal(audit_verify(&rig.options, &since, &verdict, NULL), -TACIT_CORRUPT);
	assert_int_equal(verdict.bad.fault, AUDIT_ROLLED_BACK);
	rig_path(&rig, STATE_NAME, path);
	unlink(path);
	expect_bad(&rig, AUDIT_NO_STATE, 1, 8);
	/* The agent begins anew behind it, and that stays known, too. */
	rig_open(&rig);
	assert_true(rig.found.state_lost);
	rig_close(&rig);
	expect_bad(&rig, AUDIT_BROKEN, 1, 8);
	free(old_state.bytes);
	free(old_file.bytes);
	rig_end(&rig);
}

static void position_is_known_over_files(void **state)
{
	struct audit_position since[41];
	struct audit_verdict verdict;
	struct rig rig;

	(void)state;
	rig_start(&rig);
	rig.options.file_bytes = 4096;
	rig_open(&rig);
	for (uint64_t i = 0; i <= 40; i++) {
		if (i)
			rig_write(&rig, i, 1);
		audit_log_position(rig.log, &since[i]);
	}
	for (uint64_t i = 0; i <= 40; i++) {
		assert_int_equal(audit_verify(&rig.options, &since[i], &verdict, NULL), 0);
		since[i].link[5] ^= 1;
		if (i)
			assert_int_equal(audit_verify(&rig.options, &since[i], &verdict, NULL),
				-TACIT_CORRUPT);
	}
	rig_end(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_flipped_bit_of_a_file_is_found),
		cmocka_unit_test(every_flipped_bit_of_the_state_is_found),
		cmocka_unit_test(every_truncation_is_found),
		cmocka_unit_test(records_that_are_moved_doubled_or_gone_are_found),
		cmocka_unit_test(records_of_another_past_are_found),
		cmocka_unit_test(files_that_are_gone_or_moved_are_found),
		cmocka_unit_test(shortened_file_is_found),
		cmocka_unit_test(what_is_put_back_is_found),
		cmocka_unit_test(position_is_known_over_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
