/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/pack.h"
#include "core/audit/internal.h"

static const uint8_t file_magic[4] = { 't', 'a', 'c', 'e' };
static const uint8_t state_magic[4] = { 't', 'a', 'c', 't' };

#define STATE_CHECKED (STATE_BYTES - CHAIN_CHECK_BYTES) /* in every version */

static uint8_t *put(uint8_t *at, const void *bytes, size_t length)
{
	memcpy(at, bytes, length);
	return at + length;
}

static uint8_t *put_number(uint8_t *at, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		at[i] = (uint8_t)(value >> 8 * i);
	return at + size;
}

static uint8_t *put_start(uint8_t *at, const uint8_t magic[4], uint8_t third)
{
	at = put(at, magic, 4);
	*at++ = AUDIT_VERSION;
	*at++ = AUDIT_ALGORITHM;
	*at++ = third;
	*at++ = 0;
	return at;
}

void header_pack(
	const struct header *header, const uint8_t id[SEAL_ID_BYTES], uint8_t bytes[HEADER_HEAD])
{
	uint8_t *at = put_start(bytes, file_magic, (uint8_t)header->origin);

	at = put(at, id, SEAL_ID_BYTES);
	at = put_number(at, header->file, 8);
	at = put_number(at, header->next, 8);
	at = put_number(at, header->created_ns, 8);
	at = put_number(at, header->oldest, 8);
	put(at, header->link, CHAIN_LINK_BYTES);
}

int header_unpack(const uint8_t bytes[HEADER_HEAD], const uint8_t id[SEAL_ID_BYTES], uint64_t file,
	struct header *header, struct err *err)
{
	struct unpack from = { .at = bytes + 8, .left = HEADER_HEAD - 8 };
	uint8_t its_id[SEAL_ID_BYTES];

	if (memcmp(bytes, file_magic, 4) || !bytes[4])
		return err_set(err, TACIT_CORRUPT, "not a file of an audit log");
	if (bytes[4] > AUDIT_VERSION)
		return err_set(err, TACIT_NEWER,
			"audit log of format %u; this tacit knows up to %u", bytes[4],
			AUDIT_VERSION);
	header->origin = bytes[6];
	unpack_bytes(&from, its_id, sizeof its_id);
	header->file = unpack_u64(&from);
	header->next = unpack_u64(&from);
	header->created_ns = unpack_u64(&from);
	header->oldest = unpack_u64(&from);
	unpack_bytes(&from, header->link, CHAIN_LINK_BYTES);
	if (bytes[5] != AUDIT_ALGORITHM || !header->origin || header->origin >= ORIGINS ||
		memcmp(its_id, id, SEAL_ID_BYTES) || header->file != file || !header->next)
		return err_set(err, TACIT_CORRUPT, "a file of another audit log or place");
	return 0;
}

void frame_pack(const struct frame_head *head, uint8_t bytes[FRAME_HEAD])
{
	uint8_t *at = put_number(bytes, head->body, 4);

	at = put_number(at, head->number, 8);
	put(at, head->link, CHAIN_LINK_BYTES);
}

bool frame_unpack(const uint8_t bytes[FRAME_HEAD], struct frame_head *head)
{
	struct unpack from = { .at = bytes, .left = FRAME_HEAD };

	head->body = unpack_u32(&from);
	head->number = unpack_u64(&from);
	unpack_bytes(&from, head->link, CHAIN_LINK_BYTES);
	return head->body && head->body <= AUDIT_BODY_MAX && head->body % AUDIT_PAD == 0;
}

void state_pack(
	const struct state *state, const uint8_t id[SEAL_ID_BYTES], uint8_t bytes[STATE_BYTES])
{
	uint8_t *at = put_start(bytes, state_magic, 0);

	memset(at, 0, STATE_BYTES - 8);
	at = put(at, id, SEAL_ID_BYTES);
	at = put_number(at, state->generation, 8);
	at = put_number(at, state->file, 8);
	at = put_number(at, state->offset, 8);
	at = put_number(at, state->number, 8);
	at = put_number(at, state->oldest, 8);
	at = put(at, state->chain.step, SEAL_KEY_BYTES);
	at = put(at, state->chain.link, CHAIN_LINK_BYTES);
	at = put(at, state->marks.ring, AUDIT_RING_ID_BYTES);
	at = put_number(at, state->marks.lost, 8);
	for (int i = 0; i < AUDIT_LANES; i++)
		at = put_number(at, state->marks.taken[i], 8);
	chain_check(bytes, STATE_CHECKED, bytes + STATE_CHECKED);
}

static bool get_state(struct unpack *from, const uint8_t id[SEAL_ID_BYTES], struct state *state)
{
	uint8_t its_id[SEAL_ID_BYTES];

	unpack_bytes(from, its_id, sizeof its_id);
	state->generation = unpack_u64(from);
	state->file = unpack_u64(from);
	state->offset = unpack_u64(from);
	state->number = unpack_u64(from);
	state->oldest = unpack_u64(from);
	unpack_bytes(from, state->chain.step, SEAL_KEY_BYTES);
	unpack_bytes(from, state->chain.link, CHAIN_LINK_BYTES);
	unpack_bytes(from, state->marks.ring, AUDIT_RING_ID_BYTES);
	state->marks.lost = unpack_u64(from);
	for (int i = 0; i < AUDIT_LANES; i++)
		state->marks.taken[i] = unpack_u64(from);
	return !from->failed && !memcmp(its_id, id, SEAL_ID_BYTES) && state->file &&
	       state->offset >= HEADER_BYTES && state->offset <= INT64_MAX && state->oldest &&
	       state->oldest <= state->file;
}

int state_unpack(const uint8_t bytes[STATE_BYTES], const uint8_t id[SEAL_ID_BYTES],
	struct state *state, struct err *err)
{
	struct unpack from = { .at = bytes + 8, .left = STATE_CHECKED - 8 };
	uint8_t check[CHAIN_CHECK_BYTES];

	chain_check(bytes, STATE_CHECKED, check);
	if (memcmp(bytes, state_magic, 4) || memcmp(check, bytes + STATE_CHECKED, sizeof check))
		return err_set(err, TACIT_CORRUPT, "the state of the audit log is damaged");
	if (bytes[4] > AUDIT_VERSION)
		return err_set(err, TACIT_NEWER,
			"audit log of format %u; this tacit knows up to %u", bytes[4],
			AUDIT_VERSION);
	if (bytes[4] == AUDIT_VERSION && bytes[5] == AUDIT_ALGORITHM && get_state(&from, id, state))
		return 0;
	seal_wipe(state, sizeof *state);
	return err_set(err, TACIT_CORRUPT, "the state is another audit log's");
}

bool state_find_id(const uint8_t bytes[STATE_BYTES], uint8_t id[SEAL_ID_BYTES])
{
	uint8_t check[CHAIN_CHECK_BYTES];

	chain_check(bytes, STATE_CHECKED, check);
	if (memcmp(bytes, state_magic, 4) || memcmp(check, bytes + STATE_CHECKED, sizeof check))
		return false;
	memcpy(id, bytes + 8, SEAL_ID_BYTES);
	return true;
}

void marks_add(struct audit_marks *marks, const struct audit_source *source)
{
	if (source->lane < AUDIT_LANES)
		marks->taken[source->lane] = source->taken;
	else
		marks->lost = source->taken;
}
