/* SPDX-License-Identifier: Apache-2.0 */
/* What a vault holds, as the JSON that tests/reader/tacit_reader.py prints of it: made of the store
 * by make_store.c once, and by the tests of today's code each time, to be the same. */
#ifndef TACIT_TEST_GOLDEN_H
#define TACIT_TEST_GOLDEN_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/store/vault.h"

#define GOLDEN_PASSPHRASE "correct horse battery staple"

struct golden {
	struct vault *vault;
	FILE *to;
	const char *kind;  /* walked now */
	const char *comma; /* before the next record */
};

static inline void golden_hex(FILE *to, const char *name, const uint8_t *bytes, size_t length)
{
	fprintf(to, "\"%s\": \"", name);
	for (size_t i = 0; i < length; i++)
		fprintf(to, "%02x", bytes[i]);
	fprintf(to, "\", ");
}

/* None of the texts of a golden store needs escaping. */
static inline void golden_text(FILE *to, const char *name, const char *text)
{
	fprintf(to, "\"%s\": \"%s\", ", name, text);
}

static inline void golden_number(FILE *to, const char *name, uint64_t value)
{
	fprintf(to, "\"%s\": %" PRIu64 ", ", name, value);
}

static inline void golden_base64(FILE *to, const uint8_t *bytes, size_t length)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t at = 0; at < length; at += 3) {
		uint32_t three = (uint32_t)bytes[at] << 16;

		three |= at + 1 < length ? (uint32_t)bytes[at + 1] << 8 : 0;
		three |= at + 2 < length ? bytes[at + 2] : 0;
		for (size_t i = 0; i < 4; i++)
			putc(i <= length - at ? digits[three >> (18 - 6 * i) & 63] : '=', to);
	}
}

/* The value as the vault has it now; an empty text when it does not open. */
static inline void golden_value(const struct golden *golden, const uint8_t id[SEAL_ID_BYTES])
{
	uint8_t *sealed = NULL, *plain;
	size_t sealed_length = 0, room, length = 0;

	fprintf(golden->to, "\"value\": \"");
	if (vault_load_value(golden->vault, id, &sealed, &sealed_length, NULL) == 0) {
		room = vault_plain_room(sealed_length);
		plain = seal_alloc(room);
		if (plain && vault_open_value(golden->vault, id, sealed, sealed_length, plain, room,
				     &length, NULL) == 0)
			golden_base64(golden->to, plain, length);
		seal_free(plain);
	}
	free(sealed);
	fprintf(golden->to, "\"");
}

/* Begin a record of `kind`; false when another kind is walked. Its last field is its id. */
static inline bool golden_begin(struct golden *golden, const char *kind)
{
	if (strcmp(kind, golden->kind))
		return false;
	fprintf(golden->to, "%s\n{", golden->comma);
	golden->comma = ",";
	return true;
}

static inline int golden_end(struct golden *golden, const uint8_t id[SEAL_ID_BYTES])
{
	fprintf(golden->to, "\"id\": \"");
	for (size_t i = 0; i < SEAL_ID_BYTES; i++)
		fprintf(golden->to, "%02x", id[i]);
	fprintf(golden->to, "\"}");
	return 0;
}

static inline int golden_secret(void *arg, const struct secret_record *secret, struct err *err)
{
	struct golden *golden = arg;

	(void)err;
	if (!golden_begin(golden, "secrets"))
		return 0;
	golden_text(golden->to, "name", secret->name);
	golden_number(golden->to, "created_ns", secret->created_ns);
	golden_number(golden->to, "last", secret->last_number);
	golden_number(golden->to, "current", secret->current);
	golden_number(golden->to, "previous", secret->previous);
	golden_number(golden->to, "next", secret->next);
	golden_number(golden->to, "previous_until_ns", secret->previous_until_ns);
	golden_number(golden->to, "current_since_ns", secret->current_since_ns);
	fprintf(golden->to, "\"versions\": [");
	for (uint32_t i = 0; i < secret->version_count; i++) {
		const struct version_record *version = &secret->versions[i];

		fprintf(golden->to, "%s{", i ? ", " : "");
		golden_number(golden->to, "version", version->number);
		golden_number(golden->to, "created_ns", version->created_ns);
		golden_number(golden->to, "size", version->size);
		golden_number(golden->to, "uid", version->made_by);
		golden_hex(golden->to, "value_id", version->value_id, SEAL_ID_BYTES);
		golden_value(golden, version->value_id);
		fprintf(golden->to, "}");
	}
	fprintf(golden->to, "], ");
	return golden_end(golden, secret->id);
}

