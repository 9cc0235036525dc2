/* SPDX-License-Identifier: Apache-2.0 */
/* Which variables are read from files, and what comes of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "exec/variables.h"

struct scratch {
	char dir[64];
	struct options options;
	struct variables variables;
};

static int set_up(void **state)
{
	struct scratch *scratch = calloc(1, sizeof *scratch);

	assert_non_null(scratch);
	snprintf(scratch->dir, sizeof scratch->dir, "/tmp/tacit-exec.XXXXXX");
	assert_non_null(mkdtemp(scratch->dir));
	scratch->options.dir = scratch->dir;
	*state = scratch;
	return 0;
}

static int tear_down(void **state)
{
	struct scratch *scratch = *state;
	char command[128];

	variables_free(&scratch->variables);
	snprintf(command, sizeof command, "rm -r %s", scratch->dir);
	assert_int_equal(system(command), 0);
	free(scratch);
	return 0;
}

static void put(const struct scratch *scratch, const char *name, const void *bytes, size_t length)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", scratch->dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

/* NAME=DIR/FILE, kept until the test ends. */
static char *naming(const struct scratch *scratch, const char *name, const char *file)
{
	static char texts[16][256];
	static size_t next;
	char *text = texts[next++ % 16];

	snprintf(text, sizeof texts[0], "%s=%s/%s", name, scratch->dir, file);
	return text;
}

static void drop(char **made, char *const *environment)
{
	for (char **one = made; *one; one++) {
		char *const *at = environment;

		while (*at && *at != *one)
			at++;
		if (!*at)
			free(*one);
	}
	free(made);
}

/* What VALUE in a file becomes, or NULL and the code. */
static int becomes(struct scratch *scratch, const void *value, size_t length, const char *wanted)
{
	char *environment[] = { naming(scratch, "A_FILE", "a"), NULL }, **made = NULL;
	int status;

	put(scratch, "a", value, length);
	assert_int_equal(
		variables_find(&scratch->variables, environment, &scratch->options, NULL), 0);
	status = variables_read(&scratch->variables, environment, &made, NULL);
	if (status == 0) {
		assert_int_equal(strncmp(made[0], "A=", 2), 0);
		if (wanted)
			assert_string_equal(made[0] + 2, wanted);
		assert_null(made[1]);
	}
	drop(made, environment);
	variables_free(&scratch->variables);
	return status;
}

static void newlines_at_the_end_are_no_part_of_it(void **state)
{
	static const struct {
		const char *file, *value;
	} rows[] = { { "secret", "secret" }, { "secret\n", "secret" }, { "secret\n\n", "secret" },
		{ "secret\r\n", "secret" }, { "secret\r\n\r\n", "secret" },
		{ "secret\r", "secret\r" }, { "a\nb\n", "a\nb" }, { " secret \n", " secret " },
		{ "", "" }, { "\n", "" }, { "\r\n", "" }, { "a=b=c", "a=b=c" } };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(
			becomes(*state, rows[i].file, strlen(rows[i].file), rows[i].value), 0);
}

static void what_no_variable_can_hold_is_refused(void **state)
{
	size_t most = VARIABLES_BYTES_MAX - sizeof "A=";
	char *big = malloc(VARIABLES_BYTES_MAX);

	assert_non_null(big);
	memset(big, 'x', VARIABLES_BYTES_MAX);
	assert_int_equal(becomes(*state, "a\0b", 3, NULL), -TACIT_INVALID);
	assert_int_equal(becomes(*state, "a\0", 2, NULL), -TACIT_INVALID);
	assert_int_equal(becomes(*state, big, most, NULL), 0);
	assert_int_equal(becomes(*state, big, most + 1, NULL), -TACIT_TOO_LARGE);
	assert_int_equal(becomes(*state, big, VARIABLES_BYTES_MAX, NULL), -TACIT_TOO_LARGE);
	free(big);
}

static void a_variable_that_names_a_secret_is_replaced(void **state)
{
	struct scratch *scratch = *state;
	char *environment[] = { (char[]){ "HOME=/" }, naming(scratch, "DB_PASSWORD_FILE", "pw"),
		(char[]){ "LOG_FILE=/var/log/x" }, (char[]){ "Z=1" },
		naming(scratch, "T_FILE", "tls/key"), NULL };
	char **made;
	char folder[128];

	snprintf(folder, sizeof folder, "mkdir %s/tls", scratch->dir);
	assert_int_equal(system(folder), 0);
	put(scratch, "pw", "p1\n", 3);
	put(scratch, "tls/key", "k1", 2);
	assert_int_equal(
		variables_find(&scratch->variables, environment, &scratch->options, NULL), 0);
	assert_int_equal(scratch->variables.count, 2);
	assert_int_equal(variables_read(&scratch->variables, environment, &made, NULL), 0);
	assert_string_equal(made[0], "HOME=/");
	assert_string_equal(made[1], "LOG_FILE=/var/log/x");
	assert_string_equal(made[2], "Z=1");
	assert_string_equal(made[3], "DB_PASSWORD=p1");
	assert_string_equal(made[4], "T=k1");
	assert_null(made[5]);
	drop(made, environment);
}

