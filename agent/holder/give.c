/* SPDX-License-Identifier: Apache-2.0 */
#include "holder/holder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"

#define BIT(role) (1u << (role))

/* Who is given what of the table. core has all of it, for a holder that would adopt its mount. */
static const struct {
	enum give what;
	size_t place;
	unsigned int roles;
} gifts[] = {
	{ GIVE_HANDOVER, offsetof(struct table, handover), BIT(ROLE_CORE) },
	{ GIVE_KEY_PAGE, offsetof(struct table, keys), BIT(ROLE_CORE) },
	{ GIVE_AUDIT_RING, offsetof(struct table, audit), BIT(ROLE_CORE) },
	{ GIVE_ADOPT, offsetof(struct table, adopt), BIT(ROLE_CORE) },
	{ GIVE_MOUNT, offsetof(struct table, mount), BIT(ROLE_CORE) | BIT(ROLE_TOUCHER) },
	{ GIVE_LISTENER, offsetof(struct table, listener), BIT(ROLE_CORE) | BIT(ROLE_API) },
};

/* Who talks to whom. What gate passes on of an engine reaches core parsed, by engine. engine knows
 * of a new core before gate does, for gate may have it read what that core does. */
static const struct {
	enum role a, b;
} pairs[] = {
	{ ROLE_CORE, ROLE_TOUCHER },
	{ ROLE_CORE, ROLE_API },
	{ ROLE_CORE, ROLE_ENGINE },
	{ ROLE_ENGINE, ROLE_GATE },
	{ ROLE_CORE, ROLE_GATE },
};

static void give(const struct child *child, enum give what, uint32_t index, int fd)
{
	struct frame_give body = { .what = what, .index = index };

	if (fd >= 0)
		frame_send_now(child->channel, FRAME_GIVE, &body, sizeof body, fd, NULL);
}

/* A new channel between two roles: either may be the one that has just started. */
static void introduce(const struct child *a, const struct child *b)
{
	struct frame_give to_a = { GIVE_PEER, b->role, b->pid, 0 };
	struct frame_give to_b = { GIVE_PEER, a->role, a->pid, 0 };
	int pair[2];

	if (!a->pid || !b->pid || frame_pair(pair, NULL) < 0)
		return;
	frame_send_now(a->channel, FRAME_GIVE, &to_a, sizeof to_a, pair[0], NULL);
	frame_send_now(b->channel, FRAME_GIVE, &to_b, sizeof to_b, pair[1], NULL);
	close(pair[0]);
	close(pair[1]);
}

void give_start(struct holder *holder, enum role role)
{
	const struct table *table = &holder->table;
	const struct child *child = &holder->child[role];

	for (uint32_t i = 0; role == ROLE_CORE && i < holder->handover->threads; i++)
		give(child, GIVE_DEVICE, i, table->device[i]);
	for (size_t i = 0; i < sizeof gifts / sizeof *gifts; i++)
		if (gifts[i].roles & BIT(role))
			give(child, gifts[i].what, 0,
				*(const int *)((const char *)table + gifts[i].place));
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		if (pairs[i].a == role || pairs[i].b == role)
			introduce(&holder->child[pairs[i].a], &holder->child[pairs[i].b]);
	frame_send_now(child->channel, FRAME_GO, NULL, 0, -1, NULL);
}

/* Only root can have written it, and nobody else reads it. */
static int open_key(const char *what, const char *path, int flags, int *fd, struct err *err)
{
	struct stat st;

	*fd = open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0400);
	if (*fd < 0 && errno == EEXIST)
		return err_set(err, TACIT_EXISTS, "%s %s exists", what, path);
	if (*fd < 0)
		return err_errno(err, errno, TACIT_IO, "%s %s", what, path);
	if (!fstat(*fd, &st) && S_ISREG(st.st_mode) && !st.st_uid && !(st.st_mode & 077))
		return 0;
	close(take_fd(fd));
	return err_set(err, TACIT_DENIED,
		"%s %s must be a file of root's that nobody else can read: chown root, chmod 0400",
		what, path);
}

/* One that was made and never written to, for the agent died or the disk was full, opens nothing:
 * it would be in the way for ever. */
