/* SPDX-License-Identifier: Apache-2.0 */
/* A core that dies between any two steps of the OPEN of a member: whatever the next one does, no
 * process has a set that does not belong together. */
#include "bundles.h"

#include <sys/uio.h>

#define SEED 4711u
#define PROCESSES 4
#define STEPS 400

/* Where core dies; from the third on the kernel has the answer already. */
enum death {
	BEFORE_HANDLE,
	BEFORE_ANSWER,
	BEFORE_NOTE,
	AFTER_NOTE,
	AFTER_MORE,  /* its process goes on, while the thread that answered has not cleared its
			slot */
	AFTER_CLOSE, /* likewise, and it has closed the file */
	DEATHS
};

static struct set set;

/* What outlives a core that dies while it answers the request `unique`. Its answer is not wanted
 * any more, or it is. */
static struct {
	_Atomic uint64_t unique;
	_Atomic bool unwanted, died;
	_Atomic bool stays; /* whoever answers, in its answer */
	struct rig *rig;
	struct handover_session sessions[HANDOVER_SESSIONS];
	struct handover_handle handles[HANDOVER_HANDLES];
} kernel;

ssize_t writev(int fd, const struct iovec *parts, int count);
ssize_t writev(int fd, const struct iovec *parts, int count)
{
	const struct fuse_out_header *header = parts[0].iov_base;
	ssize_t written;

	if (!header->unique || header->unique != atomic_load(&kernel.unique))
		return syscall(SYS_writev, fd, parts, count);
	memcpy(kernel.sessions, kernel.rig->handover->sessions, sizeof kernel.sessions);
	memcpy(kernel.handles, kernel.rig->handover->handles, sizeof kernel.handles);
	atomic_store(&kernel.died, true);
	/* Nobody is answered before this: sanitizers do not see what the kernel orders. */
	atomic_fetch_add(&kernel.rig->server->answered, 1);
	if (atomic_load(&kernel.unwanted)) {
		errno = ENOENT;
		return -1;
	}
	written = syscall(SYS_writev, fd, parts, count);
	while (atomic_load(&kernel.stays))
		usleep(1000);
	return written;
}

/* As if it had died in its answer. */
static void die_in_answer(struct rig *rig)
{
	if (!atomic_exchange(&kernel.died, false))
		return;
	memcpy(rig->handover->sessions, kernel.sessions, sizeof kernel.sessions);
	memcpy(rig->handover->handles, kernel.handles, sizeof kernel.handles);
}

/* What a process holds by the rule. */
struct process {
	pid_t pid;
	uint64_t generation, began_ns;
	uint64_t opened; /* a bit for each member; 0: it has no session */
};

static uint64_t by_the_rule(struct process *process, uint32_t member)
{
	uint64_t now = atomic_load(&stands_at_ns);

	if (!process->opened || process->opened & 1ull << member ||
		now - process->began_ns >= 2000000000) {
		process->generation = newest_of(&set);
		process->began_ns = now;
		process->opened = 0;
	}
	process->opened |= 1ull << member;
	return process->generation;
}

static void reads_by_the_rule(struct rig *rig, struct process *process, uint32_t member)
{
	assert_int_equal(reads(rig, process->pid, member), by_the_rule(process, member));
}

static struct ask open_member(struct rig *rig, const struct process *process, uint32_t member)
{
	struct ask ask = open_ask(rig, process->pid, member_in(rig, rig->consumer, FOLDER, member));

	ask.thread = 1;
	ask.unique = atomic_fetch_add(&rig->unique, 2);
	return ask;
}

static void go_on(struct rig *rig, struct process *process)
{
	for (uint32_t i = (uint32_t)random() % 4; i; i--)
		reads_by_the_rule(rig, process, (uint32_t)random() % MEMBERS);
	if (random() % 2)
		make_generation(rig, &set, MEMBERS);
}

/* One core opens it, up to its death. The file handle, if its process was told. */
static uint64_t open_until(
	struct rig *rig, enum death death, struct process *process, uint32_t member, struct ask ask)
{
	struct ask reader = rig_by(process->pid, 1000, ask.node);
	uint64_t fh = 0;
	struct reply reply;

	atomic_store(&kernel.unwanted, false);
	atomic_store(&kernel.died, false);
	atomic_store(&kernel.unique, ask.unique);
	if (death > BEFORE_HANDLE) {
		must_ok(rig_ask(rig, &ask, &reply));
		fh = reply.body.open.fh;
		assert_int_equal(generation_of(rig, reader, fh), by_the_rule(process, member));
	}
	if (death == AFTER_CLOSE)
		must_ok(rig_release(rig, reader, fh, &reply));
	if (death >= AFTER_MORE)
		go_on(rig, process);
	rig_end_core(rig);
	if (death <= BEFORE_NOTE)
		die_in_answer(rig);
	return fh;
}

/* The next one finishes; or dies in its answer, too, and the one after that finishes. By then the
 * process, if it was not told before, is given what is returned. */
