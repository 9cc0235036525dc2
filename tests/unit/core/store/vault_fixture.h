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
	struct secret_record secret = { .created_ns = 5,
		.last_number = 2 * versions,
		.current = versions ? 2 * versions - 1 : 0,
		.version_count = versions };

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

static inline struct consumer_record a_consumer(const char *name)
{
	struct consumer_record consumer = {
		.frozen_ns = 9, .rule_count = 2, .rules = { "image=nginx:1.25", "label=tier=web" }
	};

	seal_random(consumer.id, sizeof consumer.id);
	snprintf(consumer.consumer, sizeof consumer.consumer, "%s", name);
	return consumer;
}

/* 64 digits that differ by `number` in their first and in their last. */
static inline void a_container_id(unsigned int number, char id[CONTAINER_ID_LENGTH + 1])
{
	snprintf(id, CONTAINER_ID_LENGTH + 1, "%08xabcdef0123456789%032x%08x", number, 0, number);
}

static inline struct use_record a_use(const struct grant_record *grant, uint32_t count)
{
	struct use_record use = { .last_ns = 11,
		.last_version = 3,
		.last_user = "container/web 4f5e0c1d2a3b",
		.count = count };

	seal_random(use.id, sizeof use.id);
	memcpy(use.grant_id, grant->id, SEAL_ID_BYTES);
	for (uint32_t i = 0; i < count && i < VAULT_USES_MAX; i++) {
		a_container_id(i + 1, use.counts[i].container);
		use.counts[i].used = i + 1;
		use.counts[i].version = 2 * i + 1;
	}
	return use;
}

static inline struct container_facts a_container(unsigned int number)
{
	static const char labels[] = "com.example.tier=web\0empty=";
	struct container_facts container = { .engine = 1,
		.labels_cut = 1,
		.name = "shop-web-1",
		.project = "shop",
		.service = "web",
		.image = "docker.io/library/nginx:1.25",
		.image_id = "sha256:"
			    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
		.digest = { [2] = "sha256:feed" },
		.labels_length = sizeof labels };

	a_container_id(number, container.id);
	memcpy(container.labels, labels, sizeof labels);
	return container;
}

static inline struct bundle_record a_bundle(
	const char *name, uint32_t members, uint32_t generations)
{
	struct bundle_record bundle = {
		.created_ns = 13, .member_count = members, .generation_count = generations
	};

	seal_random(bundle.id, sizeof bundle.id);
	snprintf(bundle.name, sizeof bundle.name, "%s", name);
	for (uint32_t i = 0; i < members; i++)
		seal_random(bundle.members[i], SEAL_ID_BYTES);
	for (uint32_t i = 0; i < generations; i++) {
		bundle.generations[i].number = 3 * i + 1;
		bundle.generations[i].created_ns = 2000 + i;
		for (uint32_t member = 0; member < members; member++)
			bundle.generations[i].versions[member] = i + member + 1;
	}
	return bundle;
}

/* One whose rotator is at work. */
static inline struct schedule_record a_schedule(const struct secret_record *secret)
{
	struct schedule_record schedule = { .every_ns = 1ull << 50,
		.overlap_ns = 1ull << 40,
		.generate_length = 32,
		.alphabet = 2,
		.rotator = "postgres",
		.next_ns = 1ull << 60,
		.step = ROTATION_VERIFY,
		.attempts = 3,
		.version = 5,
		.not_before_ns = 1ull << 59,
		.last_ns = 21,
		.reason = "it exited with status 1" };

	seal_random(schedule.id, sizeof schedule.id);
	memcpy(schedule.secret_id, secret->id, SEAL_ID_BYTES);
	return schedule;
}

static inline struct hook_record a_hook(const struct grant_record *grant)
{
	struct hook_record hook = { .done_ns = 31,
		.tried_ns = 32,
		.last_ns = 33,
		.not_before_ns = 34,
		.attempts = 2,
		.reason = "it took longer than 30 seconds" };

	seal_random(hook.id, sizeof hook.id);
	memcpy(hook.grant_id, grant->id, SEAL_ID_BYTES);
	return hook;
}

/* By which the first secret is made of the other one. */
static inline struct template_record a_template(
	const struct secret_record *made, const uint8_t of[SEAL_ID_BYTES])
{
	struct template_record template = { .text = "<{{ other | url }}>", .ref_count = 1 };

	seal_random(template.id, sizeof template.id);
	memcpy(template.secret_id, made->id, SEAL_ID_BYTES);
	memcpy(template.refs[0], of, SEAL_ID_BYTES);
	return template;
}

