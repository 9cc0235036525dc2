/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that open members at random, each through a thread of its own, while generations are
 * made and time passes. Each knows the rule. */
#include "bundles.h"

#define SEED 77u
#define GENERATIONS 150
#define OPENS_EACH 4 /* between two generations, at least */
#define PATIENCE_US 60000000u

static struct set set;

/* What a process can know: the generation that was acknowledged, the one that is being made, and
 * how often so much time has passed that every session is over. */
static struct shared {
	struct rig *rig;
	_Atomic uint64_t acknowledged, making, jumps, opens;
	_Atomic bool over, wrong;
} shared;

struct process {
	pthread_t thread;
	unsigned int number;
	pid_t pid;
	unsigned int seed;
	uint64_t generation, jump; /* of its session */
	uint64_t opened;           /* a bit for each member */
	bool lost;                 /* time passed in an OPEN: it may be of either session */
};

static void note(struct process *process, uint32_t member, uint64_t generation, uint64_t jump)
{
	if (process->generation != generation || process->jump != jump ||
		process->opened & 1ull << member)
		process->opened = 0;
	process->generation = generation;
	process->jump = jump;
	process->opened |= 1ull << member;
}

static bool is_right(const struct process *process, uint32_t member, uint64_t generation,
	uint64_t least, uint64_t jump)
{
	bool goes_on =
		process->opened && !(process->opened & 1ull << member) && process->jump == jump;

	if (goes_on)
		return generation == process->generation;
	return generation >= least && generation <= atomic_load(&shared.making);
}

static void open_one(struct process *process, uint32_t member)
{
	uint64_t least = atomic_load(&shared.acknowledged), jump = atomic_load(&shared.jumps);
	struct ask ask = rig_by(
		process->pid, 1000, member_in(shared.rig, shared.rig->consumer, FOLDER, member));
	int64_t generation;

	ask.thread = process->number;
	generation = read_member(shared.rig, ask);
	process->lost = atomic_load(&shared.jumps) != jump;
	if (generation <= 0 ||
		(!process->lost && !is_right(process, member, (uint64_t)generation, least, jump))) {
		print_error("process %u, member %u: generation %lld; its session has %llu\n",
			process->number, member, (long long)generation,
			(unsigned long long)process->generation);
		atomic_store(&shared.wrong, true);
		atomic_store(&shared.over, true);
	}
	note(process, member, (uint64_t)generation, jump);
	atomic_fetch_add(&shared.opens, 1);
}

static void *open_on(void *arg)
{
	struct process *process = arg;

	while (!atomic_load(&shared.over)) {
		uint32_t member = (uint32_t)rand_r(&process->seed) % MEMBERS;

		open_one(process, member);
		/* Whichever it was: opened again, the next session begins. */
		while (process->lost && !atomic_load(&shared.over)) {
			process->opened = UINT64_MAX;
			open_one(process, member);
		}
	}
	return NULL;
}

static void wait_for_opens(unsigned int count)
{
	uint64_t enough = atomic_load(&shared.opens) + count;

	for (unsigned int us = 0; us < PATIENCE_US && atomic_load(&shared.opens) < enough &&
				  !atomic_load(&shared.over);
		us += 100)
		usleep(100);
}

static void next_generation(void)
{
	atomic_store(&shared.making, newest_of(&set) + 1);
	make_generation(shared.rig, &set, MEMBERS);
	atomic_store(&shared.acknowledged, newest_of(&set));
	/* Two, so that an OPEN in which it passes sees the number change. */
	if (rand() % 4)
		return;
	atomic_fetch_add(&shared.jumps, 1);
	let_sessions_end();
	atomic_fetch_add(&shared.jumps, 1);
}

static void no_process_has_a_mixed_set(void **state)
{
	struct process processes[RIG_THREADS];
	struct rig *rig = rig_of(state);

	srand(SEED);
	shared = (struct shared){ .rig = rig, .acknowledged = 1, .making = 1 };
	rig_start_core(rig);
	rig_run_core(rig);
	give_set(rig, &set, MEMBERS);
	for (unsigned int i = 0; i < RIG_THREADS; i++) {
		processes[i] = (struct process){ .number = i, .seed = SEED + i };
		processes[i].pid = rig_reader('a');
	}
	for (unsigned int i = 0; i < RIG_THREADS; i++)
		assert_int_equal(
			pthread_create(&processes[i].thread, NULL, open_on, &processes[i]), 0);
	for (int i = 0; i < GENERATIONS && !atomic_load(&shared.over); i++) {
		wait_for_opens(OPENS_EACH * RIG_THREADS);
		next_generation();
	}
	atomic_store(&shared.over, true);
	for (unsigned int i = 0; i < RIG_THREADS; i++) {
		pthread_join(processes[i].thread, NULL);
		scratch_end(processes[i].pid);
	}
	assert_false(atomic_load(&shared.wrong));
	assert_int_equal(newest_of(&set), GENERATIONS + 1);
	assert_int_equal(server_open_handles(rig->server), 0);
	assert_int_equal(rig->model->plain_bytes, 0);
}

static int set_up_threads(void **state)
{
	return rig_set_up_threads(state, RIG_THREADS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			no_process_has_a_mixed_set, set_up_threads, rig_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
