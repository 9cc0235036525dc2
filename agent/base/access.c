/* SPDX-License-Identifier: Apache-2.0 */
#include "base/access.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/names.h"

/* Containers only read. */
#define MODE_ALLOWED 0444u

/* The rest of the field after the NUL does not matter: it is never looked at. */
static bool is_text(const char *field, size_t room)
{
	return memchr(field, '\0', room) != NULL;
}

/* What the kernel knows, and no engine. */
static bool is_of_host(const char *consumer)
{
	enum consumer_kind kind = consumer_kind_of_word(consumer, strcspn(consumer, "/"));

	return kind == CONSUMER_UNIT || kind == CONSUMER_USER;
}

static bool has_grant_options(const struct access_statement *statement)
{
	return statement->flags || statement->uid || statement->gid || statement->mode ||
	       statement->reads || statement->version || statement->expires_ns ||
	       statement->on_rotate[0];
}

/* What of a file alone there is more than of a member of a bundle. */
static int check_folder(const struct access_statement *grant, struct err *err)
{
	if (name_folder_end(grant->file) &&
		(grant->reads || grant->version || grant->flags & GRANT_WITH_PREVIOUS))
		return err_set(err, TACIT_INVALID,
			"a file in a folder is of a bundle: it takes no reads, version or "
			"with-previous");
	return 0;
}

static int check_hook(const struct access_statement *grant, struct err *err)
{
	struct hook hook;
	int status = hook_parse(grant->on_rotate, &hook, err);

	if (status < 0)
		return status;
	if (is_of_host(grant->consumer) && (hook.kind == HOOK_SIGNAL || hook.kind == HOOK_RESTART))
		return err_set(err, TACIT_INVALID,
			"containers are signalled and restarted, not a unit or a user: "
			"on-rotate=exec:PROGRAM");
	return 0;
}

static int check_grant(const struct access_statement *grant, struct err *err)
{
	int status = name_check_secret(grant->secret, err);

	if (!status)
		status = name_check_granted(grant->file, err);
	if (!status)
		status = check_folder(grant, err);
	if (!status)
		status = check_hook(grant, err);
	if (status < 0)
		return status;
	if (!grant->mode || grant->mode & ~MODE_ALLOWED)
		return err_set(err, TACIT_INVALID,
			"a mode has no bits but 0444, and one of them: containers only read");
	if (grant->reads > GRANT_READS_MAX)
		return err_set(err, TACIT_INVALID, "reads is from 1 to %u", GRANT_READS_MAX);
	if (is_of_host(grant->consumer) && (grant->reads || grant->flags & GRANT_MAIN_PROCESS))
		return err_set(err, TACIT_INVALID,
			"reads are counted, and main processes known, of containers: not of a unit "
			"or a user");
	if (grant->flags & GRANT_WITH_PREVIOUS && grant->version)
		return err_set(err, TACIT_INVALID,
			"a grant of one version shows no previous one: version or with-previous");
	if (grant->flags & GRANT_WITH_PREVIOUS &&
		strlen(grant->file) + strlen(GRANT_PREVIOUS_SUFFIX) > TACIT_FILE_NAME_MAX)
		return err_set(err, TACIT_INVALID,
			"with-previous: a file name has at most %zu bytes, for '%s' follows it",
			TACIT_FILE_NAME_MAX - strlen(GRANT_PREVIOUS_SUFFIX), GRANT_PREVIOUS_SUFFIX);
	if (grant->version > INT64_MAX)
		return err_set(err, TACIT_INVALID, "version is from 1 to %" PRId64, INT64_MAX);
	if (grant->expires_ns >= CLOCK_DATE_END_NS)
		return err_set(err, TACIT_INVALID, "a grant expires before the year 2201");
	if (grant->flags & ~GRANT_FLAGS || grant->rule[0])
		return err_set(err, TACIT_INVALID, "a grant with what no grant has");
	return 0;
}

static int check_bind(const struct access_statement *bind, struct err *err)
{
	if (is_of_host(bind->consumer))
		return err_set(err, TACIT_INVALID,
			"a unit or a user is known from the kernel: it takes no rules");
	if (bind->secret[0] || bind->file[0] || has_grant_options(bind))
		return err_set(err, TACIT_INVALID, "a rule with what only a grant has");
	return binding_check(bind->rule, err);
}

