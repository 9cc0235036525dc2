/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/run.h"
#include "cli/table.h"

static void files_cell(struct table *table, const json_t *files)
{
	size_t length = 0, room = 1, i;
	const json_t *file;
	char *text;

	json_array_foreach (files, i, file)
		room += json_string_length(file) + 2;
	text = calloc(1, room);
	json_array_foreach (files, i, file)
		if (text && json_is_string(file))
			length += (size_t)snprintf(text + length, room - length, "%s%s",
				i ? ", " : "", json_string_value(file));
	table_cell(table, "%s", text ? text : "");
	free(text);
}

static void print_consumers(const json_t *list)
{
	struct table table;
	const json_t *consumer;
	size_t i;

	table_start(&table, "CONSUMER", "GRANTS", "FILES", NULL);
	json_array_foreach (list, i, consumer) {
		table_cell(&table, "%s", member_text(consumer, "consumer"));
		table_cell(&table, "%llu", member_number(consumer, "grants"));
		files_cell(&table, json_object_get(consumer, "files"));
	}
	table_print(&table, stdout);
	table_free(&table);
}

int consumer_ls(struct session *session, struct err *err)
{
	_json_ json_t *list = NULL;
	int status = session_get(session, TACIT_API_PREFIX "/consumers", &list, err);

	if (status < 0)
		return status;
	session_show_list(session, list, "consumer", print_consumers);
	return 0;
}
