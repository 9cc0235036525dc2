/* SPDX-License-Identifier: Apache-2.0 */
/* What core knows: versions that come and are held, grants that come and go, names that stay. */
#include "model_fixture.h"

static void a_secret_is_found_by_name_and_id(void **state)
{
	struct world *world = *state;
	uint8_t other[SEAL_ID_BYTES] = { 0 };
	struct secret *secret = rotate(world, "one");

	assert_non_null(secret);
	assert_ptr_equal(model_secret_by_id(world->model, world->record.id), secret);
	assert_null(model_secret(world->model, "shop/db_passwor"));
	assert_null(model_secret(world->model, ""));
	assert_null(model_secret_by_id(world->model, other));
	assert_int_equal(secret_current(secret)->version.number, 1);
	assert_ptr_equal(rotate(world, "two"), secret);
	assert_int_equal(secret->record.version_count, 2);
	assert_int_equal(secret->record.last_number, 2);
	model_remove_secret(world->model, secret);
	assert_null(model_secret(world->model, world->record.name));
	assert_null(model_secret_by_id(world->model, world->record.id));
}

/* Invariant 3: in the list while it is current or held. */
static void a_version_stays_while_it_is_held(void **state)
{
	struct world *world = *state;
	struct secret *secret = rotate(world, "one");
	struct blob *first = secret_current(secret);

	blob_hold(world->model, first);
	blob_hold(world->model, first);
	rotate(world, "two");
	rotate(world, "three");
	assert_int_equal(blobs(secret), 2);
	assert_ptr_equal(secret_blob(secret, 1), first);
	assert_null(secret_blob(secret, 2));
	assert_int_equal(secret_current(secret)->version.number, 3);
	assert_memory_equal(plain(world, first), "one", 3);
	blob_release(world->model, first);
	rotate(world, "four");
	assert_ptr_equal(secret_blob(secret, 1), first);
	blob_release(world->model, first);
	rotate(world, "five");
	assert_int_equal(blobs(secret), 1);
}

/* Invariant 4: plaintext is there while somebody holds it, once. */
static void plaintext_lives_while_it_is_held(void **state)
{
	struct world *world = *state;
	struct secret *secret = rotate(world, "one");
	struct blob *blob = secret_current(secret);
	const char *bytes;

	assert_null(blob->plain);
	blob_hold(world->model, blob);
	bytes = plain(world, blob);
	assert_memory_equal(bytes, "one", 3);
	blob_hold(world->model, blob);
	assert_ptr_equal(plain(world, blob), bytes);
	assert_int_equal(world->model->plain_bytes, vault_plain_room(blob->sealed_length));
	blob_release(world->model, blob);
	assert_ptr_equal(plain(world, blob), bytes);
	blob_release(world->model, blob);
	assert_null(blob->plain);
	assert_int_equal(world->model->plain_bytes, 0);
	/* One that is let go once too often is not another's to lose. */
	blob_release(world->model, blob);
	assert_int_equal(blob->holders, 0);
}

static void plaintext_has_a_bound(void **state)
{
	struct world *world = *state;
	struct blob *blob = secret_current(rotate(world, "one"));
	size_t room = vault_plain_room(blob->sealed_length);
	const uint8_t *bytes;
	struct err err;

	blob_hold(world->model, blob);
	world->model->plain_bytes = MODEL_PLAIN_MAX - room + 1;
	must_be(TACIT_LIMIT, blob_plain(world->model, world->store.vault, blob, &bytes, &err));
	assert_null(blob->plain);
	world->model->plain_bytes = MODEL_PLAIN_MAX - room;
	must(blob_plain(world->model, world->store.vault, blob, &bytes, &err));
	assert_int_equal(world->model->plain_bytes, MODEL_PLAIN_MAX);
	blob_release(world->model, blob);
	assert_int_equal(world->model->plain_bytes, MODEL_PLAIN_MAX - room);
}

