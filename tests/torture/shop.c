/* SPDX-License-Identifier: Apache-2.0 */
#include "shop.h"

#include <stdio.h>
#include <string.h>

/* One in each size class that a store of these steps has: within a page, and over several. */
static const uint32_t sizes[SHOP_ITEMS] = { 1, 40, 300, 3000, 9000, 20000 };

void shop_start(struct shop *shop, const struct scene *scene)
{
	scene_must(seal_start(&err));
	memset(shop, 0, sizeof *shop);
	shop->scene = scene;
	shop->root = seal_alloc(SEAL_KEY_BYTES);
	if (!shop->root)
		scene_fail("no memory can be locked");
	seal_random(shop->keys, sizeof shop->keys);
	seal_random(shop->roots, sizeof shop->roots);
}

/* `count` items get a new version in one commit. */
static void next_version(struct shop_model *model, int item, int count)
{
	for (int i = 0; i < count; i++)
		model->versions[item + i]++;
	model->clock++;
}

static uint8_t *free_slot(struct shop_model *model)
{
	for (size_t i = 0; i < SLOT_NUMBERS; i++)
		if (!model->slots[i])
			return &model->slots[i];
	scene_fail("there is no slot left");
}

void shop_apply(struct shop_model *model, const struct shop_step *step)
{
	switch (step->verb) {
	case SHOP_MAKE:
		model->made = true;
		model->slots[0] = 1;
		break;
	case SHOP_PAIR:
	case SHOP_ROTATE:
		next_version(model, step->which, step->verb == SHOP_PAIR ? 2 : 1);
		break;
	case SHOP_DROP:
		model->dropped[step->which] = true;
		model->versions[step->which] = 0;
		break;
	case SHOP_ADD_SLOT:
		*free_slot(model) = (uint8_t)(step->which + 1);
		break;
	case SHOP_REMOVE_SLOT:
	case SHOP_ROTATE_ROOT:
		if (step->verb == SHOP_REMOVE_SLOT)
			model->slots[step->which - 1] = 0;
		model->root++;
		break;
	case SHOP_LOCK:
		model->locked = step->which;
		break;
	case SHOP_DAMAGE:
	case SHOP_ACCEPT:
		model->damaged = step->verb == SHOP_DAMAGE;
		break;
	case SHOP_RESTORE:
		*model = *model->kept;
		break;
	default:
		break;
	}
}

uint32_t shop_value_size(int item, uint32_t version)
{
	return sizes[item] + version;
}

void shop_value(int item, uint32_t version, uint8_t *bytes)
{
	uint64_t lot = (uint64_t)item << 32 | version;

	for (uint32_t i = 0; i < shop_value_size(item, version); i++)
		bytes[i] = (uint8_t)scene_draw(&lot);
}

/* Ids are of one kind in the first byte, so that they fall into different groups. */
static void make_id(uint8_t kind, int item, uint32_t version, uint8_t id[SEAL_ID_BYTES])
{
	uint64_t lot = (uint64_t)kind << 48 | (uint64_t)item << 32 | version;

	for (size_t i = 0; i < SEAL_ID_BYTES; i++)
		id[i] = (uint8_t)scene_draw(&lot);
}

void shop_value_id(int item, uint32_t version, uint8_t id[SEAL_ID_BYTES])
{
	make_id(1, item, version, id);
}

static void add_version(int item, uint32_t number, struct secret_record *secret)
{
	struct version_record *version = &secret->versions[secret->version_count++];

	version->number = number;
	version->created_ns = 1000 + number;
	version->size = shop_value_size(item, number);
	version->made_by = 1000;
	shop_value_id(item, number, version->value_id);
}

/* The version before is kept. */
void shop_secret(int item, uint32_t version, struct secret_record *secret)
{
	memset(secret, 0, sizeof *secret);
	make_id(2, item, 0, secret->id);
	snprintf(secret->name, sizeof secret->name, "shop/secret-%d", item);
	secret->created_ns = 5;
	secret->last_number = secret->current = version;
	secret->previous = version - 1;
	if (version > 1)
		add_version(item, version - 1, secret);
	add_version(item, version, secret);
}

void shop_grant(int item, bool revoked, struct grant_record *grant)
{
	memset(grant, 0, sizeof *grant);
	make_id(3, item, 0, grant->id);
	if (!revoked)
		make_id(2, item, 0, grant->secret_id);
	snprintf(grant->consumer, sizeof grant->consumer, "compose/shop/web");
	snprintf(grant->file, sizeof grant->file, "secret-%d", item);
	grant->uid = GRANT_READER;
	grant->mode = 0400;
	grant->created_ns = 7;
	grant->revoked_ns = revoked ? 9 : 0;
}

void shop_text(const struct shop_model *model, char text[SHOP_TEXT_MAX])
{
	int used = snprintf(text, SHOP_TEXT_MAX, "%s%s clock %d root %d versions",
		model->made ? "made" : "none", model->locked ? " locked" : "", (int)model->clock,
		model->root);

	for (int i = 0; i < SHOP_ITEMS; i++)
		used += snprintf(text + used, SHOP_TEXT_MAX - (size_t)used, " %u%s",
			model->versions[i], model->dropped[i] ? "-" : "");
	used += snprintf(text + used, SHOP_TEXT_MAX - (size_t)used, " slots");
	for (int i = 0; i < SLOT_NUMBERS; i++)
		if (model->slots[i])
			used += snprintf(text + used, SHOP_TEXT_MAX - (size_t)used, " %d=%d", i + 1,
				model->slots[i] - 1);
}
