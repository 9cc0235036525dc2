/* SPDX-License-Identifier: Apache-2.0 */
/* What records of every kind share. */
#include "core/store/records.h"

#include "core/store/records_parts.h"

void records_start(struct pack *to, enum record_kind kind, uint8_t layout)
{
	pack_u8(to, (uint8_t)kind);
	pack_u8(to, layout);
}

int records_packed(const struct pack *to, struct err *err)
{
	return to->failed ? err_set(err, TACIT_LIMIT, "out of memory") : 0;
}

uint8_t records_kind(const uint8_t *bytes, size_t length)
{
	return length ? bytes[0] : 0;
}

int records_begin(struct unpack *from, enum record_kind kind, uint8_t newest, uint8_t *layout,
	struct err *err)
{
	uint8_t found = unpack_u8(from);

	*layout = unpack_u8(from);
	if (from->failed || found != kind || !*layout)
		return err_set(err, TACIT_CORRUPT, "not a record of this kind");
	if (*layout > newest)
		return err_set(err, TACIT_NEWER, "record of layout %u; this tacit knows up to %u",
			*layout, newest);
	return 0;
}

int records_end(const struct unpack *from, int checked, struct err *err)
{
	if (!unpack_done(from))
		return err_set(err, TACIT_CORRUPT, "its bytes end elsewhere than they should");
	if (checked < 0)
		return err_set(err, TACIT_CORRUPT, "what it says is out of bounds");
	return 0;
}

static uint8_t digit_value(char digit)
{
	return (uint8_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

void records_from_hex(const char *hex, uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		bytes[i] = (uint8_t)(digit_value(hex[2 * i]) << 4 | digit_value(hex[2 * i + 1]));
}

void records_to_hex(const uint8_t *bytes, size_t count, char *hex)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < count; i++) {
		hex[2 * i] = digits[bytes[i] >> 4];
		hex[2 * i + 1] = digits[bytes[i] & 15];
	}
	hex[2 * count] = '\0';
}
