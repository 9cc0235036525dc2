/* SPDX-License-Identifier: Apache-2.0 */
#include "api/target.h"

#include <string.h>

bool target_next(struct piece *rest, char divider, struct piece *piece)
{
	const char *end;

	if (!rest->at)
		return false;
	end = memchr(rest->at, divider, rest->length);
	piece->at = rest->at;
	if (!end) {
		piece->length = rest->length;
		*rest = (struct piece){ NULL, 0 };
		return true;
	}
	piece->length = (size_t)(end - rest->at);
	rest->at = end + 1;
	rest->length -= piece->length + 1;
	return true;
}

bool target_is(struct piece piece, const char *text)
{
	return strlen(text) == piece.length && !memcmp(piece.at, text, piece.length);
}

static int hex_digit(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	return -1;
}

/* The byte an escape stands for, or -1. */
static int escaped(struct piece piece, size_t at)
{
	int high, low;

	if (piece.length - at < 3)
		return -1;
	high = hex_digit(piece.at[at + 1]);
	low = hex_digit(piece.at[at + 2]);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

int target_decode(struct piece piece, char *text, size_t room, struct err *err)
{
	size_t length = 0;

	for (size_t at = 0; at < piece.length; length++) {
		int byte = (unsigned char)piece.at[at];

		if (byte == '%') {
			byte = escaped(piece, at);
			at += 3;
		} else {
			at++;
		}
		if (byte < 0)
			return err_set(err, TACIT_INVALID,
				"a '%%' in the target is not followed by two hex digits");
		if (byte < ' ' || byte > '~')
			return err_set(
				err, TACIT_INVALID, "the target holds a byte no name can have");
		if (length + 1 >= room)
			return err_set(
				err, TACIT_INVALID, "a part of the target is longer than any name");
		text[length] = (char)byte;
	}
	text[length] = '\0';
	return 0;
}
