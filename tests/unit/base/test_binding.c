/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of binding: which texts are rules, and by rows which containers each holds of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/binding.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define SHA "sha256:" HEX
#define SHA_ONE "sha256:1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define SHA_TWO "sha256:2123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define X64 "x234567890123456789012345678901234567890123456789012345678901234"
#define X256 X64 X64 X64 X64

static const struct {
	const char *rule;
	const char *error; /* a part of it; NULL: taken */
} rules[] = {
	{ "image=nginx", NULL },
	{ "image=nginx:1.25", NULL },
	{ "image=registry.example:5000/team/app@" SHA, NULL },
	{ "image=" SHA, NULL },
	{ "label=a=b", NULL },
	{ "label=a=", NULL },
	{ "label=a=b=c", NULL },
	{ "label=com.example/tier=web#1", NULL },
	{ "compose=shop/web", NULL },
	{ "container=web", NULL },
	{ "", "a rule is image=NAME" },
	{ "image", "a rule is image=NAME" },
	{ "Image=nginx", "a rule is image=NAME" },
	{ " image=nginx", "a rule is image=NAME" },
	{ "unit=a", "a rule is image=NAME" },
	{ "image=", "what follows 'image='" },
	{ "image=sha256:", "what follows 'image='" },
	{ "image=sha256:0123", "what follows 'image='" },
	{ "image=" SHA "0", "what follows 'image='" },
	{ "image=sha256:A123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		"what follows 'image='" },
	{ "image=" X256, "what follows 'image='" },
	{ "image=a b", "no blanks" },
	{ "image=a\tb", "no blanks" },
	{ "image=a\n", "no blanks" },
	{ "image=\xc3\xa9", "no blanks" },
	{ "image=a\x7f", "no blanks" },
	{ "label=", "what follows 'label='" },
	{ "label=a", "what follows 'label='" },
	{ "label==b", "what follows 'label='" },
	{ "label=a=" X256 X256, "at most 383 bytes" },
	{ "compose=", "what follows 'compose='" },
	{ "compose=shop", "what follows 'compose='" },
	{ "compose=shop/", "what follows 'compose='" },
	{ "compose=shop/web/x", "what follows 'compose='" },
	{ "compose=Shop/web", "what follows 'compose='" },
	{ "compose=shop/..", "what follows 'compose='" },
	{ "container=", "what follows 'container='" },
	{ "container=a/b", "what follows 'container='" },
	{ "container=/web", "what follows 'container='" },
	{ "container=..", "what follows 'container='" },
};

static void a_text_is_a_rule_or_is_told_what_one_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		struct err err = { .text = "" };
		int status = binding_check(rules[i].rule, &err);

		if (status != (rules[i].error ? -TACIT_INVALID : 0) ||
			(rules[i].error && !strstr(err.text, rules[i].error)))
			fail_msg("%s: %d \"%s\"", rules[i].rule, status, err.text);
		assert_int_equal(binding_check(rules[i].rule, NULL), status);
	}
}

/* A container of compose, with labels. */
static void make_facts(struct container_facts *facts, const char *image)
{
	static const char labels[] = "tier=web\0empty=\0a=b=c\0tie=no\0";

	memset(facts, 0, sizeof *facts);
	strcpy(facts->id, HEX);
	strcpy(facts->name, "shop-web-1");
	strcpy(facts->project, "shop");
	strcpy(facts->service, "web");
	snprintf(facts->image, sizeof facts->image, "%s", image);
	strcpy(facts->image_id, SHA);
	strcpy(facts->digest[0], SHA_ONE);
	strcpy(facts->digest[CONTAINER_DIGESTS_MAX - 1], SHA_TWO);
	memcpy(facts->labels, labels, sizeof labels - 1);
	facts->labels_length = sizeof labels - 1;
	/* Behind them, what another container had. */
	strcpy(facts->labels + facts->labels_length, "old=1");
}

