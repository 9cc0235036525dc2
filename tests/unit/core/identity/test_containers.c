/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a container in the registry, told as stories: what its engine says of it, from
 * which cgroup somebody reads in its name, and who that is taken for. */
#include "containers_fixture.h"

enum deed {
	OPEN,
	LOOK,
	COME,
	GO,
	REMOVE,
	REFUSE,
	KEEP,
	ENGINE,
	OTHER_ENGINE,
	LOSE,
	AGAIN,
	PASS,
	QUESTION
};

struct step {
	enum deed deed;
	unsigned long value; /* a cgroup, a state, milliseconds */
	int expected;        /* a standing; whether there is a question */
};

#define OPENS(cgroup, standing)                                                                    \
	{                                                                                          \
		OPEN, cgroup, STANDING_##standing                                                  \
	}
#define LOOKS(cgroup, standing)                                                                    \
	{                                                                                          \
		LOOK, cgroup, STANDING_##standing                                                  \
	}
#define CAME(state)                                                                                \
	{                                                                                          \
		COME, CONTAINER_##state, 0                                                         \
	}
#define WENT                                                                                       \
	{                                                                                          \
		GO, 0, 0                                                                           \
	}
#define REMOVED                                                                                    \
	{                                                                                          \
		REMOVE, 0, 0                                                                       \
	}
#define UNKNOWN                                                                                    \
	{                                                                                          \
		REFUSE, 0, 0                                                                       \
	}
#define KEPT                                                                                       \
	{                                                                                          \
		KEEP, 0, 0                                                                         \
	}
#define ITS_ENGINE(state)                                                                          \
	{                                                                                          \
		ENGINE, CONTAINERS_##state, 0                                                      \
	}
#define THE_OTHER(state)                                                                           \
	{                                                                                          \
		OTHER_ENGINE, CONTAINERS_##state, 0                                                \
	}
#define LOST                                                                                       \
	{                                                                                          \
		LOSE, 0, 0                                                                         \
	}
#define ASK_AGAIN                                                                                  \
	{                                                                                          \
		AGAIN, 0, 0                                                                        \
	}
#define LATER(milliseconds)                                                                        \
	{                                                                                          \
		PASS, milliseconds, 0                                                              \
	}
#define IS_ASKED                                                                                   \
	{                                                                                          \
		QUESTION, 0, true                                                                  \
	}
#define NOT_ASKED                                                                                  \
	{                                                                                          \
		QUESTION, 0, false                                                                 \
	}

#define STEPS_MAX 24

