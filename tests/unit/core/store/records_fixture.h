/* SPDX-License-Identifier: Apache-2.0 */
/* Packed records of any kind: what was packed comes back, and all damage to it. */
#ifndef TACIT_TEST_RECORDS_FIXTURE_H
#define TACIT_TEST_RECORDS_FIXTURE_H

#include "vault_fixture.h"

#include "base/names.h"
#include "core/store/records.h"

#define LIMITS_BYTES 22 /* what a grant of layout 2 has after one of layout 1 */
#define HOOK_BYTES 2    /* and one of layout 3, without a hook, after that */
#define ROLES_BYTES 40  /* what a secret of layout 2 has after one of layout 1 */

union any_record {
	struct secret_record secret;
	struct grant_record grant;
	struct consumer_record consumer;
	struct use_record use;
	struct container_facts container;
	struct bundle_record bundle;
	struct schedule_record schedule;
	struct hook_record hook;
	struct template_record template;
};

/* As id of a row; and so the beginning of a container's. */
static const uint8_t some_id[SEAL_ID_BYTES] = { 8 };

static inline int pack_any(
	enum record_kind kind, const union any_record *record, struct pack *to, struct err *err)
{
	switch (kind) {
	case RECORD_SECRET:
		return records_pack_secret(&record->secret, to, err);
	case RECORD_GRANT:
		return records_pack_grant(&record->grant, to, err);
	case RECORD_CONSUMER:
		return records_pack_consumer(&record->consumer, to, err);
	case RECORD_USE:
		return records_pack_use(&record->use, to, err);
	case RECORD_BUNDLE:
		return records_pack_bundle(&record->bundle, to, err);
	case RECORD_SCHEDULE:
		return records_pack_schedule(&record->schedule, to, err);
	case RECORD_HOOK:
		return records_pack_hook(&record->hook, to, err);
	case RECORD_TEMPLATE:
		return records_pack_template(&record->template, to, err);
	default:
		return records_pack_container(&record->container, to, err);
	}
}

static inline int unpack_any(enum record_kind kind, const uint8_t *bytes, size_t length,
	union any_record *record, struct err *err)
{
	switch (kind) {
	case RECORD_SECRET:
		return records_unpack_secret(some_id, bytes, length, &record->secret, err);
	case RECORD_GRANT:
		return records_unpack_grant(some_id, bytes, length, &record->grant, err);
	case RECORD_CONSUMER:
		return records_unpack_consumer(some_id, bytes, length, &record->consumer, err);
	case RECORD_USE:
		return records_unpack_use(some_id, bytes, length, &record->use, err);
	case RECORD_BUNDLE:
		return records_unpack_bundle(some_id, bytes, length, &record->bundle, err);
	case RECORD_SCHEDULE:
		return records_unpack_schedule(some_id, bytes, length, &record->schedule, err);
	case RECORD_HOOK:
		return records_unpack_hook(some_id, bytes, length, &record->hook, err);
	case RECORD_TEMPLATE:
		return records_unpack_template(some_id, bytes, length, &record->template, err);
	default:
		return records_unpack_container(some_id, bytes, length, &record->container, err);
	}
}

/* The newest layout of each kind: what packing gives. */
static const uint8_t newest_layout[RECORD_KINDS] = { [RECORD_SECRET] = 2,
	[RECORD_GRANT] = 3,
	[RECORD_CONSUMER] = 1,
	[RECORD_USE] = 2,
	[RECORD_CONTAINER] = 1,
	[RECORD_BUNDLE] = 1,
	[RECORD_SCHEDULE] = 1,
	[RECORD_HOOK] = 1,
	[RECORD_TEMPLATE] = 1 };

/* What a record of the newest layout has after one of this; of a use, after each of its containers.
 */
static inline size_t newer_by(const uint8_t *bytes)
{
	static const size_t more[RECORD_KINDS][3] = { [RECORD_SECRET] = { [1] = ROLES_BYTES },
		[RECORD_GRANT] = { [1] = LIMITS_BYTES + HOOK_BYTES, [2] = HOOK_BYTES },
		[RECORD_USE] = { [1] = 8 } };

	return bytes[1] < 3 ? more[bytes[0]][bytes[1]] : 0;
}

/* The record of a use in the newest layout: no container has a version. */
static inline size_t newest_use(const uint8_t *bytes, size_t length, uint8_t *newest)
{
	size_t head = 34u + 2 + bytes[34] + 1, containers = bytes[head - 1];
	uint8_t *at = newest + head;

	memcpy(newest, bytes, head);
	newest[1] = 2;
	for (size_t i = 0; i < containers; i++, at += 44) {
		memcpy(at, bytes + head + 36 * i, 36);
		memset(at + 36, 0, 8);
	}
	assert_int_equal(head + 36 * containers, length);
	return head + 44 * containers;
}

