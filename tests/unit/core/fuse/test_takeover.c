/* SPDX-License-Identifier: Apache-2.0 */
/* A core that finds what another had in hand when it died: requests in the slots, open files in the
 * table. The memory between them is the real one; the first core's threads end with its devices. */
#include "rig.h"

#include <poll.h>

#define PATIENCE_MS 60000

static int set_up_two_threads(void **state)
{
	return rig_set_up_threads(state, 2);
}

/* Everything is there, and nobody answers yet. */
static struct rig *stopped_rig(void **state)
{
	struct rig *rig = rig_of(state);

	rig_start_core(rig);
	return rig;
}

static bool is_answered(const struct rig *rig, unsigned int thread)
{
	struct pollfd kernel = { .fd = rig->kernel[thread], .events = POLLIN };

	return poll(&kernel, 1, 0) == 1;
}

static struct ask an_open(const struct rig *rig, struct fuse_open_in *body, unsigned int thread)
{
	struct ask ask = rig_by(rig->web, 1000, rig->file);

	*body = (struct fuse_open_in){ .flags = O_RDONLY };
	ask.opcode = FUSE_OPEN;
	ask.body = body;
	ask.length = sizeof *body;
	ask.thread = thread;
	ask.unique = 1000 + 2 * thread;
	return ask;
}

static void a_request_in_hand_is_answered_by_the_next_core(void **state)
{
	struct rig *rig = stopped_rig(state);
	struct fuse_open_in body;
	struct ask first = an_open(rig, &body, 0), second = an_open(rig, &body, 1);
	struct handover *handover = rig->handover;
	struct reply reply;

	rig_leave(rig, &first, 0);
	rig_leave(rig, &second, HANDOVER_STRIKES - 1);
	rig_run_core(rig);
	for (unsigned int thread = 0; thread < 2; thread++) {
		rig_receive(rig, thread, &reply);
		assert_int_equal(reply.errnum, 0);
		assert_int_equal(reply.unique, 1000 + 2 * thread);
		assert_false(is_answered(rig, thread));
		assert_int_equal(atomic_load(&handover->slots[thread].processing), 0);
		assert_int_equal(atomic_load(&handover->slots[thread].strikes), 0);
	}
	assert_int_equal(atomic_load(&handover->resumed), 2);
	assert_int_equal(server_open_handles(rig->server), 2);
	first.unique = 0;
	assert_int_equal(rig_ask(rig, &first, &reply), 0);
}

/* One that was at hand in crash after crash is not looked at again. */
static void a_request_that_kills_is_answered_with_an_error(void **state)
{
	struct rig *rig = stopped_rig(state);
	struct fuse_open_in body;
	struct ask bad = an_open(rig, &body, 0), good = an_open(rig, &body, 1);
	struct reply reply;

	rig_leave(rig, &bad, HANDOVER_STRIKES);
	rig_leave(rig, &good, 0);
	rig_run_core(rig);
	rig_receive(rig, 0, &reply);
	assert_int_equal(reply.errnum, EIO);
	assert_int_equal(reply.unique, 1000);
	rig_receive(rig, 1, &reply);
	assert_int_equal(reply.errnum, 0);
	assert_int_equal(atomic_load(&rig->handover->slots[0].strikes), 0);
	assert_int_equal(server_open_handles(rig->server), 1);
	/* The same request, made again by the same program, has its three lives again. */
	bad.unique = 0;
	assert_int_equal(rig_ask(rig, &bad, &reply), 0);
}

/* So that a core which dies again has answered what was never to blame. */
static void the_least_suspect_request_is_taken_up_first(void **state)
{
	struct rig *rig = stopped_rig(state);
	struct fuse_open_in body;
	struct ask suspect = an_open(rig, &body, 0), other = an_open(rig, &body, 1);
	struct reply reply;

	rig_leave(rig, &suspect, 1);
	rig_leave(rig, &other, 0);
	rig_run_core(rig);
	rig_receive(rig, 0, &reply);
	rig_receive(rig, 1, &reply);
	assert_int_equal(rig->handover->handles[0].unique, other.unique);
	assert_int_equal(rig->handover->handles[1].unique, suspect.unique);
}

