/* SPDX-License-Identifier: Apache-2.0 */
/* Bundles: their members, and the versions and nodes of the generations that they keep. */
#include "bundle_fixture.h"

static void a_bundle_knows_its_members(void **state)
{
	struct model *model = ((struct world *)*state)->model;
	struct tls tls = put_tls(model);
	const struct bundle *bundle = model_bundle(model, "tls");
	const struct secret *cert = model_secret(model, "tls/cert");
	const struct secret *key = model_secret(model, "tls/key");

	assert_non_null(bundle);
	assert_null(model_bundle(model, "tl"));
	assert_null(model_bundle(model, "tls/cert"));
	assert_memory_equal(&bundle->record, &tls.bundle, sizeof bundle->record);
	assert_ptr_equal(cert->bundle, bundle);
	assert_ptr_equal(key->bundle, bundle);
	assert_int_equal(cert->member, 0);
	assert_int_equal(key->member, 1);
	assert_int_equal(bundle_current(bundle)->number, 1);
	rotate_tls(model, &tls, 2, 8);
	rotate_tls(model, &tls, 5, 8);
	assert_ptr_equal(model_bundle(model, "tls"), bundle);
	assert_int_equal(bundle_current(bundle)->number, 5);
	assert_ptr_equal(bundle_generation(bundle, 5), bundle_current(bundle));
	assert_int_equal(bundle_generation(bundle, 2)->versions[1], 2);
	assert_null(bundle_generation(bundle, 3));
	assert_null(bundle_generation(bundle, 0));
}

/* Invariants 3 and 6. */
static void generations_come_and_go(void **state)
{
	enum { KEEP = 3, ROUNDS = 10 };
	struct model *model = ((struct world *)*state)->model;
	struct tls tls = put_tls(model);
	const struct secret *cert = model_secret(model, "tls/cert");
	char path[64];

	for (uint64_t round = 2; round <= ROUNDS; round++) {
		rotate_tls(model, &tls, round, KEEP);
		assert_int_equal(shown(model, WEB, "tls/cert"), round);
		assert_int_equal(blobs(cert), round < KEEP ? round : KEEP);
		for (uint64_t number = 1; number <= ROUNDS; number++) {
			bool kept = number <= round && number + KEEP > round;
			const struct node *node;

			snprintf(path, sizeof path, "tls@%d", (int)number);
			node = folder_at(model, WEB, path);
			assert_int_equal(node != NULL, kept);
			snprintf(path, sizeof path, "tls@%d/key", (int)number);
			assert_int_equal(shown(model, WEB, path), kept ? number : 0);
			assert_int_equal(secret_blob(cert, number) != NULL, kept);
			if (!kept)
				continue;
			assert_int_equal(node->generation, number);
			assert_ptr_equal(node->folder, folder_at(model, WEB, "tls"));
			assert_ptr_equal(node->parent, model_consumer(model, WEB));
			assert_int_equal(node->child_count, 2);
			assert_ptr_equal(node_consumer(node->children[0]), node->parent);
			assert_ptr_equal(model_node(model, node->id), node);
		}
	}
}

/* It is the very node, not one like it: a mark that nothing else makes is still there. */
static void a_kept_generation_is_left_alone(void **state)
{
	struct model *model = ((struct world *)*state)->model;
	struct tls tls = put_tls(model);
	struct node *old;
	struct err err;

	rotate_tls(model, &tls, 2, 8);
	old = folder_at(model, WEB, "tls@2");
	old->open_handles = 77;
	rotate_tls(model, &tls, 3, 2);
	must(model_put_grant(model, &tls.grant[0], &err));
	rotate_tls(model, &tls, 4, 3);
	assert_ptr_equal(folder_at(model, WEB, "tls@2"), old);
	assert_int_equal(old->open_handles, 77);
	assert_null(folder_at(model, WEB, "tls@1"));
}

/* What a session reads: the member of one generation, through the folder's own file. */
static void a_file_is_read_of_any_kept_generation(void **state)
{
	struct model *model = ((struct world *)*state)->model;
	struct tls tls = put_tls(model);
	const struct node *directory = model_consumer(model, WEB), *cert, *old;
	struct err err;

	/* The key alone: a generation whose certificate is the one before. */
	advance(model, &tls.member[1]);
	add_generation(model, &tls.bundle, 2, 8);
	must(model_put_bundle(model, &tls.bundle, &err));
	rotate_tls(model, &tls, 3, 8);
	cert = node_granted(model, directory, "tls/cert");
	assert_int_equal(node_blob_of(model, cert, 1)->version.number, 1);
	assert_int_equal(node_blob_of(model, cert, 2)->version.number, 1);
	assert_int_equal(node_blob_of(model, cert, 3)->version.number, 2);
	assert_null(node_blob_of(model, cert, 4));
	assert_null(node_blob_of(model, cert, 0));
	assert_ptr_equal(node_blob(model, cert), node_blob_of(model, cert, 3));
	old = node_granted(model, directory, "tls@2/cert");
	assert_ptr_equal(node_grant(old), node_grant(cert));
	assert_false(node_is_previous(old));
	assert_ptr_equal(node_blob(model, old), node_blob_of(model, cert, 2));
	assert_ptr_equal(node_blob_of(model, old, 3), node_blob(model, cert));
	/* It is as old as its version; the file itself changed when that became current. */
	tls.member[0].current_since_ns = 9000;
	must(model_put_secret(model, &tls.member[0], 0, NULL, 0, &err));
	assert_int_equal(node_changed_ns(old, node_blob(model, old)), 100);
	assert_int_equal(node_changed_ns(cert, node_blob(model, cert)), 9000);
	/* A file outside of folders is of no generation, although its secret is. */
	put_grant_of(model, &tls.member[0], DB, "cert");
	assert_int_equal(shown(model, DB, "cert"), 2);
	assert_null(folder_at(model, DB, "cert@1"));
}

