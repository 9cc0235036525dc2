/* SPDX-License-Identifier: Apache-2.0 */
/* Names, attributes, directories; and the table of operations. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "core/fuse/internal.h"

/* The kernel may keep a name for as long as it likes: the answer never depends on who asks, and a
 * name that was there stays. What a name is worth is decided at every GETATTR and OPEN. But whether
 * it is a file's or a folder's is not known of what a locked agent has never told. */
#define ENTRY_TIMEOUT_SECONDS 86400.0
#define LIST_ROOM_MAX 65536
#define LAST_OFFSET INT32_MAX /* in a directory, behind all that was ever granted */

/* The number of a name, which may be a file's or a folder's; 0: no path has that shape. */
static uint64_t find_name(
	const struct turn *turn, uint64_t parent, const char *name, bool *by_shape)
{
	const struct model *model = turn->model;
	uint64_t file = node_child(model->node_key, parent, name);
	uint64_t folder = node_folder(model->node_key, parent, name);
	bool is_told = folder && folder_is_known(turn->server, folder);

	*by_shape = model->locked && node_level(parent) == LEVEL_CONSUMER && !is_told;
	if (!folder || folder == file)
		return file;
	if (model->locked)
		return is_told ? folder : file;
	return model_node(model, folder) && (is_told || !model_node(model, file)) ? folder : file;
}

static bool is_known(const struct turn *turn, uint64_t id)
{
	uint64_t owner = node_owner(id);

	return owner == NODE_ROOT_ID || turn->model->locked || node_level(owner) == LEVEL_KIND ||
	       model_node(turn->model, owner);
}

static void deny(struct turn *turn, fuse_req_t req, enum denied_act act, uint64_t ino,
	const struct policy_answer *answer)
{
	const struct denial denial = {
		ino, model_node(turn->model, ino), answer->rule, answer->errnum, NULL
	};

	record_denial(turn, act, &denial);
	fuse_reply_err(req, answer->errnum);
}

/* Never denied for a name that is there: a denied LOOKUP throws the name out for all, and detaches
 * what is mounted on it in other containers. */
static void on_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct worker *worker = fuse_req_userdata(req);
	struct turn turn = { .server = worker->server,
		.model = worker->server->parts.model,
		.who = fuse_req_ctx(req) };
	struct fuse_entry_param entry = { .ino = 0 };
	bool by_shape;

	model_read_lock(turn.model);
	entry.ino = find_name(&turn, parent, name, &by_shape);
	entry.entry_timeout = by_shape ? 0 : ENTRY_TIMEOUT_SECONDS;
	if (entry.ino && is_known(&turn, entry.ino)) {
		turn_attributes(
			&turn, entry.ino, model_node(turn.model, entry.ino), &entry.attr);
		fuse_reply_entry(req, &entry);
	} else {
		fuse_reply_err(req, ENOENT);
	}
	turn_end(&turn);
}

static void on_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file)
{
	struct policy_answer answer;
	const struct node *node;
	struct turn turn;
	struct stat st;

	(void)file;
	turn_begin(&turn, req);
	node = model_node(turn.model, ino);
	answer = turn_judge(&turn, ACT_STAT, ino, node);
	if (answer.errnum) {
		deny(&turn, req, DENIED_STAT, ino, &answer);
	} else {
		turn_attributes(&turn, ino, node, &st);
		fuse_reply_attr(req, &st, 0.0);
	}
	turn_end(&turn);
}

static void on_access(fuse_req_t req, fuse_ino_t ino, int mask)
{
	struct policy_answer answer;
	struct turn turn;
	bool reads;

	turn_begin(&turn, req);
	reads = (mask & R_OK) && node_level(ino) == LEVEL_FILE;
	answer = turn_judge(&turn, reads ? ACT_READ : ACT_STAT, ino, model_node(turn.model, ino));
	if (answer.errnum)
		deny(&turn, req, DENIED_ACCESS, ino, &answer);
	else
		fuse_reply_err(req, mask & W_OK ? EROFS : 0);
	turn_end(&turn);
}

static void on_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file)
{
	struct policy_answer answer;
	struct turn turn;

	turn_begin(&turn, req);
	answer = turn_judge(&turn, ACT_LIST, ino, model_node(turn.model, ino));
	if (answer.errnum)
		fuse_reply_err(req, answer.errnum);
	else
		fuse_reply_open(req, file);
	turn_end(&turn);
}

/* Nor is what lies in `self` to whom nobody has named: it was given to everybody, and most of it is
 * others'. */
