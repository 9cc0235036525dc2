/* SPDX-License-Identifier: Apache-2.0 */
/* Access files through the real loop, and what somebody who is no operator learns: nothing, in the
 * same bytes whatever was asked. */
#include <grp.h>

#include "api/exchange.h"
#include "base/access.h"
#include "base/cleanup.h"
#include "tests/unit/api/rig.h"

static uint8_t statements[ACCESS_BYTES_MAX];

/* A file of `count` grants. */
static char *make_file(int count, size_t *length)
{
	char *text = malloc((size_t)count * 64 + 1);

	assert_non_null(text);
	*length = 0;
	for (int i = 0; i < count; i++)
		*length += (size_t)sprintf(
			text + *length, "grant s%d compose/shop/web reads=%d\n", i, i + 1);
	return text;
}

static void test_a_file_arrives_as_statements(void **state)
{
	static const char text[] = "bind container/web image=nginx\r\ngrant a container/web";
	struct rig *rig = *state;
	int client = rig_send(rig, "POST /v1/access?dry_run=1&prune=1", text, sizeof text - 1);
	struct frame_request request = rig_core_receive(rig, statements);
	const struct access_statement *list = (const void *)statements;

	assert_int_equal(request.verb, VERB_ACCESS_APPLY);
	assert_int_equal(request.flags, REQUEST_DRY_RUN | REQUEST_PRUNE);
	assert_int_equal(request.operator_uid, getuid());
	assert_int_equal(request.body_length, 2 * sizeof *list);
	assert_string_equal(list[0].secret, "a");
	assert_string_equal(list[1].rule, "image=nginx");
	rig_core_reply_state(rig);
	rig_read(rig, client);
	rig_assert_answer(rig, 200, "serving");
}

static void test_an_empty_file_is_a_file(void **state)
{
	struct rig *rig = *state;
	int client = rig_send(rig, "POST /v1/access?prune=1", "", 0);
	struct frame_request request = rig_core_receive(rig, NULL);

	assert_int_equal(request.verb, VERB_ACCESS_APPLY);
	assert_int_equal(request.body_length, 0);
	rig_core_reply_state(rig);
	rig_read(rig, client);
	rig_assert_answer(rig, 200, "serving");
	rig_assert_alive(rig);
}

static void test_a_bad_line_never_reaches_core(void **state)
{
	struct rig *rig = *state;

	rig_read(rig, rig_send(rig, "POST /v1/access", "\nfreeze x\n", 10));
	rig_assert_answer(rig, 400, "line 2: a consumer is");
	rig_assert_alive(rig);
}

static void test_more_text_than_a_file_has(void **state)
{
	struct rig *rig = *state;
	_free_ char *text = malloc(ACCESS_TEXT_MAX + 1);

	memset(text, '\n', ACCESS_TEXT_MAX + 1);
	rig_read(rig, rig_send(rig, "POST /v1/access", text, ACCESS_TEXT_MAX + 1));
	rig_assert_answer(rig, 413, "1048576 bytes");
	rig_assert_alive(rig);
}

/* The statements are eight times the text: two of the largest files at once are too many. */
static void test_the_largest_file_passes_whole_and_alone(void **state)
{
	struct rig *rig = *state;
	size_t length;
	_free_ char *text = make_file(ACCESS_STATEMENTS_MAX, &length);
	const struct access_statement *list = (const void *)statements;
	int first = rig_send(rig, "POST /v1/access", text, length);

	rig_read(rig, rig_send(rig, "POST /v1/access", text, length));
	rig_assert_answer(rig, 429, "too much is being sent at once");
	assert_int_equal(rig_core_receive(rig, statements).body_length, ACCESS_BYTES_MAX);
	for (int i = 0; i < ACCESS_STATEMENTS_MAX; i++) {
		assert_int_equal(access_check(&list[i], NULL), 0);
		assert_true(!i || access_compare(&list[i - 1], &list[i]) < 0);
	}
	rig_core_reply_state(rig);
	rig_read(rig, first);
	rig_assert_answer(rig, 200, "serving");
	/* Its room is free again. */
	first = rig_send(rig, "POST /v1/access", text, length);
	rig_core_receive(rig, statements);
	rig_core_reply_state(rig);
	rig_read(rig, first);
	rig_assert_answer(rig, 200, "serving");
}