/* Nothing is shown of a value that is not what was sealed, and nothing of it stays. */
static void damage_is_not_plaintext(void **state)
{
	struct world *world = *state;
	struct secret *secret = rotate(world, "one");
	struct blob *blob = secret_current(secret);
	const uint8_t *bytes = NULL;
	struct err err;

	blob_hold(world->model, blob);
	blob->sealed[blob->sealed_length - 1] ^= 1;
	must_be(TACIT_CORRUPT, blob_plain(world->model, world->store.vault, blob, &bytes, &err));
	blob->sealed[blob->sealed_length - 1] ^= 1;
	blob->version.size++;
	must_be(TACIT_CORRUPT, blob_plain(world->model, world->store.vault, blob, &bytes, &err));
	blob->version.size--;
	blob->version.value_id[0] ^= 1; /* another value, in its place */
	must_be(TACIT_CORRUPT, blob_plain(world->model, world->store.vault, blob, &bytes, &err));
	blob->version.value_id[0] ^= 1;
	assert_null(bytes);
	assert_null(blob->plain);
	assert_int_equal(world->model->plain_bytes, 0);
	assert_memory_equal(plain(world, blob), "one", 3);
}

/* What an earlier core's handle pins goes behind the current one. */
static void a_version_added_is_not_the_current_one(void **state)
{
	struct world *world = *state;
	struct secret *secret;
	uint8_t *sealed;
	size_t length;
	struct err err;
	struct blob *old;

	rotate(world, "one");
	secret = rotate(world, "two");
	assert_null(secret_blob(secret, 1));
	must(vault_load_value(
		world->store.vault, world->record.versions[0].value_id, &sealed, &length, &err));
	old = secret_add_blob(secret, &world->record.versions[0], sealed, length);
	assert_ptr_equal(secret_blob(secret, 1), old);
	assert_int_equal(secret_current(secret)->version.number, 2);
	blob_hold(world->model, old);
	assert_memory_equal(plain(world, old), "one", 3);
	rotate(world, "three");
	assert_ptr_equal(secret_blob(secret, 1), old);
}

/* Invariants 1 and 2. */
static void a_name_once_granted_stays(void **state)
{
	struct world *world = *state;
	struct secret *secret = rotate(world, "one");
	struct grant_record grant = put_grant(world, "compose/shop/web", "file", false);
	struct grant_record revoked = grant, again;
	struct node *directory = model_consumer(world->model, "compose/shop/web");
	struct node *file;
	struct err err;

	assert_non_null(directory);
	assert_int_equal(directory->child_count, 1);
	file = directory->children[0];
	assert_string_equal(file->name, "file");
	assert_ptr_equal(model_node(world->model, file->id), file);
	assert_ptr_equal(file->parent, directory);
	assert_true(grant_lives(file->grant));
	assert_int_equal(secret->grants, 1);
	must(model_put_grant(world->model, &grant, &err));
	assert_int_equal(secret->grants, 1);
	revoked.revoked_ns = 9;
	memset(revoked.secret_id, 0, sizeof revoked.secret_id);
	must(model_put_grant(world->model, &revoked, &err));
	assert_false(grant_lives(file->grant));
	assert_int_equal(secret->grants, 0);
	assert_ptr_equal(model_node(world->model, file->id), file);
	again = put_grant(world, "compose/shop/web", "file", false);
	assert_int_equal(directory->child_count, 1);
	assert_true(grant_lives(file->grant));
	assert_memory_equal(file->grant->record.id, again.id, SEAL_ID_BYTES);
	assert_int_equal(secret->grants, 1);
	/* The tombstone, loaded after it at the next start, does not put it in its grave. */
	must(model_put_grant(world->model, &revoked, &err));
	assert_true(grant_lives(file->grant));
	assert_non_null(model_grant_by_id(world->model, revoked.id));
	assert_false(grant_lives(model_grant_by_id(world->model, revoked.id)));
	assert_false(grant_lives(NULL));
}

