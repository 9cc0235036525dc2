/* SPDX-License-Identifier: Apache-2.0 */
/* Key slots as people read them, and a new recovery key, which is shown once. */
#ifndef TACIT_CLI_SLOT_H
#define TACIT_CLI_SLOT_H

#include "cli/opener.h"

#define SLOT_TEXT_MAX 96

/* "key file", "command tpm", into `text`. */
void slot_kind_text(const json_t *slot, char text[SLOT_TEXT_MAX]);
const char *slot_state_text(const json_t *slot);

/* A note when `answer` says that nothing opens the store by itself after a reboot. */
void slot_note_waits(const struct session *session, const json_t *answer);

/* A recovery key that core has taken as `slot`: to standard output, past stdio, with what it is for
 * on standard error; as JSON "recovery_key" in `object`, whose copy of it is wiped. With --quiet
 * the key alone. */
int slot_show_recovery(struct session *session, json_t *object, const json_t *slot,
	const struct opener *recovery, struct err *err);

#endif
