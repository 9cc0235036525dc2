/* SPDX-License-Identifier: Apache-2.0 */
/* An unlocked model with a vault below it, and one secret to put versions into. Included once per
 * test program. */
#ifndef TACIT_TEST_MODEL_FIXTURE_H
#define TACIT_TEST_MODEL_FIXTURE_H

#include "../store/vault_fixture.h"

#include "core/model/model.h"

struct world {
	struct fixture store; /* first: the store's fixture set it up */
	struct model *model;
	struct secret_record record;
};

static inline int set_up_world(void **state)
{
	static const uint8_t node_key[16] = { 1 };
	struct world *world = calloc(1, sizeof *world);
	struct err err;
	void *store;

	assert_non_null(world);
	assert_int_equal(set_up(&store), 0);
	memcpy(&world->store, store, sizeof world->store);
	free(store);
	world->model = model_new(node_key);
	assert_non_null(world->model);
	assert_true(world->model->locked);
	must(model_open(world->model, &err));
	world->record = a_secret("shop/db_password", 0);
	*state = world;
	return 0;
}

static inline int tear_down_world(void **state)
{
	struct world *world = *state;

	model_free(world->model);
	return tear_down(state);
}

/* The next version of the secret, in the vault and in the model. */
static inline struct secret *rotate(struct world *world, const char *value)
{
	struct secret_record *record = &world->record;
	struct version_record *version = &record->versions[record->version_count++];
	uint8_t *sealed;
	size_t length;
	struct err err;

	version->number = record->current = ++record->last_number;
	version->size = (uint32_t)strlen(value);
	seal_random(version->value_id, sizeof version->value_id);
	must(vault_begin(world->store.vault, &err));
	must(vault_put_value(world->store.vault, version->value_id, value, version->size, &sealed,
		&length, &err));
	must(vault_commit(world->store.vault, &err));
	must(model_put_secret(world->model, record, record->current, sealed, length, &err));
	return model_secret(world->model, record->name);
}

static inline struct grant_record put_grant(
	struct world *world, const char *consumer, const char *file, bool revoked)
{
	struct grant_record grant = a_grant(&world->record);
	struct err err;

	snprintf(grant.consumer, sizeof grant.consumer, "%s", consumer);
	snprintf(grant.file, sizeof grant.file, "%s", file);
	grant.revoked_ns = revoked;
	if (revoked)
		memset(grant.secret_id, 0, sizeof grant.secret_id);
	must(model_put_grant(world->model, &grant, &err));
	return grant;
}

static inline const char *plain(struct world *world, struct blob *blob)
{
	const uint8_t *bytes;
	struct err err;

	must(blob_plain(world->model, world->store.vault, blob, &bytes, &err));
	return (const char *)bytes;
}

static inline unsigned int blobs(const struct secret *secret)
{
	unsigned int count = 0;

	for (const struct blob *blob = secret->blobs; blob; blob = blob->next)
		count++;
	return count;
}

#define in_world(test) cmocka_unit_test_setup_teardown(test, set_up_world, tear_down_world)

#endif
