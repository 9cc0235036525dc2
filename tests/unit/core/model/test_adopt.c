/* SPDX-License-Identifier: Apache-2.0 */
/* A model is filled where nobody sees it, and then is another's. */
#include "model_fixture.h"

#define WEB "compose/shop/web"

static void all_of_it_is_there_afterwards(void **state)
{
	struct world *world = *state;
	struct model *filled = world->model, *empty = model_new(filled->node_key);
	struct grant_record record;
	const struct node *file;
	struct err err;

	rotate(world, "one");
	record = put_grant(world, WEB, "file", false);
	filled->floor = (struct clock_floor){ 5, 6 };
	assert_non_null(empty);
	assert_true(empty->locked);
	model_adopt(empty, filled);
	world->model = empty;
	assert_false(empty->locked);
	assert_int_equal(empty->floor.real_ns, 5);
	file = node_file(empty, model_consumer(empty, WEB), "file");
	assert_non_null(file);
	assert_ptr_equal(file->grant, model_grant_by_id(empty, record.id));
	assert_ptr_equal(file->grant->secret, model_secret_by_id(empty, record.secret_id));
	assert_non_null(model_self(empty));
	blob_hold(empty, grant_blob(file->grant));
	assert_memory_equal(plain(world, grant_blob(file->grant)), "one", 3);
	blob_release(empty, grant_blob(file->grant));
	rotate(world, "two");
	record.revoked_ns = 9;
	must(model_put_grant(empty, &record, &err));
	model_clear(empty);
	assert_true(empty->locked);
	assert_null(model_consumer(empty, WEB));
}

int main(void)
{
	const struct CMUnitTest tests[] = { in_world(all_of_it_is_there_afterwards) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
