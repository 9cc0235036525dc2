/* SPDX-License-Identifier: Apache-2.0 */
/* The searches that go over every byte, and the list of what is found. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "seal/seal.h"

#define RUN_MIN 10 /* bytes of a token in a row, or of what begins one: the search leaps so far */

static inline bool byte_in_token(char byte)
{
	static const bool of_token[256] = { ['a' ... 'z'] = true,
		['A' ... 'Z'] = true,
		['0' ... '9'] = true,
		['_'] = true,
		['-'] = true,
		['.'] = true };

	return of_token[(unsigned char)byte];
}

static bool hit_make_room(struct pass *pass)
{
	size_t room = pass->room ? pass->room * 2 : 8;
	struct hit *grown;

	if (pass->count == PASS_HITS_MAX)
		return false;
	if (pass->count < pass->room)
		return true;
	grown = reallocarray(pass->hits, room, sizeof *grown);
	if (!grown) {
		pass->failed = true;
		return false;
	}
	pass->hits = grown;
	pass->room = room;
	return true;
}

/* What is shown of a file goes to terminals: bytes outside printable ASCII are not. */
static void copy_name(char *field, size_t room, struct span name)
{
	size_t length = name.length < room ? name.length : room - 1;

	for (size_t i = 0; i < length; i++)
		field[i] = name.at[i] > ' ' && name.at[i] < 127 ? name.at[i] : '?';
	field[length] = '\0';
}

void pass_hit(struct pass *pass, enum scan_rule rule, struct span name, struct span where,
	struct span value)
{
	struct hit *hit;
	uint8_t hash[FINDHASH_BYTES];

	if (!hit_make_room(pass))
		return;
	hit = &pass->hits[pass->count++];
	memset(hit, 0, sizeof *hit);
	hit->rule = rule;
	hit->offset = (size_t)(where.at - pass->text.at);
	hit->end = hit->offset + where.length;
	copy_name(hit->name, sizeof hit->name, name);
	copy_name(hit->service, sizeof hit->service, pass->service);
	if (!value.length)
		return;
	findhash_whole(&pass->scanner->print, value.at, value.length, hash);
	memcpy(hit->print, hash, sizeof hit->print);
}

/* After "\n" in a quoted text the letter belongs to the escape. */
static size_t after_escape(struct span text, size_t at)
{
	return at && text.at[at - 1] == '\\' && (text.at[at] == 'n' || text.at[at] == 't') ? at + 1
											   : at;
}

static size_t token_try(struct pass *pass, size_t at, size_t end)
{
	const char *kind;
	struct span token =
		token_at(pass->scanner, pass->text, after_escape(pass->text, at), &kind);
	size_t past;

	if (!token.length)
		return end;
	pass_hit(pass, SCAN_RULE_TOKEN, span_of(kind), token, token);
	past = (size_t)(token.at - pass->text.at) + token.length;
	return past > end ? past : end;
}

/* A token is a run of RUN_MIN bytes or more, or begins with one: of every RUN_MIN bytes one is
 * looked at, and the rest only when that one may be of a token. */
void pass_tokens(struct pass *pass)
{
	struct span text = pass->text;
	size_t from = 0;

	while (from + RUN_MIN <= text.length) {
		size_t probe = from + RUN_MIN - 1, start, end;

		if (!byte_in_token(text.at[probe])) {
			from = probe + 1;
			continue;
		}
		for (start = probe; start > from && byte_in_token(text.at[start - 1]); start--)
			;
		for (end = probe + 1; end < text.length && byte_in_token(text.at[end]); end++)
			;
		from = end - start >= RUN_MIN ? token_try(pass, start, end) : end;
	}
}
