/* SPDX-License-Identifier: Apache-2.0 */
/* What is decided: from the files of a project to what they are to say, and what the agent is to
 * have. */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/import/plan.h"

/* A project in the current folder, and what was asked for. */
struct project {
	char folder[64];
	const char *paths[4];
	struct import_request request;
	struct import_plan *plan;
	struct err err;
};

static bool judge(void *arg, const char *name, const char *value)
{
	(void)arg;
	return (strstr(name, "PASSWORD") || strstr(name, "_KEY")) && strcmp(value, "none") != 0;
}

static bool image(void *arg, const char *name, const char *project, const char *service,
	struct import_start *start)
{
	(void)arg, (void)project, (void)service;
	if (!name || strcmp(name, "mine") != 0)
		return false;
	start->entrypoint = calloc(1, sizeof *start->entrypoint);
	start->entrypoint[start->entrypoint_count++] = strdup("/run$me");
	start->command = calloc(2, sizeof *start->command);
	start->command[start->command_count++] = strdup("-a");
	start->command[start->command_count++] = strdup("b c");
	return true;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status, (void)type, (void)ftw;
	return remove(path);
}

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void begin(struct project *project, const char *compose)
{
	*project = (struct project){ .paths = { "compose.yaml" } };
	strcpy(project->folder, "/tmp/tacit-plan.XXXXXX");
	assert_non_null(mkdtemp(project->folder));
	assert_int_equal(chdir(project->folder), 0);
	put("compose.yaml", compose);
	project->request = (struct import_request){ .paths = project->paths,
		.path_count = 1,
		.root = "",
		.project = "p",
		.judge = judge,
		.image = image };
}

static int make(struct project *project)
{
	import_plan_free(project->plan);
	project->plan = NULL;
	return import_plan_make(&project->request, &project->plan, &project->err);
}

