/* SPDX-License-Identifier: Apache-2.0 */
/* Changes to a compose file: what is not changed stays, byte by byte. */
#include "compose_text.h"

static void test_variables_are_replaced_in_the_form_they_have(void **state)
{
	static const struct edit_row rows[] = {
		{ "services:\n  a:\n    environment:\n      P: hunter2 # why\n      B: c\n",
			"= a P P_FILE /run/secrets/p",
			"services:\n  a:\n    environment:\n      P_FILE: /run/secrets/p # why\n   "
			"   "
			"B: c\n" },
		{ "services:\n  a:\n    environment:\n      \"P\"   :   'hunter2'\n",
			"= a P P_FILE /x",
			"services:\n  a:\n    environment:\n      \"P_FILE\"   :   /x\n" },
		{ "services:\n  a:\n    environment:\n    - P=x  # c\n    - 'Q=y'\n    - \"R=z\"\n",
			"= a P P_FILE /p\n= a Q Q_FILE /q\n= a R R_FILE /r",
			"services:\n  a:\n    environment:\n    - P_FILE=/p  # c\n    - "
			"'Q_FILE=/q'\n    - \"R_FILE=/r\"\n" },
		{ "services: {a: {environment: {P: x, Q: \"y\"}}}\n",
			"= a P P_FILE /p\n= a Q Q_FILE /q",
			"services: {a: {environment: {P_FILE: /p, Q_FILE: /q}}}\n" },
		{ "{\"services\": {\"a\": {\"environment\": {\"P\": \"x\"}}}}", "= a P P_FILE /p",
			"{\"services\": {\"a\": {\"environment\": {\"P_FILE\": \"/p\"}}}}" },
		{ "services:\n  a:\n    environment:\n      P: |\n        two\n        lines\n\n   "
		  "   "
		  "Q: >-\n        fold\n        ed\n    image: x\n",
			"= a P P_FILE /p\n= a Q Q_FILE /q",
			"services:\n  a:\n    environment:\n      P_FILE: /p\n\n      Q_FILE: /q\n "
			"   "
			"image: x\n" },
		{ "services:\n  a:\n    environment:\n      P: |2- # why | so\r\n        x\r\n",
			"= a P P_FILE /p",
			"services:\n  a:\n    environment:\n      P_FILE: /p # why | so\r\n" },
		{ "services:\n  a:\n    environment:\n      P: two\n        lines\n      Q: \"two\n"
		  "        lines\"\n      R:\n        down here # c\n",
			"= a P P_FILE /p\n= a Q Q_FILE /q\n= a R R_FILE /r",
			"services:\n  a:\n    environment:\n      P_FILE: /p\n      Q_FILE: /q\n   "
			"   "
			"R_FILE:\n        /r # c\n" },
		{ "services:\n  a:\n    environment:\n      P:\n      Q: ~\n      R: !!str 5\n",
			"= a P P_FILE /p\n= a Q Q_FILE /q\n= a R R_FILE /r",
			"services:\n  a:\n    environment:\n      P_FILE: /p\n      Q_FILE: /q\n   "
			"   "
			"R_FILE: !!str /r\n" },
		{ "services:\n  a:\n    environment:\n      ? P\n      : x\n", "= a P P_FILE /p",
			"services:\n  a:\n    environment:\n      ? P_FILE\n      : /p\n" },
		{ "services:\n  a:\n    environment:\n      P: x\n", "= a P P 12",
			"services:\n  a:\n    environment:\n      P: \"12\"\n" },
		{ "services:\n  a:\n    environment:\n      P: x\n", "= a P P a:\\#\"",
			"services:\n  a:\n    environment:\n      P: \"a:\\\\#\\\"\"\n" },
		{ "services:\n  \xc3\xa9t\xc3\xa9:\n    environment: { \xe2\x82\xac: "
		  "\xf0\x9f\x94\x91, "
		  "P: x }\n",
			"= \xc3\xa9t\xc3\xa9 P P_FILE /p",
			"services:\n  \xc3\xa9t\xc3\xa9:\n    environment: { \xe2\x82\xac: "
			"\xf0\x9f\x94\x91, P_FILE: /p }\n" },
		{ "\xef\xbb\xbfservices:\n  a:\n    environment:\n      P: x\n", "= a P P_FILE /p",
			"\xef\xbb\xbfservices:\n  a:\n    environment:\n      P_FILE: /p\n" },
	};

	(void)state;
	EDITS(rows);
}

