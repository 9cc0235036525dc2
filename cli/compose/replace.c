/* SPDX-License-Identifier: Apache-2.0 */
/* Something else in the place of what stands there. */
#include <string.h>

#include "cli/compose/edit.h"

void node_gone(struct yaml_node *node)
{
	struct yaml_node *stop = yaml_over(node);

	for (struct yaml_node *at = node; at && at != stop; at = yaml_next(at))
		at->gone = true;
}

/* A block's own line can have a comment, which stays. */
static const char *with_comment(
	struct splices *splices, const struct yaml_node *node, const char *text)
{
	const char *from = splices->file->text + node->offset;
	size_t header, blanks;

	if (!text || node->kind != YAML_SCALAR || node->style != YAML_BLOCK)
		return text;
	header = strcspn(from, " \t\r\n");
	blanks = strspn(from + header, " \t");
	if (from[header + blanks] != '#')
		return text;
	return arena_print(splices->arena, "%s%.*s", text,
		(int)(blanks + strcspn(from + header + blanks, "\r\n")), from + header);
}

int replace_text(struct splices *splices, struct yaml_node *node, const char *text, struct err *err)
{
	node_gone(node);
	return splices_add(splices,
		(struct splice){ .offset = node->offset,
			.end = node->end,
			.depth = node->depth,
			.node = node,
			.text = with_comment(splices, node, text) },
		err);
}

int replace_scalar(
	struct splices *splices, struct yaml_node *node, const char *text, struct err *err)
{
	bool flow = node->parent && node->parent->flow;
	bool quoted = node->kind == YAML_SCALAR && node->style != YAML_BLOCK;

	return replace_text(splices, node,
		written(splices->arena, text, quoted ? node->style : YAML_PLAIN, flow), err);
}

/* Behind the colon, where nothing stands. */
static int put_value(
	struct splices *splices, struct yaml_node *key, const char *text, struct err *err)
{
	bool colon;
	size_t at = after_colon(splices, key, &colon);

	node_gone(key->next);
	return splices_add(splices,
		(struct splice){ .offset = at,
			.end = at,
			.depth = key->depth + 1,
			.node = key,
			.text = arena_print(splices->arena, "%s %s", colon ? "" : ":", text) },
		err);
}

int replace_value(struct splices *splices, struct yaml_node *key, const char *text, struct err *err)
{
	struct yaml_node *map = key->parent, *value = key->next;
	const char *new = written(splices->arena, text, new_style(map), map->flow);

	if (!new)
		return err_set(err, TACIT_LIMIT, "no memory for the changes");
	if (value->begin == value->end)
		return put_value(splices, key, new, err);
	if (value->tag && strcmp(value->tag, "tag:yaml.org,2002:str"))
		return file_error(splices->file, value, err,
			"a value with a tag; take the tag out, or change it by hand");
	return replace_text(splices, value, new, err);
}

/* The list's lines from the break before its first one, so that a comment behind the key stays. */
static int replace_block(
	struct splices *splices, struct yaml_node *key, const char *text, struct err *err)
{
	const char *from = splices->file->text;
	struct yaml_node *value = key->next;
	size_t start = value->offset;
	bool keeps;
	int rc = put_value(splices, key, text, err);

	while (start > key->end && strchr(" \t", from[start - 1]))
		start--;
	if (start > key->end && from[start - 1] == '\n')
		start -= 1 + (from[start - 2] == '\r');
	if (rc || value->begin < value->offset)
		return rc ? rc
			  : file_error(splices->file, value, err,
				    "a list with an anchor; take the anchor out");
	return splices_add(splices,
		(struct splice){ .offset = start,
			.end = line_end_after(splices, value, &keeps),
			.depth = value->depth,
			.node = value,
			.text = "" },
		err);
}

int replace_whole(struct splices *splices, struct yaml_node *key, const char *text, struct err *err)
{
	struct yaml_node *value = key->next;

	if (value->begin == value->end)
		return put_value(splices, key, text, err);
	if ((value->kind == YAML_LIST || value->kind == YAML_MAP) && !value->flow)
		return replace_block(splices, key, text, err);
	return replace_text(splices, value, text, err);
}
