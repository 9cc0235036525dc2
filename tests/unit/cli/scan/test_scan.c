/* SPDX-License-Identifier: Apache-2.0 */
/* The scanner through its interface: where a finding is, which rule it is of, what is kept apart
 * and what is the same. What the judges think of names and values is test_judges' table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/scan/scan.h"
#include "seal/findhash.h"

static const uint8_t key[32] = { 3, 1, 4, 1, 5 };

struct list {
	struct scan_finding findings[32];
	size_t count;
};

static void add(void *arg, const struct scan_finding *finding)
{
	struct list *list = arg;

	assert_true(list->count < 32);
	list->findings[list->count++] = *finding;
}

static struct list scan_path(
	struct scanner *scanner, enum scan_kind kind, const char *path, const char *text)
{
	struct list list = { 0 };

	assert_int_equal(
		scanner_text(scanner, kind, path, text, strlen(text), add, &list, NULL), 0);
	return list;
}

static struct list scan(enum scan_kind kind, const char *text)
{
	struct scanner *scanner = scanner_new(key);
	struct list list = scan_path(scanner, kind, "file", text);

	scanner_free(scanner);
	return list;
}

static void keep(struct scanner *scanner, const char *name, const char *value)
{
	struct scan_stored stored = { .version = 1, .size = (uint32_t)strlen(value) };
	struct findhash_key hash;

	snprintf(stored.name, sizeof stored.name, "%s", name);
	findhash_expand(&hash, key);
	stored.start = findhash_start(&hash, value);
	findhash_whole(&hash, value, strlen(value), stored.hash);
	assert_int_equal(scanner_add_stored(scanner, &stored, NULL), 0);
}

static void assert_finding(const struct scan_finding *finding, enum scan_rule rule,
	unsigned int line, unsigned int column, const char *name)
{
	assert_string_equal(finding->name, name);
	assert_string_equal(scan_rule_word(finding->rule), scan_rule_word(rule));
	assert_int_equal(finding->line, line);
	assert_int_equal(finding->column, column);
}

static void place_is_of_the_value(void **state)
{
	struct list list = scan(SCAN_COMPOSE,
		"services:\n  db:\n    environment:\n      - 'DB_PASSWORD=abc123'\n"
		"  web:\n    environment: {TOKEN: \"xyz789\"}\n");

	(void)state;
	assert_int_equal(list.count, 2);
	assert_finding(&list.findings[0], SCAN_RULE_NAME, 4, 22, "DB_PASSWORD");
	assert_string_equal(list.findings[0].service, "db");
	assert_finding(&list.findings[1], SCAN_RULE_NAME, 6, 27, "TOKEN");
	assert_string_equal(list.findings[1].service, "web");
}

static void yaml_is_read_as_a_whole(void **state)
{
	struct list list = scan(SCAN_COMPOSE,
		"services:\n  a:\n    environment:\n      DB_PASSWORD: \"two\n        lines9\"\n"
		"      API_TOKEN: |\n        block7\n      X_SECRET: >-\n        folded5\n"
		"  b:\n    environment:\n      {\n        K: v,\n        MY_TOKEN: flow3\n      }\n"
		"  c:\n    environment: &all\n      - E_TOKEN=\"esc4\"\n  d:\n    environment: "
		"*all\n");

	(void)state;
	assert_int_equal(list.count, 5);
	assert_finding(&list.findings[0], SCAN_RULE_NAME, 4, 20, "DB_PASSWORD");
	assert_finding(&list.findings[1], SCAN_RULE_NAME, 7, 9, "API_TOKEN");
	assert_finding(&list.findings[2], SCAN_RULE_NAME, 9, 9, "X_SECRET");
	assert_finding(&list.findings[3], SCAN_RULE_NAME, 14, 19, "MY_TOKEN");
	assert_finding(&list.findings[4], SCAN_RULE_NAME, 18, 17, "E_TOKEN");
	assert_string_equal(list.findings[3].service, "b");
}

static void options_of_programs_are_known(void **state)
{
	struct list list = scan(SCAN_SYSTEMD,
		"[Service]\nExecStart=/usr/bin/curl -u me:abc123 http://h -p 80\n"
		"ExecStop=/bin/mysql -uroot -ppw9876 -h h\n"
		"ExecReload=/bin/sh -c \"redis-cli -a 'k1k2k3' ping\"\n");

	(void)state;
	assert_int_equal(list.count, 3);
	assert_finding(&list.findings[0], SCAN_RULE_NAME, 2, 31, "password");
	assert_finding(&list.findings[1], SCAN_RULE_NAME, 3, 30, "password");
	assert_finding(&list.findings[2], SCAN_RULE_NAME, 4, 38, "password");
}

static void web_tokens_have_three_parts(void **state)
{
#define HEAD "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
#define BODY "eyJpc3MiOiJhY21lIiwic3ViIjoidXNlci00MiJ9"
#define SEAL "q8Xv2mZ7wR4tY9bN1kL5pC3dF6gH0jS8aE2uI4oQ7xY"
	(void)state;
	assert_int_equal(scan(SCAN_OTHER, "x " HEAD "." BODY "." SEAL "\n").count, 1);
	assert_int_equal(scan(SCAN_OTHER, "x " HEAD "." BODY "." SEAL "." SEAL "\n").count, 0);
	assert_int_equal(scan(SCAN_OTHER, "x " HEAD "." BODY SEAL "\n").count, 0);
	assert_int_equal(scan(SCAN_OTHER, "x " HEAD "." SEAL "." BODY "\n").count, 0);
}

/* A token in a variable, in an address, that a name speaks of: one finding, by the rule that knows
 * most. */
