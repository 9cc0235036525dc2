/* SPDX-License-Identifier: Apache-2.0 */
/* An older copy of a store is refused, no crash looks like one, and no byte of an anchor can be
 * changed. */
#include "tamper.h"

#include <errno.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/files.h"

#define KILL_POINTS_MAX 32

/* Where the process dies while it writes an anchor: the calls below count down to it. 0: nowhere.
 */
static int steps_to_death;

static void step(void)
{
	if (steps_to_death && !--steps_to_death)
		_exit(9);
}

int fsync(int fd)
{
	(void)fd;
	step();
	return 0;
}

int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	int result;

	step();
	result = (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, 0);
	step();
	return result;
}

int unlinkat(int dir, const char *name, int flags)
{
	step();
	return (int)syscall(SYS_unlinkat, dir, name, flags);
}

ssize_t write(int fd, const void *bytes, size_t length)
{
	ssize_t half;

	if (!steps_to_death)
		return syscall(SYS_write, fd, bytes, length);
	step();
	half = syscall(SYS_write, fd, bytes, length / 2);
	step();
	if (half != (ssize_t)(length / 2))
		return -1;
	return half + syscall(SYS_write, fd, (const char *)bytes + half, length - (size_t)half);
}

struct place {
	struct fixture *fixture;
	char dir[SCRATCH_MAX]; /* where the anchor is */
	char path[SCRATCH_MAX + 16];
};

static void make_place(struct place *place, struct fixture *fixture)
{
	place->fixture = fixture;
	scratch_make(place->dir);
	snprintf(place->path, sizeof place->path, "%s/anchor", place->dir);
	vault_forget(fixture->vault);
}

static int unlock(struct place *place, enum vault_anchoring how, struct err *err)
{
	struct fixture *fixture = place->fixture;

	if (!fixture->vault)
		attach(fixture);
	vault_forget(fixture->vault);
	assert_int_equal(vault_set_anchor(fixture->vault, place->path, how, err), 0);
	return vault_unlock(fixture->vault, fixture->key, fixture->root, err);
}

static void leave(struct place *place)
{
	vault_close(place->fixture->vault);
	place->fixture->vault = NULL;
}

static uint64_t generation_of(const struct fixture *fixture)
{
	struct vault_standing standing;

	vault_get_standing(fixture->vault, &standing);
	return standing.generation;
}

static void put_one(struct fixture *fixture)
{
	struct secret_record secret = a_secret("s", 1);

	put(fixture->vault, &secret, NULL);
}

/* store.db alone is the store while nobody has it open. */
static uint8_t *copy_store(struct fixture *fixture, size_t *length)
{
	char path[SCRATCH_MAX + 16];

	assert_null(fixture->vault);
	snprintf(path, sizeof path, "%s/store.db", fixture->dir);
	return scratch_read(path, length);
}

static void put_back(struct fixture *fixture, const uint8_t *bytes, size_t length)
{
	char path[SCRATCH_MAX + 16];

	assert_null(fixture->vault);
	scratch_each(fixture->dir, scratch_unlink, NULL);
	snprintf(path, sizeof path, "%s/store.db", fixture->dir);
	scratch_write(path, bytes, length);
}

static void an_older_copy_of_the_store_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct place place;
	uint8_t *older, *newer;
	size_t older_length, newer_length;
	struct err err;

	make_place(&place, fixture);
	must(unlock(&place, VAULT_ANCHOR_CHECK, &err));
	put_one(fixture);
	leave(&place);
	older = copy_store(fixture, &older_length);
	must(unlock(&place, VAULT_ANCHOR_CHECK, &err));
	put_one(fixture);
	leave(&place);
	newer = copy_store(fixture, &newer_length);

	put_back(fixture, older, older_length);
	must_be(TACIT_STALE, unlock(&place, VAULT_ANCHOR_CHECK, &err));
	assert_non_null(strstr(err.text, "generation 1 and its anchor of 2"));
	assert_false(vault_is_open(fixture->vault));
	leave(&place);
	put_back(fixture, newer, newer_length);
	must(unlock(&place, VAULT_ANCHOR_CHECK, &err));
	leave(&place);

	/* An operator says that the older one it is: from there it goes above the newer one. */
	put_back(fixture, older, older_length);
	must(unlock(&place, VAULT_ANCHOR_REPLACE, &err));
	assert_int_equal(generation_of(fixture), 1);
	put_one(fixture);
	assert_int_equal(generation_of(fixture), 3);
	leave(&place);
	must(unlock(&place, VAULT_ANCHOR_CHECK, &err));
	leave(&place);
	put_back(fixture, newer, newer_length);
	must_be(TACIT_STALE, unlock(&place, VAULT_ANCHOR_CHECK, &err));
	free(older);
	free(newer);
	scratch_remove(place.dir);
}