static const struct {
	const char *image; /* as the engine says it */
	const char *rule;
	bool holds;
} images[] = {
	{ "nginx", "image=nginx", true },
	{ "nginx", "image=nginx:latest", true },
	{ "nginx:latest", "image=nginx", true },
	{ "docker.io/library/nginx:latest", "image=nginx", true },
	{ "docker.io/library/nginx:latest", "image=nginx:latest", true },
	{ "docker.io/library/nginx", "image=nginx", true },
	{ "docker.io/nginx", "image=nginx", true },
	{ "nginx", "image=docker.io/library/nginx:latest", true },
	{ "nginx", "image=docker.io/library/nginx", true },
	{ "nginx", "image=docker.io/nginx", true },
	{ "library/nginx", "image=nginx", true },
	{ "nginx:1.25", "image=nginx:1.25", true },
	{ "docker.io/library/nginx:1.25", "image=nginx:1.25", true },
	{ "team/app", "image=team/app", true },
	{ "docker.io/team/app:latest", "image=team/app", true },
	{ "docker.io/team/app:latest", "image=team/app:latest", true },
	{ "localhost/app:latest", "image=app", true },
	{ "localhost/app:latest", "image=localhost/app", true },
	{ "localhost/team/app:1", "image=team/app:1", true },
	{ "localhost:5000/app", "image=localhost:5000/app:latest", true },
	{ "registry.example/app", "image=registry.example/app:latest", true },
	{ "registry.example:5000/app:2", "image=registry.example:5000/app:2", true },
	{ "nginx@" SHA_ONE, "image=nginx@" SHA_ONE, true },
	{ "docker.io/library/nginx@" SHA_ONE, "image=nginx@" SHA_ONE, true },
	{ "anything", "image=" SHA, true },
	{ "anything", "image=" SHA_ONE, true },
	{ "anything", "image=" SHA_TWO, true },
	{ "", "image=" SHA, true },
	{ "nginx:1.25", "image=nginx", false },
	{ "nginx", "image=nginx:1.25", false },
	{ "nginx:1.250", "image=nginx:1.25", false },
	{ "nginxx", "image=nginx", false },
	{ "ngin", "image=nginx", false },
	{ "Nginx", "image=nginx", false },
	{ "team/nginx", "image=nginx", false },
	{ "docker.io/team/nginx:latest", "image=nginx", false },
	{ "docker.io/library/team/nginx", "image=team/nginx", false },
	{ "registry.example/nginx", "image=nginx", false },
	{ "registry.example/library/nginx", "image=nginx", false },
	{ "localhost:5000/nginx", "image=nginx", false },
	{ "nginx", "image=registry.example/nginx", false },
	{ "nginx", "image=localhost/nginx", false },
	/* A registry in a rule is that registry, whatever somebody calls an image of his own. */
	{ "localhost/registry.example/app:latest", "image=registry.example/app", false },
	{ "docker.io/registry.example/app:latest", "image=registry.example/app", false },
	{ "docker.io/library/registry.example/app:latest", "image=registry.example/app", false },
	{ "localhost/nginx:latest", "image=docker.io/library/nginx", false },
	{ "localhost/docker.io/library/nginx:latest", "image=nginx", false },
	{ "localhost/localhost/nginx:latest", "image=nginx", false },
	{ "registry.example:5000/app", "image=registry.example/app", false },
	{ "nginx@" SHA_ONE, "image=nginx@" SHA_TWO, false },
	{ "nginx@" SHA_ONE, "image=nginx", false },
	{ "anything",
		"image=sha256:3123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		false },
	{ "", "image=nginx", false },
	{ "", "image=:latest", false },
	{ SHA, "image=nginx", false },
};

static void an_image_is_known_by_its_whole_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof images / sizeof *images; i++) {
		struct container_facts facts;

		make_facts(&facts, images[i].image);
		if (binding_holds(images[i].rule, &facts) != images[i].holds)
			fail_msg("%s of \"%s\" %s", images[i].rule, images[i].image,
				images[i].holds ? "does not hold" : "holds");
	}
}

