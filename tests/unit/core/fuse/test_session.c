/* SPDX-License-Identifier: Apache-2.0 */
/* The rule of sessions, over times that the test says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/fuse/internal.h"

#define START_NS 1000000000000ull
#define SEED 20260101u
#define STEPS 200000
#define PROCESSES 7
#define FOLDERS 2
#define MEMBERS 4
#define OLD_NOTES 64 /* OPENs that may be noted again at any time */

static const uint8_t bundle[SEAL_ID_BYTES] = { 1 }, another[SEAL_ID_BYTES] = { 2 };

static struct session_member by(uint64_t process, uint32_t member)
{
	return (struct session_member){ .folder = 77,
		.process = process,
		.process_start = 5,
		.reader = 9,
		.bundle_id = bundle,
		.member = member };
}

static int set_up(void **state)
{
	struct sessions *sessions = calloc(1, sizeof *sessions);

	assert_non_null(sessions);
	sessions_open_table(sessions, calloc(HANDOVER_SESSIONS, sizeof(struct handover_session)));
	assert_non_null(sessions->table);
	*state = sessions;
	return 0;
}

static int tear_down(void **state)
{
	struct sessions *sessions = *state;

	free(sessions->table);
	free(sessions);
	return 0;
}

/* What it is given; 0: there was no room. */
static uint64_t opens(
	struct sessions *sessions, struct session_member who, uint64_t newest, uint64_t now_ns)
{
	struct session_choice choice;

	if (!session_choose(sessions, &who, newest, now_ns, &choice))
		return 0;
	session_note(sessions, &who, &choice, now_ns);
	return choice.generation;
}

static void members_of_one_generation_belong_together(void **state)
{
	struct sessions *sessions = *state;

	assert_int_equal(opens(sessions, by(1, 0), 4, START_NS), 4);
	assert_int_equal(opens(sessions, by(1, 1), 5, START_NS + 1), 4);
	assert_int_equal(opens(sessions, by(2, 1), 5, START_NS + 1), 5);
	/* The second time it is the newest, and so are the others from then on. */
	assert_int_equal(opens(sessions, by(1, 1), 6, START_NS + 2), 6);
	assert_int_equal(opens(sessions, by(1, 0), 7, START_NS + 3), 6);
	assert_int_equal(opens(sessions, by(1, 2), 7, START_NS + 3), 6);
	assert_int_equal(opens(sessions, by(2, 0), 7, START_NS + 3), 5);
	/* Though it is the same one as before. */
	assert_int_equal(opens(sessions, by(1, 2), 7, START_NS + 4), 7);
	assert_int_equal(opens(sessions, by(1, 2), 7, START_NS + 5), 7);
	assert_int_equal(opens(sessions, by(1, 0), 8, START_NS + 6), 7);
}

static void it_is_over_after_two_seconds(void **state)
{
	struct sessions *sessions = *state;

	assert_int_equal(SESSION_NS, 2000000000);
	assert_int_equal(opens(sessions, by(1, 0), 1, START_NS), 1);
	assert_int_equal(opens(sessions, by(1, 1), 2, START_NS + SESSION_NS - 1), 1);
	/* Counted from its beginning, not from the last OPEN. */
	assert_int_equal(opens(sessions, by(1, 2), 2, START_NS + SESSION_NS), 2);
	assert_int_equal(opens(sessions, by(1, 1), 3, START_NS + SESSION_NS + 1), 2);
}

static void others_have_sessions_of_their_own(void **state)
{
	struct session_member rows[4];
	struct sessions *sessions = *state;

	for (int i = 0; i < 4; i++)
		rows[i] = by(1, 1);
	rows[0].process_start = 6; /* the number was used again */
	rows[1].process = 2;
	rows[2].folder = 78;
	rows[3].bundle_id = another; /* the folder shows another bundle now */
	assert_int_equal(opens(sessions, by(1, 0), 1, START_NS), 1);
	for (int i = 0; i < 4; i++)
		assert_int_equal(opens(sessions, rows[i], 9, START_NS + 1), 9);
}

