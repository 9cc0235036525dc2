/* SPDX-License-Identifier: Apache-2.0 */
/* A core without its process and its threads, at whose desk the test is the operator: requests go
 * in as api sends them, documents come out. Included once per test program. */
#ifndef TACIT_TEST_CONTROL_DESK_H
#define TACIT_TEST_CONTROL_DESK_H

/* A request of the kernel's and a question to an engine have the same short name. */
#define ask kernel_ask
#include "../fuse/rig.h"
#undef ask

#include <sys/eventfd.h>

#include "core/control/agenda/errands.h"
#include "core/control/audit/auditor.h"
#include "core/control/call.h"
#include "core/control/secrets/change.h"
#include "seal/transit.h"

#define DESK_WEB "compose/shop/web"
#define DESK_UID 1000u

struct desk {
	struct rig *rig;
	struct core core;
	struct handover_keys keys;
	struct frame_request request; /* of the next call; cleared by it */
	uint8_t body[TACIT_TRANSIT_MAX];
	struct pack reply; /* of the last one */
	struct err err;
};

/* What a new core would know: all of it is read from the store. */
static inline void desk_restart(struct desk *desk)
{
	struct err err;

	model_write_lock(desk->core.model);
	server_end_handles(desk->core.server, NULL);
	model_clear(desk->core.model);
	model_unlock(desk->core.model);
	must(core_load(&desk->core, &err));
}

static inline int desk_set_up(void **state)
{
	struct desk *desk = calloc(1, sizeof *desk);
	void *rig;

	assert_non_null(desk);
	assert_int_equal(rig_set_up_threads(&rig, 1), 0);
	desk->rig = rig;
	rig_start_core(desk->rig);
	desk->core = (struct core){ .config = desk->rig->config,
		.model = desk->rig->model,
		.vault = desk->rig->store.vault,
		.identity = desk->rig->identity,
		.containers = desk->rig->containers,
		.server = desk->rig->server,
		.handover = desk->rig->handover,
		.keys = &desk->keys,
		.audit_fd = desk->rig->audit_fd,
		.touch_wake = eventfd(0, EFD_CLOEXEC),
		.toucher = -1,
		.errands = errands_new(),
		.hooks = hooks_new(),
		.holder = -1,
		.engine = -1,
		.gate = -1,
		.operators = (gid_t)-1 };
	assert_true(desk->core.errands && desk->core.hooks);
	assert_int_equal(auditor_new(&desk->core, &desk->err), 0);
	desk->core.config.keep_versions = 2;
	pthread_mutex_init(&desk->core.touches.mutex, NULL);
	transit_make_keys(desk->keys.transit_public, desk->keys.transit_secret);
	desk_restart(desk);
	*state = desk;
	return 0;
}

/* Nobody has written to the mount what waits to be. */
static inline void desk_drop_touches(struct desk *desk)
{
	static struct frame ignored;
	int pair[2];

	assert_int_equal(frame_pair(pair, NULL), 0);
	desk->core.toucher = pair[0];
	while (desk->core.touches.waiting) {
		desk->core.touching = false;
		touches_next(&desk->core);
		assert_true(recv(pair[1], &ignored, sizeof ignored, 0) > 0);
	}
	close(pair[0]);
	close(pair[1]);
}

static inline int desk_tear_down(void **state)
{
	struct desk *desk = *state;
	void *rig = desk->rig;

	desk_drop_touches(desk);
	close(desk->core.touch_wake);
	close(errands_send_fd(&desk->core));
	close(errands_end_fd(&desk->core));
	auditor_free(&desk->core);
	free(desk->core.errands);
	hooks_forget(&desk->core);
	free(desk->core.hooks);
	pack_free(&desk->reply);
	free(desk);
	return rig_tear_down(&rig);
}

/* Ask what desk->request says, of a secret (or bundle, or "bundle/"). */
static inline int desk_ask(struct desk *desk, enum verb verb, const char *secret)
{
	struct call call = { .core = &desk->core, .request = &desk->request, .body = desk->body };
	int status;

	desk->request.verb = verb;
	desk->request.operator_uid = DESK_UID;
	snprintf(desk->request.secret, sizeof desk->request.secret, "%s", secret);
	pack_free(&desk->reply);
	desk->err = (struct err){ 0 };
	status = call_dispatch(&call, &desk->err);
	desk->reply = call.reply;
	desk->request = (struct frame_request){ 0 };
	if (status < 0)
		assert_true(desk->err.text[0] && desk->err.code == (enum tacit_code) - status);
	return status;
}

/* Likewise, with a body that the command line sealed for `purpose`. */
static inline int desk_ask_with(struct desk *desk, enum verb verb, const char *secret,
	const char *purpose, const void *value, size_t length)
{
	size_t size = transit_sealed_size(purpose, length);
	struct err err;

	assert_true(size <= sizeof desk->body);
	must(transit_seal(desk->keys.transit_public, purpose, value, length, desk->body, &err));
	desk->request.body_length = (uint32_t)size;
	return desk_ask(desk, verb, secret);
}

