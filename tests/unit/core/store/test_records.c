/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes inside a record of a secret or a grant: what was packed comes back, and whatever else
 * is refused or is exactly what would have been packed. Nothing here is authenticated: a mistake
 * would be reachable only by somebody who has the key, and must still not crash. */
#include "records_fixture.h"

/* The plaintext of FORMAT.md's examples: a secret of one version and a grant. */
static const uint8_t secret_bytes[] = {
	1, 1,                                           /* kind, layout */
	4, 0, 'd', 'b', '/', 'p',                       /* name */
	5, 0, 0, 0, 0, 0, 0, 0,                         /* created */
	3, 0, 0, 0, 0, 0, 0, 0,                         /* last number */
	1, 0, 0, 0,                                     /* versions */
	2, 0, 0, 0, 0, 0, 0, 0,                         /* number */
	6, 0, 0, 0, 0, 0, 0, 0,                         /* created */
	0, 0, 16, 0,                                    /* size: 1 MiB */
	0xe8, 3, 0, 0,                                  /* made by 1000 */
	9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, /* value */
};

static const uint8_t grant_bytes[] = {
	2, 2,                                                              /* kind, layout */
	7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,                    /* secret */
	12, 0, 'c', 'o', 'n', 't', 'a', 'i', 'n', 'e', 'r', '/', 'd', 'b', /* consumer */
	2, 0, 'p', 'w',                                                    /* file */
	0xff, 0xff, 0xff, 0xff,                                            /* uid: the reader's */
	20, 0, 0, 0,                                                       /* gid */
	0, 1,                                                              /* mode 0400 */
	5, 0, 0, 0, 0, 0, 0, 0,                                            /* created */
	0, 0, 0, 0, 0, 0, 0, 0,                                            /* revoked */
	3, 0,                                                              /* flags: both */
	0x40, 0x42, 15, 0,                                                 /* reads: 1,000,000 */
	4, 0, 0, 0, 0, 0, 0, 0,                                            /* version */
	0, 0, 0, 0, 0, 0, 0, 0x80,                                         /* expires */
};

/* As the version before grants had limits wrote it: must open for ever. */
static const uint8_t grant_bytes_1[] = {
	2, 1,                                                              /* kind, layout */
	7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,                    /* secret */
	12, 0, 'c', 'o', 'n', 't', 'a', 'i', 'n', 'e', 'r', '/', 'd', 'b', /* consumer */
	2, 0, 'p', 'w',                                                    /* file */
	0xff, 0xff, 0xff, 0xff,                                            /* uid: the reader's */
	20, 0, 0, 0,                                                       /* gid */
	0, 1,                                                              /* mode 0400 */
	5, 0, 0, 0, 0, 0, 0, 0,                                            /* created */
	0, 0, 0, 0, 0, 0, 0, 0,                                            /* revoked */
};

#define AT_GRANT_MODE 44
#define AT_GRANT_REVOKED 54
#define AT_GRANT_FLAGS 62
#define AT_GRANT_READS 64

static void a_secret_has_the_bytes_of_the_format(void **state)
{
	union any_record record = { .secret = { .name = "db/p",
					    .created_ns = 5,
					    .last_number = 3,
					    .version_count = 1,
					    .versions = { { .number = 2,
						    .created_ns = 6,
						    .size = TACIT_VALUE_MAX,
						    .made_by = 1000 } } } };

	(void)state;
	memcpy(record.secret.id, some_id, sizeof some_id);
	memset(record.secret.versions[0].value_id, 9, SEAL_ID_BYTES);
	must_have_bytes(RECORD_SECRET, &record, secret_bytes, sizeof secret_bytes);
}

static union any_record the_grant(void)
{
	union any_record record;

	memset(&record, 0, sizeof record);
	record.grant = (struct grant_record){ .consumer = "container/db",
		.file = "pw",
		.uid = GRANT_READER,
		.gid = 20,
		.mode = 0400,
		.created_ns = 5 };
	memcpy(record.grant.id, some_id, sizeof some_id);
	memset(record.grant.secret_id, 7, SEAL_ID_BYTES);
	return record;
}

static void a_grant_has_the_bytes_of_the_format(void **state)
{
	union any_record record = the_grant();

	(void)state;
	record.grant.flags = GRANT_NEWLINE | GRANT_MAIN_PROCESS;
	record.grant.reads = GRANT_READS_MAX;
	record.grant.version = 4;
	record.grant.expires_ns = 1ull << 63;
	must_have_bytes(RECORD_GRANT, &record, grant_bytes, sizeof grant_bytes);
}

static void a_grant_of_the_first_layout_has_no_limits(void **state)
{
	union any_record expected = the_grant(), record;
	struct err err;

	(void)state;
	memset(&record, 0xa5, sizeof record);
	must(unpack_any(RECORD_GRANT, grant_bytes_1, sizeof grant_bytes_1, &record, &err));
	assert_memory_equal(&record.grant, &expected.grant, sizeof expected.grant);
}

