/* SPDX-License-Identifier: Apache-2.0 */
/* Which generation of a bundle a process reads, and what is kept for it. */
#include "bundles.h"
#include "situation.h"

static struct set set;

static void a_process_reads_one_generation(void **state)
{
	struct rig *rig = rig_of(state);
	pid_t second = rig_reader('a');

	give_set(rig, &set, 3);
	assert_int_equal(reads(rig, rig->web, CERT), 1);
	make_generation(rig, &set, 3);
	assert_int_equal(reads(rig, rig->web, KEY), 1);
	assert_int_equal(reads(rig, second, KEY), 2);
	make_generation(rig, &set, 1); /* of one member alone */
	assert_int_equal(reads(rig, second, CERT), 2);
	assert_int_equal(reads(rig, rig->web, CA), 1);
	assert_int_equal(reads(rig, rig->web, CERT), 3);
	assert_int_equal(reads(rig, rig->web, KEY), 2); /* what it is in the third */
	let_sessions_end();
	make_generation(rig, &set, 3);
	assert_int_equal(reads(rig, rig->web, CA), 4);
	scratch_end(second);
}

static void *idle_aside(void *told)
{
	pid_t tid = (pid_t)syscall(SYS_gettid);

	if (write(*(int *)told, &tid, sizeof tid) == sizeof tid)
		idle();
	return NULL;
}

/* This program once more, as a process of two threads that say nothing but the second's id. */
static int be_two_threads(int told)
{
	pthread_t thread;

	if (!pthread_create(&thread, NULL, idle_aside, &told))
		idle();
	return 1;
}

static pid_t two_threads(char digit, pid_t *second)
{
	char container[SCRATCH_CGROUP_MAX], number[16];
	int told[2];
	pid_t pid;

	assert_int_equal(pipe(told), 0);
	snprintf(number, sizeof number, "%d", told[1]);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		execl("/proc/self/exe", "test_bundles", number, NULL);
		_exit(1);
	}
	assert_int_equal(read(told[0], second, sizeof *second), sizeof *second);
	close(told[0]);
	close(told[1]);
	assert_true(scratch_container(scratch_unified(), digit, container));
	scratch_move(container, pid);
	return pid;
}

static void threads_of_a_process_read_one_generation(void **state)
{
	struct rig *rig = rig_of(state);
	pid_t second = 0, first = two_threads('a', &second);

	give_set(rig, &set, 3);
	assert_int_not_equal(second, first);
	assert_int_equal(reads(rig, first, CERT), 1);
	make_generation(rig, &set, 3);
	assert_int_equal(reads(rig, second, KEY), 1);
	assert_int_equal(reads(rig, rig->web, KEY), 2);
	assert_int_equal(reads(rig, second, CERT), 2);
	make_generation(rig, &set, 3);
	assert_int_equal(reads(rig, first, KEY), 2);
	scratch_end(first);
}

/* What a session may still ask for is kept, and no longer than that. */
static void a_generation_is_kept_while_it_is_read(void **state)
{
	struct rig *rig = rig_of(state);
	struct bundle *bundle;
	struct reply reply;
	struct ask key;
	uint64_t fh;

	give_set(rig, &set, 2);
	bundle = model_bundle(rig->model, BUNDLE);
	key = rig_by(rig->other, 1000, member_in(rig, rig->consumer, FOLDER, KEY));
	assert_false(server_generation_is_read(rig->server, bundle, 1));
	assert_int_equal(reads(rig, rig->web, CERT), 1);
	assert_true(server_generation_is_read(rig->server, bundle, 1));
	for (int i = 0; i < 2 * KEPT; i++)
		make_generation(rig, &set, 2);
	assert_int_equal(reads(rig, rig->web, KEY), 1);
	let_sessions_end();
	assert_false(server_generation_is_read(rig->server, bundle, 1));
	/* A file that is open is read, though its session is over. */
	must_ok(rig_open(rig, key, FUSE_OPEN, O_RDONLY, &reply));
	fh = reply.body.open.fh;
	let_sessions_end();
	for (int i = 0; i < 2 * KEPT; i++)
		make_generation(rig, &set, 2);
	assert_true(server_generation_is_read(rig->server, bundle, 1 + 2 * KEPT));
	assert_false(server_generation_is_read(rig->server, bundle, 2 + 2 * KEPT));
	assert_null(bundle_generation(bundle, 1));
	assert_int_equal(generation_of(rig, key, fh), 1 + 2 * KEPT);
	must_ok(rig_release(rig, key, fh, &reply));
	assert_false(server_generation_is_read(rig->server, bundle, 1 + 2 * KEPT));
	make_generation(rig, &set, 2);
	assert_null(bundle_generation(bundle, 1 + 2 * KEPT));
}

