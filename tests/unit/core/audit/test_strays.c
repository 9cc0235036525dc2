/* SPDX-License-Identifier: Apache-2.0 */
/* A file whose name says that it is a far later one of the log. */
#include "core/audit/reader.h"
#include "rig.h"

#define RECORDS 3

static const char stray[] = "audit-4000000000000000000";

/* Nobody looks for the files that would be between. */
static void what_is_far_behind_the_log_is_not_counted_down_from(void **state)
{
	struct audit_verdict verdict;
	struct audit_reader *reader;
	struct audit_record record;
	uint64_t number;
	char path[128];
	struct rig rig;
	FILE *file;

	(void)state;
	rig_start(&rig);
	rig_fill(&rig, 1, RECORDS);
	rig_path(&rig, stray, path);
	file = fopen(path, "w");
	assert_non_null(file);
	fclose(file);
	assert_int_equal(audit_reader_open(&rig.options, 2, &reader, NULL), 0);
	assert_int_equal(audit_reader_next(reader, &record, &number, NULL), 1);
	assert_int_equal(number, 2);
	audit_reader_close(reader);
	assert_int_equal(rig_verify(&rig, &verdict), -TACIT_CORRUPT);
	assert_int_equal(verdict.bad.fault, AUDIT_BEHIND);
	rig_end(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_far_behind_the_log_is_not_counted_down_from),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
