/* SPDX-License-Identifier: Apache-2.0 */
#include "value.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const char letters[64] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.";

size_t value_default_length(unsigned long version)
{
	return 80 + version * 37 % 479;
}

static uint64_t seed_of(const char *header, size_t length)
{
	uint64_t hash = 1469598103934665603u;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)header[i]) * 1099511628211u;
	return hash | 1;
}

int value_make(char *out, size_t length, const char *tag, unsigned long version)
{
	char header[VALUE_TAG_MAX + 48];
	size_t header_length;
	uint64_t state;

	if (!*tag || strlen(tag) > VALUE_TAG_MAX || strchr(tag, '-'))
		return -1;
	snprintf(header, sizeof header, "%s-%lu-%zu-", tag, version, length);
	header_length = strlen(header);
	if (length < header_length + 8 || length > VALUE_MAX)
		return -1;
	memcpy(out, header, header_length);
	state = seed_of(header, header_length);
	for (size_t i = header_length; i < length; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		out[i] = letters[state >> 58];
	}
	return 0;
}

const char *value_wrong(const char *data, size_t length, const char *tag, unsigned long *version)
{
	static _Thread_local char expected[VALUE_MAX];
	char header[VALUE_TAG_MAX + 48], found[VALUE_TAG_MAX + 1];
	size_t stated, header_length = length < sizeof header - 1 ? length : sizeof header - 1;

	if (!length)
		return "empty";
	memcpy(header, data, header_length);
	header[header_length] = '\0';
	if (sscanf(header, "%32[^-]-%lu-%zu-", found, version, &stated) != 3)
		return "not a value of the tests";
	if (tag && strcmp(found, tag))
		return "a value of another secret";
	if (stated != length)
		return stated > length ? "shorter than it says" : "longer than it says";
	if (value_make(expected, length, found, *version) || memcmp(expected, data, length))
		return "bytes of another version";
	return NULL;
}
