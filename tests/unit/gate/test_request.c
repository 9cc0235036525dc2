/* SPDX-License-Identifier: Apache-2.0 */
/* The requests that ask and those that act, byte by byte, and every way in which an ask or an act
 * is none of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gate/request.h"

#define HEX "8a11ed93ab775cba6925506f6c0be67f49d85d620c763081be11d3296a4ca67b"
#define END " HTTP/1.0\r\nHost: tacit\r\nConnection: close\r\n\r\n"

static const struct {
	uint32_t what, engine;
	const char *id;
	const char *request; /* NULL: there is none */
} rows[] = {
	{ ASK_EVENTS, 0, "", "GET /events?filters=%7B%22type%22%3A%5B%22container%22%5D%7D" END },
	{ ASK_LIST, 7, "", "GET /containers/json?all=1" END },
	{ ASK_CONTAINER, 0, HEX, "GET /containers/" HEX "/json" END },
	{ ASK_IMAGE, 0, "sha256:" HEX, "GET /images/sha256:" HEX "/json" END },

	{ 0, 0, "", NULL },
	{ ASKS, 0, "", NULL },
	{ 0xffffffff, 0, "", NULL },
	{ ASK_LIST, 8, "", NULL },
	{ ASK_LIST, 0xffffffff, "", NULL },
	{ ASK_EVENTS, 0, HEX, NULL },
	{ ASK_LIST, 0, "x", NULL },
	{ ASK_CONTAINER, 0, "", NULL },
	{ ASK_CONTAINER, 0, "web", NULL },
	{ ASK_CONTAINER, 0, "sha256:" HEX, NULL },
	{ ASK_CONTAINER, 0, HEX "0", NULL },
	{ ASK_CONTAINER, 0, "8A11ed93ab775cba6925506f6c0be67f49d85d620c763081be11d3296a4ca67b",
		NULL },
	{ ASK_CONTAINER, 0, "8a11ed93ab775cba6925506f6c0be67f49d85d620c763081be11d3296a4ca67",
		NULL },
	{ ASK_CONTAINER, 0, "../../../../../../../../../../../../../../../../../../../../../x",
		NULL },
	{ ASK_CONTAINER, 0, "8a11ed93ab775cba6925506f6c0be67f49d85d620c763081be11d3296a4c\r\n7b",
		NULL },
	{ ASK_IMAGE, 0, "", NULL },
	{ ASK_IMAGE, 0, "nginx", NULL },
	{ ASK_IMAGE, 0, HEX, NULL },
	{ ASK_IMAGE, 0, "SHA256:" HEX, NULL },
	{ ASK_IMAGE, 0, "sha256:8a11ed93", NULL },
	{ ASK_IMAGE, 0, "sha256-" HEX, NULL },
};

static void requests(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct frame_ask ask = { .what = rows[i].what, .engine = rows[i].engine };
		struct request request;
		int status;

		memcpy(ask.id, rows[i].id, strlen(rows[i].id) + 1);
		status = request_build(&ask, &request, NULL);
		if (!rows[i].request != (status == -TACIT_INVALID))
			fail_msg("row %zu: %d", i, status);
		if (!rows[i].request)
			continue;
		assert_string_equal(request.text, rows[i].request);
		assert_int_equal(request.length, strlen(rows[i].request));
	}
}

/* An id that goes on to the end of its field. */
static void no_end(void **state)
{
	struct frame_ask ask = { .what = ASK_IMAGE };
	struct request request;

	(void)state;
	memcpy(ask.id, "sha256:" HEX "0", sizeof ask.id);
	assert_int_equal(request_build(&ask, &request, NULL), -TACIT_INVALID);
}

#define POST_END " HTTP/1.0\r\nHost: tacit\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
#define KILL "POST /containers/" HEX "/kill?signal=SIG"

