/* SPDX-License-Identifier: Apache-2.0 */
/* Changes while they collect, and the ranges of bytes that they come to. Inside cli/compose. */
#ifndef TACIT_COMPOSE_EDIT_H
#define TACIT_COMPOSE_EDIT_H

#include <stdio.h>

#include "cli/compose/file.h"

enum change_kind {
	CHANGE_VARIABLE, /* name, new_name, value */
	CHANGE_ADD,      /* new_name, value */
	CHANGE_REMOVE,   /* name */
	CHANGE_SECRET,   /* name: the source; value: the target or NULL */
	CHANGE_SOURCE,   /* name, new_name */
	CHANGE_FILE,     /* of a top-level secret: name, value */
	CHANGE_LIST,     /* name: the key; words */
	CHANGE_TEXT      /* node, value */
};

struct change {
	enum change_kind kind;
	const char *name, *new_name, *value;
	const char *const *words;
	size_t word_count;
	size_t index; /* of the variable or secret that changes */
	struct yaml_node *node;
	struct change *next; /* of the same service, or of those without one */
};

struct changes {
	struct change *first, *last;
};

/* `text` in place of [offset, end). Of those at one offset the deeper stand first, then the lower
 * order, then the earlier. */
struct splice {
	size_t offset, end;
	const char *text;
	size_t length;
	unsigned int depth, order;
	size_t sequence;
	const struct yaml_node *node; /* for errors */
};

struct compose_edit {
	struct compose_file *file;
	struct arena arena;
	struct changes *services; /* as many as the file has */
	struct changes top;
};

/* Splices while they are made, and the style of the file for what is new. */
struct splices {
	const struct compose_file *file;
	struct arena *arena;
	struct splice *items;
	size_t count;
	const char *eol;
	unsigned int step; /* columns of an indent */
	unsigned int dash; /* columns of a list's `-` behind its key */
};

void splices_begin(struct splices *splices, const struct compose_edit *edit);
int splices_add(struct splices *splices, struct splice splice, struct err *err);
/* The new text, malloc'd; the splices are in order then, and those that said the same are one.
 * TACIT_INVALID: two changes of one place. */
int splices_apply(struct splices *splices, char **text, size_t *length, struct err *err);

/* The end of the line on which the last of `node` stands: lines are added there. *keeps: the empty
 * lines that follow belong to a text. */
size_t line_end_after(const struct splices *splices, const struct yaml_node *node, bool *keeps);
/* Behind the colon of a key, and whether there is one. */
size_t after_colon(const struct splices *splices, const struct yaml_node *key, bool *colon);

/* Take an entry out of a collection that stays: the pair of a key, or an item. */
int remove_entry(struct splices *splices, struct yaml_node *entry, struct err *err);

/* Replace a scalar or an alias by a text, in its quotes; anything by what is written already; a
 * key's value by a text, or by what is written already. */
int replace_scalar(
	struct splices *splices, struct yaml_node *node, const char *text, struct err *err);
int replace_text(
	struct splices *splices, struct yaml_node *node, const char *text, struct err *err);
int replace_value(
	struct splices *splices, struct yaml_node *key, const char *text, struct err *err);
int replace_whole(
	struct splices *splices, struct yaml_node *key, const char *text, struct err *err);
/* Mark it, and what is in it, as replaced or removed. */
void node_gone(struct yaml_node *node);

/* An entry that a collection gets at its end: as lines divided by '\n', without the collection's
 * indent but with a list's dash, and as it is written in braces or brackets. */
struct entry {
	const char *lines, *flow;
	unsigned int order;
};
int add_entry(struct splices *splices, struct yaml_node *collection, const struct entry *entry,
	struct err *err);
/* As the value of a key that has none. */
int add_first_entry(struct splices *splices, struct yaml_node *key, bool is_list,
	const struct entry *entry, struct err *err);
/* Double quotes where the keys have them: in JSON. */
enum yaml_style new_style(const struct yaml_node *collection);

/* A key that a service has not, and what belongs below it. */
int add_key(struct splices *splices, const struct service *service, const char *key, bool is_list,
	const struct entry *value, struct err *err);

/* Several entries as one. */
struct entries {
	FILE *lines_out, *flow_out;
	char *lines, *flow;
	size_t lines_length, flow_length, count;
};
int entries_begin(struct entries *entries, struct err *err);
void entries_add(struct entries *entries, const struct entry *entry);
int entries_end(struct entries *entries, struct arena *arena, struct entry *all, struct err *err);
void cleanup_entries(struct entries *entries);
#define _entries_ __attribute__((cleanup(cleanup_entries)))

/* What of a service's changes concerns its environment, its secrets, its other keys. */
int change_environment(struct splices *splices, const struct service *service,
	const struct changes *changes, struct err *err);
int change_secrets(struct splices *splices, const struct service *service,
	const struct changes *changes, struct err *err);
int change_lists(struct splices *splices, const struct service *service,
	const struct changes *changes, struct err *err);
int change_top(struct splices *splices, const struct changes *changes, struct err *err);
/* Where new keys of a service stand among each other. */
enum { ORDER_ENVIRONMENT, ORDER_SECRETS, ORDER_ENTRYPOINT, ORDER_COMMAND };

/* A service's secrets once the changes are made, in the arena; items[i].target is NULL when it is
 * the source. */
int secrets_expected(struct arena *arena, const struct service *service,
	const struct changes *changes, struct compose_secret **secrets, size_t *count,
	struct err *err);

/* That the new text says what the old one does with the changes, and nothing else. */
int verify_edit(const struct compose_edit *edit, const struct splices *splices,
	struct compose_file *changed, struct err *err);
/* That nothing but services' variables, secrets, entrypoints and commands sees a change through an
 * alias. */
int verify_expanded(struct compose_file *old, struct compose_file *changed, struct err *err);

/* A text as YAML writes it: as it is when nothing can be misread in it, else in double quotes, or
 * in the quotes that are asked for. Malloc'd from the arena; NULL: no memory. */
const char *written(struct arena *arena, const char *text, enum yaml_style style, bool flow);
/* ["a", "b"] */
const char *written_list(struct arena *arena, const char *const *words, size_t count);
/* `lines`, each behind a break and so many blanks. */
const char *indented(struct arena *arena, const char *eol, const char *lines, unsigned int columns);
__attribute__((format(printf, 2, 3))) const char *arena_print(
	struct arena *arena, const char *format, ...);

#endif
