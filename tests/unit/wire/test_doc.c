/* SPDX-License-Identifier: Apache-2.0 */
/* Documents: what is written is read back; what is damaged is refused, at every byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "wire/doc.h"

static void write_sample(struct pack *doc)
{
	doc_open(doc, NULL, DOC_OBJECT);
	doc_text(doc, "state", "serving");
	doc_number(doc, "secrets", 3);
	doc_time(doc, "serving_since", 1700000000000000000u);
	doc_time(doc, "rotated_at", 0);
	doc_bool(doc, "memory_locked", true);
	doc_open(doc, "containers", DOC_LIST);
	doc_open(doc, NULL, DOC_OBJECT);
	doc_text(doc, "mount", "");
	doc_close(doc);
	doc_text(doc, NULL, "loose");
	doc_none(doc, NULL);
	doc_close(doc);
	doc_close(doc);
}

static int read_all(const uint8_t *bytes, size_t length, struct err *err)
{
	struct doc_reader reader;
	struct doc_item item;
	int more;

	doc_read(&reader, bytes, length);
	while ((more = doc_next(&reader, &item, err)) == 1)
		;
	return more;
}

static void assert_refused(const uint8_t *bytes, size_t length)
{
	/* A copy of exactly that many bytes: a read past the end is seen by the sanitizer. */
	_free_ uint8_t *copy = malloc(length ? length : 1);
	struct err err = { 0 };

	assert_non_null(copy);
	if (length)
		memcpy(copy, bytes, length);
	assert_int_equal(read_all(copy, length, &err), -TACIT_INVALID);
	assert_int_equal(err.code, TACIT_INVALID);
	assert_non_null(strstr(err.text, "malformed document"));
}

static void test_items_come_back_in_order(void **state)
{
	static const struct {
		enum doc_type type;
		const char *name;
		const char *text;
		uint64_t number;
	} want[] = {
		{ DOC_OBJECT, NULL, "", 0 },
		{ DOC_TEXT, "state", "serving", 0 },
		{ DOC_NUMBER, "secrets", "", 3 },
		{ DOC_TIME, "serving_since", "", 1700000000000000000u },
		{ DOC_NONE, "rotated_at", "", 0 },
		{ DOC_BOOL, "memory_locked", "", 1 },
		{ DOC_LIST, "containers", "", 0 },
		{ DOC_OBJECT, NULL, "", 0 },
		{ DOC_TEXT, "mount", "", 0 },
		{ DOC_END, NULL, "", 0 },
		{ DOC_TEXT, NULL, "loose", 0 },
		{ DOC_NONE, NULL, "", 0 },
		{ DOC_END, NULL, "", 0 },
		{ DOC_END, NULL, "", 0 },
	};
	struct pack doc = { 0 };
	struct doc_reader reader;
	struct doc_item item;

	(void)state;
	write_sample(&doc);
	assert_false(doc.failed);
	doc_read(&reader, doc.bytes, doc.length);
	for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
		assert_int_equal(doc_next(&reader, &item, NULL), 1);
		assert_int_equal(item.type, want[i].type);
		assert_int_equal(item.named, want[i].name != NULL);
		assert_string_equal(item.name, want[i].name ? want[i].name : "");
		assert_string_equal(item.text, want[i].text);
		assert_true(item.number == want[i].number);
	}
	assert_int_equal(doc_next(&reader, &item, NULL), 0);
	assert_int_equal(doc_next(&reader, &item, NULL), 0);
	pack_free(&doc);
}

static void test_truncated_at_every_byte(void **state)
{
	struct pack doc = { 0 };

	(void)state;
	write_sample(&doc);
	assert_int_equal(read_all(doc.bytes, doc.length, NULL), 0);
	for (size_t length = 0; length < doc.length; length++)
		assert_refused(doc.bytes, length);
	pack_u8(&doc, DOC_NONE);
	assert_refused(doc.bytes, doc.length);
	pack_free(&doc);
}

static void test_any_byte_changed_is_read_within_bounds(void **state)
{
	struct pack doc = { 0 };

	(void)state;
	write_sample(&doc);
	for (size_t at = 0; at < doc.length; at++)
		for (int change = 1; change < 256; change++) {
			int got;

			doc.bytes[at] ^= (uint8_t)change;
			got = read_all(doc.bytes, doc.length, NULL);
			assert_true(got == 0 || got == -TACIT_INVALID);
			doc.bytes[at] ^= (uint8_t)change;
		}
	pack_free(&doc);
}

