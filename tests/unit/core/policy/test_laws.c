/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold of the decision whatever its rows say: asked of every question there is. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/policy/policy.h"

#define PLACES (PLACE_FILE + 1)
#define MATCHES (MATCH_UNKNOWN + 1)
#define BITS 11 /* of a question that are true or false */

typedef void each_fn(const struct policy_question *question, size_t *count);

static struct policy_question question_of(unsigned int bits)
{
	return (struct policy_question){ .locked = bits & 1,
		.exists = bits & 2,
		.expired = bits & 4,
		.used_up = bits & 8,
		.frozen = bits & 16,
		.main_process_only = bits & 32,
		.is_main_process = bits & 64,
		.same_reader = bits & 128,
		.in_group = bits & 256,
		.root = bits & 512,
		.owner = bits & 1024 ? 1000 : 1001,
		.uid = 1000 };
}

/* Every question there is, but for the numbers of owners: they are equal or they are not. */
static size_t each_question(each_fn *fn)
{
	static const uint32_t modes[] = { 0, 0400, 0040, 0004, 0777 };
	enum { KINDS = POLICY_READERS * PLACES * MATCHES };
	size_t count = 0;

	for (unsigned int bits = 0; bits < 1u << BITS; bits++)
		for (unsigned int kind = 0; kind < KINDS; kind++)
			for (size_t mode = 0; mode < sizeof modes / sizeof *modes; mode++) {
				struct policy_question question = question_of(bits);

				question.match = (enum policy_match)(kind % MATCHES);
				question.place = (enum policy_place)(kind / MATCHES % PLACES);
				question.reader = (enum policy_reader)(kind / MATCHES / PLACES);
				question.mode = modes[mode];
				fn(&question, &count);
			}
	return count;
}

static struct policy_answer ask(struct policy_question question, enum policy_act act)
{
	question.act = act;
	return policy_decide(&question);
}

/* Everything that must be so for a byte to be read. */
static void only_a_consumer_reads(const struct policy_question *question, size_t *count)
{
	struct policy_answer answer = ask(*question, ACT_READ);

	if (answer.errnum)
		return;
	assert_int_equal(answer.rule, RULE_CONSUMER);
	assert_int_equal(question->match, MATCH_YES);
	assert_true(question->reader == POLICY_CONTAINER || question->reader == POLICY_HOST ||
		    question->reader == POLICY_OPERATOR);
	assert_int_equal(question->place, PLACE_FILE);
	assert_true(question->exists && question->same_reader && !question->locked);
	assert_false(question->expired || question->used_up || question->frozen);
	assert_true(!question->main_process_only || question->is_main_process);
	++*count;
}

/* Whatever may not be seen is not listed and not read; and its absence is told in one way. */
static void what_is_not_seen_is_not_there(const struct policy_question *question, size_t *count)
{
	int seen = ask(*question, ACT_STAT).errnum;

	if (!seen)
		return;
	assert_int_equal(seen, ENOENT);
	assert_int_equal(ask(*question, ACT_LIST).errnum, ENOENT);
	assert_int_equal(ask(*question, ACT_READ).errnum, ENOENT);
	assert_false(question->locked);
	++*count;
}

/* No error tells a forbidden place from an absent one. */
static void forbidden_looks_absent(const struct policy_question *question, size_t *count)
{
	static const enum policy_act acts[] = { ACT_STAT, ACT_LIST };
	struct policy_question absent = *question;

	if (question->place == PLACE_PUBLIC)
		return;
	absent.exists = false;
	for (int i = 0; i < 2; i++) {
		int errnum = ask(*question, acts[i]).errnum;

		if (errnum)
			assert_int_equal(errnum, ask(absent, acts[i]).errnum);
	}
	++*count;
}

/* A path that is no longer granted, one that never was, and one that is a neighbour's look alike:
 * nothing about the file shows in the answer. */
static void absent_is_one_answer(const struct policy_question *question, size_t *count)
{
	struct policy_question other = { .reader = question->reader, .place = question->place };

	if (question->exists || question->locked || question->place == PLACE_PUBLIC)
		return;
	for (int act = 0; act < ACTS; act++) {
		struct policy_answer a = ask(*question, (enum policy_act)act);

		assert_int_equal(a.errnum, act == ACT_TOUCH ? EROFS : ENOENT);
		assert_int_equal(a.rule, ask(other, (enum policy_act)act).rule);
	}
	++*count;
}