static uint64_t take_over(
	struct rig *rig, struct ask ask, enum death death, struct process *process, uint32_t member)
{
	uint64_t generation = 0;
	struct reply reply;

	atomic_store(&kernel.died, false);
	atomic_store(&kernel.unwanted, death >= BEFORE_NOTE);
	if (random() % 2)
		make_generation(rig, &set, MEMBERS); /* that nobody was told of */
	if (death == BEFORE_HANDLE)
		generation = by_the_rule(process, member);
	rig_start_core(rig);
	rig_leave(rig, &ask, 0);
	if (random() % 2) {
		server_resume(rig->server, rig->store.vault, false);
		if (!atomic_exchange(&kernel.unwanted, true))
			rig_receive(rig, 1, &reply);
		rig_end_core(rig);
		die_in_answer(rig);
		if (random() % 2)
			make_generation(rig, &set, MEMBERS);
		rig_start_core(rig);
		rig_leave(rig, &ask, 0);
	}
	rig_run_core(rig);
	return generation;
}

/* An OPEN of a member, with all that comes after the death of its core. */
static void dies_in_an_open(struct rig *rig, struct process *process, enum death death)
{
	uint32_t member = (uint32_t)random() % MEMBERS;
	struct ask ask = open_member(rig, process, member);
	struct ask reader = rig_by(process->pid, 1000, ask.node);
	uint64_t fh = open_until(rig, death, process, member, ask), now_fh = fh;
	uint64_t generation;
	struct reply reply;

	generation = take_over(rig, ask, death, process, member);
	if (!atomic_load(&kernel.unwanted)) {
		must_ok(expect_answer(rig, 1, ask.unique, &reply));
		now_fh = reply.body.open.fh;
	} else {
		assert_false(answered_within(rig, 1, 0));
		if (!fh)
			now_fh = handle_number(&rig->server->handles,
				handle_of_request(&rig->server->handles, ask.unique));
	}
	if (fh)
		assert_int_equal(now_fh, fh);
	else
		assert_int_equal(generation_of(rig, reader, now_fh), generation);
	atomic_store(&kernel.unique, 0);
	if (death != AFTER_CLOSE)
		must_ok(rig_release(rig, reader, now_fh, &reply));
	assert_int_equal(server_open_handles(rig->server), 0);
	assert_int_equal(rig->model->plain_bytes, 0);
}

static struct rig *start(struct rig *rig, struct process *processes)
{
	kernel.rig = rig;
	atomic_store(&kernel.unique, 0);
	srandom(SEED);
	rig_start_core(rig);
	rig_run_core(rig);
	give_set(rig, &set, MEMBERS);
	for (int i = 0; i < PROCESSES; i++)
		processes[i] = (struct process){ .pid = rig_reader('a') };
	return rig;
}

static void end(struct process *processes)
{
	for (int i = 0; i < PROCESSES; i++)
		scratch_end(processes[i].pid);
}

static void what_was_opened_before_binds_the_next_core(void **state)
{
	struct process processes[PROCESSES];
	struct rig *rig = rig_of(state);

	start(rig, processes);
	for (enum death death = 0; death < DEATHS; death++)
		for (int i = 0; i < PROCESSES; i++) {
			reads_by_the_rule(rig, &processes[i], 0);
			make_generation(rig, &set, MEMBERS);
			dies_in_an_open(rig, &processes[i], death);
			reads_by_the_rule(rig, &processes[i], 2);
			reads_by_the_rule(rig, &processes[i], 1);
		}
	end(processes);
}

static void at_random_nothing_is_mixed(void **state)
{
	struct process processes[PROCESSES];
	struct rig *rig = rig_of(state);

	start(rig, processes);
	for (int step = 0; step < STEPS; step++) {
		struct process *process = &processes[random() % PROCESSES];

		if (random() % 3 == 0)
			make_generation(rig, &set, MEMBERS);
		if (random() % 8 == 0)
			let_time_pass((uint64_t)random() % (2 * SESSION_NS));
		if (random() % 4 == 0)
			dies_in_an_open(rig, process, (enum death)random() % DEATHS);
		else
			reads_by_the_rule(rig, process, (uint32_t)random() % MEMBERS);
	}
	end(processes);
}

/* It was made, and nobody knows whether it was answered: what another thread of its process has
 * asked for meanwhile goes with it, though that is taken up first. */
static void what_was_made_binds_what_was_asked(void **state)
{
	static const struct fuse_open_in body = { .flags = O_RDONLY };
	struct process processes[PROCESSES];
	struct ask made, asked;
	struct rig *rig = rig_of(state);
	struct reply reply;

	start(rig, processes);
	made = open_member(rig, &processes[0], 0);
	open_until(rig, BEFORE_ANSWER, &processes[0], 0, made);
	make_generation(rig, &set, MEMBERS);
	rig_start_core(rig);
	asked = open_member(rig, &processes[0], 1);
	asked.body = made.body = &body;
	asked.thread = 0;
	rig_leave(rig, &asked, 0);
	rig_leave(rig, &made, 1);
	rig_run_core(rig);
	must_ok(expect_answer(rig, 0, asked.unique, &reply));
	asked.unique = 0;
	assert_int_equal(generation_of(rig, asked, reply.body.open.fh), 1);
	must_ok(expect_answer(rig, 1, made.unique, &reply));
	made.thread = 0;
	made.unique = 0;
	assert_int_equal(generation_of(rig, made, reply.body.open.fh), 1);
	reads_by_the_rule(rig, &processes[0], 2);
	end(processes);
}

