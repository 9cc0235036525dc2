/* SPDX-License-Identifier: Apache-2.0 */
#include "api/relay.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char no_core[] = "the agent's core is not there; try again in a moment";
static const char no_turn[] =
	"the agent is busy and did not come to this request; nothing was done";
static const char no_reply[] = "the agent did not answer in time";
static const char unknown_outcome[] =
	"the agent was restarted before it answered; look with 'tacit secret history', "
	"'tacit grant ls' or 'tacit key ls' before trying again";
static const char late_outcome[] =
	"the agent did not answer in time; look with 'tacit secret history', 'tacit grant ls' or "
	"'tacit key ls' before trying again";

void relay_open(struct relay *relay, relay_answered *answered, void *context)
{
	*relay = (struct relay){ .channel = -1, .answered = answered, .context = context };
}

void relay_question_free(struct question *question)
{
	if (!question)
		return;
	pack_free(&question->body);
	free(question);
}

/* Tell the asker, who then no longer owns it. */
static void tell(struct relay *relay, struct question *question, enum tacit_code code,
	const char *text, const uint8_t *bytes, size_t length)
{
	void *owner = question->owner;

	question->owner = NULL;
	if (owner)
		relay->answered(relay->context, owner, code, text, bytes, length);
}

static void forget_current(struct relay *relay)
{
	if (relay->bytes)
		explicit_bzero(relay->bytes, relay->reply.body_length);
	free(relay->bytes);
	relay->bytes = NULL;
	relay->bytes_got = 0;
	relay->replying = false;
	relay->request_sent = false;
	relay->octets_sent = 0;
	relay->current = NULL;
}

static void lose_channel(struct relay *relay, uint64_t now)
{
	struct question *question = relay->current;
	bool core_had_it = relay->request_sent;

	if (relay->channel >= 0)
		close(relay->channel);
	relay->channel = -1;
	relay->lost_at = now;
	forget_current(relay);
	if (!question)
		return;
	if (question->owner && (!core_had_it || (!question->changes && !question->tried))) {
		question->tried = core_had_it;
		question->next = relay->first;
		relay->first = question;
		return;
	}
	tell(relay, question, TACIT_UNAVAILABLE, question->changes ? unknown_outcome : no_core,
		NULL, 0);
	relay_question_free(question);
}

void relay_connect(struct relay *relay, int channel, uint64_t now)
{
	if (relay->channel >= 0)
		lose_channel(relay, now);
	relay->channel = channel;
}

void relay_ask(struct relay *relay, struct question *question, uint64_t now)
{
	struct question **end = &relay->first;

	while (*end)
		end = &(*end)->next;
	*end = question;
	question->next = NULL;
	question->since = now;
	question->tried = false;
}

static bool all_sent(const struct relay *relay)
{
	return relay->request_sent && relay->octets_sent == relay->current->body.length;
}

short relay_events(const struct relay *relay)
{
	bool sending = relay->current ? !all_sent(relay) : relay->first != NULL;

	return sending ? POLLIN | POLLOUT : POLLIN;
}

static int send_part(struct relay *relay)
{
	struct question *question = relay->current;
	size_t part = question->body.length - relay->octets_sent;
	int status;

	if (!relay->request_sent) {
		status = frame_send_now(relay->channel, FRAME_REQUEST, &question->request,
			sizeof question->request, -1, NULL);
		relay->request_sent = !status;
		return status;
	}
	if (part > FRAME_OCTETS_MAX)
		part = FRAME_OCTETS_MAX;
	status = frame_send_now(relay->channel, FRAME_OCTETS,
		question->body.bytes + relay->octets_sent, part, -1, NULL);
	if (!status)
		relay->octets_sent += part;
	return status;
}

void relay_pump(struct relay *relay, uint64_t now)
{
	if (relay->channel < 0)
		return;
	if (!relay->current) {
		if (!relay->first)
			return;
		relay->current = relay->first;
		relay->first = relay->first->next;
		relay->current->next = NULL;
	}
	while (!all_sent(relay)) {
		int status = send_part(relay);

		if (status == -TACIT_BUSY)
			return;
		if (status < 0) {
			lose_channel(relay, now);
			return;
		}
	}
}