static void test_variables_are_added_and_taken_away(void **state)
{
	static const struct edit_row rows[] = {
		{ "services:\n  a:\n    environment:\n      P: x\n    # c\n    image: i\n",
			"+ a Q y\n- a P",
			"services:\n  a:\n    environment:\n      Q: \"y\"\n    # c\n    image: "
			"i\n" },
		{ "services:\n  a:\n    environment:\n      - P=x # c\n      - Q=z\n    image: i\n",
			"+ a R a:b\n- a P",
			"services:\n  a:\n    environment:\n      - Q=z\n      - R=a:b\n    image: "
			"i\n" },
		{ "services:\n  a:\n    environment:\n      P: x\n      Q: x\n    image: i\n",
			"- a Q\n- a P", "services:\n  a:\n    image: i\n" },
		{ "services:\n  a:\n    image: i\n    environment: {P: x, Q: y, R: z}\n",
			"- a P\n- a R",
			"services:\n  a:\n    image: i\n    environment: {Q: y}\n" },
		{ "services:\n  a:\n    image: i\n    environment: [P=x, Q=y, R=z]\n",
			"- a R\n- a Q\n+ a S 1",
			"services:\n  a:\n    image: i\n    environment: [P=x, S=1]\n" },
		{ "services:\n  a:\n    image: i\n    environment: {P: x}\n", "- a P\n+ a S t",
			"services:\n  a:\n    image: i\n    environment: {S: t}\n" },
		{ "services:\n  a: {image: i, environment: {P: x}}\n", "- a P",
			"services:\n  a: {image: i}\n" },
		{ "services:\n  a:\n    image: i # c\n  b:\n", "+ a P x",
			"services:\n  a:\n    image: i # c\n    environment:\n      P: x\n  b:\n" },
		{ "services:\n   a:\n      image: i", "+ a P x\n+ a Q 1e3",
			"services:\n   a:\n      image: i\n      environment:\n         P: x\n     "
			"   "
			" Q: \"1e3\"" },
		{ "services:\n  a:\n    environment:\n    image: i\n", "+ a P x",
			"services:\n  a:\n    environment:\n      P: x\n    image: i\n" },
		{ "services:\n  a:\n    environment: {}\n", "+ a P x\n+ a Q z",
			"services:\n  a:\n    environment: {P: x, Q: z}\n" },
		{ "services:\n  a:\n    environment:\n      K: |+\n        key\n\n  b:\n",
			"+ a P x",
			"services:\n  a:\n    environment:\n      K: |+\n        key\n\n      P: "
			"x\n  "
			"b:\n" },
		{ "services:\n  a:\n    environment:\n      K: |\n        key\n\n\n  b:\n",
			"+ a P x",
			"services:\n  a:\n    environment:\n      K: |\n        key\n      P: "
			"x\n\n\n  b:\n" },
		{ "services:\n  a:\n    environment:\n      P: |\n        key\n        more\n      "
		  "Q: r\n",
			"- a P", "services:\n  a:\n    environment:\n      Q: r\n" },
	};

	(void)state;
	EDITS(rows);
}

