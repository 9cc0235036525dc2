/* SPDX-License-Identifier: Apache-2.0 */
/* The record of a template: its bytes, all damage to it, and every bound. */
#include "records_fixture.h"

#define TEXT "{{ x }} {{db/y|url}}"

/* FORMAT.md, "Kinds". */
static const uint8_t good[] = {
	9, 1,                                                       /* kind, layout */
	7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,             /* secret */
	20, 0, '{', '{', ' ', 'x', ' ', '}', '}', ' ',              /* text */
	'{', '{', 'd', 'b', '/', 'y', '|', 'u', 'r', 'l', '}', '}', /* */
	2,                                                          /* made of */
	5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5,             /* */
	6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6,             /* */
};
#define AT_TEXT 18
#define AT_COUNT (AT_TEXT + 2 + 20)

static union any_record the_template(void)
{
	union any_record record;

	memset(&record, 0, sizeof record);
	strcpy(record.template.text, TEXT);
	record.template.ref_count = 2;
	memcpy(record.template.id, some_id, sizeof some_id);
	memset(record.template.secret_id, 7, SEAL_ID_BYTES);
	memset(record.template.refs[0], 5, SEAL_ID_BYTES);
	memset(record.template.refs[1], 6, SEAL_ID_BYTES);
	return record;
}

static void it_has_the_bytes_of_the_format(void **state)
{
	union any_record record = the_template();

	(void)state;
	must_have_bytes(RECORD_TEMPLATE, &record, good, sizeof good);
}

static void damage_is_refused_or_means_what_it_says(void **state)
{
	(void)state;
	try_all_damage(RECORD_TEMPLATE, good, sizeof good);
}

static void one_fault_is_refused(void **state)
{
	static const struct fault faults[] = {
		{ "a hook", 0, 8, TACIT_CORRUPT },
		{ "of no kind that there is", 0, RECORD_KINDS, TACIT_CORRUPT },
		{ "no layout", 1, 0, TACIT_CORRUPT },
		{ "newer", 1, 2, TACIT_NEWER },
		{ "itself", AT_COUNT + 1, 7, 0 }, /* an id of which one byte is the same */
		{ "a shorter text", AT_TEXT, 19, TACIT_CORRUPT },
		{ "a longer text", AT_TEXT + 1, 1, TACIT_CORRUPT },
		{ "a NUL", AT_TEXT + 9, 0, TACIT_CORRUPT },
		{ "a tag without its end", AT_TEXT + 8, ' ', TACIT_CORRUPT },
		{ "no such filter", AT_TEXT + 17, 'x', TACIT_CORRUPT },
		{ "no tag", AT_TEXT + 2, ' ', TACIT_CORRUPT },
		{ "made of nothing", AT_COUNT, 0, TACIT_CORRUPT },
		{ "of one less", AT_COUNT, 1, TACIT_CORRUPT },
		{ "of one more", AT_COUNT, 3, TACIT_CORRUPT },
		{ "of more than there may be", AT_COUNT, 9, TACIT_CORRUPT },
		{ "of very many", AT_COUNT, 255, TACIT_CORRUPT },
	};

	(void)state;
	try_faults(RECORD_TEMPLATE, good, sizeof good, faults, sizeof faults / sizeof *faults);
}

static void no_end_of_the_text(union any_record *record)
{
	memset(record->template.text, 'a', sizeof record->template.text);
}

static void no_template(union any_record *record)
{
	strcpy(record->template.text, "plain");
}

static void fewer_refs(union any_record *record)
{
	record->template.ref_count = 1;
}

static void very_many_refs(union any_record *record)
{
	record->template.ref_count = UINT32_MAX;
}

static void twice_the_same(union any_record *record)
{
	memset(record->template.refs[1], 5, SEAL_ID_BYTES);
}

static void of_itself(union any_record *record)
{
	memset(record->template.refs[1], 7, SEAL_ID_BYTES);
}

static void a_record_out_of_bounds_is_refused(void **state)
{
	static const struct {
		const char *what;
		void (*spoil)(union any_record *record);
	} spoiled[] = {
		{ "no end of the text", no_end_of_the_text },
		{ "no template", no_template },
		{ "fewer refs", fewer_refs },
		{ "very many refs", very_many_refs },
		{ "twice the same", twice_the_same },
		{ "of itself", of_itself },
	};

	(void)state;
	for (size_t i = 0; i < sizeof spoiled / sizeof *spoiled; i++) {
		union any_record record = the_template();
		struct pack packed = { 0 };

		spoiled[i].spoil(&record);
		if (pack_any(RECORD_TEMPLATE, &record, &packed, NULL) != -TACIT_INVALID)
			fail_msg("not refused: %s", spoiled[i].what);
		assert_int_equal(packed.length, 0);
		pack_free(&packed);
	}
}

static void the_longest_fits(void **state)
{
	union any_record record = the_template();
	struct pack packed = { .limit = RECORDS_PACKED_MAX };
	char *text = record.template.text;
	size_t used = 0;
	struct err err;

	(void)state;
	for (uint32_t i = 0; i < TEMPLATE_NAMES_MAX; i++) {
		used += (size_t)sprintf(text + used, "{{ n%u }}", i);
		memset(record.template.refs[i], 10 + (int)i, SEAL_ID_BYTES);
	}
	memset(text + used, 'x', TEMPLATE_TEXT_MAX - used);
	text[TEMPLATE_TEXT_MAX] = '\0';
	record.template.ref_count = TEMPLATE_NAMES_MAX;
	must(records_pack_template(&record.template, &packed, &err));
	assert_int_equal(packed.length, 2 + 16 + 2 + 4096 + 1 + 8 * 16);
	assert_int_equal(packed.length, 4245);
	must(records_unpack_template(some_id, packed.bytes, packed.length, &record.template, &err));
	assert_int_equal(strlen(record.template.text), TEMPLATE_TEXT_MAX);
	pack_free(&packed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_has_the_bytes_of_the_format),
		cmocka_unit_test(damage_is_refused_or_means_what_it_says),
		cmocka_unit_test(one_fault_is_refused),
		cmocka_unit_test(a_record_out_of_bounds_is_refused),
		cmocka_unit_test(the_longest_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
