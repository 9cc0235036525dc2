/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes inside a record of a bundle, a schedule or a hook: what was packed comes back, and
 * whatever else is refused or is exactly what would have been packed. */
#include "records_fixture.h"

#include "seal/generate.h"

static const uint8_t bundle_bytes[] = {
	6, 1,                                           /* kind, layout */
	4, 0, 'a', '/', 't', 's',                       /* name */
	5, 0, 0, 0, 0, 0, 0, 0,                         /* created */
	2,                                              /* members */
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* one that was removed */
	7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, /* one that is there */
	2,                                              /* generations */
	3, 0, 0, 0, 0, 0, 0, 0,                         /* number */
	6, 0, 0, 0, 0, 0, 0, 0,                         /* created */
	1, 0, 0, 0, 0, 0, 0, 0,                         /* version of the first member */
	0, 0, 0, 0, 0, 0, 0, 0,                         /* the second was none yet */
	4, 0, 0, 0, 0, 0, 0, 0x80,                      /* number */
	9, 0, 0, 0, 0, 0, 0, 0,                         /* created */
	0, 0, 0, 0, 0, 0, 0, 0,                         /* the first is none any more */
	8, 0, 0, 0, 0, 0, 0, 0,                         /* version of the second */
};
#define AT_BUNDLE_NAME 4
#define AT_BUNDLE_MEMBERS 16
#define AT_BUNDLE_GENERATIONS 49
#define AT_BUNDLE_FIRST 50
#define AT_BUNDLE_LAST 82

static const uint8_t schedule_bytes[] = {
	7, 1,                                           /* kind, layout */
	7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, /* secret */
	1, 0, 0, 0, 0, 0, 0, 0x80,                      /* every */
	2, 0, 0, 0, 0, 0, 0, 0,                         /* overlap */
	0, 16, 0, 0,                                    /* 4,096 characters */
	3,                                              /* base64 */
	2, 0, 'p', 'g',                                 /* rotator */
	4, 0, 0, 0, 0, 0, 0, 0,                         /* next */
	3,                                              /* undo */
	5, 0, 0, 1,                                     /* attempts */
	6, 0, 0, 0, 0, 0, 0, 0,                         /* version */
	7, 0, 0, 0, 0, 0, 0, 0,                         /* not before */
	8, 0, 0, 0, 0, 0, 0, 0,                         /* last */
	3, 0, 'b', 'a', 'd',                            /* reason */
};
#define AT_SCHEDULE_LENGTH 34
#define AT_SCHEDULE_ALPHABET 38
#define AT_SCHEDULE_ROTATOR 39
#define AT_SCHEDULE_STEP 51
#define AT_SCHEDULE_VERSION 56
#define AT_SCHEDULE_REASON 80

static const uint8_t hook_bytes[] = {
	8, 1,                                           /* kind, layout */
	7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, /* grant */
	1, 0, 0, 0, 0, 0, 0, 0x80,                      /* done */
	2, 0, 0, 0, 0, 0, 0, 0,                         /* tried */
	3, 0, 0, 0, 0, 0, 0, 0,                         /* last */
	4, 0, 0, 0, 0, 0, 0, 0,                         /* not before */
	5, 0, 0, 1,                                     /* attempts */
	3, 0, 'b', 'a', 'd',                            /* reason */
};
#define AT_HOOK_REASON 54

static union any_record the_bundle(void)
{
	union any_record record;

	memset(&record, 0, sizeof record);
	record.bundle = (struct bundle_record){ .name = "a/ts",
		.created_ns = 5,
		.member_count = 2,
		.generation_count = 2,
		.generations = { { 3, 6, { 1, 0 } }, { (1ull << 63) + 4, 9, { 0, 8 } } } };
	memcpy(record.bundle.id, some_id, sizeof some_id);
	memset(record.bundle.members[1], 7, SEAL_ID_BYTES);
	return record;
}

static union any_record the_schedule(void)
{
	union any_record record;

