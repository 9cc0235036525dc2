/* SPDX-License-Identifier: Apache-2.0 */
#include "core/audit/record.h"

#include <string.h>

#include "base/pack.h"

#define LAYOUT 1
#define LENGTH_BYTES 2 /* before the packed record: its length without the padding */

/* Whatever is in the ring, what goes to the disk keeps to the fields. */
static void put_text(struct pack *pack, const char *text, size_t room)
{
	size_t length = strnlen(text, room - 1);

	pack_u16(pack, (uint16_t)length);
	pack_bytes(pack, text, length);
}

size_t audit_pack(const struct audit_record *record, const struct audit_source *source,
	uint8_t body[AUDIT_BODY_MAX])
{
	struct pack pack = { .limit = AUDIT_BODY_MAX - LENGTH_BYTES };
	size_t length;

	pack_u8(&pack, LAYOUT);
	pack_u8(&pack, source->lane);
	pack_u64(&pack, source->taken);
	pack_u8(&pack, (uint8_t)record->kind);
	pack_u64(&pack, record->time_ns);
	pack_u64(&pack, record->unique);
	pack_u64(&pack, record->version);
	pack_u32(&pack, record->pid);
	pack_u32(&pack, record->uid);
	pack_u32(&pack, record->operator_uid);
	pack_u32(&pack, record->count);
	pack_bytes(&pack, record->secret_id, sizeof record->secret_id);
	put_text(&pack, record->container, sizeof record->container);
	put_text(&pack, record->comm, sizeof record->comm);
	put_text(&pack, record->act, sizeof record->act);
	put_text(&pack, record->rule, sizeof record->rule);
	put_text(&pack, record->outcome, sizeof record->outcome);
	put_text(&pack, record->consumer, sizeof record->consumer);
	put_text(&pack, record->secret, sizeof record->secret);
	length = (LENGTH_BYTES + pack.length + AUDIT_PAD - 1) / AUDIT_PAD * AUDIT_PAD;
	if (pack.failed)
		length = 0;
	memset(body, 0, length);
	if (length) {
		body[0] = (uint8_t)pack.length;
		body[1] = (uint8_t)(pack.length >> 8);
		memcpy(body + LENGTH_BYTES, pack.bytes, pack.length);
	}
	pack_free(&pack);
	return length;
}

static void get_fields(struct unpack *from, struct audit_record *record)
{
	record->kind = unpack_u8(from);
	record->time_ns = unpack_u64(from);
	record->unique = unpack_u64(from);
	record->version = unpack_u64(from);
	record->pid = unpack_u32(from);
	record->uid = unpack_u32(from);
	record->operator_uid = unpack_u32(from);
	record->count = unpack_u32(from);
	unpack_bytes(from, record->secret_id, sizeof record->secret_id);
	unpack_text(from, record->container, sizeof record->container);
	unpack_text(from, record->comm, sizeof record->comm);
	unpack_text(from, record->act, sizeof record->act);
	unpack_text(from, record->rule, sizeof record->rule);
	unpack_text(from, record->outcome, sizeof record->outcome);
	unpack_text(from, record->consumer, sizeof record->consumer);
	unpack_text(from, record->secret, sizeof record->secret);
}

/* The bytes of the packed record within a body whose padding is what audit_pack() makes. */
static bool find_packed(const uint8_t *body, size_t length, struct unpack *packed)
{
	struct unpack from = { .at = body, .left = length };

	if (!length || length % AUDIT_PAD || length > AUDIT_BODY_MAX)
		return false;
	packed->left = unpack_u16(&from);
	packed->at = from.at;
	if (packed->left > from.left || from.left - packed->left >= AUDIT_PAD)
		return false;
	for (size_t i = packed->left; i < from.left; i++)
		if (from.at[i])
			return false;
	return true;
}

int audit_unpack(const uint8_t *body, size_t length, struct audit_record *record,
	struct audit_source *source, struct err *err)
{
	struct unpack packed = { 0 };
	uint8_t layout;

	memset(record, 0, sizeof *record);
	if (!find_packed(body, length, &packed))
		return err_set(err, TACIT_CORRUPT, "an audit record of another size");
	layout = unpack_u8(&packed);
	if (layout > LAYOUT)
		return err_set(err, TACIT_NEWER,
			"audit record of layout %u; this tacit knows up to %u", layout, LAYOUT);
	source->lane = unpack_u8(&packed);
	source->taken = unpack_u64(&packed);
	get_fields(&packed, record);
	if (layout && unpack_done(&packed) && record->kind && record->kind < AUDIT_KINDS &&
		(source->lane < AUDIT_LANES || source->lane == AUDIT_LANE_NONE))
		return 0;
	memset(record, 0, sizeof *record);
	return err_set(err, TACIT_CORRUPT, "not an audit record");
}

const char *audit_kind_word(uint32_t kind)
{
	static const char *const words[AUDIT_KINDS] = {
		[AUDIT_READ] = "read",
		[AUDIT_DENIAL] = "denial",
		[AUDIT_CHANGE] = "change",
		[AUDIT_AGENT] = "agent",
	};

	return kind && kind < AUDIT_KINDS ? words[kind] : "?";
}
