/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/fuse/internal.h"

#define SIZE_UNKNOWN 4096 /* of a file that is locked, or not granted any more; as in sysfs */

/* Who is behind a request. A host process may still be one of ours, or an operator's. */
enum policy_reader turn_classify(const struct turn *turn)
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
	turn->kind = turn_classify(turn);
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

/* The read that was counted last may be this very OPEN: it has its number before anybody else can
 * see that it was counted, and loses it when that is settled. */
static bool is_counted(const struct worker *worker)
{
	const struct handover_parked *parked = worker ? worker->parked : NULL;

	return parked &&
	       (atomic_load(&parked->number) || atomic_load(&parked->count) == COUNT_GIVEN);
}

static bool is_used_up(const struct turn *turn, const struct grant *grant)
{
	if (!grant->record.reads || turn->reader.kind != READER_CONTAINER ||
		grant_used(grant, turn->reader.id) < grant->record.reads)
		return false;
	/* Who has a file open may ask how long it is. */
	if (turn->opens)
		return !is_counted(turn->worker);
	return !handles_grant_is_open(
		&turn->server->handles, grant->record.id, turn->reader.container);
}

static void describe_owner(
	const struct turn *turn, const struct grant_record *grant, struct policy_question *question)
{
	question->mode = grant->mode;
	question->uid = turn->who->uid;
	find_owner(turn, grant, &question->owner, &question->group);
	if (question->owner == question->uid)
		return;
	question->root = !turn->who->uid || identity_host_uid(turn->who->pid, 0) == turn->who->uid;
	question->in_group = turn->who->gid == question->group ||
			     identity_in_group(turn->who->pid, question->group);
}

static void describe_file(
	const struct turn *turn, const struct node *node, struct policy_question *question)
{
	const struct consumer *consumer = node_consumer(node)->consumer;
	const struct grant *grant = node_grant(node);

	/* Who watches a previous file is told that it has ended when it is not there any more. */
	question->exists =
		grant_lives(grant) && (question->act == ACT_TOUCH || node_blob(turn->model, node));
	if (!question->exists)
		return;
	question->expired =
		grant->record.expires_ns && grant_expired(grant, model_now_ns(turn->model));
	question->used_up = is_used_up(turn, grant);
	question->frozen = consumer && consumer->record.frozen_ns;
	question->main_process_only = grant->record.flags & GRANT_MAIN_PROCESS;
	if (question->main_process_only && question->act == ACT_READ)
		question->is_main_process = identity_is_main_process(turn->who->pid);
	describe_owner(turn, &grant->record, question);
}

static enum policy_place place_of(uint64_t id)
{
	static const enum policy_place places[] = {
		[LEVEL_ROOT] = PLACE_PUBLIC,
		[LEVEL_KIND] = PLACE_PUBLIC,
		[LEVEL_ABOVE] = PLACE_ABOVE,
		[LEVEL_CONSUMER] = PLACE_CONSUMER,
		[LEVEL_FILE] = PLACE_FILE,
		[LEVEL_FOLDER] = PLACE_CONSUMER,
	};

	return node_level(id) == LEVEL_CONSUMER && node_kind(id) == CONSUMER_SELF
		       ? PLACE_PUBLIC
		       : places[node_level(id)];
}

/* A name in `self` that is nobody's yet, or not the reader's: it is there for those who only look
 * after it, and for whoever may turn out to have it. */
static void describe_nobodys(
	struct turn *turn, const struct node *node, struct policy_question *question)
{
	question->exists = node != NULL && node_kind(node->id) == CONSUMER_SELF;
	question->match = MATCH_NO;
	if (question->exists && turn->reader.kind == READER_CONTAINER) {
		enum standing standing = turn_standing(turn);

		if (standing == STANDING_PENDING || (standing == STANDING_NOBODY && turn->opens))
			question->match = MATCH_UNKNOWN;
	}
}

struct policy_question turn_describe(
	struct turn *turn, enum policy_act act, uint64_t id, const struct node *node)
{
	uint64_t owner = node_owner(id);
	struct policy_question question = {
		.act = act,
		.reader = turn->kind,
		.place = place_of(owner),
		.locked = turn->model->locked,
		.same_reader = true,
	};
	const struct node *own;

	/* What is the agent's own is whoever's who may see that the directory is there. */
	if (owner != id) {
		node = model_node(turn->model, owner);
		question.act = act == ACT_TOUCH ? ACT_TOUCH : ACT_STAT;
	}
	if (question.locked || question.place == PLACE_PUBLIC)
		return question;
	own = turn_resolve(turn, node);
	if (!own) {
		describe_nobodys(turn, node, &question);
		return question;
	}
	question.exists = true;
	if (question.place == PLACE_FILE)
		describe_file(turn, own, &question);
	question.match = turn_match(turn, own);
	return question;
}

struct policy_answer turn_judge(
	struct turn *turn, enum policy_act act, uint64_t id, const struct node *node)
{
	struct policy_question question = turn_describe(turn, act, id, node);

	return policy_decide(&question);
}

struct policy_answer turn_judge_open(
	struct turn *turn, uint64_t id, const struct node *node, uint64_t opened_by)
{
	struct policy_question question = turn_describe(turn, ACT_READ, id, node);

	question.same_reader = turn->reader.container == opened_by;
	/* What was opened is read to its end; and it was known then which container this is. */
	question.used_up = false;
	if (question.match == MATCH_UNKNOWN && question.same_reader)
		question.match = MATCH_YES;
	return policy_decide(&question);
}

static struct timespec to_timespec(uint64_t realtime_ns)
{
	return (struct timespec){ (time_t)(realtime_ns / 1000000000u),
		(long)(realtime_ns % 1000000000u) };
}

void turn_attributes(struct turn *turn, uint64_t id, const struct node *node, struct stat *st)
{
	const struct node *file = turn_resolve(turn, node);
	const struct blob *blob = file ? node_blob(turn->model, file) : NULL;

	*st = (struct stat){ .st_ino = id, .st_nlink = 1, .st_mode = S_IFDIR | 0555 };
	st->st_mtim = to_timespec(turn->server->parts.handover->mounted_ns);
	if (node_level(id) == LEVEL_PROGRAM)
		program_attributes(st);
	if (node_level(id) == LEVEL_FILE) {
		/* Never none: the kernel would remember it, and end every sendfile(2) before a
		 * byte. */
		st->st_size = SIZE_UNKNOWN;
		st->st_mode = S_IFREG | 0400;
		st->st_uid = turn->who->uid;
		st->st_gid = turn->who->gid;
	}
	if (blob) {
		const struct grant *grant = node_grant(file);

		st->st_mode = S_IFREG | grant->record.mode;
		find_owner(turn, &grant->record, &st->st_uid, &st->st_gid);
		st->st_size = grant_size(grant, blob);
		st->st_blocks = (st->st_size + 511) / 512;
		st->st_mtim = to_timespec(node_changed_ns(file, blob));
	}
	st->st_blksize = 4096;
	st->st_ctim = st->st_mtim;
	st->st_atim = st->st_mtim;
}
