/* SPDX-License-Identifier: Apache-2.0 */
/* The store from the command line: made, copied to a file that appears whole or not at all, put
 * back, looked through, gone on with. */
#include "seal/recovery.h"
#include "tests/unit/cli/fake_agent.h"

#define SLOT(number, kind)                                                                         \
	"{\"slot\":" number ",\"kind\":\"" kind                                                    \
	"\",\"label\":\"\",\"created_at\":null,\"state\":\"ok\"}"
#define ERROR(word, text) "{\"error\":{\"code\":\"" word "\",\"message\":\"" text "\"}}"
#define BACKUP "/v1/store/backup"
#define RESTORE "/v1/store/restore"
#define COPIED(done, size, whole)                                                                  \
	"{\"done\":" done ",\"total\":4,\"size\":" size ",\"whole\":" whole ",\"generation\":42}"
#define ENDED "{\"ended\":true}"
#define PASS "correct horse"

static const struct canned canned[] = {
	{ "POST /v1/store?kind=passphrase", FAKE_OPEN, 201,
		"{\"store\":\"/var/lib/tacit/store.db\",\"slot\":" SLOT(
			"1", "passphrase") ",\"waits_after_reboot\":true}",
		"store-create", PASS },
	{ "POST /v1/store?kind=recovery", FAKE_KEEP, 201,
		"{\"store\":\"/var/lib/tacit/store.db\",\"slot\":" SLOT(
			"1", "recovery") ",\"waits_after_reboot\":true}",
		"store-create", NULL },
	{ "POST /v1/keys?kind=recovery", FAKE_KEEP, 201, SLOT("2", "recovery"), "key-add", NULL },
	{ "POST /v1/store/verify", FAKE_TEXT, 200,
		"{\"generation\":42,\"records\":12,\"values\":9,\"anchor\":\"ok\",\"problems\":[],"
		"\"problem_count\":0}",
		NULL, NULL },
	{ "POST /v1/store/accept?how=drop", FAKE_TEXT, 200, "{\"generation\":43,\"accepted\":2}",
		NULL, NULL },
	{ "POST /v1/store/accept?how=rollback", FAKE_TEXT, 200,
		"{\"generation\":43,\"accepted\":0}", NULL, NULL },
	{ "POST " BACKUP, FAKE_TEXT, 200, COPIED("0", "0", "false"), NULL, NULL },
	{ "POST " BACKUP "/step", FAKE_TEXT, 200, COPIED("3", "0", "false"), NULL, NULL },
	{ "POST " BACKUP "/step", FAKE_TEXT, 200, COPIED("4", "11", "true"), NULL, NULL },
	{ "GET " BACKUP "?offset=0", FAKE_TEXT, 200, "sealed ", NULL, NULL },
	{ "GET " BACKUP "?offset=7", FAKE_TEXT, 200, "rows", NULL, NULL },
	{ "DELETE " BACKUP, FAKE_TEXT, 200, ENDED, NULL, NULL },
	{ "POST " RESTORE, FAKE_TEXT, 200, "{\"offset\":0}", NULL, NULL },
	{ "POST " RESTORE "/write?offset=0", FAKE_OCTETS, 200, "{\"offset\":11}", NULL,
		"sealed rows" },
	{ "POST " RESTORE "/end", FAKE_TEXT, 200,
		"{\"store\":\"/var/lib/tacit/store.db\",\"generation\":42,\"replaced\":null}", NULL,
		NULL },
	{ "POST " RESTORE "/end?force=1&kind=passphrase", FAKE_OPEN, 200,
		"{\"store\":\"/var/lib/tacit/store.db\",\"generation\":42,\"replaced\":"
		"\"/var/lib/tacit/store.db.replaced\"}",
		"restore", PASS },
	{ "DELETE " RESTORE, FAKE_TEXT, 200, ENDED, NULL, NULL },
	{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
};

/* A run with "FILE" and "IN" among its words replaced by paths below the agent's folder; of IN the
 * content is "sealed rows". */
static void run_files(const struct fake_agent *agent, struct ran *ran, const char *input,
	const char *const words[CASE_WORDS])
{
	const char *given[CASE_WORDS];
	static char file[PATH_FULL_MAX], in[PATH_FULL_MAX];
	FILE *made;

	fake_path(agent, "file", file);
	fake_path(agent, "in-file", in);
	made = fopen(in, "w");
	fputs("sealed rows", made);
	fclose(made);
	for (size_t i = 0; i < CASE_WORDS; i++)
		given[i] = !words[i]                   ? NULL
			   : !strcmp(words[i], "FILE") ? file
			   : !strcmp(words[i], "IN")   ? in
						       : words[i];
	run_words(agent, ran, input, given);
}

static void assert_requests(const struct fake_agent *agent, const char *want)
{
	char requests[4096];

	fake_read(agent, "requests", requests, sizeof requests);
	assert_string_equal(requests, want);
}

static bool is_there(const struct fake_agent *agent, const char *name)
{
	char path[PATH_FULL_MAX];

	fake_path(agent, name, path);
	return !access(path, F_OK);
}

static void test_what_is_printed(void **state)
{
	static const struct {
		const char *golden;
		const char *words[CASE_WORDS];
	} rows[] = {
		{ "store-create.txt", { "store", "create", "--passphrase", "-", "--no-recovery" } },
		{ "store-create.json",
			{ "store", "create", "--passphrase", "-", "--no-recovery", "--json" } },
		{ "store-verify.txt", { "store", "verify" } },
		{ "store-verify.json", { "store", "verify", "--json" } },
		{ "store-accept.txt", { "store", "accept", "--drop", "--force" } },
		{ "store-accept.json", { "store", "accept", "--rollback", "--force", "--json" } },
		{ "store-restore.txt", { "store", "restore", "IN" } },
		{ "store-restore-replaced.txt",
			{ "store", "restore", "IN", "-", "--passphrase", "--force" } },
		{ "store-restore.json", { "store", "restore", "IN", "--json" } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct fake_agent agent;
		struct ran ran;

		fake_start(&agent, canned);
		run_files(&agent, &ran, PASS "\n", rows[i].words);
		fake_stop(&agent);
		if (i < 2)
			assert_contains(ran.err, "wait for 'tacit unlock' after a reboot");
		else
			assert_string_equal(ran.err, "");
		assert_golden(&ran, rows[i].golden);
		assert_int_equal(ran.exit, 0);
	}
}

static void test_a_store_is_made_with_a_recovery_key(void **state)
{
	struct fake_agent agent;
	char kept[128], line[256];
	struct ran ran;

	(void)state;
	fake_start(&agent, canned);
	run_files(&agent, &ran, PASS, CASE("store", "create", "--passphrase", "-"));
	assert_int_equal(ran.exit, 0);
	assert_requests(&agent, "POST /v1/store?kind=passphrase\nPOST /v1/keys?kind=recovery\n");
	fake_read(&agent, "kept", kept, sizeof kept);
	snprintf(line, sizeof line,
		"made the store /var/lib/tacit/store.db; what opens it: passphrase\n%s\n", kept);
	assert_string_equal(ran.out, line);
	run_files(&agent, &ran, PASS, CASE("store", "create", "--passphrase", "-", "--json"));
	assert_int_equal(ran.exit, 0);
	fake_read(&agent, "kept", kept, sizeof kept);
	snprintf(line, sizeof line, "\"recovery_key\": \"%s\"", kept);
	assert_contains(ran.out, line);
	assert_contains(ran.out, "\"recovery\": {\n    \"slot\": 2,");
	/* One that is the first slot itself is not doubled. */
	run_files(&agent, &ran, NULL, CASE("store", "create", "--recovery", "-q"));
	fake_read(&agent, "kept", kept, sizeof kept);
	snprintf(line, sizeof line, "/var/lib/tacit/store.db\n%s\n", kept);
	assert_string_equal(ran.out, line);
	assert_string_equal(ran.err, "");
	fake_stop(&agent);
}

static void test_a_store_without_its_recovery_key_is_told(void **state)
{
	struct canned failing[3] = { canned[0] };
	struct fake_agent agent;
	struct ran ran;

	(void)state;
	failing[1] = (struct canned){ "POST /v1/keys?kind=recovery", FAKE_TEXT, 507,
		ERROR("io", "the disk refused"), NULL, NULL };
	fake_start(&agent, failing);
	run_files(&agent, &ran, PASS, CASE("store", "create", "--passphrase", "-"));
	fake_stop(&agent);
	assert_int_equal(ran.exit, TACIT_EXIT_FAILED);
	assert_contains(ran.err, "the store was made, but has no recovery key ('tacit key add "
				 "--recovery' makes one): the disk refused");
	assert_string_equal(ran.out, "");
}

static void test_what_is_wrong_is_listed(void **state)
{
	static const struct canned damaged[] = {
		{ "POST /v1/store/verify", FAKE_TEXT, 200,
			"{\"generation\":42,\"records\":12,\"values\":9,\"anchor\":\"none\","
			"\"problems\":[\"secret db: \\u001b[2J\",\"secret b: it is missing\"],"
			"\"problem_count\":5}",
			NULL, NULL },
		{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
	};
	struct fake_agent agent;
	struct ran ran;

	(void)state;
	fake_start(&agent, damaged);
	run_files(&agent, &ran, NULL, CASE("store", "verify"));
	assert_int_equal(ran.exit, TACIT_EXIT_FAILED);
	assert_string_equal(ran.out, "generation 42: 12 records, 9 values, anchor none\n"
				     "secret db: ?[2J\nsecret b: it is missing\nand 3 more\n");
	assert_contains(ran.err, "tacit: store verify: what is wrong: 5; ");
	run_files(&agent, &ran, NULL, CASE("store", "verify", "--json"));
	assert_int_equal(ran.exit, TACIT_EXIT_FAILED);
	assert_contains(ran.out, "\"problem_count\": 5");
	fake_stop(&agent);
}

static void test_bad_lines(void **state)
{
	static const struct {
		const char *words[CASE_WORDS];
		int exit;
		const char *error;
	} rows[] = {
		{ { "store", "accept" }, 2, "say how" },
		{ { "store", "accept", "--drop", "--adopt", "--force" }, 2, "say one" },
		{ { "store", "accept", "--drop" }, 1, "removed for good" },
		{ { "store", "accept", "--adopt" }, 1, "with '--force' it is done" },
		{ { "store", "accept", "--rollback" }, 1, "revoked grants live" },
		{ { "store", "backup" }, 2, "too few" },
		{ { "store", "backup", "IN" }, 1, "is there already" },
		{ { "store", "backup", "/no/such/folder/file" }, 4, "No such file" },
		{ { "store", "restore", "/no/such/file" }, 4, "No such file" },
		{ { "store", "restore", "-", "--passphrase", "-" }, 2, "not both" },
		{ { "store", "restore", "-", "--key-file", "-" }, 2, "not both" },
		{ { "store", "restore", "IN", "hunter2", "--passphrase" }, 2, "never taken" },
		{ { "store", "create" }, 2, "say what shall open" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct fake_agent agent;
		struct ran ran;

		fake_start(&agent, canned);
		run_files(&agent, &ran, "", rows[i].words);
		assert_contains(ran.err, rows[i].error);
		assert_null(strstr(ran.err, "hunter2"));
		assert_string_equal(ran.out, "");
		assert_int_equal(ran.exit, rows[i].exit);
		assert_requests(&agent, "");
		fake_stop(&agent);
	}
}

static void test_a_backup_is_a_whole_file(void **state)
{
	struct fake_agent agent;
	char path[PATH_FULL_MAX], text[64];
	struct stat status;
	struct ran ran;

	(void)state;
	fake_start(&agent, canned);
	run_files(&agent, &ran, NULL, CASE("store", "backup", "FILE"));
	assert_string_equal(ran.err, "");
	assert_contains(ran.out, "backed up generation 42 (11 bytes) to ");
	assert_int_equal(ran.exit, 0);
	fake_read(&agent, "file", text, sizeof text);
	assert_string_equal(text, "sealed rows");
	fake_path(&agent, "file", path);
	assert_return_code(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_false(is_there(&agent, "file.part"));
	assert_requests(&agent,
		"POST " BACKUP "\nPOST " BACKUP "/step\nPOST " BACKUP "/step\nGET " BACKUP
		"?offset=0\nGET " BACKUP "?offset=7\nDELETE " BACKUP "\n");
	run_files(&agent, &ran, NULL, CASE("store", "backup", "-", "--json"));
	assert_string_equal(ran.out, "sealed rows");
	assert_string_equal(ran.err, "");
	fake_stop(&agent);
}

static void test_a_backup_that_fails_leaves_nothing(void **state)
{
	/* The place of canned[] that answers otherwise. */
	static const struct {
		size_t at;
		struct canned how;
		int exit;
		const char *error;
	} rows[] = {
		{ 6, { "POST " BACKUP, FAKE_TEXT, 507, ERROR("io", "no room"), NULL, NULL }, 1,
			"no room" },
		{ 7,
			{ "POST " BACKUP "/step", FAKE_TEXT, 404, ERROR("not_found", "none"), NULL,
				NULL },
			4, "none" },
		{ 9, { "GET " BACKUP "?offset=0", FAKE_BREAK, 0, "", NULL, NULL }, 6, "broke" },
		{ 10, { "GET " BACKUP "?offset=7", FAKE_TEXT, 200, "", NULL, NULL }, 1,
			"another number of bytes" },
		{ 10, { "GET " BACKUP "?offset=7", FAKE_TEXT, 200, "rows and", NULL, NULL }, 1,
			"another number of bytes" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct canned failing[sizeof canned / sizeof canned[0]];
		struct fake_agent agent;
		char requests[4096];
		struct ran ran;

		memcpy(failing, canned, sizeof canned);
		failing[rows[i].at] = rows[i].how;
		fake_start(&agent, failing);
		run_files(&agent, &ran, NULL, CASE("store", "backup", "FILE"));
		assert_contains(ran.err, rows[i].error);
		assert_int_equal(ran.exit, rows[i].exit);
		assert_string_equal(ran.out, "");
		assert_false(is_there(&agent, "file"));
		assert_false(is_there(&agent, "file.part"));
		fake_read(&agent, "requests", requests, sizeof requests);
		assert_contains(requests, "DELETE " BACKUP "\n");
		fake_stop(&agent);
	}
}

static void test_a_part_of_another_run_is_left_alone(void **state)
{
	struct fake_agent agent;
	char path[PATH_FULL_MAX];
	struct ran ran;

	(void)state;
	fake_start(&agent, canned);
	fake_path(&agent, "file.part", path);
	fclose(fopen(path, "w"));
	run_files(&agent, &ran, NULL, CASE("store", "backup", "FILE"));
	assert_int_equal(ran.exit, TACIT_EXIT_FAILED);
	assert_contains(ran.err, "file.part is there: another run writes it");
	assert_true(is_there(&agent, "file.part"));
	assert_requests(&agent, "");
	fake_stop(&agent);
}

/* Until `text` is among the requests. */
static void wait_request(const struct fake_agent *agent, const char *text)
{
	char requests[65536];

	do {
		usleep(10000);
		fake_read(agent, "requests", requests, sizeof requests);
	} while (!strstr(requests, text));
}

static void test_an_interrupt_cleans_up(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	static const struct canned endless[] = {
		{ "POST " BACKUP, FAKE_TEXT, 200, COPIED("1", "0", "false"), NULL, NULL },
		{ "POST " BACKUP "/step", FAKE_TEXT, 200, COPIED("1", "0", "false"), NULL, NULL },
		{ "DELETE " BACKUP, FAKE_TEXT, 200, ENDED, NULL, NULL },
		{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
		struct fake_agent agent;
		char path[PATH_FULL_MAX];
		char *argv[] = { (char *)"tacit", (char *)"store", (char *)"backup", path };
		int status;
		pid_t pid;

		fake_start(&agent, endless);
		fake_path(&agent, "file", path);
		pid = start_tacit(&agent, NULL, 4, argv);
		wait_request(&agent, "/step\n");
		assert_true(is_there(&agent, "file.part"));
		assert_return_code(kill(pid, signals[i]), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), signals[i]);
		assert_false(is_there(&agent, "file.part"));
		assert_false(is_there(&agent, "file"));
		wait_request(&agent, "DELETE " BACKUP "\n");
		fake_stop(&agent);
	}
}

static void test_a_restore_that_fails_is_dropped(void **state)
{
	static const struct canned failing[] = {
		{ "POST " RESTORE, FAKE_TEXT, 200, "{\"offset\":0}", NULL, NULL },
		{ "POST " RESTORE "/write?offset=0", FAKE_OCTETS, 200, "{\"offset\":11}", NULL,
			"sealed rows" },
		{ "POST " RESTORE "/end", FAKE_TEXT, 409, ERROR("exists", "there is a store"), NULL,
			NULL },
		{ "POST " RESTORE "/end?force=1", FAKE_TEXT, 423, ERROR("wrong_key", "none fits"),
			NULL, NULL },
		{ "DELETE " RESTORE, FAKE_TEXT, 200, ENDED, NULL, NULL },
		{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
	};
	struct fake_agent agent;
	struct ran ran;

	(void)state;
	fake_start(&agent, failing);
	run_files(&agent, &ran, NULL, CASE("store", "restore", "IN"));
	assert_int_equal(ran.exit, TACIT_EXIT_FAILED);
	assert_contains(ran.err, "there is a store; nothing was changed; '--force'");
	assert_requests(&agent, "POST " RESTORE "\nPOST " RESTORE "/write?offset=0\nPOST " RESTORE
				"/end\nDELETE " RESTORE "\n");
	run_files(&agent, &ran, NULL, CASE("store", "restore", "IN", "--force"));
	assert_int_equal(ran.exit, TACIT_EXIT_LOCKED);
	assert_contains(ran.err, "none fits; nothing was changed; open it with --recovery");
	run_files(&agent, &ran, "", CASE("store", "restore", "-"));
	assert_int_equal(ran.exit, TACIT_EXIT_USAGE);
	assert_contains(ran.err, "the backup is empty; nothing was changed");
	fake_stop(&agent);
}

/* Pieces of the largest size, and what is left. */
static void test_a_large_backup_is_sent_in_pieces(void **state)
{
	struct fake_agent agent;
	char path[PATH_FULL_MAX], block[4096];
	struct ran ran;
	FILE *file;

	(void)state;
	fake_start(&agent,
		(const struct canned[]){
			{ "POST " RESTORE, FAKE_TEXT, 200, "{}", NULL, NULL },
			{ "POST " RESTORE "/write?offset=0", FAKE_TEXT, 200, "{}", NULL, NULL },
			{ "POST " RESTORE "/write?offset=1048576", FAKE_TEXT, 200, "{}", NULL,
				NULL },
			{ "POST " RESTORE "/write?offset=2097152", FAKE_OCTETS, 200, "{}", NULL,
				"x" },
			{ "POST " RESTORE "/end", FAKE_TEXT, 200, "{}", NULL, NULL },
			{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
		});
	fake_path(&agent, "large", path);
	file = fopen(path, "w");
	memset(block, 'x', sizeof block);
	for (size_t i = 0; i < 2 * TACIT_CHUNK_MAX / sizeof block; i++)
		fwrite(block, 1, sizeof block, file);
	fputc('x', file);
	fclose(file);
	run_files(&agent, &ran, NULL, CASE("store", "restore", path, "-q"));
	assert_string_equal(ran.err, "");
	assert_int_equal(ran.exit, 0);
	fake_stop(&agent);
}

static int start(void **state)
{
	(void)state;
	return seal_start(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_printed),
		cmocka_unit_test(test_a_store_is_made_with_a_recovery_key),
		cmocka_unit_test(test_a_store_without_its_recovery_key_is_told),
		cmocka_unit_test(test_what_is_wrong_is_listed),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_a_backup_is_a_whole_file),
		cmocka_unit_test(test_a_backup_that_fails_leaves_nothing),
		cmocka_unit_test(test_a_part_of_another_run_is_left_alone),
		cmocka_unit_test(test_an_interrupt_cleans_up),
		cmocka_unit_test(test_a_restore_that_fails_is_dropped),
		cmocka_unit_test(test_a_large_backup_is_sent_in_pieces),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