static void others_stay_what_they_are(void **state)
{
	struct scratch *scratch = *state;
	char beside[96], inside[96], above[96];
	char *environment[] = { beside, inside, above, naming(scratch, "A__FILE", "a"),
		naming(scratch, "FILE__A", "a"), naming(scratch, "_FILE", "a"),
		naming(scratch, "A_FILES", "a"), naming(scratch, "A_FILE", ""),
		naming(scratch, "B_FILE", "../etc/passwd"), naming(scratch, "C_FILE", "x/.."),
		(char[]){ "D_FILE=" }, (char[]){ "E_FILE=relative" }, (char[]){ "nothing" }, NULL };

	snprintf(beside, sizeof beside, "F_FILE=%sx/a", scratch->dir);
	snprintf(inside, sizeof inside, "G_FILE=x%s/a", scratch->dir);
	snprintf(above, sizeof above, "H_FILE=%s", scratch->dir);
	assert_int_equal(
		variables_find(&scratch->variables, environment, &scratch->options, NULL), 0);
	assert_int_equal(scratch->variables.count, 0);
}

static void two_dots_in_a_name_lead_nowhere_else(void **state)
{
	struct scratch *scratch = *state;
	char *environment[] = { naming(scratch, "AB_FILE", "..a"),
		naming(scratch, "A_FILE", "a..b"), naming(scratch, "C_FILE", ".../c"), NULL };

	assert_int_equal(
		variables_find(&scratch->variables, environment, &scratch->options, NULL), 0);
	assert_int_equal(scratch->variables.count, 3);
}

static void env_reads_any_file(void **state)
{
	struct scratch *scratch = *state;
	char elsewhere[128];
	char *environment[] = { (char[]){ "PW_FILE=/var/log/pw" }, NULL }, **made;

	scratch->options.env[scratch->options.env_count++] = "PW=pw";
	scratch->options.env[scratch->options.env_count++] = elsewhere;
	put(scratch, "pw", "p1", 2);
	put(scratch, "b", "b1", 2);
	snprintf(elsewhere, sizeof elsewhere, "B=%s/./b", scratch->dir);
	assert_int_equal(
		variables_find(&scratch->variables, environment, &scratch->options, NULL), 0);
	assert_int_equal(variables_read(&scratch->variables, environment, &made, NULL), 0);
	/* It is another PW_FILE: of no secret. */
	assert_string_equal(made[0], "PW_FILE=/var/log/pw");
	assert_string_equal(made[1], "PW=p1");
	assert_string_equal(made[2], "B=b1");
	drop(made, environment);
}

static void a_name_that_is_set_twice_is_refused(void **state)
{
	struct scratch *scratch = *state;
	char *both[] = { (char[]){ "A=1" }, naming(scratch, "A_FILE", "a"), NULL };
	char *twice[] = { naming(scratch, "A_FILE", "a"), naming(scratch, "A_FILE", "b"), NULL };
	char *one[] = { naming(scratch, "A_FILE", "a"), NULL };
	char *plain[] = { (char[]){ "A=1" }, NULL };
	char *longer[] = { (char[]){ "AA=1" }, naming(scratch, "A_FILE", "a"), NULL };
	struct err err;

	assert_int_equal(
		variables_find(&scratch->variables, both, &scratch->options, &err), -TACIT_INVALID);
	assert_string_equal(
		err.text, "A is set, and to be read from a file: leave one of the two out");
	variables_free(&scratch->variables);
	assert_int_equal(variables_find(&scratch->variables, twice, &scratch->options, NULL),
		-TACIT_INVALID);
	variables_free(&scratch->variables);
	assert_int_equal(variables_find(&scratch->variables, longer, &scratch->options, NULL), 0);
	variables_free(&scratch->variables);
	scratch->options.env[scratch->options.env_count++] = "A=a";
	assert_int_equal(
		variables_find(&scratch->variables, one, &scratch->options, NULL), -TACIT_INVALID);
	variables_free(&scratch->variables);
	assert_int_equal(variables_find(&scratch->variables, plain, &scratch->options, NULL),
		-TACIT_INVALID);
}

static void a_file_that_is_not_there_is_named(void **state)
{
	struct scratch *scratch = *state;
	char *environment[] = { naming(scratch, "A_FILE", "never"), NULL }, **made, wanted[256];
	struct err err;

	snprintf(
		wanted, sizeof wanted, "A: read %s/never: No such file or directory", scratch->dir);
	assert_int_equal(
		variables_find(&scratch->variables, environment, &scratch->options, NULL), 0);
	assert_int_equal(
		variables_read(&scratch->variables, environment, &made, &err), -TACIT_NOT_FOUND);
	assert_string_equal(err.text, wanted);
	drop(made, environment);
}

static void there_is_a_bound(void **state)
{
	struct scratch *scratch = *state;
	static char texts[VARIABLES_MAX + 1][128];
	char *environment[VARIABLES_MAX + 2] = { NULL };

	for (int i = 0; i <= VARIABLES_MAX; i++) {
		snprintf(texts[i], sizeof texts[i], "A%d_FILE=%s/a", i, scratch->dir);
		environment[i] = texts[i];
	}
	assert_int_equal(variables_find(&scratch->variables, environment, &scratch->options, NULL),
		-TACIT_LIMIT);
	variables_free(&scratch->variables);
	environment[VARIABLES_MAX] = NULL;
	assert_int_equal(
		variables_find(&scratch->variables, environment, &scratch->options, NULL), 0);
}

#define with_scratch(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_scratch(newlines_at_the_end_are_no_part_of_it),
		with_scratch(what_no_variable_can_hold_is_refused),
		with_scratch(a_variable_that_names_a_secret_is_replaced),
		with_scratch(others_stay_what_they_are),
		with_scratch(two_dots_in_a_name_lead_nowhere_else),
		with_scratch(env_reads_any_file),
		with_scratch(a_name_that_is_set_twice_is_refused),
		with_scratch(a_file_that_is_not_there_is_named),
		with_scratch(there_is_a_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
