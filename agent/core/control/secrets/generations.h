/* SPDX-License-Identifier: Apache-2.0 */
/* Records of bundles as they will be: what a change makes of their generations. The worker's;
 * nothing here changes the model or the store. */
#ifndef TACIT_CONTROL_GENERATIONS_H
#define TACIT_CONTROL_GENERATIONS_H

#include "core/control/core.h"

#define BUNDLE_KEEP                                                                                \
	8 /* generations kept although nobody reads them: FOLDER@N of the last changes */

/* The bundle that a secret of this name is a member of, or would be if it were made; NULL: none. */
struct bundle *bundle_above(const struct model *model, const char *secret);

/* The record of a bundle that is made now: a first generation of the secrets that are there already
 * below its name. TACIT_EXISTS; TACIT_LIMIT: there are too many; TACIT_INVALID: one is a template. */
int generation_first(
	const struct core *core, const char *name, struct bundle_record *record, struct err *err);
/* The record of a bundle with one generation more, which is as the last one was. Of the others
 * those stay that are read, or are among the last. TACIT_LIMIT: too many of them are read. */
int generation_next(const struct core *core, const struct bundle *bundle,
	struct bundle_record *record, struct err *err);
/* The version that a secret has in the last generation of a record; it becomes a member if it is
 * none. TACIT_LIMIT: there are VAULT_MEMBERS_MAX. */
int generation_set(struct bundle_record *record, const uint8_t secret_id[SEAL_ID_BYTES],
	uint64_t number, struct err *err);
/* Take a member out: of every generation, for its versions go with it. */
void generation_drop(struct bundle_record *record, uint32_t member);

#endif