	memset(&record, 0, sizeof record);
	record.schedule = (struct schedule_record){ .every_ns = (1ull << 63) + 1,
		.overlap_ns = 2,
		.generate_length = SCHEDULE_LENGTH_MAX,
		.alphabet = SEAL_BASE64,
		.rotator = "pg",
		.next_ns = 4,
		.step = ROTATION_UNDO,
		.attempts = 0x01000005,
		.version = 6,
		.not_before_ns = 7,
		.last_ns = 8,
		.reason = "bad" };
	memcpy(record.schedule.id, some_id, sizeof some_id);
	memset(record.schedule.secret_id, 7, SEAL_ID_BYTES);
	return record;
}

static union any_record the_hook(void)
{
	union any_record record;

	memset(&record, 0, sizeof record);
	record.hook = (struct hook_record){ .done_ns = (1ull << 63) + 1,
		.tried_ns = 2,
		.last_ns = 3,
		.not_before_ns = 4,
		.attempts = 0x01000005,
		.reason = "bad" };
	memcpy(record.hook.id, some_id, sizeof some_id);
	memset(record.hook.grant_id, 7, SEAL_ID_BYTES);
	return record;
}

static void each_has_the_bytes_of_the_format(void **state)
{
	union any_record bundle = the_bundle(), schedule = the_schedule(), hook = the_hook();

	(void)state;
	must_have_bytes(RECORD_BUNDLE, &bundle, bundle_bytes, sizeof bundle_bytes);
	must_have_bytes(RECORD_SCHEDULE, &schedule, schedule_bytes, sizeof schedule_bytes);
	must_have_bytes(RECORD_HOOK, &hook, hook_bytes, sizeof hook_bytes);
}

static void damage_is_refused_or_means_what_it_says(void **state)
{
	(void)state;
	try_all_damage(RECORD_BUNDLE, bundle_bytes, sizeof bundle_bytes);
	try_all_damage(RECORD_SCHEDULE, schedule_bytes, sizeof schedule_bytes);
	try_all_damage(RECORD_HOOK, hook_bytes, sizeof hook_bytes);
}

static void a_bundle_with_one_fault_is_refused(void **state)
{
	static const struct fault faults[] = {
		{ "a schedule", 0, 7, TACIT_CORRUPT },
		{ "no layout", 1, 0, TACIT_CORRUPT },
		{ "newer", 1, 2, TACIT_NEWER },
		{ "a bad name", AT_BUNDLE_NAME, '/', TACIT_CORRUPT },
		{ "no members", AT_BUNDLE_MEMBERS, 0, TACIT_CORRUPT },
		{ "a member too few", AT_BUNDLE_MEMBERS, 1, TACIT_CORRUPT },
		{ "a member too many", AT_BUNDLE_MEMBERS, 3, TACIT_CORRUPT },
		{ "more members than there may be", AT_BUNDLE_MEMBERS, 17, TACIT_CORRUPT },
		{ "members without end", AT_BUNDLE_MEMBERS, 255, TACIT_CORRUPT },
		{ "a member without a version", AT_BUNDLE_MEMBERS + 1, 1, TACIT_CORRUPT },
		{ "no generations", AT_BUNDLE_GENERATIONS, 0, TACIT_CORRUPT },
		{ "a generation too few", AT_BUNDLE_GENERATIONS, 1, TACIT_CORRUPT },
		{ "a generation too many", AT_BUNDLE_GENERATIONS, 3, TACIT_CORRUPT },
		{ "more than there may be", AT_BUNDLE_GENERATIONS, 65, TACIT_CORRUPT },
		{ "generations without end", AT_BUNDLE_GENERATIONS, 255, TACIT_CORRUPT },
		{ "generation 0", AT_BUNDLE_FIRST, 0, TACIT_CORRUPT },
		{ "descending", AT_BUNDLE_FIRST + 7, 0x81, TACIT_CORRUPT },
		{ "a version of none", AT_BUNDLE_LAST + 16, 1, TACIT_CORRUPT },
		{ "no version of one", AT_BUNDLE_LAST + 24, 0, TACIT_CORRUPT },
	};

	(void)state;
	try_faults(RECORD_BUNDLE, bundle_bytes, sizeof bundle_bytes, faults,
		sizeof faults / sizeof *faults);
}

