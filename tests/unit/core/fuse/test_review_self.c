/* SPDX-License-Identifier: Apache-2.0 */
/* What a name in `self` is for a reader may change while it asks: one request has one answer to it.
 */
#include "waiting.h"

#define OPENS 20000

struct renaming {
	struct rig *rig;
	_Atomic bool over;
};

static void *rename_on(void *arg)
{
	static const char *const names[] = { "alpha", "beta" };
	struct renaming *renaming = arg;

	for (unsigned int i = 0; !atomic_load(&renaming->over); i++) {
		struct container_facts facts = facts_of('a', names[i % 2]);

		containers_came(renaming->rig->containers, &facts, CONTAINER_RUNNING);
	}
	return NULL;
}

/* It is renamed all the time: whoever it is when it asks, it reads what is granted to that name, or
 * nothing. */
static void renamed_while_it_opens_it_reads_its_own_or_nothing(void **state)
{
	struct rig *rig = rig_of(state);
	struct renaming renaming = { .rig = rig };
	struct grant_record grant = rig_grant(rig, "container/alpha", RIG_FILE);
	struct ask ask = rig_by(rig->web, 1000, rig_node(rig, "self/" RIG_FILE));
	unsigned int opened = 0;
	pthread_t thread;

	rig_put_grant(rig, &grant);
	engine_names(rig, 'a', "alpha");
	assert_int_equal(pthread_create(&thread, NULL, rename_on, &renaming), 0);
	for (int i = 0; i < OPENS; i++) {
		struct reply reply;
		int errnum = rig_open(rig, ask, FUSE_OPEN, O_RDONLY, &reply);
		uint64_t fh = reply.body.open.fh;

		assert_true(errnum == 0 || errnum == ENOENT);
		opened += !errnum;
		if (!errnum)
			assert_int_equal(rig_release(rig, ask, fh, &reply), 0);
	}
	atomic_store(&renaming.over, true);
	pthread_join(thread, NULL);
	assert_in_range(opened, 1, OPENS - 1);
	assert_int_equal(server_open_handles(rig->server), 0);
}

#define with_engine(test) cmocka_unit_test_setup_teardown(test, rig_set_up_engine, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_engine(renamed_while_it_opens_it_reads_its_own_or_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
