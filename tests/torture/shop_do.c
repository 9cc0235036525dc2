/* SPDX-License-Identifier: Apache-2.0 */
/* The steps, done to a vault. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/store/vault_state.h"
#include "shop.h"

static int do_make(struct shop *shop, struct err *err)
{
	struct slot_about about = { .kind = SLOT_KEY_FILE, .label = "torture" };

	return vault_create_with(&store_sqlite, shop->scene->store, &about, shop->keys[0], err);
}

static const uint8_t *lowest_key(const struct shop *shop, const struct shop_model *model)
{
	for (size_t i = 0; i < SLOT_NUMBERS; i++)
		if (model->slots[i])
			return shop->keys[model->slots[i] - 1];
	return shop->keys[0];
}

static int attach(struct shop *shop, struct err *err)
{
	int result = vault_attach(&store_sqlite, shop->scene->store, &shop->vault, err);

	if (!result)
		result =
			vault_set_anchor(shop->vault, shop->scene->anchor, VAULT_ANCHOR_CHECK, err);
	return result;
}

void shop_close(struct shop *shop)
{
	vault_close(shop->vault);
	shop->vault = NULL;
}

static int do_open(struct shop *shop, struct err *err)
{
	int result = attach(shop, err);

	if (!result)
		result = vault_unlock(shop->vault, lowest_key(shop, &shop->model), shop->root, err);
	if (result < 0)
		shop_close(shop);
	return result;
}

int shop_resume(struct shop *shop, const struct shop_model *model, struct err *err)
{
	int result = attach(shop, err);

	if (!result && (model->root || shop->first_root_known)) {
		memcpy(shop->root, shop->roots[model->root], SEAL_KEY_BYTES);
		result = vault_resume(shop->vault, shop->root, err);
	} else if (!result) {
		result = vault_unlock(shop->vault, lowest_key(shop, model), shop->root, err);
	}
	if (result < 0)
		shop_close(shop);
	return result;
}

static int put_version(struct shop *shop, int item, struct err *err)
{
	uint32_t version = shop->model.versions[item] + 1;
	uint8_t *plain = malloc(shop_value_size(item, version)), *sealed = NULL;
	uint8_t id[SEAL_ID_BYTES];
	struct secret_record secret;
	struct grant_record grant;
	size_t length;
	int result;

	shop_value(item, version, plain);
	shop_value_id(item, version, id);
	result = vault_put_value(
		shop->vault, id, plain, shop_value_size(item, version), &sealed, &length, err);
	free(plain);
	free(sealed);
	shop_secret(item, version, &secret);
	shop_grant(item, false, &grant);
	if (!result)
		result = vault_put_secret(shop->vault, &secret, err);
	if (!result && version == 1)
		result = vault_put_grant(shop->vault, &grant, err);
	if (!result && version > 2) {
		shop_value_id(item, version - 2, id);
		result = vault_remove_value(shop->vault, id, err);
	}
	return result;
}

static int remove_item(struct shop *shop, int item, struct err *err)
{
	uint32_t version = shop->model.versions[item];
	struct secret_record secret;
	struct grant_record grant;
	int result;

	shop_secret(item, version, &secret);
	shop_grant(item, true, &grant);
	result = vault_remove_secret(shop->vault, secret.id, err);
	if (!result)
		result = vault_put_grant(shop->vault, &grant, err);
	for (uint32_t i = 0; !result && i < secret.version_count; i++)
		result = vault_remove_value(shop->vault, secret.versions[i].value_id, err);
	return result;
}

static int in_change(struct shop *shop, const struct shop_step *step, struct err *err)
{
	int result;

	if (step->verb == SHOP_DROP)
		return remove_item(shop, step->which, err);
	result = vault_put_clock(shop->vault, shop->model.clock + 1, err);
	if (!result)
		result = put_version(shop, step->which, err);
	if (!result && step->verb == SHOP_PAIR)
		result = put_version(shop, step->which + 1, err);
	return result;
}

static int do_change(struct shop *shop, const struct shop_step *step, struct err *err)
{
	int result = vault_begin(shop->vault, err);

	if (!result)
		result = in_change(shop, step, err);
	if (!result)
		result = vault_commit(shop->vault, err);
	if (result < 0)
		vault_rollback(shop->vault);
	return result;
}

/* The root key that comes next is known before, as vault_slots.h wants it. */
static int do_slots(struct shop *shop, const struct shop_step *step, struct err *err)
{
	const uint8_t *next = shop->roots[shop->model.root + 1];
	struct slot_about about = { .kind = SLOT_KEY_FILE };
	int result;

	if (step->verb == SHOP_ADD_SLOT)
		return vault_add_slot(
			shop->vault, shop->root, &about, shop->keys[step->which], err);
	if (step->verb == SHOP_REMOVE_SLOT)
		result = vault_remove_slot(
			shop->vault, shop->root, next, (uint8_t)step->which, NULL, err);
	else
		result = vault_rotate_root(shop->vault, shop->root, next, err);
	if (!result)
		memcpy(shop->root, next, SEAL_KEY_BYTES);
	return result;
}

int shop_do(struct shop *shop, const struct shop_step *step, struct err *err)
{
	switch (step->verb) {
	case SHOP_MAKE:
		return do_make(shop, err);
	case SHOP_OPEN:
		return do_open(shop, err);
	case SHOP_CLOSE:
		shop_close(shop);
		return 0;
	case SHOP_ROTATE:
	case SHOP_PAIR:
	case SHOP_DROP:
		return do_change(shop, step, err);
	case SHOP_ADD_SLOT:
	case SHOP_REMOVE_SLOT:
	case SHOP_ROTATE_ROOT:
		return do_slots(shop, step, err);
	case SHOP_LOCK:
		return vault_write_locked(shop->vault, step->which, err);
	case SHOP_CHECKPOINT:
		return shop->vault->engine->checkpoint(shop->vault->store, err);
	case SHOP_ACCEPT:
		return vault_accept(shop->vault, (enum vault_acceptance)step->which, err);
	case SHOP_DAMAGE:
		return shop_do_damage(shop, err);
	case SHOP_BACKUP:
		return shop_do_backup(shop, step->which, err);
	case SHOP_RESTORE:
		return shop_do_restore(shop, err);
	default:
		scene_fail("no such step");
	}
}

void shop_must_do(struct shop *shop, const struct shop_step *step)
{
	scene_must(shop_do(shop, step, &err));
	shop_apply(&shop->model, step);
}
