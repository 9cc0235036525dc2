/* SPDX-License-Identifier: Apache-2.0 */
/* What core is told of a container: texts that fit and keep their grammar, or nothing; labels that
 * are the container's own, and never those of its image. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/facts.h"

#define ID "8a11ed93ab775cba6925506f6c0be67f49d85d620c763081be11d3296a4ca67b"
#define HEX "2a5de530a96a09a848a16c0c150dc76d6dc32773731cd364f307fb5630b7a549"
#define TEXT_MAX 65536

/* The container and its image as the test puts them; each member of JSON, or NULL for none. */
struct said {
	const char *name, *image, *image_id, *state, *labels;
	const char *digests, *image_labels;
	bool image_unknown;
};

static struct facts facts;

static const char *or_null(const char *text)
{
	return text ? text : "null";
}

static const struct container_facts *tell(const struct said *said)
{
	char *container, *image;
	struct image carried = { .labels = NULL };

	assert_true(asprintf(&container,
			    "{\"Id\":\"" ID "\",\"Name\":%s,\"Image\":%s,\"State\":%s,"
			    "\"Config\":{\"Image\":%s,\"Labels\":%s}}",
			    or_null(said->name), or_null(said->image_id), or_null(said->state),
			    or_null(said->image), or_null(said->labels)) > 0);
	assert_true(asprintf(&image, "{\"RepoDigests\":%s,\"Config\":{\"Labels\":%s}}",
			    or_null(said->digests), or_null(said->image_labels)) > 0);
	memset(&facts, 0, sizeof facts);
	assert_int_equal(facts_read(&facts, ID, container, strlen(container), NULL), 0);
	assert_int_equal(image_read(&carried, image, strlen(image), NULL), 0);
	facts_finish(&facts, said->image_unknown ? NULL : &carried);
	assert_int_equal(container_facts_check(&facts.came.facts, NULL), 0);
	assert_string_equal(facts.came.facts.id, ID);
	facts_clear(&facts);
	image_clear(&carried);
	free(container);
	free(image);
	return &facts.came.facts;
}

static void assert_labels(const struct container_facts *told, const char *labels, size_t length)
{
	assert_int_equal(told->labels_length, length);
	assert_memory_equal(told->labels, labels, length);
}

#define assert_labels_are(told, text) assert_labels(told, text, sizeof(text) - 1)

static void ordinary(void **state)
{
	const struct container_facts *told = tell(&(struct said){ .name = "\"/shop-web-1\"",
		.image = "\"nginx:1.27\"",
		.image_id = "\"sha256:" HEX "\"",
		.state = "{\"Status\":\"running\",\"Running\":true,\"Pid\":7}",
		.labels = "{\"com.docker.compose.project\":\"shop\","
			  "\"com.docker.compose.service\":\"web\",\"maintainer\":\"x\"}",
		.digests = "[\"nginx@sha256:" HEX "\",\"r.example/nginx@sha256:" HEX
			   "\",\"nginx@sha256:" ID "\"]",
		.image_labels = "{\"maintainer\":\"x\"}" });

	(void)state;
	assert_string_equal(told->name, "shop-web-1");
	assert_string_equal(told->image, "nginx:1.27");
	assert_string_equal(told->image_id, "sha256:" HEX);
	assert_string_equal(told->project, "shop");
	assert_string_equal(told->service, "web");
	assert_string_equal(told->digest[0], "sha256:" HEX);
	assert_string_equal(told->digest[1], "sha256:" ID);
	assert_string_equal(told->digest[2], "");
	assert_labels_are(told, "com.docker.compose.project=shop\0"
				"com.docker.compose.service=web\0");
	assert_int_equal(told->labels_cut, 0);
	assert_int_equal(facts.came.life, LIFE_RUNNING);
}

