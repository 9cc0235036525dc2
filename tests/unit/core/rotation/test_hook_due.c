/* SPDX-License-Identifier: Apache-2.0 */
/* When hooks are run: how often for how many changes of how many grants, and how often in vain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/rotation/hook_due.h"

#define DEBOUNCE_NS UINT64_C(2000000000)
#define SECOND UINT64_C(1000000000)
#define START (UINT64_C(1800000000) * SECOND) /* some time of day */
#define ITEMS 5

static struct hook_record done_at(uint64_t since_ns)
{
	return (struct hook_record){ .done_ns = since_ns, .tried_ns = since_ns };
}

static struct hook_due_item item(const struct hook_record *record, uint64_t since_ns)
{
	return (struct hook_due_item){ "compose/shop/web", "signal:HUP", record, since_ns, since_ns,
		NULL };
}

static void a_new_hook_has_been_run(void **state)
{
	struct hook_record record = done_at(START);
	struct hook_due_item one = item(&record, START);

	(void)state;
	assert_int_equal(hook_due_state(&record, START), HOOK_IDLE);
	assert_int_equal(hook_due_at(&one, 1, DEBOUNCE_NS, START), HOOK_NEVER);
	assert_int_equal(hook_due_at(NULL, 0, DEBOUNCE_NS, START), HOOK_NEVER);
}

static void a_flood_of_changes_is_one_run_after_the_last(void **state)
{
	struct hook_record record = done_at(START);
	uint64_t last = START, now;
	unsigned int runs = 0;

	(void)state;
	/* A change every 30 ms for ten seconds; somebody looks every 10 ms, for twenty. */
	for (now = START + SECOND; now < START + 21 * SECOND; now += SECOND / 100) {
		struct hook_due_item one;

		if (now < START + 11 * SECOND && (now - START) % (3 * SECOND / 100) == 0)
			last = now;
		one = item(&record, last);
		if (hook_due_at(&one, 1, DEBOUNCE_NS, now) > now)
			continue;
		runs++;
		assert_true(now >= last + DEBOUNCE_NS);
		hook_due_done(&record, last, now);
		assert_int_equal(record.last_ns, now);
	}
	assert_int_equal(runs, 1);
	assert_int_equal(record.done_ns, last);
	assert_int_equal(hook_due_state(&record, last), HOOK_IDLE);
}

static void a_secret_that_never_rests_does_not_put_it_off_for_ever(void **state)
{
	struct hook_record record = done_at(START);
	struct hook_due_item one = item(&record, START + SECOND);
	uint64_t now = START;

	(void)state;
	do {
		now += SECOND;
		one.since_ns = now;
		assert_true(now < START + 100 * SECOND);
	} while (hook_due_at(&one, 1, DEBOUNCE_NS, now) > now);
	assert_int_equal(now, START + SECOND + HOOK_DEBOUNCES_MAX * DEBOUNCE_NS);
}

static void many_secrets_that_change_in_turn_do_not_put_it_off_for_ever(void **state)
{
	enum { SECRETS = 100, SECONDS = 600 };
	static struct hook_record record[SECRETS];
	static struct hook_due_item items[SECRETS];
	unsigned int runs = 0;

	(void)state;
	for (int i = 0; i < SECRETS; i++) {
		record[i] = done_at(START);
		items[i] = item(&record[i], START);
	}
	for (unsigned int second = 1; second <= SECONDS; second++) {
		uint64_t now = START + second * SECOND;

		items[second % SECRETS].since_ns = items[second % SECRETS].wanted_ns = now;
		if (hook_due_at(items, SECRETS, DEBOUNCE_NS, now) > now)
			continue;
		runs++;
		for (int i = 0; i < SECRETS; i++)
			hook_due_done(&record[i], items[i].since_ns, now);
	}
	assert_in_range(runs, SECONDS / 40, SECONDS / 30);
}

static void a_failure_is_tried_again_ever_later_and_then_given_up(void **state)
{
	static const uint64_t waits[] = { 1, 2, 4, 8, 16, 32, 64 };
	struct hook_record record = done_at(START);
	struct hook_due_item one = item(&record, START + SECOND);
	uint64_t now = hook_due_at(&one, 1, DEBOUNCE_NS, START + SECOND);

	(void)state;
	assert_int_equal(now, START + SECOND + DEBOUNCE_NS);
	assert_int_equal(hook_due_state(&record, one.since_ns), HOOK_PENDING);
	for (uint32_t i = 0; i < HOOK_ATTEMPTS_MAX - 1; i++) {
		hook_due_failed(&record, one.since_ns, now, "it did not", false);
		assert_int_equal(record.attempts, i + 1);
		assert_string_equal(record.reason, "it did not");
		assert_int_equal(hook_due_state(&record, one.since_ns), HOOK_FAILING);
		assert_int_equal(hook_due_at(&one, 1, DEBOUNCE_NS, now), now + waits[i] * SECOND);
		now += waits[i] * SECOND;
	}
	hook_due_failed(&record, one.since_ns, now, "it did not", false);
	assert_int_equal(hook_due_state(&record, one.since_ns), HOOK_GAVE_UP);
	assert_int_equal(hook_due_at(&one, 1, DEBOUNCE_NS, now), HOOK_NEVER);
	/* Until the next change; and then from the beginning. */
	one.since_ns = one.wanted_ns = now + SECOND;
	assert_int_equal(hook_due_state(&record, one.since_ns), HOOK_PENDING);
	assert_int_equal(
		hook_due_at(&one, 1, DEBOUNCE_NS, now + SECOND), now + SECOND + DEBOUNCE_NS);
	hook_due_failed(&record, one.since_ns, now + 3 * SECOND, "nor now", false);
	assert_int_equal(record.attempts, 1);
	hook_due_done(&record, one.since_ns, now + 4 * SECOND);
	assert_int_equal(hook_due_state(&record, one.since_ns), HOOK_IDLE);
	assert_int_equal(record.attempts, 0);
	assert_string_equal(record.reason, "");
	/* What was before it is another change, too: a rollback. */
	assert_int_equal(hook_due_state(&record, START), HOOK_PENDING);
}

