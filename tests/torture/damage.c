/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hand.h"

#define PAGE 4096u

/* What is done to, and how often. */
static const struct target {
	const char *name;
	enum { STORE, LOG, ANCHOR, BACKUP, LAST_FILE, FIRST_FILE, STATE } file;
	bool every_bit;
	uint32_t one_in; /* bytes */
	bool seen;       /* each change is found by somebody: no byte is nobody's */
} targets[] = {
	{ "store", STORE, false, 150, false },
	{ "store's log", LOG, false, 150, false },
	{ "anchor", ANCHOR, true, 1, true },
	{ "backup", BACKUP, false, 150, false },
	{ "audit log, last file", LAST_FILE, false, 4, true },
	{ "audit log, first file", FIRST_FILE, false, 4, true },
	{ "audit log, state", STATE, true, 30, true },
};

struct page {
	_Atomic uint32_t flips[HAND_VERDICTS], cuts[HAND_VERDICTS], crashes;
	uint32_t bytes;
	_Atomic uint64_t at; /* where the hand is: when it crashed */
};

struct damage {
	const struct target *target;
	struct page *page;
};

enum hand_verdict hand_wrong(struct hand *hand, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(hand->text, sizeof hand->text, format, list);
	va_end(list);
	return HAND_WRONG;
}

static void below(struct hand *hand, const char *dir, const char *name)
{
	snprintf(hand->path, sizeof hand->path, "%.100s/%s", dir, name);
}

static void make_shop(struct hand *hand, bool log_moved)
{
	static const struct store_script stocked = { .name = "stocked",
		.before = { { SHOP_MAKE, 0 }, { SHOP_OPEN, 0 }, { SHOP_ROTATE, 0 },
			{ SHOP_PAIR, 1 }, { SHOP_PAIR, 3 }, { SHOP_ROTATE, 5 }, { SHOP_ROTATE, 2 },
			{ SHOP_ROTATE, 4 }, { SHOP_ROTATE, 4 }, { SHOP_DROP, 1 },
			{ SHOP_ADD_SLOT, 1 }, { SHOP_BACKUP, 1 }, { SHOP_CLOSE, 0 } } };
	static const struct store_script busy = { .name = "busy",
		.before = { { SHOP_MAKE, 0 }, { SHOP_OPEN, 0 }, { SHOP_PAIR, 0 },
			{ SHOP_ADD_SLOT, 1 }, { SHOP_PAIR, 2 }, { SHOP_ROTATE, 4 } } };

	store_play_start(&hand->store, log_moved ? &stocked : &busy, &hand->scene);
}

static void make_ledger(struct hand *hand)
{
	static const struct audit_script filled = { .name = "filled",
		.before = { { AUDIT_STEP_OPEN, 0 }, { AUDIT_STEP_GROUP, 9 },
			{ AUDIT_STEP_GROUP, 9 }, { AUDIT_STEP_GROUP, 5 } } };

	audit_play_start(&hand->audit, &filled, &hand->scene);
}

static void make_hand(struct hand *hand, const struct target *target)
{
	const struct scene *scene = &hand->scene;

	scene_make(&hand->scene);
	hand->look = target->file < BACKUP      ? hand_look_at_store
		     : target->file < LAST_FILE ? hand_look_at_backup
						: hand_look_at_audit;
	if (target->file < LAST_FILE)
		make_shop(hand, target->file != LOG);
	else
		make_ledger(hand);
	if (target->file == STORE || target->file == LOG)
		below(hand, scene->store, target->file == LOG ? "store.db-wal" : "store.db");
	else if (target->file == ANCHOR)
		below(hand, scene->anchor_dir, "anchor");
	else if (target->file == BACKUP)
		below(hand, scene->backup_dir, "store.db");
	else
		below(hand, scene->audit,
			target->file == LAST_FILE    ? "audit-00000002"
			: target->file == FIRST_FILE ? "audit-00000001"
						     : "audit.state");
	if (target->file == BACKUP) {
		scene_write(hand->path, hand->store.shop.backup, hand->store.shop.backup_length);
		scene_keep(scene);
	}
}

