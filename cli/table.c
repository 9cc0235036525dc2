/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report.h"

#define GAP 3

static void add(struct table *table, char *cell)
{
	if (table->count == table->room) {
		size_t room = table->room ? table->room * 2 : 32;
		char **cells = reallocarray(table->cells, room, sizeof *cells);
		const char **colours = reallocarray(table->colours, room, sizeof *colours);

		table->cells = cells ? cells : table->cells;
		table->colours = colours ? colours : table->colours;
		if (!cells || !colours) {
			table->failed = true;
			free(cell);
			return;
		}
		table->room = room;
	}
	if (cell)
		report_clean(cell);
	else
		table->failed = true;
	table->colours[table->count] = NULL;
	table->cells[table->count++] = cell;
}

void table_start(struct table *table, const char *header, ...)
{
	va_list more;

	*table = (struct table){ 0 };
	va_start(more, header);
	for (; header; header = va_arg(more, const char *)) {
		add(table, strdup(header));
		table->columns++;
	}
	va_end(more);
}

void table_cell(struct table *table, const char *format, ...)
{
	char *cell = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&cell, format, args) < 0)
		cell = NULL;
	va_end(args);
	add(table, cell);
}

void table_colour(struct table *table, const char *colour)
{
	if (table->count && !table->failed)
		table->colours[table->count - 1] = colour;
}

static const char *cell_text(const struct table *table, size_t index)
{
	const char *cell = index < table->count ? table->cells[index] : "";

	return cell ? cell : "";
}

/* Colour takes no room: what follows a cell is outside of it. */
static void print_cell(const struct table *table, size_t index, size_t room, FILE *to)
{
	const char *text = cell_text(table, index);
	const char *colour = index < table->count ? table->colours[index] : NULL;
	int gap = room ? (int)(room - strlen(text)) : 0;

	fprintf(to, "%s%s%s%*s", colour ? colour : "", text, colour ? "\033[0m" : "", gap, "");
}

void table_print(const struct table *table, FILE *to)
{
	size_t width[TABLE_COLUMNS_MAX] = { 0 };

	for (size_t i = 0; i < table->count; i++) {
		size_t length = strlen(cell_text(table, i));

		if (length > width[i % table->columns])
			width[i % table->columns] = length;
	}
	for (size_t i = 0; i < table->count; i += table->columns) {
		for (size_t column = 0; column + 1 < table->columns; column++)
			print_cell(table, i + column, width[column] + GAP, to);
		print_cell(table, i + table->columns - 1, 0, to);
		fputc('\n', to);
	}
}

void table_free(struct table *table)
{
	for (size_t i = 0; i < table->count; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table->colours);
	*table = (struct table){ 0 };
}
