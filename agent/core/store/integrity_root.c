/* SPDX-License-Identifier: Apache-2.0 */
/* The root of a store's rows, and what it has tags of. */
#include <string.h>

#include "base/pack.h"
#include "core/store/integrity_state.h"

static const char *const meta_names[INTEGRITY_METAS] = {
	[INTEGRITY_HEADER] = VAULT_HEADER,
	[INTEGRITY_KEYRING] = VAULT_KEYRING,
	[INTEGRITY_CLOCK] = VAULT_CLOCK,
	[INTEGRITY_AUDIT] = VAULT_AUDIT,
};

const char *integrity_meta_name(size_t meta)
{
	return meta_names[meta];
}

int integrity_tag_meta(struct vault *vault, const uint8_t key[SEAL_KEY_BYTES], size_t meta,
	uint8_t tag[SETMAC_TAG_BYTES], struct err *err)
{
	uint8_t bytes[STORE_META_MAX], name[SEAL_ID_BYTES] = { 0 };
	size_t length = 0;
	int result = vault->engine->get_meta(
		vault->store, meta_names[meta], bytes, sizeof bytes, &length, err);

	if (result < 0 && result != -TACIT_NOT_FOUND)
		return result;
	memcpy(name, meta_names[meta], strlen(meta_names[meta]));
	setmac_tag(key, SETMAC_META, 0, name, bytes, result < 0 ? 0 : length, tag);
	return 0;
}

static const uint8_t list_id[SEAL_ID_BYTES - 1] = "tacit list rows";

void integrity_list_id(uint8_t group, uint8_t id[SEAL_ID_BYTES])
{
	memcpy(id, list_id, sizeof list_id);
	id[sizeof list_id] = group;
}

bool integrity_is_list(const uint8_t id[SEAL_ID_BYTES])
{
	return !memcmp(id, list_id, sizeof list_id) && id[sizeof list_id] < INTEGRITY_GROUPS;
}

void integrity_tag_list(const uint8_t key[SEAL_KEY_BYTES], uint8_t number,
	const struct integrity_group *group, uint8_t tag[SETMAC_TAG_BYTES])
{
	static const uint8_t none[SEAL_ID_BYTES];

	setmac_tag(key, SETMAC_LIST, number, none, group->entries,
		group->count * sizeof *group->entries, tag);
}

static void root_body(const struct integrity_root *root, uint8_t bytes[INTEGRITY_ROOT_BODY])
{
	struct pack to = { .bytes = bytes, .room = INTEGRITY_ROOT_BODY };

	pack_bytes(&to, INTEGRITY_ROOT_MAGIC, strlen(INTEGRITY_ROOT_MAGIC));
	pack_u32(&to, INTEGRITY_ROOT_VERSION);
	pack_u64(&to, root->generation);
	pack_u32(&to, root->key_id);
	pack_u32(&to, 0);
	pack_bytes(&to, root->metas, sizeof root->metas);
	pack_bytes(&to, root->lists, sizeof root->lists);
}

void integrity_pack_root(const struct vault *vault, const uint8_t key[SEAL_KEY_BYTES],
	struct integrity_root *root, uint8_t bytes[INTEGRITY_ROOT_BYTES])
{
	root_body(root, bytes);
	setmac(key, SETMAC_ROOT, 0, vault->store_id, bytes, INTEGRITY_ROOT_BODY, root->mac);
	memcpy(bytes + INTEGRITY_ROOT_BODY, root->mac, SETMAC_BYTES);
}

/* Give `made` the key that data key number `id` leads to; false when the ring has none. */
static bool take_key(const struct vault *vault, struct integrity *made, uint32_t id)
{
	const uint8_t *data_key = keyring_key(vault->ring, id);

	if (data_key)
		setmac_key(data_key, vault->store_id, made->key);
	return data_key;
}

/* Whether the bytes are a root of this store, which is then in `made`. */
static bool unpack_root(
	const struct vault *vault, const uint8_t *bytes, size_t length, struct integrity *made)
{
	struct integrity_root *root = &made->root;
	struct unpack from = { .at = bytes, .left = length };
	uint8_t magic[4], again[INTEGRITY_ROOT_BYTES], mac[SETMAC_BYTES];

	unpack_bytes(&from, magic, sizeof magic);
	unpack_u32(&from);
	root->generation = unpack_u64(&from);
	root->key_id = unpack_u32(&from);
	unpack_u32(&from);
	unpack_bytes(&from, root->metas, sizeof root->metas);
	unpack_bytes(&from, root->lists, sizeof root->lists);
	unpack_bytes(&from, mac, sizeof mac);
	if (!unpack_done(&from) || !take_key(vault, made, root->key_id))
		return false;
	integrity_pack_root(vault, made->key, root, again);
	return setmac_equal(mac, root->mac) && !memcmp(bytes, again, INTEGRITY_ROOT_BODY);
}

/* A store without root, rows or lists is one that nothing was committed to. */
static int start_root(struct vault *vault, struct integrity *made, struct err *err)
{
	static const struct integrity_group none;
	int result = 0;

	memset(&made->root, 0, sizeof made->root);
	made->root.key_id = vault->ring->active;
	take_key(vault, made, made->root.key_id);
	for (size_t i = 0; i < INTEGRITY_GROUPS; i++)
		integrity_tag_list(made->key, (uint8_t)i, &none, made->root.lists[i]);
	for (size_t i = 0; !result && i < INTEGRITY_METAS; i++)
		result = integrity_tag_meta(vault, made->key, i, made->root.metas[i], err);
	return result;
}

int integrity_read_root(struct vault *vault, struct integrity *made, bool *there, struct err *err)
{
	uint8_t bytes[STORE_META_MAX];
	struct unpack version = { .at = bytes + 4, .left = 4 };
	size_t length;
	struct err found;
	int result = vault->engine->get_meta(
		vault->store, INTEGRITY_ROOT, bytes, sizeof bytes, &length, &found);

	*there = result != -TACIT_NOT_FOUND;
	if (result < 0 && result != -TACIT_NOT_FOUND && result != -TACIT_CORRUPT)
		return err_set(err, found.code, "%s", found.text);
	if (!result && length >= INTEGRITY_ROOT_HEAD &&
		!memcmp(bytes, INTEGRITY_ROOT_MAGIC, strlen(INTEGRITY_ROOT_MAGIC)) &&
		unpack_u32(&version) > INTEGRITY_ROOT_VERSION)
		return err_set(err, TACIT_NEWER, "the store's root is of a newer tacit");
	made->rootless = result < 0 || !unpack_root(vault, bytes, length, made);
	return made->rootless ? start_root(vault, made, err) : 0;
}
