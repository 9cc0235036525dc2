/* SPDX-License-Identifier: Apache-2.0 */
/* `tacit env scan --containers` with engines that are scripts of the test: what is found in a
 * container's environment, command line and labels, and that no value is printed. */
#include "tests/unit/cli/fake_agent.h"

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define ID_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define TOKEN "AKIAQYLPMN5HHHFPZAM2"
#define PASSWORD "Ahsh3iewahc7"
#define CHECKSUM "3c2a5f1b0e9d8c7a6b5f4e3d2c1b0a998877665544332211ffeeddccbbaa9988"

#define CONTAINER(id, name, running, env, args, labels)                                            \
	"{\"Id\":\"" id "\",\"Name\":\"" name "\",\"Image\":\"sha256:" ID_C                        \
	"\",\"State\":{\"Running\":" running "},\"Args\":[" args "],\"Config\":{\"Env\":[" env     \
	"],\"Labels\":{" labels "}}}"
#define COMPOSE                                                                                    \
	"\"com.docker.compose.service\":\"db\",\"com.docker.compose.project.config_files\":"       \
	"\"compose.yaml\",\"com.docker.compose.project.working_dir\":\"/srv/shop\""
#define IMAGE "\"PATH=/bin\",\"PHP_SECRET_SUM=" CHECKSUM "\",\"BAKED_KEY=" TOKEN "\""

