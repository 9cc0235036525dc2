/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log is what FORMAT.md says: the vectors of tests/vectors/generate_store.py. */
#include "rig.h"

#include "core/audit/reader.h"
#include "tests/vectors/vectors.h"

/* Of a file that is begun with what a vector has, and zeros up to `size`. */
static void write_field(const struct rig *rig, const struct vector *vector, const char *field,
	const char *name, size_t at, size_t size)
{
	uint8_t *bytes = NULL, *whole;
	size_t length = 0;
	char path[128];

	if (vector_text(vector, field))
		bytes = vector_bytes(vector, field, &length);
	whole = calloc(1, at + (length > size ? length : size) + 1);
	assert_non_null(whole);
	rig_path(rig, name, path);
	if (at) {
		struct rig_bytes before = rig_load(rig, name);

		memcpy(whole, before.bytes, before.length < at ? before.length : at);
		free(before.bytes);
	}
	if (length)
		memcpy(whole + at, bytes, length);
	rig_store(rig, name, whole, at + (length > size ? length : size));
	free(whole);
	free(bytes);
}

static void write_log(const struct rig *rig, const struct vector *vector)
{
	unsigned int first = vector_text(vector, "number") ? vector_number(vector, "number") : 1;

	for (unsigned int i = 1; i <= 3; i++) {
		char field[16], name[FILE_NAME_MAX];

		snprintf(field, sizeof field, "file%u", i);
		file_name(first + i - 1, name);
		if (vector_text(vector, field))
			write_field(rig, vector, field, name, 0, 0);
	}
	write_field(rig, vector, "state1", STATE_NAME, 0, STATE_APART);
	write_field(rig, vector, "state2", STATE_NAME, STATE_APART, STATE_BYTES);
}

/* The last record of a sound log packs to what the vector has. */
static void check_last(const struct rig *rig, const struct vector *vector)
{
	uint8_t expected[AUDIT_BODY_MAX], body[AUDIT_BODY_MAX];
	struct audit_source source = { .lane = 3, .taken = 1 };
	struct audit_reader *reader;
	struct audit_record record;
	uint64_t number;
	size_t length;
	uint8_t *last;
	struct err err = { 0 };

	if (!vector_text(vector, "last"))
		return;
	last = vector_bytes(vector, "last", &length);
	assert_true(length <= sizeof expected);
	assert_int_equal(audit_reader_open(&rig->options, 0, &reader, &err), 0);
	while (audit_reader_next(reader, &record, &number, &err) == 1)
		;
	audit_reader_close(reader);
	assert_int_equal(audit_pack(&record, &source, body), length);
	assert_memory_equal(body, last, length);
	free(last);
}

static void check_log(const struct vector *vector)
{
	uint8_t key[SEAL_KEY_BYTES];
	struct audit_verdict verdict;
	struct err err = { 0 };
	struct rig rig;
	int result;

	rig_start(&rig);
	vector_exact(vector, "key", key, sizeof key);
	vector_exact(vector, "id", rig.options.id, sizeof rig.options.id);
	rig.options.key = key;
	write_log(&rig, vector);
	result = audit_verify(&rig.options, NULL, &verdict, &err);
	if (vector_expects_ok(vector, result))
		check_last(&rig, vector);
	if (verdict.records != vector_number(vector, "records"))
		fail_msg("%s: %d records: %s", vector_name(vector), (int)verdict.records, err.text);
	rig_end(&rig);
}

static void logs_are_what_the_format_says(void **state)
{
	(void)state;
	vectors_each("auditlog.txt", check_log);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(logs_are_what_the_format_says) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