static int check_freeze(const struct access_statement *freeze, struct err *err)
{
	if (freeze->secret[0] || freeze->file[0] || freeze->rule[0] || has_grant_options(freeze))
		return err_set(err, TACIT_INVALID, "a freezing with what it does not have");
	return 0;
}

int access_check(const struct access_statement *statement, struct err *err)
{
	static int (*const checks[ACCESS_KINDS])(
		const struct access_statement *statement, struct err *err) = {
		[ACCESS_GRANT] = check_grant,
		[ACCESS_BIND] = check_bind,
		[ACCESS_FREEZE] = check_freeze,
	};

	if (!statement->kind || statement->kind >= ACCESS_KINDS ||
		!is_text(statement->secret, sizeof statement->secret) ||
		!is_text(statement->consumer, sizeof statement->consumer) ||
		!is_text(statement->file, sizeof statement->file) ||
		!is_text(statement->rule, sizeof statement->rule) ||
		!is_text(statement->on_rotate, sizeof statement->on_rotate))
		return err_set(err, TACIT_INVALID, "a statement is malformed");
	if (name_check_consumer(statement->consumer, err) < 0)
		return -TACIT_INVALID;
	return checks[statement->kind](statement, err);
}

int access_compare(const void *a, const void *b)
{
	const struct access_statement *one = a, *other = b;
	int order = strcmp(one->consumer, other->consumer);

	if (!order)
		order = (one->kind > other->kind) - (one->kind < other->kind);
	if (!order)
		order = strcmp(one->file, other->file);
	return order ? order : strcmp(one->rule, other->rule);
}

bool access_same(const struct access_statement *a, const struct access_statement *b)
{
	return !strcmp(a->secret, b->secret) && a->flags == b->flags && a->uid == b->uid &&
	       a->gid == b->gid && a->mode == b->mode && a->reads == b->reads &&
	       a->version == b->version && a->expires_ns == b->expires_ns &&
	       !strcmp(a->on_rotate, b->on_rotate);
}

/* The names and numbers of a checked statement are far shorter than a line together. */
__attribute__((format(printf, 2, 3))) static void add(char *line, const char *format, ...)
{
	size_t length = strlen(line);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line + length, ACCESS_LINE_MAX - length, format, arguments);
	va_end(arguments);
}

static void add_options(const struct access_statement *grant, char *line)
{
	char time[CLOCK_TEXT_MAX];

	if (strcmp(grant->file, name_default_file(grant->secret)))
		add(line, " as=%s", grant->file);
	if (grant->uid != GRANT_READER)
		add(line, " uid=%" PRIu32, grant->uid);
	if (grant->gid != GRANT_READER)
		add(line, " gid=%" PRIu32, grant->gid);
	if (grant->mode != GRANT_MODE_DEFAULT)
		add(line, " mode=%04" PRIo32, grant->mode);
	if (grant->expires_ns) {
		clock_format_exact(grant->expires_ns, time);
		add(line, " expires=%s", time);
	}
	if (grant->reads)
		add(line, " reads=%" PRIu32, grant->reads);
	if (grant->version)
		add(line, " version=%" PRIu64, grant->version);
	if (grant->flags & GRANT_NEWLINE)
		add(line, " newline");
	if (grant->flags & GRANT_MAIN_PROCESS)
		add(line, " main-process");
	if (grant->flags & GRANT_WITH_PREVIOUS)
		add(line, " with-previous");
	if (grant->on_rotate[0])
		add(line, " on-rotate=%s", grant->on_rotate);
}

void access_format(const struct access_statement *statement, char line[ACCESS_LINE_MAX])
{
	line[0] = '\0';
	if (statement->kind == ACCESS_GRANT) {
		add(line, "grant %s %s", statement->secret, statement->consumer);
		add_options(statement, line);
	} else if (statement->kind == ACCESS_BIND) {
		add(line, "bind %s %s", statement->consumer, statement->rule);
	} else {
		add(line, "freeze %s", statement->consumer);
	}
	add(line, "\n");
}