static const struct story {
	const char *title;
	struct step steps[STEPS_MAX]; /* up to the first that is all zero */
} stories[] = {
	{ "known from its creation, pinned at first sight",
		{ ITS_ENGINE(SYNCED), CAME(CREATED), LOOKS(7, KNOWN), NOT_ASKED, CAME(RUNNING),
			OPENS(7, KNOWN), OPENS(8, PENDING), IS_ASKED, OPENS(7, KNOWN),
			NOT_ASKED } },
	{ "running when it is heard of",
		{ ITS_ENGINE(SYNCED), CAME(RUNNING), OPENS(7, KNOWN), OPENS(8, PENDING) } },
	{ "another cgroup is its own when its engine says that it runs",
		{ ITS_ENGINE(SYNCED), CAME(RUNNING), OPENS(7, KNOWN), OPENS(8, PENDING), IS_ASKED,
			CAME(RUNNING), OPENS(8, KNOWN), OPENS(7, PENDING), IS_ASKED } },
	{ "another cgroup is nobody's when it is said to have ended",
		{ ITS_ENGINE(SYNCED), CAME(RUNNING), OPENS(7, KNOWN), OPENS(8, PENDING), IS_ASKED,
			CAME(ENDED), OPENS(8, NOBODY), LOOKS(8, NOBODY), OPENS(7, PENDING) } },
	{ "what is said unasked moves no pin", { ITS_ENGINE(SYNCED), CAME(RUNNING), OPENS(7, KNOWN),
						       CAME(RUNNING), OPENS(8, PENDING) } },
	{ "started again, and asked for first",
		{ ITS_ENGINE(SYNCED), CAME(CREATED), OPENS(7, KNOWN), CAME(RUNNING), WENT,
			OPENS(7, PENDING), IS_ASKED, CAME(RUNNING), OPENS(7, KNOWN), NOT_ASKED } },
	{ "started again, and its engine is faster",
		{ ITS_ENGINE(SYNCED), CAME(RUNNING), OPENS(7, KNOWN), WENT, CAME(RUNNING),
			OPENS(8, KNOWN), OPENS(7, PENDING) } },
	{ "ended, and it is said again",
		{ ITS_ENGINE(SYNCED), CAME(RUNNING), OPENS(7, KNOWN), CAME(ENDED),
			LOOKS(7, PENDING), IS_ASKED, CAME(ENDED), LOOKS(7, NOBODY),
			OPENS(7, NOBODY), LATER(PATIENCE_MS), LOOKS(7, NOBODY), NOT_ASKED,
			OPENS(7, PENDING), IS_ASKED } },
	{ "its engine is down: what is known stands, and of the dead, too",
		{ ITS_ENGINE(SYNCED), CAME(RUNNING), OPENS(7, KNOWN), WENT, ITS_ENGINE(DOWN),
			OPENS(8, KNOWN), OPENS(9, KNOWN), NOT_ASKED } },
	{ "its engine tells what it has: it stands until all is told",
		{ ITS_ENGINE(SYNCED), CAME(RUNNING), OPENS(7, KNOWN), ITS_ENGINE(DOWN),
			ITS_ENGINE(LISTING), OPENS(8, KNOWN), CAME(RUNNING), ITS_ENGINE(SYNCED),
			OPENS(8, KNOWN), OPENS(9, PENDING) } },
	{ "not named among all that its engine has",
		{ ITS_ENGINE(SYNCED), CAME(RUNNING), OPENS(7, KNOWN), ITS_ENGINE(DOWN),
			ITS_ENGINE(LISTING), OPENS(7, KNOWN), ITS_ENGINE(SYNCED), OPENS(7, PENDING),
			IS_ASKED, UNKNOWN, OPENS(7, NOBODY) } },
	{ "another engine does not name it",
		{ ITS_ENGINE(SYNCED), CAME(RUNNING), OPENS(7, KNOWN), THE_OTHER(LISTING),
			THE_OTHER(SYNCED), OPENS(7, KNOWN), NOT_ASKED } },
	{ "another engine has told all, and its own has not",
		{ ITS_ENGINE(SYNCED), CAME(RUNNING), ITS_ENGINE(LISTING), THE_OTHER(LISTING),
			THE_OTHER(SYNCED), OPENS(7, KNOWN) } },
	{ "kept, and another engine has told all",
		{ KEPT, THE_OTHER(LISTING), THE_OTHER(SYNCED), OPENS(7, KNOWN), NOT_ASKED } },
	{ "all is told of what was begun, not of what was broken off",
		{ ITS_ENGINE(LISTING), CAME(RUNNING), ITS_ENGINE(LISTING), ITS_ENGINE(DOWN),
			ITS_ENGINE(SYNCED), OPENS(7, KNOWN), OPENS(8, PENDING) } },
	{ "an engine that was not listing has left nothing out",
		{ ITS_ENGINE(LISTING), CAME(RUNNING), ITS_ENGINE(SYNCED), ITS_ENGINE(SYNCED),
			ITS_ENGINE(DOWN), ITS_ENGINE(SYNCED), OPENS(7, KNOWN) } },
	{ "a listing that broke off drops nothing",
		{ ITS_ENGINE(SYNCED), CAME(RUNNING), ITS_ENGINE(LISTING), ITS_ENGINE(DOWN),
			OPENS(7, KNOWN), ITS_ENGINE(LISTING), CAME(RUNNING), ITS_ENGINE(SYNCED),
			OPENS(7, KNOWN) } },
	{ "all engines are lost: it stands", { ITS_ENGINE(SYNCED), CAME(RUNNING), OPENS(7, KNOWN),
						     WENT, LOST, OPENS(8, KNOWN), NOT_ASKED } },
	{ "kept, and no engine yet", { KEPT, OPENS(7, KNOWN), OPENS(8, KNOWN), NOT_ASKED } },
	{ "kept, and running still",
		{ KEPT, OPENS(7, KNOWN), ITS_ENGINE(LISTING), CAME(RUNNING), ITS_ENGINE(SYNCED),
			OPENS(7, KNOWN), OPENS(8, PENDING) } },
	{ "kept, and running, and not seen until then",
		{ KEPT, ITS_ENGINE(LISTING), CAME(RUNNING), ITS_ENGINE(SYNCED), OPENS(7, KNOWN) } },
	{ "kept, and ended", { KEPT, OPENS(7, KNOWN), ITS_ENGINE(LISTING), CAME(ENDED),
				     ITS_ENGINE(SYNCED), OPENS(7, PENDING), IS_ASKED } },
	{ "kept, and gone", { KEPT, OPENS(7, KNOWN), ITS_ENGINE(LISTING), ITS_ENGINE(SYNCED),
				    OPENS(7, PENDING), IS_ASKED, UNKNOWN, OPENS(7, NOBODY) } },
	{ "kept is less than said",
		{ ITS_ENGINE(SYNCED), CAME(RUNNING), KEPT, OPENS(7, KNOWN), OPENS(8, PENDING) } },
	{ "nobody knows it, and engines are there",
		{ ITS_ENGINE(SYNCED), OPENS(7, PENDING), IS_ASKED, UNKNOWN, LOOKS(7, NOBODY),
			OPENS(7, NOBODY), NOT_ASKED, LATER(PATIENCE_MS - 1), OPENS(7, NOBODY),
			NOT_ASKED, LATER(1), LOOKS(7, NOBODY), NOT_ASKED, OPENS(7, PENDING),
			IS_ASKED, CAME(CREATED), OPENS(7, KNOWN) } },
	{ "nobody knows it, and no engine is there: it waits",
		{ OPENS(7, PENDING), IS_ASKED, UNKNOWN, OPENS(7, PENDING), LATER(PATIENCE_MS - 1),
			LOOKS(7, PENDING), OPENS(7, PENDING), NOT_ASKED, LATER(1), LOOKS(7, NOBODY),
			NOT_ASKED, OPENS(7, PENDING), IS_ASKED } },
	{ "no engine of two but one",
		{ THE_OTHER(LISTING), OPENS(7, PENDING), UNKNOWN, OPENS(7, NOBODY) } },
	{ "engines are lost while it waits",
		{ THE_OTHER(SYNCED), OPENS(7, PENDING), LOST, UNKNOWN, OPENS(7, PENDING),
			CAME(RUNNING), OPENS(7, KNOWN) } },
	{ "an answer to what was asked first is none to what was asked since",
		{ ITS_ENGINE(SYNCED), OPENS(7, PENDING), IS_ASKED, LATER(PATIENCE_MS),
			OPENS(7, PENDING), IS_ASKED, UNKNOWN, IS_ASKED, OPENS(7, PENDING), UNKNOWN,
			NOT_ASKED, OPENS(7, NOBODY) } },
	{ "no answer in time, and a late one",
		{ ITS_ENGINE(SYNCED), OPENS(7, PENDING), IS_ASKED, LATER(PATIENCE_MS),
			LOOKS(7, NOBODY), CAME(RUNNING), LOOKS(7, KNOWN), OPENS(8, PENDING) } },
	{ "who only looks has it asked for", { ITS_ENGINE(SYNCED), LOOKS(7, PENDING), IS_ASKED,
						     CAME(CREATED), LOOKS(7, KNOWN), NOT_ASKED } },
	{ "asked for once, whoever waits",
		{ ITS_ENGINE(SYNCED), OPENS(7, PENDING), OPENS(7, PENDING), LOOKS(7, PENDING),
			IS_ASKED, OPENS(7, PENDING), NOT_ASKED } },
	{ "an answer takes the question back",
		{ ITS_ENGINE(SYNCED), OPENS(7, PENDING), CAME(RUNNING), NOT_ASKED } },
	{ "two cgroups of one stranger: the one that was asked for last",
		{ ITS_ENGINE(SYNCED), OPENS(7, PENDING), IS_ASKED, OPENS(8, PENDING), IS_ASKED,
			CAME(RUNNING), OPENS(8, KNOWN), OPENS(7, PENDING) } },
	{ "created while a stranger waits: whoever reads first, and nobody after",
		{ ITS_ENGINE(SYNCED), OPENS(7, PENDING), CAME(CREATED), OPENS(7, KNOWN),
			OPENS(8, PENDING) } },
	{ "removed", { ITS_ENGINE(SYNCED), CAME(RUNNING), OPENS(7, KNOWN), REMOVED,
			     OPENS(7, PENDING), IS_ASKED, UNKNOWN, OPENS(7, NOBODY) } },
	{ "removed while its engine is down",
		{ ITS_ENGINE(SYNCED), CAME(RUNNING), OPENS(7, KNOWN), REMOVED, ITS_ENGINE(DOWN),
			OPENS(7, PENDING) } },
	{ "somebody else speaks for the engines",
		{ ITS_ENGINE(SYNCED), OPENS(7, PENDING), IS_ASKED, NOT_ASKED, LOST, ASK_AGAIN,
			IS_ASKED, NOT_ASKED, OPENS(7, PENDING) } },
	{ "who was refused or answered is not asked for again",
		{ ITS_ENGINE(SYNCED), ASK_AGAIN, NOT_ASKED, OPENS(7, PENDING), IS_ASKED, UNKNOWN,
			ASK_AGAIN, NOT_ASKED, LATER(PATIENCE_MS), OPENS(7, PENDING), IS_ASKED,
			CAME(RUNNING), ASK_AGAIN, NOT_ASKED } },
	{ "words about somebody nobody has heard of",
		{ ITS_ENGINE(SYNCED), WENT, REMOVED, UNKNOWN, ASK_AGAIN, NOT_ASKED,
			OPENS(7, PENDING) } },
};

