/* SPDX-License-Identifier: Apache-2.0 */
/* The decision: one pure function from values to an answer and the rule that gave it. */
#ifndef TACIT_POLICY_POLICY_H
#define TACIT_POLICY_POLICY_H

#include <stdbool.h>
#include <stdint.h>

enum policy_act {
	ACT_STAT,  /* GETATTR, ACCESS for existence */
	ACT_LIST,  /* OPENDIR, READDIR: see what is in a directory */
	ACT_READ,  /* OPEN for reading, READ, ACCESS for reading */
	ACT_TOUCH, /* OPEN for writing, WRITE */
	ACTS
};

enum policy_reader {
	POLICY_UNKNOWN,
	POLICY_HOST,
	POLICY_OPERATOR,
	POLICY_CONTAINER,
	POLICY_TOUCHER,
	POLICY_READERS
};

/* Whether the reader is the consumer that the place belongs to: by what its engine says, or the
 * kernel, and by every rule that the consumer is bound to. */
enum policy_match {
	MATCH_NO,
	MATCH_YES,
	MATCH_UNKNOWN, /* nobody has said yet which container it is */
};

enum policy_place {
	PLACE_PUBLIC,   /* the root and the kinds: their names are no secret */
	PLACE_ABOVE,    /* a directory above consumers: a compose project */
	PLACE_CONSUMER, /* a consumer's directory, or a folder in it */
	PLACE_FILE,     /* a granted file, in either */
};

struct policy_question {
	enum policy_act act;
	enum policy_reader reader;
	enum policy_place place;
	enum policy_match match;
	bool locked;
	bool exists; /* of a file: its grant lives; of a directory: something in it was ever granted
		      */
	/* Of a file. */
	bool expired; /* its grant has ended by itself */
	bool used_up; /* the reader has had all the reads it was given */
	bool frozen;  /* its consumer is */
	bool main_process_only, is_main_process;
	bool same_reader; /* of a READ: it comes from the container that opened; true otherwise */
	/* Of a file, all as the host counts. */
	uint32_t owner, group;
	uint32_t mode; /* permission bits */
	uint32_t uid;  /* of the reader: fsuid */
	bool in_group; /* the reader's fsgid or a supplementary group is `group` */
	bool root;     /* the reader is root in its container */
};

enum policy_rule {
	RULE_CONSUMER,      /* allowed: the consumer itself */
	RULE_OPERATOR,      /* allowed: an operator of the host may see names and sizes */
	RULE_PUBLIC,        /* allowed: no secret */
	RULE_TOUCHER,       /* allowed: the agent's own touch */
	RULE_DIRECTORY,     /* allowed: a directory that a container was given, and nothing in it */
	RULE_SHAPE,         /* allowed: locked, everything well-formed exists */
	RULE_LOCKED,        /* denied: no key */
	RULE_NOT_GRANTED,   /* denied: no grant lives here */
	RULE_NOT_CONTAINER, /* denied: a process of the host that is no consumer */
	RULE_OTHER_CONSUMER, /* denied: a container, but not this consumer */
	RULE_UNIDENTIFIED,   /* denied, or seen only: nobody has said which container it is */
	RULE_EXPIRED,        /* denied: the grant has ended */
	RULE_USED_UP,        /* denied: no reads are left */
	RULE_FROZEN,         /* denied: the consumer is frozen */
	RULE_NOT_MAIN,       /* denied: not the container's main process */
	RULE_UNKNOWN,        /* denied: nobody knows who it is */
	RULE_READ_ONLY,      /* denied: containers change nothing */
	RULE_MODE,           /* denied: the grant's owner and mode */
	RULE_OTHER_READER,   /* denied: another container's open file */
	RULES
};

struct policy_answer {
	enum policy_rule rule;
	int errnum; /* 0: allowed */
};

struct policy_answer policy_decide(const struct policy_question *question);

/* "host-process": for programs. */
const char *policy_rule_word(enum policy_rule rule);
/* The same as a sentence without its full stop: for people. */
const char *policy_rule_reason(enum policy_rule rule);

#endif
