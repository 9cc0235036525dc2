/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rules.h"

#include <string.h>

#include "api/fields.h"
#include "base/access.h"

/* A rule of this consumer is what the access file says of it. */
static int check_rule(const struct frame_request *request, const char *rule, struct err *err)
{
	struct access_statement bind = { .kind = ACCESS_BIND };

	if (request->verb != VERB_CONSUMER_BIND)
		return binding_check(rule, err);
	memcpy(bind.consumer, request->consumer, sizeof bind.consumer);
	memcpy(bind.rule, rule, sizeof bind.rule);
	return access_check(&bind, err);
}

static int take_rule(struct frame_request *request, const json_t *value, struct err *err)
{
	char *rule = request->rules[request->rule_count];

	if (!json_is_string(value))
		return err_set(err, TACIT_INVALID, "a rule is text");
	if (json_string_length(value) > BINDING_TEXT_MAX)
		return err_set(err, TACIT_INVALID, "a rule has at most %d bytes", BINDING_TEXT_MAX);
	memcpy(rule, json_string_value(value), json_string_length(value) + 1);
	if (check_rule(request, rule, err) < 0)
		return -TACIT_INVALID;
	for (uint32_t i = 0; i < request->rule_count; i++)
		if (!strcmp(request->rules[i], rule))
			return err_set(err, TACIT_INVALID, "a rule is given twice");
	request->rule_count++;
	return 0;
}

static int take_rules(struct frame_request *request, const json_t *value, struct err *err)
{
	size_t count = json_array_size(value);

	if (count > BINDING_RULES_MAX)
		return err_set(
			err, TACIT_INVALID, "a consumer has at most %d rules", BINDING_RULES_MAX);
	if (!count && request->verb == VERB_CONSUMER_BIND)
		return err_set(err, TACIT_INVALID, "\"rules\" has at least one rule");
	for (size_t i = 0; i < count; i++)
		if (take_rule(request, json_array_get(value, i), err) < 0)
			return -TACIT_INVALID;
	return 0;
}

static const struct field fields[] = {
	{ "consumer", FIELD_TEXT, true, fields_consumer, false },
	{ "rules", FIELD_LIST, true, take_rules, false },
};

int rules_parse(const char *text, size_t length, struct frame_request *request, struct err *err)
{
	return fields_take(
		text, length, fields, sizeof fields / sizeof fields[0], "binding", request, err);
}
