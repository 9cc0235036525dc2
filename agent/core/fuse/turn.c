/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/fuse/internal.h"

#define SIZE_UNKNOWN 4096 /* of a file that is locked, or not granted any more; as in sysfs */

/* Who is behind a request. A host process may still be one of ours, or an operator's. */
static enum policy_reader classify(const struct turn *turn)
{
	const struct server *server = turn->server;
	pid_t toucher = atomic_load(&server->toucher);

	if (toucher && turn->who->pid == toucher && turn->who->uid == geteuid())
		return POLICY_TOUCHER;
	switch (turn->reader.kind) {
	case READER_CONTAINER:
		return POLICY_CONTAINER;
	case READER_HOST:
		if (!turn->who->uid ||
			(server->parts.operators != (gid_t)-1 &&
				identity_in_group(turn->who->pid, server->parts.operators)))
			return POLICY_OPERATOR;
		return POLICY_HOST;
	case READER_UNKNOWN:
		break;
	}
	return POLICY_UNKNOWN;
}

void turn_begin(struct turn *turn, fuse_req_t req)
{
	struct worker *worker = fuse_req_userdata(req);

	*turn = (struct turn){
		.server = worker->server,
		.worker = worker,
		.model = worker->server->parts.model,
		.who = fuse_req_ctx(req),
	};
	identity_find(turn->server->parts.identity, turn->who->pid, &turn->reader);
	turn->kind = classify(turn);
	model_read_lock(turn->model);
}

void turn_end(struct turn *turn)
{
	model_unlock(turn->model);
}

/* The owner of a granted file as the host counts. Most grants name none: it is who reads. */
static void find_owner(
	const struct turn *turn, const struct grant_record *grant, uint32_t *uid, uint32_t *gid)
{
	*uid = grant->uid == GRANT_READER ? turn->who->uid
					  : identity_host_uid(turn->who->pid, grant->uid);
	*gid = grant->gid == GRANT_READER ? turn->who->gid
					  : identity_host_gid(turn->who->pid, grant->gid);
}

static void describe_file(
	const struct turn *turn, const struct node *node, struct policy_question *question)
{
	const struct grant_record *grant;

	if (!node || !grant_lives(node->grant))
		return;
	grant = &node->grant->record;
	question->exists = true;
	question->mode = grant->mode;
	question->uid = turn->who->uid;
	find_owner(turn, grant, &question->owner, &question->group);
	if (question->owner == question->uid)
		return;
	question->root = !turn->who->uid || identity_host_uid(turn->who->pid, 0) == turn->who->uid;
	question->in_group = turn->who->gid == question->group ||
			     identity_in_group(turn->who->pid, question->group);
}

static struct policy_answer judge(const struct turn *turn, enum policy_act act, uint64_t id,
	const struct node *node, bool same_reader)
{
	static const enum policy_place places[] = {
		[LEVEL_ROOT] = PLACE_PUBLIC,
		[LEVEL_KIND] = PLACE_PUBLIC,
		[LEVEL_ABOVE] = PLACE_ABOVE,
		[LEVEL_CONSUMER] = PLACE_CONSUMER,
		[LEVEL_FILE] = PLACE_FILE,
	};
	struct policy_question question = {
		.act = act,
		.reader = turn->kind,
		.place = places[node_level(id)],
		.locked = turn->model->locked,
		.same_reader = same_reader,
	};

	if (question.place == PLACE_FILE)
		describe_file(turn, node, &question);
	else
		question.exists = node != NULL;
	return policy_decide(&question);
}

struct policy_answer turn_judge(
	const struct turn *turn, enum policy_act act, uint64_t id, const struct node *node)
{
	return judge(turn, act, id, node, true);
}

struct policy_answer turn_judge_open(
	const struct turn *turn, uint64_t id, const struct node *node, uint64_t opened_by)
{
	return judge(turn, ACT_READ, id, node, turn->reader.container == opened_by);
}

static struct timespec to_timespec(uint64_t realtime_ns)
{
	return (struct timespec){ (time_t)(realtime_ns / 1000000000u),
		(long)(realtime_ns % 1000000000u) };
}

void turn_attributes(const struct turn *turn, uint64_t id, const struct node *node, struct stat *st)
{
	const struct grant *grant = node ? node->grant : NULL;

	*st = (struct stat){ .st_ino = id, .st_nlink = 1, .st_mode = S_IFDIR | 0555 };
	st->st_mtim = to_timespec(turn->server->parts.handover->mounted_ns);
	if (node_level(id) == LEVEL_FILE) {
		/* Never none: the kernel would remember it, and end every sendfile(2) before a
		 * byte. */
		st->st_size = SIZE_UNKNOWN;
		st->st_mode = S_IFREG | 0400;
		st->st_uid = turn->who->uid;
		st->st_gid = turn->who->gid;
	}
	if (grant_lives(grant)) {
		const struct version_record *version = &secret_current(grant->secret)->version;

		st->st_mode = S_IFREG | grant->record.mode;
		find_owner(turn, &grant->record, &st->st_uid, &st->st_gid);
		st->st_size = version->size;
		st->st_blocks = (version->size + 511) / 512;
		st->st_mtim = to_timespec(version->created_ns);
	}
	st->st_blksize = 4096;
	st->st_ctim = st->st_mtim;
	st->st_atim = st->st_mtim;
}
