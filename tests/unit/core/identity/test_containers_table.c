/* SPDX-License-Identifier: Apache-2.0 */
/* The registry as a table: what is found in it, what is written down of it, and how much there is.
 */
#include "containers_fixture.h"

#include <poll.h>
#include <sys/eventfd.h>

static void must_find(struct containers *containers, const char *name, unsigned int number)
{
	char id[CONTAINER_ID_LENGTH + 1], expected[CONTAINER_ID_LENGTH + 1];

	id_of(number, expected);
	if (!containers_find(containers, name, id))
		fail_msg("%s is not found", name);
	assert_string_equal(id, expected);
}

static void must_not_find(struct containers *containers, const char *name)
{
	char id[CONTAINER_ID_LENGTH + 1];

	if (containers_find(containers, name, id))
		fail_msg("\"%s\" is %s", name, id);
}

static void a_container_is_found_by_name_or_the_beginning_of_its_id(void **state)
{
	struct container_facts facts = facts_of(3);
	char id[CONTAINER_ID_LENGTH + 2];

	came(*state, 1, CONTAINER_RUNNING);
	came(*state, 2, CONTAINER_ENDED);
	must_find(*state, "c1", 1);
	must_find(*state, "c2", 2);
	must_not_find(*state, "c");
	must_not_find(*state, "c12");
	for (size_t length = 0; length <= CONTAINER_ID_LENGTH; length++) {
		id_of(1, id);
		id[length] = '\0';
		if (length < 12)
			must_not_find(*state, id);
		else
			must_find(*state, id, 1);
	}
	id_of(1, id);
	strcat(id, "0");
	must_not_find(*state, id);
	/* Two of one name, as two engines may have; the id tells them apart. */
	facts.engine = 1;
	strcpy(facts.name, "c1");
	containers_came(*state, &facts, CONTAINER_RUNNING);
	must_not_find(*state, "c1");
	must_find(*state, facts.id, 3);
	went(*state, 3, true);
	must_find(*state, "c1", 1);
	must_not_find(*state, facts.id);
}

/* A name that is too long is left out: it is not the name "". Nor is a stranger found. */
static void no_name_finds_nothing(void **state)
{
	struct container_facts facts = facts_of(1);
	char id[CONTAINER_ID_LENGTH + 1];

	facts.name[0] = '\0';
	containers_came(*state, &facts, CONTAINER_RUNNING);
	must_not_find(*state, "");
	must_find(*state, facts.id, 1);
	assert_int_equal(opens(*state, 2, 7), STANDING_PENDING);
	id_of(2, id);
	must_not_find(*state, id);
}

/* Two ids that begin with the same digits. */
static void a_beginning_of_two_ids_is_nobodys(void **state)
{
	struct container_facts facts = facts_of(1);

	came(*state, 1, CONTAINER_RUNNING);
	facts.id[CONTAINER_ID_LENGTH - 1] = 'f';
	strcpy(facts.name, "other");
	containers_came(*state, &facts, CONTAINER_RUNNING);
	must_not_find(*state, "000000010000");
	must_find(*state, "c1", 1);
	facts.id[CONTAINER_ID_LENGTH - 1] = '1';
	must_find(*state, facts.id, 1);
}

struct seen {
	struct container_facts facts;
	enum container_state state;
	size_t count;
};

static void see(void *arg, const struct container_facts *facts, enum container_state state)
{
	struct seen *seen = arg;

	memcpy(&seen->facts, facts, container_facts_size(facts));
	seen->state = state;
	seen->count++;
}

static struct seen visit(struct containers *containers, unsigned int number)
{
	struct seen seen = { 0 };
	char id[CONTAINER_ID_LENGTH + 1];
	bool known;

	id_of(number, id);
	known = containers_visit(containers, id, see, &seen);
	assert_int_equal(known, seen.count == 1);
	return seen;
}

static void what_is_known_is_what_was_said_last(void **state)
{
	struct container_facts facts = facts_of(1);
	struct seen seen = { 0 };

	containers_came(*state, &facts, CONTAINER_CREATED);
	assert_int_equal(visit(*state, 1).state, CONTAINER_CREATED);
	strcpy(facts.name, "renamed");
	memcpy(facts.labels, "a=1\0b=2", sizeof "a=1\0b=2");
	facts.labels_length = sizeof "a=1\0b=2";
	containers_came(*state, &facts, CONTAINER_RUNNING);
	seen = visit(*state, 1);
	assert_int_equal(seen.state, CONTAINER_RUNNING);
	assert_memory_equal(&seen.facts, &facts, container_facts_size(&facts));
	assert_int_equal(opens(*state, 1, 7), STANDING_KNOWN);
	went(*state, 1, false);
	assert_int_equal(visit(*state, 1).state, CONTAINER_ENDED);
	must_find(*state, "renamed", 1);
	must_not_find(*state, "c1");
	/* Of a stranger nothing is known, and it is none of all. */
	assert_int_equal(opens(*state, 2, 7), STANDING_PENDING);
	assert_int_equal(visit(*state, 2).count, 0);
	came(*state, 3, CONTAINER_RUNNING);
	seen.count = 0;
	containers_each(*state, see, &seen);
	assert_int_equal(seen.count, 2);
	assert_int_equal(containers_count(*state), 2);
	went(*state, 1, true);
	assert_false(is_known(*state, 1));
	assert_int_equal(containers_count(*state), 1);
}

