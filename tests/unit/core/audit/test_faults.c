/* SPDX-License-Identifier: Apache-2.0 */
/* The disk refuses at each of its calls, once or for good: nothing that was acknowledged is lost,
 * and nothing is written twice. */
#include <fcntl.h>

#include "core/audit/pump.h"
#include "rig.h"

/* The n-th call of these fails (0: none), and with `sticky` every later one. A write that fails for
 * want of space has written a part. */
static struct {
	unsigned int at, count;
	bool sticky;
	int errnum;
} fault;

static bool fails(void)
{
	fault.count++;
	if (!fault.at || (fault.sticky ? fault.count < fault.at : fault.count != fault.at))
		return false;
	errno = fault.errnum;
	return true;
}

ssize_t __real_pwrite(int fd, const void *bytes, size_t length, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t length, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t length, off_t offset)
{
	if (!fails())
		return __real_pwrite(fd, bytes, length, offset);
	if (fault.errnum == ENOSPC && __real_pwrite(fd, bytes, length / 2, offset) < 0)
		return -1;
	errno = fault.errnum;
	return -1;
}

int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __wrap_fdatasync(int fd)
{
	return fails() ? -1 : __real_fdatasync(fd);
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	return fails() ? -1 : __real_fsync(fd);
}

int __real_ftruncate(int fd, off_t length);
int __wrap_ftruncate(int fd, off_t length);
int __wrap_ftruncate(int fd, off_t length)
{
	return fails() ? -1 : __real_ftruncate(fd, length);
}

int __real_unlinkat(int fd, const char *name, int flags);
int __wrap_unlinkat(int fd, const char *name, int flags);
int __wrap_unlinkat(int fd, const char *name, int flags)
{
	return fails() ? -1 : __real_unlinkat(fd, name, flags);
}

static void no_fault(void)
{
	memset(&fault, 0, sizeof fault);
}

#define RECORDS 60u
#define GROUP 5u

struct durable {
	uint64_t count;
};

/* In order, each once. */
static void note(void *with, const struct audit_record *record, uint64_t number)
{
	struct durable *durable = with;

	(void)number;
	assert_int_equal(record->unique, ++durable->count);
}

static void put(struct audit_ring *ring, uint64_t first, uint64_t count)
{
	for (uint64_t i = first; i < first + count; i++) {
		struct audit_record record = rig_record(i);

		assert_true(audit_ring_put(ring, 3, &record));
	}
}

/* Write all the records through a pump, trying again when the disk refuses; a log that cannot even
 * be opened is tried again, too. What was told of as durable when the disk refused for good is
 * there. */
static unsigned int run(struct rig *rig, struct audit_ring *ring, struct durable *durable)
{
	struct audit_pump *pump = NULL;
	unsigned int failures = 0;

	for (uint64_t done = 0; done < RECORDS || audit_ring_queue(ring);) {
		struct err err = { 0 };

		if (!rig->log && audit_log_open(&rig->options, &rig->log, &rig->found, &err) < 0) {
			failures++;
		} else {
			if (!pump) {
				pump = audit_pump_new(ring, rig->log);
				audit_pump_on_durable(pump, note, durable);
			}
			if (done < RECORDS && done - durable->count < GROUP) {
				put(ring, done + 1, GROUP);
				done += GROUP;
			}
			failures += audit_pump_run(pump, &err) < 0;
		}
		/* The disk is mended after a while. */
		if (failures == 6)
			no_fault();
		assert_true(failures < 20);
	}
	audit_pump_free(pump);
	return failures;
}

/* Until none of the calls is the one that fails; how many that were. */
static unsigned int sweep(int errnum, bool sticky, unsigned int *blocked)
{
	for (unsigned int at = 1;; at++) {
		unsigned int calls = 0, failures;
		struct durable durable = { 0 };
		struct audit_ring *ring;
		struct rig rig;
		int fd;

		rig_start(&rig);
		rig.options.file_bytes = 4096;
		rig.options.keep = 3;
		assert_int_equal(audit_ring_create(&fd, NULL), 0);
		assert_int_equal(audit_ring_map(fd, &ring, NULL), 0);
		fault.at = at;
		fault.count = 0;
		fault.sticky = sticky;
		fault.errnum = errnum;
		failures = run(&rig, ring, &durable);
		calls = fault.count;
		*blocked += failures;
		no_fault();
		assert_int_equal(durable.count, RECORDS);
		rig_close(&rig);
		{
			struct audit_verdict verdict;
			struct err err = { 0 };

			if (audit_verify(&rig.options, NULL, &verdict, &err) < 0)
				fail_msg("call %u: %s", at, err.text);
			assert_int_equal(verdict.end.number, RECORDS);
		}
		audit_ring_unmap(ring);
		close(fd);
		rig_end(&rig);
		if (!failures && at > calls)
			return calls;
	}
}

static void nothing_is_lost_or_doubled_whichever_call_fails(void **state)
{
	static const struct {
		int errnum;
		bool sticky;
	} cases[] = { { EIO, false }, { ENOSPC, false }, { EIO, true }, { ENOSPC, true } };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		unsigned int blocked = 0, calls;

		calls = sweep(cases[i].errnum, cases[i].sticky, &blocked);
		print_message("           %s %s: %u calls, %u refusals\n",
			strerror(cases[i].errnum), cases[i].sticky ? "for a while" : "once", calls,
			blocked);
		assert_true(calls > 30 && blocked >= calls / 2);
	}
}

/* Core dies while the disk refuses: what it had told of is there, the rest comes from the ring. */
static void death_while_blocked_loses_nothing(void **state)
{
	unsigned int deaths = 0;

	(void)state;
	for (unsigned int at = 1;; at++) {
		struct durable durable = { 0 };
		struct audit_pump *pump;
		struct audit_ring *ring;
		struct rig rig;
		int fd;
		bool died;

		rig_start(&rig);
		rig.options.file_bytes = 4096;
		assert_int_equal(audit_ring_create(&fd, NULL), 0);
		assert_int_equal(audit_ring_map(fd, &ring, NULL), 0);
		rig_open(&rig);
		pump = audit_pump_new(ring, rig.log);
		audit_pump_on_durable(pump, note, &durable);
		fault.errnum = EIO;
		fault.sticky = true;
		fault.count = 0;
		fault.at = at;
		for (uint64_t i = 1; i <= RECORDS; i += GROUP) {
			put(ring, i, GROUP);
			if (audit_pump_run(pump, NULL) < 0)
				break;
		}
		died = audit_log_is_blocked(rig.log);
		audit_pump_free(pump);
		rig_close(&rig);
		no_fault();
		deaths += died;
		rig_open(&rig);
		assert_false(rig.found.broken || rig.found.state_lost);
		pump = audit_pump_new(ring, rig.log);
		/* What the log has already is not told of again: it was adopted. */
		while (audit_pump_run(pump, NULL) > 0)
			;
		audit_pump_free(pump);
		assert_int_equal(audit_ring_queue(ring), 0);
		rig_close(&rig);
		rig_expect(&rig, ring->lanes[3].put);
		assert_true(durable.count <= ring->lanes[3].put);
		audit_ring_unmap(ring);
		close(fd);
		rig_end(&rig);
		if (!died)
			break;
	}
	print_message("           %u deaths\n", deaths);
	assert_true(deaths > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_lost_or_doubled_whichever_call_fails),
		cmocka_unit_test(death_while_blocked_loses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
