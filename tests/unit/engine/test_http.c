/* SPDX-License-Identifier: Apache-2.0 */
/* The head of an answer: what is one, where it ends, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/http.h"

static const struct {
	const char *text;
	int found; /* 1, 0, or -1 for an error */
	int status;
	int64_t length;
} rows[] = {
	{ "HTTP/1.0 200 OK\r\n\r\n", 1, 200, -1 },
	{ "HTTP/1.0 200 OK\n\n", 1, 200, -1 },
	{ "HTTP/1.1 404 Not Found\r\nContent-Length: 17\r\n\r\n", 1, 404, 17 },
	{ "HTTP/1.0 200 OK\r\ncontent-length:  0 \r\nServer: x\r\n\r\n", 1, 200, 0 },
	{ "HTTP/1.0 200\r\n\r\n", 1, 200, -1 },
	{ "", 0, 0, 0 },
	{ "HTTP/1.0 200 OK\r\n", 0, 0, 0 },
	{ "HTTP/1.0 200 OK\r\nServer: x\r\n\r", 0, 0, 0 },
	{ "HTTP/2.0 200 OK\r\n\r\n", -1, 0, 0 },
	{ "HTTP/1.0 2000 OK\r\n\r\n", -1, 0, 0 },
	{ "HTTP/1.0 20 OK\r\n\r\n", -1, 0, 0 },
	{ "HTTP/1.0 099 OK\r\n\r\n", -1, 0, 0 },
	{ "HTTP/1.0 600 OK\r\n\r\n", -1, 0, 0 },
	{ "{}\r\n\r\n", -1, 0, 0 },
	{ "\r\n\r\n", -1, 0, 0 },
	{ "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", -1, 0, 0 },
	{ "HTTP/1.0 200 OK\r\ntransfer-encoding:identity\r\n\r\n", -1, 0, 0 },
	{ "HTTP/1.0 200 OK\r\nno name\r\n\r\n", -1, 0, 0 },
	{ "HTTP/1.0 200 OK\r\nContent-Length:\r\n\r\n", -1, 0, 0 },
	{ "HTTP/1.0 200 OK\r\nContent-Length: 1x\r\n\r\n", -1, 0, 0 },
	{ "HTTP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n", -1, 0, 0 },
	{ "HTTP/1.0 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", -1, 0, 0 },
	{ "HTTP/1.0 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", -1, 0, 0 },
};

static void heads(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct http_head head;
		struct err err;
		int found = http_head_read(rows[i].text, strlen(rows[i].text), &head, &err);

		if (found != rows[i].found && (found >= 0 || rows[i].found >= 0))
			fail_msg("row %zu: %d", i, found);
		if (found < 0)
			assert_int_equal(found, -TACIT_INVALID);
		if (found != 1)
			continue;
		assert_int_equal(head.status, rows[i].status);
		assert_int_equal(head.length, rows[i].length);
		assert_int_equal(head.size, strlen(rows[i].text));
	}
}

/* Every piece of a head but the whole of it says that there is more to come. */
static void pieces(void **state)
{
	static const char text[] = "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n[]";
	struct http_head head;

	(void)state;
	for (size_t length = 0; length < sizeof text - 1; length++)
		assert_int_equal(http_head_read(text, length, &head, NULL), length >= 38);
	assert_int_equal(head.size, 38);
}

static void too_long(void **state)
{
	static char text[HTTP_HEAD_MAX + 100] = "HTTP/1.0 200 OK\r\nX: ";
	struct http_head head;

	(void)state;
	memset(text + strlen(text), 'x', sizeof text - strlen(text));
	assert_int_equal(http_head_read(text, HTTP_HEAD_MAX - 1, &head, NULL), 0);
	assert_int_equal(http_head_read(text, HTTP_HEAD_MAX, &head, NULL), -TACIT_INVALID);
	memcpy(text + HTTP_HEAD_MAX, "\r\n\r\n", 4);
	assert_int_equal(http_head_read(text, sizeof text, &head, NULL), -TACIT_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heads),
		cmocka_unit_test(pieces),
		cmocka_unit_test(too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
