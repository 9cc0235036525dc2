/* SPDX-License-Identifier: Apache-2.0 */
#include "core/model/blob.h"

#include <stdlib.h>

#include "base/cleanup.h"

struct blob *blob_new(const struct version_record *version, uint8_t *sealed, size_t sealed_length)
{
	struct blob *blob = calloc(1, sizeof *blob);

	if (!blob)
		return NULL;
	blob->version = *version;
	blob->sealed = sealed;
	blob->sealed_length = sealed_length;
	return blob;
}

/* Under plain_mutex. */
static void drop_plain(struct model *model, struct blob *blob)
{
	if (!blob->plain)
		return;
	seal_pool_put(model->pool, blob->plain, vault_plain_room(blob->sealed_length));
	blob->plain = NULL;
	model->plain_bytes -= vault_plain_room(blob->sealed_length);
}

void blob_discard(struct model *model, struct blob **place)
{
	struct blob *blob = *place;

	*place = blob->next;
	pthread_mutex_lock(&model->plain_mutex);
	drop_plain(model, blob);
	pthread_mutex_unlock(&model->plain_mutex);
	free(blob->sealed);
	free(blob);
}

struct blob *secret_current(const struct secret *secret)
{
	return secret_blob(secret, secret->record.current);
}

struct blob *secret_previous(const struct model *model, const struct secret *secret)
{
	const struct secret_record *record = &secret->record;

	if (!record->previous ||
		(record->previous_until_ns && model_now_ns(model) >= record->previous_until_ns))
		return NULL;
	return secret_blob(secret, record->previous);
}

struct blob *secret_blob(const struct secret *secret, uint64_t number)
{
	struct blob *blob = secret->blobs;

	while (blob && blob->version.number != number)
		blob = blob->next;
	return blob;
}

struct blob *secret_add_blob(struct secret *secret, const struct version_record *version,
	uint8_t *sealed, size_t sealed_length)
{
	struct blob *blob = blob_new(version, sealed, sealed_length);

	if (!blob) {
		free(sealed);
		return NULL;
	}
	blob->next = secret->blobs;
	secret->blobs = blob;
	return blob;
}

void blob_hold(struct model *model, struct blob *blob)
{
	hold_mutex(&model->plain_mutex);
	blob->holders++;
}

void blob_release(struct model *model, struct blob *blob)
{
	hold_mutex(&model->plain_mutex);
	/* An old one stays, sealed, until the next rotation settles the list: readers do not change
	 * what other readers walk. */
	if (blob->holders && !--blob->holders)
		drop_plain(model, blob);
}

static bool is_spoken_of(const struct secret_record *record, uint64_t number)
{
	return number == record->current || number == record->previous || number == record->next;
}

void blob_settle(struct model *model, struct secret *secret)
{
	struct blob **place = &secret->blobs;

	while (*place)
		if ((*place)->holders || (*place)->pins ||
			is_spoken_of(&secret->record, (*place)->version.number) ||
			bundle_keeps(secret, (*place)->version.number))
			place = &(*place)->next;
		else
			blob_discard(model, place);
}

int blob_plain(struct model *model, const struct vault *vault, struct blob *blob,
	const uint8_t **plain, struct err *err)
{
	size_t room = vault_plain_room(blob->sealed_length), length;
	int status;

	hold_mutex(&model->plain_mutex);
	if (!blob->plain) {
		if (model->plain_bytes + room > MODEL_PLAIN_MAX)
			return err_set(err, TACIT_LIMIT,
				"more than %u bytes of plaintext in open files", MODEL_PLAIN_MAX);
		blob->plain = seal_pool_get(model->pool, room);
		if (!blob->plain)
			return err_set(err, TACIT_LIMIT, "no locked memory left");
		model->plain_bytes += room;
		status = vault_open_value(vault, blob->version.value_id, blob->sealed,
			blob->sealed_length, blob->plain, room, &length, err);
		if (status == 0 && length != blob->version.size)
			status = err_set(
				err, TACIT_CORRUPT, "a value of another size than its record says");
		if (status < 0) {
			drop_plain(model, blob);
			return status;
		}
	}
	*plain = blob->plain;
	return 0;
}
