/* SPDX-License-Identifier: Apache-2.0 */
/* Where lines begin and end, and entries are added and taken away. */
#include <stdint.h>
#include <string.h>

#include "cli/compose/edit.h"

static size_t end_of_line(const struct compose_file *file, size_t at)
{
	const char *end = memchr(file->text + at, '\n', file->length - at);
	size_t stop = end ? (size_t)(end - file->text) : file->length;

	return stop > at && file->text[stop - 1] == '\r' ? stop - 1 : stop;
}

/* Of the line's break before `at`, with its `\r`; SIZE_MAX: it is the first line. */
static size_t break_before(const struct compose_file *file, size_t at)
{
	const char *found = memrchr(file->text, '\n', at);
	size_t stop;

	if (!found)
		return SIZE_MAX;
	stop = (size_t)(found - file->text);
	return stop && file->text[stop - 1] == '\r' ? stop - 1 : stop;
}

/* `|+`: the empty lines after it are its own. */
static bool keeps_empty_lines(const struct compose_file *file, const struct yaml_node *node)
{
	if (node->kind != YAML_SCALAR || node->style != YAML_BLOCK)
		return false;
	for (size_t at = node->offset; at < node->end && !strchr(" \t\r\n", file->text[at]); at++)
		if (file->text[at] == '+')
			return true;
	return false;
}

size_t line_end_after(const struct splices *splices, const struct yaml_node *node, bool *keeps)
{
	const struct compose_file *file = splices->file;
	size_t at;

	while (node->last && !node->flow)
		node = node->last;
	*keeps = keeps_empty_lines(file, node);
	if (!*keeps)
		return end_of_line(file, node->end);
	/* The parser's end can lie behind the next line's indent. */
	at = node->full_end;
	while (at > node->end && file->text[at - 1] == ' ')
		at--;
	at -= at && file->text[at - 1] == '\n';
	return at && file->text[at - 1] == '\r' ? at - 1 : at;
}

size_t after_colon(const struct splices *splices, const struct yaml_node *key, bool *colon)
{
	const struct compose_file *file = splices->file;
	size_t at = key->end;

	while (at < file->length && (file->text[at] == ' ' || file->text[at] == '\t'))
		at++;
	*colon = at < file->length && file->text[at] == ':';
	return *colon ? at + 1 : key->end;
}

static struct yaml_node *entry_value(struct yaml_node *entry)
{
	return entry->parent->kind == YAML_MAP ? entry->next : entry;
}

/* Whole lines, from the break before the first: so that the line's own break stays for what is
 * added behind. */
static int remove_lines(struct splices *splices, struct yaml_node *entry, struct err *err)
{
	const struct compose_file *file = splices->file;
	size_t start = break_before(file, entry->begin), at;
	bool dash = entry->parent->kind == YAML_LIST, keeps;

	at = start == SIZE_MAX ? 0 : start + strspn(file->text + start, "\r\n");
	at += strspn(file->text + at, " ");
	if (dash)
		at = file->text[at] == '-' ? at + 1 + strspn(file->text + at + 1, " \t") : SIZE_MAX;
	if (at != entry->begin || start == SIZE_MAX)
		return file_error(file, entry, err,
			"cannot be taken out, as it does not stand on lines of its own");
	return splices_add(splices,
		(struct splice){ .offset = start,
			.end = line_end_after(splices, entry_value(entry), &keeps),
			.depth = entry->depth,
			.node = entry,
			.text = "" },
		err);
}

/* With the comma behind it; the last one with that before it. */
static int remove_in_flow(struct splices *splices, struct yaml_node *entry, struct err *err)
{
	struct yaml_node *kept = NULL, *after = entry_value(entry)->next;
	struct splice splice = { .depth = entry->depth, .node = entry, .text = "" };

	for (struct yaml_node *at = entry->parent->first; at != entry; at = entry_value(at)->next)
		if (!at->removed)
			kept = at;
	while (after && after->removed)
		after = entry_value(after)->next;
	splice.offset = !after && kept ? entry_value(kept)->end : entry->begin;
	splice.end = after ? after->begin : entry_value(entry)->end;
	return splices_add(splices, splice, err);
}

