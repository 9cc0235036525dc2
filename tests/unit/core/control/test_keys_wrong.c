/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong keys, and who waits after them. The time is the test's. */
#include "key_desk.h"

#define SECOND_NS 1000000000ull
#define BEGIN_NS (77 * SECOND_NS)

static uint64_t now_ns;
static enum tacit_code answer; /* of the store in place of its own; 0: it has its own */
static uint32_t counted;       /* of wrong keys, when the store was asked */
static const struct handover *watched;

uint64_t __wrap_clock_boottime_ns(void);
uint64_t __wrap_clock_boottime_ns(void)
{
	return now_ns;
}

int __real_vault_unlock(
	struct vault *vault, const uint8_t *key, uint8_t root[SEAL_KEY_BYTES], struct err *err);
int __wrap_vault_unlock(
	struct vault *vault, const uint8_t *key, uint8_t root[SEAL_KEY_BYTES], struct err *err);
int __wrap_vault_unlock(
	struct vault *vault, const uint8_t *key, uint8_t root[SEAL_KEY_BYTES], struct err *err)
{
	counted = watched ? atomic_load(&watched->wrong_keys) : 0;
	now_ns += 5 * SECOND_NS; /* it takes its time */
	return answer ? err_set(err, answer, "as the test says")
		      : __real_vault_unlock(vault, key, root, err);
}

static int set_up_time(void **state)
{
	struct key_desk *keys;
	int status;

	now_ns = BEGIN_NS;
	answer = 0;
	watched = NULL;
	status = key_desk_set_up(state);
	keys = *state;
	watched = keys->desk->core.handover;
	lock(keys);
	return status;
}

static int try(struct key_desk *keys, bool right)
{
	char text[KEYFILE_TEXT_MAX + 1] = "";
	uint8_t key[SEAL_KEY_BYTES];

	memcpy(key, keys->desk->rig->store.key, sizeof key);
	key[0] ^= !right;
	keyfile_format(key, text);
	return unlock_with(keys, KEY_OF_FILE, text);
}

static void guess(struct key_desk *keys, unsigned int times)
{
	while (times--)
		refused(keys, try(keys, false), TACIT_WRONG_KEY, "opens no slot");
}

static void a_person_may_mistype(void **state)
{
	struct key_desk *keys = *state;

	guess(keys, 2);
	assert_int_equal(try(keys, true), 0);
	is_serving(keys);
	lock(keys);
	guess(keys, 2);
	assert_int_equal(try(keys, true), 0);
}

static void whoever_guesses_waits_longer_each_time(void **state)
{
	static const unsigned int waits[] = { 1, 2, 4, 8, 16, 32, 60, 60, 60 };
	struct key_desk *keys = *state;
	char text[64];

	guess(keys, 2);
	for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
		guess(keys, 1);
		snprintf(text, sizeof text, "too many wrong keys: try again in %u s", waits[i]);
		refused(keys, try(keys, false), TACIT_BUSY, text);
		/* Not even the right one is tried, so that nothing can be learnt meanwhile. */
		refused(keys, try(keys, true), TACIT_BUSY, text);
		now_ns += waits[i] * SECOND_NS - 1;
		refused(keys, try(keys, true), TACIT_BUSY, "try again in 1 s");
		now_ns++;
	}
	assert_int_equal(try(keys, true), 0);
	is_serving(keys);
	lock(keys);
	guess(keys, 2);
	assert_int_equal(try(keys, true), 0);
}

static void what_is_there_opens_meanwhile(void **state)
{
	struct key_desk *keys = *state;

	guess(keys, 3);
	refused(keys, try(keys, true), TACIT_BUSY, "");
	assert_int_equal(unlock_with(keys, 0, NULL), 0);
	is_serving(keys);
	lock(keys);
	key_desk_put(keys, "key", "not a key", 9);
	for (int i = 0; i < 5; i++)
		refused(keys, unlock_with(keys, 0, NULL), TACIT_INVALID, "not a key file");
	guess(keys, 2);
	assert_int_equal(try(keys, true), 0);
}

