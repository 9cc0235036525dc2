/* SPDX-License-Identifier: Apache-2.0 */
/* Key slots from the command line: what is asked, sealed and shown, and that nothing which opens a
 * store is taken from the command line or told in an error. */
#include "seal/keyfile.h"
#include "seal/recovery.h"
#include "tests/unit/cli/terminal.h"

#define SLOT(number, kind, more)                                                                   \
	"{\"slot\":" number ",\"kind\":\"" kind "\",\"label\":\"\",\"created_at\":null,\"state\":" \
	"\"ok\"" more "}"
#define KEYS                                                                                       \
	"{\"slots\":[" SLOT("1", "key_file",                                                       \
		"") ",{\"slot\":2,\"kind\":\"passphrase\","                                        \
		    "\"label\":\"the safe\",\"created_at\":null,\"state\":\"ok\",\"passes\":3,"    \
		    "\"memory_kib\":262144}," SLOT("3", "command",                                 \
			    ",\"program\":\"tpm2\"") ",{\"slot\":4,"                               \
						     "\"kind\":\"recovery\",\"label\":\"\","       \
						     "\"created_at\":null,\"state\":\"not_"        \
						     "vouched\"}],"                                \
						     "\"trouble\":null,\"waits_after_reboot\":"    \
						     "false}"
#define WAITS                                                                                      \
	"{\"slots\":[" SLOT("2", "passphrase", "") "],\"trouble\":\"slot 1 was taken \\u001b"      \
						   "away\",\"waits_after_reboot\":true}"
#define ERROR(word, text) "{\"error\":{\"code\":\"" word "\",\"message\":\"" text "\"}}"
#define ADD "POST /v1/keys?kind="
#define PASS "correct horse"

