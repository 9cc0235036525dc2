/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the audit log is all there: the agent reads it, and we wait. */
#include <poll.h>
#include <string.h>

#include "cli/run.h"

#define POLL_MS 200

static void print_verdict(const struct session *session, const json_t *verdict)
{
	unsigned long long records = member_number(verdict, "records");
	unsigned long long files = member_number(verdict, "files");

	if (session->json)
		session_print_json(verdict);
	else if (session->quiet)
		session_print_clean(member_text(verdict, "state"));
	else if (!strcmp(member_text(verdict, "state"), "sound"))
		printf("the audit log is sound: %llu record%s, %llu to %llu, in %llu file%s\n",
			records, records == 1 ? "" : "s", member_number(verdict, "first"),
			member_number(verdict, "last"), files, files == 1 ? "" : "s");
}

static int verify(struct session *session, json_t **verdict, struct err *err)
{
	char what[80] = "verifying the audit log";
	int status;

	progress_start(&session->progress, what);
	for (;;) {
		status = session_post(
			session, TACIT_API_PREFIX "/audit/verify", NULL, NULL, 0, verdict, err);
		if (status || strcmp(member_text(*verdict, "state"), "running"))
			break;
		snprintf(what, sizeof what, "verifying the audit log: %llu records",
			member_number(*verdict, "records"));
		json_decref(*verdict);
		*verdict = NULL;
		progress_tick(&session->progress);
		poll(NULL, 0, POLL_MS);
	}
	progress_end(&session->progress);
	return status;
}

int audit_verify(struct session *session, struct err *err)
{
	_json_ json_t *verdict = NULL;
	int status = verify(session, &verdict, err);

	if (status < 0)
		return status;
	print_verdict(session, verdict);
	if (!strcmp(member_text(verdict, "state"), "sound"))
		return 0;
	return err_set(err, TACIT_CORRUPT, "%.300s; the %llu records before that are sound",
		member_text(verdict, "trouble"), member_number(verdict, "records"));
}
