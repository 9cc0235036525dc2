/* SPDX-License-Identifier: Apache-2.0 */
/* Playing a script, and looking at the store afterwards. */
#include "store_play.h"

#include <stdio.h>
#include <string.h>

void store_play_start(
	struct store_play *with, const struct store_script *script, const struct scene *scene)
{
	struct shop *shop = &with->shop;

	with->script = script;
	scene_empty(scene);
	shop_start(shop, scene);
	for (const struct shop_step *step = script->before; step->verb; step++)
		shop_must_do(shop, step);
	if (shop->model.made) {
		memcpy(shop->roots[0], shop->root, SEAL_KEY_BYTES);
		shop->first_root_known = true;
	}
	/* A copy taken beside an open store is what a killed process leaves. */
	scene_keep(scene);
	shop_close(shop);
}

/* The state after `count` steps. */
static struct shop_model state_after(const struct store_play *with, uint32_t count)
{
	struct shop_model model = with->shop.model;

	for (uint32_t i = 0; i < count; i++)
		shop_apply(&model, &with->script->steps[i]);
	return model;
}

/* What can be seen in the rows; the slots and the root key are looked at by using them. */
static bool looks_like(const struct shop_model *one, const struct shop_model *other)
{
	return one->made == other->made && one->locked == other->locked &&
	       one->damaged == other->damaged && one->clock == other->clock &&
	       !memcmp(one->versions, other->versions, sizeof one->versions) &&
	       !memcmp(one->dropped, other->dropped, sizeof one->dropped);
}

static enum play_verdict name_difference(
	const struct play *play, const struct shop_model *seen, const struct shop_model *expected)
{
	struct store_play *with = play->with;
	char found[SHOP_TEXT_MAX], wanted[SHOP_TEXT_MAX];
	enum play_verdict verdict = PLAY_MIXED;

	for (uint32_t i = 0; i < play->page->acked; i++) {
		struct shop_model earlier = state_after(with, i);

		if (looks_like(seen, &earlier))
			verdict = PLAY_LOST;
	}
	shop_text(seen, found);
	shop_text(expected, wanted);
	return play_say(play, verdict, "found \"%s\", not \"%s\"", found, wanted);
}

/* Which of the two states the open store is in. */
static enum play_verdict judge(
	const struct play *play, const struct shop_model *old, const struct shop_model *new)
{
	struct shop *shop = &((struct store_play *)play->with)->shop;
	struct shop_model seen;
	struct err err = { 0 };
	bool is_old, is_new;

	if (shop_see(shop, &seen, &err) < 0)
		return play_say(play, strstr(err.text, "MIXED") ? PLAY_MIXED : PLAY_UNSOUND, "%s",
			err.text);
	is_old = looks_like(&seen, old);
	is_new = looks_like(&seen, new);
	if (!is_old && !is_new)
		return name_difference(play, &seen, old);
	if (!seen.damaged && shop_verify(shop, &err) < 0)
		return play_say(play, PLAY_UNSOUND, "%s", err.text);
	if (is_old && !shop_check_slots(shop, old, &err))
		return PLAY_OLD;
	if (is_new && !shop_check_slots(shop, new, &err))
		return PLAY_NEW;
	return play_say(play, PLAY_UNSOUND, "%s", err.text);
}

/* The store as somebody finds it who starts anew: he has the root key, and the one that was to come
 * (vault_slots.h). */
static enum play_verdict find(const struct play *play, uint32_t acked)
{
	struct store_play *with = play->with;
	struct shop_model old = state_after(with, acked), new = old;
	enum play_verdict verdict = PLAY_OLD, judged;
	struct err err = { 0 };
	int result;

	if (with->script->steps[acked].verb)
		new = state_after(with, acked + 1);
	result = shop_resume(&with->shop, &old, &err);
	if (result == -TACIT_WRONG_KEY && new.root != old.root) {
		result = shop_resume(&with->shop, &new, &err);
		old = new;
		verdict = PLAY_NEW;
	}
	if (result == -TACIT_NOT_FOUND && !old.made)
		return PLAY_OLD;
	if (result < 0)
		return play_say(play, PLAY_UNSOUND, "it does not open: %s", err.text);
	judged = judge(play, &old, &new);
	return judged == PLAY_OLD ? verdict : judged;
}

/* Do what is left of the script; what was found is its beginning. */
static enum play_verdict go_on(const struct play *play, uint32_t done)
{
	struct store_play *with = play->with;
	struct shop *shop = &with->shop;
	struct shop_model model = state_after(with, done);

	shop->model = model;
	for (const struct shop_step *step = &with->script->steps[done]; step->verb; step++) {
		struct err err = { 0 };
		int result = 0;

		if (step->verb == SHOP_OPEN || (step->verb != SHOP_MAKE && !shop->vault)) {
			shop_close(shop);
			result = shop_do(shop, &(struct shop_step){ SHOP_OPEN, 0 }, &err);
		}
		if (!result && step->verb != SHOP_OPEN)
			result = shop_do(shop, step, &err);
		if (result < 0)
			return play_say(
				play, PLAY_UNSOUND, "it cannot be gone on with: %s", err.text);
		shop_apply(&shop->model, step);
	}
	return PLAY_OLD;
}

enum play_verdict store_check(const struct play *play, const struct disk_plan *plan)
{
	struct store_play *with = play->with;
	uint32_t acked = play->page->acked, done, all = 0;
	enum play_verdict verdict, after;
	struct shop_model before = with->shop.model;

	(void)plan;
	while (with->script->steps[all].verb)
		all++;
	verdict = find(play, acked);
	if (verdict > PLAY_NEW)
		return verdict;
	done = acked + (verdict == PLAY_NEW);
	after = go_on(play, done);
	if (after != PLAY_OLD)
		return after;
	shop_close(&with->shop);
	with->shop.model = before;
	after = find(play, all);
	if (after != PLAY_OLD)
		return after > PLAY_NEW ? after : PLAY_UNSOUND;
	shop_close(&with->shop);
	return verdict;
}