/* What packing gives of a record that was unpacked: the same bytes, or those of the newest layout.
 */
static inline void must_pack_again(const struct pack *packed, const uint8_t *bytes, size_t length)
{
	static const uint8_t nothing[ROLES_BYTES];
	size_t more = newer_by(bytes), said = bytes[0] == RECORD_SECRET && more ? 8 : 0;
	uint8_t newest[4096];

	if (bytes[0] == RECORD_USE && more) {
		assert_int_equal(packed->length, newest_use(bytes, length, newest));
		assert_memory_equal(packed->bytes, newest, packed->length);
		return;
	}
	assert_int_equal(packed->length, length + more);
	assert_int_equal(packed->bytes[0], bytes[0]);
	assert_int_equal(packed->bytes[1], newest_layout[bytes[0]]);
	assert_memory_equal(packed->bytes + 2, bytes + 2, length - 2);
	/* Of an older secret it is said which version is current, and nothing else. */
	assert_memory_equal(packed->bytes + length + said, nothing, more - said);
	if (said)
		assert_memory_equal(packed->bytes + length, bytes + length - 40, said);
}

/* Unpack bytes as `kind`; when that works, packing gives the same bytes again. */
static inline int unpack(enum record_kind kind, const uint8_t *bytes, size_t length)
{
	uint8_t *exact = malloc(length ? length : 1); /* a read beyond the end is caught */
	union any_record *record = malloc(sizeof *record);
	struct pack packed = { 0 };
	int result;

	assert_non_null(exact);
	assert_non_null(record);
	memset(record, 0xa5, sizeof *record);
	memcpy(exact, bytes, length);
	result = unpack_any(kind, exact, length, record, NULL);
	if (!result) {
		assert_int_equal(pack_any(kind, record, &packed, NULL), 0);
		must_pack_again(&packed, bytes, length);
	}
	pack_free(&packed);
	free(record);
	free(exact);
	return result;
}

/* Every truncation, a byte too many, every other kind, and every other value of every byte. */
static inline void try_all_damage(enum record_kind kind, const uint8_t *good, size_t good_length)
{
	uint8_t bytes[1024] = { 0 };
	size_t refused = 0;

	assert_true(good_length < sizeof bytes);
	memcpy(bytes, good, good_length);
	assert_int_equal(unpack(kind, bytes, good_length), 0);
	for (size_t length = 0; length < good_length; length++)
		must_be(TACIT_CORRUPT, unpack(kind, bytes, length));
	must_be(TACIT_CORRUPT, unpack(kind, bytes, good_length + 1));
	for (enum record_kind other = RECORD_SECRET; other < RECORD_KINDS; other++)
		if (other != kind)
			must_be(TACIT_CORRUPT, unpack(other, bytes, good_length));
	for (size_t at = 0; at < good_length; at++)
		for (int value = 0; value < 256; value++) {
			int result;

			bytes[at] = (uint8_t)value;
			result = unpack(kind, bytes, good_length);
			assert_true(!result || result == -TACIT_CORRUPT ||
				    (at == 1 && result == -TACIT_NEWER));
			refused += result < 0;
			bytes[at] = good[at];
		}
	assert_true(refused > 1000);
}

/* One byte changed, and what unpacking answers. */
struct fault {
	const char *what;
	size_t at;
	uint8_t value;
	enum tacit_code code;
};

static inline void try_faults(enum record_kind kind, const uint8_t *good, size_t length,
	const struct fault *faults, size_t count)
{
	uint8_t bytes[1024];

	assert_true(length <= sizeof bytes);
	memcpy(bytes, good, length);
	for (size_t i = 0; i < count; i++) {
		int result;

		assert_true(faults[i].at < length);
		if (bytes[faults[i].at] == faults[i].value)
			fail_msg("no fault: %s", faults[i].what);
		bytes[faults[i].at] = faults[i].value;
		result = unpack(kind, bytes, length);
		if (result != -(int)faults[i].code)
			fail_msg("%s: %s", faults[i].what,
				result ? code_word((enum tacit_code) - result) : "ok");
		bytes[faults[i].at] = good[faults[i].at];
	}
}

/* The record packs to exactly these bytes, and they unpack to it. */
static inline void must_have_bytes(
	enum record_kind kind, const union any_record *record, const uint8_t *bytes, size_t length)
{
	union any_record *back = malloc(sizeof *back);
	struct pack packed = { 0 };
	struct err err;

	assert_non_null(back);
	memset(back, 0, sizeof *back);
	must(pack_any(kind, record, &packed, &err));
	assert_int_equal(packed.length, length);
	assert_memory_equal(packed.bytes, bytes, length);
	assert_int_equal(records_kind(packed.bytes, packed.length), kind);
	must(unpack_any(kind, packed.bytes, packed.length, back, &err));
	assert_memory_equal(back, record, sizeof *back);
	pack_free(&packed);
	free(back);
}

#endif