static const struct canned nothing[] = {
	{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
};

/* docker: two ids, `inspect` and `image inspect` from files; all words are written down. */
static void make_docker(const struct fake_agent *agent, const char *containers)
{
	char path[PATH_FULL_MAX];

	fake_path(agent, "bin", path);
	mkdir(path, 0755);
	setenv("PATH", path, 1);
	fake_write(agent, "bin/docker",
		"#!/bin/sh\n"
		"echo \"$@\" >>\"$TACIT_ROOT/words\"\n"
		"case $1 in\n"
		"ps) echo " ID_A "; echo " ID_B " ;;\n"
		"inspect) while read -r line; do echo \"$line\"; done <\"$TACIT_ROOT/inspect\" ;;\n"
		"image) echo '[{\"Config\":{\"Env\":[" IMAGE "]}}]' ;;\n"
		"esac\n");
	fake_write(agent, "inspect", containers);
}

/* Run it; what it prints is in `ran`, what docker was asked in `words`. */
static void scan(const char *containers, const char *form, struct ran *ran, char words[4096])
{
	char *before = strdup(getenv("PATH"));
	struct fake_agent agent;

	fake_start(&agent, nothing);
	make_docker(&agent, containers);
	run_tacit(&agent, ran, NULL, "env", "scan", "--containers", form, NULL);
	fake_read(&agent, "words", words, 4096);
	setenv("PATH", before, 1);
	free(before);
	fake_stop(&agent);
	assert_null(strstr(ran->out, PASSWORD));
	assert_null(strstr(ran->out, TOKEN));
	assert_null(strstr(ran->err, PASSWORD));
	assert_null(strstr(ran->err, TOKEN));
}

static const char some[] = "[" CONTAINER(ID_A, "/shop_db_1", "true",
	IMAGE ",\"POSTGRES_PASSWORD=" PASSWORD "\",\"TZ=UTC\",\"URL=postgres://app:" PASSWORD
	      "@db/app\",\"noequals\"",
	"\"--flag\",\"--key=" TOKEN "\"", COMPOSE ",\"note\":\"" TOKEN "\"") "," CONTAINER(ID_B,
	"/stopped", "false", "\"POSTGRES_PASSWORD=" PASSWORD "\"", "", "") "]\n";

static void test_a_container_is_looked_into(void **state)
{
	char words[4096];
	struct ran ran;

	(void)state;
	scan(some, NULL, &ran, words);
	assert_int_equal(ran.exit, 1);
	assert_contains(ran.out, "container shop_db_1 (docker aaaaaaaaaaaa): POSTGRES_PASSWORD in "
				 "its environment is "
				 "a secret, by its name; compose made it of /srv/shop/compose.yaml "
				 "[container-environment]\n");
	assert_contains(ran.out,
		"container shop_db_1 (docker aaaaaaaaaaaa): URL in its environment has a password "
		"in a URL; compose");
	assert_contains(ran.out, "BAKED_KEY in its environment has a well-known token: ");
	assert_contains(ran.out, "its command line has a well-known token: ");
	assert_contains(ran.out, "its label note has a well-known token: ");
	assert_contains(ran.out, "\n5 found in 0 files and 1 container\n");
	/* What the image says of itself, and what does not run. */
	assert_null(strstr(ran.out, "PHP_SECRET_SUM"));
	assert_null(strstr(ran.out, "stopped"));
	assert_string_equal(words,
		"ps -aq --no-trunc\ninspect " ID_A " " ID_B "\nimage inspect sha256:" ID_C "\n");
}

static void test_it_is_told_as_json_and_sarif(void **state)
{
	_json_ json_t *list = NULL, *sarif = NULL;
	const json_t *first;
	char words[4096];
	struct ran ran;

	(void)state;
	scan(some, "--json", &ran, words);
	assert_int_equal(ran.exit, 1);
	list = json_loads(ran.out, 0, NULL);
	assert_int_equal(json_array_size(list), 5);
	first = json_array_get(list, 1);
	assert_string_equal(member_text(first, "rule"), "container-environment");
	assert_string_equal(member_text(first, "container"), "shop_db_1");
	assert_string_equal(member_text(first, "name"), "POSTGRES_PASSWORD");
	assert_string_equal(member_text(first, "service"), "db");
	assert_true(json_is_null(json_object_get(first, "path")));
	assert_string_equal(member_text(json_array_get(list, 3), "name"), "");
	assert_string_equal(member_text(json_array_get(list, 4), "name"), "note");
	scan(some, "--sarif", &ran, words);
	assert_int_equal(ran.exit, 1);
	sarif = json_loads(ran.out, 0, NULL);
	assert_non_null(sarif);
	assert_contains(ran.out, "shop_db_1");
}

/* An image that is asked for once, and containers that carry what is no secret. */
static void test_clean_containers_are_clean(void **state)
{
	static const char clean[] = "[" CONTAINER(ID_A, "/a", "true",
		"\"PATH=/bin\",\"PHP_SECRET_SUM=" CHECKSUM
		"\",\"DB_PASSWORD_FILE=/run/secrets/db\"",
		"\"sleep\",\"1000\"",
		"") "," CONTAINER(ID_B, "/b", "true", "\"TZ=UTC\"", "", "") "]\n";
	char words[4096];
	struct ran ran;

	(void)state;
	scan(clean, NULL, &ran, words);
	assert_string_equal(ran.out, "0 found in 0 files and 2 containers\n");
	assert_int_equal(ran.exit, 0);
	assert_string_equal(words,
		"ps -aq --no-trunc\ninspect " ID_A " " ID_B "\nimage inspect sha256:" ID_C "\n");
}

/* What strangers wrote into a container: of other types, missing, and meant for the terminal. */
static void test_odd_containers_are_no_trouble(void **state)
{
	static const char odd[] =
		"[{\"Id\":7,\"State\":{\"Running\":true},\"Config\":{\"Env\":[1,null,\"=x\",\"\"],"
		"\"Labels\":[],\"Image\":1},\"Args\":{}},{\"State\":{\"Running\":true}},5,"
		"{\"Name\":\"/\\u001b[31mred\",\"State\":{\"Running\":true},\"Config\":{\"Env\":"
		"[\"A\\u001b[1m_PASSWORD=" PASSWORD "\"],\"Labels\":{\"k\":1}},\"Args\":[1]}]\n";
	char words[4096];
	struct ran ran;

	(void)state;
	scan(odd, NULL, &ran, words);
	assert_null(strchr(ran.out, '\033'));
	assert_contains(ran.out, " and 3 containers\n");
}

static void test_an_engine_that_does_not_answer_is_no_clean_bill(void **state)
{
	char *before = strdup(getenv("PATH")), path[PATH_FULL_MAX];
	struct fake_agent agent;
	struct ran ran;

	(void)state;
	fake_start(&agent, nothing);
	make_docker(&agent, "[]");
	fake_write(&agent, "bin/docker", "#!/bin/sh\necho 'no daemon' >&2\nexit 1\n");
	run_tacit(&agent, &ran, NULL, "env", "scan", "--containers", NULL);
	assert_contains(ran.err, "its containers were not looked at: docker: no daemon");
	assert_int_equal(ran.exit, TACIT_EXIT_NO_AGENT);
	fake_path(&agent, "bin/docker", path);
	unlink(path);
	run_tacit(&agent, &ran, NULL, "env", "scan", "--containers", NULL);
	assert_contains(ran.err, "neither docker nor podman is there");
	assert_int_equal(ran.exit, TACIT_EXIT_NOT_FOUND);
	setenv("PATH", before, 1);
	free(before);
	fake_stop(&agent);
}

static int start(void **state)
{
	(void)state;
	return seal_start(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_container_is_looked_into),
		cmocka_unit_test(test_it_is_told_as_json_and_sarif),
		cmocka_unit_test(test_clean_containers_are_clean),
		cmocka_unit_test(test_odd_containers_are_no_trouble),
		cmocka_unit_test(test_an_engine_that_does_not_answer_is_no_clean_bill),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
