/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/generate.h"

#include <string.h>

#include "seal/seal.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

#define DRAWN_AT_ONCE 64 /* random bytes: a question to the kernel for each would be slow */

static const struct {
	const char *name, *characters;
} alphabets[SEAL_ALPHABETS] = {
	[SEAL_ALPHANUMERIC] = { "alphanumeric", LETTERS DIGITS },
	/* What a shell, a URL or a configuration file would need quoted quotes for is not in it:
	 * blanks, quotes, the backslash. */
	[SEAL_PASSWORD] = { "password", LETTERS DIGITS "!#$%&()*+,-./:;<=>?@[]^_{|}~" },
	[SEAL_HEX] = { "hex", DIGITS "abcdef" },
	[SEAL_BASE64] = { "base64", LETTERS DIGITS "+/" },
};

const char *seal_alphabet_name(enum seal_alphabet alphabet)
{
	return alphabet < SEAL_ALPHABETS ? alphabets[alphabet].name : NULL;
}

const char *seal_alphabet_characters(enum seal_alphabet alphabet)
{
	return alphabet < SEAL_ALPHABETS ? alphabets[alphabet].characters : NULL;
}

enum seal_alphabet seal_alphabet_by_name(const char *name)
{
	enum seal_alphabet alphabet = SEAL_ALPHANUMERIC;

	while (alphabet < SEAL_ALPHABETS && strcmp(alphabets[alphabet].name, name))
		alphabet++;
	return alphabet;
}

void seal_generate(enum seal_alphabet alphabet, uint8_t *bytes, size_t count)
{
	const char *characters = alphabets[alphabet].characters;
	const unsigned int kinds = (unsigned int)strlen(characters);
	uint8_t drawn[DRAWN_AT_ONCE];

	while (count) {
		seal_random(drawn, sizeof drawn);
		/* Bytes above the largest multiple of `kinds` would favour the first letters. */
		for (size_t i = 0; count && i < sizeof drawn; i++)
			if (drawn[i] < 256 / kinds * kinds)
				bytes[--count] = (uint8_t)characters[drawn[i] % kinds];
	}
	seal_wipe(drawn, sizeof drawn);
}
