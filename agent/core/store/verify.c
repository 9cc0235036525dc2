/* SPDX-License-Identifier: Apache-2.0 */
#include "core/store/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/store/integrity_state.h"
#include "core/store/records_parts.h"

#define TEXT_MAX 256

enum kind { KIND_VALUE, KIND_SECRET, KIND_GRANT };

/* Something that can be referred to. */
struct item {
	uint8_t kind; /* enum kind */
	uint8_t id[SEAL_ID_BYTES];
	uint32_t size; /* of a value: bytes */
	bool used;     /* something refers to it */
};

struct check {
	struct vault *vault;
	verify_problem_fn *on_problem;
	void *arg;
	struct verify_result *result;
	struct item *items; /* sorted once they are complete */
	size_t count, room;
	uint8_t *plain; /* seal_alloc() memory for one value */
	size_t plain_room;
};

static const char *word_of(uint8_t table)
{
	return table == STORE_VALUES ? "value" : "record";
}

/* Tell of a row: `text` follows its id. */
static int tell(struct check *check, uint8_t table, const uint8_t id[SEAL_ID_BYTES],
	const char *text, struct err *err)
{
	char hex[2 * SEAL_ID_BYTES + 1], whole[TEXT_MAX];
	struct verify_problem problem = { .table = table, .text = whole };

	records_to_hex(id, SEAL_ID_BYTES, hex);
	snprintf(whole, sizeof whole, "%s %s %s", word_of(table), hex, text);
	memcpy(problem.id, id, SEAL_ID_BYTES);
	check->result->problems++;
	return check->on_problem ? check->on_problem(check->arg, &problem, err) : 0;
}

static int tell_damage(void *arg, const struct vault_damage *damage, struct err *err)
{
	struct check *check = arg;
	char text[VAULT_DAMAGE_TEXT_MAX];
	struct verify_problem problem = { .table = damage->table, .text = text };

	vault_damage_text(damage, check->result->generation, text);
	memcpy(problem.id, damage->id, SEAL_ID_BYTES);
	check->result->problems++;
	return check->on_problem ? check->on_problem(check->arg, &problem, err) : 0;
}

static int add(struct check *check, enum kind kind, const uint8_t id[SEAL_ID_BYTES], uint32_t size,
	struct err *err)
{
	struct item item = { .kind = (uint8_t)kind, .size = size };

	if (check->count == check->room) {
		size_t room = check->room ? 2 * check->room : 64;
		void *grown = reallocarray(check->items, room, sizeof item);

		if (!grown)
			return err_set(err, TACIT_LIMIT, "out of memory");
		check->items = grown;
		check->room = room;
	}
	memcpy(item.id, id, SEAL_ID_BYTES);
	check->items[check->count++] = item;
	return 0;
}

static int compare(const void *one, const void *other)
{
	const struct item *a = one, *b = other;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return memcmp(a->id, b->id, SEAL_ID_BYTES);
}

static struct item *find(struct check *check, enum kind kind, const uint8_t id[SEAL_ID_BYTES])
{
	struct item wanted = { .kind = (uint8_t)kind };

	memcpy(wanted.id, id, SEAL_ID_BYTES);
	return check->count ? bsearch(&wanted, check->items, check->count, sizeof wanted, compare)
			    : NULL;
}

/* Record `id` refers to another one; TACIT_OK when it is there or told. */
static int refer(struct check *check, const uint8_t id[SEAL_ID_BYTES], enum kind kind,
	const uint8_t other[SEAL_ID_BYTES], const char *missing, struct err *err)
{
	struct item *item = find(check, kind, other);

	if (item)
		item->used = true;
	return item ? 0 : tell(check, STORE_RECORDS, id, missing, err);
}

static int note_secret(void *arg, const struct secret_record *secret, struct err *err)
{
	return add(arg, KIND_SECRET, secret->id, 0, err);
}

static int note_grant(void *arg, const struct grant_record *grant, struct err *err)
{
	return add(arg, KIND_GRANT, grant->id, 0, err);
}

/* Open a value whose row is the one of this generation; the others have been told. */
static int note_value(void *arg, const uint8_t id[STORE_ID_BYTES], const uint8_t *bytes,
	size_t length, struct err *err)
{
	struct check *check = arg;
	size_t room = record_padded_size(length), used;
	struct err refused = { 0 };

	if (!integrity_row_ok(check->vault, STORE_VALUES, id, bytes, length))
		return 0;
	if (room > check->plain_room) {
		seal_free(check->plain);
		check->plain_room = 0;
		check->plain = seal_alloc(room);
		if (!check->plain)
			return err_set(err, TACIT_LIMIT, "no memory can be locked");
		check->plain_room = room;
	}
	if (vault_open_value(check->vault, id, bytes, length, check->plain, room, &used, &refused))
		return tell(check, STORE_VALUES, id, "does not open", err);
	seal_wipe(check->plain, used);
	check->result->values++;
	return add(check, KIND_VALUE, id, (uint32_t)used, err);
}

static int check_secret(void *arg, const struct secret_record *secret, struct err *err)
{
	struct check *check = arg;
	int result = 0;

	check->result->records++;
	for (uint32_t i = 0; !result && i < secret->version_count; i++) {
		const struct version_record *version = &secret->versions[i];
		const struct item *value = find(check, KIND_VALUE, version->value_id);

		result = refer(check, secret->id, KIND_VALUE, version->value_id,
			"is a secret with a version whose value is not there", err);
		if (!result && value && value->size != version->size)
			result = tell(check, STORE_RECORDS, secret->id,
				"is a secret with a version whose value has another size", err);
	}
	return result;
}

