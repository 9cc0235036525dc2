/* SPDX-License-Identifier: Apache-2.0 */
/* May they? What an OPEN would be answered, and which rule decides. */
#include <stdio.h>
#include <string.h>

#include "core/control/call.h"

struct rules {
	const struct consumer *consumer;
	bool known;
	bool holds[BINDING_RULES_MAX];
};

static void try_rules(void *arg, const struct container_facts *facts, enum container_state state)
{
	struct rules *rules = arg;

	(void)state;
	rules->known = true;
	for (uint32_t i = 0; rules->consumer && i < rules->consumer->record.rule_count; i++)
		rules->holds[i] = binding_holds(rules->consumer->record.rules[i], facts);
}

static void put_rules(struct pack *doc, const struct rules *rules)
{
	doc_open(doc, "rules", DOC_LIST);
	for (uint32_t i = 0; rules->consumer && i < rules->consumer->record.rule_count; i++) {
		doc_open(doc, NULL, DOC_OBJECT);
		doc_text(doc, "rule", rules->consumer->record.rules[i]);
		if (rules->known)
			doc_bool(doc, "holds", rules->holds[i]);
		else
			doc_none(doc, "holds");
		doc_close(doc);
	}
	doc_close(doc);
}

static void put_answer(struct call *call, const char *file, const struct policy_answer *answer,
	const char *reader, const struct rules *rules)
{
	struct pack *doc = &call->reply;

	doc_open(doc, NULL, DOC_OBJECT);
	doc_bool(doc, "allowed", !answer->errnum);
	doc_text(doc, "rule", policy_rule_word(answer->rule));
	doc_text(doc, "reason", policy_rule_reason(answer->rule));
	doc_text(doc, "secret", call->request->secret);
	doc_text(doc, "consumer", call->request->consumer);
	doc_text(doc, "file", file);
	if (reader[0])
		doc_text(doc, "reader", reader);
	else
		doc_none(doc, "reader");
	put_rules(doc, rules);
	doc_close(doc);
}

/* Who is asked about; `id` is room for a container's. */
static int take_suspect(const struct call *call, struct server_suspect *suspect,
	char id[CONTAINER_ID_LENGTH + 1], struct err *err)
{
	const struct frame_request *request = call->request;

	*suspect = (struct server_suspect){ .pid = request->pid };
	if (request->pid < 0 || (request->pid && request->container[0]))
		return err_set(err, TACIT_INVALID, "say a process or a container");
	if (!request->container[0])
		return 0;
	if (!containers_find(call->core->containers, request->container, id))
		return err_set(err, TACIT_NOT_FOUND,
			"no engine has told of such a container, or there are several");
	suspect->container = id;
	return 0;
}

int call_grant_check(struct call *call, struct err *err)
{
	struct core *core = call->core;
	const struct frame_request *request = call->request;
	const struct node *directory = model_consumer(core->model, request->consumer);
	struct policy_answer answer = { RULE_NOT_GRANTED, 1 };
	struct rules rules = { .consumer = directory ? directory->consumer : NULL };
	const char *file = request->file[0] ? request->file : name_default_file(request->secret);
	char id[CONTAINER_ID_LENGTH + 1] = "", user[VAULT_USER_MAX + 1] = "";
	struct server_suspect suspect;
	struct grant *grant = NULL;
	struct reader reader;
	int status = take_suspect(call, &suspect, id, err);

	if (status < 0)
		return status;
	if (!model_secret(core->model, request->secret))
		return err_set(err, TACIT_NOT_FOUND, "there is no such secret");
	if (suspect.pid) {
		identity_find(core->identity, suspect.pid, &reader);
		memcpy(id, reader.id, sizeof id);
	}
	status = grant_find(call, &grant, err);
	if (status == -TACIT_INVALID)
		return status;
	if (status == 0) {
		file = grant->record.file;
		answer = server_check(core->server, grant->node, &suspect, user);
	}
	containers_visit(core->containers, id, try_rules, &rules);
	put_answer(call, file, &answer, user, &rules);
	return 0;
}
