/* SPDX-License-Identifier: Apache-2.0 */
/* Changes to what services share by anchors, aliases and merges: once for all that ask the same,
 * for one alone where that is possible, refused where somebody else would see it. */
#include "compose_text.h"

#define COMMON                                                                                     \
	"x-common: &common\n  TZ: UTC\n  P: hunter2 # c\nservices:\n  a:\n    environment: "       \
	"*common\n  b:\n    environment:\n      <<: *common\n      Q: r\n"
#define TEMPLATE                                                                                   \
	"services:\n  a: &a\n    image: i\n    environment:\n      P: hunter2\n  b:\n    <<: "     \
	"*a\n    command: [go]\n"

static void test_what_all_ask_for_changes_once(void **state)
{
	static const struct edit_row rows[] = {
		{ COMMON, "= a P P_FILE /p\n= b P P_FILE /p",
			"x-common: &common\n  TZ: UTC\n  P_FILE: /p # c\nservices:\n  a:\n    "
			"environment: "
			"*common\n  b:\n    environment:\n      <<: *common\n      Q: r\n" },
		{ TEMPLATE, "= a P P_FILE /p\n= b P P_FILE /p\ns a a_p p\ns b b_p p",
			"services:\n  a: &a\n    image: i\n    environment:\n      P_FILE: /p\n    "
			"secrets:\n      - source: a_p\n        target: p\n  b:\n    <<: *a\n    "
			"command: "
			"[go]\n    secrets:\n      - source: b_p\n        target: p\n" },
		{ COMMON, "+ a N v\n+ b N v",
			"x-common: &common\n  TZ: UTC\n  P: hunter2 # c\n  \"N\": v\nservices:\n  "
			"a:\n    "
			"environment: *common\n  b:\n    environment:\n      <<: *common\n      Q: "
			"r\n      "
			"\"N\": v\n" },
		{ COMMON, "- a P\n- b P",
			"x-common: &common\n  TZ: UTC\nservices:\n  a:\n    environment: *common\n "
			" b:\n  "
			"  environment:\n      <<: *common\n      Q: r\n" },
		{ "services:\n  a: &a\n    environment: &e [P=x, Q=y]\n  b:\n    environment: *e\n",
			"= a P P_FILE /p\n= b P P_FILE /p",
			"services:\n  a: &a\n    environment: &e [P_FILE=/p, Q=y]\n  b:\n    "
			"environment: "
			"*e\n" },
		{ "x-e: &e\n  P: x\nservices:\n  a:\n    environment: *e\n  b:\n    environment: "
		  "*e\n",
			"+ a NEW v\n+ b NEW v",
			"x-e: &e\n  P: x\n  NEW: v\nservices:\n  a:\n    environment: *e\n  b:\n   "
			" "
			"environment: *e\n" },
		{ "x-f: &f {file: ./s}\nservices: {a: {image: i}}\nsecrets:\n  s: *f\n", "f s /s",
			"x-f: &f {file: /s}\nservices: {a: {image: i}}\nsecrets:\n  s: *f\n" },
	};

	(void)state;
	EDITS(rows);
}

static void test_an_alias_gives_way_to_a_value_of_the_services_own(void **state)
{
	static const struct edit_row rows[] = {
		{ "services:\n  a:\n    environment:\n      P: &p hunter2\n  b:\n    "
		  "environment:\n      "
		  "Q: *p # c\n",
			"= b Q Q_FILE /q",
			"services:\n  a:\n    environment:\n      P: &p hunter2\n  b:\n    "
			"environment:\n  "
			"    Q_FILE: /q # c\n" },
		{ "services:\n  a:\n    environment:\n      P: &p hunter2\n  b:\n    "
		  "environment:\n      "
		  "Q: *p\n",
			"= a P P_FILE /p\n= b Q Q_FILE /q",
			"services:\n  a:\n    environment:\n      P_FILE: &p /p\n  b:\n    "
			"environment:\n  "
			"    Q_FILE: /q\n" },
		{ "x-s: &s [x]\nservices:\n  a:\n    secrets: *s\n  b:\n    secrets: *s\n", "s a p",
			"x-s: &s [x]\nservices:\n  a:\n    secrets: [x, p]\n  b:\n    secrets: "
			"*s\n" },
		{ "services:\n  a: &a\n    secrets: [x, {source: w, target: z}]\n  b:\n    <<: "
		  "*a\n",
			"s b p\no b x b_x",
			"services:\n  a: &a\n    secrets: [x, {source: w, target: z}]\n  b:\n    "
			"<<: *a\n   "
			" secrets:\n      - source: b_x\n        target: x\n      - source: w\n    "
			"    "
			"target: z\n      - p\n" },
		{ "services:\n  a: &a\n    entrypoint: [x]\n  b:\n    <<: *a\n", "entrypoint b y",
			"services:\n  a: &a\n    entrypoint: [x]\n  b:\n    <<: *a\n    "
			"entrypoint: "
			"[\"y\"]\n" },
	};

	(void)state;
	EDITS(rows);
}

