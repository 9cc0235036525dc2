/* SPDX-License-Identifier: Apache-2.0 */
/* A desk whose core can ask for keys. A thread is main and holder: it has a key file, a credential,
 * and programs of keys.d that do as they are called:
 *
 *   good      turns each byte around; "wrap" and "unwrap" alike
 *   same      prints the key itself
 *   silent    prints nothing
 *   long      prints too much; "full": just as much as there may be
 *   other     gives another key back than it got
 *   text      gives no key back
 *   once      gives it back twice, and then ends with status 3
 *   fail      ends with status 3; "late": is killed for it took too long; "none": is not there
 *   busy      is first told that another one runs
 *
 * Included once per test program. */
#ifndef TACIT_TEST_KEY_DESK_H
#define TACIT_TEST_KEY_DESK_H

#include "desk.h"

#include <poll.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "core/control/keys/keys.h"
#include "seal/keyfile.h"
#include "seal/recovery.h"

#define KEY_ROOM 4096

struct key_desk {
	struct desk *desk;
	int holder; /* its end of the channel */
	int stop;   /* eventfd */
	pthread_t thread;
	char dir[SCRATCH_MAX]; /* "key": the key file; "credential" */
	int stream[2];         /* 0 and 1 of the next program */
	bool was_busy;
	unsigned int runs;
};

static inline void key_desk_path(
	const struct key_desk *keys, const char *name, char path[SCRATCH_MAX + 16])
{
	snprintf(path, SCRATCH_MAX + 16, "%s/%s", keys->dir, name);
}

static inline void key_desk_put(
	const struct key_desk *keys, const char *name, const void *bytes, size_t length)
{
	char path[SCRATCH_MAX + 16];
	FILE *file;

	key_desk_path(keys, name, path);
	unlink(path);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	fclose(file);
}

static inline void key_desk_put_key(
	const struct key_desk *keys, const char *name, const uint8_t key[SEAL_KEY_BYTES])
{
	char text[KEYFILE_TEXT_MAX];

	key_desk_put(keys, name, text, keyfile_format(key, text));
}

static inline void key_desk_drop(const struct key_desk *keys, const char *name)
{
	char path[SCRATCH_MAX + 16];

	key_desk_path(keys, name, path);
	unlink(path);
}

static inline void key_desk_give(struct key_desk *keys, const struct frame_need_key *need)
{
	struct frame frame = { .type = FRAME_GIVE, .fd = -1 };
	char path[SCRATCH_MAX + 16];

	key_desk_path(keys, need->source == KEY_FROM_FILE ? "key" : "credential", path);
	frame.body.give = (struct frame_give){ .what = GIVE_KEY_FILE, .index = need->source };
	frame.fd =
		open(path, (need->create ? O_RDWR | O_CREAT | O_EXCL : O_RDONLY) | O_CLOEXEC, 0400);
	if (frame.fd < 0)
		frame.body.give.status = errno == EEXIST ? -TACIT_EXISTS : -TACIT_NOT_FOUND;
	core_take_gift(&keys->desk->core, &frame);
}

/* What such a program prints of what it reads. */
static inline size_t key_desk_program(const char *name, bool unwraps, uint8_t *bytes, size_t length)
{
	if (!strcmp(name, "silent"))
		return 0;
	if (!strcmp(name, "long") || !strcmp(name, "full")) {
		memset(bytes + length, 'x', KEY_ROOM - length);
		length =
			unwraps ? SEAL_KEY_BYTES : (size_t)SLOT_WRAPPED_MAX + !strcmp(name, "long");
	}
	if (unwraps && !strcmp(name, "text"))
		length--;
	for (size_t i = 0; strcmp(name, "same") != 0 && i < length; i++)
		bytes[i] ^= 0xff;
	if (unwraps && !strcmp(name, "other"))
		bytes[0]++;
	return length;
}

static inline void key_desk_run(struct key_desk *keys, const struct frame_run *run)
{
	struct frame_ran ran = { .number = run->number, .lane = run->lane, .end = RUN_EXITED };
	bool unwraps = !strcmp(run->argument, "unwrap");
	uint8_t bytes[KEY_ROOM];
	ssize_t length = read(keys->stream[0], bytes, sizeof bytes);

	keys->runs++;
	if (run->lane != RUN_KEY || length <= 0 || (!unwraps && strcmp(run->argument, "wrap") != 0))
		ran.end = RUN_KILLED;
	if (!strcmp(run->program, "fail") || (!strcmp(run->program, "once") && keys->runs > 2))
		ran.status = 3;
	if (!strcmp(run->program, "late"))
		ran.end = RUN_TIMED_OUT;
	if (!strcmp(run->program, "none"))
		ran.end = RUN_REFUSED;
	if (!strcmp(run->program, "busy") && !keys->was_busy)
		ran.end = RUN_BUSY;
	keys->was_busy |= ran.end == RUN_BUSY;
	if (ran.end == RUN_EXITED && !ran.status) {
		size_t printed = key_desk_program(run->program, unwraps, bytes, (size_t)length);

		if (write(keys->stream[1], bytes, printed) != (ssize_t)printed)
			ran.status = 1;
	}
	close(take_fd(&keys->stream[0]));
	close(take_fd(&keys->stream[1]));
	errands_ran(&keys->desk->core, &ran);
}

