/* SPDX-License-Identifier: Apache-2.0 */
/* Where in the text a node stands: what the parser's marks leave out. They are those of a text
 * without its quotes, of an alias without its `*`, of a block without its `|`, and an empty value
 * has none. Inside yaml.c. */
#ifndef TACIT_COMPOSE_YAML_PLACE_H
#define TACIT_COMPOSE_YAML_PLACE_H

#include "cli/compose/yaml.h"

struct fy_event;

struct yaml_place {
	const char *text;
	size_t length;
	size_t last_end; /* of the last token */
	/* The line and where it begins of the place that was last asked for. */
	size_t at, line_start;
	unsigned int line;
};

/* UTF-8 without control characters, or "NAME:LINE: ...". */
int yaml_place_check(const struct yaml_reading *reading, struct err *err);
void yaml_place_node(struct yaml_place *place, struct fy_event *event, struct yaml_node *node);
/* False: a block's text that is not indented deeper than what the block is in. */
bool yaml_place_is_inside(const struct yaml_place *place, const struct yaml_node *node);
void yaml_place_end(struct yaml_place *place, struct fy_event *event, struct yaml_node *node);

#endif
