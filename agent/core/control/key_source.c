/* SPDX-License-Identifier: Apache-2.0 */
#include "core/control/key_source.h"

#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/files.h"
#include "seal/keyfile.h"

#define KEY_WAIT_SECONDS 5

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

int key_file_read(struct core *core, uint8_t key[SEAL_KEY_BYTES], struct err *err)
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

int key_file_make(struct core *core, uint8_t key[SEAL_KEY_BYTES], struct err *err)
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
	return status == -TACIT_EXISTS ? key_file_read(core, key, err) : status;
}
