/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as what was in a sealed record. What is taken obeys every bound that the vault
 * promises, and packs into the same bytes again. */
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "core/store/records.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static const uint8_t id[SEAL_ID_BYTES] = { 8 };

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void compare(struct pack *packed, const uint8_t *bytes, size_t length)
{
	require(packed->length == length && !memcmp(packed->bytes, bytes, length));
	pack_free(packed);
}

static void check_secret(const uint8_t *bytes, size_t length)
{
	static struct secret_record secret;
	struct pack packed = { 0 };
	int status = records_unpack_secret(id, bytes, length, &secret, NULL);

	if (status) {
		require(status == -TACIT_CORRUPT || status == -TACIT_NEWER);
		return;
	}
	require(!name_check_secret(secret.name, NULL));
	require(secret.version_count >= 1 && secret.version_count <= VAULT_VERSIONS_MAX);
	for (uint32_t i = 0; i < secret.version_count; i++) {
		const struct version_record *version = &secret.versions[i];

		require(version->size >= 1 && version->size <= TACIT_VALUE_MAX);
		require(version->number >= 1 && version->number <= secret.last_number);
		require(!i || version->number > version[-1].number);
	}
	require(!records_pack_secret(&secret, &packed, NULL));
	compare(&packed, bytes, length);
}

static void check_grant(const uint8_t *bytes, size_t length)
{
	static struct grant_record grant;
	struct pack packed = { 0 };
	int status = records_unpack_grant(id, bytes, length, &grant, NULL);

	if (status) {
		require(status == -TACIT_CORRUPT || status == -TACIT_NEWER);
		return;
	}
	require(!name_check_consumer(grant.consumer, NULL));
	require(!name_check_file(grant.file, NULL));
	require(grant.mode <= 0777);
	require(!records_pack_grant(&grant, &packed, NULL));
	compare(&packed, bytes, length);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	records_kind(bytes, length);
	check_secret(bytes, length);
	check_grant(bytes, length);
	return 0;
}
