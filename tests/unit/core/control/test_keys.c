/* SPDX-License-Identifier: Apache-2.0 */
/* Key slots as operators see them: added, listed, removed, rotated; and a store that each of them
 * opens, by an operator's key or by what is there. */
#include "key_desk.h"

#include "core/store/vault_state.h"

static const char recovery_text[] = "tacit1-qpzr-y9x8-gf2t-vdw0-s3jn-54kh-ce6m-ua7l";

static void make_recovery(char text[RECOVERY_TEXT_BYTES + 1])
{
	uint8_t secret[RECOVERY_SECRET_BYTES];

	seal_random(secret, sizeof secret);
	recovery_format(secret, text);
}

static void each_kind_is_added_and_opens(void **state)
{
	struct key_desk *keys = *state;
	char recovery[RECOVERY_TEXT_BYTES + 1], file[KEYFILE_TEXT_MAX + 1] = "";
	uint8_t key[SEAL_KEY_BYTES] = { 1, 2, 3 };

	make_recovery(recovery);
	keyfile_format(key, file);
	snprintf(keys->desk->request.label, sizeof keys->desk->request.label, "safe");
	assert_int_equal(key_add(keys, KEY_OF_RECOVERY, recovery, ""), 0);
	assert_int_equal(desk_number(keys->desk, "slot", 0), 2);
	desk_text(keys->desk, "kind", 0, "recovery");
	desk_text(keys->desk, "label", 0, "safe");
	desk_text(keys->desk, "state", 0, "ok");
	assert_int_equal(key_add(keys, KEY_OF_PASSPHRASE, "open sesame", ""), 0);
	assert_int_equal(desk_number(keys->desk, "passes", 0), 3);
	assert_int_equal(desk_number(keys->desk, "memory_kib", 0), 262144);
	assert_int_equal(key_add(keys, KEY_OF_FILE, file, ""), 0);

	lock(keys);
	assert_int_equal(unlock_with(keys, KEY_OF_RECOVERY, recovery), 0);
	is_serving(keys);
	lock(keys);
	assert_int_equal(unlock_with(keys, KEY_OF_PASSPHRASE, "open sesame"), 0);
	is_serving(keys);
	lock(keys);
	assert_int_equal(unlock_with(keys, KEY_OF_FILE, file), 0);
	is_serving(keys);
	/* A key that nobody says the kind of is a key file. */
	lock(keys);
	assert_int_equal(unlock_with(keys, 0, file), 0);
	is_serving(keys);
}

static void a_store_opens_by_itself(void **state)
{
	struct key_desk *keys = *state;
	const uint8_t key[SEAL_KEY_BYTES] = { 4, 5, 6 };

	key_desk_put(keys, "credential", key, sizeof key);
	assert_int_equal(key_add(keys, KEY_OF_CREDENTIAL, NULL, ""), 0);
	assert_int_equal(key_add(keys, KEY_OF_COMMAND, NULL, "good"), 0);
	desk_text(keys->desk, "program", 0, "good");
	/* By the key file, without a program; by the credential; by the program. */
	lock(keys);
	keys->runs = 0;
	assert_int_equal(unlock_with(keys, 0, NULL), 0);
	is_serving(keys);
	lock(keys);
	key_desk_drop(keys, "key");
	assert_int_equal(unlock_with(keys, 0, NULL), 0);
	is_serving(keys);
	assert_int_equal(keys->runs, 0);
	lock(keys);
	key_desk_drop(keys, "credential");
	assert_int_equal(unlock_with(keys, 0, NULL), 0);
	is_serving(keys);
	assert_int_equal(keys->runs, 1);
}

