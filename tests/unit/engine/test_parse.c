/* SPDX-License-Identifier: Apache-2.0 */
/* Events and lists, in docker's words and in podman's; and what is no event and no list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/parse.h"

#define ID "8a11ed93ab775cba6925506f6c0be67f49d85d620c763081be11d3296a4ca67b"
#define OTHER_ID "26ba1d2dbd4073df100c3c24ff62fc9e5daa10c2c84eb9b6100496936c615693"

static int event_of(const char *line, struct event *event)
{
	char *copy = strdup(line); /* exactly as long as it is */
	int status = parse_event(copy, strlen(line), event, NULL);

	free(copy);
	return status;
}

static void actions(void **state)
{
	static const struct {
		const char *action;
		enum event_kind kind;
	} rows[] = {
		{ "create", EVENT_CHANGED },
		{ "start", EVENT_CHANGED },
		{ "restart", EVENT_CHANGED },
		{ "restore", EVENT_CHANGED },
		{ "unpause", EVENT_CHANGED },
		{ "rename", EVENT_CHANGED },
		{ "update", EVENT_CHANGED },
		{ "die", EVENT_ENDED },
		{ "died", EVENT_ENDED },
		{ "destroy", EVENT_REMOVED },
		{ "remove", EVENT_REMOVED },
		{ "removed", EVENT_REMOVED },
		{ "kill", EVENT_OTHER },
		{ "stop", EVENT_OTHER },
		{ "pause", EVENT_OTHER },
		{ "exec_start: start", EVENT_OTHER },
		{ "exec_die", EVENT_OTHER },
		{ "health_status: healthy", EVENT_OTHER },
		{ "", EVENT_OTHER },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct event event;
		char line[512];

		snprintf(line, sizeof line,
			"{\"Type\":\"container\",\"Action\":\"%s\",\"Actor\":{\"ID\":\"" ID
			"\",\"Attributes\":{\"name\":\"web\"}},\"timeNano\":1795336925187878774}",
			rows[i].action);
		assert_int_equal(event_of(line, &event), 0);
		assert_int_equal(event.kind, rows[i].kind);
		if (event.kind != EVENT_OTHER)
			assert_string_equal(event.id, ID);
	}
}

/* The names of members differ with the version; the newer ones win. */
static void members(void **state)
{
	static const struct {
		const char *line;
		const char *id; /* NULL: it is about nothing */
	} rows[] = {
		{ "{\"status\":\"die\",\"id\":\"" ID "\",\"Type\":\"container\"}", ID },
		{ "{\"status\":\"die\",\"id\":\"" ID "\",\"Type\":\"container\",\"Action\":\"die\","
		  "\"Actor\":{\"ID\":\"" OTHER_ID "\"}}",
			OTHER_ID },
		{ "{\"status\":\"die\",\"id\":\"" ID "\",\"Type\":\"image\"}", NULL },
		{ "{\"status\":\"die\",\"id\":\"" ID "\"}", NULL },
		{ "{\"id\":\"" ID "\",\"Type\":\"container\"}", NULL },
		{ "{\"status\":\"die\",\"Type\":\"container\"}", NULL },
		{ "{\"status\":\"die\",\"id\":\"web\",\"Type\":\"container\"}", NULL },
		{ "{\"status\":\"die\",\"id\":\"" ID "0\",\"Type\":\"container\"}", NULL },
		{ "{\"status\":\"die\",\"id\":7,\"Type\":\"container\"}", NULL },
		{ "{\"status\":{},\"id\":\"" ID "\",\"Type\":\"container\"}", NULL },
		{ "[]", NULL },
		{ "{}", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct event event;

		assert_int_equal(event_of(rows[i].line, &event), 0);
		assert_int_equal(event.kind, rows[i].id ? EVENT_ENDED : EVENT_OTHER);
		if (rows[i].id)
			assert_string_equal(event.id, rows[i].id);
	}
}

static void no_events(void **state)
{
	static const char *const rows[] = { "", "{", "die", "{\"a\":1}{\"b\":2}", "\"\xff\"",
		"{\"a\":tru" };
	struct event event;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(event_of(rows[i], &event), -TACIT_INVALID);
}

static void depth(void **state)
{
	char text[2 * PARSE_DEPTH_MAX + 3];
	struct event event;

	(void)state;
	memset(text, '[', PARSE_DEPTH_MAX);
	memset(text + PARSE_DEPTH_MAX, ']', PARSE_DEPTH_MAX);
	text[2 * PARSE_DEPTH_MAX] = '\0';
	assert_int_equal(event_of(text, &event), 0);
	memset(text, '[', PARSE_DEPTH_MAX + 1);
	memset(text + PARSE_DEPTH_MAX + 1, ']', PARSE_DEPTH_MAX + 1);
	text[2 * PARSE_DEPTH_MAX + 2] = '\0';
	assert_int_equal(event_of(text, &event), -TACIT_INVALID);
	assert_int_equal(
		event_of("{\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\":0}", &event), 0);
}

/* A label that an image's maker chose: an escaped NUL in a key, which the library does not take,
 * and a number beyond its range. What else is said must be readable. */
static void hostile(void **state)
{
	struct event event;

	(void)state;
	assert_int_equal(
		event_of("{\"Type\":\"container\",\"Action\":\"die\",\"Actor\":{\"ID\":\"" ID
			 "\",\"Attributes\":{\"a\\u0000b\":\"\\u0000\"}},"
			 "\"time\":99999999999999999999999}",
			&event),
		0);
	assert_int_equal(event.kind, EVENT_ENDED);
	/* A backslash and "u0000" are no NUL. */
	assert_int_equal(event_of("{\"Type\":\"container\\\\u0000\"}", &event), 0);
	assert_int_equal(event_of("\"\\u0000", &event), -TACIT_INVALID);
	assert_int_equal(event_of("\"\\u000", &event), -TACIT_INVALID);
	assert_int_equal(event_of("\"\\", &event), -TACIT_INVALID);
}

static void count_one(void *context, const char *id)
{
	unsigned int *count = context;

	assert_string_equal(id, *count ? OTHER_ID : ID);
	(*count)++;
}

static int list_of(const char *text, unsigned int *count)
{
	char *copy = strdup(text);
	int status;

	*count = 0;
	status = parse_list(copy, strlen(text), count_one, count, NULL);
	free(copy);
	return status;
}

static void lists(void **state)
{
	unsigned int count;

	(void)state;
	assert_int_equal(list_of("[]", &count), 0);
	assert_int_equal(count, 0);
	assert_int_equal(list_of("[{\"Id\":\"" ID "\",\"Labels\":{\"a\\u0000\":\"\"}},"
				 "{\"Id\":\"short\"},{},7,null,{\"Id\":\"" OTHER_ID "\"}]",
				 &count),
		0);
	assert_int_equal(count, 2);
	assert_int_equal(list_of("{\"Id\":\"" ID "\"}", &count), -TACIT_INVALID);
	assert_int_equal(list_of("[{\"Id\":\"" ID "\"}", &count), -TACIT_INVALID);
	assert_int_equal(count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(actions),
		cmocka_unit_test(members),
		cmocka_unit_test(no_events),
		cmocka_unit_test(depth),
		cmocka_unit_test(hostile),
		cmocka_unit_test(lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
