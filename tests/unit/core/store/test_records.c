/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes inside a record: what was packed comes back, and whatever else is refused or is exactly
 * what would have been packed. Nothing here is authenticated: a mistake would be reachable only by
 * somebody who has the key, and must still not crash. */
#include "vault_fixture.h"

#include "core/store/records.h"

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

static const uint8_t some_id[SEAL_ID_BYTES] = { 8 };

static void a_secret_has_the_bytes_of_the_format(void **state)
{
	struct secret_record secret = { .name = "db/p",
		.created_ns = 5,
		.last_number = 3,
		.version_count = 1,
		.versions = { { .number = 2,
			.created_ns = 6,
			.size = TACIT_VALUE_MAX,
			.made_by = 1000 } } };
	struct secret_record back;
	struct pack packed = { 0 };
	struct err err;

	(void)state;
	memcpy(secret.id, some_id, sizeof some_id);
	memset(secret.versions[0].value_id, 9, SEAL_ID_BYTES);
	must(records_pack_secret(&secret, &packed, &err));
	assert_int_equal(packed.length, sizeof secret_bytes);
	assert_memory_equal(packed.bytes, secret_bytes, sizeof secret_bytes);
	assert_int_equal(records_kind(packed.bytes, packed.length), RECORD_SECRET);
	must(records_unpack_secret(some_id, packed.bytes, packed.length, &back, &err));
	assert_memory_equal(&back, &secret, sizeof secret);
	pack_free(&packed);
}

static void a_grant_has_the_bytes_of_the_format(void **state)
{
	struct grant_record grant = { .consumer = "container/db",
		.file = "pw",
		.uid = GRANT_READER,
		.gid = 20,
		.mode = 0400,
		.created_ns = 5 };
	struct grant_record back;
	struct pack packed = { 0 };
	struct err err;

	(void)state;
	memcpy(grant.id, some_id, sizeof some_id);
	memset(grant.secret_id, 7, SEAL_ID_BYTES);
	must(records_pack_grant(&grant, &packed, &err));
	assert_int_equal(packed.length, sizeof grant_bytes);
	assert_memory_equal(packed.bytes, grant_bytes, sizeof grant_bytes);
	assert_int_equal(records_kind(packed.bytes, packed.length), RECORD_GRANT);
	must(records_unpack_grant(some_id, packed.bytes, packed.length, &back, &err));
	assert_memory_equal(&back, &grant, sizeof grant);
	pack_free(&packed);
}

/* Unpack bytes as `kind`; when that works, packing gives the same bytes again. */
static int unpack(enum record_kind kind, const uint8_t *bytes, size_t length)
{
	uint8_t *exact = malloc(length ? length : 1); /* a read beyond the end is caught */
	struct pack packed = { 0 };
	struct secret_record secret;
	struct grant_record grant;
	int result;

	assert_non_null(exact);
	memcpy(exact, bytes, length);
	if (kind == RECORD_SECRET) {
		result = records_unpack_secret(some_id, exact, length, &secret, NULL);
		if (!result)
			assert_int_equal(records_pack_secret(&secret, &packed, NULL), 0);
	} else {
		result = records_unpack_grant(some_id, exact, length, &grant, NULL);
		if (!result)
			assert_int_equal(records_pack_grant(&grant, &packed, NULL), 0);
	}
	if (!result) {
		assert_int_equal(packed.length, length);
		assert_memory_equal(packed.bytes, bytes, length);
	}
	pack_free(&packed);
	free(exact);
	return result;
}

static void try_all_damage(enum record_kind kind, const struct pack *good)
{
	uint8_t bytes[RECORDS_PACKED_MAX + 1] = { 0 };
	size_t refused = 0;

	assert_true(good->length <= RECORDS_PACKED_MAX);
	memcpy(bytes, good->bytes, good->length);
	assert_int_equal(unpack(kind, bytes, good->length), 0);
	for (size_t length = 0; length < good->length; length++)
		must_be(TACIT_CORRUPT, unpack(kind, bytes, length));
	must_be(TACIT_CORRUPT, unpack(kind, bytes, good->length + 1));
	must_be(TACIT_CORRUPT, unpack(3 - kind, bytes, good->length));
	for (size_t at = 0; at < good->length; at++)
		for (int value = 0; value < 256; value++) {
			int result;

			bytes[at] = (uint8_t)value;
			result = unpack(kind, bytes, good->length);
			assert_true(!result || result == -TACIT_CORRUPT ||
				    (at == 1 && result == -TACIT_NEWER));
			refused += result < 0;
			bytes[at] = good->bytes[at];
		}
	assert_true(refused > 1000);
}

static void damage_is_refused_or_means_what_it_says(void **state)
{
	struct secret_record secret = a_secret("shop/db_password", 3);
	struct grant_record grant = a_grant(&secret);
	struct pack packed = { 0 };
	struct err err;

	(void)state;
	must(records_pack_secret(&secret, &packed, &err));
	try_all_damage(RECORD_SECRET, &packed);
	pack_free(&packed);
	must(records_pack_grant(&grant, &packed, &err));
	try_all_damage(RECORD_GRANT, &packed);
	pack_free(&packed);
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

static void the_longest_record_fits(void **state)
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
		cmocka_unit_test(damage_is_refused_or_means_what_it_says),
		cmocka_unit_test(a_count_of_versions_is_not_believed),
		cmocka_unit_test(the_longest_record_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
