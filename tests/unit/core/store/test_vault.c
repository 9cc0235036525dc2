/* SPDX-License-Identifier: Apache-2.0 */
/* A vault keeps secrets, grants and values, says which key it wants, and trusts nothing it reads.
 */
#include "vault_fixture.h"

#include "core/store/vault_state.h"

static void secrets_and_grants_come_back_after_a_restart(void **state)
{
	struct fixture *fixture = *state;
	struct secret_record secret = a_secret("shop/db_password", VAULT_VERSIONS_MAX);
	struct grant_record grant = a_grant(&secret);
	struct seen seen;

	put(fixture->vault, &secret, &grant);
	vault_close(fixture->vault);
	attach_and_unlock(fixture);
	see(fixture->vault, &seen);
	assert_int_equal(seen.secret_count, 1);
	assert_int_equal(seen.grant_count, 1);
	assert_memory_equal(&seen.secrets[0], &secret, sizeof secret);
	assert_memory_equal(&seen.grants[0], &grant, sizeof grant);
}

static void values_come_back(void **state)
{
	static const size_t sizes[] = { 1, 63, 64, 65, 4096, TACIT_VALUE_MAX };
	struct fixture *fixture = *state;
	uint8_t id[SEAL_ID_BYTES], *sealed, *loaded, *plain, *value = malloc(TACIT_VALUE_MAX);
	struct err err;

	assert_non_null(value);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		size_t sealed_length, loaded_length, length, room;

		seal_random(id, sizeof id);
		seal_random(value, sizes[i]);
		must(vault_begin(fixture->vault, &err));
		must(vault_put_value(
			fixture->vault, id, value, sizes[i], &sealed, &sealed_length, &err));
		must(vault_commit(fixture->vault, &err));
		must(vault_load_value(fixture->vault, id, &loaded, &loaded_length, &err));
		assert_int_equal(loaded_length, sealed_length);
		assert_memory_equal(loaded, sealed, sealed_length);
		room = vault_plain_room(loaded_length);
		plain = seal_alloc(room);
		must(vault_open_value(
			fixture->vault, id, loaded, loaded_length, plain, room, &length, &err));
		assert_int_equal(length, sizes[i]);
		assert_memory_equal(plain, value, length);
		seal_free(plain);
		free(loaded);
		free(sealed);
	}
	free(value);
}

static void removing_removes_and_rolling_back_does_not(void **state)
{
	struct fixture *fixture = *state;
	struct secret_record one = a_secret("one", 1), two = a_secret("two", 1);
	uint8_t *sealed;
	size_t length;
	struct seen seen;
	struct err err;

	put(fixture->vault, &one, NULL);
	put(fixture->vault, &two, NULL);
	put_value(fixture->vault, one.versions[0].value_id, "x", 1);
	for (int keep = 1; keep >= 0; keep--) {
		must(vault_begin(fixture->vault, &err));
		must(vault_remove_secret(fixture->vault, one.id, &err));
		must(vault_remove_value(fixture->vault, one.versions[0].value_id, &err));
		if (keep)
			vault_rollback(fixture->vault);
		else
			must(vault_commit(fixture->vault, &err));
		see(fixture->vault, &seen);
		assert_int_equal(seen.secret_count, 1 + keep);
		assert_int_equal(vault_load_value(fixture->vault, one.versions[0].value_id, &sealed,
					 &length, NULL),
			keep ? 0 : -TACIT_NOT_FOUND);
		if (keep)
			free(sealed);
	}
	assert_string_equal(seen.secrets[0].name, "two");
}

static void a_store_is_made_once(void **state)
{
	struct fixture *fixture = *state;
	struct secret_record secret = a_secret("kept", 1);
	uint8_t other[SEAL_KEY_BYTES] = { 1 };
	struct seen seen;

	put(fixture->vault, &secret, NULL);
	vault_close(fixture->vault);
	must_be(TACIT_EXISTS, vault_create(&store_sqlite, fixture->dir, other, NULL));
	attach_and_unlock(fixture);
	see(fixture->vault, &seen);
	assert_int_equal(seen.secret_count, 1);
}

static void a_making_that_was_cut_short_can_be_done_again(void **state)
{
	struct fixture *fixture = *state;
	struct vault *none;
	struct err err;

	vault_close(fixture->vault);
	scratch_each(fixture->dir, scratch_unlink, NULL);
	must(store_sqlite.create(fixture->dir, &err)); /* and no keys in it */
	must_be(TACIT_NOT_FOUND, vault_attach(&store_sqlite, fixture->dir, &none, NULL));
	must(vault_create(&store_sqlite, fixture->dir, fixture->key, &err));
	attach_and_unlock(fixture);
}

