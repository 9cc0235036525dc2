/* SPDX-License-Identifier: Apache-2.0 */
/* A run reads what is its consumer's, whatever kind that is, and nothing else; with engines and
 * without. */
#include "situation.h"

/* The id of this program's run, and its control group. */
static void run_place(char id[CONTAINER_ID_LENGTH + 1], char path[SCRATCH_CGROUP_MAX])
{
	snprintf(id, CONTAINER_ID_LENGTH + 1, "%064x", getpid());
	snprintf(path, SCRATCH_CGROUP_MAX, "%s" TACIT_RUN_CGROUP "/%s", scratch_unified(), id);
}

/* A process in the control group of a run. */
static pid_t run_reader(void)
{
	char id[CONTAINER_ID_LENGTH + 1], path[SCRATCH_CGROUP_MAX], above[SCRATCH_CGROUP_MAX];

	run_place(id, path);
	snprintf(above, sizeof above, "%s" TACIT_RUN_CGROUP, scratch_unified());
	assert_true(!mkdir(above, 0755) || errno == EEXIST);
	assert_int_equal(mkdir(path, 0755), 0);
	return scratch_child(path);
}

static void run_remove(pid_t reader)
{
	char id[CONTAINER_ID_LENGTH + 1], path[SCRATCH_CGROUP_MAX];

	run_place(id, path);
	scratch_end(reader);
	scratch_rmdir(path);
}

static int tear_down_run(void **state)
{
	char id[CONTAINER_ID_LENGTH + 1], path[SCRATCH_CGROUP_MAX];

	run_place(id, path);
	scratch_evict(path);
	scratch_rmdir(path);
	return rig_tear_down(state);
}

static void begin(struct rig *rig, const char *consumer)
{
	struct containers_run run = { .runner = getpid() };
	char path[SCRATCH_CGROUP_MAX];

	run_place(run.id, path);
	snprintf(run.consumer, sizeof run.consumer, "%s", consumer);
	must_ok(containers_run_begin(rig->containers, &run, NULL));
}

static void end(struct rig *rig)
{
	char id[CONTAINER_ID_LENGTH + 1], path[SCRATCH_CGROUP_MAX];

	run_place(id, path);
	assert_true(containers_run_end(rig->containers, id));
}

static int opens(struct rig *rig, pid_t pid, const char *path)
{
	struct ask ask = rig_by(pid, 1000, rig_node(rig, path));
	struct reply reply;
	int errnum = rig_open(rig, ask, FUSE_OPEN, O_RDONLY, &reply);

	if (!errnum)
		must_ok(rig_release(rig, ask, reply.body.open.fh, &reply));
	return errnum;
}

static const char *const consumers[] = { RIG_CONSUMER, "compose/shop/web2", "compose/shop2/web",
	"container/web", "unit/web", "user/1000" };

#define CONSUMERS (sizeof consumers / sizeof *consumers)

static void grant_to_all(struct rig *rig)
{
	for (size_t i = 1; i < CONSUMERS; i++) {
		struct grant_record grant = rig_grant(rig, consumers[i], RIG_FILE);

		rig_put_grant(rig, &grant);
	}
}

/* The user's number that a process of a run has makes it nobody else. */
static void it_reads_its_consumers_files_alone(void **state)
{
	struct rig *rig = rig_of(state);
	pid_t reader = run_reader();
	char path[128];

	grant_to_all(rig);
	for (size_t i = 0; i < CONSUMERS; i++) {
		begin(rig, consumers[i]);
		for (size_t other = 0; other < CONSUMERS; other++) {
			snprintf(path, sizeof path, "%s/" RIG_FILE, consumers[other]);
			print_message("%s opens %s\n", consumers[i], path);
			assert_int_equal(opens(rig, reader, path), other == i ? 0 : ENOENT);
		}
		assert_int_equal(opens(rig, reader, "self/" RIG_FILE), 0);
		assert_int_equal(opens(rig, rig->host, RIG_CONSUMER "/" RIG_FILE), ENOENT);
		end(rig);
		assert_int_equal(opens(rig, reader, RIG_CONSUMER "/" RIG_FILE), ENOENT);
		assert_int_not_equal(opens(rig, reader, "self/" RIG_FILE), 0);
		/* The next one is seen for the first time. */
	}
	run_remove(reader);
}

/* Every READ is judged: what is open is read no further. */
static void what_it_has_open_ends_with_it(void **state)
{
	struct rig *rig = rig_of(state);
	pid_t reader = run_reader();
	struct ask ask = rig_by(reader, 0, rig->file);
	struct reply reply;
	uint64_t fh;

	begin(rig, RIG_CONSUMER);
	must_ok(rig_open(rig, ask, FUSE_OPEN, O_RDONLY, &reply));
	fh = reply.body.open.fh;
	must_ok(rig_read(rig, ask, FUSE_READ, fh, 0, 4096, false, &reply));
	end(rig);
	assert_int_equal(rig_read(rig, ask, FUSE_READ, fh, 0, 4096, false, &reply), ENOENT);
	must_ok(rig_release(rig, ask, fh, &reply));
	run_remove(reader);
}

/* A rule that was made later, or a freeze. */
static void rules_and_freezes_hold_for_it(void **state)
{
	static const char *const rules[] = { "image=nginx", NULL };
	struct rig *rig = rig_of(state);
	pid_t reader = run_reader();
	struct consumer_record record;

	begin(rig, RIG_CONSUMER);
	record = rig_bind(rig, RIG_CONSUMER, rules);
	assert_int_equal(opens(rig, reader, RIG_CONSUMER "/" RIG_FILE), ENOENT);
	record.rule_count = 0;
	record.frozen_ns = 1;
	rig_put_consumer(rig, &record);
	assert_int_equal(opens(rig, reader, RIG_CONSUMER "/" RIG_FILE), EACCES);
	run_remove(reader);
}

static void an_operator_is_told_what_it_may(void **state)
{
	struct rig *rig = rig_of(state);
	pid_t reader = run_reader();
	char id[CONTAINER_ID_LENGTH + 1], path[SCRATCH_CGROUP_MAX], user[VAULT_USER_MAX + 1];
	const struct server_suspect suspects[] = { { .pid = reader }, { .container = id } };
	const struct node *file =
		node_file(rig->model, model_consumer(rig->model, RIG_CONSUMER), RIG_FILE);

	run_place(id, path);
	begin(rig, RIG_CONSUMER);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(server_check(rig->server, file, &suspects[i], user).errnum, 0);
		assert_memory_equal(user, "run/" RIG_CONSUMER " ", strlen("run/" RIG_CONSUMER " "));
	}
	end(rig);
	begin(rig, "container/web");
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(
			server_check(rig->server, file, &suspects[i], user).errnum, ENOENT);
	run_remove(reader);
}

#define with_rig(test) cmocka_unit_test_setup_teardown(test, rig_set_up, tear_down_run)
#define with_engine(test) cmocka_unit_test_setup_teardown(test, rig_set_up_engine, tear_down_run)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_engine(it_reads_its_consumers_files_alone),
		with_rig(it_reads_its_consumers_files_alone),
		with_engine(what_it_has_open_ends_with_it),
		with_rig(what_it_has_open_ends_with_it),
		with_engine(rules_and_freezes_hold_for_it),
		with_engine(an_operator_is_told_what_it_may),
		with_rig(an_operator_is_told_what_it_may),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
