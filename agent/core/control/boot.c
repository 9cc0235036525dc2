/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <tacit/api.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"
#include "core/control/core.h"
#include "seal/keyfile.h"
#include "seal/transit.h"

#define KEY_WAIT_SECONDS 5
#define RECENT_NS                                                                                  \
	(60 * 1000000000ull) /* a rotation whose touch the last core may not have sent             \
			      */

static int attach(struct core *core, struct err *err)
{
	char path[PATH_FULL_MAX];

	if (core->vault)
		return 0;
	path_below(core->root, TACIT_STORE_DIR, path);
	return vault_attach(&store_sqlite, path, &core->vault, err);
}

/* Go on with the key that an earlier core was given. */
static int resume(struct core *core, struct err *err)
{
	int status = attach(core, err);

	if (status == 0)
		status = vault_resume(core->vault, core->keys->root, err);
	return status < 0 ? status : core_load(core, err);
}

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

/* Wake the watchers of what became current since then: after a crash, what the last core committed
 * and may not have told. */
static void touch_since(struct core *core, uint64_t since_ns)
{
	struct secret *secret, *next;

	HASH_ITER (by_name, core->model->secrets_by_name, secret, next)
		if (secret_since_ns(secret) >= since_ns)
			touches_add_secret(core, secret);
}

int core_boot(struct core *core, struct err *err)
{
	struct server_parts parts = { .device = core->device,
		.vault = (const struct vault *const *)&core->vault };
	struct err why;
	int status;

	if ((status = seal_start(err)) < 0 || (status = seal_check_locked(err)) < 0 ||
		(status = handover_map(core->handover_fd, &core->handover, err)) < 0 ||
		(status = handover_map_keys(core->keys_fd, &core->keys, err)) < 0)
		return status;
	atomic_fetch_add(&core->handover->core_starts, 1);
	core->identity = identity_new(&core->config);
	core->containers = containers_new(&core->config, CONTAINERS_PATIENCE_NS);
	core->model = model_new(core->handover->node_key);
	if (!core->identity || !core->containers || !core->model)
		return err_set(err, TACIT_LIMIT, "out of memory");
	prepare_transit_keys(core);
	if (core->keys->root_present && resume(core, &why) < 0) {
		core->failure = why;
		log_error("the store: %s", why.text);
	}
	parts.model = core->model;
	parts.identity = core->identity;
	parts.containers = core->containers;
	parts.handover = core->handover;
	parts.operators = core->operators;
	parts.patience_ns = CONTAINERS_PATIENCE_NS;
	if ((status = server_new(&parts, &core->server, err)) < 0)
		return status;
	server_set_toucher(core->server, core->toucher_pid);
	server_resume(core->server, core->vault, core->config.resend);
	status = server_start(core->server, err);
	if (status == 0)
		touch_since(core, clock_realtime_ns() - RECENT_NS);
	return status;
}

/* Ask holder for the key file; `create` makes it. *fd is the caller's. */
static int ask_key_file(struct core *core, bool create, int *fd, struct err *err)
{
	struct frame_need_key need = { .create = create };
	struct timespec deadline;
	int status;
	hold_mutex(&core->key_mutex);

	core->key_status = 1;
	status = frame_send(core->holder, FRAME_NEED_KEY, &need, sizeof need, -1, err);
	if (status < 0)
		return status;
	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_sec += KEY_WAIT_SECONDS;
	while (core->key_status == 1)
		if (pthread_cond_timedwait(&core->key_given, &core->key_mutex, &deadline))
			return err_set(err, TACIT_UNAVAILABLE, "holder did not give the key file");
	*fd = take_fd(&core->key_fd);
	if (core->key_status < 0)
		return err_set(err, (enum tacit_code) - core->key_status, "key file %s%s: %s",
			core->root, core->config.key_file,
			core->key_status == -TACIT_NOT_FOUND ? "it is not there"
			: core->key_status == -TACIT_EXISTS  ? "it exists"
							     : "see the agent's log");
	return 0;
}

static int read_key_file(struct core *core, uint8_t *key, struct err *err)
{
	char *text = seal_alloc(KEYFILE_TEXT_MAX);
	_close_ int fd = -1;
	size_t length;
	int status = text ? ask_key_file(core, false, &fd, err)
			  : err_set(err, TACIT_LIMIT, "no locked memory left");

	if (status == 0)
		status = file_read_fd(fd, text, KEYFILE_TEXT_MAX, &length, err);
	if (status == 0)
		status = keyfile_parse(text, length, key, err);
	if (status < 0 && fd >= 0)
		err_wrap(err, "key file %s%s", core->root, core->config.key_file);
	seal_free(text);
	return status;
}

