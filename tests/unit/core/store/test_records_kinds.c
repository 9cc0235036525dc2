/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes inside a record of a consumer, of a grant's use or of a container: what was packed
 * comes back, and whatever else is refused or is exactly what would have been packed. */
#include "records_fixture.h"

static const uint8_t consumer_bytes[] = { 3, 1,                            /* kind, layout */
	12, 0, 'c', 'o', 'n', 't', 'a', 'i', 'n', 'e', 'r', '/', 'd', 'b', /* consumer */
	9, 0, 0, 0, 0, 0, 0, 0,                                            /* frozen */
	2,                                                                 /* rules */
	7, 0, 'i', 'm', 'a', 'g', 'e', '=', 'a', 9, 0, 'l', 'a', 'b', 'e', 'l', '=', 'k', '=',
	'v' };
#define AT_CONSUMER_NAME 4
#define AT_CONSUMER_COUNT 24
#define AT_CONSUMER_RULE 25

static const uint8_t use_bytes[] = {
	4, 2,                                                         /* kind, layout */
	7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,               /* grant */
	5, 0, 0, 0, 0, 0, 0, 0,                                       /* last open */
	6, 0, 0, 0, 0, 0, 0, 0,                                       /* of version */
	11, 0, 'u', 's', 'e', 'r', '/', '1', '0', '0', '0', ' ', 'a', /* by */
	1,                                                            /* containers */
	0xab, 0xcd, 0xef, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
	22, 23, 24, 25, 26, 27, 28, 0xff, /* its id */
	3, 2, 1, 0,                       /* opens */
	4, 0, 0, 0, 0, 0, 0, 1            /* of its last one the version */
};

/* As the version before it was known what containers have read wrote it: must open for ever. */
static const uint8_t use_bytes_1[] = {
	4, 1,                                           /* kind, layout */
	7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, /* grant */
	5, 0, 0, 0, 0, 0, 0, 0,                         /* last open */
	6, 0, 0, 0, 0, 0, 0, 0,                         /* of version */
	1, 0, 'u',                                      /* by */
	1,                                              /* containers */
	0xab, 0xcd, 0xef, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
	22, 23, 24, 25, 26, 27, 28, 0xff, /* its id */
	3, 2, 1, 0                        /* opens */
};
#define AT_USE_USER 34
#define AT_USE_COUNT 47

static const uint8_t container_bytes[] = {
	5, 1,                                                            /* kind, layout */
	0xff, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xfe,       /* the id's other half */
	2,                                                               /* engine */
	1,                                                               /* labels are missing */
	1, 0, 'n', 1, 0, 'p', 1, 0, 's', 1, 0, 'i', 3, 0, 'i', 'i', 'd', /* name ... image's id */
	2, 0, 'd', '0', 0, 0, 2, 0, 'd', '2', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* digests */
	8, 0, 0, 0, 'a', '=', '1', 0, 'b', '=', '2', 0                      /* labels */
};
#define AT_CONTAINER_CUT 19
#define AT_CONTAINER_NAME 20
#define AT_CONTAINER_DIGESTS 37
#define AT_CONTAINER_LABELS 57

static void a_consumer_has_the_bytes_of_the_format(void **state)
{
	union any_record record;

	(void)state;
	memset(&record, 0, sizeof record);
	record.consumer = (struct consumer_record){ .consumer = "container/db",
		.frozen_ns = 9,
		.rule_count = 2,
		.rules = { "image=a", "label=k=v" } };
	memcpy(record.consumer.id, some_id, sizeof some_id);
	must_have_bytes(RECORD_CONSUMER, &record, consumer_bytes, sizeof consumer_bytes);
}

static void a_use_has_the_bytes_of_the_format(void **state)
{
	union any_record record;

	(void)state;
	memset(&record, 0, sizeof record);
	record.use = (struct use_record){ .last_ns = 5,
		.last_version = 6,
		.last_user = "user/1000 a",
		.count = 1,
		.counts = { { "abcdef0102030405060708090a0b0c0d"
			      "0e0f101112131415161718191a1b1cff",
			0x010203, (1ull << 56) + 4 } } };
	memcpy(record.use.id, some_id, sizeof some_id);
	memset(record.use.grant_id, 7, SEAL_ID_BYTES);
	must_have_bytes(RECORD_USE, &record, use_bytes, sizeof use_bytes);
}

