/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes inside a record of a secret or a grant: what was packed comes back, and whatever else
 * is refused or is exactly what would have been packed. Nothing here is authenticated: a mistake
 * would be reachable only by somebody who has the key, and must still not crash. */
#include "records_fixture.h"

/* The plaintext of FORMAT.md's examples: a secret of one version and a grant. */
#define SECRET_BEGINS(layout, count)                                                               \
	1, layout,                                             /* kind, layout */                  \
		4, 0, 'd', 'b', '/', 'p',                      /* name */                          \
		5, 0, 0, 0, 0, 0, 0, 0,                        /* created */                       \
		3, 0, 0, 0, 0, 0, 0, 0,                        /* last number */                   \
		count, 0, 0, 0,                                /* versions */                      \
		2, 0, 0, 0, 0, 0, 0, 0,                        /* number */                        \
		6, 0, 0, 0, 0, 0, 0, 0,                        /* created */                       \
		0, 0, 16, 0,                                   /* size: 1 MiB */                   \
		0xe8, 3, 0, 0,                                 /* made by 1000 */                  \
		9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9 /* value */

static const uint8_t secret_bytes[] = {
	SECRET_BEGINS(2, 2), 3, 0, 0, 0, 0, 0, 0, 0,    /* number */
	7, 0, 0, 0, 0, 0, 0, 0,                         /* created */
	1, 0, 0, 0,                                     /* size */
	0, 0, 0, 0,                                     /* made by root */
	8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, /* value */
	2, 0, 0, 0, 0, 0, 0, 0,                         /* current */
	3, 0, 0, 0, 0, 0, 0, 0,                         /* previous */
	0, 0, 0, 0, 0, 0, 0, 0,                         /* next */
	0, 0, 0, 0, 0, 0, 0, 0x80,                      /* previous until */
	9, 0, 0, 0, 0, 0, 0, 0,                         /* current since */
};

/* As the version before there was an overlap wrote it: must open for ever. */
static const uint8_t secret_bytes_1[] = { SECRET_BEGINS(1, 1) };

#define AT_SECRET_CURRENT 108
#define AT_SECRET_PREVIOUS 116
#define AT_SECRET_NEXT 124

#define GRANT_BEGINS(layout)                                                                       \
	2, layout,                                                                 /* kind */      \
		7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,                    /* secret */    \
		12, 0, 'c', 'o', 'n', 't', 'a', 'i', 'n', 'e', 'r', '/', 'd', 'b', /* consumer */  \
		2, 0, 'p', 'w',                                                    /* file */      \
		0xff, 0xff, 0xff, 0xff, /* the reader's */                                         \
		20, 0, 0, 0,            /* gid */                                                  \
		0, 1,                   /* mode 0400 */                                            \
		5, 0, 0, 0, 0, 0, 0, 0, /* created */                                              \
		0, 0, 0, 0, 0, 0, 0, 0  /* revoked */
#define GRANT_LIMITS                                                                               \
	15, 0,                            /* flags: all */                                         \
		0x40, 0x42, 15, 0,        /* reads: 1,000,000 */                                   \
		4, 0, 0, 0, 0, 0, 0, 0,   /* version */                                            \
		0, 0, 0, 0, 0, 0, 0, 0x80 /* expires */

static const uint8_t grant_bytes[] = { GRANT_BEGINS(3), GRANT_LIMITS, 7, 0, 'e', 'x', 'e', 'c', ':',
	'p', '1' };

/* As the version before grants had hooks wrote it, and the one before they had limits: they must
 * open for ever. */
static const uint8_t grant_bytes_2[] = { GRANT_BEGINS(2), GRANT_LIMITS };
static const uint8_t grant_bytes_1[] = { GRANT_BEGINS(1) };

#define AT_GRANT_MODE 44
#define AT_GRANT_REVOKED 54
#define AT_GRANT_FLAGS 62
#define AT_GRANT_READS 64
#define AT_GRANT_HOOK 84

static union any_record the_secret(void)
{
	union any_record record;