static int make_key_file(struct core *core, uint8_t *key, struct err *err)
{
	char *text = seal_alloc(KEYFILE_TEXT_MAX);
	_close_ int fd = -1;
	int status = text ? ask_key_file(core, true, &fd, err)
			  : err_set(err, TACIT_LIMIT, "no locked memory left");

	if (status == 0) {
		seal_random(key, SEAL_KEY_BYTES);
		status = file_write_fd(fd, text, keyfile_format(key, text), err);
	}
	if (status == 0 && fsync(fd))
		status = err_set(err, TACIT_IO, "write the key file");
	seal_free(text);
	/* A key file that was left by an operator, or by a start that was cut short, is used. */
	return status == -TACIT_EXISTS ? read_key_file(core, key, err) : status;
}

/* The first start of an instance: a key, and a store that it opens. */
static int make_store(struct core *core, uint8_t *key, struct err *err)
{
	char path[PATH_FULL_MAX];
	int status = make_key_file(core, key, err);

	path_below(core->root, TACIT_STORE_DIR, path);
	if (status == 0)
		status = vault_create(&store_sqlite, path, key, err);
	if (status < 0)
		return err_wrap(err, "make the store");
	log_info("made the store %s/store.db and its key file %s%s: keep a copy of the key file in "
		 "another place, without it the store cannot be read",
		path, core->root, core->config.key_file);
	return 0;
}

static int open_store(struct core *core, const uint8_t *given, uint8_t *key, struct err *err)
{
	int status = attach(core, err);

	if (status == -TACIT_NOT_FOUND) {
		status = make_store(core, key, err);
		if (status == 0)
			status = attach(core, err);
	} else if (status == 0 && !given) {
		status = read_key_file(core, key, err);
	}
	if (status == 0)
		status = vault_unlock(core->vault, given ? given : key, core->keys->root, err);
	return status;
}

int core_unlock(struct core *core, const uint8_t *given, struct err *err)
{
	uint8_t *key;
	int status;

	if (!core->model->locked)
		return 0;
	key = seal_alloc(SEAL_KEY_BYTES);
	status = key ? open_store(core, given, key, err)
		     : err_set(err, TACIT_LIMIT, "no locked memory left");
	seal_free(key);
	if (status == 0 && vault_is_written_locked(core->vault))
		status = vault_write_locked(core->vault, false, err);
	if (status == 0) {
		core->keys->root_present = 1;
		status = core_load(core, err);
	}
	if (status < 0) {
		core->keys->root_present = 0;
		seal_wipe(core->keys->root, sizeof core->keys->root);
		if (core->vault)
			vault_forget(core->vault);
		core->failure = *err;
		return status;
	}
	core->failure = (struct err){ 0 };
	touch_since(core, 0);
	/* What was told while it was locked could not be sealed. */
	containers_all_changed(core->containers);
	keep_containers(core);
	return 0;
}

int core_lock(struct core *core, bool write_down, struct err *err)
{
	int status = core->vault ? 0 : err_set(err, TACIT_LOCKED, "there is no open store");

	if (status == 0 && write_down)
		status = vault_write_locked(core->vault, true, err);
	if (status < 0)
		return status;
	model_write_lock(core->model);
	if (!core->model->locked) {
		server_end_handles(core->server, NULL);
		core->keys->root_present = 0;
		seal_wipe(core->keys->root, sizeof core->keys->root);
		model_clear(core->model);
		vault_forget(core->vault);
	}
	model_unlock(core->model);
	err_set(&core->failure, TACIT_LOCKED, "an operator locked it");
	return 0;
}

void core_first_unlock(struct core *core)
{
	struct err err;

	if (core->keys->root_present)
		return;
	if (attach(core, &err) == 0 && vault_is_written_locked(core->vault)) {
		err_set(&core->failure, TACIT_LOCKED, "an operator locked it");
		log_warning("locked by an operator: 'tacit unlock' opens it again");
	} else if (core_unlock(core, NULL, &err) < 0) {
		log_error("locked: %s; then 'tacit unlock'", err.text);
	}
}