/* Nothing is better than what does not belong together. */
static void what_its_generation_has_not_is_not_there(void **state)
{
	struct rig *rig = rig_of(state);
	struct bundle_record shorter;
	struct err err;

	give_set(rig, &set, 2);
	assert_int_equal(reads(rig, rig->web, CERT), 1);
	revoke_set(rig, &set);
	make_generation(rig, &set, 3);
	grant_set(rig, &set, RIG_CONSUMER, FOLDER);
	assert_int_equal(reads(rig, rig->web, CA), -ENOENT);
	assert_int_equal(reads(rig, rig->web, KEY), 1);
	assert_int_equal(reads(rig, rig->web, CERT), 2);
	assert_int_equal(reads(rig, rig->web, CA), 2);
	/* A writer that does not ask whether it is read. */
	make_generation(rig, &set, 3);
	shorter = set.record;
	shorter.generations[0] = shorter.generations[shorter.generation_count - 1];
	shorter.generation_count = 1;
	model_write_lock(rig->model);
	must(model_put_bundle(rig->model, &shorter, &err));
	model_unlock(rig->model);
	assert_int_equal(reads(rig, rig->web, KEY), -EAGAIN);
	assert_int_equal(reads(rig, rig->web, CERT), 3);
	assert_int_equal(reads(rig, rig->web, KEY), 3);
}

static void another_bundle_in_the_folder_is_another_session(void **state)
{
	struct rig *rig = rig_of(state);
	static struct set next;
	struct err err;

	give_set(rig, &set, 2);
	make_generation(rig, &set, 2);
	assert_int_equal(reads(rig, rig->web, CERT), 2);
	revoke_set(rig, &set);
	assert_int_equal(reads(rig, rig->web, KEY), -ENOENT);
	model_write_lock(rig->model);
	model_remove_bundle(rig->model, model_bundle(rig->model, BUNDLE));
	for (uint32_t i = 0; i < 2; i++)
		model_remove_secret(rig->model, model_secret_by_id(rig->model, set.secret[i].id));
	model_unlock(rig->model);
	must(vault_begin(rig->store.vault, &err));
	must(vault_remove_bundle(rig->store.vault, set.record.id, &err));
	must(vault_commit(rig->store.vault, &err));
	make_set(rig, &next, 2);
	for (int i = 0; i < 2; i++)
		make_generation(rig, &next, 2);
	grant_set(rig, &next, RIG_CONSUMER, FOLDER);
	assert_int_equal(reads(rig, rig->web, KEY), 3);
}

