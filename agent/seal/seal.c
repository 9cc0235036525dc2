/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/seal.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"

/* sodium_malloc() puts the last byte at a page's end, so only a multiple of this starts aligned. */
#define ALIGNMENT 16
#define STATUS_ROOM 16384 /* /proc/self/status is about 1.5 KiB */
#define PROBE_KIB 4       /* one page: the least that can be locked */

/* The sanitizers' run-time replaces mlock() with one that does nothing. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

int seal_start(struct err *err)
{
	if (sodium_init() < 0)
		return err_set(err, TACIT_INTERNAL, "libsodium does not start");
	return 0;
}

static int locked_kib(long *kib, struct err *err)
{
	char text[STATUS_ROOM];
	const char *line;
	size_t length;

	if (file_read("/proc/self/status", text, sizeof text - 1, &length, err) < 0)
		return err_wrap(err, "how much memory is locked");
	text[length] = '\0';
	line = strstr(text, "\nVmLck:");
	if (!line || sscanf(line, "\nVmLck: %ld kB", kib) != 1)
		return err_set(err, TACIT_INTERNAL, "/proc/self/status has no VmLck");
	return 0;
}

int seal_check_locked(struct err *err)
{
	long before, after;
	void *probe;
	int result;

	if (SANITIZED)
		return 0;
	if ((result = locked_kib(&before, err)) < 0)
		return result;
	probe = seal_alloc((size_t)PROBE_KIB << 10);
	result = probe ? locked_kib(&after, err) : 0;
	seal_free(probe);
	if (result < 0)
		return result;
	if (!probe || after < before + PROBE_KIB)
		return err_set(err, TACIT_LIMIT,
			"memory cannot be locked: raise the limit on locked memory "
			"(RLIMIT_MEMLOCK)");
	return 0;
}

/* libsodium's own state is of the process, too. */
static bool *swap_allowed(void)
{
	static bool allowed;

	return &allowed;
}

void seal_allow_swap(void)
{
	*swap_allowed() = true;
}

void seal_random(void *bytes, size_t length)
{
	randombytes_buf(bytes, length);
}

void seal_wipe(void *bytes, size_t length)
{
	sodium_memzero(bytes, length);
}

void *seal_alloc(size_t length)
{
	size_t rounded = (length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	void *pointer;

	if (rounded < length || !(pointer = sodium_malloc(rounded ? rounded : ALIGNMENT)))
		return NULL;
	/* sodium_malloc() does not look whether its own lock succeeded; a second one tells. */
	if (sodium_mlock(pointer, rounded) < 0 && !*swap_allowed()) {
		sodium_free(pointer);
		return NULL;
	}
	return pointer;
}

void seal_free(void *pointer)
{
	sodium_free(pointer);
}

uint64_t seal_hash64(const uint8_t key[16], const void *bytes, size_t length)
{
	uint8_t hash[crypto_shorthash_BYTES];
	uint64_t value = 0;

	_Static_assert(crypto_shorthash_KEYBYTES == 16, "SipHash takes 128 bits of key");
	crypto_shorthash(hash, bytes, length, key);
	for (size_t i = 0; i < sizeof hash; i++)
		value |= (uint64_t)hash[i] << 8 * i;
	return value;
}
