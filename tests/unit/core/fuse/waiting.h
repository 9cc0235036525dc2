/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of this folder say as an engine, and how they look at answers that may not come.
 * Nothing here waits for ever. */
#ifndef TACIT_TEST_FUSE_WAITING_H
#define TACIT_TEST_FUSE_WAITING_H

#include <poll.h>
#include <time.h>

#include "base/clock.h"
#include "rig.h"

#define SILENCE_MS 60     /* without an answer: none is coming */
#define PATIENCE_MS 60000 /* on a slow machine, in a slow build */
#define MS_NS 1000000ull

#define must_ok(call) assert_int_equal((call), 0)

/* What the engine says of the container whose id is 64 times `digit`. A name of "shop/web" is a
 * service of compose, and the container is then called "shop-web-1". */
static inline struct container_facts facts_of(char digit, const char *name)
{
	struct container_facts facts = { .image = "docker.io/library/nginx:1.25" };
	const char *slash = strchr(name, '/');

	memset(facts.id, digit, CONTAINER_ID_LENGTH);
	if (!slash) {
		snprintf(facts.name, sizeof facts.name, "%s", name);
		return facts;
	}
	snprintf(facts.project, sizeof facts.project, "%.*s", (int)(slash - name), name);
	snprintf(facts.service, sizeof facts.service, "%s", slash + 1);
	snprintf(facts.name, sizeof facts.name, "%.60s-%.60s-1", facts.project, facts.service);
	return facts;
}

static inline void add_label(struct container_facts *facts, const char *label)
{
	memcpy(facts->labels + facts->labels_length, label, strlen(label) + 1);
	facts->labels_length += (uint32_t)strlen(label) + 1;
}

static inline void engine_says(struct rig *rig, const struct container_facts *facts)
{
	must_ok(container_facts_check(facts, NULL));
	containers_came(rig->containers, facts, CONTAINER_RUNNING);
	server_wake_parked(rig->server);
}

/* The same, of a container that runs. */
static inline void engine_names(struct rig *rig, char digit, const char *name)
{
	struct container_facts facts = facts_of(digit, name);

	engine_says(rig, &facts);
}

/* What core's main thread does with the question that an OPEN left, and an engine's "no". */
static inline void engine_denies(struct rig *rig, char digit)
{
	char id[CONTAINER_ID_LENGTH + 1] = { 0 };

	memset(id, digit, CONTAINER_ID_LENGTH);
	containers_unknown(rig->containers, id);
	server_wake_parked(rig->server);
}

static inline struct ask open_ask(const struct rig *rig, pid_t pid, uint64_t node)
{
	static const struct fuse_open_in body = { .flags = O_RDONLY };
	struct ask ask = rig_by(pid, 1000, node);

	(void)rig;
	ask.opcode = FUSE_OPEN;
	ask.body = &body;
	ask.length = sizeof body;
	return ask;
}

/* Send an OPEN and do not wait; its number. */
static inline uint64_t send_open(struct rig *rig, struct ask ask)
{
	ask.unique = atomic_fetch_add(&rig->unique, 2);
	rig_send(rig, &ask);
	return ask.unique;
}

static inline void send_interrupt(struct rig *rig, uint64_t unique, unsigned int thread)
{
	struct fuse_interrupt_in body = { .unique = unique };
	struct ask ask = { .opcode = FUSE_INTERRUPT,
		.body = &body,
		.length = sizeof body,
		.thread = thread,
		.unique = unique | 1 };

	rig_send(rig, &ask);
}

static inline bool answered_within(const struct rig *rig, unsigned int thread, int ms)
{
	struct pollfd kernel = { .fd = rig->kernel[thread], .events = POLLIN };

	return poll(&kernel, 1, ms) == 1;
}

static inline void expect_silence(const struct rig *rig)
{
	for (unsigned int thread = 0; thread < rig->threads; thread++)
		assert_false(answered_within(rig, thread, SILENCE_MS));
}

/* The answer to `unique`, the next one on `thread`. Its errno. */
static inline int expect_answer(
	struct rig *rig, unsigned int thread, uint64_t unique, struct reply *reply)
{
	assert_true(answered_within(rig, thread, PATIENCE_MS));
	rig_receive(rig, thread, reply);
	assert_int_equal(reply->unique, unique);
	return reply->errnum;
}

/* Until so many wait. */
static inline void expect_parked(struct rig *rig, unsigned int count)
{
	for (int i = 0; i < PATIENCE_MS && server_parked(rig->server) != count; i++)
		usleep(1000);
	assert_int_equal(server_parked(rig->server), count);
}

/* Until what waits in the first place has come so many times: it was sent again. */
static inline void expect_arrivals(struct rig *rig, uint32_t count)
{
	struct park *park = &rig->server->park;
	uint32_t arrivals = 0;

	for (int i = 0; i < PATIENCE_MS && arrivals < count; i++) {
		if (i)
			usleep(1000);
		pthread_mutex_lock(&park->mutex);
		arrivals = park->arrivals[0];
		pthread_mutex_unlock(&park->mutex);
	}
	assert_int_equal(arrivals, count);
}

/* Until so many files are open: one is let go of after its answer, soon. */
static inline void expect_handles(struct rig *rig, unsigned int count)
{
	for (int i = 0; i < PATIENCE_MS && server_open_handles(rig->server) != count; i++)
		usleep(1000);
	assert_int_equal(server_open_handles(rig->server), count);
}

#endif
