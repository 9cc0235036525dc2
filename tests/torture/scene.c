/* SPDX-License-Identifier: Apache-2.0 */
#include "scene.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SHARED_MEMORY "/dev/shm"

static const char *const rooms[] = { "store", "anchor", "audit", "backup" };
#define ROOMS (sizeof rooms / sizeof *rooms)

/* Where complaints go: standard error as it was when the scene was made. */
static int complaints = STDERR_FILENO;

void scene_fail(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vdprintf(complaints, format, list);
	va_end(list);
	dprintf(complaints, "\n");
	_exit(1);
}

void scene_complain(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vdprintf(complaints, format, list);
	va_end(list);
	dprintf(complaints, "\n");
}

void scene_hush(void)
{
	int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

	complaints = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (nowhere < 0 || complaints < 0 || dup2(nowhere, STDERR_FILENO) < 0)
		_exit(1);
	close(nowhere);
}

static void join(char path[SCENE_PATH_MAX], const char *dir, const char *name)
{
	if (snprintf(path, SCENE_PATH_MAX, "%s/%s", dir, name) >= SCENE_PATH_MAX)
		scene_fail("%s: the path is too long", dir);
}

static void make_dir(const char *path)
{
	if (mkdir(path, 0700))
		scene_fail("%s: %s", path, strerror(errno));
}

static void make_rooms(const char *dir)
{
	char path[SCENE_PATH_MAX];

	make_dir(dir);
	for (size_t i = 0; i < ROOMS; i++) {
		join(path, dir, rooms[i]);
		make_dir(path);
	}
}

void scene_make(struct scene *scene)
{
	const char *base = getenv("TMPDIR");
	char *resolved;

	if (!access(SHARED_MEMORY, W_OK))
		base = SHARED_MEMORY;
	resolved = realpath(base ? base : P_tmpdir, NULL);
	if (!resolved)
		scene_fail("%s: %s", base, strerror(errno));
	join(scene->base, resolved, "tacit-torture-XXXXXX");
	free(resolved);
	if (!mkdtemp(scene->base))
		scene_fail("%s: %s", scene->base, strerror(errno));
	join(scene->live, scene->base, "live");
	join(scene->start, scene->base, "start");
	join(scene->attic, scene->base, "attic");
	make_rooms(scene->live);
	make_rooms(scene->start);
	make_dir(scene->attic);
	join(scene->store, scene->live, "store");
	join(scene->anchor_dir, scene->live, "anchor");
	join(scene->audit, scene->live, "audit");
	join(scene->backup_dir, scene->live, "backup");
	join(scene->database, scene->store, "store.db");
	join(scene->anchor, scene->anchor_dir, "anchor");
	join(scene->backup, scene->backup_dir, "store.db");
}

typedef void file_fn(const char *path, const char *name, const char *to);

static void each_file(const char *dir, file_fn *on_file, const char *to)
{
	struct dirent *entry;
	char path[SCENE_PATH_MAX];
	DIR *list;

	/* A backup removes its directory when it ends. */
	if (mkdir(dir, 0700) && errno != EEXIST)
		scene_fail("%s: %s", dir, strerror(errno));
	list = opendir(dir);

	if (!list)
		scene_fail("%s: %s", dir, strerror(errno));
	while ((entry = readdir(list))) {
		if (entry->d_name[0] == '.')
			continue;
		join(path, dir, entry->d_name);
		on_file(path, entry->d_name, to);
	}
	closedir(list);
}

static void remove_file(const char *path, const char *name, const char *to)
{
	(void)name;
	(void)to;
	unlink(path);
}

static void copy_file(const char *path, const char *name, const char *to)
{
	char copy[SCENE_PATH_MAX];
	size_t length;
	uint8_t *bytes = scene_read(path, &length);

	join(copy, to, name);
	scene_write(copy, bytes, length);
	free(bytes);
}

static void copy_rooms(const char *from, const char *to)
{
	char one[SCENE_PATH_MAX], other[SCENE_PATH_MAX];

	for (size_t i = 0; i < ROOMS; i++) {
		join(one, from, rooms[i]);
		join(other, to, rooms[i]);
		each_file(other, remove_file, NULL);
		each_file(one, copy_file, other);
	}
}

void scene_keep(const struct scene *scene)
{
	copy_rooms(scene->live, scene->start);
}

void scene_put_back(const struct scene *scene)
{
	each_file(scene->attic, remove_file, NULL);
	copy_rooms(scene->start, scene->live);
}

void scene_empty(const struct scene *scene)
{
	char path[SCENE_PATH_MAX];

	for (size_t i = 0; i < ROOMS; i++) {
		join(path, scene->live, rooms[i]);
		each_file(path, remove_file, NULL);
		join(path, scene->start, rooms[i]);
		each_file(path, remove_file, NULL);
	}
	each_file(scene->attic, remove_file, NULL);
}

static void remove_rooms(const char *dir)
{
	char path[SCENE_PATH_MAX];

	for (size_t i = 0; i < ROOMS; i++) {
		join(path, dir, rooms[i]);
		rmdir(path);
	}
	rmdir(dir);
}

void scene_remove(const struct scene *scene)
{
	scene_empty(scene);
	remove_rooms(scene->live);
	remove_rooms(scene->start);
	rmdir(scene->attic);
	rmdir(scene->base);
}

void *scene_share(size_t length)
{
	void *shared =
		mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		scene_fail("mmap: %s", strerror(errno));
	return shared;
}

uint8_t *scene_read(const char *path, size_t *length)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	uint8_t *bytes;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &status))
		scene_fail("%s: %s", path, strerror(errno));
	*length = (size_t)status.st_size;
	bytes = malloc(*length + 1);
	if (!bytes || pread(fd, bytes, *length, 0) != status.st_size)
		scene_fail("%s: cannot be read", path);
	close(fd);
	return bytes;
}

void scene_write(const char *path, const void *bytes, size_t length)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || pwrite(fd, bytes, length, 0) != (ssize_t)length ||
		ftruncate(fd, (off_t)length))
		scene_fail("%s: %s", path, strerror(errno));
	close(fd);
}

uint64_t scene_draw(uint64_t *lot)
{
	uint64_t z = *lot += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}
