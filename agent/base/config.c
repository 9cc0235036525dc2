/* SPDX-License-Identifier: Apache-2.0 */
#include "base/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <tacit/api.h>

#include "base/files.h"
#include "base/paths.h"

#define CONFIG_FILE_MAX 65536
#define LINE_MAX_BYTES 1024

enum kind { WORD, PATH, PATH_OR_NONE, NUMBER, SWITCH, LEVEL, AUDIT, COPY, ROOTS, SOCKETS };

static const struct name {
	const char *name;
	enum kind kind;
	size_t offset;
	unsigned int lowest, highest; /* of a NUMBER */
} names[] = {
	{ "user", WORD, offsetof(struct config, user), 0, 0 },
	{ "api_user", WORD, offsetof(struct config, api_user), 0, 0 },
	{ "operators", WORD, offsetof(struct config, operators), 0, 0 },
	{ "key_user", WORD, offsetof(struct config, key_user), 0, 0 },
	{ "key_file", PATH, offsetof(struct config, key_file), 0, 0 },
	{ "credential", WORD, offsetof(struct config, credential), 0, 0 },
	{ "create_store", SWITCH, offsetof(struct config, create_store), 0, 0 },
	{ "anchor", PATH_OR_NONE, offsetof(struct config, anchor), 0, 0 },
	{ "audit", AUDIT, offsetof(struct config, audit_required), 0, 0 },
	{ "audit_dir", PATH, offsetof(struct config, audit_dir), 0, 0 },
	{ "audit_file_size", NUMBER, offsetof(struct config, audit_file_size), 64, 1048576 },
	{ "audit_keep", NUMBER, offsetof(struct config, audit_keep), 0, 10000 },
	{ "audit_copy", COPY, offsetof(struct config, audit_copy), 0, 0 },
	{ "threads", NUMBER, offsetof(struct config, threads), 1, 16 },
	{ "keep_versions", NUMBER, offsetof(struct config, keep_versions), 1, 64 },
	{ "allow_swap", SWITCH, offsetof(struct config, allow_swap), 0, 0 },
	{ "resend", SWITCH, offsetof(struct config, resend), 0, 0 },
	{ "log_level", LEVEL, offsetof(struct config, log_level), 0, 0 },
	{ "engine_user", WORD, offsetof(struct config, engine_user), 0, 0 },
	{ "gate_user", WORD, offsetof(struct config, gate_user), 0, 0 },
	{ "hook_user", WORD, offsetof(struct config, hook_user), 0, 0 },
	{ "rotator_user", WORD, offsetof(struct config, rotator_user), 0, 0 },
	{ "hook_debounce", NUMBER, offsetof(struct config, hook_debounce), 0, 60000 },
	{ "runtime_root", ROOTS, 0, 0, 0 },
	{ "engine", SOCKETS, 0, 0, 0 },
};

#define NAMES (sizeof names / sizeof names[0])

/* In static storage, where what lies between the fields is zero too. */
static const struct config built_in = {
	.user = "tacit",
	.api_user = "tacit-api",
	.engine_user = "tacit-engine",
	.gate_user = "tacit-gate",
	.hook_user = "tacit-hook",
	.rotator_user = "tacit-rotator",
	.key_user = "tacit-key",
	.operators = "tacit",
	.key_file = TACIT_KEY_PATH,
	.credential = "tacit-key",
	.create_store = true,
	.anchor = TACIT_ANCHOR_PATH,
	.audit_dir = TACIT_AUDIT_DIR,
	.audit_file_size = 16384,
	.audit_keep = 64,
	.threads = 4,
	.keep_versions = 10,
	.hook_debounce = 2000,
	.resend = true,
	.log_level = LOG_LEVEL_INFO,
	.runtime_roots = {
		"/docker/ID",
		"/system.slice/docker-ID.scope",
		"/libpod_parent/libpod-ID",
		"/machine.slice/libpod-ID.scope",
	},
	.runtime_root_count = 4,
	.engines = { "/run/docker.sock", "/run/podman/podman.sock" },
	.engine_count = 2,
};

