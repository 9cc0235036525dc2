/* SPDX-License-Identifier: Apache-2.0 */
/* Grants with limits, what has been read through them, and what else is said of consumers. */
#include "model_fixture.h"

#define HOUR_NS (3600 * UINT64_C(1000000000))
#define WEB "compose/shop/web"

/* The grant of `file` for WEB, with these terms. */
static struct grant *grant_with(
	struct world *world, const char *file, uint64_t version, uint16_t flags)
{
	struct grant_record record = put_grant(world, WEB, file, false);
	struct err err;

	record.version = version;
	record.flags = flags;
	must(model_put_grant(world->model, &record, &err));
	return model_grant_by_id(world->model, record.id);
}

static void put_tombstone(struct world *world, struct grant *grant)
{
	struct grant_record tombstone = grant->record;
	struct err err;

	tombstone.revoked_ns = 9;
	memset(tombstone.secret_id, 0, sizeof tombstone.secret_id);
	must(model_put_grant(world->model, &tombstone, &err));
}

static void a_pinned_version_stays(void **state)
{
	struct world *world = *state;
	struct secret *secret = rotate(world, "one");
	struct grant *pinned = grant_with(world, "pinned", 1, 0);
	struct grant *twin = grant_with(world, "twin", 1, GRANT_NEWLINE);
	struct grant *current = grant_with(world, "current", 0, GRANT_NEWLINE);

	assert_true(model_pin(pinned) && model_pin(twin) && model_pin(current));
	assert_true(model_pin(pinned));
	assert_int_equal(secret_blob(secret, 1)->pins, 2);
	rotate(world, "a second one");
	rotate(world, "number three");
	assert_int_equal(blobs(secret), 2);
	assert_ptr_equal(grant_blob(pinned), secret_blob(secret, 1));
	assert_ptr_equal(grant_blob(current), secret_current(secret));
	assert_int_equal(grant_size(pinned, grant_blob(pinned)), 3);
	assert_int_equal(grant_size(twin, grant_blob(twin)), 4);
	assert_int_equal(grant_size(current, grant_blob(current)), 13);
	blob_hold(world->model, grant_blob(pinned));
	assert_memory_equal(plain(world, grant_blob(pinned)), "one", 3);
	blob_release(world->model, grant_blob(pinned));
	put_tombstone(world, pinned);
	assert_null(pinned->pinned);
	assert_true(model_pin(pinned));
	rotate(world, "four");
	assert_int_equal(secret_blob(secret, 1)->pins, 1);
	put_tombstone(world, twin);
	rotate(world, "five");
	assert_int_equal(blobs(secret), 1);
	assert_null(secret_blob(secret, 1));
}

/* New terms let go of what the old ones held. */
static void a_grant_of_another_version_holds_that_one(void **state)
{
	struct world *world = *state;
	struct secret *secret = rotate(world, "one");
	struct grant *grant = grant_with(world, "file", 1, 0);
	struct grant_record record = grant->record;
	struct err err;

	assert_true(model_pin(grant));
	rotate(world, "two");
	record.version = 2;
	must(model_put_grant(world->model, &record, &err));
	assert_true(model_pin(grant));
	assert_ptr_equal(grant_blob(grant), secret_blob(secret, 2));
	assert_int_equal(secret_blob(secret, 1)->pins, 0);
	record.version = 3;
	must(model_put_grant(world->model, &record, &err));
	assert_false(model_pin(grant));
	assert_null(grant->pinned);
	assert_int_equal(secret_blob(secret, 2)->pins, 0);
	record.version = 0;
	must(model_put_grant(world->model, &record, &err));
	assert_true(model_pin(grant));
	rotate(world, "three");
	assert_int_equal(blobs(secret), 1);
	assert_int_equal(grant_blob(grant)->version.number, 3);
}

static void a_grant_ends_at_its_date(void **state)
{
	struct world *world = *state;
	struct grant *grant;

	rotate(world, "one");
	grant = grant_with(world, "file", 0, 0);
	assert_false(grant_expired(grant, 0));
	assert_false(grant_expired(grant, UINT64_MAX));
	grant->record.expires_ns = HOUR_NS;
	assert_false(grant_expired(grant, HOUR_NS - 1));
	assert_true(grant_expired(grant, HOUR_NS));
	assert_true(grant_expired(grant, HOUR_NS + 1));
	assert_true(grant_lives(grant));
}

/* The clock of this host says less than was ever written down: it was set back. */
static void a_date_is_not_before_the_floor(void **state)
{
	struct world *world = *state;
	struct model *model = world->model;
	uint64_t real = clock_realtime_ns();
	struct grant *grant;

	rotate(world, "one");
	grant = grant_with(world, "file", 0, 0);
	grant->record.expires_ns = real + HOUR_NS;
	model->floor = (struct clock_floor){ 0 };
	assert_true(model_now_ns(model) >= real && model_now_ns(model) < real + HOUR_NS);
	assert_false(grant_expired(grant, model_now_ns(model)));
	model->floor = (struct clock_floor){ real + 2 * HOUR_NS, clock_boottime_ns() };
	assert_true(model_now_ns(model) >= real + 2 * HOUR_NS);
	assert_true(model_now_ns(model) < real + 3 * HOUR_NS);
	assert_true(grant_expired(grant, model_now_ns(model)));
}

