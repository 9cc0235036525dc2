/* SPDX-License-Identifier: Apache-2.0 */
/* Files that a compose file names, which may be called anything. */
#include <stdlib.h>
#include <string.h>

#include "base/paths.h"
#include "cli/compose/compose.h"
#include "cli/env_scan.h"

/* What the agent serves is where it belongs. */
static bool is_served(const struct env_scan *scan, const char *path)
{
	char mount[PATH_FULL_MAX];
	size_t length;

	path_below(scan->session->root, TACIT_MOUNT_DIR "/", mount);
	length = strlen(mount);
	return !strncmp(path, mount, length) ||
	       !strncmp(path, TACIT_MOUNT_DIR "/", strlen(TACIT_MOUNT_DIR "/"));
}

/* `secret`: what the file is, when it is one as a whole. */
static void add(struct env_scan *scan, const char *beside, const struct compose_text *named,
	enum scan_kind kind, const char *secret)
{
	const char *slash = strrchr(beside, '/'), *text = named->text;
	int above = slash && *text != '/' ? (int)(slash + 1 - beside) : 0;
	struct env_reference reference = { .kind = kind };

	while (!strncmp(text, "./", 2))
		text += 2;
	/* Where it is depends on the environment of who starts the project. */
	if (compose_interpolates(text) || (secret && is_served(scan, text)) ||
		!env_scan_grow((void **)&scan->references, &scan->reference_room,
			scan->reference_count, sizeof *scan->references) ||
		asprintf(&reference.path, "%.*s%s", above, beside, text) < 0)
		return;
	reference.secret = secret ? strdup(secret) : NULL;
	scan->references[scan->reference_count++] = reference;
}

static void add_secrets(struct env_scan *scan, const char *path, const struct compose_file *file)
{
	for (size_t i = 0; i < compose_secret_count(file); i++) {
		const struct compose_secret *secret = compose_secret(file, i);

		if (secret->file.text)
			add(scan, path, &secret->file, SCAN_OTHER, secret->source.text);
	}
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
			add(scan, path, &service->env_files[n], SCAN_ENV_FILE, NULL);
	}
	for (size_t i = 0; i < compose_include_count(file); i++)
		add(scan, path, compose_include(file, i), SCAN_COMPOSE, NULL);
	add_secrets(scan, path, file);
	compose_free(file);
}
