/* SPDX-License-Identifier: Apache-2.0 */
/* Who read what, who did not, who changed what. The agent gives its log page by page, as lines of
 * JSON: records, and between them what is wrong with the log. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/audit_row.h"
#include "cli/run.h"

#define LINES_DEFAULT 20
#define LINES_MAX 10000 /* of one page */
#define POLL_MS 500
/* How long an agent that is being restarted is waited for. */
#define ABSENCE_NS UINT64_C(10000000000)

/* A walk through the log. */
struct walk {
	struct session *session;
	struct audit_view view;
	unsigned long long next; /* number of the record to ask for; 0: the last `count` */
	unsigned long count;     /* how many are wanted yet */
	bool mute;               /* what comes is not shown */
	bool sought;             /* of the last page: the agent is looking for the place yet */
	size_t lines;            /* records and troubles of the last page */
	bool damaged;
};

/* Once as is usual for what writes into pipes: who has read enough ends it. */
static void end_with_reader(void)
{
	signal(SIGPIPE, SIG_DFL);
}

static void show(struct walk *walk, const char *line, size_t length, const json_t *record)
{
	if (walk->mute)
		return;
	if (!walk->session->json)
		audit_row_print(&walk->view, record, stdout);
	else if (fwrite(line, 1, length, stdout) == length)
		putchar('\n');
}

static int take_line(struct walk *walk, const char *line, size_t length, struct err *err)
{
	_json_ json_t *record = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);
	unsigned long long number = member_number(record, "number");

	if (!json_is_object(record))
		return err_set(err, TACIT_INTERNAL, "the agent's answer is not lines of JSON");
	if (json_object_get(record, "seek")) {
		walk->sought = true;
		walk->next = member_number(record, "seek");
		return 0;
	}
	walk->lines++;
	if (number >= walk->next)
		walk->next = number + 1;
	if (json_object_get(record, "trouble"))
		walk->damaged = true;
	else if (walk->count)
		walk->count--;
	show(walk, line, length, record);
	return 0;
}

static int take_page(struct walk *walk, const struct client_answer *answer, struct err *err)
{
	const char *at = (const char *)answer->bytes;
	const char *end = at + answer->length;
	int status = 0;

	walk->lines = 0;
	walk->sought = false;
	while (!status && at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		if (!newline)
			return err_set(err, TACIT_INTERNAL, "the agent's answer ends in a line");
		status = take_line(walk, at, (size_t)(newline - at), err);
		at = newline + 1;
	}
	return status;
}

/* The next page. */
static int turn(struct walk *walk, struct err *err)
{
	struct client_answer answer = { 0 };
	char path[CLIENT_PATH_MAX], number[24];
	int status = client_path(path, err, "audit", NULL);

	snprintf(number, sizeof number, "%llu", walk->next);
	if (!status && walk->next)
		status = client_query(path, "from", number, err);
	snprintf(number, sizeof number, "%lu", walk->count < LINES_MAX ? walk->count : LINES_MAX);
	if (!status)
		status = client_query(path, "count", number, err);
	if (!status)
		status = session_ask(walk->session,
			&(struct client_request){ .method = "GET", .path = path }, &answer, err);
	if (!status)
		status = take_page(walk, &answer, err);
	client_answer_free(&answer);
	if (!status && fflush(stdout))
		status = err_errno(err, errno, TACIT_IO, "write to standard output");
	return status;
}

/* Page by page until there are as many as are wanted, or no more. */
static int go(struct walk *walk, struct err *err)
{
	int status;

	do
		status = turn(walk, err);
	while (!status && walk->count && (walk->lines || walk->sought));
	return status;
}

/* Wait a moment. False: nobody wants more. */
static bool pause_between(const struct session *session)
{
	struct pollfd ends[] = { { .fd = session->interrupt.signals, .events = POLLIN },
		{ .fd = STDOUT_FILENO, .events = 0 } };

	poll(ends, 2, POLL_MS);
	return !ends[0].revents && !(ends[1].revents & (POLLERR | POLLHUP));
}

/* Whether what went wrong may be over in a moment: the agent is restarted, or locked. */
static bool is_passing(
	const struct walk *walk, const struct err *err, uint64_t *absent_ns, bool *told)
{
	uint64_t now = clock_monotonic_ns();

	if (err->code == TACIT_LOCKED) {
		if (!*told)
			session_note(walk->session, "the agent is locked; 'tacit unlock' goes on");
		*told = true;
		*absent_ns = 0;
		return true;
	}
	if (err->code != TACIT_UNAVAILABLE)
		return false;
	if (!*absent_ns)
		*absent_ns = now;
	return now - *absent_ns < ABSENCE_NS;
}

static int follow(struct walk *walk, struct err *err)
{
	struct session *session = walk->session;
	uint64_t absent_ns = 0;
	bool told = false;
	int status = interrupt_hold(&session->interrupt, err);

	walk->mute = false;
	while (!status && (walk->sought || pause_between(session))) {
		struct err why = { 0 };

		walk->count = LINES_MAX;
		if (turn(walk, &why) == 0) {
			absent_ns = 0;
			told = false;
			continue;
		}
		walk->sought = false;
		if (interrupt_came(&session->interrupt))
			break;
		if (!is_passing(walk, &why, &absent_ns, &told))
			status = err_set(err, why.code, "%s", why.text);
	}
	return status;
}

int audit_tail(struct session *session, struct err *err)
{
	struct walk walk = { .session = session };
	unsigned long lines = LINES_DEFAULT;
	int status = session_number(session, OPTION_LINES, 0, LINES_MAX, &lines, err);

	if (status < 0)
		return status;
	end_with_reader();
	audit_view_start(&walk.view);
	/* Of none, where the log ends is all there is to know. */
	walk.mute = !lines;
	walk.count = lines ? lines : 1;
	status = go(&walk, err);
	if (!status && !walk.next)
		walk.next = 1;
	if (!status && session->invocation->values[OPTION_FOLLOW])
		status = follow(&walk, err);
	return status;
}

/* Up to the record that is the last one now: what is recorded meanwhile has no end. */
int audit_export(struct session *session, struct err *err)
{
	struct walk last = { .session = session, .count = 1, .mute = true };
	struct walk walk = { .session = session };
	unsigned long from = 1;
	int status = session_number(session, OPTION_FROM, 1, INT64_MAX, &from, err);

	end_with_reader();
	session->json = true;
	if (!status)
		status = go(&last, err);
	if (status < 0)
		return status;
	walk.next = from;
	while (!status && walk.next < last.next) {
		walk.count = (unsigned long)(last.next - walk.next);
		status = turn(&walk, err);
		if (!walk.lines && !walk.sought)
			break;
	}
	if (!status && walk.damaged)
		status = err_set(
			err, TACIT_CORRUPT, "the log is damaged; 'tacit audit verify' says where");
	return status;
}
