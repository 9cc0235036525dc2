/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are large, deep or made to hurt: read and changed, or refused with their line. */
#include "compose_text.h"

#define SERVICES 10000

struct made {
	char *text;
	size_t length;
	FILE *out;
};

static void made_begin(struct made *made)
{
	*made = (struct made){ 0 };
	made->out = open_memstream(&made->text, &made->length);
	assert_non_null(made->out);
}

static int made_parse(struct made *made, struct compose_file **file, struct err *err)
{
	int rc;

	fclose(made->out);
	*file = NULL;
	rc = compose_parse("f", made->text, made->length, file, err);
	free(made->text);
	return rc;
}

static struct compose_file *many_services(void)
{
	struct compose_file *file;
	struct made made;

	made_begin(&made);
	fprintf(made.out, "x-common: &common\n  TZ: UTC\n  SHARED: hunter2\nservices:\n");
	for (size_t i = 0; i < SERVICES; i++)
		fprintf(made.out,
			"  s%zu: # the %zuth\n    image: i\n    environment:\n      <<: *common\n  "
			"   "
			" P: \"hunter2\"\n      Q: 'it''s'\n",
			i, i);
	assert_int_equal(made_parse(&made, &file, NULL), 0);
	return file;
}

static void test_ten_thousand_services_are_changed(void **state)
{
	struct compose_file *file = many_services(), *again = NULL;
	struct compose_edit *edit = compose_edit_begin(file);
	size_t length = 0, lines = 0;
	struct err err = { 0 };
	char *text = NULL;

	(void)state;
	assert_int_equal(compose_service_count(file), SERVICES);
	for (size_t i = 0; i < SERVICES; i++) {
		const char *name = compose_service(file, i)->name.text;
		char key[32], path[64];

		snprintf(key, sizeof key, "%s_p", name);
		snprintf(path, sizeof path, "/run/tacit/compose/x/%s/p", name);
		assert_int_equal(
			compose_edit_variable(edit, name, "P", "P_FILE", "/run/secrets/p", &err),
			0);
		assert_int_equal(
			compose_edit_variable(edit, name, "SHARED", "SHARED_FILE", "/s", &err), 0);
		assert_int_equal(compose_edit_service_secret(edit, name, key, "p", &err), 0);
		assert_int_equal(compose_edit_service_secret(edit, name, "all", NULL, &err), 0);
		assert_int_equal(compose_edit_secret_file(edit, "all", "/s", &err), 0);
		assert_int_equal(compose_edit_secret_file(edit, key, path, &err), 0);
	}
	if (compose_edit_apply(edit, &text, &length, &err))
		fail_msg("%s", err.text);
	for (const char *at = text; (at = strstr(at, "hunter2")); at++)
		fail_msg("a value is left");
	for (const char *at = text; (at = strchr(at, '\n')); at++)
		lines++;
	/* Each: six lines of before, four of secrets, two at the top. */
	assert_int_equal(lines, 4 + SERVICES * (6 + 4 + 2) + 2 + 2);
	assert_int_equal(compose_parse("again", text, length, &again, NULL), 0);
	assert_int_equal(compose_secret_count(again), SERVICES + 1);
	compose_free(again);
	free(text);
	compose_edit_free(edit);
	compose_free(file);
}

