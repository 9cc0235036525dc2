/* SPDX-License-Identifier: Apache-2.0 */
/* The options of a grant in the access file, each by its row. */
#include <stdlib.h>
#include <string.h>

#include "base/access_line.h"
#include "base/clock.h"
#include "base/names.h"

/* Decimal digits without leading zeros, 0 to `most`. */
static bool read_number(const char *text, uint64_t most, uint64_t *number)
{
	size_t length = strlen(text);

	if (!length || strspn(text, "0123456789") != length || (length > 1 && text[0] == '0'))
		return false;
	*number = 0;
	for (; *text; text++) {
		uint64_t digit = (uint64_t)(*text - '0');

		if (*number > (most - digit) / 10)
			return false;
		*number = *number * 10 + digit;
	}
	return true;
}

static int take_file(struct access_statement *grant, const char *value, struct err *err)
{
	int status = name_check_granted(value, err);

	return status < 0 ? status : access_copy(grant->file, sizeof grant->file, value, err);
}

static int take_id(uint32_t *id, const char *value, struct err *err)
{
	uint64_t number;

	if (!read_number(value, GRANT_READER - 1, &number))
		return err_set(
			err, TACIT_INVALID, "uid and gid are from 0 to %u", GRANT_READER - 1);
	*id = (uint32_t)number;
	return 0;
}

static int take_uid(struct access_statement *grant, const char *value, struct err *err)
{
	return take_id(&grant->uid, value, err);
}

static int take_gid(struct access_statement *grant, const char *value, struct err *err)
{
	return take_id(&grant->gid, value, err);
}

static int take_mode(struct access_statement *grant, const char *value, struct err *err)
{
	size_t length = strlen(value);

	if (length < 3 || length > 4 || strspn(value, "01234567") != length)
		return err_set(err, TACIT_INVALID, "mode is 3 or 4 octal digits: 0440");
	grant->mode = (uint32_t)strtoul(value, NULL, 8);
	return 0;
}

static int take_expires(struct access_statement *grant, const char *value, struct err *err)
{
	int status = clock_parse(value, &grant->expires_ns, err);

	if (!status && !grant->expires_ns)
		return err_set(err, TACIT_INVALID, "a grant expires after the year 1970 began");
	return status;
}

static int take_reads(struct access_statement *grant, const char *value, struct err *err)
{
	uint64_t number;

	if (!read_number(value, GRANT_READS_MAX, &number) || !number)
		return err_set(err, TACIT_INVALID, "reads is from 1 to %u", GRANT_READS_MAX);
	grant->reads = (uint32_t)number;
	return 0;
}

static int take_version(struct access_statement *grant, const char *value, struct err *err)
{
	if (!read_number(value, INT64_MAX, &grant->version) || !grant->version)
		return err_set(err, TACIT_INVALID, "version is a number from 1");
	return 0;
}

static int take_newline(struct access_statement *grant, const char *value, struct err *err)
{
	(void)value;
	(void)err;
	grant->flags |= GRANT_NEWLINE;
	return 0;
}

static int take_main_process(struct access_statement *grant, const char *value, struct err *err)
{
	(void)value;
	(void)err;
	grant->flags |= GRANT_MAIN_PROCESS;
	return 0;
}

static int take_with_previous(struct access_statement *grant, const char *value, struct err *err)
{
	(void)value;
	(void)err;
	grant->flags |= GRANT_WITH_PREVIOUS;
	return 0;
}

static int take_on_rotate(struct access_statement *grant, const char *value, struct err *err)
{
	struct hook hook;
	int status = hook_parse(value, &hook, err);

	if (!status && hook.kind == HOOK_NONE)
		return err_set(
			err, TACIT_INVALID, "on-rotate is signal:NAME, restart or exec:PROGRAM");
	return status < 0 ? status
			  : access_copy(grant->on_rotate, sizeof grant->on_rotate, value, err);
}

static const struct option {
	const char *word;
	bool valued; /* "word=value" */
	int (*take)(struct access_statement *grant, const char *value, struct err *err);
} options[] = {
	{ "as", true, take_file },
	{ "uid", true, take_uid },
	{ "gid", true, take_gid },
	{ "mode", true, take_mode },
	{ "expires", true, take_expires },
	{ "reads", true, take_reads },
	{ "version", true, take_version },
	{ "newline", false, take_newline },
	{ "main-process", false, take_main_process },
	{ "with-previous", false, take_with_previous },
	{ "on-rotate", true, take_on_rotate },
};

#define OPTIONS (sizeof options / sizeof options[0])

static size_t find_option(const char *word, bool valued)
{
	for (size_t i = 0; i < OPTIONS; i++)
		if (options[i].valued == valued && !strcmp(options[i].word, word))
			return i;
	return OPTIONS;
}

int access_options(struct access_statement *grant, char **rest, struct err *err)
{
	unsigned int seen = 0;
	char *word;

	while ((word = access_word(rest))) {
		char *value = strchr(word, '=');
		size_t index;
		int status;

		if (value)
			*value++ = '\0';
		index = find_option(word, value);
		if (index == OPTIONS)
			return err_set(err, TACIT_INVALID,
				"a grant's options are as=, uid=, gid=, mode=, expires=, "
				"reads=, version=, newline, main-process, with-previous and "
				"on-rotate=");
		if (seen & 1u << index)
			return err_set(
				err, TACIT_INVALID, "'%s' is given twice", options[index].word);
		seen |= 1u << index;
		status = options[index].take(grant, value, err);
		if (status < 0)
			return status;
	}
	return 0;
}
