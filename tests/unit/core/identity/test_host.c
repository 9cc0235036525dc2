/* SPDX-License-Identifier: Apache-2.0 */
/* Which unit and which user a process of the host is, and which process of a container is its main
 * one: asked of the kernel about processes that run. */
#include "scratch_cgroup.h"

#include <pthread.h>

#include "core/identity/identity.h"

#define V1_SYSTEMD "/sys/fs/cgroup/systemd"
#define V1_FREEZER "/sys/fs/cgroup/freezer"

static int set_up(void **state)
{
	static struct config config;

	scratch_config(&config);
	*state = identity_new(&config);
	return *state ? 0 : -1;
}

/* The slice of this test in the hierarchy mounted at `mount`. */
static void slice_of(const char *mount, char slice[SCRATCH_CGROUP_MAX / 2])
{
	snprintf(slice, SCRATCH_CGROUP_MAX / 2, "%s/tacit-test-%d.slice", mount, getpid());
}

static int tear_down(void **state)
{
	const char *const mounts[] = { scratch_unified(), V1_SYSTEMD };
	char slice[SCRATCH_CGROUP_MAX / 2];

	identity_free(*state);
	for (int i = 0; i < 2; i++) {
		slice_of(mounts[i], slice);
		if (!access(slice, F_OK))
			scratch_remove_tree(slice, 3);
	}
	scratch_containers_remove(scratch_unified());
	if (!access(V1_FREEZER, W_OK))
		scratch_containers_remove(V1_FREEZER);
	return 0;
}

/* A process in a unit called `name` in that slice. 0: this system does not let us. */
static pid_t in_unit(const char *mount, const char *name)
{
	char slice[SCRATCH_CGROUP_MAX / 2], unit[SCRATCH_CGROUP_MAX];

	slice_of(mount, slice);
	snprintf(unit, sizeof unit, "%s/%s", slice, name);
	if (access(mount, W_OK) || (mkdir(slice, 0755) && errno != EEXIST) ||
		(mkdir(unit, 0755) && errno != EEXIST))
		return 0;
	return scratch_child(unit);
}

static void must_be_host(struct identity *identity, pid_t pid, const char *unit)
{
	struct reader reader;

	identity_find(identity, pid, &reader);
	assert_int_equal(reader.kind, READER_HOST);
	assert_string_equal(reader.unit, unit);
}

static void a_process_of_a_unit_is_the_units(void **state)
{
	char slice[SCRATCH_CGROUP_MAX / 2], inner[SCRATCH_CGROUP_MAX];
	pid_t pid = in_unit(scratch_unified(), "foo@1.service"), other;

	if (!pid)
		skip();
	must_be_host(*state, pid, "foo@1.service");
	other = in_unit(scratch_unified(), "bar.service");
	must_be_host(*state, other, "bar.service");
	must_be_host(*state, pid, "foo@1.service");
	slice_of(scratch_unified(), slice);
	snprintf(inner, sizeof inner, "%s/foo@1.service/inner", slice);
	assert_int_equal(mkdir(inner, 0755), 0);
	scratch_move(inner, pid);
	must_be_host(*state, pid, "foo@1.service");
	/* A process that moves is in another. */
	snprintf(inner, sizeof inner, "%s/bar.service", slice);
	scratch_move(inner, pid);
	must_be_host(*state, pid, "bar.service");
	scratch_move(scratch_unified(), pid);
	must_be_host(*state, pid, "");
	scratch_end(pid);
	scratch_end(other);
}

/* Somebody who owns the slice could have made the unit. Its own cgroup may be delegated to it. */
static void a_unit_in_a_place_that_is_not_roots_is_none(void **state)
{
	char slice[SCRATCH_CGROUP_MAX / 2], unit[SCRATCH_CGROUP_MAX];
	pid_t pid = in_unit(scratch_unified(), "foo.service");

	if (!pid)
		skip();
	slice_of(scratch_unified(), slice);
	assert_int_equal(chown(slice, 1000, 1000), 0);
	must_be_host(*state, pid, "");
	assert_int_equal(chown(slice, 0, 0), 0);
	snprintf(unit, sizeof unit, "%s/foo.service", slice);
	assert_int_equal(chown(unit, 1000, 1000), 0);
	must_be_host(*state, pid, "foo.service");
	scratch_end(pid);
}