static void reads_are_counted_by_container(void **state)
{
	struct world *world = *state;
	char id[CONTAINER_ID_LENGTH + 1];
	struct grant *grant;
	struct err err;

	rotate(world, "one");
	grant = grant_with(world, "file", 0, 0);
	for (uint32_t i = 0; i < VAULT_USES_MAX; i++) {
		a_container_id(i, id);
		assert_int_equal(grant_used(grant, id), 0);
		must(grant_count(grant, id, i + 1, &err));
		assert_int_equal(grant_used(grant, id), i + 1);
	}
	assert_int_equal(grant->count, VAULT_USES_MAX);
	a_container_id(VAULT_USES_MAX, id);
	must_be(TACIT_LIMIT, grant_count(grant, id, 1, &err));
	assert_int_equal(grant_used(grant, id), 0);
	a_container_id(5, id);
	must(grant_count(grant, id, 77, &err));
	assert_int_equal(grant_used(grant, id), 77);
	assert_int_equal(grant->count, VAULT_USES_MAX);
	a_container_id(4, id);
	assert_int_equal(grant_used(grant, id), 5);
}

/* More reads, a later date: who has had some has had them. A path granted anew has had none. */
static void new_terms_keep_the_counts_and_a_new_grant_does_not(void **state)
{
	struct world *world = *state;
	char id[CONTAINER_ID_LENGTH + 1];
	struct grant_record record;
	struct use_record use;
	struct grant *grant;
	struct err err;

	rotate(world, "one");
	a_container_id(1, id);
	grant = grant_with(world, "file", 0, 0);
	must(grant_count(grant, id, 3, &err));
	grant_note_read(world->model, grant, "container/web", 1);
	grant_use_record(world->model, grant, &use);
	record = grant->record;
	record.reads = 10;
	record.expires_ns = 99;
	must(model_put_grant(world->model, &record, &err));
	assert_int_equal(grant_used(grant, id), 3);
	assert_int_equal(grant->last_version, 1);
	assert_false(grant_use_changed(world->model, grant));
	put_tombstone(world, grant);
	assert_int_equal(grant_used(grant, id), 3);
	record.created_ns++;
	must(model_put_grant(world->model, &record, &err));
	assert_int_equal(grant_used(grant, id), 0);
	assert_int_equal(grant->last_ns, 0);
	assert_string_equal(grant->last_user, "");
	/* What the store had of it went with the commit: there is nothing to write. */
	assert_false(grant->use_kept);
	assert_false(grant_use_changed(world->model, grant));
	grant_use_record(world->model, grant, &use);
	assert_int_equal(use.count, 0);
}

static void a_record_of_use_says_what_was_read(void **state)
{
	struct world *world = *state;
	char id[CONTAINER_ID_LENGTH + 1], user[VAULT_USER_MAX + 1];
	uint64_t before = clock_realtime_ns(), when, version;
	struct use_record first, second;
	struct grant *grant;
	struct err err;

	rotate(world, "one");
	a_container_id(1, id);
	grant = grant_with(world, "file", 0, 0);
	assert_false(grant_use_changed(world->model, grant));
	grant_last_read(world->model, grant, &when, &version, user);
	assert_int_equal(when, 0);
	assert_string_equal(user, "");
	grant_note_read(world->model, grant, "container/web 4f5e0c1d2a3b", 7);
	must(grant_count(grant, id, 2, &err));
	assert_true(grant_use_changed(world->model, grant));
	grant_last_read(world->model, grant, &when, &version, user);
	assert_true(when >= before && when <= clock_realtime_ns());
	assert_int_equal(version, 7);
	assert_string_equal(user, "container/web 4f5e0c1d2a3b");
	grant_use_record(world->model, grant, &first);
	assert_false(grant_use_changed(world->model, grant));
	assert_int_equal(first.last_ns, when);
	assert_int_equal(first.last_version, 7);
	assert_string_equal(first.last_user, user);
	assert_int_equal(first.count, 1);
	assert_string_equal(first.counts[0].container, id);
	assert_int_equal(first.counts[0].used, 2);
	assert_memory_equal(first.grant_id, grant->record.id, SEAL_ID_BYTES);
	grant_note_read(world->model, grant, "user/1000", 8);
	grant_use_record(world->model, grant, &second);
	assert_memory_equal(second.id, first.id, SEAL_ID_BYTES);
	assert_string_equal(second.last_user, "user/1000");
}