static void what_was_tried_is_said(void **state)
{
	const uint8_t key[SEAL_KEY_BYTES] = { 7 }, other[SEAL_KEY_BYTES] = { 8 };
	struct key_desk *keys = *state;

	key_desk_put(keys, "credential", key, sizeof key);
	assert_int_equal(key_add(keys, KEY_OF_CREDENTIAL, NULL, ""), 0);
	assert_int_equal(key_add(keys, KEY_OF_COMMAND, NULL, "once"), 0);
	lock(keys);
	key_desk_drop(keys, "key");
	key_desk_put(keys, "credential", other, sizeof other);
	refused(keys, unlock_with(keys, 0, NULL), TACIT_NOT_FOUND,
		"key file /etc/tacit/key: it is not there; credential: the key opens no slot of "
		"this store; the program of key slot 3: it ended with exit status 3");
	assert_string_equal(keys->desk->core.failure.text, keys->desk->err.text);
	/* Nobody gave a wrong key. */
	assert_int_equal(atomic_load(&keys->desk->core.handover->wrong_keys), 0);
}

/* holder is gone: nothing can be asked for, and an operator's key still opens. */
static void without_a_holder_an_operator_can(void **state)
{
	struct key_desk *keys = *state;

	assert_int_equal(key_add(keys, KEY_OF_PASSPHRASE, "open sesame", ""), 0);
	lock(keys);
	close(keys->desk->core.holder);
	keys->desk->core.holder = -1;
	refused(keys, unlock_with(keys, 0, NULL), TACIT_UNAVAILABLE, "key file /etc/tacit/key: ");
	assert_int_equal(unlock_with(keys, KEY_OF_PASSPHRASE, "open sesame"), 0);
	is_serving(keys);
}

static void without_a_slot_of_its_own_the_agent_waits(void **state)
{
	struct key_desk *keys = *state;

	assert_int_equal(key_add(keys, KEY_OF_PASSPHRASE, "open sesame", ""), 0);
	assert_int_equal(key_remove(keys, 1), 0);
	assert_int_equal(desk_number(keys->desk, "slot", 0), 1);
	assert_true(truth(keys, "waits_after_reboot"));
	lock(keys);
	refused(keys, unlock_with(keys, 0, NULL), TACIT_LOCKED, "'tacit unlock --passphrase'");
	assert_int_equal(unlock_with(keys, KEY_OF_PASSPHRASE, "open sesame"), 0);
	is_serving(keys);
}

static void slots_are_listed_while_locked(void **state)
{
	struct key_desk *keys = *state;
	struct doc_item item;

	assert_int_equal(key_add(keys, KEY_OF_RECOVERY, recovery_text, ""), -TACIT_INVALID);
	assert_int_equal(key_add(keys, KEY_OF_COMMAND, NULL, "good"), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(desk_ask(keys->desk, VERB_KEY_LIST, ""), 0);
		assert_int_equal(desk_count(keys->desk, "slot"), 2);
		desk_text(keys->desk, "kind", 0, "key_file");
		desk_text(keys->desk, "kind", 1, "command");
		desk_text(keys->desk, "state", 1, "ok");
		desk_text(keys->desk, "program", 0, "good");
		assert_false(truth(keys, "waits_after_reboot"));
		assert_true(desk_item(keys->desk, "trouble", 0, &item));
		assert_int_equal(item.type, DOC_NONE);
		if (!i)
			lock(keys);
	}
}

static void the_last_slot_stays(void **state)
{
	struct key_desk *keys = *state;

	refused(keys, key_remove(keys, 1), TACIT_INVALID, "no sound key slot would be left");
	refused(keys, key_remove(keys, 2), TACIT_NOT_FOUND, "no such key slot");
	refused(keys, key_remove(keys, 0), TACIT_NOT_FOUND, "no such key slot");
	refused(keys, key_remove(keys, 257), TACIT_NOT_FOUND, "no such key slot");
	assert_int_equal(keys->desk->keys.next_present, 0);
	lock(keys);
	assert_int_equal(unlock_with(keys, 0, NULL), 0);
}

