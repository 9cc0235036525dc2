/* SPDX-License-Identifier: Apache-2.0 */
#include "holder/holder.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/fuse.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tacit/api.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "wire/audit_ring.h"

#define INIT_WAIT_MS 5000
#define FILE_SYSTEM "fuse.tacit"

/* The last mount at `path`, as /proc/self/mountinfo lists it. False: none. */
static bool find_mount(const char *path, char device[32], char type[64], char source[PATH_FULL_MAX])
{
	_fclose_ FILE *list = fopen("/proc/self/mountinfo", "re");
	char line[4096], point[PATH_FULL_MAX], last[PATH_FULL_MAX], number[32], kind[64];
	bool found = false;

	while (list && fgets(line, sizeof line, list)) {
		const char *tail = strstr(line, " - ");

		if (!tail || sscanf(line, "%*u %*u %31s %*s %255s", number, point) != 2 ||
			sscanf(tail, " - %63s %255s", kind, last) != 2 || strcmp(point, path))
			continue;
		snprintf(device, 32, "%s", number);
		snprintf(type, 64, "%s", kind);
		snprintf(source, PATH_FULL_MAX, "%s", last);
		found = true;
	}
	return found;
}

/* What is mounted here by an agent of this root is a dead one's: the lock is ours. */
static int clear_place(const char *path, struct err *err)
{
	char device[32], type[64], source[PATH_FULL_MAX];

	while (find_mount(path, device, type, source)) {
		if (strcmp(type, FILE_SYSTEM) || strcmp(source, path))
			return err_set(err, TACIT_BUSY,
				"mount point %s is busy: %s is mounted there; unmount it, or use "
				"another root",
				path, type);
		if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW))
			return err_errno(err, errno, TACIT_BUSY, "unmount a dead agent's %s", path);
		log_warning("took away the mount of an agent that ended without stopping; "
			    "containers that hold it must be restarted: tacit repair");
	}
	return 0;
}

/* So that nobody, root included, makes a directory in the bare mount point of the system's agent.
 */
static void set_immutable(const char *path, bool immutable)
{
	_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int flags;

	if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &flags))
		return;
	flags = immutable ? flags | FS_IMMUTABLE_FL : flags & ~FS_IMMUTABLE_FL;
	ioctl(fd, FS_IOC_SETFLAGS, &flags);
}

/* The one INIT of a connection. Answered here, before there is a core: a core killed inside INIT
 * would leave the mount refusing connections for ever. Each core replays both into libfuse. */
static int answer_init(struct holder *holder, struct err *err)
{
	struct handover *handover = holder->handover;
	struct fuse_in_header *in = (void *)handover->init_request;
	struct fuse_init_in *offer = (void *)(in + 1);
	struct fuse_out_header *out = (void *)handover->init_reply;
	struct fuse_init_out *answer = (void *)(out + 1);
	struct pollfd device = { .fd = holder->table.device[0], .events = POLLIN };
	char request[FUSE_MIN_READ_BUFFER];
	ssize_t length;

	if (poll(&device, 1, INIT_WAIT_MS) != 1)
		return err_set(err, TACIT_INTERNAL, "/dev/fuse: the kernel sent no INIT");
	length = read(device.fd, request, sizeof request);
	if (length < (ssize_t)(sizeof *in + sizeof *offer) || length > HANDOVER_INIT_MAX)
		return err_set(err, TACIT_INTERNAL, "/dev/fuse: no INIT of this kernel's size");
	memcpy(handover->init_request, request, (size_t)length);
	if (in->opcode != FUSE_INIT || offer->major != FUSE_KERNEL_VERSION || offer->minor < 31)
		return err_set(err, TACIT_INTERNAL,
			"/dev/fuse: protocol %u.%u; 7.31 (Linux 5.4) is the oldest that will do",
			offer->major, offer->minor);
	*out = (struct fuse_out_header){ sizeof *out + sizeof *answer, 0, in->unique };
	*answer = (struct fuse_init_out){
		.major = FUSE_KERNEL_VERSION,
		.minor = 31,
		.flags = offer->flags &
			 (FUSE_ATOMIC_O_TRUNC | FUSE_BIG_WRITES | FUSE_MAX_PAGES | FUSE_INIT_EXT),
		.max_write = 1u << 20,
		.time_gran = 1,
		.max_pages = 256,
	};
	if (write(device.fd, out, out->len) != (ssize_t)out->len)
		return err_errno(err, errno, TACIT_INTERNAL, "/dev/fuse: answer INIT");
	handover->init_reply_length = out->len;
	handover->init_request_length = (uint32_t)length;
	return 0;
}

static int open_device(struct holder *holder, unsigned int index, struct err *err)
{
	int *fd = &holder->table.device[index];
	uint32_t first = (uint32_t)holder->table.device[0];

	*fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (*fd < 0)
		return err_errno(err, errno, TACIT_UNAVAILABLE,
			"/dev/fuse (is the fuse module loaded, and the device passed in?)");
	if (index && ioctl(*fd, FUSE_DEV_IOC_CLONE, &first))
		return err_errno(err, errno, TACIT_INTERNAL, "/dev/fuse: clone");
	return 0;
}

int mount_make(struct holder *holder, struct err *err)
{
	char path[PATH_FULL_MAX], options[256], type[64], source[PATH_FULL_MAX];
	unsigned int threads = holder->config.threads;
	int status;

	path_below(holder->root, TACIT_MOUNT_DIR, path);
	if ((status = open_device(holder, 0, err)) < 0 || (status = clear_place(path, err)) < 0)
		return status;
	if (!holder->root[0])
		set_immutable(path, true);
	if ((status = handover_create(threads, &holder->table.handover, err)) < 0 ||
		(status = handover_create_keys(&holder->table.keys, err)) < 0 ||
		(status = audit_ring_create(&holder->table.audit, err)) < 0 ||
		(status = handover_map(holder->table.handover, &holder->handover, err)) < 0)
		return status;
	snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other%s",
		holder->table.device[0],
		access("/sys/fs/selinux/enforce", F_OK)
			? ""
			: ",context=\"system_u:object_r:container_file_t:s0\"");
	if (mount(path, path, FILE_SYSTEM, MS_NOSUID | MS_NODEV, options))
		return err_errno(err, errno, TACIT_INTERNAL, "mount %s", path);
	if ((status = answer_init(holder, err)) < 0)
		return status;
	for (unsigned int i = 1; i < threads; i++)
		if ((status = open_device(holder, i, err)) < 0)
			return status;
	/* O_PATH asks the file system nothing: no process of ours may wait for a core in its open.
	 */
	holder->table.mount = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (holder->table.mount < 0 ||
		!find_mount(path, holder->handover->mount_device, type, source))
		return err_errno(err, errno, TACIT_INTERNAL, "mount %s", path);
	return 0;
}

bool mount_lives(const struct holder *holder)
{
	char path[PATH_FULL_MAX], device[32], type[64], source[PATH_FULL_MAX];

	path_below(holder->root, TACIT_MOUNT_DIR, path);
	return find_mount(path, device, type, source) &&
	       !strcmp(device, holder->handover->mount_device);
}

void mount_end(struct holder *holder)
{
	char path[PATH_FULL_MAX];

	path_below(holder->root, TACIT_MOUNT_DIR, path);
	umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
	if (!holder->root[0])
		set_immutable(path, false);
}
