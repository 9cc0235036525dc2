/* SPDX-License-Identifier: Apache-2.0 */
/* Which version each running container has opened, of a secret and of what is made of it: who still
 * has the old one. */
#include "core/control/call.h"

struct listing {
	struct call *call;
	const struct grant *grant;
};

static void put_reader(void *arg, const struct container_facts *facts, enum container_state state)
{
	const struct listing *listing = arg;
	const struct grant *grant = listing->grant;
	struct model *model = listing->call->core->model;
	struct pack *doc = &listing->call->reply;
	uint64_t version;

	if (state != CONTAINER_RUNNING || !server_is_consumer(node_consumer(grant->node), facts))
		return;
	/* Who has had all of its reads will open no other version. */
	if (grant->record.reads && grant_used(grant, facts->id) >= grant->record.reads)
		return;
	version = grant_version_of(model, grant, facts->id);
	doc_open(doc, NULL, DOC_OBJECT);
	doc_text(doc, "secret", grant->secret->record.name);
	doc_text(doc, "consumer", grant->record.consumer);
	doc_text(doc, "file", grant->record.file);
	doc_text(doc, "container", facts->id);
	doc_text(doc, "name", facts->name);
	if (version)
		doc_number(doc, "version", version);
	else
		doc_none(doc, "version");
	doc_bool(doc, "current", version == grant->secret->record.current);
	doc_close(doc);
}

/* Who can read what is current. */
static bool reads_current(const struct core *core, const struct grant *grant)
{
	const struct consumer *consumer = node_consumer(grant->node)->consumer;

	return grant_lives(grant) && !grant->record.version &&
	       !grant_expired(grant, model_now_ns(core->model)) &&
	       !(consumer && consumer->record.frozen_ns);
}

static bool is_told(struct core *core)
{
	for (unsigned int i = 0; i < core->config.engine_count; i++)
		if (containers_engine_state(core->containers, i) == CONTAINERS_SYNCED)
			return true;
	return false;
}

/* Who reads a template reads what it is made of. */
static bool shows(const struct core *core, const struct grant *grant, const struct secret *secret)
{
	const struct secret_template *template;

	if (!grant->secret || grant->secret == secret)
		return grant->secret;
	template = model_template(core->model, grant->secret);
	return template && template_needs(template, secret->record.id);
}

int call_secret_readers(struct call *call, struct err *err)
{
	struct core *core = call->core;
	const struct secret *secret = secret_find(call, err);
	struct grant *grant, *next;

	if (!secret)
		return -TACIT_NOT_FOUND;
	if (!is_told(core))
		return err_set(err, TACIT_UNAVAILABLE,
			"no engine answers: nobody says which containers run");
	doc_open(&call->reply, NULL, DOC_LIST);
	HASH_ITER (hh, core->model->grants, grant, next) {
		struct listing listing = { call, grant };

		if (shows(core, grant, secret) && reads_current(core, grant))
			containers_each(core->containers, put_reader, &listing);
	}
	doc_close(&call->reply);
	return 0;
}
