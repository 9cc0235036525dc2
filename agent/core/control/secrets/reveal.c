/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of a value: itself, to an operator whom it is sealed to, and its keyed hash. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/control/audit/auditor.h"
#include "core/control/call.h"
#include "seal/transit.h"
#include "seal/valuehash.h"

int secret_open_version(struct call *call, const struct version_record *version, uint8_t **plain,
	size_t *length, struct err *err)
{
	struct vault *vault = call->core->vault;
	uint8_t *sealed;
	size_t sealed_length, room;
	int status = vault_load_value(vault, version->value_id, &sealed, &sealed_length, err);

	if (status < 0)
		return status;
	room = vault_plain_room(sealed_length);
	*plain = seal_alloc(room);
	status = *plain ? vault_open_value(vault, version->value_id, sealed, sealed_length, *plain,
				  room, length, err)
			: err_set(err, TACIT_LIMIT, "no locked memory left");
	free(sealed);
	if (status < 0)
		seal_free(*plain);
	return status;
}

/* The kept version that a request means. */
static const struct version_record *find_version(
	const struct call *call, const struct secret *secret, struct err *err)
{
	const struct version_record *version =
		call->request->version ? secret_version(secret, call->request->version)
				       : &secret_current(secret)->version;

	if (!version)
		err_set(err, TACIT_NOT_FOUND, "this version of it is not kept");
	return version;
}

/* The value that a request means: a secret's, or the one that comes with it. */
static int open_meant(struct call *call, const struct secret *secret, uint64_t *number,
	uint8_t **plain, size_t *length, struct err *err)
{
	const struct handover_keys *keys = call->core->keys;
	const struct version_record *version;

	if (!secret)
		return transit_open(keys->transit_public, keys->transit_secret, "hash", call->body,
			call->request->body_length, plain, length, err);
	version = find_version(call, secret, err);
	if (!version)
		return -TACIT_NOT_FOUND;
	*number = version->number;
	return secret_open_version(call, version, plain, length, err);
}

int call_audit_hash(struct call *call, struct err *err)
{
	const struct audit_options *log = auditor_options(call->core);
	const char *name = call->request->secret[0] ? call->request->secret : NULL;
	const struct secret *secret = name ? secret_find(call, err) : NULL;
	char hash[VALUEHASH_TEXT];
	uint64_t number = 0;
	uint8_t *plain;
	size_t length;
	int status;

	if (name && !secret)
		return -TACIT_NOT_FOUND;
	if (!log)
		return err_set(err, TACIT_UNAVAILABLE,
			"there is no audit log, whose key it is made with; 'tacit status' says "
			"why");
	status = open_meant(call, secret, &number, &plain, &length, err);
	if (status < 0)
		return status;
	valuehash(log->key, plain, length, hash);
	seal_free(plain);
	/* So that the log says what value it was of which it tells. */
	if (name)
		auditor_note(call->core, "value-hash", name, number, NULL, hash);
	doc_open(&call->reply, NULL, DOC_OBJECT);
	doc_text(&call->reply, "hash", hash);
	if (name)
		doc_text(&call->reply, "secret", name);
	if (name)
		doc_number(&call->reply, "version", number);
	doc_close(&call->reply);
	return 0;
}

int call_secret_reveal(struct call *call, struct err *err)
{
	const struct secret *secret = secret_find(call, err);
	const struct version_record *version;
	char context[TACIT_TRANSIT_CONTEXT_MAX];
	uint8_t *plain, *sealed;
	size_t length, size;
	int status;

	if (!secret)
		return -TACIT_NOT_FOUND;
	version = find_version(call, secret, err);
	if (!version)
		return -TACIT_NOT_FOUND;
	status = secret_open_version(call, version, &plain, &length, err);
	if (status < 0)
		return status;
	snprintf(context, sizeof context, "reveal:%s", secret->record.name);
	size = transit_sealed_size(context, length);
	sealed = malloc(size);
	status =
		sealed ? transit_seal(call->request->reply_key, context, plain, length, sealed, err)
		       : err_set(err, TACIT_LIMIT, "out of memory");
	if (status == 0)
		pack_bytes(&call->reply, sealed, size);
	free(sealed);
	seal_free(plain);
	return status;
}