static void what_was_not_noted_did_not_happen(void **state)
{
	struct sessions *sessions = *state;
	struct session_member cert = by(1, 0), key = by(1, 1);
	struct session_choice choice, first;

	assert_true(session_choose(sessions, &cert, 1, START_NS, &choice));
	assert_true(session_choose(sessions, &cert, 2, START_NS + 1, &first));
	assert_int_equal(first.generation, 2);
	session_note(sessions, &cert, &first, START_NS + 1);
	assert_true(session_choose(sessions, &key, 3, START_NS + 2, &choice));
	assert_int_equal(choice.generation, 2);
	assert_true(session_choose(sessions, &cert, 3, START_NS + 2, &choice));
	assert_int_equal(choice.generation, 3);
	assert_int_equal(opens(sessions, key, 3, START_NS + 3), 2);
	/* What is taken back is free to be opened; the last one takes the session with it. */
	session_forget(sessions, &key, first.since_ns + 1);
	assert_int_equal(opens(sessions, by(1, 2), 4, START_NS + 4), 2);
	session_forget(sessions, &key, first.since_ns);
	assert_int_equal(opens(sessions, key, 4, START_NS + 5), 2);
	for (uint32_t member = 0; member < 3; member++) {
		struct session_member who = by(1, member);

		session_forget(sessions, &who, first.since_ns);
	}
	assert_int_equal(opens(sessions, by(1, 3), 4, START_NS + 6), 4);
}

/* An OPEN that a later core notes again, or comes to note first. */
static void noted_again_it_changes_nothing(void **state)
{
	struct sessions *sessions = *state;
	struct session_member cert = by(1, 0), key = by(1, 1);
	struct session_choice first, second, third;

	assert_true(session_choose(sessions, &cert, 1, START_NS, &first));
	session_note(sessions, &cert, &first, START_NS + SESSION_NS - 1);
	session_note(sessions, &cert, &first, START_NS + 1);
	assert_int_equal(opens(sessions, key, 2, START_NS + 1), 1);
	/* Within one moment, of one generation, and yet another session. */
	assert_true(session_choose(sessions, &key, 1, START_NS, &second));
	assert_int_equal(second.generation, 1);
	assert_true(second.since_ns > first.since_ns);
	session_note(sessions, &key, &second, START_NS);
	session_note(sessions, &cert, &first, START_NS);
	assert_true(session_choose(sessions, &cert, 5, START_NS + 2, &third));
	assert_int_equal(third.generation, 1);
	assert_int_equal(third.since_ns, second.since_ns);
	/* One that is over needs no place. */
	cert.process = 2;
	session_note(sessions, &cert, &first, START_NS + SESSION_NS);
	assert_false(session_reads(sessions, bundle, 1, START_NS + SESSION_NS + 1));
	assert_int_equal(sessions->used, 1);
}

static void a_generation_is_read_while_a_session_is(void **state)
{
	struct sessions *sessions = *state;

	assert_false(session_reads(sessions, bundle, 3, START_NS));
	opens(sessions, by(1, 0), 3, START_NS);
	opens(sessions, by(2, 0), 4, START_NS + 1);
	assert_true(session_reads(sessions, bundle, 3, START_NS + SESSION_NS - 1));
	assert_false(session_reads(sessions, another, 3, START_NS + 1));
	assert_false(session_reads(sessions, bundle, 2, START_NS + 1));
	assert_false(session_reads(sessions, bundle, 3, START_NS + SESSION_NS));
	assert_true(session_reads(sessions, bundle, 4, START_NS + SESSION_NS));
	opens(sessions, by(2, 0), 5, START_NS + 2);
	assert_false(session_reads(sessions, bundle, 4, START_NS + 3));
}

