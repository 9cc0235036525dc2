/* SPDX-License-Identifier: Apache-2.0 */
#include "holder/holder.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <tacit/api.h>

#include "base/log.h"

#define BACKLOG 64
#define LOCK_TRIES 20
#define LOCK_TRY_US 25000

/* As whom each role runs: the name's place in the configuration; and for a scratch instance on a
 * host where tacit is not installed a number of systemd's range for dynamic users. */
static const struct {
	enum role role;
	size_t name;
	uid_t scratch;
} users[] = {
	{ ROLE_CORE, offsetof(struct config, user), 65401 },
	{ ROLE_TOUCHER, offsetof(struct config, user), 65401 },
	{ ROLE_API, offsetof(struct config, api_user), 65402 },
	{ ROLE_ENGINE, offsetof(struct config, engine_user), 65403 },
	{ ROLE_GATE, offsetof(struct config, gate_user), 65404 },
};

/* The lanes' users on such a host: numbers that neither distributions nor systemd nor subuid(5)
 * use, and for each root its own. Two agents would end each other's programs. */
#define SCRATCH_LANES_FIRST 65536u
#define SCRATCH_LANES_ROOTS 16384u

static int find_user(const struct holder *holder, const char *name, uid_t scratch,
	struct user *user, struct err *err)
{
	const struct passwd *entry = getpwnam(name);

	*user = (struct user){ 0, 0 };
	if (!entry && !holder->root[0])
		return err_set(err, TACIT_NOT_FOUND,
			"user %s does not exist; make it with systemd-sysusers, or name another in "
			"the configuration",
			name);
	user->uid = entry ? entry->pw_uid : scratch;
	user->gid = entry ? entry->pw_gid : (gid_t)scratch;
	/* Its processes would be operators to the agent they are made of. */
	if (user->gid == holder->operators)
		return err_set(err, TACIT_INVALID,
			"the group of user %s is the operators' group %s: give the user a group of "
			"its own",
			name, holder->config.operators);
	return user->uid ? 0
			 : err_set(err, TACIT_INVALID,
				   "user %s is root: name another in the configuration", name);
}

static uid_t scratch_lane(const char *root, enum run_lane lane)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (const char *at = root; *at; at++)
		hash = (hash ^ (unsigned char)*at) * 16777619u;
	return SCRATCH_LANES_FIRST + hash % SCRATCH_LANES_ROOTS * RUN_LANES + lane;
}

/* All of its processes are killed after each run: it must not have any of ours. */
static int check_lane(
	const struct holder *holder, enum run_lane lane, const char *name, struct err *err)
{
	uid_t uid = holder->lane[lane].user.uid;
	bool shared = false;

	for (enum role role = ROLE_CORE; role < ROLES; role++)
		shared |= holder->user[role].uid == uid;
	for (enum run_lane other = 0; other < lane; other++)
		shared |= holder->lane[other].user.uid == uid;
	return shared ? err_set(err, TACIT_INVALID,
				"user %s is to run programs and is another user of the agent, too: "
				"name "
				"one of its own in the configuration",
				name)
		      : 0;
}

/* One that does not exist is no reason not to start: programs are refused. */
static int setup_lanes(struct holder *holder, struct err *err)
{
	static const size_t names[RUN_LANES] = {
		[RUN_HOOK] = offsetof(struct config, hook_user),
		[RUN_ROTATOR] = offsetof(struct config, rotator_user),
		[RUN_KEY] = offsetof(struct config, key_user),
	};

	for (enum run_lane lane = 0; lane < RUN_LANES; lane++) {
		const char *name = (const char *)&holder->config + names[lane];
		int status = find_user(holder, name, scratch_lane(holder->root, lane),
			&holder->lane[lane].user, err);

		if (status == -TACIT_NOT_FOUND)
			continue;
		if (status < 0 || (status = check_lane(holder, lane, name, err)) < 0)
			return status;
	}
	return 0;
}

int setup_users(struct holder *holder, struct err *err)
{
	const struct group *operators = getgrnam(holder->config.operators);
	int status;

	holder->operators = operators ? operators->gr_gid : (gid_t)-1;
	for (size_t i = 0; i < sizeof users / sizeof *users; i++) {
		enum role role = users[i].role;
		const char *name = (const char *)&holder->config + users[i].name;

		if (!child_is_configured(holder, role))
			continue;
		status = find_user(holder, name, users[i].scratch, &holder->user[role], err);
		if (status < 0)
			return status;
	}
	return setup_lanes(holder, err);
}

