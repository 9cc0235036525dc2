/* SPDX-License-Identifier: Apache-2.0 */
#include "token.h"

#include <string.h>

#include "internal.h"

#define DISTINCT_MIN 8 /* different bytes of a token: fewer are a documentation's "aaaa" */
#define KEY_BODY_MIN                                                                               \
	40             /* of base64 after the first line of a private key: else it is about one    \
			*/
#define KEY_MAX 32768  /* bytes of a private key, up to its last line */
#define LOOK_BEHIND 64 /* bytes before a run that say what it is */
#define SEGMENTS_JWT 3

static bool is_of(enum token_bytes bytes, char byte)
{
	bool digit = byte >= '0' && byte <= '9', upper = byte >= 'A' && byte <= 'Z';
	bool alnum = digit || upper || (byte >= 'a' && byte <= 'z');

	switch (bytes) {
	case TOKEN_ALNUM:
		return alnum;
	case TOKEN_WORD:
		return alnum || byte == '_';
	case TOKEN_URL64:
		return alnum || byte == '_' || byte == '-';
	case TOKEN_DOTTED:
		return alnum || byte == '_' || byte == '-' || byte == '.';
	case TOKEN_BASE64:
		return alnum || byte == '+' || byte == '/' || byte == '=' || byte == '_' ||
		       byte == '-';
	case TOKEN_HEX:
		return digit || (byte >= 'a' && byte <= 'f');
	case TOKEN_UPPER:
		return digit || upper;
	}
	return false;
}

static size_t run_of(enum token_bytes bytes, struct span text, size_t from, size_t most)
{
	size_t end = from;

	while (end < text.length && end - from <= most && is_of(bytes, text.at[end]))
		end++;
	return end - from;
}

static bool is_varied(struct span body)
{
	bool seen[256] = { false };
	unsigned int count = 0;

	for (size_t i = 0; i < body.length && count < DISTINCT_MIN; i++) {
		count += !seen[(unsigned char)body.at[i]];
		seen[(unsigned char)body.at[i]] = true;
	}
	return count >= DISTINCT_MIN && !value_is_sample(body) && !span_has(body, "EXAMPLE");
}

static struct span of_format(const struct token_format *format, struct span text, size_t at)
{
	size_t prefix = strlen(format->prefix), body;

	if (text.length - at < prefix + format->least ||
		memcmp(text.at + at, format->prefix, prefix))
		return SPAN("");
	body = run_of(format->bytes, text, at + prefix, format->most);
	if (body < format->least || body > format->most ||
		!is_varied(span_part(text, at + prefix, at + prefix + body)))
		return SPAN("");
	return span_part(text, at, at + prefix + body);
}

/* header.payload.signature, each base64url, the first two of JSON objects. The sample of the
 * specification and of jwt.io is none. */
static struct span json_web_token(struct span text, size_t at)
{
	static const char payload[] = ".eyJ", sample[] = "eyJzdWIiOiIxMjM0NTY3ODkwIi";
	struct span token = span_part(text, at, at);
	const char *second;
	size_t dots = 0;

	token.length = run_of(TOKEN_DOTTED, text, at, text.length);
	for (size_t i = 0; i < token.length; i++)
		dots += token.at[i] == '.';
	second = memmem(token.at, token.length, payload, strlen(payload));
	if (dots != SEGMENTS_JWT - 1 || second != memchr(token.at, '.', token.length) ||
		!span_begins(token, "eyJ") || token.at[token.length - 1] == '.' ||
		token.length < 80 || memmem(token.at, token.length, sample, strlen(sample)))
		return SPAN("");
	return token;
}

static size_t skip_line_ends(struct span text, size_t at)
{
	while (at < text.length) {
		if (strchr("\n\r\t \"'+,", text.at[at]) && text.at[at])
			at++;
		else if (text.at[at] == '\\' && at + 1 < text.length &&
			 (text.at[at + 1] == 'n' || text.at[at + 1] == 'r'))
			at += 2;
		else
			break;
	}
	return at;
}

static struct span private_key(struct span text, size_t at)
{
	static const char begin[] = "-----BEGIN ", key[] = "PRIVATE KEY", end[] = "-----END";
	struct span head = span_part(text, at, text.length), line;
	const char *mark;
	size_t body, left;

