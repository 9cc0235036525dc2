/* SPDX-License-Identifier: Apache-2.0 */
/* Versions side by side: what is current, what was before and is read beside it, what is staged. */
#include "situation.h"

#define PREVIOUS RIG_FILE GRANT_PREVIOUS_SUFFIX
#define HOUR_NS (3600 * UINT64_C(1000000000))

static void show_previous(struct rig *rig)
{
	rig->grant.flags |= GRANT_WITH_PREVIOUS | VAULT_PREVIOUS_NAMED;
	rig_put_grant(rig, &rig->grant);
}

/* Rotate as core does when there are versions side by side: what was current is the previous one.
 */
static void rotate_beside(struct rig *rig, const char *value, uint64_t until_ns)
{
	uint64_t before = rig->secret.current;

	rig->secret.previous = before;
	rig->secret.previous_until_ns = until_ns;
	rig_rotate(rig, value, strlen(value));
}

static void reads(struct rig *rig, struct ask ask, const char *value)
{
	struct reply reply;
	uint64_t fh;

	must_ok(rig_getattr(rig, ask, &reply));
	assert_int_equal(reply.body.attr.attr.size, strlen(value));
	must_ok(rig_open(rig, ask, FUSE_OPEN, O_RDONLY, &reply));
	fh = reply.body.open.fh;
	must_ok(rig_read(rig, ask, FUSE_READ, fh, 0, 99, false, &reply));
	assert_int_equal(reply.length, strlen(value));
	assert_memory_equal(reply.body.bytes, value, strlen(value));
	must_ok(rig_release(rig, ask, fh, &reply));
}

static void is_absent(struct rig *rig, struct ask ask)
{
	struct reply reply;

	assert_int_equal(rig_getattr(rig, ask, &reply), ENOENT);
	assert_int_equal(rig_access(rig, ask, R_OK, &reply), ENOENT);
	assert_int_equal(rig_open(rig, ask, FUSE_OPEN, O_RDONLY, &reply), ENOENT);
}

/* How many files the consumer is shown. */
static size_t listed(struct rig *rig)
{
	struct reply reply;
	size_t count = 0;

	must_ok(rig_read(rig, rig_by(rig->web, 1000, rig->consumer), FUSE_READDIR, 0, 0, 4096,
		false, &reply));
	for (size_t at = 0; at < reply.length; count++) {
		const struct fuse_dirent *entry = (const void *)(reply.body.bytes + at);

		at += FUSE_DIRENT_SIZE(entry);
	}
	return count;
}

static void the_previous_version_is_a_second_file(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask web = rig_by(rig->web, 1000, rig->file), previous = web, other;
	struct ask directory = rig_by(rig->web, 1000, rig->consumer);
	struct reply reply;

	previous.node = rig_node(rig, RIG_CONSUMER "/" PREVIOUS);
	assert_int_equal(rig_lookup(rig, directory, PREVIOUS, &reply), ENOENT);
	show_previous(rig);
	/* There is none yet: its name is there for the kernel, and the file is not. */
	must_ok(rig_lookup(rig, directory, PREVIOUS, &reply));
	assert_int_equal(reply.body.entry.nodeid, previous.node);
	is_absent(rig, previous);
	assert_int_equal(listed(rig), 1);
	rotate_beside(rig, "the second", 0);
	reads(rig, web, "the second");
	reads(rig, previous, "first");
	assert_int_equal(listed(rig), 2);
	rotate_beside(rig, "3rd", 0);
	reads(rig, web, "3rd");
	reads(rig, previous, "the second");
	/* Nobody else may. */
	other = rig_by(rig->host, 1000, previous.node);
	assert_int_equal(rig_open(rig, other, FUSE_OPEN, O_RDONLY, &reply), ENOENT);
	rig_place(rig, 3, 0, 0, 0);
	is_absent(rig, previous);
	assert_int_equal(listed(rig), 1);
	must_ok(rig_lookup(rig, directory, PREVIOUS, &reply));
	reads(rig, web, "3rd");
}

