/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sync.h"

#include "base/log.h"
#include "engine/parse.h"

void sync_open(struct sync *sync, uint32_t engine, const char *socket, unsigned int share,
	struct asks *asks, struct tell *tell, struct waits *waits)
{
	*sync = (struct sync){ .engine = engine,
		.socket = socket,
		.asks = asks,
		.tell = tell,
		.retry_at = ASKS_NEVER,
		.list_at = ASKS_NEVER };
	/* Of its share of the asks, one is the stream and one the list. */
	sync->jobs = (struct jobs){ .engine = engine,
		.socket = socket,
		.asks = asks,
		.tell = tell,
		.waits = waits,
		.most = share - 2 };
}

static void set_state(struct sync *sync, enum engine_state state)
{
	sync->state = state;
	tell_state(sync->tell, sync->engine, state);
}

void sync_start(struct sync *sync, uint64_t now)
{
	set_state(sync, ENGINE_DOWN);
	sync->said_why = false;
	sync->retry_at = now;
	sync->retry_ns = SYNC_RETRY_NS;
}

void sync_stop(struct sync *sync)
{
	asks_cancel(sync->asks, sync->engine);
	if (sync->state != ENGINE_DOWN)
		set_state(sync, ENGINE_DOWN);
	jobs_clear(&sync->jobs);
	sync->listed = sync->lost = false;
	sync->retry_at = sync->list_at = ASKS_NEVER;
}

/* Say why, once, until it has been up again. */
static void go_down(struct sync *sync, const char *what, const struct answer *answer, uint64_t now)
{
	if (!sync->said_why && answer->code)
		log_info("engine %s is down: %s: %s", sync->socket, what,
			code_word((enum tacit_code) - answer->code));
	else if (!sync->said_why)
		log_warning("engine %s: %s: HTTP %d", sync->socket, what, answer->status);
	sync->said_why = true;
	sync_stop(sync);
	sync->retry_at = now + sync->retry_ns;
	sync->retry_ns =
		sync->retry_ns < SYNC_RETRY_MOST_NS / 2 ? sync->retry_ns * 2 : SYNC_RETRY_MOST_NS;
}

static void begin_listing(struct sync *sync, uint64_t at)
{
	set_state(sync, ENGINE_LISTING);
	sync->listed = sync->lost = sync->jobs.missed = false;
	sync->list_at = at;
}

void sync_began(struct sync *sync, uint64_t now)
{
	log_info("engine %s answers", sync->socket);
	sync->said_why = false;
	sync->retry_ns = SYNC_RETRY_NS;
	sync->lines.length = 0;
	sync->lines.too_long = false;
	begin_listing(sync, now + SYNC_LIST_PAUSE_NS);
}

static void take_event(struct sync *sync, const struct event *event)
{
	switch (event->kind) {
	case EVENT_OTHER:
		break;
	case EVENT_CHANGED:
		if (!jobs_want(&sync->jobs, event->id, JOBS_CHANGED))
			sync->lost = true;
		break;
	case EVENT_ENDED:
	case EVENT_REMOVED:
		jobs_ended(&sync->jobs, event->id);
		tell_went(sync->tell, event->id, event->kind == EVENT_REMOVED);
		break;
	}
}

static void on_line(void *context, char *line, size_t length)
{
	struct sync *sync = context;
	struct event event;

	if (parse_event(line, length, &event, NULL) < 0)
		sync->lost = true;
	else
		take_event(sync, &event);
}

void sync_more(struct sync *sync, const char *bytes, size_t length)
{
	if (lines_feed(&sync->lines, bytes, length, on_line, sync))
		sync->lost = true;
}

struct listing {
	struct sync *sync;
	bool full;
};

static void on_listed(void *context, const char *id)
{
	struct listing *listing = context;

	if (!jobs_want(&listing->sync->jobs, id, JOBS_LISTED))
		listing->full = true;
}

/* A list that cannot be read, now or in some seconds, is not the end: its containers are known as
 * soon as one of them asks for something, and of others there are events. */
static void take_list(struct sync *sync, const struct answer *answer, uint64_t now)
{
	struct listing listing = { .sync = sync };
	struct err err;
	int status = answer->code;

	sync->listed_at = now;
	if (status)
		err_set(&err, TACIT_TOO_LARGE, "it is longer than %u bytes", ASKS_LIST_BYTES);
	else
		status = parse_list(answer->text, answer->length, on_listed, &listing, &err);
	if (status < 0) {
		log_warning("engine %s: its list of containers cannot be read: %s", sync->socket,
			err.text);
		sync->list_at = now + SYNC_RELIST_NS;
		return;
	}
	if (listing.full)
		log_warning("engine %s has more than %d containers: the others are looked at when "
			    "they read",
			sync->socket, JOBS_MAX);
	sync->listed = true;
}

void sync_over(
	struct sync *sync, enum ask what, const char *id, const struct answer *answer, uint64_t now)
{
	switch (what) {
	case ASK_LIST:
		if (answer->status == HTTP_OK || answer->code == -TACIT_TOO_LARGE)
			take_list(sync, answer, now);
		else
			go_down(sync, "the list of its containers", answer, now);
		break;
	case ASK_CONTAINER:
		jobs_container(&sync->jobs, id, answer, now);
		break;
	case ASK_IMAGE:
		jobs_image(&sync->jobs, id, answer, now);
		break;
	default:
		go_down(sync, "its events", answer, now);
	}
}

static void ask_events(struct sync *sync, uint64_t now)
{
	sync->retry_at = ASKS_NEVER;
	if (asks_start(sync->asks, sync->engine, ASK_EVENTS, "", now, NULL) < 0)
		sync->retry_at = now + SYNC_RETRY_NS;
}

static void ask_list(struct sync *sync, uint64_t now)
{
	sync->list_at = ASKS_NEVER;
	if (asks_start(sync->asks, sync->engine, ASK_LIST, "", now, NULL) < 0)
		sync->list_at = now + SYNC_RETRY_NS;
}

static bool relist_due(const struct sync *sync, uint64_t now)
{
	return sync->lost && sync->state == ENGINE_SYNCED &&
	       now >= sync->listed_at + SYNC_RELIST_NS;
}

void sync_tick(struct sync *sync, uint64_t now)
{
	if (now >= sync->retry_at)
		ask_events(sync, now);
	if (relist_due(sync, now))
		begin_listing(sync, now);
	if (now >= sync->list_at)
		ask_list(sync, now);
	jobs_pump(&sync->jobs, now);
	if (sync->state != ENGINE_LISTING || !sync->listed || sync->jobs.listed)
		return;
	/* Core takes what a whole list does not have for gone. */
	if (sync->jobs.missed)
		begin_listing(sync, now + SYNC_RETRY_MOST_NS);
	else
		set_state(sync, ENGINE_SYNCED);
}

uint64_t sync_next_deadline(const struct sync *sync)
{
	uint64_t next = sync->retry_at < sync->list_at ? sync->retry_at : sync->list_at;
	uint64_t relist = sync->listed_at + SYNC_RELIST_NS;

	if (sync->lost && sync->state == ENGINE_SYNCED && relist < next)
		next = relist;
	return next;
}