static void end(struct project *project)
{
	import_plan_free(project->plan);
	assert_int_equal(chdir("/"), 0);
	nftw(project->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const struct import_file *file_of(const struct project *project, const char *path)
{
	for (size_t i = 0; i < project->plan->file_count; i++)
		if (!strcmp(project->plan->files[i].path, path))
			return &project->plan->files[i];
	fail_msg("the plan has no %s", path);
	return NULL;
}

static void assert_made(const struct project *project, const char *path, const char *expected)
{
	const struct import_file *file = file_of(project, path);

	assert_true(file->changed);
	assert_string_equal(file->made, expected);
}

static void test_a_variable_becomes_a_file(void **state)
{
	struct project project;

	(void)state;
	begin(&project, "services:\n  db:\n    image: postgres\n    environment:\n"
			"      POSTGRES_PASSWORD: hunter2$$2 # mine\n      X: none\n");
	assert_int_equal(make(&project), 0);
	assert_made(&project, "compose.yaml",
		"services:\n  db:\n    image: postgres\n    environment:\n"
		"      POSTGRES_PASSWORD_FILE: /run/secrets/postgres_password # mine\n"
		"      X: none\n    secrets:\n      - postgres_password\n\nsecrets:\n"
		"  postgres_password:\n    file: /run/tacit/compose/p/db/postgres_password\n");
	assert_int_equal(project.plan->secret_count, 1);
	assert_string_equal(project.plan->secrets[0].name, "p/postgres_password");
	assert_string_equal(project.plan->secrets[0].value, "hunter2$2");
	end(&project);
}

/* What a plan has made has nothing left to plan. */
static void test_twice_is_once(void **state)
{
	struct project project;

	(void)state;
	begin(&project,
		"services:\n  a:\n    image: mine\n    environment: [\"DB_PASSWORD=${PW}\"]\n"
		"  b:\n    image: mine\n    env_file: .env\n");
	put(".env", "PW=hunter2hunter2\nA_KEY=k3yk3yk3y\n");
	assert_int_equal(make(&project), 0);
	for (size_t i = 0; i < project.plan->file_count; i++)
		if (project.plan->files[i].changed)
			put(project.plan->files[i].path, project.plan->files[i].made);
	assert_int_equal(make(&project), 0);
	assert_true(import_plan_is_empty(project.plan));
	assert_int_equal(project.plan->use_count, 0);
	end(&project);
}

static void test_names_tell_values_apart(void **state)
{
	struct project project;

	(void)state;
	begin(&project,
		"services:\n"
		"  a: {image: mysql, environment: {MYSQL_PASSWORD: same-same}}\n"
		"  b: {image: mysql, environment: {MYSQL_PASSWORD: same-same}}\n"
		"  c: {image: mysql, environment: {MYSQL_ROOT_PASSWORD: one-value}}\n"
		"  d: {image: mysql, environment: {MYSQL_ROOT_PASSWORD: two-values}}\n"
		"  e: {image: wordpress, environment: {WORDPRESS_DB_PASSWORD: same-same}}\n");
	assert_int_equal(make(&project), 0);
	assert_int_equal(project.plan->secret_count, 3);
	assert_string_equal(project.plan->secrets[0].name, "p/mysql_password");
	assert_string_equal(project.plan->secrets[1].name, "p/c/mysql_root_password");
	assert_string_equal(project.plan->secrets[2].name, "p/d/mysql_root_password");
	assert_int_equal(project.plan->uses[4].secret, 0);
	assert_string_equal(project.plan->uses[0].key, "a_mysql_password");
	assert_string_equal(project.plan->uses[4].key, "wordpress_db_password");
	end(&project);
}

static void test_a_short_value_is_not_shared_by_chance(void **state)
{
	struct project project;

	(void)state;
	begin(&project, "services:\n"
			"  a: {image: mysql, environment: {MYSQL_PASSWORD: abc,"
			" MYSQL_ROOT_PASSWORD: abc}}\n");
	assert_int_equal(make(&project), 0);
	assert_int_equal(project.plan->secret_count, 2);
	end(&project);
}

static void test_an_image_without_a_convention_is_wrapped(void **state)
{
	struct project project;

	(void)state;
	begin(&project,
		"services:\n  a:\n    image: mine\n    environment:\n      A_KEY: hunter2\n");
	assert_int_equal(make(&project), 0);
	assert_made(&project, "compose.yaml",
		"services:\n  a:\n    image: mine\n    environment:\n"
		"      A_KEY_FILE: /run/secrets/a_key\n    secrets:\n      - a_key\n"
		"      - tacit-exec\n"
		"    entrypoint: [\"/run/secrets/tacit-exec\", \"--\", \"/run$$me\"]\n"
		"    command: [\"-a\", \"b c\"]\n\nsecrets:\n  a_key:\n"
		"    file: /run/tacit/compose/p/a/a_key\n  tacit-exec:\n    file: "
		"/run/tacit/exec\n");
	end(&project);
	begin(&project,
		"services:\n  a:\n    image: other\n    environment:\n      A_KEY: hunter2\n");
	assert_int_equal(make(&project), -TACIT_INVALID);
	assert_non_null(strstr(project.err.text, "compose.yaml:2: A_KEY needs tacit-exec"));
	end(&project);
}

/* tacit-exec would take the image's own FOO_FILE for one of its own. */
static void test_one_variable_without_a_convention_wraps_them_all(void **state)
{
	struct project project;

	(void)state;
	begin(&project, "services:\n  a: {image: grafana/grafana, entrypoint: /run.sh,"
			" environment: {GF_A_KEY: hunter2, B_KEY: hunter3}}\n");
	assert_int_equal(make(&project), 0);
	assert_string_equal(project.plan->uses[0].new_variable, "GF_A_KEY_FILE");
	assert_string_equal(project.plan->uses[1].new_variable, "B_KEY_FILE");
	end(&project);
}

static void test_lines_go_when_nothing_needs_them(void **state)
{
	struct project project;

	(void)state;
	begin(&project, "services:\n  a:\n    image: mysql\n    environment:\n"
			"      MYSQL_PASSWORD: ${PW}\n      MYSQL_ROOT_PASSWORD: ${ROOT}\n"
			"    labels: {x: \"${ROOT}\"}\n");
	put(".env", "# here\nPW=hunter2hunter2\nROOT=hunter3hunter3\nHOST=h\n");
	assert_int_equal(make(&project), 0);
	assert_made(&project, ".env", "# here\nROOT=hunter3hunter3\nHOST=h\n");
	assert_true(project.plan->note_count > 0);
	assert_non_null(strstr(project.plan->notes[0], ".env:3: ROOT stays"));
	end(&project);
}

/* Which is a plain variable of theirs, by its own name. */
static void test_a_line_that_containers_are_given_stays(void **state)
{
	struct project project;

	(void)state;
	begin(&project, "services:\n  a:\n    image: mysql\n    environment:\n"
			"      MYSQL_PASSWORD: ${PW}\n  b: {image: mysql, env_file: .env}\n");
	put(".env", "PW=hunter2hunter2\n");
	assert_int_equal(make(&project), 0);
	assert_false(file_of(&project, ".env")->changed);
	assert_non_null(strstr(project.plan->notes[0], ".env:1: PW stays"));
	end(&project);
}

static void test_a_line_that_another_service_has_is_no_ones_to_take(void **state)
{
	struct project project;

	(void)state;
	begin(&project, "services:\n  a: {image: mysql, env_file: db.env}\n"
			"  b: {image: mysql, env_file: [db.env]}\n");
	put("db.env", "MYSQL_PASSWORD=hunter2\nX=1\n");
	project.request.services = "a";
	assert_int_equal(make(&project), -TACIT_INVALID);
	assert_non_null(strstr(project.err.text, "db.env:1: service b is given MYSQL_PASSWORD"));
	project.request.services = "a,b";
	assert_int_equal(make(&project), 0);
	assert_made(&project, "db.env", "X=1\n");
	assert_int_equal(project.plan->use_count, 2);
	project.request.services = "nobody";
	assert_int_equal(make(&project), -TACIT_NOT_FOUND);
	end(&project);
}

static void test_files_of_secrets_are_taken_over(void **state)
{
	struct project project;

	(void)state;
	begin(&project, "services:\n  a:\n    image: x\n    secrets: [one, two]\n"
			"  b:\n    image: x\n    secrets:\n      - two\n"
			"secrets:\n  one: {file: ./s/one}\n  two: {file: s/two.txt}\n"
			"  out: {file: /etc/hostname}\n");
	assert_int_equal(mkdir("s", 0700), 0);
	put("s/one", "1st\n");
	put("s/two.txt", "2nd");
	assert_int_equal(make(&project), 0);
	assert_true(file_of(&project, "s/one")->gone);
	assert_true(file_of(&project, "s/two.txt")->gone);
	assert_int_equal(project.plan->use_count, 3);
	assert_true(project.plan->uses[0].newline);
	assert_string_equal(project.plan->secrets[0].value, "1st");
	assert_false(project.plan->uses[1].newline);
	assert_string_equal(project.plan->uses[1].key, "two");
	assert_string_equal(project.plan->uses[2].key, "b_two");
	assert_non_null(
		strstr(file_of(&project, "compose.yaml")->made, "/run/tacit/compose/p/b/two"));
	end(&project);
}

static void test_lines_stay_lines(void **state)
{
	struct project project;

	(void)state;
	begin(&project, "services:\n  a:\n    image: linuxserver/calibre\n    entrypoint: [/init]\n"
			"    environment: {A_KEY: \"hunter2\\nhunter3\"}\n");
	project.request.variables = "A_KEY";
	assert_int_equal(make(&project), 0);
	assert_int_equal(project.plan->uses[0].form, CONVENTION_NONE);
	end(&project);
	begin(&project, "services:\n  a:\n    image: linuxserver/calibre\n    entrypoint: [/init]\n"
			"    environment: {A_KEY: \"hunter2 hunter3\"}\n");
	project.request.variables = "A_KEY";
	assert_int_equal(make(&project), 0);
	assert_int_equal(project.plan->uses[0].form, CONVENTION_PREFIX);
	end(&project);
}

static void test_what_is_said_is_done(void **state)
{
	struct project project;

	(void)state;
	begin(&project, "services:\n  a: {image: linuxserver/calibre,"
			" environment: {A_KEY: hunter2, B: hunter3}}\n");
	project.request.except = "A_KEY";
	project.request.variables = "C,B";
	assert_int_equal(make(&project), 0);
	assert_int_equal(project.plan->use_count, 1);
	assert_string_equal(project.plan->uses[0].variable, "B");
	project.request.except = "A_KEY,B";
	assert_int_equal(make(&project), 0);
	assert_true(import_plan_is_empty(project.plan));
	end(&project);
}

static void test_a_later_file_counts(void **state)
{
	struct project project;

	(void)state;
	begin(&project, "services:\n  a:\n    image: mysql\n    environment:\n"
			"      MYSQL_PASSWORD: old-value\n");
	put("more.yaml", "services:\n  a:\n    environment:\n      - MYSQL_PASSWORD=new-value\n");
	project.paths[1] = "more.yaml";
	project.request.path_count = 2;
	assert_int_equal(make(&project), 0);
	assert_int_equal(project.plan->secret_count, 1);
	assert_string_equal(project.plan->secrets[0].value, "new-value");
	assert_made(&project, "more.yaml",
		"services:\n  a:\n    environment:\n"
		"      - MYSQL_PASSWORD_FILE=/run/secrets/mysql_password\n");
	assert_null(strstr(file_of(&project, "compose.yaml")->made, "old-value"));
	end(&project);
}

static void test_an_environment_that_says_otherwise_is_told(void **state)
{
	struct project project;

	(void)state;
	begin(&project, "services:\n  a: {image: mysql, environment: {MYSQL_PASSWORD: '${PW}'}}\n");
	put(".env", "PW=hunter\n");
	setenv("PW", "hunter", 1);
	assert_int_equal(make(&project), 0);
	assert_int_equal(project.plan->note_count, 0);
	setenv("PW", "other", 1);
	assert_int_equal(make(&project), 0);
	assert_int_equal(project.plan->note_count, 1);
	assert_non_null(strstr(project.plan->notes[0], "PW has another value in the environment"));
	assert_string_equal(project.plan->secrets[0].value, "hunter");
	unsetenv("PW");
	end(&project);
}

/* Else the service would have both, and images refuse to start with both. */
static void test_what_is_overridden_goes_too(void **state)
{
	struct project project;

	(void)state;
	begin(&project, "services:\n  a: {image: mysql, env_file: [one.env, two.env]}\n"
			"  b:\n    image: mysql\n    env_file: two.env\n    environment:\n"
			"      MYSQL_PASSWORD: hunter3\n");
	put("one.env", "MYSQL_PASSWORD=hunter1\nX=1\n");
	put("two.env", "MYSQL_PASSWORD=hunter2\nY=1\n");
	assert_int_equal(make(&project), 0);
	assert_made(&project, "one.env", "X=1\n");
	assert_made(&project, "two.env", "Y=1\n");
	assert_int_equal(project.plan->secret_count, 2);
	assert_string_equal(project.plan->secrets[0].value, "hunter2");
	assert_string_equal(project.plan->secrets[1].value, "hunter3");
	end(&project);
}

static void test_a_later_value_counts_secret_or_not(void **state)
{
	struct project project;

	(void)state;
	begin(&project, "services:\n  a: {image: mysql, env_file: [one.env, two.env]}\n");
	put("one.env", "MYSQL_PASSWORD=hunter1\nA_KEY=hunter2\nB_KEY=hunter3\n");
	put("two.env", "MYSQL_PASSWORD=none\nA_KEY=\nB_KEY\n");
	assert_int_equal(make(&project), 0);
	assert_int_equal(project.plan->use_count, 1);
	assert_string_equal(project.plan->uses[0].value, "none");
	assert_made(&project, "one.env", "A_KEY=hunter2\nB_KEY=hunter3\n");
	assert_made(&project, "two.env", "A_KEY=\nB_KEY\n");
	end(&project);
}

static void test_what_is_not_one_value_for_all_is_refused(void **state)
{
	static const char *const rows[] = { "PW=hunter$$2\n", "PW=hunter$x\n", "PW='hunter'2\n",
		"PW='hunter${x}'\n", "PW=\"hunter\\x\"\n", "PW=\"hunter\\$x\"\n", "PW: hunter\n",
		"X=\nPW=h${X:-unter}\n", "X=$y\nPW=hunter${X}\n", "PW=hunter${X-y}\n" };
	struct project project;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		begin(&project, "services:\n  a: {image: mysql, environment: {MYSQL_PASSWORD: "
				"'${PW}'}}\n");
		put(".env", rows[i]);
		assert_int_equal(make(&project), -TACIT_INVALID);
		if (!strstr(project.err.text, "versions of compose"))
			fail_msg("row %zu: %s", i, project.err.text);
		end(&project);
	}
}

static void test_a_file_uses_what_stands_before_in_it(void **state)
{
	struct project project;

	(void)state;
	begin(&project, "services:\n  a: {image: mysql, env_file: a.env}\n");
	put("a.env", "X=1\nMYSQL_PASSWORD=hunter${X}${Z}${Z:-z}\nX=2\n");
	assert_int_equal(make(&project), 0);
	assert_string_equal(project.plan->secrets[0].value, "hunter1z");
	put("a.env", "MYSQL_PASSWORD=hunter\nURL=x:${MYSQL_PASSWORD}\n");
	assert_int_equal(make(&project), -TACIT_INVALID);
	assert_non_null(strstr(project.err.text, "a.env:1: another line uses MYSQL_PASSWORD"));
	end(&project);
}

static void test_a_line_of_two_uses_is_refused(void **state)
{
	struct project project;

	(void)state;
	begin(&project, "services:\n  a:\n    image: mysql\n    env_file: .env\n"
			"    labels: {x: '${MYSQL_PASSWORD}'}\n");
	put(".env", "MYSQL_PASSWORD=hunter\n");
	assert_int_equal(make(&project), -TACIT_INVALID);
	assert_non_null(strstr(project.err.text, ".env:1: MYSQL_PASSWORD is given"));
	end(&project);
}

static void test_what_cannot_be_done_right_is_refused(void **state)
{
	static const struct {
		const char *compose, *why;
	} rows[] = {
		{ "services:\n  a: {image: mysql, environment: {MYSQL_PASSWORD: x1,"
		  " MYSQL_PASSWORD_FILE: /x}}\n",
			"compose.yaml:2: the service has both" },
		{ "services:\n  a:\n    image: mysql\n    environment:\n      MYSQL_PASSWORD: "
		  "0123\n",
			"compose.yaml:5: versions of compose read this value differently" },
		{ "services:\n  a: {image: mysql, environment: {MYSQL_PASSWORD: x1,"
		  " mysql_PASSWORD: x2}}\n",
			"has the same file" },
		{ "services:\n  a: [\n", "compose.yaml:" },
		{ "services:\n  a: {image: mysql, environment: {MYSQL_PASSWORD: x1}}\n"
		  "  b: {extends: a}\n",
			"compose.yaml:3: 'extends' brings" },
		{ "services:\n  a: {image: mysql, environment: {MYSQL_PASSWORD: x1},\n"
		  "    extends: {file: b.yaml, service: b}}\n",
			"compose.yaml:3: 'extends' brings" },
		{ "services:\n  a: {image: mine, entrypoint: [], environment: {A_KEY: x1}}\n",
			"its 'entrypoint:' is empty" },
		{ "services:\n  a: {image: mine, entrypoint: '', environment: {A_KEY: x1}}\n",
			"its 'entrypoint:' is empty" },
		{ "services:\n  \"\xc3\xbc\": {image: mysql, environment: {MYSQL_PASSWORD: x1}}\n",
			"compose.yaml:2: the service's name" },
		{ "services:\n  a: {image: x, secrets: [s]}\nsecrets:\n  s: {file: empty}\n",
			"compose.yaml:4: empty is empty" },
		{ "services:\n  a: {image: mysql, environment: {MYSQL_PASSWORD: '${X:?}'}}\n",
			"compose.yaml:2: " },
	};
	struct project project;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		begin(&project, rows[i].compose);
		put("empty", "");
		assert_true(make(&project) < 0);
		if (!strstr(project.err.text, rows[i].why))
			fail_msg("row %zu: %s", i, project.err.text);
		end(&project);
	}
}

