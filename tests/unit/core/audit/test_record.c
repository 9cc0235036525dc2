/* SPDX-License-Identifier: Apache-2.0 */
/* A record as bytes, and as lines. */
#include "rig.h"

static const struct audit_source source = { 4, 1234567 };

static void every_field_comes_back(void **state)
{
	struct audit_record record = rig_record(7), again;
	struct audit_source from;
	uint8_t body[AUDIT_BODY_MAX];
	size_t length = audit_pack(&record, &source, body);

	(void)state;
	assert_int_equal(length % AUDIT_PAD, 0);
	assert_int_equal(audit_unpack(body, length, &again, &from, NULL), 0);
	assert_memory_equal(&again, &record, sizeof record);
	assert_int_equal(from.lane, source.lane);
	assert_int_equal(from.taken, source.taken);
}

/* What a size tells of the names is a class of 128 bytes, and the longest have room. */
static void longest_has_room_and_shortest_is_padded(void **state)
{
	struct audit_record record, again;
	struct audit_source from;
	uint8_t body[AUDIT_BODY_MAX];

	(void)state;
	memset(&record, 0, sizeof record);
	record.kind = AUDIT_AGENT;
	assert_int_equal(audit_pack(&record, &source, body), AUDIT_PAD);
	memset(&record, 'x', sizeof record);
	record.kind = AUDIT_AGENT;
	assert_in_range(audit_pack(&record, &source, body), 1, AUDIT_BODY_MAX);
	/* Texts without an end are ended. */
	assert_int_equal(
		audit_unpack(body, audit_pack(&record, &source, body), &again, &from, NULL), 0);
	assert_int_equal(strlen(again.comm), AUDIT_COMM_MAX);
	assert_int_equal(strlen(again.secret), TACIT_SECRET_NAME_MAX);
}

static void other_bytes_are_refused(void **state)
{
	struct audit_record record = rig_record(7), again, zero;
	struct audit_source from;
	uint8_t body[AUDIT_BODY_MAX + AUDIT_PAD] = { 0 };
	size_t length = audit_pack(&record, &source, body);

	(void)state;
	memset(&zero, 0, sizeof zero);
	for (size_t short_of = 0; short_of < length; short_of++)
		assert_int_equal(audit_unpack(body, short_of, &again, &from, NULL), -TACIT_CORRUPT);
	assert_int_equal(
		audit_unpack(body, length + AUDIT_PAD, &again, &from, NULL), -TACIT_CORRUPT);
	body[length - 1] = 1; /* padding */
	assert_int_equal(audit_unpack(body, length, &again, &from, NULL), -TACIT_CORRUPT);
	body[length - 1] = 0;
	body[2] = 2; /* layout */
	assert_int_equal(audit_unpack(body, length, &again, &from, NULL), -TACIT_NEWER);
	body[2] = 0;
	assert_int_equal(audit_unpack(body, length, &again, &from, NULL), -TACIT_CORRUPT);
	body[2] = 1;
	body[3] = AUDIT_LANES; /* lane */
	assert_int_equal(audit_unpack(body, length, &again, &from, NULL), -TACIT_CORRUPT);
	body[3] = 4;
	body[12] = 0; /* kind */
	assert_int_equal(audit_unpack(body, length, &again, &from, NULL), -TACIT_CORRUPT);
	body[12] = AUDIT_KINDS;
	assert_int_equal(audit_unpack(body, length, &again, &from, NULL), -TACIT_CORRUPT);
	assert_memory_equal(&again, &zero, sizeof again);
}

static void json_has_what_applies(void **state)
{
	struct audit_record record = rig_record(7);
	char line[AUDIT_LINE_MAX];
	size_t length = audit_format_json(&record, 12, line);

	(void)state;
	assert_string_equal(line,
		"{\"number\":12,\"time\":\"2026-09-21T14:13:20.000000007Z\",\"kind\":\"agent\","
		"\"act\":\"open\",\"outcome\":\"ok\",\"rule\":\"consumer\","
		"\"secret\":\"db/password-7\",\"secret_id\":\"07070707070707070707070707070707\","
		"\"version\":2,\"consumer\":\"compose/shop/web\",\"container\":"
		"\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\","
		"\"pid\":7,\"uid\":1000,\"comm_untrusted\":\"nginx\",\"count\":1,\"request\":7}\n");
	assert_int_equal(length, strlen(line));
	memset(&record, 0, sizeof record);
	record.kind = AUDIT_CHANGE;
	record.uid = AUDIT_NOBODY;
	audit_format_json(&record, 1, line);
	assert_string_equal(line,
		"{\"number\":1,\"time\":\"1970-01-01T00:00:00Z\",\"kind\":\"change\","
		"\"operator_uid\":0}\n");
}

/* What a process calls itself ends no line and no string. */
static void hostile_names_stay_in_their_place(void **state)
{
	struct audit_record record = rig_record(7);
	char line[AUDIT_LINE_MAX];
	size_t length;

	(void)state;
	strcpy(record.comm, "a\"\\\n\x1b[2J\xff,");
	length = audit_format_json(&record, 1, line);
	assert_non_null(strstr(line, "\"a\\\"\\\\\\u000a\\u001b[2J\\u00ff,\""));
	assert_ptr_equal(strchr(line, '\n'), line + length - 1);
	memset(&record, 0xff, sizeof record);
	record.comm[15] = record.act[31] = record.rule[31] = record.outcome[31] = '\0';
	record.container[64] = record.consumer[255] = record.secret[255] = '\0';
	length = audit_format_json(&record, UINT64_MAX, line);
	assert_string_equal(line + length - 2, "}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_comes_back),
		cmocka_unit_test(longest_has_room_and_shortest_is_padded),
		cmocka_unit_test(other_bytes_are_refused),
		cmocka_unit_test(json_has_what_applies),
		cmocka_unit_test(hostile_names_stay_in_their_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
