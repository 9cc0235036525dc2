/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of a shop, played. */
#ifndef TACIT_TORTURE_STORE_PLAY_H
#define TACIT_TORTURE_STORE_PLAY_H

#include "play.h"
#include "shop.h"

struct store_script {
	const char *name;
	struct shop_step before[SHOP_STEPS]; /* nothing is done to these */
	struct shop_step steps[SHOP_STEPS];
};

/* The scripts; ends with one that has no name. */
extern const struct store_script store_scripts[];

struct store_play {
	const struct store_script *script;
	struct shop shop;
};

/* Do what is before, and keep the scene. */
void store_play_start(
	struct store_play *with, const struct store_script *script, const struct scene *scene);

enum play_verdict store_work(const struct play *play, const struct disk_plan *plan);
enum play_verdict store_check(const struct play *play, const struct disk_plan *plan);

#endif
