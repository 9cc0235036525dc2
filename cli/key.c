/* SPDX-License-Identifier: Apache-2.0 */
/* Key slots: what opens the store. */
#include <string.h>
#include <time.h>

#include "cli/moment.h"
#include "cli/opener.h"
#include "cli/run.h"
#include "cli/slot.h"
#include "cli/table.h"

#define KEYS_PATH TACIT_API_PREFIX "/keys"

static void print_slots(const json_t *slots)
{
	struct table table;
	time_t now = time(NULL);
	const json_t *slot;
	size_t i;

	table_start(&table, "SLOT", "KIND", "LABEL", "CREATED", "STATE", NULL);
	json_array_foreach (slots, i, slot) {
		char kind[SLOT_TEXT_MAX], created[MOMENT_TEXT_MAX];
		const char *label = member_text(slot, "label");

		slot_kind_text(slot, kind);
		moment_ago(member_text(slot, "created_at"), now, created);
		table_cell(&table, "%llu", member_number(slot, "slot"));
		table_cell(&table, "%s", kind);
		table_cell(&table, "%s", *label ? label : "-");
		table_cell(&table, "%s", created);
		table_cell(&table, "%s", slot_state_text(slot));
	}
	table_print(&table, stdout);
	table_free(&table);
}

int key_ls(struct session *session, struct err *err)
{
	_json_ json_t *keys = NULL;
	int status = session_get(session, KEYS_PATH, &keys, err);

	if (status < 0) {
		report_hint(err, TACIT_NOT_FOUND, "there are no slots before that");
		return status;
	}
	if (session->json) {
		session_print_json(keys);
		return 0;
	}
	if (session->quiet)
		session_print_members(json_object_get(keys, "slots"), "slot");
	else
		print_slots(json_object_get(keys, "slots"));
	if (*member_text(keys, "trouble"))
		session_note_text(session, member_text(keys, "trouble"));
	slot_note_waits(session, keys);
	return 0;
}

/* For people and programs: what was added; of a recovery key, the key itself. */
static int show_added(
	struct session *session, json_t *slot, const struct opener *opener, struct err *err)
{
	char kind[SLOT_TEXT_MAX];

	if (!strcmp(opener->kind, "recovery"))
		return slot_show_recovery(session, slot, slot, opener, err);
	slot_kind_text(slot, kind);
	if (session->json)
		session_print_json(slot);
	else if (session->quiet)
		printf("%llu\n", member_number(slot, "slot"));
	else
		printf("added slot %llu (%s)\n", member_number(slot, "slot"), kind);
	return 0;
}

int key_add(struct session *session, struct err *err)
{
	const struct invocation *invocation = session->invocation;
	const char *word = invocation->count ? invocation->words[0] : NULL;
	_json_ json_t *slot = NULL;
	struct opener opener;
	int status = opener_new(session, word, &opener, err);

	if (status < 0)
		return status;
	status = opener_send(session, KEYS_PATH, "key-add", &opener,
		invocation->values[OPTION_LABEL], &slot, err);
	if (status < 0)
		opener_unmake(session, &opener, err->code);
	else
		status = show_added(session, slot, &opener, err);
	opener_free(&opener);
	return status;
}

int key_rm(struct session *session, struct err *err)
{
	char path[CLIENT_PATH_MAX] = KEYS_PATH;
	_json_ json_t *answer = NULL;
	unsigned long number;
	char *end;
	int status;

	number = strtoul(session->invocation->words[0], &end, 10);
	if (*end || !number || number > UINT32_MAX)
		return err_set(err, TACIT_INVALID,
			"SLOT is the number of a slot; 'tacit key ls' lists them");
	status = client_query(path, "slot", session->invocation->words[0], err);
	if (!status)
		status = session_delete(session, path, &answer, err);
	if (status < 0)
		return status;
	if (session->json)
		session_print_json(answer);
	else
		printf("%s%lu\n", session->quiet ? "" : "removed slot ", number);
	slot_note_waits(session, answer);
	return 0;
}

int key_rotate(struct session *session, struct err *err)
{
	_json_ json_t *answer = NULL;
	int status;

	progress_start(&session->progress, "putting a new root key into every slot");
	status = session_post(session, KEYS_PATH "/rotate", NULL, NULL, 0, &answer, err);
	progress_end(&session->progress);
	if (status < 0)
		return status;
	if (session->json)
		session_print_json(answer);
	else if (!session->quiet)
		printf("rotated the root key; slots that have the new one: %llu\n",
			member_number(answer, "slots"));
	return 0;
}
