/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log as operators read it: page by page, behind what is damaged, as it grows; and
 * verified. */
#include "desk.h"

#include <inttypes.h>

#include "core/control/audit/audit_call.h"
#include "core/control/audit/auditor_parts.h"
#include "seal/valuehash.h"

struct reading {
	struct desk *desk;
	char dir[64];
};

static int reading_set_up(void **state)
{
	struct reading *reading = calloc(1, sizeof *reading);
	struct err err = { 0 };
	void *desk;

	assert_non_null(reading);
	assert_int_equal(desk_set_up(&desk), 0);
	reading->desk = desk;
	strcpy(reading->dir, "/tmp/tacit-test-XXXXXX");
	assert_non_null(mkdtemp(reading->dir));
	snprintf(reading->desk->core.auditor->dir, AUDITOR_DIR_MAX, "%s", reading->dir);
	reading->desk->core.config.audit_file_size = 64;
	assert_int_equal(auditor_start(&reading->desk->core, &err), 0);
	if (auditor_unlocked(&reading->desk->core, &err) < 0)
		fail_msg("%s", err.text);
	*state = reading;
	return 0;
}

static int reading_tear_down(void **state)
{
	struct reading *reading = *state;
	void *desk = reading->desk;
	char command[128];
	int status = desk_tear_down(&desk);

	snprintf(command, sizeof command, "rm -r %s", reading->dir);
	assert_int_equal(system(command), 0);
	free(reading);
	return status;
}

/* So many records of what the agent did by itself. */
static void write_records(struct reading *reading, unsigned int count)
{
	struct core *core = &reading->desk->core;

	for (unsigned int i = 1; i <= count; i++) {
		auditor_note(core, "hook", "db", i, "container/web", "ok");
		if (i % 256 == 0)
			auditor_flush(core);
	}
	auditor_flush(core);
	assert_int_equal(audit_ring_lost(auditor_ring(core)), 0);
}

static uint64_t last_number(const struct reading *reading)
{
	struct auditor_state state;

	auditor_state(&reading->desk->core, &state);
	return state.position.number;
}

/* A page; its lines, each ended. */
static char *read_page(struct reading *reading, uint64_t from, uint32_t count)
{
	struct desk *desk = reading->desk;
	char *text;

	desk->request.offset = from;
	desk->request.count = count;
	assert_int_equal(desk_ask(desk, VERB_AUDIT_READ, ""), 0);
	text = calloc(1, desk->reply.length + 1);
	assert_non_null(text);
	if (desk->reply.length)
		memcpy(text, desk->reply.bytes, desk->reply.length);
	return text;
}

/* Numbers of the records of a page must be these; how many there were. */
static uint64_t check_numbers(char *page, uint64_t from)
{
	uint64_t count = 0;

	for (char *line = page, *end; (end = strchr(line, '\n')); line = end + 1) {
		char start[64];

		snprintf(start, sizeof start, "{\"number\":%" PRIu64 ",", from + count);
		assert_int_equal(strncmp(line, start, strlen(start)), 0);
		count++;
	}
	free(page);
	return count;
}

/* All pages from there to the first empty one, those that only seek left out. */
static uint64_t read_all(struct reading *reading, uint64_t from)
{
	uint64_t all = 0, count;

	for (;;) {
		char *page = read_page(reading, from + all, 0);

		if (!strncmp(page, "{\"seek\":", 8)) {
			free(page);
			continue;
		}
		count = check_numbers(page, from + all);
		if (!count)
			return all;
		all += count;
	}
}

static void test_pages_are_all_of_it(void **state)
{
	struct reading *reading = *state;
	uint64_t last;

	write_records(reading, 3000);
	last = last_number(reading);
	assert_true(last >= 3000);
	assert_int_equal(read_all(reading, 1), last);
	assert_int_equal(read_all(reading, last - 10), 11);
	assert_int_equal(check_numbers(read_page(reading, 7, 3), 7), 3);
	assert_int_equal(check_numbers(read_page(reading, last + 1, 3), 0), 0);
}

