/* SPDX-License-Identifier: Apache-2.0 */
/* The auditor under a flood of records, and locking while it is held up. */
#include "base/cleanup.h"
#include "core/control/audit/auditor_parts.h"
#include "desk.h"

#define FLOODERS 4
#define PATIENCE_MS 60000
#define ENOUGH 20000 /* records: many times what the ring has room for */

struct flood {
	struct core *core;
	pthread_t thread[FLOODERS];
	_Atomic unsigned int lanes;
	_Atomic bool over;
	char dir[64];
};

static void *put_without_end(void *arg)
{
	struct flood *flood = arg;
	unsigned int lane = atomic_fetch_add(&flood->lanes, 1);
	struct audit_record record = { .unique = 2, .kind = AUDIT_READ, .act = "open" };

	while (!atomic_load(&flood->over)) {
		record.time_ns = clock_realtime_ns();
		for (unsigned int i = lane; i < HANDOVER_THREADS_MAX; i += FLOODERS)
			audit_ring_put(auditor_ring(flood->core), i, &record);
		auditor_wake(flood->core, true);
	}
	return NULL;
}

static void begin(struct flood *flood, struct core *core)
{
	struct err err;

	flood->core = core;
	auditor_free(core);
	strcpy(flood->dir, "/tmp/tacit-test-XXXXXX");
	assert_non_null(mkdtemp(flood->dir));
	snprintf(core->config.audit_dir, sizeof core->config.audit_dir, "%s", flood->dir);
	core->config.audit_file_size = 1024;
	core->config.audit_keep = 2;
	core->config.audit_copy = CONFIG_COPY_NONE;
	must(auditor_new(core, &err));
	must(auditor_start(core, &err));
	must(auditor_unlocked(core, &err));
	for (int i = 0; i < FLOODERS; i++)
		assert_int_equal(
			pthread_create(&flood->thread[i], NULL, put_without_end, flood), 0);
}

static void end(struct flood *flood)
{
	atomic_store(&flood->over, true);
	for (int i = 0; i < FLOODERS; i++)
		pthread_join(flood->thread[i], NULL);
	auditor_free(flood->core);
	scratch_remove(flood->dir);
}

static bool is_granted(struct auditor *auditor)
{
	hold_mutex(&auditor->mutex);

	return auditor->granted == auditor->wishes;
}

/* However fast records come, the thread looks up from them: the key goes when it is to go, and what
 * has been written so far is known. */
static void a_flood_keeps_the_auditor_from_nothing(void **state)
{
	struct desk *desk = *state;
	struct flood flood = { 0 };
	struct auditor_state now = { 0 };
	static const uint8_t none[SEAL_KEY_BYTES];

	begin(&flood, &desk->core);
	for (int i = 0; i < PATIENCE_MS && now.pump.written < ENOUGH; i++) {
		usleep(1000);
		auditor_state(&desk->core, &now);
	}
	assert_true(now.pump.written >= ENOUGH);
	assert_true(now.position.number > ENOUGH / 2);
	auditor_lock(&desk->core);
	for (int i = 0; i < PATIENCE_MS && !is_granted(desk->core.auditor); i++)
		usleep(1000);
	assert_true(is_granted(desk->core.auditor));
	assert_memory_equal(desk->core.auditor->keys->used, none, sizeof none);
	end(&flood);
	assert_int_equal(auditor_new(&desk->core, NULL), 0);
}

static void *lock(void *core)
{
	struct err err;

	must(core_lock(core, false, &err));
	return NULL;
}

static bool is_locked(struct core *core)
{
	bool locked;

	model_read_lock(core->model);
	locked = core->model->locked;
	model_unlock(core->model);
	return locked;
}

/* Values and keys are gone, though the audit does not come to forget its own. */
static void locking_does_not_wait_for_the_audit(void **state)
{
	struct desk *desk = *state;
	struct core *core = &desk->core;
	pthread_t locker;

	assert_false(is_locked(core));
	pthread_mutex_lock(&core->auditor->mutex);
	assert_int_equal(pthread_create(&locker, NULL, lock, core), 0);
	for (int i = 0; i < PATIENCE_MS && !is_locked(core); i++)
		usleep(1000);
	assert_true(is_locked(core));
	pthread_mutex_unlock(&core->auditor->mutex);
	pthread_join(locker, NULL);
}

#define at_a_desk(test) cmocka_unit_test_setup_teardown(test, desk_set_up, desk_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		at_a_desk(a_flood_keeps_the_auditor_from_nothing),
		at_a_desk(locking_does_not_wait_for_the_audit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