static void a_unit_of_systemds_own_v1_hierarchy(void **state)
{
	pid_t pid = in_unit(V1_SYSTEMD, "foo.service");
	char slice[SCRATCH_CGROUP_MAX / 2];

	if (!pid)
		skip();
	must_be_host(*state, pid, "foo.service");
	slice_of(V1_SYSTEMD, slice);
	assert_int_equal(chown(slice, 1000, 1000), 0);
	must_be_host(*state, pid, "");
	scratch_end(pid);
}

/* An engine's containers stay in the engine's own unit where it knows v1 alone. */
static void a_container_of_v1_is_not_its_engines_unit(void **state)
{
	char container[SCRATCH_CGROUP_MAX];
	pid_t pid = access(V1_FREEZER, W_OK) || !strcmp(scratch_unified(), "/sys/fs/cgroup")
			    ? 0
			    : in_unit(scratch_unified(), "engine.service");
	struct reader reader;

	if (!pid)
		skip();
	must_be_host(*state, pid, "engine.service");
	assert_true(scratch_container(V1_FREEZER, 'a', container));
	scratch_move(container, pid);
	identity_find(*state, pid, &reader);
	assert_int_equal(reader.kind, READER_UNKNOWN);
	assert_string_equal(reader.unit, "");
	scratch_end(pid);
}

/* Processes in pid namespaces of their own, as a container has them. */
struct nest {
	pid_t main;       /* process 1 of the namespace */
	pid_t thread;     /* of it, not its leader */
	pid_t other;      /* another process of the namespace */
	pid_t main_below; /* process 1 of a namespace inside */
};

/* What proc's own namespace, the host's, calls us. */
static pid_t name_in_proc(const char *link, char *text, size_t room)
{
	ssize_t length = readlink(link, text, room - 1);
	char *last;

	if (length <= 0)
		return 0;
	text[length] = '\0';
	last = strrchr(text, '/');
	return (pid_t)strtol(last ? last + 1 : text, NULL, 10);
}

static void tell_and_wait(int fd, const char *link)
{
	char text[64];
	pid_t name = name_in_proc(link, text, sizeof text);

	while (write(fd, &name, sizeof name) == sizeof name)
		for (;;)
			pause();
	_exit(1);
}

static void *wait_as_thread(void *fd)
{
	tell_and_wait(*(int *)fd, "/proc/thread-self");
	return NULL;
}

static pid_t told(int fd)
{
	pid_t name = 0;

	assert_int_equal(read(fd, &name, sizeof name), sizeof name);
	return name;
}

/* Process 1 of a namespace: it makes the others one by one, then says that it is there itself. */
static void be_main(int fd, int turn)
{
	pthread_t thread;
	char byte;

	pthread_create(&thread, NULL, wait_as_thread, &fd);
	if (read(turn, &byte, 1) == 1 && !fork())
		tell_and_wait(fd, "/proc/self");
	if (read(turn, &byte, 1) == 1 && !unshare(CLONE_NEWPID) && !fork())
		tell_and_wait(fd, "/proc/self");
	if (read(turn, &byte, 1) == 1)
		tell_and_wait(fd, "/proc/self");
	_exit(1);
}

