/* SPDX-License-Identifier: Apache-2.0 */
/* Values that the agent keeps, in any text. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "seal/seal.h"

#define STORED_MAX 262144 /* versions: more than an agent keeps */

static bool start_is_known(const struct scanner *scanner, uint64_t start)
{
	size_t bit = start & ((1u << STARTS_BITS) - 1);

	return scanner->starts[bit / 8] >> bit % 8 & 1;
}

int scanner_add_stored(struct scanner *scanner, const struct scan_stored *stored, struct err *err)
{
	size_t room = scanner->stored_room ? scanner->stored_room * 2 : 64, bit;
	struct scan_stored *grown;

	if (stored->size < FINDHASH_START)
		return 0;
	if (scanner->stored_count == scanner->stored_room) {
		grown = room > STORED_MAX ? NULL
					  : reallocarray(scanner->stored, room, sizeof *grown);
		if (!grown)
			return err_set(err, TACIT_LIMIT, "too many stored values to look for");
		scanner->stored = grown;
		scanner->stored_room = room;
	}
	scanner->stored[scanner->stored_count++] = *stored;
	scanner->sorted = false;
	bit = stored->start & ((1u << STARTS_BITS) - 1);
	scanner->starts[bit / 8] |= (uint8_t)(1u << bit % 8);
	return 0;
}

static int by_start(const void *a, const void *b)
{
	uint64_t x = ((const struct scan_stored *)a)->start;
	uint64_t y = ((const struct scan_stored *)b)->start;

	return x < y ? -1 : x > y;
}

void stored_sort(struct scanner *scanner)
{
	if (!scanner->sorted && scanner->stored_count)
		qsort(scanner->stored, scanner->stored_count, sizeof *scanner->stored, by_start);
	scanner->sorted = true;
}

static size_t first_with(const struct scanner *scanner, uint64_t start)
{
	size_t low = 0, high = scanner->stored_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (scanner->stored[middle].start < start)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct scan_stored *stored_at(const struct scanner *scanner, struct span bytes)
{
	const struct scan_stored *longest = NULL;
	uint64_t start;

	if (!scanner->stored_count || bytes.length < FINDHASH_START)
		return NULL;
	start = findhash_start(&scanner->key, bytes.at);
	if (!start_is_known(scanner, start))
		return NULL;
	for (size_t i = first_with(scanner, start);
		i < scanner->stored_count && scanner->stored[i].start == start; i++) {
		const struct scan_stored *stored = &scanner->stored[i];
		uint8_t hash[FINDHASH_BYTES];

		if (stored->size > bytes.length || (longest && longest->size >= stored->size))
			continue;
		findhash_whole(&scanner->key, bytes.at, stored->size, hash);
		if (!memcmp(hash, stored->hash, sizeof hash))
			longest = stored;
	}
	return longest;
}

/* A value begins where something else ends: a letter or digit right before it is of an escape or an
 * option ("\nVALUE", "%3DVALUE", "-pVALUE"), or it is in the middle of another word. */
static bool may_begin(struct span text, size_t at)
{
	static const bool alnum[256] = {
		['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true
	};

	if (!at || !alnum[(unsigned char)text.at[at - 1]])
		return true;
	if (at >= 2 && (text.at[at - 2] == '\\' || text.at[at - 2] == '-'))
		return true;
	return at >= 3 && text.at[at - 3] == '%';
}

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

static void stored_in_line(struct pass *pass, struct span line)
{
	size_t from = (size_t)(line.at - pass->text.at);

	for (size_t at = 0; at + FINDHASH_START <= line.length; at++) {
		const struct scan_stored *stored;
		struct span where;

		if (is_blank(line.at[at]) || !may_begin(line, at))
			continue;
		stored = stored_at(
			pass->scanner, span_part(pass->text, from + at, pass->text.length));
		if (!stored)
			continue;
		where = span_part(pass->text, from + at, from + at + stored->size);
		pass_hit(pass, SCAN_RULE_STORED, span_of(stored->name), where, where);
		at += stored->size - 1;
	}
}

/* A value that begins with a blank, or has a line's end within its first bytes, is not found. */
void pass_stored(struct pass *pass)
{
	struct span rest = pass->text, line;

	while (pass->scanner->stored_count && span_line(&rest, &line))
		stored_in_line(pass, line);
}
