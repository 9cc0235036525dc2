/* SPDX-License-Identifier: Apache-2.0 */
#include "core/control/keys/key_source.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/files.h"
#include "seal/keyfile.h"

#define KEY_WAIT_SECONDS 5
#define NAME_ROOM (PATH_FULL_MAX + CONFIG_PATH_MAX + 16)

static const char *why_not(enum tacit_code code)
{
	switch (code) {
	case TACIT_NOT_FOUND:
		return "it is not there";
	case TACIT_EXISTS:
		return "it exists";
	default:
		return "see the agent's log";
	}
}

/* "key file /etc/tacit/key" */
static void name_source(const struct core *core, enum key_source source, char name[NAME_ROOM])
{
	if (source == KEY_FROM_FILE)
		snprintf(name, NAME_ROOM, "key file %s%s", core->root, core->config.key_file);
	else
		snprintf(name, NAME_ROOM, "credential %s", core->config.credential);
}

/* Ask holder; `create` makes the file. *fd is the caller's. */
static int ask(struct core *core, enum key_source source, bool create, int *fd, struct err *err)
{
	struct frame_need_key need = { .source = source, .create = create };
	struct timespec deadline;
	int status;
	hold_mutex(&core->key_mutex);

	core->key_status = 1;
	core->key_source = source;
	status = frame_send(core->holder, FRAME_NEED_KEY, &need, sizeof need, -1, err);
	if (status < 0)
		return status;
	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_sec += KEY_WAIT_SECONDS;
	while (core->key_status == 1)
		if (pthread_cond_timedwait(&core->key_given, &core->key_mutex, &deadline))
			return err_set(err, TACIT_UNAVAILABLE, "holder did not answer");
	*fd = take_fd(&core->key_fd);
	if (core->key_status < 0)
		return err_set(err, (enum tacit_code) - core->key_status, "%s",
			why_not((enum tacit_code) - core->key_status));
	return 0;
}

typedef int parse_fn(const char *text, size_t length, uint8_t key[SEAL_KEY_BYTES], struct err *err);

static int parse_credential(
	const char *text, size_t length, uint8_t key[SEAL_KEY_BYTES], struct err *err)
{
	return keyfile_parse_credential(text, length, key, err);
}

static int read_key(struct core *core, enum key_source source, uint8_t *key, struct err *err)
{
	static parse_fn *const parsers[KEY_SOURCES] = {
		[KEY_FROM_FILE] = keyfile_parse, [KEY_FROM_CREDENTIAL] = parse_credential
	};
	char *text = seal_alloc(KEYFILE_TEXT_MAX), name[NAME_ROOM];
	_close_ int fd = -1;
	size_t length;
	int status = text ? ask(core, source, false, &fd, err)
			  : err_set(err, TACIT_LIMIT, "no locked memory left");

	if (status == 0)
		status = file_read_fd(fd, text, KEYFILE_TEXT_MAX, &length, err);
	if (status == 0)
		status = parsers[source](text, length, key, err);
	seal_free(text);
	if (status == 0)
		return 0;
	name_source(core, source, name);
	return err_wrap(err, "%s", name);
}

int key_file_read(struct core *core, uint8_t key[SEAL_KEY_BYTES], struct err *err)
{
	return read_key(core, KEY_FROM_FILE, key, err);
}

int key_credential_read(struct core *core, uint8_t key[SEAL_KEY_BYTES], struct err *err)
{
	return read_key(core, KEY_FROM_CREDENTIAL, key, err);
}

int key_file_make(struct core *core, uint8_t key[SEAL_KEY_BYTES], struct err *err)
{
	char *text = seal_alloc(KEYFILE_TEXT_MAX), name[NAME_ROOM];
	_close_ int fd = -1;
	int status = text ? ask(core, KEY_FROM_FILE, true, &fd, err)
			  : err_set(err, TACIT_LIMIT, "no locked memory left");

	if (status == 0) {
		seal_random(key, SEAL_KEY_BYTES);
		status = file_write_fd(fd, text, keyfile_format(key, text), err);
	}
	if (status == 0 && fsync(fd))
		status = err_set(err, TACIT_IO, "write it");
	seal_free(text);
	/* A key file that was left by an operator, or by a start that was cut short, is used. */
	if (status == -TACIT_EXISTS)
		return key_file_read(core, key, err);
	if (status == 0)
		return 0;
	name_source(core, KEY_FROM_FILE, name);
	return err_wrap(err, "%s", name);
}
