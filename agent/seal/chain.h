/* SPDX-License-Identifier: Apache-2.0 */
/* A chain of sealed items, each under a key of its own that is gone when the item is written: who
 * steals the state of a chain can read and forge what comes after, and nothing that came before.
 *
 *   key of file f        S(f, 0)   = derive(derive(chain key, "log"), "file", f)
 *     or carried on      S(f, 0)   = derive(S(f - 1, last), "next")
 *   key of the next item S(f, i+1) = derive(S(f, i), "step")        and S(f, i) is overwritten
 *   item i is sealed by              derive(S(f, i), "seal")
 *   link(i) = BLAKE2b(head | sealed); the head of item i + 1 holds link(i)
 *
 * This is the evolving key and the hash chain of Schneier and Kelsey, "Secure Audit Logs to Support
 * Computer Forensics" (ACM TISSEC 2(2), 1999), with an epoch of one item; systemd's Forward Secure
 * Sealing (Marson and Poettering, "Practical Secure Logging", ESORICS 2013) has one of 15 minutes,
 * and a generator that can be wound forward quickly. Here that is done by the files: each begins
 * with a key that the chain key alone gives, so a stolen state also ends with its file. A file that
 * is begun without the chain key (the agent is locked) carries the last key on.
 *
 * An owner of the chain key finds every key again, and with it every change, for the keys of items
 * that are missing or not in their place do not fit. One thread at a time per chain. */
#ifndef TACIT_SEAL_CHAIN_H
#define TACIT_SEAL_CHAIN_H

#include "seal/seal.h"

#define CHAIN_LINK_BYTES 32
#define CHAIN_OVERHEAD 40 /* of a sealed item: nonce and tag */

/* Where a chain is. Belongs in seal_alloc() memory; plain bytes, copied and wiped as a whole. */
struct chain {
	uint8_t step[SEAL_KEY_BYTES];   /* S(f, i) of the item that comes next */
	uint8_t link[CHAIN_LINK_BYTES]; /* of the item before; zeros before the first of all */
};

/* Begin file `file` of the chain `id`. The link stays: it goes over files. */
void chain_begin(struct chain *chain, const uint8_t key[SEAL_KEY_BYTES],
	const uint8_t id[SEAL_ID_BYTES], uint64_t file);
/* Begin the next file without the chain key. */
void chain_carry_on(struct chain *chain);

/* Seal `length` bytes into `sealed` of length + CHAIN_OVERHEAD bytes; `head` is not hidden, but can
 * be neither changed nor moved. The chain is at the next item then. */
void chain_seal(struct chain *chain, const void *head, size_t head_length, const void *plain,
	size_t length, uint8_t *sealed);

/* Open into `plain` of sealed_length - CHAIN_OVERHEAD bytes. TACIT_CORRUPT when it is not the item
 * that the chain is at: the chain is at the next one nevertheless (whose head then tells that this
 * one was changed), and `plain` is zeros. */
int chain_open(struct chain *chain, const void *head, size_t head_length, const uint8_t *sealed,
	size_t sealed_length, void *plain, struct err *err);

/* BLAKE2b-128 of bytes, without a key: finds accidents and nothing else. */
#define CHAIN_CHECK_BYTES 16
void chain_check(const void *bytes, size_t length, uint8_t check[CHAIN_CHECK_BYTES]);

#endif
