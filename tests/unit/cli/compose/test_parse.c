/* SPDX-License-Identifier: Apache-2.0 */
/* Reading compose files: what services come to, where it stands, and what is refused. */
#include "compose_text.h"

static const struct compose_variable *variable(
	const struct compose_file *file, const char *service, const char *name)
{
	const struct compose_service *found = compose_service_named(file, service);

	assert_non_null(found);
	for (size_t i = 0; i < found->variable_count; i++)
		if (!strcmp(found->variables[i].name.text, name))
			return &found->variables[i];
	return NULL;
}

/* `text` is a service's environment, `value` that of P; NULL: there without one. */
static void test_values_are_what_yaml_means(void **state)
{
	static const struct {
		const char *environment, *value;
		bool ambiguous;
	} rows[] = {
		{ "{P: hunter2}", "hunter2", false },
		{ "{P: \"hun\\tter\\u00e9\\x41\"}",
			"hun\tter\xc3\xa9"
			"A",
			false },
		{ "{P: 'it''s'}", "it's", false },
		{ "{P: 'a''''b''c'}", "a''b'c", false },
		{ "{P: ''''''}", "''", false },
		{ "{P: \"\"}", "", false },
		{ "{P: }", NULL, false },
		{ "{P: ~}", NULL, false },
		{ "{P: null}", NULL, false },
		{ "{P: 'null'}", "null", false },
		{ "{P}", NULL, false },
		{ "{P: !reset x}", NULL, false },
		{ "{P: !reset [x]}", NULL, false },
		{ "[P=a=b]", "a=b", false },
		{ "[P=]", "", false },
		{ "[P]", NULL, false },
		{ "['P=a: b # c']", "a: b # c", false },
		{ "\n      P: |\n        a\n         b\n\n        c\n", "a\n b\n\nc\n", false },
		{ "\n      P: |-\n        a\n", "a", false },
		{ "\n      P: |+\n        a\n\n", "a\n\n\n", false },
		{ "\n      P: >\n        a\n        b\n\n        c\n", "a b\nc\n", false },
		{ "\n      P: |2\n         a\n", " a\n", false },
		{ "\n      P: a\n        b\n", "a b", false },
		{ "\n      P: \"a\n        b\\\n        c\"\n", "a bc", false },
		{ "\n      P: |\r\n        a\r\n        b\r\n", "a\nb\n", false },
		{ "\n      - P=a # c\n", "a", false },
		{ "\n    - >-\n      P=a\n      b\n", "a b", false },
		{ "{P: 5432}", "5432", false },
		{ "{P: 0}", "0", false },
		{ "{P: -7}", "-7", false },
		{ "{P: 1.5}", "1.5", false },
		{ "{P: true}", "true", false },
		{ "{P: 10.0.0.1}", "10.0.0.1", false },
		{ "{P: 0123}", "0123", true },
		{ "{P: \"0123\"}", "0123", false },
		{ "{P: 1e3}", "1e3", true },
		{ "{P: 1.10}", "1.10", true },
		{ "{P: 1_000}", "1_000", true },
		{ "{P: 0x1F}", "0x1F", true },
		{ "{P: 12:30}", "12:30", true },
		{ "{P: 2026-01-31}", "2026-01-31", true },
		{ "{P: 1234567890123456789012}", "1234567890123456789012", true },
		{ "{P: yes}", "yes", true },
		{ "{P: Off}", "Off", true },
		{ "{P: True}", "True", true },
		{ "{P: !!binary aGk=}", "aGk=", true },
		{ "[P=0123]", "0123", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char text[256];
		struct compose_file *file;
		const struct compose_variable *found;

		snprintf(text, sizeof text, "services:\n  a:\n    environment: %s\n",
			rows[i].environment);
		file = read_file(text);
		found = variable(file, "a", "P");
		assert_non_null(found);
		if (rows[i].value && found->value.text)
			assert_string_equal(found->value.text, rows[i].value);
		else
			assert_ptr_equal(found->value.text, rows[i].value);
		assert_int_equal(found->value.ambiguous, rows[i].ambiguous);
		assert_false(found->value.shared);
		compose_free(file);
	}
}

static void check_place(const char *text, const struct compose_text *place, const char *stands,
	unsigned int line, unsigned int column)
{
	assert_int_equal(place->end - place->offset, strlen(stands));
	assert_memory_equal(text + place->offset, stands, strlen(stands));
	assert_int_equal(place->line, line);
	assert_int_equal(place->column, column);
}

static void test_places_are_those_of_the_text(void **state)
{
	static const char text[] = "\xef\xbb\xbf# caf\xc3\xa9\r\n"
				   "services:\n"
				   "  a:\n"
				   "    environment:\n"
				   "      \"\xc3\xa9\": &x 'a''b' # c\n"
				   "      B: *x\n"
				   "      C: | # a | in a comment\n"
				   "        one\n"
				   "\n"
				   "        two\n"
				   "\n"
				   "      D: !!str &y plain text # c\n"
				   "      E: \"two\n"
				   "         lines\"\n"
				   "      F:\n"
				   "      # one more | here\n"
				   "        >-\n"
				   "        folded\n"
				   "    image: i";
	struct compose_file *file = read_file(text);

	(void)state;
	check_place(text, &variable(file, "a", "\xc3\xa9")->name, "\"\xc3\xa9\"", 5, 7);
	check_place(text, &variable(file, "a", "\xc3\xa9")->value, "'a''b'", 5, 16);
	check_place(text, &variable(file, "a", "B")->value, "'a''b'", 5, 16);
	check_place(text, &variable(file, "a", "C")->value,
		"| # a | in a comment\n        one\n\n        two", 7, 10);
	check_place(text, &variable(file, "a", "D")->value, "plain text", 12, 19);
	check_place(text, &variable(file, "a", "E")->value, "\"two\n         lines\"", 13, 10);
	check_place(text, &variable(file, "a", "F")->value, ">-\n        folded", 17, 9);
	check_place(text, &compose_service(file, 0)->image, "i", 19, 12);
	assert_true(variable(file, "a", "\xc3\xa9")->value.shared);
	assert_true(variable(file, "a", "B")->value.shared);
	assert_false(variable(file, "a", "D")->value.shared);
	compose_free(file);
}

static void check_value(const struct compose_file *file, const char *service, const char *name,
	const char *value, bool shared)
{
	const struct compose_variable *found = variable(file, service, name);

	assert_non_null(found);
	assert_string_equal(found->value.text, value);
	assert_int_equal(found->value.shared, shared);
}

static void test_merges_come_to_what_compose_makes_of_them(void **state)
{
	static const char text[] = "x-one: &one {A: 1, B: 2}\n"
				   "x-two: &two {<<: *one, B: 3, C: 4}\n"
				   "x-base: &base\n"
				   "  image: i\n"
				   "  environment: &env {<<: [*two, {D: 5, A: 9}], E: 6}\n"
				   "  secrets: [s]\n"
				   "services:\n"
				   "  a:\n"
				   "    <<: *base\n"
				   "  b:\n"
				   "    <<: *base\n"
				   "    environment: {E: 7}\n"
				   "  c: *base\n"
				   "  d:\n"
				   "    environment: *env\n"
				   "  e: {environment: {'<<': x, F: 1}}\n";
	struct compose_file *file = read_file(text);

	(void)state;
	check_value(file, "a", "A", "1", true);
	check_value(file, "a", "B", "3", true);
	check_value(file, "a", "D", "5", true);
	check_value(file, "a", "E", "6", true);
	check_value(file, "b", "E", "7", false);
	assert_null(variable(file, "b", "A"));
	check_value(file, "c", "C", "4", true);
	check_value(file, "d", "C", "4", true);
	check_value(file, "e", "<<", "x", false);
	assert_int_equal(compose_service_named(file, "a")->secret_count, 1);
	assert_true(compose_service_named(file, "a")->merged);
	assert_true(compose_service_named(file, "c")->merged);
	assert_true(compose_service_named(file, "d")->merged);
	assert_false(compose_service_named(file, "e")->merged);
	compose_free(file);
}

static void test_every_form_is_read(void **state)
{
	static const char text[] =
		"name: shop\n"
		"include: [a.yml, {path: b.yml}, {path: [c.yml, d.yml], env_file: x}]\n"
		"services:\n"
		"  a:\n"
		"    build: .\n"
		"    env_file: one.env\n"
		"    extends: b\n"
		"    entrypoint: /go \"a b\"\n"
		"    command: [\"x\", $$y]\n"
		"    secrets: [s, {source: t, target: u, mode: 0400}]\n"
		"  b:\n"
		"    build: {context: ./dir, args: {X: 1}}\n"
		"    env_file: [one.env, {path: two.env, required: false}]\n"
		"    extends: {service: c, file: other.yml}\n"
		"secrets:\n"
		"  s: {file: ./s.txt}\n"
		"  t: {external: true}\n"
		"  u: {environment: U}\n"
		"  v: {external: false, file: v}\n"
		"  w:\n";
	struct compose_file *file = read_file(text);
	const struct compose_service *a = compose_service_named(file, "a");
	const struct compose_service *b = compose_service_named(file, "b");

	(void)state;
	assert_string_equal(compose_project(file)->text, "shop");
	assert_int_equal(compose_include_count(file), 4);
	assert_string_equal(compose_include(file, 3)->text, "d.yml");
	assert_null(compose_include(file, 4));
	assert_string_equal(a->build.text, ".");
	assert_string_equal(b->build.text, "./dir");
	assert_int_equal(a->env_file_count, 1);
	assert_int_equal(b->env_file_count, 2);
	assert_string_equal(b->env_files[1].text, "two.env");
	assert_string_equal(a->extends.text, "b");
	assert_string_equal(b->extends.text, "c");
	assert_string_equal(b->extends_file.text, "other.yml");
	assert_true(a->entrypoint_is_text);
	assert_false(a->command_is_text);
	assert_int_equal(a->command_count, 2);
	assert_string_equal(a->command[1].text, "$$y");
	assert_string_equal(a->secrets[0].source.text, "s");
	assert_null(a->secrets[0].target.text);
	assert_string_equal(a->secrets[1].target.text, "u");
	assert_string_equal(compose_secret(file, 0)->file.text, "./s.txt");
	assert_true(compose_secret(file, 1)->is_external);
	assert_true(compose_secret(file, 2)->is_environment);
	assert_false(compose_secret(file, 3)->is_external);
	assert_int_equal(compose_secret_count(file), 5);
	assert_null(compose_service_named(file, "z"));
	assert_null(compose_service(file, 2));
	compose_free(file);
}

static void test_what_is_no_compose_file_is_refused_with_its_line(void **state)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{ "services:\n\ta:\n", "f:2: a tab" },
		{ "services:\n  a:\n\t\timage: x\n", "f:3: " },
		{ "services:\n  a: 'x\n", "f:2: a quote that is not closed" },
		{ "services:\n  a: [x\n", "f:3: a bracket" },
		{ "services:\n  a: {x: y\n", "f:3: " },
		{ "services:\n  a:\n    image: x\n   b: y\n", "f:4: " },
		{ "services:\n  a: b: c\n", "f:2: a text with" },
		{ "services:\n  a: *x\n", "f:2: no anchor" },
		{ "services: &s\n  a: *s\n", "f:2: an alias inside" },
		{ "services:\n  a:\n    image: x\n  b:\n  a:\n", "f:5: the same key as in line 2" },
		{ "services:\n  a:\n    environment: {P: 1, Q: 2, \"P\": 3}\n",
			"f:3: the same key as in line 3" },
		{ "x: &k P\nservices: {a: {environment: {*k : 1, P: 2}}}\n", "f:2: the same key" },
		{ "services:\n  a:\n    environment:\n      P: |\n\n      Q: x\n",
			"f:4: an empty `|`" },
		{ "services:\n  a:\n    environment:\n    - |\n\n    - Q=x\n",
			"f:4: an empty `|`" },
		{ "x-a: &a.b x\n", "f:1: an anchor's name" },
		{ "services:\n &a:\n  b: x\n", "f:3: an anchor's name" },
		{ "services:\n  a:\n---\nservices:\n", "f:3: a second document" },
		{ "- a\n", "f:1: a map belongs here" },
		{ "services: [a]\n", "f:1: a map belongs here" },
		{ "services:\n  a: x\n", "f:2: a map belongs here" },
		{ "services:\n  a:\n    environment:\n      - P: x\n",
			"f:4: a variable in a list" },
		{ "services:\n  a:\n    environment:\n      P: [x]\n",
			"f:4: a variable has to be" },
		{ "services:\n  a:\n    environment:\n      [x]: y\n",
			"f:4: a key that is no text" },
		{ "services:\n  a:\n    environment: {~: y}\n",
			"f:3: a variable's name is missing" },
		{ "services:\n  a:\n    environment: [~]\n", "f:3: a variable in a list" },
		{ "services:\n  a:\n    environment: x\n", "f:3: a map belongs here" },
		{ "services:\n  a:\n    secrets: {x: y}\n", "f:3: `secrets` has to be a list" },
		{ "services:\n  a:\n    secrets: [{target: y}]\n",
			"f:3: a secret without `source`" },
		{ "services:\n  a:\n    secrets: [~]\n", "f:3: a service's secret is missing" },
		{ "services:\n  a:\n    <<: x\n", "f:3: `<<` needs a map" },
		{ "services:\n  a:\n    <<: [x]\n", "f:3: `<<` needs a list of maps" },
		{ "services:\n  a:\n    image: {x: y}\n", "f:3: image has to be a text" },
		{ "services:\n  a:\n    command: {x: y}\n", "f:3: command has to be" },
		{ "services:\n  a: {image: \"x\\0y\"}\n", "f:2: a NUL" },
		{ "services:\n  a: {image: \"x\\qy\"}\n", "f:2: an escape" },
		{ "services:\n  a: \x01\n", "f:2: a control character" },
		{ "services:\n  a: \xff\n", "f:2: a control character, or a byte" },
		{ "services:\n  a: \xc0\xaf\n", "f:2: a control character, or a byte" },
		{ "services:\n  a: \xed\xa0\x80\n", "f:2: a control character, or a byte" },
		{ "services:\n  a: \xf5\x80\x80\x80\n", "f:2: a control character, or a byte" },
		{ "services:\n  a: \xe2\x82", "f:2: a control character, or a byte" },
		{ "services:\n  a: x\r  b: y\n", "f:2: a line break" },
		{ "services:\n  a: x\xe2\x80\xa8\n", "f:2: a line break" },
		{ "services:\n  a: x\xc2\x85\n", "f:2: a line break" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char said[ERR_TEXT_MAX];

		read_error(rows[i].text, said, sizeof said);
		if (strncmp(said, rows[i].error, strlen(rows[i].error)))
			fail_msg("row %zu: %s", i, said);
	}
}

static void test_errors_never_show_what_stands_in_the_file(void **state)
{
	static const char *const texts[] = { "hunter2: [\n", "a: *hunter2\n", "a: @hunter2\n",
		"a: !<hunter2 x\n", "a: \"\\hunter2\"\n", "a: hunter2: b\n", "%hunter2 x\n--- {\n",
		"hunter2: 1\nhunter2: 2\n", "services: hunter2\n",
		"services:\n  a: {environment: {hunter2: [hunter2]}}\n", "a: 'hunter2\n",
		"a: &hunter2 *hunter2\n", "? hunter2\n: - a\n  b\n", "a: hunter2\n\tb: c\n" };

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		char said[ERR_TEXT_MAX];

		read_error(texts[i], said, sizeof said);
		assert_true(said[0]);
		assert_null(strstr(said, "hunter2"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_are_what_yaml_means),
		cmocka_unit_test(test_places_are_those_of_the_text),
		cmocka_unit_test(test_merges_come_to_what_compose_makes_of_them),
		cmocka_unit_test(test_every_form_is_read),
		cmocka_unit_test(test_what_is_no_compose_file_is_refused_with_its_line),
		cmocka_unit_test(test_errors_never_show_what_stands_in_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
