/* SPDX-License-Identifier: Apache-2.0 */
/* `tacit env scan` as its outputs have it, and what the agent tells it. */
#include "tests/unit/cli/fake_agent.h"

#define HASHES "POST /v1/audit/hashes"
#define HASH "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define LINE(secret)                                                                               \
	"{\"secret\":\"" secret "\",\"version\":1,\"size\":9,\"start\":\"0011223344556677\","      \
	"\"hash\":\"" HASH "\"}\n"

static const struct canned none[] = { { HASHES, FAKE_TEXT, 200, "", NULL, NULL }, { 0 } };

static void put(const struct fake_agent *agent, const char *below, const char *text)
{
	char path[PATH_FULL_MAX];
	FILE *file;

	fake_path(agent, below, path);
	for (char *slash = path + strlen(agent->root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* Where the tree is differs from run to run. */
static void strip_root(const struct fake_agent *agent, char *text)
{
	size_t length = strlen(agent->root) + 1;

	for (char *at = text; (at = strstr(at, agent->root));)
		memmove(at, at + length, strlen(at + length) + 1);
}

static void put_tree(const struct fake_agent *agent)
{
	put(agent, "tree/.git/HEAD", "");
	put(agent, "tree/.gitignore", "ignored.env\n");
	put(agent, "tree/.env", "# of the shop\nSMTP_PASSWORD=geheim99geheim\n");
	put(agent, "tree/ignored.env", "SMTP_PASSWORD=geheim99geheim\n");
	put(agent, "tree/compose.yaml",
		"services:\n  db:\n    image: postgres\n    env_file: conf/settings\n"
		"    environment:\n      POSTGRES_PASSWORD: hunter2hunter3\n");
	put(agent, "tree/conf/settings", "API_TOKEN=kein-wort-hiervon-7\nLOG_LEVEL=info\n");
	put(agent, "tree/50% off #1.md", "fine\nkey AKIAQYLPMN5HHHFPZAM2\n");
	put(agent, "tree/Dockerfile", "FROM scratch\nCOPY conf /conf\n");
}

static const char *const values[] = { "geheim99", "hunter2", "AKIAQYLPMN5", "kein-wort" };

static void assert_no_value(const struct ran *ran)
{
	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		if (strstr(ran->out, values[i]) || strstr(ran->err, values[i]))
			fail_msg("the value of row %zu is printed", i);
}

static void test_what_is_found_is_told_in_three_forms(void **state)
{
	static const char *const forms[][2] = { { "--json", "env-scan.json" },
		{ "--sarif", "env-scan.sarif" }, { NULL, "env-scan.txt" } };
	char path[PATH_FULL_MAX];
	struct fake_agent agent;
	struct ran ran;

	(void)state;
	fake_start(&agent, none);
	put_tree(&agent);
	fake_path(&agent, "tree", path);
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		run_tacit(&agent, &ran, NULL, "env", "scan", path, forms[i][0], NULL);
		assert_int_equal(ran.exit, 1);
		assert_string_equal(ran.err, "");
		assert_no_value(&ran);
		strip_root(&agent, ran.out);
		assert_golden(&ran, forms[i][1]);
	}
	run_tacit(&agent, &ran, NULL, "env", "scan", "-q", path, NULL);
	strip_root(&agent, ran.out);
	assert_string_equal(ran.out,
		"tree/.env\ntree/50% off #1.md\ntree/compose.yaml\ntree/ignored.env\n"
		"tree/conf/settings\n");
	fake_stop(&agent);
}

/* All pages are asked for; what cannot be read is said to be not looked for. */
static void test_the_agents_pages_follow_each_other(void **state)
{
	static const struct canned canned[] = {
		{ HASHES, FAKE_TEXT, 200, LINE("a") LINE("b") "{\"next\":\"b\"}\n", NULL, NULL },
		{ HASHES "?secret=b", FAKE_TEXT, 200,
			"{\"secret\":\"c\",\"version\":3,\"trouble\":\"corrupt\"}\n"
			"{\"next\":\"c/d\"}\n",
			NULL, NULL },
		{ HASHES "?secret=c%2Fd", FAKE_TEXT, 200, LINE("e"), NULL, NULL }, { 0 }
	};
	char path[PATH_FULL_MAX], requests[4096];
	struct fake_agent agent;
	struct ran ran;

	(void)state;
	fake_start(&agent, canned);
	put(&agent, "tree/a", "nothing\n");
	fake_path(&agent, "tree", path);
	run_tacit(&agent, &ran, NULL, "env", "scan", path, NULL);
	assert_int_equal(ran.exit, 0);
	assert_string_equal(ran.out, "0 found in 1 file\n");
	assert_contains(ran.err, "version 3 of c cannot be read and is not looked for");
	fake_read(&agent, "requests", requests, sizeof requests);
	assert_string_equal(requests, HASHES "\n" HASHES "?secret=b\n" HASHES "?secret=c%2Fd\n");
	fake_stop(&agent);
}

static void test_the_key_of_a_search_is_sealed_and_its_own(void **state)
{
	static const struct canned canned[] = { { HASHES, FAKE_KEEP, 200, "", "hashes", NULL },
		{ 0 } };
	char path[PATH_FULL_MAX], keys[2][SEAL_KEY_BYTES];
	struct fake_agent agent;
	struct ran ran;

	(void)state;
	fake_start(&agent, canned);
	put(&agent, "tree/a", "nothing\n");
	for (int i = 0; i < 2; i++) {
		size_t length = 0;

		fake_path(&agent, "tree", path);
		run_tacit(&agent, &ran, NULL, "env", "scan", path, NULL);
		assert_int_equal(ran.exit, 0);
		assert_string_equal(ran.err, "");
		fake_path(&agent, "kept", path);
		assert_return_code(file_read(path, keys[i], sizeof keys[i], &length, NULL), 0);
		assert_int_equal(length, sizeof keys[i]);
	}
	assert_memory_not_equal(keys[0], keys[1], sizeof keys[0]);
	fake_stop(&agent);
}

/* Whatever is wrong with the agent, the rest is looked for, and it is said. */
static void test_an_agent_that_cannot_tell_is_a_note(void **state)
{
	static const char *const answers[] = { "{\"secret\":\"a\"}\n", "nonsense\n",
		"{\"secret\":\"a\",\"version\":1,\"size\":2000000,\"start\":\"0011223344556677\","
		"\"hash\":\"" HASH "\"}\n" };
	char path[PATH_FULL_MAX];
	struct ran ran;

	(void)state;
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		const struct canned canned[] = { { HASHES, FAKE_TEXT, 200, answers[i], NULL, NULL },
			{ 0 } };
		struct fake_agent agent;

		fake_start(&agent, canned);
		put_tree(&agent);
		fake_path(&agent, "tree", path);
		run_tacit(&agent, &ran, NULL, "env", "scan", path, NULL);
		assert_int_equal(ran.exit, 1);
		assert_contains(ran.err, "is not looked for");
		assert_contains(ran.out, "POSTGRES_PASSWORD");
		fake_stop(&agent);
	}
}

static void test_a_baseline_silences_until_a_value_changes(void **state)
{
	char path[PATH_FULL_MAX], base[PATH_FULL_MAX], text[16384];
	struct fake_agent agent;
	struct ran ran;

	(void)state;
	fake_start(&agent, none);
	put_tree(&agent);
	fake_path(&agent, "tree", path);
	fake_path(&agent, "base", base);
	run_tacit(&agent, &ran, NULL, "env", "scan", path, "--baseline", base, "--accept", NULL);
	assert_int_equal(ran.exit, 0);
	assert_string_equal(ran.out, "");
	fake_read(&agent, "base", text, sizeof text);
	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		assert_null(strstr(text, values[i]));
	assert_contains(text, "\"path\": \"compose.yaml\"");
	run_tacit(&agent, &ran, NULL, "env", "scan", path, "--baseline", base, NULL);
	assert_int_equal(ran.exit, 0);
	put(&agent, "tree/.env", "\n\n\nSMTP_PASSWORD=geheim99geheiM\n");
	run_tacit(&agent, &ran, NULL, "env", "scan", path, "--baseline", base, "-q", NULL);
	assert_int_equal(ran.exit, 1);
	strip_root(&agent, ran.out);
	assert_string_equal(ran.out, "tree/.env\n");
	/* A path that JSON has no text for is accepted, too. */
	put(&agent, "tree/odd\377.env", "SMTP_PASSWORD=geheim99geheiM\n");
	/* Accepted again, with the key it has. */
	run_tacit(&agent, &ran, NULL, "env", "scan", path, "--baseline", base, "--accept", NULL);
	run_tacit(&agent, &ran, NULL, "env", "scan", path, "--baseline", base, NULL);
	assert_int_equal(ran.exit, 0);
	assert_contains(ran.out, "more accepted by the baseline");
	fake_stop(&agent);
}

static void test_what_is_no_baseline_is_refused(void **state)
{
	static const char *const texts[] = { "", "[]", "{\"version\":2}",
		"{\"version\":1,\"key\":\"00\",\"findings\":[]}",
		"{\"version\":1,\"key\":\"00112233445566778899aabbccddeeff\"}" };
	char path[PATH_FULL_MAX], base[PATH_FULL_MAX];
	struct fake_agent agent;
	struct ran ran;

	(void)state;
	fake_start(&agent, none);
	put_tree(&agent);
	fake_path(&agent, "tree", path);
	fake_path(&agent, "base", base);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		put(&agent, "base", texts[i]);
		run_tacit(&agent, &ran, NULL, "env", "scan", path, "--baseline", base, NULL);
		assert_int_equal(ran.exit, 2);
		assert_contains(ran.err, "not a baseline");
		assert_string_equal(ran.out, "");
	}
	fake_stop(&agent);
}

