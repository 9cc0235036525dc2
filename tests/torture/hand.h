/* SPDX-License-Identifier: Apache-2.0 */
/* A hand that changes one bit of a file, or cuts it off, and then looks at everything that can be
 * read of it. In a child, which may crash. */
#ifndef TACIT_TORTURE_HAND_H
#define TACIT_TORTURE_HAND_H

#include "audit_play.h"
#include "store_play.h"
#include "torture.h"

/* What became of a change. */
enum hand_verdict {
	HAND_UNSEEN,  /* everything is read as it was, and nothing is said: the byte is nobody's */
	HAND_NAMED,   /* something is damaged, and told; the rest is read as it was */
	HAND_REFUSED, /* nothing can be read, and the error says why */
	HAND_WRONG,   /* none of these */
	HAND_VERDICTS
};

struct hand {
	const char *name;
	char path[SCENE_PATH_MAX]; /* of the file */
	bool every_bit;            /* else one by lot */
	uint32_t one_in;           /* bytes, when not all are tried */
	struct scene scene;
	struct store_play store;
	struct audit_play audit;
	char text[PLAY_TEXT_MAX]; /* what is wrong */
	enum hand_verdict (*look)(struct hand *hand);
};

/* hand_store.c: the store as `path` has it now, with its anchor. hand_copy.c: the backup.
 * hand_audit.c: the log. */
enum hand_verdict hand_look_at_store(struct hand *hand);
enum hand_verdict hand_look_at_backup(struct hand *hand);
enum hand_verdict hand_look_at_audit(struct hand *hand);

/* What a store holds that was changed: HAND_UNSEEN or HAND_NAMED when what is read is right. */
enum hand_verdict hand_read_shop(struct hand *hand, struct shop *shop);

__attribute__((format(printf, 2, 3))) enum hand_verdict hand_wrong(
	struct hand *hand, const char *format, ...);

#endif