static void an_emptied_store_is_an_older_one(void **state)
{
	struct fixture *fixture = *state;
	struct place place;
	struct err err;

	make_place(&place, fixture);
	must(unlock(&place, VAULT_ANCHOR_CHECK, &err));
	put_one(fixture);
	vault_forget(fixture->vault);
	alter(fixture, "DELETE FROM record", NULL);
	alter(fixture, "DELETE FROM meta WHERE name = 'root'", NULL);
	must_be(TACIT_STALE, unlock(&place, VAULT_ANCHOR_CHECK, &err));
	scratch_remove(place.dir);
}

/* Two copies of one store, both written to: the same generation, and not the same rows. */
static void another_history_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct place place;
	uint8_t *copy;
	size_t length;
	struct err err;

	make_place(&place, fixture);
	leave(&place);
	copy = copy_store(fixture, &length);
	must(unlock(&place, VAULT_ANCHOR_CHECK, &err));
	put_one(fixture);
	leave(&place);
	put_back(fixture, copy, length);
	attach_and_unlock(fixture); /* without the anchor */
	put_one(fixture);
	must_be(TACIT_STALE, unlock(&place, VAULT_ANCHOR_CHECK, &err));
	assert_non_null(strstr(err.text, "both of generation 1"));
	free(copy);
	scratch_remove(place.dir);
}

static void a_missing_anchor_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct place place;
	struct stat status;
	struct err err;

	make_place(&place, fixture);
	must(unlock(&place, VAULT_ANCHOR_CHECK, &err)); /* nothing was committed: it is made */
	assert_int_equal(stat(place.path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(status.st_size, ANCHOR_BYTES);
	put_one(fixture);
	unlink(place.path);
	must_be(TACIT_STALE, unlock(&place, VAULT_ANCHOR_CHECK, &err));
	assert_non_null(strstr(err.text, "anchor is missing"));
	must(unlock(&place, VAULT_ANCHOR_REPLACE, &err));
	must(unlock(&place, VAULT_ANCHOR_CHECK, &err));
	scratch_remove(place.dir);
}

/* A store is ahead of its anchor when the machine stopped between the two, or when the anchor's
 * disk was gone for a time. */
static void a_store_may_be_ahead_of_its_anchor(void **state)
{
	struct fixture *fixture = *state;
	struct place place;
	struct vault_standing standing;
	char away[2 * SCRATCH_MAX];
	struct err err;

	make_place(&place, fixture);
	snprintf(away, sizeof away, "%s-away", place.dir);
	must(unlock(&place, VAULT_ANCHOR_CHECK, &err));
	put_one(fixture);
	assert_int_equal(rename(place.dir, away), 0);
	for (int i = 0; i < 3; i++)
		put_one(fixture); /* no failure */
	vault_get_standing(fixture->vault, &standing);
	assert_true(standing.anchored && standing.anchor_behind);
	assert_int_equal(rename(away, place.dir), 0);
	must(unlock(&place, VAULT_ANCHOR_CHECK, &err));
	assert_int_equal(generation_of(fixture), 4);
	/* and has caught up with it */
	vault_get_standing(fixture->vault, &standing);
	assert_false(standing.anchor_behind);
	put_one(fixture);
	must(unlock(&place, VAULT_ANCHOR_CHECK, &err));
	assert_int_equal(generation_of(fixture), 5);
	scratch_remove(place.dir);
}

/* Commit in a process that dies at step `at` of what follows the commit; whether it did. */
static bool dies_at(struct place *place, int at)
{
	struct err err;
	int status;
	pid_t pid;

	leave(place);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		must(unlock(place, VAULT_ANCHOR_CHECK, &err));
		must(vault_begin(place->fixture->vault, &err));
		must(vault_put_clock(place->fixture->vault, (uint64_t)at, &err));
		steps_to_death = at;
		must(vault_commit(place->fixture->vault, &err));
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status) == 9;
}

static void no_crash_looks_like_an_older_copy(void **state)
{
	struct fixture *fixture = *state;
	struct place place;
	struct err err;
	int points = 0;

	make_place(&place, fixture);
	must(unlock(&place, VAULT_ANCHOR_CHECK, &err));
	put_one(fixture);
	for (int at = 1; at < KILL_POINTS_MAX && dies_at(&place, at); at++, points++) {
		must(unlock(&place, VAULT_ANCHOR_CHECK, &err));
		assert_int_equal(generation_of(fixture), 1 + at);
		assert_int_equal(vault_clock(fixture->vault), at);
	}
	assert_true(points >= 7); /* unlink, two of write, fsync, two of rename, fsync */
	assert_true(points < KILL_POINTS_MAX - 1);
	print_message("killed at %d points\n", points);
	must(unlock(&place, VAULT_ANCHOR_CHECK, &err));
	scratch_remove(place.dir);
}

