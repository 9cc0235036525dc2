/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of images: for how long, how many, and that those that are asked for stay. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/images.h"

#define SECOND 1000000000u

static struct images images;
static const struct image *found;

static int tear_down(void **state)
{
	(void)state;
	images_clear(&images);
	return 0;
}

static const char *id_of(int number)
{
	static char id[CONTAINER_DIGEST_MAX + 1];

	snprintf(id, sizeof id, "sha256:%064d", number);
	return id;
}

static void know(int number, uint64_t now)
{
	struct image image = { .labels = json_pack("{s:i}", "number", number) };

	images_asked(&images, id_of(number));
	images_answered(&images, id_of(number), &image, now);
}

static void states(void **state)
{
	(void)state;
	assert_int_equal(images_find(&images, id_of(1), 0, &found), IMAGES_NOT_ASKED);
	images_asked(&images, id_of(1));
	assert_int_equal(
		images_find(&images, id_of(1), 100 * (uint64_t)SECOND, &found), IMAGES_ASKED);
	assert_null(found);
	images_forget(&images, id_of(1));
	assert_int_equal(images_find(&images, id_of(1), 0, &found), IMAGES_NOT_ASKED);
	images_asked(&images, id_of(1));
	images_answered(&images, id_of(1), NULL, 0);
	assert_int_equal(images_find(&images, id_of(1), 0, &found), IMAGES_MISSING);
	assert_null(found);
	know(2, 0);
	assert_int_equal(images_find(&images, id_of(2), 0, &found), IMAGES_KNOWN);
	assert_int_equal(json_integer_value(json_object_get(found->labels, "number")), 2);
}

/* An answer that nobody asked for is taken over, too, and forgotten. */
static void not_asked(void **state)
{
	struct image image = { .labels = json_object() };

	(void)state;
	images_answered(&images, id_of(1), &image, 0);
	assert_int_equal(images_find(&images, id_of(1), 0, &found), IMAGES_NOT_ASKED);
}

static void freshness(void **state)
{
	(void)state;
	know(1, 5 * (uint64_t)SECOND);
	assert_int_equal(
		images_find(&images, id_of(1), 15 * (uint64_t)SECOND - 1, &found), IMAGES_KNOWN);
	assert_int_equal(
		images_find(&images, id_of(1), 15 * (uint64_t)SECOND, &found), IMAGES_NOT_ASKED);
	assert_null(found);
}

static void the_oldest_go(void **state)
{
	(void)state;
	images_asked(&images, id_of(1000));
	for (int i = 0; i < IMAGES_MAX - 1; i++)
		know(i, 0);
	assert_int_equal(images_find(&images, id_of(0), 0, &found), IMAGES_KNOWN);
	know(IMAGES_MAX, 0);
	assert_int_equal(images_find(&images, id_of(0), 0, &found), IMAGES_NOT_ASKED);
	assert_int_equal(images_find(&images, id_of(1), 0, &found), IMAGES_KNOWN);
	assert_int_equal(images_find(&images, id_of(IMAGES_MAX), 0, &found), IMAGES_KNOWN);
	assert_int_equal(images_find(&images, id_of(1000), 0, &found), IMAGES_ASKED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(states, tear_down),
		cmocka_unit_test_teardown(not_asked, tear_down),
		cmocka_unit_test_teardown(freshness, tear_down),
		cmocka_unit_test_teardown(the_oldest_go, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