static void a_schedule_with_one_fault_is_refused(void **state)
{
	static const struct fault faults[] = {
		{ "a hook", 0, 8, TACIT_CORRUPT },
		{ "no layout", 1, 0, TACIT_CORRUPT },
		{ "newer", 1, 2, TACIT_NEWER },
		{ "no characters", AT_SCHEDULE_LENGTH + 1, 0, TACIT_CORRUPT },
		{ "a character too many", AT_SCHEDULE_LENGTH, 1, TACIT_CORRUPT },
		{ "far too many", AT_SCHEDULE_LENGTH + 3, 0xff, TACIT_CORRUPT },
		{ "no such alphabet", AT_SCHEDULE_ALPHABET, SEAL_ALPHABETS, TACIT_CORRUPT },
		{ "a path as rotator", AT_SCHEDULE_ROTATOR + 3, '/', TACIT_CORRUPT },
		{ "a hidden rotator", AT_SCHEDULE_ROTATOR + 2, '.', TACIT_CORRUPT },
		{ "a rotator longer than may be", AT_SCHEDULE_ROTATOR, 64, TACIT_CORRUPT },
		{ "no such step", AT_SCHEDULE_STEP, ROTATION_STEPS, TACIT_CORRUPT },
		{ "no step, and a version", AT_SCHEDULE_STEP, ROTATION_IDLE, TACIT_CORRUPT },
		{ "a step without a version", AT_SCHEDULE_VERSION, 0, TACIT_CORRUPT },
		{ "a reason longer than may be", AT_SCHEDULE_REASON, 128, TACIT_CORRUPT },
		{ "a NUL in the reason", AT_SCHEDULE_REASON + 3, 0, TACIT_CORRUPT },
	};

	(void)state;
	try_faults(RECORD_SCHEDULE, schedule_bytes, sizeof schedule_bytes, faults,
		sizeof faults / sizeof *faults);
}

static void a_hook_with_one_fault_is_refused(void **state)
{
	static const struct fault faults[] = {
		{ "of no kind that there is", 0, RECORD_KINDS, TACIT_CORRUPT },
		{ "no layout", 1, 0, TACIT_CORRUPT },
		{ "newer", 1, 2, TACIT_NEWER },
		{ "a longer reason", AT_HOOK_REASON, 4, TACIT_CORRUPT },
		{ "a reason longer than may be", AT_HOOK_REASON, 128, TACIT_CORRUPT },
		{ "a NUL in the reason", AT_HOOK_REASON + 2, 0, TACIT_CORRUPT },
	};

	(void)state;
	try_faults(
		RECORD_HOOK, hook_bytes, sizeof hook_bytes, faults, sizeof faults / sizeof *faults);
}

static void four_segments(union any_record *record)
{
	strcpy(record->bundle.name, "a/b/c/d");
}

static void no_bundle(union any_record *record)
{
	record->bundle.name[0] = '\0';
}

static void nobody_lives(union any_record *record)
{
	memset(record->bundle.members[1], 0, SEAL_ID_BYTES);
	record->bundle.generations[1].versions[1] = 0;
}

static void twice_a_member(union any_record *record)
{
	memset(record->bundle.members[0], 7, SEAL_ID_BYTES);
	record->bundle.generations[1].versions[0] = 1;
}

static void the_same_generation(union any_record *record)
{
	record->bundle.generations[1].number = 3;
}

static void no_end_of_the_rotator(union any_record *record)
{
	memset(record->schedule.rotator, 'a', sizeof record->schedule.rotator);
}

