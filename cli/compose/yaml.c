/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/compose/yaml.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libfyaml.h>

#include "base/cleanup.h"
#include "cli/compose/compose.h"
#include "cli/compose/yaml_place.h"

struct anchor {
	const char *name;
	struct yaml_node *node;
	struct anchor *next;
};

/* Of a chained hash table: enough for a file of thousands of services with an anchor each. */
#define ANCHOR_BUCKETS 4096

struct reader {
	const struct yaml_reading *in;
	struct arena *arena;
	struct anchor **anchors; /* by bucket; the newest of a name first */
	struct yaml_node *root;
	struct yaml_node *top; /* the innermost open collection, or NULL */
	struct yaml_place place;
	unsigned int documents;
};

static struct anchor **bucket_of(struct reader *reader, const char *name)
{
	size_t hash = 5381;

	for (const char *at = name; *at; at++)
		hash = hash * 33 + (unsigned char)*at;
	return &reader->anchors[hash % ANCHOR_BUCKETS];
}

static int add_anchor(
	struct reader *reader, struct fy_event *event, struct yaml_node *node, struct err *err)
{
	struct fy_token *token = fy_event_get_anchor_token(event);
	struct anchor *anchor, **bucket;
	const char *name;
	size_t length;

	if (!token)
		return 0;
	name = fy_token_get_text(token, &length);
	/* YAML 1.2 has more, and takes the colon of `&a:` for one of them. */
	for (size_t i = 0; name && i < length; i++)
		if (!isalnum((unsigned char)name[i]) && name[i] != '_' && name[i] != '-')
			return yaml_error(err, TACIT_INVALID, reader->in->name, node->line,
				"an anchor's name has letters, digits, `_` and `-`");
	anchor = arena_take(reader->arena, sizeof *anchor);
	if (!name || !anchor || !(anchor->name = arena_text(reader->arena, name, length)))
		return err_set(err, TACIT_LIMIT, "no memory for the file's anchors");
	anchor->node = node;
	bucket = bucket_of(reader, anchor->name);
	anchor->next = *bucket;
	*bucket = anchor;
	return 0;
}

static int find_anchor(
	struct reader *reader, struct fy_event *event, struct yaml_node *node, struct err *err)
{
	const char *name = fy_token_get_text0(fy_event_get_token(event));
	struct anchor *anchor = name ? *bucket_of(reader, name) : NULL;

	while (anchor && strcmp(anchor->name, name))
		anchor = anchor->next;
	if (!anchor)
		return yaml_error(err, TACIT_INVALID, reader->in->name, node->line,
			"no anchor of this name stands before the alias");
	if (anchor->node->open)
		return yaml_error(err, TACIT_INVALID, reader->in->name, node->line,
			"an alias inside what it stands for");
	node->target = anchor->node;
	anchor->node->uses++;
	return 0;
}

/* libfyaml 0.7 loses characters where two quotes stand beside each other: 'a''''b'. */
static int take_quotes(struct reader *reader, struct yaml_node *node, struct err *err)
{
	const char *from = reader->in->text + node->offset + 1;
	const char *end = reader->in->text + node->end - 1;
	char *made;

	if (!memmem(from, (size_t)(end - from), "''''", 4))
		return 0;
	if (memchr(from, '\n', (size_t)(end - from)) || memchr(from, '\r', (size_t)(end - from)))
		return yaml_error(err, TACIT_INVALID, reader->in->name, node->line,
			"two quotes beside each other in a text of several lines; write it in one");
	made = arena_take(reader->arena, (size_t)(end - from) + 1);
	if (!made)
		return err_set(err, TACIT_LIMIT, "no memory for the file");
	node->text = made;
	for (; from < end; from += 1 + (*from == '\''))
		*made++ = *from;
	node->length = (size_t)(made - node->text);
	return 0;
}

static int take_text(
	struct reader *reader, struct fy_event *event, struct yaml_node *node, struct err *err)
{
	struct fy_token *token = fy_event_get_token(event);
	struct fy_token *tag = fy_event_get_tag_token(event);
	const char *text;
	size_t length;