static void test_secrets_are_given(void **state)
{
	static const struct edit_row rows[] = {
		{ "services:\n  a:\n    image: i\n\n  b:\n    image: i\nvolumes:\n  v:\n# end\n",
			"s a p\ns a a_q q\nf p /p\nf a_q /q",
			"services:\n  a:\n    image: i\n    secrets:\n      - p\n      - source: "
			"a_q\n        target: q\n\n  b:\n    image: i\nvolumes:\n  v:\n# "
			"end\n\nsecrets:\n  "
			"p:\n    file: /p\n  a_q:\n    file: /q\n" },
		{ "services:\n  a:\n    secrets:\n    - x\nsecrets:\n  x: {file: ./x.txt} # c\n",
			"s a p\nf p /p\nf x /x",
			"services:\n  a:\n    secrets:\n    - x\n    - p\nsecrets:\n  x: {file: "
			"/x} # c\n  "
			"p:\n    file: /p\n" },
		{ "services:\n  a: {image: i}\n  b: {secrets: [x]}\n  c: {secrets: []}\nsecrets: "
		  "{}\n",
			"s a p\ns b b_q q\ns c p\nf p /p\nf q /q",
			"services:\n  a: {image: i, secrets: [p]}\n  b: {secrets: [x, {source: "
			"b_q, "
			"target: q}]}\n  c: {secrets: [p]}\nsecrets: {p: {file: /p}, q: {file: "
			"/q}}\n" },
		{ "{\"services\": {\"a\": {\"image\": \"i\"}}}\n", "s a p\ns a a_q q\nf p /p",
			"{\"services\": {\"a\": {\"image\": \"i\", \"secrets\": [\"p\", "
			"{\"source\": "
			"\"a_q\", \"target\": \"q\"}]}}, \"secrets\": {\"p\": {\"file\": "
			"\"/p\"}}}\n" },
		{ "services:\n  a:\n    secrets:\n      - x\n      - source: b\n        target: "
		  "c\n      "
		  "- {source: d}\n      - source: e\n",
			"o a x a_x\no a b a_b\no a d a_d\no a e a_e",
			"services:\n  a:\n    secrets:\n      - source: a_x\n        target: x\n   "
			"   - "
			"source: a_b\n        target: c\n      - {source: a_d, target: d}\n      - "
			"source: a_e\n        target: e\n" },
		{ "services:\n  a:\n    secrets: [x, \"z\"]\n", "o a x a_x\no a z a_z",
			"services:\n  a:\n    secrets: [{source: a_x, target: x}, {source: a_z, "
			"target: "
			"z}]\n" },
		{ "services:\n  a:\n    secrets:\n    image: i\nsecrets:\n", "s a p\nf p /p",
			"services:\n  a:\n    secrets:\n      - p\n    image: i\nsecrets:\n  p:\n  "
			"  file: "
			"/p\n" },
		{ "services:\n  a:\n    secrets: [p]\nsecrets:\n  p:\n    file: /p\n",
			"s a p\nf p /p\ns a p",
			"services:\n  a:\n    secrets: [p]\nsecrets:\n  p:\n    file: /p\n" },
		{ "services:\n  a:\n    image: i\n...\n", "s a p\nf p /p",
			"services:\n  a:\n    image: i\n    secrets:\n      - p\n\nsecrets:\n  "
			"p:\n    file: "
			"/p\n...\n" },
		{ "services:\n  a:\n    ports:\n    - 80:80\n", "s a p\nf p /p",
			"services:\n  a:\n    ports:\n    - 80:80\n    secrets:\n    - "
			"p\n\nsecrets:\n  p:\n "
			"   file: /p\n" },
		{ "services:\n  a:\n    environment:\n      K: |+\n        key\n\n", "f p /p",
			"services:\n  a:\n    environment:\n      K: |+\n        key\n\nsecrets:\n "
			" p:\n    "
			"file: /p\n" },
	};

	(void)state;
	EDITS(rows);
}

static void test_lists_are_set(void **state)
{
	static const struct edit_row rows[] = {
		{ "services:\n  a:\n    entrypoint: /go --fast # c\n    command: [\"x\"]\n",
			"entrypoint a /t -- /go\ncommand a $$x \"'",
			"services:\n  a:\n    entrypoint: [\"/t\", \"--\", \"/go\"] # c\n    "
			"command: "
			"[\"$$x\", \"\\\"'\"]\n" },
		{ "services:\n  a:\n    entrypoint: # c\n      - /go\n      # inner\n      - x # "
		  "d\n    "
		  "image: i\n",
			"entrypoint a /t",
			"services:\n  a:\n    entrypoint: [\"/t\"] # c\n    image: i\n" },
		{ "services:\n  a:\n    entrypoint:\n    - /go\n    command:\n",
			"command a c\nentrypoint a /t",
			"services:\n  a:\n    entrypoint: [\"/t\"]\n    command: [\"c\"]\n" },
		{ "services:\n  a:\n    image: i\n",
			"command a c\nentrypoint a /t\ns a p\n+ a NN v",
			"services:\n  a:\n    image: i\n    environment:\n      NN: v\n    "
			"secrets:\n      - "
			"p\n    entrypoint: [\"/t\"]\n    command: [\"c\"]\n" },
		{ "services: {a: {image: i, command: go}}\n", "command a c\nentrypoint a /t",
			"services: {a: {image: i, command: [\"c\"], entrypoint: [\"/t\"]}}\n" },
	};

	(void)state;
	EDITS(rows);
}