static void say(struct containers *containers, const struct step *step)
{
	struct container_facts facts = facts_of(1);

	switch (step->deed) {
	case COME:
		containers_came(containers, &facts, (enum container_state)step->value);
		break;
	case GO:
	case REMOVE:
		containers_went(containers, facts.id, step->deed == REMOVE);
		break;
	case REFUSE:
		containers_unknown(containers, facts.id);
		break;
	case KEEP:
		containers_keep(containers, &facts);
		break;
	case ENGINE:
	case OTHER_ENGINE:
		containers_engine(containers, step->deed == OTHER_ENGINE,
			(enum containers_engine)step->value);
		break;
	case LOSE:
		containers_engines_lost(containers);
		break;
	case AGAIN:
		containers_ask_again(containers);
		break;
	case PASS:
		let_pass(step->value);
		break;
	case OPEN:
	case LOOK:
	case QUESTION:
		break;
	}
}

/* What came of a step; 0 of one that is only said. */
static int do_step(struct containers *containers, const struct step *step)
{
	struct reader reader = reader_of(1, step->value);
	char id[CONTAINER_ID_LENGTH + 1];

	if (step->deed == OPEN || step->deed == LOOK)
		return (int)containers_standing(containers, &reader, step->deed == OPEN);
	if (step->deed == QUESTION) {
		bool asked = containers_next_question(containers, id);

		if (asked)
			assert_string_equal(id, reader.id);
		return asked;
	}
	say(containers, step);
	return 0;
}