static bool is_file_listed(struct turn *turn, const struct node *file)
{
	struct policy_answer answer = turn_judge(turn, ACT_STAT, file->id, file);

	return !answer.errnum &&
	       (node_kind(file->id) != CONSUMER_SELF || answer.rule != RULE_UNIDENTIFIED);
}

/* What a reader may not stat, and what is a neighbour's, is not listed. */
static bool is_listed(struct turn *turn, const struct node *directory, const struct node *child)
{
	enum node_level level = node_level(directory->id);

	if (node_level(child->id) == LEVEL_FILE)
		return is_file_listed(turn, child);
	if (node_level(child->id) == LEVEL_FOLDER) {
		for (size_t i = 0; i < child->child_count; i++)
			if (is_file_listed(turn, child->children[i]))
				return true;
		return false;
	}
	return !turn_judge(turn, ACT_STAT, child->id, child).errnum &&
	       (level == LEVEL_ROOT || turn->kind == POLICY_OPERATOR);
}

struct list {
	fuse_req_t req;
	char *bytes;
	size_t room, used;
};

/* False: there is no room for one more. */
static bool list_name(struct list *list, const char *name, uint64_t id, off_t next)
{
	bool is_file = node_level(id) == LEVEL_FILE || node_level(id) == LEVEL_PROGRAM;
	struct stat st = { .st_ino = id, .st_mode = is_file ? S_IFREG : S_IFDIR };
	size_t left = list->room - list->used;
	size_t more = fuse_add_direntry(
		list->req, list->bytes + list->used, left, name, &st, next);

	if (more > left)
		return false;
	list->used += more;
	return true;
}

static void list_directory(struct turn *turn, uint64_t ino, off_t offset, struct list *list)
{
	const struct node *directory = model_node(turn->model, ino);
	const char *own = program_listed(ino);

	for (size_t i = (size_t)offset; directory && i < directory->child_count; i++) {
		const struct node *child = directory->children[i];

		if (is_listed(turn, directory, child) &&
			!list_name(list, child->name, child->id, (off_t)i + 1))
			return;
	}
	if (own && offset < LAST_OFFSET)
		list_name(list, own, node_child(turn->model->node_key, ino, own), LAST_OFFSET);
}

static void on_readdir(
	fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *file)
{
	size_t room = size < LIST_ROOM_MAX ? size : LIST_ROOM_MAX;
	_free_ char *bytes = malloc(room);
	struct list list = { req, bytes, room, 0 };
	struct turn turn;

	(void)file;
	if (!bytes) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	turn_begin(&turn, req);
	list_directory(&turn, ino, offset, &list);
	fuse_reply_buf(req, list.bytes, list.used);
	turn_end(&turn);
}

/* Containers change nothing. EROFS, so that a typing mistake in `-v` fails loudly. */
static void on_setattr(
	fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set, struct fuse_file_info *file)
{
	(void)ino;
	(void)attr;
	(void)to_set;
	(void)file;
	fuse_reply_err(req, EROFS);
}

static void on_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t device)
{
	(void)parent;
	(void)name;
	(void)mode;
	(void)device;
	fuse_reply_err(req, EROFS);
}

static void on_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	on_mknod(req, parent, name, mode, 0);
}

static void on_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	on_mknod(req, parent, name, 0, 0);
}

static void on_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	(void)target;
	on_mknod(req, parent, name, 0, 0);
}

static void on_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t to,
	const char *new_name, unsigned int flags)
{
	(void)to;
	(void)new_name;
	(void)flags;
	on_mknod(req, parent, name, 0, 0);
}

static void on_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name)
{
	(void)ino;
	on_mknod(req, parent, name, 0, 0);
}

static void on_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
	struct fuse_file_info *file)
{
	(void)file;
	on_mknod(req, parent, name, mode, 0);
}

/* Named one by one; whatever libfuse would add by itself is off. holder has told the kernel the
 * same. */
static void on_init(void *worker, struct fuse_conn_info *connection)
{
	(void)worker;
	connection->want = connection->capable & FUSE_CAP_ATOMIC_O_TRUNC;
	connection->max_readahead = 0;
	connection->time_gran = 1;
}

const struct fuse_lowlevel_ops server_operations = {
	.init = on_init,
	.lookup = on_lookup,
	.getattr = on_getattr,
	.setattr = on_setattr,
	.access = on_access,
	.opendir = on_opendir,
	.readdir = on_readdir,
	.open = on_open,
	.read = on_read,
	.write = on_write,
	.release = on_release,
	.mknod = on_mknod,
	.mkdir = on_mkdir,
	.create = on_create,
	.unlink = on_unlink,
	.rmdir = on_unlink,
	.symlink = on_symlink,
	.rename = on_rename,
	.link = on_link,
};
