/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest libfuse low-level server with the agent's flags: what a read through FUSE costs when
 * the server decides nothing.
 *
 *   null_fs FILE MOUNTPOINT THREADS     serves FILE's bytes as MOUNTPOINT/value until SIGTERM
 *
 * Same as the agent: mount options, capabilities of INIT, direct_io, names kept for a day and
 * attributes not at all, FLUSH answered ENOSYS, a clone of the device for each thread. */
#include <errno.h>
#include <fuse_lowlevel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#define VALUE_MAX (1u << 20)
#define VALUE_NODE 2
#define NAMES_KEPT_SECONDS 86400.0

struct null {
	char value[VALUE_MAX];
	size_t length;
};

static void fill(const struct null *null, fuse_ino_t ino, struct stat *st)
{
	*st = (struct stat){ .st_ino = ino, .st_nlink = 1 };
	st->st_mode = ino == FUSE_ROOT_ID ? S_IFDIR | 0555 : S_IFREG | 0444;
	st->st_size = ino == FUSE_ROOT_ID ? 0 : (off_t)null->length;
}

static void on_init(void *null, struct fuse_conn_info *connection)
{
	(void)null;
	connection->want = FUSE_CAP_ATOMIC_O_TRUNC;
	connection->max_write = 1u << 20;
}

static void on_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param entry = { .ino = VALUE_NODE, .entry_timeout = NAMES_KEPT_SECONDS };

	if (parent != FUSE_ROOT_ID || strcmp(name, "value")) {
		fuse_reply_err(req, ENOENT);
		return;
	}
	fill(fuse_req_userdata(req), VALUE_NODE, &entry.attr);
	fuse_reply_entry(req, &entry);
}

static void on_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file)
{
	struct stat st;

	(void)file;
	fill(fuse_req_userdata(req), ino, &st);
	fuse_reply_attr(req, &st, 0);
}

static void on_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file)
{
	(void)ino;
	file->direct_io = 1;
	fuse_reply_open(req, file);
}

static void on_read(
	fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *file)
{
	const struct null *null = fuse_req_userdata(req);
	size_t left = (size_t)offset < null->length ? null->length - (size_t)offset : 0;

	(void)ino;
	(void)file;
	fuse_reply_buf(req, null->value + offset, left < size ? left : size);
}

static void on_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file)
{
	(void)ino;
	(void)file;
	fuse_reply_err(req, ENOSYS);
}

static const struct fuse_lowlevel_ops operations = {
	.init = on_init,
	.lookup = on_lookup,
	.getattr = on_getattr,
	.open = on_open,
	.read = on_read,
	.flush = on_flush,
};

static int load(struct null *null, const char *path)
{
	FILE *file = fopen(path, "re");

	if (!file)
		return -1;
	null->length = fread(null->value, 1, sizeof null->value, file);
	fclose(file);
	return null->length ? 0 : -1;
}

int main(int argc, char **argv)
{
	static struct null null;
	char mount_options[] = "-oallow_other,nosuid,nodev,fsname=null,subtype=tacit_null";
	char *options[] = { argv[0], mount_options };
	struct fuse_args args = FUSE_ARGS_INIT(2, options);
	struct fuse_loop_config *loop = fuse_loop_cfg_create();
	struct fuse_session *session;
	int status;

	if (argc != 4 || load(&null, argv[1])) {
		fprintf(stderr, "usage: null_fs FILE MOUNTPOINT THREADS\n");
		return 2;
	}
	session = fuse_session_new(&args, &operations, sizeof operations, &null);
	if (!session || fuse_set_signal_handlers(session) || fuse_session_mount(session, argv[2]))
		return 1;
	fuse_loop_cfg_set_clone_fd(loop, 1);
	fuse_loop_cfg_set_max_threads(loop, (unsigned int)atoi(argv[3]));
	fuse_loop_cfg_set_idle_threads(loop, (unsigned int)atoi(argv[3]));
	status = fuse_session_loop_mt(session, loop);
	fuse_session_unmount(session);
	fuse_session_destroy(session);
	fuse_loop_cfg_destroy(loop);
	return status ? 1 : 0;
}