int remove_entry(struct splices *splices, struct yaml_node *entry, struct err *err)
{
	int rc;

	if (entry->removed)
		return 0;
	rc = entry->parent->flow ? remove_in_flow(splices, entry, err)
				 : remove_lines(splices, entry, err);
	node_gone(entry);
	node_gone(entry_value(entry));
	entry->removed = entry_value(entry)->removed = true;
	return rc;
}

static int add_in_flow(struct splices *splices, struct yaml_node *collection,
	const struct entry *entry, struct err *err)
{
	struct splice splice = {
		.depth = collection->depth + 1, .order = entry->order, .node = collection
	};
	struct yaml_node *kept = NULL;

	if (collection->single)
		return file_error(splices->file, collection, err,
			"needs braces of its own before something can be added");
	for (struct yaml_node *at = collection->first; at; at = entry_value(at)->next)
		if (!at->removed)
			kept = entry_value(at);
	splice.offset = kept                ? kept->end
			: collection->first ? collection->first->begin
					    : collection->offset + 1;
	splice.end = splice.offset;
	splice.text = arena_print(
		splices->arena, "%s%s", kept || collection->added ? ", " : "", entry->flow);
	/* One that was empty is what comes into it. */
	if (!collection->first)
		collection->gone = true;
	collection->added++;
	return splices_add(splices, splice, err);
}

int add_entry(struct splices *splices, struct yaml_node *collection, const struct entry *entry,
	struct err *err)
{
	bool keeps;
	size_t at;

	if (!entry->lines || !entry->flow)
		return err_set(err, TACIT_LIMIT, "no memory for the changes");
	if (collection->flow)
		return add_in_flow(splices, collection, entry, err);
	at = line_end_after(splices, collection, &keeps);
	return splices_add(splices,
		(struct splice){ .offset = at,
			.end = at,
			.depth = collection->depth + 1,
			.order = entry->order,
			.node = collection,
			.text = indented(splices->arena, splices->eol, entry->lines,
				collection->column - 1) },
		err);
}

int add_first_entry(struct splices *splices, struct yaml_node *key, bool is_list,
	const struct entry *entry, struct err *err)
{
	struct yaml_node *value = key->next;
	unsigned int step = is_list ? splices->dash : splices->step;
	struct splice splice = { .depth = value->depth + 1, .order = entry->order, .node = value };
	bool colon, keeps;

	if (!entry->lines || !entry->flow)
		return err_set(err, TACIT_LIMIT, "no memory for the changes");
	node_gone(value);
	if (value->end > value->offset || value->begin < value->offset) {
		/* `~`, or an anchor on nothing. */
		splice.offset = value->begin;
		splice.end = value->end;
		splice.text = arena_print(splices->arena, is_list ? "[%s]" : "{ %s }", entry->flow);
	} else if (key->parent->flow) {
		splice.offset = splice.end = after_colon(splices, key, &colon);
		splice.text = arena_print(splices->arena, is_list ? "%s [%s]" : "%s { %s }",
			colon ? "" : ":", entry->flow);
	} else {
		splice.offset = splice.end = line_end_after(splices, key, &keeps);
		splice.text = indented(
			splices->arena, splices->eol, entry->lines, key->column - 1 + step);
	}
	return splices_add(splices, splice, err);
}

enum yaml_style new_style(const struct yaml_node *collection)
{
	const struct yaml_node *first = collection->first;

	return collection->flow && first && first->kind == YAML_SCALAR &&
			       first->style == YAML_DOUBLE
		       ? YAML_DOUBLE
		       : YAML_PLAIN;
}
