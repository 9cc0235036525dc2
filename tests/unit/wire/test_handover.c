/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that outlives core: what is in a new one, and that no other is mapped. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "wire/handover.h"

static void new_memory_is_empty(void **state)
{
	static const uint8_t zero[16];
	struct handover *handover;
	struct stat st;
	int fd;

	(void)state;
	assert_int_equal(handover_create(3, &fd, NULL), 0);
	assert_int_equal(handover_map(fd, &handover, NULL), 0);
	assert_int_equal(handover->threads, 3);
	assert_int_equal(handover->layout, HANDOVER_LAYOUT);
	assert_memory_not_equal(handover->node_key, zero, sizeof zero);
	assert_true(handover->mounted_ns > 0);
	assert_true(handover->mounted_boot_ns > 0);
	assert_true(handover->mounted_boot_ns < handover->mounted_ns);
	assert_int_equal(handover->core_starts, 0);
	for (unsigned int i = 0; i < HANDOVER_HANDLES; i++)
		assert_int_equal(handover->handles[i].state, HANDLE_FREE);
	for (unsigned int i = 0; i < HANDOVER_PARKED; i++) {
		assert_int_equal(handover->parked[i].state, PARKED_FREE);
		assert_int_equal(handover->parked[i].count, COUNT_NONE);
		assert_int_equal(handover->parked[i].number, 0);
	}
	for (unsigned int i = 0; i < HANDOVER_SESSIONS; i++)
		assert_int_equal(handover->sessions[i].folder, 0);
	assert_int_equal(handover->folder_count, 0);
	/* One for each thread, and one for parked OPENs. */
	for (unsigned int i = 0; i <= 3; i++) {
		assert_int_equal(handover->slots[i].processing, 0);
		assert_int_equal(handover->slots[i].opening, 0);
		assert_int_equal(*(const uint32_t *)handover->slots[i].request, 0);
		/* libfuse is given the request's place: pages of its own. */
		assert_int_equal((uintptr_t)handover->slots[i].request % 4096, 0);
	}
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, handover_size(3));
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	handover_unmap(handover);
	handover_unmap(NULL);
	close(fd);
}

static void two_mounts_number_their_nodes_differently(void **state)
{
	struct handover *a, *b;
	int fds[2];

	(void)state;
	assert_int_equal(handover_create(1, &fds[0], NULL), 0);
	assert_int_equal(handover_create(1, &fds[1], NULL), 0);
	assert_int_equal(handover_map(fds[0], &a, NULL), 0);
	assert_int_equal(handover_map(fds[1], &b, NULL), 0);
	assert_memory_not_equal(a->node_key, b->node_key, sizeof a->node_key);
	handover_unmap(a);
	handover_unmap(b);
	close(fds[0]);
	close(fds[1]);
}

/* What one core wrote, the next finds. */
static void two_maps_are_one_memory(void **state)
{
	struct handover *a, *b;
	int fd;

	(void)state;
	assert_int_equal(handover_create(2, &fd, NULL), 0);
	assert_int_equal(handover_map(fd, &a, NULL), 0);
	atomic_store(&a->handles[HANDOVER_HANDLES - 1].state, HANDLE_OPEN);
	atomic_store(&a->sessions[HANDOVER_SESSIONS - 1].opened, 5);
	a->folders[HANDOVER_FOLDERS - 1] = 9;
	atomic_store(&a->slots[1].strikes, 1);
	memset(a->slots[1].request + HANDOVER_REQUEST_MAX - 4, 'x', 4);
	atomic_store(&a->parked[HANDOVER_PARKED - 1].number, 7);
	memset(a->parked[HANDOVER_PARKED - 1].request, 'y', HANDOVER_PARKED_REQUEST);
	memset(a->slots[2].request + HANDOVER_REQUEST_MAX - 4, 'z', 4); /* its very last bytes */
	assert_int_equal(handover_map(fd, &b, NULL), 0);
	assert_ptr_not_equal(a, b);
	assert_int_equal(b->handles[HANDOVER_HANDLES - 1].state, HANDLE_OPEN);
	assert_int_equal(b->sessions[HANDOVER_SESSIONS - 1].opened, 5);
	assert_int_equal(b->folders[HANDOVER_FOLDERS - 1], 9);
	assert_int_equal(b->sessions[0].folder, 0); /* what is after it is not reached */
	assert_int_equal(b->slots[1].strikes, 1);
	assert_memory_equal(b->slots[1].request + HANDOVER_REQUEST_MAX - 4, "xxxx", 4);
	assert_int_equal(b->parked[HANDOVER_PARKED - 1].number, 7);
	assert_memory_equal(b->parked[HANDOVER_PARKED - 1].request, "yyyy", 4);
	assert_memory_equal(b->slots[2].request + HANDOVER_REQUEST_MAX - 4, "zzzz", 4);
	assert_int_equal(b->slots[0].request[0], 0); /* what is before it is not reached */
	handover_unmap(a);
	handover_unmap(b);
	close(fd);
}