static void in_the_first_layout_of_a_use_no_version_is_known(void **state)
{
	union any_record record;
	struct err err;

	(void)state;
	memset(&record, 0xa5, sizeof record);
	must(unpack_any(RECORD_USE, use_bytes_1, sizeof use_bytes_1, &record, &err));
	assert_int_equal(record.use.count, 1);
	assert_int_equal(record.use.counts[0].used, 0x010203);
	assert_int_equal(record.use.counts[0].version, 0);
	assert_string_equal(record.use.last_user, "u");
}

static void a_container_has_the_bytes_of_the_format(void **state)
{
	static const char labels[8] = "a=1\0b=2";
	union any_record record;

	(void)state;
	memset(&record, 0, sizeof record);
	record.container = (struct container_facts){
		.id = "08000000000000000000000000000000ff0102030405060708090a0b0c0d0efe",
		.engine = 2,
		.labels_cut = 1,
		.name = "n",
		.project = "p",
		.service = "s",
		.image = "i",
		.image_id = "iid",
		.digest = { "d0", "", "d2" },
		.labels_length = sizeof labels
	};
	memcpy(record.container.labels, labels, sizeof labels);
	must_have_bytes(RECORD_CONTAINER, &record, container_bytes, sizeof container_bytes);
}

static void damage_is_refused_or_means_what_it_says(void **state)
{
	(void)state;
	try_all_damage(RECORD_CONSUMER, consumer_bytes, sizeof consumer_bytes);
	try_all_damage(RECORD_USE, use_bytes, sizeof use_bytes);
	try_all_damage(RECORD_USE, use_bytes_1, sizeof use_bytes_1);
	try_all_damage(RECORD_CONTAINER, container_bytes, sizeof container_bytes);
}

static void a_consumer_with_one_fault_is_refused(void **state)
{
	static const struct fault faults[] = {
		{ "a use", 0, 4, TACIT_CORRUPT },
		{ "no layout", 1, 0, TACIT_CORRUPT },
		{ "newer", 1, 2, TACIT_NEWER },
		{ "a bad name", AT_CONSUMER_NAME, 'x', TACIT_CORRUPT },
		{ "a NUL in the name", AT_CONSUMER_NAME + 11, 0, TACIT_CORRUPT },
		{ "a rule too few", AT_CONSUMER_COUNT, 1, TACIT_CORRUPT },
		{ "a rule too many", AT_CONSUMER_COUNT, 3, TACIT_CORRUPT },
		{ "more rules than there may be", AT_CONSUMER_COUNT, 9, TACIT_CORRUPT },
		{ "rules without end", AT_CONSUMER_COUNT, 255, TACIT_CORRUPT },
		{ "a rule longer than a rule", AT_CONSUMER_RULE + 1, 2, TACIT_CORRUPT },
		{ "a rule of no kind", AT_CONSUMER_RULE + 2, 'x', TACIT_CORRUPT },
		{ "a rule with a blank", AT_CONSUMER_RULE + 8, ' ', TACIT_CORRUPT },
		{ "a rule with a NUL", AT_CONSUMER_RULE + 8, 0, TACIT_CORRUPT },
		{ "a label without a value", sizeof consumer_bytes - 2, 'k', TACIT_CORRUPT },
	};

	(void)state;
	try_faults(RECORD_CONSUMER, consumer_bytes, sizeof consumer_bytes, faults,
		sizeof faults / sizeof *faults);
}

static void a_use_with_one_fault_is_refused(void **state)
{
	static const struct fault faults[] = {
		{ "a container", 0, 5, TACIT_CORRUPT },
		{ "no layout", 1, 0, TACIT_CORRUPT },
		{ "older, but as long", 1, 1, TACIT_CORRUPT },
		{ "newer", 1, 3, TACIT_NEWER },
		{ "a longer reader", AT_USE_USER, 12, TACIT_CORRUPT },
		{ "a reader longer than may be", AT_USE_USER, 192, TACIT_CORRUPT },
		{ "a NUL in the reader", AT_USE_USER + 4, 0, TACIT_CORRUPT },
		{ "no containers", AT_USE_COUNT, 0, TACIT_CORRUPT },
		{ "a container too many", AT_USE_COUNT, 2, TACIT_CORRUPT },
		{ "more than there may be", AT_USE_COUNT, 65, TACIT_CORRUPT },
		{ "containers without end", AT_USE_COUNT, 255, TACIT_CORRUPT },
	};

	(void)state;
	try_faults(RECORD_USE, use_bytes, sizeof use_bytes, faults, sizeof faults / sizeof *faults);
}

