/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to core, one after another over the one channel there is, without ever waiting:
 * relay_pump() sends what the channel takes, relay_ready() receives what has come, and what takes
 * too long is answered by relay_expire(). Times are clock_monotonic_ns() and always given, so a
 * test can have its own.
 *
 * The channel ends when core is replaced. A question core never got waits for the next channel. One
 * that only reads is asked again, once. One that changes something may have been carried out: its
 * asker is told so.
 *
 * Used by one thread. */
#ifndef TACIT_API_RELAY_H
#define TACIT_API_RELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/pack.h"
#include "wire/frame.h"

#define RELAY_NO_CHANNEL_NS                                                                        \
	5000000000u                 /* wait for a channel: longer than core takes to restart       \
				     */
#define RELAY_REPLY_NS 30000000000u /* wait in all: a slow disk, and those asked before */
#define RELAY_NEVER UINT64_MAX

/* A question. Allocated by the asker, the relay's (with its body) from relay_ask() on. */
struct question {
	struct frame_request request;
	struct pack body; /* request.body_length octets */
	bool changes;
	void *owner; /* given back with the answer */
	/* Below: the relay's own. */
	struct question *next;
	uint64_t since;
	bool tried;
};

/* Called once for every question, from any relay function but relay_ask(). `bytes` are the relay's
 * and end with the call; there are none unless `code` is TACIT_OK. */
typedef void relay_answered(void *context, void *owner, enum tacit_code code, const char *text,
	const uint8_t *bytes, size_t length);

struct relay {
	int channel; /* to core, or -1 */
	uint64_t lost_at;
	struct question *first; /* not yet sent, oldest first */
	/* The question core has. Kept when its asker was told to wait no longer (owner NULL), for
	 * core's answer to it must not be taken for the answer to the next. */
	struct question *current;
	bool request_sent;
	size_t octets_sent;
	bool replying; /* `reply` has come, its octets are coming */
	struct frame_reply reply;
	uint8_t *bytes;
	size_t bytes_got;
	relay_answered *answered;
	void *context;
};

void relay_open(struct relay *relay, relay_answered *answered, void *context);

/* A channel to a new core; the relay's from here on. The old one is closed. */
void relay_connect(struct relay *relay, int channel, uint64_t now);

void relay_ask(struct relay *relay, struct question *question, uint64_t now);
/* For one that was never handed over; NULL is nothing. */
void relay_question_free(struct question *question);

/* What to poll() the channel for. */
short relay_events(const struct relay *relay);

void relay_pump(struct relay *relay, uint64_t now);

/* The channel has something to say. TACIT_INVALID when core broke the protocol: nothing that comes
 * through this channel can be trusted any more. */
int relay_ready(struct relay *relay, uint64_t now, struct err *err);

void relay_expire(struct relay *relay, uint64_t now);
uint64_t relay_next_deadline(const struct relay *relay);

/* Answer everybody that the agent is going, close, free. */
void relay_close(struct relay *relay);

#endif