static void test_the_last_ones(void **state)
{
	struct reading *reading = *state;
	uint64_t last;
	char *page;

	write_records(reading, 600);
	last = last_number(reading);
	do
		page = read_page(reading, 0, 5);
	while (!strncmp(page, "{\"seek\":", 8) && (free(page), true));
	assert_int_equal(check_numbers(page, last - 4), 5);
}

/* Whoever follows is not at the beginning of a file again: the same reader goes on, each follower's
 * own. */
static void test_followers_go_on_where_they_were(void **state)
{
	struct reading *reading = *state;
	uint64_t next = last_number(reading) + 1;

	for (int i = 0; i < 5; i++) {
		assert_int_equal(check_numbers(read_page(reading, next, 100), next), 0);
		write_records(reading, 3);
		assert_int_equal(check_numbers(read_page(reading, next, 100), next), 3);
		assert_int_equal(check_numbers(read_page(reading, next, 2), next), 2);
		assert_int_equal(check_numbers(read_page(reading, next + 2, 2), next + 2), 1);
		next += 3;
	}
}

static off_t size_of(const struct reading *reading, const char *name)
{
	struct stat facts;
	char path[128];

	snprintf(path, sizeof path, "%s/%s", reading->dir, name);
	assert_int_equal(stat(path, &facts), 0);
	return facts.st_size;
}