static int make_directory(
	const char *root, const char *path, mode_t mode, uid_t uid, gid_t gid, struct err *err)
{
	char full[PATH_FULL_MAX + CONFIG_PATH_MAX];

	snprintf(full, sizeof full, "%s%s", root, path);
	for (char *slash = strchr(full + strlen(root) + 1, '/'); slash;
		slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(full, 0755) && errno != EEXIST)
			return err_errno(err, errno, TACIT_IO, "make directory %s", full);
		*slash = '/';
	}
	if (!mkdir(full, mode))
		return chown(full, uid, gid)
			       ? err_errno(err, errno, TACIT_IO, "give %s to its user", full)
			       : 0;
	return errno == EEXIST ? 0 : err_errno(err, errno, TACIT_IO, "make directory %s", full);
}

/* Where core keeps what is not the store: the directory of its anchor, and that of the audit log.
 */
static int make_core_places(const struct holder *holder, struct err *err)
{
	const struct user *core = &holder->user[ROLE_CORE];
	char anchor[CONFIG_PATH_MAX];
	char *name;
	int status = make_directory(
		holder->root, holder->config.audit_dir, 0700, core->uid, core->gid, err);

	snprintf(anchor, sizeof anchor, "%s", holder->config.anchor);
	name = strrchr(anchor, '/');
	if (status < 0 || !name || name == anchor)
		return status;
	*name = '\0';
	return make_directory(holder->root, anchor, 0700, core->uid, core->gid, err);
}

int setup_places(struct holder *holder, struct err *err)
{
	const struct user *core = &holder->user[ROLE_CORE];
	char path[PATH_FULL_MAX], text[16];
	int status, length, locked;

	if ((status = make_directory(holder->root, "/etc/tacit", 0755, 0, 0, err)) < 0 ||
		(status = make_directory(holder->root, TACIT_RUN_DIR, 0755, 0, 0, err)) < 0 ||
		(status = make_directory(holder->root, TACIT_MOUNT_DIR, 0555, 0, 0, err)) < 0 ||
		(status = make_directory(
			 holder->root, TACIT_STORE_DIR, 0700, core->uid, core->gid, err)) < 0 ||
		(status = make_core_places(holder, err)) < 0)
		return status;
	path_below(holder->root, HOLDER_PID_FILE, path);
	holder->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (holder->lock < 0)
		return err_errno(err, errno, TACIT_IO, "open %s", path);
	/* A holder that was killed a moment ago may not be quite gone. */
	for (int i = 0; (locked = flock(holder->lock, LOCK_EX | LOCK_NB)) && i < LOCK_TRIES; i++)
		usleep(LOCK_TRY_US);
	if (locked)
		return err_set(err, TACIT_BUSY, "another agent runs here: it holds %s", path);
	length = snprintf(text, sizeof text, "%d\n", getpid());
	if (ftruncate(holder->lock, 0) || pwrite(holder->lock, text, (size_t)length, 0) != length)
		return err_errno(err, errno, TACIT_IO, "write %s", path);
	return 0;
}

static int listen_at(const char *root, const char *name, int type, mode_t mode, gid_t group,
	int *fd, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char path[PATH_FULL_MAX];
	mode_t before;
	int bound;

	path_below(root, name, path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	unlink(path);
	*fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* Root's alone until it is what it shall be. */
	before = umask(077);
	bound = *fd < 0 ? -1 : bind(*fd, (struct sockaddr *)&address, sizeof address);
	umask(before);
	if (bound || chown(path, 0, group) || chmod(path, mode) || listen(*fd, BACKLOG))
		return err_errno(err, errno, TACIT_IO, "listen at %s", path);
	return 0;
}

int setup_sockets(struct holder *holder, struct err *err)
{
	bool group = holder->operators != (gid_t)-1;
	int status = listen_at(holder->root, HOLDER_ADOPT_SOCKET, SOCK_SEQPACKET, 0600, 0,
		&holder->table.adopt, err);

	if (status < 0)
		return status;
	return listen_at(holder->root, TACIT_API_SOCKET, SOCK_STREAM, group ? 0660 : 0600,
		group ? holder->operators : 0, &holder->table.listener, err);
}