static void one_value_is_one_finding(void **state)
{
	struct list list = scan(SCAN_ENV_FILE, "API_TOKEN=ghp"
					       "_q7WzL2kXv9RtYb4Nc8Md1PsF6hJ3gA5eU0oI\n"
					       "GIT_URL=https://ci:gl"
					       "pat-Zq8wX3vN7mT2kR9yL5pB@git/x\n");

	(void)state;
	assert_int_equal(list.count, 2);
	assert_finding(&list.findings[0], SCAN_RULE_TOKEN, 1, 11, "github-token");
	assert_finding(&list.findings[1], SCAN_RULE_TOKEN, 2, 20, "gitlab-token");
}

static void stored_values_are_found_in_any_text(void **state)
{
	struct scanner *scanner = scanner_new(key);
	struct list list;

	(void)state;
	keep(scanner, "shop/db", "plain words too");
	keep(scanner, "shop/pin", "12345678");
	keep(scanner, "shop/long", "12345678-and-more");
	list = scan_path(scanner, SCAN_OTHER, "notes.txt",
		"the value is plain words too, they said\n"
		"mysql -p12345678\n"
		"x12345678 is another word\n"
		"{\"pin\":\"a\\n12345678\"}\n"
		"=12345678-and-more\n");
	assert_int_equal(list.count, 4);
	assert_finding(&list.findings[0], SCAN_RULE_STORED, 1, 14, "shop/db");
	assert_finding(&list.findings[1], SCAN_RULE_STORED, 2, 9, "shop/pin");
	assert_finding(&list.findings[2], SCAN_RULE_STORED, 4, 12, "shop/pin");
	assert_finding(&list.findings[3], SCAN_RULE_STORED, 5, 2, "shop/long");
	scanner_free(scanner);
}

static void stored_value_at_the_very_end_is_found(void **state)
{
	struct scanner *scanner = scanner_new(key);
	struct list list;

	(void)state;
	keep(scanner, "a", "exactly8");
	list = scan_path(scanner, SCAN_OTHER, "f", "exactly8");
	assert_int_equal(list.count, 1);
	list = scan_path(scanner, SCAN_OTHER, "f", "exactly");
	assert_int_equal(list.count, 0);
	list = scan_path(scanner, SCAN_OTHER, "f", "Exactly8");
	assert_int_equal(list.count, 0);
	scanner_free(scanner);
}

static void stored_value_in_a_kubernetes_secret_is_decoded(void **state)
{
	struct scanner *scanner = scanner_new(key);
	struct list list;

	(void)state;
	keep(scanner, "shop/db", "S3cr3tPass");
	list = scan_path(scanner, SCAN_KUBERNETES, "secret.yaml",
		"kind: Secret\ndata:\n  anything: UzNjcjN0UGFzcw==\n");
	assert_int_equal(list.count, 1);
	assert_finding(&list.findings[0], SCAN_RULE_STORED, 3, 13, "shop/db");
	scanner_free(scanner);
}