static void a_wrong_key_opens_nothing(void **state)
{
	static const uint8_t zero[SEAL_KEY_BYTES];
	struct fixture *fixture = *state;
	uint8_t key[SEAL_KEY_BYTES], root[SEAL_KEY_BYTES];

	vault_forget(fixture->vault);
	memcpy(key, fixture->key, sizeof key);
	key[31] ^= 1;
	memset(root, 0xa5, sizeof root);
	must_be(TACIT_WRONG_KEY, vault_unlock(fixture->vault, key, root, NULL));
	assert_memory_equal(root, zero, sizeof root);
	assert_false(vault_is_open(fixture->vault));
	memcpy(root, fixture->root, sizeof root);
	root[0] ^= 1;
	must_be(TACIT_WRONG_KEY, vault_resume(fixture->vault, root, NULL));
	assert_false(vault_is_open(fixture->vault));
}

static void without_its_key_a_vault_says_locked(void **state)
{
	struct fixture *fixture = *state;
	struct secret_record secret = a_secret("s", 1);
	uint8_t *sealed, plain[128], id[SEAL_ID_BYTES] = { 1 };
	size_t sealed_length, length;
	struct seen seen;
	struct err err;

	put_value(fixture->vault, id, "hunter2", 7);
	put(fixture->vault, &secret, NULL);
	must(vault_load_value(fixture->vault, id, &sealed, &sealed_length, &err));
	vault_forget(fixture->vault);
	assert_false(vault_is_open(fixture->vault));
	must_be(TACIT_LOCKED, vault_open_value(fixture->vault, id, sealed, sealed_length, plain,
				      sizeof plain, &length, NULL));
	must_be(TACIT_LOCKED, try_see(fixture->vault, &seen, NULL));
	must_be(TACIT_LOCKED, vault_begin(fixture->vault, NULL));

	must(vault_resume(fixture->vault, fixture->root, &err));
	assert_true(vault_is_open(fixture->vault));
	must(vault_open_value(
		fixture->vault, id, sealed, sealed_length, plain, sizeof plain, &length, &err));
	assert_memory_equal(plain, "hunter2", 7);
	see(fixture->vault, &seen);
	assert_int_equal(seen.secret_count, 1);

	must(vault_begin(fixture->vault, &err));
	vault_forget(fixture->vault); /* locked in the middle of a change */
	must_be(TACIT_LOCKED, vault_put_secret(fixture->vault, &secret, NULL));
	must_be(TACIT_LOCKED, vault_commit(fixture->vault, NULL));
	vault_rollback(fixture->vault);
	free(sealed);
}

static void unlocking_twice_keeps_the_key_in_use(void **state)
{
	struct fixture *fixture = *state;
	uint8_t root[SEAL_KEY_BYTES], wrong[SEAL_KEY_BYTES] = { 0 };
	const struct keyring *in_use = fixture->vault->ring;
	struct err err;

	must(vault_unlock(fixture->vault, fixture->key, root, &err));
	assert_memory_equal(root, fixture->root, sizeof root);
	must(vault_resume(fixture->vault, root, &err));
	must_be(TACIT_WRONG_KEY, vault_unlock(fixture->vault, wrong, root, NULL));
	assert_ptr_equal(fixture->vault->ring, in_use);
}

static void locked_is_written_down(void **state)
{
	struct fixture *fixture = *state;
	struct err err;

	assert_false(vault_is_written_locked(fixture->vault));
	for (int locked = 1; locked >= 0; locked--) {
		vault_forget(fixture->vault); /* it needs no key */
		must(vault_write_locked(fixture->vault, locked, &err));
		assert_int_equal(vault_is_written_locked(fixture->vault), locked);
		vault_close(fixture->vault);
		attach(fixture);
		assert_int_equal(vault_is_written_locked(fixture->vault), locked);
	}
	must(vault_unlock(fixture->vault, fixture->key, fixture->root, &err));
	must(vault_begin(fixture->vault, &err));
	must_be(TACIT_BUSY, vault_write_locked(fixture->vault, true, NULL));
	vault_rollback(fixture->vault);
	assert_false(vault_is_written_locked(fixture->vault));
}

static void a_change_has_a_beginning_and_an_end(void **state)
{
	struct fixture *fixture = *state;
	struct secret_record secret = a_secret("s", 1);
	uint8_t *sealed, id[SEAL_ID_BYTES] = { 1 };
	size_t length;
	struct err err;

	must_be(TACIT_INTERNAL, vault_put_secret(fixture->vault, &secret, NULL));
	must_be(TACIT_INTERNAL, vault_remove_secret(fixture->vault, id, NULL));
	must_be(TACIT_INTERNAL,
		vault_put_value(fixture->vault, id, "x", 1, &sealed, &length, NULL));
	must_be(TACIT_INTERNAL, vault_commit(fixture->vault, NULL));
	vault_rollback(fixture->vault);
	must(vault_begin(fixture->vault, &err));
	must_be(TACIT_BUSY, vault_begin(fixture->vault, NULL));
	must_be(TACIT_INVALID, vault_put_value(fixture->vault, id, "", 0, &sealed, &length, NULL));
	must_be(TACIT_TOO_LARGE, vault_put_value(fixture->vault, id, "", TACIT_VALUE_MAX + 1,
					 &sealed, &length, NULL));
	vault_rollback(fixture->vault);
}

