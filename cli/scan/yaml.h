/* SPDX-License-Identifier: Apache-2.0 */
/* Private to cli/scan: YAML as its lines have it. What secrets stand in is a key and a value in one
 * line, or a block of lines below a key: that much is read, in files that a template engine has yet
 * to make YAML of, too. */
#ifndef TACIT_SCAN_YAML_H
#define TACIT_SCAN_YAML_H

#include "internal.h"

#define YAML_DEPTH_MAX 32 /* keys in each other; what is deeper stands below the last of them */

struct yaml_level {
	size_t indent;
	struct span key;
};

struct yaml {
	struct pass *pass;
	enum scan_kind kind;
	struct yaml_level level[YAML_DEPTH_MAX]; /* the keys that a place stands below */
	size_t depth;
	bool secret_object;     /* kind: Secret */
	struct span name;       /* of the list item's `name:`, that its `value:` belongs to */
	struct command command; /* whose words are the items of a list */
	bool in_block;          /* lines below `key: |` */
	size_t block_indent;    /* of the key */
};

/* The key `up` levels above the innermost one; empty: there is none. */
struct span yaml_above(const struct yaml *yaml, size_t up);
void yaml_new_document(struct yaml *yaml);

/* Whether the value of a key is a command, its words in a list or in one text. */
bool yaml_is_command(struct span key);

/* What a pair, an item of a list, a line of a block mean in a kind of file. The key is the
 * innermost level. */
void yaml_pair(struct yaml *yaml, struct span key, struct span value);
void yaml_item(struct yaml *yaml, struct span value);
void yaml_block_line(struct yaml *yaml, struct span line);

#endif
