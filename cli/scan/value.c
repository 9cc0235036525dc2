/* SPDX-License-Identifier: Apache-2.0 */
/* What a value is by its form alone: a table of forms each, the first that fits decides. */
#include <string.h>

#include "internal.h"

static const char *const switches[] = { "true", "false", "yes", "no", "on", "off", "none", "null",
	"nil", "~", "undefined", "enabled", "disabled", "enable", "disable", "required", "optional",
	"auto", "default", "unset", "env", "stdin", "prompt", "[]", "{}", "\"\"", "''" };

/* Where somebody else keeps it, or the text is a template of the value. */
static const char *const reference_begins[] = { "{{", "{%", "<%", "#{", "%(", "$(", "`", "op://",
	"ref+", "secretref:", "arn:aws:", "vault:", "bws:", "awssm:", "gcpsm:", "ssm:", "env:",
	"file:", "@Microsoft.KeyVault(", "sm://", "berglas://", "valueFrom",
	"keyring:", "doppler:", "projects/", "infisical:", "akv:", "!vault",
	"secret:", "cmd:", "base64:{{" };

static const char *const sealed_begins[] = { "ENC[", "ENC(", "encrypted:", "$ANSIBLE_VAULT;",
	"$2a$", "$2b$", "$2y$", "$$2a$$", "$$2b$$", "$$2y$$", "$argon2", "$$argon2", "$apr1$",
	"$$apr1$$", "$1$", "$5$", "$6$", "$$6$$", "$y$", "{SHA}", "{SSHA}", "{CRYPT}", "pbkdf2",
	"scrypt:", "-----BEGIN PUBLIC KEY", "-----BEGIN CERTIFICATE", "-----BEGIN PGP MESSAGE",
	"-----BEGIN PGP PUBLIC", "-----BEGIN RSA PUBLIC", "ssh-rsa ", "ssh-ed25519 ", "ecdsa-sha2-",
	"sk-ssh-", "age1", "SHA256:", "sha256:", "sha512:" };

static const char *const sample_words[] = { "your_", "your-", "your.", "your ", "yourpass",
	"yoursecret", "yourtoken", "yourkey", "yourapi", "my_secret_here", "replace_", "replace-",
	"replaceme", "replace this", "replacethis", "placeholder", "redacted", "fill_", "fill-in",
	"fillme", "insert_", "insert-", "inserthere", "_here", "-here", "goes here", "todo",
	"fixme", "xxxx", "****", "....", "____", "set_me", "setme", "set-me", "enter_", "enter-",
	"dummy", "put_your", "<password>", "<secret>", "<token>", "example.com", "EXAMPLEKEY",
	"abcdefghijkl", "0123456789abcdef", "not-a-real", "notarealkey", "not_a_real", "fake_",
	"fake-", "sample_", "sample-" };

static bool begins_with_any(struct span value, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (span_begins(value, words[i]))
			return true;
	return false;
}

#define BEGINS_WITH_ANY(value, list) begins_with_any(value, list, sizeof(list) / sizeof *(list))

static bool is_switch(struct span value)
{
	for (size_t i = 0; i < sizeof switches / sizeof *switches; i++)
		if (span_is(value, switches[i]))
			return true;
	return false;
}

bool value_is_sample(struct span value)
{
	for (size_t i = 0; i < sizeof sample_words / sizeof *sample_words; i++)
		if (span_has(value, sample_words[i]))
			return true;
	return false;
}

/* One byte again and again, whatever divides it. */
static bool is_filler(struct span value)
{
	for (size_t i = 1; i < value.length; i++)
		if (value.at[i] != value.at[0])
			return false;
	return value.length > 2;
}

static bool is_bracketed(struct span value)
{
	static const char pairs[] = "<>[]%%@@";

	for (const char *pair = pairs; *pair && value.length > 2; pair += 2)
		if (value.at[0] == pair[0] && value.at[value.length - 1] == pair[1])
			return true;
	return value.length > 4 && span_begins(value, "__") && span_ends(value, "__");
}

/* Capitals with underscores between them: the name of another variable. */
static bool is_variable_name(struct span value)
{
	bool divided = false;

	for (size_t i = 0; i < value.length; i++) {
		if (value.at[i] == '_')
			divided = true;
		else if (value.at[i] < 'A' || value.at[i] > 'Z')
			return false;
	}
	return divided;
}

/* "${NAME}", "$NAME", and as compose escapes them "$$NAME". */
static bool is_interpolation(struct span value)
{
	size_t at = span_begins(value, "$$") ? 2 : 1, from = at;

	if (value.length < at + 1 || value.at[0] != '$')
		return false;
	if (value.at[at] == '{')
		return memchr(value.at, '}', value.length) != NULL;
	while (at < value.length && byte_in_name(value.at[at]))
		at++;
	return at == value.length && (value.at[from] < '0' || value.at[from] > '9');
}

static bool is_path(struct span value)
{
	static const char *const endings[] = { ".pem", ".key", ".crt", ".cer", ".json", ".txt",
		".yml", ".yaml", ".p12", ".pfx", ".jks", ".env", ".conf", ".ini", ".pub", ".gpg",
		".asc", ".keystore", ".toml", ".secret", ".p8" };

	if (span_begins(value, "./") || span_begins(value, "../") || span_begins(value, "~/") ||
		span_begins(value, "C:\\") || span_begins(value, "unix:"))
		return true;
	if (value.length && value.at[0] == '/')
		return value.length < 2 || !value_is_random(value, 16);
	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
		if (value.length > strlen(endings[i]) && span_ends(value, endings[i]))
			return true;
	return false;
}

static bool is_address(struct span value)
{
	size_t at = 0;

	while (at < value.length &&
		(byte_in_name(value.at[at]) || value.at[at] == '+' || value.at[at] == '-'))
		at++;
	return at && span_begins(span_part(value, at, value.length), "://");
}

/* A sentence about the value. */
static bool is_prose(struct span value)
{
	static const char *const words[] = { " the ", " your ", "see ", " from " };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (span_has(value, words[i]))
			return true;
	return false;
}

enum value_class value_classify(struct span value)
{
	value = span_trim(value);
	if (value.length < 3 || is_switch(value))
		return VALUE_NOTHING;
	if (BEGINS_WITH_ANY(value, sealed_begins))
		return VALUE_SEALED;
	if (BEGINS_WITH_ANY(value, reference_begins) || is_interpolation(value) ||
		is_address(value) || is_path(value) || is_variable_name(value) ||
		span_has(value, "{{") || span_has(value, "@sha256:"))
		return VALUE_REFERENCE;
	if (is_filler(value) || is_bracketed(value) || value_is_sample(value) || is_prose(value))
		return VALUE_PLACEHOLDER;
	return VALUE_OWN;
}

struct span value_default(struct span value)
{
	const char *mark;
	size_t at;

	value = span_trim(value);
	if (!span_begins(value, "${") || !span_ends(value, "}"))
		return SPAN("");
	mark = memchr(value.at, '-', value.length);
	at = mark ? (size_t)(mark - value.at) + 1 : value.length;
	for (size_t i = 2; i + 1 < at; i++)
		if (!byte_in_name(value.at[i]) && !(value.at[i] == ':' && i + 2 == at))
			return SPAN("");
	return at < value.length ? span_part(value, at, value.length - 1) : SPAN("");
}
