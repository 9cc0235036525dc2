/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/keyfile.h"

#include <sodium.h>
#include <stdbool.h>
#include <string.h>

#define PREFIX "tacit-key-"
#define PREFIX_BYTES (sizeof PREFIX - 1)
#define HEAD "tacit-key-1 "
#define HEAD_BYTES (sizeof HEAD - 1)
#define BASE64_BYTES 44 /* 32 bytes with their padding */

size_t keyfile_format(const uint8_t key[SEAL_KEY_BYTES], char text[KEYFILE_TEXT_MAX])
{
	memcpy(text, HEAD, HEAD_BYTES);
	sodium_bin2base64(text + HEAD_BYTES, KEYFILE_TEXT_MAX - HEAD_BYTES, key, SEAL_KEY_BYTES,
		sodium_base64_VARIANT_ORIGINAL);
	memcpy(text + HEAD_BYTES + BASE64_BYTES, "\n", sizeof "\n");
	return HEAD_BYTES + BASE64_BYTES + 1;
}

/* libsodium takes some bytes above 127 for letters: only what it would write itself is a key. */
static bool is_written_so(const char *text, const uint8_t key[SEAL_KEY_BYTES])
{
	char again[KEYFILE_TEXT_MAX];
	bool same;

	keyfile_format(key, again);
	same = !memcmp(again, text, HEAD_BYTES + BASE64_BYTES);
	seal_wipe(again, sizeof again);
	return same;
}

int keyfile_parse(const char *text, size_t length, uint8_t key[SEAL_KEY_BYTES], struct err *err)
{
	const char *end;
	size_t decoded;

	if (length && text[length - 1] == '\n')
		length--;
	if (length != HEAD_BYTES + BASE64_BYTES || memcmp(text, PREFIX, PREFIX_BYTES))
		return err_set(err, TACIT_INVALID, "not a key file of tacit");
	if (memcmp(text, HEAD, HEAD_BYTES))
		return err_set(err, TACIT_INVALID, "a key file of a form this tacit does not know");
	if (sodium_base642bin(key, SEAL_KEY_BYTES, text + HEAD_BYTES, BASE64_BYTES, NULL, &decoded,
		    &end, sodium_base64_VARIANT_ORIGINAL) < 0 ||
		decoded != SEAL_KEY_BYTES || end != text + length || !is_written_so(text, key)) {
		seal_wipe(key, SEAL_KEY_BYTES);
		return err_set(err, TACIT_INVALID, "the key in this key file is damaged");
	}
	return 0;
}

int keyfile_parse_credential(
	const void *bytes, size_t length, uint8_t key[SEAL_KEY_BYTES], struct err *err)
{
	if (length == SEAL_KEY_BYTES) {
		memcpy(key, bytes, SEAL_KEY_BYTES);
		return 0;
	}
	if (keyfile_parse(bytes, length, key, NULL) < 0)
		return err_set(err, TACIT_INVALID,
			"neither a key of %d bytes nor the text of a key file", SEAL_KEY_BYTES);
	return 0;
}
