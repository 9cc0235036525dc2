/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/template.h"

#include <string.h>

#include "cli/bundle.h"
#include "cli/secret_send.h"
#include "cli/transfer.h"

/* "create-template:" and the longest name. */
#define CONTEXT_MAX (24 + TACIT_SECRET_NAME_MAX + 1)

bool template_is_meant(const struct session *session)
{
	return session->invocation->values[OPTION_TEMPLATE];
}

int template_check(const struct session *session, struct err *err)
{
	static const enum option others[] = { OPTION_GENERATE, OPTION_ALPHABET, OPTION_EVERY,
		OPTION_ROTATOR };
	const struct invocation *invocation = session->invocation;

	if (!template_is_meant(session))
		return 0;
	if (bundle_is_meant(invocation->words[0]))
		return err_set(err, TACIT_INVALID,
			"option '--template' is of one secret: no bundle is made by one");
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		if (invocation->values[others[i]])
			return err_set(err, TACIT_INVALID,
				"a template's value is made of other secrets: '--%s' goes with "
				"those",
				option_table[others[i]].name);
	return 0;
}

static int take_text(const struct session *session, struct value *text, struct err *err)
{
	const struct value_source source = {
		.file = session->invocation->values[OPTION_TEMPLATE],
		.keep_newline = session->invocation->values[OPTION_KEEP_NEWLINE],
	};
	int status = bundle_check_one(session->invocation->words[0], err);

	if (!status)
		status = value_take(&source, text, err);
	if (!status && text->trimmed)
		secret_note_newline(session);
	return status;
}

static int send_text(struct session *session, const char *verb, const char *segment,
	const struct value *text, json_t **secret, struct err *err)
{
	const char *name = session->invocation->words[0];
	char path[CLIENT_PATH_MAX], context[CONTEXT_MAX];
	int status = client_path(path, err, "secrets", name, segment, NULL);

	snprintf(context, sizeof context, "%s-template:%s", verb, name);
	if (!status)
		status = client_query(path, "template", "1", err);
	if (!status)
		status = secret_add_overlap(session, path, err);
	return status ? status
		      : transfer_send(
				session, path, context, text->bytes, text->length, secret, err);
}

int template_send(struct session *session, const char *verb, const char *segment, json_t **secret,
	struct err *err)
{
	struct value text = { 0 };
	int status;

	if (session->invocation->count > 1)
		return err_set(err, TACIT_INVALID,
			"a FILE and '--template' are two values; give one of them");
	status = take_text(session, &text, err);
	if (!status)
		status = send_text(session, verb, segment, &text, secret, err);
	value_free(&text);
	return status;
}

/* One that is there already is given the text. */
static int create_or_replace(struct session *session, const struct value *text, struct err *err)
{
	const char *name = session->invocation->words[0];
	_json_ json_t *secret = NULL;
	int status = send_text(session, "create", NULL, text, &secret, err);

	if (!status)
		session_note(session, "created %s, which the template makes", name);
	if (status != -TACIT_EXISTS)
		return status;
	status = send_text(session, "rotate", "versions", text, &secret, err);
	if (!status)
		session_note(session, "%s is made by this template from now on (version %llu)",
			name, member_number(secret, "version"));
	return status == -TACIT_EXISTS ? 0 : status;
}

int template_ensure(struct session *session, struct err *err)
{
	struct value text = { 0 };
	int status;

	if (!template_is_meant(session))
		return 0;
	status = template_check(session, err);
	if (!status)
		status = take_text(session, &text, err);
	if (!status)
		status = create_or_replace(session, &text, err);
	value_free(&text);
	return status;
}

void template_line(const json_t *secret, char text[TEMPLATE_LINE_MAX])
{
	const json_t *name, *names = json_object_get(secret, "template");
	size_t i, used = 0;

	text[0] = '\0';
	json_array_foreach (names, i, name) {
		const char *word = json_is_string(name) ? json_string_value(name) : "";

		if (used + strlen(word) + sizeof "template of , ..." > TEMPLATE_LINE_MAX) {
			snprintf(text + used, TEMPLATE_LINE_MAX - used, "%s...",
				i ? ", " : "template of ");
			return;
		}
		used += (size_t)snprintf(text + used, TEMPLATE_LINE_MAX - used, "%s%s",
			i ? ", " : "template of ", word);
	}
}
