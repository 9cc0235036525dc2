/* SPDX-License-Identifier: Apache-2.0 */
#include "core/store/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "core/store/vault_state.h"
#include "core/store/verify.h"

#define PATH_ROOM 512 /* bytes of the path of the file with its NUL */

struct backup {
	struct vault *vault;
	struct store_copy *copy; /* NULL when it is whole */
	struct backup_state state;
	int fd; /* of the file, when it is whole; else -1 */
	char dir[PATH_ROOM], path[PATH_ROOM];
};

void backup_clear(const char *dir)
{
	static const char *const names[] = { BACKUP_FILE_NAME, BACKUP_FILE_NAME "-journal",
		BACKUP_FILE_NAME "-wal", BACKUP_FILE_NAME "-shm" };
	_close_ int at = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (at < 0)
		return;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unlinkat(at, names[i], 0);
	rmdir(dir);
}

static int make_place(struct backup *backup, const char *dir, struct err *err)
{
	if (snprintf(backup->dir, sizeof backup->dir, "%s", dir) >= (int)sizeof backup->dir ||
		snprintf(backup->path, sizeof backup->path, "%s/%s", dir, BACKUP_FILE_NAME) >=
			(int)sizeof backup->path)
		return err_set(err, TACIT_INVALID, "the path of the backup is too long");
	backup_clear(dir);
	return mkdir(dir, 0700) < 0 ? err_errno(err, errno, TACIT_IO, "make %s", dir) : 0;
}

int backup_begin(struct vault *vault, const char *dir, struct backup **backup, struct err *err)
{
	struct vault_standing standing;
	struct backup *made;
	int result;

	vault_get_standing(vault, &standing);
	if (!vault_is_open(vault))
		return err_set(err, TACIT_LOCKED, "the store is locked: nobody could check a copy");
	if (standing.damages)
		return err_set(err, TACIT_CORRUPT,
			"%zu record%s damaged, and a backup of that could not be restored: 'tacit "
			"store verify' names what is, 'tacit store accept' decides",
			standing.damages, standing.damages == 1 ? " is" : "s are");
	made = calloc(1, sizeof *made);
	if (!made)
		return err_set(err, TACIT_LIMIT, "out of memory");
	made->vault = vault;
	made->fd = -1;
	result = make_place(made, dir, err);
	if (!result)
		result = vault->engine->copy_begin(vault->store, made->path, &made->copy, err);
	if (result < 0)
		backup_end(made);
	else
		*backup = made;
	return result;
}

struct first_problem {
	char text[ERR_TEXT_MAX];
};

static int take_first(void *arg, const struct verify_problem *problem, struct err *err)
{
	struct first_problem *first = arg;

	(void)err;
	if (!first->text[0])
		snprintf(first->text, sizeof first->text, "%s", problem->text);
	return 0;
}

/* As whoever restores it would. */
static int check(struct backup *backup, const uint8_t root[SEAL_KEY_BYTES], struct err *err)
{
	struct first_problem first = { 0 };
	struct verify_result found = { 0 };
	struct vault *copy;
	int result = vault_attach_copy(backup->vault->engine, backup->path, &copy, err);

	if (result < 0)
		return result;
	result = vault_resume(copy, root, err);
	if (!result)
		result = vault_verify(copy, take_first, &first, &found, err);
	if (!result && found.problems)
		result = err_set(err, TACIT_CORRUPT, "%llu problems, the first: %.200s",
			(unsigned long long)found.problems, first.text);
	backup->state.generation = found.generation;
	vault_close(copy);
	return result;
}

static int finish(struct backup *backup, const uint8_t root[SEAL_KEY_BYTES], struct err *err)
{
	struct stat status;
	int result;

	backup->vault->engine->copy_end(backup->copy);
	backup->copy = NULL;
	result = check(backup, root, err);
	if (result < 0)
		return result;
	backup->fd = open(backup->path, O_RDONLY | O_CLOEXEC);
	if (backup->fd < 0 || fstat(backup->fd, &status) < 0)
		return err_errno(err, errno, TACIT_IO, "open it");
	backup->state.size = (uint64_t)status.st_size;
	backup->state.whole = true;
	return 0;
}

