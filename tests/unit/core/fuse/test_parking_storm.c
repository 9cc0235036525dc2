/* SPDX-License-Identifier: Apache-2.0 */
/* OPENs on every thread of the server while engines name containers, deny them and lose them, while
 * reads are counted, readers are killed and the kernel sends again. Each OPEN has one answer, and
 * in the end nothing is left. Built with VARIANT=tsan this is where races show. */
#include "counting.h"

#include <sys/syscall.h>
#include <sys/uio.h>

#define BATCH 8      /* OPENs of one reader at once */
#define BATCHES 250  /* of each reader */
#define READS 100000 /* more than there are OPENs */
#define UNIQUES_MAX 100000

/* What the kernel knows of a number: what it sends again is answered by the new one alone. */
enum known { KNOWN_WAITS, KNOWN_ANSWERED, KNOWN_SENT_AGAIN };
static _Atomic enum known known[UNIQUES_MAX];

static _Atomic enum known *known_as(uint64_t unique)
{
	return &known[unique / 2 % UNIQUES_MAX];
}

/* An answer; errno when nobody waits for it. */
static bool is_wanted(const void *answer, size_t part, size_t size)
{
	const struct fuse_out_header *header = answer;
	enum known waits = KNOWN_WAITS;

	if (part != sizeof *header || header->len != size || header->unique & (UNIQUE_RESENT | 1) ||
		atomic_compare_exchange_strong(known_as(header->unique), &waits, KNOWN_ANSWERED))
		return true;
	errno = ENOENT;
	return false;
}

ssize_t write(int fd, const void *bytes, size_t size);
ssize_t write(int fd, const void *bytes, size_t size)
{
	return is_wanted(bytes, size, size) ? syscall(SYS_write, fd, bytes, size) : -1;
}

ssize_t writev(int fd, const struct iovec *parts, int count);
ssize_t writev(int fd, const struct iovec *parts, int count)
{
	size_t size = 0;

	for (int i = 0; i < count; i++)
		size += parts[i].iov_len;
	return is_wanted(parts[0].iov_base, parts[0].iov_len, size)
		       ? syscall(SYS_writev, fd, parts, count)
		       : -1;
}

struct storm {
	struct rig *rig;
	uint64_t counted;             /* the file whose reads are */
	_Atomic unsigned int readers; /* that are not done */
	_Atomic unsigned int disturbances;
	_Atomic uint64_t opened, denied, killed, opened_counted;
	_Atomic(const char *) failure; /* the first; a reader's thread cannot end the test */
};

struct client {
	struct storm *storm;
	unsigned int thread;
	uint32_t seed;
};

struct pending {
	struct ask ask; /* with the last number it was sent by */
	bool answered, opened;
	uint64_t fh;
};

static bool holds(struct storm *storm, bool condition, const char *what)
{
	const char *none = NULL;

	if (!condition)
		atomic_compare_exchange_strong(&storm->failure, &none, what);
	return condition;
}

#define must_hold(storm, condition) holds(storm, condition, #condition)

static uint32_t any(uint32_t *seed, uint32_t count)
{
	*seed = *seed * 1103515245u + 12345u;
	return (*seed >> 16) % count;
}

static void send_batch(struct client *client, struct pending *pending)
{
	struct storm *storm = client->storm;
	struct rig *rig = storm->rig;

	for (unsigned int i = 0; i < BATCH; i++) {
		enum known waits = KNOWN_WAITS;
		struct ask ask = open_ask(rig, any(&client->seed, 2) ? rig->web : rig->other,
			any(&client->seed, 3) ? rig->file : storm->counted);

		ask.thread = client->thread;
		ask.unique = send_open(rig, ask);
		pending[i] = (struct pending){ .ask = ask };
		if (any(&client->seed, 8) == 0)
			send_interrupt(rig, ask.unique, client->thread);
		if (any(&client->seed, 4) || !atomic_compare_exchange_strong(known_as(ask.unique),
						     &waits, KNOWN_SENT_AGAIN))
			continue;
		pending[i].ask.unique |= UNIQUE_RESENT;
		rig_send(rig, &pending[i].ask);
	}
}

static struct pending *pending_of(struct pending *pending, uint64_t unique)
{
	for (unsigned int i = 0; i < BATCH; i++)
		if ((pending[i].ask.unique & ~UNIQUE_RESENT) == (unique & ~UNIQUE_RESENT))
			return &pending[i];
	return NULL;
}

/* An answer; true when it was to an OPEN. */
static bool take_answer(struct storm *storm, struct pending *batch, const struct reply *reply)
{
	struct pending *pending = pending_of(batch, reply->unique);

	if (reply->unique & 1) /* of an INTERRUPT */
		return !must_hold(storm, reply->errnum == EAGAIN);
	if (!must_hold(storm, pending != NULL) || !must_hold(storm, !pending->answered) ||
		!must_hold(storm, reply->unique == pending->ask.unique))
		return true;
	pending->answered = true;
	pending->opened = !reply->errnum;
	if (pending->opened)
		pending->fh = reply->body.open.fh;
	else
		must_hold(storm, reply->errnum == EACCES || reply->errnum == ENOENT ||
					 reply->errnum == EINTR);
	atomic_fetch_add(reply->errnum == EINTR ? &storm->killed
			 : reply->errnum        ? &storm->denied
						: &storm->opened,
		1);
	if (!reply->errnum && pending->ask.node == storm->counted)
		atomic_fetch_add(&storm->opened_counted, 1);
	return true;
}

