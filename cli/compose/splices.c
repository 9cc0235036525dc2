/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cli/compose/edit.h"

/* What most files use, when this one does not say. */
#define USUAL_STEP 2

static void find_steps(struct splices *splices)
{
	bool step = false, dash = false;

	for (struct yaml_node *node = splices->file->root; node && !(step && dash);
		node = yaml_next(node)) {
		const struct yaml_node *parent = node->parent;
		struct yaml_node *value = node->next;
		unsigned int columns;

		if (!parent || parent->kind != YAML_MAP || parent->flow || !value || value->flow ||
			!value->first || value->first->line == node->line)
			continue;
		/* A key comes before its value, so this can only be a key. */
		columns = value->first->column - node->column;
		if (value->kind == YAML_MAP && !step && columns > 0 && columns <= 16) {
			splices->step = columns;
			step = true;
		}
		if (value->kind == YAML_LIST && !dash) {
			splices->dash = value->column - node->column;
			dash = splices->dash <= 16;
		}
	}
	if (!dash)
		splices->dash = splices->step;
}

void splices_begin(struct splices *splices, const struct compose_edit *edit)
{
	const struct compose_file *file = edit->file;
	const char *end = memchr(file->text, '\n', file->length);

	*splices = (struct splices){ .file = file,
		.arena = (struct arena *)&edit->arena,
		.eol = end && end > file->text && end[-1] == '\r' ? "\r\n" : "\n",
		.step = USUAL_STEP };
	find_steps(splices);
	for (struct yaml_node *node = file->root; node; node = yaml_next(node)) {
		node->gone = node->removed = false;
		node->added = 0;
	}
}

int splices_add(struct splices *splices, struct splice splice, struct err *err)
{
	struct splice *items =
		arena_grow(splices->arena, splices->items, splices->count, sizeof *items);

	if (!items || !splice.text)
		return err_set(err, TACIT_LIMIT, "no memory for the changes");
	splice.length = strlen(splice.text);
	splice.sequence = splices->count;
	splices->items = items;
	items[splices->count++] = splice;
	return 0;
}

static int in_order(const void *left, const void *right)
{
	const struct splice *a = left, *b = right;

	if (a->offset != b->offset)
		return a->offset < b->offset ? -1 : 1;
	/* What is added at a place comes before what is taken away behind it. */
	if ((a->end == a->offset) != (b->end == b->offset))
		return a->end == a->offset ? -1 : 1;
	if (a->depth != b->depth)
		return a->depth > b->depth ? -1 : 1;
	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	return (a->sequence > b->sequence) - (a->sequence < b->sequence);
}

/* Services that share a place may ask for the same. */
static bool is_same(const struct splice *a, const struct splice *b)
{
	return a->offset == b->offset && a->end == b->end && a->end > a->offset &&
	       a->length == b->length && !memcmp(a->text, b->text, a->length);
}

static int merge(struct splices *splices, size_t *length, struct err *err)
{
	struct splice *items = splices->items;
	size_t kept = 0;

	if (items)
		qsort(items, splices->count, sizeof *items, in_order);
	*length = splices->file->length;
	for (size_t i = 0; i < splices->count; i++) {
		if (kept && is_same(&items[kept - 1], &items[i]))
			continue;
		if (kept && items[i].offset < items[kept - 1].end && !items[i].length &&
			!items[kept - 1].length) {
			if (items[i].end > items[kept - 1].end)
				items[kept - 1].end = items[i].end;
			continue;
		}
		if (kept && items[i].offset < items[kept - 1].end)
			return file_error(splices->file, items[i].node, err,
				"two changes of one place, which services share by an anchor; give "
				"each its own");
		items[kept++] = items[i];
	}
	splices->count = kept;
	for (size_t i = 0; i < kept; i++)
		*length += items[i].length - (items[i].end - items[i].offset);
	return 0;
}

int splices_apply(struct splices *splices, char **text, size_t *length, struct err *err)
{
	const struct compose_file *file = splices->file;
	size_t from = 0;
	char *out;
	int rc = merge(splices, length, err);

	if (rc)
		return rc;
	*text = out = malloc(*length + 1);
	if (!out)
		return err_set(err, TACIT_LIMIT, "no memory for the changed file");
	for (size_t i = 0; i < splices->count; i++) {
		const struct splice *splice = &splices->items[i];

		out = mempcpy(out, file->text + from, splice->offset - from);
		out = mempcpy(out, splice->text, splice->length);
		from = splice->end;
	}
	out = mempcpy(out, file->text + from, file->length - from);
	*out = '\0';
	return 0;
}
