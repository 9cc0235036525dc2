/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "core/audit/internal.h"

#define FILE_PREFIX "audit-"
#define FILE_DIGITS 8 /* at least: names sort as numbers for a long time */

_Static_assert(STATE_BYTES <= STATE_APART, "two states side by side");

static void cleanup_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

void file_name(uint64_t file, char name[FILE_NAME_MAX])
{
	snprintf(name, FILE_NAME_MAX, FILE_PREFIX "%0*" PRIu64, FILE_DIGITS, file);
}

/* The number of a name that file_name() makes; 0: of any other. */
static uint64_t file_number(const char *name)
{
	char again[FILE_NAME_MAX];
	uint64_t number;

	if (sscanf(name, FILE_PREFIX "%" SCNu64, &number) != 1)
		return 0;
	file_name(number, again);
	return strcmp(name, again) ? 0 : number;
}

int files_span(int dir, uint64_t *lowest, uint64_t *highest, struct err *err)
{
	return files_span_below(dir, UINT64_MAX, lowest, highest, err);
}

int files_span_below(int dir, uint64_t below, uint64_t *lowest, uint64_t *highest, struct err *err)
{
	_close_ int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list __attribute__((cleanup(cleanup_dir))) = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	*lowest = *highest = 0;
	if (!list)
		return err_errno(err, errno, TACIT_IO, "the directory of the audit log");
	take_fd(&fd);
	while (errno = 0, (entry = readdir(list))) {
		uint64_t number = file_number(entry->d_name);

		if (number >= below)
			continue;
		if (number && (!*lowest || number < *lowest))
			*lowest = number;
		if (number > *highest)
			*highest = number;
	}
	if (errno)
		return err_errno(err, errno, TACIT_IO, "the directory of the audit log");
	return 0;
}

/* Not blocking: a fifo that somebody put there is refused, and not waited for. */
int file_open(int dir, const char *name, int flags, int *fd, uint64_t *size, struct err *err)
{
	_close_ int file =
		openat(dir, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
	struct stat st;

	if (file < 0)
		return err_errno(err, errno, TACIT_IO, "open %s", name);
	if (fstat(file, &st))
		return err_errno(err, errno, TACIT_IO, "%s", name);
	if (!S_ISREG(st.st_mode))
		return err_set(err, TACIT_IO, "%s: not a regular file", name);
	*size = (uint64_t)st.st_size;
	*fd = take_fd(&file);
	return 0;
}

int file_put(int fd, const void *bytes, size_t length, uint64_t offset, struct err *err)
{
	const char *at = bytes;

	while (length) {
		ssize_t put = pwrite(fd, at, length, (off_t)offset);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return err_errno(err, put ? errno : ENOSPC, TACIT_IO, "write");
		at += put;
		length -= (size_t)put;
		offset += (size_t)put;
	}
	return 0;
}

ssize_t file_get(int fd, void *bytes, size_t length, uint64_t offset, struct err *err)
{
	size_t used = 0;

	while (used < length) {
		ssize_t got =
			pread(fd, (char *)bytes + used, length - used, (off_t)(offset + used));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(err, errno, TACIT_IO, "read");
		if (!got)
			break;
		used += (size_t)got;
	}
	return (ssize_t)used;
}

static bool is_zero(const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (bytes[i])
			return false;
	return true;
}

/* Of a file's bytes. */
static int choose_state(const uint8_t *bytes, const uint8_t id[SEAL_ID_BYTES], struct state *state,
	bool *damaged, struct err *err)
{
	struct state *one = seal_alloc(sizeof *one);
	struct err why = { 0 };
	bool found = false;

	if (!one)
		return err_set(err, TACIT_LIMIT, "no memory can be locked");
	for (unsigned int i = 0; i < 2 && why.code != TACIT_NEWER; i++) {
		const uint8_t *at = bytes + i * STATE_APART;

		if (is_zero(at, STATE_BYTES))
			continue;
		if (state_unpack(at, id, one, &why) < 0) {
			*damaged = true;
			continue;
		}
		if (!found || one->generation > state->generation)
			*state = *one;
		found = true;
	}
	seal_free(one);
	if (why.code == TACIT_NEWER)
		return err_set(err, why.code, "%s", why.text);
	return found ? 0 : err_set(err, TACIT_CORRUPT, "the state of the audit log is damaged");
}

int state_read(int fd, const uint8_t id[SEAL_ID_BYTES], struct state *state, bool *damaged,
	struct err *err)
{
	uint8_t bytes[STATE_FILE_BYTES + 1] = { 0 };
	ssize_t got = file_get(fd, bytes, sizeof bytes, 0, err);
	int result;

	if (got < 0)
		return (int)got;
	*damaged =
		got != STATE_FILE_BYTES || !is_zero(bytes + STATE_BYTES, STATE_APART - STATE_BYTES);
	result = choose_state(bytes, id, state, damaged, err);
	seal_wipe(bytes, sizeof bytes);
	return result;
}

int state_write(int fd, const uint8_t id[SEAL_ID_BYTES], const struct state *state, struct err *err)
{
	uint8_t bytes[STATE_BYTES];
	int result;

	state_pack(state, id, bytes);
	result = file_put(fd, bytes, sizeof bytes, state->generation % 2 * STATE_APART, err);
	seal_wipe(bytes, sizeof bytes);
	if (!result && fdatasync(fd))
		result = err_errno(err, errno, TACIT_IO, "sync");
	return result < 0 ? err_wrap(err, STATE_NAME) : 0;
}

int audit_log_find_id(const char *dir, uint8_t id[SEAL_ID_BYTES], struct err *err)
{
	_close_ int at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), fd = -1;
	uint8_t bytes[STATE_BYTES];
	bool found = false;
	uint64_t size;
	int result;

	if (at < 0)
		return err_errno(err, errno, TACIT_IO, "the directory of the audit log");
	result = file_open(at, STATE_NAME, O_RDONLY, &fd, &size, err);
	for (uint64_t i = 0; result == 0 && i < 2 && !found; i++) {
		ssize_t got = file_get(fd, bytes, sizeof bytes, i * STATE_APART, err);

		result = got < 0 ? (int)got : 0;
		found = got == (ssize_t)sizeof bytes && state_find_id(bytes, id);
	}
	seal_wipe(bytes, sizeof bytes);
	if (result < 0 || found)
		return result;
	return err_set(err, TACIT_NOT_FOUND, "the state of the audit log is lost");
}
