/* SPDX-License-Identifier: Apache-2.0 */
/* What would be decided, asked by an operator: the same description, the same decision. */
#include <stdio.h>
#include <string.h>

#include "base/files.h"
#include "core/fuse/internal.h"

#define STATUS_TEXT_MAX 16384

/* Effective ids as the file system counts them: the last of each line. */
static void read_ids(pid_t pid, struct fuse_ctx *who)
{
	unsigned long uid[4] = { 0 }, gid[4] = { 0 };
	char path[64], text[STATUS_TEXT_MAX];
	size_t length = 0;

	snprintf(path, sizeof path, "/proc/%d/status", pid);
	if (file_read(path, text, sizeof text - 1, &length, NULL) < 0)
		length = 0;
	text[length] = '\0';
	identity_status_numbers(text, "Uid", uid, 4);
	identity_status_numbers(text, "Gid", gid, 4);
	*who = (struct fuse_ctx){ .pid = pid, .uid = (uid_t)uid[3], .gid = (gid_t)gid[3] };
}

static void see_run(void *run, const struct container_facts *facts, enum container_state state)
{
	(void)state;
	*(bool *)run = facts->engine == CONTAINER_OF_RUN;
}

static void suppose(struct turn *turn, const struct server_suspect *suspect)
{
	struct containers *containers = turn->server->parts.containers;

	turn->kind = POLICY_CONTAINER;
	turn->reader.kind = READER_CONTAINER;
	turn->has_standing = true;
	turn->standing = STANDING_NOBODY;
	if (!suspect->container)
		return;
	snprintf(turn->reader.id, sizeof turn->reader.id, "%s", suspect->container);
	if (containers_visit(containers, suspect->container, see_run, &turn->reader.run))
		turn->standing = STANDING_KNOWN;
}

struct policy_answer server_check(struct server *server, const struct node *file,
	const struct server_suspect *suspect, char user[VAULT_USER_MAX + 1])
{
	struct fuse_ctx who = { .pid = 0 };
	struct turn turn = {
		.server = server, .model = server->parts.model, .who = &who, .opens = true
	};
	struct policy_question question;

	user[0] = '\0';
	if (suspect->pid) {
		read_ids(suspect->pid, &who);
		identity_find(server->parts.identity, suspect->pid, &turn.reader);
		turn.kind = turn_classify(&turn);
	} else {
		suppose(&turn, suspect);
	}
	question = turn_describe(&turn, ACT_READ, file->id, file);
	if (!suspect->pid) {
		question.owner = question.uid;
		question.mode |= 0400;
		question.is_main_process = true;
	}
	if (!suspect->pid && !suspect->container)
		question.match = MATCH_YES;
	else if (turn.reader.kind != READER_UNKNOWN)
		turn_user(&turn, user);
	return policy_decide(&question);
}
