/* SPDX-License-Identifier: Apache-2.0 */
/* Rows in aligned columns, three spaces apart, under headers in capitals, as docker prints them. */
#ifndef TACIT_CLI_TABLE_H
#define TACIT_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define TABLE_COLUMNS_MAX 8

struct table {
	size_t columns;
	char **cells;         /* row after row; the first row is the header */
	const char **colours; /* of each cell; NULL: none */
	size_t count, room;
	bool failed; /* memory ran out */
};

/* The headers, at most TABLE_COLUMNS_MAX, up to NULL. table_free() when done. */
__attribute__((sentinel)) void table_start(struct table *table, const char *header, ...);
/* The next cell, left to right, row after row. Bytes that are not printable ASCII become '?'. */
__attribute__((format(printf, 2, 3))) void table_cell(struct table *table, const char *format, ...);
/* Show the last cell in this colour, an escape sequence that lives as long as the table. Whether
 * there are colours at all (session_colour()) is for the caller to know. */
void table_colour(struct table *table, const char *colour);
/* All rows to `to`; without rows the header alone. A missing last cell is empty. */
void table_print(const struct table *table, FILE *to);
void table_free(struct table *table);

#endif
