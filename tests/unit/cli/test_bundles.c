/* SPDX-License-Identifier: Apache-2.0 */
/* Bundles on the command line: what is sent for MEMBER=FILE, what is refused before anything is
 * read, and what is shown of secrets that change together. */
#include "tests/unit/cli/fake_agent.h"

#define MEMBER(member, version)                                                                    \
	"{\"member\":\"" member "\",\"secret\":\"tls/" member "\",\"version\":" version            \
	",\"size\":7}"
#define BUNDLE(generation, cert, key)                                                              \
	"{\"name\":\"tls\",\"id\":\"00ff\",\"generation\":" generation                             \
	",\"generations\":2,\"members\":[" MEMBER("cert", cert) "," MEMBER(                        \
		"key", key) "],"                                                                   \
			    "\"created_at\":null,\"rotated_at\":null"
#define KEPT                                                                                       \
	",\"kept\":[{\"generation\":1,\"created_at\":\"2024-01-31T09:30:00.125Z\",\"versions\":["  \
	"{\"member\":\"cert\",\"version\":1},{\"member\":\"key\",\"version\":1}]}]"
#define SECRET(name)                                                                               \
	"{\"name\":\"" name "\",\"version\":1,\"versions\":1,\"size\":7,\"created_at\":null,"      \
	"\"rotated_at\":null,\"grants\":1,\"schedule\":null}"
#define GRANT(member)                                                                              \
	"{\"secret\":\"tls/" member "\",\"consumer\":\"compose/shop/web\",\"file\":\"pki/" member  \
	"\",\"path\":\"/run/tacit/compose/shop/web/pki/" member                                    \
	"\",\"uid\":null,\"gid\":null,\"mode\":\"0400\",\"state\":\"live\",\"on_rotate\":"         \
	"\"signal:HUP\"}"
#define READER(member, version, current)                                                           \
	"{\"consumer\":\"container/web\",\"file\":\"tls/" member                                   \
	"\",\"container\":\"4f5e0c1d2a3b4f5e\",\"name\":\"web\",\"version\":" version              \
	",\"current\":" current "}"
#define ERROR(code, text) "{\"error\":{\"code\":\"" code "\",\"message\":\"" text "\"}}"

