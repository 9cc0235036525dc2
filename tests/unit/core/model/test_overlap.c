/* SPDX-License-Identifier: Apache-2.0 */
/* Versions side by side in memory, the file of the previous one, and what containers have read. */
#include "model_fixture.h"

#define HOUR_NS (3600 * UINT64_C(1000000000))
#define WEB "compose/shop/web"
#define FILE_NAME "file"
#define PREVIOUS FILE_NAME GRANT_PREVIOUS_SUFFIX

static void place(struct world *world, uint64_t current, uint64_t previous, uint64_t next)
{
	struct err err;

	world->record.current = current;
	world->record.previous = previous;
	world->record.next = next;
	must(model_put_secret(world->model, &world->record, 0, NULL, 0, &err));
}

static struct grant *grant_with(struct world *world, uint16_t flags)
{
	struct grant_record record = put_grant(world, WEB, FILE_NAME, false);
	struct err err;

	record.flags = flags;
	must(model_put_grant(world->model, &record, &err));
	return model_grant_by_id(world->model, record.id);
}

static void the_three_stay_in_memory(void **state)
{
	struct world *world = *state;
	struct secret *secret = rotate(world, "one");

	world->record.previous = 1;
	rotate(world, "two");
	world->record.previous = 2;
	world->record.next = 1;
	rotate(world, "three");
	assert_int_equal(blobs(secret), 3);
	assert_int_equal(secret_current(secret)->version.number, 3);
	assert_int_equal(secret_previous(world->model, secret)->version.number, 2);
	place(world, 1, 3, 0);
	assert_int_equal(blobs(secret), 2);
	assert_int_equal(secret_current(secret)->version.number, 1);
	assert_int_equal(secret_previous(world->model, secret)->version.number, 3);
	assert_null(secret_blob(secret, 2));
	place(world, 1, 0, 0);
	assert_int_equal(blobs(secret), 1);
	assert_null(secret_previous(world->model, secret));
}

static void a_previous_version_ends_at_its_date(void **state)
{
	struct world *world = *state;
	struct secret *secret = rotate(world, "one");
	uint64_t until = clock_realtime_ns() + HOUR_NS;

	world->record.previous = 1;
	world->record.previous_until_ns = until;
	rotate(world, "two");
	assert_non_null(secret_previous(world->model, secret));
	world->model->floor = (struct clock_floor){ until - 1000000000, clock_boottime_ns() };
	assert_non_null(secret_previous(world->model, secret));
	world->model->floor = (struct clock_floor){ until, clock_boottime_ns() };
	assert_null(secret_previous(world->model, secret));
	assert_non_null(secret_blob(secret, 1));
}

static void a_name_is_one_file(void **state)
{
	struct world *world = *state;
	struct grant *grant, *other;
	struct grant_record record;
	const struct node *file, *previous;
	struct err err;

	rotate(world, "one");
	world->record.previous = 1;
	rotate(world, "two");
	grant = grant_with(world, GRANT_WITH_PREVIOUS | VAULT_PREVIOUS_NAMED);
	file = node_file(world->model, model_consumer(world->model, WEB), FILE_NAME);
	previous = node_file(world->model, model_consumer(world->model, WEB), PREVIOUS);
	assert_ptr_equal(grant->previous, previous);
	assert_ptr_equal(
		node_file(world->model, model_self(world->model), PREVIOUS), grant->self_previous);
	assert_ptr_equal(node_grant(previous), grant);
	assert_true(node_is_previous(previous) && !node_is_previous(file));
	assert_int_equal(node_blob(world->model, file)->version.number, 2);
	assert_int_equal(node_blob(world->model, previous)->version.number, 1);
	/* Its grant without it: the name stays, and is nothing; then another grant's own file. */
	record = grant->record;
	record.flags = VAULT_PREVIOUS_NAMED;
	must(model_put_grant(world->model, &record, &err));
	assert_null(node_blob(world->model, previous));
	assert_ptr_equal(node_grant(previous), grant);
	record = put_grant(world, WEB, PREVIOUS, false);
	other = model_grant_by_id(world->model, record.id);
	assert_ptr_equal(node_grant(previous), other);
	assert_false(node_is_previous(previous));
	assert_int_equal(node_blob(world->model, previous)->version.number, 2);
}

static void a_file_changes_when_its_version_becomes_current(void **state)
{
	struct world *world = *state;
	struct grant *grant;
	const struct blob *blob;

	rotate(world, "one");
	world->record.versions[0].created_ns = 7;
	place(world, 1, 0, 0);
	grant = grant_with(world, 0);
	blob = grant_blob(grant);
	assert_int_equal(node_changed_ns(grant->node, blob), blob->version.created_ns);
	world->record.current_since_ns = 99;
	place(world, 1, 0, 0);
	assert_int_equal(node_changed_ns(grant->node, blob), 99);
}

static void what_containers_read_is_known_of_the_last_ones(void **state)
{
	struct world *world = *state;
	char id[VAULT_USES_MAX + 1][CONTAINER_ID_LENGTH + 1];
	struct use_record use;
	struct grant *grant, *again;
	struct err err;

	rotate(world, "one");
	grant = grant_with(world, 0);
	for (unsigned int i = 0; i <= VAULT_USES_MAX; i++) {
		a_container_id(i + 1, id[i]);
		assert_int_equal(grant_version_of(world->model, grant, id[i]), 0);
		/* The first one opens again, and so is not the one that makes room. */
		grant_note_version(world->model, grant, id[0], 1);
		grant_note_version(world->model, grant, id[i], i + 1);
	}
	assert_true(grant_use_changed(world->model, grant));
	assert_int_equal(grant_version_of(world->model, grant, id[0]), 1);
	assert_int_equal(grant_version_of(world->model, grant, id[1]), 0);
	for (unsigned int i = 2; i <= VAULT_USES_MAX; i++)
		assert_int_equal(grant_version_of(world->model, grant, id[i]), i + 1);
	/* A count is not displaced by what is only known; and all of it is of the record. */
	must(grant_count(grant, id[1], 3, &err));
	grant_use_record(world->model, grant, &use);
	assert_int_equal(use.count, VAULT_USES_MAX);
	assert_string_equal(use.counts[0].container, id[1]);
	assert_int_equal(use.counts[0].used, 3);
	put_grant(world, WEB, "other", false);
	again = node_file(world->model, model_consumer(world->model, WEB), "other")->grant;
	memcpy(use.grant_id, again->record.id, SEAL_ID_BYTES);
	must(model_put_use(world->model, &use, &err));
	assert_int_equal(grant_used(again, id[1]), 3);
	assert_int_equal(grant_version_of(world->model, again, id[1]), 0);
	assert_int_equal(grant_version_of(world->model, again, id[2]), 3);
	assert_int_equal(grant_used(again, id[2]), 0);
	assert_false(grant_use_changed(world->model, again));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_world(the_three_stay_in_memory),
		in_world(a_previous_version_ends_at_its_date),
		in_world(a_name_is_one_file),
		in_world(a_file_changes_when_its_version_becomes_current),
		in_world(what_containers_read_is_known_of_the_last_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