static inline void must_be_template(
	const struct template_record *template, const struct template_record *wanted)
{
	assert_memory_equal(template->id, wanted->id, SEAL_ID_BYTES);
	assert_memory_equal(template->secret_id, wanted->secret_id, SEAL_ID_BYTES);
	assert_string_equal(template->text, wanted->text);
	assert_int_equal(template->ref_count, wanted->ref_count);
	assert_memory_equal(template->refs, wanted->refs, sizeof wanted->refs);
}

#define SEEN_MAX 4

struct seen {
	struct secret_record secrets[SEEN_MAX];
	struct grant_record grants[SEEN_MAX];
	struct consumer_record consumers[SEEN_MAX];
	struct use_record uses[SEEN_MAX];
	struct container_facts containers[SEEN_MAX];
	struct bundle_record bundles[SEEN_MAX];
	struct schedule_record schedules[SEEN_MAX];
	struct hook_record hooks[SEEN_MAX];
	struct template_record templates[SEEN_MAX];
	size_t secret_count, grant_count, consumer_count, use_count, container_count;
	size_t bundle_count, schedule_count, hook_count, template_count;
};

static inline int see_secret(void *arg, const struct secret_record *secret, struct err *err)
{
	struct seen *seen = arg;

	(void)err;
	assert_true(seen->secret_count < SEEN_MAX);
	seen->secrets[seen->secret_count++] = *secret;
	return 0;
}

static inline int see_grant(void *arg, const struct grant_record *grant, struct err *err)
{
	struct seen *seen = arg;

	(void)err;
	assert_true(seen->grant_count < SEEN_MAX);
	seen->grants[seen->grant_count++] = *grant;
	return 0;
}

static inline int see_consumer(void *arg, const struct consumer_record *consumer, struct err *err)
{
	struct seen *seen = arg;

	(void)err;
	assert_true(seen->consumer_count < SEEN_MAX);
	seen->consumers[seen->consumer_count++] = *consumer;
	return 0;
}

static inline int see_use(void *arg, const struct use_record *use, struct err *err)
{
	struct seen *seen = arg;

	(void)err;
	assert_true(seen->use_count < SEEN_MAX);
	seen->uses[seen->use_count++] = *use;
	return 0;
}

static inline int see_container(void *arg, const struct container_facts *container, struct err *err)
{
	struct seen *seen = arg;

	(void)err;
	assert_true(seen->container_count < SEEN_MAX);
	memcpy(&seen->containers[seen->container_count++], container,
		container_facts_size(container));
	return 0;
}

static inline int see_bundle(void *arg, const struct bundle_record *bundle, struct err *err)
{
	struct seen *seen = arg;

	(void)err;
	assert_true(seen->bundle_count < SEEN_MAX);
	seen->bundles[seen->bundle_count++] = *bundle;
	return 0;
}

static inline int see_schedule(void *arg, const struct schedule_record *schedule, struct err *err)
{
	struct seen *seen = arg;

	(void)err;
	assert_true(seen->schedule_count < SEEN_MAX);
	seen->schedules[seen->schedule_count++] = *schedule;
	return 0;
}

static inline int see_hook(void *arg, const struct hook_record *hook, struct err *err)
{
	struct seen *seen = arg;

	(void)err;
	assert_true(seen->hook_count < SEEN_MAX);
	seen->hooks[seen->hook_count++] = *hook;
	return 0;
}

static inline int see_template(void *arg, const struct template_record *template, struct err *err)
{
	struct seen *seen = arg;

	(void)err;
	assert_true(seen->template_count < SEEN_MAX);
	seen->templates[seen->template_count++] = *template;
	return 0;
}

static inline int try_see(struct vault *vault, struct seen *seen, struct err *err)
{
	const struct vault_visitor visitor = { .on_secret = see_secret,
		.on_grant = see_grant,
		.on_consumer = see_consumer,
		.on_use = see_use,
		.on_container = see_container,
		.on_bundle = see_bundle,
		.on_schedule = see_schedule,
		.on_hook = see_hook,
		.on_template = see_template,
		.arg = seen };

	memset(seen, 0, sizeof *seen);
	return vault_each(vault, &visitor, err);
}

static inline void see(struct vault *vault, struct seen *seen)
{
	struct err err;

	must(try_see(vault, seen, &err));
}

#endif