static void a_removed_slot_opens_nothing(void **state)
{
	struct key_desk *keys = *state;
	uint8_t before[SEAL_KEY_BYTES];
	char recovery[RECOVERY_TEXT_BYTES + 1];

	make_recovery(recovery);
	assert_int_equal(key_add(keys, KEY_OF_RECOVERY, recovery, ""), 0);
	memcpy(before, keys->desk->keys.root, sizeof before);
	assert_int_equal(key_remove(keys, 2), 0);
	assert_false(truth(keys, "waits_after_reboot"));
	assert_memory_not_equal(before, keys->desk->keys.root, sizeof before);
	lock(keys);
	refused(keys, unlock_with(keys, KEY_OF_RECOVERY, recovery), TACIT_WRONG_KEY, "no slot");
	assert_int_equal(unlock_with(keys, 0, NULL), 0);
}

static void the_root_key_is_rotated_and_everything_opens(void **state)
{
	struct key_desk *keys = *state;
	uint8_t before[SEAL_KEY_BYTES];

	assert_int_equal(key_add(keys, KEY_OF_COMMAND, NULL, "good"), 0);
	memcpy(before, keys->desk->keys.root, sizeof before);
	assert_int_equal(desk_ask(keys->desk, VERB_KEY_ROTATE, ""), 0);
	assert_int_equal(desk_number(keys->desk, "slots", 0), 2);
	assert_memory_not_equal(before, keys->desk->keys.root, sizeof before);
	assert_int_equal(keys->desk->keys.next_present, 0);
	is_serving(keys);
	lock(keys);
	assert_int_equal(unlock_with(keys, 0, NULL), 0);
	assert_int_equal(key_remove(keys, 1), 0);
	lock(keys);
	assert_int_equal(unlock_with(keys, 0, NULL), 0);
	is_serving(keys);
}

static void programs_that_cannot_be_trusted_with_a_key_are_refused(void **state)
{
	static const struct {
		const char *program, *text;
		enum tacit_code code;
	} rows[] = {
		{ "same", "is the key itself", TACIT_INVALID },
		{ "silent", "wrap the key: it printed nothing", TACIT_UNAVAILABLE },
		{ "long", "wrap the key: it printed more than 2048 bytes", TACIT_UNAVAILABLE },
		{ "other", "gives another key back", TACIT_UNAVAILABLE },
		{ "text", "unwrap the key: what it printed is no key", TACIT_UNAVAILABLE },
		{ "fail", "wrap the key: it ended with exit status 3", TACIT_UNAVAILABLE },
		{ "late", "wrap the key: it had not ended after", TACIT_UNAVAILABLE },
		{ "none", "wrap the key: there is no such program", TACIT_UNAVAILABLE },
		{ "", "", TACIT_INVALID },
		{ "../good", "", TACIT_INVALID },
	};
	struct key_desk *keys = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		refused(keys, key_add(keys, KEY_OF_COMMAND, NULL, rows[i].program), rows[i].code,
			rows[i].text);
	assert_int_equal(desk_ask(keys->desk, VERB_KEY_LIST, ""), 0);
	assert_int_equal(desk_count(keys->desk, "slot"), 1);
	assert_int_equal(key_add(keys, KEY_OF_COMMAND, NULL, "busy"), 0);
	assert_true(keys->was_busy);
	assert_int_equal(key_add(keys, KEY_OF_COMMAND, NULL, "full"), 0);
}

