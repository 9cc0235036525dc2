/* SPDX-License-Identifier: Apache-2.0 */
/* Folders of bundles in the tree: who has which, who is told, and what may not be granted. */
#include "bundle_fixture.h"

/* What the server would be told. */
struct told {
	uint64_t folders[64];
	size_t count, room;
};

static bool tell(void *arg, uint64_t folder)
{
	struct told *told = arg;

	if (told->count == told->room)
		return false;
	told->folders[told->count++] = folder;
	return true;
}

static void listen(struct model *model, struct told *told)
{
	model->on_folder = tell;
	model->on_folder_arg = told;
}

static void a_folder_is_in_its_consumer_and_in_self(void **state)
{
	struct model *model = ((struct world *)*state)->model;
	struct tls tls = put_tls(model);
	struct node *web = model_consumer(model, WEB), *self = model_self(model), *folder, *file;

	folder = folder_at(model, WEB, "tls");
	file = node_granted(model, web, "tls/cert");
	assert_int_equal(node_level(folder->id), LEVEL_FOLDER);
	assert_int_equal(node_level(file->id), LEVEL_FILE);
	assert_ptr_equal(folder->parent, web);
	assert_ptr_equal(file->parent, folder);
	assert_string_equal(folder->name, "tls");
	assert_string_equal(file->name, "cert");
	assert_ptr_equal(file->grant, model_grant_by_id(model, tls.grant[0].id));
	assert_ptr_equal(file->grant->node, file);
	assert_ptr_equal(node_consumer(file), web);
	assert_ptr_equal(node_consumer(folder), web);
	assert_null(node_consumer(web));
	assert_ptr_equal(folder->bundle, model_bundle(model, "tls"));
	assert_int_equal(web->child_count, 1);
	assert_ptr_equal(web->children[0], folder);
	assert_int_equal(folder->child_count, 2);
	/* In `self`: the same names, and nothing behind them. */
	assert_int_equal(self->child_count, 1);
	folder = node_folder_of(model, self, "tls");
	assert_ptr_equal(self->children[0], folder);
	file = node_granted(model, self, "tls/key");
	assert_ptr_equal(file->parent, folder);
	assert_ptr_equal(node_consumer(file), self);
	assert_null(file->grant);
	assert_null(node_blob(model, file));
	assert_null(folder->bundle);
	assert_null(folder->generations);
	assert_null(node_folder_of(model, self, "tls@1"));
}

static void what_is_not_there_is_not_found(void **state)
{
	struct model *model = ((struct world *)*state)->model;
	const struct node *web;

	put_tls(model);
	web = model_consumer(model, WEB);
	assert_null(node_granted(model, NULL, "tls/cert"));
	assert_null(node_granted(model, web, "tls"));
	assert_null(node_granted(model, web, "tls/"));
	assert_null(node_granted(model, web, "/cert"));
	assert_null(node_granted(model, web, "tls/ca"));
	assert_null(node_granted(model, web, "tls/cert/"));
	assert_null(node_granted(model, web, "tls@2/cert"));
	assert_null(node_granted(model, web, "tls@01/cert"));
	assert_null(node_folder_of(model, web, "tls/cert"));
	assert_null(node_folder_of(model, NULL, "tls"));
	assert_null(node_folder_of(model, folder_at(model, WEB, "tls"), "tls"));
	assert_null(node_file(model, web, "tls"));
	assert_null(node_file(model, web, "tls/cert"));
	assert_non_null(node_file(model, folder_at(model, WEB, "tls"), "cert"));
}

/* Invariant 1: an offset into a directory goes on meaning what it did. */
static void generations_are_in_no_directory(void **state)
{
	struct model *model = ((struct world *)*state)->model;
	struct tls tls = put_tls(model);
	const struct node *web = model_consumer(model, WEB);

	put_grant_of(model, &tls.member[0], WEB, "first");
	for (uint64_t number = 2; number < 20; number++)
		rotate_tls(model, &tls, number, 1 + number % 8);
	put_grant_of(model, &tls.member[0], WEB, "last");
	assert_int_equal(web->child_count, 3);
	assert_string_equal(web->children[0]->name, "tls");
	assert_string_equal(web->children[1]->name, "first");
	assert_string_equal(web->children[2]->name, "last");
	assert_int_equal(folder_at(model, WEB, "tls")->child_count, 2);
}

