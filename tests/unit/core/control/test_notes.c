/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent does by itself is in the audit, too. */
#include "shop.h"

#include "core/control/audit/auditor.h"

/* The oldest record that waits says this; it is taken. */
static void expect(struct shop *shop, const char *act, uint64_t version, const char *outcome)
{
	struct audit_ring *ring = auditor_ring(&shop->desk->core);
	const struct audit_record *record = audit_ring_peek(ring, AUDIT_LANE_WORKER, 0);

	assert_true(audit_ring_waiting(ring, AUDIT_LANE_WORKER) > 0);
	assert_string_equal(record->act, act);
	assert_string_equal(record->secret, RIG_SECRET);
	assert_int_equal(record->version, version);
	assert_string_equal(record->outcome, outcome);
	assert_int_equal(record->kind, AUDIT_AGENT);
	assert_int_equal(record->operator_uid, AUDIT_NOBODY);
	audit_ring_taken(ring, AUDIT_LANE_WORKER, ring->lanes[AUDIT_LANE_WORKER].taken + 1);
}

static void expect_no_more(struct shop *shop)
{
	assert_int_equal(audit_ring_waiting(auditor_ring(&shop->desk->core), AUDIT_LANE_WORKER), 0);
}

static void forget(struct shop *shop)
{
	struct audit_ring *ring = auditor_ring(&shop->desk->core);

	audit_ring_taken(ring, AUDIT_LANE_WORKER, ring->lanes[AUDIT_LANE_WORKER].put);
}

static void a_new_value_is(void **state)
{
	struct shop *shop = *state;

	schedule(shop, "", DAY_S, 0);
	now(shop);
	forget(shop);
	schedules_work(&shop->desk->core);
	expect(shop, "rotate", 2, "ok");
	expect_no_more(shop);
}

static void what_a_rotator_does_is(void **state)
{
	struct shop *shop = *state;

	schedule(shop, "postgres", DAY_S, 0);
	now(shop);
	forget(shop);
	run(shop, "make", 0);
	expect(shop, "stage", 2, "ok");
	run(shop, "run", 1);
	expect(shop, "rotate", 2, "failed");
	expect_no_more(shop);
}

static void the_end_of_an_overlap_is(void **state)
{
	struct shop *shop = *state;
	struct core *core = &shop->desk->core;

	touches_overlaps_ended(core); /* nothing has */
	shop->desk->request.lifetime_ns = 1;
	assert_int_equal(desk_value(shop->desk, VERB_SECRET_ROTATE, RIG_SECRET, "second"), 0);
	forget(shop);
	touches_overlaps_ended(core);
	expect(shop, "overlap-end", 1, "ok");
	touches_overlaps_ended(core);
	expect_no_more(shop);
	/* The core that comes after a crash looks at what has ended lately; it has been recorded.
	 */
	core->touches.overlaps_seen_ns = core->touches.overlaps_end_ns = 0;
	touches_overlaps_ended(core);
	expect_no_more(shop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_new_value_is, shop_set_up, shop_tear_down),
		cmocka_unit_test_setup_teardown(
			what_a_rotator_does_is, shop_set_up, shop_tear_down),
		cmocka_unit_test_setup_teardown(
			the_end_of_an_overlap_is, shop_set_up, shop_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
