/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP against the real loop: what is served, what is refused before core hears of it, and that one
 * client cannot disturb another. */
#include <grp.h>
#include <poll.h>

#include "api/clients.h"
#include "tests/unit/api/rig.h"

static uint8_t big[TACIT_TRANSIT_MAX + 1];

static void test_a_document_comes_back_as_json(void **state)
{
	struct rig *rig = *state;
	int client = rig_send(rig, "GET /v1/secrets/tls%2Fcert", NULL, 0);
	struct frame_request request = rig_core_receive(rig, NULL);

	assert_int_equal(request.verb, VERB_SECRET_INSPECT);
	assert_string_equal(request.secret, "tls/cert");
	assert_int_equal(request.operator_uid, getuid());
	rig_core_reply_state(rig);
	rig_read(rig, client);
	rig_assert_answer(rig, 200, "\r\n\r\n{\"state\":\"serving\"}\n");
	rig_assert_answer(rig, 200, "Connection: close\r\n");
	rig_assert_answer(rig, 200, "Content-Type: application/json\r\n");
	rig_assert_answer(rig, 200, "Cache-Control: no-store\r\n");
}

static void test_the_largest_value_passes_whole(void **state)
{
	static uint8_t got[TACIT_TRANSIT_MAX];
	struct rig *rig = *state;
	struct frame_request request;
	pid_t writer;

	for (size_t i = 0; i < sizeof big; i++)
		big[i] = (uint8_t)(i * 7 + i / 251);
	/* It does not fit into the sockets on the way: somebody else has to write. */
	writer = fork();
	if (!writer) {
		int client = rig_send(rig, "POST /v1/secrets/a", big, TACIT_TRANSIT_MAX);

		rig_read(rig, client);
		_exit(strncmp(rig->answer, "HTTP/1.1 201 ", 13) != 0);
	}
	request = rig_core_receive(rig, got);
	assert_int_equal(request.verb, VERB_SECRET_CREATE);
	assert_int_equal(request.body_length, TACIT_TRANSIT_MAX);
	assert_memory_equal(got, big, TACIT_TRANSIT_MAX);
	rig_core_reply_state(rig);
	{
		int status;

		assert_int_equal(waitpid(writer, &status, 0), writer);
		assert_int_equal(status, 0);
	}
}

static void test_a_revealed_value_comes_back_as_octets(void **state)
{
	static const uint8_t sealed[] = "sealed \0 octets";
	struct rig *rig = *state;
	uint8_t key[32];
	struct frame_request request;
	int client;

	memset(key, 'k', sizeof key);
	client = rig_send(rig, "POST /v1/secrets/a/reveal?version=3", key, sizeof key);
	request = rig_core_receive(rig, NULL);
	assert_int_equal(request.verb, VERB_SECRET_REVEAL);
	assert_int_equal(request.version, 3);
	assert_memory_equal(request.reply_key, key, sizeof key);
	rig_core_reply(rig, TACIT_OK, "", sealed, sizeof sealed);
	rig_read(rig, client);
	rig_assert_answer(rig, 200, "Content-Type: application/octet-stream\r\n");
	assert_memory_equal(
		rig->answer + rig->answer_length - sizeof sealed, sealed, sizeof sealed);
}

static void test_a_long_list_comes_in_many_frames(void **state)
{
	struct rig *rig = *state;
	struct pack doc = { 0 };
	int client = rig_send(rig, "GET /v1/secrets", NULL, 0);

	rig_core_receive(rig, NULL);
	doc_open(&doc, NULL, DOC_LIST);
	for (int i = 0; i < 20000; i++)
		doc_text(&doc, NULL, "0123456789");
	doc_text(&doc, NULL, "last");
	doc_close(&doc);
	rig_core_reply(rig, TACIT_OK, "", doc.bytes, doc.length);
	pack_free(&doc);
	rig_read(rig, client);
	rig_assert_answer(rig, 200, "0123456789\",\"last\"]\n");
}

