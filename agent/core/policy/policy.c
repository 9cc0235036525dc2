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

/* Who may not know that a thing exists is told that it does not. */
static struct policy_answer decide_visible(const struct policy_question *question)
{
	if (question->place == PLACE_PUBLIC)
		return allow(RULE_PUBLIC);
	if (!question->exists)
		return deny(RULE_NOT_GRANTED, ENOENT);
	switch (question->reader) {
	case POLICY_CONTAINER:
		return allow(RULE_CONTAINER);
	case POLICY_OPERATOR:
		return allow(RULE_OPERATOR);
	case POLICY_TOUCHER:
		return allow(RULE_TOUCHER);
	case POLICY_HOST:
		return deny(RULE_NOT_CONTAINER, ENOENT);
	case POLICY_UNKNOWN:
		break;
	}
	return deny(RULE_UNKNOWN, ENOENT);
}

static struct policy_answer decide_read(const struct policy_question *question)
{
	struct policy_answer visible = decide_visible(question);

	if (visible.errnum)
		return visible;
	if (question->place != PLACE_FILE)
		return deny(RULE_NOT_GRANTED, EISDIR);
	if (question->reader != POLICY_CONTAINER)
		return deny(RULE_NOT_CONTAINER, EACCES);
	if (!question->same_reader)
		return deny(RULE_OTHER_READER, EACCES);
	return mode_allows(question) ? allow(RULE_CONTAINER) : deny(RULE_MODE, EACCES);
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

const char *policy_rule_word(enum policy_rule rule)
{
	static const char *const words[RULES] = {
		[RULE_CONTAINER] = "container",
		[RULE_OPERATOR] = "operator",
		[RULE_PUBLIC] = "public",
		[RULE_TOUCHER] = "toucher",
		[RULE_SHAPE] = "shape",
		[RULE_LOCKED] = "locked",
		[RULE_NOT_GRANTED] = "not-granted",
		[RULE_NOT_CONTAINER] = "host-process",
		[RULE_UNKNOWN] = "unknown-reader",
		[RULE_READ_ONLY] = "read-only",
		[RULE_MODE] = "mode",
		[RULE_OTHER_READER] = "other-reader",
	};

	return (unsigned int)rule < RULES ? words[rule] : "unknown-rule";
}