static void look(struct hand *hand, const struct damage *damage, const char *what, uint64_t at,
	_Atomic uint32_t *counts)
{
	enum hand_verdict verdict;

	hand->text[0] = '\0';
	damage->page->at = at;
	verdict = hand->look(hand);
	if (verdict == HAND_UNSEEN && damage->target->seen)
		verdict = hand_wrong(hand, "nobody says so");
	counts[verdict]++;
	if (verdict == HAND_WRONG)
		scene_complain("torture: %s: %s %llu: %s", damage->target->name, what,
			(unsigned long long)at, hand->text);
	scene_put_back(&hand->scene);
}

static void flip(struct hand *hand, const struct damage *damage, uint8_t *bytes, size_t length,
	const struct torture *torture, unsigned int job)
{
	const struct target *target = damage->target;

	for (size_t at = job; at < length; at += TORTURE_JOBS) {
		uint64_t lot = torture->lot ^ at << 24;
		unsigned int one = (unsigned int)(scene_draw(&lot) % 8);

		if (!torture_wants(torture, at, target->one_in))
			continue;
		for (unsigned int bit = 0; bit < 8; bit++) {
			if (!target->every_bit && bit != one)
				continue;
			bytes[at] ^= (uint8_t)(1u << bit);
			scene_write(hand->path, bytes, length);
			bytes[at] ^= (uint8_t)(1u << bit);
			look(hand, damage, "bit", 8 * at + bit, damage->page->flips);
		}
	}
}

/* Every length of a short file; of a longer one those about each page, and some by lot. */
static bool is_cut_here(const struct torture *torture, size_t length, size_t at)
{
	const size_t part = torture->full ? PAGE / 8 : PAGE, in_part = at % part;

	if (length <= PAGE)
		return torture_wants(torture, at, 4);
	return in_part <= 1 || in_part == part - 1 ||
	       torture_wants(torture, at ^ 1u << 30, torture->full ? 20 : 1000);
}

static void cut(struct hand *hand, const struct damage *damage, const uint8_t *bytes, size_t length,
	const struct torture *torture, unsigned int job)
{
	for (size_t at = job; at < length; at += TORTURE_JOBS) {
		if (!is_cut_here(torture, length, at))
			continue;
		scene_write(hand->path, bytes, at);
		look(hand, damage, "length", at, damage->page->cuts);
	}
}

static void run_job(const struct torture *torture, unsigned int job, void *with)
{
	const struct damage *damage = with;
	struct hand *hand = calloc(1, sizeof *hand);
	uint8_t *bytes;
	size_t length;

	make_hand(hand, damage->target);
	scene_hush();
	scene_put_back(&hand->scene);
	bytes = scene_read(hand->path, &length);
	if (!bytes)
		scene_fail("torture: %s is not there", hand->path);
	damage->page->bytes = (uint32_t)length;
	flip(hand, damage, bytes, length, torture, job);
	cut(hand, damage, bytes, length, torture, job);
	free(bytes);
	scene_remove(&hand->scene);
	free(hand);
}

static uint32_t sum(const _Atomic uint32_t *counts)
{
	uint32_t all = 0;

	for (size_t i = 0; i < HAND_VERDICTS; i++)
		all += counts[i];
	return all;
}

static void print(const struct target *target, const struct page *page)
{
	const _Atomic uint32_t *flips = page->flips, *cuts = page->cuts;

	printf("damage %-24s %6u bytes: %u bits (%u named, %u refused, %u nobody's), %u lengths "
	       "(%u, "
	       "%u, %u): %u wrong\n",
		target->name, page->bytes, sum(flips), flips[HAND_NAMED], flips[HAND_REFUSED],
		flips[HAND_UNSEEN], sum(cuts), cuts[HAND_NAMED], cuts[HAND_REFUSED],
		cuts[HAND_UNSEEN], flips[HAND_WRONG] + cuts[HAND_WRONG]);
}

void torture_damage(struct torture *torture)
{
	struct damage damage = { .page = scene_share(sizeof *damage.page) };

	for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
		uint32_t before = torture->wrong;

		damage.target = &targets[i];
		memset(damage.page, 0, sizeof *damage.page);
		torture_share_out(torture, run_job, &damage);
		if (torture->wrong > before)
			fprintf(stderr, "torture: %s: crashed at %llu\n", targets[i].name,
				(unsigned long long)damage.page->at);
		print(damage.target, damage.page);
		torture->wrong += damage.page->flips[HAND_WRONG] + damage.page->cuts[HAND_WRONG];
	}
}