/* What is not its own tells a reader nothing of the grant, not even which rule forbids it. */
static void anothers_file_is_one_answer(const struct policy_question *question, size_t *count)
{
	struct policy_question other = { .reader = question->reader,
		.place = question->place,
		.match = question->match,
		.exists = true };

	if (!question->exists || question->locked || question->match == MATCH_YES)
		return;
	for (int act = 0; act < ACTS; act++) {
		struct policy_answer a = ask(*question, (enum policy_act)act);

		assert_int_equal(a.rule, ask(other, (enum policy_act)act).rule);
		assert_int_equal(a.errnum, ask(other, (enum policy_act)act).errnum);
	}
	++*count;
}

static void locked_tells_nothing(const struct policy_question *question, size_t *count)
{
	struct policy_question other = { .place = question->place, .locked = true };

	if (!question->locked)
		return;
	for (int act = 0; act < ACTS; act++) {
		struct policy_answer a = ask(*question, (enum policy_act)act);
		struct policy_answer b = ask(other, (enum policy_act)act);

		assert_int_equal(a.rule, b.rule);
		assert_int_equal(a.errnum, b.errnum);
	}
	++*count;
}

/* A rule allows or denies, but for one: who is not identified yet sees, and no more. */
static void rules_and_errors_agree(const struct policy_question *question, size_t *count)
{
	for (int act = 0; act < ACTS; act++) {
		struct policy_answer answer = ask(*question, (enum policy_act)act);

		assert_true(answer.rule < RULES);
		if (answer.rule == RULE_UNIDENTIFIED && !answer.errnum)
			assert_true(act == ACT_STAT || act == ACT_LIST);
		else
			assert_int_equal(answer.rule <= RULE_SHAPE, answer.errnum == 0);
	}
	++*count;
}

/* Whoever is not known, or is no consumer, gets what is public, and not a bit more; a container, to
 * start at all, the directory that it was given. */
static void strangers_get_nothing(const struct policy_question *question, size_t *count)
{
	bool stranger = question->reader == POLICY_UNKNOWN ||
			(question->reader == POLICY_HOST && question->match != MATCH_YES) ||
			(question->reader == POLICY_CONTAINER && question->match == MATCH_NO);

	if (question->locked || question->place == PLACE_PUBLIC || !stranger)
		return;
	for (int act = 0; act < ACTS; act++) {
		struct policy_answer answer = ask(*question, (enum policy_act)act);
		bool given = question->reader == POLICY_CONTAINER && act == ACT_STAT &&
			     question->place != PLACE_FILE && question->exists;

		assert_int_equal(answer.rule == RULE_DIRECTORY, given);
		assert_int_equal(answer.errnum == 0, given);
	}
	++*count;
}

static void only_toucher_touches(const struct policy_question *question, size_t *count)
{
	struct policy_answer answer = ask(*question, ACT_TOUCH);

	if (answer.errnum) {
		assert_int_equal(answer.errnum, EROFS);
		return;
	}
	assert_int_equal(question->reader, POLICY_TOUCHER);
	assert_true(question->exists && !question->locked);
	++*count;
}

static void what_holds_for_every_question(void **state)
{
	static each_fn *const laws[] = { only_a_consumer_reads, what_is_not_seen_is_not_there,
		forbidden_looks_absent, absent_is_one_answer, anothers_file_is_one_answer,
		locked_tells_nothing, rules_and_errors_agree, strangers_get_nothing,
		only_toucher_touches };

	(void)state;
	for (size_t i = 0; i < sizeof laws / sizeof *laws; i++)
		assert_true(each_question(laws[i]) > 0);
}

/* `seen` is one count per rule. */
static void count_rules(const struct policy_question *question, size_t *seen)
{
	for (int act = 0; act < ACTS; act++)
		seen[ask(*question, (enum policy_act)act).rule]++;
}

static void every_rule_decides_something(void **state)
{
	size_t seen[RULES] = { 0 };

	(void)state;
	for (unsigned int bits = 0; bits < 1u << BITS; bits++)
		for (int reader = 0; reader < POLICY_READERS; reader++)
			for (int place = 0; place < PLACES; place++)
				for (int match = 0; match < MATCHES; match++) {
					struct policy_question question = question_of(bits);

					question.reader = (enum policy_reader)reader;
					question.place = (enum policy_place)place;
					question.match = (enum policy_match)match;
					count_rules(&question, seen);
				}
	for (int rule = 0; rule < RULES; rule++)
		if (!seen[rule])
			fail_msg("%s decides nothing", policy_rule_word((enum policy_rule)rule));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_holds_for_every_question),
		cmocka_unit_test(every_rule_decides_something),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