static void a_slot_needs_what_its_kind_needs(void **state)
{
	static const struct {
		enum key_kind kind;
		const char *text, *program;
	} rows[] = {
		{ 0, NULL, "" },
		{ KEY_KINDS, NULL, "" },
		{ KEY_OF_PASSPHRASE, NULL, "" },
		{ KEY_OF_PASSPHRASE, "seven77", "" },
		{ KEY_OF_RECOVERY, NULL, "" },
		{ KEY_OF_RECOVERY, "tacit1-qpzr", "" },
		{ KEY_OF_FILE, "no key file", "" },
		{ KEY_OF_FILE, NULL, "good" },
		{ KEY_OF_CREDENTIAL, "what systemd gives", "" },
		{ KEY_OF_COMMAND, "what the program gives", "good" },
	};
	struct key_desk *keys = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		refused(keys, key_add(keys, rows[i].kind, rows[i].text, rows[i].program),
			TACIT_INVALID, "");
	snprintf(keys->desk->request.label, sizeof keys->desk->request.label, "a\nb");
	refused(keys, key_add(keys, KEY_OF_COMMAND, NULL, "good"), TACIT_INVALID, "label");
	memset(keys->desk->request.label, 'a', sizeof keys->desk->request.label);
	refused(keys, key_add(keys, KEY_OF_COMMAND, NULL, "good"), TACIT_INVALID,
		"no such request");
	/* What was sealed for another purpose. */
	keys->desk->request.key_kind = KEY_OF_PASSPHRASE;
	refused(keys, desk_ask_with(keys->desk, VERB_KEY_ADD, "", "unlock", "open sesame", 11),
		TACIT_INVALID, "");
	refused(keys, key_add(keys, KEY_OF_CREDENTIAL, NULL, ""), TACIT_NOT_FOUND,
		"credential tacit-key: it is not there");
	assert_int_equal(desk_ask(keys->desk, VERB_KEY_LIST, ""), 0);
	assert_int_equal(desk_count(keys->desk, "slot"), 1);
}

static void put_row(struct key_desk *keys, const char *name, const uint8_t *bytes, size_t length)
{
	struct store *store = keys->desk->core.vault->store;
	struct err err;

	must(store_sqlite.begin(store, &err));
	must(store_sqlite.put_meta(store, name, bytes, length, &err));
	must(store_sqlite.commit(store, &err));
}

/* Slots that somebody wrote into the store: a damaged one, and one that he made for a key of his
 * own, from a root key that he does not have. */
static void slots_that_nobody_vouches_for_are_told(void **state)
{
	const uint8_t key[SEAL_KEY_BYTES] = { 1 }, guess[SEAL_KEY_BYTES] = { 2 };
	struct key_desk *keys = *state;
	struct slot_about about = { .number = 3, .kind = SLOT_KEY_FILE, .label = "mine" };
	struct slot_row row = { .number = 3 };
	uint8_t bytes[STORE_META_MAX];
	struct doc_item item;
	size_t length;
	struct err err;

	assert_int_equal(key_add(keys, KEY_OF_COMMAND, NULL, "good"), 0);
	must(store_sqlite.get_meta(
		keys->desk->core.vault->store, "slot-2", bytes, sizeof bytes, &length, &err));
	bytes[length / 2] ^= 1;
	put_row(keys, "slot-2", bytes, length);
	must(slot_make(keys->desk->core.vault->store_id, &about, key, guess, &row, &err));
	put_row(keys, "slot-3", row.bytes, row.length);

	assert_int_equal(desk_ask(keys->desk, VERB_KEY_LIST, ""), 0);
	desk_text(keys->desk, "state", 0, "ok");
	desk_text(keys->desk, "state", 1, "damaged");
	assert_true(desk_item(keys->desk, "kind", 1, &item));
	assert_int_equal(item.type, DOC_NONE);
	desk_text(keys->desk, "state", 2, "not_vouched");
	desk_text(keys->desk, "label", 2, "mine");
	assert_true(desk_item(keys->desk, "trouble", 0, &item));
	assert_int_equal(item.type, DOC_TEXT);
	assert_non_null(strstr(item.text, "key slot 2"));
	assert_int_equal(desk_ask(keys->desk, VERB_STATUS, ""), 0);
	assert_int_equal(desk_number(keys->desk, "slots", 0), 1);

	/* The next root key goes into what is sound, and into nothing else. */
	refused(keys, key_remove(keys, 1), TACIT_INVALID, "no sound key slot would be left");
	assert_int_equal(desk_ask(keys->desk, VERB_KEY_ROTATE, ""), 0);
	assert_int_equal(desk_number(keys->desk, "slots", 0), 1);
	assert_int_equal(key_remove(keys, 2), 0);
	assert_int_equal(key_remove(keys, 3), 0);
	assert_int_equal(desk_ask(keys->desk, VERB_KEY_LIST, ""), 0);
	assert_true(desk_item(keys->desk, "trouble", 0, &item));
	assert_int_equal(item.type, DOC_NONE);
	lock(keys);
	assert_int_equal(unlock_with(keys, 0, NULL), 0);
	is_serving(keys);
}

