/* SPDX-License-Identifier: Apache-2.0 */
#include "base/template_filter.h"

#include <stdbool.h>
#include <string.h>

static const char upper_digits[] = "0123456789ABCDEF";
static const char lower_digits[] = "0123456789abcdef";

/* One filter at work on one value. */
struct stage {
	const struct template_filter *filter;
	uint8_t held[3]; /* of base64: bytes that wait for the third */
	unsigned int held_count;
	unsigned int due;  /* of json: bytes of a UTF-8 sequence that are still to come, */
	uint8_t low, high; /* and the bounds of the next one */
};

struct line {
	struct template_sink *sink;
	struct stage stages[TEMPLATE_FILTERS_MAX];
	unsigned int count;
	const char *wrong; /* why a filter could not go on */
};

/* Each is called with its own place in the line; what it makes goes to the next one's. */
struct template_filter {
	const char *name;
	void (*begin)(struct line *line, unsigned int at); /* NULL: nothing */
	void (*byte)(struct line *line, unsigned int at, uint8_t byte);
	void (*end)(struct line *line, unsigned int at); /* NULL: nothing */
};

void template_sink_put(struct template_sink *sink, const void *bytes, size_t length)
{
	size_t free_bytes = sink->size < sink->room ? sink->room - sink->size : 0;

	if (free_bytes)
		memcpy(sink->out + sink->size, bytes, length < free_bytes ? length : free_bytes);
	sink->size += length;
}

static void give(struct line *line, unsigned int at, uint8_t byte)
{
	if (at == line->count)
		template_sink_put(line->sink, &byte, 1);
	else
		line->stages[at].filter->byte(line, at, byte);
}

static void give_text(struct line *line, unsigned int at, const char *text)
{
	while (*text)
		give(line, at, (uint8_t)*text++);
}