static void short_stored_values_are_not_looked_for(void **state)
{
	struct scanner *scanner = scanner_new(key);
	struct scan_stored stored = { .name = "short", .size = 7 };
	struct findhash_key hash;

	(void)state;
	findhash_expand(&hash, key);
	stored.start = findhash_start(&hash, "abcdefg,");
	findhash_whole(&hash, "abcdefg", 7, stored.hash);
	assert_int_equal(scanner_add_stored(scanner, &stored, NULL), 0);
	assert_int_equal(scan_path(scanner, SCAN_OTHER, "f", "abcdefg,\n").count, 0);
	scanner_free(scanner);
}

static void many_stored_values_are_told_apart(void **state)
{
	struct scanner *scanner = scanner_new(key);
	char name[32], value[32];
	struct list list;

	(void)state;
	for (unsigned int i = 0; i < 3000; i++) {
		snprintf(name, sizeof name, "s%u", i);
		snprintf(value, sizeof value, "samestart-%u", i * 7919);
		keep(scanner, name, value);
	}
	list = scan_path(scanner, SCAN_OTHER, "f", "a samestart-7919;b samestart-23749081 c\n");
	assert_int_equal(list.count, 2);
	assert_string_equal(list.findings[0].name, "s1");
	assert_string_equal(list.findings[1].name, "s2999");
	scanner_free(scanner);
}

static void print_is_of_the_value_and_the_key(void **state)
{
	static const uint8_t others[2][16] = { { 9 }, { 10 } };
	struct scanner *scanner = scanner_new(key);
	struct list list = scan_path(
		scanner, SCAN_ENV_FILE, ".env", "A_TOKEN=same1\nB_TOKEN=same1\nC_TOKEN=other1\n");
	uint64_t first = list.findings[0].print[0];

	(void)state;
	assert_int_equal(list.count, 3);
	assert_true(first);
	assert_int_equal(list.findings[1].print[0], first);
	assert_int_equal(list.findings[1].print[1], list.findings[0].print[1]);
	assert_int_not_equal(list.findings[2].print[0], first);
	for (size_t i = 0; i < 2; i++) {
		scanner_print_key(scanner, others[i]);
		list = scan_path(scanner, SCAN_ENV_FILE, ".env", "A_TOKEN=same1\n");
		assert_int_not_equal(list.findings[0].print[0], first);
		first = list.findings[0].print[0];
	}
	scanner_free(scanner);
}

static void variables_are_judged_alone(void **state)
{
	struct scanner *scanner = scanner_new(key);
	struct scan_finding finding;

	(void)state;
	keep(scanner, "shop/db", "S3cr3tPass");
	assert_true(scanner_variable(scanner, "DB_PASSWORD", "changeme", &finding));
	assert_int_equal(finding.rule, SCAN_RULE_NAME);
	assert_int_equal(finding.line, 0);
	assert_true(scanner_variable(scanner, "HARMLESS", "S3cr3tPass", &finding));
	assert_int_equal(finding.rule, SCAN_RULE_STORED);
	assert_string_equal(finding.name, "shop/db");
	assert_true(scanner_variable(scanner, "DSN", "mysql://a:S3cr3tPass@b", &finding));
	assert_int_equal(finding.rule, SCAN_RULE_STORED);
	assert_false(scanner_variable(scanner, "DB_PASSWORD_FILE", "/run/secrets/x", &finding));
	assert_false(scanner_variable(scanner, "DB_PASSWORD", "", &finding));
	assert_false(scanner_variable(scanner, "PATH", "/usr/bin:/bin", &finding));
	scanner_free(scanner);
}

/* What a file of examples is named to hold is not a secret; what looks drawn by lot is. */
static void examples_are_judged_by_their_looks(void **state)
{
	static const char text[] = "DB_PASSWORD=secret\nURL=redis://a:b1c2@h\n"
				   "API_KEY=q8Xv2mZ7wR4tY9bN1kL5pC3d\n";
	struct scanner *scanner = scanner_new(key);
	struct list list = scan_path(scanner, SCAN_ENV_FILE, "a/.env.example", text);

	(void)state;
	assert_int_equal(list.count, 1);
	assert_finding(&list.findings[0], SCAN_RULE_NAME, 3, 9, "API_KEY");
	assert_int_equal(scan_path(scanner, SCAN_ENV_FILE, "example/.env", text).count, 3);
	scanner_free(scanner);
}

