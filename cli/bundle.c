/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bundle.h"

#include <endian.h>
#include <string.h>

#include "base/names.h"
#include "cli/secret_send.h"
#include "seal/seal.h"

#define PROMPT_MAX (16 + 2 * TACIT_SECRET_NAME_MAX)

bool bundle_is_meant(const char *word)
{
	size_t length = strlen(word);

	return length && word[length - 1] == '/';
}

/* The name without its '/'. */
static int bundle_name(const char *word, char name[TACIT_SECRET_NAME_MAX + 1], struct err *err)
{
	size_t length = strlen(word) - 1;

	if (length > TACIT_SECRET_NAME_MAX)
		return err_set(err, TACIT_INVALID, "a bundle's name has at most %d bytes",
			TACIT_SECRET_NAME_MAX);
	memcpy(name, word, length);
	name[length] = '\0';
	return name_check_bundle(name, err);
}

int bundle_check_secrets(const char *word, struct err *err)
{
	char name[TACIT_SECRET_NAME_MAX + 1];

	return bundle_is_meant(word) ? bundle_name(word, name, err) : name_check_secret(word, err);
}

int bundle_check_one(const char *word, struct err *err)
{
	if (bundle_is_meant(word))
		return err_set(err, TACIT_INVALID,
			"this is about one secret, and NAME/ is a bundle; name a member of it, as "
			"tls/cert");
	return name_check_secret(word, err);
}

int bundle_path(char path[CLIENT_PATH_MAX], const char *word, const char *segment, struct err *err)
{
	char name[TACIT_SECRET_NAME_MAX + 1];
	int status;

	if (!bundle_is_meant(word)) {
		status = name_check_secret(word, err);
		return status ? status : client_path(path, err, "secrets", word, segment, NULL);
	}
	status = bundle_name(word, name, err);
	return status ? status : client_path(path, err, "bundles", name, segment, NULL);
}

/* The name of the member in "cert=FILE": what is not one may be a value, and is never shown. */
static int check_member(const char *bundle, const char *word, struct err *err)
{
	const char *equals = strchr(word, '=');
	char name[2 * TACIT_SECRET_NAME_MAX + 2];

	if (!equals)
		return err_set(err, TACIT_INVALID,
			"the values of a bundle are MEMBER=FILE, MEMBER=- (standard input) or "
			"MEMBER= (with --generate N, or to be asked)");
	if (equals - word > TACIT_SECRET_NAME_MAX || memchr(word, '/', (size_t)(equals - word)))
		return err_set(err, TACIT_INVALID,
			"a MEMBER is one segment of a name: 'cert' of tls/cert");
	snprintf(name, sizeof name, "%s%.*s", bundle, (int)(equals - word), word);
	return name_check_secret(name, err);
}

static bool same_member(const char *a, const char *b)
{
	size_t length = strcspn(a, "=");

	return length == strcspn(b, "=") && !memcmp(a, b, length);
}

struct uses {
	size_t inputs, empty;
};

static int check_words(const struct session *session, struct uses *uses, struct err *err)
{
	const struct invocation *invocation = session->invocation;

	for (size_t i = 1; i < invocation->count; i++) {
		const char *word = invocation->words[i], *equals = strchr(word, '=');
		int status = check_member(invocation->words[0], word, err);

		if (status < 0)
			return status;
		for (size_t j = 1; j < i; j++)
			if (same_member(word, invocation->words[j]))
				return err_set(err, TACIT_INVALID,
					"a MEMBER is given twice; give each of them one value");
		uses->inputs += !strcmp(equals, "=-");
		uses->empty += !equals[1];
	}
	return 0;
}

static int check(const struct session *session, const struct value_source *source, struct err *err)
{
	struct uses uses = { 0 };
	int status = bundle_check_secrets(session->invocation->words[0], err);

	if (!status)
		status = check_words(session, &uses, err);
	if (status < 0)
		return status;
	if (session->invocation->count < 2)
		return err_set(err, TACIT_INVALID,
			"no MEMBER is given; name those that get a value, as cert=FILE key=FILE");
	if (uses.inputs > 1)
		return err_set(err, TACIT_INVALID,
			"standard input is one value; '-' can be of one MEMBER");
	if (source->generate && !uses.empty)
		return err_set(err, TACIT_INVALID,
			"--generate makes the value of each 'MEMBER=' without a FILE, and there is "
			"none");
	return 0;
}

static int append(
	struct value *packed, const char *member, const struct value *value, struct err *err)
{
	uint8_t name_length = (uint8_t)strcspn(member, "=");
	uint32_t length = htole32((uint32_t)value->length);
	uint8_t *at = packed->bytes + packed->length;

	if (1 + name_length + sizeof length + value->length > TACIT_VALUE_MAX - packed->length)
		return err_set(err, TACIT_TOO_LARGE,
			"the values of a bundle have at most %u bytes together; rotate fewer of "
			"its members at once",
			TACIT_VALUE_MAX);
	*at++ = name_length;
	memcpy(at, member, name_length);
	memcpy(at + name_length, &length, sizeof length);
	memcpy(at + name_length + sizeof length, value->bytes, value->length);
	packed->length += 1 + name_length + sizeof length + value->length;
	return 0;
}

static int take_member(struct session *session, const struct value_source *shared,
	const char *member, struct value *packed, struct err *err)
{
	const char *file = strchr(member, '=') + 1;
	struct value_source source = *shared;
	struct value value = { 0 };
	char prompted[PROMPT_MAX];
	int status;

	snprintf(prompted, sizeof prompted, "value of %s%.*s", session->invocation->words[0],
		(int)(file - 1 - member), member);
	source.prompted = prompted;
	source.file = *file ? file : NULL;
	if (*file)
		source.generate = 0;
	status = value_take(&source, &value, err);
	if (!status)
		status = append(packed, member, &value, err);
	packed->trimmed += status ? 0 : value.trimmed;
	value_free(&value);
	return status;
}

int bundle_take(struct session *session, struct value *packed, struct err *err)
{
	const struct invocation *invocation = session->invocation;
	struct value_source source;
	int status = secret_source(session, &source, err);

	*packed = (struct value){ 0 };
	if (!status)
		status = check(session, &source, err);
	if (status < 0)
		return status;
	packed->bytes = seal_alloc(TACIT_VALUE_MAX);
	if (!packed->bytes)
		return err_set(
			err, TACIT_LIMIT, "no locked memory for the values; raise 'ulimit -l'");
	for (size_t i = 1; !status && i < invocation->count; i++)
		status = take_member(session, &source, invocation->words[i], packed, err);
	if (status < 0)
		value_free(packed);
	return status;
}