/* A core that made the handle and died before, or right after, its answer. */
static void an_open_done_twice_is_one_open_file(void **state)
{
	struct rig *rig = stopped_rig(state);
	struct fuse_open_in body;
	struct ask ask = an_open(rig, &body, 0);
	struct ask web = rig_by(rig->web, 1000, rig->file);
	struct reply reply;
	uint64_t fh;

	rig_run_core(rig);
	assert_int_equal(rig_ask(rig, &ask, &reply), 0);
	fh = reply.body.open.fh;
	rig_end_core(rig);
	rig_rotate(rig, "second", 6);
	for (int cores = 0; cores < 3; cores++) {
		rig_start_core(rig);
		rig_leave(rig, &ask, 0);
		rig_run_core(rig);
		rig_receive(rig, 0, &reply);
		assert_int_equal(reply.errnum, 0);
		assert_int_equal(reply.body.open.fh, fh);
		assert_int_equal(server_open_handles(rig->server), 1);
		assert_int_equal(rig_read(rig, web, FUSE_READ, fh, 0, 9, false, &reply), 0);
		assert_memory_equal(reply.body.bytes, "first", 5);
		if (cores == 2)
			break;
		rig_end_core(rig);
	}
	assert_int_equal(rig_release(rig, web, fh, &reply), 0);
	assert_int_equal(server_open_handles(rig->server), 0);
	assert_int_equal(model_consumer(rig->model, RIG_CONSUMER)->open_handles, 0);
	assert_int_equal(rig->model->plain_bytes, 0);
	/* What is remembered of it does not make the next OPEN of that number the same. */
	ask.unique = 0;
	assert_int_equal(rig_ask(rig, &ask, &reply), 0);
	assert_int_not_equal(reply.body.open.fh, fh);
}

/* A number is used again only after 2^63 requests; a request that was not in a slot is new. */
static void two_opens_are_two_open_files(void **state)
{
	struct rig *rig = stopped_rig(state);
	struct fuse_open_in body;
	struct ask ask = an_open(rig, &body, 0);
	struct reply first, second;

	rig_run_core(rig);
	assert_int_equal(rig_ask(rig, &ask, &first), 0);
	assert_int_equal(rig_ask(rig, &ask, &second), 0);
	assert_int_not_equal(first.body.open.fh, second.body.open.fh);
	assert_int_equal(server_open_handles(rig->server), 2);
}

static void a_release_done_twice_lets_go_once(void **state)
{
	struct rig *rig = stopped_rig(state);
	struct ask web = rig_by(rig->web, 1000, rig->file);
	struct fuse_release_in body;
	struct fuse_open_in open;
	struct ask ask = web, next = an_open(rig, &open, 0);
	struct reply reply;

	rig_run_core(rig);
	assert_int_equal(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply), 0);
	body = (struct fuse_release_in){ .fh = reply.body.open.fh };
	ask.opcode = FUSE_RELEASE;
	ask.body = &body;
	ask.length = sizeof body;
	ask.thread = 1;
	assert_int_equal(rig_ask(rig, &ask, &reply), 0);
	rig_end_core(rig);
	/* The OPEN that is taken up before it gets the place that was freed. */
	rig_start_core(rig);
	rig_leave(rig, &next, 0);
	rig_leave(rig, &ask, 0);
	rig_run_core(rig);
	rig_receive(rig, 1, &reply);
	assert_int_equal(reply.errnum, 0);
	rig_receive(rig, 0, &reply);
	assert_int_equal((uint32_t)reply.body.open.fh, (uint32_t)body.fh);
	assert_int_equal(server_open_handles(rig->server), 1);
	assert_int_equal(rig_read(rig, web, FUSE_READ, reply.body.open.fh, 0, 9, false, &reply), 0);
}

