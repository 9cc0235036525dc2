/* SPDX-License-Identifier: Apache-2.0 */
/* What keys of compose files and of Kubernetes' objects mean. */
#include <string.h>

#include "yaml.h"

#define DECODED_MAX 4096 /* bytes of one value of a Secret that are decoded */

/* Below these a key that sounds like a secret's is a name, or about one. */
static const char *const unjudged[] = { "labels", "annotations", "matchLabels", "nodeSelector",
	"secretKeyRef", "configMapKeyRef", "secretRef", "valueFrom", "imagePullSecrets",
	"encryptedData", "external_links", "depends_on", "networks", "ports" };
/* Lists of words of a command. */
static const char *const commands[] = { "command", "args", "entrypoint", "test", "exec" };
/* Maps and lists of variables, where a value may be judged without its name. */
static const char *const environments[] = { "environment", "env", "args", "build_args", "envVars",
	"extraEnv", "extraEnvVars" };
/* Keys of a Secret that are not secret themselves. */
static const char *const open_keys[] = { "username", "user", "host", "hostname", "port", "database",
	"dbname", "db", "name", "type", "url", "endpoint", "region", "ca.crt", "tls.crt", "email",
	"namespace", "sslmode", "bucket", "login", "cert", "certificate" };

#define COUNT(list) (sizeof(list) / sizeof *(list))

static bool is_one_of(struct span key, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (span_is(key, list[i]))
			return true;
	return false;
}

static bool below_one_of(const struct yaml *yaml, const char *const *list, size_t count)
{
	for (size_t i = 0; i < yaml->depth; i++)
		if (is_one_of(yaml->level[i].key, list, count))
			return true;
	return false;
}

void yaml_new_document(struct yaml *yaml)
{
	yaml->depth = 0;
	yaml->secret_object = false;
	yaml->name = SPAN("");
	yaml->command = (struct command){ 0 };
}

static bool is_entry_of(const struct yaml *yaml, const char *map)
{
	return yaml->depth == 2 && span_is(yaml->level[0].key, map);
}

/* The judges see which service it is, and whether the place is one of variables. */
static void prepare(struct yaml *yaml)
{
	bool services = yaml->depth > 1 && span_is(yaml->level[0].key, "services");

	yaml->pass->service =
		yaml->kind == SCAN_COMPOSE && services ? yaml->level[1].key : SPAN("");
	yaml->pass->no_entropy = !below_one_of(yaml, environments, COUNT(environments)) &&
				 !is_entry_of(yaml, "data") && !is_entry_of(yaml, "stringData");
}

bool yaml_is_command(struct span key)
{
	return is_one_of(key, commands, COUNT(commands));
}

/* The name of an object that holds the secret: "db-credentials"; of a key in it, any word. */
static bool is_object_name(struct span name, struct span value)
{
	bool dash = span_ends(name, "key");

	if (!dash && !span_ends(name, "secret") && !span_ends(name, "credentials") &&
		!span_ends(name, "token"))
		return false;
	for (size_t i = 0; i < value.length; i++) {
		char byte = value.at[i];

		dash |= byte == '-';
		if (!(byte >= 'a' && byte <= 'z') && !(byte >= '0' && byte <= '9') && byte != '-' &&
			byte != '.')
			return false;
	}
	return dash && !value_is_random(value, 16);
}

static void assign(struct yaml *yaml, struct span name, struct span value)
{
	if (below_one_of(yaml, unjudged, COUNT(unjudged)))
		return;
	if (yaml->kind == SCAN_KUBERNETES && yaml->pass->no_entropy && is_object_name(name, value))
		return;
	pass_assignment(yaml->pass, name, value, value);
}

static int sextet(char byte)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *found = byte ? strchr(digits, byte) : NULL;

	return found ? (int)(found - digits) : -1;
}

/* Into `out`, which has room for three quarters of it; 0: it is no base64. */
static size_t decode(struct span text, char *out)
{
	unsigned int bits = 0, held = 0;
	size_t length = 0;

	while (text.length && text.at[text.length - 1] == '=')
		text.length--;
	for (size_t i = 0; i < text.length; i++) {
		int value = sextet(text.at[i]);

		if (value < 0)
			return 0;
		held = held << 6 | (unsigned int)value;
		bits += 6;
		if (bits >= 8)
			out[length++] = (char)(held >> (bits -= 8));
		held &= (1u << bits) - 1;
	}
	return length;
}

