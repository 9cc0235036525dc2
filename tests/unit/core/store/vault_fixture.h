/* SPDX-License-Identifier: Apache-2.0 */
/* A vault in a directory of a test's own, and records to put into it. */
#ifndef TACIT_TEST_VAULT_FIXTURE_H
#define TACIT_TEST_VAULT_FIXTURE_H

#include "scratch.h"

#include "core/store/vault.h"
#include "seal/seal.h"

struct fixture {
	char dir[SCRATCH_MAX];
	uint8_t key[SEAL_KEY_BYTES];
	uint8_t root[SEAL_KEY_BYTES];
	struct vault *vault; /* made, attached and unlocked */
};

static inline void attach(struct fixture *fixture)
{
	struct err err;

	must(vault_attach(&store_sqlite, fixture->dir, &fixture->vault, &err));
}

static inline void attach_and_unlock(struct fixture *fixture)
{
	struct err err;

	attach(fixture);
	must(vault_unlock(fixture->vault, fixture->key, fixture->root, &err));
}

static inline int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	struct err err;

	assert_non_null(fixture);
	must(seal_start(&err));
	scratch_make(fixture->dir);
	seal_random(fixture->key, sizeof fixture->key);
	must(vault_create(&store_sqlite, fixture->dir, fixture->key, &err));
	attach_and_unlock(fixture);
	*state = fixture;
	return 0;
}

static inline int tear_down(void **state)
{
	struct fixture *fixture = *state;

	vault_close(fixture->vault);
	scratch_remove(fixture->dir);
	free(fixture);
	return 0;
}

static inline struct secret_record a_secret(const char *name, uint32_t versions)
{
	struct secret_record secret = {
		.created_ns = 5, .last_number = 2 * versions, .version_count = versions
	};

	seal_random(secret.id, sizeof secret.id);
	snprintf(secret.name, sizeof secret.name, "%s", name);
	for (uint32_t i = 0; i < versions && i < VAULT_VERSIONS_MAX; i++) {
		secret.versions[i] = (struct version_record){
			.number = 2 * i + 1, .created_ns = 1000 + i, .size = i + 1, .made_by = 1000
		};
		seal_random(secret.versions[i].value_id, SEAL_ID_BYTES);
	}
	return secret;
}

static inline struct grant_record a_grant(const struct secret_record *secret)
{
	struct grant_record grant = { .consumer = "compose/shop/web",
		.file = "db_password",
		.uid = GRANT_READER,
		.gid = 20,
		.mode = 0400,
		.created_ns = 7 };

	seal_random(grant.id, sizeof grant.id);
	memcpy(grant.secret_id, secret->id, SEAL_ID_BYTES);
	return grant;
}

static inline void put(
	struct vault *vault, const struct secret_record *secret, const struct grant_record *grant)
{
	struct err err;

	must(vault_begin(vault, &err));
	if (secret)
		must(vault_put_secret(vault, secret, &err));
	if (grant)
		must(vault_put_grant(vault, grant, &err));
	must(vault_commit(vault, &err));
}

static inline void put_value(
	struct vault *vault, const uint8_t *id, const void *plain, size_t length)
{
	uint8_t *sealed;
	size_t sealed_length;
	struct err err;

	must(vault_begin(vault, &err));
	must(vault_put_value(vault, id, plain, length, &sealed, &sealed_length, &err));
	must(vault_commit(vault, &err));
	free(sealed);
}

struct seen {
	struct secret_record secrets[4];
	struct grant_record grants[4];
	size_t secret_count, grant_count;
};

static inline int see_secret(void *arg, const struct secret_record *secret, struct err *err)
{
	struct seen *seen = arg;

	(void)err;
	assert_true(seen->secret_count < 4);
	seen->secrets[seen->secret_count++] = *secret;
	return 0;
}

static inline int see_grant(void *arg, const struct grant_record *grant, struct err *err)
{
	struct seen *seen = arg;

	(void)err;
	assert_true(seen->grant_count < 4);
	seen->grants[seen->grant_count++] = *grant;
	return 0;
}

static inline void see(struct vault *vault, struct seen *seen)
{
	struct err err;

	memset(seen, 0, sizeof *seen);
	must(vault_each(vault, see_secret, see_grant, seen, &err));
}

#endif