static void every_byte_and_every_length_of_an_anchor_is_checked(void **state)
{
	struct keyring ring = { 0 };
	const struct anchor anchor = { .key_id = 1, .generation = 12, .root = { 3 } };
	const uint8_t store_id[SEAL_ID_BYTES] = { 4 }, other_id[SEAL_ID_BYTES] = { 5 };
	uint8_t bytes[ANCHOR_BYTES + 1] = { 0 };
	struct anchor read;
	struct err err;

	(void)state;
	keyring_start(&ring);
	anchor_pack(&anchor, &ring, store_id, bytes);
	must(anchor_unpack(bytes, ANCHOR_BYTES, &ring, store_id, &read, &err));
	assert_int_equal(read.key_id, anchor.key_id);
	assert_int_equal(read.generation, anchor.generation);
	assert_memory_equal(read.root, anchor.root, sizeof read.root);
	for (size_t i = 0; i < ANCHOR_BYTES; i++) {
		bytes[i] ^= (uint8_t)(1 << i % 8);
		assert_true(anchor_unpack(bytes, ANCHOR_BYTES, &ring, store_id, &read, &err) < 0);
		bytes[i] ^= (uint8_t)(1 << i % 8);
		assert_true(anchor_unpack(bytes, i, &ring, store_id, &read, &err) < 0);
	}
	must_be(TACIT_CORRUPT, anchor_unpack(bytes, sizeof bytes, &ring, store_id, &read, NULL));
	must_be(TACIT_WRONG_KEY, anchor_unpack(bytes, ANCHOR_BYTES, &ring, other_id, &read, NULL));
	ring.keys[0].key[0] ^= 1;
	must_be(TACIT_CORRUPT, anchor_unpack(bytes, ANCHOR_BYTES, &ring, store_id, &read, NULL));
	ring.keys[0].id = ring.active = 2;
	must_be(TACIT_WRONG_KEY, anchor_unpack(bytes, ANCHOR_BYTES, &ring, store_id, &read, NULL));
	ring.keys[0].id = 1;
	bytes[4] = 2;
	must_be(TACIT_NEWER, anchor_unpack(bytes, ANCHOR_BYTES, &ring, store_id, &read, NULL));
}

static void a_damaged_anchor_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct place place;
	uint8_t bytes[ANCHOR_BYTES + 1];
	struct err err;

	make_place(&place, fixture);
	must(unlock(&place, VAULT_ANCHOR_CHECK, &err));
	put_one(fixture);
	memset(bytes, 'x', sizeof bytes);
	for (size_t length = 0; length <= sizeof bytes; length += sizeof bytes) {
		scratch_write(place.path, bytes, length);
		must_be(TACIT_STALE, unlock(&place, VAULT_ANCHOR_CHECK, &err));
		assert_non_null(strstr(err.text, "anchor"));
	}
	must(unlock(&place, VAULT_ANCHOR_REPLACE, &err));
	must(unlock(&place, VAULT_ANCHOR_CHECK, &err));
	scratch_remove(place.dir);
}

static void accepting_damage_keeps_the_anchor_in_step(void **state)
{
	struct fixture *fixture = *state;
	struct place place;
	struct err err;

	make_place(&place, fixture);
	must(unlock(&place, VAULT_ANCHOR_CHECK, &err));
	put_one(fixture);
	put_one(fixture);
	for (int rootless = 0; rootless < 2; rootless++) {
		vault_forget(fixture->vault);
		alter(fixture,
			rootless ? "UPDATE meta SET bytes = x'00' WHERE name = 'root'"
				 : "DELETE FROM record",
			NULL);
		must(unlock(&place, VAULT_ANCHOR_CHECK, &err));
		must_be(TACIT_CORRUPT, vault_begin(fixture->vault, NULL));
		must(vault_accept(fixture->vault, rootless ? VAULT_ADOPT : VAULT_DROP, &err));
		assert_int_equal(generation_of(fixture), 3 + 2 * rootless);
		put_one(fixture);
		must(unlock(&place, VAULT_ANCHOR_CHECK, &err));
	}
	scratch_remove(place.dir);
}

static void paths_of_anchors_are_absolute_and_set_before_the_key(void **state)
{
	struct fixture *fixture = *state;
	char longer[ANCHOR_PATH_MAX + 1];
	struct err err;

	memset(longer, 'a', sizeof longer - 1);
	longer[0] = '/';
	longer[ANCHOR_PATH_MAX] = '\0';
	must_be(TACIT_INVALID,
		vault_set_anchor(fixture->vault, "/tmp/anchor", VAULT_ANCHOR_CHECK, NULL));
	vault_forget(fixture->vault);
	must_be(TACIT_INVALID,
		vault_set_anchor(fixture->vault, "anchor", VAULT_ANCHOR_CHECK, NULL));
	must_be(TACIT_INVALID, vault_set_anchor(fixture->vault, longer, VAULT_ANCHOR_CHECK, NULL));
	must(vault_set_anchor(fixture->vault, NULL, VAULT_ANCHOR_CHECK, &err));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_older_copy_of_the_store_is_refused),
		TEST(an_emptied_store_is_an_older_one),
		TEST(another_history_is_refused),
		TEST(a_missing_anchor_is_refused),
		TEST(a_store_may_be_ahead_of_its_anchor),
		TEST(no_crash_looks_like_an_older_copy),
		TEST(every_byte_and_every_length_of_an_anchor_is_checked),
		TEST(a_damaged_anchor_is_refused),
		TEST(accepting_damage_keeps_the_anchor_in_step),
		TEST(paths_of_anchors_are_absolute_and_set_before_the_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
