/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing readable lies in the store's files; readers on other threads get values while the owner
 * writes; the log does not grow for ever. */
#include "vault_fixture.h"

#include <pthread.h>

#define CANARY_BYTES 32
#define READERS 3
#define READS 2000
#define MIB (1u << 20)

struct hunt {
	const void *needle;
	size_t length;
	size_t bytes;
};

static void hunt_file(void *arg, const char *path)
{
	struct hunt *hunt = arg;
	size_t length;
	uint8_t *bytes = scratch_read(path, &length);

	if (memmem(bytes, length, hunt->needle, hunt->length))
		fail_msg("found in %s", path);
	hunt->bytes += length;
	free(bytes);
}

static void must_not_be_found(struct fixture *fixture, const void *needle, size_t length)
{
	struct hunt hunt = { needle, length, 0 };

	scratch_each(fixture->dir, hunt_file, &hunt);
	assert_true(hunt.bytes > 4096);
}

static void random_name(char name[41])
{
	uint8_t bytes[20];

	seal_random(bytes, sizeof bytes);
	for (size_t i = 0; i < sizeof bytes; i++)
		snprintf(name + 2 * i, 3, "%02x", bytes[i]);
}

static void put_who_reads(struct vault *vault, const struct consumer_record *consumer,
	const struct use_record *use, const struct container_facts *container)
{
	struct err err;

	must(vault_begin(vault, &err));
	must(vault_put_consumer(vault, consumer, &err));
	must(vault_put_use(vault, use, &err));
	must(vault_put_container(vault, container, &err));
	must(vault_commit(vault, &err));
}

static void nothing_readable_is_in_the_files(void **state)
{
	struct fixture *fixture = *state;
	uint8_t canary[CANARY_BYTES], *rows[2];
	struct consumer_record consumer = a_consumer("compose/shop/web");
	struct container_facts container = a_container(0x4f5e0c1d);
	struct secret_record secret;
	struct grant_record grant;
	struct use_record use;
	char name[41];

	seal_random(canary, sizeof canary);
	random_name(name);
	secret = a_secret(name, 1);
	grant = a_grant(&secret);
	put_value(fixture->vault, secret.versions[0].value_id, canary, sizeof canary);
	put(fixture->vault, &secret, &grant);
	use = a_use(&grant, 1);
	put_who_reads(fixture->vault, &consumer, &use, &container);
	rows[0] = fixture->key;
	rows[1] = fixture->root;
	for (int closed = 0; closed < 2; closed++) {
		must_not_be_found(fixture, canary, sizeof canary);
		must_not_be_found(fixture, canary, 8);
		must_not_be_found(fixture, name, strlen(name));
		must_not_be_found(fixture, grant.consumer, strlen(grant.consumer));
		must_not_be_found(fixture, grant.file, strlen(grant.file));
		must_not_be_found(fixture, consumer.rules[0], strlen(consumer.rules[0]));
		must_not_be_found(fixture, use.last_user, strlen(use.last_user));
		must_not_be_found(fixture, container.id, CONTAINER_ID_LENGTH);
		must_not_be_found(fixture, container.name, strlen(container.name));
		must_not_be_found(fixture, container.labels, strlen(container.labels));
		for (size_t i = 0; i < 2; i++)
			must_not_be_found(fixture, rows[i], SEAL_KEY_BYTES);
		vault_close(fixture->vault); /* which moves the log into the database */
		fixture->vault = NULL;
	}
	attach_and_unlock(fixture);
}

struct reader {
	pthread_t thread;
	const struct vault *vault;
	const uint8_t *id, *sealed;
	size_t sealed_length;
	int wrong;
};

static void *read_often(void *arg)
{
	struct reader *reader = arg;
	uint8_t plain[128];

	for (int i = 0; i < READS; i++) {
		size_t length;
		int result = vault_open_value(reader->vault, reader->id, reader->sealed,
			reader->sealed_length, plain, sizeof plain, &length, NULL);

		reader->wrong += result < 0 || length != 7 || memcmp(plain, "hunter2", 7);
	}
	return NULL;
}

static void values_open_on_any_thread_while_the_owner_writes(void **state)
{
	struct fixture *fixture = *state;
	struct reader readers[READERS] = { 0 };
	uint8_t id[SEAL_ID_BYTES] = { 1 }, *sealed;
	size_t sealed_length;
	struct err err;

	put_value(fixture->vault, id, "hunter2", 7);
	must(vault_load_value(fixture->vault, id, &sealed, &sealed_length, &err));
	for (size_t i = 0; i < READERS; i++) {
		readers[i] = (struct reader){ .vault = fixture->vault,
			.id = id,
			.sealed = sealed,
			.sealed_length = sealed_length };
		assert_int_equal(
			pthread_create(&readers[i].thread, NULL, read_often, &readers[i]), 0);
	}
	for (int i = 0; i < 20; i++) {
		struct secret_record secret = a_secret("s", 1);

		put(fixture->vault, &secret, NULL);
	}
	must(vault_resume(fixture->vault, fixture->root, &err));
	for (size_t i = 0; i < READERS; i++) {
		assert_int_equal(pthread_join(readers[i].thread, NULL), 0);
		assert_int_equal(readers[i].wrong, 0);
	}
	free(sealed);
}

static void the_log_does_not_grow_for_ever(void **state)
{
	struct fixture *fixture = *state;
	char path[SCRATCH_MAX + 16];
	uint8_t id[SEAL_ID_BYTES] = { 1 }, *value = calloc(1, MIB);
	struct stat status;

	assert_non_null(value);
	snprintf(path, sizeof path, "%s/store.db-wal", fixture->dir);
	for (int i = 0; i < 24; i++) {
		put_value(fixture->vault, id, value, MIB);
		assert_int_equal(stat(path, &status), 0);
		assert_true(status.st_size < 8 * MIB);
	}
	free(value);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_readable_is_in_the_files),
		TEST(values_open_on_any_thread_while_the_owner_writes),
		TEST(the_log_does_not_grow_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