/* Whether it says that there is something; and take that back. */
static bool is_woken(int fd)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	eventfd_t ignored;

	return poll(&poller, 1, 0) == 1 && eventfd_read(fd, &ignored) == 0;
}

/* The next change is container `number`, removed or with what facts_of() says, of such a name. */
static void must_change(struct containers *containers, unsigned int number, const char *name)
{
	char id[CONTAINER_ID_LENGTH + 1], expected[CONTAINER_ID_LENGTH + 1];
	struct container_facts said = facts_of(number), *facts;

	id_of(number, expected);
	assert_true(containers_next_change(containers, id, &facts));
	assert_string_equal(id, expected);
	assert_int_equal(facts != NULL, name != NULL);
	if (!facts)
		return;
	memset(said.name, 0, sizeof said.name);
	strcpy(said.name, name);
	assert_memory_equal(facts, &said, container_facts_size(&said));
	free(facts);
}

static void must_be_written(struct containers *containers)
{
	struct container_facts *facts = (struct container_facts *)&facts;
	char id[CONTAINER_ID_LENGTH + 1];

	assert_false(containers_next_change(containers, id, &facts));
	assert_null(facts);
}

static void a_change_is_written_down_once(void **state)
{
	int keep_fd = containers_keep_fd(*state);
	struct container_facts facts = facts_of(1);

	must_be_written(*state);
	assert_false(is_woken(keep_fd));
	came(*state, 1, CONTAINER_CREATED);
	came(*state, 2, CONTAINER_RUNNING);
	assert_true(is_woken(keep_fd));
	must_change(*state, 1, "c1");
	must_change(*state, 2, "c2");
	must_be_written(*state);
	/* Its life is not written down, and nor is what is said again. */
	came(*state, 1, CONTAINER_RUNNING);
	went(*state, 1, false);
	assert_int_equal(opens(*state, 1, 7), STANDING_KNOWN);
	assert_int_equal(opens(*state, 3, 7), STANDING_PENDING);
	went(*state, 3, true);
	assert_false(is_woken(keep_fd));
	must_be_written(*state);
	strcpy(facts.name, "renamed");
	containers_came(*state, &facts, CONTAINER_RUNNING);
	assert_true(is_woken(keep_fd));
	must_change(*state, 1, "renamed");
	must_be_written(*state);
	went(*state, 2, true);
	assert_true(is_woken(keep_fd));
	must_change(*state, 2, NULL);
	must_be_written(*state);
}

/* Removed and there again before anybody wrote: it is there. And the other way round it is not. */
static void what_was_last_is_written_last(void **state)
{
	came(*state, 1, CONTAINER_RUNNING);
	must_change(*state, 1, "c1");
	went(*state, 1, true);
	came(*state, 1, CONTAINER_CREATED);
	must_change(*state, 1, NULL);
	must_change(*state, 1, "c1");
	must_be_written(*state);
	came(*state, 2, CONTAINER_CREATED);
	went(*state, 2, true);
	came(*state, 2, CONTAINER_CREATED);
	went(*state, 2, true);
	must_change(*state, 2, NULL);
	must_be_written(*state);
}

/* A write that failed: everything is to be written. */
static void all_can_be_written_again(void **state)
{
	came(*state, 1, CONTAINER_RUNNING);
	came(*state, 2, CONTAINER_RUNNING);
	assert_int_equal(opens(*state, 3, 7), STANDING_PENDING);
	must_change(*state, 1, "c1");
	containers_all_changed(*state);
	must_change(*state, 1, "c1");
	must_change(*state, 2, "c2");
	must_be_written(*state);
}

/* What was written down makes the same registry, in which nothing is to be written. */
static void what_was_kept_comes_back(void **state)
{
	struct containers *next = with_engines(2);
	struct container_facts *facts, renamed = facts_of(3);
	char id[CONTAINER_ID_LENGTH + 1];

	came(*state, 1, CONTAINER_RUNNING);
	came(*state, 2, CONTAINER_CREATED);
	while (containers_next_change(*state, id, &facts)) {
		containers_keep(next, facts);
		free(facts);
	}
	assert_int_equal(containers_count(next), 2);
	assert_false(is_woken(containers_keep_fd(next)));
	must_be_written(next);
	for (unsigned int i = 1; i <= 2; i++) {
		struct seen before = visit(*state, i), after = visit(next, i);

		assert_memory_equal(
			&after.facts, &before.facts, container_facts_size(&before.facts));
		assert_int_equal(after.state, CONTAINER_ENDED);
	}
	/* Kept is less than said. */
	came(next, 3, CONTAINER_RUNNING);
	strcpy(renamed.name, "kept");
	containers_keep(next, &renamed);
	assert_string_equal(visit(next, 3).facts.name, "c3");
	assert_int_equal(visit(next, 3).state, CONTAINER_RUNNING);
	went(next, 3, true);
	must_change(next, 3, NULL);
	/* What is left out of a listing is taken from the store as well. */
	containers_engine(next, 0, CONTAINERS_LISTING);
	came(next, 2, CONTAINER_RUNNING);
	containers_engine(next, 0, CONTAINERS_SYNCED);
	must_change(next, 1, NULL);
	must_be_written(next);
	containers_free(next);
}

