/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of key slots. */
#include <string.h>

#include "core/control/keys/keys.h"

static bool is_by_itself(enum slot_kind kind)
{
	return kind == SLOT_KEY_FILE || kind == SLOT_CREDENTIAL || kind == SLOT_COMMAND;
}

static int summarize_slot(void *arg, const struct vault_slot *slot, struct err *err)
{
	struct keys_summary *summary = arg;

	(void)err;
	if (slot->status)
		return 0;
	summary->slots++;
	summary->by_itself |= is_by_itself(slot->about.kind);
	summary->recovery |= slot->about.kind == SLOT_RECOVERY;
	return 0;
}

/* The root key, of whose slots it says which are its own; NULL while there is none. */
static const uint8_t *root_of(const struct core *core)
{
	return vault_is_open(core->vault) ? core->keys->root : NULL;
}

void keys_summarize(struct core *core, struct keys_summary *summary)
{
	*summary = (struct keys_summary){ 0 };
	if (core->vault)
		vault_each_slot(core->vault, root_of(core), summarize_slot, summary, NULL);
}

static void put_about(
	struct pack *doc, const char *name, const struct slot_about *about, const char *state)
{
	const char *kind = slot_kind_word(about->kind);

	doc_open(doc, name, DOC_OBJECT);
	doc_number(doc, "slot", about->number);
	if (kind)
		doc_text(doc, "kind", kind);
	else
		doc_none(doc, "kind");
	doc_text(doc, "label", about->label);
	doc_time(doc, "created_at", about->created_ns);
	doc_text(doc, "state", state);
	if (about->kind == SLOT_COMMAND)
		doc_text(doc, "program", about->program);
	if (about->kind == SLOT_PASSPHRASE) {
		doc_number(doc, "passes", about->cost.passes);
		doc_number(doc, "memory_kib", about->cost.memory_kib);
	}
	doc_close(doc);
}

void doc_put_slot(struct pack *doc, const char *name, const struct slot_about *about)
{
	put_about(doc, name, about, "ok");
}

struct listing {
	struct pack *doc;
	uint32_t vouched; /* a bit for each number: the root key vouches for it */
	bool open;        /* there is a root key that could */
};

static int note_vouched(void *arg, const struct vault_slot *slot, struct err *err)
{
	struct listing *listing = arg;

	(void)err;
	if (!slot->status)
		listing->vouched |= 1u << slot->about.number;
	return 0;
}

static int put_slot(void *arg, const struct vault_slot *slot, struct err *err)
{
	struct listing *listing = arg;
	const char *state = slot->status == -TACIT_NEWER ? "newer"
			    : slot->status               ? "damaged"
			    : listing->open && !(listing->vouched & 1u << slot->about.number)
				    ? "not_vouched"
				    : "ok";

	(void)err;
	put_about(listing->doc, NULL, &slot->about, state);
	return 0;
}

int doc_put_slots(struct pack *doc, struct core *core, struct err *err)
{
	struct listing listing = { .doc = doc, .open = root_of(core) };
	int status = 0;

	if (listing.open)
		status = vault_each_slot(core->vault, root_of(core), note_vouched, &listing, err);
	doc_open(doc, "slots", DOC_LIST);
	if (status == 0)
		status = vault_each_slot(core->vault, NULL, put_slot, &listing, err);
	doc_close(doc);
	return status;
}

void doc_put_trouble(struct pack *doc, const struct core *core)
{
	if (core->key_trouble.code)
		doc_text(doc, "trouble", core->key_trouble.text);
	else
		doc_none(doc, "trouble");
}

void doc_put_keys(struct pack *doc, struct core *core)
{
	struct keys_summary summary;

	keys_summarize(core, &summary);
	doc_open(doc, "keys", DOC_OBJECT);
	doc_number(doc, "slots", summary.slots);
	doc_bool(doc, "waits_after_reboot", summary.slots && !summary.by_itself);
	doc_bool(doc, "recovery", summary.recovery);
	doc_put_trouble(doc, core);
	doc_close(doc);
}
