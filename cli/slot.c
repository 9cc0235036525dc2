/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/slot.h"

#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "seal/recovery.h"
#include "seal/seal.h"

#define WIDTH 63 /* of the frame around a recovery key */

/* The API's words for people. */
static const char *const phrases[][2] = {
	{ "key_file", "key file" },
	{ "recovery", "recovery key" },
	{ "damaged", "damaged" },
	{ "newer", "of a newer tacit" },
	{ "not_vouched", "not vouched for" },
};

static const char *phrase(const char *word)
{
	for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++)
		if (!strcmp(phrases[i][0], word))
			return phrases[i][1];
	return word;
}

void slot_kind_text(const json_t *slot, char text[SLOT_TEXT_MAX])
{
	const char *kind = member_text(slot, "kind"), *program = member_text(slot, "program");

	snprintf(text, SLOT_TEXT_MAX, "%s%s%s", *kind ? phrase(kind) : "-", *program ? " " : "",
		program);
}

const char *slot_state_text(const json_t *slot)
{
	return phrase(member_text(slot, "state"));
}

void slot_note_waits(const struct session *session, const json_t *answer)
{
	if (json_is_true(json_object_get(answer, "waits_after_reboot")))
		session_note(session,
			"nothing opens the store by itself: containers wait for 'tacit unlock' "
			"after a reboot");
}

static void frame_line(const char *text)
{
	fprintf(stderr, "| %-*s |\n", WIDTH - 4, text);
}

static void frame_edge(void)
{
	char edge[WIDTH + 1];

	memset(edge, '-', WIDTH);
	edge[0] = edge[WIDTH - 1] = '+';
	edge[WIDTH] = '\0';
	fprintf(stderr, "%s\n", edge);
}

/* The frame goes to standard error, so that `> file` keeps the key alone. */
static int show_text(const struct session *session, const struct opener *recovery, struct err *err)
{
	int status;

	fflush(stdout);
	if (!session->quiet) {
		frame_edge();
		frame_line("The recovery key. It opens the store when all else is lost.");
		frame_line("Write it down, and keep it away from this machine:");
		frame_line("it is shown this once, and kept nowhere.");
		frame_edge();
		fflush(stderr);
	}
	status = file_write_fd(STDOUT_FILENO, recovery->bytes, recovery->length, err);
	return status ? status : file_write_fd(STDOUT_FILENO, "\n", 1, err);
}

static int show_json(json_t *object, const struct opener *recovery, struct err *err)
{
	const size_t flags = JSON_INDENT(2) | JSON_ENSURE_ASCII;
	json_t *key = json_stringn((char *)recovery->bytes, recovery->length);
	size_t length;
	char *text;
	int status;

	json_object_set_new(object, "recovery_key", key);
	length = json_dumpb(object, NULL, 0, flags);
	text = seal_alloc(length + 1);
	if (key && text) {
		json_dumpb(object, text, length, flags);
		text[length] = '\n';
		fflush(stdout);
		status = file_write_fd(STDOUT_FILENO, text, length + 1, err);
	} else {
		status = err_set(err, TACIT_LIMIT, "no locked memory; raise 'ulimit -l'");
	}
	/* jansson's own copy, which it would free as it is. */
	if (key)
		seal_wipe((char *)json_string_value(key), recovery->length);
	seal_free(text);
	return status;
}

int slot_show_recovery(struct session *session, json_t *object, const json_t *slot,
	const struct opener *recovery, struct err *err)
{
	unsigned long long number = member_number(slot, "slot");
	int status = session->json ? show_json(object, recovery, err)
				   : show_text(session, recovery, err);

	return status ? err_wrap(err,
				"slot %llu was added, but its recovery key could not be shown "
				"('tacit key rm %llu' takes it away)",
				number, number)
		      : 0;
}