/* A value of a Secret is one, unless its key says that it is the name or the place of something. */
static void secret_entry(struct yaml *yaml, struct span key, struct span value, bool encoded)
{
	char decoded[DECODED_MAX];
	struct span plain = value;
	const struct scan_stored *stored;

	if (!encoded && pass_address(yaml->pass, key, value, value))
		return;
	if (value.length > DECODED_MAX || value_classify(value) == VALUE_REFERENCE)
		return;
	if (encoded)
		plain = (struct span){ decoded, decode(value, decoded) };
	stored = stored_at(yaml->pass->scanner, plain);
	if (stored)
		pass_hit(yaml->pass, SCAN_RULE_STORED, span_of(stored->name), value, plain);
	else if (!is_one_of(key, open_keys, COUNT(open_keys)) && plain.length &&
		 value_classify(plain) == VALUE_OWN &&
		 !(yaml->pass->example && !value_is_random(plain, 16)))
		pass_hit(yaml->pass, SCAN_RULE_NAME, key, value, plain);
	explicit_bzero(decoded, sizeof decoded);
}

void yaml_pair(struct yaml *yaml, struct span key, struct span value)
{
	prepare(yaml);
	if (yaml->kind == SCAN_KUBERNETES && yaml->depth == 1 && span_is(key, "kind")) {
		yaml->secret_object = span_is(value, "Secret");
		return;
	}
	if (span_is(key, "name"))
		yaml->name = value;
	if (yaml->secret_object && is_entry_of(yaml, "data"))
		secret_entry(yaml, key, value, true);
	else if (yaml->secret_object && is_entry_of(yaml, "stringData"))
		secret_entry(yaml, key, value, false);
	else if (span_is(key, "value") && yaml->name.length)
		assign(yaml, yaml->name, value);
	else if (yaml_is_command(key))
		pass_command(yaml->pass, value);
	else
		assign(yaml, key, value);
}

/* Of `command:` the words one by one, of others NAME=VALUE. */
void yaml_item(struct yaml *yaml, struct span value)
{
	const char *equals = memchr(value.at, '=', value.length);
	struct span name;

	prepare(yaml);
	if (!yaml_is_command(yaml_above(yaml, 0))) {
		if (!equals || memchr(value.at, ' ', (size_t)(equals - value.at)))
			return;
		name = span_part(value, 0, (size_t)(equals - value.at));
		value = span_part(value, name.length + 1, value.length);
		assign(yaml, name, span_unquote(value));
	} else if (memchr(value.at, ' ', value.length)) {
		pass_command(yaml->pass, value);
	} else {
		pass_word(yaml->pass, &yaml->command, value);
	}
}

/* "gitlab_rails['smtp_password']": the last of the brackets says what it is. */
static struct span assigned_name(struct span text)
{
	const char *bracket;

	text = span_trim(text);
	bracket = text.length ? memrchr(text.at, '[', text.length) : NULL;
	if (bracket && span_ends(text, "]"))
		text = span_part(text, (size_t)(bracket - text.at) + 1, text.length - 1);
	text = span_unquote(text);
	for (size_t i = 0; i < text.length; i++)
		if (!byte_in_name(text.at[i]) && text.at[i] != '.' && text.at[i] != '-')
			return SPAN("");
	return text;
}

/* A file or a script within the file: what a line of it assigns. */
void yaml_block_line(struct yaml *yaml, struct span line)
{
	struct span name;
	const char *divides;

	prepare(yaml);
	if (yaml_is_command(yaml_above(yaml, 0))) {
		pass_command(yaml->pass, line);
		return;
	}
	pass_urls(yaml->pass, line);
	if (name_classify(yaml_above(yaml, 0)) == NAME_SECRET) {
		assign(yaml, yaml_above(yaml, 0), line);
		return;
	}
	divides = memchr(line.at, '=', line.length);
	if (!divides)
		divides = memmem(line.at, line.length, ": ", 2);
	if (!divides || span_begins(line, "#"))
		return;
	name = assigned_name(span_part(line, 0, (size_t)(divides - line.at)));
	line = span_unquote(
		span_trim(span_part(line, (size_t)(divides - line.at) + 1, line.length)));
	if (name.length)
		assign(yaml, name, line);
}