static void a_container_with_one_fault_is_refused(void **state)
{
	static const struct fault faults[] = {
		{ "a secret", 0, 1, TACIT_CORRUPT },
		{ "no layout", 1, 0, TACIT_CORRUPT },
		{ "newer", 1, 2, TACIT_NEWER },
		{ "labels neither missing nor not", AT_CONTAINER_CUT, 2, TACIT_CORRUPT },
		{ "a longer name", AT_CONTAINER_NAME, 2, TACIT_CORRUPT },
		{ "a name longer than may be", AT_CONTAINER_NAME, 128, TACIT_CORRUPT },
		{ "a NUL in the name", AT_CONTAINER_NAME + 2, 0, TACIT_CORRUPT },
		{ "a digest longer than may be", AT_CONTAINER_DIGESTS, 72, TACIT_CORRUPT },
		{ "a NUL in a digest", AT_CONTAINER_DIGESTS + 2, 0, TACIT_CORRUPT },
		{ "fewer labels", AT_CONTAINER_LABELS, 4, TACIT_CORRUPT },
		{ "more labels", AT_CONTAINER_LABELS, 9, TACIT_CORRUPT },
		{ "far more labels", AT_CONTAINER_LABELS + 3, 255, TACIT_CORRUPT },
		{ "labels without end", sizeof container_bytes - 1, 'x', TACIT_CORRUPT },
	};

	(void)state;
	try_faults(RECORD_CONTAINER, container_bytes, sizeof container_bytes, faults,
		sizeof faults / sizeof *faults);
}

/* Records that break one bound each, on their way in. */
struct spoiled {
	enum record_kind kind;
	const char *what;
	void (*spoil)(union any_record *record);
};

static void no_consumer(union any_record *record)
{
	record->consumer.consumer[0] = '\0';
}

static void self_as_consumer(union any_record *record)
{
	strcpy(record->consumer.consumer, "self");
}

/* What lies behind the eight would do for a ninth. */
static void too_many_rules(union any_record *record)
{
	char *rules = (char *)record + offsetof(struct consumer_record, rules);

	for (size_t i = 0; i <= BINDING_RULES_MAX; i++)
		memcpy(rules + i * sizeof record->consumer.rules[0], "image=a", sizeof "image=a");
	record->consumer.rule_count = BINDING_RULES_MAX + 1;
}

static void a_rule_too_few(union any_record *record)
{
	record->consumer.rule_count = 3;
}

static void no_rule(union any_record *record)
{
	strcpy(record->consumer.rules[1], "shell=sh");
}

static void a_reader_without_end(union any_record *record)
{
	memset(record->use.last_user, 'a', sizeof record->use.last_user);
}

static void too_many_containers(union any_record *record)
{
	char *counts = (char *)record + offsetof(struct use_record, counts);

	for (size_t i = 1; i <= VAULT_USES_MAX; i++)
		memcpy(counts + i * sizeof record->use.counts[0], record->use.counts[0].container,
			CONTAINER_ID_LENGTH + 1);
	record->use.count = VAULT_USES_MAX + 1;
}

static void a_container_without_id(union any_record *record)
{
	record->use.counts[2].container[0] = '\0';
}

static void a_short_id(union any_record *record)
{
	record->use.counts[1].container[CONTAINER_ID_LENGTH - 1] = '\0';
}

static void capital_digits(union any_record *record)
{
	record->use.counts[0].container[5] = 'A';
}

static void no_container_id(union any_record *record)
{
	record->container.id[0] = '\0';
}

static void a_name_without_end(union any_record *record)
{
	memset(record->container.name, 'a', sizeof record->container.name);
}

static void a_digest_without_end(union any_record *record)
{
	memset(record->container.digest[7], 'a', sizeof record->container.digest[7]);
}

static void too_many_labels(union any_record *record)
{
	record->container.labels_length = CONTAINER_LABELS_MAX + 1;
}

static void labels_without_end(union any_record *record)
{
	record->container.labels_length--;
}

static const struct spoiled spoiled[] = {
	{ RECORD_CONSUMER, "no consumer", no_consumer },
	{ RECORD_CONSUMER, "self as consumer", self_as_consumer },
	{ RECORD_CONSUMER, "too many rules", too_many_rules },
	{ RECORD_CONSUMER, "a rule too few", a_rule_too_few },
	{ RECORD_CONSUMER, "no rule", no_rule },
	{ RECORD_USE, "a reader without end", a_reader_without_end },
	{ RECORD_USE, "too many containers", too_many_containers },
	{ RECORD_USE, "a container without id", a_container_without_id },
	{ RECORD_USE, "a short id", a_short_id },
	{ RECORD_USE, "capital digits", capital_digits },
	{ RECORD_CONTAINER, "no id", no_container_id },
	{ RECORD_CONTAINER, "a name without end", a_name_without_end },
	{ RECORD_CONTAINER, "a digest without end", a_digest_without_end },
	{ RECORD_CONTAINER, "too many labels", too_many_labels },
	{ RECORD_CONTAINER, "labels without end", labels_without_end },
};

