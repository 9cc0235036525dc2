/* SPDX-License-Identifier: Apache-2.0 */
#include "base/names.h"

#include <stdint.h>
#include <string.h>

#define SECRET_SEGMENTS_MAX 4
#define SECRET_SEGMENT_MAX 63

static const char alphanumeric[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
static const char lower_or_digit[] = "abcdefghijklmnopqrstuvwxyz0123456789";
static const char name_bytes[] =
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
static const char unit_bytes[] =
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_.\\@-";
static const char digits[] = "0123456789";
static const char project_bytes[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";

struct component_grammar {
	const char *first; /* bytes the component may begin with */
	const char *rest;  /* bytes that may follow */
	size_t shortest;
};

static const struct {
	const char *word;
	unsigned int depth;
	struct component_grammar component[2];
} kinds[CONSUMER_KINDS] = {
	[CONSUMER_COMPOSE] = { "compose", 2,
		{ { lower_or_digit, project_bytes, 1 }, { name_bytes, name_bytes, 1 } } },
	[CONSUMER_CONTAINER] = { "container", 1, { { alphanumeric, name_bytes, 2 } } },
	[CONSUMER_UNIT] = { "unit", 1, { { unit_bytes, unit_bytes, 1 } } },
	[CONSUMER_USER] = { "user", 1, { { digits, digits, 1 } } },
	[CONSUMER_SELF] = { "self", 0, { { NULL, NULL, 0 } } },
};

static bool matches(const struct component_grammar *grammar, const char *name, size_t length)
{
	if (length < grammar->shortest || !length ||
		!memchr(grammar->first, name[0], strlen(grammar->first)))
		return false;
	for (size_t i = 1; i < length; i++)
		if (!memchr(grammar->rest, name[i], strlen(grammar->rest)))
			return false;
	return !(name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.')));
}

/* As the kernel's uid_t has it, but for the one that means nobody; and written in one way alone. */
static bool is_uid(const char *name, size_t length)
{
	uint64_t number = 0;

	if (length > 10 || (length > 1 && name[0] == '0'))
		return false;
	for (size_t i = 0; i < length; i++)
		number = number * 10 + (uint64_t)(name[i] - '0');
	return number < UINT32_MAX;
}

int name_check_secret(const char *name, struct err *err)
{
	static const struct component_grammar segment = { alphanumeric, name_bytes, 1 };
	const char *at = name;

	for (int segments = 1;; segments++) {
		size_t length = strcspn(at, "/");

		if (segments > SECRET_SEGMENTS_MAX)
			return err_set(err, TACIT_INVALID,
				"a secret's name has at most %d segments divided by '/'",
				SECRET_SEGMENTS_MAX);
		if (length > SECRET_SEGMENT_MAX)
			return err_set(err, TACIT_INVALID,
				"a segment of a secret's name has at most %d bytes",
				SECRET_SEGMENT_MAX);
		if (!matches(&segment, at, length))
			return err_set(err, TACIT_INVALID,
				"a segment of a secret's name is a letter or digit, then letters, "
				"digits, '.', '_' or '-'");
		if (!at[length])
			return 0;
		at += length + 1;
	}
}

int name_check_bundle(const char *name, struct err *err)
{
	int status = name_check_secret(name, err), segments = 1;

	for (const char *at = name; !status && (at = strchr(at, '/')); at++)
		segments++;
	if (status < 0 || segments < SECRET_SEGMENTS_MAX)
		return status;
	return err_set(err, TACIT_INVALID,
		"a bundle's name has at most %d segments: its members' have one more",
		SECRET_SEGMENTS_MAX - 1);
}

int name_check_file(const char *name, struct err *err)
{
	static const struct component_grammar file = { name_bytes, name_bytes, 1 };
	size_t length = strlen(name);

	if (length > TACIT_FILE_NAME_MAX)
		return err_set(err, TACIT_INVALID, "a file name has at most %d bytes",
			TACIT_FILE_NAME_MAX);
	if (!matches(&file, name, length) || name[0] == '_' || name[0] == '-')
		return err_set(err, TACIT_INVALID,
			"a file name is a letter, digit or '.', then letters, digits, '.', '_' "
			"or '-', and not \".\" or \"..\"");
	if (!strcmp(name, NAME_PROGRAMS))
		return err_set(err, TACIT_INVALID,
			"\"" NAME_PROGRAMS "\" is where the agent puts what is its own: name another");
	return 0;
}

const char *name_folder_end(const char *name)
{
	return strchr(name, '/');
}

int name_check_granted(const char *name, struct err *err)
{
	const char *slash = name_folder_end(name);
	char folder[TACIT_FILE_NAME_MAX + 1];
	int status;

	if (strlen(name) > TACIT_FILE_NAME_MAX)
		return err_set(err, TACIT_INVALID,
			"a file name, with its folder, has at most %d bytes", TACIT_FILE_NAME_MAX);
	if (!slash)
		return name_check_file(name, err);
	memcpy(folder, name, (size_t)(slash - name));
	folder[slash - name] = '\0';
	status = name_check_file(folder, err);
	return status < 0 ? status : name_check_file(slash + 1, err);
}

bool name_is_generation(const char *name, size_t *length, uint64_t *number)
{
	static const struct component_grammar folder = { name_bytes, name_bytes, 1 };
	const char *at = strchr(name, '@');
	uint64_t found = 0;

	if (!at || at - name > TACIT_FILE_NAME_MAX || at[1] == '0' || !at[1] ||
		!matches(&folder, name, (size_t)(at - name)) || name[0] == '_' || name[0] == '-')
		return false;
	for (const char *digit = at + 1; *digit; digit++) {
		uint64_t value = (uint64_t)(*digit - '0');

		if (*digit < '0' || *digit > '9' || found > (UINT64_MAX - value) / 10)
			return false;
		found = found * 10 + value;
	}
	*length = (size_t)(at - name);
	*number = found;
	return true;
}

const char *consumer_kind_word(enum consumer_kind kind)
{
	return kinds[kind].word;
}

unsigned int consumer_kind_depth(enum consumer_kind kind)
{
	return kinds[kind].depth;
}

bool consumer_component_ok(
	enum consumer_kind kind, unsigned int level, const char *name, size_t length)
{
	return level < kinds[kind].depth && length <= NAME_SEGMENT_MAX &&
	       matches(&kinds[kind].component[level], name, length) &&
	       (kind != CONSUMER_USER || is_uid(name, length));
}

enum consumer_kind consumer_kind_of_word(const char *word, size_t length)
{
	for (int kind = 0; kind < CONSUMER_KINDS; kind++)
		if (strlen(kinds[kind].word) == length && !memcmp(kinds[kind].word, word, length))
			return (enum consumer_kind)kind;
	return CONSUMER_KINDS;
}

int name_check_consumer(const char *name, struct err *err)
{
	size_t length = strcspn(name, "/");
	enum consumer_kind kind = consumer_kind_of_word(name, length);
	const char *at = name + length;

	if (kind == CONSUMER_KINDS)
		return err_set(err, TACIT_INVALID,
			"a consumer is compose/PROJECT/SERVICE, container/NAME, unit/NAME or "
			"user/UID");
	if (kind == CONSUMER_SELF)
		return err_set(err, TACIT_INVALID,
			"'self' is whoever reads: grant to a compose/, container/, unit/ or user/ "
			"consumer");
	for (unsigned int level = 0; level < kinds[kind].depth; level++) {
		if (*at != '/')
			return err_set(err, TACIT_INVALID, "a %s consumer has %u names after '%s/'",
				kinds[kind].word, kinds[kind].depth, kinds[kind].word);
		at++;
		length = strcspn(at, "/");
		if (!consumer_component_ok(kind, level, at, length))
			return err_set(err, TACIT_INVALID,
				"name %u of this consumer breaks the grammar of its engine",
				level + 1);
		at += length;
	}
	if (*at)
		return err_set(err, TACIT_INVALID, "a %s consumer has %u names after '%s/'",
			kinds[kind].word, kinds[kind].depth, kinds[kind].word);
	return strlen(name) <= TACIT_CONSUMER_NAME_MAX
		       ? 0
		       : err_set(err, TACIT_INVALID, "a consumer has at most %d bytes",
				 TACIT_CONSUMER_NAME_MAX);
}

const char *name_default_file(const char *secret)
{
	const char *slash = strrchr(secret, '/');

	return slash ? slash + 1 : secret;
}
