/* SPDX-License-Identifier: Apache-2.0 */
/* Who may do what to what, by rows; then over every question there is, what must hold whatever the
 * rows say. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/policy/policy.h"

#define READERS (POLICY_TOUCHER + 1)
#define PLACES (PLACE_FILE + 1)

static const char *const act_words[] = { "stat", "list", "read", "touch" };
static const char *const reader_words[] = { "unknown", "host", "operator", "container", "toucher" };
static const char *const place_words[] = { "public", "above", "consumer", "file" };

/* A file of the reader's own, mode 0400, that exists, unlocked. */
static struct policy_question a_question(
	enum policy_act act, enum policy_reader reader, enum policy_place place)
{
	return (struct policy_question){ .act = act,
		.reader = reader,
		.place = place,
		.exists = true,
		.same_reader = true,
		.owner = 1000,
		.group = 1000,
		.mode = 0400,
		.uid = 1000 };
}

static void expect(const struct policy_question *question, enum policy_rule rule, int errnum)
{
	struct policy_answer answer = policy_decide(question);

	if (answer.rule != rule || answer.errnum != errnum)
		fail_msg("%s %s %s%s%s: %s %d, not %s %d", reader_words[question->reader],
			act_words[question->act], place_words[question->place],
			question->exists ? "" : " that is not there",
			question->locked ? " while locked" : "", policy_rule_word(answer.rule),
			answer.errnum, policy_rule_word(rule), errnum);
}

/* What is there, unlocked: a row per act and place, a column per reader. */
static const struct {
	enum policy_act act;
	enum policy_place place;
	struct policy_answer answer[READERS];
} there[] = {
	{ ACT_STAT, PLACE_PUBLIC,
		{ { RULE_PUBLIC, 0 }, { RULE_PUBLIC, 0 }, { RULE_PUBLIC, 0 }, { RULE_PUBLIC, 0 },
			{ RULE_PUBLIC, 0 } } },
	{ ACT_STAT, PLACE_ABOVE,
		{ { RULE_UNKNOWN, ENOENT }, { RULE_NOT_CONTAINER, ENOENT }, { RULE_OPERATOR, 0 },
			{ RULE_CONTAINER, 0 }, { RULE_TOUCHER, 0 } } },
	{ ACT_STAT, PLACE_CONSUMER,
		{ { RULE_UNKNOWN, ENOENT }, { RULE_NOT_CONTAINER, ENOENT }, { RULE_OPERATOR, 0 },
			{ RULE_CONTAINER, 0 }, { RULE_TOUCHER, 0 } } },
	{ ACT_STAT, PLACE_FILE,
		{ { RULE_UNKNOWN, ENOENT }, { RULE_NOT_CONTAINER, ENOENT }, { RULE_OPERATOR, 0 },
			{ RULE_CONTAINER, 0 }, { RULE_TOUCHER, 0 } } },
	{ ACT_LIST, PLACE_PUBLIC,
		{ { RULE_PUBLIC, 0 }, { RULE_PUBLIC, 0 }, { RULE_OPERATOR, 0 }, { RULE_PUBLIC, 0 },
			{ RULE_PUBLIC, 0 } } },
	{ ACT_LIST, PLACE_ABOVE,
		{ { RULE_UNKNOWN, ENOENT }, { RULE_NOT_CONTAINER, ENOENT }, { RULE_OPERATOR, 0 },
			{ RULE_NOT_GRANTED, ENOENT }, { RULE_NOT_GRANTED, ENOENT } } },
	{ ACT_LIST, PLACE_CONSUMER,
		{ { RULE_UNKNOWN, ENOENT }, { RULE_NOT_CONTAINER, ENOENT }, { RULE_OPERATOR, 0 },
			{ RULE_CONTAINER, 0 }, { RULE_TOUCHER, 0 } } },
	{ ACT_LIST, PLACE_FILE,
		{ { RULE_UNKNOWN, ENOENT }, { RULE_NOT_CONTAINER, ENOENT }, { RULE_OPERATOR, 0 },
			{ RULE_NOT_GRANTED, ENOENT }, { RULE_NOT_GRANTED, ENOENT } } },
	{ ACT_READ, PLACE_PUBLIC,
		{ { RULE_NOT_GRANTED, EISDIR }, { RULE_NOT_GRANTED, EISDIR },
			{ RULE_NOT_GRANTED, EISDIR }, { RULE_NOT_GRANTED, EISDIR },
			{ RULE_NOT_GRANTED, EISDIR } } },
	{ ACT_READ, PLACE_ABOVE,
		{ { RULE_UNKNOWN, ENOENT }, { RULE_NOT_CONTAINER, ENOENT },
			{ RULE_NOT_GRANTED, EISDIR }, { RULE_NOT_GRANTED, EISDIR },
			{ RULE_NOT_GRANTED, EISDIR } } },
	{ ACT_READ, PLACE_CONSUMER,
		{ { RULE_UNKNOWN, ENOENT }, { RULE_NOT_CONTAINER, ENOENT },
			{ RULE_NOT_GRANTED, EISDIR }, { RULE_NOT_GRANTED, EISDIR },
			{ RULE_NOT_GRANTED, EISDIR } } },
	{ ACT_READ, PLACE_FILE,
		{ { RULE_UNKNOWN, ENOENT }, { RULE_NOT_CONTAINER, ENOENT },
			{ RULE_NOT_CONTAINER, EACCES }, { RULE_CONTAINER, 0 },
			{ RULE_NOT_CONTAINER, EACCES } } },
	{ ACT_TOUCH, PLACE_FILE,
		{ { RULE_READ_ONLY, EROFS }, { RULE_READ_ONLY, EROFS }, { RULE_READ_ONLY, EROFS },
			{ RULE_READ_ONLY, EROFS }, { RULE_TOUCHER, 0 } } },
};