static void status_says_what_opens_the_store(void **state)
{
	struct key_desk *keys = *state;
	char recovery[RECOVERY_TEXT_BYTES + 1];

	make_recovery(recovery);
	assert_int_equal(desk_ask(keys->desk, VERB_STATUS, ""), 0);
	assert_int_equal(desk_number(keys->desk, "slots", 0), 1);
	assert_false(truth(keys, "waits_after_reboot"));
	assert_false(truth(keys, "recovery"));
	assert_int_equal(key_add(keys, KEY_OF_RECOVERY, recovery, ""), 0);
	assert_int_equal(key_remove(keys, 1), 0);
	lock(keys);
	assert_int_equal(desk_ask(keys->desk, VERB_STATUS, ""), 0);
	assert_int_equal(desk_number(keys->desk, "slots", 0), 1);
	assert_true(truth(keys, "waits_after_reboot"));
	assert_true(truth(keys, "recovery"));
}

/* After a lock no key is where core had it. */
static void a_lock_leaves_no_key(void **state)
{
	static const uint8_t none[SEAL_KEY_BYTES];
	struct key_desk *keys = *state;
	struct handover_keys *page = &keys->desk->keys;

	memset(page->next, 5, sizeof page->next);
	page->next_present = 1;
	lock(keys);
	assert_int_equal(page->root_present, 0);
	assert_int_equal(page->next_present, 0);
	assert_memory_equal(page->root, none, sizeof none);
	assert_memory_equal(page->next, none, sizeof none);
	assert_false(vault_is_open(keys->desk->core.vault));
	/* What values are sealed to stays: the key that unlocks is sent by it. */
	assert_memory_not_equal(page->transit_secret, none, sizeof none);
	refused(keys, key_add(keys, KEY_OF_COMMAND, NULL, "good"), TACIT_LOCKED, "locked");
	refused(keys, key_remove(keys, 1), TACIT_LOCKED, "locked");
	refused(keys, desk_ask(keys->desk, VERB_KEY_ROTATE, ""), TACIT_LOCKED, "locked");
	/* And after a key that was a wrong one. */
	refused(keys, unlock_with(keys, KEY_OF_PASSPHRASE, "open sesame"), TACIT_WRONG_KEY, "");
	assert_memory_equal(page->root, none, sizeof none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KEY_TEST(each_kind_is_added_and_opens),
		KEY_TEST(a_store_opens_by_itself),
		KEY_TEST(what_was_tried_is_said),
		KEY_TEST(without_a_holder_an_operator_can),
		KEY_TEST(without_a_slot_of_its_own_the_agent_waits),
		KEY_TEST(slots_are_listed_while_locked),
		KEY_TEST(the_last_slot_stays),
		KEY_TEST(a_removed_slot_opens_nothing),
		KEY_TEST(the_root_key_is_rotated_and_everything_opens),
		KEY_TEST(programs_that_cannot_be_trusted_with_a_key_are_refused),
		KEY_TEST(a_slot_needs_what_its_kind_needs),
		KEY_TEST(slots_that_nobody_vouches_for_are_told),
		KEY_TEST(status_says_what_opens_the_store),
		KEY_TEST(a_lock_leaves_no_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
