/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/compose/yaml_place.h"

#include <string.h>

#include <libfyaml.h>

#include "cli/compose/compose.h"

/* The bytes of the character at `at`; 0: no UTF-8, or a control character. */
static size_t character(const unsigned char *at, size_t left)
{
	static const struct {
		unsigned char mask, lead, low, high; /* of the second byte */
		size_t size;
	} forms[] = {
		{ 0xff, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xff, 0xed, 0x80, 0x9f, 3 },
		{ 0xf0, 0xe0, 0x80, 0xbf, 3 },
		{ 0xff, 0xf0, 0x90, 0xbf, 4 },
		{ 0xff, 0xf4, 0x80, 0x8f, 4 },
		{ 0xfc, 0xf0, 0x80, 0xbf, 4 },
	};

	if (at[0] < 0x80)
		return (at[0] >= 0x20 && at[0] != 0x7f) || at[0] == '\t' || at[0] == '\n' ||
		       at[0] == '\r';
	if (at[0] >= 0xc2 && at[0] <= 0xdf)
		return left >= 2 && (at[1] & 0xc0) == 0x80 ? 2 : 0;
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		if ((at[0] & forms[i].mask) != forms[i].lead)
			continue;
		if (left < forms[i].size || at[1] < forms[i].low || at[1] > forms[i].high)
			return 0;
		for (size_t j = 2; j < forms[i].size; j++)
			if ((at[j] & 0xc0) != 0x80)
				return 0;
		return forms[i].size;
	}
	return 0;
}

/* A carriage return alone, NEL, LS and PS end a line for some readers of YAML and not for others.
 */
static bool is_odd_break(const char *at, size_t left)
{
	static const char *const breaks[] = { "\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9" };

	if (at[0] == '\r')
		return left < 2 || at[1] != '\n';
	for (size_t i = 0; i < sizeof breaks / sizeof breaks[0]; i++)
		if (left >= strlen(breaks[i]) && !memcmp(at, breaks[i], strlen(breaks[i])))
			return true;
	return false;
}

int yaml_place_check(const struct yaml_reading *in, struct err *err)
{
	unsigned int line = 1;
	size_t size;

	if (in->length > COMPOSE_FILE_MAX)
		return err_set(err, TACIT_LIMIT, "%s: larger than %u MiB", in->name,
			COMPOSE_FILE_MAX >> 20);
	for (size_t at = 0; at < in->length; at += size) {
		size = character((const unsigned char *)in->text + at, in->length - at);
		if (!size)
			return yaml_error(err, TACIT_INVALID, in->name, line,
				"a control character, or a byte that is not UTF-8");
		if (is_odd_break(in->text + at, in->length - at))
			return yaml_error(err, TACIT_INVALID, in->name, line,
				"a line break that is not a newline, with or without a carriage "
				"return before it");
		line += in->text[at] == '\n';
	}
	return 0;
}

static void find_line(struct yaml_place *place, size_t offset)
{
	while (place->at > offset)
		place->line -= place->text[--place->at] == '\n';
	if (place->line_start > offset) {
		const char *before = memrchr(place->text, '\n', offset);

		place->line_start = before ? (size_t)(before - place->text) + 1 : 0;
	}
	for (const char *end; (end = memchr(place->text + place->at, '\n', offset - place->at));) {
		place->at = place->line_start = (size_t)(end - place->text) + 1;
		place->line++;
	}
	place->at = offset;
}

static void set(struct yaml_place *place, struct yaml_node *node, size_t offset, size_t end)
{
	node->offset = offset;
	node->end = node->full_end = end;
	find_line(place, offset);
	node->line = place->line;
	node->column = (unsigned int)(offset - place->line_start) + 1;
}

static bool blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

/* Over an anchor or a tag before the node; node->begin is where the first of them stands. */
static void skip_properties(struct yaml_place *place, struct fy_event *event, size_t *begin)
{
	struct fy_token *const tokens[] = { fy_event_get_anchor_token(event),
		fy_event_get_tag_token(event) };

	*begin = SIZE_MAX;
	for (size_t i = 0; i < 2; i++) {
		const struct fy_mark *start = tokens[i] ? fy_token_start_mark(tokens[i]) : NULL;
		const struct fy_mark *end = tokens[i] ? fy_token_end_mark(tokens[i]) : NULL;
		size_t at;

		if (!start || !end)
			continue;
		/* An anchor's mark is behind its `&`. */
		at = start->input_pos - (i == 0 && start->input_pos > 0);
		if (at < *begin)
			*begin = at;
		if (end->input_pos > place->last_end)
			place->last_end = end->input_pos;
	}
}