static void finish(struct relay *relay)
{
	struct question *question = relay->current;
	enum tacit_code code = relay->reply.code < TACIT_CODES ? relay->reply.code : TACIT_INTERNAL;

	relay->current = NULL;
	tell(relay, question, code, relay->reply.text, relay->bytes, relay->bytes_got);
	forget_current(relay);
	relay_question_free(question);
}

static int take_reply(struct relay *relay, const struct frame_reply *reply, struct err *err)
{
	if (!relay->current || !all_sent(relay) || relay->replying)
		return err_set(err, TACIT_INVALID, "core answered what it was not asked");
	if (reply->body_length > REPLY_BODY_MAX || (reply->code && reply->body_length) ||
		!memchr(reply->text, '\0', sizeof reply->text))
		return err_set(err, TACIT_INVALID, "core gave a malformed answer");
	relay->reply = *reply;
	if (!reply->body_length) {
		finish(relay);
		return 0;
	}
	relay->bytes = malloc(reply->body_length);
	if (!relay->bytes)
		return err_set(err, TACIT_LIMIT, "out of memory for core's answer");
	relay->replying = true;
	return 0;
}

static int take_octets(struct relay *relay, const uint8_t *octets, size_t length, struct err *err)
{
	if (!relay->replying || length > relay->reply.body_length - relay->bytes_got)
		return err_set(err, TACIT_INVALID, "core sent octets that belong to no answer");
	memcpy(relay->bytes + relay->bytes_got, octets, length);
	relay->bytes_got += length;
	if (relay->bytes_got == relay->reply.body_length)
		finish(relay);
	return 0;
}

int relay_ready(struct relay *relay, uint64_t now, struct err *err)
{
	struct frame frame;
	int status = frame_receive(relay->channel, ROLE_CORE, ROLE_API, &frame, err);

	if (status == -TACIT_UNAVAILABLE) {
		lose_channel(relay, now);
		return 0;
	}
	if (status < 0)
		return status;
	if (frame.fd >= 0)
		close(frame.fd);
	if (frame.type == FRAME_REPLY)
		return take_reply(relay, &frame.body.reply, err);
	if (frame.type == FRAME_OCTETS)
		return take_octets(relay, frame.body.octets, frame.length, err);
	return err_set(err, TACIT_INVALID, "core sent a frame that is no answer");
}

static uint64_t deadline_of(const struct relay *relay, const struct question *question)
{
	uint64_t deadline = question->since + RELAY_REPLY_NS;

	if (relay->channel < 0) {
		uint64_t lost = question->since > relay->lost_at ? question->since : relay->lost_at;

		if (lost + RELAY_NO_CHANNEL_NS < deadline)
			deadline = lost + RELAY_NO_CHANNEL_NS;
	}
	return deadline;
}

void relay_expire(struct relay *relay, uint64_t now)
{
	struct question *current = relay->current;

	for (struct question **at = &relay->first; *at;) {
		struct question *question = *at;

		if (deadline_of(relay, question) > now) {
			at = &question->next;
			continue;
		}
		*at = question->next;
		tell(relay, question, TACIT_UNAVAILABLE, relay->channel < 0 ? no_core : no_turn,
			NULL, 0);
		relay_question_free(question);
	}
	if (!current || deadline_of(relay, current) > now)
		return;
	if (relay->request_sent) {
		tell(relay, current, TACIT_UNAVAILABLE, current->changes ? late_outcome : no_reply,
			NULL, 0);
		return;
	}
	forget_current(relay);
	tell(relay, current, TACIT_UNAVAILABLE, no_turn, NULL, 0);
	relay_question_free(current);
}

uint64_t relay_next_deadline(const struct relay *relay)
{
	uint64_t earliest = RELAY_NEVER;

	for (const struct question *question = relay->first; question; question = question->next)
		if (deadline_of(relay, question) < earliest)
			earliest = deadline_of(relay, question);
	if (relay->current && relay->current->owner &&
		deadline_of(relay, relay->current) < earliest)
		earliest = deadline_of(relay, relay->current);
	return earliest;
}

void relay_close(struct relay *relay)
{
	while (relay->first) {
		struct question *question = relay->first;

		relay->first = question->next;
		tell(relay, question, TACIT_UNAVAILABLE, no_core, NULL, 0);
		relay_question_free(question);
	}
	if (relay->current)
		tell(relay, relay->current, TACIT_UNAVAILABLE,
			relay->current->changes ? unknown_outcome : no_core, NULL, 0);
	lose_channel(relay, 0);
}
