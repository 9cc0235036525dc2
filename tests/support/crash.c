/* SPDX-License-Identifier: Apache-2.0 */
/* Linked into a core for two tests, around functions of its own (-Wl,--wrap=NAME): a request that
 * crashes it, and a death between any two steps of a change.
 *
 * While there is a file ROOT/crash/at, in which a number K stands, the K-th step from then on is
 * the last: the file is removed, and core killed. */
#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/control/agenda/errands.h"

void __real_on_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file);
void __wrap_on_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file);
int __real_vault_begin(struct vault *vault, struct err *err);
int __wrap_vault_begin(struct vault *vault, struct err *err);
int __real_vault_commit(struct vault *vault, struct err *err);
int __wrap_vault_commit(struct vault *vault, struct err *err);
void __real_model_write_lock(struct model *model);
void __wrap_model_write_lock(struct model *model);
int __real_errands_run(struct core *core, struct frame_run *run, int stream[], struct err *err);
int __wrap_errands_run(struct core *core, struct frame_run *run, int stream[], struct err *err);

void __wrap_on_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file)
{
	if (file->flags & O_NONBLOCK)
		abort();
	__real_on_open(req, ino, file);
}

/* "tacit-core --root ROOT": the file below it. */
static void crash_path(char *path, size_t room)
{
	char arguments[4096] = "";
	int descriptor = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	const char *at = arguments;
	ssize_t length = read(descriptor, arguments, sizeof arguments - 1);

	close(descriptor);
	for (int i = 0; i < 2 && at < arguments + length; i++)
		at += strlen(at) + 1;
	snprintf(path, room, "%s/crash/at", at);
}

static void step(void)
{
	static unsigned int passed;
	static struct timespec of; /* this file, not one before it */
	char path[4096 + 16], text[16] = "";
	struct stat st;
	int descriptor;

	crash_path(path, sizeof path);
	descriptor = open(path, O_RDONLY | O_CLOEXEC);
	if (descriptor < 0 || fstat(descriptor, &st) ||
		read(descriptor, text, sizeof text - 1) <= 0)
		st.st_ctim = (struct timespec){ 0 };
	if (memcmp(&of, &st.st_ctim, sizeof of))
		passed = 0;
	of = st.st_ctim;
	if (text[0] && ++passed == (unsigned int)atoi(text) && unlink(path) == 0)
		raise(SIGKILL);
	if (descriptor >= 0)
		close(descriptor);
}

int __wrap_vault_begin(struct vault *vault, struct err *err)
{
	step();
	return __real_vault_begin(vault, err);
}

int __wrap_vault_commit(struct vault *vault, struct err *err)
{
	int status;

	step();
	status = __real_vault_commit(vault, err);
	step();
	return status;
}

void __wrap_model_write_lock(struct model *model)
{
	step();
	__real_model_write_lock(model);
	step();
}

int __wrap_errands_run(struct core *core, struct frame_run *run, int stream[], struct err *err)
{
	int status;

	step();
	status = __real_errands_run(core, run, stream, err);
	step();
	return status;
}
