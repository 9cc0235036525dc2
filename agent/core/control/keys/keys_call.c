/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs about what opens the store. */
#include "base/log.h"
#include "core/control/keys/keys.h"

int call_lock(struct call *call, struct err *err)
{
	int status = core_lock(call->core, true, err);

	return status < 0 ? status : call_answer_state(call, "locked");
}

int call_unlock(struct call *call, struct err *err)
{
	struct keys_given given;
	int status = keys_take(call, "unlock", &given, err);

	if (status < 0)
		return status;
	status = core_unlock(call->core, &given, err);
	keys_drop(&given);
	return status < 0 ? status : call_answer_state(call, "serving");
}

int call_key_list(struct call *call, struct err *err)
{
	struct core *core = call->core;
	struct keys_summary summary;
	int status = core_attach(core, err);

	if (status == -TACIT_NOT_FOUND)
		return keys_no_store(err);
	if (status < 0)
		return status;
	keys_check(core);
	keys_summarize(core, &summary);
	doc_open(&call->reply, NULL, DOC_OBJECT);
	status = doc_put_slots(&call->reply, core, err);
	doc_put_trouble(&call->reply, core);
	doc_bool(&call->reply, "waits_after_reboot", !summary.by_itself);
	doc_close(&call->reply);
	return status;
}

/* With a new slot: what it says of itself, and the key that opens it. */
typedef int slot_fn(
	struct call *call, struct slot_about *about, const uint8_t *key, struct err *err);

static int with_new_slot(struct call *call, const char *context, slot_fn *run, struct err *err)
{
	uint8_t *key = seal_alloc(SEAL_KEY_BYTES);
	struct keys_given given = { 0 };
	struct slot_about about;
	int status = key ? keys_take(call, context, &given, err)
			 : err_set(err, TACIT_LIMIT, "no locked memory left");

	if (status == 0)
		status = keys_make(call, &given, &about, key, err);
	keys_drop(&given);
	if (status == 0)
		status = run(call, &about, key, err);
	seal_free(key);
	return status;
}

static int add(struct call *call, struct slot_about *about, const uint8_t *key, struct err *err)
{
	int status = keys_add(call->core, about, key, err);

	if (status < 0)
		return status;
	log_info("key slot %u was added: %s", about->number, slot_kind_word(about->kind));
	doc_put_slot(&call->reply, NULL, about);
	return 0;
}

int call_key_add(struct call *call, struct err *err)
{
	return with_new_slot(call, "key-add", add, err);
}

/* A key that is gone may have been the one by which the agent unlocks itself. */
static bool waits_after_reboot(struct core *core)
{
	struct keys_summary summary;

	keys_summarize(core, &summary);
	if (!summary.by_itself)
		log_warning("no key slot opens the store by itself any more: after a reboot "
			    "containers wait for 'tacit unlock'");
	return !summary.by_itself;
}

int call_key_remove(struct call *call, struct err *err)
{
	uint32_t number = call->request->slot;
	int status = keys_remove(call->core, number, err);

	if (status < 0)
		return status;
	log_info("key slot %u was removed", number);
	doc_open(&call->reply, NULL, DOC_OBJECT);
	doc_number(&call->reply, "slot", number);
	doc_bool(&call->reply, "waits_after_reboot", waits_after_reboot(call->core));
	doc_close(&call->reply);
	return 0;
}

int call_key_rotate(struct call *call, struct err *err)
{
	struct keys_summary summary;
	int status = keys_rotate(call->core, err);

	if (status < 0)
		return status;
	keys_summarize(call->core, &summary);
	log_info("the store has a new root key, in %u key slots", summary.slots);
	doc_open(&call->reply, NULL, DOC_OBJECT);
	doc_number(&call->reply, "slots", summary.slots);
	doc_close(&call->reply);
	return 0;
}

static int create(struct call *call, struct slot_about *about, const uint8_t *key, struct err *err)
{
	struct keys_summary summary;
	char path[PATH_FULL_MAX];
	int status = core_create(call->core, about, key, err);

	if (status < 0)
		return status;
	path_below(call->core->root, TACIT_STORE_DIR "/store.db", path);
	keys_summarize(call->core, &summary);
	doc_open(&call->reply, NULL, DOC_OBJECT);
	doc_text(&call->reply, "store", path);
	doc_put_slot(&call->reply, "slot", about);
	doc_bool(&call->reply, "waits_after_reboot", !summary.by_itself);
	doc_close(&call->reply);
	return 0;
}

int call_store_create(struct call *call, struct err *err)
{
	int status = core_attach(call->core, err);

	if (status == 0)
		return err_set(err, TACIT_EXISTS, "there is a store already");
	return status == -TACIT_NOT_FOUND ? with_new_slot(call, "store-create", create, err)
					  : status;
}
