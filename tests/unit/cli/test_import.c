/* SPDX-License-Identifier: Apache-2.0 */
/* `tacit env import` on the command line: what it asks of the agent, in which order, what it
 * prints, and what it leaves alone. */
#include <limits.h>

#include "tests/unit/cli/fake_agent.h"

#define ERROR(code, text) "{\"error\":{\"code\":\"" code "\",\"message\":\"" text "\"}}"
#define HASH_OF "POST /v1/audit/hash?secret=shop%2Fpostgres_password"
#define GRANTS "GET /v1/grants?consumer=compose%2Fshop%2Fdb"

static const char compose_old[] = "name: shop\nservices:\n  db:\n    image: postgres\n"
				  "    environment:\n      POSTGRES_PASSWORD: hunter2-hunter2\n";

/* An agent that has nothing yet. */
static const struct canned fresh[] = {
	{ HASH_OF, FAKE_TEXT, 404, ERROR("not_found", "no such secret"), NULL, NULL },
	{ "POST /v1/secrets/shop%2Fpostgres_password", FAKE_OPEN, 201, "{}",
		"create:shop/postgres_password", "hunter2-hunter2" },
	{ GRANTS, FAKE_TEXT, 200, "[]", NULL, NULL },
	{ "POST /v1/grants", FAKE_TEXT, 201, "{}", NULL, NULL },
	{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
};

/* One that has the secret, and the grant. */
static const struct canned there[] = {
	{ HASH_OF, FAKE_TEXT, 200, "{\"hash\":\"aa\"}", NULL, NULL },
	{ "POST /v1/audit/hash", FAKE_OPEN, 200, "{\"hash\":\"aa\"}", "hash", "hunter2-hunter2" },
	{ GRANTS, FAKE_TEXT, 200,
		"[{\"secret\":\"shop/postgres_password\",\"consumer\":\"compose/shop/db\","
		"\"file\":\"postgres_password\"}]",
		NULL, NULL },
	{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
};

/* One that has another secret of that name. */
static const struct canned other[] = {
	{ HASH_OF, FAKE_TEXT, 200, "{\"hash\":\"bb\"}", NULL, NULL },
	{ "POST /v1/audit/hash", FAKE_OPEN, 200, "{\"hash\":\"aa\"}", "hash", "hunter2-hunter2" },
	{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
};

static const struct canned refusing[] = {
	{ HASH_OF, FAKE_TEXT, 404, ERROR("not_found", "no such secret"), NULL, NULL },
	{ GRANTS, FAKE_TEXT, 200, "[]", NULL, NULL },
	{ "POST /v1/secrets/shop%2Fpostgres_password", FAKE_TEXT, 503, ERROR("locked", "locked"),
		NULL, NULL },
	{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
};

/* A project, in which the commands run; the tests' own files are in `home`. */
struct place {
	char home[PATH_MAX], folder[64];
};

static int begin(void **state)
{
	static struct place place;
	FILE *file;

	unsetenv("COMPOSE_PROJECT_NAME");
	assert_non_null(getcwd(place.home, sizeof place.home));
	strcpy(place.folder, "/tmp/tacit-import.XXXXXX");
	assert_non_null(mkdtemp(place.folder));
	assert_int_equal(chdir(place.folder), 0);
	file = fopen("compose.yaml", "w");
	assert_non_null(file);
	fputs(compose_old, file);
	fclose(file);
	*state = &place;
	return 0;
}

static int end(void **state)
{
	struct place *place = *state;

	assert_int_equal(chdir(place->home), 0);
	nftw(place->folder, fake_remove, 16, FTW_DEPTH | FTW_PHYS);
	return 0;
}

static void assert_file(const char *part, bool holds)
{
	char text[1024];
	size_t length = 0;

	assert_int_equal(file_read("compose.yaml", text, sizeof text - 1, &length, NULL), 0);
	text[length] = '\0';
	assert_int_equal(strstr(text, part) != NULL, holds);
}

#define run(canned, ran, requests, ...)                                                            \
	run_case(canned, ran, requests, NULL, (const char *const[CASE_WORDS]){ __VA_ARGS__ })

static void test_a_proposal_changes_and_asks_nothing(void **state)
{
	char requests[CASE_REQUESTS];
	struct ran ran;

	(void)state;
	run(fresh, &ran, requests, "env", "import");
	assert_int_equal(ran.exit, 0);
	assert_contains(ran.out, "-      POSTGRES_PASSWORD: ********\n"
				 "+      POSTGRES_PASSWORD_FILE: /run/secrets/postgres_password\n");
	assert_contains(ran.out, "nothing was changed; '--apply' does it");
	assert_null(strstr(ran.out, "hunter2"));
	assert_string_equal(requests, "");
	assert_file("hunter2", true);
	assert_int_equal(access(".tacit-import", F_OK), -1);
}

static void test_json_is_as_it_was(void **state)
{
	const struct place *place = *state;
	struct ran ran;

	run(fresh, &ran, NULL, "env", "import", "--json");
	assert_int_equal(ran.exit, 0);
	assert_int_equal(chdir(place->home), 0);
	assert_golden(&ran, "env-import.json");
	assert_int_equal(chdir(place->folder), 0);
}

static void test_secrets_and_grants_are_made_before_files(void **state)
{
	char requests[CASE_REQUESTS];
	struct ran ran;
	const char *create, *grant;

	(void)state;
	run(fresh, &ran, requests, "env", "import", "--apply");
	assert_int_equal(ran.exit, 0);
	create = strstr(requests, "POST /v1/secrets/shop%2Fpostgres_password");
	grant = strstr(requests, "POST /v1/grants");
	assert_true(create && grant && create < grant);
	assert_null(strstr(requests, "hunter2"));
	assert_file("hunter2", false);
	assert_contains(ran.out, "'--undo' puts them back");
	run(fresh, &ran, requests, "env", "import", "--apply");
	assert_int_equal(ran.exit, 0);
	assert_contains(ran.out, "nothing to import");
	assert_string_equal(requests, "");
	run(fresh, &ran, requests, "env", "import", "--undo");
	assert_int_equal(ran.exit, 0);
	assert_file("hunter2-hunter2", true);
	assert_string_equal(requests, "");
	run(fresh, &ran, requests, "env", "import", "--undo");
	assert_int_equal(ran.exit, TACIT_EXIT_NOT_FOUND);
	assert_contains(ran.err, "no backup of an import here; nothing was changed\n");
}

static void test_what_the_agent_has_already_is_not_made_again(void **state)
{
	char requests[CASE_REQUESTS];
	struct ran ran;

	(void)state;
	run(there, &ran, requests, "env", "import", "--apply");
	assert_int_equal(ran.exit, 0);
	assert_null(strstr(requests, "POST /v1/secrets"));
	assert_null(strstr(requests, "POST /v1/grants"));
	assert_file("hunter2", false);
	run(fresh, &ran, NULL, "env", "import", "--destroy-backup");
	assert_int_equal(ran.exit, 0);
	assert_int_equal(access(".tacit-import", F_OK), -1);
}

static void test_when_the_agent_refuses_the_files_stay(void **state)
{
	struct ran ran;

	(void)state;
	run(other, &ran, NULL, "env", "import", "--apply");
	assert_int_equal(ran.exit, 1);
	assert_contains(ran.err, "the agent has shop/postgres_password with another value");
	assert_file("hunter2-hunter2", true);
	run(refusing, &ran, NULL, "env", "import", "--apply");
	assert_int_equal(ran.exit, TACIT_EXIT_LOCKED);
	assert_file("hunter2-hunter2", true);
}

static void test_what_does_not_go_together(void **state)
{
	static const struct {
		const char *words[4], *why;
	} rows[] = {
		{ { "--undo", "--destroy-backup" }, "needs the backup" },
		{ { "--undo", "--apply" }, "take no other options" },
		{ { "--prove" }, "goes with '--apply'" },
		{ { "--service", "none" }, "no such service" },
		{ { "nothere.yaml" }, "nothere.yaml is not there; give the path" },
	};
	struct ran ran;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const char *words[CASE_WORDS] = { "env", "import", rows[i].words[0],
			rows[i].words[1] };

		run_case(fresh, &ran, NULL, NULL, words);
		assert_int_not_equal(ran.exit, 0);
		assert_contains(ran.err, rows[i].why);
	}
	assert_int_equal(unlink("compose.yaml"), 0);
	run(fresh, &ran, NULL, "env", "import");
	assert_int_equal(ran.exit, TACIT_EXIT_NOT_FOUND);
	assert_contains(ran.err, "there is no compose file here");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define ONE(test) cmocka_unit_test_setup_teardown(test, begin, end)
		ONE(test_a_proposal_changes_and_asks_nothing),
		ONE(test_json_is_as_it_was),
		ONE(test_secrets_and_grants_are_made_before_files),
		ONE(test_what_the_agent_has_already_is_not_made_again),
		ONE(test_when_the_agent_refuses_the_files_stay),
		ONE(test_what_does_not_go_together),
	};

	if (seal_start(NULL) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
