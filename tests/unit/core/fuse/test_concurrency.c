/* SPDX-License-Identifier: Apache-2.0 */
/* Readers on every thread of the server while versions change, a grant comes and goes, and the key
 * as well. What is read is whole, was committed, and is never older than what had been acknowledged
 * when the file was opened. Built with VARIANT=tsan this is where races show. */
#include "rig.h"

#define ROTATIONS 240
#define REVOKE_EVERY 12
#define LOCK_EVERY 40
#define VALUE_MAX 9000
#define READS_EACH 4 /* values read between two rotations, at least */
#define PATIENCE_MS 60000
#define PART_MAX 3000 /* bytes asked for at once: values take several reads */

/* What the kernel was told, and so a program could know. */
struct state {
	struct rig *rig;
	_Atomic uint32_t acknowledged; /* version */
	/* Raised before and after each change of who may read: odd while one is under way, and
	 * `may_read` says what holds while it is even. */
	_Atomic uint32_t changes;
	_Atomic bool may_read;
	_Atomic bool over;
	_Atomic uint64_t reads, denials;
	_Atomic(const char *) failure; /* the first; a reader's thread cannot end the test */
};

struct client {
	struct state *state;
	unsigned int thread;
};

/* A value says which version it is at every place, and its length follows from that. */
static size_t value_of(uint32_t version, char value[VALUE_MAX])
{
	size_t length = 1 + version * 977u % (VALUE_MAX - 1);

	for (size_t i = 0; i < length; i++)
		value[i] = (char)(version >> 8 * (i % 4));
	return length;
}

static bool holds(struct state *state, bool condition, const char *what)
{
	const char *none = NULL;

	if (!condition) {
		atomic_compare_exchange_strong(&state->failure, &none, what);
		atomic_store(&state->over, true);
	}
	return condition;
}

#define must_hold(state, condition) holds(state, condition, #condition)

/* The whole file; 0 when it was revoked or locked meanwhile. */
static size_t read_all(
	const struct client *client, struct ask ask, uint64_t fh, char value[VALUE_MAX + PART_MAX])
{
	size_t length = 0;
	struct reply reply;

	for (;;) {
		int errnum = rig_read(
			client->state->rig, ask, FUSE_READ, fh, length, PART_MAX, false, &reply);

		if (errnum == ENOENT || errnum == ESTALE || errnum == ENOKEY ||
			!must_hold(client->state, !errnum) ||
			!must_hold(client->state, length + reply.length <= VALUE_MAX))
			return 0;
		memcpy(value + length, reply.body.bytes, reply.length);
		length += reply.length;
		if (reply.length < PART_MAX)
			return length;
	}
}

static uint32_t version_of(const char *value, size_t length)
{
	char expected[VALUE_MAX];
	uint32_t version;

	for (version = 1; version <= ROTATIONS; version++)
		if (value_of(version, expected) == length && !memcmp(value, expected, length))
			return version;
	return 0;
}

static void once(const struct client *client, struct ask ask)
{
	struct state *state = client->state;
	uint32_t changes = atomic_load(&state->changes);
	bool may_read = atomic_load(&state->may_read), denied;
	uint32_t acknowledged = atomic_load(&state->acknowledged);
	char value[VALUE_MAX + PART_MAX];
	struct reply reply;
	size_t length;
	uint64_t fh;

	denied = rig_open(state->rig, ask, FUSE_OPEN, O_RDONLY, &reply);
	if (!(changes & 1) && atomic_load(&state->changes) == changes)
		must_hold(state, denied == !may_read);
	if (denied) {
		must_hold(state, reply.errnum == ENOENT || reply.errnum == ENOKEY);
		atomic_fetch_add(&state->denials, 1);
		return;
	}
	fh = reply.body.open.fh;
	length = read_all(client, ask, fh, value);
	if (length) {
		uint32_t version = version_of(value, length);

		must_hold(state, version > 0);
		must_hold(state, version >= acknowledged);
		atomic_fetch_add(&state->reads, 1);
	}
	must_hold(state, !rig_release(state->rig, ask, fh, &reply));
}

