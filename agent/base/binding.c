/* SPDX-License-Identifier: Apache-2.0 */
#include "base/binding.h"

#include <stdio.h>
#include <string.h>

#include "base/names.h"

#define DIGEST_PREFIX "sha256:"
/* An image with its registry and its tag. */
#define IMAGE_WHOLE_MAX (CONTAINER_IMAGE_MAX + 32)

static bool begins(const char *text, const char *beginning)
{
	return !strncmp(text, beginning, strlen(beginning));
}

static bool is_digest(const char *text)
{
	return begins(text, DIGEST_PREFIX) && container_id_ok(text + strlen(DIGEST_PREFIX));
}

/* No blank and no control byte: a rule is one word of a line of the access file. */
static bool is_word(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text > '~')
			return false;
	return true;
}

static bool check_image(const char *value)
{
	if (begins(value, DIGEST_PREFIX))
		return is_digest(value);
	return *value && strlen(value) <= CONTAINER_IMAGE_MAX;
}

static bool check_label(const char *value)
{
	const char *divider = strchr(value, '=');

	return divider && divider != value;
}

static bool check_name(const char *kind, const char *value)
{
	char consumer[BINDING_TEXT_MAX + 16];

	snprintf(consumer, sizeof consumer, "%s/%s", kind, value);
	return name_check_consumer(consumer, NULL) == 0;
}

static bool check_compose(const char *value)
{
	return check_name("compose", value);
}

static bool check_container(const char *value)
{
	return check_name("container", value);
}

static const char hub[] = "docker.io/", local[] = "localhost/";

/* What is before the first '/' of a name is a registry when no repository can be called so. */
static bool has_registry(const char *name)
{
	size_t length = strcspn(name, "/");

	return name[length] &&
	       (memchr(name, '.', length) || memchr(name, ':', length) || begins(name, local));
}

/* A name with everything that may be left out of it: "nginx" is docker.io/library/nginx:latest. */
static void whole_name(const char *name, char whole[IMAGE_WHOLE_MAX])
{
	bool of_hub = begins(name, hub) || !has_registry(name);
	const char *rest = begins(name, hub) ? name + strlen(hub) : name;
	const char *slash = strrchr(rest, '/');
	bool tagged = strpbrk(slash ? slash : rest, ":@");

	snprintf(whole, IMAGE_WHOLE_MAX, "%s%s%s%s", of_hub ? hub : "",
		of_hub && !slash ? "library/" : "", rest, tagged ? "" : ":latest");
}

static bool holds_name(const char *value, const char *image)
{
	char wanted[IMAGE_WHOLE_MAX], given[IMAGE_WHOLE_MAX];

	/* podman's word for what was built here. */
	if (!has_registry(value) && begins(image, local) && !has_registry(image + strlen(local)))
		image += strlen(local);
	whole_name(value, wanted);
	whole_name(image, given);
	return *image && !strcmp(wanted, given);
}

static bool holds_image(const char *value, const struct container_facts *facts)
{
	bool holds = !strcmp(facts->image_id, value);

	if (!is_digest(value))
		return holds_name(value, facts->image);
	for (int i = 0; i < CONTAINER_DIGESTS_MAX; i++)
		holds = holds || !strcmp(facts->digest[i], value);
	return holds;
}

static bool holds_label(const char *value, const struct container_facts *facts)
{
	const char *divider = strchr(value, '=');
	const char *found = container_label(facts, value, (size_t)(divider - value));

	return found && !strcmp(found, divider + 1);
}

static bool holds_compose(const char *value, const struct container_facts *facts)
{
	size_t length = strlen(facts->project);

	return !strncmp(value, facts->project, length) && value[length] == '/' &&
	       !strcmp(value + length + 1, facts->service);
}

static bool holds_container(const char *value, const struct container_facts *facts)
{
	return !strcmp(value, facts->name);
}

static const struct kind {
	const char *word; /* with its '=' */
	bool strong;
	bool (*check)(const char *value);
	bool (*holds)(const char *value, const struct container_facts *facts);
} kinds[] = {
	{ "image=", true, check_image, holds_image },
	{ "label=", false, check_label, holds_label },
	{ "compose=", false, check_compose, holds_compose },
	{ "container=", true, check_container, holds_container },
};

static const struct kind *kind_of(const char *rule)
{
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (begins(rule, kinds[i].word))
			return &kinds[i];
	return NULL;
}

int binding_check(const char *rule, struct err *err)
{
	const struct kind *kind = kind_of(rule);

	if (!kind)
		return err_set(err, TACIT_INVALID,
			"a rule is image=NAME, image=sha256:DIGEST, label=KEY=VALUE, "
			"compose=PROJECT/SERVICE or container=NAME");
	if (strlen(rule) > BINDING_TEXT_MAX)
		return err_set(err, TACIT_INVALID, "a rule has at most %d bytes", BINDING_TEXT_MAX);
	if (!is_word(rule))
		return err_set(err, TACIT_INVALID,
			"a rule has no blanks, and no bytes that are not ASCII");
	if (!kind->check(rule + strlen(kind->word)))
		return err_set(
			err, TACIT_INVALID, "what follows '%s' is not of its form", kind->word);
	return 0;
}

bool binding_holds(const char *rule, const struct container_facts *facts)
{
	const struct kind *kind = kind_of(rule);

	return kind && kind->holds(rule + strlen(kind->word), facts);
}

bool binding_is_strong(const char *rule)
{
	const struct kind *kind = kind_of(rule);

	return kind && kind->strong;
}
