/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as what was in a sealed record. What is taken obeys every bound that the vault
 * promises, and packs into the same bytes again. */
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "core/store/records.h"
#include "seal/generate.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static const uint8_t id[SEAL_ID_BYTES] = { 8 };

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void compare(struct pack *packed, const uint8_t *bytes, size_t length)
{
	require(packed->length == length && !memcmp(packed->bytes, bytes, length));
	require(length <= RECORDS_PACKED_MAX);
	pack_free(packed);
}

/* What was not taken was refused for one of two reasons. */
static bool refused(int status)
{
	require(!status || status == -TACIT_CORRUPT || status == -TACIT_NEWER);
	return status < 0;
}

static void require_text(const char *text, size_t room)
{
	require(memchr(text, '\0', room));
}

static void check_secret(const uint8_t *bytes, size_t length)
{
	static struct secret_record secret;
	struct pack packed = { 0 };
	int current = 0, previous = 0, next = 0;

	if (refused(records_unpack_secret(id, bytes, length, &secret, NULL)))
		return;
	require(!name_check_secret(secret.name, NULL));
	require(secret.version_count >= 1 && secret.version_count <= VAULT_VERSIONS_MAX);
	for (uint32_t i = 0; i < secret.version_count; i++) {
		const struct version_record *version = &secret.versions[i];

		require(version->size >= 1 && version->size <= TACIT_VALUE_MAX);
		require(version->number >= 1 && version->number <= secret.last_number);
		require(!i || version->number > version[-1].number);
		current += version->number == secret.current;
		previous += version->number == secret.previous;
		next += version->number == secret.next;
	}
	require(current == 1 && previous == !!secret.previous && next == !!secret.next);
	require(secret.previous != secret.current && secret.next != secret.current);
	require(!next || secret.next != secret.previous);
	require(previous || !secret.previous_until_ns);
	require(!records_pack_secret(&secret, &packed, NULL));
	if (bytes[1] == 1) { /* the first layout comes back as the newest: its last is current */
		require(secret.current == secret.versions[secret.version_count - 1].number);
		require(!previous && !next && !secret.current_since_ns);
		require(packed.length == length + 40 && packed.bytes[1] == 2);
		require(!memcmp(packed.bytes + 2, bytes + 2, length - 2));
		pack_free(&packed);
		return;
	}
	compare(&packed, bytes, length);
}

static void check_grant(const uint8_t *bytes, size_t length)
{
	static struct grant_record grant;
	struct pack packed = { 0 };
	struct hook hook;

	if (refused(records_unpack_grant(id, bytes, length, &grant, NULL)))
		return;
	require(!name_check_consumer(grant.consumer, NULL));
	require(!name_check_granted(grant.file, NULL));
	require_text(grant.on_rotate, sizeof grant.on_rotate);
	require(!hook_parse(grant.on_rotate, &hook, NULL));
	require(!name_folder_end(grant.file) || (!grant.reads && !grant.version));
	require(grant.mode <= 0777);
	require(grant.flags <= (GRANT_FLAGS | VAULT_PREVIOUS_NAMED) &&
		grant.reads <= GRANT_READS_MAX);
	require(!records_pack_grant(&grant, &packed, NULL));
	if (bytes[1] < 3) { /* an older layout comes back as the newest, without what it lacks */
		require(bytes[1] > 1 || (!grant.flags && !grant.reads));
		require(bytes[1] > 1 || (!grant.version && !grant.expires_ns));
		require(!grant.on_rotate[0]);
		require(packed.length > length && packed.bytes[1] == 3);
		require(!memcmp(packed.bytes + 2, bytes + 2, length - 2));
		pack_free(&packed);
		return;
	}
	compare(&packed, bytes, length);
}

static void check_consumer(const uint8_t *bytes, size_t length)
{
	static struct consumer_record consumer;
	struct pack packed = { 0 };

	if (refused(records_unpack_consumer(id, bytes, length, &consumer, NULL)))
		return;
	require(!name_check_consumer(consumer.consumer, NULL));
	require(consumer.rule_count <= BINDING_RULES_MAX);
	for (uint32_t i = 0; i < consumer.rule_count; i++) {
		require_text(consumer.rules[i], sizeof consumer.rules[i]);
		require(!binding_check(consumer.rules[i], NULL));
	}
	require(!records_pack_consumer(&consumer, &packed, NULL));
	compare(&packed, bytes, length);
}

