/* SPDX-License-Identifier: Apache-2.0 */
/* YAML as a tree that knows where in the text each of its nodes stands. Aliases stay aliases. The
 * text is borrowed and has to stay; the rest lives in the caller's arena. */
#ifndef TACIT_COMPOSE_YAML_H
#define TACIT_COMPOSE_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#include "cli/compose/arena.h"

enum yaml_kind { YAML_SCALAR, YAML_MAP, YAML_LIST, YAML_ALIAS };
enum yaml_style { YAML_PLAIN, YAML_SINGLE, YAML_DOUBLE, YAML_BLOCK };

struct yaml_node {
	enum yaml_kind kind;
	enum yaml_style style; /* of a scalar */
	bool flow;             /* a map in braces or a list in brackets */
	bool single;           /* [a: 1]: a map without braces */
	bool open;             /* while its end is not read */
	const char *text;      /* of a scalar; NULL: nothing stands there */
	size_t length;
	const char *tag;           /* as resolved; NULL: none */
	size_t begin;              /* of the anchor or tag before it, else `offset` */
	size_t offset, end;        /* with quotes, brackets, the `|` of a block; without trailing
				      blanks and comments */
	size_t full_end;           /* of a block scalar: with the empty lines after it */
	unsigned int line, column; /* of `offset`, from 1 */
	unsigned int depth;        /* 1: the root */
	struct yaml_node *parent;
	struct yaml_node *first, *last, *next; /* children: of a map key, value, key, value... */
	size_t count;                          /* of children */
	struct yaml_node *target;              /* of an alias: what it stands for, never an alias */
	size_t uses;                           /* of an anchor: how many aliases mean it */
	/* Scratch of the edit that is being made. */
	bool gone;    /* it is replaced or removed */
	bool removed; /* nothing is in its place */
	size_t added; /* to a collection in braces or brackets: entries so far */
};

struct yaml_reading {
	const char *name; /* for errors */
	const char *text; /* UTF-8 */
	size_t length;
	bool strict; /* one document, no key twice in a map */
};

typedef int yaml_document_fn(void *arg, struct yaml_node *root, struct err *err);

/* Read the text and hand over each document's root, NULL when it is empty. What `document` returns,
 * when it is not 0, ends the reading. TACIT_INVALID, TACIT_LIMIT (also: more than COMPOSE_DEPTH_MAX
 * deep) with "NAME:LINE: ..." */
int yaml_read(const struct yaml_reading *reading, struct arena *arena, yaml_document_fn *document,
	void *arg, struct err *err);

/* What an alias stands for, or the node itself. */
struct yaml_node *yaml_target(struct yaml_node *node);
/* Whether it or something that it is in has an anchor that is used. */
bool yaml_shared(const struct yaml_node *node);
/* The next in the order of the text, a collection before what is in it; NULL: the last. */
struct yaml_node *yaml_next(struct yaml_node *node);
/* The next that is not inside `node`. */
struct yaml_node *yaml_over(struct yaml_node *node);
/* Empty, `~`, `null`, or taken away by `!reset`. */
bool yaml_is_nothing(const struct yaml_node *node);
/* "NAME:LINE: " and the text. */
__attribute__((format(printf, 5, 6))) int yaml_error(struct err *err, enum tacit_code code,
	const char *name, unsigned int line, const char *format, ...);

#endif