static void tell(const struct story *story)
{
	static const struct step end;
	struct containers *containers = with_engines(2);

	assert_non_null(containers);
	for (int i = 0; i < STEPS_MAX && memcmp(&story->steps[i], &end, sizeof end); i++) {
		int came_of_it = do_step(containers, &story->steps[i]);

		if (came_of_it != story->steps[i].expected)
			fail_msg("%s, step %d: %d, not %d", story->title, i + 1, came_of_it,
				story->steps[i].expected);
	}
	containers_free(containers);
}

static void a_container_is_taken_for_what_its_story_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof stories / sizeof *stories; i++)
		tell(&stories[i]);
}

/* Without engines nothing is asked, and nothing that is said counts. */
static void without_engines_all_are_weak(void **state)
{
	struct containers *containers = with_engines(0);
	char id[CONTAINER_ID_LENGTH + 1];

	(void)state;
	assert_non_null(containers);
	assert_int_equal(opens(containers, 1, 7), STANDING_WEAK);
	came(containers, 1, CONTAINER_RUNNING);
	containers_engine(containers, 0, CONTAINERS_SYNCED);
	assert_int_equal(containers_engine_state(containers, 0), CONTAINERS_DOWN);
	assert_int_equal(opens(containers, 1, 7), STANDING_WEAK);
	assert_int_equal(opens(containers, 1, 8), STANDING_WEAK);
	assert_false(containers_next_question(containers, id));
	assert_int_equal(containers_count(containers), 0);
	containers_free(containers);
	containers_free(NULL);
}