static void test_core_s_refusal_is_passed_on(void **state)
{
	struct rig *rig = *state;
	int client = rig_send(rig, "DELETE /v1/secrets/a?force=1", NULL, 0);
	struct frame_request request = rig_core_receive(rig, NULL);

	assert_int_equal(request.flags, REQUEST_FORCE);
	rig_core_reply(rig, TACIT_LOCKED, "run 'tacit unlock'", NULL, 0);
	rig_read(rig, client);
	rig_assert_answer(rig, 423,
		"\r\n\r\n{\"error\":{\"code\":\"locked\",\"message\":\"run 'tacit unlock'\"}}\n");
}

static void test_what_never_reaches_core(void **state)
{
	static const struct {
		const char *line;
		const char *body; /* NULL: none */
		size_t length;    /* 0: of the text */
		int status;
		const char *text;
	} cases[] = {
		{ "GET /", NULL, 0, 404, "\"not_found\"" },
		{ "GET /v1/nothing", NULL, 0, 404, "\"not_found\"" },
		{ "GET /v1/secrets/tls/cert", NULL, 0, 404, "%2F" },
		{ "PUT /v1/status", NULL, 0, 405, "Allow: GET\r\n" },
		{ "PATCH /v1/secrets/a", NULL, 0, 405, "Allow: GET, POST, DELETE\r\n" },
		{ "HEAD /v1/status", NULL, 0, 405, "Allow: GET\r\n" },
		{ "GET /v1/secrets/..", NULL, 0, 400, "\"invalid\"" },
		{ "GET /v1/secrets/a%00b", NULL, 0, 400, "\"invalid\"" },
		{ "GET /v1/secrets/a%zz", NULL, 0, 400, "\"invalid\"" },
		{ "GET /v1/secrets/a+b", NULL, 0, 400, "\"invalid\"" },
		{ "GET /v1/status?x=1", NULL, 0, 400, "\"invalid\"" },
		{ "DELETE /v1/grants?secret=a", NULL, 0, 400, "consumer" },
		{ "GET /v1/status", "x", 0, 413, "takes no body" },
		{ "POST /v1/secrets/a", (char *)big, sizeof big, 413, "\"too_large\"" },
		{ "POST /v1/secrets/a", "", 0, 400, "empty" },
		{ "POST /v1/secrets/a/reveal", "short", 0, 400, "32 bytes" },
		{ "POST /v1/secrets/a/reveal", (char *)big, 33, 413, "32 bytes" },
		{ "POST /v1/grants", "{\"secret\":\"a\"}", 0, 400, "consumer" },
		{ "POST /v1/grants", "[[[[[[[[[[[", 0, 400, "nested" },
		{ "POST /v1/grants", (char *)big, 65537, 413, "65536" },
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t length = cases[i].length;

		if (!length && cases[i].body)
			length = strlen(cases[i].body);
		rig_read(rig, rig_send(rig, cases[i].line, cases[i].body, length));
		rig_assert_answer(rig, cases[i].status, cases[i].text);
	}
	rig_assert_alive(rig);
}

static void test_a_target_longer_than_any_route(void **state)
{
	struct rig *rig = *state;
	char line[4096] = "GET /v1/secrets/";

	memset(line + strlen(line), 'a', 3000);
	rig_read(rig, rig_send(rig, line, NULL, 0));
	rig_assert_answer(rig, 400, "longer than any route");
	rig_assert_alive(rig);
}

/* The end a moment after the bytes: when both come at once the library does not see the end, and
 * the connection lasts until its deadline. */
static void half_close(int client)
{
	usleep(50000);
	shutdown(client, SHUT_WR);
}

static void test_bytes_that_are_not_http(void **state)
{
	static const char *const cases[] = {
		"\r\n\r\n\r\n",
		"GET\r\n\r\n",
		"GET /v1/status HTTP/1.1\r\n\r\n", /* no Host */
		"GET /v1/status HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
		"GET /v1/status HTTP/1.1\r\nHost: x\r\nContent-Length: 1x\r\n\r\n",
		"POST /v1/lock HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int client = rig_connect(rig);

		rig_write(client, cases[i], strlen(cases[i]));
		half_close(client);
		rig_read(rig, client);
		assert_null(strstr(rig->answer, " 200 "));
	}
	rig_assert_alive(rig);
}