struct secret_row {
	const char *what;
	void (*spoil)(struct secret_record *secret);
};

static void no_name(struct secret_record *secret)
{
	secret->name[0] = '\0';
}

static void bad_name(struct secret_record *secret)
{
	strcpy(secret->name, "a//b");
}

static void no_versions(struct secret_record *secret)
{
	secret->version_count = 0;
}

static void too_many_versions(struct secret_record *secret)
{
	secret->version_count = VAULT_VERSIONS_MAX + 1;
}

static void number_zero(struct secret_record *secret)
{
	secret->versions[0].number = 0;
}

static void descending(struct secret_record *secret)
{
	secret->versions[1].number = secret->versions[0].number;
}

static void no_size(struct secret_record *secret)
{
	secret->versions[1].size = 0;
}

static void too_large(struct secret_record *secret)
{
	secret->versions[1].size = TACIT_VALUE_MAX + 1;
}

static void last_behind(struct secret_record *secret)
{
	secret->last_number = secret->versions[1].number - 1;
}

static const struct secret_row secret_rows[] = {
	{ "no name", no_name },
	{ "bad name", bad_name },
	{ "no versions", no_versions },
	{ "too many versions", too_many_versions },
	{ "number zero", number_zero },
	{ "descending", descending },
	{ "no size", no_size },
	{ "too large", too_large },
	{ "last behind", last_behind },
};

static void a_secret_out_of_bounds_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct seen seen;
	struct err err;

	for (size_t i = 0; i < sizeof secret_rows / sizeof *secret_rows; i++) {
		struct secret_record secret = a_secret("good", 2);

		secret_rows[i].spoil(&secret);
		must(vault_begin(fixture->vault, &err));
		if (vault_put_secret(fixture->vault, &secret, NULL) != -TACIT_INVALID)
			fail_msg("not refused: %s", secret_rows[i].what);
		vault_rollback(fixture->vault);
	}
	see(fixture->vault, &seen);
	assert_int_equal(seen.secret_count, 0);
}

static void a_grant_out_of_bounds_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct secret_record secret = a_secret("good", 1);
	struct grant_record good = a_grant(&secret), bad[10];
	struct err err;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		bad[i] = good;
	strcpy(bad[0].consumer, "compose/shop");
	strcpy(bad[1].file, "..");
	bad[2].mode = 04400;
	bad[3].revoked_ns = 1; /* a tombstone that still names its secret */
	memset(bad[4].secret_id, 0, SEAL_ID_BYTES);
	bad[5].flags = 16;
	bad[6].flags = 0x8000;
	bad[8].flags = GRANT_WITH_PREVIOUS;
	bad[9].flags = VAULT_PREVIOUS_NAMED;
	memset(bad[9].file, 'f', 55);
	bad[9].file[55] = '\0';
	bad[7].reads = GRANT_READS_MAX + 1;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		must(vault_begin(fixture->vault, &err));
		must_be(TACIT_INVALID, vault_put_grant(fixture->vault, &bad[i], NULL));
		vault_rollback(fixture->vault);
	}
	good.flags = GRANT_FLAGS | VAULT_PREVIOUS_NAMED;
	good.reads = GRANT_READS_MAX;
	good.version = UINT64_MAX;
	good.expires_ns = UINT64_MAX;
	put(fixture->vault, NULL, &good);
	memset(good.secret_id, 0, SEAL_ID_BYTES);
	good.revoked_ns = 1;
	put(fixture->vault, NULL, &good); /* a tombstone with what it had, or without */
	good.flags = 0;
	good.reads = 0;
	good.version = 0;
	good.expires_ns = 0;
	put(fixture->vault, NULL, &good);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(secrets_and_grants_come_back_after_a_restart),
		TEST(values_come_back),
		TEST(removing_removes_and_rolling_back_does_not),
		TEST(a_store_is_made_once),
		TEST(a_making_that_was_cut_short_can_be_done_again),
		TEST(a_wrong_key_opens_nothing),
		TEST(without_its_key_a_vault_says_locked),
		TEST(unlocking_twice_keeps_the_key_in_use),
		TEST(locked_is_written_down),
		TEST(a_change_has_a_beginning_and_an_end),
		TEST(a_secret_out_of_bounds_is_refused),
		TEST(a_grant_out_of_bounds_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