/* The process that has the namespace: when it ends, so do all in it. 0: this system has none. */
static pid_t make_nest(struct nest *nest)
{
	int names[2], turns[2];
	pid_t maker, *all[] = { &nest->thread, &nest->other, &nest->main_below, &nest->main };

	if (geteuid())
		return 0;
	assert_int_equal(pipe(names), 0);
	assert_int_equal(pipe(turns), 0);
	maker = fork();
	assert_true(maker >= 0);
	if (!maker) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWPID))
			tell_and_wait(names[1], "/");
		if (!fork()) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			be_main(names[1], turns[0]);
		}
		for (;;)
			pause();
	}
	for (int i = 0; i < 4; i++) {
		*all[i] = told(names[0]);
		if (!*all[i]) {
			scratch_end(maker);
			maker = 0;
			break;
		}
		assert_true(i == 3 || write(turns[1], "", 1) == 1);
	}
	for (int i = 0; i < 2; i++) {
		close(names[i]);
		close(turns[i]);
	}
	return maker;
}

static void the_main_process_is_process_1_one_below(void **state)
{
	struct nest nest;
	pid_t maker = make_nest(&nest);

	(void)state;
	if (!maker)
		skip();
	assert_true(identity_is_main_process(nest.main));
	assert_int_not_equal(nest.thread, nest.main);
	assert_true(identity_is_main_process(nest.thread));
	assert_false(identity_is_main_process(nest.other));
	assert_false(identity_is_main_process(nest.main_below));
	assert_false(identity_is_main_process(maker));
	assert_false(identity_is_main_process(getpid()));
	assert_false(identity_is_main_process(1));
	assert_false(identity_is_main_process(0));
	scratch_end(maker);
	assert_false(identity_is_main_process(maker));
}

/* A user is who has the id, and is not inside a container: its ids are the engine's to give. */
static void a_user_is_known_by_its_id_outside_of_containers(void **state)
{
	struct nest nest;
	pid_t maker, pid = scratch_child(NULL);

	(void)state;
	assert_true(identity_is_user(pid, 1000, 1000));
	assert_true(identity_is_user(pid, 0, 0));
	assert_false(identity_is_user(pid, 1000, 1001));
	assert_false(identity_is_user(pid, 1000, 0));
	assert_false(identity_is_user(pid, 0, 1000));
	scratch_end(pid);
	assert_false(identity_is_user(pid, 1000, 1000));
	maker = make_nest(&nest);
	if (!maker)
		skip();
	assert_true(identity_is_user(maker, 1000, 1000));
	assert_false(identity_is_user(nest.main, 1000, 1000));
	assert_false(identity_is_user(nest.thread, 1000, 1000));
	assert_false(identity_is_user(nest.main_below, 0, 0));
	scratch_end(maker);
}