/* What a compose file names, wherever and however often: once, as what it is. */
static void test_what_compose_names_is_looked_at_once(void **state)
{
	char path[PATH_FULL_MAX], served[PATH_FULL_MAX], text[2 * PATH_FULL_MAX];
	struct fake_agent agent;
	struct ran ran;

	(void)state;
	fake_start(&agent, none);
	fake_path(&agent, "run/tacit/compose/p/a/two", served);
	put(&agent, "run/tacit/compose/p/a/two", "what the agent serves");
	snprintf(text, sizeof text,
		"include: [more/inc.yaml]\n"
		"services:\n  a:\n    image: x\n    env_file: [../outside, nosuch, more, "
		"\"${X}\"]\n"
		"secrets:\n  one: {file: ./one.txt}\n  two: {file: %s}\n"
		"  three: {file: empty}\n  four: {external: true}\n",
		served);
	put(&agent, "tree/compose.yaml", text);
	put(&agent, "tree/compose.override.yaml",
		"services:\n  a:\n    env_file: ../outside\nsecrets:\n  one: {file: one.txt}\n");
	put(&agent, "tree/more/inc.yaml",
		"include: [../compose.yaml]\nservices:\n  b:\n    image: x\n    env_file: deep\n");
	put(&agent, "tree/more/deep", "DB_PASSWORD=geheim99geheim\n");
	put(&agent, "tree/one.txt", "hm");
	put(&agent, "tree/empty", "");
	put(&agent, "outside", "DB_PASSWORD=geheim88geheim\n");
	fake_path(&agent, "tree", path);
	run_tacit(&agent, &ran, NULL, "env", "scan", path, NULL);
	assert_int_equal(ran.exit, 1);
	strip_root(&agent, ran.out);
	*strstr(ran.out, "\n\n") = '\0';
	assert_string_equal(ran.out,
		"tree/../outside:1: the value of DB_PASSWORD stands here [secret-name]\n"
		"tree/one.txt: the value of one stands here [secret-name]\n"
		"tree/more/deep:1: the value of DB_PASSWORD stands here [secret-name]");
	fake_stop(&agent);
}