static void what_is_not_its_fault_is_tried_for_ever(void **state)
{
	struct hook_record record = done_at(START);
	struct hook_due_item one = item(&record, START + SECOND);
	uint64_t now = START + 4 * SECOND;

	(void)state;
	for (int i = 0; i < 100; i++) {
		hook_due_failed(&record, one.since_ns, now, "its engine does not answer", true);
		assert_int_equal(hook_due_state(&record, one.since_ns), HOOK_FAILING);
		assert_true(hook_due_at(&one, 1, DEBOUNCE_NS, now) > now);
		assert_true(hook_due_at(&one, 1, DEBOUNCE_NS, now) <= now + HOOK_BACKOFF_MAX_NS);
		now = hook_due_at(&one, 1, DEBOUNCE_NS, now);
	}
	/* What is its fault is counted from there. */
	for (uint32_t i = HOOK_ATTEMPTS_ENDLESS; i < HOOK_ATTEMPTS_MAX; i++) {
		assert_int_equal(hook_due_state(&record, one.since_ns), HOOK_FAILING);
		hook_due_failed(&record, one.since_ns, now, "it did not", false);
	}
	assert_int_equal(hook_due_state(&record, one.since_ns), HOOK_GAVE_UP);
}

static void a_clock_that_was_set_back_delays_nothing(void **state)
{
	struct hook_record record = done_at(START);
	struct hook_due_item one = item(&record, START + 3600 * SECOND);

	(void)state;
	assert_true(hook_due_at(&one, 1, DEBOUNCE_NS, START) <= START);
	hook_due_failed(&record, one.since_ns, START + 3600 * SECOND, "it did not", false);
	assert_true(hook_due_at(&one, 1, DEBOUNCE_NS, START) <= START);
	/* The same change, seen from a clock that is right. */
	assert_true(
		hook_due_at(&one, 1, DEBOUNCE_NS, START + 3600 * SECOND) > START + 3600 * SECOND);
}

static void grants_of_one_consumer_with_one_hook_are_one_run(void **state)
{
	struct hook_record record = done_at(START);
	struct hook_due_item items[] = {
		{ "compose/shop/web", "signal:HUP", &record, START, START, (char[]){ "tls/cert" } },
		{ "compose/shop/db", "signal:HUP", &record, START, START, (char[]){ "db" } },
		{ "compose/shop/web", "restart", &record, START, START, (char[]){ "other" } },
		{ "compose/shop/web", "signal:HUP", &record, START, START, (char[]){ "tls/key" } },
		{ "compose/shop/web", "signal:HUP", &record, START, START, (char[]){ "tls/ca" } },
	};

	(void)state;
	hook_due_sort(items, ITEMS);
	assert_int_equal(hook_due_group(items, ITEMS), 1);
	assert_string_equal(items[0].consumer, "compose/shop/db");
	assert_int_equal(hook_due_group(items + 1, ITEMS - 1), 1);
	assert_string_equal(items[1].on_rotate, "restart");
	assert_int_equal(hook_due_group(items + 2, ITEMS - 2), 3);
	assert_int_equal(hook_due_group(items + 2, 2), 2);
	assert_int_equal(hook_due_group(items, 0), 0);
}

static void a_run_waits_for_the_last_of_its_grants_to_settle(void **state)
{
	struct hook_record idle = done_at(START), failed = done_at(START), gave_up = done_at(START);
	struct hook_due_item items[] = { item(&idle, START), item(&idle, START + SECOND),
		item(&idle, START + 2 * SECOND), item(&failed, START), item(&gave_up, START) };

	(void)state;
	assert_int_equal(hook_due_at(items, ITEMS, DEBOUNCE_NS, START + 2 * SECOND),
		START + 2 * SECOND + DEBOUNCE_NS);
	/* One that failed waits, and the others with it; what was given up is no reason to run. */
	items[3].since_ns = START + SECOND;
	hook_due_failed(&failed, items[3].since_ns, START + 100 * SECOND, "it did not", false);
	assert_int_equal(
		hook_due_at(items, ITEMS, DEBOUNCE_NS, START + 100 * SECOND), START + 101 * SECOND);
	items[4].since_ns = START + SECOND;
	for (uint32_t i = 0; i < HOOK_ATTEMPTS_MAX; i++)
		hook_due_failed(&gave_up, items[4].since_ns, START, "it did not", false);
	assert_int_equal(hook_due_at(&items[4], 1, DEBOUNCE_NS, START), HOOK_NEVER);
	assert_int_equal(
		hook_due_at(items, ITEMS, DEBOUNCE_NS, START + 100 * SECOND), START + 101 * SECOND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_hook_has_been_run),
		cmocka_unit_test(a_flood_of_changes_is_one_run_after_the_last),
		cmocka_unit_test(a_secret_that_never_rests_does_not_put_it_off_for_ever),
		cmocka_unit_test(many_secrets_that_change_in_turn_do_not_put_it_off_for_ever),
		cmocka_unit_test(a_failure_is_tried_again_ever_later_and_then_given_up),
		cmocka_unit_test(what_is_not_its_fault_is_tried_for_ever),
		cmocka_unit_test(a_clock_that_was_set_back_delays_nothing),
		cmocka_unit_test(grants_of_one_consumer_with_one_hook_are_one_run),
		cmocka_unit_test(a_run_waits_for_the_last_of_its_grants_to_settle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
