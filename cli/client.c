/* SPDX-License-Identifier: Apache-2.0 */
#include <tacit/client.h>

#include <curl/curl.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/paths.h"

struct client {
	CURL *curl;
	char socket[PATH_FULL_MAX];
	long timeout; /* milliseconds */
	bool (*wait)(void *with);
	void *with;
};

/* The answer as it comes in. */
struct incoming {
	struct client_answer answer;
	bool too_large;
};

static int on_progress(
	void *client, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up)
{
	const struct client *waiting = client;

	(void)total, (void)now, (void)up_total, (void)up;
	return waiting->wait && !waiting->wait(waiting->with);
}

static size_t on_bytes(char *bytes, size_t size, size_t count, void *to)
{
	struct incoming *incoming = to;
	struct client_answer *answer = &incoming->answer;
	uint8_t *grown;

	(void)size; /* always 1 */
	if (count > CLIENT_ANSWER_MAX - answer->length) {
		incoming->too_large = true;
		return 0;
	}
	grown = realloc(answer->bytes, answer->length + count + 1);
	if (!grown)
		return 0;
	memcpy(grown + answer->length, bytes, count);
	answer->bytes = grown;
	answer->length += count;
	return count;
}

int client_open(const char *root, struct client **client, struct err *err)
{
	struct client *made = calloc(1, sizeof *made);

	if (made)
		made->curl = curl_easy_init();
	if (!made || !made->curl) {
		client_close(made);
		return err_set(err, TACIT_INTERNAL, "no memory for a client");
	}
	path_below(root, TACIT_API_SOCKET, made->socket);
	made->timeout = CLIENT_WHOLE_MS;
	*client = made;
	return 0;
}

void client_close(struct client *client)
{
	if (!client)
		return;
	curl_easy_cleanup(client->curl);
	free(client);
}

void client_set_timeout(struct client *client, long milliseconds)
{
	client->timeout = milliseconds < 1 ? 1 : milliseconds;
}

void client_on_wait(struct client *client, bool (*wait)(void *with), void *with)
{
	client->wait = wait;
	client->with = with;
}

static bool plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

static int put_encoded(char *path, const char *text, struct err *err)
{
	size_t used = strlen(path);

	for (; *text; text++) {
		if (used + 4 > CLIENT_PATH_MAX)
			return err_set(err, TACIT_INVALID, "a name is too long");
		used += (size_t)snprintf(path + used, 4, plain(*text) ? "%c" : "%%%02X",
			plain(*text) ? *text : (unsigned char)*text);
	}
	return 0;
}

static int put_plain(char *path, const char *text, struct err *err)
{
	size_t used = strlen(path);

	if (used + strlen(text) >= CLIENT_PATH_MAX)
		return err_set(err, TACIT_INVALID, "a name is too long");
	memcpy(path + used, text, strlen(text) + 1);
	return 0;
}

int client_path(char path[CLIENT_PATH_MAX], struct err *err, const char *segment, ...)
{
	int status = 0;
	va_list more;

	snprintf(path, CLIENT_PATH_MAX, "%s", TACIT_API_PREFIX);
	va_start(more, segment);
	for (; segment && !status; segment = va_arg(more, const char *)) {
		status = put_plain(path, "/", err);
		if (!status)
			status = put_encoded(path, segment, err);
	}
	va_end(more);
	return status;
}

int client_query(char path[CLIENT_PATH_MAX], const char *name, const char *value, struct err *err)
{
	int status = put_plain(path, strchr(path, '?') ? "&" : "?", err);

	if (!status)
		status = put_plain(path, name, err);
	if (!status)
		status = put_plain(path, "=", err);
	return status ? status : put_encoded(path, value, err);
}

int client_error(long status, const void *bytes, size_t length, struct err *err)
{
	const char *word = NULL, *text = NULL;
	enum tacit_code code;
	json_t *root = json_loadb(length ? bytes : "", length, JSON_REJECT_DUPLICATES, NULL);

	if (!root || json_unpack(root, "{s:{s:s,s:s}}", "error", "code", &word, "message", &text)) {
		json_decref(root);
		return err_set(err, TACIT_INTERNAL,
			"the agent answered with HTTP status %ld and no reason", status);
	}
	code = code_of_word(word);
	err_set(err, code == TACIT_OK ? TACIT_INTERNAL : code, "%s", text);
	json_decref(root);
	return -(int)(code == TACIT_OK ? TACIT_INTERNAL : code);
}

