/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cli/compose/yaml.h"

int yaml_error(struct err *err, enum tacit_code code, const char *name, unsigned int line,
	const char *format, ...)
{
	char text[ERR_TEXT_MAX];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof text, format, list);
	va_end(list);
	return err_set(err, code, "%s:%u: %s", name, line, text);
}

struct yaml_node *yaml_target(struct yaml_node *node)
{
	return node && node->kind == YAML_ALIAS ? node->target : node;
}

bool yaml_shared(const struct yaml_node *node)
{
	for (; node; node = node->parent)
		if (node->uses)
			return true;
	return false;
}

bool yaml_is_nothing(const struct yaml_node *node)
{
	if (node->tag && !strcmp(node->tag, "!reset"))
		return true;
	return node->kind == YAML_SCALAR && node->style == YAML_PLAIN &&
	       (!node->text || !node->text[0] || !strcmp(node->text, "~") ||
		       !strcasecmp(node->text, "null"));
}

struct yaml_node *yaml_over(struct yaml_node *node)
{
	while (node && !node->next)
		node = node->parent;
	return node ? node->next : NULL;
}

struct yaml_node *yaml_next(struct yaml_node *node)
{
	return node->first ? node->first : yaml_over(node);
}
