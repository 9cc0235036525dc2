/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/names.h"
#include "core/store/records_parts.h"

#define LAYOUT 1

static int check_consumer(const struct consumer_record *consumer, struct err *err)
{
	int result = name_check_consumer(consumer->consumer, err);

	if (result < 0)
		return result;
	if (consumer->rule_count > BINDING_RULES_MAX)
		return err_set(
			err, TACIT_INVALID, "a consumer has at most %d rules", BINDING_RULES_MAX);
	for (uint32_t i = 0; !result && i < consumer->rule_count; i++)
		result = binding_check(consumer->rules[i], err);
	return result;
}

int records_pack_consumer(const struct consumer_record *consumer, struct pack *to, struct err *err)
{
	int result = check_consumer(consumer, err);

	if (result < 0)
		return result;
	records_start(to, RECORD_CONSUMER, LAYOUT);
	pack_text(to, consumer->consumer);
	pack_u64(to, consumer->frozen_ns);
	pack_u8(to, (uint8_t)consumer->rule_count);
	for (uint32_t i = 0; i < consumer->rule_count; i++)
		pack_text(to, consumer->rules[i]);
	return records_packed(to, err);
}

int records_unpack_consumer(const uint8_t id[SEAL_ID_BYTES], const uint8_t *bytes, size_t length,
	struct consumer_record *consumer, struct err *err)
{
	struct unpack from = { .at = bytes, .left = length };
	uint8_t layout;
	int result = records_begin(&from, RECORD_CONSUMER, LAYOUT, &layout, err);

	if (result < 0)
		return result;
	memset(consumer, 0, sizeof *consumer);
	memcpy(consumer->id, id, SEAL_ID_BYTES);
	unpack_text(&from, consumer->consumer, sizeof consumer->consumer);
	consumer->frozen_ns = unpack_u64(&from);
	consumer->rule_count = unpack_u8(&from);
	for (uint32_t i = 0; i < consumer->rule_count && i < BINDING_RULES_MAX; i++)
		unpack_text(&from, consumer->rules[i], sizeof consumer->rules[i]);
	return records_end(&from, check_consumer(consumer, NULL), err);
}