static void two_consumers_have_a_folder_each(void **state)
{
	struct model *model = ((struct world *)*state)->model;
	struct tls tls = put_tls(model);
	struct secret_record other = put_secret(model, "db/cert");
	struct bundle_record bundle;
	struct grant_record grant;

	bundle = put_bundle(model, "db", &other, 1);
	put_grant_of(model, &tls.member[0], DB, "certs/one");
	grant = put_grant_of(model, &other, "user/1000", "tls/cert");
	rotate_tls(model, &tls, 2, 8);
	assert_int_equal(shown(model, DB, "certs/one"), 2);
	assert_int_equal(shown(model, DB, "certs@1/one"), 1);
	assert_int_equal(shown(model, WEB, "tls@1/cert"), 1);
	assert_int_equal(shown(model, "user/1000", "tls@1/cert"), 1);
	assert_int_equal(shown(model, "user/1000", "tls@2/cert"), 0);
	assert_ptr_equal(
		folder_at(model, "user/1000", "tls")->bundle, model_bundle(model, bundle.name));
	/* One of them ends: the other one, of the same name, does not. */
	take_back(model, &grant);
	assert_null(folder_at(model, "user/1000", "tls@1"));
	assert_non_null(folder_at(model, WEB, "tls@1"));
	assert_int_equal(model_self(model)->child_count, 2);
	assert_int_equal(node_folder_of(model, model_self(model), "tls")->child_count, 2);
}

static void a_path_keeps_its_number_when_it_is_granted_anew(void **state)
{
	struct model *model = ((struct world *)*state)->model;
	struct tls tls = put_tls(model);
	const struct node *folder = folder_at(model, WEB, "tls");
	uint64_t file = folder->children[0]->id, directory = folder->id;
	struct err err;

	take_back(model, &tls.grant[0]);
	take_back(model, &tls.grant[1]);
	assert_int_equal(shown(model, WEB, "tls/cert"), 0);
	assert_ptr_equal(folder_at(model, WEB, "tls"), folder);
	assert_false(grant_lives(folder->children[0]->grant));
	rotate_tls(model, &tls, 2, 8);
	assert_null(folder_at(model, WEB, "tls@2"));
	/* Once by the same record, and once by another. */
	must(model_put_grant(model, &tls.grant[0], &err));
	put_grant_of(model, &tls.member[1], WEB, "tls/key");
	assert_int_equal(folder->id, directory);
	assert_int_equal(folder->children[0]->id, file);
	assert_int_equal(folder->child_count, 2);
	assert_int_equal(shown(model, WEB, "tls/key"), 2);
	assert_int_equal(shown(model, WEB, "tls@1/key"), 1);
	/* The tombstone, read after it at the next start, does not show there either. */
	take_back(model, &tls.grant[1]);
	assert_int_equal(shown(model, WEB, "tls@1/key"), 1);
}

/* Invariant 5: in a consumer's directory. */
static void a_name_is_a_file_or_a_folder(void **state)
{
	struct model *model = ((struct world *)*state)->model;
	struct tls tls = put_tls(model);
	struct grant_record file = put_grant_of(model, &tls.member[0], DB, "file"), grant;
	struct err err;

	grant = a_grant_of(&tls.member[0], DB, "file/cert");
	must_be(TACIT_EXISTS, model_check_grant(model, &grant, &err));
	take_back(model, &file);
	must_be(TACIT_EXISTS, model_check_grant(model, &grant, &err));
	must(model_check_grant(model, &file, &err));
	grant = a_grant_of(&tls.member[0], WEB, "tls");
	must_be(TACIT_EXISTS, model_check_grant(model, &grant, &err));
	take_back(model, &tls.grant[0]);
	take_back(model, &tls.grant[1]);
	must_be(TACIT_EXISTS, model_check_grant(model, &grant, &err));
	must(model_check_grant(model, &tls.grant[0], &err));
	/* The name of a previous file is one, too. */
	put_grant_of(model, &tls.member[0], WEB, "x" GRANT_PREVIOUS_SUFFIX "/cert");
	grant = a_grant_of(&tls.member[0], WEB, "x");
	must(model_check_grant(model, &grant, &err));
	grant.flags = GRANT_WITH_PREVIOUS;
	must_be(TACIT_EXISTS, model_check_grant(model, &grant, &err));
}

