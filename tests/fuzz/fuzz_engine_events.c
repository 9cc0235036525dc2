/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an answer with a stream of events: a head, then lines. In one piece and in pieces as
 * long as the first byte says, the head and the lines are the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/http.h"
#include "engine/lines.h"
#include "engine/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

struct seen {
	size_t lines, length, skipped;
	uint64_t sum;
};

static void on_line(void *context, char *line, size_t length)
{
	struct seen *seen = context;
	struct event event;

	seen->lines++;
	seen->length += length;
	for (size_t i = 0; i < length; i++)
		seen->sum = seen->sum * 31 + (unsigned char)line[i];
	if (!length || length > LINES_MAX || memchr(line, '\n', length))
		abort();
	if (!parse_event(line, length, &event, NULL) && event.kind != EVENT_OTHER &&
		!container_id_ok(event.id))
		abort();
}

static struct seen feed(const char *bytes, size_t length, size_t piece)
{
	struct lines *lines = calloc(1, sizeof *lines);
	struct seen seen = { 0 };

	if (!lines)
		abort();
	for (size_t at = 0; at < length; at += piece)
		seen.skipped += lines_feed(lines, bytes + at,
			length - at < piece ? length - at : piece, on_line, &seen);
	free(lines);
	return seen;
}

static void check_pieces(const char *text, size_t length, const struct http_head *head)
{
	struct http_head early;

	/* One byte less is no head yet. */
	if (head->size > length || head->size > HTTP_HEAD_MAX || head->status < 100 ||
		head->status > 599 || head->length < -1)
		abort();
	if (http_head_read(text, head->size - 1, &early, NULL) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	size_t piece = length && bytes[0] ? bytes[0] : 1;
	struct http_head head = { .size = 0 };
	struct seen whole, pieces;
	const char *text = (const char *)bytes;

	if (http_head_read(text, length, &head, NULL) == 1)
		check_pieces(text, length, &head);
	else
		head.size = 0;
	whole = feed(text + head.size, length - head.size, length + 1);
	pieces = feed(text + head.size, length - head.size, piece);
	if (memcmp(&whole, &pieces, sizeof whole) != 0)
		abort();
	return 0;
}
