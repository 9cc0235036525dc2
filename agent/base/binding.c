/* SPDX-License-Identifier: Apache-2.0 */
#include "base/binding.h"

#include <stdio.h>
#include <string.h>

#include "base/names.h"

#define DIGEST_PREFIX "sha256:"

static bool is_digest(const char *text)
{
	size_t prefix = strlen(DIGEST_PREFIX);

	return !strncmp(text, DIGEST_PREFIX, prefix) && container_id_ok(text + prefix);
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
	if (!strncmp(value, DIGEST_PREFIX, strlen(DIGEST_PREFIX)))
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

/* The tag that a name without one means, and the registry that is left out of names. */
static bool holds_image(const char *value, const struct container_facts *facts)
{
	static const char *const prefixes[] = { "", "docker.io/library/", "docker.io/",
		"localhost/" };
	const char *last = strrchr(value, '/');
	bool tagged = strpbrk(last ? last : value, ":@");
	char full[BINDING_TEXT_MAX + 32];

	if (is_digest(value)) {
		bool found = !strcmp(facts->image_id, value);

		for (int i = 0; i < CONTAINER_DIGESTS_MAX; i++)
			found |= !strcmp(facts->digest[i], value);
		return found;
	}
	for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
		snprintf(full, sizeof full, "%s%s", prefixes[i], value);
		if (!strcmp(facts->image, full))
			return true;
		strncat(full, ":latest", sizeof full - strlen(full) - 1);
		if (!tagged && !strcmp(facts->image, full))
			return true;
	}
	return false;
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

	return length && !strncmp(value, facts->project, length) && value[length] == '/' &&
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
		if (!strncmp(rule, kinds[i].word, strlen(kinds[i].word)))
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