/* Create, rotate or stage a secret; the value is a text. */
static inline int desk_value(
	struct desk *desk, enum verb verb, const char *secret, const char *value)
{
	static const char *const words[] = { [VERB_SECRET_CREATE] = "create",
		[VERB_SECRET_ROTATE] = "rotate",
		[VERB_SECRET_STAGE] = "stage" };
	char purpose[TACIT_TRANSIT_CONTEXT_MAX];

	snprintf(purpose, sizeof purpose, "%s:%s", words[verb], secret);
	return desk_ask_with(desk, verb, secret, purpose, value, strlen(value));
}

/* Create or rotate a bundle; `members` is "cert=one key=two". */
static inline int desk_members(
	struct desk *desk, enum verb verb, const char *bundle, const char *members)
{
	char purpose[TACIT_TRANSIT_CONTEXT_MAX], words[512], *rest = words, *word;
	struct pack body = { 0 };
	int status;

	snprintf(purpose, sizeof purpose, "%s:%s/",
		verb == VERB_BUNDLE_CREATE ? "create" : "rotate", bundle);
	snprintf(words, sizeof words, "%s", members);
	while ((word = strsep(&rest, " "))) {
		char *value = strchr(word, '=');

		*value++ = '\0';
		pack_u8(&body, (uint8_t)strlen(word));
		pack_bytes(&body, word, strlen(word));
		pack_blob(&body, value, strlen(value));
	}
	status = desk_ask_with(desk, verb, bundle, purpose, body.bytes, body.length);
	pack_free(&body);
	return status;
}

/* Grant to a consumer; as `file` ("": the default). */
static inline int desk_grant(
	struct desk *desk, const char *secret, const char *consumer, const char *file)
{
	desk->request.uid = desk->request.gid = GRANT_READER;
	snprintf(desk->request.consumer, sizeof desk->request.consumer, "%s", consumer);
	snprintf(desk->request.file, sizeof desk->request.file, "%s", file);
	return desk_ask(desk, VERB_GRANT_ADD, secret);
}

static inline int desk_ungrant(
	struct desk *desk, const char *secret, const char *consumer, const char *file)
{
	snprintf(desk->request.consumer, sizeof desk->request.consumer, "%s", consumer);
	snprintf(desk->request.file, sizeof desk->request.file, "%s", file);
	return desk_ask(desk, VERB_GRANT_REMOVE, secret);
}

/* The `nth` item of that name in the last answer; false: there are not so many. */
static inline bool desk_item(
	const struct desk *desk, const char *name, unsigned int nth, struct doc_item *item)
{
	struct doc_reader reader;

	doc_read(&reader, desk->reply.bytes, desk->reply.length);
	while (doc_next(&reader, item, NULL) == 1)
		if (item->named && !strcmp(item->name, name) && !nth--)
			return true;
	return false;
}

static inline uint64_t desk_number(const struct desk *desk, const char *name, unsigned int nth)
{
	struct doc_item item;

	assert_true(desk_item(desk, name, nth, &item));
	assert_true(item.type == DOC_NUMBER);
	return item.number;
}

static inline void desk_text(
	const struct desk *desk, const char *name, unsigned int nth, const char *text)
{
	struct doc_item item;

	assert_true(desk_item(desk, name, nth, &item));
	assert_true(item.type == DOC_TEXT);
	assert_string_equal(item.text, text);
}

static inline unsigned int desk_count(const struct desk *desk, const char *name)
{
	struct doc_item item;
	unsigned int count = 0;

	while (desk_item(desk, name, count, &item))
		count++;
	return count;
}

static inline struct secret *desk_secret(const struct desk *desk, const char *name)
{
	struct secret *secret = model_secret(desk->core.model, name);

	assert_non_null(secret);
	return secret;
}

/* A value that is in memory, sealed. */
static inline void desk_is(const struct desk *desk, const struct blob *blob, const char *value)
{
	uint8_t *plain;
	size_t room, length;

	assert_non_null(blob);
	room = vault_plain_room(blob->sealed_length);
	plain = seal_alloc(room);
	assert_non_null(plain);
	assert_int_equal(vault_open_value(desk->core.vault, blob->version.value_id, blob->sealed,
				 blob->sealed_length, plain, room, &length, NULL),
		0);
	assert_int_equal(length, strlen(value));
	assert_memory_equal(plain, value, length);
	seal_free(plain);
}

static inline void desk_current(const struct desk *desk, const char *name, const char *value)
{
	desk_is(desk, secret_current(desk_secret(desk, name)), value);
}

/* A schedule of a secret, at a step of its rotator. */
static inline struct schedule_record desk_schedule(
	const struct desk *desk, const char *name, enum rotation_step step)
{
	struct schedule_record record = {
		.generate_length = 16, .step = step, .version = step ? 1 : 0, .rotator = "postgres"
	};

	seal_random(record.id, sizeof record.id);
	memcpy(record.secret_id, desk_secret(desk, name)->record.id, SEAL_ID_BYTES);
	return record;
}

/* What is not asked for by a request. */
static inline int desk_change(struct desk *desk, struct change *change)
{
	change->core = &desk->core;
	return change_carry_out(change, &desk->err);
}

static inline void desk_put_schedule(struct desk *desk, const struct schedule_record *record)
{
	struct change change = { .schedule = record };

	assert_int_equal(desk_change(desk, &change), 0);
}

#endif