static void each_reader_may_what_its_column_says(void **state)
{
	(void)state;
	for (size_t row = 0; row < sizeof there / sizeof *there; row++)
		for (int reader = 0; reader < READERS; reader++) {
			struct policy_question question = a_question(
				there[row].act, (enum policy_reader)reader, there[row].place);
			const struct policy_answer *answer = &there[row].answer[reader];

			expect(&question, answer->rule, answer->errnum);
		}
}

/* A tombstone, or a name nobody was ever granted: the same for everybody, toucher included. */
static void what_is_not_there_is_nobodys(void **state)
{
	(void)state;
	for (int reader = 0; reader < READERS; reader++) {
		struct policy_question question =
			a_question(ACT_STAT, (enum policy_reader)reader, PLACE_FILE);

		question.exists = false;
		expect(&question, RULE_NOT_GRANTED, ENOENT);
		question.act = ACT_READ;
		expect(&question, RULE_NOT_GRANTED, ENOENT);
		question.act = ACT_TOUCH;
		expect(&question, RULE_READ_ONLY, EROFS);
		question.act = ACT_LIST;
		for (int place = PLACE_ABOVE; place <= PLACE_FILE; place++) {
			question.place = (enum policy_place)place;
			expect(&question, RULE_NOT_GRANTED, ENOENT);
		}
	}
}

