/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/compose/edit.h"

static int make_splices(const struct compose_edit *edit, struct splices *splices, struct err *err)
{
	const struct compose_file *file = edit->file;
	int rc = 0;

	splices_begin(splices, edit);
	for (size_t i = 0; i < file->service_count && !rc; i++) {
		const struct service *service = &file->services[i];
		const struct changes *changes = &edit->services[i];

		if (!changes->first)
			continue;
		rc = change_environment(splices, service, changes, err);
		rc = rc ? rc : change_secrets(splices, service, changes, err);
		rc = rc ? rc : change_lists(splices, service, changes, err);
	}
	return rc ? rc : change_top(splices, &edit->top, err);
}

static void cleanup_text(char **text)
{
	if (*text)
		explicit_bzero(*text, strlen(*text));
	free(*text);
}

static void cleanup_file(struct compose_file **file)
{
	compose_free(*file);
}

int compose_edit_apply(
	const struct compose_edit *edit, char **text, size_t *length, struct err *err)
{
	__attribute__((cleanup(cleanup_text))) char *made = NULL;
	__attribute__((cleanup(cleanup_file))) struct compose_file *changed = NULL;
	struct splices splices;
	struct err why;
	size_t size = 0;
	int rc;

	if (!edit->file->root)
		return err_set(err, TACIT_INVALID, "%s: an empty file cannot be changed",
			edit->file->name);
	rc = make_splices(edit, &splices, err);
	rc = rc ? rc : splices_apply(&splices, &made, &size, err);
	if (rc)
		return rc;
	if (compose_parse(edit->file->name, made, size, &changed, &why))
		return err_set(err, TACIT_INVALID,
			"%s: cannot be changed without breaking it: the result would not be read "
			"(%s)",
			edit->file->name, why.text);
	rc = verify_edit(edit, &splices, changed, err);
	if (rc)
		return rc;
	*text = made;
	*length = size;
	made = NULL;
	return 0;
}