static void what_is_no_key_is_not_tried(void **state)
{
	struct key_desk *keys = *state;
	char text[PASSPHRASE_MAX + 2];

	memset(text, 'a', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	for (int i = 0; i < 5; i++) {
		refused(keys, unlock_with(keys, KEY_OF_FILE, "tacit-key-1 x"), TACIT_INVALID, "");
		refused(keys, unlock_with(keys, KEY_OF_RECOVERY, "tacit1-qpzr"), TACIT_INVALID, "");
		refused(keys, unlock_with(keys, KEY_OF_PASSPHRASE, text), TACIT_INVALID, "");
		refused(keys, unlock_with(keys, KEY_OF_CREDENTIAL, "x"), TACIT_INVALID, "");
		refused(keys, unlock_with(keys, KEY_OF_COMMAND, "x"), TACIT_INVALID, "");
		refused(keys, unlock_with(keys, KEY_KINDS, "x"), TACIT_INVALID, "");
	}
	assert_int_equal(atomic_load(&watched->wrong_keys), 0);
}

static void passphrases_and_recovery_keys_count_too(void **state)
{
	struct key_desk *keys = *state;
	uint8_t secret[RECOVERY_SECRET_BYTES] = { 1 };
	char recovery[RECOVERY_TEXT_BYTES + 1];

	recovery_format(secret, recovery);
	refused(keys, unlock_with(keys, KEY_OF_PASSPHRASE, "open sesame"), TACIT_WRONG_KEY, "");
	refused(keys, unlock_with(keys, KEY_OF_RECOVERY, recovery), TACIT_WRONG_KEY, "");
	refused(keys, try(keys, false), TACIT_WRONG_KEY, "");
	refused(keys, unlock_with(keys, KEY_OF_PASSPHRASE, "open sesame"), TACIT_BUSY, "");
	refused(keys, unlock_with(keys, KEY_OF_RECOVERY, recovery), TACIT_BUSY, "");
}

/* A damaged slot beside the others is said in place of a wrong key; a store that is refused for its
 * age was opened. */
static void a_damaged_slot_spares_nobody_the_wait(void **state)
{
	struct key_desk *keys = *state;

	answer = TACIT_CORRUPT;
	for (unsigned int i = 1; i <= 3; i++) {
		assert_int_equal(try(keys, false), -TACIT_CORRUPT);
		/* It was counted before: a core that dies over a key has tried it. */
		assert_int_equal(counted, i);
	}
	refused(keys, try(keys, false), TACIT_BUSY, "");
	now_ns += SECOND_NS;
	answer = TACIT_STALE;
	assert_int_equal(try(keys, false), -TACIT_STALE);
	assert_int_equal(atomic_load(&watched->wrong_keys), 0);
}

/* Why the agent is locked is not that somebody mistyped. */
static void status_goes_on_saying_why_it_is_locked(void **state)
{
	struct key_desk *keys = *state;
	char reason[ERR_TEXT_MAX];

	snprintf(reason, sizeof reason, "%s", keys->desk->core.failure.text);
	guess(keys, 3);
	refused(keys, try(keys, true), TACIT_BUSY, "");
	assert_string_equal(keys->desk->core.failure.text, reason);
	now_ns += SECOND_NS;
	answer = TACIT_CORRUPT;
	assert_int_equal(try(keys, true), -TACIT_CORRUPT);
	assert_string_equal(keys->desk->core.failure.text, "as the test says");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_time, key_desk_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_person_may_mistype),
		TEST(whoever_guesses_waits_longer_each_time),
		TEST(what_is_there_opens_meanwhile),
		TEST(what_is_no_key_is_not_tried),
		TEST(passphrases_and_recovery_keys_count_too),
		TEST(a_damaged_slot_spares_nobody_the_wait),
		TEST(status_goes_on_saying_why_it_is_locked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
