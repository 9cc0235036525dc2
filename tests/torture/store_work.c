/* SPDX-License-Identifier: Apache-2.0 */
/* The worker: does the steps of a script, and says of each that it is done when it is done. When
 * the disk refuses, it looks whether what is promised for that holds: nothing was changed, reading
 * goes on, no other change gets through while the disk goes on refusing, and then the store can be
 * gone on with, with or without being opened anew. */
#include <stdio.h>
#include <string.h>

#include "store_play.h"

/* What was acknowledged can be read, and nothing else is there. */
static enum play_verdict still_reads(const struct play *play, struct shop *shop, const char *when)
{
	struct shop_model seen;
	struct err err = { 0 };
	char found[SHOP_TEXT_MAX], wanted[SHOP_TEXT_MAX];

	if (!shop->vault)
		return PLAY_OLD;
	if (shop_see(shop, &seen, &err) < 0)
		return play_say(play, PLAY_UNSOUND, "%s nothing can be read: %s", when, err.text);
	shop_text(&seen, found);
	memcpy(seen.slots, shop->model.slots, sizeof seen.slots);
	seen.root = shop->model.root;
	seen.kept = shop->model.kept;
	if (!memcmp(&seen, &shop->model, sizeof seen))
		return PLAY_OLD;
	shop_text(&shop->model, wanted);
	return play_say(play, PLAY_UNSOUND, "%s there is \"%s\", not \"%s\"", when, found, wanted);
}

/* While the disk refuses whatever it is asked. */
static enum play_verdict try_another(const struct play *play, struct shop *shop)
{
	const struct shop_step another = { SHOP_ROTATE, 3 };
	struct err err = { 0 };
	int result;

	if (!shop->vault)
		return PLAY_OLD;
	result = shop_do(shop, &another, &err);
	if (result != -TACIT_IO && !(shop->model.damaged && result == -TACIT_CORRUPT))
		return play_say(play, PLAY_UNSOUND, "another change while the disk refuses: %s",
			result ? err.text : "done");
	return still_reads(play, shop, "while the disk refuses");
}

/* The disk is mended, and the store opened anew: it is what it was, or, after a disk that refused
 * for good, has the step that failed. *done: it has. */
static enum play_verdict reopen(const struct play *play, struct shop *shop,
	const struct shop_step *step, bool maybe, bool *done)
{
	struct shop_model old = shop->model, new = old;
	struct err err = { 0 };
	int result;

	shop_apply(&new, step);
	*done = false;
	if (!old.made)
		return PLAY_OLD;
	result = shop_resume(shop, &old, &err);
	if (result == -TACIT_WRONG_KEY && new.root != old.root && maybe) {
		result = shop_resume(shop, &new, &err);
		*done = true;
	}
	if (result < 0)
		return play_say(play, PLAY_UNSOUND, "opened anew: %s", err.text);
	if (!*done && maybe &&
		(still_reads(play, shop, "") != PLAY_OLD || shop_check_slots(shop, &old, NULL) < 0))
		*done = true;
	if (*done)
		shop->model = new;
	return still_reads(play, shop, "opened anew");
}

/* A step failed. Until it is done. */
static enum play_verdict mend(const struct play *play, const struct disk_plan *plan,
	const struct shop_step *step, const struct err *why)
{
	struct shop *shop = &((struct store_play *)play->with)->shop;
	const bool reopens = plan->lot % 2;
	/* A store that has another's place has it, although the sync behind that failed. */
	const bool maybe = plan->sticky || step->verb == SHOP_RESTORE;
	enum play_verdict verdict;
	struct err err = { 0 };
	bool done = false;

	play->page->failures++;
	if (!disk_refused() || why->code != TACIT_IO)
		return play_say(
			play, PLAY_UNSOUND, "step %u: %s", play->page->acked + 1, why->text);
	verdict = still_reads(play, shop, "after a failure");
	if (verdict == PLAY_OLD && plan->sticky)
		verdict = try_another(play, shop);
	if (reopens)
		shop_close(shop);
	disk_heal();
	if (verdict == PLAY_OLD && reopens)
		verdict = reopen(play, shop, step, maybe, &done);
	if (verdict != PLAY_OLD || done)
		return verdict;
	if (step->verb == SHOP_OPEN && shop->vault)
		shop_close(shop);
	/* A store that was being made when the disk refused for good may have been made. */
	if (shop_do(shop, step, &err) < 0 &&
		(step->verb != SHOP_MAKE || !plan->sticky || err.code != TACIT_EXISTS))
		return play_say(
			play, PLAY_UNSOUND, "step %u again: %s", play->page->acked + 1, err.text);
	shop_apply(&shop->model, step);
	return PLAY_OLD;
}

enum play_verdict store_work(const struct play *play, const struct disk_plan *plan)
{
	struct store_play *with = play->with;
	struct shop *shop = &with->shop;

	for (const struct shop_step *step = with->script->steps; step->verb; step++) {
		struct err err = { 0 };
		enum play_verdict verdict = PLAY_OLD;

		if (shop_do(shop, step, &err) < 0)
			verdict = mend(play, plan, step, &err);
		else
			shop_apply(&shop->model, step);
		if (verdict != PLAY_OLD)
			return verdict;
		play->page->acked++;
	}
	return PLAY_OLD;
}