/* FOLDER@N: of no session, and of nobody's. */
static void a_generation_has_a_folder_while_it_is_kept(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask directory = rig_by(rig->web, 1000, rig->consumer), web = directory;
	struct reply reply;

	give_set(rig, &set, 2);
	make_generation(rig, &set, 2);
	must_ok(rig_lookup(rig, directory, FOLDER "@1", &reply));
	web.node = reply.body.entry.nodeid;
	assert_int_equal(web.node, folder_in(rig, rig->consumer, FOLDER "@1"));
	assert_true(S_ISDIR(reply.body.entry.attr.mode));
	must_ok(rig_getattr(rig, web, &reply));
	must_ok(rig_lookup(rig, web, "key", &reply));
	assert_int_equal(reply.body.entry.nodeid, member_in(rig, rig->consumer, FOLDER "@1", KEY));
	assert_int_equal(reply.body.entry.attr.size, strlen("key 1"));
	assert_int_equal(reads_in(rig, rig->web, rig->consumer, FOLDER "@1", KEY), 1);
	assert_int_equal(reads_in(rig, rig->web, rig->consumer, FOLDER "@2", KEY), 2);
	assert_int_equal(reads_in(rig, rig->web, rig->consumer, FOLDER "@1", KEY), 1);
	assert_int_equal(reads_in(rig, rig->web, rig->consumer, FOLDER "@3", KEY), -ENOENT);
	assert_int_equal(reads_in(rig, rig->web, rig->consumer, FOLDER "@1", CA), -ENOENT);
	assert_int_equal(reads_in(rig, rig->host, rig->consumer, FOLDER "@1", KEY), -ENOENT);
	assert_int_equal(rig->handover->sessions[0].folder, 0);
	assert_int_equal(rig_lookup(rig, directory, FOLDER "@3", &reply), ENOENT);
	assert_int_equal(rig_lookup(rig, directory, FOLDER "@01", &reply), ENOENT);
	for (int i = 0; i < KEPT; i++)
		make_generation(rig, &set, 2);
	assert_int_equal(rig_getattr(rig, web, &reply), ENOENT);
	assert_int_equal(reads_in(rig, rig->web, rig->consumer, FOLDER "@1", KEY), -ENOENT);
	assert_int_equal(rig_lookup(rig, directory, FOLDER "@1", &reply), ENOENT);
	assert_int_equal(rig_lookup(rig, web, "key", &reply), ENOENT);
}

static void a_container_has_a_quarter_of_the_sessions(void **state)
{
	struct rig *rig = rig_of(state);
	struct session_member who = { .folder = 1, .bundle_id = set.record.id };
	struct session_choice choice;
	pid_t second = rig_reader('a');
	struct stat st;
	char container[SCRATCH_CGROUP_MAX];

	give_set(rig, &set, 2);
	assert_true(scratch_container(scratch_unified(), 'a', container));
	must_ok(stat(container, &st));
	who.reader = st.st_ino;
	assert_int_equal(reads(rig, rig->web, CERT), 1);
	for (who.process = 1; session_choose(
		     &rig->server->sessions, &who, 1, clock_monotonic_ns() + SESSION_NS, &choice);
		who.process++)
		session_note(&rig->server->sessions, &who, &choice, choice.since_ns);
	assert_int_equal(who.process - 1, SESSIONS_PER_READER);
	assert_int_equal(server_open_handles(rig->server), 0);
	assert_int_equal(reads(rig, second, CERT), -EAGAIN);
	assert_int_equal(reads(rig, rig->other, CERT), 1);
	assert_int_equal(server_open_handles(rig->server), 0);
	let_time_pass(2 * SESSION_NS);
	assert_int_equal(reads(rig, second, CERT), 1);
	scratch_end(second);
}

#define with_rig(test) cmocka_unit_test_setup_teardown(test, rig_set_up, rig_tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		with_rig(a_process_reads_one_generation),
		with_rig(threads_of_a_process_read_one_generation),
		with_rig(a_generation_is_kept_while_it_is_read),
		with_rig(what_its_generation_has_not_is_not_there),
		with_rig(another_bundle_in_the_folder_is_another_session),
		with_rig(a_generation_has_a_folder_while_it_is_kept),
		with_rig(a_container_has_a_quarter_of_the_sessions),
	};

	if (argc == 2)
		return be_two_threads(atoi(argv[1]));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
