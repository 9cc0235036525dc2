/* SPDX-License-Identifier: Apache-2.0 */
/* What an engine says of a container: what is taken from a channel, and where a label is found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/container.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void an_id_is_64_lowercase_digits(void **state)
{
	static const struct {
		const char *text;
		bool ok;
	} rows[] = {
		{ HEX, true },
		{ "", false },
		{ "0123456789ab", false },
		{ HEX "0", false },
		{ HEX "\n", false },
		{ "A123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", false },
		{ "g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", false },
		{ "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde", false },
		{ "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde ", false },
		{ "sha256:89abcdef0123456789abcdef0123456789abcdef0123456789abcdef", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		/* Exactly as long as it is. */
		char *text = strdup(rows[i].text);

		assert_int_equal(container_id_ok(text), rows[i].ok);
		free(text);
	}
}

static struct container_facts good(void)
{
	struct container_facts facts = { .id = HEX, .labels_length = 4, .labels = "a=1" };

	return facts;
}

#define REFUSED(change)                                                                            \
	do {                                                                                       \
		struct container_facts facts = good();                                             \
		struct err err = { .text = "" };                                                   \
                                                                                                   \
		assert_int_equal(container_facts_check(&facts, NULL), 0);                          \
		change;                                                                            \
		assert_int_equal(container_facts_check(&facts, &err), -TACIT_INVALID);             \
		assert_int_equal(err.code, TACIT_INVALID);                                         \
	} while (0)

static void what_came_over_a_channel_is_checked(void **state)
{
	(void)state;
	REFUSED(facts.id[0] = '\0');
	REFUSED(facts.id[63] = '\0');
	REFUSED(facts.id[0] = 'A');
	REFUSED(facts.id[64] = '0');
	REFUSED(memset(facts.name, 'a', sizeof facts.name));
	REFUSED(memset(facts.project, 'a', sizeof facts.project));
	REFUSED(memset(facts.service, 'a', sizeof facts.service));
	REFUSED(memset(facts.image, 'a', sizeof facts.image));
	REFUSED(memset(facts.image_id, 'a', sizeof facts.image_id));
	for (int i = 0; i < CONTAINER_DIGESTS_MAX; i++)
		REFUSED(memset(facts.digest[i], 'a', sizeof facts.digest[i]));
	REFUSED(strcpy(facts.name, "web\xff"));
	REFUSED(strcpy(facts.project, "a shop"));
	REFUSED(strcpy(facts.service, "web\n"));
	REFUSED(strcpy(facts.image, "ngin\xc3\xa9"));
	REFUSED(strcpy(facts.image_id, "\x7f"));
	REFUSED(strcpy(facts.digest[7], "\t"));
	REFUSED(facts.labels_length = 3);
	REFUSED(facts.labels_length = CONTAINER_LABELS_MAX + 1);
	REFUSED(facts.labels_length = UINT32_MAX);
	REFUSED(memset(facts.labels, 'a', sizeof facts.labels);
		facts.labels_length = CONTAINER_LABELS_MAX);
}

static void every_field_may_be_full(void **state)
{
	struct container_facts facts = good();

	(void)state;
	memset(facts.name, 'a', sizeof facts.name - 1);
	memset(facts.project, 'a', sizeof facts.project - 1);
	memset(facts.service, 'a', sizeof facts.service - 1);
	memset(facts.image, 'a', sizeof facts.image - 1);
	memset(facts.image_id, 'a', sizeof facts.image_id - 1);
	for (int i = 0; i < CONTAINER_DIGESTS_MAX; i++)
		memset(facts.digest[i], 'a', sizeof facts.digest[i] - 1);
	memset(facts.labels, 'a', sizeof facts.labels);
	facts.labels[1] = '=';
	facts.labels[CONTAINER_LABELS_MAX - 1] = '\0';
	facts.labels_length = CONTAINER_LABELS_MAX;
	assert_int_equal(container_facts_check(&facts, NULL), 0);
	assert_int_equal(strlen(container_label(&facts, "a", 1)), CONTAINER_LABELS_MAX - 3);
	facts.labels_length = 0;
	assert_int_equal(container_facts_check(&facts, NULL), 0);
}

/* A copy of the bytes that matter is all that is ever read. */
static void labels_are_found_in_a_copy_of_just_their_size(void **state)
{
	static const char labels[] = "a=1\0ab=2\0=3\0b\0c=\0a=4\0";
	static const struct {
		const char *key, *value;
	} rows[] = { { "a", "1" }, { "ab", "2" }, { "c", "" }, { "b", NULL }, { "d", NULL },
		{ "abc", NULL }, { "a=1", NULL }, { "1", NULL }, { "2", NULL }, { "aa", NULL } };
	struct container_facts facts = good(), *copy;

	(void)state;
	memcpy(facts.labels, labels, sizeof labels - 1);
	facts.labels_length = sizeof labels - 1;
	strcpy(facts.labels + facts.labels_length, "d=5");
	copy = malloc(container_facts_size(&facts));
	memcpy(copy, &facts, container_facts_size(&facts));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *found = container_label(copy, rows[i].key, strlen(rows[i].key));

		if (!rows[i].value)
			assert_null(found);
		else
			assert_string_equal(found, rows[i].value);
	}
	/* A key is as long as is said. */
	assert_string_equal(container_label(copy, "ab=9", 2), "2");
	free(copy);
}

static void without_labels_none_is_found(void **state)
{
	struct container_facts facts = good();

	(void)state;
	facts.labels_length = 0;
	assert_null(container_label(&facts, "a", 1));
	assert_int_equal(container_facts_size(&facts), offsetof(struct container_facts, labels));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_id_is_64_lowercase_digits),
		cmocka_unit_test(what_came_over_a_channel_is_checked),
		cmocka_unit_test(every_field_may_be_full),
		cmocka_unit_test(labels_are_found_in_a_copy_of_just_their_size),
		cmocka_unit_test(without_labels_none_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
