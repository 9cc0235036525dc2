/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/facts.h"

#include <string.h>

#include "base/names.h"
#include "engine/parse.h"

#define DIGEST_PREFIX "sha256:"

/* All of `text` or nothing; the field is zeroed. */
static void put(char *field, size_t room, const char *text)
{
	size_t length = strlen(text);

	if (length < room)
		memcpy(field, text, length + 1);
}

static bool is_printable(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text > '~')
			return false;
	return true;
}

/* "sha256:" and 64 digits; the prefix is not always there in what podman says. */
static void put_digest(char *field, const char *text)
{
	const size_t prefix = sizeof DIGEST_PREFIX - 1;

	if (!strncmp(text, DIGEST_PREFIX, prefix))
		text += prefix;
	if (!container_id_ok(text))
		return;
	memcpy(field, DIGEST_PREFIX, prefix);
	memcpy(field + prefix, text, CONTAINER_ID_LENGTH + 1);
}

static void put_name(struct container_facts *facts, const char *name)
{
	if (*name == '/')
		name++;
	if (consumer_component_ok(CONSUMER_CONTAINER, 0, name, strlen(name)))
		put(facts->name, sizeof facts->name, name);
}

static uint32_t life_of(const json_t *state)
{
	static const char *const not_started[] = { "created", "initialized", "configured" };
	const char *word = parse_member(state, "Status");

	if (json_is_true(json_object_get(state, "Running")))
		return LIFE_RUNNING;
	if (!word)
		return LIFE_ENDED;
	for (size_t i = 0; i < sizeof not_started / sizeof not_started[0]; i++)
		if (!strcmp(word, not_started[i]))
			return LIFE_CREATED;
	return !strcmp(word, "running") || !strcmp(word, "paused") ? LIFE_RUNNING : LIFE_ENDED;
}

static int read_container(
	struct facts *facts, const char *id, const json_t *object, struct err *err)
{
	struct container_facts *said = &facts->came.facts;
	const json_t *config = json_object_get(object, "Config");
	const char *its_id = parse_member(object, "Id");
	const char *name = parse_member(object, "Name");
	const char *image = parse_member(config, "Image");
	const char *image_id = parse_member(object, "Image");
	json_t *labels = json_object_get(config, "Labels");

	if (!its_id || strcmp(its_id, id) || !container_id_ok(id))
		return err_set(err, TACIT_INVALID, "it is of another container");
	put(said->id, sizeof said->id, id);
	if (name)
		put_name(said, name);
	if (image && is_printable(image))
		put(said->image, sizeof said->image, image);
	if (image_id)
		put_digest(said->image_id, image_id);
	facts->came.life = life_of(json_object_get(object, "State"));
	facts->labels = json_is_object(labels) ? json_incref(labels) : NULL;
	return 0;
}

int facts_read(struct facts *facts, const char *id, char *text, size_t length, struct err *err)
{
	json_t *object = parse_json(text, length, err);
	int status;

	if (!object)
		return -TACIT_INVALID;
	status = read_container(facts, id, object, err);
	json_decref(object);
	return status;
}

void facts_clear(struct facts *facts)
{
	json_decref(facts->labels);
	facts->labels = NULL;
}

/* "NAME@sha256:HEX"; one image has often the same digest under several names. */
static void read_digests(struct image *image, const json_t *digests)
{
	size_t count = 0;
	const json_t *value;
	size_t i;

	json_array_foreach (digests, i, value) {
		const char *text = json_string_value(value);
		const char *at = text ? strrchr(text, '@') : NULL;
		bool known = false;

		if (!at || count == CONTAINER_DIGESTS_MAX)
			continue;
		for (size_t j = 0; j < count; j++)
			known = known || !strcmp(image->digest[j], at + 1);
		if (known)
			continue;
		put_digest(image->digest[count], at + 1);
		count += image->digest[count][0] != '\0';
	}
}

static bool labels_bounded(json_t *labels)
{
	size_t bytes = 0;
	const char *key;
	json_t *value;

	json_object_foreach (labels, key, value) {
		bytes += strlen(key) + json_string_length(value) + 2;
	}
	return bytes <= FACTS_IMAGE_LABELS_MAX;
}

int image_read(struct image *image, char *text, size_t length, struct err *err)
{
	json_t *object = parse_json(text, length, err);
	json_t *labels = json_object_get(json_object_get(object, "Config"), "Labels");
	int status = 0;

	if (!object)
		return -TACIT_INVALID;
	if (!json_is_object(object) || !labels_bounded(labels)) {
		status = err_set(err, TACIT_INVALID,
			"it is no image, or one with more than %d bytes of labels",
			FACTS_IMAGE_LABELS_MAX);
	} else {
		read_digests(image, json_object_get(object, "RepoDigests"));
		image->labels = json_is_object(labels) ? json_incref(labels) : NULL;
	}
	json_decref(object);
	return status;
}

void image_clear(struct image *image)
{
	json_decref(image->labels);
	*image = (struct image){ .labels = NULL };
}

/* One label at the end of those there are. A key with '=' in it would read as another label. */
static bool add_label(struct container_facts *facts, const char *key, const json_t *value)
{
	size_t key_length = strlen(key), value_length = json_string_length(value);
	const char *text = json_string_value(value);
	char *at = facts->labels + facts->labels_length;

	if (!text || !key_length || strchr(key, '=') ||
		key_length + value_length + 2 > sizeof facts->labels - facts->labels_length)
		return false;
	memcpy(at, key, key_length);
	at[key_length] = '=';
	memcpy(at + key_length + 1, text, value_length + 1);
	facts->labels_length += (uint32_t)(key_length + value_length + 2);
	return true;
}

static void add_labels(struct facts *facts, const struct image *image)
{
	struct container_facts *said = &facts->came.facts;
	const char *key;
	json_t *value;

	json_object_foreach (facts->labels, key, value) {
		const json_t *carried = json_object_get(image->labels, key);

		if (carried && json_equal(carried, value))
			continue;
		if (!add_label(said, key, value))
			said->labels_cut = 1;
	}
}

/* Compose gives the images that it builds its labels too, project and service among them. The hash
 * of the configuration it gives to containers alone: one that has it, and not from its image, was
 * started by compose, which sets project and service of each, whatever the image says. */
static const char *compose_label(const struct facts *facts, const char *key)
{
	static const char hash[] = "com.docker.compose.config-hash";
	const struct container_facts *said = &facts->came.facts;
	const char *value = container_label(said, key, strlen(key));

	if (value || !container_label(said, hash, sizeof hash - 1))
		return value;
	return parse_member(facts->labels, key);
}

/* Both names or neither: half of a consumer is none. */
static void name_compose(struct facts *facts)
{
	struct container_facts *said = &facts->came.facts;
	const char *project = compose_label(facts, "com.docker.compose.project");
	const char *service = compose_label(facts, "com.docker.compose.service");

	if (!project || !service ||
		!consumer_component_ok(CONSUMER_COMPOSE, 0, project, strlen(project)) ||
		!consumer_component_ok(CONSUMER_COMPOSE, 1, service, strlen(service)))
		return;
	put(said->project, sizeof said->project, project);
	put(said->service, sizeof said->service, service);
}

void facts_finish(struct facts *facts, const struct image *image)
{
	struct container_facts *said = &facts->came.facts;

	if (!image) {
		said->labels_cut = json_object_size(facts->labels) > 0;
		return;
	}
	memcpy(said->digest, image->digest, sizeof said->digest);
	add_labels(facts, image);
	name_compose(facts);
}