static void test_a_newline_that_gets_lost_is_told(void **state)
{
	struct project project;

	(void)state;
	begin(&project, "services:\n  a:\n    image: mysql\n    environment:\n"
			"      MYSQL_PASSWORD: |\n        hunter2\n");
	assert_int_equal(make(&project), 0);
	assert_int_equal(project.plan->note_count, 1);
	assert_non_null(strstr(project.plan->notes[0], "compose.yaml:5: the value of MYSQL_PASSWORD"
						       " ends with a newline"));
	end(&project);
}

static void test_links_are_not_followed(void **state)
{
	struct project project;

	(void)state;
	begin(&project, "services: {}\n");
	put("real", "A=1\n");
	assert_int_equal(symlink("real", ".env"), 0);
	assert_int_equal(make(&project), -TACIT_INVALID);
	assert_non_null(strstr(project.err.text, "symbolic link"));
	end(&project);
}

static void test_the_project_is_named_as_compose_names_it(void **state)
{
	struct project project;

	(void)state;
	unsetenv("COMPOSE_PROJECT_NAME");
	begin(&project, "name: by-file\nservices: {}\n");
	project.request.project = NULL;
	assert_int_equal(make(&project), 0);
	assert_string_equal(project.plan->project, "by-file");
	put(".env", "COMPOSE_PROJECT_NAME=by_env\n");
	assert_int_equal(make(&project), 0);
	assert_string_equal(project.plan->project, "by_env");
	project.request.project = "Bad Name";
	assert_int_equal(make(&project), -TACIT_INVALID);
	end(&project);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_variable_becomes_a_file),
		cmocka_unit_test(test_twice_is_once),
		cmocka_unit_test(test_names_tell_values_apart),
		cmocka_unit_test(test_a_short_value_is_not_shared_by_chance),
		cmocka_unit_test(test_an_image_without_a_convention_is_wrapped),
		cmocka_unit_test(test_one_variable_without_a_convention_wraps_them_all),
		cmocka_unit_test(test_lines_go_when_nothing_needs_them),
		cmocka_unit_test(test_a_line_that_containers_are_given_stays),
		cmocka_unit_test(test_a_line_that_another_service_has_is_no_ones_to_take),
		cmocka_unit_test(test_files_of_secrets_are_taken_over),
		cmocka_unit_test(test_lines_stay_lines),
		cmocka_unit_test(test_what_is_said_is_done),
		cmocka_unit_test(test_a_later_file_counts),
		cmocka_unit_test(test_an_environment_that_says_otherwise_is_told),
		cmocka_unit_test(test_what_is_overridden_goes_too),
		cmocka_unit_test(test_a_later_value_counts_secret_or_not),
		cmocka_unit_test(test_what_is_not_one_value_for_all_is_refused),
		cmocka_unit_test(test_a_file_uses_what_stands_before_in_it),
		cmocka_unit_test(test_a_line_of_two_uses_is_refused),
		cmocka_unit_test(test_what_cannot_be_done_right_is_refused),
		cmocka_unit_test(test_a_newline_that_gets_lost_is_told),
		cmocka_unit_test(test_links_are_not_followed),
		cmocka_unit_test(test_the_project_is_named_as_compose_names_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
