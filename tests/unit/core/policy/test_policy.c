/* SPDX-License-Identifier: Apache-2.0 */
/* Who may do what to what, by rows. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/policy/policy.h"

#define READERS POLICY_READERS

static const char *const act_words[] = { "stat", "list", "read", "touch" };
static const char *const reader_words[] = { "unknown", "host", "operator", "container", "toucher" };
static const char *const match_words[] = { "another", "the", "perhaps the" };
static const char *const place_words[] = { "public", "above", "consumer", "file" };

/* A file of mode 0400 that exists, unlocked; the reader is its owner and, if it is a container, the
 * consumer. */
static struct policy_question a_question(
	enum policy_act act, enum policy_reader reader, enum policy_place place)
{
	return (struct policy_question){ .act = act,
		.reader = reader,
		.place = place,
		.match = reader == POLICY_CONTAINER ? MATCH_YES : MATCH_NO,
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
		fail_msg("%s, %s consumer: %s %s%s%s: %s %d, not %s %d",
			reader_words[question->reader], match_words[question->match],
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
			{ RULE_CONSUMER, 0 }, { RULE_TOUCHER, 0 } } },
	{ ACT_STAT, PLACE_CONSUMER,
		{ { RULE_UNKNOWN, ENOENT }, { RULE_NOT_CONTAINER, ENOENT }, { RULE_OPERATOR, 0 },
			{ RULE_CONSUMER, 0 }, { RULE_TOUCHER, 0 } } },
	{ ACT_STAT, PLACE_FILE,
		{ { RULE_UNKNOWN, ENOENT }, { RULE_NOT_CONTAINER, ENOENT }, { RULE_OPERATOR, 0 },
			{ RULE_CONSUMER, 0 }, { RULE_TOUCHER, 0 } } },
	{ ACT_LIST, PLACE_PUBLIC,
		{ { RULE_PUBLIC, 0 }, { RULE_PUBLIC, 0 }, { RULE_OPERATOR, 0 }, { RULE_PUBLIC, 0 },
			{ RULE_PUBLIC, 0 } } },
	{ ACT_LIST, PLACE_ABOVE,
		{ { RULE_UNKNOWN, ENOENT }, { RULE_NOT_CONTAINER, ENOENT }, { RULE_OPERATOR, 0 },
			{ RULE_NOT_GRANTED, ENOENT }, { RULE_NOT_GRANTED, ENOENT } } },
	{ ACT_LIST, PLACE_CONSUMER,
		{ { RULE_UNKNOWN, ENOENT }, { RULE_NOT_CONTAINER, ENOENT }, { RULE_OPERATOR, 0 },
			{ RULE_CONSUMER, 0 }, { RULE_TOUCHER, 0 } } },
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
			{ RULE_NOT_CONTAINER, EACCES }, { RULE_CONSUMER, 0 },
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
		expect(&question, allowed ? RULE_CONSUMER : RULE_MODE, allowed ? 0 : EACCES);
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

enum { EXPIRED = 1, USED_UP = 2, FROZEN = 4, MAIN_ONLY = 8, MAIN = 16 };

/* A granted file: who sees it, and who reads it. */
static const struct {
	const char *why;
	enum policy_reader reader;
	enum policy_match match;
	unsigned int is;
	struct policy_answer stat, read;
} who[] = {
	{ "the consumer", POLICY_CONTAINER, MATCH_YES, 0, { RULE_CONSUMER, 0 },
		{ RULE_CONSUMER, 0 } },
	{ "another container", POLICY_CONTAINER, MATCH_NO, 0, { RULE_OTHER_CONSUMER, ENOENT },
		{ RULE_OTHER_CONSUMER, ENOENT } },
	{ "a container nobody knows", POLICY_CONTAINER, MATCH_UNKNOWN, 0, { RULE_UNIDENTIFIED, 0 },
		{ RULE_UNIDENTIFIED, EACCES } },
	{ "a unit, or a user", POLICY_HOST, MATCH_YES, 0, { RULE_CONSUMER, 0 },
		{ RULE_CONSUMER, 0 } },
	{ "a process of the host", POLICY_HOST, MATCH_NO, 0, { RULE_NOT_CONTAINER, ENOENT },
		{ RULE_NOT_CONTAINER, ENOENT } },
	{ "the host is not asked about", POLICY_HOST, MATCH_UNKNOWN, 0,
		{ RULE_NOT_CONTAINER, ENOENT }, { RULE_NOT_CONTAINER, ENOENT } },
	{ "an operator that is the consumer", POLICY_OPERATOR, MATCH_YES, 0, { RULE_CONSUMER, 0 },
		{ RULE_CONSUMER, 0 } },
	{ "an operator", POLICY_OPERATOR, MATCH_NO, 0, { RULE_OPERATOR, 0 },
		{ RULE_NOT_CONTAINER, EACCES } },
	{ "operators are not asked about", POLICY_OPERATOR, MATCH_UNKNOWN, 0, { RULE_OPERATOR, 0 },
		{ RULE_NOT_CONTAINER, EACCES } },
	{ "nobody is no consumer", POLICY_UNKNOWN, MATCH_YES, 0, { RULE_UNKNOWN, ENOENT },
		{ RULE_UNKNOWN, ENOENT } },
	{ "nor may nobody wait", POLICY_UNKNOWN, MATCH_UNKNOWN, 0, { RULE_UNKNOWN, ENOENT },
		{ RULE_UNKNOWN, ENOENT } },
	{ "toucher is no consumer", POLICY_TOUCHER, MATCH_YES, 0, { RULE_TOUCHER, 0 },
		{ RULE_NOT_CONTAINER, EACCES } },

	{ "expired", POLICY_CONTAINER, MATCH_YES, EXPIRED, { RULE_EXPIRED, ENOENT },
		{ RULE_EXPIRED, ENOENT } },
	{ "expired, of a unit", POLICY_HOST, MATCH_YES, EXPIRED, { RULE_EXPIRED, ENOENT },
		{ RULE_EXPIRED, ENOENT } },
	{ "expired, of an operator", POLICY_OPERATOR, MATCH_YES, EXPIRED, { RULE_EXPIRED, ENOENT },
		{ RULE_EXPIRED, ENOENT } },
	{ "expired is no other's business", POLICY_CONTAINER, MATCH_NO, EXPIRED,
		{ RULE_OTHER_CONSUMER, ENOENT }, { RULE_OTHER_CONSUMER, ENOENT } },
	{ "expired, and nobody knows who it is", POLICY_CONTAINER, MATCH_UNKNOWN, EXPIRED,
		{ RULE_UNIDENTIFIED, 0 }, { RULE_UNIDENTIFIED, EACCES } },
	{ "expired, seen by operators", POLICY_OPERATOR, MATCH_NO, EXPIRED, { RULE_OPERATOR, 0 },
		{ RULE_NOT_CONTAINER, EACCES } },
	{ "expired, touched", POLICY_TOUCHER, MATCH_NO, EXPIRED, { RULE_TOUCHER, 0 },
		{ RULE_NOT_CONTAINER, EACCES } },

	{ "used up", POLICY_CONTAINER, MATCH_YES, USED_UP, { RULE_USED_UP, ENOENT },
		{ RULE_USED_UP, ENOENT } },
	{ "used up is no other's business", POLICY_CONTAINER, MATCH_NO, USED_UP,
		{ RULE_OTHER_CONSUMER, ENOENT }, { RULE_OTHER_CONSUMER, ENOENT } },
	{ "used up, and nobody knows who it is", POLICY_CONTAINER, MATCH_UNKNOWN, USED_UP,
		{ RULE_UNIDENTIFIED, 0 }, { RULE_UNIDENTIFIED, EACCES } },
	{ "expired before it was used up", POLICY_CONTAINER, MATCH_YES, EXPIRED | USED_UP,
		{ RULE_EXPIRED, ENOENT }, { RULE_EXPIRED, ENOENT } },

	{ "frozen", POLICY_CONTAINER, MATCH_YES, FROZEN, { RULE_CONSUMER, 0 },
		{ RULE_FROZEN, EACCES } },
	{ "frozen, a user", POLICY_HOST, MATCH_YES, FROZEN, { RULE_CONSUMER, 0 },
		{ RULE_FROZEN, EACCES } },
	{ "frozen, an operator", POLICY_OPERATOR, MATCH_YES, FROZEN, { RULE_CONSUMER, 0 },
		{ RULE_FROZEN, EACCES } },
	{ "frozen is no other's business", POLICY_CONTAINER, MATCH_NO, FROZEN,
		{ RULE_OTHER_CONSUMER, ENOENT }, { RULE_OTHER_CONSUMER, ENOENT } },
	{ "frozen, and nobody knows who it is", POLICY_CONTAINER, MATCH_UNKNOWN, FROZEN,
		{ RULE_UNIDENTIFIED, 0 }, { RULE_UNIDENTIFIED, EACCES } },
	{ "frozen and expired", POLICY_CONTAINER, MATCH_YES, FROZEN | EXPIRED,
		{ RULE_EXPIRED, ENOENT }, { RULE_EXPIRED, ENOENT } },

	{ "not the main process", POLICY_CONTAINER, MATCH_YES, MAIN_ONLY, { RULE_CONSUMER, 0 },
		{ RULE_NOT_MAIN, EACCES } },
	{ "the main process", POLICY_CONTAINER, MATCH_YES, MAIN_ONLY | MAIN, { RULE_CONSUMER, 0 },
		{ RULE_CONSUMER, 0 } },
	{ "a unit has none", POLICY_HOST, MATCH_YES, MAIN_ONLY, { RULE_CONSUMER, 0 },
		{ RULE_NOT_MAIN, EACCES } },
	{ "another's main process", POLICY_CONTAINER, MATCH_NO, MAIN_ONLY | MAIN,
		{ RULE_OTHER_CONSUMER, ENOENT }, { RULE_OTHER_CONSUMER, ENOENT } },
	{ "nobody known's main process", POLICY_CONTAINER, MATCH_UNKNOWN, MAIN_ONLY | MAIN,
		{ RULE_UNIDENTIFIED, 0 }, { RULE_UNIDENTIFIED, EACCES } },
	{ "the main process, frozen", POLICY_CONTAINER, MATCH_YES, MAIN_ONLY | MAIN | FROZEN,
		{ RULE_CONSUMER, 0 }, { RULE_FROZEN, EACCES } },
};

static void a_file_is_seen_and_read_as_its_row_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof who / sizeof *who; i++) {
		struct policy_question question = a_question(ACT_STAT, who[i].reader, PLACE_FILE);
		struct policy_answer stat, read;

		question.match = who[i].match;
		question.expired = who[i].is & EXPIRED;
		question.used_up = who[i].is & USED_UP;
		question.frozen = who[i].is & FROZEN;
		question.main_process_only = who[i].is & MAIN_ONLY;
		question.is_main_process = who[i].is & MAIN;
		stat = policy_decide(&question);
		question.act = ACT_READ;
		read = policy_decide(&question);
		if (stat.rule != who[i].stat.rule || stat.errnum != who[i].stat.errnum)
			fail_msg("%s: seen %s %d", who[i].why, policy_rule_word(stat.rule),
				stat.errnum);
		if (read.rule != who[i].read.rule || read.errnum != who[i].read.errnum)
			fail_msg("%s: read %s %d", who[i].why, policy_rule_word(read.rule),
				read.errnum);
	}
}

