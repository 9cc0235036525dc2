/* SPDX-License-Identifier: Apache-2.0 */
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/log.h"
#include "base/process.h"
#include "core/control/agenda/errands.h"

static void prepare(struct core *core)
{
	pthread_condattr_t attributes;

	for (int i = 0; i < HANDOVER_THREADS_MAX; i++)
		core->device[i] = -1;
	core->handover_fd = core->keys_fd = core->audit_fd = core->mount_fd = core->adopt_fd =
		core->listener_fd = -1;
	core->toucher = core->engine = core->gate = core->key_fd = -1;
	atomic_store(&core->api_channel, -1);
	core->api_wake = eventfd(0, EFD_CLOEXEC);
	core->touch_wake = eventfd(0, EFD_CLOEXEC);
	core->holder = ROLE_HOLDER_FD;
	pthread_mutex_init(&core->touches.mutex, NULL);
	pthread_mutex_init(&core->key_mutex, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&core->key_given, &attributes);
}

static int start(struct core *core, int argc, char **argv, struct err *err)
{
	const struct group *operators;
	int status = process_harden("tacit-core", err);

	if (status < 0)
		return status;
	if (argc != 3 || strcmp(argv[1], "--root") || strlen(argv[2]) > PATH_ROOT_MAX)
		return err_set(err, TACIT_INVALID, "tacit-core is started by tacitd, not by hand");
	memcpy(core->root, argv[2], strlen(argv[2]) + 1);
	core->errands = errands_new();
	core->hooks = hooks_new();
	if (!core->errands || !core->hooks)
		return err_set(err, TACIT_LIMIT, "out of memory");
	if ((status = config_read(&core->config, core->root, err)) < 0)
		return status;
	log_open("tacitd core", core->config.log_level);
	operators = getgrnam(core->config.operators);
	core->operators = operators ? operators->gr_gid : (gid_t)-1;
	if ((status = core_receive_gifts(core, err)) < 0 || (status = core_boot(core, err)) < 0)
		return status;
	return worker_start(core, err);
}

int main(int argc, char **argv)
{
	static struct core core;
	struct err err;

	log_open("tacitd core", LOG_LEVEL_INFO);
	prepare(&core);
	if (start(&core, argc, argv, &err) < 0 || core_run(&core, &err) < 0) {
		log_error("%s", err.text);
		return code_exit(err.code);
	}
	return 0;
}
