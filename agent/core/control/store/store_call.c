/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs about whether the store is what it was. */
#include <stdio.h>

#include "core/control/store/store_place.h"
#include "core/store/verify.h"

/* Of a store that is all wrong nobody reads more; how many there are is said in any case. */
#define PROBLEMS_TOLD 1000

static const char *anchor_word(const struct vault_standing *standing)
{
	if (!standing->anchored)
		return "none";
	return standing->anchor_behind ? "behind" : "ok";
}

/* Why nothing can be changed, or NULL. */
static const char *read_only(
	const struct vault *vault, const struct vault_standing *standing, char text[ERR_TEXT_MAX])
{
	if (vault_refusal(vault)->code)
		return vault_refusal(vault)->text;
	if (!standing->damages)
		return NULL;
	snprintf(text, ERR_TEXT_MAX,
		"%zu record%s damaged: 'tacit store verify' names what is, 'tacit store accept' "
		"decides",
		standing->damages, standing->damages == 1 ? " is" : "s are");
	return text;
}

void doc_put_integrity(struct pack *doc, const struct core *core)
{
	struct vault_standing standing = { 0 };
	char text[ERR_TEXT_MAX];
	const char *why = NULL;

	if (core->vault) {
		vault_get_standing(core->vault, &standing);
		why = read_only(core->vault, &standing, text);
	}
	doc_open(doc, "integrity", DOC_OBJECT);
	doc_number(doc, "generation", standing.generation);
	doc_number(doc, "damages", standing.damages);
	doc_text(doc, "anchor", anchor_word(&standing));
	if (why)
		doc_text(doc, "read_only", why);
	else
		doc_none(doc, "read_only");
	doc_close(doc);
}

struct told {
	struct pack *doc;
	unsigned int count;
};

static int tell(void *arg, const struct verify_problem *problem, struct err *err)
{
	struct told *told = arg;

	(void)err;
	if (told->count++ < PROBLEMS_TOLD)
		doc_text(told->doc, NULL, problem->text);
	return 0;
}

int call_store_verify(struct call *call, struct err *err)
{
	struct pack *doc = &call->reply;
	struct told told = { .doc = doc };
	struct vault_standing standing;
	struct verify_result result;
	int status;

	doc_open(doc, NULL, DOC_OBJECT);
	doc_open(doc, "problems", DOC_LIST);
	status = vault_verify(call->core->vault, tell, &told, &result, err);
	if (status < 0)
		return status;
	doc_close(doc);
	vault_get_standing(call->core->vault, &standing);
	doc_number(doc, "problem_count", result.problems);
	doc_number(doc, "generation", result.generation);
	doc_number(doc, "records", result.records);
	doc_number(doc, "values", result.values);
	doc_text(doc, "anchor", anchor_word(&standing));
	doc_close(doc);
	return 0;
}

/* The rows that are damaged: dropped or adopted, and the rest read again. Open files end, because
 * what they show may have changed. */
static int accept_rows(struct core *core, enum vault_acceptance how, size_t *count, struct err *err)
{
	if (core->model->locked)
		return err_set(err, TACIT_LOCKED, "the agent is locked%s%s",
			core->failure.code ? ": " : "", core->failure.text);
	return store_accept(core, how, count, err);
}

/* The store is the one to go on with, whatever its anchor says. */
static int accept_rollback(struct core *core, size_t *count, struct err *err)
{
	struct err why;
	int status;

	*count = 1;
	if (!core->model->locked || core->failure.code != TACIT_STALE || !core->vault)
		return err_set(err, TACIT_INVALID,
			"the store is not refused because of its anchor: see tacit status");
	status = core_set_anchor(core, VAULT_ANCHOR_REPLACE, err);
	if (status < 0)
		return status;
	/* An earlier core may have been given the key, and then nobody need give it again. */
	status = core->keys->root_present ? core_resume(core, &why) : -TACIT_LOCKED;
	if (status == 0) {
		core->failure = (struct err){ 0 };
		touches_add_since(core, 0);
	} else {
		status = core_unlock(core, NULL, &why);
	}
	return status < 0 ? err_set(err, why.code,
				    "the store is accepted and still locked: %s; then 'tacit "
				    "unlock'",
				    why.text)
			  : 0;
}

int call_store_accept(struct call *call, struct err *err)
{
	struct core *core = call->core;
	struct vault_standing standing;
	size_t count = 0;
	int status;

	switch (call->request->accept) {
	case ACCEPT_DROP:
		status = accept_rows(core, VAULT_DROP, &count, err);
		break;
	case ACCEPT_ADOPT:
		status = accept_rows(core, VAULT_ADOPT, &count, err);
		break;
	case ACCEPT_ROLLBACK:
		status = accept_rollback(core, &count, err);
		break;
	default:
		return err_set(err, TACIT_INVALID, "say what to accept: drop, adopt or rollback");
	}
	if (status < 0)
		return status;
	vault_get_standing(core->vault, &standing);
	doc_open(&call->reply, NULL, DOC_OBJECT);
	doc_number(&call->reply, "generation", standing.generation);
	doc_number(&call->reply, "accepted", count);
	doc_close(&call->reply);
	return 0;
}