static inline void key_desk_hear(struct key_desk *keys)
{
	struct frame frame;

	if (frame_receive(keys->holder, ROLE_CORE, ROLE_HOLDER, &frame, NULL) < 0)
		return;
	if (frame.type == FRAME_NEED_KEY)
		key_desk_give(keys, &frame.body.need_key);
	else if (frame.type == FRAME_GIVE && frame.body.give.index < 2)
		keys->stream[frame.body.give.index] = frame.fd;
	else if (frame.type == FRAME_RUN)
		key_desk_run(keys, &frame.body.run);
}

static inline void *key_desk_serve(void *arg)
{
	struct key_desk *keys = arg;

	for (;;) {
		struct pollfd wait[] = { { keys->stop, POLLIN, 0 }, { keys->holder, POLLIN, 0 },
			{ errands_send_fd(&keys->desk->core), POLLIN, 0 } };

		poll(wait, 3, -1);
		if (wait[0].revents)
			return NULL;
		if (wait[2].revents)
			errands_send(&keys->desk->core);
		if (wait[1].revents)
			key_desk_hear(keys);
	}
}

static inline int key_desk_set_up(void **state)
{
	struct key_desk *keys = calloc(1, sizeof *keys);
	pthread_condattr_t attributes;
	struct core *core;
	int pair[2];
	void *desk;

	assert_non_null(keys);
	assert_int_equal(desk_set_up(&desk), 0);
	keys->desk = desk;
	core = &keys->desk->core;
	scratch_make(keys->dir);
	pthread_mutex_init(&core->key_mutex, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&core->key_given, &attributes);
	core->key_fd = -1;
	snprintf(core->config.anchor, sizeof core->config.anchor, "none");
	snprintf(core->config.key_file, sizeof core->config.key_file, "/etc/tacit/key");
	snprintf(core->config.credential, sizeof core->config.credential, "tacit-key");
	assert_int_equal(frame_pair(pair, NULL), 0);
	core->holder = pair[0];
	keys->holder = pair[1];
	keys->stop = eventfd(0, EFD_CLOEXEC);
	keys->stream[0] = keys->stream[1] = -1;
	memcpy(keys->desk->keys.root, keys->desk->rig->store.root, SEAL_KEY_BYTES);
	keys->desk->keys.root_present = 1;
	key_desk_put_key(keys, "key", keys->desk->rig->store.key);
	assert_int_equal(pthread_create(&keys->thread, NULL, key_desk_serve, keys), 0);
	*state = keys;
	return 0;
}

static inline int key_desk_tear_down(void **state)
{
	struct key_desk *keys = *state;
	void *desk = keys->desk;

	eventfd_write(keys->stop, 1);
	pthread_join(keys->thread, NULL);
	close(keys->stop);
	close(keys->desk->core.holder);
	close(keys->holder);
	scratch_remove(keys->dir);
	free(keys);
	return desk_tear_down(&desk);
}

/* Ask with a key of a kind, or (NULL) with none. */
static inline int key_desk_ask(struct key_desk *keys, enum verb verb, const char *context,
	enum key_kind kind, const void *bytes, size_t length)
{
	keys->desk->request.key_kind = kind;
	return bytes ? desk_ask_with(keys->desk, verb, "", context, bytes, length)
		     : desk_ask(keys->desk, verb, "");
}

static inline int key_add(
	struct key_desk *keys, enum key_kind kind, const char *text, const char *program)
{
	snprintf(keys->desk->request.program, sizeof keys->desk->request.program, "%s", program);
	return key_desk_ask(keys, VERB_KEY_ADD, "key-add", kind, text, text ? strlen(text) : 0);
}

static inline int key_remove(struct key_desk *keys, uint32_t slot)
{
	keys->desk->request.slot = slot;
	return desk_ask(keys->desk, VERB_KEY_REMOVE, "");
}

static inline int unlock_with(struct key_desk *keys, enum key_kind kind, const char *text)
{
	return key_desk_ask(keys, VERB_UNLOCK, "unlock", kind, text, text ? strlen(text) : 0);
}

static inline void lock(struct key_desk *keys)
{
	assert_int_equal(desk_ask(keys->desk, VERB_LOCK, ""), 0);
	assert_true(keys->desk->core.model->locked);
}

static inline void is_serving(struct key_desk *keys)
{
	assert_false(keys->desk->core.model->locked);
	desk_current(keys->desk, RIG_SECRET, "first");
}

/* It was refused, with such a text. */
static inline void refused(
	struct key_desk *keys, int status, enum tacit_code code, const char *part)
{
	assert_int_equal(status, -(int)code);
	assert_non_null(strstr(keys->desk->err.text, part));
}

static inline bool truth(struct key_desk *keys, const char *name)
{
	struct doc_item item;

	assert_true(desk_item(keys->desk, name, 0, &item));
	assert_int_equal(item.type, DOC_BOOL);
	return item.number;
}

#define KEY_TEST(name) cmocka_unit_test_setup_teardown(name, key_desk_set_up, key_desk_tear_down)

#endif
