/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/snippet.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include <tacit/api.h>

#include "base/names.h"
#include "base/paths.h"
#include "cli/report.h"

#define SCALAR_MAX (2 * PATH_FULL_MAX + TACIT_CONSUMER_NAME_MAX + 3)

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
static const char digits[] = "0123456789";

void snippet_variable(const char *file, char *name)
{
	if (strchr(digits, file[0]))
		*name++ = '_';
	for (; *file; file++) {
		bool lower = *file >= 'a' && *file <= 'z';
		bool kept = strchr(letters, *file) || strchr(digits, *file);

		*name++ = lower ? (char)(*file - 'a' + 'A') : kept ? *file : '_';
	}
	strcpy(name, "_FILE");
}

/* A ':' within a word that begins with '/' is a letter to every parser. */
static bool plain_scalar(const char *word)
{
	const char *others = word[0] == '/' ? "/._-:" : "/._-";
	static const char *const meant[] = { "y", "n", "yes", "no", "on", "off", "true", "false",
		"null" };

	for (size_t i = 0; i < sizeof meant / sizeof meant[0]; i++)
		if (!strcasecmp(word, meant[i]))
			return false;
	if (word[0] != '/' && (!word[0] || !strchr(letters, word[0])))
		return false;
	for (; *word; word++)
		if (!strchr(letters, *word) && !strchr(digits, *word) && !strchr(others, *word))
			return false;
	return word[-1] != ':';
}

void snippet_yaml(const char *word, char *text, size_t room)
{
	size_t used = 0;
	bool quoted = !plain_scalar(word);

	if (quoted)
		text[used++] = '"';
	for (; *word && used + 4 < room; word++) {
		if (quoted && strchr("\"\\", *word))
			text[used++] = '\\';
		text[used++] = *word;
	}
	if (quoted)
		text[used++] = '"';
	text[used] = '\0';
	report_clean(text);
}

static void print_compose(const char *service, const char *file, const char *path, FILE *to)
{
	char variable[TACIT_FILE_NAME_MAX + 7];
	char service_key[SCALAR_MAX], file_key[SCALAR_MAX], source[SCALAR_MAX];

	snippet_variable(file, variable);
	snippet_yaml(service, service_key, sizeof service_key);
	snippet_yaml(file, file_key, sizeof file_key);
	snippet_yaml(path, source, sizeof source);
	fprintf(to,
		"\n"
		"services:\n"
		"  %s:\n"
		"    environment:\n"
		"      %s: /run/secrets/%s\n"
		"    secrets:\n"
		"      - %s\n"
		"secrets:\n"
		"  %s:\n"
		"    file: %s\n",
		service_key, variable, file, file_key, file_key, source);
}

/* A folder is mounted whole: its files change together. */
static void print_folder(
	enum consumer_kind kind, const char *service, const char *file, const char *path, FILE *to)
{
	const char *end = name_folder_end(file);
	int length = (int)(end - file), below = (int)strlen(end);
	int above = (int)strlen(path) - below;
	char mount[2 * PATH_FULL_MAX], scalar[2 * sizeof mount], key[SCALAR_MAX];

	snprintf(mount, sizeof mount, "%.*s:/run/secrets/%.*s:ro", above > 0 ? above : 0, path,
		length, file);
	snippet_yaml(service, key, sizeof key);
	snippet_yaml(mount, scalar, sizeof scalar);
	if (kind == CONSUMER_COMPOSE)
		fprintf(to,
			"\n"
			"services:\n"
			"  %s:\n"
			"    volumes:\n"
			"      - %s\n",
			key, scalar);
	else if (kind == CONSUMER_CONTAINER)
		fprintf(to, "\n  -v %s\n", mount);
	else
		fprintf(to, "\n  %.*s\n", above > 0 ? above : 0, path);
}

void snippet_print(const char *consumer, const char *file, const char *path, const char *secret,
	const char *limits, FILE *to)
{
	enum consumer_kind kind = consumer_kind_of_word(consumer, strcspn(consumer, "/"));
	const char *last = strrchr(consumer, '/');
	char variable[TACIT_FILE_NAME_MAX + 7];

	if (strlen(file) > TACIT_FILE_NAME_MAX || !last)
		return;
	fprintf(to, "%s now reads %s%s%s%s\n", consumer, secret, *limits ? " (" : "", limits,
		*limits ? ")" : "");
	if (name_folder_end(file)) {
		print_folder(kind, last + 1, file, path, to);
		return;
	}
	snippet_variable(file, variable);
	if (kind == CONSUMER_COMPOSE)
		print_compose(last + 1, file, path, to);
	else if (kind == CONSUMER_CONTAINER)
		fprintf(to, "\n  -v %s:/run/secrets/%s:ro -e %s=/run/secrets/%s\n", path, file,
			variable, file);
	else
		fprintf(to, "\n  %s=%s\n", variable, path);
}