static void test_depth_is_bounded(void **state)
{
	(void)state;
	for (unsigned int depth = DOC_DEPTH_MAX; depth <= DOC_DEPTH_MAX + 1; depth++) {
		struct pack doc = { 0 };

		for (unsigned int i = 0; i < depth; i++)
			doc_open(&doc, NULL, DOC_LIST);
		for (unsigned int i = 0; i < depth; i++)
			doc_close(&doc);
		if (depth <= DOC_DEPTH_MAX)
			assert_int_equal(read_all(doc.bytes, doc.length, NULL), 0);
		else
			assert_refused(doc.bytes, doc.length);
		pack_free(&doc);
	}
}

static void test_malformed(void **state)
{
	static const struct {
		const char *what;
		uint8_t bytes[12];
		size_t length;
	} cases[] = {
		{ "nothing", { 0 }, 0 },
		{ "type 0 at the top", { 0 }, 1 },
		{ "a text at the top", { DOC_TEXT, 1, 0, 'a' }, 4 },
		{ "an end at the top", { DOC_END }, 1 },
		{ "unclosed", { DOC_LIST, DOC_NONE }, 2 },
		{ "closed twice", { DOC_LIST, DOC_END, DOC_END }, 3 },
		{ "two documents", { DOC_LIST, DOC_END, DOC_LIST, DOC_END }, 4 },
		{ "unknown type", { DOC_LIST, DOC_END + 1, DOC_END }, 3 },
		{ "type 0 inside", { DOC_LIST, 0, DOC_END }, 3 },
		{ "type 255", { DOC_LIST, 255, DOC_END }, 3 },
		{ "bool of 2", { DOC_LIST, DOC_BOOL, 2, DOC_END }, 4 },
		{ "a member without a name", { DOC_OBJECT, DOC_NONE, 0, 0, DOC_END }, 5 },
		{ "NUL in a name", { DOC_OBJECT, DOC_NONE, 2, 0, 'a', 0, DOC_END }, 7 },
		{ "NUL in a text", { DOC_LIST, DOC_TEXT, 1, 0, 0, DOC_END }, 6 },
		{ "a text past the end", { DOC_LIST, DOC_TEXT, 255, 255, 'a', DOC_END }, 6 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_refused(cases[i].bytes, cases[i].length);
}

static void test_what_cannot_be_read_is_not_written(void **state)
{
	char text[DOC_TEXT_MAX + 1], name[65];
	struct pack doc = { 0 };

	(void)state;
	memset(text, 'x', sizeof text);
	text[DOC_TEXT_MAX - 1] = '\0';
	memset(name, 'n', sizeof name);
	name[63] = '\0';
	doc_open(&doc, NULL, DOC_OBJECT);
	doc_text(&doc, name, text);
	doc_close(&doc);
	assert_false(doc.failed);
	assert_int_equal(read_all(doc.bytes, doc.length, NULL), 0);
	pack_free(&doc);

	text[DOC_TEXT_MAX - 1] = 'x';
	text[DOC_TEXT_MAX] = '\0';
	doc_text(&doc, NULL, text);
	assert_true(doc.failed);
	pack_free(&doc);

	name[63] = 'n';
	name[64] = '\0';
	doc_none(&doc, name);
	assert_true(doc.failed);
	pack_free(&doc);

	doc_none(&doc, "");
	assert_true(doc.failed);
	pack_free(&doc);
}

static void test_a_refused_document_stays_refused(void **state)
{
	static const uint8_t bytes[] = { DOC_LIST, 99, DOC_END };
	struct doc_reader reader;
	struct doc_item item;

	(void)state;
	doc_read(&reader, bytes, sizeof bytes);
	assert_int_equal(doc_next(&reader, &item, NULL), 1);
	assert_int_equal(doc_next(&reader, &item, NULL), -TACIT_INVALID);
	assert_int_equal(doc_next(&reader, &item, NULL), -TACIT_INVALID);
}

static void test_a_cut_item_is_never_given_out(void **state)
{
	static const uint8_t bytes[] = { DOC_LIST, DOC_TEXT, 4, 0, 'a', 'b' };
	struct doc_reader reader;
	struct doc_item item;

	(void)state;
	doc_read(&reader, bytes, sizeof bytes);
	assert_int_equal(doc_next(&reader, &item, NULL), 1);
	assert_int_equal(doc_next(&reader, &item, NULL), -TACIT_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_items_come_back_in_order),
		cmocka_unit_test(test_truncated_at_every_byte),
		cmocka_unit_test(test_any_byte_changed_is_read_within_bounds),
		cmocka_unit_test(test_depth_is_bounded),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_what_cannot_be_read_is_not_written),
		cmocka_unit_test(test_a_refused_document_stays_refused),
		cmocka_unit_test(test_a_cut_item_is_never_given_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
