/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as what the files of an audit log hold: a state, a header, a frame, a record's body,
 * and as a file behind a sound state. What is taken packs to the same bytes again, and its lines
 * are lines. The first byte says which. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/audit/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static const uint8_t id[SEAL_ID_BYTES] = "an id of a log";
static const uint8_t key[SEAL_KEY_BYTES] = "thirty-two bytes of a chain key";

static void check_line(const char *line, size_t length)
{
	if (!length || strlen(line) != length || line[length - 1] != '\n')
		abort();
	for (size_t i = 0; i + 1 < length; i++)
		if (line[i] < ' ' || line[i] > '~')
			abort();
}

static void try_body(const uint8_t *bytes, size_t length)
{
	struct audit_record record;
	struct audit_source source;
	uint8_t again[AUDIT_BODY_MAX];
	char line[AUDIT_LINE_MAX];

	if (audit_unpack(bytes, length, &record, &source, NULL) < 0)
		return;
	if (audit_pack(&record, &source, again) != length || memcmp(again, bytes, length))
		abort();
	check_line(line, audit_format_json(&record, 1, line));
}

/* With its check made good, so that what is behind it is reached. */
static void try_state(const uint8_t *bytes, size_t length)
{
	uint8_t state_bytes[STATE_BYTES] = { 0 }, again[STATE_BYTES];
	struct state state;

	memcpy(state_bytes, bytes, length < STATE_BYTES ? length : STATE_BYTES);
	if (!state_unpack(state_bytes, id, &state, NULL) && length < STATE_BYTES)
		abort();
	memcpy(state_bytes + 8, id, sizeof id);
	chain_check(state_bytes, STATE_BYTES - CHAIN_CHECK_BYTES,
		state_bytes + STATE_BYTES - CHAIN_CHECK_BYTES);
	if (state_unpack(state_bytes, id, &state, NULL) < 0)
		return;
	state_pack(&state, id, again);
	/* But for what is padding. */
	if (memcmp(again + 8, state_bytes + 8, 288))
		abort();
}

static void try_header(const uint8_t *bytes, size_t length)
{
	uint8_t head[HEADER_HEAD] = { 0 }, again[HEADER_HEAD];
	struct header header;

	memcpy(head, bytes, length < sizeof head ? length : sizeof head);
	memcpy(head + 8, id, sizeof id);
	if (header_unpack(head, id, 1, &header, NULL) < 0)
		return;
	header_pack(&header, id, again);
	if (memcmp(again + 8, head + 8, sizeof head - 8))
		abort();
}

/* A file of these bytes, frame by frame: nothing of it was sealed, so nothing opens. */
static void try_frames(const uint8_t *bytes, size_t length)
{
	struct chain chain = { 0 };
	struct frame_head head;
	uint8_t body[AUDIT_BODY_MAX];

	chain_begin(&chain, key, id, 1);
	while (length >= FRAME_HEAD && frame_unpack(bytes, &head)) {
		size_t size = FRAME_HEAD + head.body + CHAIN_OVERHEAD;

		if (size > FRAME_MAX)
			abort();
		if (size > length)
			return;
		if (!chain_open(&chain, bytes, FRAME_HEAD, bytes + FRAME_HEAD,
			    head.body + CHAIN_OVERHEAD, body, NULL))
			abort();
		bytes += size;
		length -= size;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static void (*const tries[])(const uint8_t *bytes, size_t length) = { try_body, try_state,
		try_header, try_frames };

	if (seal_start(NULL) < 0)
		abort();
	if (length)
		tries[bytes[0] % 4](bytes + 1, length - 1);
	return 0;
}
