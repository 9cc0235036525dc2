/* SPDX-License-Identifier: Apache-2.0 */
/* What opens a store, and how that is changed; all of it in the worker.
 *
 * A key comes from an operator, or from what is there when nobody is: the key file, the credential,
 * programs. Keys of operators that are wrong are counted in the memory that outlives core: from the
 * third in a row on the next one is refused for a second, then two, up to a minute. The right key
 * of a copy that is to be restored ends no such row. */
#ifndef TACIT_CONTROL_KEYS_H
#define TACIT_CONTROL_KEYS_H

#include "core/control/call.h"
#include "core/store/vault_slots.h"

/* What an operator gives to open a store: nothing (`length` 0: open it by what is there), or the
 * text of a key file, a passphrase, or a recovery key. */
struct keys_given {
	enum key_kind kind;
	uint8_t *bytes; /* seal_alloc'd */
	size_t length;
};

/* keys.c. The body of a request, sealed for `context`, as `request->key_kind` says; keys_drop()
 * wipes it, and does nothing to one that is empty. TACIT_INVALID, TACIT_STALE. */
int keys_take(struct call *call, const char *context, struct keys_given *given, struct err *err);
void keys_drop(struct keys_given *given);

/* Open a vault that is attached: as vault_unlock(). `given` NULL or of no length: by what is there;
 * when nothing opens it the text says all that was tried. A store of the first layout is brought to
 * this one. TACIT_BUSY: too many wrong keys, and none was tried; TACIT_WRONG_KEY. `root` belongs in
 * locked memory, and is zero on failure. */
int keys_open(struct core *core, struct vault *vault, const struct keys_given *given,
	uint8_t root[SEAL_KEY_BYTES], struct err *err);

/* keys_found.c: by what is there. `key` is room for one. */
int keys_open_by_found(struct core *core, struct vault *vault, uint8_t key[SEAL_KEY_BYTES],
	uint8_t root[SEAL_KEY_BYTES], struct err *err);
/* keys_convert.c: as vault_unlock(), and a store that an older tacit made is brought to the present
 * layout, and said to be in the log. */
int keys_open_by_key(struct core *core, struct vault *vault, const uint8_t key[SEAL_KEY_BYTES],
	uint8_t root[SEAL_KEY_BYTES], struct err *err);

/* keys_make.c: the key that opens a new slot of the request's kind, and what the slot says of
 * itself. TACIT_INVALID; and whatever the source of the key says. */
int keys_make(struct call *call, const struct keys_given *given, struct slot_about *about,
	uint8_t key[SEAL_KEY_BYTES], struct err *err);

/* keys_change.c, while the store is open; each is one commit. What the store will be opened by next
 * is put into the key page before, so that a core that dies in the middle leaves one that can go
 * on. As vault_add_slot(), vault_remove_slot(), vault_rotate_root(). */
int keys_add(struct core *core, struct slot_about *about, const uint8_t key[SEAL_KEY_BYTES],
	struct err *err);
int keys_remove(struct core *core, uint32_t number, struct err *err);
int keys_rotate(struct core *core, struct err *err);
/* The root key of the key page, or the next one, whichever is the store's. As vault_resume(). */
int keys_resume(struct core *core, struct err *err);
/* No root key any more. */
void keys_forget(struct core *core);
/* Look at the slots: what is wrong with them is logged, and shown by status. */
void keys_check(struct core *core);

/* keys_doc.c. */
struct keys_summary {
	unsigned int slots; /* that are sound */
	bool by_itself;     /* one of them opens without an operator */
	bool recovery;
};
void keys_summarize(struct core *core, struct keys_summary *summary);
/* TACIT_NOT_FOUND, and what makes one. */
int keys_no_store(struct err *err);
void doc_put_slot(struct pack *doc, const char *name, const struct slot_about *about);
int doc_put_slots(struct pack *doc, struct core *core, struct err *err);
void doc_put_trouble(struct pack *doc, const struct core *core); /* of the slots, or null */

#endif
