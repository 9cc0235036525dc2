/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/asks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

#define READ_MAX 65536 /* a pipe's usual size */
#define ROOM_FIRST 4096

static const struct {
	size_t most;          /* bytes of its body */
	uint64_t patience_ns; /* 0: as long as it takes */
} kinds[ASKS] = {
	[ASK_EVENTS] = { 0, 0 },
	[ASK_LIST] = { ASKS_LIST_BYTES, ASKS_LIST_NS },
	[ASK_CONTAINER] = { ASKS_INSPECT_BYTES, ASKS_INSPECT_NS },
	[ASK_IMAGE] = { ASKS_INSPECT_BYTES, ASKS_INSPECT_NS },
};

static void release(struct ask_state *ask)
{
	if (ask->pipe >= 0)
		close(ask->pipe);
	free(ask->text);
	*ask = (struct ask_state){ .pipe = -1 };
}

void asks_open(struct asks *asks, const struct asks_listener *listener)
{
	*asks = (struct asks){ .gate = -1, .listener = *listener };
	for (int i = 0; i < ASKS_MAX; i++)
		asks->ask[i].pipe = -1;
}

void asks_connect(struct asks *asks, int gate)
{
	for (int i = 0; i < ASKS_MAX; i++)
		release(&asks->ask[i]);
	if (asks->gate >= 0)
		close(asks->gate);
	asks->gate = gate;
}

static struct ask_state *find(struct asks *asks, uint32_t number)
{
	for (int i = 0; i < ASKS_MAX; i++)
		if (asks->ask[i].number == number)
			return &asks->ask[i];
	return NULL;
}

int asks_start(struct asks *asks, uint32_t engine, enum ask what, const char *id, uint64_t now,
	struct err *err)
{
	struct frame_ask frame = { .engine = engine, .what = what };
	struct ask_state *ask = find(asks, 0);

	if (asks->gate < 0)
		return err_set(err, TACIT_UNAVAILABLE, "there is no gate");
	if (!ask)
		return err_set(err, TACIT_LIMIT, "%d asks are under way", ASKS_MAX);
	/* 0 is no number; and this one is not in use: it was given 4 billion asks ago. */
	frame.ask = asks->last + 1 ? asks->last + 1 : 1;
	memcpy(frame.id, id, strlen(id) + 1);
	if (frame_send_now(asks->gate, FRAME_ASK, &frame, sizeof frame, -1, NULL) < 0)
		return err_set(err, TACIT_UNAVAILABLE, "gate does not read");
	asks->last = frame.ask;
	*ask = (struct ask_state){ .number = frame.ask,
		.engine = engine,
		.what = what,
		.pipe = -1,
		.deadline = kinds[what].patience_ns ? now + kinds[what].patience_ns : ASKS_NEVER };
	memcpy(ask->id, frame.id, sizeof ask->id);
	return 0;
}

void asks_cancel(struct asks *asks, uint32_t engine)
{
	for (int i = 0; i < ASKS_MAX; i++)
		if (asks->ask[i].number && asks->ask[i].engine == engine)
			release(&asks->ask[i]);
}

/* The place is free before anybody is told: they may want it. */
static void finish(struct asks *asks, struct ask_state *ask, struct answer answer)
{
	struct ask_state over = *ask;

	*ask = (struct ask_state){ .pipe = -1 };
	asks->listener.over(asks->listener.context, over.engine, over.what, over.id, &answer);
	release(&over);
}

static void fail(struct asks *asks, struct ask_state *ask, int code)
{
	finish(asks, ask, (struct answer){ .code = code });
}

/* The answer is of an ask that was cancelled when nobody knows its number: its pipe is closed. */
int asks_take(struct asks *asks, struct frame *frame, struct err *err)
{
	const struct frame_give *give = &frame->body.give;
	_close_ int pipe = take_fd(&frame->fd);
	struct ask_state *ask = give->index ? find(asks, give->index) : NULL;

	if ((pipe < 0) != (give->status < 0))
		return err_set(err, TACIT_INVALID, "gate gave what engine has no use for");
	if (ask && ask->pipe >= 0)
		return err_set(err, TACIT_INVALID, "gate answered an ask twice");
	if (ask && pipe < 0)
		fail(asks, ask, give->status);
	else if (ask)
		ask->pipe = take_fd(&pipe);
	return 0;
}

static bool has_room(struct ask_state *ask, size_t more)
{
	size_t most = (ask->has_head ? ask->head.size : HTTP_HEAD_MAX) + kinds[ask->what].most;
	size_t room = ask->room ? ask->room : ROOM_FIRST;
	char *text;

	/* Of events the head alone is kept, and what came with it. */
	if (!kinds[ask->what].most)
		most += READ_MAX;
	if (ask->length + more > most)
		return false;
	while (room < ask->length + more)
		room *= 2;
	if (room == ask->room)
		return true;
	text = realloc(ask->text, room);
	if (!text)
		return false;
	ask->text = text;
	ask->room = room;
	return true;
}

