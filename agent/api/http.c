/* SPDX-License-Identifier: Apache-2.0 */
#include "api/http.h"

#include <limits.h>
#include <microhttpd.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

/* What libmicrohttpd may use for one connection: the target, the headers, a part of the body. */
#define CONNECTION_MEMORY (32u << 10)

/* All bodies together: several of the largest values at once. */
#define BODIES_MEMORY (16u << 20)

static struct client *client_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static enum MHD_Result send_answer(struct client *client)
{
	struct exchange *exchange = &client->exchange;
	struct MHD_Response *response;
	enum MHD_Result queued;

	if (!exchange->bytes)
		return MHD_NO; /* no memory for an answer: the connection just ends */
	response = MHD_create_response_from_buffer(
		exchange->length, exchange->bytes, MHD_RESPMEM_MUST_FREE);
	if (!response)
		return MHD_NO;
	exchange->bytes = NULL;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, exchange->type);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	if (exchange->allow[0] && exchange->status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, exchange->allow);
	client->deadline = clock_monotonic_ns() + CLIENT_DEADLINE_NS;
	queued = MHD_queue_response(exchange->connection, (unsigned int)exchange->status, response);
	MHD_destroy_response(response);
	return queued;
}

/* The target, before libmicrohttpd cuts it up. */
static void *take_target(void *context, const char *target, struct MHD_Connection *connection)
{
	struct client *client = client_of(connection);

	(void)context;
	if (client && !client->exchange.target && strlen(target) <= TARGET_MAX)
		client->exchange.target = strdup(target);
	return NULL;
}

/* Decoding is ours (api/target.h). */
static size_t leave_escaped(void *context, struct MHD_Connection *connection, char *text)
{
	(void)context;
	(void)connection;
	return strlen(text);
}

static size_t room_left(const struct http *http)
{
	size_t held = clients_body_bytes(&http->clients);

	return held < BODIES_MEMORY ? BODIES_MEMORY - held : 0;
}

static enum MHD_Result take_body(
	struct http *http, struct client *client, const char *bytes, size_t *length)
{
	exchange_take(&client->exchange, bytes, *length, room_left(http));
	*length = 0;
	return MHD_YES;
}

static enum MHD_Result take_end(struct http *http, struct client *client)
{
	struct exchange *exchange = &client->exchange;
	struct question *question;

	if (exchange->status)
		return send_answer(client);
	question = exchange_finish(exchange, client->uid, room_left(http), client);
	if (!question)
		return send_answer(client);
	client->deadline = CLIENT_NO_DEADLINE;
	MHD_suspend_connection(exchange->connection);
	relay_ask(http->relay, question, clock_monotonic_ns());
	return MHD_YES;
}

/* Called once with the head, for each part of the body, at the end, and again when resumed. */
static enum MHD_Result serve(void *context, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *bytes, size_t *length, void **unused)
{
	struct http *http = context;
	struct client *client = client_of(connection);

	(void)url;
	(void)version;
	(void)unused;
	if (!client)
		return MHD_NO;
	if (!client->exchange.begun) {
		const char *content_length = MHD_lookup_connection_value(
			connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);

		client->exchange.connection = connection;
		if (exchange_begin(&client->exchange, client->refusal, method, content_length))
			return send_answer(client);
		return MHD_YES;
	}
	if (*length)
		return take_body(http, client, bytes, length);
	return take_end(http, client);
}

void http_answered(void *context, void *owner, enum tacit_code code, const char *text,
	const uint8_t *bytes, size_t length)
{
	struct client *client = owner;

	(void)context;
	exchange_answer(&client->exchange, code, text, bytes, length);
	client->deadline = clock_monotonic_ns() + CLIENT_DEADLINE_NS;
	MHD_resume_connection(client->exchange.connection);
}

static void connection_changed(void *context, struct MHD_Connection *connection,
	void **socket_context, enum MHD_ConnectionNotificationCode what)
{
	struct http *http = context;

	(void)connection;
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		*socket_context = http->admitting;
	} else if (*socket_context) {
		clients_release(*socket_context);
		*socket_context = NULL;
	}
}

int http_start(struct http *http, struct relay *relay, struct err *err)
{
	*http = (struct http){ .relay = relay };
	http->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
		serve, http, MHD_OPTION_CONNECTION_LIMIT, (unsigned int)CLIENTS_MAX,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
		MHD_OPTION_NOTIFY_CONNECTION, connection_changed, http, MHD_OPTION_URI_LOG_CALLBACK,
		take_target, http, MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, http,
		MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
	if (!http->daemon)
		return err_set(err, TACIT_INTERNAL, "the HTTP library does not start");
	return 0;
}

void http_admit(struct http *http, int fd, uid_t uid, bool is_operator)
{
	const struct sockaddr_un address = { .sun_family = AF_UNIX };

	http->admitting = clients_admit(&http->clients, fd, uid, is_operator, clock_monotonic_ns());
	if (!http->admitting) {
		close(fd);
		return;
	}
	if (http->admitting->refusal != TACIT_OK)
		log_warning("turned away a client of uid %u: %s", uid,
			code_word(http->admitting->refusal));
	/* When it fails, libmicrohttpd has closed the socket, but may not have told. */
	if (MHD_add_connection(http->daemon, fd, (const struct sockaddr *)&address,
		    sizeof address) != MHD_YES &&
		http->admitting->taken)
		clients_release(http->admitting);
	http->admitting = NULL;
}

int http_descriptor(const struct http *http)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);

	return info ? info->listen_fd : -1;
}

int http_timeout(const struct http *http)
{
	MHD_UNSIGNED_LONG_LONG milliseconds;

	if (MHD_get_timeout(http->daemon, &milliseconds) != MHD_YES)
		return -1;
	return milliseconds > INT_MAX ? INT_MAX : (int)milliseconds;
}

void http_run(struct http *http)
{
	MHD_run(http->daemon);
}

void http_stop(struct http *http)
{
	if (http->daemon)
		MHD_stop_daemon(http->daemon);
	http->daemon = NULL;
}