static void url_byte(struct line *line, unsigned int at, uint8_t byte)
{
	bool unreserved = (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
			  (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' ||
			  byte == '_' || byte == '~';

	if (unreserved) {
		give(line, at + 1, byte);
		return;
	}
	give(line, at + 1, '%');
	give(line, at + 1, (uint8_t)upper_digits[byte >> 4]);
	give(line, at + 1, (uint8_t)upper_digits[byte & 15]);
}

/* The first byte of a UTF-8 sequence (RFC 3629): how many follow, and the bounds of the second,
 * which shut out long forms, surrogates and what is above U+10FFFF. */
static const struct lead {
	uint8_t first, last;
	uint8_t due, low, high;
} leads[] = {
	{ 0x00, 0x7f, 0, 0, 0 },
	{ 0xc2, 0xdf, 1, 0x80, 0xbf },
	{ 0xe0, 0xe0, 2, 0xa0, 0xbf },
	{ 0xe1, 0xec, 2, 0x80, 0xbf },
	{ 0xed, 0xed, 2, 0x80, 0x9f },
	{ 0xee, 0xef, 2, 0x80, 0xbf },
	{ 0xf0, 0xf0, 3, 0x90, 0xbf },
	{ 0xf1, 0xf3, 3, 0x80, 0xbf },
	{ 0xf4, 0xf4, 3, 0x80, 0x8f },
};

static bool utf8_goes_on(struct stage *stage, uint8_t byte)
{
	if (stage->due) {
		bool good = byte >= stage->low && byte <= stage->high;

		stage->due--;
		stage->low = 0x80;
		stage->high = 0xbf;
		return good;
	}
	for (size_t i = 0; i < sizeof leads / sizeof leads[0]; i++) {
		if (byte < leads[i].first || byte > leads[i].last)
			continue;
		stage->due = leads[i].due;
		stage->low = leads[i].low;
		stage->high = leads[i].high;
		return true;
	}
	return false;
}

static const char not_utf8[] = "a value for json must be UTF-8, and this one is not";

static void json_byte(struct line *line, unsigned int at, uint8_t byte)
{
	static const char short_forms[] = "\bb\ff\nn\rr\tt\"\"\\\\";

	if (!utf8_goes_on(&line->stages[at], byte)) {
		line->wrong = not_utf8;
		return;
	}
	for (const char *form = short_forms; *form; form += 2)
		if (byte == (uint8_t)form[0]) {
			give(line, at + 1, '\\');
			give(line, at + 1, (uint8_t)form[1]);
			return;
		}
	if (byte >= 0x20) {
		give(line, at + 1, byte);
		return;
	}
	give_text(line, at + 1, "\\u00");
	give(line, at + 1, (uint8_t)lower_digits[byte >> 4]);
	give(line, at + 1, (uint8_t)lower_digits[byte & 15]);
}

static void json_end(struct line *line, unsigned int at)
{
	if (line->stages[at].due)
		line->wrong = not_utf8;
}

static void shell_quote(struct line *line, unsigned int at)
{
	give(line, at + 1, '\'');
}

/* A quote in the way that systemd, too, reads in a file of variables: it takes no \' behind a
 * quote. */
static void shell_byte(struct line *line, unsigned int at, uint8_t byte)
{
	if (!byte)
		line->wrong = "a value for shell has no NUL, and this one has";
	else if (byte == '\'')
		give_text(line, at + 1, "'\"'\"'");
	else
		give(line, at + 1, byte);
}

/* Of `held_count` bytes, 1 to 3, the four characters. */
static void base64_group(struct line *line, unsigned int at)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	struct stage *stage = &line->stages[at];
	uint32_t bits = (uint32_t)stage->held[0] << 16;

	if (stage->held_count > 1)
		bits |= (uint32_t)stage->held[1] << 8;
	if (stage->held_count > 2)
		bits |= stage->held[2];
	for (unsigned int i = 0; i < 4; i++)
		give(line, at + 1,
			i <= stage->held_count ? (uint8_t)digits[bits >> (18 - 6 * i) & 63] : '=');
	stage->held_count = 0;
}

static void base64_byte(struct line *line, unsigned int at, uint8_t byte)
{
	struct stage *stage = &line->stages[at];

	stage->held[stage->held_count++] = byte;
	if (stage->held_count == sizeof stage->held)
		base64_group(line, at);
}

static void base64_end(struct line *line, unsigned int at)
{
	if (line->stages[at].held_count)
		base64_group(line, at);
}

/* One that is added raises the layout of the store's template record: an older tacit does not know
 * it. */
static const struct template_filter filters[] = {
	{ "url", NULL, url_byte, NULL },
	{ "urlencode", NULL, url_byte, NULL },
	{ "json", NULL, json_byte, json_end },
	{ "shell", shell_quote, shell_byte, shell_quote },
	{ "base64", NULL, base64_byte, base64_end },
};

const struct template_filter *template_filter_find(const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++)
		if (strlen(filters[i].name) == length && !memcmp(filters[i].name, name, length))
			return &filters[i];
	return NULL;
}

/* The last filter begins first, and ends last: what another one gives it is between the two. */
static void run(struct line *line, const uint8_t *bytes, size_t length)
{
	for (unsigned int at = line->count; at--;)
		if (line->stages[at].filter->begin)
			line->stages[at].filter->begin(line, at);
	for (size_t i = 0; i < length && !line->wrong && line->sink->size <= TACIT_VALUE_MAX; i++)
		give(line, 0, bytes[i]);
	for (unsigned int at = 0; at < line->count && !line->wrong; at++)
		if (line->stages[at].filter->end)
			line->stages[at].filter->end(line, at);
}

const char *template_filter_put(struct template_sink *sink,
	const struct template_filter *const *chosen, unsigned int count, const uint8_t *bytes,
	size_t length)
{
	struct line line = { .sink = sink, .count = count };
	const char *wrong;

	if (!count) {
		template_sink_put(sink, bytes, length);
		return NULL;
	}
	for (unsigned int at = 0; at < count; at++)
		line.stages[at].filter = chosen[at];
	run(&line, bytes, length);
	wrong = line.wrong;
	explicit_bzero(&line, sizeof line);
	return wrong;
}
