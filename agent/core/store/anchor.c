/* SPDX-License-Identifier: Apache-2.0 */
#include "core/store/anchor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/files.h"
#include "base/pack.h"

#define MAGIC "taca"
#define VERSION 1
#define BODY_BYTES (ANCHOR_BYTES - SETMAC_BYTES)
#define NEW_SUFFIX ".new"

/* The MAC with the data key that the anchor names; false when the ring does not have it. */
static bool make_mac(const uint8_t *bytes, uint32_t key_id, const struct keyring *ring,
	const uint8_t store_id[SEAL_ID_BYTES], uint8_t mac[SETMAC_BYTES])
{
	const uint8_t *data_key = keyring_key(ring, key_id);
	uint8_t key[SEAL_KEY_BYTES];

	if (!data_key)
		return false;
	setmac_key(data_key, store_id, key);
	setmac(key, SETMAC_ANCHOR, 0, store_id, bytes, BODY_BYTES, mac);
	seal_wipe(key, sizeof key);
	return true;
}

void anchor_pack(const struct anchor *anchor, const struct keyring *ring,
	const uint8_t store_id[SEAL_ID_BYTES], uint8_t bytes[ANCHOR_BYTES])
{
	struct pack to = { .bytes = bytes, .room = ANCHOR_BYTES };
	uint8_t mac[SETMAC_BYTES] = { 0 };

	pack_bytes(&to, MAGIC, strlen(MAGIC));
	pack_u32(&to, VERSION);
	pack_bytes(&to, store_id, SEAL_ID_BYTES);
	pack_u32(&to, anchor->key_id);
	pack_u32(&to, 0);
	pack_u64(&to, anchor->generation);
	pack_bytes(&to, anchor->root, SETMAC_BYTES);
	make_mac(bytes, anchor->key_id, ring, store_id, mac);
	pack_bytes(&to, mac, sizeof mac);
}

static int check_head(struct unpack *from, const uint8_t store_id[SEAL_ID_BYTES], struct err *err)
{
	uint8_t magic[4], id[SEAL_ID_BYTES];
	uint32_t version;

	unpack_bytes(from, magic, sizeof magic);
	version = unpack_u32(from);
	if (from->failed || memcmp(magic, MAGIC, sizeof magic) || !version)
		return err_set(err, TACIT_CORRUPT, "not an anchor");
	if (version > VERSION)
		return err_set(err, TACIT_NEWER, "of format %u; this tacit knows up to %u", version,
			VERSION);
	unpack_bytes(from, id, sizeof id);
	if (!from->failed && memcmp(id, store_id, sizeof id))
		return err_set(err, TACIT_WRONG_KEY, "it is another store's");
	return 0;
}

int anchor_unpack(const uint8_t *bytes, size_t length, const struct keyring *ring,
	const uint8_t store_id[SEAL_ID_BYTES], struct anchor *anchor, struct err *err)
{
	struct unpack from = { .at = bytes, .left = length };
	struct anchor read;
	uint8_t mac[SETMAC_BYTES], made[SETMAC_BYTES];
	int result = check_head(&from, store_id, err);

	if (result < 0)
		return result;
	read.key_id = unpack_u32(&from);
	unpack_u32(&from);
	read.generation = unpack_u64(&from);
	unpack_bytes(&from, read.root, sizeof read.root);
	unpack_bytes(&from, mac, sizeof mac);
	if (!unpack_done(&from))
		return err_set(err, TACIT_CORRUPT, "of another size");
	if (!make_mac(bytes, read.key_id, ring, store_id, made))
		return err_set(
			err, TACIT_WRONG_KEY, "it asks for a key that the store does not have");
	if (!setmac_equal(mac, made))
		return err_set(err, TACIT_CORRUPT, "authentication failed");
	*anchor = read;
	return 0;
}

int anchor_read(const char *path, const struct keyring *ring, const uint8_t store_id[SEAL_ID_BYTES],
	struct anchor *anchor, struct err *err)
{
	uint8_t bytes[ANCHOR_BYTES];
	struct err found;
	size_t length;
	int result = file_read(path, bytes, sizeof bytes, &length, &found);

	if (result == -TACIT_TOO_LARGE)
		return err_set(err, TACIT_CORRUPT, "of another size");
	if (result < 0)
		return err_set(err, found.code, "%s", found.text);
	return anchor_unpack(bytes, length, ring, store_id, anchor, err);
}

/* The file and then its name: a rename that is not synced may come back undone. */
static int write_beside(
	int dir, const char *name, const uint8_t bytes[ANCHOR_BYTES], struct err *err)
{
	char fresh[ANCHOR_PATH_MAX + sizeof NEW_SUFFIX];
	_close_ int fd = -1;
	int result;

	snprintf(fresh, sizeof fresh, "%s" NEW_SUFFIX, name);
	if (unlinkat(dir, fresh, 0) < 0 && errno != ENOENT)
		return err_errno(err, errno, TACIT_IO, "remove an anchor cut short");
	fd = openat(dir, fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_errno(err, errno, TACIT_IO, "create an anchor");
	result = file_write_fd(fd, bytes, ANCHOR_BYTES, err);
	if (result < 0)
		return result;
	if (fsync(fd) < 0)
		return err_errno(err, errno, TACIT_IO, "sync an anchor");
	if (renameat(dir, fresh, dir, name) < 0)
		return err_errno(err, errno, TACIT_IO, "rename an anchor");
	return fsync(dir) < 0 ? err_errno(err, errno, TACIT_IO, "sync the anchor's directory") : 0;
}

int anchor_write(const char *path, const struct anchor *anchor, const struct keyring *ring,
	const uint8_t store_id[SEAL_ID_BYTES], struct err *err)
{
	uint8_t bytes[ANCHOR_BYTES];
	char parent[ANCHOR_PATH_MAX];
	const char *slash = strrchr(path, '/');
	_close_ int dir = -1;

	if (!slash || strlen(path) >= sizeof parent || !slash[1])
		return err_set(
			err, TACIT_INVALID, "the anchor's path is no absolute path of a file");
	snprintf(parent, sizeof parent, "%.*s", slash == path ? 1 : (int)(slash - path), path);
	dir = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_errno(err, errno, TACIT_IO, "open the anchor's directory");
	anchor_pack(anchor, ring, store_id, bytes);
	return write_beside(dir, slash + 1, bytes, err);
}
