/* SPDX-License-Identifier: Apache-2.0 */
/* The registry under many threads: FUSE's that read, one that engines speak through, one that asks
 * and writes down. Of use above all in the builds that look for races. */
#include "containers_fixture.h"

#include <pthread.h>

#define CONTAINERS 16
#define ROUNDS 4000
#define READERS 4

struct hammer {
	struct containers *containers;
	_Atomic bool done;
	_Atomic size_t seen, kept, known;
	_Atomic size_t wrong; /* an assertion belongs into the thread that runs the test */
};

static void must_be(struct hammer *hammer, bool right)
{
	if (!right)
		atomic_fetch_add(&hammer->wrong, 1);
}

/* Never twice the same number in a row, the same in every run. */
static unsigned int next_random(unsigned int *state)
{
	return *state = *state * 1103515245u + 12345u;
}

/* What is shown is whole, whoever changes it meanwhile. */
static void look_at(void *arg, const struct container_facts *facts, enum container_state state)
{
	struct hammer *hammer = arg;

	must_be(hammer, state <= CONTAINER_ENDED);
	must_be(hammer, container_facts_check(facts, NULL) == 0);
	must_be(hammer, facts->name[1] == (facts->labels_length > sizeof "tier=web" ? 'l' : 's'));
	atomic_fetch_add(&hammer->seen, 1);
}

static void *read_as_fuse(void *arg)
{
	struct hammer *hammer = arg;
	unsigned int random = (unsigned int)(uintptr_t)&random;

	for (int i = 0; i < ROUNDS || !atomic_load(&hammer->done); i++) {
		unsigned int number = (next_random(&random) >> 8) % CONTAINERS;
		struct reader reader = reader_of(number, 1 + (random >> 20) % 3);
		char id[CONTAINER_ID_LENGTH + 1];

		if (containers_standing(hammer->containers, &reader, random & 4) == STANDING_KNOWN)
			atomic_fetch_add(&hammer->known, 1);
		containers_visit(hammer->containers, reader.id, look_at, hammer);
		if (i % 64 == 0) {
			containers_each(hammer->containers, look_at, hammer);
			containers_find(hammer->containers, reader.id, id);
			must_be(hammer, containers_count(hammer->containers) <= CONTAINERS);
		}
		if (containers_find(hammer->containers, "cs", id))
			must_be(hammer, container_id_ok(id));
	}
	return NULL;
}

static void speak_of(struct containers *containers, unsigned int number, unsigned int random)
{
	struct container_facts facts = facts_of(number);

	facts.engine = random & 1;
	strcpy(facts.name, random & 2 ? "cl" : "cs");
	if (random & 2) {
		memset(facts.labels, 'a', 4000);
		facts.labels_length = 4001;
	}
	containers_came(containers, &facts, (enum container_state)((random >> 2) % 3));
}

static void *speak_as_engines(void *arg)
{
	struct hammer *hammer = arg;
	unsigned int random = 1;

	for (int i = 0; i < ROUNDS; i++) {
		unsigned int number = (next_random(&random) >> 8) % CONTAINERS;
		struct reader reader = reader_of(number, 1);

		speak_of(hammer->containers, number, random >> 12);
		if (random >> 24 < 64)
			containers_went(hammer->containers, reader.id, random >> 24 < 20);
		if (random >> 24 > 240)
			containers_unknown(hammer->containers, reader.id);
		if (i % 50 == 0)
			containers_engine(hammer->containers, random >> 16 & 1,
				(enum containers_engine)((random >> 18) % 3));
		if (i % 500 == 0) {
			containers_engines_lost(hammer->containers);
			containers_ask_again(hammer->containers);
		}
		let_pass(random >> 28);
	}
	atomic_store(&hammer->done, true);
	return NULL;
}

static void *ask_and_write(void *arg)
{
	struct hammer *hammer = arg;
	struct container_facts *facts;
	char id[CONTAINER_ID_LENGTH + 1];

	bool done;

	do {
		done = atomic_load(&hammer->done);
		while (containers_next_question(hammer->containers, id))
			must_be(hammer, container_id_ok(id));
		while (containers_next_change(hammer->containers, id, &facts)) {
			must_be(hammer, container_id_ok(id));
			if (facts)
				look_at(hammer, facts, CONTAINER_ENDED);
			free(facts);
			atomic_fetch_add(&hammer->kept, 1);
		}
		containers_all_changed(hammer->containers);
	} while (!done);
	return NULL;
}

static void threads_see_whole_containers(void **state)
{
	struct hammer hammer = { .containers = *state };
	pthread_t threads[READERS + 2];

	for (int i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_as_fuse, &hammer), 0);
	assert_int_equal(pthread_create(&threads[READERS], NULL, ask_and_write, &hammer), 0);
	assert_int_equal(pthread_create(&threads[READERS + 1], NULL, speak_as_engines, &hammer), 0);
	for (int i = 0; i < READERS + 2; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(hammer.wrong, 0);
	assert_true(hammer.seen > 0 && hammer.kept > 0 && hammer.known > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { with_two_engines(threads_see_whole_containers) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
