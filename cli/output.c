/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

static int open_part(struct output *output, mode_t mode, struct err *err)
{
	int used = snprintf(output->part, sizeof output->part, "%s.part", output->path);

	if (used < 0 || (size_t)used >= sizeof output->part)
		return err_set(err, TACIT_INVALID, "the path of the file is too long");
	if (!access(output->path, F_OK))
		return err_set(err, TACIT_EXISTS,
			"%.200s is there already; give another name, or remove it", output->path);
	output->fd = open(output->part,
		O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, mode);
	if (output->fd >= 0)
		return 0;
	if (errno == EEXIST)
		return err_set(err, TACIT_EXISTS,
			"%.200s is there: another run writes it, or one was killed; then remove it",
			output->part);
	return err_errno(err, errno, TACIT_IO, "make %.200s", output->part);
}

int output_open(struct output *output, const char *path, mode_t mode, struct err *err)
{
	bool standard = !strcmp(path, "-");

	*output = (struct output){ .path = standard ? NULL : path, .fd = -1 };
	if (!standard) {
		int status = open_part(output, mode, err);

		/* A part that is another's is not taken away. */
		if (status < 0)
			output->part[0] = '\0';
		return status;
	}
	if (isatty(STDOUT_FILENO))
		return err_set(err, TACIT_INVALID,
			"standard output is a terminal; give a FILE, or a pipe to '-'");
	output->fd = STDOUT_FILENO;
	return 0;
}

static int write_failed(const struct output *output, struct err *err)
{
	return err_errno(err, errno, TACIT_IO, "write to %.200s",
		output->path ? output->part : "standard output");
}

int output_write(struct output *output, const void *bytes, size_t length,
	const struct interrupt *interrupt, struct err *err)
{
	/* A pipe that is ready takes this much without waiting. */
	size_t most = output->path ? SSIZE_MAX : PIPE_BUF;

	while (length) {
		ssize_t wrote;
		int status = interrupt_wait(interrupt, output->fd, POLLOUT, err);

		if (status < 0)
			return status;
		wrote = write(output->fd, bytes, length < most ? length : most);
		if (wrote < 0 && errno != EINTR)
			return write_failed(output, err);
		if (wrote > 0) {
			bytes = (const char *)bytes + wrote;
			length -= (size_t)wrote;
		}
	}
	return 0;
}

/* The name is on the disk when its folder is. */
static int sync_folder(const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_FULL_MAX] = ".";
	_close_ int fd = -1;

	if (slash)
		snprintf(folder, sizeof folder, "%.*s", slash == path ? 1 : (int)(slash - path),
			path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return err_errno(err, errno, TACIT_IO, "sync the folder of %.200s", path);
	return 0;
}

int output_commit(struct output *output, struct err *err)
{
	if (!output->path)
		return 0;
	if (fsync(output->fd) < 0 || close(take_fd(&output->fd)) < 0)
		return write_failed(output, err);
	/* Not every file system can refuse to replace; that there was none has been looked at. */
	if (renameat2(AT_FDCWD, output->part, AT_FDCWD, output->path, RENAME_NOREPLACE) < 0 &&
		(errno != EINVAL || rename(output->part, output->path) < 0))
		return err_errno(err, errno, TACIT_IO, "name %.200s", output->path);
	output->part[0] = '\0';
	return sync_folder(output->path, err);
}

void output_drop(struct output *output)
{
	if (!output->path)
		return;
	if (output->fd >= 0)
		close(take_fd(&output->fd));
	if (output->part[0])
		unlink(output->part);
	output->part[0] = '\0';
}

int output_whole(const char *path, mode_t mode, const void *bytes, size_t length, struct err *err)
{
	struct output output;
	int status = output_open(&output, path, mode, err);

	if (status < 0)
		return status;
	status = output_write(&output, bytes, length, &(struct interrupt){ 0 }, err);
	if (!status)
		status = output_commit(&output, err);
	output_drop(&output);
	return status;
}