int backup_step(struct backup *backup, const uint8_t root[SEAL_KEY_BYTES],
	struct backup_state *state, struct err *err)
{
	struct store_copy_state copied = { 0 };
	struct err why;
	int result = 0;

	if (!backup->state.whole) {
		if (!backup->copy)
			return err_set(err, TACIT_STALE, "the backup has failed: begin anew");
		result = backup->vault->engine->copy_step(backup->copy, &copied, &why);
		backup->state.done = copied.done;
		backup->state.total = copied.total;
		if (!result && copied.whole)
			result = finish(backup, root, &why);
	}
	if (result < 0)
		return err_set(err, why.code, "back up the store: %s", why.text);
	*state = backup->state;
	return 0;
}

int backup_read(struct backup *backup, uint64_t offset, void *bytes, size_t room, size_t *length,
	struct err *err)
{
	ssize_t got = 0;

	if (!backup->state.whole)
		return err_set(err, TACIT_INVALID, "the backup is not whole yet");
	if (offset < backup->state.size)
		got = pread(backup->fd, bytes, room, (off_t)offset);
	if (got < 0)
		return err_errno(err, errno, TACIT_IO, "read the backup");
	*length = (size_t)got;
	return 0;
}

void backup_end(struct backup *backup)
{
	if (!backup)
		return;
	backup->vault->engine->copy_end(backup->copy);
	if (backup->fd >= 0)
		close(backup->fd);
	if (backup->dir[0])
		backup_clear(backup->dir);
	free(backup);
}

/* SQLite's header: https://www.sqlite.org/fileformat.html#the_database_header. */
#define HEADER_BYTES 100
#define AT_PAGE_SIZE 16 /* big-endian; 1 is 65,536 */
#define AT_MODES 18     /* 1 is a file alone, 2 one with a log */
#define AT_PAGES 28

/* SQLite reads what is missing of the last page as zeros. */
static bool is_cut_off(const uint8_t header[HEADER_BYTES], uint64_t size)
{
	uint64_t page = (uint64_t)header[AT_PAGE_SIZE] << 8 | header[AT_PAGE_SIZE + 1];
	uint64_t pages = 0;

	if (page == 1)
		page = 65536;
	for (int i = 0; i < 4; i++)
		pages = pages << 8 | header[AT_PAGES + i];
	return page && (size % page || size / page < pages);
}

int backup_settle(const char *path, struct err *err)
{
	static const uint8_t alone[2] = { 1, 1 }, logged[2] = { 2, 2 };
	static const char magic[16] = "SQLite format 3";
	_close_ int fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	uint8_t header[HEADER_BYTES];
	struct stat status;
	ssize_t got;

	if (fd < 0 || fstat(fd, &status) < 0)
		return err_errno(err, errno, TACIT_IO, "open the copy");
	got = pread(fd, header, sizeof header, 0);
	if (got < 0)
		return err_errno(err, errno, TACIT_IO, "read the copy");
	if (memcmp(header, magic, got < (ssize_t)sizeof magic ? (size_t)got : sizeof magic))
		return 0; /* what it is instead, is found when it is opened */
	if (got < HEADER_BYTES || is_cut_off(header, (uint64_t)status.st_size))
		return err_set(err, TACIT_CORRUPT, "it is cut off");
	if (memcmp(header + AT_MODES, logged, sizeof logged))
		return 0;
	if (pwrite(fd, alone, sizeof alone, AT_MODES) != sizeof alone || fsync(fd) < 0)
		return err_errno(err, errno, TACIT_IO, "write the copy");
	return 0;
}