static void kinds_are_known_by_name_and_text(void **state)
{
	static const struct {
		const char *path, *text;
		enum scan_kind kind;
	} files[] = {
		{ "compose.yaml", "", SCAN_COMPOSE },
		{ "a/docker-compose.prod.yml", "", SCAN_COMPOSE },
		{ "stack.yml", "version: '3'\nservices:\n", SCAN_COMPOSE },
		{ "stack.yml", "apiVersion: v1\n", SCAN_KUBERNETES },
		{ "x/values-prod.yaml", "a: b\n", SCAN_KUBERNETES },
		{ "mkdocs.yml", "site_name: x\n", SCAN_OTHER },
		{ ".env", "", SCAN_ENV_FILE },
		{ "a/.env.local", "", SCAN_ENV_FILE },
		{ "prod.env", "", SCAN_ENV_FILE },
		{ "Dockerfile", "", SCAN_DOCKERFILE },
		{ "Dockerfile.web", "", SCAN_DOCKERFILE },
		{ "web.Dockerfile", "", SCAN_DOCKERFILE },
		{ "Containerfile", "", SCAN_DOCKERFILE },
		{ "x.service", "[Service]\n", SCAN_SYSTEMD },
		{ "db.container", "[Container]\n", SCAN_SYSTEMD },
		{ "x.service", "about a service", SCAN_OTHER },
		{ "docker.service.d/a.conf", "[Service]\n", SCAN_SYSTEMD },
		{ "nginx.conf", "[x]\n", SCAN_OTHER },
		{ "main.c", "", SCAN_OTHER },
	};

	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		if (scan_kind_of(files[i].path, files[i].text, strlen(files[i].text)) !=
			files[i].kind)
			fail_msg("%s is of another kind", files[i].path);
}

static void every_rule_has_its_word_and_advice(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < SCAN_RULES; i++) {
		assert_true(scan_rule_word(i)[0]);
		assert_true(scan_rule_advice(i)[0]);
		for (unsigned int other = 0; other < i; other++)
			assert_string_not_equal(scan_rule_word(i), scan_rule_word(other));
	}
	assert_string_equal(scan_rule_word(SCAN_RULES), "");
}

static void count_up(void *arg, const struct scan_finding *finding)
{
	(void)finding;
	++*(size_t *)arg;
}

/* A file that is nothing but findings: the list ends, the scan does not fail. */
static void findings_are_bounded(void **state)
{
	struct scanner *scanner = scanner_new(key);
	size_t lines = 12000, length = lines * 9, count = 0;
	char *text = malloc(length + 1);

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < lines; i++)
		memcpy(text + i * 9, "PW=hunte\n", 10);
	assert_int_equal(
		scanner_text(scanner, SCAN_ENV_FILE, ".env", text, length, count_up, &count, NULL),
		0);
	assert_int_equal(count, 10000);
	free(text);
	scanner_free(scanner);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(place_is_of_the_value),
		cmocka_unit_test(yaml_is_read_as_a_whole),
		cmocka_unit_test(options_of_programs_are_known),
		cmocka_unit_test(web_tokens_have_three_parts),
		cmocka_unit_test(one_value_is_one_finding),
		cmocka_unit_test(stored_values_are_found_in_any_text),
		cmocka_unit_test(stored_value_at_the_very_end_is_found),
		cmocka_unit_test(stored_value_in_a_kubernetes_secret_is_decoded),
		cmocka_unit_test(short_stored_values_are_not_looked_for),
		cmocka_unit_test(many_stored_values_are_told_apart),
		cmocka_unit_test(print_is_of_the_value_and_the_key),
		cmocka_unit_test(variables_are_judged_alone),
		cmocka_unit_test(examples_are_judged_by_their_looks),
		cmocka_unit_test(kinds_are_known_by_name_and_text),
		cmocka_unit_test(every_rule_has_its_word_and_advice),
		cmocka_unit_test(findings_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