static void *read_on(void *arg)
{
	const struct client *client = arg;
	struct rig *rig = client->state->rig;
	struct ask ask = rig_by(rig->web, 1000, rig->file);

	ask.thread = client->thread;
	while (!atomic_load(&client->state->over))
		once(client, ask);
	return NULL;
}

/* So that changes fall among reads, however slow the machine or the build is. */
static void wait_for_more(struct state *state, _Atomic uint64_t *what, uint64_t more)
{
	uint64_t enough = atomic_load(what) + more;

	for (int i = 0; i < PATIENCE_MS * 10 && atomic_load(what) < enough; i++)
		if (!atomic_load(&state->over))
			usleep(100);
}

static void rotate(struct state *state, uint32_t version)
{
	char value[VALUE_MAX];

	rig_rotate(state->rig, value, value_of(version, value));
	atomic_store(&state->acknowledged, version);
}

static void revoke_and_grant(struct state *state)
{
	struct grant_record revoked = rig_revoked(&state->rig->grant);

	atomic_fetch_add(&state->changes, 1);
	rig_put_grant(state->rig, &revoked);
	atomic_store(&state->may_read, false);
	atomic_fetch_add(&state->changes, 1);
	wait_for_more(state, &state->denials, 1);
	atomic_fetch_add(&state->changes, 1);
	state->rig->grant = rig_grant(state->rig, RIG_CONSUMER, RIG_FILE);
	rig_put_grant(state->rig, &state->rig->grant);
	atomic_store(&state->may_read, true);
	atomic_fetch_add(&state->changes, 1);
}

static void lock_and_unlock(struct state *state)
{
	atomic_fetch_add(&state->changes, 1);
	rig_lock(state->rig);
	atomic_store(&state->may_read, false);
	atomic_fetch_add(&state->changes, 1);
	wait_for_more(state, &state->denials, 1);
	atomic_fetch_add(&state->changes, 1);
	rig_unlock(state->rig);
	atomic_store(&state->may_read, true);
	atomic_fetch_add(&state->changes, 1);
}

static void readers_see_whole_committed_acknowledged_versions(void **state)
{
	struct rig *rig = rig_of(state);
	struct state shared = { .rig = rig, .may_read = true };
	struct client clients[RIG_THREADS];
	pthread_t threads[RIG_THREADS];

	/* Version 1 was made by the rig, and does not say so. */
	rotate(&shared, 2);
	for (unsigned int i = 0; i < RIG_THREADS; i++) {
		clients[i] = (struct client){ &shared, i };
		assert_int_equal(pthread_create(&threads[i], NULL, read_on, &clients[i]), 0);
	}
	for (uint32_t version = 3; version <= ROTATIONS && !shared.over; version++) {
		wait_for_more(&shared, &shared.reads, READS_EACH);
		rotate(&shared, version);
		if (version % REVOKE_EVERY == 0)
			revoke_and_grant(&shared);
		if (version % LOCK_EVERY == 0)
			lock_and_unlock(&shared);
	}
	atomic_store(&shared.over, true);
	for (unsigned int i = 0; i < RIG_THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	if (shared.failure)
		fail_msg("%s", shared.failure);
	print_message("%ju values read, %ju opens denied, %d rotations\n", (uintmax_t)shared.reads,
		(uintmax_t)shared.denials, ROTATIONS);
	assert_true(shared.reads >= READS_EACH * (ROTATIONS - 2));
	assert_true(shared.denials > 0);
	/* Nothing is left: no open file, no plaintext, no consumer's share. */
	assert_int_equal(server_open_handles(rig->server), 0);
	assert_int_equal(rig->model->plain_bytes, 0);
	assert_int_equal(model_consumer(rig->model, RIG_CONSUMER)->open_handles, 0);
}

static int set_up_threads(void **state)
{
	rig_set_up_threads(state, RIG_THREADS);
	rig_start_core(*state);
	rig_run_core(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(readers_see_whole_committed_acknowledged_versions,
			set_up_threads, rig_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
