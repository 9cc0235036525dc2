/* SPDX-License-Identifier: Apache-2.0 */
/* A core that is killed while it changes the root key, at each step of it; and a disk that fails
 * in it. The key page outlives the process, as it does. */
#include "../store/vault_fixture.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "core/control/keys/keys.h"

static unsigned int steps, last_step; /* last_step 0: none is the last */
static enum { SOUND, NOT_MADE, MADE } disk;

/* Killed between two steps. */
static void step(void)
{
	if (++steps == last_step)
		raise(SIGKILL);
}

void __real_seal_random(void *bytes, size_t length);
void __wrap_seal_random(void *bytes, size_t length);
void __wrap_seal_random(void *bytes, size_t length)
{
	step();
	__real_seal_random(bytes, length);
	step();
}

void __real_seal_wipe(void *bytes, size_t length);
void __wrap_seal_wipe(void *bytes, size_t length);
void __wrap_seal_wipe(void *bytes, size_t length)
{
	step();
	__real_seal_wipe(bytes, length);
	step();
}

int __real_vault_begin(struct vault *vault, struct err *err);
int __wrap_vault_begin(struct vault *vault, struct err *err);
int __wrap_vault_begin(struct vault *vault, struct err *err)
{
	int status;

	step();
	status = __real_vault_begin(vault, err);
	step();
	return status;
}

int __real_vault_commit(struct vault *vault, struct err *err);
int __wrap_vault_commit(struct vault *vault, struct err *err);
int __wrap_vault_commit(struct vault *vault, struct err *err)
{
	int status;

	step();
	if (disk == NOT_MADE)
		return err_set(err, TACIT_IO, "the disk is full");
	status = __real_vault_commit(vault, err);
	step();
	return disk == MADE ? err_set(err, TACIT_IO, "the disk is gone") : status;
}

struct crash {
	struct fixture *store;
	struct core core;
};

static int set_up_crash(void **state)
{
	struct crash *crash = calloc(1, sizeof *crash);
	void *store;

	assert_non_null(crash);
	last_step = 0;
	disk = SOUND;
	assert_int_equal(set_up(&store), 0);
	crash->store = store;
	crash->core.keys = mmap(NULL, sizeof *crash->core.keys, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(crash->core.keys != MAP_FAILED);
	crash->core.vault = crash->store->vault;
	memcpy(crash->core.keys->root, crash->store->root, SEAL_KEY_BYTES);
	crash->core.keys->root_present = 1;
	*state = crash;
	return 0;
}

static int tear_down_crash(void **state)
{
	struct crash *crash = *state;
	void *store = crash->store;

	crash->store->vault = crash->core.vault;
	munmap(crash->core.keys, sizeof *crash->core.keys);
	free(crash);
	return tear_down(&store);
}

static void leave(struct crash *crash)
{
	vault_close(crash->core.vault);
	crash->core.vault = NULL;
}

/* The next core: it goes on with the key page, and with nothing else. */
static void go_on(struct crash *crash)
{
	struct err err;
	uint8_t root[SEAL_KEY_BYTES];

	must(vault_attach(&store_sqlite, crash->store->dir, &crash->core.vault, &err));
	must(keys_resume(&crash->core, &err));
	assert_int_equal(crash->core.keys->next_present, 0);
	must(vault_check_slots(crash->core.vault, crash->core.keys->root, &err));
	must(vault_unlock(crash->core.vault, crash->store->key, root, &err));
	assert_memory_equal(root, crash->core.keys->root, sizeof root);
}

typedef int change_fn(struct core *core, struct err *err);

static int remove_second(struct core *core, struct err *err)
{
	return keys_remove(core, 2, err);
}

/* In a process of its own, which is killed at that step. False: it came to its end. */
static bool is_killed(struct crash *crash, change_fn *change, unsigned int at)
{
	pid_t pid;
	int status;

	leave(crash);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		struct err err;

		last_step = 0;
		if (vault_attach(&store_sqlite, crash->store->dir, &crash->core.vault, &err) < 0 ||
			keys_resume(&crash->core, &err) < 0)
			_exit(1);
		steps = 0;
		last_step = at;
		_exit(change(&crash->core, &err) < 0 ? 2 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status)) {
		assert_int_equal(WTERMSIG(status), SIGKILL);
		return true;
	}
	assert_int_equal(WEXITSTATUS(status), 0);
	return false;
}