/* Its process is quicker than the thread that answers it: were it closed, and core dead, before it
 * is noted, nobody would know of it. */
static void what_is_closed_has_been_noted(void **state)
{
	struct process processes[PROCESSES];
	struct fuse_release_in body = { .fh = 0 };
	struct rig *rig = rig_of(state);
	struct ask open, release;
	struct reply reply;
	bool closed;

	start(rig, processes);
	open = open_member(rig, &processes[0], 0);
	atomic_store(&kernel.unwanted, false);
	atomic_store(&kernel.unique, open.unique);
	atomic_store(&kernel.stays, true);
	must_ok(rig_ask(rig, &open, &reply));
	body.fh = reply.body.open.fh;
	release = rig_by(processes[0].pid, 1000, open.node);
	release.opcode = FUSE_RELEASE;
	release.body = &body;
	release.length = sizeof body;
	release.unique = atomic_fetch_add(&rig->unique, 2);
	rig_send(rig, &release);
	closed = answered_within(rig, 0, SILENCE_MS);
	atomic_store(&kernel.stays, false);
	assert_false(closed);
	must_ok(expect_answer(rig, 0, release.unique, &reply));
	assert_int_equal(atomic_load(&rig->handover->sessions[0].opened), 1);
	end(processes);
}

/* What was made, and is then denied, was never opened. */
static void what_was_denied_binds_nobody(void **state)
{
	struct process processes[PROCESSES];
	struct grant_record revoked;
	struct rig *rig = rig_of(state);
	struct reply reply;
	struct ask made;

	start(rig, processes);
	reads_by_the_rule(rig, &processes[0], 1);
	made = open_member(rig, &processes[0], 0);
	open_until(rig, BEFORE_ANSWER, &processes[0], 0, made);
	revoked = set.grant[0];
	revoked.expires_ns = 1;
	rig_put_grant(rig, &revoked);
	rig_start_core(rig);
	rig_leave(rig, &made, 0);
	rig_run_core(rig);
	assert_int_equal(expect_answer(rig, 1, made.unique, &reply), ENOENT);
	assert_int_equal(server_open_handles(rig->server), 0);
	rig_put_grant(rig, &set.grant[0]);
	make_generation(rig, &set, MEMBERS);
	assert_int_equal(reads(rig, processes[0].pid, 0), 1);
	end(processes);
}

/* The kernel did not know the number any more, and sends the same under another. */
static void an_answer_that_was_not_wanted_binds_nobody(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask cert, key;
	struct reply reply;

	give_set(rig, &set, MEMBERS);
	cert = open_ask(rig, rig->web, member_in(rig, rig->consumer, FOLDER, 0));
	key = open_ask(rig, rig->web, member_in(rig, rig->consumer, FOLDER, 1));
	cert.thread = 1;
	kernel.rig = rig;
	key.unique = send_open(rig, key);
	cert.unique = send_open(rig, cert);
	expect_parked(rig, 2);
	atomic_store(&kernel.died, false);
	atomic_store(&kernel.unwanted, true);
	atomic_store(&kernel.unique, cert.unique);
	engine_names(rig, 'a', "shop/web");
	must_ok(expect_answer(rig, 0, key.unique, &reply));
	for (int i = 0; i < PATIENCE_MS && !atomic_load(&kernel.died); i++)
		usleep(1000);
	assert_true(atomic_load(&kernel.died));
	make_generation(rig, &set, MEMBERS);
	cert.unique |= UNIQUE_RESENT;
	rig_send(rig, &cert);
	must_ok(expect_answer(rig, 1, cert.unique, &reply));
	atomic_store(&kernel.unique, 0);
	cert.thread = 0;
	cert.unique = 0;
	assert_int_equal(generation_of(rig, cert, reply.body.open.fh), 1);
	assert_int_equal(reads(rig, rig->web, 2), 1);
	assert_int_equal(reads(rig, rig->web, 0), 2);
	expect_parked(rig, 0);
	assert_int_equal(server_open_handles(rig->server), 2);
}

static int set_up_two_threads(void **state)
{
	return rig_set_up_threads(state, 2);
}

#define with_rig(test) cmocka_unit_test_setup_teardown(test, set_up_two_threads, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_rig(what_was_opened_before_binds_the_next_core),
		with_rig(what_was_made_binds_what_was_asked),
		with_rig(what_is_closed_has_been_noted),
		with_rig(what_was_denied_binds_nobody),
		cmocka_unit_test_setup_teardown(an_answer_that_was_not_wanted_binds_nobody,
			rig_set_up_engine, rig_tear_down),
		with_rig(at_random_nothing_is_mixed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
