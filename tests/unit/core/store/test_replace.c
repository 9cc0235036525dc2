/* SPDX-License-Identifier: Apache-2.0 */
/* One store in the place of another: whatever call the process dies in, the next one finds the old
 * store or the new one, whole; and a disk that refuses a change. */
#include "vault_fixture.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "core/store/backup.h"
#include "core/store/integrity.h"
#include "core/store/verify.h"
#include "death.h"

static void add_secret(struct vault *vault, const char *name)
{
	struct secret_record secret = a_secret(name, 1);
	uint8_t *sealed;
	size_t length;
	struct err err;

	must(vault_begin(vault, &err));
	must(vault_put_value(vault, secret.versions[0].value_id, "x", 1, &sealed, &length, &err));
	must(vault_put_secret(vault, &secret, &err));
	must(vault_commit(vault, &err));
	free(sealed);
}

struct swap {
	char dir[SCRATCH_MAX], fresh[2 * SCRATCH_MAX];
};

static void copy_file(const char *from, const char *to)
{
	size_t length;
	uint8_t *bytes = scratch_read(from, &length);

	scratch_write(to, bytes, length);
	free(bytes);
}

/* In a directory of its own: a store with the secret "old", all of it in the log when `in_log`; and
 * beside it a backup of one with the secret "new". Both have the key of the fixture. */
static struct swap make_swap(const struct fixture *fixture, bool in_log)
{
	char from[3 * SCRATCH_MAX], to[2 * SCRATCH_MAX], backup_dir[2 * SCRATCH_MAX];
	struct fixture old = *fixture, new = *fixture;
	struct backup_state state = { 0 };
	struct backup *backup;
	struct swap swap;
	struct err err;

	scratch_make(old.dir);
	scratch_make(new.dir);
	scratch_make(swap.dir);
	must(vault_create(&store_sqlite, old.dir, old.key, &err));
	must(vault_create(&store_sqlite, new.dir, new.key, &err));
	attach_and_unlock(&old);
	attach_and_unlock(&new);
	add_secret(old.vault, "old");
	if (in_log)
		add_secret(old.vault, "old_too");
	add_secret(new.vault, "new");
	if (!in_log)
		vault_close(old.vault);
	snprintf(from, sizeof from, "%s/store.db", old.dir);
	snprintf(to, sizeof to, "%s/store.db", swap.dir);
	copy_file(from, to);
	if (in_log) {
		snprintf(from, sizeof from, "%s/store.db-wal", old.dir);
		snprintf(to, sizeof to, "%s/store.db-wal", swap.dir);
		copy_file(from, to);
		vault_close(old.vault);
	}
	snprintf(backup_dir, sizeof backup_dir, "%s/backup", new.dir);
	must(backup_begin(new.vault, backup_dir, &backup, &err));
	while (!state.whole)
		must(backup_step(backup, new.root, &state, &err));
	snprintf(from, sizeof from, "%s/store.db", backup_dir);
	snprintf(swap.fresh, sizeof swap.fresh, "%s/fresh.db", swap.dir);
	copy_file(from, swap.fresh);
	backup_end(backup);
	vault_close(new.vault);
	scratch_remove(old.dir);
	scratch_remove(new.dir);
	return swap;
}

/* Which secrets the store in `dir` has, sorted. */
static void names_in(const struct fixture *fixture, const char *dir, char names[64])
{
	struct fixture opened = *fixture;
	struct verify_result found;
	struct seen *seen = calloc(1, sizeof *seen);
	struct err err;

	assert_non_null(seen);
	snprintf(opened.dir, sizeof opened.dir, "%s", dir);
	attach_and_unlock(&opened);
	must(vault_verify(opened.vault, NULL, NULL, &found, &err));
	assert_int_equal(found.problems, 0);
	see(opened.vault, seen);
	memset(names, 0, 4);
	for (size_t i = 0; i < seen->secret_count; i++)
		for (size_t k = 0; k < 3; k++) {
			static const char *const known[] = { "new", "old", "old_too" };

			if (!strcmp(seen->secrets[i].name, known[k]))
				names[k] = known[k][k == 2 ? 4 : 0];
		}
	for (size_t k = 0; k < 3; k++)
		if (!names[k])
			names[k] = '-';
	names[3] = '\0';
	vault_close(opened.vault);
	free(seen);
}

static void count_replaced(void *arg, const char *path)
{
	if (strstr(path, "replaced"))
		++*(int *)arg;
}

static int replaced_in(const char *dir)
{
	int count = 0;

	scratch_each(dir, count_replaced, &count);
	return count;
}

static void a_store_takes_the_place_of_another(void **state)
{
	const struct fixture *fixture = *state;
	struct swap swap = make_swap(fixture, false), old = swap;
	char replaced[STORE_REPLACED_MAX], names[64], from[3 * SCRATCH_MAX], to[2 * SCRATCH_MAX];
	struct err err;

	must(store_sqlite.replace(swap.dir, swap.fresh, replaced, &err));
	assert_string_equal(replaced, "store.db.replaced-1");
	names_in(fixture, swap.dir, names);
	assert_string_equal(names, "n--");
	/* What was there is a store yet. */
	scratch_make(old.dir);
	snprintf(from, sizeof from, "%s/%s", swap.dir, replaced);
	snprintf(to, sizeof to, "%s/store.db", old.dir);
	copy_file(from, to);
	names_in(fixture, old.dir, names);
	assert_string_equal(names, "-o-");
	assert_int_equal(replaced_in(swap.dir), 1);
	scratch_remove(old.dir);
	scratch_remove(swap.dir);
}