static int check_grant(void *arg, const struct grant_record *grant, struct err *err)
{
	struct check *check = arg;

	check->result->records++;
	return grant->revoked_ns ? 0
				 : refer(check, grant->id, KIND_SECRET, grant->secret_id,
					   "is a grant of a secret that is not there", err);
}

static int check_use(void *arg, const struct use_record *use, struct err *err)
{
	struct check *check = arg;

	check->result->records++;
	return refer(check, use->id, KIND_GRANT, use->grant_id,
		"counts the reads of a grant that is not there", err);
}

static int check_schedule(void *arg, const struct schedule_record *schedule, struct err *err)
{
	struct check *check = arg;

	check->result->records++;
	return refer(check, schedule->id, KIND_SECRET, schedule->secret_id,
		"is the schedule of a secret that is not there", err);
}

static int check_hook(void *arg, const struct hook_record *hook, struct err *err)
{
	struct check *check = arg;

	check->result->records++;
	return refer(check, hook->id, KIND_GRANT, hook->grant_id,
		"is the hook of a grant that is not there", err);
}

static int check_template(void *arg, const struct template_record *template, struct err *err)
{
	struct check *check = arg;
	int result = refer(check, template->id, KIND_SECRET, template->secret_id,
		"is the template of a secret that is not there", err);

	check->result->records++;
	for (uint32_t i = 0; !result && i < template->ref_count; i++)
		result = refer(check, template->id, KIND_SECRET, template->refs[i],
			"is a template with a secret that is not there", err);
	return result;
}

static int check_bundle(void *arg, const struct bundle_record *bundle, struct err *err)
{
	static const uint8_t removed[SEAL_ID_BYTES];
	struct check *check = arg;
	int result = 0;

	check->result->records++;
	for (uint32_t i = 0; !result && i < bundle->member_count; i++)
		if (memcmp(bundle->members[i], removed, SEAL_ID_BYTES))
			result = refer(check, bundle->id, KIND_SECRET, bundle->members[i],
				"is a bundle with a secret that is not there", err);
	return result;
}

/* Nothing refers to a container or to what is said of a consumer, and they refer to nothing. */
static int check_consumer(void *arg, const struct consumer_record *consumer, struct err *err)
{
	struct check *check = arg;

	(void)consumer;
	(void)err;
	check->result->records++;
	return 0;
}

static int check_container(void *arg, const struct container_facts *container, struct err *err)
{
	struct check *check = arg;

	(void)container;
	(void)err;
	check->result->records++;
	return 0;
}

/* What differs from the generation is told before any record is opened. */
static int pass_over(void *arg, const struct vault_damage *damage, struct err *err)
{
	(void)arg;
	(void)damage;
	(void)err;
	return 0;
}

static int check_orphans(struct check *check, struct err *err)
{
	int result = 0;

	for (size_t i = 0; !result && i < check->count; i++)
		if (check->items[i].kind == KIND_VALUE && !check->items[i].used)
			result = tell(
				check, STORE_VALUES, check->items[i].id, "is no secret's", err);
	return result;
}

/* The store once more, as if it were opened now. */
static int check_generation(struct check *check, struct err *err)
{
	struct vault *vault = check->vault;
	struct integrity found = { 0 };
	const struct vault_damage replaced = { .fault = VAULT_DAMAGED, .meta = INTEGRITY_ROOT };
	int result = integrity_read(vault, &found, err);

	for (size_t i = 0; !result && i < found.damage_count; i++)
		result = tell_damage(check, &found.damages[i], err);
	if (!result && !found.rootless && !setmac_equal(found.root.mac, vault->integrity->root.mac))
		result = tell_damage(check, &replaced, err);
	integrity_free(&found);
	return result;
}

static int check_records(struct check *check, struct err *err)
{
	const struct vault_visitor noting = { .on_secret = note_secret,
		.on_grant = note_grant,
		.on_damaged = pass_over,
		.arg = check };
	const struct vault_visitor checking = { .on_secret = check_secret,
		.on_grant = check_grant,
		.on_consumer = check_consumer,
		.on_use = check_use,
		.on_container = check_container,
		.on_bundle = check_bundle,
		.on_schedule = check_schedule,
		.on_hook = check_hook,
		.on_template = check_template,
		.on_damaged = pass_over,
		.arg = check };
	struct vault *vault = check->vault;
	int result = vault->engine->each(vault->store, STORE_VALUES, note_value, check, err);

	if (!result)
		result = vault_each(vault, &noting, err);
	if (result)
		return result;
	if (check->count)
		qsort(check->items, check->count, sizeof *check->items, compare);
	result = vault_each(vault, &checking, err);
	return result ? result : check_orphans(check, err);
}

int vault_verify(struct vault *vault, verify_problem_fn *on_problem, void *arg,
	struct verify_result *result, struct err *err)
{
	struct check check = {
		.vault = vault, .on_problem = on_problem, .arg = arg, .result = result
	};
	int status;

	memset(result, 0, sizeof *result);
	if (!vault->ring)
		return err_set(err, TACIT_LOCKED, "the store is locked");
	if (vault->changing)
		return err_set(err, TACIT_BUSY, "a change of the store is under way");
	result->generation = vault->integrity->root.generation;
	status = check_generation(&check, err);
	if (!status)
		status = check_records(&check, err);
	seal_free(check.plain);
	free(check.items);
	return status;
}
