/* SPDX-License-Identifier: Apache-2.0 */
/* Random values of characters, for the command line and for the agent itself. */
#ifndef TACIT_SEAL_GENERATE_H
#define TACIT_SEAL_GENERATE_H

#include <stddef.h>
#include <stdint.h>

/* The numbers are in the store: they stay what they are. */
enum seal_alphabet {
	SEAL_ALPHANUMERIC, /* letters and digits */
	SEAL_PASSWORD,
	SEAL_HEX,
	SEAL_BASE64,
	SEAL_ALPHABETS
};

/* Its name ("hex") and its characters, a text. NULL: there is no such alphabet. */
const char *seal_alphabet_name(enum seal_alphabet alphabet);
const char *seal_alphabet_characters(enum seal_alphabet alphabet);
/* The alphabet of that name, or SEAL_ALPHABETS. */
enum seal_alphabet seal_alphabet_by_name(const char *name);

/* `count` characters, each as likely as any other, into `bytes` (no NUL). */
void seal_generate(enum seal_alphabet alphabet, uint8_t *bytes, size_t count);

#endif