static void damage_is_refused_or_means_what_it_says(void **state)
{
	(void)state;
	try_all_damage(RECORD_SECRET, secret_bytes, sizeof secret_bytes);
	try_all_damage(RECORD_GRANT, grant_bytes, sizeof grant_bytes);
	try_all_damage(RECORD_GRANT, grant_bytes_1, sizeof grant_bytes_1);
}

static void a_secret_with_one_fault_is_refused(void **state)
{
	static const struct fault faults[] = {
		{ "no kind", 0, 0, TACIT_CORRUPT },
		{ "a grant", 0, 2, TACIT_CORRUPT },
		{ "no layout", 1, 0, TACIT_CORRUPT },
		{ "newer", 1, 2, TACIT_NEWER },
		{ "a longer name", 2, 5, TACIT_CORRUPT },
		{ "a name of no bytes", 2, 0, TACIT_CORRUPT },
		{ "a NUL in the name", 5, 0, TACIT_CORRUPT },
		{ "a bad name", 4, '/', TACIT_CORRUPT },
		{ "the last version behind", 16, 1, TACIT_CORRUPT },
		{ "no versions", 24, 0, TACIT_CORRUPT },
		{ "two versions", 24, 2, TACIT_CORRUPT },
		{ "version 0", 28, 0, TACIT_CORRUPT },
		{ "a value too large", 44, 1, TACIT_CORRUPT },
		{ "an empty value", 46, 0, TACIT_CORRUPT },
	};

	(void)state;
	try_faults(RECORD_SECRET, secret_bytes, sizeof secret_bytes, faults,
		sizeof faults / sizeof *faults);
}

static void a_grant_with_one_fault_is_refused(void **state)
{
	static const struct fault faults[] = {
		{ "a secret", 0, 1, TACIT_CORRUPT },
		{ "no layout", 1, 0, TACIT_CORRUPT },
		{ "older, but as long", 1, 1, TACIT_CORRUPT },
		{ "newer", 1, 3, TACIT_NEWER },
		{ "no consumer's kind", 20, 'x', TACIT_CORRUPT },
		{ "a bad file", 34, '/', TACIT_CORRUPT },
		{ "more than permission bits", AT_GRANT_MODE + 1, 2, TACIT_CORRUPT },
		{ "revoked, and of a secret", AT_GRANT_REVOKED, 1, TACIT_CORRUPT },
		{ "a flag that does not exist", AT_GRANT_FLAGS, 4, TACIT_CORRUPT },
		{ "a flag in the other byte", AT_GRANT_FLAGS + 1, 1, TACIT_CORRUPT },
		{ "too many reads", AT_GRANT_READS, 0x41, TACIT_CORRUPT },
		{ "far too many reads", AT_GRANT_READS + 3, 0xff, TACIT_CORRUPT },
	};
	uint8_t bytes[sizeof grant_bytes_1];

	(void)state;
	try_faults(RECORD_GRANT, grant_bytes, sizeof grant_bytes, faults,
		sizeof faults / sizeof *faults);
	memcpy(bytes, grant_bytes_1, sizeof bytes);
	bytes[1] = 2; /* newer, but as short */
	must_be(TACIT_CORRUPT, unpack(RECORD_GRANT, bytes, sizeof bytes));
}

static void a_count_of_versions_is_not_believed(void **state)
{
	static const uint32_t counts[] = { 0, 2, 64, 65, 0x80000000, 0xffffffff };
	uint8_t bytes[sizeof secret_bytes];

	(void)state;
	memcpy(bytes, secret_bytes, sizeof bytes);
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		for (int byte = 0; byte < 4; byte++)
			bytes[24 + byte] = (uint8_t)(counts[i] >> 8 * byte);
		must_be(TACIT_CORRUPT, unpack(RECORD_SECRET, bytes, sizeof bytes));
	}
}

static void the_longest_secret_fits(void **state)
{
	struct secret_record secret = a_secret("", VAULT_VERSIONS_MAX);
	struct pack packed = { .limit = RECORDS_PACKED_MAX };
	struct err err;

	(void)state;
	for (int i = 0; i < TACIT_SECRET_NAME_MAX; i++)
		secret.name[i] = i % 64 == 63 ? '/' : 'a';
	must(records_pack_secret(&secret, &packed, &err));
	assert_int_equal(packed.length, 2 + 2 + 255 + 8 + 8 + 4 + 64 * 40);
	assert_int_equal(unpack(RECORD_SECRET, packed.bytes, packed.length), 0);
	pack_free(&packed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_secret_has_the_bytes_of_the_format),
		cmocka_unit_test(a_grant_has_the_bytes_of_the_format),
		cmocka_unit_test(a_grant_of_the_first_layout_has_no_limits),
		cmocka_unit_test(damage_is_refused_or_means_what_it_says),
		cmocka_unit_test(a_secret_with_one_fault_is_refused),
		cmocka_unit_test(a_grant_with_one_fault_is_refused),
		cmocka_unit_test(a_count_of_versions_is_not_believed),
		cmocka_unit_test(the_longest_secret_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
