/* SPDX-License-Identifier: Apache-2.0 */
#include "core/policy/policy.h"

#include <errno.h>
#include <sys/stat.h>

#ifndef ENOKEY
#define ENOKEY 126
#endif

static struct policy_answer allow(enum policy_rule rule)
{
	return (struct policy_answer){ rule, 0 };
}

static struct policy_answer deny(enum policy_rule rule, int errnum)
{
	return (struct policy_answer){ rule, errnum };
}

static bool mode_allows(const struct policy_question *question)
{
	if (question->root)
		return true;
	if (question->uid == question->owner)
		return question->mode & S_IRUSR;
	if (question->in_group)
		return question->mode & S_IRGRP;
	return question->mode & S_IROTH;
}

/* While locked only the shape of a path is known: it answers the same for every name. */
static struct policy_answer decide_locked(const struct policy_question *question)
{
	if (question->act == ACT_STAT ||
		(question->act == ACT_LIST && question->place != PLACE_FILE))
		return allow(RULE_SHAPE);
	if (question->act == ACT_TOUCH)
		return deny(RULE_READ_ONLY, EROFS);
	return deny(RULE_LOCKED, ENOKEY);
}

/* What the consumer itself has no more of is not there for it either. */
static struct policy_answer decide_own(const struct policy_question *question)
{
	if (question->expired)
		return deny(RULE_EXPIRED, ENOENT);
	if (question->used_up)
		return deny(RULE_USED_UP, ENOENT);
	return allow(RULE_CONSUMER);
}

/* A container that nobody has identified yet got the directory from who may start containers: it
 * is not told that the file is absent before anybody could know. */
static struct policy_answer decide_other(const struct policy_question *question)
{
	bool directory = question->place != PLACE_FILE && question->act == ACT_STAT;

	switch (question->reader) {
	case POLICY_OPERATOR:
		return allow(RULE_OPERATOR);
	case POLICY_TOUCHER:
		return allow(RULE_TOUCHER);
	case POLICY_CONTAINER:
		if (question->match == MATCH_UNKNOWN)
			return allow(RULE_UNIDENTIFIED);
		/* Who started it gave it the directory: it starts, and finds nothing there. */
		return directory ? allow(RULE_DIRECTORY) : deny(RULE_OTHER_CONSUMER, ENOENT);
	case POLICY_HOST:
		return deny(RULE_NOT_CONTAINER, ENOENT);
	case POLICY_UNKNOWN:
	case POLICY_READERS:
		break;
	}
	return deny(RULE_UNKNOWN, ENOENT);
}

static bool is_consumer(const struct policy_question *question)
{
	return question->match == MATCH_YES &&
	       (question->reader == POLICY_CONTAINER || question->reader == POLICY_HOST ||
		       question->reader == POLICY_OPERATOR);
}

/* Who may not know that a thing exists is told that it does not. */
static struct policy_answer decide_visible(const struct policy_question *question)
{
	if (question->place == PLACE_PUBLIC)
		return allow(RULE_PUBLIC);
	if (!question->exists)
		return deny(RULE_NOT_GRANTED, ENOENT);
	return is_consumer(question) ? decide_own(question) : decide_other(question);
}

static struct policy_answer decide_read(const struct policy_question *question)
{
	struct policy_answer visible = decide_visible(question);

	if (visible.errnum)
		return visible;
	if (question->place != PLACE_FILE)
		return deny(RULE_NOT_GRANTED, EISDIR);
	if (!is_consumer(question))
		return question->reader == POLICY_CONTAINER ? deny(RULE_UNIDENTIFIED, EACCES)
							    : deny(RULE_NOT_CONTAINER, EACCES);
	if (!question->same_reader)
		return deny(RULE_OTHER_READER, EACCES);
	if (question->frozen)
		return deny(RULE_FROZEN, EACCES);
	if (question->main_process_only && !question->is_main_process)
		return deny(RULE_NOT_MAIN, EACCES);
	return mode_allows(question) ? allow(RULE_CONSUMER) : deny(RULE_MODE, EACCES);
}

/* A container lists its own directory; what lies above it would tell of its neighbours. */
static struct policy_answer decide_list(const struct policy_question *question)
{
	struct policy_answer visible = decide_visible(question);

	if (visible.errnum || question->place == PLACE_CONSUMER)
		return visible;
	if (question->reader == POLICY_OPERATOR)
		return allow(RULE_OPERATOR);
	return question->place == PLACE_PUBLIC ? allow(RULE_PUBLIC)
					       : deny(RULE_NOT_GRANTED, ENOENT);
}

struct policy_answer policy_decide(const struct policy_question *question)
{
	if (question->locked)
		return decide_locked(question);
	switch (question->act) {
	case ACT_STAT:
		return decide_visible(question);
	case ACT_LIST:
		return decide_list(question);
	case ACT_READ:
		return decide_read(question);
	case ACT_TOUCH:
		return question->reader == POLICY_TOUCHER && question->exists
			       ? allow(RULE_TOUCHER)
			       : deny(RULE_READ_ONLY, EROFS);
	case ACTS:
		break;
	}
	return deny(RULE_UNKNOWN, EACCES);
}

static const struct {
	const char *word, *reason;
} rules[RULES] = {
	[RULE_CONSUMER] = { "consumer", "it is the consumer, and the grant lives" },
	[RULE_OPERATOR] = { "operator", "operators of the host may see names and sizes" },
	[RULE_PUBLIC] = { "public", "it is no secret" },
	[RULE_TOUCHER] = { "toucher", "the agent itself wakes watchers" },
	[RULE_DIRECTORY] = { "directory",
		"a container sees the directory it was given, and nothing in it" },
	[RULE_SHAPE] = { "shape", "the agent is locked: every well-formed name is there" },
	[RULE_LOCKED] = { "locked", "the agent is locked" },
	[RULE_NOT_GRANTED] = { "not-granted", "no grant lives there" },
	[RULE_NOT_CONTAINER] = { "host-process",
		"it is a process of the host, in no known container" },
	[RULE_OTHER_CONSUMER] = { "other-consumer", "it is not this consumer" },
	[RULE_UNIDENTIFIED] = { "unidentified",
		"no engine says which container it is: the engine's API does not answer, or does "
		"not know it" },
	[RULE_EXPIRED] = { "expired", "the grant has expired" },
	[RULE_USED_UP] = { "used-up", "no reads are left for this container" },
	[RULE_FROZEN] = { "frozen", "the consumer is frozen" },
	[RULE_NOT_MAIN] = { "not-main-process",
		"the grant is for the container's main process alone" },
	[RULE_UNKNOWN] = { "unknown-reader", "nobody knows who it is" },
	[RULE_READ_ONLY] = { "read-only", "nothing is changed through the mount" },
	[RULE_MODE] = { "mode", "the file's owner and mode forbid it" },
	[RULE_OTHER_READER] = { "other-reader", "the file was opened by another container" },
};

const char *policy_rule_word(enum policy_rule rule)
{
	return (unsigned int)rule < RULES ? rules[rule].word : "unknown-rule";
}

const char *policy_rule_reason(enum policy_rule rule)
{
	return (unsigned int)rule < RULES ? rules[rule].reason : "nobody knows why";
}