/* A version of the current generation stays, whatever else becomes of its place. */
static void a_kept_version_outlives_its_place(void **state)
{
	struct model *model = ((struct world *)*state)->model;
	struct tls tls = put_tls(model);
	struct secret *cert = model_secret(model, "tls/cert");
	struct err err;

	rotate_tls(model, &tls, 2, 8);
	tls.member[0].previous = 1;
	must(model_put_secret(model, &tls.member[0], 0, NULL, 0, &err));
	tls.member[0].previous = 0;
	must(model_put_secret(model, &tls.member[0], 0, NULL, 0, &err));
	assert_int_equal(blobs(cert), 2);
	add_generation(model, &tls.bundle, 3, 2);
	must(model_put_bundle(model, &tls.bundle, &err));
	assert_int_equal(blobs(cert), 1);
	/* One that is held goes later, although its generation is gone. */
	blob_hold(model, secret_current(cert));
	rotate_tls(model, &tls, 4, 1);
	assert_int_equal(blobs(cert), 2);
	assert_null(folder_at(model, WEB, "tls@3"));
	blob_release(model, secret_blob(cert, 2));
	rotate_tls(model, &tls, 5, 1);
	assert_int_equal(blobs(cert), 1);
}

static void members_come_and_go(void **state)
{
	struct model *model = ((struct world *)*state)->model;
	struct tls tls = put_tls(model);
	struct grant_record grant;
	struct secret *ca;
	struct err err;

	tls.member[2] = put_secret(model, "tls/ca");
	grant = a_grant_of(&tls.member[2], WEB, "tls/ca");
	must_be(TACIT_INVALID, model_check_grant(model, &grant, &err));
	add_member(&tls.bundle, &tls.member[2]);
	add_generation(model, &tls.bundle, 2, 8);
	must(model_put_bundle(model, &tls.bundle, &err));
	ca = model_secret(model, "tls/ca");
	assert_int_equal(ca->member, 2);
	must(model_check_grant(model, &grant, &err));
	must(model_put_grant(model, &grant, &err));
	assert_int_equal(shown(model, WEB, "tls@2/ca"), 1);
	assert_int_equal(shown(model, WEB, "tls@1/ca"), 0);
	assert_non_null(folder_at(model, WEB, "tls@1"));
	/* It goes: its place stays, and is nobody's. */
	take_back(model, &grant);
	memset(tls.bundle.members[2], 0, SEAL_ID_BYTES);
	add_generation(model, &tls.bundle, 3, 8);
	must(model_put_bundle(model, &tls.bundle, &err));
	assert_null(ca->bundle);
	assert_int_equal(blobs(ca), 1);
	model_remove_secret(model, ca);
	assert_int_equal(shown(model, WEB, "tls@2/ca"), 0);
	assert_int_equal(shown(model, WEB, "tls@2/key"), 1);
	assert_int_equal(shown(model, WEB, "tls/key"), 1);
	/* The other order: the secret before its bundle's record. */
	tls.member[2] = put_secret(model, "tls/ca");
	add_member(&tls.bundle, &tls.member[2]);
	add_generation(model, &tls.bundle, 4, 8);
	must(model_put_bundle(model, &tls.bundle, &err));
	ca = model_secret(model, "tls/ca");
	assert_int_equal(ca->member, 3);
	model_remove_secret(model, ca);
	memset(tls.bundle.members[3], 0, SEAL_ID_BYTES);
	add_generation(model, &tls.bundle, 5, 8);
	must(model_put_bundle(model, &tls.bundle, &err));
	assert_int_equal(shown(model, WEB, "tls@5/cert"), 1);
}

