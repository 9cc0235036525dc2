/* SPDX-License-Identifier: Apache-2.0 */
/* Locked memory is locked or not given; the hash is SipHash-2-4. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "seal/seal.h"

/* The run-time of the sanitizers replaces mlock(): nothing is ever locked or refused. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LOCKING 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define LOCKING 0
#endif
#endif
#ifndef LOCKING
#define LOCKING 1
#endif

#define NOBODY 65534

static void locked_memory_can_be_had(void **state)
{
	struct err err;

	(void)state;
	if (seal_check_locked(&err) < 0)
		fail_msg("%s", err.text);
}

static void memory_is_aligned_at_every_length(void **state)
{
	(void)state;
	for (size_t length = 0; length < 100; length++) {
		uint8_t *bytes = seal_alloc(length);

		assert_non_null(bytes);
		assert_int_equal((uintptr_t)bytes % 16, 0);
		memset(bytes, 1, length);
		seal_free(bytes);
	}
	seal_free(NULL);
	assert_null(seal_alloc(SIZE_MAX));
	assert_null(seal_alloc(SIZE_MAX - 15));
}

/* 0 when this process, which may lock no memory, is told so. */
static int without_locking(void)
{
	const struct rlimit none = { 0, 0 };
	struct err err;

	if (setrlimit(RLIMIT_MEMLOCK, &none) || (!getuid() && setuid(NOBODY)))
		return 2;
	if (seal_check_locked(&err) != -TACIT_LIMIT)
		return 3;
	if (seal_alloc(1))
		return 4;
	seal_allow_swap();
	return seal_alloc(1) ? 0 : 5;
}

static void memory_that_cannot_be_locked_is_not_given(void **state)
{
	int status;
	pid_t child;

	(void)state;
	if (!LOCKING)
		skip();
	child = fork();
	if (!child)
		_exit(without_locking());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_write_behind_locked_memory_kills(void **state)
{
	int status;
	pid_t child;

	(void)state;
	child = fork();
	if (!child) {
		const struct rlimit none = { 0, 0 };
		volatile uint8_t *bytes;

		setrlimit(RLIMIT_CORE, &none);
		signal(SIGSEGV, SIG_DFL);
		bytes = seal_alloc(32);
		bytes[32] = 1;
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSEGV);
}

/* The first three of the vectors in the appendix of the SipHash paper's reference code. */
static void the_hash_is_siphash(void **state)
{
	static const uint64_t expected[] = { 0x726fdb47dd0e0e31, 0x74f839c593dc67fd,
		0x0d6c8009d9a94f5a };
	uint8_t key[16], bytes[3] = { 0, 1, 2 };

	(void)state;
	for (size_t i = 0; i < sizeof key; i++)
		key[i] = (uint8_t)i;
	for (size_t length = 0; length < 3; length++)
		assert_true(seal_hash64(key, bytes, length) == expected[length]);
}

static void random_bytes_differ_and_wiped_bytes_are_zero(void **state)
{
	static const uint8_t zero[32];
	uint8_t one[32] = { 0 }, other[32] = { 0 };

	(void)state;
	seal_random(one, sizeof one);
	seal_random(other, sizeof other);
	assert_memory_not_equal(one, other, sizeof one);
	assert_memory_not_equal(one, zero, sizeof one);
	seal_wipe(one, sizeof one);
	assert_memory_equal(one, zero, sizeof one);
}

static int start(void **state)
{
	(void)state;
	return seal_start(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(locked_memory_can_be_had),
		cmocka_unit_test(memory_is_aligned_at_every_length),
		cmocka_unit_test(memory_that_cannot_be_locked_is_not_given),
		cmocka_unit_test(a_write_behind_locked_memory_kills),
		cmocka_unit_test(the_hash_is_siphash),
		cmocka_unit_test(random_bytes_differ_and_wiped_bytes_are_zero),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