static void remove_empty(const char *path)
{
	struct stat st;

	if (!lstat(path, &st) && S_ISREG(st.st_mode) && !st.st_uid && !st.st_size)
		unlink(path);
}

static int sync_name(const char *path, int *fd, struct err *err)
{
	char parent[PATH_FULL_MAX + CONFIG_PATH_MAX];
	_close_ int directory = -1;

	snprintf(parent, sizeof parent, "%.*s", (int)(strrchr(path, '/') - path + 1), path);
	directory = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory >= 0 && !fsync(directory))
		return 0;
	err_errno(err, errno, TACIT_IO, "sync %s", parent);
	close(take_fd(fd));
	return -(int)err->code;
}

static int open_key_file(const struct holder *holder, bool create, int *fd, struct err *err)
{
	char path[PATH_FULL_MAX + CONFIG_PATH_MAX];
	int status;

	snprintf(path, sizeof path, "%s%s", holder->root, holder->config.key_file);
	if (create)
		remove_empty(path);
	if (!create)
		return open_key("key file", path, O_RDONLY, fd, err);
	status = open_key("key file", path, O_RDWR | O_CREAT | O_EXCL, fd, err);
	/* core syncs what is in it: a store whose key file went with the power is lost. */
	return status < 0 ? status : sync_name(path, fd, err);
}

static int open_credential(const struct holder *holder, bool create, int *fd, struct err *err)
{
	const char *name = holder->config.credential;
	char path[PATH_FULL_MAX + CONFIG_WORD_MAX + 1];
	int length;

	if (create)
		return err_set(err, TACIT_INVALID, "a credential is made by systemd alone");
	if (!holder->credentials)
		return err_set(err, TACIT_NOT_FOUND, "systemd has given no credentials");
	if (name[0] == '.' || strchr(name, '/'))
		return err_set(err, TACIT_INVALID,
			"the configured credential is a name, and neither a path nor hidden");
	length = snprintf(path, sizeof path, "%s/%s", holder->credentials, name);
	if (holder->credentials[0] != '/' || length >= (int)sizeof path)
		return err_set(err, TACIT_INVALID, "the directory of credentials is no path");
	return open_key("credential", path, O_RDONLY, fd, err);
}

bool give_key(const struct holder *holder, const struct frame_need_key *need)
{
	static int (*const open_source[KEY_SOURCES])(
		const struct holder *holder, bool create, int *fd, struct err *err) = {
		[KEY_FROM_FILE] = open_key_file, [KEY_FROM_CREDENTIAL] = open_credential
	};
	struct frame_give body = { .what = GIVE_KEY_FILE, .index = need->source };
	_close_ int fd = -1;
	struct err err;

	if (need->source >= KEY_SOURCES)
		return false;
	body.status = open_source[need->source](holder, need->create, &fd, &err);
	if (body.status < 0 && body.status != -TACIT_EXISTS)
		log_warning("%s", err.text);
	frame_send_now(holder->child[ROLE_CORE].channel, FRAME_GIVE, &body, sizeof body, fd, NULL);
	return true;
}

static int connect_engine(const struct config *config, uint32_t engine, int *fd, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_close_ int channel = -1;

	if (engine >= config->engine_count)
		return err_set(err, TACIT_NOT_FOUND, "no engine has number %u", engine);
	memcpy(address.sun_path, config->engines[engine], strlen(config->engines[engine]) + 1);
	/* One whose queue is full is as good as none: it is tried again, and holder does not wait.
	 */
	channel = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (channel < 0 || connect(channel, (struct sockaddr *)&address, sizeof address))
		return err_errno(err, errno, TACIT_UNAVAILABLE, "engine %s", address.sun_path);
	*fd = take_fd(&channel);
	return 0;
}

void give_engine(const struct holder *holder, const struct frame_need_engine *need)
{
	struct frame_give body = { .what = GIVE_ENGINE, .index = need->ask };
	_close_ int fd = -1;
	struct err err;

	body.status = connect_engine(&holder->config, need->engine, &fd, &err);
	/* Not worth more: an engine that is not installed is in the built-in list too. */
	if (body.status < 0)
		log_debug("%s", err.text);
	frame_send_now(holder->child[ROLE_GATE].channel, FRAME_GIVE, &body, sizeof body, fd, NULL);
}
