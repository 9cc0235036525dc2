/* SPDX-License-Identifier: Apache-2.0 */
/* Dockerfiles: what ENV and ARG leave in the image and its history, key files that are copied, and
 * the words of commands. A line that goes on with a backslash belongs to the same instruction. */
#include <string.h>

#include "internal.h"

/* "NAME=VALUE NAME=VALUE", or of the old form "NAME the rest". */
static void take_env(struct pass *pass, struct span line, bool first)
{
	struct span word, name, value;
	const char *equals;

	while (span_word(&line, &word)) {
		equals = memchr(word.at, '=', word.length);
		if (!equals && !first)
			return;
		name = equals ? span_part(word, 0, (size_t)(equals - word.at)) : word;
		value = equals ? span_part(word, name.length + 1, word.length) : span_trim(line);
		value = span_unquote(value);
		pass_assignment(pass, name, value, value);
		if (!equals)
			return;
		first = false;
	}
}

static void take_arg(struct pass *pass, struct span line, bool first)
{
	(void)first;
	take_env(pass, line, false);
}

static void take_command(struct pass *pass, struct span line, bool first)
{
	(void)first;
	pass_command(pass, line);
}

/* Files that are secrets by their names: the whole last part of a path, or its end. */
static const char *const key_files[] = { "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", ".env",
	".npmrc", ".pypirc", ".netrc", ".git-credentials", ".pgpass", ".my.cnf", ".htpasswd",
	"kubeconfig", "credentials.json", "service-account.json", "serviceaccount.json",
	"secrets.yml", "secrets.yaml", "secrets.json", "master.key", "credentials", ".vault-token",
	".dockercfg", ".docker/config.json", ".env.production", ".env.prod", ".env.local" };
static const char *const key_endings[] = { ".key", ".p12", ".pfx", ".jks", ".keystore", ".ppk",
	".p8", ".kdbx", "key.pem", ".keytab" };

/* A .pem that is named for what is public. */
static const char *const public_pems[] = { "ca.", "ca-", "cert", "chain", "bundle", "dhparam",
	"root", "_ca", "-ca" };

static bool is_key_file(struct span path)
{
	struct span base = path;
	const char *slash = memrchr(path.at, '/', path.length);

	if (slash)
		base = span_part(path, (size_t)(slash - path.at) + 1, path.length);
	if (span_has(base, "public") || span_has(base, "example") || span_ends(base, ".pub"))
		return false;
	for (size_t i = 0; i < sizeof key_files / sizeof *key_files; i++)
		if (span_is(base, key_files[i]) ||
			(strchr(key_files[i] + 1, '/') && span_ends(path, key_files[i])))
			return true;
	for (size_t i = 0; i < sizeof key_endings / sizeof *key_endings; i++)
		if (span_ends(base, key_endings[i]))
			return true;
	for (size_t i = 0; i < sizeof public_pems / sizeof *public_pems; i++)
		if (span_has(base, public_pems[i]))
			return false;
	return span_ends(base, ".pem");
}

/* All words but the last are sources; options begin with dashes. */
static void take_copy(struct pass *pass, struct span line, bool first)
{
	struct span word, next;
	bool more = span_word(&line, &word);

	(void)first;
	while (more) {
		struct span file = span_trim(word);

		more = span_word(&line, &next);
		while (file.length && strchr("[]\",", file.at[0]))
			file = span_part(file, 1, file.length);
		while (file.length && strchr("[]\",", file.at[file.length - 1]))
			file.length--;
		if (more && !span_begins(file, "--") && is_key_file(file))
			pass_hit(pass, SCAN_RULE_COPIED, file, file, SPAN(""));
		word = next;
	}
}

static const struct {
	const char *word;
	void (*take)(struct pass *pass, struct span line, bool first);
} instructions[] = {
	{ "ENV", take_env },
	{ "ARG", take_arg },
	{ "COPY", take_copy },
	{ "ADD", take_copy },
	{ "RUN", take_command },
	{ "CMD", take_command },
	{ "ENTRYPOINT", take_command },
	{ "HEALTHCHECK", take_command },
};

static size_t instruction_of(struct span *line)
{
	size_t rows = sizeof instructions / sizeof *instructions;
	struct span rest = *line, word;

	if (!span_word(&rest, &word))
		return rows;
	for (size_t row = 0; row < rows; row++)
		if (span_is(word, instructions[row].word)) {
			*line = span_trim(rest);
			return row;
		}
	return rows;
}

void read_dockerfile(struct pass *pass)
{
	size_t rows = sizeof instructions / sizeof *instructions, row = rows;
	struct span rest = pass->text, line;
	bool goes_on = false;

	while (span_line(&rest, &line)) {
		bool first = !goes_on;

		line = span_trim(line);
		if (span_begins(line, "#") || (!line.length && goes_on))
			continue;
		if (first)
			row = instruction_of(&line);
		goes_on = span_ends(line, "\\") || span_ends(line, "`");
		if (goes_on)
			line.length--;
		if (row < rows)
			instructions[row].take(pass, span_trim(line), first);
	}
}
