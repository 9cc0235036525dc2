/* SPDX-License-Identifier: Apache-2.0 */
#include "cache.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BLOCK 512u
#define FILES_MAX 64   /* more than a workload touches */
#define NAMES_MAX 1024 /* likewise */
#define PATH_ROOM 512

/* A file that was changed. */
struct file {
	int fd; /* never closed: that would drop SQLite's locks */
	dev_t device;
	ino_t number;
	uint8_t *disk; /* what a sync has put there */
	size_t disk_length;
	uint8_t *dirty; /* a byte for each block */
	size_t dirty_blocks;
	bool resized;
};

/* A change of names that is not synced. */
struct change {
	char from[PATH_ROOM]; /* empty: `to` was made */
	char to[PATH_ROOM];   /* empty: `from` was removed */
	char kept[PATH_ROOM]; /* what `to`, or what was removed, is in the attic; empty: nothing */
};

static struct {
	const char *attic;
	struct file files[FILES_MAX];
	size_t file_count;
	struct change changes[NAMES_MAX];
	size_t change_count;
	unsigned int kept; /* files in the attic, ever */
} cache;

__attribute__((noreturn)) static void give_up(const char *what)
{
	perror(what);
	_exit(70);
}

void cache_start(const char *attic)
{
	cache.attic = attic;
	cache.file_count = cache.change_count = 0;
}

static size_t length_of(int fd)
{
	struct stat status;

	if (fstat(fd, &status))
		give_up("fstat");
	return (size_t)status.st_size;
}

static void *grow(void *old, size_t length, size_t room)
{
	uint8_t *grown = realloc(old, room ? room : 1);

	if (!grown)
		give_up("realloc");
	if (room > length)
		memset(grown + length, 0, room - length);
	return grown;
}

static void get(int fd, uint8_t *bytes, size_t length, size_t offset)
{
	long got = syscall(SYS_pread64, fd, bytes, length, offset);

	if (got < 0)
		give_up("pread");
	memset(bytes + got, 0, length - (size_t)got);
}

static struct file *find(int fd)
{
	struct stat status;

	if (fstat(fd, &status))
		give_up("fstat");
	for (size_t i = 0; i < cache.file_count; i++)
		if (cache.files[i].number == status.st_ino &&
			cache.files[i].device == status.st_dev)
			return &cache.files[i];
	return NULL;
}

void cache_know(int fd)
{
	struct file *file = &cache.files[cache.file_count];
	struct stat status;
	char path[64];

	if (!cache.attic || find(fd))
		return;
	if (cache.file_count == FILES_MAX || fstat(fd, &status))
		give_up("too many files");
	cache.file_count++;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	*file = (struct file){ .device = status.st_dev, .number = status.st_ino };
	file->fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
	if (file->fd < 0)
		give_up(path);
	file->disk_length = length_of(file->fd);
	file->disk = grow(NULL, 0, file->disk_length);
	get(file->fd, file->disk, file->disk_length, 0);
}

void cache_wrote(int fd, uint64_t offset, size_t length)
{
	struct file *file = cache.attic ? find(fd) : NULL;
	size_t last = (offset + length + BLOCK - 1) / BLOCK;

	if (!file || !length)
		return;
	if (last > file->dirty_blocks) {
		file->dirty = grow(file->dirty, file->dirty_blocks, last);
		file->dirty_blocks = last;
	}
	memset(file->dirty + offset / BLOCK, 1, last - offset / BLOCK);
	file->resized |= length_of(file->fd) != file->disk_length;
}

void cache_resized(int fd)
{
	struct file *file = cache.attic ? find(fd) : NULL;

	if (file)
		file->resized = true;
}

/* Put a block where a sync would. */
static void settle(struct file *file, size_t block)
{
	size_t at = block * BLOCK;

	if (at < file->disk_length)
		get(file->fd, file->disk + at,
			file->disk_length - at < BLOCK ? file->disk_length - at : BLOCK, at);
	file->dirty[block] = 0;
}