static const struct canned canned[] = {
	{ "GET /v1/keys", FAKE_TEXT, 200, KEYS, NULL, NULL },
	{ ADD "passphrase", FAKE_OPEN, 201, SLOT("5", "passphrase", ""), "key-add", PASS },
	{ ADD "passphrase&label=the%20safe", FAKE_OPEN, 201, SLOT("5", "passphrase", ""), "key-add",
		PASS },
	{ ADD "credential", FAKE_TEXT, 201, SLOT("5", "credential", ""), NULL, NULL },
	{ ADD "command&program=tpm2", FAKE_TEXT, 201, SLOT("5", "command", ",\"program\":\"tpm2\""),
		NULL, NULL },
	{ ADD "recovery", FAKE_KEEP, 201, SLOT("5", "recovery", ""), "key-add", NULL },
	{ ADD "key_file", FAKE_KEEP, 201, SLOT("5", "key_file", ""), "key-add", NULL },
	{ ADD "key_file&label=refused", FAKE_TEXT, 429, ERROR("limit", "there are 16 slots"), NULL,
		NULL },
	{ ADD "key_file&label=unknown", FAKE_BREAK, 0, "", NULL, NULL },
	{ "DELETE /v1/keys?slot=3", FAKE_TEXT, 200, "{\"slot\":3}", NULL, NULL },
	{ "DELETE /v1/keys?slot=1", FAKE_TEXT, 409, ERROR("busy", "it is the last slot"), NULL,
		NULL },
	{ "POST /v1/keys/rotate", FAKE_TEXT, 200, "{\"slots\":4}", NULL, NULL },
	{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
};

static const struct canned waiting[] = {
	{ "GET /v1/keys", FAKE_TEXT, 200, WAITS, NULL, NULL },
	{ "POST /v1/unlock", FAKE_TEXT, 423, ERROR("locked", "there is no slot of that kind"), NULL,
		NULL },
	{ "POST /v1/unlock?kind=passphrase", FAKE_TEXT, 423, ERROR("wrong_key", "it is not"), NULL,
		NULL },
	{ "POST /v1/unlock?kind=passphrase", FAKE_OPEN, 200, "{\"state\":\"serving\"}", "unlock",
		PASS },
	{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
};

#define run(ran, requests, input, ...) run_case(canned, ran, requests, input, CASE(__VA_ARGS__))

static void test_what_is_printed_is_golden(void **state)
{
	static const struct {
		const char *golden;
		const char *words[CASE_WORDS];
	} rows[] = {
		{ "key-ls.txt", { "key", "ls" } },
		{ "key-ls.json", { "key", "list", "--json" } },
		{ "key-add.json", { "key", "add", "--passphrase", "-", "--json" } },
		{ "key-rm.json", { "key", "rm", "3", "--json" } },
		{ "key-rotate.json", { "key", "rotate", "--json" } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct ran ran;

		run_case(canned, &ran, NULL, PASS "\n", rows[i].words);
		assert_string_equal(ran.err, "");
		assert_golden(&ran, rows[i].golden);
		assert_int_equal(ran.exit, 0);
	}
}

static void test_words_and_their_requests(void **state)
{
	static const struct {
		const char *words[CASE_WORDS];
		const char *out, *requests;
	} rows[] = {
		{ { "key", "ls", "-q" }, "1\n2\n3\n4\n", "GET /v1/keys\n" },
		{ { "key", "add", "--passphrase", "-", "--label", "the safe" },
			"added slot 5 (passphrase)\n", ADD "passphrase&label=the%20safe\n" },
		{ { "key", "add", "--passphrase", "-", "-q" }, "5\n", ADD "passphrase\n" },
		{ { "key", "add", "--credential" }, "added slot 5 (credential)\n",
			ADD "credential\n" },
		{ { "key", "add", "--command", "tpm2" }, "added slot 5 (command tpm2)\n",
			ADD "command&program=tpm2\n" },
		{ { "key", "rm", "3" }, "removed slot 3\n", "DELETE /v1/keys?slot=3\n" },
		{ { "key", "remove", "3", "-q" }, "3\n", "DELETE /v1/keys?slot=3\n" },
		{ { "key", "rotate" }, "rotated the root key; slots that have the new one: 4\n",
			"POST /v1/keys/rotate\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char requests[4096];
		struct ran ran;

		run_case(canned, &ran, requests, PASS "\n", rows[i].words);
		assert_string_equal(ran.err, "");
		assert_string_equal(ran.out, rows[i].out);
		assert_string_equal(requests, rows[i].requests);
		assert_int_equal(ran.exit, 0);
	}
}

/* Nothing is sent, and a word that may be the passphrase is in no error. */
static void test_bad_lines(void **state)
{
	static const struct {
		const char *input;
		const char *words[CASE_WORDS];
		const char *error;
	} rows[] = {
		{ PASS, { "key", "add" }, "say what shall open the store" },
		{ PASS, { "key", "add", "-" }, "say which" },
		{ PASS, { "key", "add", "--recovery", "-" }, "say which" },
		{ PASS, { "key", "add", "--passphrase" }, "no new passphrase is given" },
		{ PASS, { "key", "add", "--passphrase", "hunter2" }, "never taken from the" },
		{ PASS, { "key", "add", "hunter2" }, "never taken from the" },
		{ PASS, { "unlock", "--passphrase", "hunter2" }, "never taken from the" },
		{ PASS, { "key", "add", "--passphrase=hunter2" }, "takes no value" },
		{ PASS, { "key", "add", "--passphrase", "--recovery" }, "say one" },
		{ PASS, { "key", "add", "--key-file", "a", "--new-key-file", "b" }, "say one" },
		{ "1234567\n", { "key", "add", "--passphrase", "-" }, "8" },
		{ "hunter2", { "key", "add", "--key-file", "-" }, "key file" },
		{ PASS, { "key", "add", "--command", "../hunter2" }, "'--command'" },
		{ PASS, { "unlock", "--recovery", "-" }, "recovery" },
		{ "tacit1-hunt-er2q-qqqq-qqqq-qqqq-qqqq-qqqq-qqqq\n",
			{ "unlock", "--recovery", "-" }, "recovery" },
		{ "", { "unlock", "--recovery" }, "no recovery key is given" },
		{ "", { "unlock", "-" }, "say which" },
		{ "", { "key", "rm", "first" }, "the number of a slot" },
		{ "", { "key", "rm", "0" }, "the number of a slot" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char requests[4096];
		struct ran ran;

		run_case(canned, &ran, requests, rows[i].input, rows[i].words);
		assert_contains(ran.err, rows[i].error);
		assert_null(strstr(ran.err, "hunt"));
		assert_null(strstr(ran.err, "horse"));
		assert_string_equal(ran.out, "");
		assert_string_equal(requests, "");
		assert_int_equal(ran.exit, TACIT_EXIT_USAGE);
	}
}

static void test_a_recovery_key_is_shown_once_core_has_it(void **state)
{
	static const char *const ways[] = { NULL, "-q", "--json" };

	(void)state;
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
		uint8_t secret[RECOVERY_SECRET_BYTES];
		struct fake_agent agent;
		char kept[128], line[160];
		struct ran ran;

		fake_start(&agent, canned);
		run_tacit(&agent, &ran, NULL, "key", "add", "--recovery", ways[i], NULL);
		fake_read(&agent, "kept", kept, sizeof kept);
		fake_stop(&agent);
		assert_int_equal(ran.exit, 0);
		assert_int_equal(strlen(kept), RECOVERY_TEXT_BYTES);
		assert_int_equal(recovery_parse(kept, strlen(kept), secret, NULL), 0);
		snprintf(line, sizeof line, "\"recovery_key\": \"%s\"", kept);
		if (i < 2)
			snprintf(line, sizeof line, "%s\n", kept);
		if (i < 2)
			assert_string_equal(ran.out, line);
		else
			assert_contains(ran.out, line);
		assert_null(strstr(ran.err, kept));
		if (i)
			assert_string_equal(ran.err, "");
		else
			assert_contains(ran.err, "it is shown this once");
	}
}

static void test_a_recovery_key_core_refused_is_not_shown(void **state)
{
	static const struct canned refusing[] = {
		{ ADD "recovery", FAKE_TEXT, 429, ERROR("limit", "there are 16 slots"), NULL,
			NULL },
		{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
	};
	struct fake_agent agent;
	struct ran ran;

	(void)state;
	fake_start(&agent, refusing);
	run_tacit(&agent, &ran, NULL, "key", "add", "--recovery", NULL);
	fake_stop(&agent);
	assert_int_equal(ran.exit, TACIT_EXIT_FAILED);
	assert_string_equal(ran.out, "");
	assert_null(strstr(ran.err, "tacit1"));
}

/* A key file is there when, and only when, core may have its key. */
static void test_a_new_key_file(void **state)
{
	uint8_t key[SEAL_KEY_BYTES];
	struct fake_agent agent;
	char path[PATH_FULL_MAX], text[128], kept[128];
	struct stat status;
	struct ran ran;

	(void)state;
	fake_start(&agent, canned);
	fake_path(&agent, "new", path);
	run_tacit(&agent, &ran, NULL, "key", "add", "--new-key-file", path, NULL);
	assert_int_equal(ran.exit, 0);
	fake_read(&agent, "new", text, sizeof text);
	fake_read(&agent, "kept", kept, sizeof kept);
	assert_string_equal(text, kept);
	assert_int_equal(keyfile_parse(text, strlen(text), key, NULL), 0);
	assert_return_code(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0400);
	run_tacit(&agent, &ran, NULL, "key", "add", "--new-key-file", path, NULL);
	assert_int_equal(ran.exit, TACIT_EXIT_FAILED);
	assert_contains(ran.err, "is there already");
	fake_path(&agent, "refused", path);
	run_tacit(&agent, &ran, NULL, "key", "add", "--new-key-file", path, "--label", "refused",
		NULL);
	assert_int_equal(ran.exit, TACIT_EXIT_FAILED);
	assert_int_equal(access(path, F_OK), -1);
	run_tacit(&agent, &ran, NULL, "key", "add", "--new-key-file", path, "--label", "unknown",
		NULL);
	assert_int_equal(ran.exit, TACIT_EXIT_NO_AGENT);
	assert_contains(ran.err, "was kept: its key may have been taken");
	assert_int_equal(access(path, F_OK), 0);
	fake_stop(&agent);
}

static void test_what_is_wrong_is_noted(void **state)
{
	struct fake_agent agent;
	struct ran ran;

	(void)state;
	fake_start(&agent, waiting);
	run_tacit(&agent, &ran, NULL, "key", "ls", NULL);
	assert_int_equal(ran.exit, 0);
	assert_string_equal(ran.err, "tacit: note: slot 1 was taken ?away\n"
				     "tacit: note: nothing opens the store by itself: containers "
				     "wait for 'tacit unlock' after a reboot\n");
	run_tacit(&agent, &ran, NULL, "key", "ls", "-q", NULL);
	assert_string_equal(ran.out, "2\n");
	assert_string_equal(ran.err, "");
	run_tacit(&agent, &ran, NULL, "unlock", NULL);
	assert_int_equal(ran.exit, TACIT_EXIT_LOCKED);
	assert_contains(ran.err, "there is no slot of that kind; open it with --passphrase");
	fake_stop(&agent);
	run(&ran, NULL, NULL, "key", "rm", "1");
	assert_int_equal(ran.exit, TACIT_EXIT_FAILED);
	assert_contains(ran.err, "it is the last slot");
}

/* What a person writes down is taken in any shape, and goes to core in one. */
static void test_a_recovery_key_is_typed_in_any_shape(void **state)
{
	const uint8_t secret[RECOVERY_SECRET_BYTES] = { 1, 2, 3 };
	char text[RECOVERY_TEXT_BYTES + 1], typed[RECOVERY_INPUT_MAX] = "";
	const struct canned opening[] = {
		{ "POST /v1/unlock?kind=recovery", FAKE_OPEN, 200, "{\"state\":\"serving\"}",
			"unlock", text },
		{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
	};
	struct fake_agent agent;
	struct ran ran;

	(void)state;
	recovery_format(secret, text);
	for (size_t i = 0; text[i]; i++)
		snprintf(typed + strlen(typed), 3, "%s%c", text[i] == '-' ? " " : "",
			text[i] == '-' ? ' ' : text[i] & ~(text[i] >= 'a' ? 0x20 : 0));
	strcat(typed, "\n");
	fake_start(&agent, opening);
	run_tacit(&agent, &ran, typed, "unlock", "--recovery", "-", NULL);
	fake_stop(&agent);
	assert_string_equal(ran.err, "");
	assert_int_equal(ran.exit, 0);
}

static void test_a_new_passphrase_is_asked_for_twice(void **state)
{
	static const char *const argv[] = { "tacit", "key", "add", "--passphrase" };
	struct terminal terminal;
	int status;

	(void)state;
	open_terminal(&terminal, canned, 4, argv);
	expect(&terminal, "new passphrase: ", 1);
	type(&terminal, PASS "\n");
	expect(&terminal, "new passphrase again: ", 1);
	type(&terminal, PASS "\n");
	expect(&terminal, "added slot 5 (passphrase)", 1);
	assert_null(strstr(terminal.shown, "horse"));
	status = close_terminal(&terminal);
	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
}

/* Plain `unlock` asks, when the agent cannot by itself and there is a passphrase; and again. */
static void test_unlock_asks_for_the_passphrase(void **state)
{
	static const char *const argv[] = { "tacit", "unlock" };
	struct terminal terminal;
	int status;

	(void)state;
	open_terminal(&terminal, waiting, 2, argv);
	expect(&terminal, "there is no slot of that kind", 1);
	expect(&terminal, "passphrase: ", 1);
	type(&terminal, "wrong horse\n");
	expect(&terminal, "that passphrase does not open the store", 1);
	expect(&terminal, "passphrase: ", 2);
	type(&terminal, PASS "\n");
	expect(&terminal, "unlocked", 1);
	assert_null(strstr(terminal.shown, "horse"));
	status = close_terminal(&terminal);
	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
}

static int start(void **state)
{
	(void)state;
	return seal_start(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_printed_is_golden),
		cmocka_unit_test(test_words_and_their_requests),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_a_recovery_key_is_shown_once_core_has_it),
		cmocka_unit_test(test_a_recovery_key_core_refused_is_not_shown),
		cmocka_unit_test(test_a_new_key_file),
		cmocka_unit_test(test_what_is_wrong_is_noted),
		cmocka_unit_test(test_a_recovery_key_is_typed_in_any_shape),
		cmocka_unit_test(test_a_new_passphrase_is_asked_for_twice),
		cmocka_unit_test(test_unlock_asks_for_the_passphrase),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
