/* SPDX-License-Identifier: Apache-2.0 */
/* What lies around the store: its anchor, and the files of backups and restores. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/control/store/store_place.h"

/* NULL: there is none. */
static const char *anchor_path(const struct core *core, char path[STORE_PATH_MAX])
{
	if (!strcmp(core->config.anchor, "none"))
		return NULL;
	snprintf(path, STORE_PATH_MAX, "%s%s", core->root, core->config.anchor);
	return path;
}

int core_set_anchor(struct core *core, enum vault_anchoring how, struct err *err)
{
	char path[STORE_PATH_MAX];
	int status;

	status = vault_set_anchor(core->vault, anchor_path(core, path), how, err);
	if (status < 0) {
		vault_close(core->vault);
		core->vault = NULL;
	}
	return status;
}

int store_announce(const struct core *core, const struct vault *copy, struct err *err)
{
	char path[STORE_PATH_MAX];

	return anchor_path(core, path) ? vault_announce(copy, path, err) : 0;
}

void store_path(const struct core *core, const char *below, char path[STORE_PATH_MAX])
{
	snprintf(path, STORE_PATH_MAX, "%s%s%s", core->root, TACIT_STORE_DIR, below);
}

void core_end_transfers(struct core *core)
{
	char path[STORE_PATH_MAX];

	backup_end(core->backup);
	core->backup = NULL;
	restore_end(core->restore);
	core->restore = NULL;
	store_path(core, STORE_BACKUP, path);
	backup_clear(path);
	store_path(core, STORE_RESTORE, path);
	backup_clear(path);
}
