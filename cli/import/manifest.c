/* SPDX-License-Identifier: Apache-2.0 */
/* manifest.json of one import:
 *
 *   { "version": 1, "state": "writing"|"applied"|"undoing",
 *     "files": [ { "path": "compose.yaml", "gone": false }, ... ] } */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <errno.h>
#include <fcntl.h>

#include "base/cleanup.h"
#include "cli/import/store.h"

#define VERSION 1
#define MANIFEST_PART "manifest.part"

static const char *const words[] = {
	[JOURNAL_WRITING] = "writing",
	[JOURNAL_APPLIED] = "applied",
	[JOURNAL_UNDOING] = "undoing",
};

static void drop_json(json_t **json)
{
	json_decref(*json);
}

#define _drop_json_ __attribute__((cleanup(drop_json)))

static int broken(struct err *err)
{
	return err_set(err, TACIT_CORRUPT,
		JOURNAL_FOLDER " has a manifest that is none; put the files back by hand: N.old "
			       "are the old ones, and remove the folder");
}

static int take_files(const json_t *list, struct manifest *manifest, struct err *err)
{
	size_t count = json_array_size(list);

	if (!count || count > IMPORT_FILES_MAX)
		return broken(err);
	manifest->files = calloc(count, sizeof *manifest->files);
	if (!manifest->files)
		return err_set(err, TACIT_INTERNAL, "no memory for a manifest");
	for (size_t i = 0; i < count; i++) {
		const json_t *file = json_array_get(list, i);
		const char *path = json_string_value(json_object_get(file, "path"));

		if (!path || !*path || strlen(path) >= IMPORT_PATH_MAX)
			return broken(err);
		snprintf(manifest->files[i].path, IMPORT_PATH_MAX, "%s", path);
		manifest->files[i].gone = json_is_true(json_object_get(file, "gone"));
		manifest->count++;
	}
	return 0;
}

int manifest_read(int import, struct manifest *manifest, struct err *err)
{
	struct store_text text __attribute__((cleanup(store_forget))) = { 0 };
	_drop_json_ json_t *json = NULL;
	const char *state;
	int status = store_read(import, MANIFEST_NAME, &text, err);

	*manifest = (struct manifest){ 0 };
	if (status < 0)
		return status;
	if (!text.text)
		return 0;
	json = json_loadb(text.text, text.length, JSON_REJECT_DUPLICATES, NULL);
	state = json_string_value(json_object_get(json, "state"));
	for (size_t i = JOURNAL_WRITING; state && i <= JOURNAL_UNDOING; i++)
		if (!strcmp(state, words[i]))
			manifest->state = (enum journal_state)i;
	if (!manifest->state || json_integer_value(json_object_get(json, "version")) != VERSION)
		return broken(err);
	status = take_files(json_object_get(json, "files"), manifest, err);
	if (status < 0)
		manifest_free(manifest);
	return status;
}

void manifest_free(struct manifest *manifest)
{
	free(manifest->files);
	*manifest = (struct manifest){ 0 };
}

int manifest_write(int import, const struct manifest *manifest, struct err *err)
{
	_drop_json_ json_t *json = json_pack(
		"{s:i, s:s, s:[]}", "version", VERSION, "state", words[manifest->state], "files");
	_free_ char *text = NULL;
	int status;

	for (size_t i = 0; json && i < manifest->count; i++)
		json_array_append_new(json_object_get(json, "files"),
			json_pack("{s:s, s:b}", "path", manifest->files[i].path, "gone",
				manifest->files[i].gone));
	text = json ? json_dumps(json, JSON_INDENT(2) | JSON_ENSURE_ASCII) : NULL;
	if (!text)
		return err_set(err, TACIT_INTERNAL, "no memory for a manifest");
	status = store_write(import, MANIFEST_PART, text, strlen(text), NULL, err);
	if (!status && renameat(import, MANIFEST_PART, import, MANIFEST_NAME) < 0)
		status = err_errno(err, errno, TACIT_IO, "name the manifest");
	return status ? status : store_sync_folder(import, MANIFEST_NAME, err);
}
