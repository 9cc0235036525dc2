/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/recovery.h"

#include <sodium.h>
#include <string.h>

#define PART "tacit" /* the human-readable part of BIP 173 */
#define PART_BYTES 5
#define HEAD PART "1"
#define HEAD_BYTES 6
#define DATA_CHARACTERS 26 /* 130 bits: the secret and two zeros */
#define CHECK_CHARACTERS 6
#define CHARACTERS (DATA_CHARACTERS + CHECK_CHARACTERS)
#define GROUP 4
#define BECH32M 0x2bc830a3u /* what BIP 350 makes the checksum of every text */
#define KEY_LABEL "tacit-recovery-1"

_Static_assert(RECOVERY_TEXT_BYTES == HEAD_BYTES + CHARACTERS / GROUP * (GROUP + 1), "text");

static const char alphabet[32] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/* One symbol more of the polynomial that is divided by the code's generator. */
static uint32_t step(uint32_t check, uint8_t symbol)
{
	static const uint32_t generator[5] = { 0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
		0x2a1462b3 };
	uint32_t top = check >> 25;

	check = (check & 0x1ffffff) << 5 ^ symbol;
	for (int i = 0; i < 5; i++)
		if (top >> i & 1)
			check ^= generator[i];
	return check;
}

/* The remainder over the part before, and then `count` symbols. */
static uint32_t remainder_of(const uint8_t *symbols, size_t count)
{
	uint32_t check = 1;

	for (size_t i = 0; i < PART_BYTES; i++)
		check = step(check, (uint8_t)(PART[i] >> 5));
	check = step(check, 0);
	for (size_t i = 0; i < PART_BYTES; i++)
		check = step(check, PART[i] & 31);
	for (size_t i = 0; i < count; i++)
		check = step(check, symbols[i]);
	return check;
}

/* Bit `at` of the secret, the first one the highest of the first byte; zeros follow the last. */
static unsigned int bit_of(const uint8_t secret[RECOVERY_SECRET_BYTES], size_t at)
{
	return at < 8 * RECOVERY_SECRET_BYTES ? secret[at / 8] >> (7 - at % 8) & 1u : 0;
}

void recovery_format(
	const uint8_t secret[RECOVERY_SECRET_BYTES], char text[RECOVERY_TEXT_BYTES + 1])
{
	uint8_t symbols[CHARACTERS] = { 0 };
	uint32_t check;

	for (size_t at = 0; at < (size_t)5 * DATA_CHARACTERS; at++)
		symbols[at / 5] = (uint8_t)(symbols[at / 5] << 1 | bit_of(secret, at));
	check = remainder_of(symbols, CHARACTERS) ^ BECH32M;
	for (size_t i = 0; i < CHECK_CHARACTERS; i++)
		symbols[DATA_CHARACTERS + i] = check >> 5 * (CHECK_CHARACTERS - 1 - i) & 31;
	memcpy(text, HEAD, HEAD_BYTES);
	text += HEAD_BYTES;
	for (size_t i = 0; i < CHARACTERS; i++) {
		if (i % GROUP == 0)
			*text++ = '-';
		*text++ = alphabet[symbols[i]];
	}
	*text = '\0';
	seal_wipe(symbols, sizeof symbols);
}

static char small_letter(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

/* The characters without what parts them; their number, at most `room`. One more than that when
 * there are more. */
static size_t gather(const char *text, size_t length, char *gathered, size_t room)
{
	size_t count = 0;

	for (size_t i = 0; i < length; i++) {
		if (text[i] && strchr("- \t\r\n", text[i]))
			continue;
		if (count == room)
			return room + 1;
		gathered[count++] = small_letter(text[i]);
	}
	return count;
}

static int symbols_of(const char *text, size_t length, uint8_t symbols[CHARACTERS], struct err *err)
{
	char gathered[HEAD_BYTES + CHARACTERS];
	size_t count = gather(text, length, gathered, sizeof gathered);
	int result = 0;

	if (count < HEAD_BYTES || memcmp(gathered, HEAD, HEAD_BYTES))
		result = err_set(err, TACIT_INVALID, "a recovery key begins with " HEAD);
	else if (count != sizeof gathered)
		result = err_set(err, TACIT_INVALID,
			"a recovery key has %d characters behind " HEAD ", and this one has %s",
			CHARACTERS, count < sizeof gathered ? "fewer" : "more");
	for (size_t i = 0; i < CHARACTERS && !result; i++) {
		const char *found = memchr(alphabet, gathered[HEAD_BYTES + i], sizeof alphabet);

		if (found)
			symbols[i] = (uint8_t)(found - alphabet);
		else
			result = err_set(err, TACIT_INVALID,
				"group %zu of the recovery key has a character that none has: "
				"neither 1, b, i nor o is used",
				i / GROUP + 1);
	}
	seal_wipe(gathered, sizeof gathered);
	return result;
}

int recovery_parse(
	const char *text, size_t length, uint8_t secret[RECOVERY_SECRET_BYTES], struct err *err)
{
	uint8_t symbols[CHARACTERS];
	unsigned int spare;
	int result;

	seal_wipe(secret, RECOVERY_SECRET_BYTES);
	if (length > RECOVERY_INPUT_MAX)
		return err_set(err, TACIT_INVALID, "a recovery key is not that long");
	result = symbols_of(text, length, symbols, err);
	if (result < 0)
		return result;
	spare = symbols[DATA_CHARACTERS - 1] & 3;
	if (remainder_of(symbols, CHARACTERS) != BECH32M || spare)
		result = err_set(err, TACIT_INVALID,
			"the check at the recovery key's end does not agree: a character is wrong, "
			"or stands in another place");
	for (size_t at = 0; at < (size_t)8 * RECOVERY_SECRET_BYTES && !result; at++)
		secret[at / 8] =
			(uint8_t)(secret[at / 8] << 1 | (symbols[at / 5] >> (4 - at % 5) & 1));
	seal_wipe(symbols, sizeof symbols);
	return result;
}

void recovery_key(const uint8_t secret[RECOVERY_SECRET_BYTES], uint8_t key[SEAL_KEY_BYTES])
{
	crypto_generichash(key, SEAL_KEY_BYTES, (const uint8_t *)KEY_LABEL, sizeof KEY_LABEL - 1,
		secret, RECOVERY_SECRET_BYTES);
}