void config_defaults(struct config *config)
{
	memcpy(config, &built_in, sizeof built_in);
}

static const struct name *find_name(const char *word)
{
	for (size_t i = 0; i < NAMES; i++)
		if (!strcmp(names[i].name, word))
			return &names[i];
	return NULL;
}

static int set_text(char *field, size_t room, const char *value, struct err *err)
{
	if (strlen(value) >= room)
		return err_set(err, TACIT_INVALID, "at most %zu bytes", room - 1);
	snprintf(field, room, "%s", value);
	return 0;
}

static int set_number(
	unsigned int *field, const struct name *name, const char *value, struct err *err)
{
	char *end;
	unsigned long number;

	errno = 0;
	number = strtoul(value, &end, 10);
	if (errno || *end || value[0] < '0' || value[0] > '9' || number < name->lowest ||
		number > name->highest)
		return err_set(
			err, TACIT_INVALID, "a number from %u to %u", name->lowest, name->highest);
	*field = (unsigned int)number;
	return 0;
}

static int set_switch(bool *field, const char *value, struct err *err)
{
	if (strcmp(value, "yes") && strcmp(value, "no"))
		return err_set(err, TACIT_INVALID, "yes or no");
	*field = !strcmp(value, "yes");
	return 0;
}

/* A number of one of the words, in the order of an enum. */
static int find_choice(
	const char *const *words, size_t count, const char *value, int *choice, struct err *err)
{
	char list[ERR_TEXT_MAX] = "";

	for (size_t i = 0; i < count; i++) {
		if (!strcmp(value, words[i])) {
			*choice = (int)i;
			return 0;
		}
		snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s",
			!i              ? ""
			: i + 1 < count ? ", "
					: " or ",
			words[i]);
	}
	return err_set(err, TACIT_INVALID, "%s", list);
}

static int set_level(enum log_level *field, const char *value, struct err *err)
{
	static const char *const levels[] = { "error", "warning", "info", "debug" };
	int choice, status = find_choice(levels, 4, value, &choice, err);

	if (status == 0)
		*field = (enum log_level)choice;
	return status;
}

static int set_audit(bool *field, const char *value, struct err *err)
{
	static const char *const words[] = { "best-effort", "required" };
	int choice, status = find_choice(words, 2, value, &choice, err);

	if (status == 0)
		*field = choice;
	return status;
}

static int set_copy(enum config_copy *field, const char *value, struct err *err)
{
	static const char *const words[] = { "none", "syslog", "journald" };
	int choice, status = find_choice(words, 3, value, &choice, err);

	if (status == 0)
		*field = (enum config_copy)choice;
	return status;
}

static int set_path(char *field, const struct name *name, const char *value, struct err *err)
{
	bool none = name->kind == PATH_OR_NONE && !strcmp(value, "none");

	if (value[0] != '/' && !none)
		return err_set(err, TACIT_INVALID, "an absolute path%s",
			name->kind == PATH_OR_NONE ? ", or none" : "");
	return set_text(field, CONFIG_PATH_MAX, value, err);
}

static int add_root(struct config *config, const char *value, bool first, struct err *err)
{
	const char *id = strstr(value, "ID");

	if (first)
		config->runtime_root_count = 0;
	if (value[0] != '/' || !id || strstr(id + 1, "ID") || strchr(id, '/'))
		return err_set(err, TACIT_INVALID,
			"a cgroup path that begins with '/' and has ID once, in its last part");
	if (config->runtime_root_count == CONFIG_ROOTS_MAX)
		return err_set(err, TACIT_INVALID, "at most %d of them", CONFIG_ROOTS_MAX);
	return set_text(
		config->runtime_roots[config->runtime_root_count++], CONFIG_ROOT_MAX, value, err);
}