static void an_engine_is_one_of_the_configured(void **state)
{
	struct container_facts facts = facts_of(1);

	assert_int_equal(containers_engine_state(*state, 0), CONTAINERS_DOWN);
	containers_engine(*state, 0, CONTAINERS_LISTING);
	containers_engine(*state, 1, CONTAINERS_SYNCED);
	containers_engine(*state, 2, CONTAINERS_SYNCED);
	containers_engine(*state, UINT32_MAX, CONTAINERS_SYNCED);
	assert_int_equal(containers_engine_state(*state, 0), CONTAINERS_LISTING);
	assert_int_equal(containers_engine_state(*state, 1), CONTAINERS_SYNCED);
	assert_int_equal(containers_engine_state(*state, 2), CONTAINERS_DOWN);
	containers_engines_lost(*state);
	assert_int_equal(containers_engine_state(*state, 0), CONTAINERS_DOWN);
	assert_int_equal(containers_engine_state(*state, 1), CONTAINERS_DOWN);
	facts.engine = 2;
	containers_came(*state, &facts, CONTAINER_RUNNING);
	containers_keep(*state, &facts);
	assert_int_equal(containers_count(*state), 0);
	facts.engine = 1;
	containers_came(*state, &facts, CONTAINER_RUNNING);
	assert_int_equal(containers_count(*state), 1);
}

/* Every one of those who wait gets its question, and one answer is about one of them. */
static void who_waits_is_asked_for_one_by_one(void **state)
{
	enum { WAITING = 50 };
	char id[CONTAINER_ID_LENGTH + 1], expected[CONTAINER_ID_LENGTH + 1];

	containers_engine(*state, 0, CONTAINERS_SYNCED);
	for (unsigned int i = 0; i < WAITING; i++)
		assert_int_equal(opens(*state, i, 100 + i), STANDING_PENDING);
	for (unsigned int i = 0; i < WAITING; i++) {
		id_of(i, expected);
		assert_true(containers_next_question(*state, id));
		assert_string_equal(id, expected);
	}
	assert_false(containers_next_question(*state, id));
	came(*state, 20, CONTAINER_RUNNING);
	for (unsigned int i = 0; i < WAITING; i++)
		assert_int_equal(
			opens(*state, i, 100 + i), i == 20 ? STANDING_KNOWN : STANDING_PENDING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_container_is_taken_for_what_its_story_says),
		cmocka_unit_test(without_engines_all_are_weak),
		with_two_engines(an_engine_is_one_of_the_configured),
		with_two_engines(who_waits_is_asked_for_one_by_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