static inline int golden_grant(void *arg, const struct grant_record *grant, struct err *err)
{
	struct golden *golden = arg;

	(void)err;
	if (!golden_begin(golden, "grants"))
		return 0;
	golden_hex(golden->to, "secret_id", grant->secret_id, SEAL_ID_BYTES);
	golden_text(golden->to, "consumer", grant->consumer);
	golden_text(golden->to, "file", grant->file);
	golden_number(golden->to, "uid", grant->uid);
	golden_number(golden->to, "gid", grant->gid);
	golden_number(golden->to, "mode", grant->mode);
	golden_number(golden->to, "created_ns", grant->created_ns);
	golden_number(golden->to, "revoked_ns", grant->revoked_ns);
	golden_number(golden->to, "flags", grant->flags);
	golden_number(golden->to, "reads", grant->reads);
	golden_number(golden->to, "version", grant->version);
	golden_number(golden->to, "expires_ns", grant->expires_ns);
	golden_text(golden->to, "hook", grant->on_rotate);
	return golden_end(golden, grant->id);
}

static inline int golden_consumer(
	void *arg, const struct consumer_record *consumer, struct err *err)
{
	struct golden *golden = arg;

	(void)err;
	if (!golden_begin(golden, "consumers"))
		return 0;
	golden_text(golden->to, "consumer", consumer->consumer);
	golden_number(golden->to, "frozen_ns", consumer->frozen_ns);
	fprintf(golden->to, "\"rules\": [");
	for (uint32_t i = 0; i < consumer->rule_count; i++)
		fprintf(golden->to, "%s\"%s\"", i ? ", " : "", consumer->rules[i]);
	fprintf(golden->to, "], ");
	return golden_end(golden, consumer->id);
}

static inline int golden_use(void *arg, const struct use_record *use, struct err *err)
{
	struct golden *golden = arg;

	(void)err;
	if (!golden_begin(golden, "uses"))
		return 0;
	golden_hex(golden->to, "grant_id", use->grant_id, SEAL_ID_BYTES);
	golden_number(golden->to, "last_ns", use->last_ns);
	golden_number(golden->to, "version", use->last_version);
	golden_text(golden->to, "who", use->last_user);
	fprintf(golden->to, "\"containers\": [");
	for (uint32_t i = 0; i < use->count; i++) {
		fprintf(golden->to, "%s{", i ? ", " : "");
		golden_text(golden->to, "container", use->counts[i].container);
		golden_number(golden->to, "version", use->counts[i].version);
		fprintf(golden->to, "\"opens\": %u}", use->counts[i].used);
	}
	fprintf(golden->to, "], ");
	return golden_end(golden, use->id);
}

static inline int golden_bundle(void *arg, const struct bundle_record *bundle, struct err *err)
{
	struct golden *golden = arg;
	FILE *to = golden->to;

	(void)err;
	if (!golden_begin(golden, "bundles"))
		return 0;
	golden_text(to, "name", bundle->name);
	golden_number(to, "created_ns", bundle->created_ns);
	fprintf(to, "\"members\": [");
	for (uint32_t member = 0; member < bundle->member_count; member++) {
		fprintf(to, "%s\"", member ? ", " : "");
		for (size_t i = 0; i < SEAL_ID_BYTES; i++)
			fprintf(to, "%02x", bundle->members[member][i]);
		fprintf(to, "\"");
	}
	fprintf(to, "], \"generations\": [");
	for (uint32_t i = 0; i < bundle->generation_count; i++) {
		fprintf(to, "%s{", i ? ", " : "");
		golden_number(to, "generation", bundle->generations[i].number);
		golden_number(to, "created_ns", bundle->generations[i].created_ns);
		fprintf(to, "\"versions\": [");
		for (uint32_t member = 0; member < bundle->member_count; member++)
			fprintf(to, "%s%" PRIu64, member ? ", " : "",
				bundle->generations[i].versions[member]);
		fprintf(to, "]}");
	}
	fprintf(to, "], ");
	return golden_end(golden, bundle->id);
}