static int add_engine(struct config *config, const char *value, bool first, struct err *err)
{
	bool none = !strcmp(value, "none");

	if (first)
		config->engine_count = 0;
	if (!first && (none || !config->engine_count))
		return err_set(err, TACIT_INVALID, "'none' alone, or sockets");
	if (none)
		return 0;
	if (value[0] != '/')
		return err_set(err, TACIT_INVALID, "the path of an engine's socket, or none");
	if (config->engine_count == CONFIG_ENGINES_MAX)
		return err_set(err, TACIT_INVALID, "at most %d of them", CONFIG_ENGINES_MAX);
	return set_text(config->engines[config->engine_count++], CONFIG_ENGINE_MAX + 1, value, err);
}

static int set_value(struct config *config, const struct name *name, const char *value, bool first,
	struct err *err)
{
	void *field = (char *)config + name->offset;

	switch (name->kind) {
	case WORD:
		return set_text(field, CONFIG_WORD_MAX, value, err);
	case PATH:
	case PATH_OR_NONE:
		return set_path(field, name, value, err);
	case NUMBER:
		return set_number(field, name, value, err);
	case SWITCH:
		return set_switch(field, value, err);
	case LEVEL:
		return set_level(field, value, err);
	case AUDIT:
		return set_audit(field, value, err);
	case COPY:
		return set_copy(field, value, err);
	case ROOTS:
		return add_root(config, value, first, err);
	case SOCKETS:
		return add_engine(config, value, first, err);
	}
	return err_set(err, TACIT_INTERNAL, "kind of name");
}

static int parse_line(struct config *config, char *line, bool *seen, struct err *err)
{
	static const char blank[] = " \t\r";
	const struct name *name;
	char *word, *value, *rest;
	size_t index;

	line[strcspn(line, "#")] = '\0';
	word = strtok_r(line, blank, &rest);
	if (!word)
		return 0;
	name = find_name(word);
	if (!name)
		return err_set(err, TACIT_INVALID, "unknown name '%.40s'", word);
	value = strtok_r(NULL, blank, &rest);
	if (!value || strtok_r(NULL, blank, &rest))
		return err_set(err, TACIT_INVALID, "'%s' takes one value", name->name);
	index = (size_t)(name - names);
	if (seen[index] && name->kind != ROOTS && name->kind != SOCKETS)
		return err_set(err, TACIT_INVALID, "'%s' is given twice", name->name);
	if (set_value(config, name, value, !seen[index], err) < 0)
		return err_wrap(err, "'%s' takes", name->name);
	seen[index] = true;
	return 0;
}

int config_parse(struct config *config, const char *text, size_t length, struct err *err)
{
	bool seen[NAMES] = { false };
	struct config parsed;
	const char *at = text, *end = text + length;

	config_defaults(&parsed);
	for (unsigned int number = 1; at < end; number++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t size = (size_t)((newline ? newline : end) - at);
		char line[LINE_MAX_BYTES];

		if (size >= sizeof line || memchr(at, '\0', size))
			return err_set(
				err, TACIT_INVALID, "line %u: too long, or not text", number);
		memcpy(line, at, size);
		line[size] = '\0';
		if (parse_line(&parsed, line, seen, err) < 0)
			return err_wrap(err, "line %u", number);
		at += size + 1;
	}
	memcpy(config, &parsed, sizeof parsed);
	return 0;
}

int config_read(struct config *config, const char *root, struct err *err)
{
	static char text[CONFIG_FILE_MAX];
	char path[PATH_FULL_MAX];
	size_t length = 0;
	int status;

	path_below(root, TACIT_CONFIG_PATH, path);
	status = file_read(path, text, sizeof text, &length, err);
	if (status == -TACIT_NOT_FOUND)
		length = 0;
	else if (status < 0)
		return err_wrap(err, "configuration");
	if (config_parse(config, text, length, err) < 0)
		return err_wrap(err, "%s", path);
	return 0;
}