static const struct canned canned[] = {
	{ "POST /v1/bundles/tls", FAKE_BUNDLE, 201, BUNDLE("1", "1", "1") "}", "create:tls/",
		"cert=hunter2 key=swordfish" },
	{ "POST /v1/bundles/twice", FAKE_TEXT, 409, ERROR("exists", "it exists"), NULL, NULL },
	{ "POST /v1/bundles/tls/versions?overlap=86400", FAKE_BUNDLE, 201,
		BUNDLE("2", "2", "1") "}", "rotate:tls/", "cert=hunter2\n" },
	{ "POST /v1/bundles/tls/versions", FAKE_TEXT, 201, BUNDLE("2", "2", "2") "}", NULL, NULL },
	{ "POST /v1/bundles/a%2Fb%2Fc/versions", FAKE_BUNDLE, 201, BUNDLE("2", "2", "1") "}",
		"rotate:a/b/c/", "x=hunter2" },
	{ "GET /v1/bundles", FAKE_TEXT, 200, "[" BUNDLE("2", "2", "1") "}]", NULL, NULL },
	{ "GET /v1/bundles/tls", FAKE_TEXT, 200, BUNDLE("2", "2", "1") KEPT "}", NULL, NULL },
	{ "DELETE /v1/bundles/tls?force=1", FAKE_TEXT, 200, "{\"removed\":\"tls\"}", NULL, NULL },
	{ "DELETE /v1/bundles/tls", FAKE_TEXT, 409, ERROR("busy", "it is granted"), NULL, NULL },
	{ "GET /v1/secrets", FAKE_TEXT, 200,
		"[" SECRET("tls") "," SECRET("tls/cert") "," SECRET("tls/key") "," SECRET(
			"tls2/key") "]",
		NULL, NULL },
	{ "GET /v1/secrets/tls%2Fcert/readers", FAKE_TEXT, 200,
		"[" READER("cert", "1", "false") "]", NULL, NULL },
	{ "GET /v1/secrets/tls%2Fcert/readers", FAKE_TEXT, 200, "[" READER("cert", "2", "true") "]",
		NULL, NULL },
	{ "GET /v1/secrets/tls%2Fkey/readers", FAKE_TEXT, 200, "[" READER("key", "2", "true") "]",
		NULL, NULL },
	{ "POST /v1/grants", FAKE_TEXT, 201, "[" GRANT("cert") "," GRANT("key") "]", NULL, NULL },
	{ "DELETE /v1/grants?secret=tls%2F&consumer=compose%2Fshop%2Fweb&file=pki", FAKE_TEXT, 200,
		"{\"removed\":\"pki\"}", NULL, NULL },
	{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
};

static void write_key(const struct fake_agent *agent)
{
	char path[PATH_FULL_MAX];
	FILE *file;

	fake_path(agent, "key", path);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_return_code(fputs("swordfish", file), 0);
	assert_return_code(fclose(file), 0);
}

/* In "MEMBER=@FILE" the file is one below the root. */
static void run_files(
	struct ran *ran, char *requests, const char *input, const char *const words[CASE_WORDS])
{
	char paths[CASE_WORDS][PATH_FULL_MAX];
	const char *given[CASE_WORDS] = { NULL };
	struct fake_agent agent;

	fake_start(&agent, canned);
	write_key(&agent);
	for (int i = 0; i < CASE_WORDS && words[i]; i++) {
		const char *at = strchr(words[i], '@');

		given[i] = at ? paths[i] : words[i];
		if (at)
			snprintf(paths[i], sizeof paths[i], "%.*s%s/%s", (int)(at - words[i]),
				words[i], agent.root, at + 1);
	}
	run_words(&agent, ran, input, given);
	if (requests)
		fake_read(&agent, "requests", requests, CASE_REQUESTS);
	fake_stop(&agent);
}

#define run(ran, requests, input, ...) run_files(ran, requests, input, CASE(__VA_ARGS__))

static void test_members_are_sent_as_one_value(void **state)
{
	static const struct {
		const char *words[CASE_WORDS];
		const char *out, *note;
	} rows[] = {
		{ { "secret", "create", "tls/", "cert=-", "key=@key" },
			"created tls/ (generation 1: cert v1, key v1); next: tacit grant add tls/ "
			"CONSUMER\n",
			"newline" },
		{ { "secret", "rotate", "tls/", "--keep-newline", "cert=-", "--overlap", "24h" },
			"rotated tls/ (generation 2: cert v2, key v1); every open from now on "
			"reads it\n",
			NULL },
		{ { "secret", "rotate", "tls/", "cert=-", "key=", "--generate", "32", "-q" },
			"tls/\n", NULL },
		{ { "secret", "create", "tls/", "cert=-", "key=@key", "--if-absent" },
			"tls/ (generation 2: cert v2, key v1) exists and was left as it is\n",
			NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct ran ran;

		run_files(&ran, NULL, "hunter2\n", rows[i].words);
		if (rows[i].note)
			assert_contains(ran.err, rows[i].note);
		else
			assert_string_equal(ran.err, "");
		assert_string_equal(ran.out, rows[i].out);
		assert_int_equal(ran.exit, 0);
	}
}

static void test_a_deep_bundle_is_named_whole(void **state)
{
	char requests[4096];
	struct ran ran;

	(void)state;
	run(&ran, requests, "hunter2", "secret", "rotate", "a/b/c/", "x=-", "-q");
	assert_string_equal(ran.err, "");
	assert_string_equal(ran.out, "a/b/c/\n");
	assert_string_equal(requests, "POST /v1/bundles/a%2Fb%2Fc/versions\n");
}

static void test_nothing_is_sent_for_a_bad_line(void **state)
{
	static const struct {
		const char *words[CASE_WORDS];
		const char *error;
	} rows[] = {
		{ { "secret", "create", "tls/" }, "no MEMBER is given" },
		{ { "secret", "create", "tls/", "SECRETVALUE" }, "MEMBER=FILE" },
		{ { "secret", "create", "tls/", "a/SECRETVALUE=-" }, "one segment of a name" },
		{ { "secret", "create", "tls/", "=-" }, "segment" },
		{ { "secret", "create", "tls/", "a=-", "b=-" }, "'-' can be of one MEMBER" },
		{ { "secret", "create", "tls/", "a=-", "a=@key" }, "a MEMBER is given twice" },
		{ { "secret", "create", "tls/", "a=@key", "--generate", "8" }, "there is none" },
		{ { "secret", "create", "tls/", "a=", "--alphabet", "hex" }, "'--alphabet'" },
		{ { "secret", "create", "tls/", "a=" }, "no value is given" },
		{ { "secret", "create", "tls/", "a=@key", "--every", "30d" }, "are of one secret" },
		{ { "secret", "create", "a/b/c/d/", "a=@key" }, "segments" },
		{ { "secret", "create", "/", "a=@key" }, "segment" },
		{ { "secret", "create", "tls//", "a=@key" }, "segment" },
		{ { "secret", "rotate", "tls/", "a=@key", "--overlap", "1x" }, "'--overlap': " },
		{ { "secret", "rotate", "tls/", "a=@key", "--timeout", "1s" }, "'--wait'" },
		{ { "secret", "stage", "tls/", "a=@key" }, "name a member of it" },
		{ { "secret", "promote", "tls/" }, "name a member of it" },
		{ { "secret", "reveal", "tls/" }, "name a member of it" },
		{ { "secret", "schedule", "tls/", "--off" }, "name a member of it" },
		{ { "secret", "ls", "tls" }, "'secret ls NAME/'" },
		{ { "secret", "ls", "tls/", "--bundles" }, "'--bundles'" },
		{ { "secret", "inspect", "tls//" }, "tacit: secret inspect: " },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char requests[4096];
		struct ran ran;

		run_files(&ran, requests, "hunter2", rows[i].words);
		assert_contains(ran.err, rows[i].error);
		assert_null(strstr(ran.err, "SECRETVALUE"));
		assert_int_equal(ran.exit, TACIT_EXIT_USAGE);
		assert_string_equal(requests, "");
	}
}

/* --generate is of the others. */
static void test_a_file_is_read_though_others_are_generated(void **state)
{
	char requests[4096];
	struct ran ran;

	(void)state;
	run(&ran, requests, NULL, "secret", "rotate", "tls/", "key=", "cert=@none", "--generate",
		"8");
	assert_contains(ran.err, "/none' cannot be opened: No such file");
	assert_int_equal(ran.exit, TACIT_EXIT_NOT_FOUND);
	assert_string_equal(requests, "");
}

static void test_the_values_together_have_a_limit(void **state)
{
	static char large[TACIT_VALUE_MAX + 1];
	char requests[4096];
	struct ran ran;

	(void)state;
	/* 1 + 4 + 4 before the one value, 1 + 3 + 4 + 9 of the other. */
	memset(large, 'x', TACIT_VALUE_MAX - 9 - 17 + 1);
	run(&ran, requests, large, "secret", "rotate", "tls/", "cert=-", "key=@key");
	assert_string_equal(requests, "");
	assert_int_equal(ran.exit, TACIT_EXIT_USAGE);
	assert_contains(ran.err, "have at most 1048576 bytes together");
	large[TACIT_VALUE_MAX - 9 - 17] = '\0';
	run(&ran, requests, large, "secret", "rotate", "tls/", "cert=-", "key=@key", "-q");
	assert_string_equal(ran.out, "tls/\n");
	assert_string_equal(requests, "POST /v1/bundles/tls/versions\n");
}

static void test_it_waits_for_every_member(void **state)
{
	char requests[4096];
	struct ran ran;

	(void)state;
	run(&ran, requests, "x", "secret", "rotate", "tls/", "key=-", "--wait");
	assert_string_equal(ran.err, "");
	assert_string_equal(ran.out, "rotated tls/ (generation 2: cert v2, key v2); every open "
				     "from now on reads it\nevery running container has read it\n");
	assert_string_equal(requests,
		"POST /v1/bundles/tls/versions\nGET /v1/secrets/tls%2Fcert/readers\n"
		"GET /v1/secrets/tls%2Fkey/readers\nGET /v1/secrets/tls%2Fcert/readers\n"
		"GET /v1/secrets/tls%2Fkey/readers\n");
}

static void test_bundles_are_shown(void **state)
{
	static const struct {
		const char *words[CASE_WORDS];
		const char *golden;
	} rows[] = {
		{ { "secret", "create", "tls/", "cert=-", "key=@key", "--json" },
			"bundle-create.json" },
		{ { "secret", "inspect", "tls/", "--json" }, "bundle-inspect.json" },
		{ { "secret", "rotate", "tls/", "key=-", "--wait", "--json" },
			"bundle-rotate.json" },
		{ { "secret", "rm", "tls/", "--force", "--json" }, "bundle-rm.json" },
		{ { "secret", "ls", "--bundles", "--json" }, "bundle-ls.json" },
		{ { "secret", "ls", "--bundles" }, "bundle-ls.txt" },
		{ { "secret", "ls", "tls/" }, "bundle-members.txt" },
		{ { "grant", "add", "tls/", "compose/shop/web", "--as", "pki", "--on-rotate",
			  "signal:HUP", "--json" },
			"bundle-grant.json" },
		{ { "grant", "add", "tls/", "compose/shop/web", "--as", "pki", "--on-rotate",
			  "signal:HUP" },
			"bundle-grant.txt" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct ran ran;

		run_files(&ran, NULL, "hunter2", rows[i].words);
		assert_string_equal(ran.err, "");
		assert_golden(&ran, rows[i].golden);
		assert_int_equal(ran.exit, 0);
	}
}

static void test_bundles_are_granted_and_removed_by_name(void **state)
{
	char requests[4096];
	struct ran ran;

	(void)state;
	run(&ran, requests, NULL, "grant", "add", "tls/", "compose/shop/web", "--as", "pki", "-q");
	assert_string_equal(requests, "POST /v1/grants {\"secret\":\"tls/\",\"consumer\":"
				      "\"compose/shop/web\",\"file\":\"pki\"}\n");
	assert_string_equal(ran.out, "/run/tacit/compose/shop/web/pki/cert\n"
				     "/run/tacit/compose/shop/web/pki/key\n");
	run(&ran, NULL, NULL, "grant", "rm", "tls/", "compose/shop/web", "--as", "pki");
	assert_string_equal(ran.err, "");
	assert_string_equal(ran.out, "compose/shop/web no longer reads tls/\n");
	run(&ran, NULL, NULL, "secret", "ls", "--bundles", "-q");
	assert_string_equal(ran.out, "tls/\n");
	run(&ran, requests, NULL, "grant", "ls", "--secret", "tls/");
	assert_string_equal(requests, "GET /v1/grants?secret=tls%2F\n");
	run(&ran, NULL, NULL, "secret", "rm", "tls/", "--force");
	assert_string_equal(ran.out, "removed tls/\n");
	run(&ran, NULL, NULL, "secret", "rm", "tls/");
	assert_string_equal(ran.err, "tacit: secret rm tls/: it is granted; '--force' removes it "
				     "with its grants\n");
	run(&ran, NULL, "x", "secret", "create", "twice/", "a=-");
	assert_string_equal(ran.err, "tacit: secret create twice/: it exists; 'tacit secret rotate "
				     "NAME/' gives an existing bundle new values\n");
	assert_int_equal(ran.exit, TACIT_EXIT_FAILED);
}

static int start(void **state)
{
	(void)state;
	return seal_start(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_members_are_sent_as_one_value),
		cmocka_unit_test(test_a_deep_bundle_is_named_whole),
		cmocka_unit_test(test_nothing_is_sent_for_a_bad_line),
		cmocka_unit_test(test_a_file_is_read_though_others_are_generated),
		cmocka_unit_test(test_the_values_together_have_a_limit),
		cmocka_unit_test(test_it_waits_for_every_member),
		cmocka_unit_test(test_bundles_are_shown),
		cmocka_unit_test(test_bundles_are_granted_and_removed_by_name),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
