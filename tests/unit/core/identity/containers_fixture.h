/* SPDX-License-Identifier: Apache-2.0 */
/* A registry with two engines, and a clock of the test's own: included once per test program, which
 * is linked with --wrap=clock_monotonic_ns. */
#ifndef TACIT_TEST_CONTAINERS_FIXTURE_H
#define TACIT_TEST_CONTAINERS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "core/identity/containers.h"

#define PATIENCE_MS 900

/* The only clock that the registry sees. */
static _Atomic uint64_t the_clock_ns = 1;

uint64_t __wrap_clock_monotonic_ns(void);
uint64_t __wrap_clock_monotonic_ns(void)
{
	return atomic_load(&the_clock_ns);
}

static inline void let_pass(uint64_t milliseconds)
{
	atomic_fetch_add(&the_clock_ns, milliseconds * 1000000);
}

/* 64 digits of which the first 8 tell containers apart, and the last. */
static inline void id_of(unsigned int number, char id[CONTAINER_ID_LENGTH + 1])
{
	snprintf(id, CONTAINER_ID_LENGTH + 1, "%08x%054x%02x", number, 0, number & 0xff);
}

static inline struct reader reader_of(unsigned int number, uint64_t cgroup)
{
	struct reader reader = { .kind = READER_CONTAINER, .container = cgroup };

	id_of(number, reader.id);
	return reader;
}

/* What engine 0 says of a container: its name is "c" and its number. */
static inline struct container_facts facts_of(unsigned int number)
{
	static const char labels[] = "tier=web";
	struct container_facts facts = { .image = "nginx:1.25", .labels_length = sizeof labels };

	id_of(number, facts.id);
	snprintf(facts.name, sizeof facts.name, "c%u", number);
	memcpy(facts.labels, labels, sizeof labels);
	return facts;
}

static inline void came(
	struct containers *containers, unsigned int number, enum container_state state)
{
	struct container_facts facts = facts_of(number);

	containers_came(containers, &facts, state);
}

static inline void went(struct containers *containers, unsigned int number, bool removed)
{
	char id[CONTAINER_ID_LENGTH + 1];

	id_of(number, id);
	containers_went(containers, id, removed);
}

static inline bool is_known(struct containers *containers, unsigned int number)
{
	char id[CONTAINER_ID_LENGTH + 1];

	id_of(number, id);
	return containers_visit(containers, id, NULL, NULL);
}

static inline enum standing opens(
	struct containers *containers, unsigned int number, uint64_t cgroup)
{
	struct reader reader = reader_of(number, cgroup);

	return containers_standing(containers, &reader, true);
}

static inline struct containers *with_engines(size_t engines)
{
	struct config config = { .engine_count = engines };

	return containers_new(&config, PATIENCE_MS * 1000000ull);
}

static inline int set_up(void **state)
{
	*state = with_engines(2);
	return *state ? 0 : -1;
}

static inline int tear_down(void **state)
{
	containers_free(*state);
	return 0;
}

#define with_two_engines(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