/* Nobody who has the descriptor can make a core fault by making it shorter. */
static void its_size_is_fixed(void **state)
{
	int fd;

	(void)state;
	assert_int_equal(handover_create(1, &fd, NULL), 0);
	assert_int_equal(ftruncate(fd, 4096), -1);
	assert_int_equal(ftruncate(fd, (off_t)handover_size(2)), -1);
	assert_int_equal(errno, EPERM);
	close(fd);
}

static void another_layout_is_refused_and_left_alone(void **state)
{
	static const struct {
		size_t offset;
		uint32_t value;
		int status;
	} rows[] = {
		{ offsetof(struct handover, magic), HANDOVER_MAGIC + 1, -TACIT_CORRUPT },
		{ offsetof(struct handover, magic), 0, -TACIT_CORRUPT },
		{ offsetof(struct handover, layout), HANDOVER_LAYOUT + 1, -TACIT_NEWER },
		{ offsetof(struct handover, layout), HANDOVER_LAYOUT - 1, -TACIT_NEWER },
		{ offsetof(struct handover, threads), 0, -TACIT_NEWER },
		{ offsetof(struct handover, threads), 2, -TACIT_NEWER },
		{ offsetof(struct handover, threads), HANDOVER_THREADS_MAX + 1, -TACIT_NEWER },
		{ offsetof(struct handover, threads), UINT32_MAX, -TACIT_NEWER },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct handover *handover = NULL;
		uint32_t before, after;
		struct err err;
		int fd;

		assert_int_equal(handover_create(1, &fd, NULL), 0);
		before = rows[i].value;
		assert_int_equal(pwrite(fd, &before, 4, (off_t)rows[i].offset), 4);
		if (handover_map(fd, &handover, &err) != rows[i].status)
			fail_msg("row %zu", i);
		assert_null(handover);
		assert_int_equal(pread(fd, &after, 4, (off_t)rows[i].offset), 4);
		assert_int_equal(after, before);
		close(fd);
	}
}

/* What holder hands to the new files in an upgrade is what core will look at. */
static void the_layouts_text_is_its_number(void **state)
{
	(void)state;
	assert_int_equal(strtoul(HANDOVER_LAYOUT_TEXT, NULL, 10), HANDOVER_LAYOUT);
	/* An OPEN, its header and its body, has room; the records lie as the kernel's words do. */
	assert_true(HANDOVER_PARKED_REQUEST >=
		    sizeof(struct fuse_in_header) + sizeof(struct fuse_open_in));
	assert_int_equal(offsetof(struct handover, parked) % 8, 0);
	assert_int_equal(offsetof(struct handover, folders) % 8, 0);
	assert_int_equal(offsetof(struct handover, sessions) % 8, 0);
	assert_int_equal(sizeof(struct handover_session) % 8, 0);
	assert_int_equal(sizeof(struct handover_handle) % 8, 0);
	assert_int_equal(sizeof(struct handover_slot) % 4096, 0);
	assert_int_equal(offsetof(struct handover, slots) % 4096, 0);
}

static void what_is_no_such_memory_is_refused(void **state)
{
	struct handover *handover = NULL;
	int fd = memfd_create("short", MFD_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(handover_map(fd, &handover, NULL), -TACIT_CORRUPT);
	assert_int_equal(ftruncate(fd, (off_t)handover_size(1)), 0);
	assert_int_equal(handover_map(fd, &handover, NULL), -TACIT_CORRUPT);
	close(fd);
	assert_int_equal(handover_map(fd, &handover, NULL), -TACIT_CORRUPT);
	/* Whole, and for more threads than any array here is for. */
	assert_int_equal(handover_create(HANDOVER_THREADS_MAX + 1, &fd, NULL), 0);
	assert_int_equal(handover_map(fd, &handover, NULL), -TACIT_NEWER);
	close(fd);
	assert_null(handover);
}

static void the_key_page_is_one_memory_too(void **state)
{
	struct handover_keys *a, *b;
	char byte;
	int fd;

	(void)state;
	assert_int_equal(handover_create_keys(&fd, NULL), 0);
	assert_int_equal(handover_map_keys(fd, &a, NULL), 0);
	assert_int_equal(a->root_present, 0);
	assert_int_equal(a->transit_present, 0);
	memset(a->root, 7, sizeof a->root);
	a->root_present = 1;
	assert_int_equal(handover_map_keys(fd, &b, NULL), 0);
	assert_int_equal(b->root_present, 1);
	assert_memory_equal(b->root, a->root, sizeof a->root);
	/* Not even its own process reads it through the kernel, where the kernel has such memory.
	 */
	if (handover_keys_are_secret(fd))
		assert_true(pread(fd, &byte, 1, 0) < 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	munmap(a, sizeof *a);
	munmap(b, sizeof *b);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_memory_is_empty),
		cmocka_unit_test(two_mounts_number_their_nodes_differently),
		cmocka_unit_test(two_maps_are_one_memory),
		cmocka_unit_test(its_size_is_fixed),
		cmocka_unit_test(another_layout_is_refused_and_left_alone),
		cmocka_unit_test(the_layouts_text_is_its_number),
		cmocka_unit_test(what_is_no_such_memory_is_refused),
		cmocka_unit_test(the_key_page_is_one_memory_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