static void a_read_after_a_takeover_finds_its_version(void **state)
{
	struct rig *rig = stopped_rig(state);
	struct ask web = rig_by(rig->web, 1000, rig->file);
	struct ask other = rig_by(rig->other, 1000, rig->file);
	struct reply reply;
	uint64_t fh[3];

	rig_run_core(rig);
	for (int i = 0; i < 3; i++) {
		char value[16];

		assert_int_equal(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply), 0);
		fh[i] = reply.body.open.fh;
		rig_rotate(rig, value,
			(size_t)snprintf(value, sizeof value, "value %d", i) + (size_t)i);
	}
	rig_end_core(rig);
	rig_start_core(rig);
	rig_run_core(rig);
	assert_int_equal(server_open_handles(rig->server), 3);
	assert_int_equal(model_consumer(rig->model, RIG_CONSUMER)->open_handles, 3);
	assert_int_equal(rig_read(rig, web, FUSE_READ, fh[0], 0, 99, false, &reply), 0);
	assert_memory_equal(reply.body.bytes, "first", 5);
	assert_int_equal(rig_read(rig, web, FUSE_READ, fh[2], 0, 99, false, &reply), 0);
	assert_int_equal(reply.length, 8);
	assert_memory_equal(reply.body.bytes, "value 1", 7);
	assert_int_equal(rig_read(rig, web, FUSE_READ, fh[1], 6, 99, false, &reply), 0);
	assert_memory_equal(reply.body.bytes, "0", 1);
	rig_rotate(rig, "after the takeover", 18);
	assert_int_equal(rig_read(rig, web, FUSE_READ, fh[0], 0, 99, false, &reply), 0);
	assert_memory_equal(reply.body.bytes, "first", 5);
	/* Whose it is was handed over as well. */
	assert_int_equal(rig_read(rig, other, FUSE_READ, fh[0], 0, 99, false, &reply), EACCES);
	assert_true(server_version_is_open(rig->server, rig->secret.id, 1));
	for (int i = 0; i < 3; i++)
		assert_int_equal(rig_release(rig, web, fh[i], &reply), 0);
	assert_false(server_version_is_open(rig->server, rig->secret.id, 1));
	assert_int_equal(server_open_handles(rig->server), 0);
}

/* Its value is not in the store any more, or no key is there: it reads no further. */
static void an_open_file_whose_version_is_gone_is_ended(void **state)
{
	struct rig *rig = stopped_rig(state);
	struct ask web = rig_by(rig->web, 1000, rig->file);
	struct reply reply;
	struct err err;
	uint64_t fh;

	rig_run_core(rig);
	assert_int_equal(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply), 0);
	fh = reply.body.open.fh;
	rig_end_core(rig);
	rig_rotate(rig, "second", 6);
	must(vault_begin(rig->store.vault, &err));
	must(vault_remove_value(rig->store.vault, rig->secret.versions[0].value_id, &err));
	must(vault_commit(rig->store.vault, &err));
	rig_start_core(rig);
	rig_run_core(rig);
	assert_int_equal(rig_read(rig, web, FUSE_READ, fh, 0, 9, false, &reply), ESTALE);
	assert_int_equal(model_consumer(rig->model, RIG_CONSUMER)->open_handles, 0);
	assert_int_equal(rig_release(rig, web, fh, &reply), 0);
	assert_int_equal(server_open_handles(rig->server), 0);
	assert_int_equal(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply), 0);
}

static void a_revocation_outlives_the_core_that_made_it(void **state)
{
	struct rig *rig = stopped_rig(state);
	struct grant_record revoked = rig_revoked(&rig->grant);
	struct grant_record again = rig_grant(rig, RIG_CONSUMER, RIG_FILE);
	struct ask web = rig_by(rig->web, 1000, rig->file);
	struct ask directory = rig_by(rig->web, 1000, rig->consumer);
	struct reply reply;
	uint64_t fh;

	rig_run_core(rig);
	assert_int_equal(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply), 0);
	fh = reply.body.open.fh;
	rig_end_core(rig);
	rig_put_grant(rig, &revoked); /* committed; the core died before its memory knew */
	rig_start_core(rig);
	rig_run_core(rig);
	assert_int_equal(rig_read(rig, web, FUSE_READ, fh, 0, 9, false, &reply), ENOENT);
	assert_int_equal(rig_lookup(rig, directory, RIG_FILE, &reply), 0);
	assert_int_equal(reply.body.entry.nodeid, rig->file);
	rig_put_grant(rig, &again);
	assert_int_equal(rig_read(rig, web, FUSE_READ, fh, 0, 9, false, &reply), ESTALE);
}

