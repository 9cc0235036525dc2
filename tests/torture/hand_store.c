/* SPDX-License-Identifier: Apache-2.0 */
/* A changed store: what is read of it is what was written, and what is not read is told of. */
#include <stdlib.h>
#include <string.h>

#include "core/store/verify.h"
#include "hand.h"

struct looking {
	struct hand *hand;
	bool secrets[SHOP_ITEMS], grants[SHOP_ITEMS];
	bool wrong;
};

static int on_secret(void *arg, const struct secret_record *secret, struct err *err)
{
	struct looking *looking = arg;
	const struct shop_model *model = &looking->hand->store.shop.model;
	int item = shop_item_of(secret->name, "shop/secret-");
	struct secret_record expected = { 0 };

	if (item >= 0 && model->versions[item])
		shop_secret(item, model->versions[item], &expected);
	looking->wrong |= memcmp(&expected, secret, sizeof expected) != 0;
	if (item >= 0)
		looking->secrets[item] = true;
	(void)err;
	return 0;
}

static int on_grant(void *arg, const struct grant_record *grant, struct err *err)
{
	struct looking *looking = arg;
	const struct shop_model *model = &looking->hand->store.shop.model;
	int item = shop_item_of(grant->file, "secret-");
	struct grant_record expected = { 0 };

	if (item >= 0)
		shop_grant(item, model->dropped[item], &expected);
	looking->wrong |= memcmp(&expected, grant, sizeof expected) != 0;
	if (item >= 0)
		looking->grants[item] = true;
	(void)err;
	return 0;
}

static int on_damaged(void *arg, const struct vault_damage *damage, struct err *err)
{
	(void)arg;
	(void)damage;
	(void)err;
	return 0;
}

/* False: it is refused. */
static bool read_value(struct shop *shop, int item, uint32_t version, struct looking *looking)
{
	uint8_t id[SEAL_ID_BYTES], *sealed = NULL, *plain = NULL, *expected;
	size_t length, room, used = 0;
	struct err err = { 0 };
	int result;

	shop_value_id(item, version, id);
	result = vault_load_value(shop->vault, id, &sealed, &length, &err);
	if (!result) {
		room = vault_plain_room(length);
		plain = seal_alloc(room);
		result =
			vault_open_value(shop->vault, id, sealed, length, plain, room, &used, &err);
	}
	expected = malloc(shop_value_size(item, version));
	shop_value(item, version, expected);
	if (!result && (used != shop_value_size(item, version) || memcmp(plain, expected, used)))
		looking->wrong = true;
	free(expected);
	free(sealed);
	seal_free(plain);
	return !result;
}

/* How many of the records and values that there should be are not served. */
static size_t count_missing(struct shop *shop, struct looking *looking)
{
	const struct shop_model *model = &looking->hand->store.shop.model;
	size_t missing = 0;

	for (int item = 0; item < SHOP_ITEMS; item++) {
		uint32_t version = model->versions[item];

		missing += !looking->secrets[item] && version;
		missing += !looking->grants[item] && (version || model->dropped[item]);
		for (uint32_t i = version > 1 ? version - 1 : 1; i <= version; i++)
			missing += !read_value(shop, item, i, looking);
	}
	return missing;
}

enum hand_verdict hand_read_shop(struct hand *hand, struct shop *shop)
{
	struct looking looking = { .hand = hand };
	const struct vault_visitor visitor = { .on_secret = on_secret,
		.on_grant = on_grant,
		.on_damaged = on_damaged,
		.arg = &looking };
	struct vault_standing standing;
	struct verify_result verified = { 0 };
	struct err err = { 0 };
	size_t missing;
	int walked = vault_each(shop->vault, &visitor, &err), sound;

	missing = count_missing(shop, &looking);
	if (looking.wrong)
		return hand_wrong(hand, "a wrong record or value was read");
	vault_get_standing(shop->vault, &standing);
	sound = vault_verify(shop->vault, NULL, NULL, &verified, &err);
	if (sound < 0 || verified.problems || walked < 0)
		return sound < 0 && !err.text[0] ? hand_wrong(hand, "no error text") : HAND_NAMED;
	if (standing.damages)
		return hand_wrong(hand, "%zu damages, and verifying finds none", standing.damages);
	if (missing)
		return hand_wrong(
			hand, "%zu rows are not served, and verifying finds nothing", missing);
	return vault_check_slots(shop->vault, shop->root, &err) < 0 ? HAND_NAMED : HAND_UNSEEN;
}

/* One slot that is damaged is no reason for the other not to open, and is not a wrong key. */
static int unlock(struct hand *hand, struct shop *shop, struct err *err)
{
	int first = vault_unlock(shop->vault, shop->keys[0], shop->root, err), second;
	struct err why = { 0 };

	if (!first)
		return 0;
	if (first == -TACIT_WRONG_KEY)
		hand_wrong(hand, "damage is told as a wrong key: %s", err->text);
	second = vault_unlock(shop->vault, shop->keys[1], shop->root, &why);
	return second < 0 ? first : 0;
}

/* What is done next goes well, when nothing was found. */
static enum hand_verdict use(struct hand *hand, struct shop *shop)
{
	const struct shop_step step = { SHOP_ROTATE, 4 };
	struct shop_model before = hand->store.shop.model;
	struct err err = { 0 };
	enum hand_verdict verdict;

	if (shop_do(shop, &step, &err) < 0)
		return hand_wrong(hand, "nothing is damaged, and a change fails: %s", err.text);
	shop_apply(&hand->store.shop.model, &step);
	verdict = hand_read_shop(hand, shop);
	hand->store.shop.model = before;
	if (verdict == HAND_NAMED)
		return hand_wrong(hand, "nothing was damaged before a change, and then something");
	return verdict;
}

enum hand_verdict hand_look_at_store(struct hand *hand)
{
	struct shop *shop = &hand->store.shop;
	enum hand_verdict verdict = HAND_REFUSED;
	struct err err = { 0 };
	int result = vault_attach(&store_sqlite, shop->scene->store, &shop->vault, &err);

	if (!result)
		result = vault_set_anchor(
			shop->vault, shop->scene->anchor, VAULT_ANCHOR_CHECK, &err);
	if (!result)
		result = unlock(hand, shop, &err);
	if (!result)
		verdict = hand_read_shop(hand, shop);
	else if (!err.text[0] || result == -TACIT_INTERNAL || result == -TACIT_IO)
		hand_wrong(hand, "told as %s: %s", code_word(err.code), err.text);
	if (verdict == HAND_UNSEEN)
		verdict = use(hand, shop);
	shop_close(shop);
	return hand->text[0] ? HAND_WRONG : verdict;
}

enum hand_verdict hand_look_at_backup(struct hand *hand)
{
	struct shop *shop = &hand->store.shop;
	enum hand_verdict verdict = HAND_REFUSED;
	struct err err = { 0 };
	int result = vault_attach_copy(&store_sqlite, hand->path, &shop->vault, &err);

	if (!result)
		result = unlock(hand, shop, &err);
	if (!result)
		verdict = hand_read_shop(hand, shop);
	else if (!err.text[0] || result == -TACIT_INTERNAL)
		hand_wrong(hand, "told as %s: %s", code_word(err.code), err.text);
	shop_close(shop);
	return hand->text[0] ? HAND_WRONG : verdict;
}
