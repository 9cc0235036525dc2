/* SPDX-License-Identifier: Apache-2.0 */
#include "core/control/audit/audit_call.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/control/audit/auditor.h"
#include "core/control/call.h"

/* Operators that follow the log at the same time without having it read again. */
#define SEATS 4
/* Records between two looks at the clock. */
#define PASS_AT_ONCE 64

/* A reader between two pages. */
struct seat {
	struct audit_reader *reader; /* NULL: nobody's */
	uint64_t next;               /* record that it is asked for next */
	uint64_t used;               /* when, in pages */
};

struct audit_desk {
	struct seat seats[SEATS];
	uint64_t pages;
	struct audit_check *check;
};

/* One page as it is being filled. */
struct page {
	struct seat *seat;
	struct pack *lines;
	uint64_t left; /* records it may have yet */
	uint64_t deadline_ns;
};

static struct audit_desk *desk_of(struct core *core, struct err *err)
{
	if (!core->audit_desk)
		core->audit_desk = calloc(1, sizeof *core->audit_desk);
	if (!core->audit_desk)
		err_set(err, TACIT_LIMIT, "out of memory");
	return core->audit_desk;
}

static void leave(struct seat *seat)
{
	audit_reader_close(seat->reader);
	*seat = (struct seat){ 0 };
}

void audit_call_forget(struct core *core)
{
	if (!core->audit_desk)
		return;
	for (int i = 0; i < SEATS; i++)
		leave(&core->audit_desk->seats[i]);
	audit_check_free(core->audit_desk->check);
	free(core->audit_desk);
	core->audit_desk = NULL;
}

/* The reader that is at `next`, or the place of the one that was not asked for longest. */
static struct seat *choose_seat(struct audit_desk *desk, uint64_t next)
{
	struct seat *chosen = &desk->seats[0];

	for (int i = 0; i < SEATS; i++) {
		struct seat *seat = &desk->seats[i];

		if (seat->reader && seat->next == next)
			return seat;
		if (seat->used < chosen->used)
			chosen = seat;
	}
	leave(chosen);
	return chosen;
}

static int take_seat(struct core *core, struct audit_desk *desk, uint64_t from, struct seat **taken,
	struct err *err)
{
	const struct audit_options *options = auditor_options(core);
	struct seat *seat;
	int status = 0;

	if (!options)
		return err_set(err, TACIT_UNAVAILABLE,
			"there is no audit log to read; 'tacit status' says why");
	seat = choose_seat(desk, from);
	if (!seat->reader)
		status = audit_reader_open(options, from, &seat->reader, err);
	seat->next = from;
	seat->used = ++desk->pages;
	*taken = seat;
	return status;
}

/* What a line says of itself, where no record is. */
__attribute__((format(printf, 2, 3))) static void put_line(
	struct pack *lines, const char *format, ...)
{
	char line[AUDIT_PLACE_MAX + 128];
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(line, sizeof line, format, args);
	va_end(args);
	pack_bytes(lines, line, (size_t)length);
}

static void put_trouble(struct page *page)
{
	const struct audit_place *place = audit_reader_place(page->seat->reader);
	char text[AUDIT_PLACE_MAX];

	audit_place_format(place, text);
	put_line(page->lines,
		"{\"trouble\":\"%s\",\"file\":%" PRIu64 ",\"offset\":%" PRIu64
		",\"number\":%" PRIu64 "}\n",
		text, place->file, place->offset, place->number);
	if (place->number >= page->seat->next)
		page->seat->next = place->number + 1;
}

static bool has_room(const struct page *page)
{
	return page->left && page->lines->length + AUDIT_LINE_MAX <= AUDIT_PAGE_BYTES &&
	       clock_monotonic_ns() < page->deadline_ns;
}

/* Come to the first record of the page. 1: there. 0: that takes longer than a page may. */
static int seek(struct page *page, struct err *err)
{
	int result = 0;

	while (!result && has_room(page)) {
		result = audit_reader_pass(page->seat->reader, PASS_AT_ONCE, err);
		if (result == -TACIT_CORRUPT) {
			put_trouble(page);
			result = 0;
		}
	}
	return result;
}

static int put_record(struct page *page, struct err *err)
{
	struct audit_record record;
	char line[AUDIT_LINE_MAX];
	uint64_t number;
	int result = audit_reader_next(page->seat->reader, &record, &number, err);

	if (result == -TACIT_CORRUPT) {
		put_trouble(page);
		return 1;
	}
	if (result != 1)
		return result;
	pack_bytes(page->lines, line, audit_format_json(&record, number, line));
	page->seat->next = number + 1;
	page->left--;
	return 1;
}

static int fill(struct page *page, struct err *err)
{
	int result = seek(page, err);

	if (!result)
		put_line(page->lines, "{\"seek\":%" PRIu64 "}\n", page->seat->next);
	while (result == 1 && has_room(page))
		result = put_record(page, err);
	return result < 0 ? result : 0;
}

/* The record that a page begins with. */
static uint64_t first_of(const struct call *call, uint64_t count)
{
	struct auditor_state state;

	if (call->request->offset)
		return call->request->offset;
	auditor_state(call->core, &state);
	return state.position.number > count ? state.position.number - count + 1 : 1;
}

int call_audit_read(struct call *call, struct err *err)
{
	uint64_t count = call->request->count;
	struct audit_desk *desk = desk_of(call->core, err);
	struct page page = { .lines = &call->reply,
		.left = count && count < AUDIT_PAGE_RECORDS ? count : AUDIT_PAGE_RECORDS,
		.deadline_ns = clock_monotonic_ns() + AUDIT_PAGE_NS };
	int status = desk ? take_seat(call->core, desk, first_of(call, page.left), &page.seat, err)
			  : -TACIT_LIMIT;

	if (status < 0)
		return status;
	status = fill(&page, err);
	if (status < 0)
		leave(page.seat);
	/* What was read before it is worth to have: it is met again. */
	return call->reply.length ? 0 : status;
}

int call_audit_verify(struct call *call, struct err *err)
{
	struct audit_desk *desk = desk_of(call->core, err);

	return desk ? audit_check_ask(&desk->check, call, err) : -TACIT_LIMIT;
}