static void a_record_out_of_bounds_is_refused(void **state)
{
	struct grant_record grant = { .id = { 1 } };
	union any_record *record = malloc(sizeof *record);

	(void)state;
	assert_non_null(record);
	for (size_t i = 0; i < sizeof spoiled / sizeof *spoiled; i++) {
		struct pack packed = { 0 };

		memset(record, 0, sizeof *record);
		if (spoiled[i].kind == RECORD_CONSUMER)
			record->consumer = a_consumer("user/1000");
		else if (spoiled[i].kind == RECORD_USE)
			record->use = a_use(&grant, 3);
		else
			record->container = a_container(3);
		assert_int_equal(pack_any(spoiled[i].kind, record, &packed, NULL), 0);
		pack_free(&packed);
		spoiled[i].spoil(record);
		if (pack_any(spoiled[i].kind, record, &packed, NULL) != -TACIT_INVALID)
			fail_msg("not refused: %s", spoiled[i].what);
		assert_int_equal(packed.length, 0);
		pack_free(&packed);
	}
	free(record);
}

/* It has this many bytes, comes back, and does not with fewer. */
static void must_fit(enum record_kind kind, const union any_record *record, size_t expected)
{
	struct pack packed = { .limit = RECORDS_PACKED_MAX };
	struct err err;

	must(pack_any(kind, record, &packed, &err));
	assert_int_equal(packed.length, expected);
	assert_int_equal(unpack(kind, packed.bytes, packed.length), 0);
	for (size_t length = 0; length < packed.length; length++)
		must_be(TACIT_CORRUPT, unpack(kind, packed.bytes, length));
	pack_free(&packed);
}

/* A full record that claims to have one more than there may be. */
static void must_not_believe(
	enum record_kind kind, const union any_record *record, size_t at_count, uint8_t claimed)
{
	struct pack packed = { 0 };
	struct err err;

	must(pack_any(kind, record, &packed, &err));
	assert_int_equal(packed.bytes[at_count], claimed - 1);
	packed.bytes[at_count] = claimed;
	must_be(TACIT_CORRUPT, unpack(kind, packed.bytes, packed.length));
	pack_free(&packed);
}

static void the_least_of_each_kind_fits(void **state)
{
	union any_record record;

	(void)state;
	memset(&record, 0, sizeof record);
	strcpy(record.consumer.consumer, "user/0");
	must_fit(RECORD_CONSUMER, &record, 2 + 2 + 6 + 8 + 1);
	memset(&record, 0, sizeof record);
	must_fit(RECORD_USE, &record, 2 + 16 + 8 + 8 + 2 + 1);
	memset(&record, 0, sizeof record);
	a_container_id(1, record.container.id);
	must_fit(RECORD_CONTAINER, &record, 2 + 16 + 2 + 13 * 2 + 4);
}

static void fill(char *text, size_t length)
{
	memset(text, 'a', length);
	text[length] = '\0';
}

static void the_longest_consumer_fits(void **state)
{
	union any_record record = { .consumer = a_consumer("") };
	char *name = record.consumer.consumer;

	(void)state;
	fill(name, TACIT_CONSUMER_NAME_MAX);
	memcpy(name, "compose/", 8);
	name[8 + NAME_SEGMENT_MAX] = '/';
	record.consumer.rule_count = BINDING_RULES_MAX;
	for (int i = 0; i < BINDING_RULES_MAX; i++) {
		fill(record.consumer.rules[i], BINDING_TEXT_MAX);
		memcpy(record.consumer.rules[i], "label=k=", 8);
	}
	must_fit(RECORD_CONSUMER, &record, 2 + 2 + 255 + 8 + 1 + 8 * (2 + 383));
	must_not_believe(RECORD_CONSUMER, &record, 2 + 2 + 255 + 8, 9);
}

static void the_longest_use_fits(void **state)
{
	struct grant_record grant = { .id = { 1 } };
	union any_record record = { .use = a_use(&grant, VAULT_USES_MAX) };

	(void)state;
	fill(record.use.last_user, VAULT_USER_MAX);
	must_fit(RECORD_USE, &record, 2 + 16 + 8 + 8 + 2 + 191 + 1 + 64 * 44);
	must_not_believe(RECORD_USE, &record, 2 + 16 + 8 + 8 + 2 + 191, 65);
}

