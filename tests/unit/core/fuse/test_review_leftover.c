/* SPDX-License-Identifier: Apache-2.0 */
/* An OPEN that an earlier core had made a handle for, and did not come to tell, is denied by the
 * next one: nobody will release that handle. Unless it was told after all. */
#include "waiting.h"

#include <sys/syscall.h>

static _Atomic bool unwanted; /* the kernel does not wait for an error */

ssize_t write(int fd, const void *bytes, size_t size);
ssize_t write(int fd, const void *bytes, size_t size)
{
	if (size != sizeof(struct fuse_out_header) || !atomic_load(&unwanted))
		return syscall(SYS_write, fd, bytes, size);
	errno = ENOENT;
	return -1;
}

/* A core that dies when it has made the handle of an OPEN that waited, and the next one. */
static uint64_t die_with_a_handle(struct rig *rig)
{
	struct handover_handle *handle = &rig->handover->handles[0];
	uint64_t unique = send_open(rig, open_ask(rig, rig->web, rig->file));

	expect_parked(rig, 1);
	rig_end_core(rig);
	*handle = (struct handover_handle){ .unique = unique, .node = rig->file, .version = 1 };
	memcpy(handle->secret_id, rig->secret.id, SEAL_ID_BYTES);
	memcpy(handle->grant_id, rig->grant.id, SEAL_ID_BYTES);
	atomic_store(&handle->state, HANDLE_OPEN);
	rig_start_core(rig);
	rig_run_core(rig);
	assert_int_equal(server_open_handles(rig->server), 1);
	return unique;
}

static void expect_end(struct rig *rig, unsigned int handles)
{
	expect_parked(rig, 0);
	expect_handles(rig, handles);
}

static void interrupted_it_leaves_no_handle(void **state)
{
	struct rig *rig = rig_of(state);
	uint64_t unique = die_with_a_handle(rig);
	struct reply reply;

	send_interrupt(rig, unique, 0);
	assert_int_equal(expect_answer(rig, 0, unique, &reply), EINTR);
	expect_end(rig, 0);
}

static void denied_it_leaves_no_handle(void **state)
{
	struct rig *rig = rig_of(state);
	uint64_t unique = die_with_a_handle(rig);
	struct reply reply;

	engine_names(rig, 'a', "shop/db");
	assert_int_equal(expect_answer(rig, 0, unique, &reply), ENOENT);
	expect_end(rig, 0);
}

static void told_it_keeps_its_handle(void **state)
{
	struct rig *rig = rig_of(state);
	uint64_t unique = die_with_a_handle(rig);

	atomic_store(&unwanted, true);
	send_interrupt(rig, unique, 0);
	expect_end(rig, 1);
	atomic_store(&unwanted, false);
}

#define with_engine(test) cmocka_unit_test_setup_teardown(test, rig_set_up_engine, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_engine(interrupted_it_leaves_no_handle),
		with_engine(denied_it_leaves_no_handle),
		with_engine(told_it_keeps_its_handle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