/* What env import has replaced is plaintext, though git ignores it. */
static void test_a_backup_of_import_is_found(void **state)
{
	char path[PATH_FULL_MAX];
	struct fake_agent agent;
	struct ran ran;

	(void)state;
	fake_start(&agent, none);
	put(&agent, "tree/.git/HEAD", "");
	put(&agent, "tree/.tacit-import/.gitignore", "*\n");
	put(&agent, "tree/.tacit-import/1/0.old", "key AKIAQYLPMN5HHHFPZAM2\n");
	put(&agent, "tree/.tacit-import/1/0.new", "key in a file\n");
	put(&agent, "tree/.tacit-import/1/manifest.json", "{}\n");
	fake_path(&agent, "tree", path);
	run_tacit(&agent, &ran, NULL, "env", "scan", path, NULL);
	assert_int_equal(ran.exit, 1);
	assert_no_value(&ran);
	assert_contains(ran.out, "1/0.old: a file as it was before env import");
	assert_contains(ran.out, "--destroy-backup");
	assert_contains(ran.out, "1/0.old:1: aws-access-key");
	assert_contains(ran.out, "\n2 found in ");
	fake_stop(&agent);
}

/* Whether app/conf/.env gets into the image, by the Dockerfile of app. */
static void test_what_gets_into_an_image(void **state)
{
	static const struct {
		const char *dockerfile, *ignore;
		bool copied;
	} rows[] = {
		{ "FROM x\nCOPY . /app\n", "", true },
		{ "FROM x\ncopy ./ /app\n", "", true },
		{ "FROM x\nADD --chown=1:1 conf /app\n", "", true },
		{ "FROM x\nCOPY [\"src\", \"conf/\", \"/app\"]\n", "", true },
		{ "FROM x\nCOPY src \\\n  c* /app\n", "", true },
		{ "FROM x\nCOPY /conf/.env /app\n", "", true },
		{ "FROM x\nCOPY src conf2 /conf\n", "", false },
		{ "FROM x\nCOPY --from=build . /app\n", "", false },
		{ "FROM x\nRUN cp . /app\n# COPY . /app\n", "", false },
		{ "FROM x\nCOPY . /app\n", ".env\n", true },
		{ "FROM x\nCOPY . /app\n", "**/.env\n", false },
		{ "FROM x\nCOPY . /app\n", "conf\n", false },
		{ "FROM x\nCOPY . /app\n", "*\n!conf\n", true },
	};
	char path[PATH_FULL_MAX];
	struct fake_agent agent;
	struct ran ran;

	(void)state;
	fake_start(&agent, none);
	put(&agent, "tree/app/conf/.env", "DB_PASSWORD=geheim99geheim\n");
	fake_path(&agent, "tree", path);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		put(&agent, "tree/app/Dockerfile", rows[i].dockerfile);
		put(&agent, "tree/app/.dockerignore", rows[i].ignore);
		run_tacit(&agent, &ran, NULL, "env", "scan", path, NULL);
		if (!strstr(ran.out, "[in-build-context]") == rows[i].copied)
			fail_msg("row %zu: %s", i, rows[i].dockerfile);
	}
	/* A Dockerfile's own list comes first. */
	put(&agent, "tree/app/Dockerfile.dockerignore", "conf\n");
	run_tacit(&agent, &ran, NULL, "env", "scan", path, NULL);
	assert_null(strstr(ran.out, "[in-build-context]"));
	fake_stop(&agent);
}