/* What the kernel sends again has the same answer, and says that it was sent again. */
static void a_request_sent_again_is_counted(void **state)
{
	struct rig *rig = stopped_rig(state);
	struct fuse_open_in body;
	struct ask ask = an_open(rig, &body, 0);
	struct reply reply;

	rig_run_core(rig);
	ask.unique |= UNIQUE_RESENT;
	assert_int_equal(rig_ask(rig, &ask, &reply), 0);
	assert_int_equal(reply.unique, ask.unique);
	assert_int_equal(atomic_load(&rig->handover->resent), 1);
	assert_int_equal(rig->handover->handles[0].unique, 1000);
}

static void a_core_asks_the_kernel_to_send_again(void **state)
{
	struct rig *rig = stopped_rig(state);
	struct reply reply;

	server_resume(rig->server, rig->store.vault, true);
	assert_false(is_answered(rig, 0)); /* the first core has nobody to take over from */
	rig_end_core(rig);
	rig_start_core(rig);
	server_resume(rig->server, rig->store.vault, false);
	assert_false(is_answered(rig, 0));
	server_resume(rig->server, rig->store.vault, true);
	rig_receive(rig, 0, &reply);
	assert_int_equal(reply.unique, 0);
	assert_int_equal(reply.errnum, -NOTIFY_RESEND);
}

/* Another libfuse that would use what the mount has not agreed to must not serve it. In a process
 * of its own, as a core is, which ends. */
static void a_core_that_would_negotiate_otherwise_refuses(void **state)
{
	struct rig *rig = stopped_rig(state);
	static const uint32_t flags[] = { RIG_FLAGS, RIG_FLAGS & ~FUSE_ATOMIC_O_TRUNC,
		RIG_FLAGS | FUSE_ASYNC_DIO, RIG_FLAGS | FUSE_WRITEBACK_CACHE };

	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
		int status;
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (!pid) {
			struct server_parts parts = rig_parts(rig);
			struct server *server;

			rig_init(rig->handover, flags[i]);
			_exit(-server_new(&parts, &server, NULL));
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), i ? TACIT_INTERNAL : TACIT_OK);
	}
	assert_false(is_answered(rig, 0));
}

static void a_thread_that_is_long_at_one_request_is_noticed(void **state)
{
	struct rig *rig = stopped_rig(state);
	struct handover_slot *slot = &rig->handover->slots[1];

	assert_true(server_moves(rig->server, 1000));
	atomic_store(&slot->since_ns, 1);
	assert_true(server_moves(rig->server, 1000));
	atomic_store(&slot->processing, 1);
	assert_false(server_moves(rig->server, 1000));
	assert_true(server_moves(rig->server, UINT64_MAX));
	atomic_store(&slot->since_ns, UINT64_MAX); /* just now, by a clock that was read before */
	assert_true(server_moves(rig->server, 1000));
	atomic_store(&slot->processing, 0);
}

static void a_mount_that_is_gone_is_told(void **state)
{
	struct rig *rig = stopped_rig(state);
	struct pollfd gone = { .fd = server_gone_fd(rig->server), .events = POLLIN };

	rig_run_core(rig);
	assert_int_equal(poll(&gone, 1, 0), 0);
	shutdown(rig->kernel[0], SHUT_RDWR);
	assert_int_equal(poll(&gone, 1, PATIENCE_MS), 1);
}

#define with_rig(test) cmocka_unit_test_setup_teardown(test, set_up_two_threads, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_rig(a_request_in_hand_is_answered_by_the_next_core),
		with_rig(a_request_that_kills_is_answered_with_an_error),
		with_rig(the_least_suspect_request_is_taken_up_first),
		with_rig(an_open_done_twice_is_one_open_file),
		with_rig(two_opens_are_two_open_files),
		with_rig(a_release_done_twice_lets_go_once),
		with_rig(a_read_after_a_takeover_finds_its_version),
		with_rig(an_open_file_whose_version_is_gone_is_ended),
		with_rig(a_revocation_outlives_the_core_that_made_it),
		with_rig(a_request_sent_again_is_counted),
		with_rig(a_core_asks_the_kernel_to_send_again),
		with_rig(a_core_that_would_negotiate_otherwise_refuses),
		with_rig(a_thread_that_is_long_at_one_request_is_noticed),
		with_rig(a_mount_that_is_gone_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
