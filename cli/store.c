/* SPDX-License-Identifier: Apache-2.0 */
/* The store as a whole: made, looked through, and gone on with. */
#include <string.h>

#include "cli/opener.h"
#include "cli/run.h"
#include "cli/slot.h"

#define STORE_PATH TACIT_API_PREFIX "/store"

/* A recovery slot beside the first one: the store is there, whatever becomes of this. */
static int add_recovery(
	struct session *session, json_t *store, struct opener *recovery, struct err *err)
{
	json_t *slot = NULL;
	int status = opener_make_recovery(recovery, err);

	if (!status)
		status = opener_send(
			session, TACIT_API_PREFIX "/keys", "key-add", recovery, NULL, &slot, err);
	if (!status)
		json_object_set_new(store, "recovery", slot);
	else
		err_wrap(err, "the store was made, but has no recovery key ('tacit key add "
			      "--recovery' makes one)");
	return status;
}

static void show_store(const struct session *session, const json_t *store)
{
	char kind[SLOT_TEXT_MAX];

	slot_kind_text(json_object_get(store, "slot"), kind);
	if (session->quiet)
		session_print_clean(member_text(store, "store"));
	else
		printf("made the store %s; what opens it: %s\n", member_text(store, "store"), kind);
}

static int create(
	struct session *session, const struct opener *opener, json_t **store, struct err *err)
{
	int status = opener_send(session, STORE_PATH, "store-create", opener,
		session->invocation->values[OPTION_LABEL], store, err);

	if (status < 0)
		opener_unmake(session, opener, err->code);
	return status;
}

/* What was made, for people or programs; `recovery` is the key that is shown once, or has no bytes.
 */
static int show_created(
	struct session *session, json_t *store, const struct opener *recovery, struct err *err)
{
	bool added = json_object_get(store, "recovery") != NULL;
	const json_t *slot = json_object_get(store, added ? "recovery" : "slot");

	if (!session->json)
		show_store(session, store);
	else if (!recovery->bytes)
		session_print_json(store);
	slot_note_waits(session, store);
	return recovery->bytes ? slot_show_recovery(session, store, slot, recovery, err) : 0;
}

int store_create(struct session *session, struct err *err)
{
	const struct invocation *invocation = session->invocation;
	struct opener opener, recovery = { 0 };
	_json_ json_t *store = NULL;
	bool is_recovery;
	int status =
		opener_new(session, invocation->count ? invocation->words[0] : NULL, &opener, err);

	if (status < 0)
		return status;
	is_recovery = !strcmp(opener.kind, "recovery");
	status = create(session, &opener, &store, err);
	if (!status && !is_recovery && !invocation->values[OPTION_NO_RECOVERY])
		status = add_recovery(session, store, &recovery, err);
	if (!status)
		status = show_created(session, store, is_recovery ? &opener : &recovery, err);
	opener_free(&recovery);
	opener_free(&opener);
	return status;
}

static void show_verified(const struct session *session, const json_t *answer)
{
	const json_t *problems = json_object_get(answer, "problems");
	unsigned long long count = member_number(answer, "problem_count");
	const json_t *problem;
	size_t i;

	if (!session->quiet)
		printf("generation %llu: %llu records, %llu values, anchor %s\n",
			member_number(answer, "generation"), member_number(answer, "records"),
			member_number(answer, "values"), member_text(answer, "anchor"));
	json_array_foreach (problems, i, problem)
		session_print_clean(json_is_string(problem) ? json_string_value(problem) : "");
	if (count > json_array_size(problems))
		printf("and %llu more\n", count - json_array_size(problems));
	if (!count && !session->quiet)
		puts("nothing is wrong");
}

int store_verify(struct session *session, struct err *err)
{
	_json_ json_t *answer = NULL;
	unsigned long long count;
	int status;

	progress_start(&session->progress, "reading the whole store");
	status = session_post(session, STORE_PATH "/verify", NULL, NULL, 0, &answer, err);
	progress_end(&session->progress);
	if (status < 0)
		return status;
	if (session->json)
		session_print_json(answer);
	else
		show_verified(session, answer);
	count = member_number(answer, "problem_count");
	if (!count)
		return 0;
	return err_set(err, TACIT_CORRUPT,
		"what is wrong: %llu; 'tacit help store accept' says how to go on", count);
}

/* What `store accept` does; it is said before, and asks for --force. */
static const struct accept {
	enum option option;
	const char *warning, *done;
} accepts[] = {
	{ OPTION_DROP, "what is damaged would be removed for good, and the rest goes on",
		"removed what was damaged" },
	{ OPTION_ADOPT,
		"what opens would be taken as it is, older or added as it may be, and what does "
		"not open removed for good",
		"took what opens as it is" },
	{ OPTION_ROLLBACK,
		"the store would be taken although it is not what its anchor says: it may be an "
		"older copy, in which old values are current and revoked grants live",
		"took the store as it is" },
};

#define ACCEPTS (sizeof accepts / sizeof accepts[0])

static int find_accept(const struct session *session, const struct accept **accept, struct err *err)
{
	*accept = NULL;
	for (size_t i = 0; i < ACCEPTS; i++) {
		if (!session->invocation->values[accepts[i].option])
			continue;
		if (*accept)
			return err_set(err, TACIT_INVALID,
				"'--%s' and '--%s' are two things; say one",
				option_table[(*accept)->option].name,
				option_table[accepts[i].option].name);
		*accept = &accepts[i];
	}
	return *accept ? 0
		       : err_set(err, TACIT_INVALID,
				 "say how: --drop, --adopt or --rollback; 'tacit store verify' "
				 "says what is wrong");
}

int store_accept(struct session *session, struct err *err)
{
	char path[CLIENT_PATH_MAX] = STORE_PATH "/accept";
	const struct accept *accept;
	_json_ json_t *answer = NULL;
	int status = find_accept(session, &accept, err);

	if (status < 0)
		return status;
	if (!session->invocation->values[OPTION_FORCE])
		return err_set(err, TACIT_BUSY,
			"%s; nothing was changed; with '--force' it is done", accept->warning);
	status = client_query(path, "how", option_table[accept->option].name, err);
	if (!status)
		status = session_post(session, path, NULL, NULL, 0, &answer, err);
	if (status < 0)
		return status;
	if (session->json)
		session_print_json(answer);
	else if (session->quiet)
		printf("%llu\n", member_number(answer, "generation"));
	else
		printf("%s (%llu); generation %llu\n", accept->done,
			member_number(answer, "accepted"), member_number(answer, "generation"));
	return 0;
}
