/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "core/store/records_parts.h"

#define LAYOUT 1

int records_container_id(const char *container_id, uint8_t id[SEAL_ID_BYTES], struct err *err)
{
	if (!container_id_ok(container_id))
		return err_set(
			err, TACIT_INVALID, "a container's id has %d digits", CONTAINER_ID_LENGTH);
	records_from_hex(container_id, id, SEAL_ID_BYTES);
	return 0;
}

int records_pack_container(
	const struct container_facts *container, struct pack *to, struct err *err)
{
	uint8_t id[RECORDS_CONTAINER_BYTES];
	int result = container_facts_check(container, err);

	if (result < 0)
		return result;
	records_from_hex(container->id, id, sizeof id);
	records_start(to, RECORD_CONTAINER, LAYOUT);
	pack_bytes(to, id + SEAL_ID_BYTES, sizeof id - SEAL_ID_BYTES);
	pack_u8(to, container->engine);
	pack_u8(to, container->labels_cut ? 1 : 0);
	pack_text(to, container->name);
	pack_text(to, container->project);
	pack_text(to, container->service);
	pack_text(to, container->image);
	pack_text(to, container->image_id);
	for (int i = 0; i < CONTAINER_DIGESTS_MAX; i++)
		pack_text(to, container->digest[i]);
	pack_blob(to, container->labels, container->labels_length);
	return records_packed(to, err);
}

static uint8_t unpack_flag(struct unpack *from)
{
	uint8_t flag = unpack_u8(from);

	from->failed = from->failed || flag > 1;
	return flag;
}

static void unpack_labels(struct unpack *from, struct container_facts *container)
{
	size_t length;
	const uint8_t *labels = unpack_blob(from, &length);

	if (length > sizeof container->labels) {
		from->failed = true;
		return;
	}
	if (length)
		memcpy(container->labels, labels, length);
	container->labels_length = (uint32_t)length;
}

int records_unpack_container(const uint8_t id[SEAL_ID_BYTES], const uint8_t *bytes, size_t length,
	struct container_facts *container, struct err *err)
{
	struct unpack from = { .at = bytes, .left = length };
	uint8_t whole[RECORDS_CONTAINER_BYTES], layout;
	int result = records_begin(&from, RECORD_CONTAINER, LAYOUT, &layout, err);

	if (result < 0)
		return result;
	memset(container, 0, sizeof *container);
	memcpy(whole, id, SEAL_ID_BYTES);
	unpack_bytes(&from, whole + SEAL_ID_BYTES, sizeof whole - SEAL_ID_BYTES);
	records_to_hex(whole, sizeof whole, container->id);
	container->engine = unpack_u8(&from);
	container->labels_cut = unpack_flag(&from);
	unpack_text(&from, container->name, sizeof container->name);
	unpack_text(&from, container->project, sizeof container->project);
	unpack_text(&from, container->service, sizeof container->service);
	unpack_text(&from, container->image, sizeof container->image);
	unpack_text(&from, container->image_id, sizeof container->image_id);
	for (int i = 0; i < CONTAINER_DIGESTS_MAX; i++)
		unpack_text(&from, container->digest[i], sizeof container->digest[i]);
	unpack_labels(&from, container);
	return records_end(&from, container_facts_check(container, NULL), err);
}
