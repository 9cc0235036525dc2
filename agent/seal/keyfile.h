/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a key file, "tacit-key-1 BASE64\n". What its key unlocks is in seal/slot.h. */
#ifndef TACIT_SEAL_KEYFILE_H
#define TACIT_SEAL_KEYFILE_H

#include "seal/seal.h"

#define KEYFILE_TEXT_MAX 128

/* The text of `key` into `text`; its length is returned. */
size_t keyfile_format(const uint8_t key[SEAL_KEY_BYTES], char text[KEYFILE_TEXT_MAX]);

/* The key of a text; one trailing newline may be missing. TACIT_INVALID when it is no key file. */
int keyfile_parse(const char *text, size_t length, uint8_t key[SEAL_KEY_BYTES], struct err *err);

/* The key of a credential, or of what a program printed: 32 bytes that are the key themselves, or
 * the text of a key file. TACIT_INVALID when it is neither. */
int keyfile_parse_credential(
	const void *bytes, size_t length, uint8_t key[SEAL_KEY_BYTES], struct err *err);

#endif