static void locked_it_answers_by_shape(void **state)
{
	static const struct {
		enum policy_act act;
		enum policy_place place;
		struct policy_answer answer;
	} rows[] = {
		{ ACT_STAT, PLACE_PUBLIC, { RULE_SHAPE, 0 } },
		{ ACT_STAT, PLACE_ABOVE, { RULE_SHAPE, 0 } },
		{ ACT_STAT, PLACE_CONSUMER, { RULE_SHAPE, 0 } },
		{ ACT_STAT, PLACE_FILE, { RULE_SHAPE, 0 } },
		{ ACT_LIST, PLACE_PUBLIC, { RULE_SHAPE, 0 } },
		{ ACT_LIST, PLACE_ABOVE, { RULE_SHAPE, 0 } },
		{ ACT_LIST, PLACE_CONSUMER, { RULE_SHAPE, 0 } },
		{ ACT_LIST, PLACE_FILE, { RULE_LOCKED, ENOKEY } },
		{ ACT_READ, PLACE_PUBLIC, { RULE_LOCKED, ENOKEY } },
		{ ACT_READ, PLACE_CONSUMER, { RULE_LOCKED, ENOKEY } },
		{ ACT_READ, PLACE_FILE, { RULE_LOCKED, ENOKEY } },
		{ ACT_TOUCH, PLACE_FILE, { RULE_READ_ONLY, EROFS } },
	};

	(void)state;
	for (size_t row = 0; row < sizeof rows / sizeof *rows; row++)
		for (int reader = 0; reader < READERS; reader++) {
			struct policy_question question = a_question(
				rows[row].act, (enum policy_reader)reader, rows[row].place);

			question.locked = true;
			expect(&question, rows[row].answer.rule, rows[row].answer.errnum);
		}
}

/* As the kernel judges: the first of owner, group, others that applies, and it alone. */
static void a_mode_is_judged_as_the_kernel_does(void **state)
{
	static const struct {
		uint32_t mode, owner;
		bool in_group, root, allowed;
	} rows[] = {
		{ 0400, 1000, false, false, true },
		{ 0400, 1001, false, false, false },
		{ 0400, 1001, true, false, false },
		{ 0440, 1001, true, false, true },
		{ 0440, 1001, false, false, false },
		{ 0444, 1001, false, false, true },
		{ 0044, 1000, true, false, false },
		{ 0404, 1001, true, false, false },
		{ 0000, 1000, true, false, false },
		{ 0000, 1001, false, true, true },
		{ 0400, 1001, false, true, true },
		{ 0400, UINT32_MAX, false, false,
			false }, /* an owner the container has no number for */
		{ 0333, 1000, true, false, false },
		{ 0777, 1001, false, false, true },
	};

	(void)state;
	for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
		struct policy_question question =
			a_question(ACT_READ, POLICY_CONTAINER, PLACE_FILE);
		bool allowed;

		question.mode = rows[row].mode;
		question.owner = rows[row].owner;
		question.in_group = rows[row].in_group;
		question.root = rows[row].root;
		allowed = !policy_decide(&question).errnum;
		if (allowed != rows[row].allowed)
			fail_msg(
				"row %zu: mode %o, owner %u", row, rows[row].mode, rows[row].owner);
		expect(&question, allowed ? RULE_CONTAINER : RULE_MODE, allowed ? 0 : EACCES);
	}
}

/* A descriptor that was passed on. Root in the other container does not help. */
static void another_container_reads_nothing_through_an_open_file(void **state)
{
	struct policy_question question = a_question(ACT_READ, POLICY_CONTAINER, PLACE_FILE);

	(void)state;
	question.same_reader = false;
	expect(&question, RULE_OTHER_READER, EACCES);
	question.root = true;
	expect(&question, RULE_OTHER_READER, EACCES);
	question.mode = 0777;
	expect(&question, RULE_OTHER_READER, EACCES);
}

static void an_act_that_is_none_is_denied(void **state)
{
	struct policy_question question = a_question(ACTS, POLICY_CONTAINER, PLACE_FILE);

	(void)state;
	expect(&question, RULE_UNKNOWN, EACCES);
	question = a_question(ACT_STAT, (enum policy_reader)READERS, PLACE_FILE);
	assert_int_equal(policy_decide(&question).errnum, ENOENT);
}

typedef void each_fn(const struct policy_question *question, size_t *count);