static const struct {
	const char *rule;
	bool holds;
} others[] = {
	{ "label=tier=web", true },
	{ "label=empty=", true },
	{ "label=a=b=c", true },
	{ "label=tie=no", true },
	{ "label=tier=we", false },
	{ "label=tier=webb", false },
	{ "label=tier=", false },
	{ "label=tie=r=web", false },
	{ "label=ti=", false },
	{ "label=empty=x", false },
	{ "label=a=b", false },
	{ "label=old=1", false },
	{ "label=com.docker.compose.project=shop", false },
	{ "compose=shop/web", true },
	{ "compose=shop/we", false },
	{ "compose=shop/webb", false },
	{ "compose=sho/web", false },
	{ "compose=shopp/web", false },
	{ "compose=web/shop", false },
	{ "container=shop-web-1", true },
	{ "container=shop-web", false },
	{ "container=shop-web-11", false },
	{ "container=" HEX, false },
	{ "nonsense", false },
	{ "", false },
};

static void other_rules_hold_of_what_they_name(void **state)
{
	struct container_facts facts;

	(void)state;
	make_facts(&facts, "nginx");
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (binding_holds(others[i].rule, &facts) != others[i].holds)
			fail_msg("%s %s", others[i].rule,
				others[i].holds ? "does not hold" : "holds");
}

static void no_rule_holds_of_a_container_of_which_nothing_is_said(void **state)
{
	struct container_facts facts = { .id = HEX };

	(void)state;
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		if (!rules[i].error && binding_holds(rules[i].rule, &facts))
			fail_msg("%s holds", rules[i].rule);
}

static void a_project_is_no_consumer_without_its_service(void **state)
{
	struct container_facts facts;

	(void)state;
	make_facts(&facts, "nginx");
	facts.project[0] = '\0';
	assert_false(binding_holds("compose=shop/web", &facts));
	make_facts(&facts, "nginx");
	facts.service[0] = '\0';
	assert_false(binding_holds("compose=shop/web", &facts));
	/* A '/' in a name is not the '/' between the names. */
	strcpy(facts.project, "shop/web");
	assert_false(binding_holds("compose=shop/web", &facts));
	strcpy(facts.project, "shop");
	strcpy(facts.service, "/web");
	assert_false(binding_holds("compose=shop/web", &facts));
	strcpy(facts.project, "sho");
	assert_false(binding_holds("compose=shop/web", &facts));
}

static void the_longest_image_is_compared_to_its_end(void **state)
{
	struct container_facts facts;
	char rule[BINDING_TEXT_MAX + 1] = "image=";

	(void)state;
	make_facts(&facts, "");
	memset(facts.image, 'a', CONTAINER_IMAGE_MAX);
	memset(rule + 6, 'a', CONTAINER_IMAGE_MAX);
	assert_int_equal(binding_check(rule, NULL), 0);
	assert_true(binding_holds(rule, &facts));
	facts.image[CONTAINER_IMAGE_MAX - 1] = 'b';
	assert_false(binding_holds(rule, &facts));
	rule[6 + CONTAINER_IMAGE_MAX] = 'a';
	assert_int_equal(binding_check(rule, NULL), -TACIT_INVALID);
}

static void labels_alone_are_weak(void **state)
{
	(void)state;
	assert_true(binding_is_strong("image=nginx"));
	assert_true(binding_is_strong("image=" SHA));
	assert_true(binding_is_strong("container=web"));
	assert_false(binding_is_strong("label=a=b"));
	assert_false(binding_is_strong("label=image=b"));
	assert_false(binding_is_strong("compose=shop/web"));
	assert_false(binding_is_strong("nonsense"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_is_a_rule_or_is_told_what_one_is),
		cmocka_unit_test(an_image_is_known_by_its_whole_name),
		cmocka_unit_test(other_rules_hold_of_what_they_name),
		cmocka_unit_test(no_rule_holds_of_a_container_of_which_nothing_is_said),
		cmocka_unit_test(a_project_is_no_consumer_without_its_service),
		cmocka_unit_test(the_longest_image_is_compared_to_its_end),
		cmocka_unit_test(labels_alone_are_weak),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