/* Whether all of the body is there. */
static bool is_whole(const struct ask_state *ask)
{
	return ask->head.length >= 0 && ask->length - ask->head.size >= (size_t)ask->head.length;
}

static void finish_whole(struct asks *asks, struct ask_state *ask)
{
	size_t length = ask->length - ask->head.size;

	if (ask->head.length >= 0 && length > (size_t)ask->head.length)
		length = (size_t)ask->head.length;
	finish(asks, ask,
		(struct answer){
			.status = HTTP_OK, .text = ask->text + ask->head.size, .length = length });
}

/* The head is there. False when that was all there is to know. */
static bool on_head(struct asks *asks, struct ask_state *ask)
{
	if (ask->head.status != HTTP_OK) {
		finish(asks, ask, (struct answer){ .status = ask->head.status });
		return false;
	}
	ask->has_head = true;
	if (ask->what == ASK_EVENTS)
		asks->listener.began(asks->listener.context, ask->engine);
	return true;
}

static void pass_on(struct asks *asks, struct ask_state *ask, const char *bytes, size_t length)
{
	if (length)
		asks->listener.more(asks->listener.context, ask->engine, bytes, length);
}

/* The first bytes, up to the head's end and some more. */
static void take_start(struct asks *asks, struct ask_state *ask)
{
	uint32_t number = ask->number;
	struct err err;
	int found = http_head_read(ask->text, ask->length, &ask->head, &err);

	if (found < 0)
		fail(asks, ask, found);
	/* Whoever is told that it has begun may cancel it. */
	if (found <= 0 || !on_head(asks, ask) || ask->number != number)
		return;
	if (ask->what == ASK_EVENTS) {
		_free_ char *text = ask->text;
		size_t length = ask->length, size = ask->head.size;

		ask->text = NULL;
		ask->length = ask->room = 0;
		pass_on(asks, ask, text + size, length - size);
	} else if (is_whole(ask)) {
		finish_whole(asks, ask);
	}
}

static void take_bytes(struct asks *asks, struct ask_state *ask, const char *bytes, size_t length)
{
	if (ask->has_head && ask->what == ASK_EVENTS) {
		pass_on(asks, ask, bytes, length);
		return;
	}
	if (!has_room(ask, length)) {
		fail(asks, ask, -TACIT_TOO_LARGE);
		return;
	}
	memcpy(ask->text + ask->length, bytes, length);
	ask->length += length;
	if (!ask->has_head)
		take_start(asks, ask);
	else if (is_whole(ask))
		finish_whole(asks, ask);
}

/* The answer has ended: where its length was not said, that is how a whole one ends. */
static void take_end(struct asks *asks, struct ask_state *ask)
{
	if (ask->has_head && ask->what != ASK_EVENTS && ask->head.length < 0)
		finish_whole(asks, ask);
	else
		fail(asks, ask, -TACIT_UNAVAILABLE);
}

static void read_one(struct asks *asks, struct ask_state *ask)
{
	char bytes[READ_MAX];
	ssize_t got = read(ask->pipe, bytes, sizeof bytes);

	if (got > 0)
		take_bytes(asks, ask, bytes, (size_t)got);
	else if (!got || (errno != EAGAIN && errno != EINTR))
		take_end(asks, ask);
}

void asks_watch(const struct asks *asks, struct pollfd *polls, uint32_t *numbers)
{
	for (int i = 0; i < ASKS_MAX; i++) {
		polls[i] = (struct pollfd){ asks->ask[i].pipe, POLLIN, 0 };
		numbers[i] = asks->ask[i].number;
	}
}

void asks_read(struct asks *asks, const struct pollfd *polls, const uint32_t *numbers)
{
	/* A place that has another ask by now was not polled for it. */
	for (int i = 0; i < ASKS_MAX; i++)
		if (polls[i].revents && numbers[i] && asks->ask[i].number == numbers[i])
			read_one(asks, &asks->ask[i]);
}

void asks_expire(struct asks *asks, uint64_t now)
{
	for (int i = 0; i < ASKS_MAX; i++)
		if (asks->ask[i].number && asks->ask[i].deadline <= now)
			fail(asks, &asks->ask[i], -TACIT_BUSY);
}

uint64_t asks_next_deadline(const struct asks *asks)
{
	uint64_t next = ASKS_NEVER;

	for (int i = 0; i < ASKS_MAX; i++)
		if (asks->ask[i].number && asks->ask[i].deadline < next)
			next = asks->ask[i].deadline;
	return next;
}
