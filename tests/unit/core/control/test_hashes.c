/* SPDX-License-Identifier: Apache-2.0 */
/* Keyed hashes of all kept values: complete, page by page, and nothing else is told. */
#include "desk.h"

#include "core/control/audit/auditor_parts.h"
#include "seal/findhash.h"

static const uint8_t key_bytes[SEAL_KEY_BYTES] = "a key of thirty-two octets, it i";

/* The lines of one page, and in `next` where the following one begins. */
static const char *page(struct desk *desk, const char *after, char next[TACIT_SECRET_NAME_MAX + 1])
{
	static char text[4u << 20];
	const char *end;

	assert_int_equal(desk_ask_with(desk, VERB_SECRET_HASHES, after, "hashes", key_bytes,
				 sizeof key_bytes),
		0);
	assert_true(desk->reply.length < sizeof text);
	if (desk->reply.length)
		memcpy(text, desk->reply.bytes, desk->reply.length);
	text[desk->reply.length] = '\0';
	next[0] = '\0';
	end = strstr(text, "{\"next\":");
	if (end)
		assert_int_equal(sscanf(end, "{\"next\":\"%255[^\"]\"}\n", next), 1);
	return text;
}

static void line_of(const char *secret, unsigned int version, const char *value, char line[512])
{
	uint8_t hash[FINDHASH_BYTES];
	char digits[2 * FINDHASH_BYTES + 1];
	struct findhash_key key;

	findhash_expand(&key, key_bytes);
	findhash_whole(&key, value, strlen(value), hash);
	for (size_t i = 0; i < sizeof hash; i++)
		snprintf(digits + 2 * i, 3, "%02x", hash[i]);
	snprintf(line, 512,
		"{\"secret\":\"%s\",\"version\":%u,\"size\":%zu,\"start\":\"%016llx\","
		"\"hash\":\"%s\"}\n",
		secret, version, strlen(value), (unsigned long long)findhash_start(&key, value),
		digits);
}

static void test_every_kept_version_has_a_line(void **state)
{
	struct desk *desk = *state;
	char lines[3][512], all[sizeof lines + 1], next[TACIT_SECRET_NAME_MAX + 1];

	assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, "web", "correct-horse"), 0);
	assert_int_equal(desk_value(desk, VERB_SECRET_ROTATE, "web", "battery-staple"), 0);
	assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, "db/password", "eightlen"), 0);
	assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, "pin", "1234567"), 0);
	line_of("db/password", 1, "eightlen", lines[0]);
	line_of("web", 1, "correct-horse", lines[1]);
	line_of("web", 2, "battery-staple", lines[2]);
	snprintf(all, sizeof all, "%s%s%s", lines[0], lines[1], lines[2]);
	assert_string_equal(page(desk, "", next), all);
	assert_string_equal(next, "");
	/* Begun in between, with a name that is no more, and after the last one. */
	snprintf(all, sizeof all, "%s%s", lines[1], lines[2]);
	assert_string_equal(page(desk, "db/password", next), all);
	assert_string_equal(page(desk, "f", next), all);
	assert_string_equal(page(desk, "web", next), "");
}

/* More than a page: each secret once, in order. */
static void test_pages_follow_each_other(void **state)
{
	enum { SECRETS = 850 };
	struct desk *desk = *state;
	char name[TACIT_SECRET_NAME_MAX + 1], next[TACIT_SECRET_NAME_MAX + 1] = "";
	unsigned int pages = 0, lines = 0;

	for (unsigned int i = 0; i < SECRETS; i++) {
		snprintf(name, sizeof name, "s%05u-%056d/%063d/%063d", i, 0, 0, 0);
		assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, name, "correct-horse"), 0);
	}
	do {
		const char *at = page(desk, next, next);

		pages++;
		while ((at = strstr(at, "{\"secret\":\""))) {
			snprintf(name, sizeof name, "s%05u-", lines++);
			assert_memory_equal(at + 11, name, 7);
			at++;
		}
	} while (next[0]);
	assert_int_equal(lines, SECRETS);
	assert_true(pages > 1);
}

/* Each page has a record, which is of no secret: where a page begins is not what is told. */
static void test_it_is_recorded_as_what_it_is(void **state)
{
	struct desk *desk = *state;
	struct audit_ring *ring = auditor_ring(&desk->core);
	char next[TACIT_SECRET_NAME_MAX + 1];
	const struct audit_record *record;

	assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, "web", "correct-horse"), 0);
	audit_ring_taken(ring, AUDIT_LANE_WORKER, ring->lanes[AUDIT_LANE_WORKER].put);
	page(desk, "web", next);
	assert_int_equal(audit_ring_waiting(ring, AUDIT_LANE_WORKER), 1);
	record = audit_ring_peek(ring, AUDIT_LANE_WORKER, 0);
	assert_string_equal(record->act, "secret-hashes");
	assert_string_equal(record->outcome, "ok");
	assert_string_equal(record->secret, "");
	assert_int_equal(record->version, 0);
	assert_int_equal(record->operator_uid, DESK_UID);
}

static void test_what_is_no_key_is_refused(void **state)
{
	struct desk *desk = *state;

	assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, "web", "correct-horse"), 0);
	assert_int_equal(desk_ask_with(desk, VERB_SECRET_HASHES, "", "hashes", key_bytes, 31),
		-TACIT_INVALID);
	assert_int_equal(
		desk_ask_with(desk, VERB_SECRET_HASHES, "", "hash", key_bytes, 32), -TACIT_INVALID);
	assert_true(desk_ask(desk, VERB_SECRET_HASHES, "") < 0);
	assert_int_equal(desk->reply.length, 0);
	assert_int_equal(desk_ask(desk, VERB_LOCK, ""), 0);
	assert_int_equal(desk_ask_with(desk, VERB_SECRET_HASHES, "", "hashes", key_bytes, 32),
		-TACIT_LOCKED);
}

#define desk_test(test) cmocka_unit_test_setup_teardown(test, desk_set_up, desk_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = { desk_test(test_every_kept_version_has_a_line),
		desk_test(test_pages_follow_each_other),
		desk_test(test_it_is_recorded_as_what_it_is),
		desk_test(test_what_is_no_key_is_refused) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