/* Invariant 5: where the names of all consumers meet. */
static void a_name_is_a_file_or_a_folder_in_self(void **state)
{
	struct model *model = ((struct world *)*state)->model;
	struct tls tls = put_tls(model);
	struct grant_record file = a_grant_of(&tls.member[0], DB, "tls"), grant;
	struct err err;

	must_be(TACIT_EXISTS, model_check_grant(model, &file, &err));
	take_back(model, &tls.grant[0]);
	take_back(model, &tls.grant[1]);
	must_be(TACIT_EXISTS, model_check_grant(model, &file, &err));
	put_grant_of(model, &tls.member[0], "user/1000", "cert");
	grant = a_grant_of(&tls.member[0], DB, "cert/cert");
	must_be(TACIT_EXISTS, model_check_grant(model, &grant, &err));
	grant = a_grant_of(&tls.member[0], DB, "tls/cert");
	must(model_check_grant(model, &grant, &err));
	grant = a_grant_of(&tls.member[0], DB, "cert");
	must(model_check_grant(model, &grant, &err));
	/* Put in all the same: each is its own node, and what is there may change. */
	must(model_put_grant(model, &file, &err));
	must(model_check_grant(model, &file, &err));
	must(model_check_grant(model, &tls.grant[0], &err));
	assert_non_null(node_file(model, model_self(model), "tls"));
	assert_non_null(node_folder_of(model, model_self(model), "tls"));
	assert_int_not_equal(node_file(model, model_self(model), "tls")->id,
		node_folder_of(model, model_self(model), "tls")->id);
}

static void a_folder_is_of_one_bundle_and_what_is_current(void **state)
{
	struct model *model = ((struct world *)*state)->model;
	struct tls tls = put_tls(model);
	struct secret_record other = put_secret(model, "db/cert"),
			     alone = put_secret(model, "alone");
	struct grant_record grant = a_grant_of(&alone, WEB, "tls/alone");
	struct err err;

	put_bundle(model, "db", &other, 1);
	must_be(TACIT_INVALID, model_check_grant(model, &grant, &err));
	grant = a_grant_of(&other, WEB, "tls/other");
	must_be(TACIT_EXISTS, model_check_grant(model, &grant, &err));
	grant = a_grant_of(&other, WEB, "db/other");
	must(model_check_grant(model, &grant, &err));
	must(model_check_grant(model, &tls.grant[0], &err));
	seal_random(grant.secret_id, sizeof grant.secret_id);
	must_be(TACIT_INVALID, model_check_grant(model, &grant, &err));
	for (int i = 0; i < 3; i++) {
		grant = a_grant_of(&other, "unit/a.service", "db/cert");
		must(model_check_grant(model, &grant, &err));
		grant.version = i == 0;
		grant.reads = i == 1;
		grant.flags = i == 2 ? GRANT_WITH_PREVIOUS : GRANT_NEWLINE;
		must_be(TACIT_INVALID, model_check_grant(model, &grant, &err));
	}
	/* Put in all the same, as a damaged store may have it: the folder shows neither. */
	grant = put_grant_of(model, &other, WEB, "tls/other");
	assert_null(folder_at(model, WEB, "tls")->bundle);
	assert_null(folder_at(model, WEB, "tls@1"));
	assert_int_equal(shown(model, WEB, "tls/other"), 1);
	take_back(model, &grant);
	assert_ptr_equal(folder_at(model, WEB, "tls")->bundle, model_bundle(model, "tls"));
	assert_int_equal(shown(model, WEB, "tls@1/cert"), 1);
}

static void the_server_is_told_before_a_folder_is_there(void **state)
{
	struct model *model = ((struct world *)*state)->model;
	struct secret_record member = put_secret(model, "tls/cert");
	struct told told = { .room = 3 };
	struct grant_record grants[5];
	struct err err;

	put_bundle(model, "tls", &member, 1);
	listen(model, &told);
	put_grant_of(model, &member, WEB, "tls/cert");
	assert_int_equal(told.count, 2);
	assert_int_equal(told.folders[0], node_folder_of(model, model_self(model), "tls")->id);
	assert_int_equal(told.folders[1], folder_at(model, WEB, "tls")->id);
	put_grant_of(model, &member, WEB, "tls/key");
	put_grant_of(model, &member, WEB, "file");
	assert_int_equal(told.count, 2);
	grants[0] = a_grant_of(&member, DB, "tls/cert");
	grants[1] = a_grant_of(&member, DB, "tls/key");
	grants[2] = a_grant_of(&member, WEB, "file");
	grants[3] = a_grant_of(&member, WEB, "tls/cert");
	grants[4] = a_grant_of(&member, WEB, "other/cert");
	assert_int_equal(model_new_folders(model, grants, 0), 0);
	assert_int_equal(model_new_folders(model, grants, 1), 1);
	assert_int_equal(model_new_folders(model, grants, 4), 1);
	assert_int_equal(model_new_folders(model, grants, 5), 3);
	/* One more can be told, two cannot: then there is no such grant. */
	must_be(TACIT_LIMIT, model_put_grant(model, &grants[4], &err));
	assert_null(model_grant_by_id(model, grants[4].id));
	assert_null(folder_at(model, WEB, "other"));
	must_be(TACIT_LIMIT, model_put_grant(model, &grants[0], &err));
	assert_null(folder_at(model, DB, "tls"));
	assert_int_equal(told.count, 3);
	told.room++;
	must(model_put_grant(model, &grants[0], &err));
	assert_int_equal(shown(model, DB, "tls@1/cert"), 1);
}