static inline int golden_schedule(
	void *arg, const struct schedule_record *schedule, struct err *err)
{
	struct golden *golden = arg;

	(void)err;
	if (!golden_begin(golden, "schedules"))
		return 0;
	golden_hex(golden->to, "secret_id", schedule->secret_id, SEAL_ID_BYTES);
	golden_number(golden->to, "every_ns", schedule->every_ns);
	golden_number(golden->to, "overlap_ns", schedule->overlap_ns);
	golden_number(golden->to, "characters", schedule->generate_length);
	golden_number(golden->to, "alphabet", schedule->alphabet);
	golden_text(golden->to, "program", schedule->rotator);
	golden_number(golden->to, "due_ns", schedule->next_ns);
	golden_number(golden->to, "step", schedule->step);
	golden_number(golden->to, "failures", schedule->attempts);
	golden_number(golden->to, "staged", schedule->version);
	golden_number(golden->to, "not_before_ns", schedule->not_before_ns);
	golden_number(golden->to, "attempted_ns", schedule->last_ns);
	golden_text(golden->to, "failure", schedule->reason);
	return golden_end(golden, schedule->id);
}

static inline int golden_hook(void *arg, const struct hook_record *hook, struct err *err)
{
	struct golden *golden = arg;

	(void)err;
	if (!golden_begin(golden, "hooks"))
		return 0;
	golden_hex(golden->to, "grant_id", hook->grant_id, SEAL_ID_BYTES);
	golden_number(golden->to, "done_for_ns", hook->done_ns);
	golden_number(golden->to, "tried_for_ns", hook->tried_ns);
	golden_number(golden->to, "ended_ns", hook->last_ns);
	golden_number(golden->to, "not_before_ns", hook->not_before_ns);
	golden_number(golden->to, "failures", hook->attempts);
	golden_text(golden->to, "failure", hook->reason);
	return golden_end(golden, hook->id);
}

static inline int golden_template(
	void *arg, const struct template_record *template, struct err *err)
{
	struct golden *golden = arg;

	(void)err;
	if (!golden_begin(golden, "templates"))
		return 0;
	golden_hex(golden->to, "secret_id", template->secret_id, SEAL_ID_BYTES);
	golden_text(golden->to, "text", template->text);
	fprintf(golden->to, "\"made_of\": [");
	for (uint32_t i = 0; i < template->ref_count; i++) {
		fprintf(golden->to, "%s\"", i ? ", " : "");
		for (size_t at = 0; at < SEAL_ID_BYTES; at++)
			fprintf(golden->to, "%02x", template->refs[i][at]);
		fputc('"', golden->to);
	}
	fprintf(golden->to, "], ");
	return golden_end(golden, template->id);
}

static inline int golden_container(
	void *arg, const struct container_facts *container, struct err *err)
{
	struct golden *golden = arg;
	FILE *to = golden->to;
	const char *label = container->labels;

	(void)err;
	if (!golden_begin(golden, "containers"))
		return 0;
	golden_number(to, "engine", container->engine);
	golden_number(to, "more_labels", container->labels_cut);
	golden_text(to, "name", container->name);
	golden_text(to, "project", container->project);
	golden_text(to, "service", container->service);
	golden_text(to, "image", container->image);
	golden_text(to, "image_id", container->image_id);
	fprintf(to, "\"digests\": [");
	for (size_t i = 0; i < CONTAINER_DIGESTS_MAX; i++)
		fprintf(to, "%s\"%s\"", i ? ", " : "", container->digest[i]);
	fprintf(to, "], \"labels\": [");
	for (; label < container->labels + container->labels_length; label += strlen(label) + 1)
		fprintf(to, "%s\"%s\"", label == container->labels ? "" : ", ", label);
	/* The id in two parts, as the format has it. */
	fprintf(to, "], \"rest_of_id\": \"%s\", \"id\": \"%.32s\"}", container->id + 32,
		container->id);
	return 0;
}

/* All of an open vault; 0, or the first error. The order is the rows'. */
static inline int golden_describe(struct vault *vault, FILE *to, struct err *err)
{
	static const char *const kinds[] = { "secrets", "grants", "consumers", "uses", "containers",
		"bundles", "schedules", "hooks", "templates" };
	struct golden golden = { .vault = vault, .to = to };
	const struct vault_visitor visitor = { .on_secret = golden_secret,
		.on_grant = golden_grant,
		.on_consumer = golden_consumer,
		.on_use = golden_use,
		.on_container = golden_container,
		.on_bundle = golden_bundle,
		.on_schedule = golden_schedule,
		.on_hook = golden_hook,
		.on_template = golden_template,
		.arg = &golden };
	int result = 0;

	fprintf(to, "{");
	for (size_t i = 0; !result && i < sizeof kinds / sizeof *kinds; i++) {
		golden.kind = kinds[i];
		golden.comma = "";
		fprintf(to, "%s\"%s\": [", i ? ",\n" : "", kinds[i]);
		result = vault_each(vault, &visitor, err);
		fprintf(to, "]");
	}
	fprintf(to, "}\n");
	return result;
}

#endif