/* Its own directory a consumer lists, whoever it is; nobody else but an operator does. A container
 * sees the one it was given. */
static void a_directory_is_listed_by_its_consumer(void **state)
{
	static const struct {
		enum policy_reader reader;
		enum policy_match match;
		struct policy_answer seen, own, above;
	} rows[] = {
		{ POLICY_CONTAINER, MATCH_YES, { RULE_CONSUMER, 0 }, { RULE_CONSUMER, 0 },
			{ RULE_NOT_GRANTED, ENOENT } },
		{ POLICY_HOST, MATCH_YES, { RULE_CONSUMER, 0 }, { RULE_CONSUMER, 0 },
			{ RULE_NOT_GRANTED, ENOENT } },
		{ POLICY_OPERATOR, MATCH_YES, { RULE_CONSUMER, 0 }, { RULE_CONSUMER, 0 },
			{ RULE_OPERATOR, 0 } },
		{ POLICY_OPERATOR, MATCH_NO, { RULE_OPERATOR, 0 }, { RULE_OPERATOR, 0 },
			{ RULE_OPERATOR, 0 } },
		{ POLICY_CONTAINER, MATCH_UNKNOWN, { RULE_UNIDENTIFIED, 0 },
			{ RULE_UNIDENTIFIED, 0 }, { RULE_NOT_GRANTED, ENOENT } },
		{ POLICY_CONTAINER, MATCH_NO, { RULE_DIRECTORY, 0 },
			{ RULE_OTHER_CONSUMER, ENOENT }, { RULE_OTHER_CONSUMER, ENOENT } },
		{ POLICY_HOST, MATCH_NO, { RULE_NOT_CONTAINER, ENOENT },
			{ RULE_NOT_CONTAINER, ENOENT }, { RULE_NOT_CONTAINER, ENOENT } },
		{ POLICY_UNKNOWN, MATCH_YES, { RULE_UNKNOWN, ENOENT }, { RULE_UNKNOWN, ENOENT },
			{ RULE_UNKNOWN, ENOENT } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct policy_question question =
			a_question(ACT_LIST, rows[i].reader, PLACE_CONSUMER);

		question.match = rows[i].match;
		question.act = ACT_STAT;
		expect(&question, rows[i].seen.rule, rows[i].seen.errnum);
		question.act = ACT_LIST;
		expect(&question, rows[i].own.rule, rows[i].own.errnum);
		question.place = PLACE_ABOVE;
		expect(&question, rows[i].above.rule, rows[i].above.errnum);
	}
}

static void every_rule_has_a_word_and_a_reason_of_its_own(void **state)
{
	(void)state;
	for (int a = 0; a < RULES; a++) {
		const char *word = policy_rule_word((enum policy_rule)a);
		const char *reason = policy_rule_reason((enum policy_rule)a);

		assert_non_null(word);
		assert_non_null(reason);
		assert_true(*word && !word[strspn(word, "abcdefghijklmnopqrstuvwxyz-")]);
		assert_true(*reason && reason[strlen(reason) - 1] != '.');
		for (int b = 0; b < a; b++) {
			assert_string_not_equal(word, policy_rule_word((enum policy_rule)b));
			assert_string_not_equal(reason, policy_rule_reason((enum policy_rule)b));
		}
	}
	assert_string_equal(policy_rule_word(RULES), "unknown-rule");
	assert_non_null(policy_rule_reason(RULES));
	assert_non_null(policy_rule_reason((enum policy_rule)UINT32_MAX));
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
		cmocka_unit_test(a_file_is_seen_and_read_as_its_row_says),
		cmocka_unit_test(a_directory_is_listed_by_its_consumer),
		cmocka_unit_test(every_rule_has_a_word_and_a_reason_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