static void a_record_of_use_is_taken_back_in(void **state)
{
	struct world *world = *state;
	char user[VAULT_USER_MAX + 1];
	uint64_t when, version;
	struct use_record use, again;
	struct grant *grant;
	struct err err;

	rotate(world, "one");
	grant = grant_with(world, "file", 0, 0);
	use = a_use(&grant->record, VAULT_USES_MAX);
	must(model_put_use(world->model, &use, &err));
	grant_last_read(world->model, grant, &when, &version, user);
	assert_int_equal(when, use.last_ns);
	assert_int_equal(version, use.last_version);
	assert_string_equal(user, use.last_user);
	for (uint32_t i = 0; i < use.count; i++)
		assert_int_equal(grant_used(grant, use.counts[i].container), use.counts[i].used);
	assert_false(grant_use_changed(world->model, grant));
	grant_use_record(world->model, grant, &again);
	assert_memory_equal(again.id, use.id, SEAL_ID_BYTES);
	assert_memory_equal(again.grant_id, use.grant_id, SEAL_ID_BYTES);
	assert_int_equal(again.last_ns, use.last_ns);
	assert_int_equal(again.count, use.count);
	for (uint32_t i = 0; i < use.count; i++)
		assert_string_equal(again.counts[i].container, use.counts[i].container);
	/* Of a grant that is not there: nobody's. */
	seal_random(use.grant_id, sizeof use.grant_id);
	must(model_put_use(world->model, &use, &err));
	assert_null(model_grant_by_id(world->model, use.grant_id));
}

static void what_is_said_of_a_consumer_is_at_its_directory(void **state)
{
	static const char *const names[] = { WEB, "container/web", "unit/nginx.service",
		"user/1000" };
	struct world *world = *state;
	struct consumer_record record;
	struct node *node;
	struct err err;

	for (int i = 0; i < 4; i++) {
		assert_null(model_consumer(world->model, names[i]));
		record = a_consumer(names[i]);
		must(model_put_consumer(world->model, &record, &err));
		node = model_consumer(world->model, names[i]);
		assert_non_null(node);
		assert_int_equal(node_level(node->id), LEVEL_CONSUMER);
		assert_ptr_equal(node->consumer->node, node);
		assert_memory_equal(&node->consumer->record, &record, sizeof record);
		record.frozen_ns = 0;
		record.rule_count = 1;
		must(model_put_consumer(world->model, &record, &err));
		assert_int_equal(node->consumer->record.frozen_ns, 0);
		assert_int_equal(node->consumer->record.rule_count, 1);
	}
	assert_int_equal(HASH_COUNT(world->model->consumers), 4);
	node = model_consumer(world->model, names[0]);
	model_remove_consumer(world->model, node->consumer);
	assert_null(node->consumer);
	assert_ptr_equal(model_consumer(world->model, names[0]), node);
	assert_int_equal(HASH_COUNT(world->model->consumers), 3);
	must(model_put_consumer(world->model, &record, &err));
	snprintf(record.consumer, sizeof record.consumer, "nonsense/web");
	must_be(TACIT_LIMIT, model_put_consumer(world->model, &record, &err));
	assert_int_equal(HASH_COUNT(world->model->consumers), 3);
	model_clear(world->model);
	assert_null(world->model->consumers);
}

/* Every name that is granted to anybody is in `self`, once, whoever it is granted to. */
static void every_granted_name_is_in_self(void **state)
{
	struct world *world = *state;
	struct node *self = model_self(world->model), *file;
	struct grant *grant;

	assert_non_null(self);
	assert_ptr_equal(self->parent, world->model->root);
	assert_int_equal(node_kind(self->id), CONSUMER_SELF);
	assert_int_equal(self->child_count, 0);
	rotate(world, "one");
	grant = grant_with(world, "file", 0, 0);
	put_grant(world, "unit/nginx.service", "file", false);
	put_grant(world, "user/1000", "another", false);
	assert_int_equal(self->child_count, 2);
	file = node_file(world->model, self, "file");
	assert_ptr_equal(file, self->children[0]);
	assert_non_null(node_file(world->model, self, "another"));
	assert_null(node_file(world->model, self, "neither"));
	assert_null(node_file(world->model, NULL, "file"));
	assert_null(file->grant);
	assert_ptr_not_equal(file, grant->node);
	assert_ptr_equal(
		node_file(world->model, model_consumer(world->model, WEB), "file"), grant->node);
	put_tombstone(world, grant);
	assert_ptr_equal(node_file(world->model, self, "file"), file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_world(a_pinned_version_stays),
		in_world(a_grant_of_another_version_holds_that_one),
		in_world(a_grant_ends_at_its_date),
		in_world(a_date_is_not_before_the_floor),
		in_world(reads_are_counted_by_container),
		in_world(new_terms_keep_the_counts_and_a_new_grant_does_not),
		in_world(a_record_of_use_says_what_was_read),
		in_world(a_record_of_use_is_taken_back_in),
		in_world(what_is_said_of_a_consumer_is_at_its_directory),
		in_world(every_granted_name_is_in_self),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