static void test_a_chunked_body_is_counted(void **state)
{
	static const char head[] = "POST /v1/grants HTTP/1.1\r\nHost: x\r\n"
				   "Transfer-Encoding: chunked\r\n\r\n";
	struct rig *rig = *state;
	int client = rig_connect(rig);

	rig_write(client, head, strlen(head));
	for (int i = 0; i < 17; i++) {
		rig_write(client, "1000\r\n", 6);
		rig_write(client, big, 0x1000);
		rig_write(client, "\r\n", 2);
	}
	rig_write(client, "0\r\n\r\n", 5);
	rig_read(rig, client);
	rig_assert_answer(rig, 413, "\"too_large\"");
	rig_assert_alive(rig);
}

static void test_a_body_cut_short_does_nothing(void **state)
{
	static const char text[] = "POST /v1/secrets/a HTTP/1.1\r\nHost: x\r\n"
				   "Content-Length: 100\r\n\r\nhalf of it";
	struct rig *rig = *state;
	int client = rig_connect(rig);

	rig_write(client, text, strlen(text));
	half_close(client);
	rig_read(rig, client);
	assert_null(strstr(rig->answer, " 201 "));
	client = rig_connect(rig);
	rig_write(client, text, strlen(text));
	close(client);
	rig_assert_alive(rig);
}

static void test_a_client_that_only_listens_is_answered(void **state)
{
	struct rig *rig = *state;
	int client = rig_send(rig, "GET /v1/status", NULL, 0);

	shutdown(client, SHUT_WR);
	rig_core_receive(rig, NULL);
	rig_core_reply_state(rig);
	rig_read(rig, client);
	rig_assert_answer(rig, 200, "serving");
}

static void test_a_client_that_leaves_disturbs_nobody(void **state)
{
	struct rig *rig = *state;
	int client = rig_send(rig, "GET /v1/status", NULL, 0);

	rig_core_receive(rig, NULL);
	close(client);
	rig_core_reply_state(rig);
	rig_assert_alive(rig);
}

static void test_one_connection_serves_one_request(void **state)
{
	static const char two[] = "GET /v1/secrets HTTP/1.1\r\nHost: x\r\n\r\n"
				  "POST /v1/lock HTTP/1.1\r\nHost: x\r\n\r\n";
	struct rig *rig = *state;
	int client = rig_connect(rig);

	rig_write(client, two, strlen(two));
	assert_int_equal(rig_core_receive(rig, NULL).verb, VERB_SECRET_LIST);
	rig_core_reply_state(rig);
	rig_read(rig, client);
	rig_assert_answer(rig, 200, "serving");
	rig_assert_alive(rig);
}

static void test_too_large_is_said_before_it_is_sent(void **state)
{
	static const char head[] = "POST /v1/secrets/a HTTP/1.1\r\nHost: x\r\n"
				   "Content-Length: 99999999\r\n\r\n";
	struct rig *rig = *state;
	int client = rig_connect(rig);

	rig_write(client, head, strlen(head));
	rig_read(rig, client);
	rig_assert_answer(rig, 413, "\"too_large\"");
	rig_assert_alive(rig);
}

/* Every second one gets a byte more, if it is still there; those that ended are closed. */
static size_t drip(int *slow, size_t count)
{
	size_t open = 0;

	for (size_t i = 0; i < count; i++) {
		struct pollfd one = { slow[i], POLLIN, 0 };

		if (slow[i] < 0)
			continue;
		if (i % 2)
			send(slow[i], "y", 1, MSG_NOSIGNAL);
		if (poll(&one, 1, 0) == 0) {
			open++;
			continue;
		}
		close(slow[i]);
		slow[i] = -1;
	}
	return open;
}

