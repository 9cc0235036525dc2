/* SPDX-License-Identifier: Apache-2.0 */
/* What engines say of containers. The role engine may name one wrongly; it can say nothing else. */
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/control/agenda/errands.h"

_Static_assert((int)CONTAINER_CREATED == (int)LIFE_CREATED &&
		       (int)CONTAINER_RUNNING == (int)LIFE_RUNNING &&
		       (int)CONTAINER_ENDED == (int)LIFE_ENDED,
	"a frame's life is a container's state");
_Static_assert((int)CONTAINERS_DOWN == (int)ENGINE_DOWN &&
		       (int)CONTAINERS_LISTING == (int)ENGINE_LISTING &&
		       (int)CONTAINERS_SYNCED == (int)ENGINE_SYNCED,
	"a frame's state is an engine's");

static int check_id(const char *id, struct err *err)
{
	return container_id_ok(id) ? 0 : err_set(err, TACIT_INVALID, "not a container's id");
}

int core_hear_acted(struct core *core, const struct frame *frame, struct err *err)
{
	const struct frame_acted *acted = &frame->body.acted;

	if (frame->type != FRAME_ACTED || acted->code > 0 || acted->code <= -TACIT_CODES)
		return err_set(err, TACIT_INVALID, "what is said of an act is no end of one");
	errands_acted(core, acted);
	return 0;
}

static int on_frame(struct core *core, const struct frame *frame, struct err *err)
{
	int status = 0;

	switch (frame->type) {
	case FRAME_CAME:
		status = container_facts_check(&frame->body.came.facts, err);
		if (status == 0 && frame->body.came.life > LIFE_ENDED)
			status = err_set(err, TACIT_INVALID, "not a container's life");
		if (status == 0)
			containers_came(core->containers, &frame->body.came.facts,
				(enum container_state)frame->body.came.life);
		return status;
	case FRAME_WENT:
		status = check_id(frame->body.went.id, err);
		if (status == 0)
			containers_went(
				core->containers, frame->body.went.id, frame->body.went.removed);
		return status;
	case FRAME_UNKNOWN:
		status = check_id(frame->body.container_id.id, err);
		if (status == 0)
			containers_unknown(core->containers, frame->body.container_id.id);
		return status;
	case FRAME_ENGINE_STATE:
		if (frame->body.engine_state.state > ENGINE_SYNCED)
			return err_set(err, TACIT_INVALID, "not an engine's state");
		containers_engine(core->containers, frame->body.engine_state.engine,
			(enum containers_engine)frame->body.engine_state.state);
		return 0;
	case FRAME_ACTED:
		return core_hear_acted(core, frame, err);
	default:
		return err_set(err, TACIT_INVALID, "engine says what it may not");
	}
}

int core_hear_engine(struct core *core, struct err *err)
{
	struct frame frame;
	int status = frame_receive(core->engine, ROLE_ENGINE, ROLE_CORE, &frame, err);

	if (status < 0)
		return status;
	if (frame.fd >= 0)
		close(frame.fd);
	status = on_frame(core, &frame, err);
	server_wake_parked(core->server);
	return status;
}

void core_ask_engine(struct core *core)
{
	struct frame_container_id question;
	eventfd_t ignored;

	eventfd_read(containers_wake_fd(core->containers), &ignored);
	while (core->engine >= 0 && containers_next_question(core->containers, question.id))
		if (frame_send_now(
			    core->engine, FRAME_IDENTIFY, &question, sizeof question, -1, NULL) < 0)
			break;
}