/* Every question there is, but for the numbers of owners: they are equal or they are not. */
static size_t each_question(each_fn *fn)
{
	static const uint32_t modes[] = { 0, 0400, 0040, 0004, 0440, 0444, 0777 };
	size_t count = 0;

	for (unsigned int bits = 0; bits < 64; bits++)
		for (int reader = 0; reader < READERS; reader++)
			for (int place = 0; place < PLACES; place++)
				for (size_t mode = 0; mode < sizeof modes / sizeof *modes; mode++) {
					struct policy_question question = {
						.reader = (enum policy_reader)reader,
						.place = (enum policy_place)place,
						.locked = bits & 1,
						.exists = bits & 2,
						.same_reader = bits & 4,
						.owner = bits & 8 ? 1000 : 1001,
						.uid = 1000,
						.in_group = bits & 16,
						.root = bits & 32,
						.mode = modes[mode],
					};

					fn(&question, &count);
				}
	return count;
}

static struct policy_answer ask(struct policy_question question, enum policy_act act)
{
	question.act = act;
	return policy_decide(&question);
}

static void readable_is_visible(const struct policy_question *question, size_t *count)
{
	if (ask(*question, ACT_READ).errnum)
		return;
	assert_int_equal(ask(*question, ACT_STAT).errnum, 0);
	assert_int_equal(question->reader, POLICY_CONTAINER);
	assert_int_equal(question->place, PLACE_FILE);
	assert_true(question->exists && question->same_reader && !question->locked);
	++*count;
}

static void listable_is_visible(const struct policy_question *question, size_t *count)
{
	if (ask(*question, ACT_LIST).errnum)
		return;
	assert_int_equal(ask(*question, ACT_STAT).errnum, 0);
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

static void rules_and_errors_agree(const struct policy_question *question, size_t *count)
{
	for (int act = 0; act < ACTS; act++) {
		struct policy_answer answer = ask(*question, (enum policy_act)act);

		assert_true(answer.rule < RULES);
		assert_int_equal(answer.rule <= RULE_SHAPE, answer.errnum == 0);
	}
	++*count;
}

/* Whoever is not known gets what is public, and not a bit more. */
static void unknown_gets_nothing(const struct policy_question *question, size_t *count)
{
	if (question->locked || question->place == PLACE_PUBLIC ||
		(question->reader != POLICY_UNKNOWN && question->reader != POLICY_HOST))
		return;
	for (int act = 0; act < ACTS; act++)
		assert_int_not_equal(ask(*question, (enum policy_act)act).errnum, 0);
	++*count;
}

static void what_holds_for_every_question(void **state)
{
	static each_fn *const laws[] = { readable_is_visible, listable_is_visible,
		locked_tells_nothing, absent_is_one_answer, rules_and_errors_agree,
		unknown_gets_nothing };

	(void)state;
	for (size_t i = 0; i < sizeof laws / sizeof *laws; i++)
		assert_true(each_question(laws[i]) > 0);
}

static void every_rule_has_a_word_of_its_own(void **state)
{
	(void)state;
	for (int a = 0; a < RULES; a++) {
		assert_non_null(policy_rule_word((enum policy_rule)a));
		for (int b = 0; b < a; b++)
			assert_string_not_equal(policy_rule_word((enum policy_rule)a),
				policy_rule_word((enum policy_rule)b));
	}
	assert_string_equal(policy_rule_word(RULES), "unknown-rule");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_reader_may_what_its_column_says),
		cmocka_unit_test(what_is_not_there_is_nobodys),
		cmocka_unit_test(locked_it_answers_by_shape),
		cmocka_unit_test(a_mode_is_judged_as_the_kernel_does),
		cmocka_unit_test(another_container_reads_nothing_through_an_open_file),
		cmocka_unit_test(an_act_that_is_none_is_denied),
		cmocka_unit_test(what_holds_for_every_question),
		cmocka_unit_test(every_rule_has_a_word_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