static void somebody_is_woken_to_ask(void **state)
{
	int wake_fd = containers_wake_fd(*state);

	containers_engine(*state, 0, CONTAINERS_SYNCED);
	came(*state, 1, CONTAINER_RUNNING);
	assert_int_equal(opens(*state, 1, 7), STANDING_KNOWN);
	assert_false(is_woken(wake_fd));
	assert_int_equal(opens(*state, 2, 7), STANDING_PENDING);
	assert_true(is_woken(wake_fd));
	assert_int_equal(opens(*state, 2, 7), STANDING_PENDING);
	assert_false(is_woken(wake_fd));
	containers_ask_again(*state);
	assert_true(is_woken(wake_fd));
}

/* Full of what lives: nobody new is known, and nothing is lost. What ended makes room, the oldest
 * first, and is taken from the store. */
static void there_is_an_end_to_what_is_known(void **state)
{
	char id[CONTAINER_ID_LENGTH + 1];

	containers_engine(*state, 0, CONTAINERS_SYNCED);
	for (unsigned int i = 0; i < CONTAINERS_MAX; i++)
		came(*state, i, CONTAINER_RUNNING);
	assert_int_equal(containers_count(*state), CONTAINERS_MAX);
	for (unsigned int i = 0; i < CONTAINERS_MAX; i++)
		must_change(*state, i, visit(*state, i).facts.name);
	came(*state, CONTAINERS_MAX, CONTAINER_RUNNING);
	assert_false(is_known(*state, CONTAINERS_MAX));
	assert_int_equal(opens(*state, CONTAINERS_MAX, 7), STANDING_NOBODY);
	assert_false(containers_next_question(*state, id));
	assert_int_equal(opens(*state, 5, 7), STANDING_KNOWN);
	came(*state, 5, CONTAINER_RUNNING);
	went(*state, 9, false);
	went(*state, 5, false);
	came(*state, CONTAINERS_MAX, CONTAINER_RUNNING);
	assert_true(is_known(*state, CONTAINERS_MAX));
	assert_false(is_known(*state, 5));
	assert_true(is_known(*state, 9));
	assert_int_equal(containers_count(*state), CONTAINERS_MAX);
	must_change(*state, 5, NULL);
	/* A stranger takes the place of what ended, but of nothing that lives. */
	assert_int_equal(opens(*state, CONTAINERS_MAX + 1, 7), STANDING_PENDING);
	assert_false(is_known(*state, 9));
	assert_int_equal(opens(*state, CONTAINERS_MAX + 2, 7), STANDING_NOBODY);
	/* And gives it back, once it has been asked for. */
	assert_true(containers_next_question(*state, id));
	came(*state, CONTAINERS_MAX + 2, CONTAINER_RUNNING);
	assert_true(is_known(*state, CONTAINERS_MAX + 2));
	assert_int_equal(containers_count(*state), CONTAINERS_MAX);
	came(*state, CONTAINERS_MAX + 3, CONTAINER_RUNNING);
	assert_false(is_known(*state, CONTAINERS_MAX + 3));
}

/* However many strangers read, they leave what is known alone. */
static void strangers_make_room_for_each_other(void **state)
{
	char id[CONTAINER_ID_LENGTH + 1];

	containers_engine(*state, 0, CONTAINERS_SYNCED);
	came(*state, 0, CONTAINER_RUNNING);
	went(*state, 0, false);
	for (unsigned int i = 1; i < CONTAINERS_MAX + 100; i++) {
		assert_int_equal(opens(*state, i, 7), STANDING_PENDING);
		assert_true(containers_next_question(*state, id));
	}
	assert_true(is_known(*state, 0));
	assert_int_equal(containers_count(*state), 1);
	must_change(*state, 0, "c0");
	must_be_written(*state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_two_engines(a_container_is_found_by_name_or_the_beginning_of_its_id),
		with_two_engines(no_name_finds_nothing),
		with_two_engines(a_beginning_of_two_ids_is_nobodys),
		with_two_engines(what_is_known_is_what_was_said_last),
		with_two_engines(a_change_is_written_down_once),
		with_two_engines(what_was_last_is_written_last),
		with_two_engines(all_can_be_written_again),
		with_two_engines(what_was_kept_comes_back),
		with_two_engines(somebody_is_woken_to_ask),
		with_two_engines(there_is_an_end_to_what_is_known),
		with_two_engines(strangers_make_room_for_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