	if (!span_begins(head, begin))
		return SPAN("");
	line = span_part(head, 0, head.length < LOOK_BEHIND ? head.length : LOOK_BEHIND);
	mark = memmem(line.at, line.length, key, strlen(key));
	if (!mark || span_begins(line, "-----BEGIN ENCRYPTED") ||
		memchr(line.at, '\n', (size_t)(mark - line.at)))
		return SPAN("");
	body = at + (size_t)(mark - line.at) + strlen(key);
	while (body < text.length &&
		(text.at[body] == '-' ||
			(text.at[body] >= 'A' && text.at[body] <= 'Z' && body < at + LOOK_BEHIND) ||
			text.at[body] == ' '))
		body++;
	body = skip_line_ends(text, body);
	if (run_of(TOKEN_BASE64, text, body, KEY_BODY_MIN) < KEY_BODY_MIN &&
		!span_begins(span_part(text, body, text.length), "Proc-Type:") &&
		!span_begins(span_part(text, body, text.length), "Version:"))
		return SPAN("");
	left = text.length - body < KEY_MAX ? text.length - body : KEY_MAX;
	mark = memmem(text.at + body, left, end, strlen(end));
	return span_part(text, at, mark ? (size_t)(mark - text.at) : body);
}

/* A run that the text before it makes a token. */
static const struct {
	const char *before, *kind;
	size_t least;
} placed[] = {
	{ "hooks.slack.com/services/", "slack-webhook", 20 },
	{ "hooks.slack.com/workflows/", "slack-webhook", 20 },
	{ "discord.com/api/webhooks/", "discord-webhook", 60 },
	{ "discordapp.com/api/webhooks/", "discord-webhook", 60 },
};

/* "T0123/B0123/" or "123456789/" between the address and the run. */
static bool is_between(struct span between)
{
	for (size_t i = 0; i < between.length; i++)
		if (!is_of(TOKEN_UPPER, between.at[i]) && between.at[i] != '/')
			return false;
	return true;
}

static struct span webhook(struct span text, size_t at, const char **kind)
{
	size_t from = at > LOOK_BEHIND ? at - LOOK_BEHIND : 0, body;
	struct span behind = span_part(text, from, at);

	for (size_t i = 0; i < sizeof placed / sizeof *placed; i++) {
		const char *mark = memmem(
			behind.at, behind.length, placed[i].before, strlen(placed[i].before));
		size_t start;

		if (!mark)
			continue;
		start = (size_t)(mark - text.at) + strlen(placed[i].before);
		body = run_of(TOKEN_URL64, text, at, LOOK_BEHIND * 2);
		if (body < placed[i].least || !is_between(span_part(text, start, at)) ||
			!is_varied(span_part(text, at, at + body)))
			continue;
		*kind = placed[i].kind;
		return span_part(text, at, at + body);
	}
	return SPAN("");
}

/* "123456789:AAE..." */
static struct span telegram(struct span text, size_t at)
{
	size_t digits = 0;

	if (at < 9 || text.at[at - 1] != ':' || run_of(TOKEN_URL64, text, at, 35) != 35)
		return SPAN("");
	while (digits < at - 1 && text.at[at - 2 - digits] >= '0' &&
		text.at[at - 2 - digits] <= '9')
		digits++;
	if (digits < 8 || digits > 10 || !is_varied(span_part(text, at, at + 35)))
		return SPAN("");
	return span_part(text, at - 1 - digits, at + 35);
}

static void pair_set(struct scanner *scanner, const char *prefix)
{
	size_t pair = (size_t)(unsigned char)prefix[0] << 8 | (unsigned char)prefix[1];

	scanner->pairs[pair / 8] |= (uint8_t)(1u << pair % 8);
}

static bool pair_is_set(const struct scanner *scanner, const char *bytes)
{
	size_t pair = (size_t)(unsigned char)bytes[0] << 8 | (unsigned char)bytes[1];

	return scanner->pairs[pair / 8] >> pair % 8 & 1;
}

void scanner_index_formats(struct scanner *scanner)
{
	size_t row = 0;

	for (unsigned int byte = 0; byte < 256; byte++) {
		scanner->formats[byte] = (uint16_t)row;
		while (row < token_format_count &&
			(unsigned char)token_formats[row].prefix[0] == byte)
			pair_set(scanner, token_formats[row++].prefix);
	}
	scanner->formats[256] = (uint16_t)row;
	pair_set(scanner, "--");
	pair_set(scanner, "ey");
	pair_set(scanner, "AA");
}

struct span token_at(const struct scanner *scanner, struct span text, size_t at, const char **kind)
{
	unsigned char first = (unsigned char)text.at[at];
	struct span token = SPAN("");

	if (at && text.at[at - 1] == '/' && (token = webhook(text, at, kind)).length)
		return token;
	if (text.length - at < 2 || !pair_is_set(scanner, text.at + at))
		return SPAN("");
	for (size_t i = scanner->formats[first]; i < scanner->formats[first + 1u]; i++) {
		token = of_format(&token_formats[i], text, at);
		*kind = token_formats[i].kind;
		if (token.length)
			return token;
	}
	*kind = "private-key";
	if (first == '-')
		return private_key(text, at);
	*kind = "json-web-token";
	if (first == 'e')
		return json_web_token(text, at);
	*kind = "telegram-token";
	return first == 'A' ? telegram(text, at) : SPAN("");
}