/* What core is asked with counts until it has answered, and no longer. */
static void test_statements_are_counted_while_core_has_them(void **state)
{
	static const char text[] = "freeze container/web\n";
	struct exchange exchange = { .target = strdup("/v1/access") };
	struct question *question;

	(void)state;
	assert_false(exchange_begin(&exchange, TACIT_OK, "POST", NULL));
	exchange_take(&exchange, text, sizeof text - 1, 1000);
	question = exchange_finish(&exchange, 0, sizeof(struct access_statement), NULL);
	assert_non_null(question);
	assert_int_equal(exchange.body.room, 0);
	assert_int_equal(exchange.grown, sizeof(struct access_statement));
	relay_question_free(question);
	exchange_answer(&exchange, TACIT_BUSY, "", NULL, 0);
	assert_int_equal(exchange.grown, 0);
	exchange_end(&exchange);
}

static void test_statements_for_which_there_is_no_room(void **state)
{
	static const char text[] = "freeze container/web\n";
	struct exchange exchange = { .target = strdup("/v1/access") };

	(void)state;
	assert_false(exchange_begin(&exchange, TACIT_OK, "POST", NULL));
	exchange_take(&exchange, text, sizeof text - 1, 1000);
	assert_null(exchange_finish(&exchange, 0, sizeof(struct access_statement) - 1, NULL));
	assert_int_equal(exchange.status, 429);
	exchange_end(&exchange);
}

static void test_changes_of_consumers_are_never_asked_twice(void **state)
{
	static const struct {
		const char *line, *body;
	} cases[] = {
		{ "POST /v1/access", "freeze container/web" },
		{ "POST /v1/consumers/bind",
			"{\"consumer\":\"container/web\",\"rules\":[\"image=a\"]}" },
		{ "POST /v1/consumers/unbind", "{\"consumer\":\"container/web\",\"rules\":[]}" },
		{ "POST /v1/consumers/freeze?consumer=container/web", NULL },
		{ "POST /v1/consumers/thaw?consumer=container/web", NULL },
		{ "DELETE /v1/consumers?consumer=container/web", NULL },
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int client = rig_send(rig, cases[i].line, cases[i].body,
			cases[i].body ? strlen(cases[i].body) : 0);

		rig_core_receive(rig, statements);
		rig_lose_core(rig);
		rig_new_core(rig);
		rig_read(rig, client);
		rig_assert_answer(rig, 503, "before trying again");
	}
	rig_assert_alive(rig);
}

/* A check only reads: it is asked again. */
static void test_a_check_survives_core(void **state)
{
	struct rig *rig = *state;
	int client = rig_send(
		rig, "GET /v1/grants/check?secret=a&consumer=container/web&pid=7", NULL, 0);

	rig_core_receive(rig, NULL);
	rig_lose_core(rig);
	rig_new_core(rig);
	assert_int_equal(rig_core_receive(rig, NULL).pid, 7);
	rig_core_reply_state(rig);
	rig_read(rig, client);
	rig_assert_answer(rig, 200, "serving");
}

/* What a stranger asks: of what is there, of what is not, of what cannot be. */
static const char *const asked[] = {
	"GET /v1/status",
	"GET /v1/secrets",
	"GET /v1/secrets/db_password",
	"GET /v1/secrets/nothing",
	"GET /v1/secrets/..",
	"GET /v1/secrets/a%zz",
	"GET /v1/secrets/a%00",
	"DELETE /v1/secrets/db_password?force=1",
	"DELETE /v1/secrets/db_password?farce=1",
	"GET /v1/grants?consumer=compose/shop/web",
	"GET /v1/grants?consumer=nothing",
	"GET /v1/grants/check?secret=db_password&consumer=compose/shop/web",
	"GET /v1/grants/check",
	"GET /v1/consumers/inspect?consumer=compose/shop/web",
	"GET /v1/access",
	"POST /v1/lock",
	"PUT /v1/status",
	"FOO /v1/status",
	"OPTIONS *",
	"GET /",
	"GET /v1/nothing",
	"GET nothing",
};