	if (tag && (text = fy_token_get_text(tag, &length)) &&
		!(node->tag = arena_text(reader->arena, text, length)))
		return err_set(err, TACIT_LIMIT, "no memory for the file");
	if (node->kind != YAML_SCALAR || !token)
		return 0;
	text = fy_token_get_text(token, &length);
	if (!text && length)
		return err_set(err, TACIT_LIMIT, "no memory for the file");
	if (text && memchr(text, '\0', length))
		return yaml_error(err, TACIT_INVALID, reader->in->name, node->line,
			"a NUL in a text; take it out");
	node->text = arena_text(reader->arena, text ? text : "", length);
	node->length = length;
	if (!node->text)
		return err_set(err, TACIT_LIMIT, "no memory for the file");
	return node->style == YAML_SINGLE ? take_quotes(reader, node, err) : 0;
}

static void attach(struct reader *reader, struct yaml_node *node)
{
	struct yaml_node *parent = reader->top;

	node->parent = parent;
	node->depth = parent ? parent->depth + 1 : 1;
	if (!parent) {
		reader->root = node;
		return;
	}
	if (parent->last)
		parent->last->next = node;
	else
		parent->first = node;
	parent->last = node;
	parent->count++;
}

static int on_node(struct reader *reader, struct fy_event *event, struct err *err)
{
	static const enum yaml_kind kinds[] = {
		[FYET_MAPPING_START] = YAML_MAP,
		[FYET_SEQUENCE_START] = YAML_LIST,
		[FYET_SCALAR] = YAML_SCALAR,
		[FYET_ALIAS] = YAML_ALIAS,
	};
	struct yaml_node *node = arena_take(reader->arena, sizeof *node);
	int rc;

	if (!node)
		return err_set(err, TACIT_LIMIT, "no memory for the file");
	node->kind = kinds[event->type];
	attach(reader, node);
	yaml_place_node(&reader->place, event, node);
	if (node->kind == YAML_ALIAS)
		return find_anchor(reader, event, node, err);
	if (!yaml_place_is_inside(&reader->place, node))
		return yaml_error(err, TACIT_INVALID, reader->in->name, node->line,
			"an empty `|` or `>`; write \"\" instead");
	rc = take_text(reader, event, node, err);
	if (!rc)
		rc = add_anchor(reader, event, node, err);
	if (rc || node->kind == YAML_SCALAR)
		return rc;
	if (node->depth > COMPOSE_DEPTH_MAX)
		return yaml_error(err, TACIT_LIMIT, reader->in->name, node->line,
			"more than %d levels deep", COMPOSE_DEPTH_MAX);
	node->open = true;
	reader->top = node;
	return 0;
}

static int by_text(const void *left, const void *right)
{
	const struct yaml_node *a = *(struct yaml_node *const *)left;
	const struct yaml_node *b = *(struct yaml_node *const *)right;
	int order = strcmp(a->text, b->text);

	return order ? order : (a->offset > b->offset) - (a->offset < b->offset);
}

static int refuse_twice(struct reader *reader, const struct yaml_node *map, struct err *err)
{
	_free_ struct yaml_node **keys = NULL;
	size_t count = 0;

	if (map->count < 4)
		return 0;
	keys = malloc(map->count / 2 * sizeof *keys);
	if (!keys)
		return err_set(err, TACIT_LIMIT, "no memory for the file");
	for (struct yaml_node *key = map->first; key && key->next; key = key->next->next) {
		struct yaml_node *meant = yaml_target(key);

		if (meant->kind == YAML_SCALAR && meant->text)
			keys[count++] = meant;
	}
	qsort(keys, count, sizeof *keys, by_text);
	for (size_t i = 1; i < count; i++)
		if (!strcmp(keys[i - 1]->text, keys[i]->text))
			return yaml_error(err, TACIT_INVALID, reader->in->name, keys[i]->line,
				"the same key as in line %u; take one of them out",
				keys[i - 1]->line);
	return 0;
}

static int on_end(struct reader *reader, struct fy_event *event, struct err *err)
{
	struct yaml_node *node = reader->top;

	yaml_place_end(&reader->place, event, node);
	node->open = false;
	reader->top = node->parent;
	return node->kind == YAML_MAP && reader->in->strict ? refuse_twice(reader, node, err) : 0;
}

static int on_document(struct reader *reader, struct fy_event *event, struct err *err)
{
	const struct fy_mark *mark = fy_event_start_mark(event);

	reader->root = reader->top = NULL;
	memset(reader->anchors, 0, ANCHOR_BUCKETS * sizeof(struct anchor *));
	if (reader->documents++ && reader->in->strict)
		return yaml_error(err, TACIT_INVALID, reader->in->name,
			mark ? (unsigned int)mark->line + 1 : 1,
			"a second document; put it into a file of its own");
	return 0;
}