static void the_longest_container_fits(void **state)
{
	union any_record *record = calloc(1, sizeof *record);
	struct container_facts *container = &record->container;

	(void)state;
	assert_non_null(record);
	memcpy(container->id, "08", 2);
	memset(container->id + 2, '0', CONTAINER_ID_LENGTH - 2);
	fill(container->name, CONTAINER_NAME_MAX);
	fill(container->project, CONTAINER_NAME_MAX);
	fill(container->service, CONTAINER_NAME_MAX);
	fill(container->image, CONTAINER_IMAGE_MAX);
	fill(container->image_id, CONTAINER_DIGEST_MAX);
	for (int i = 0; i < CONTAINER_DIGESTS_MAX; i++)
		fill(container->digest[i], CONTAINER_DIGEST_MAX);
	container->labels_length = CONTAINER_LABELS_MAX;
	fill(container->labels, CONTAINER_LABELS_MAX - 1);
	must_fit(RECORD_CONTAINER, record,
		2 + 16 + 2 + 3 * (2 + 127) + 2 + 255 + 9 * (2 + 71) + 4 + 8192);
	free(record);
}

/* Whoever keeps many containers keeps no more of each than its labels need. */
static void a_container_is_read_no_further_than_its_labels(void **state)
{
	struct container_facts whole = a_container(1), *cut = malloc(container_facts_size(&whole));
	struct pack from_whole = { 0 }, from_cut = { 0 };
	struct err err;

	(void)state;
	assert_non_null(cut);
	memcpy(cut, &whole, container_facts_size(&whole));
	must(records_pack_container(&whole, &from_whole, &err));
	must(records_pack_container(cut, &from_cut, &err));
	assert_int_equal(from_cut.length, from_whole.length);
	assert_memory_equal(from_cut.bytes, from_whole.bytes, from_whole.length);
	pack_free(&from_whole);
	pack_free(&from_cut);
	free(cut);
}

static void labels_that_are_missing_are_said_to_be(void **state)
{
	struct container_facts container = a_container(1), back;
	uint8_t id[SEAL_ID_BYTES];
	struct err err;

	(void)state;
	must(records_container_id(container.id, id, &err));
	for (int cut = 0; cut < 256; cut += 51) {
		struct pack packed = { 0 };

		container.labels_cut = (uint8_t)cut;
		must(records_pack_container(&container, &packed, &err));
		must(records_unpack_container(id, packed.bytes, packed.length, &back, &err));
		assert_int_equal(back.labels_cut, cut != 0);
		pack_free(&packed);
	}
}

static void a_containers_record_has_its_first_bytes_as_id(void **state)
{
	static const uint8_t expected[SEAL_ID_BYTES] = { 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd,
		0xef, 0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10 };
	char text[] = "0123456789abcdeffedcba98765432100123456789abcdef0123456789abcdef";
	uint8_t id[SEAL_ID_BYTES];
	struct err err;

	(void)state;
	must(records_container_id(text, id, &err));
	assert_memory_equal(id, expected, sizeof id);
	text[10] = 'A';
	must_be(TACIT_INVALID, records_container_id(text, id, NULL));
	text[10] = '\0';
	must_be(TACIT_INVALID, records_container_id(text, id, NULL));
	must_be(TACIT_INVALID, records_container_id("", id, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_consumer_has_the_bytes_of_the_format),
		cmocka_unit_test(a_use_has_the_bytes_of_the_format),
		cmocka_unit_test(in_the_first_layout_of_a_use_no_version_is_known),
		cmocka_unit_test(a_container_has_the_bytes_of_the_format),
		cmocka_unit_test(damage_is_refused_or_means_what_it_says),
		cmocka_unit_test(a_consumer_with_one_fault_is_refused),
		cmocka_unit_test(a_use_with_one_fault_is_refused),
		cmocka_unit_test(a_container_with_one_fault_is_refused),
		cmocka_unit_test(a_record_out_of_bounds_is_refused),
		cmocka_unit_test(the_least_of_each_kind_fits),
		cmocka_unit_test(the_longest_consumer_fits),
		cmocka_unit_test(the_longest_use_fits),
		cmocka_unit_test(the_longest_container_fits),
		cmocka_unit_test(a_container_is_read_no_further_than_its_labels),
		cmocka_unit_test(labels_that_are_missing_are_said_to_be),
		cmocka_unit_test(a_containers_record_has_its_first_bytes_as_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
