/* SPDX-License-Identifier: Apache-2.0 */
/* A name and a value together. */
#include <string.h>

#include "internal.h"

#define KEY_LEAST 12       /* letters and digits in a row of a value whose name ends in KEY */
#define NAME_MAX_BYTES 256 /* of a variable or option: what is longer is text */
#define JUDGED_MAX 8192    /* bytes of a value: its beginning says what it is */
#define RANDOM_LEAST 16    /* of one whose name says nothing */
#define DEFAULT_MIN 10 /* bytes of `${NAME:-default}` that are more than a beginning to replace */

/* "3600", "24h": a number, a time. */
static bool is_number(struct span value)
{
	size_t at = 0;

	while (at < value.length && value.at[at] >= '0' && value.at[at] <= '9')
		at++;
	if (at && at + 1 == value.length && memchr("smhdwkMG", value.at[at], 8))
		return true;
	return at == value.length;
}

/* "neo4j/password", "admin:password": the part behind the name. */
static struct span login_password(struct span value)
{
	for (size_t i = 1; i + 1 < value.length; i++)
		if (value.at[i] == ':' || value.at[i] == '/')
			return span_part(value, i + 1, value.length);
	return SPAN("");
}

static bool has_letter_and_digit(struct span value)
{
	bool letter = false, digit = false;

	for (size_t i = 0; i < value.length; i++) {
		digit |= value.at[i] >= '0' && value.at[i] <= '9';
		letter |= (value.at[i] | 32) >= 'a' && (value.at[i] | 32) <= 'z';
	}
	return letter && digit;
}

/* The rule that a literal value breaks under a name, or SCAN_RULES. */
static enum scan_rule judge(const struct pass *pass, struct span name, struct span value)
{
	enum name_class class = name_classify(name);

	if (value_classify(value) != VALUE_OWN || class == NAME_HARMLESS)
		return SCAN_RULES;
	if (value_is_random(value, RANDOM_LEAST))
		return class != NAME_PLAIN ? SCAN_RULE_NAME
		       : pass->no_entropy  ? SCAN_RULES
					   : SCAN_RULE_ENTROPY;
	if (pass->example)
		return SCAN_RULES;
	if (class == NAME_LOGIN)
		return value_classify(login_password(value)) == VALUE_OWN ? SCAN_RULE_NAME
									  : SCAN_RULES;
	if (class == NAME_KEY)
		return value_is_random(value, KEY_LEAST) ? SCAN_RULE_NAME : SCAN_RULES;
	if (class != NAME_SECRET || (is_number(value) && !name_takes_digits(name)))
		return SCAN_RULES;
	return SCAN_RULE_NAME;
}

/* Passwords of addresses: as much as the text itself is one. */
bool pass_address(struct pass *pass, struct span name, struct span value, struct span where)
{
	struct span password;
	size_t end;

	password = url_password(value, 0, &end);
	if (!password.length)
		password = pair_password(value);
	if (value_classify(password) != VALUE_OWN ||
		(pass->example && !value_is_random(password, KEY_LEAST)))
		return false;
	if (value.at == where.at)
		where = password;
	pass_hit(pass, SCAN_RULE_URL, name, where, password);
	return true;
}

void pass_assignment(struct pass *pass, struct span name, struct span value, struct span where)
{
	struct span inner = value_default(value);
	const struct scan_stored *stored;
	enum scan_rule rule;

	if (name.length > NAME_MAX_BYTES)
		return;
	value = span_trim(value);
	if (inner.length) {
		if (inner.length < DEFAULT_MIN || !has_letter_and_digit(inner))
			return;
		if (value.at == where.at)
			where = inner;
		value = inner;
	}
	stored = stored_at(pass->scanner, value);
	if (stored) {
		pass_hit(pass, SCAN_RULE_STORED, span_of(stored->name), where,
			span_part(value, 0, stored->size));
		return;
	}
	if (value.length > JUDGED_MAX)
		value.length = JUDGED_MAX;
	if (pass_address(pass, name, value, where))
		return;
	rule = judge(pass, name, value);
	if (rule != SCAN_RULES)
		pass_hit(pass, rule, name, where, value);
}

void pass_urls(struct pass *pass, struct span part)
{
	struct span password;
	size_t end = 0;

	while ((password = url_password(part, end, &end)).length)
		if (value_classify(password) == VALUE_OWN &&
			(!pass->example || value_is_random(password, KEY_LEAST)))
			pass_hit(pass, SCAN_RULE_URL, SPAN("url"), password, password);
}