static int not_connected(struct client *client, struct err *err)
{
	long errnum = 0;

	curl_easy_getinfo(client->curl, CURLINFO_OS_ERRNO, &errnum);
	if (errnum == EACCES || errnum == EPERM)
		return err_set(err, TACIT_DENIED,
			"no permission for the agent's socket %s; join group tacit or run as root",
			client->socket);
	return err_set(err, TACIT_UNAVAILABLE,
		"the agent does not answer at %s: %s; start it with 'tacitd' or 'systemctl start "
		"tacitd'",
		client->socket, errnum ? strerror((int)errnum) : "no connection");
}

static int no_answer(struct client *client, CURLcode code, bool too_large, struct err *err)
{
	if (code == CURLE_COULDNT_CONNECT)
		return not_connected(client, err);
	if (code == CURLE_OPERATION_TIMEDOUT)
		return err_set(err, TACIT_UNAVAILABLE,
			"the agent did not answer at %s in time; its log says why", client->socket);
	if (code == CURLE_ABORTED_BY_CALLBACK)
		return err_set(err, TACIT_UNAVAILABLE,
			"interrupted before the agent answered; it may have been done");
	if (code == CURLE_WRITE_ERROR)
		return err_set(err, too_large ? TACIT_TOO_LARGE : TACIT_INTERNAL,
			too_large ? "the agent's answer is larger than %u bytes"
				  : "no memory for an answer (at most %u bytes)",
			CLIENT_ANSWER_MAX);
	return err_set(err, TACIT_UNAVAILABLE,
		"the agent at %s broke the connection (%s); it may have been done: look before "
		"trying again",
		client->socket, curl_easy_strerror(code));
}

/* The options that change from request to request; everything else is the same for all. */
static void set_request(
	CURL *curl, const struct client_request *request, struct curl_slist *headers)
{
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	/* libcurl repeats a request whose kept connection turns out dead: only a question may be.
	 */
	curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, strcmp(request->method, "GET") ? 1L : 0L);
	if (!strcmp(request->method, "POST")) {
		curl_easy_setopt(curl, CURLOPT_POST, 1L);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->length ? request->body : "");
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->length);
	} else {
		curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
		curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
	}
}

static void set_always(struct client *client, struct incoming *incoming)
{
	CURL *curl = client->curl;

	curl_easy_reset(curl);
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, client->socket);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "tacit/" TACIT_VERSION);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
		client->timeout < CLIENT_CONNECT_MS ? client->timeout : (long)CLIENT_CONNECT_MS);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, client->timeout);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, incoming);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, client);
}

static struct curl_slist *make_headers(const struct client_request *request)
{
	char type[80];
	struct curl_slist *headers, *more;

	snprintf(type, sizeof type, "Content-Type:%s%s", request->type ? " " : "",
		request->type ? request->type : "");
	/* Waiting for "100 Continue" would cost a second against a server that does not send it. */
	headers = curl_slist_append(NULL, "Expect:");
	more = headers ? curl_slist_append(headers, type) : NULL;
	if (!more)
		curl_slist_free_all(headers);
	return more;
}

int client_ask(struct client *client, const struct client_request *request,
	struct client_answer *answer, struct err *err)
{
	char url[CLIENT_PATH_MAX + sizeof "http://tacit"];
	struct curl_slist *headers = make_headers(request);
	struct incoming incoming = { 0 };
	long status = 0;
	CURLcode code;
	int result;

	if (!headers)
		return err_set(err, TACIT_INTERNAL, "no memory for a request");
	snprintf(url, sizeof url, "http://tacit%s", request->path);
	set_always(client, &incoming);
	set_request(client->curl, request, headers);
	curl_easy_setopt(client->curl, CURLOPT_URL, url);
	code = curl_easy_perform(client->curl);
	curl_slist_free_all(headers);
	if (code != CURLE_OK) {
		client_answer_free(&incoming.answer);
		return no_answer(client, code, incoming.too_large, err);
	}
	curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status >= 200 && status < 300) {
		*answer = incoming.answer;
		return 0;
	}
	result = client_error(status, incoming.answer.bytes, incoming.answer.length, err);
	client_answer_free(&incoming.answer);
	return result;
}

void client_answer_free(struct client_answer *answer)
{
	free(answer->bytes);
	*answer = (struct client_answer){ 0 };
}

int client_ask_json(
	struct client *client, const struct client_request *request, json_t **json, struct err *err)
{
	struct client_answer answer = { 0 };
	int status = client_ask(client, request, &answer, err);

	if (status < 0)
		return status;
	*json = json_loadb(answer.bytes ? (const char *)answer.bytes : "", answer.length,
		JSON_REJECT_DUPLICATES, NULL);
	client_answer_free(&answer);
	if (!*json)
		return err_set(err, TACIT_INTERNAL, "the agent's answer is not JSON");
	return 0;
}