static const struct {
	uint32_t what, engine;
	const char *signal, *id;
	const char *request; /* NULL: there is none */
} act_rows[] = {
	{ ACT_SIGNAL, 0, "HUP", HEX, KILL "HUP" POST_END },
	{ ACT_SIGNAL, 7, "WINCH", HEX, KILL "WINCH" POST_END },
	{ ACT_SIGNAL, 0, "INT", HEX, KILL "INT" POST_END },
	{ ACT_SIGNAL, 0, "QUIT", HEX, KILL "QUIT" POST_END },
	{ ACT_SIGNAL, 0, "USR1", HEX, KILL "USR1" POST_END },
	{ ACT_SIGNAL, 0, "USR2", HEX, KILL "USR2" POST_END },
	{ ACT_SIGNAL, 0, "TERM", HEX, KILL "TERM" POST_END },
	{ ACT_SIGNAL, 0, "CONT", HEX, KILL "CONT" POST_END },
	{ ACT_RESTART, 0, "", HEX, "POST /containers/" HEX "/restart?t=10" POST_END },

	{ 0, 0, "", HEX, NULL },
	{ 0, 0, "HUP", HEX, NULL },
	{ ACTS_ON_CONTAINERS, 0, "", HEX, NULL },
	{ 0xffffffff, 0, "", HEX, NULL },
	{ ACT_RESTART, 8, "", HEX, NULL },
	{ ACT_RESTART, 0xffffffff, "", HEX, NULL },
	{ ACT_RESTART, 0, "HUP", HEX, NULL },
	{ ACT_SIGNAL, 0, "", HEX, NULL },
	{ ACT_SIGNAL, 0, "KILL", HEX, NULL },
	{ ACT_SIGNAL, 0, "STOP", HEX, NULL },
	{ ACT_SIGNAL, 0, "hup", HEX, NULL },
	{ ACT_SIGNAL, 0, "SIGHUP", HEX, NULL },
	{ ACT_SIGNAL, 0, "9", HEX, NULL },
	{ ACT_SIGNAL, 0, "HUP&x=1", HEX, NULL },
	{ ACT_SIGNAL, 0, "HUP\r\n", HEX, NULL },
	{ ACT_SIGNAL, 0, "HUP:", HEX, NULL },
	{ ACT_SIGNAL, 0, "HUP", "", NULL },
	{ ACT_SIGNAL, 0, "HUP", "web", NULL },
	{ ACT_RESTART, 0, "", "sha256:8a11ed93ab775cba6925506f6c0be67f49d85d620c763081be11d3296",
		NULL },
	{ ACT_RESTART, 0, "", "8A11ed93ab775cba6925506f6c0be67f49d85d620c763081be11d3296a4ca67b",
		NULL },
	{ ACT_RESTART, 0, "", "8a11ed93ab775cba6925506f6c0be67f49d85d620c763081be11d3296a4ca67",
		NULL },
	{ ACT_RESTART, 0, "", "../../../../../../../../../../../../../../../../../../../../../x",
		NULL },
	{ ACT_RESTART, 0, "", "8a11ed93ab775cba6925506f6c0be67f49d85d620c763081be11d3296a4c\r\n7b",
		NULL },
};

static void acts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof act_rows / sizeof act_rows[0]; i++) {
		struct frame_act act = { .what = act_rows[i].what, .engine = act_rows[i].engine };
		struct request request;
		int status;

		memcpy(act.signal, act_rows[i].signal, strlen(act_rows[i].signal) + 1);
		memcpy(act.id, act_rows[i].id, strlen(act_rows[i].id) + 1);
		status = request_build_act(&act, &request, NULL);
		if (!act_rows[i].request != (status == -TACIT_INVALID))
			fail_msg("row %zu: %d", i, status);
		if (!act_rows[i].request)
			continue;
		assert_string_equal(request.text, act_rows[i].request);
		assert_int_equal(request.length, strlen(act_rows[i].request));
	}
}

/* An id and a signal that go on to the end of their fields. */
static void acts_without_end(void **state)
{
	struct frame_act act = { .what = ACT_SIGNAL, .signal = "HUP" };
	struct request request;

	(void)state;
	memcpy(act.id, HEX "0", sizeof act.id);
	assert_int_equal(request_build_act(&act, &request, NULL), -TACIT_INVALID);
	memcpy(act.id, HEX, sizeof act.id);
	assert_int_equal(request_build_act(&act, &request, NULL), 0);
	memcpy(act.signal, "WINCHWIN", sizeof act.signal);
	assert_int_equal(request_build_act(&act, &request, NULL), -TACIT_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),
		cmocka_unit_test(no_end),
		cmocka_unit_test(acts),
		cmocka_unit_test(acts_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
