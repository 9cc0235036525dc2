/* SPDX-License-Identifier: Apache-2.0 */
/* Where the worker has things that belong to its store: store_place.c. A backup or a restore is
 * begun, gone on with and ended by requests of operators, one at a time each; their files lie in
 * directories of their own beside the store, which go with them, and with the core that made them.
 */
#ifndef TACIT_CONTROL_STORE_PLACE_H
#define TACIT_CONTROL_STORE_PLACE_H

#include "core/control/call.h"
#include "core/store/backup.h"

#define STORE_PATH_MAX 512 /* bytes of a path with its NUL: a root, the store's, and a name */

#define STORE_BACKUP "/backup"
#define STORE_RESTORE "/restore"

/* TACIT_STORE_DIR of this instance, followed by `below`. */
void store_path(const struct core *core, const char *below, char path[STORE_PATH_MAX]);

/* vault_announce() beside the configured anchor, if there is to be one. */
int store_announce(const struct core *core, const struct vault *copy, struct err *err);

/* restore.c */
struct restore;
void restore_end(struct restore *restore); /* NULL does nothing; its file stays */

/* load.c: what is in the vault, which stays open, in place of what is in memory. Open files end.
 * On failure the agent is locked. */
int core_reload(struct core *core, struct err *err);

/* accept.c: let the rows that are damaged go, or be what they are, and what spoke of them go; all
 * that is left is read again. How many problems there were is in *count. A store that was accepted
 * and then not settled, for core died in between, is settled when this is done again. */
int store_accept(struct core *core, enum vault_acceptance how, size_t *count, struct err *err);

#endif
