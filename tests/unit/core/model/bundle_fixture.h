/* SPDX-License-Identifier: Apache-2.0 */
/* Bundles and their members in an unlocked model. What is sealed here is not: the model does not
 * look. Included once per test program. */
#ifndef TACIT_TEST_BUNDLE_FIXTURE_H
#define TACIT_TEST_BUNDLE_FIXTURE_H

#include "model_fixture.h"

#define WEB "compose/shop/web"
#define DB "container/db"

/* A new version of it, current; in the model, too. */
static inline void advance(struct model *model, struct secret_record *record)
{
	struct version_record *version;
	uint8_t *sealed = malloc(1);
	struct err err;

	assert_non_null(sealed);
	if (record->version_count == VAULT_VERSIONS_MAX)
		memmove(record->versions, record->versions + 1,
			--record->version_count * sizeof *version);
	version = &record->versions[record->version_count++];
	*version = (struct version_record){
		.number = ++record->last_number, .created_ns = 100 * record->last_number, .size = 1
	};
	record->current = version->number;
	must(model_put_secret(model, record, version->number, sealed, 1, &err));
}

static inline struct secret_record put_secret(struct model *model, const char *name)
{
	struct secret_record record = a_secret(name, 0);

	advance(model, &record);
	return record;
}

/* What its members are now is a generation; of those before, `keep - 1` are kept. A zeroed member
 * is in no more of them. */
static inline void add_generation(
	struct model *model, struct bundle_record *record, uint64_t number, uint32_t keep)
{
	struct bundle_generation *generations = record->generations;
	struct bundle_generation *last;

	while (record->generation_count >= keep)
		memmove(generations, generations + 1,
			--record->generation_count * sizeof *generations);
	last = &generations[record->generation_count++];
	*last = (struct bundle_generation){ .number = number, .created_ns = 7 };
	for (uint32_t i = 0; i < record->member_count; i++) {
		const struct secret *secret = model_secret_by_id(model, record->members[i]);

		last->versions[i] = secret ? secret->record.current : 0;
	}
}

static inline void add_member(struct bundle_record *record, const struct secret_record *secret)
{
	memcpy(record->members[record->member_count++], secret->id, SEAL_ID_BYTES);
}

/* A bundle of these, which are there, in its first generation. */
static inline struct bundle_record put_bundle(
	struct model *model, const char *name, const struct secret_record *members, uint32_t count)
{
	struct bundle_record record = a_bundle(name, 0, 0);
	struct err err;

	for (uint32_t i = 0; i < count; i++)
		add_member(&record, &members[i]);
	add_generation(model, &record, 1, VAULT_GENERATIONS_MAX);
	must(model_put_bundle(model, &record, &err));
	return record;
}

static inline struct grant_record a_grant_of(
	const struct secret_record *secret, const char *consumer, const char *file)
{
	struct grant_record grant = a_grant(secret);

	snprintf(grant.consumer, sizeof grant.consumer, "%s", consumer);
	snprintf(grant.file, sizeof grant.file, "%s", file);
	return grant;
}

static inline struct grant_record put_grant_of(struct model *model,
	const struct secret_record *secret, const char *consumer, const char *file)
{
	struct grant_record grant = a_grant_of(secret, consumer, file);
	struct err err;

	must(model_put_grant(model, &grant, &err));
	return grant;
}

static inline void take_back(struct model *model, const struct grant_record *grant)
{
	struct grant_record tombstone = *grant;
	struct err err;

	tombstone.revoked_ns = 9;
	memset(tombstone.secret_id, 0, sizeof tombstone.secret_id);
	must(model_put_grant(model, &tombstone, &err));
}

static inline struct node *folder_at(
	const struct model *model, const char *consumer, const char *folder)
{
	return node_folder_of(model, model_consumer(model, consumer), folder);
}

/* The version that a path shows now: "tls/cert", "tls@7/cert"; 0: none. */
static inline uint64_t shown(const struct model *model, const char *consumer, const char *path)
{
	const struct node *file = node_granted(model, model_consumer(model, consumer), path);
	const struct blob *blob = file ? node_blob(model, file) : NULL;

	return blob ? blob->version.number : 0;
}

/* tls/cert and tls/key, and the bundle of them, granted to WEB as tls/. */
struct tls {
	struct secret_record member[3]; /* the last one is for who makes it */
	struct bundle_record bundle;
	struct grant_record grant[2];
};

static inline struct tls put_tls(struct model *model)
{
	struct tls tls = { .member = {
				   put_secret(model, "tls/cert"), put_secret(model, "tls/key") } };

	tls.bundle = put_bundle(model, "tls", tls.member, 2);
	tls.grant[0] = put_grant_of(model, &tls.member[0], WEB, "tls/cert");
	tls.grant[1] = put_grant_of(model, &tls.member[1], WEB, "tls/key");
	return tls;
}

/* Both of them rotate. */
static inline void rotate_tls(struct model *model, struct tls *tls, uint64_t number, uint32_t keep)
{
	struct err err;

	advance(model, &tls->member[0]);
	advance(model, &tls->member[1]);
	add_generation(model, &tls->bundle, number, keep);
	must(model_put_bundle(model, &tls->bundle, &err));
}

#endif
