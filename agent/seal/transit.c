/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/transit.h"

#include <sodium.h>
#include <string.h>

#include <tacit/api.h>

#define TRANSIT_VERSION 1
#define HEAD_BYTES 3 /* u8 version, u16 length of the context */

_Static_assert(TRANSIT_PUBLIC_BYTES == crypto_box_PUBLICKEYBYTES, "public key");
_Static_assert(TRANSIT_SECRET_BYTES == crypto_box_SECRETKEYBYTES, "secret key");
_Static_assert(TACIT_TRANSIT_OVERHEAD == crypto_box_SEALBYTES + HEAD_BYTES, "overhead");

void transit_make_keys(
	uint8_t public_key[TRANSIT_PUBLIC_BYTES], uint8_t secret_key[TRANSIT_SECRET_BYTES])
{
	crypto_box_keypair(public_key, secret_key);
}

size_t transit_sealed_size(const char *context, size_t length)
{
	return crypto_box_SEALBYTES + HEAD_BYTES + strlen(context) + length;
}

int transit_seal(const uint8_t public_key[TRANSIT_PUBLIC_BYTES], const char *context,
	const void *value, size_t length, uint8_t *sealed, struct err *err)
{
	size_t named = strlen(context);
	uint8_t *message;
	int result;

	if (named > TACIT_TRANSIT_CONTEXT_MAX)
		return err_set(err, TACIT_INVALID, "a context has at most %d bytes",
			TACIT_TRANSIT_CONTEXT_MAX);
	if (length > TACIT_VALUE_MAX)
		return err_set(
			err, TACIT_TOO_LARGE, "a value has at most %u bytes", TACIT_VALUE_MAX);
	message = seal_alloc(HEAD_BYTES + named + length);
	if (!message)
		return err_set(err, TACIT_LIMIT, "no memory can be locked");
	message[0] = TRANSIT_VERSION;
	message[1] = (uint8_t)named;
	message[2] = (uint8_t)(named >> 8);
	memcpy(message + HEAD_BYTES, context, named);
	if (length)
		memcpy(message + HEAD_BYTES + named, value, length);
	result = crypto_box_seal(sealed, message, HEAD_BYTES + named + length, public_key);
	seal_free(message);
	/* libsodium refuses a public key of small order. */
	return result < 0 ? err_set(err, TACIT_INVALID, "not a public key") : 0;
}

static int check_context(
	const uint8_t *message, size_t length, const char *context, struct err *err)
{
	size_t named = strlen(context);

	if (length < HEAD_BYTES || message[0] != TRANSIT_VERSION)
		return err_set(err, TACIT_INVALID, "a sealed value of a form unknown here");
	if ((size_t)(message[1] | message[2] << 8) != named || length - HEAD_BYTES < named ||
		memcmp(message + HEAD_BYTES, context, named))
		return err_set(err, TACIT_INVALID, "the value was sealed for another purpose");
	return 0;
}

int transit_open(const uint8_t public_key[TRANSIT_PUBLIC_BYTES],
	const uint8_t secret_key[TRANSIT_SECRET_BYTES], const char *context, const uint8_t *sealed,
	size_t sealed_length, uint8_t **value, size_t *length, struct err *err)
{
	size_t head = HEAD_BYTES + strlen(context), opened;
	uint8_t *message;
	int result;

	if (sealed_length > TACIT_TRANSIT_MAX)
		return err_set(err, TACIT_TOO_LARGE, "a sealed value has at most %u bytes",
			(unsigned int)TACIT_TRANSIT_MAX);
	if (sealed_length < crypto_box_SEALBYTES)
		return err_set(err, TACIT_STALE, "not a sealed value");
	opened = sealed_length - crypto_box_SEALBYTES;
	message = seal_alloc(opened);
	if (!message)
		return err_set(err, TACIT_LIMIT, "no memory can be locked");
	if (crypto_box_seal_open(message, sealed, sealed_length, public_key, secret_key) < 0)
		result = err_set(err, TACIT_STALE, "the value was sealed to another key");
	else
		result = check_context(message, opened, context, err);
	if (result < 0) {
		seal_free(message);
		return result;
	}
	memmove(message, message + head, opened - head);
	seal_wipe(message + opened - head, head);
	*length = opened - head;
	*value = message;
	return 0;
}