static void test_line_ends_are_those_of_the_file(void **state)
{
	static const struct edit_row rows[] = {
		{ "services:\r\n  a:\r\n    environment:\r\n      P: |\r\n        k\r\n    image: "
		  "i\r\n",
			"= a P P_FILE /p\ns a a_p p\nf a_p /p",
			"services:\r\n  a:\r\n    environment:\r\n      P_FILE: /p\r\n    image: "
			"i\r\n    "
			"secrets:\r\n      - source: a_p\r\n        target: "
			"p\r\n\r\nsecrets:\r\n  a_p:\r\n    file: /p\r\n" },
		{ "services:\r\n  a:\r\n    environment:\r\n      - P=x\r\n      - Q=y\r\n",
			"- a P\n+ a R z",
			"services:\r\n  a:\r\n    environment:\r\n      - Q=y\r\n      - R=z\r\n" },
		{ "services:\n  a:\n    image: i # no newline at the end", "s a p\nf p /p",
			"services:\n  a:\n    image: i # no newline at the end\n    secrets:\n     "
			" - "
			"p\n\nsecrets:\n  p:\n    file: /p" },
	};

	(void)state;
	EDITS(rows);
}

static void test_what_cannot_be_changed_is_refused(void **state)
{
	static const struct edit_row rows[] = {
		{ "services:\n  a:\n    image: i\n", "= b P Q x", "f: no service of this name" },
		{ "services:\n  a:\n    image: i\n", "= a P Q x", "f: no variable of this name" },
		{ "services:\n  a:\n    environment: [P=x, P=y]\n", "= a P Q x",
			"f:3: the variable stands twice" },
		{ "services:\n  a:\n    environment: [P=x, Q=y]\n", "= a P Q x",
			"f:3: a variable of the new name" },
		{ "services:\n  a:\n    environment: [P=x]\n", "= a P Q x\n= a P R x",
			"f:3: the variable changes already" },
		{ "services:\n  a:\n    environment: [P=x, Q=y]\n", "= a P R x\n= a Q R x",
			"f:2: two variables would get one name" },
		{ "services:\n  a:\n    image: i\n", "o a p q", "f: no secret of this name" },
		{ "services:\n  a:\n    secrets: [x]\n", "s a p x",
			"f:3: the service has another secret" },
		{ "services:\n  a:\n    image: i\n", "s a p x\ns a q x",
			"f:2: the service gets another secret" },
		{ "secrets:\n  p: {external: true}\n", "f p /p",
			"f:2: a secret that comes from else" },
		{ "secrets:\n  p: {environment: P}\n", "f p /p",
			"f:2: a secret that comes from else" },
		{ "services:\n  a:\n", "f p /p\nf p /q", "f: one secret would get two files" },
		{ "services:\n  a:\n", "s a p", "f:2: a service without anything" },
		{ "services:\n  a:\n    environment:\n      P: !!int 5\n", "= a P Q x",
			"f:4: a value with a tag" },
		{ "services:\n  a:\n    environment:\n      -\n        P=x\n      - Q=y\n", "- a P",
			"f:5: cannot be taken out" },
	};

	(void)state;
	REFUSALS(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_variables_are_replaced_in_the_form_they_have),
		cmocka_unit_test(test_variables_are_added_and_taken_away),
		cmocka_unit_test(test_secrets_are_given),
		cmocka_unit_test(test_lists_are_set),
		cmocka_unit_test(test_line_ends_are_those_of_the_file),
		cmocka_unit_test(test_what_cannot_be_changed_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