static void test_depth_is_bounded(void **state)
{
	static const struct {
		unsigned int deep;
		const char *open;
		int rc;
	} rows[] = {
		{ COMPOSE_DEPTH_MAX - 1, "[", 0 },
		{ COMPOSE_DEPTH_MAX, "[", -TACIT_LIMIT },
		{ 100000, "[", -TACIT_LIMIT },
		{ 100000, "{a: ", -TACIT_LIMIT },
		{ 100000, "- ", -TACIT_LIMIT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct compose_file *file;
		struct err err = { 0 };
		struct made made;

		made_begin(&made);
		fputs("x-a:\n  ", made.out);
		for (unsigned int j = 0; j < rows[i].deep; j++)
			fputs(rows[i].open, made.out);
		for (unsigned int j = 0; j < rows[i].deep && !rows[i].rc; j++)
			fputc(']', made.out);
		fputc('\n', made.out);
		assert_int_equal(made_parse(&made, &file, &err), rows[i].rc);
		if (rows[i].rc)
			assert_non_null(strstr(err.text, "f:2: more than"));
		compose_free(file);
	}
}

static void test_size_is_bounded(void **state)
{
	struct compose_file *file;
	struct err err = { 0 };
	struct made made;

	(void)state;
	made_begin(&made);
	fprintf(made.out, "x-a: %*s\n", (int)COMPOSE_FILE_MAX, "x");
	assert_int_equal(made_parse(&made, &file, &err), -TACIT_LIMIT);
	assert_null(file);
}

/* Each level is the one below it nine times: by aliases that is a small tree, by merges of maps it
 * is nine to the ninth looks. */
static void test_what_multiplies_is_bounded(void **state)
{
	struct compose_file *file;
	struct err err = { 0 };
	struct made made;

	(void)state;
	made_begin(&made);
	fputs("x-0: &l0 [lol]\n", made.out);
	for (int i = 1; i < 10; i++)
		fprintf(made.out, "x-%d: &l%d [*l%d,*l%d,*l%d,*l%d,*l%d,*l%d,*l%d,*l%d,*l%d]\n", i,
			i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	fputs("services:\n  a: {labels: *l9}\n", made.out);
	assert_int_equal(made_parse(&made, &file, &err), 0);
	compose_free(file);

	made_begin(&made);
	fputs("x-0: &l0 {a: lol}\n", made.out);
	for (int i = 1; i < 10; i++)
		fprintf(made.out,
			"x-%d: &l%d {<<: [*l%d,*l%d,*l%d,*l%d,*l%d,*l%d,*l%d,*l%d,*l%d]}\n", i, i,
			i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	fputs("services:\n  a: {environment: *l9}\n", made.out);
	assert_int_equal(made_parse(&made, &file, &err), -TACIT_LIMIT);
	assert_non_null(strstr(err.text, "f:1: more than"));
}

static void test_an_alias_of_much_is_not_followed_for_ever(void **state)
{
	static const char edit[] = "= b P P_FILE /p";
	struct made made;
	struct err err = { 0 };
	char *text;

	(void)state;
	made_begin(&made);
	fputs("x-0: &l0 [lol]\n", made.out);
	for (int i = 1; i < 10; i++)
		fprintf(made.out, "x-%d: &l%d [*l%d,*l%d,*l%d,*l%d,*l%d,*l%d,*l%d,*l%d]\n", i, i,
			i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	fputs("services:\n  a: {labels: *l9}\n  b: {environment: {P: x}}\n", made.out);
	fclose(made.out);
	text = edit_text(made.text, edit, &err);
	assert_null(text);
	assert_non_null(strstr(err.text, "come to too much"));
	free(made.text);
}

/* A map with as many keys as fit: none is looked for one by one. */
static void test_wide_maps_are_read(void **state)
{
	struct compose_file *file;
	struct made made;

	(void)state;
	made_begin(&made);
	fputs("services:\n  a:\n    environment:\n", made.out);
	for (int i = 0; i < 100000; i++)
		fprintf(made.out, "      P%d: &a%d x\n", i, i);
	assert_int_equal(made_parse(&made, &file, NULL), 0);
	assert_int_equal(compose_service(file, 0)->variable_count, 100000);
	compose_free(file);

	made_begin(&made);
	fputs("x-a: [", made.out);
	for (int i = 0; i < 100000; i++)
		fputs("a: 1,", made.out);
	fputs("]\n", made.out);
	assert_int_equal(made_parse(&made, &file, NULL), 0);
	compose_free(file);
}

static void count_scalar(
	void *arg, const struct compose_text *key, const struct compose_text *value)
{
	char *seen = arg;

	strcat(seen, key->text);
	strcat(seen, "=");
	strcat(seen, value->text);
	strcat(seen, ";");
}

static void test_every_scalar_of_any_yaml_is_seen(void **state)
{
	static const char text[] =
		"apiVersion: v1\nspec:\n  containers:\n    - name: a\n      env:\n  "
		"      - {name: P, value: &v hunter2}\n        - [*v, x]\n---\n- "
		"top\n---\na: 1\na: 2\n? [k]\n: odd\nb:\n";
	char seen[512] = "";
	struct err err = { 0 };

	(void)state;
	assert_int_equal(compose_each_scalar("f", text, strlen(text), count_scalar, seen, &err), 0);
	assert_string_equal(seen, "apiVersion=v1;name=a;name=P;value=hunter2;env=x;=top;a=1;a=2;="
				  "odd;");
	assert_int_equal(
		compose_each_scalar("f", "a: [\n", 5, count_scalar, seen, &err), -TACIT_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ten_thousand_services_are_changed),
		cmocka_unit_test(test_depth_is_bounded),
		cmocka_unit_test(test_size_is_bounded),
		cmocka_unit_test(test_what_multiplies_is_bounded),
		cmocka_unit_test(test_an_alias_of_much_is_not_followed_for_ever),
		cmocka_unit_test(test_wide_maps_are_read),
		cmocka_unit_test(test_every_scalar_of_any_yaml_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
