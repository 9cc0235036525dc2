/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/http.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define LENGTH_MAX ((int64_t)1 << 40) /* beyond every limit of ours */

/* Bytes of a line without its end; *next is where the one after it begins. 0 bytes: the last. */
static size_t line_length(const char *line, const char *end, const char **next)
{
	const char *feed = memchr(line, '\n', (size_t)(end - line));
	size_t length = (size_t)(feed - line);

	*next = feed + 1;
	return length && line[length - 1] == '\r' ? length - 1 : length;
}

/* The end of the head, or NULL when it is not there yet. */
static const char *find_end(const char *text, size_t length)
{
	const char *end = text + length;

	for (const char *feed = text; (feed = memchr(feed, '\n', (size_t)(end - feed))); feed++) {
		if (end - feed > 1 && feed[1] == '\n')
			return feed + 2;
		if (end - feed > 2 && feed[1] == '\r' && feed[2] == '\n')
			return feed + 3;
	}
	return NULL;
}

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

/* "HTTP/1.0 200 OK": version 1, and three digits. */
static int read_status(const char *line, size_t length, struct http_head *head, struct err *err)
{
	static const char start[] = "HTTP/1.";
	size_t at = sizeof start - 1;
	int status;

	if (length < at + 5 || memcmp(line, start, at) || !is_digit(line[at]) ||
		line[at + 1] != ' ' || !is_digit(line[at + 2]) || !is_digit(line[at + 3]) ||
		!is_digit(line[at + 4]) || (length > at + 5 && line[at + 5] != ' '))
		return err_set(err, TACIT_INVALID, "the answer is not HTTP");
	status = (line[at + 2] - '0') * 100 + (line[at + 3] - '0') * 10 + line[at + 4] - '0';
	if (status < 100 || status > 599)
		return err_set(err, TACIT_INVALID, "the answer has no status of HTTP");
	head->status = status;
	return 0;
}

static int read_length(const char *value, size_t length, struct http_head *head, struct err *err)
{
	int64_t number = 0;

	if (!length || head->length >= 0)
		return err_set(err, TACIT_INVALID, "the answer has no length or two");
	for (size_t i = 0; i < length; i++) {
		if (!is_digit(value[i]) || number > LENGTH_MAX)
			return err_set(err, TACIT_INVALID, "the answer's length is no number");
		number = number * 10 + value[i] - '0';
	}
	head->length = number;
	return 0;
}

static bool is_named(const char *line, size_t length, const char *name)
{
	return length == strlen(name) && !strncasecmp(line, name, length);
}

static int read_header(const char *line, size_t length, struct http_head *head, struct err *err)
{
	const char *colon = memchr(line, ':', length), *value;
	size_t name, rest;

	if (!colon)
		return err_set(err, TACIT_INVALID, "the answer has a header without a name");
	name = (size_t)(colon - line);
	value = colon + 1;
	rest = length - name - 1;
	for (; rest && *value == ' '; rest--)
		value++;
	while (rest && value[rest - 1] == ' ')
		rest--;
	if (is_named(line, name, "Transfer-Encoding"))
		return err_set(err, TACIT_INVALID, "the answer is in chunks");
	if (is_named(line, name, "Content-Length"))
		return read_length(value, rest, head, err);
	return 0;
}

int http_head_read(const char *text, size_t length, struct http_head *head, struct err *err)
{
	size_t most = length < HTTP_HEAD_MAX ? length : HTTP_HEAD_MAX;
	const char *end = find_end(text, most), *line = text, *next;
	size_t bytes;
	int status;

	if (!end && most == HTTP_HEAD_MAX)
		return err_set(err, TACIT_INVALID, "the answer's head does not end");
	if (!end)
		return 0;
	*head = (struct http_head){ .size = (size_t)(end - text), .length = -1 };
	bytes = line_length(line, end, &next);
	status = read_status(line, bytes, head, err);
	while (!status && (bytes = line_length(line = next, end, &next)))
		status = read_header(line, bytes, head, err);
	return status < 0 ? status : 1;
}
