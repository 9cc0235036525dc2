/* SPDX-License-Identifier: Apache-2.0 */
/* Who a process is, asked of the kernel: with cgroups made for the test, a user namespace, groups.
 */
#include "scratch_cgroup.h"

#include <grp.h>

#include "core/identity/identity.h"

#define V1 "/sys/fs/cgroup/freezer"

static struct reader find(struct identity *identity, pid_t pid)
{
	struct reader reader;

	identity_find(identity, pid, &reader);
	return reader;
}

static int set_up(void **state)
{
	static struct config config;

	scratch_config(&config);
	*state = identity_new(&config);
	return *state ? 0 : -1;
}

static int tear_down(void **state)
{
	identity_free(*state);
	scratch_containers_remove(scratch_unified());
	if (!access(V1, W_OK))
		scratch_containers_remove(V1);
	return 0;
}

static void nobody_is_unknown(void **state)
{
	pid_t pid = scratch_child(NULL);

	assert_int_equal(find(*state, 0).kind, READER_UNKNOWN);
	assert_int_equal(find(*state, -1).kind, READER_UNKNOWN);
	assert_int_equal(find(*state, INT32_MAX).kind, READER_UNKNOWN);
	assert_int_equal(find(*state, pid).kind, READER_HOST);
	scratch_end(pid);
	assert_int_equal(find(*state, pid).kind, READER_UNKNOWN);
}

static void a_process_in_a_container_is_the_containers(void **state)
{
	char container[SCRATCH_CGROUP_MAX], inner[SCRATCH_CGROUP_MAX + 8];
	struct reader reader;
	struct stat st;
	pid_t pid;

	if (!scratch_container(scratch_unified(), 'a', container))
		skip();
	pid = scratch_child(container);
	assert_int_equal(stat(container, &st), 0);
	for (int again = 0; again < 2; again++) {
		reader = find(*state, pid);
		assert_int_equal(reader.kind, READER_CONTAINER);
		assert_int_equal(reader.container, st.st_ino);
		assert_int_equal(strspn(reader.id, "a"), CONTAINER_ID_LENGTH);
	}
	snprintf(inner, sizeof inner, "%s/inner", container);
	assert_int_equal(mkdir(inner, 0755), 0);
	scratch_move(inner, pid);
	reader = find(*state, pid);
	assert_int_equal(reader.kind, READER_CONTAINER);
	assert_int_equal(reader.container, st.st_ino);
	scratch_end(pid);
	scratch_rmdir(inner);
}

/* What was remembered is about a cgroup, not about a process. */
static void a_process_that_moves_is_another_reader(void **state)
{
	char a[SCRATCH_CGROUP_MAX], b[SCRATCH_CGROUP_MAX];
	pid_t pid;

	if (!scratch_container(scratch_unified(), 'a', a) ||
		!scratch_container(scratch_unified(), 'b', b))
		skip();
	pid = scratch_child(a);
	assert_int_equal(find(*state, pid).id[0], 'a');
	scratch_move(b, pid);
	assert_int_equal(find(*state, pid).id[0], 'b');
	scratch_move(a, pid);
	assert_int_equal(find(*state, pid).id[0], 'a');
	scratch_move(scratch_unified(), pid);
	assert_int_equal(find(*state, pid).kind, READER_HOST);
	scratch_end(pid);
}

/* There are fewer places to remember cgroups in than there are cgroups. */
static void two_cgroups_of_one_place_are_told_apart(void **state)
{
	enum { PLACES = 1024, TRIES = 8 * PLACES };
	char a[SCRATCH_CGROUP_MAX], b[SCRATCH_CGROUP_MAX], inner[SCRATCH_CGROUP_MAX + 16];
	struct stat of_b, of_inner = { 0 };
	bool shared = false;
	pid_t in_a, in_b;

	if (!scratch_container(scratch_unified(), 'a', a) ||
		!scratch_container(scratch_unified(), 'b', b))
		skip();
	assert_int_equal(stat(b, &of_b), 0);
	for (int i = 0; i < TRIES && !shared; i++) {
		snprintf(inner, sizeof inner, "%s/%d", a, i);
		assert_int_equal(mkdir(inner, 0755), 0);
		assert_int_equal(stat(inner, &of_inner), 0);
		shared = of_inner.st_ino % PLACES == of_b.st_ino % PLACES;
		if (!shared)
			assert_int_equal(rmdir(inner), 0);
	}
	if (!shared)
		skip();
	in_a = scratch_child(inner);
	in_b = scratch_child(b);
	for (int again = 0; again < 2; again++) {
		assert_int_equal(find(*state, in_b).id[0], 'b');
		assert_int_equal(find(*state, in_a).id[0], 'a');
	}
	scratch_end(in_a);
	scratch_end(in_b);
	scratch_rmdir(inner);
}

static void a_container_started_again_is_another(void **state)
{
	char container[SCRATCH_CGROUP_MAX];
	struct reader first, second;
	pid_t pid;

	if (!scratch_container(scratch_unified(), 'a', container))
		skip();
	pid = scratch_child(container);
	first = find(*state, pid);
	scratch_end(pid);
	scratch_rmdir(container);
	assert_true(scratch_container(scratch_unified(), 'a', container));
	pid = scratch_child(container);
	second = find(*state, pid);
	scratch_end(pid);
	assert_int_equal(second.kind, READER_CONTAINER);
	assert_string_equal(first.id, second.id);
	assert_int_not_equal(first.container, second.container);
}