	memset(&record, 0, sizeof record);
	record.secret = (struct secret_record){ .name = "db/p",
		.created_ns = 5,
		.last_number = 3,
		.current = 2,
		.version_count = 1,
		.versions = { { .number = 2,
			.created_ns = 6,
			.size = TACIT_VALUE_MAX,
			.made_by = 1000 } } };
	memcpy(record.secret.id, some_id, sizeof some_id);
	memset(record.secret.versions[0].value_id, 9, SEAL_ID_BYTES);
	return record;
}

static void a_secret_has_the_bytes_of_the_format(void **state)
{
	union any_record record = the_secret();

	(void)state;
	record.secret.version_count = 2;
	record.secret.versions[1] =
		(struct version_record){ .number = 3, .created_ns = 7, .size = 1 };
	memset(record.secret.versions[1].value_id, 8, SEAL_ID_BYTES);
	record.secret.previous = 3;
	record.secret.previous_until_ns = 1ull << 63;
	record.secret.current_since_ns = 9;
	must_have_bytes(RECORD_SECRET, &record, secret_bytes, sizeof secret_bytes);
}

static void in_the_first_layout_the_newest_version_is_current(void **state)
{
	union any_record expected = the_secret(), record;
	struct err err;

	(void)state;
	memset(&record, 0xa5, sizeof record);
	must(unpack_any(RECORD_SECRET, secret_bytes_1, sizeof secret_bytes_1, &record, &err));
	assert_memory_equal(&record.secret, &expected.secret, sizeof expected.secret);
}