static void add_second(struct crash *crash)
{
	struct slot_about about = { .kind = SLOT_RECOVERY };
	const uint8_t key[SEAL_KEY_BYTES] = { 9 };
	struct err err;

	must(keys_add(&crash->core, &about, key, &err));
}

static void killed_at_each_step(struct crash *crash, change_fn *change)
{
	uint8_t before[SEAL_KEY_BYTES];
	unsigned int old = 0, new = 0, at = 1;

	for (;; at++) {
		bool killed;

		memcpy(before, crash->core.keys->root, sizeof before);
		killed = is_killed(crash, change, at);
		go_on(crash);
		if (memcmp(before, crash->core.keys->root, sizeof before))
			new ++;
		else
			old++;
		if (!killed)
			break;
		if (change == remove_second &&
			vault_unlock(crash->core.vault, (uint8_t[32]){ 9 }, before, NULL) < 0)
			add_second(crash);
	}
	print_message("killed at %u steps: %u times the old root key, %u times the new one\n",
		at - 1, old, new);
	assert_true(old > 5 && new > 2);
}

static void a_rotation_is_killed_at_each_step(void **state)
{
	killed_at_each_step(*state, keys_rotate);
}

static void a_removal_is_killed_at_each_step(void **state)
{
	add_second(*state);
	killed_at_each_step(*state, remove_second);
}

/* Between two bytes of the copy. */
static void half_a_root_key_is_none(void **state)
{
	struct crash *crash = *state;
	uint8_t next[SEAL_KEY_BYTES];
	struct err err;

	for (size_t bytes = 0; bytes <= sizeof next; bytes++) {
		seal_random(next, sizeof next);
		must(vault_rotate_root(crash->core.vault, crash->core.keys->root, next, &err));
		memcpy(crash->core.keys->next, next, sizeof next);
		crash->core.keys->next_present = 1;
		memcpy(crash->core.keys->root, next, bytes);
		leave(crash);
		go_on(crash);
		assert_memory_equal(crash->core.keys->root, next, sizeof next);
	}
}

/* It may be found made when the store is opened again: there are two keys at most, then. */
static void a_disk_that_fails_leaves_both_keys(void **state)
{
	struct crash *crash = *state;
	struct handover_keys *keys = crash->core.keys;
	uint8_t root[SEAL_KEY_BYTES], next[SEAL_KEY_BYTES];
	struct err err;

	memcpy(root, keys->root, sizeof root);
	disk = NOT_MADE;
	assert_int_equal(keys_rotate(&crash->core, &err), -TACIT_IO);
	assert_int_equal(keys->next_present, 1);
	assert_memory_equal(keys->root, root, sizeof root);
	memcpy(next, keys->next, sizeof next);
	assert_int_equal(keys_rotate(&crash->core, &err), -TACIT_IO);
	assert_memory_equal(keys->next, next, sizeof next);
	disk = MADE;
	assert_int_equal(keys_rotate(&crash->core, &err), -TACIT_IO);
	disk = SOUND;
	leave(crash);
	go_on(crash);
	assert_memory_equal(keys->root, next, sizeof next);
	must(keys_rotate(&crash->core, &err));
	assert_memory_not_equal(keys->root, next, sizeof next);
	assert_int_equal(keys->next_present, 0);
}

/* The same core goes on, although it was told that it had failed. */
static void a_change_that_was_made_after_all_is_found(void **state)
{
	struct crash *crash = *state;
	struct err err;

	disk = MADE;
	assert_int_equal(keys_rotate(&crash->core, &err), -TACIT_IO);
	disk = SOUND;
	add_second(crash);
	assert_int_equal(crash->core.keys->next_present, 0);
	leave(crash);
	go_on(crash);
}

/* What is refused before anything was written leaves no second key. */
static void a_refused_change_leaves_one_key(void **state)
{
	struct crash *crash = *state;
	static const uint8_t none[SEAL_KEY_BYTES];
	struct err err;

	assert_int_equal(keys_remove(&crash->core, 1, &err), -TACIT_INVALID);
	assert_int_equal(crash->core.keys->next_present, 0);
	assert_memory_equal(crash->core.keys->next, none, sizeof none);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_crash, tear_down_crash)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_rotation_is_killed_at_each_step),
		TEST(a_removal_is_killed_at_each_step),
		TEST(half_a_root_key_is_none),
		TEST(a_disk_that_fails_leaves_both_keys),
		TEST(a_change_that_was_made_after_all_is_found),
		TEST(a_refused_change_leaves_one_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