/* Somebody who owns a directory above could have made the container's. */
static void a_place_that_is_not_roots_proves_nothing(void **state)
{
	char container[SCRATCH_CGROUP_MAX], top[SCRATCH_CGROUP_MAX];
	pid_t pid;

	if (!scratch_container(scratch_unified(), 'a', container))
		skip();
	scratch_top(scratch_unified(), top);
	assert_int_equal(chown(top, 1000, 1000), 0);
	pid = scratch_child(container);
	assert_int_equal(find(*state, pid).kind, READER_UNKNOWN);
	assert_int_equal(chown(top, 0, 0), 0);
	/* The container's own may be delegated: to the container. */
	assert_int_equal(chown(container, 1000, 1000), 0);
	assert_int_equal(find(*state, pid).kind, READER_CONTAINER);
	scratch_end(pid);
}

/* Where only cgroup v1 knows the container, its v2 cgroup is "/", as is the host's: to remember
 * that one would make a container of every process of the host. */
static void a_container_of_v1_is_not_taken_for_the_host(void **state)
{
	char a[SCRATCH_CGROUP_MAX], b[SCRATCH_CGROUP_MAX];
	struct stat st;
	pid_t in_a, in_b, host;

	if (access(V1, W_OK) || !scratch_container(V1, 'a', a) || !scratch_container(V1, 'b', b))
		skip();
	in_a = scratch_child(a);
	in_b = scratch_child(b);
	host = scratch_child(NULL);
	assert_int_equal(stat(a, &st), 0);
	assert_int_equal(find(*state, in_a).kind, READER_CONTAINER);
	assert_int_equal(find(*state, in_a).container, st.st_ino);
	assert_int_equal(find(*state, in_b).id[0], 'b');
	assert_int_equal(find(*state, host).kind, READER_HOST);
	scratch_end(in_a);
	scratch_end(in_b);
	scratch_end(host);
}

static void groups_are_all_of_a_process(void **state)
{
	static const gid_t supplementary[] = { 71001, 71002 };
	pid_t pid;

	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(setgroups(2, supplementary), 0);
	pid = scratch_child(NULL);
	assert_int_equal(setgroups(0, NULL), 0);
	assert_true(identity_in_group(pid, getgid()));
	assert_true(identity_in_group(pid, 71001));
	assert_true(identity_in_group(pid, 71002));
	assert_false(identity_in_group(pid, 7100));
	assert_false(identity_in_group(pid, 71003));
	assert_false(identity_in_group(0, 0));
	scratch_end(pid);
	assert_false(identity_in_group(pid, 71001));
}

static void an_owner_is_counted_in_the_readers_namespace(void **state)
{
	pid_t pid;

	(void)state;
	assert_int_equal(identity_host_uid(getpid(), 1000), 1000);
	pid = geteuid() ? 0 : scratch_child_apart();
	if (!pid)
		skip();
	assert_int_equal(identity_host_uid(pid, 0), UINT32_MAX);
	scratch_write_map(pid, "uid_map", "0 100000 1000\n5000 7 1\n");
	scratch_write_map(pid, "gid_map", "0 200000 10\n");
	assert_int_equal(identity_host_uid(pid, 0), 100000);
	assert_int_equal(identity_host_uid(pid, 999), 100999);
	assert_int_equal(identity_host_uid(pid, 1000), UINT32_MAX);
	assert_int_equal(identity_host_uid(pid, 5000), 7);
	assert_int_equal(identity_host_gid(pid, 9), 200009);
	assert_int_equal(identity_host_gid(pid, 10), UINT32_MAX);
	scratch_end(pid);
	assert_int_equal(identity_host_uid(pid, 0), UINT32_MAX);
}

static void a_map_is_applied_as_the_kernel_does(void **state)
{
	static const struct {
		const char *map;
		uint32_t inside, host;
	} rows[] = {
		{ "         0          0 4294967295\n", 1000, 1000 },
		{ "         0          0 4294967295\n", UINT32_MAX, UINT32_MAX },
		{ "0 100000 65536\n", 0, 100000 },
		{ "0 100000 65536\n", 65535, 165535 },
		{ "0 100000 65536\n", 65536, UINT32_MAX },
		{ "0 1000 1\n1 100000 65536\n", 0, 1000 },
		{ "0 1000 1\n1 100000 65536\n", 1, 100000 },
		{ "1000 0 1\n", 0, UINT32_MAX },
		{ "1000 0 1\n", 1000, 0 },
		{ "1000 0 1\n", 1001, UINT32_MAX },
		{ "0 5 0\n", 0, UINT32_MAX },
		{ "", 0, UINT32_MAX },
		{ "\n", 0, UINT32_MAX },
		{ "0 5", 0, UINT32_MAX },
		{ "x 5 1\n0 6 1\n", 0, UINT32_MAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (identity_apply_map(rows[i].map, rows[i].inside) != rows[i].host)
			fail_msg("row %zu: %u", i, identity_apply_map(rows[i].map, rows[i].inside));
}

#define with_containers(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_containers(nobody_is_unknown),
		with_containers(a_process_in_a_container_is_the_containers),
		with_containers(a_process_that_moves_is_another_reader),
		with_containers(two_cgroups_of_one_place_are_told_apart),
		with_containers(a_container_started_again_is_another),
		with_containers(a_place_that_is_not_roots_proves_nothing),
		with_containers(a_container_of_v1_is_not_taken_for_the_host),
		cmocka_unit_test(groups_are_all_of_a_process),
		cmocka_unit_test(an_owner_is_counted_in_the_readers_namespace),
		cmocka_unit_test(a_map_is_applied_as_the_kernel_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