static void lives(void **state)
{
	static const struct {
		const char *state;
		enum container_life life;
	} rows[] = {
		{ "{\"Status\":\"created\",\"Running\":false}", LIFE_CREATED },
		{ "{\"Status\":\"initialized\",\"Running\":false}", LIFE_CREATED },
		{ "{\"Status\":\"configured\",\"Running\":false}", LIFE_CREATED },
		{ "{\"Status\":\"running\",\"Running\":true}", LIFE_RUNNING },
		{ "{\"Status\":\"paused\",\"Running\":true}", LIFE_RUNNING },
		{ "{\"Status\":\"paused\",\"Running\":false}", LIFE_RUNNING },
		{ "{\"Status\":\"restarting\",\"Running\":true}", LIFE_RUNNING },
		{ "{\"Status\":\"restarting\",\"Running\":false}", LIFE_ENDED },
		{ "{\"Status\":\"created\",\"Running\":true}", LIFE_RUNNING },
		{ "{\"Status\":\"exited\",\"Running\":false}", LIFE_ENDED },
		{ "{\"Status\":\"dead\"}", LIFE_ENDED },
		{ "{\"Status\":\"removing\"}", LIFE_ENDED },
		{ "{\"Running\":\"true\"}", LIFE_ENDED },
		{ "{}", LIFE_ENDED },
		{ "7", LIFE_ENDED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		tell(&(struct said){ .state = rows[i].state });
		assert_int_equal(facts.came.life, rows[i].life);
	}
}

/* `count` times `byte`, in quotes. */
static const char *quoted(char byte, size_t count)
{
	static char text[TEXT_MAX];

	text[0] = '"';
	memset(text + 1, byte, count);
	memcpy(text + 1 + count, "\"", 2);
	return text;
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(tell(&(struct said){ .name = "\"web\"" })->name, "web");
	assert_string_equal(tell(&(struct said){ .name = "\"//web\"" })->name, "");
	assert_string_equal(tell(&(struct said){ .name = "\"/w\"" })->name, "");
	assert_string_equal(tell(&(struct said){ .name = "\"/we b\"" })->name, "");
	assert_string_equal(tell(&(struct said){ .name = "\"\"" })->name, "");
	assert_string_equal(tell(&(struct said){ .name = "7" })->name, "");
	assert_int_equal(strlen(tell(&(struct said){ .name = quoted('x', 127) })->name), 127);
	assert_string_equal(tell(&(struct said){ .name = quoted('x', 128) })->name, "");
}

static void images(void **state)
{
	(void)state;
	assert_int_equal(strlen(tell(&(struct said){ .image = quoted('x', 255) })->image), 255);
	assert_string_equal(tell(&(struct said){ .image = quoted('x', 256) })->image, "");
	assert_string_equal(tell(&(struct said){ .image = "\"nginx\\n\"" })->image, "");
	assert_string_equal(tell(&(struct said){ .image = "\"ngin\xc3\xa7\"" })->image, "");
	assert_string_equal(
		tell(&(struct said){ .image_id = "\"" HEX "\"" })->image_id, "sha256:" HEX);
	assert_string_equal(tell(&(struct said){ .image_id = "\"sha256:12\"" })->image_id, "");
	assert_string_equal(tell(&(struct said){ .image_id = "\"sha512:" HEX "\"" })->image_id, "");
	assert_string_equal(
		tell(&(struct said){ .image_id = "\"sha256:" HEX "0\"" })->image_id, "");
}

static void digests(void **state)
{
	const struct container_facts *told =
		tell(&(struct said){ .digests = "[\"a@sha256:12\",\"no\",7,\"a@b@sha256:" HEX
						"\",\"c@sha512:" ID "\"]" });
	char text[TEXT_MAX] = "[";

	(void)state;
	assert_string_equal(told->digest[0], "sha256:" HEX);
	assert_string_equal(told->digest[1], "");
	for (int i = 0; i < CONTAINER_DIGESTS_MAX + 2; i++)
		sprintf(text + strlen(text), "\"a@sha256:%064d\",", i);
	memcpy(text + strlen(text) - 1, "]", 1);
	told = tell(&(struct said){ .digests = text });
	assert_string_equal(told->digest[CONTAINER_DIGESTS_MAX - 1] + 71 - 2, "07");
}

/* Of labels the image carries with the same value none counts; with another value, it is not the
 * image's. */
static void labels_of_the_image(void **state)
{
	static const char both[] = "{\"com.docker.compose.project\":\"shop\","
				   "\"com.docker.compose.service\":\"web\"}";
	static const char project[] = "{\"com.docker.compose.project\":\"shop\"}";
	static const char other[] = "{\"com.docker.compose.project\":\"other\"}";
	const struct container_facts *told;

	(void)state;
	told = tell(&(struct said){ .labels = both, .image_labels = both });
	assert_string_equal(told->project, "");
	assert_string_equal(told->service, "");
	assert_int_equal(told->labels_length, 0);
	assert_int_equal(told->labels_cut, 0);
	told = tell(&(struct said){ .labels = both, .image_labels = project });
	assert_string_equal(told->project, "");
	assert_string_equal(told->service, "");
	assert_labels_are(told, "com.docker.compose.service=web\0");
	told = tell(&(struct said){ .labels = both, .image_labels = other });
	assert_string_equal(told->project, "shop");
	assert_string_equal(told->service, "web");
	told = tell(&(struct said){ .labels = both, .image_labels = "[\"shop\"]" });
	assert_string_equal(told->project, "shop");
}

/* Compose labels the images it builds, too: the hash that it gives to containers alone tells. */
static void image_that_compose_built(void **state)
{
	static const char image[] = "{\"com.docker.compose.project\":\"shop\","
				    "\"com.docker.compose.service\":\"web\","
				    "\"com.docker.compose.version\":\"2.29.1\"}";
	static const char started[] = "{\"com.docker.compose.project\":\"shop\","
				      "\"com.docker.compose.service\":\"web\","
				      "\"com.docker.compose.config-hash\":\"d75c\"}";
	const struct container_facts *told;

	(void)state;
	told = tell(&(struct said){ .labels = started, .image_labels = image });
	assert_string_equal(told->project, "shop");
	assert_string_equal(told->service, "web");
	assert_labels_are(told, "com.docker.compose.config-hash=d75c\0");
	told = tell(&(struct said){ .labels = image, .image_labels = image });
	assert_string_equal(told->project, "");
	told = tell(&(struct said){ .labels = started, .image_labels = started });
	assert_string_equal(told->project, "");
}

static void image_that_is_not_known(void **state)
{
	const struct container_facts *told = tell(&(struct said){ .image_unknown = true,
		.name = "\"/web\"",
		.digests = "[\"nginx@sha256:" HEX "\"]",
		.labels = "{\"com.docker.compose.project\":\"shop\","
			  "\"com.docker.compose.service\":\"web\"}" });

	(void)state;
	assert_string_equal(told->name, "web");
	assert_string_equal(told->project, "");
	assert_string_equal(told->service, "");
	assert_string_equal(told->digest[0], "");
	assert_int_equal(told->labels_length, 0);
	assert_int_equal(told->labels_cut, 1);
	told = tell(&(struct said){ .image_unknown = true, .labels = "{}" });
	assert_int_equal(told->labels_cut, 0);
}

static void labels_that_are_left_out(void **state)
{
	static const struct {
		const char *labels, *text;
		size_t length;
		int cut;
	} rows[] = {
		{ "{\"a\":\"1\",\"b\":\"\"}", "a=1\0b=\0", 7, 0 },
		{ "{\"a=1\":\"2\",\"c\":\"3\"}", "c=3\0", 4, 1 },
		{ "{\"\":\"2\",\"c\":\"3\"}", "c=3\0", 4, 1 },
		{ "{\"a\":7,\"c\":\"3\"}", "c=3\0", 4, 1 },
		{ "{\"a\\u0000b\":\"x\"}",
			"a\xef\xbf\xbd"
			"b=x\0",
			8, 0 },
		{ "[\"a=1\"]", "", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct container_facts *told =
			tell(&(struct said){ .labels = rows[i].labels });

		assert_labels(told, rows[i].text, rows[i].length);
		assert_int_equal(told->labels_cut, rows[i].cut);
	}
}

/* What fits to the last byte, what does not by one, and what comes after that and fits. */
static void labels_that_do_not_fit(void **state)
{
	char text[TEXT_MAX];
	const struct container_facts *told;

	(void)state;
	sprintf(text, "{\"a\":%s}", quoted('x', CONTAINER_LABELS_MAX - 3));
	told = tell(&(struct said){ .labels = text });
	assert_int_equal(told->labels_length, CONTAINER_LABELS_MAX);
	assert_int_equal(told->labels_cut, 0);
	sprintf(text, "{\"a\":%s,\"b\":\"1\"}", quoted('x', CONTAINER_LABELS_MAX - 2));
	told = tell(&(struct said){ .labels = text });
	assert_labels_are(told, "b=1\0");
	assert_int_equal(told->labels_cut, 1);
}

static void names_of_compose(void **state)
{
	static const struct {
		const char *project, *service;
		bool good;
	} rows[] = {
		{ "shop", "web", true },
		{ "shop", "", false },
		{ "", "web", false },
		{ "Shop", "web", false },
		{ "shop", "w/b", false },
		{ "shop", "..", false },
		{ "../x", "web", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char text[256];
		const struct container_facts *told;

		sprintf(text,
			"{\"com.docker.compose.project\":\"%s\","
			"\"com.docker.compose.service\":\"%s\"}",
			rows[i].project, rows[i].service);
		told = tell(&(struct said){ .labels = text });
		assert_string_equal(told->project, rows[i].good ? rows[i].project : "");
		assert_string_equal(told->service, rows[i].good ? rows[i].service : "");
	}
}

static void refused(void **state)
{
	static const char *const containers[] = { "", "[]", "{}", "{\"Id\":\"web\"}", "{\"Id\":7}",
		"{\"Id\":\"" HEX "\"}", "{\"Id\":\"" ID "\"" };
	static const char *const no_images[] = { "", "[]", "7", "{\"Config\":" };

	(void)state;
	for (size_t i = 0; i < sizeof containers / sizeof containers[0]; i++) {
		char *text = strdup(containers[i]);

		memset(&facts, 0, sizeof facts);
		assert_int_equal(facts_read(&facts, ID, text, strlen(text), NULL), -TACIT_INVALID);
		free(text);
	}
	for (size_t i = 0; i < sizeof no_images / sizeof no_images[0]; i++) {
		struct image image = { .labels = NULL };
		char *text = strdup(no_images[i]);

		assert_int_equal(image_read(&image, text, strlen(text), NULL), -TACIT_INVALID);
		free(text);
	}
}

static void image_with_too_many_labels(void **state)
{
	char *text = malloc(TEXT_MAX);
	struct image image = { .labels = NULL };

	(void)state;
	sprintf(text, "{\"Config\":{\"Labels\":{\"a\":%s}}}",
		quoted('x', FACTS_IMAGE_LABELS_MAX - 3));
	assert_int_equal(image_read(&image, text, strlen(text), NULL), 0);
	image_clear(&image);
	sprintf(text, "{\"Config\":{\"Labels\":{\"a\":%s}}}",
		quoted('x', FACTS_IMAGE_LABELS_MAX - 2));
	assert_int_equal(image_read(&image, text, strlen(text), NULL), -TACIT_INVALID);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ordinary),
		cmocka_unit_test(lives),
		cmocka_unit_test(names),
		cmocka_unit_test(images),
		cmocka_unit_test(digests),
		cmocka_unit_test(labels_of_the_image),
		cmocka_unit_test(image_that_compose_built),
		cmocka_unit_test(image_that_is_not_known),
		cmocka_unit_test(labels_that_are_left_out),
		cmocka_unit_test(labels_that_do_not_fit),
		cmocka_unit_test(names_of_compose),
		cmocka_unit_test(refused),
		cmocka_unit_test(image_with_too_many_labels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