static void settle_length(struct file *file)
{
	size_t length = length_of(file->fd);

	file->disk =
		grow(file->disk, file->disk_length < length ? file->disk_length : length, length);
	file->disk_length = length;
	file->resized = false;
}

/* Names of this directory alone: the rest waits for its own. */
static void names_synced(int fd)
{
	char link[64], path[PATH_ROOM];
	ssize_t length;
	size_t left = 0;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof path);
	if (length < 0 || length == sizeof path)
		give_up(link);
	for (size_t i = 0; i < cache.change_count; i++) {
		const struct change *change = &cache.changes[i];
		const char *name = *change->to ? change->to : change->from;

		if (strrchr(name, '/') - name != length || memcmp(name, path, (size_t)length))
			cache.changes[left++] = *change;
	}
	cache.change_count = left;
}

void cache_synced(int fd, bool done)
{
	struct stat status;
	struct file *file;

	if (!cache.attic || fstat(fd, &status))
		return;
	if (S_ISDIR(status.st_mode)) {
		if (done)
			names_synced(fd);
		return;
	}
	file = find(fd);
	if (!file)
		return;
	if (done && file->resized)
		settle_length(file);
	for (size_t i = 0; i < file->dirty_blocks; i++)
		if (done && file->dirty[i])
			settle(file, i);
		else
			file->dirty[i] = 0;
}

static struct change *add_change(void)
{
	if (cache.change_count == NAMES_MAX)
		give_up("too many names");
	memset(&cache.changes[cache.change_count], 0, sizeof *cache.changes);
	return &cache.changes[cache.change_count++];
}

static void set(char to[PATH_ROOM], const char *path)
{
	if (snprintf(to, PATH_ROOM, "%s", path) >= PATH_ROOM)
		give_up("path");
}

/* A second name for what is about to lose its own. */
static void keep(struct change *change, const char *path)
{
	snprintf(change->kept, PATH_ROOM, "%s/%u", cache.attic, cache.kept++);
	if (syscall(SYS_linkat, AT_FDCWD, path, AT_FDCWD, change->kept, 0))
		*change->kept = '\0';
}

void cache_made(const char *path)
{
	if (cache.attic)
		set(add_change()->to, path);
}

void cache_renames(const char *from, const char *to)
{
	struct change *change;

	if (!cache.attic)
		return;
	change = add_change();
	set(change->from, from);
	set(change->to, to);
	keep(change, to);
}

void cache_removes(const char *path)
{
	struct change *change;

	if (!cache.attic)
		return;
	change = add_change();
	set(change->from, path);
	keep(change, path);
}

static void move(const char *from, const char *to)
{
	syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

static void undo(const struct change *change)
{
	if (!*change->from)
		syscall(SYS_unlinkat, AT_FDCWD, change->to, 0);
	else if (*change->to)
		move(change->to, change->from);
	if (*change->kept)
		move(change->kept, *change->to ? change->to : change->from);
}

static uint64_t draw(uint64_t *lot)
{
	uint64_t z = *lot += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* By lot some of what was not synced is on the disk nevertheless. */
static void write_back(struct file *file, uint64_t *lot)
{
	static const uint8_t of_eight[] = { 1, 4, 7, 8 };
	const uint8_t survive = of_eight[draw(lot) % sizeof of_eight];

	if (file->resized && draw(lot) % 2)
		settle_length(file);
	for (size_t i = 0; i < file->dirty_blocks; i++)
		if (file->dirty[i] && draw(lot) % 8 < survive)
			settle(file, i);
}

void cache_lose(uint64_t lot)
{
	size_t names = lot ? draw(&lot) % (cache.change_count + 1) : 0;

	for (size_t i = 0; i < cache.file_count; i++) {
		struct file *file = &cache.files[i];

		if (lot)
			write_back(file, &lot);
		if (syscall(SYS_ftruncate, file->fd, file->disk_length) ||
			syscall(SYS_pwrite64, file->fd, file->disk, file->disk_length, 0) !=
				(long)file->disk_length)
			give_up("lose");
	}
	while (cache.change_count > names)
		undo(&cache.changes[--cache.change_count]);
}