static void no_end_of_the_reason(union any_record *record)
{
	memset(record->schedule.reason, 'a', sizeof record->schedule.reason);
}

static void a_step_of_nobody(union any_record *record)
{
	record->schedule.rotator[0] = '\0';
}

static void no_end_of_the_hooks_reason(union any_record *record)
{
	memset(record->hook.reason, 'a', sizeof record->hook.reason);
}

static const struct {
	enum record_kind kind;
	const char *what;
	void (*spoil)(union any_record *record);
} spoiled[] = {
	{ RECORD_BUNDLE, "four segments", four_segments },
	{ RECORD_BUNDLE, "no bundle", no_bundle },
	{ RECORD_BUNDLE, "nobody lives", nobody_lives },
	{ RECORD_BUNDLE, "twice a member", twice_a_member },
	{ RECORD_BUNDLE, "the same generation", the_same_generation },
	{ RECORD_SCHEDULE, "no end of the rotator", no_end_of_the_rotator },
	{ RECORD_SCHEDULE, "no end of the reason", no_end_of_the_reason },
	{ RECORD_SCHEDULE, "a step of nobody", a_step_of_nobody },
	{ RECORD_HOOK, "no end of the reason", no_end_of_the_hooks_reason },
};

static void a_record_out_of_bounds_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof spoiled / sizeof *spoiled; i++) {
		union any_record record = spoiled[i].kind == RECORD_BUNDLE     ? the_bundle()
					  : spoiled[i].kind == RECORD_SCHEDULE ? the_schedule()
									       : the_hook();
		struct pack packed = { 0 };

		assert_int_equal(pack_any(spoiled[i].kind, &record, &packed, NULL), 0);
		pack_free(&packed);
		spoiled[i].spoil(&record);
		if (pack_any(spoiled[i].kind, &record, &packed, NULL) != -TACIT_INVALID)
			fail_msg("not refused: %s", spoiled[i].what);
		assert_int_equal(packed.length, 0);
		pack_free(&packed);
	}
}

static void the_longest_bundle_fits(void **state)
{
	struct bundle_record bundle = a_bundle("", VAULT_MEMBERS_MAX, VAULT_GENERATIONS_MAX);
	struct pack packed = { .limit = RECORDS_PACKED_MAX };
	struct err err;

	(void)state;
	for (int i = 0; i < 191; i++) /* three segments of 63 */
		bundle.name[i] = i % 64 == 63 ? '/' : 'a';
	must(records_pack_bundle(&bundle, &packed, &err));
	assert_int_equal(packed.length, 2 + 2 + 191 + 8 + 1 + 16 * 16 + 1 + 64 * (16 + 16 * 8));
	assert_int_equal(packed.length, 9677);
	for (size_t length = 0; length <= packed.length; length++)
		assert_int_equal(unpack(RECORD_BUNDLE, packed.bytes, length),
			length < packed.length ? -TACIT_CORRUPT : 0);
	pack_free(&packed);
}

/* Without a rotator, never run, without an end. */
static void the_least_schedule_fits(void **state)
{
	struct schedule_record schedule = { .generate_length = 1 };
	struct pack packed = { .limit = RECORDS_PACKED_MAX };
	struct err err;

	(void)state;
	must(records_pack_schedule(&schedule, &packed, &err));
	assert_int_equal(unpack(RECORD_SCHEDULE, packed.bytes, packed.length), 0);
	pack_free(&packed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_has_the_bytes_of_the_format),
		cmocka_unit_test(damage_is_refused_or_means_what_it_says),
		cmocka_unit_test(a_bundle_with_one_fault_is_refused),
		cmocka_unit_test(a_schedule_with_one_fault_is_refused),
		cmocka_unit_test(a_hook_with_one_fault_is_refused),
		cmocka_unit_test(a_record_out_of_bounds_is_refused),
		cmocka_unit_test(the_longest_bundle_fits),
		cmocka_unit_test(the_least_schedule_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
