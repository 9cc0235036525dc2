/* SPDX-License-Identifier: Apache-2.0 */
/* What a store holds, read back: a state of the model, or a reason why it is none. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/store/vault_state.h"
#include "core/store/verify.h"
#include "shop.h"

struct looking {
	struct shop *shop;
	struct shop_model *seen;
	bool granted[SHOP_ITEMS], revoked[SHOP_ITEMS];
};

int shop_item_of(const char *name, const char *prefix)
{
	int item = -1;

	if (strncmp(name, prefix, strlen(prefix)) ||
		sscanf(name + strlen(prefix), "%d", &item) != 1 || item < 0 || item >= SHOP_ITEMS)
		return -1;
	return item;
}

static int look_at_value(struct shop *shop, const uint8_t *sealed, size_t length, int item,
	uint32_t version, struct err *err)
{
	size_t room = vault_plain_room(length), used = 0;
	uint8_t *plain = seal_alloc(room), *expected = malloc(shop_value_size(item, version));
	uint8_t id[SEAL_ID_BYTES];
	int result;

	shop_value(item, version, expected);
	shop_value_id(item, version, id);
	result = vault_open_value(shop->vault, id, sealed, length, plain, room, &used, err);
	if (!result && (used != shop_value_size(item, version) || memcmp(plain, expected, used)))
		scene_fail("WRONG VALUE: version %u of secret %d", version, item);
	seal_free(plain);
	free(expected);
	return result;
}

static int look_at_version(struct shop *shop, int item, uint32_t version, struct err *err)
{
	uint8_t id[SEAL_ID_BYTES], *sealed = NULL;
	size_t length;
	int result;

	shop_value_id(item, version, id);
	result = vault_load_value(shop->vault, id, &sealed, &length, err);
	if (!result)
		result = look_at_value(shop, sealed, length, item, version, err);
	free(sealed);
	return result;
}

static int on_secret(void *arg, const struct secret_record *secret, struct err *err)
{
	struct looking *looking = arg;
	int item = shop_item_of(secret->name, "shop/secret-");
	struct secret_record expected;

	if (item < 0)
		return err_set(err, TACIT_CORRUPT, "a secret nobody made");
	shop_secret(item, (uint32_t)secret->current, &expected);
	if (memcmp(&expected, secret, sizeof expected))
		return err_set(err, TACIT_CORRUPT, "secret %d is not as it was written", item);
	looking->seen->versions[item] = (uint32_t)secret->current;
	return 0;
}

static int on_grant(void *arg, const struct grant_record *grant, struct err *err)
{
	struct looking *looking = arg;
	int item = shop_item_of(grant->file, "secret-");
	struct grant_record expected;

	if (item < 0)
		return err_set(err, TACIT_CORRUPT, "a grant nobody made");
	shop_grant(item, grant->revoked_ns, &expected);
	if (memcmp(&expected, grant, sizeof expected))
		return err_set(err, TACIT_CORRUPT, "grant %d is not as it was written", item);
	*(grant->revoked_ns ? &looking->revoked[item] : &looking->granted[item]) = true;
	return 0;
}

static int look_at_item(struct looking *looking, int item, struct err *err)
{
	uint32_t version = looking->seen->versions[item];
	int result = 0;

	looking->seen->dropped[item] = looking->revoked[item];
	if (looking->granted[item] != (version > 0) || (version && looking->revoked[item]))
		return err_set(err, TACIT_CORRUPT, "MIXED: secret %d and its grant", item);
	for (uint32_t i = version > 1 ? version - 1 : 1; !result && i <= version; i++)
		result = look_at_version(looking->shop, item, i, err);
	return result;
}

/* What is damaged here is a value that nobody asks for. */
static int pass_over(void *arg, const struct vault_damage *damage, struct err *err)
{
	(void)arg;
	(void)err;
	return damage->table == STORE_VALUES ? 0 : err_set(err, TACIT_CORRUPT, "a damaged record");
}

int shop_see(struct shop *shop, struct shop_model *seen, struct err *err)
{
	struct looking looking = { .shop = shop, .seen = seen };
	const struct vault_visitor visitor = { .on_secret = on_secret,
		.on_grant = on_grant,
		.on_damaged = pass_over,
		.arg = &looking };
	struct vault_standing standing;
	int result;

	memset(seen, 0, sizeof *seen);
	seen->made = true;
	seen->locked = vault_is_written_locked(shop->vault);
	seen->clock = vault_clock(shop->vault);
	vault_get_standing(shop->vault, &standing);
	seen->damaged = standing.damages;
	result = vault_each(shop->vault, &visitor, err);
	for (int item = 0; !result && item < SHOP_ITEMS; item++)
		result = look_at_item(&looking, item, err);
	return result;
}

struct listing {
	const struct shop_model *model;
	size_t count;
};

static int on_slot(void *arg, const struct vault_slot *slot, struct err *err)
{
	struct listing *listing = arg;

	if (slot->status || !listing->model->slots[slot->about.number - 1])
		return err_set(
			err, TACIT_CORRUPT, "slot %d is not as it was written", slot->about.number);
	listing->count++;
	return 0;
}

static bool has_key(const struct shop_model *model, int key)
{
	for (size_t i = 0; i < SLOT_NUMBERS; i++)
		if (model->slots[i] == key + 1)
			return true;
	return false;
}

static int check_key(struct shop *shop, const struct shop_model *model, int key, struct err *err)
{
	uint8_t *root = seal_alloc(SEAL_KEY_BYTES);
	struct err why = { 0 };
	int result = vault_unlock(shop->vault, shop->keys[key], root, &why);

	if (has_key(model, key) && (result || memcmp(root, shop->root, SEAL_KEY_BYTES)))
		result = err_set(err, TACIT_CORRUPT, "key %d does not open: %s", key, why.text);
	else if (!has_key(model, key) && result != -TACIT_WRONG_KEY)
		result = err_set(err, TACIT_CORRUPT, "key %d: %s", key,
			result ? why.text : "it opens a slot that was removed");
	else
		result = 0;
	seal_free(root);
	return result;
}

int shop_check_slots(struct shop *shop, const struct shop_model *model, struct err *err)
{
	struct listing listing = { .model = model };
	size_t expected = 0;
	int result = vault_check_slots(shop->vault, shop->root, err);

	for (size_t i = 0; i < SLOT_NUMBERS; i++)
		expected += model->slots[i] > 0;
	if (!result)
		result = vault_each_slot(shop->vault, shop->root, on_slot, &listing, err);
	if (!result && listing.count != expected)
		result = err_set(err, TACIT_CORRUPT, "there are %zu slots", listing.count);
	for (int key = 0; !result && key < SHOP_KEYS; key++)
		result = check_key(shop, model, key, err);
	return result;
}

static int on_problem(void *arg, const struct verify_problem *problem, struct err *err)
{
	(void)arg;
	return err_set(err, TACIT_CORRUPT, "verify: %s", problem->text);
}

int shop_verify(struct shop *shop, struct err *err)
{
	struct vault_standing standing;
	struct verify_result verified;
	int result = vault_verify(shop->vault, on_problem, NULL, &verified, err);

	vault_get_standing(shop->vault, &standing);
	if (!result && (standing.damages || verified.problems))
		result = err_set(err, TACIT_CORRUPT, "%zu damages", standing.damages);
	if (!result && (!standing.anchored || standing.anchor_behind))
		result = err_set(err, TACIT_CORRUPT, "the anchor is behind");
	return result;
}
