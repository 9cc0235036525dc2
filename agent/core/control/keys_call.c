/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs about what opens the store. */
#include "core/control/call.h"
#include "seal/keyfile.h"
#include "seal/transit.h"

int call_lock(struct call *call, struct err *err)
{
	int status = core_lock(call->core, true, err);

	return status < 0 ? status : call_answer_state(call, "locked");
}

/* The text of a key file, sealed for "unlock". */
static int unlock_with(struct call *call, struct err *err)
{
	const struct handover_keys *keys = call->core->keys;
	uint8_t *text, *key = seal_alloc(SEAL_KEY_BYTES);
	size_t length;
	int status;

	if (!key)
		return err_set(err, TACIT_LIMIT, "no locked memory left");
	status = transit_open(keys->transit_public, keys->transit_secret, "unlock", call->body,
		call->request->body_length, &text, &length, err);
	if (status == 0) {
		status = keyfile_parse((const char *)text, length, key, err);
		seal_free(text);
	}
	if (status == 0)
		status = core_unlock(call->core, key, err);
	seal_free(key);
	return status;
}

int call_unlock(struct call *call, struct err *err)
{
	int status = call->request->body_length ? unlock_with(call, err)
						: core_unlock(call->core, NULL, err);

	return status < 0 ? status : call_answer_state(call, "serving");
}