/* A namespace that maps a user's id alone is that user's, whatever ids there are in it. */
static void a_user_is_known_by_a_namespace_of_its_own(void **state)
{
	static const struct {
		const char *map;
		uid_t fsuid, uid;
		bool is;
	} rows[] = {
		{ "0 1000 1\n", 1000, 1000, true },
		{ "0 1000 1\n1 100000 65536\n", 100033, 1000, true },
		{ "0 1000 1\n1 100000 65536\n", 100033, 100000, false },
		{ "0 1000 1\n1 100000 65536\n", 100033, 100032, false },
		{ "0 100000 1000\n1000 1000 1\n1001 101000 64536\n", 100033, 1000, true },
		{ "0 100000 65536\n", 100033, 100000, false },
		{ "0 0 4294967295\n", 5, 1000, false },
		/* A service that systemd keeps apart: root is mapped for its sake, and is not it.
		 */
		{ "0 0 1\n1000 1000 1\n", 1000, 0, false },
		{ "0 0 1\n1000 1000 1\n", 1000, 1000, true },
		{ "0 0 1\n1000 1000 1\n", 0, 0, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		pid_t pid = geteuid() ? 0 : scratch_child_apart();

		if (!pid)
			skip();
		scratch_write_map(pid, "uid_map", rows[i].map);
		if (identity_is_user(pid, rows[i].fsuid, rows[i].uid) != rows[i].is)
			fail_msg("row %zu: %u of %s", i, rows[i].uid, rows[i].map);
		scratch_end(pid);
	}
}

static void an_id_is_alone_in_a_line_of_a_map(void **state)
{
	static const struct {
		const char *map;
		uint32_t host;
		bool alone;
	} rows[] = {
		{ "         0       1000          1\n", 1000, true },
		{ "         0       1000          1\n", 0, false },
		{ "0 1000 1\n1 100000 65536\n", 1000, true },
		{ "1 100000 65536\n0 1000 1\n", 1000, true },
		{ "0 1000 2\n", 1000, false },
		{ "0 1000 2\n", 1001, false },
		{ "0 999 2\n", 1000, false },
		{ "0 1000 0\n", 1000, false },
		{ "1000 0 1\n", 1000, false },
		{ "1 1 1000\n", 1000, false },
		{ "0 10001 1\n", 1000, false },
		{ "0 1000 1", 1000, true },
		{ "0 1000", 1000, false },
		{ "x 1000 1\n0 1000 1\n", 1000, false },
		{ "\n", 1000, false },
		{ "", 1000, false },
		{ "", 0, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (identity_maps_alone(rows[i].map, rows[i].host) != rows[i].alone)
			fail_msg("row %zu: %s", i, rows[i].map);
}

static void numbers_are_read_from_their_line(void **state)
{
	static const char status[] = "Name:\tNSpid:\t7 7 \\nNSpid:\t8\n"
				     "Gid:\t1\t2\t3\t4\n"
				     "NStgid:\t4711\t1\n"
				     "NSpid:\t4712\t2\n"
				     "NSsid:\n"
				     "Groups:\t10 20 30 \n"
				     "Seccomp_filters:\tx 5\n"
				     "Last:\t42";
	static const struct {
		const char *status, *name;
		size_t room, count;
		unsigned long numbers[4];
	} rows[] = {
		{ status, "NSpid", 4, 2, { 4712, 2 } },
		{ status, "NStgid", 4, 2, { 4711, 1 } },
		{ status, "NStgid", 1, 1, { 4711 } },
		{ status, "NStgid", 0, 0, { 0 } },
		{ status, "Gid", 4, 4, { 1, 2, 3, 4 } },
		{ status, "Groups", 4, 3, { 10, 20, 30 } },
		{ status, "Last", 4, 1, { 42 } },
		{ status, "NSsid", 4, 0, { 0 } },
		{ status, "Seccomp_filters", 4, 0, { 0 } },
		{ status, "pid", 4, 0, { 0 } },
		{ status, "NS", 4, 0, { 0 } },
		{ status, "Absent", 4, 0, { 0 } },
		{ "NSpid:\t3\n", "NSpid", 4, 1, { 3 } },
		{ "xNSpid:\t3\nNSpid", "NSpid", 4, 0, { 0 } },
		{ "NSpid2\t5\nNSpid:\t7\n", "NSpid", 4, 1, { 7 } },
		{ "NSpid:\t-3\n", "NSpid", 4, 0, { 0 } },
		{ "", "NSpid", 4, 0, { 0 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		unsigned long numbers[4] = { 0 };
		size_t count = identity_status_numbers(
			rows[i].status, rows[i].name, numbers, rows[i].room);

		if (count != rows[i].count)
			fail_msg("row %zu: %zu numbers", i, count);
		assert_memory_equal(numbers, rows[i].numbers, sizeof numbers);
	}
}

#define with_units(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_units(a_process_of_a_unit_is_the_units),
		with_units(a_unit_in_a_place_that_is_not_roots_is_none),
		with_units(a_unit_of_systemds_own_v1_hierarchy),
		with_units(a_container_of_v1_is_not_its_engines_unit),
		cmocka_unit_test(the_main_process_is_process_1_one_below),
		cmocka_unit_test(a_user_is_known_by_its_id_outside_of_containers),
		cmocka_unit_test(a_user_is_known_by_a_namespace_of_its_own),
		cmocka_unit_test(an_id_is_alone_in_a_line_of_a_map),
		cmocka_unit_test(numbers_are_read_from_their_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