/* Nothing stands there: behind the colon or the dash, when there is one. */
static void place_nothing(struct yaml_place *place, struct yaml_node *node)
{
	const struct yaml_node *parent = node->parent;
	bool is_item = parent && parent->kind == YAML_LIST && !parent->flow;
	bool is_value = parent && parent->kind == YAML_MAP && !(parent->count & 1);
	size_t at = place->last_end;

	while (at < place->length && (is_item ? blank(place->text[at]) || place->text[at] == '#'
					      : place->text[at] == ' ' || place->text[at] == '\t'))
		if (place->text[at] == '#')
			while (at < place->length && place->text[at] != '\n')
				at++;
		else
			at++;
	if ((is_item || is_value) && at < place->length && place->text[at] == (is_item ? '-' : ':'))
		place->last_end = at + 1;
	set(place, node, place->last_end, place->last_end);
}

/* From the `|` or `>`, which stands behind the last token and comments, to the end of the last line
 * that has something. */
static void place_block(struct yaml_place *place, struct yaml_node *node, size_t start, size_t end)
{
	size_t at = place->last_end, last = end;
	const char *text = place->text;

	while (at < start && text[at] != '|' && text[at] != '>') {
		if (text[at] == '#')
			while (at < start && text[at] != '\n')
				at++;
		else
			at++;
	}
	while (last > at && blank(text[last - 1]))
		last--;
	if (last < start)
		last = start;
	while (last > at && blank(text[last - 1]))
		last--;
	set(place, node, at, last);
	node->full_end = end;
	node->style = YAML_BLOCK;
}

/* The parser takes what follows an empty block, at the indent of the block's own key, for its text.
 */
bool yaml_place_is_inside(const struct yaml_place *place, const struct yaml_node *node)
{
	const char *at = place->text + node->offset, *end = place->text + node->end;
	unsigned int least = node->parent ? node->parent->column : 0;

	if (node->kind != YAML_SCALAR || node->style != YAML_BLOCK)
		return true;
	while ((at = memchr(at, '\n', (size_t)(end - at)))) {
		size_t blanks = strspn(++at, " ");

		if (blanks < least && at + blanks < end && !strchr("\r\n", at[blanks]))
			return false;
	}
	return true;
}

static void place_scalar(struct yaml_place *place, struct fy_event *event, struct yaml_node *node)
{
	const struct fy_mark *start = fy_event_start_mark(event), *end = fy_event_end_mark(event);
	struct fy_token *token = fy_event_get_token(event);

	if (!token || !start || !end) {
		place_nothing(place, node);
		return;
	}
	switch (fy_scalar_token_get_style(token)) {
	case FYSS_SINGLE_QUOTED:
		node->style = YAML_SINGLE;
		set(place, node, start->input_pos - 1, end->input_pos + 1);
		break;
	case FYSS_DOUBLE_QUOTED:
		node->style = YAML_DOUBLE;
		set(place, node, start->input_pos - 1, end->input_pos + 1);
		break;
	case FYSS_LITERAL:
	case FYSS_FOLDED:
		place_block(place, node, start->input_pos, end->input_pos);
		break;
	default:
		set(place, node, start->input_pos, end->input_pos);
	}
}

void yaml_place_node(struct yaml_place *place, struct fy_event *event, struct yaml_node *node)
{
	const struct fy_mark *start = fy_event_start_mark(event), *end = fy_event_end_mark(event);

	skip_properties(place, event, &node->begin);
	if (node->kind == YAML_SCALAR) {
		place_scalar(place, event, node);
	} else if (node->kind == YAML_ALIAS) {
		set(place, node, start->input_pos - 1, end->input_pos);
	} else {
		node->flow = fy_event_get_node_style(event) == FYNS_FLOW;
		node->single = node->flow && start->input_pos == end->input_pos;
		set(place, node, start->input_pos, end->input_pos);
	}
	if (node->begin > node->offset)
		node->begin = node->offset;
	if (node->end > place->last_end)
		place->last_end = node->end;
}

void yaml_place_end(struct yaml_place *place, struct fy_event *event, struct yaml_node *node)
{
	const struct fy_mark *end = fy_event_end_mark(event);

	if (node->flow && !node->single && end) {
		node->end = node->full_end = end->input_pos;
	} else if (node->last) {
		node->end = node->last->end;
		node->full_end = node->last->full_end;
		/* The mark can be that of a colon. */
		if (node->first->begin < node->offset) {
			set(place, node, node->first->begin, node->end);
			node->full_end = node->last->full_end;
		}
	}
	if (node->end > place->last_end)
		place->last_end = node->end;
}