/* Clients that say nothing, or a byte now and then, take all but one of a user's places: others are
 * served meanwhile, one too many is told so and ended soon, and their deadline ends the rest
 * although bytes keep coming. Who waits for core has no such deadline. */
static void test_slow_clients_are_ended_and_disturb_nobody(void **state)
{
	struct rig *rig = *state;
	const size_t share = getuid() ? CLIENTS_PER_USER : CLIENTS_PER_ROOT, slows = share - 1;
	int slow[CLIENTS_PER_ROOT], patient, surplus;
	char byte;

	for (size_t i = 0; i < slows; i++) {
		slow[i] = rig_connect(rig);
		if (i)
			rig_write(slow[i], "GET /v1/status HTTP/1.1\r\nX: ", 28);
		rig_assert_alive(rig);
	}
	patient = rig_send(rig, "GET /v1/status", NULL, 0);
	rig_core_receive(rig, NULL);
	rig_read(rig, rig_send(rig, "GET /v1/status", NULL, 0));
	rig_assert_answer(rig, 429, "\"limit\"");
	surplus = rig_connect(rig);
	assert_int_equal(recv(surplus, &byte, 1, 0), 0);
	close(surplus);
	for (int ticks = 0; drip(slow, slows); ticks++) {
		assert_true(ticks < RIG_PATIENCE_S * 10);
		usleep(100000);
	}
	usleep(500000); /* the patient one came last */
	rig_core_reply_state(rig);
	rig_read(rig, patient);
	rig_assert_answer(rig, 200, "serving");
}

/* Another user asks; `group` is the one supplementary group it has. The status it got. */
static int status_as_stranger(struct rig *rig, gid_t group)
{
	int pair[2], status = 0;
	pid_t stranger;

	assert_int_equal(pipe(pair), 0);
	stranger = fork();
	if (!stranger) {
		if (setgroups(1, &group) || setresgid(65534, 65534, 65534) ||
			setresuid(65534, 65534, 65534))
			_exit(1);
		rig_read(rig, rig_send(rig, "GET /v1/status", NULL, 0));
		status = atoi(rig->answer + 9);
		_exit(write(pair[1], &status, sizeof status) != sizeof status);
	}
	close(pair[1]);
	if (group == RIG_OPERATORS) {
		assert_int_equal(rig_core_receive(rig, NULL).operator_uid, 65534);
		rig_core_reply_state(rig);
	}
	assert_int_equal(read(pair[0], &status, sizeof status), sizeof status);
	close(pair[0]);
	waitpid(stranger, NULL, 0);
	return status;
}

static void test_only_operators_are_served(void **state)
{
	struct rig *rig = *state;

	if (getuid())
		skip();
	assert_int_equal(status_as_stranger(rig, 65534), 403);
	assert_int_equal(status_as_stranger(rig, RIG_OPERATORS), 200);
	rig_assert_alive(rig);
}

#define rig_test(test) cmocka_unit_test_setup_teardown(test, rig_start, rig_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_a_document_comes_back_as_json),
		rig_test(test_the_largest_value_passes_whole),
		rig_test(test_a_revealed_value_comes_back_as_octets),
		rig_test(test_a_long_list_comes_in_many_frames),
		rig_test(test_core_s_refusal_is_passed_on),
		rig_test(test_what_never_reaches_core),
		rig_test(test_a_target_longer_than_any_route),
		rig_test(test_bytes_that_are_not_http),
		rig_test(test_a_chunked_body_is_counted),
		rig_test(test_a_body_cut_short_does_nothing),
		rig_test(test_a_client_that_only_listens_is_answered),
		rig_test(test_a_client_that_leaves_disturbs_nobody),
		rig_test(test_one_connection_serves_one_request),
		rig_test(test_too_large_is_said_before_it_is_sent),
		rig_test(test_slow_clients_are_ended_and_disturb_nobody),
		rig_test(test_only_operators_are_served),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