static void a_bundle_that_ends_leaves_its_folder(void **state)
{
	struct model *model = ((struct world *)*state)->model;
	struct tls tls = put_tls(model);
	const struct node *folder = folder_at(model, WEB, "tls");
	const struct secret *cert = model_secret(model, "tls/cert");
	struct err err;

	rotate_tls(model, &tls, 2, 8);
	assert_int_equal(blobs(cert), 2);
	take_back(model, &tls.grant[0]);
	assert_ptr_equal(folder->bundle, model_bundle(model, "tls"));
	assert_int_equal(shown(model, WEB, "tls@2/cert"), 0);
	assert_int_equal(shown(model, WEB, "tls@1/key"), 1);
	take_back(model, &tls.grant[1]);
	assert_null(folder->bundle);
	assert_null(folder_at(model, WEB, "tls@1"));
	assert_null(folder_at(model, WEB, "tls@2"));
	model_remove_bundle(model, model_bundle(model, "tls"));
	assert_null(model_bundle(model, "tls"));
	assert_null(cert->bundle);
	assert_int_equal(blobs(cert), 1);
	assert_ptr_equal(folder_at(model, WEB, "tls"), folder);
	/* With grants that live: what they show is what is current. */
	tls.bundle.generation_count = 0;
	add_generation(model, &tls.bundle, 1, 8);
	must(model_put_bundle(model, &tls.bundle, &err));
	must(model_put_grant(model, &tls.grant[0], &err));
	assert_int_equal(shown(model, WEB, "tls@1/cert"), 2);
	assert_ptr_equal(folder->bundle, model_bundle(model, "tls"));
	model_remove_bundle(model, model_bundle(model, "tls"));
	assert_null(folder->bundle);
	assert_null(folder->generations);
	assert_null(folder_at(model, WEB, "tls@1"));
	assert_int_equal(shown(model, WEB, "tls/cert"), 2);
}

/* As a store is read: the bundle, old versions and grants in any order after the secrets. */
static void the_order_of_loading_does_not_matter(void **state)
{
	static const char orders[][4] = { "bvg", "bgv", "vbg", "vgb", "gbv", "gvb" };
	struct world *world = *state;

	for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
		struct model *model = world->model;
		struct tls tls = { .member = { put_secret(model, "tls/cert"),
					   put_secret(model, "tls/key") } };
		struct err err;

		tls.bundle = a_bundle("tls", 0, 0);
		add_member(&tls.bundle, &tls.member[0]);
		add_member(&tls.bundle, &tls.member[1]);
		add_generation(model, &tls.bundle, 1, 8);
		advance(model, &tls.member[1]);
		add_generation(model, &tls.bundle, 2, 8);
		assert_int_equal(blobs(model_secret(model, "tls/key")), 1);
		for (const char *step = orders[i]; *step; step++) {
			if (*step == 'b')
				must(model_put_bundle(model, &tls.bundle, &err));
			else if (*step == 'g')
				put_grant_of(model, &tls.member[1], WEB, "tls/key");
			else
				assert_non_null(secret_add_blob(model_secret(model, "tls/key"),
					&tls.member[1].versions[0], malloc(1), 1));
		}
		assert_int_equal(shown(model, WEB, "tls@1/key"), 1);
		assert_int_equal(shown(model, WEB, "tls@2/key"), 2);
		assert_int_equal(shown(model, WEB, "tls/key"), 2);
		assert_int_equal(blobs(model_secret(model, "tls/key")), 2);
		model_clear(model);
		must(model_open(model, &err));
	}
}

/* Once made, until it goes: a generation's number may be that of another bundle's afterwards. */
static void a_folder_can_show_another_bundle_later(void **state)
{
	struct model *model = ((struct world *)*state)->model;
	struct tls tls = put_tls(model);
	struct secret_record other = put_secret(model, "web/cert");
	struct bundle_record bundle = put_bundle(model, "web", &other, 1);
	struct grant_record grant = a_grant_of(&other, WEB, "tls/cert");
	const struct node *folder = folder_at(model, WEB, "tls");
	struct err err;

	memcpy(grant.id, tls.grant[0].id, SEAL_ID_BYTES);
	must_be(TACIT_EXISTS, model_check_grant(model, &grant, &err));
	take_back(model, &tls.grant[1]);
	must(model_check_grant(model, &grant, &err));
	take_back(model, &tls.grant[0]);
	must(model_check_grant(model, &grant, &err));
	advance(model, &other);
	advance(model, &other);
	add_generation(model, &bundle, 2, 8);
	must(model_put_bundle(model, &bundle, &err));
	must(model_put_grant(model, &grant, &err));
	assert_ptr_equal(folder_at(model, WEB, "tls"), folder);
	assert_ptr_equal(folder->bundle, model_bundle(model, "web"));
	assert_int_equal(shown(model, WEB, "tls/cert"), 3);
	assert_int_equal(shown(model, WEB, "tls@2/cert"), 3);
	assert_int_equal(shown(model, WEB, "tls@1/cert"), 1);
	assert_int_equal(shown(model, WEB, "tls@1/key"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_world(a_bundle_knows_its_members),
		in_world(generations_come_and_go),
		in_world(a_kept_generation_is_left_alone),
		in_world(a_file_is_read_of_any_kept_generation),
		in_world(a_kept_version_outlives_its_place),
		in_world(members_come_and_go),
		in_world(a_bundle_that_ends_leaves_its_folder),
		in_world(the_order_of_loading_does_not_matter),
		in_world(a_folder_can_show_another_bundle_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
