/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs about runs: processes of the host that are a consumer because root says so. They know them
 * by an id, and by the control group of that name, which only root can have made. */
#include <stdio.h>
#include <string.h>

#include "core/control/call.h"

/* Whether there is anything to read, and nothing that a run could not be. */
static int check_consumer(const struct node *directory, struct err *err)
{
	struct grant_place place = { 0 };

	if (!directory || !node_next_grant(directory, &place))
		return err_set(err, TACIT_NOT_FOUND, "nothing is granted to this consumer");
	if (directory->consumer && directory->consumer->record.rule_count)
		return err_set(err, TACIT_DENIED,
			"the consumer is bound to rules, which hold of containers and of no run; "
			"grant to another consumer, or take them away with 'tacit consumer "
			"unbind'");
	return 0;
}

int call_run_begin(struct call *call, struct err *err)
{
	const struct frame_request *request = call->request;
	struct core *core = call->core;
	struct containers_run run = { .runner = request->pid };
	int status;

	if (request->operator_uid)
		return err_set(err, TACIT_DENIED, "only root begins a run");
	if (!container_id_ok(request->container))
		return err_set(err, TACIT_INVALID, "not the id of a run");
	status = check_consumer(model_consumer(core->model, request->consumer), err);
	if (status < 0)
		return status;
	memcpy(run.id, request->container, sizeof run.id);
	memcpy(run.consumer, request->consumer, sizeof run.consumer);
	status = containers_run_begin(core->containers, &run, err);
	if (status < 0)
		return status;
	/* Before anybody relies on it: the next core is to know it, too. */
	keep_containers(core);
	doc_open(&call->reply, NULL, DOC_OBJECT);
	doc_text(&call->reply, "run", run.id);
	doc_text(&call->reply, "consumer", run.consumer);
	doc_put_path(&call->reply, core, run.consumer);
	doc_close(&call->reply);
	return 0;
}

int call_run_end(struct call *call, struct err *err)
{
	const char *id = call->request->container;

	if (!containers_run_end(call->core->containers, id))
		return err_set(err, TACIT_NOT_FOUND, "there is no such run");
	doc_open(&call->reply, NULL, DOC_OBJECT);
	doc_text(&call->reply, "ended", id);
	doc_close(&call->reply);
	return 0;
}