/* Going in and coming out alike: no numbers but of kept versions, and never two the same. */
static void only_kept_versions_are_anything(void **state)
{
	static const struct {
		uint64_t current, previous, next, until;
		bool good;
	} roles[] = {
		{ 3, 0, 0, 0, true },
		{ 3, 1, 5, 9, true },
		{ 1, 5, 3, 0, true }, /* after a rollback */
		{ 0, 0, 0, 0, false },
		{ 2, 0, 0, 0, false },
		{ 7, 0, 0, 0, false },
		{ 3, 2, 0, 0, false },
		{ 3, 0, 4, 0, false },
		{ 3, 3, 0, 0, false },
		{ 3, 0, 3, 0, false },
		{ 3, 1, 1, 0, false },
		{ 3, 0, 0, 9, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
		struct secret_record secret = a_secret("db/p", 3);
		struct pack packed = { .limit = RECORDS_PACKED_MAX };
		struct err err;
		int status;

		secret.current = roles[i].current;
		secret.previous = roles[i].previous;
		secret.next = roles[i].next;
		secret.previous_until_ns = roles[i].until;
		status = records_pack_secret(&secret, &packed, &err);
		assert_int_equal(status, roles[i].good ? 0 : -TACIT_INVALID);
		if (roles[i].good)
			assert_int_equal(unpack(RECORD_SECRET, packed.bytes, packed.length), 0);
		pack_free(&packed);
	}
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
	record.grant.flags = GRANT_FLAGS | VAULT_PREVIOUS_NAMED;
	record.grant.reads = GRANT_READS_MAX;
	record.grant.version = 4;
	record.grant.expires_ns = 1ull << 63;
	strcpy(record.grant.on_rotate, "exec:p1");
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

static void a_grant_of_the_second_layout_has_no_hook(void **state)
{
	union any_record expected = the_grant(), record;
	struct err err;

	(void)state;
	memset(&record, 0xa5, sizeof record);
	expected.grant.flags = GRANT_FLAGS | VAULT_PREVIOUS_NAMED;
	expected.grant.reads = GRANT_READS_MAX;
	expected.grant.version = 4;
	expected.grant.expires_ns = 1ull << 63;
	must(unpack_any(RECORD_GRANT, grant_bytes_2, sizeof grant_bytes_2, &record, &err));
	assert_memory_equal(&record.grant, &expected.grant, sizeof expected.grant);
}

/* What a member of a bundle cannot have, on its way in. */
static void a_grant_in_a_folder_has_no_limits_of_a_file_alone(void **state)
{
	static const struct {
		const char *file;
		uint32_t reads;
		uint64_t version;
		uint16_t flags;
		const char *on_rotate;
		bool good;
	} rows[] = {
		{ "tls/cert", 0, 0, 0, "", true },
		{ "tls/cert", 0, 0, GRANT_NEWLINE | GRANT_MAIN_PROCESS, "signal:HUP", true },
		{ "tls.cert", 3, 4, VAULT_PREVIOUS_NAMED, "restart", true },
		{ "tls/cert", 3, 0, 0, "", false },
		{ "tls/cert", 0, 4, 0, "", false },
		{ "tls/cert", 0, 0, VAULT_PREVIOUS_NAMED, "", false },
		{ "tls/a/b", 0, 0, 0, "", false },
		{ "tls/", 0, 0, 0, "", false },
		{ "cert", 0, 0, 0, "signal:KILL", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		union any_record record = the_grant();
		struct pack packed = { 0 };
		int status;

		strcpy(record.grant.file, rows[i].file);
		record.grant.reads = rows[i].reads;
		record.grant.version = rows[i].version;
		record.grant.flags = rows[i].flags;
		strcpy(record.grant.on_rotate, rows[i].on_rotate);
		status = records_pack_grant(&record.grant, &packed, NULL);
		assert_int_equal(status, rows[i].good ? 0 : -TACIT_INVALID);
		if (rows[i].good)
			assert_int_equal(unpack(RECORD_GRANT, packed.bytes, packed.length), 0);
		pack_free(&packed);
	}
}

static void damage_is_refused_or_means_what_it_says(void **state)
{
	(void)state;
	try_all_damage(RECORD_SECRET, secret_bytes, sizeof secret_bytes);
	try_all_damage(RECORD_SECRET, secret_bytes_1, sizeof secret_bytes_1);
	try_all_damage(RECORD_GRANT, grant_bytes, sizeof grant_bytes);
	try_all_damage(RECORD_GRANT, grant_bytes_2, sizeof grant_bytes_2);
	try_all_damage(RECORD_GRANT, grant_bytes_1, sizeof grant_bytes_1);
}

static void a_secret_with_one_fault_is_refused(void **state)
{
	static const struct fault faults[] = {
		{ "no kind", 0, 0, TACIT_CORRUPT },
		{ "a grant", 0, 2, TACIT_CORRUPT },
		{ "no layout", 1, 0, TACIT_CORRUPT },
		{ "older, but as long", 1, 1, TACIT_CORRUPT },
		{ "newer", 1, 3, TACIT_NEWER },
		{ "a longer name", 2, 5, TACIT_CORRUPT },
		{ "a name of no bytes", 2, 0, TACIT_CORRUPT },
		{ "a NUL in the name", 5, 0, TACIT_CORRUPT },
		{ "a bad name", 4, '/', TACIT_CORRUPT },
		{ "the last version behind", 16, 1, TACIT_CORRUPT },
		{ "no versions", 24, 0, TACIT_CORRUPT },
		{ "one version", 24, 1, TACIT_CORRUPT },
		{ "three versions", 24, 3, TACIT_CORRUPT },
		{ "version 0", 28, 0, TACIT_CORRUPT },
		{ "a value too large", 44, 1, TACIT_CORRUPT },
		{ "an empty value", 46, 0, TACIT_CORRUPT },
		{ "a current one that is not kept", AT_SECRET_CURRENT, 1, TACIT_CORRUPT },
		{ "no current one", AT_SECRET_CURRENT, 0, TACIT_CORRUPT },
		{ "twice current", AT_SECRET_CURRENT, 3, TACIT_CORRUPT },
		{ "a previous one that is not kept", AT_SECRET_PREVIOUS, 4, TACIT_CORRUPT },
		{ "none that ends", AT_SECRET_PREVIOUS, 0, TACIT_CORRUPT },
		{ "a next one that is not kept", AT_SECRET_NEXT, 1, TACIT_CORRUPT },
		{ "next and current", AT_SECRET_NEXT, 2, TACIT_CORRUPT },
		{ "next and previous", AT_SECRET_NEXT, 3, TACIT_CORRUPT },
	};
	uint8_t bytes[sizeof secret_bytes_1];

	(void)state;
	try_faults(RECORD_SECRET, secret_bytes, sizeof secret_bytes, faults,
		sizeof faults / sizeof *faults);
	memcpy(bytes, secret_bytes_1, sizeof bytes);
	bytes[1] = 2; /* newer, but as short */
	must_be(TACIT_CORRUPT, unpack(RECORD_SECRET, bytes, sizeof bytes));
}

static void a_grant_with_one_fault_is_refused(void **state)
{
	static const struct fault faults[] = {
		{ "a secret", 0, 1, TACIT_CORRUPT },
		{ "no layout", 1, 0, TACIT_CORRUPT },
		{ "older, but as long", 1, 1, TACIT_CORRUPT },
		{ "a little older, but as long", 1, 2, TACIT_CORRUPT },
		{ "newer", 1, 4, TACIT_NEWER },
		{ "no consumer's kind", 20, 'x', TACIT_CORRUPT },
		{ "a bad file", 34, '/', TACIT_CORRUPT },
		{ "more than permission bits", AT_GRANT_MODE + 1, 2, TACIT_CORRUPT },
		{ "revoked, and of a secret", AT_GRANT_REVOKED, 1, TACIT_CORRUPT },
		{ "a flag that does not exist", AT_GRANT_FLAGS, 16, TACIT_CORRUPT },
		{ "a previous file without a name", AT_GRANT_FLAGS, 4, TACIT_CORRUPT },
		{ "a flag in the other byte", AT_GRANT_FLAGS + 1, 1, TACIT_CORRUPT },
		{ "too many reads", AT_GRANT_READS, 0x41, TACIT_CORRUPT },
		{ "far too many reads", AT_GRANT_READS + 3, 0xff, TACIT_CORRUPT },
		{ "a shorter hook", AT_GRANT_HOOK, 6, TACIT_CORRUPT },
		{ "a hook longer than may be", AT_GRANT_HOOK, 80, TACIT_CORRUPT },
		{ "a hook of no kind", AT_GRANT_HOOK + 2, 'x', TACIT_CORRUPT },
		{ "a path as hook", AT_GRANT_HOOK + 8, '/', TACIT_CORRUPT },
		{ "a NUL in the hook", AT_GRANT_HOOK + 8, 0, TACIT_CORRUPT },
	};
	uint8_t bytes[sizeof grant_bytes_2];

	(void)state;
	try_faults(RECORD_GRANT, grant_bytes, sizeof grant_bytes, faults,
		sizeof faults / sizeof *faults);
	memcpy(bytes, grant_bytes_2, sizeof bytes);
	for (bytes[1] = 2; bytes[1] <= 3; bytes[1]++) /* newer, but as short */
		must_be(TACIT_CORRUPT, unpack(RECORD_GRANT, bytes, sizeof grant_bytes_1));
	bytes[1] = 3;
	must_be(TACIT_CORRUPT, unpack(RECORD_GRANT, bytes, sizeof bytes));
}

static void a_count_of_versions_is_not_believed(void **state)
{
	static const uint32_t counts[] = { 0, 1, 3, 64, 65, 0x80000000, 0xffffffff };
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
	assert_int_equal(packed.length, 2 + 2 + 255 + 8 + 8 + 4 + 64 * 40 + 40);
	assert_int_equal(unpack(RECORD_SECRET, packed.bytes, packed.length), 0);
	pack_free(&packed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_secret_has_the_bytes_of_the_format),
		cmocka_unit_test(in_the_first_layout_the_newest_version_is_current),
		cmocka_unit_test(only_kept_versions_are_anything),
		cmocka_unit_test(a_grant_has_the_bytes_of_the_format),
		cmocka_unit_test(a_grant_of_the_first_layout_has_no_limits),
		cmocka_unit_test(a_grant_of_the_second_layout_has_no_hook),
		cmocka_unit_test(a_grant_in_a_folder_has_no_limits_of_a_file_alone),
		cmocka_unit_test(damage_is_refused_or_means_what_it_says),
		cmocka_unit_test(a_secret_with_one_fault_is_refused),
		cmocka_unit_test(a_grant_with_one_fault_is_refused),
		cmocka_unit_test(a_count_of_versions_is_not_believed),
		cmocka_unit_test(the_longest_secret_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