static void check_use(const uint8_t *bytes, size_t length)
{
	static struct use_record use;
	struct pack packed = { 0 };

	if (refused(records_unpack_use(id, bytes, length, &use, NULL)))
		return;
	require_text(use.last_user, sizeof use.last_user);
	require(use.count <= VAULT_USES_MAX);
	for (uint32_t i = 0; i < use.count; i++) {
		require(container_id_ok(use.counts[i].container));
		require(bytes[1] != 1 || !use.counts[i].version);
	}
	require(!records_pack_use(&use, &packed, NULL));
	if (bytes[1] == 1) { /* comes back as the newest layout: no version is known */
		require(packed.length == length + 8 * use.count && packed.bytes[1] == 2);
		pack_free(&packed);
		return;
	}
	compare(&packed, bytes, length);
}

/* A rule of each kind is asked of it: no label, however odd, leads beyond the labels. */
static void check_container(const uint8_t *bytes, size_t length)
{
	static const char *const rules[] = { "image=nginx", "label=a=1", "compose=p/s",
		"container=name" };
	static struct container_facts container;
	struct pack packed = { 0 };
	struct container_facts *exact;
	uint8_t found[SEAL_ID_BYTES];

	if (refused(records_unpack_container(id, bytes, length, &container, NULL)))
		return;
	require(!container_facts_check(&container, NULL));
	require(!records_container_id(container.id, found, NULL));
	require(!memcmp(found, id, sizeof found));
	exact = malloc(container_facts_size(&container)); /* a read beyond the end is caught */
	require(exact);
	memcpy(exact, &container, container_facts_size(&container));
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		binding_holds(rules[i], exact);
	require(!records_pack_container(exact, &packed, NULL));
	compare(&packed, bytes, length);
	free(exact);
}

static void check_bundle(const uint8_t *bytes, size_t length)
{
	static const uint8_t no_id[SEAL_ID_BYTES];
	static struct bundle_record bundle;
	const struct bundle_generation *current;
	struct pack packed = { 0 };
	uint32_t living = 0;

	if (refused(records_unpack_bundle(id, bytes, length, &bundle, NULL)))
		return;
	require(!name_check_bundle(bundle.name, NULL));
	require(bundle.member_count >= 1 && bundle.member_count <= VAULT_MEMBERS_MAX);
	require(bundle.generation_count >= 1 && bundle.generation_count <= VAULT_GENERATIONS_MAX);
	for (uint32_t i = 0; i < bundle.generation_count; i++)
		require(bundle.generations[i].number > (i ? bundle.generations[i - 1].number : 0));
	current = &bundle.generations[bundle.generation_count - 1];
	for (uint32_t i = 0; i < bundle.member_count; i++) {
		bool lives = memcmp(bundle.members[i], no_id, sizeof no_id) != 0;

		require(lives == (current->versions[i] != 0));
		living += lives;
	}
	require(living >= 1);
	require(!records_pack_bundle(&bundle, &packed, NULL));
	compare(&packed, bytes, length);
}

static void check_schedule(const uint8_t *bytes, size_t length)
{
	static struct schedule_record schedule;
	struct pack packed = { 0 };

	if (refused(records_unpack_schedule(id, bytes, length, &schedule, NULL)))
		return;
	require_text(schedule.rotator, sizeof schedule.rotator);
	require_text(schedule.reason, sizeof schedule.reason);
	require(!schedule.rotator[0] || !hook_check_program(schedule.rotator, NULL));
	require(schedule.generate_length >= 1 && schedule.generate_length <= SCHEDULE_LENGTH_MAX);
	require(seal_alphabet_name(schedule.alphabet));
	require(schedule.step < ROTATION_STEPS);
	require((schedule.step != ROTATION_IDLE) == (schedule.version != 0));
	require(schedule.step == ROTATION_IDLE || schedule.rotator[0]);
	require(!records_pack_schedule(&schedule, &packed, NULL));
	compare(&packed, bytes, length);
}

static void check_hook(const uint8_t *bytes, size_t length)
{
	static struct hook_record hook;
	struct pack packed = { 0 };

	if (refused(records_unpack_hook(id, bytes, length, &hook, NULL)))
		return;
	require_text(hook.reason, sizeof hook.reason);
	require(!records_pack_hook(&hook, &packed, NULL));
	compare(&packed, bytes, length);
}

static void check_template(const uint8_t *bytes, size_t length)
{
	static struct template_record template;
	struct template_names names;
	struct pack packed = { 0 };

	if (refused(records_unpack_template(id, bytes, length, &template, NULL)))
		return;
	require_text(template.text, sizeof template.text);
	require(!template_read(template.text, strlen(template.text), &names, NULL));
	require(names.count >= 1 && names.count == template.ref_count);
	require(!records_pack_template(&template, &packed, NULL));
	compare(&packed, bytes, length);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	records_kind(bytes, length);
	check_secret(bytes, length);
	check_grant(bytes, length);
	check_consumer(bytes, length);
	check_use(bytes, length);
	check_container(bytes, length);
	check_bundle(bytes, length);
	check_schedule(bytes, length);
	check_hook(bytes, length);
	check_template(bytes, length);
	return 0;
}