/* A file of several pieces: each line once, with its number, also where two pieces meet. */
static void test_a_long_file_is_looked_through_in_pieces(void **state)
{
	enum { LINES = 400000 };
	static const unsigned int marked[] = { 1, 130000, 200000, 210000, LINES };
	char path[PATH_FULL_MAX], want[64];
	struct fake_agent agent;
	struct ran ran;
	FILE *file;

	(void)state;
	fake_start(&agent, none);
	put(&agent, "tree/log", "");
	fake_path(&agent, "tree/log", path);
	file = fopen(path, "w");
	for (unsigned int i = 1, next = 0; i <= LINES; i++) {
		bool mark = next < 5 && i == marked[next];

		next += mark;
		fprintf(file, "%06u %s %040u\n", i, mark ? "AKIAQYLPMN5HHHFPZAM2" : "", 0);
	}
	fclose(file);
	run_tacit(&agent, &ran, NULL, "env", "scan", path, NULL);
	assert_int_equal(ran.exit, 1);
	for (size_t i = 0; i < 5; i++) {
		snprintf(want, sizeof want, "log:%u: ", marked[i]);
		assert_contains(ran.out, want);
	}
	assert_contains(ran.out, "\n5 found in 1 file\n");
	fake_stop(&agent);
}

static void test_what_cannot_be_looked_at_is_told(void **state)
{
	char path[PATH_FULL_MAX];
	struct fake_agent agent;
	struct ran ran;

	(void)state;
	fake_start(&agent, none);
	fake_path(&agent, "nosuch", path);
	run_tacit(&agent, &ran, NULL, "env", "scan", path, NULL);
	assert_int_equal(ran.exit, TACIT_EXIT_NOT_FOUND);
	run_tacit(&agent, &ran, NULL, "env", "scan", "--accept", NULL);
	assert_int_equal(ran.exit, TACIT_EXIT_USAGE);
	run_tacit(&agent, &ran, NULL, "env", "scan", "--json", "--sarif", NULL);
	assert_int_equal(ran.exit, TACIT_EXIT_USAGE);
	fake_stop(&agent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_found_is_told_in_three_forms),
		cmocka_unit_test(test_the_agents_pages_follow_each_other),
		cmocka_unit_test(test_the_key_of_a_search_is_sealed_and_its_own),
		cmocka_unit_test(test_an_agent_that_cannot_tell_is_a_note),
		cmocka_unit_test(test_a_baseline_silences_until_a_value_changes),
		cmocka_unit_test(test_what_is_no_baseline_is_refused),
		cmocka_unit_test(test_what_compose_names_is_looked_at_once),
		cmocka_unit_test(test_a_backup_of_import_is_found),
		cmocka_unit_test(test_what_gets_into_an_image),
		cmocka_unit_test(test_a_long_file_is_looked_through_in_pieces),
		cmocka_unit_test(test_what_cannot_be_looked_at_is_told),
	};

	if (seal_start(NULL) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