/* One container has a quarter, all together the table; those that are over make room. */
static void a_full_table_makes_no_mixed_sets(void **state)
{
	struct sessions *sessions = *state;
	struct session_member who = by(1, 0);
	uint64_t process = 1;

	for (who.reader = 1; who.reader <= 4; who.reader++) {
		for (unsigned int i = 0; i < SESSIONS_PER_READER; i++) {
			who.process = process++;
			assert_int_equal(opens(sessions, who, 1, START_NS), 1);
		}
		who.process = process;
		assert_int_equal(opens(sessions, who, 1, START_NS), 0);
	}
	assert_int_equal(process - 1, HANDOVER_SESSIONS);
	assert_int_equal(opens(sessions, who, 1, START_NS), 0);
	/* Who has one goes on, and anew. */
	who.process = process - 1;
	who.reader = 4;
	who.member = 1;
	assert_int_equal(opens(sessions, who, 2, START_NS + 1), 1);
	assert_int_equal(opens(sessions, who, 2, START_NS + 1), 2);
	who.process = process;
	who.reader = 5;
	assert_int_equal(opens(sessions, who, 3, START_NS + SESSION_NS), 3);
	assert_int_equal(sessions->used, HANDOVER_SESSIONS);
}

/* Processes of the host share no container: a consumer's share is then its own. */
static void consumers_of_the_host_have_shares(void **state)
{
	struct sessions *sessions = *state;
	struct session_member who = by(1, 0);

	who.reader = 0;
	for (who.process = 1; who.process <= SESSIONS_PER_READER; who.process++)
		assert_int_equal(opens(sessions, who, 1, START_NS), 1);
	assert_int_equal(opens(sessions, who, 1, START_NS), 0);
	who.folder++;
	assert_int_equal(opens(sessions, who, 1, START_NS), 1);
}

static void the_next_core_knows_them(void **state)
{
	struct sessions *sessions = *state, next;
	struct session_member who = by(1, 0);

	for (who.process = 1; who.process <= 9; who.process++)
		opens(sessions, who, 1, START_NS);
	sessions_open_table(&next, sessions->table);
	assert_int_equal(next.used, 9);
	who = by(9, 1);
	assert_int_equal(opens(&next, who, 2, START_NS + 1), 1);
}

/* The rule once more, as it is said. */
struct reference {
	uint64_t generation, began_ns;
	bool opened[MEMBERS], reads;
};

static uint64_t refer(struct reference *process, uint32_t member, uint64_t newest, uint64_t now_ns)
{
	if (!process->reads || process->opened[member] ||
		now_ns - process->began_ns >= 2000000000) {
		*process = (struct reference){ newest, now_ns, { false }, true };
	}
	process->opened[member] = true;
	return process->generation;
}

static void any_order_of_opens_keeps_the_rule(void **state)
{
	struct reference expected[FOLDERS][PROCESSES] = { 0 };
	struct sessions *sessions = *state;
	struct {
		struct session_member who;
		struct session_choice choice;
	} old[OLD_NOTES] = { 0 };
	uint64_t now = START_NS, newest = 1;

	srandom(SEED);
	for (unsigned int step = 0; step < STEPS; step++) {
		uint64_t folder = (uint64_t)random() % FOLDERS,
			 process = (uint64_t)random() % PROCESSES;
		struct session_member who = by(process + 1, (uint32_t)random() % MEMBERS);
		struct session_choice choice;
		size_t again = (size_t)random() % OLD_NOTES;

		who.folder += folder;
		newest += random() % 3 == 0;
		now += random() % 4 ? 0 : (uint64_t)random() % (random() % 3 ? 1000 : SESSION_NS);
		assert_true(session_choose(sessions, &who, newest, now, &choice));
		assert_int_equal(choice.generation,
			refer(&expected[folder][process], who.member, newest, now));
		session_note(sessions, &who, &choice, now);
		old[step % OLD_NOTES].who = who;
		old[step % OLD_NOTES].choice = choice;
		if (old[again].who.folder)
			session_note(sessions, &old[again].who, &old[again].choice, now);
	}
}

#define with_table(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_table(members_of_one_generation_belong_together),
		with_table(it_is_over_after_two_seconds),
		with_table(others_have_sessions_of_their_own),
		with_table(what_was_not_noted_did_not_happen),
		with_table(noted_again_it_changes_nothing),
		with_table(a_generation_is_read_while_a_session_is),
		with_table(a_full_table_makes_no_mixed_sets),
		with_table(consumers_of_the_host_have_shares),
		with_table(the_next_core_knows_them),
		with_table(any_order_of_opens_keeps_the_rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