static void test_what_others_would_see_is_refused(void **state)
{
	static const struct edit_row rows[] = {
		{ COMMON, "= a P P_FILE /p", "f:7: would change too" },
		{ COMMON, "= a P P_FILE /p\n= b P P_FILE /q", "f:3: two changes of one place" },
		{ COMMON, "- a P\n= b P P_FILE /q", "f:3: two changes of one place" },
		{ COMMON, "- b P", "f:5: would change too" },
		{ COMMON, "+ a N v", "f:7: would change too" },
		{ TEMPLATE, "s a p", "f:6: would change too" },
		{ TEMPLATE, "entrypoint a /x", "f:6: would change too" },
		{ "services:\n  a:\n    environment:\n      P: &p x\n  b:\n    command: [go, *p]\n",
			"= a P P_FILE /p", "f:5: would change too" },
		{ "services:\n  a:\n    environment:\n      P: &p x\n    labels:\n      l: *p\n",
			"= a P P_FILE /p", "f:6: would change too, by an alias" },
		{ "services:\n  a:\n    environment: &e\n      P: x\n    build:\n      context: "
		  ".\n      "
		  "args: *e\n",
			"= a P P_FILE /p", "f:7: would change too, by an alias" },
		{ "services:\n  a:\n    environment: &e\n      P: x\n    build:\n      args:\n     "
		  "   <<: "
		  "*e\n        Z: y\n",
			"= a P P_FILE /p", "f:4: would change too, by an alias" },
		{ "x-e: &e {P: x}\nx-l: &l {<<: *e}\nservices:\n  a:\n    environment: "
		  "*e\nnetworks: "
		  "{n: {labels: *l}}\n",
			"= a P P_FILE /p", "f:6: would change too, by an alias" },
		{ "services:\n  a:\n    environment: &e\n      P: x\n  b:\n    environment:\n      "
		  "<<: "
		  "*e\n      P: own\n",
			"= a P P_FILE /p", "f:5: would change too" },
		{ "services:\n  a:\n    environment:\n      P: &p x\n      R: y\n  b:\n    "
		  "environment: "
		  "{Q: *p}\n",
			"- a P", "f: cannot be changed without breaking it" },
		{ "services:\n  a: &a\n    secrets: [{source: x, mode: 0400}]\n  b:\n    <<: *a\n",
			"s b p", "f:3: cannot be copied" },
		{ "x-f: &f {file: ./s}\nservices: {a: {image: i}}\nsecrets:\n  s: *f\n  t: *f\n",
			"f s /s", "f:1: cannot be changed as asked" },
	};

	(void)state;
	REFUSALS(rows);
}

static void test_text_that_no_service_reads_can_be_replaced(void **state)
{
	static const char text[] = "x-p: &p hunter2 # c\nservices:\n  a:\n    image: i\n";
	struct compose_file *file = read_file(text);
	struct compose_edit *edit = compose_edit_begin(file);
	struct compose_text place = { .offset = 8, .end = 15 };
	struct err err = { 0 };
	char *made = NULL;
	size_t length;

	(void)state;
	assert_int_equal(compose_edit_text(edit, &place, "gone", NULL), 0);
	assert_int_equal(compose_edit_apply(edit, &made, &length, NULL), 0);
	assert_string_equal(made, "x-p: &p gone # c\nservices:\n  a:\n    image: i\n");
	place.end = 14;
	assert_int_equal(compose_edit_text(edit, &place, "gone", &err), -TACIT_NOT_FOUND);
	free(made);
	made = NULL;
	place = compose_service(file, 0)->image;
	assert_int_equal(compose_edit_text(edit, &place, "j", NULL), 0);
	assert_int_equal(compose_edit_apply(edit, &made, &length, &err), -TACIT_INVALID);
	assert_null(made);
	compose_edit_free(edit);
	compose_free(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_all_ask_for_changes_once),
		cmocka_unit_test(test_an_alias_gives_way_to_a_value_of_the_services_own),
		cmocka_unit_test(test_what_others_would_see_is_refused),
		cmocka_unit_test(test_text_that_no_service_reads_can_be_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