static void a_place_without_a_store_has_nothing_to_keep(void **state)
{
	const struct fixture *fixture = *state;
	struct swap swap = make_swap(fixture, false);
	char replaced[STORE_REPLACED_MAX], names[64], path[2 * SCRATCH_MAX];
	struct err err;

	snprintf(path, sizeof path, "%s/store.db", swap.dir);
	assert_int_equal(unlink(path), 0);
	must(store_sqlite.replace(swap.dir, swap.fresh, replaced, &err));
	assert_string_equal(replaced, "");
	names_in(fixture, swap.dir, names);
	assert_string_equal(names, "n--");
	scratch_remove(swap.dir);
}

static void what_is_kept_is_never_overwritten(void **state)
{
	const struct fixture *fixture = *state;
	struct swap swap = make_swap(fixture, false);
	char replaced[STORE_REPLACED_MAX], path[2 * SCRATCH_MAX];
	struct err err;

	for (int i = 1; i <= 999; i++) {
		snprintf(path, sizeof path, "%s/store.db.replaced-%d", swap.dir, i);
		scratch_write(path, (const uint8_t *)"kept", 4);
	}
	must_be(TACIT_LIMIT, store_sqlite.replace(swap.dir, swap.fresh, replaced, NULL));
	assert_int_equal(replaced_in(swap.dir), 999);
	assert_int_equal(unlink(path), 0);
	must(store_sqlite.replace(swap.dir, swap.fresh, replaced, &err));
	assert_string_equal(replaced, "store.db.replaced-999");
	scratch_remove(swap.dir);
}

/* Replace, and die in the call numbered `call`. False: it does not come to that. */
static bool dies_at(const struct swap *swap, int call, bool after)
{
	char replaced[STORE_REPLACED_MAX];
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		calls_left = call;
		dies_after = after;
		_exit(store_sqlite.replace(swap->dir, swap->fresh, replaced, NULL) ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 7 || !WEXITSTATUS(status)));
	return WEXITSTATUS(status) == 7;
}

static void death_leaves_the_one_or_the_other(const struct fixture *fixture, bool in_log)
{
	const char *old = in_log ? "-ot" : "-o-";
	int tried = 0, were_old = 0, were_new = 0;

	for (bool died = true; died; tried++) {
		struct swap swap = make_swap(fixture, in_log);
		char names[64];

		died = dies_at(&swap, tried / 2, tried % 2);
		names_in(fixture, swap.dir, names);
		if (!strcmp(names, old)) {
			were_old++;
			/* Its second name has gone. */
			assert_int_equal(replaced_in(swap.dir), 0);
		} else {
			assert_string_equal(names, "n--");
			were_new++;
		}
		scratch_remove(swap.dir);
	}
	print_message("%d deaths: %d left the old store, %d the new one\n", tried - 1, were_old,
		were_new - 1);
	assert_true(were_old >= 8 && were_new >= 2);
}

static void whoever_dies_in_it_leaves_the_one_or_the_other(void **state)
{
	death_leaves_the_one_or_the_other(*state, false);
}

static void so_it_is_with_a_log_that_could_not_be_folded_in(void **state)
{
	death_leaves_the_one_or_the_other(*state, true);
}

static void set_limit(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A disk that is full, and then is not. */
static void a_disk_that_refuses_makes_it_read_only_until_it_does_not(void **state)
{
	struct fixture *fixture = *state;
	struct secret_record secret = a_secret("refused", 1);
	struct seen *seen = calloc(1, sizeof *seen);
	struct err err;

	assert_non_null(seen);
	signal(SIGXFSZ, SIG_IGN);
	add_secret(fixture->vault, "before");
	assert_true(vault_can_change(fixture->vault));
	set_limit(1024);
	for (int i = 0; i < 3; i++) {
		int result = vault_begin(fixture->vault, &err);

		if (!result)
			result = vault_put_secret(fixture->vault, &secret, &err);
		if (!result)
			result = vault_commit(fixture->vault, &err);
		must_be(TACIT_IO, result);
		vault_rollback(fixture->vault);
		assert_int_equal(vault_refusal(fixture->vault)->code, TACIT_IO);
		assert_false(vault_can_change(fixture->vault));
		see(fixture->vault, seen);
		assert_int_equal(seen->secret_count, 1);
		must_be(TACIT_IO, vault_heal(fixture->vault, NULL));
	}
	set_limit(RLIM_INFINITY);
	must(vault_heal(fixture->vault, &err));
	assert_true(vault_can_change(fixture->vault));
	add_secret(fixture->vault, "after");
	vault_close(fixture->vault);
	attach_and_unlock(fixture);
	see(fixture->vault, seen);
	assert_int_equal(seen->secret_count, 2);
	free(seen);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_store_takes_the_place_of_another),
		TEST(a_place_without_a_store_has_nothing_to_keep),
		TEST(what_is_kept_is_never_overwritten),
		TEST(whoever_dies_in_it_leaves_the_one_or_the_other),
		TEST(so_it_is_with_a_log_that_could_not_be_folded_in),
		TEST(a_disk_that_refuses_makes_it_read_only_until_it_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