static void damage(const struct reading *reading, const char *name, off_t at)
{
	char path[128];
	uint8_t byte;
	int fd;

	snprintf(path, sizeof path, "%s/%s", reading->dir, name);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 4;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

static void test_what_is_damaged_is_said_in_its_place(void **state)
{
	struct reading *reading = *state;
	unsigned int records = 0, troubles = 0;
	uint64_t from = 1, last;

	write_records(reading, 40);
	last = last_number(reading);
	/* Within the second record's body. */
	damage(reading, "audit-00000001", 88 + 17 + 400 + 44 + 20);
	for (;;) {
		char *page = read_page(reading, from, 7), *line = page, *end;

		for (; (end = strchr(line, '\n')); line = end + 1) {
			char *number = strstr(line, "\"number\":");

			troubles += !strncmp(line, "{\"trouble\":\"file 1, byte ", 25);
			records += !strncmp(line, "{\"number\":", 10);
			assert_true(number && number < end);
			from = strtoull(number + 9, NULL, 10) + 1;
		}
		free(page);
		if (line == page)
			break;
	}
	assert_int_equal(troubles, 1);
	assert_int_equal(records, last - 1);
}

/* Whoever follows is told of it once. */
static void test_what_is_damaged_at_the_end_is_said_once(void **state)
{
	struct reading *reading = *state;
	uint64_t last;
	char *page;

	write_records(reading, 3);
	last = last_number(reading);
	damage(reading, "audit-00000001", size_of(reading, "audit-00000001") - 5);
	page = read_page(reading, last, 10);
	assert_int_equal(strncmp(page, "{\"trouble\":", 11), 0);
	free(page);
	for (int i = 0; i < 3; i++)
		assert_int_equal(check_numbers(read_page(reading, last + 1, 10), 0), 0);
	write_records(reading, 3);
	assert_int_equal(check_numbers(read_page(reading, last + 1, 10), last + 1), 3);
}

/* What says how it goes, once it is over. */
static void verify(struct reading *reading, const char *verdict)
{
	struct doc_item item;

	do {
		assert_int_equal(desk_ask(reading->desk, VERB_AUDIT_VERIFY, ""), 0);
		assert_true(desk_item(reading->desk, "state", 0, &item));
	} while (!strcmp(item.text, "running"));
	assert_string_equal(item.text, verdict);
}

static void test_it_is_verified_anew_each_time(void **state)
{
	struct reading *reading = *state;
	struct doc_item item;

	write_records(reading, 500);
	verify(reading, "sound");
	assert_int_equal(desk_number(reading->desk, "records", 0), last_number(reading));
	assert_int_equal(desk_number(reading->desk, "first", 0), 1);
	assert_int_equal(desk_number(reading->desk, "last", 0), last_number(reading));
	assert_true(desk_number(reading->desk, "files", 0) > 1);
	damage(reading, "audit-00000001", 1000);
	verify(reading, "broken");
	assert_true(desk_item(reading->desk, "trouble", 0, &item));
	assert_non_null(strstr(item.text, "file 1, byte "));
	damage(reading, "audit-00000001", 1000);
	verify(reading, "sound");
}

/* A log that was put back to what it was is as sound as it was then: but core knows how far it had
 * come. */
static void test_a_log_that_was_put_back_is_found(void **state)
{
	struct reading *reading = *state;
	char command[256];

	write_records(reading, 20);
	snprintf(command, sizeof command, "cp -r %s %s.old", reading->dir, reading->dir);
	assert_int_equal(system(command), 0);
	write_records(reading, 20);
	snprintf(command, sizeof command, "cp %s.old/* %s && rm -r %s.old", reading->dir,
		reading->dir, reading->dir);
	assert_int_equal(system(command), 0);
	verify(reading, "broken");
}

static bool key_is_kept(struct reading *reading)
{
	return reading->desk->core.audit_desk != NULL;
}

static void test_nothing_is_kept_while_it_is_locked(void **state)
{
	struct reading *reading = *state;
	struct desk *desk = reading->desk;

	write_records(reading, 2000);
	free(read_page(reading, 1, 10));
	assert_int_equal(desk_ask(desk, VERB_AUDIT_VERIFY, ""), 0);
	assert_true(key_is_kept(reading));
	assert_int_equal(desk_ask(desk, VERB_LOCK, ""), 0);
	assert_false(key_is_kept(reading));
	assert_int_equal(desk_ask(desk, VERB_AUDIT_READ, ""), -TACIT_LOCKED);
	assert_int_equal(desk_ask(desk, VERB_AUDIT_VERIFY, ""), -TACIT_LOCKED);
	assert_false(key_is_kept(reading));
}

/* Of a secret's version, and of a value that somebody found: the same, and in the log. */
static void test_a_value_has_a_hash(void **state)
{
	struct reading *reading = *state;
	struct desk *desk = reading->desk;
	char hash[VALUEHASH_TEXT], *page;

	assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, "pw", "correct-horse"), 0);
	assert_int_equal(desk_value(desk, VERB_SECRET_ROTATE, "pw", "other"), 0);
	valuehash(auditor_options(&desk->core)->key, "correct-horse", 13, hash);
	desk->request.version = 1;
	assert_int_equal(desk_ask(desk, VERB_AUDIT_HASH, "pw"), 0);
	desk_text(desk, "hash", 0, hash);
	assert_int_equal(desk_number(desk, "version", 0), 1);
	assert_int_equal(desk_ask_with(desk, VERB_AUDIT_HASH, "", "hash", "correct-horse", 13), 0);
	desk_text(desk, "hash", 0, hash);
	assert_true(desk_ask_with(desk, VERB_AUDIT_HASH, "", "reveal", "correct-horse", 13) < 0);
	assert_true(desk_ask(desk, VERB_AUDIT_HASH, "") < 0);
	assert_int_equal(desk_ask(desk, VERB_AUDIT_HASH, "nosuch"), -TACIT_NOT_FOUND);
	desk->request.version = 3;
	assert_int_equal(desk_ask(desk, VERB_AUDIT_HASH, "pw"), -TACIT_NOT_FOUND);
	assert_int_equal(desk_ask(desk, VERB_AUDIT_HASH, "pw"), 0);
	assert_int_equal(desk_number(desk, "version", 0), 2);
	auditor_flush(&desk->core);
	page = read_page(reading, 1, 100);
	assert_non_null(strstr(page, hash));
	assert_non_null(strstr(page, "\"act\":\"value-hash\""));
	assert_null(strstr(page, "correct"));
	free(page);
}

#define reading_test(test) cmocka_unit_test_setup_teardown(test, reading_set_up, reading_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		reading_test(test_pages_are_all_of_it),
		reading_test(test_the_last_ones),
		reading_test(test_followers_go_on_where_they_were),
		reading_test(test_what_is_damaged_is_said_in_its_place),
		reading_test(test_what_is_damaged_at_the_end_is_said_once),
		reading_test(test_it_is_verified_anew_each_time),
		reading_test(test_a_log_that_was_put_back_is_found),
		reading_test(test_nothing_is_kept_while_it_is_locked),
		reading_test(test_a_value_has_a_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
