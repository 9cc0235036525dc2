/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/control/audit/auditor.h"
#include "core/control/core.h"
#include "seal/transit.h"

/* A rotation whose touch the last core may not have sent. */
#define RECENT_NS (60 * 1000000000ull)

static void prepare_transit_keys(struct core *core)
{
	struct frame_publish publish;

	if (!core->keys->transit_present) {
		transit_make_keys(core->keys->transit_public, core->keys->transit_secret);
		core->keys->transit_present = 1;
	}
	memcpy(publish.public_key, core->keys->transit_public, sizeof publish.public_key);
	frame_send(core->holder, FRAME_PUBLISH, &publish, sizeof publish, -1, NULL);
}

static int start_sealing(struct core *core, struct err *err)
{
	int status = seal_start(err);

	if (status < 0 || (status = seal_check_locked(err)) == 0)
		return status;
	if (!core->config.allow_swap)
		return err_wrap(err, "not starting without 'allow_swap yes' in the configuration");
	log_warning("keys and values may be swapped out: %s", err->text);
	core->swaps = true;
	seal_allow_swap();
	return 0;
}

int core_boot(struct core *core, struct err *err)
{
	struct server_parts parts = { .device = core->device,
		.vault = (const struct vault *const *)&core->vault };
	struct err why;
	int status;

	if ((status = start_sealing(core, err)) < 0 ||
		(status = handover_map(core->handover_fd, &core->handover, err)) < 0 ||
		(status = handover_map_keys(core->keys_fd, &core->keys, err)) < 0)
		return status;
	if ((status = auditor_new(core, err)) < 0 || (status = starting_begin(core, err)) < 0)
		return status;
	atomic_fetch_add(&core->handover->core_starts, 1);
	core->identity = identity_new(&core->config);
	core->containers = containers_new(&core->config, CONTAINERS_PATIENCE_NS);
	core->model = model_new(core->handover->node_key);
	if (!core->identity || !core->containers || !core->model)
		return err_set(err, TACIT_LIMIT, "out of memory");
	prepare_transit_keys(core);
	if (core->keys->root_present && core_resume(core, &why) < 0) {
		core->failure = why;
		log_error("the store: %s", why.text);
	}
	parts.model = core->model;
	parts.identity = core->identity;
	parts.containers = core->containers;
	parts.handover = core->handover;
	parts.operators = core->operators;
	parts.patience_ns = CONTAINERS_PATIENCE_NS;
	parts.audit = (struct server_audit){ auditor_ring(core), core->config.audit_required,
		auditor_wake, core };
	if ((status = server_new(&parts, &core->server, err)) < 0)
		return status;
	server_set_toucher(core->server, core->toucher_pid);
	server_resume(core->server, core->vault, core->config.resend);
	status = server_start(core->server, err);
	if (status == 0)
		status = auditor_start(core, err);
	if (status == 0)
		touches_add_since(core, clock_realtime_ns() - RECENT_NS);
	return status;
}