static void a_newline_follows_it_too(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask previous = rig_by(rig->web, 1000, 0);

	previous.node = rig_node(rig, RIG_CONSUMER "/" PREVIOUS);
	rig->grant.flags = GRANT_NEWLINE;
	show_previous(rig);
	rotate_beside(rig, "second", 0);
	reads(rig, previous, "first\n");
}

static void what_is_staged_is_read_when_it_is_promoted(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask web = rig_by(rig->web, 1000, rig->file), previous = web;

	previous.node = rig_node(rig, RIG_CONSUMER "/" PREVIOUS);
	show_previous(rig);
	rotate_beside(rig, "second", 0);
	rig->secret.previous = 2;
	rig_rotate(rig, "third", 5);
	rig_place(rig, 2, 1, 3, 0);
	is_absent(rig, previous); /* what is not in memory is not there */
	reads(rig, web, "second");
	rig_place(rig, 3, 2, 0, 0);
	reads(rig, web, "third");
	reads(rig, previous, "second");
	rig_place(rig, 2, 3, 0, 0);
	reads(rig, web, "second");
	reads(rig, previous, "third");
}

static void an_overlap_ends_by_the_clock(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask web = rig_by(rig->web, 1000, rig->file), previous = web;
	uint64_t until = clock_realtime_ns() + HOUR_NS, fh;
	struct reply reply;

	previous.node = rig_node(rig, RIG_CONSUMER "/" PREVIOUS);
	show_previous(rig);
	rotate_beside(rig, "second", until);
	reads(rig, previous, "first");
	must_ok(rig_open(rig, previous, FUSE_OPEN, O_RDONLY, &reply));
	fh = reply.body.open.fh;
	model_write_lock(rig->model);
	rig->model->floor = (struct clock_floor){ until, clock_boottime_ns() };
	model_unlock(rig->model);
	is_absent(rig, previous);
	assert_int_equal(rig_read(rig, previous, FUSE_READ, fh, 0, 9, false, &reply), ENOENT);
	assert_int_equal(listed(rig), 1);
	reads(rig, web, "second");
}

/* A rotation leaves what is open; retiring ends it, and nothing that comes later revives it. */
static void an_open_previous_file_is_read_until_it_is_retired(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask web = rig_by(rig->web, 1000, rig->file), previous = web;
	const struct grant *grant;
	uint64_t fh, current_fh;
	struct reply reply;

	previous.node = rig_node(rig, RIG_CONSUMER "/" PREVIOUS);
	show_previous(rig);
	rotate_beside(rig, "second", 0);
	must_ok(rig_open(rig, previous, FUSE_OPEN, O_RDONLY, &reply));
	fh = reply.body.open.fh;
	must_ok(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply));
	current_fh = reply.body.open.fh;
	rotate_beside(rig, "third", 0);
	must_ok(rig_read(rig, previous, FUSE_READ, fh, 0, 9, false, &reply));
	assert_memory_equal(reply.body.bytes, "first", 5);
	grant = model_grant_by_id(rig->model, rig->grant.id);
	model_write_lock(rig->model);
	server_end_previous(rig->server, grant);
	model_unlock(rig->model);
	assert_int_equal(rig_read(rig, previous, FUSE_READ, fh, 0, 9, false, &reply), ESTALE);
	must_ok(rig_read(rig, web, FUSE_READ, current_fh, 0, 9, false, &reply));
	assert_memory_equal(reply.body.bytes, "second", 6);
	rotate_beside(rig, "fourth", 0);
	assert_int_equal(rig_read(rig, previous, FUSE_READ, fh, 0, 9, false, &reply), ESTALE);
	must_ok(rig_release(rig, previous, fh, &reply));
	must_ok(rig_release(rig, web, current_fh, &reply));
	assert_int_equal(server_open_handles(rig->server), 0);
}