static void release(struct client *client, const struct pending *pending)
{
	struct fuse_release_in body = { .fh = pending->fh };
	struct rig *rig = client->storm->rig;
	struct ask ask = { .opcode = FUSE_RELEASE,
		.node = pending->ask.node,
		.pid = pending->ask.pid,
		.body = &body,
		.length = sizeof body,
		.thread = client->thread };
	struct reply reply;

	ask.unique = atomic_fetch_add(&rig->unique, 2);
	rig_send(rig, &ask);
	do
		rig_receive(rig, client->thread, &reply);
	while (reply.unique & 1); /* of an INTERRUPT that was late */
	must_hold(client->storm, reply.unique == ask.unique && !reply.errnum);
}

/* So that something changes between one batch and the next, whoever is given the processor. */
static void wait_for_another(struct storm *storm, unsigned int *seen)
{
	for (int i = 0; i < PATIENCE_MS * 10 && atomic_load(&storm->disturbances) == *seen; i++)
		usleep(100);
	*seen = atomic_load(&storm->disturbances);
}

static void *open_on(void *arg)
{
	struct client *client = arg;
	struct storm *storm = client->storm;
	unsigned int disturbances = 0;

	for (unsigned int i = 0; i < BATCHES && !atomic_load(&storm->failure); i++) {
		struct pending batch[BATCH];
		unsigned int answered = 0;
		struct reply reply;

		wait_for_another(storm, &disturbances);
		send_batch(client, batch);
		while (answered < BATCH && !atomic_load(&storm->failure)) {
			if (!must_hold(storm,
				    answered_within(storm->rig, client->thread, PATIENCE_MS)))
				break;
			rig_receive(storm->rig, client->thread, &reply);
			answered += take_answer(storm, batch, &reply);
		}
		for (unsigned int at = 0; at < BATCH; at++)
			if (batch[at].opened)
				release(client, &batch[at]);
	}
	atomic_fetch_sub(&storm->readers, 1);
	return NULL;
}

/* What an engine may say next, and what the thread does that owns the vault. */
static void disturb(struct rig *rig, uint32_t *seed)
{
	char digit = any(seed, 2) ? 'a' : 'b', id[CONTAINER_ID_LENGTH + 1] = { 0 };
	struct server_count count;

	memset(id, digit, CONTAINER_ID_LENGTH);
	switch (any(seed, 8)) {
	case 0:
		engine_names(rig, digit, "shop/db");
		break;
	case 1:
		engine_denies(rig, digit);
		break;
	case 2:
	case 3:
		containers_went(rig->containers, id, any(seed, 2));
		break;
	case 4:
		server_wake_parked(rig->server);
		break;
	default:
		engine_names(rig, digit, "shop/web");
	}
	for (unsigned int i = any(seed, 6); i && count_next(rig, STEP_SETTLED, &count); i--)
		;
}

static void every_open_has_one_answer_whatever_happens(void **state)
{
	struct rig *rig = rig_of(state);
	struct grant_record grant = rig_grant(rig, RIG_CONSUMER, "counted");
	struct storm storm = { .rig = rig, .readers = RIG_THREADS };
	struct client clients[RIG_THREADS];
	pthread_t threads[RIG_THREADS];
	uint32_t seed = 7;

	grant.reads = READS;
	rig_put_grant(rig, &grant);
	rig->grant = grant;
	storm.counted = rig_node(rig, RIG_CONSUMER "/counted");
	for (unsigned int i = 0; i < RIG_THREADS; i++) {
		clients[i] = (struct client){ &storm, i, i + 1 };
		assert_int_equal(pthread_create(&threads[i], NULL, open_on, &clients[i]), 0);
	}
	while (atomic_load(&storm.readers)) {
		disturb(rig, &seed);
		atomic_fetch_add(&storm.disturbances, 1);
		usleep(100);
	}
	for (unsigned int i = 0; i < RIG_THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	if (storm.failure)
		fail_msg("%s", storm.failure);
	print_message(
		"%ju opened (%ju counted), %ju denied, %ju killed; %ju waited, %ju us at most\n",
		(uintmax_t)storm.opened, (uintmax_t)storm.opened_counted, (uintmax_t)storm.denied,
		(uintmax_t)storm.killed, (uintmax_t)rig->handover->parked_count,
		(uintmax_t)rig->handover->parked_longest_ns / 1000);
	assert_int_equal(storm.opened + storm.denied + storm.killed, RIG_THREADS * BATCH * BATCHES);
	assert_true(storm.opened && storm.denied && storm.killed && storm.opened_counted);
	assert_true(used_by(rig, 'a') + used_by(rig, 'b') >= storm.opened_counted);
	/* Nothing is left: nobody waits, no open file, no plaintext, no consumer's share. */
	expect_parked(rig, 0);
	assert_int_equal(server_open_handles(rig->server), 0);
	assert_int_equal(rig->model->plain_bytes, 0);
	assert_int_equal(model_consumer(rig->model, RIG_CONSUMER)->open_handles, 0);
}

static int set_up_threads(void **state)
{
	return rig_set_up_engine_for(state, RIG_THREADS, RIG_PATIENCE_NS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			every_open_has_one_answer_whatever_happens, set_up_threads, rig_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
