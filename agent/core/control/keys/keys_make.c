/* SPDX-License-Identifier: Apache-2.0 */
/* The key of a new slot: given by an operator, found on this host, or made. */
#include <pthread.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "core/control/keys/key_source.h"
#include "core/control/keys/keys.h"
#include "seal/keyfile.h"
#include "seal/recovery.h"

struct making {
	struct call *call;
	const struct keys_given *given;
	struct slot_about *about;
	uint8_t *key;
};

static int make_key_file(const struct making *making, struct err *err)
{
	const struct keys_given *given = making->given;

	if (!given->length)
		return key_file_make(making->call->core, making->key, err);
	return keyfile_parse((const char *)given->bytes, given->length, making->key, err);
}

/* Argon2 takes most of a second, in a thread of its own: counted reads wait for the worker. */
struct stretching {
	const struct making *making;
	int done; /* eventfd */
	int status;
	struct err err;
};

static void *stretch(void *arg)
{
	struct stretching *stretching = arg;
	const struct making *making = stretching->making;

	stretching->status = passphrase_key(making->given->bytes, making->given->length,
		making->about->salt, &making->about->cost, making->key, &stretching->err);
	eventfd_write(stretching->done, 1);
	return NULL;
}

static int make_passphrase(const struct making *making, struct err *err)
{
	struct stretching stretching = { .making = making };
	_close_ int done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_t thread;
	int status = passphrase_check(making->given->length, err);

	if (status < 0)
		return status;
	making->about->cost = PASSPHRASE_COST_DEFAULT;
	seal_random(making->about->salt, sizeof making->about->salt);
	stretching.done = done;
	if (done < 0 || pthread_create(&thread, NULL, stretch, &stretching))
		return err_set(err, TACIT_LIMIT, "no thread to be had");
	core_wait(making->call->core, done, UINT64_MAX);
	pthread_join(thread, NULL);
	return stretching.status < 0 ? err_set(err, stretching.err.code, "%s", stretching.err.text)
				     : 0;
}

static int take_credential(const struct making *making, struct err *err)
{
	return key_credential_read(making->call->core, making->key, err);
}

static int make_for_program(const struct making *making, struct err *err)
{
	const char *program = making->call->request->program;
	int status = hook_check_program(program, err);

	if (status < 0)
		return status;
	snprintf(making->about->program, sizeof making->about->program, "%s", program);
	seal_random(making->key, SEAL_KEY_BYTES);
	return key_program_wrap(making->call->core, making->key, making->about,
		clock_monotonic_ns() + KEY_PROGRAMS_NS, err);
}

static int take_recovery(const struct making *making, struct err *err)
{
	uint8_t secret[RECOVERY_SECRET_BYTES];
	int status = recovery_parse(
		(const char *)making->given->bytes, making->given->length, secret, err);

	if (status == 0)
		recovery_key(secret, making->key);
	seal_wipe(secret, sizeof secret);
	return status;
}

/* Each kind: whether it comes with a body, must or may, and how its key is got. */
static const struct {
	enum slot_kind kind;
	bool may, must;
	int (*make)(const struct making *making, struct err *err);
} kinds[KEY_KINDS] = {
	[KEY_OF_FILE] = { SLOT_KEY_FILE, true, false, make_key_file },
	[KEY_OF_PASSPHRASE] = { SLOT_PASSPHRASE, true, true, make_passphrase },
	[KEY_OF_CREDENTIAL] = { SLOT_CREDENTIAL, false, false, take_credential },
	[KEY_OF_COMMAND] = { SLOT_COMMAND, false, false, make_for_program },
	[KEY_OF_RECOVERY] = { SLOT_RECOVERY, true, true, take_recovery },
};

_Static_assert((int)KEY_OF_FILE == SLOT_KEY_FILE && (int)KEY_OF_PASSPHRASE == SLOT_PASSPHRASE &&
		       (int)KEY_OF_CREDENTIAL == SLOT_CREDENTIAL &&
		       (int)KEY_OF_COMMAND == SLOT_COMMAND &&
		       (int)KEY_OF_RECOVERY == SLOT_RECOVERY && (int)KEY_KINDS == SLOT_KINDS,
	"a kind has one number");
_Static_assert(
	sizeof((struct slot_about){ 0 }).label == sizeof((struct frame_request){ 0 }).label &&
		sizeof((struct slot_about){ 0 }).program ==
			sizeof((struct frame_request){ 0 }).program,
	"what a request says of a slot fits it");

int keys_make(struct call *call, const struct keys_given *given, struct slot_about *about,
	uint8_t key[SEAL_KEY_BYTES], struct err *err)
{
	const struct frame_request *request = call->request;
	const struct making making = { call, given, about, key };
	/* A store is opened by a key file unless somebody says otherwise. */
	uint32_t kind = !request->key_kind && request->verb == VERB_STORE_CREATE
				? KEY_OF_FILE
				: request->key_kind;

	if (kind >= KEY_KINDS || !kinds[kind].make)
		return err_set(err, TACIT_INVALID,
			"say what opens the slot: a key file, a passphrase, a credential, a "
			"command or a recovery key");
	if (given->length ? !kinds[kind].may : kinds[kind].must)
		return err_set(err, TACIT_INVALID, "a slot of kind %s %s",
			slot_kind_word(kinds[kind].kind),
			given->length ? "takes no key: it has one of its own"
				      : "needs what opens it");
	if (kind != KEY_OF_COMMAND && request->program[0])
		return err_set(err, TACIT_INVALID, "a program is of a slot of kind command alone");
	*about = (struct slot_about){ .kind = kinds[kind].kind };
	snprintf(about->label, sizeof about->label, "%s", request->label);
	return kinds[kind].make(&making, err);
}
