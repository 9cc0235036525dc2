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
	POLICY_TOUCHER
};

enum policy_place {
	PLACE_PUBLIC,   /* the root and the kinds: their names are no secret */
	PLACE_ABOVE,    /* a directory above consumers: a compose project */
	PLACE_CONSUMER, /* a consumer's directory */
	PLACE_FILE,     /* a granted file */
};

struct policy_question {
	enum policy_act act;
	enum policy_reader reader;
	enum policy_place place;
	bool locked;
	bool exists; /* of a file: its grant lives; of a directory: something in it was ever granted
		      */
	bool same_reader; /* of a READ: it comes from the container that opened; true otherwise */
	/* Of a file, all as the host counts. */
	uint32_t owner, group;
	uint32_t mode; /* permission bits */
	uint32_t uid;  /* of the reader: fsuid */
	bool in_group; /* the reader's fsgid or a supplementary group is `group` */
	bool root;     /* the reader is root in its container */
};

enum policy_rule {
	RULE_CONTAINER,     /* allowed: a container, through its consumer's directory */
	RULE_OPERATOR,      /* allowed: an operator of the host may see names and sizes */
	RULE_PUBLIC,        /* allowed: no secret */
	RULE_TOUCHER,       /* allowed: the agent's own touch */
	RULE_SHAPE,         /* allowed: locked, everything well-formed exists */
	RULE_LOCKED,        /* denied: no key */
	RULE_NOT_GRANTED,   /* denied: no grant lives here */
	RULE_NOT_CONTAINER, /* denied: a process of the host */
	RULE_UNKNOWN,       /* denied: nobody knows who it is */
	RULE_READ_ONLY,     /* denied: containers change nothing */
	RULE_MODE,          /* denied: the grant's owner and mode */
	RULE_OTHER_READER,  /* denied: another container's open file */
	RULES
};

struct policy_answer {
	enum policy_rule rule;
	int errnum; /* 0: allowed */
};

struct policy_answer policy_decide(const struct policy_question *question);

/* "host-process": for the audit and for people. */
const char *policy_rule_word(enum policy_rule rule);

#endif
