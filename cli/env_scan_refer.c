/* SPDX-License-Identifier: Apache-2.0 */
/* Files that a compose file names, which may be called anything. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/compose/compose.h"
#include "cli/env_scan.h"

static void add(struct env_scan *scan, const char *beside, const struct compose_text *named,
	enum scan_kind kind)
{
	const char *slash = strrchr(beside, '/');
	int above = slash && *named->text != '/' ? (int)(slash + 1 - beside) : 0;
	char *path = NULL;

	/* Where it is depends on the environment of who starts the project. */
	if (compose_interpolates(named->text) ||
		!env_scan_grow((void **)&scan->references, &scan->reference_room,
			scan->reference_count, sizeof *scan->references) ||
		asprintf(&path, "%.*s%s", above, beside, named->text) < 0)
		return;
	scan->references[scan->reference_count++] = (struct env_reference){ path, kind };
}

void env_scan_refer(struct env_scan *scan, const char *path, const char *text, size_t length)
{
	struct compose_file *file;

	/* One that is broken was looked through as any text. */
	if (compose_parse(path, text, length, &file, NULL) < 0)
		return;
	for (size_t i = 0; i < compose_service_count(file); i++) {
		const struct compose_service *service = compose_service(file, i);

		for (size_t n = 0; n < service->env_file_count; n++)
			add(scan, path, &service->env_files[n], SCAN_ENV_FILE);
	}
	for (size_t i = 0; i < compose_include_count(file); i++)
		add(scan, path, compose_include(file, i), SCAN_COMPOSE);
	compose_free(file);
}