static int on_event(struct reader *reader, struct fy_event *event, yaml_document_fn *document,
	void *arg, struct err *err)
{
	switch (event->type) {
	case FYET_DOCUMENT_START:
		return on_document(reader, event, err);
	case FYET_DOCUMENT_END:
		return document(arg, reader->root, err);
	case FYET_MAPPING_START:
	case FYET_SEQUENCE_START:
	case FYET_SCALAR:
	case FYET_ALIAS:
		return on_node(reader, event, err);
	case FYET_MAPPING_END:
	case FYET_SEQUENCE_END:
		return on_end(reader, event, err);
	default:
		return 0;
	}
}

static void say_nothing(struct fy_diag *diag, void *user, const char *text, size_t length)
{
	(void)diag;
	(void)user;
	(void)text;
	(void)length;
}

/* The parser's own words can hold bytes of the file: its kinds of errors, in ours. */
static const char *in_our_words(const char *message)
{
	static const struct {
		const char *part, *words;
	} table[] = {
		{ "closing quote", "a quote that is not closed" },
		{ "closing bracket", "a bracket that is not closed" },
		{ "closing brace", "a brace that is not closed" },
		{ "without a closing", "a bracket or brace that is not closed" },
		{ "multiline plain key", "not indented like what stands before it, or a tab" },
		{ "invalid nested block mapping", "a text with \": \" in it needs quotes" },
		{ "cannot start with", "a text that begins with this character needs quotes" },
		{ "tab", "a tab where only spaces may be" },
		{ "indent", "not indented like what stands before it" },
		{ "escape", "an escape sequence that YAML does not have" },
		{ "tag", "a malformed tag" },
		{ "alias", "a malformed alias" },
		{ "anchor", "a malformed anchor" },
	};

	for (size_t i = 0; message && i < sizeof table / sizeof table[0]; i++)
		if (strstr(message, table[i].part))
			return table[i].words;
	return "this is not YAML";
}

static int parser_error(const struct reader *reader, struct fy_diag *diag, struct err *err)
{
	void *at = NULL;
	const struct fy_diag_error *error = fy_diag_errors_iterate(diag, &at);

	if (!error)
		return yaml_error(err, TACIT_INVALID, reader->in->name, reader->place.line,
			"this is not YAML");
	return yaml_error(err, TACIT_INVALID, reader->in->name,
		error->line > 0 ? (unsigned int)error->line : 1, "%s", in_our_words(error->msg));
}

static int read_events(struct reader *reader, struct fy_parser *parser, struct fy_diag *diag,
	yaml_document_fn *document, void *arg, struct err *err)
{
	struct fy_event *event;
	int rc = 0;

	while (!rc && (event = fy_parser_parse(parser))) {
		rc = on_event(reader, event, document, arg, err);
		fy_parser_event_free(parser, event);
	}
	if (!rc && fy_parser_get_stream_error(parser))
		rc = parser_error(reader, diag, err);
	return rc;
}

int yaml_read(const struct yaml_reading *in, struct arena *arena, yaml_document_fn *document,
	void *arg, struct err *err)
{
	struct reader reader = { .in = in,
		.arena = arena,
		.place = { .text = in->text, .length = in->length, .line = 1 } };
	struct fy_parse_cfg config = { .flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG |
						FYPCF_DISABLE_MMAP_OPT |
						FYPCF_DEFAULT_VERSION_1_2 };
	struct fy_diag_cfg quiet;
	struct fy_parser *parser;
	int rc = yaml_place_check(in, err);

	if (rc)
		return rc;
	reader.anchors = arena_take(arena, ANCHOR_BUCKETS * sizeof(struct anchor *));
	fy_diag_cfg_default(&quiet);
	quiet.fp = NULL;
	quiet.output_fn = say_nothing;
	config.diag = fy_diag_create(&quiet);
	parser = config.diag ? fy_parser_create(&config) : NULL;
	if (parser)
		fy_diag_set_collect_errors(config.diag, true);
	if (!parser || !reader.anchors || fy_parser_set_string(parser, in->text, in->length))
		rc = err_set(err, TACIT_LIMIT, "no memory to read the file");
	else
		rc = read_events(&reader, parser, config.diag, document, arg, err);
	if (parser)
		fy_parser_destroy(parser);
	if (config.diag)
		fy_diag_destroy(config.diag);
	return rc;
}
