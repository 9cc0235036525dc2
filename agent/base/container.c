/* SPDX-License-Identifier: Apache-2.0 */
#include "base/container.h"

#include <string.h>

bool container_id_ok(const char *text)
{
	return strnlen(text, CONTAINER_ID_LENGTH + 1) == CONTAINER_ID_LENGTH &&
	       strspn(text, "0123456789abcdef") == CONTAINER_ID_LENGTH;
}

/* What operators are shown, and what is kept of who reads: no blanks, no control bytes, no text
 * that is no text. */
static bool is_word(const char *field, size_t room)
{
	for (size_t i = 0; i < room; i++) {
		if (!field[i])
			return true;
		if (field[i] <= ' ' || field[i] > '~')
			return false;
	}
	return false;
}

int container_facts_check(const struct container_facts *facts, struct err *err)
{
	bool good = container_id_ok(facts->id) && is_word(facts->name, sizeof facts->name) &&
		    is_word(facts->project, sizeof facts->project) &&
		    is_word(facts->service, sizeof facts->service) &&
		    is_word(facts->image, sizeof facts->image) &&
		    is_word(facts->image_id, sizeof facts->image_id) &&
		    facts->labels_length <= CONTAINER_LABELS_MAX &&
		    (!facts->labels_length || !facts->labels[facts->labels_length - 1]);

	for (int i = 0; i < CONTAINER_DIGESTS_MAX; i++)
		good = good && is_word(facts->digest[i], sizeof facts->digest[i]);
	return good ? 0 : err_set(err, TACIT_INVALID, "what is said of a container is malformed");
}

size_t container_facts_size(const struct container_facts *facts)
{
	return offsetof(struct container_facts, labels) + facts->labels_length;
}

const char *container_label(const struct container_facts *facts, const char *key, size_t length)
{
	const char *at = facts->labels, *end = at + facts->labels_length;

	for (; at < end; at += strlen(at) + 1)
		if (!strncmp(at, key, length) && at[length] == '=')
			return at + length + 1;
	return NULL;
}

const char *container_run_consumer(const struct container_facts *facts)
{
	static const char key[] = "consumer";

	return facts->engine == CONTAINER_OF_RUN
		       ? container_label(facts, key, sizeof key - 1)
		       : NULL;
}