static void what_is_adopted_is_told_and_what_is_cleared_is_gone(void **state)
{
	struct world *world = *state;
	struct model *model = model_new(world->model->node_key);
	struct tls tls = put_tls(world->model);
	struct told told = { .room = 64 };
	uint64_t folder = folder_at(world->model, WEB, "tls")->id;
	uint64_t old = folder_at(world->model, WEB, "tls@1")->id;
	struct err err;

	assert_non_null(model);
	listen(model, &told);
	model_adopt(model, world->model);
	world->model = model;
	assert_int_equal(told.count, 2);
	assert_true(folder == told.folders[0] || folder == told.folders[1]);
	assert_ptr_equal(model_bundle(model, "tls"), model_secret(model, "tls/key")->bundle);
	rotate_tls(model, &tls, 2, 8);
	assert_int_equal(shown(model, WEB, "tls@1/cert"), 1);
	put_grant_of(model, &tls.member[0], DB, "tls/cert");
	assert_int_equal(told.count, 3);
	model_clear(model);
	assert_null(model->bundles);
	assert_null(model->folders);
	assert_null(model_node(model, folder));
	assert_null(model_node(model, old));
	assert_null(model_bundle(model, "tls"));
	must(model_open(model, &err));
	put_tls(model);
	assert_int_equal(folder_at(model, WEB, "tls")->id, folder);
	assert_int_equal(folder_at(model, WEB, "tls@1")->id, old);
}

static void the_grants_of_a_consumer_are_found_in_its_folders(void **state)
{
	struct model *model = ((struct world *)*state)->model;
	struct grant_place place = { 0 };
	struct tls tls = { 0 };
	struct grant_record file, last, other;

	tls.member[0] = put_secret(model, "tls/cert");
	file = put_grant_of(model, &tls.member[0], WEB, "a");
	take_back(model, &file);
	model_remove_secret(model, model_secret(model, "tls/cert"));
	tls = put_tls(model);
	put_grant_of(model, &tls.member[0], WEB, "empty/cert");
	take_back(model, &folder_at(model, WEB, "empty")->children[0]->grant->record);
	last = put_grant_of(model, &tls.member[1], WEB, "z");
	other = put_grant_of(model, &tls.member[1], WEB, "other/cert");
	for (int i = 0; i < 4; i++) {
		const struct grant_record *expected[] = { &tls.grant[0], &tls.grant[1], &last,
			&other };
		const struct grant *grant = node_next_grant(model_consumer(model, WEB), &place);

		assert_non_null(grant);
		assert_memory_equal(grant->record.id, expected[i]->id, SEAL_ID_BYTES);
	}
	assert_null(node_next_grant(model_consumer(model, WEB), &place));
	assert_null(node_next_grant(model_consumer(model, WEB), &place));
	place = (struct grant_place){ 0 };
	assert_null(node_next_grant(model_self(model), &place));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_world(a_folder_is_in_its_consumer_and_in_self),
		in_world(what_is_not_there_is_not_found),
		in_world(generations_are_in_no_directory),
		in_world(two_consumers_have_a_folder_each),
		in_world(a_path_keeps_its_number_when_it_is_granted_anew),
		in_world(a_name_is_a_file_or_a_folder),
		in_world(a_name_is_a_file_or_a_folder_in_self),
		in_world(a_folder_is_of_one_bundle_and_what_is_current),
		in_world(the_server_is_told_before_a_folder_is_there),
		in_world(what_is_adopted_is_told_and_what_is_cleared_is_gone),
		in_world(the_grants_of_a_consumer_are_found_in_its_folders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