static void who_watches_is_told_that_it_has_ended(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask toucher = rig_by(rig->host, geteuid(), rig_node(rig, RIG_CONSUMER "/" PREVIOUS));
	struct grant_record revoked;
	struct reply reply;

	show_previous(rig);
	rotate_beside(rig, "second", 0);
	rig_place(rig, 2, 0, 0, 0);
	server_set_toucher(rig->server, rig->host);
	must_ok(rig_open(rig, toucher, FUSE_OPEN, O_WRONLY, &reply));
	must_ok(rig_release(rig, toucher, reply.body.open.fh, &reply));
	is_absent(rig, rig_by(rig->web, 1000, toucher.node));
	revoked = rig_revoked(&rig->grant);
	rig_put_grant(rig, &revoked);
	assert_int_equal(rig_open(rig, toucher, FUSE_OPEN, O_WRONLY, &reply), EROFS);
}

static void its_name_outlives_the_grant_and_the_core(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask directory = rig_by(rig->web, 1000, rig->consumer), previous = directory;
	struct grant_record revoked;
	struct reply reply;

	previous.node = rig_node(rig, RIG_CONSUMER "/" PREVIOUS);
	show_previous(rig);
	rotate_beside(rig, "second", 0);
	revoked = rig_revoked(&rig->grant);
	revoked.flags = VAULT_PREVIOUS_NAMED;
	rig_put_grant(rig, &revoked);
	is_absent(rig, previous);
	rig_end_core(rig);
	rig_start_core(rig);
	rig_run_core(rig);
	must_ok(rig_lookup(rig, directory, PREVIOUS, &reply));
	is_absent(rig, previous);
	/* Granted anew without it, it stays absent; a file of its own may have the name then. */
	rig->grant.flags = VAULT_PREVIOUS_NAMED;
	rig_put_grant(rig, &rig->grant);
	is_absent(rig, previous);
	rig->grant = rig_grant(rig, RIG_CONSUMER, PREVIOUS);
	rig_put_grant(rig, &rig->grant);
	reads(rig, previous, "second");
}

/* What a container opened last is noted, and only of the file that shows what is current. */
static void the_version_of_the_last_open_is_noted(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask web = rig_by(rig->web, 1000, rig->file), previous = web;
	char id[CONTAINER_ID_LENGTH + 1];
	struct grant *grant;

	memset(id, 'a', CONTAINER_ID_LENGTH);
	id[CONTAINER_ID_LENGTH] = '\0';
	previous.node = rig_node(rig, RIG_CONSUMER "/" PREVIOUS);
	show_previous(rig);
	grant = model_grant_by_id(rig->model, rig->grant.id);
	assert_int_equal(grant_version_of(rig->model, grant, id), 0);
	reads(rig, web, "first");
	assert_int_equal(grant_version_of(rig->model, grant, id), 1);
	rotate_beside(rig, "second", 0);
	reads(rig, previous, "first");
	assert_int_equal(grant_version_of(rig->model, grant, id), 1);
	reads(rig, web, "second");
	reads(rig, previous, "first");
	assert_int_equal(grant_version_of(rig->model, grant, id), 2);
	id[0] = 'b';
	assert_int_equal(grant_version_of(rig->model, grant, id), 0);
}

#define with_rig(test) cmocka_unit_test_setup_teardown(test, rig_set_up, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_rig(the_previous_version_is_a_second_file),
		with_rig(a_newline_follows_it_too),
		with_rig(what_is_staged_is_read_when_it_is_promoted),
		with_rig(an_overlap_ends_by_the_clock),
		with_rig(an_open_previous_file_is_read_until_it_is_retired),
		with_rig(who_watches_is_told_that_it_has_ended),
		with_rig(the_version_of_the_last_open_is_noted),
		with_rig(its_name_outlives_the_grant_and_the_core),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