/* The answer without the time of day. */
static void take_date_out(char *answer)
{
	char *date = strstr(answer, "Date: "), *end = date ? strstr(date, "\r\n") : NULL;

	if (end)
		memmove(date, end + 2, strlen(end + 2) + 1);
}

static bool answers_the_same(struct rig *rig, int client, char **first)
{
	rig_read(rig, client);
	take_date_out(rig->answer);
	if (!*first)
		*first = strdup(rig->answer);
	return !strcmp(rig->answer, *first) && !strncmp(*first, "HTTP/1.1 403 ", 13);
}

/* In a child that is nobody. */
static int ask_all(struct rig *rig)
{
	char line[4096] = "GET /v1/secrets/";
	_free_ char *first = NULL;
	static char body[2000];

	for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
		if (!answers_the_same(rig, rig_send(rig, asked[i], NULL, 0), &first))
			return fprintf(stderr, "%s: %s\n", asked[i], rig->answer);
	memset(line + strlen(line), 'a', 3000);
	if (!answers_the_same(rig, rig_send(rig, line, NULL, 0), &first))
		return fprintf(stderr, "a long target: %s\n", rig->answer);
	for (size_t length = 0; length <= sizeof body; length += 500)
		if (!answers_the_same(
			    rig, rig_send(rig, "POST /v1/consumers/bind", body, length), &first))
			return fprintf(stderr, "a body of %zu: %s\n", length, rig->answer);
	return 0;
}

static void test_a_stranger_is_told_the_same_whatever_it_asks(void **state)
{
	struct rig *rig = *state;
	const gid_t group = 65534;
	pid_t stranger;
	int status;

	if (getuid())
		skip();
	stranger = fork();
	if (!stranger) {
		if (setgroups(1, &group) || setresgid(group, group, group) ||
			setresuid(65534, 65534, 65534))
			_exit(1);
		_exit(ask_all(rig) != 0);
	}
	assert_int_equal(waitpid(stranger, &status, 0), stranger);
	assert_int_equal(status, 0);
	rig_assert_alive(rig);
}

/* Refused before the target is looked at: no route is sought, no name decoded. */
static void test_a_stranger_s_target_is_not_looked_at(void **state)
{
	static const struct frame_request nothing;

	(void)state;
	for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
		struct exchange exchange = { .target = strdup(strchr(asked[i], ' ') + 1) };

		assert_true(exchange_begin(&exchange, TACIT_DENIED, "GET", "99999999"));
		assert_int_equal(exchange.status, 403);
		assert_null(exchange.route);
		assert_memory_equal(&exchange.request, &nothing, sizeof nothing);
		assert_string_equal(exchange.allow, "");
		exchange_end(&exchange);
	}
}

#define rig_test(test) cmocka_unit_test_setup_teardown(test, rig_start, rig_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_a_file_arrives_as_statements),
		rig_test(test_an_empty_file_is_a_file),
		rig_test(test_a_bad_line_never_reaches_core),
		rig_test(test_more_text_than_a_file_has),
		rig_test(test_the_largest_file_passes_whole_and_alone),
		rig_test(test_changes_of_consumers_are_never_asked_twice),
		rig_test(test_a_check_survives_core),
		rig_test(test_a_stranger_is_told_the_same_whatever_it_asks),
		cmocka_unit_test(test_statements_are_counted_while_core_has_them),
		cmocka_unit_test(test_statements_for_which_there_is_no_room),
		cmocka_unit_test(test_a_stranger_s_target_is_not_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
