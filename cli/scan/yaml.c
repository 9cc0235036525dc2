/* SPDX-License-Identifier: Apache-2.0 */
#include "yaml.h"

#include <string.h>

#define FLOW_DEPTH_MAX 8 /* collections in each other that stand in one line */

struct span yaml_above(const struct yaml *yaml, size_t up)
{
	return up < yaml->depth ? yaml->level[yaml->depth - 1 - up].key : SPAN("");
}

static void pop(struct yaml *yaml, size_t indent)
{
	while (yaml->depth && yaml->level[yaml->depth - 1].indent >= indent)
		yaml->depth--;
}

static void push(struct yaml *yaml, size_t indent, struct span key)
{
	if (yaml->depth == YAML_DEPTH_MAX)
		yaml->depth--;
	yaml->level[yaml->depth++] = (struct yaml_level){ indent, key };
}

/* Without anchor, tag and comment. */
static struct span bare(struct span value)
{
	struct span rest, word;

	value = span_trim(value);
	while (value.length && (value.at[0] == '&' || (value.at[0] == '!' && value.length > 1))) {
		rest = value;
		if (span_is(value, "!vault") || span_begins(value, "!vault "))
			return value;
		if (!span_word(&rest, &word))
			break;
		value = span_trim(rest);
	}
	if (value.length && (value.at[0] == '"' || value.at[0] == '\'')) {
		const char *end = memrchr(value.at + 1, value.at[0], value.length - 1);

		return end ? span_part(value, 0, (size_t)(end - value.at) + 1) : value;
	}
	for (size_t i = 0; i + 1 < value.length; i++)
		if ((value.at[i] == ' ' || value.at[i] == '\t') && value.at[i + 1] == '#')
			return span_trim(span_part(value, 0, i));
	return span_begins(value, "#") ? SPAN("") : value;
}

/* Where the key of "key: value" ends; the text's length: there is none. */
static size_t key_end(struct span text)
{
	char quote = 0;

	for (size_t i = 0; i < text.length; i++) {
		char byte = text.at[i];

		if (quote)
			quote = byte == quote ? 0 : quote;
		else if (!i && (byte == '"' || byte == '\''))
			quote = byte;
		else if (byte == ':' &&
			 (i + 1 == text.length || text.at[i + 1] == ' ' || text.at[i + 1] == '\t'))
			return i;
		else if (byte == '#' && i && text.at[i - 1] == ' ')
			break;
	}
	return text.length;
}

/* Where the part of a flow collection that begins at `at` ends: at a comma or the last bracket. */
static size_t flow_end(struct span text, size_t at)
{
	size_t depth = 0;
	char quote = 0;

	for (; at < text.length; at++) {
		char byte = text.at[at];

		if (quote) {
			quote = byte == quote ? 0 : quote;
			continue;
		}
		if (byte == '"' || byte == '\'')
			quote = byte;
		else if (byte == '{' || byte == '[')
			depth++;
		else if ((byte == '}' || byte == ']') && depth)
			depth--;
		else if (byte == '}' || byte == ']' || (byte == ',' && !depth))
			break;
	}
	return at;
}

static void take_value(struct yaml *yaml, struct span key, struct span value, unsigned int flow);

static void take_flow(struct yaml *yaml, struct span value, unsigned int flow)
{
	size_t at = 1, end, indent = yaml->depth ? yaml->level[yaml->depth - 1].indent + 1 : 1;

	for (; at < value.length; at = end + 1) {
		struct span part;
		size_t colon;

		end = flow_end(value, at);
		part = span_trim(span_part(value, at, end));
		colon = key_end(part);
		if (colon < part.length) {
			struct span key = span_unquote(span_part(part, 0, colon));

			push(yaml, indent, key);
			take_value(yaml, key, span_part(part, colon + 1, part.length), flow + 1);
			pop(yaml, indent);
		} else if (part.length) {
			take_value(yaml, SPAN(""), part, flow + 1);
		}
	}
}

static void take_value(struct yaml *yaml, struct span key, struct span value, unsigned int flow)
{
	value = bare(value);
	if (!value.length)
		return;
	if (value.at[0] == '[' && yaml_is_command(key)) {
		yaml_pair(yaml, key, value);
		return;
	}
	if ((value.at[0] == '{' || value.at[0] == '[') && !span_begins(value, "{{")) {
		if (flow < FLOW_DEPTH_MAX)
			take_flow(yaml, value, flow);
		return;
	}
	value = span_unquote(value);
	if (key.length)
		yaml_pair(yaml, key, value);
	else
		yaml_item(yaml, value);
}

static bool begins_block(struct span value)
{
	value = bare(value);
	return value.length && value.length <= 3 && (value.at[0] == '|' || value.at[0] == '>');
}

/* One line that is not of a block: its dashes, its key, its value. */
static void read_structure(struct yaml *yaml, struct span line)
{
	size_t indent = 0, colon;
	struct span key;

	while (indent < line.length && line.at[indent] == ' ')
		indent++;
	line = span_part(line, indent, line.length);
	while (line.length >= 2 && line.at[0] == '-' && (line.at[1] == ' ' || line.at[1] == '\t')) {
		size_t step = 1;

		pop(yaml, indent + 1);
		yaml->name = SPAN("");
		while (step < line.length && (line.at[step] == ' ' || line.at[step] == '\t'))
			step++;
		indent += step;
		line = span_part(line, step, line.length);
	}
	pop(yaml, indent);
	colon = line.length && line.at[0] != '{' && line.at[0] != '[' ? key_end(line) : line.length;
	if (colon == line.length) {
		take_value(yaml, SPAN(""), line, 0);
		return;
	}
	key = span_unquote(span_trim(span_part(line, 0, colon)));
	line = span_part(line, colon + 1, line.length);
	push(yaml, indent, key);
	yaml->command = (struct command){ 0 };
	yaml->in_block = begins_block(line);
	yaml->block_indent = indent;
	if (!yaml->in_block)
		take_value(yaml, key, line, 0);
}

static bool ends_block(const struct yaml *yaml, struct span line)
{
	size_t indent = 0;

	while (indent < line.length && line.at[indent] == ' ')
		indent++;
	return indent < line.length && line.at[indent] != '\r' && indent <= yaml->block_indent;
}

void read_yaml(struct pass *pass, enum scan_kind kind)
{
	struct yaml yaml = { .pass = pass, .kind = kind };
	struct span rest = pass->text, line;

	while (span_line(&rest, &line)) {
		if (yaml.in_block && ends_block(&yaml, line))
			yaml.in_block = false;
		if (yaml.in_block) {
			if (span_trim(line).length)
				yaml_block_line(&yaml, span_trim(line));
			continue;
		}
		if (span_begins(line, "---")) {
			yaml_new_document(&yaml);
			continue;
		}
		if (span_trim(line).length && span_trim(line).at[0] != '#')
			read_structure(&yaml, line);
	}
}
