/* SPDX-License-Identifier: Apache-2.0 */
#include "store_play.h"

#define MADE                                                                                       \
	{ SHOP_MAKE, 0 },                                                                          \
	{                                                                                          \
		SHOP_OPEN, 0                                                                       \
	}
#define STOCKED                                                                                    \
	MADE, { SHOP_ROTATE, 0 }, { SHOP_ROTATE, 2 }, { SHOP_ROTATE, 4 }, { SHOP_ROTATE, 4 },      \
	{                                                                                          \
		SHOP_ADD_SLOT, 1                                                                   \
	}

const struct store_script store_scripts[] = {
	{ .name = "create", .steps = { MADE, { SHOP_ROTATE, 1 } } },
	{ .name = "rotate",
		.before = { STOCKED, { SHOP_CLOSE, 0 } },
		.steps = { { SHOP_OPEN, 0 }, { SHOP_ROTATE, 0 }, { SHOP_PAIR, 4 },
			{ SHOP_ROTATE, 4 }, { SHOP_DROP, 2 }, { SHOP_ROTATE, 3 } } },
	{ .name = "rotate, log not moved",
		.before = { STOCKED },
		.steps = { { SHOP_OPEN, 0 }, { SHOP_PAIR, 0 }, { SHOP_PAIR, 4 } } },
	{ .name = "rekey",
		.before = { STOCKED, { SHOP_CLOSE, 0 } },
		.steps = { { SHOP_OPEN, 0 }, { SHOP_ROTATE_ROOT, 0 }, { SHOP_ROTATE, 1 },
			{ SHOP_ROTATE_ROOT, 0 } } },
	{ .name = "slot change",
		.before = { STOCKED, { SHOP_CLOSE, 0 } },
		.steps = { { SHOP_OPEN, 0 }, { SHOP_ADD_SLOT, 2 }, { SHOP_REMOVE_SLOT, 1 },
			{ SHOP_ADD_SLOT, 3 }, { SHOP_REMOVE_SLOT, 2 } } },
	{ .name = "checkpoint",
		.before = { STOCKED },
		.steps = { { SHOP_OPEN, 0 }, { SHOP_CHECKPOINT, 0 }, { SHOP_ROTATE, 5 },
			{ SHOP_CHECKPOINT, 0 }, { SHOP_ROTATE, 1 }, { SHOP_CLOSE, 0 } } },
	{ .name = "accept damage",
		.before = { STOCKED, { SHOP_DAMAGE, 0 } },
		.steps = { { SHOP_OPEN, 0 }, { SHOP_ACCEPT, VAULT_DROP }, { SHOP_ROTATE, 1 } } },
	{ .name = "backup",
		.before = { STOCKED, { SHOP_CLOSE, 0 } },
		.steps = { { SHOP_OPEN, 0 }, { SHOP_BACKUP, 0 }, { SHOP_ROTATE, 1 },
			{ SHOP_BACKUP, 0 } } },
	{ .name = "restore",
		.before = { STOCKED, { SHOP_BACKUP, 1 }, { SHOP_ROTATE, 1 }, { SHOP_PAIR, 4 },
			{ SHOP_CLOSE, 0 } },
		.steps = { { SHOP_RESTORE, 0 }, { SHOP_OPEN, 0 }, { SHOP_ROTATE, 4 } } },
	{ .name = "restore, log not moved",
		.before = { STOCKED, { SHOP_BACKUP, 1 }, { SHOP_ROTATE, 1 }, { SHOP_PAIR, 4 } },
		.steps = { { SHOP_RESTORE, 0 }, { SHOP_OPEN, 0 }, { SHOP_ROTATE, 4 } } },
	{ .name = "lock",
		.before = { STOCKED, { SHOP_CLOSE, 0 } },
		.steps = { { SHOP_OPEN, 0 }, { SHOP_LOCK, 1 }, { SHOP_LOCK, 0 },
			{ SHOP_LOCK, 1 } } },
	{ 0 },
};