static void a_grant_of_a_secret_that_is_not_there_is_none(void **state)
{
	struct world *world = *state;

	put_grant(world, "container/web", "file", false);
	assert_false(
		grant_lives(model_consumer(world->model, "container/web")->children[0]->grant));
	assert_null(model_consumer(world->model, "container/other"));
	assert_null(model_consumer(world->model, "nonsense"));
	assert_null(model_consumer(world->model, ""));
}

/* A grant whose names break the grammar cannot come from the vault; it makes no node if it does. */
static void a_grant_that_cannot_be_a_path_is_refused(void **state)
{
	struct world *world = *state;
	static const char *const rows[][2] = { { "", "file" }, { "nonsense/web", "file" },
		{ "compose/shop/web/deep", "file" }, { "compose/../web", "file" },
		{ "compose/shop/web", ".." }, { "compose/shop/web", "" } };
	struct grant_record grant = a_grant(&world->record);

	rotate(world, "one");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		snprintf(grant.consumer, sizeof grant.consumer, "%s", rows[i][0]);
		snprintf(grant.file, sizeof grant.file, "%s", rows[i][1]);
		if (model_put_grant(world->model, &grant, NULL) == 0)
			fail_msg("%s %s", rows[i][0], rows[i][1]);
		assert_null(model_grant_by_id(world->model, grant.id));
	}
	assert_int_equal(model_secret(world->model, world->record.name)->grants, 0);
}

static void many_grants_keep_their_order(void **state)
{
	enum { COUNT = 100 };
	struct world *world = *state;
	struct node *directory;

	rotate(world, "one");
	for (int i = 0; i < COUNT; i++) {
		char file[32];

		snprintf(file, sizeof file, "file-%d", i);
		put_grant(world, "container/web", file, false);
	}
	directory = model_consumer(world->model, "container/web");
	assert_int_equal(directory->child_count, COUNT);
	for (int i = 0; i < COUNT; i++) {
		char file[32];

		snprintf(file, sizeof file, "file-%d", i);
		assert_string_equal(directory->children[i]->name, file);
	}
	assert_int_equal(model_secret(world->model, world->record.name)->grants, COUNT);
}

static void clear_forgets_everything(void **state)
{
	struct world *world = *state;
	struct secret *secret = rotate(world, "one");
	struct blob *held = secret_current(secret);
	uint64_t file;
	struct err err;

	put_grant(world, "compose/shop/web", "file", false);
	file = model_consumer(world->model, "compose/shop/web")->children[0]->id;
	blob_hold(world->model, held);
	plain(world, held);
	rotate(world, "two");
	model_clear(world->model);
	assert_true(world->model->locked);
	assert_int_equal(world->model->plain_bytes, 0);
	assert_null(model_secret(world->model, world->record.name));
	assert_null(model_node(world->model, file));
	assert_null(world->model->grants);
	assert_null(world->model->root);
	model_clear(world->model);
	must(model_open(world->model, &err));
	assert_false(world->model->locked);
	assert_int_equal(world->model->root->child_count, CONSUMER_KINDS);
	rotate(world, "three");
	put_grant(world, "compose/shop/web", "file", false);
	assert_int_equal(model_consumer(world->model, "compose/shop/web")->children[0]->id, file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_world(a_secret_is_found_by_name_and_id),
		in_world(a_version_stays_while_it_is_held),
		in_world(plaintext_lives_while_it_is_held),
		in_world(plaintext_has_a_bound),
		in_world(damage_is_not_plaintext),
		in_world(a_version_added_is_not_the_current_one),
		in_world(a_name_once_granted_stays),
		in_world(a_grant_of_a_secret_that_is_not_there_is_none),
		in_world(a_grant_that_cannot_be_a_path_is_refused),
		in_world(many_grants_keep_their_order),
		in_world(clear_forgets_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
