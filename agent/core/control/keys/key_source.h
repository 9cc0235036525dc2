/* SPDX-License-Identifier: Apache-2.0 */
/* Where the worker has unlock keys from when no operator gives one: files and credentials of root's
 * that holder opens, and programs of keys.d that holder runs. core waits for them, so every one has
 * a deadline; a key is 32 bytes of locked memory of the caller's. What is said of a failure names
 * files of the configuration, and nothing that a program or a file said. */
#ifndef TACIT_CONTROL_KEY_SOURCE_H
#define TACIT_CONTROL_KEY_SOURCE_H

#include "core/control/core.h"
#include "seal/slot.h"

/* The longest that all programs of one unlocking may take together: containers wait for it, and
 * a key that is slower comes by 'tacit unlock'. */
#define KEY_PROGRAMS_NS 8000000000ull

/* The key of the configured key file. TACIT_NOT_FOUND, TACIT_DENIED, TACIT_INVALID. */
int key_file_read(struct core *core, uint8_t key[SEAL_KEY_BYTES], struct err *err);
/* Make the configured key file, with a new key. One that is there is read. */
int key_file_make(struct core *core, uint8_t key[SEAL_KEY_BYTES], struct err *err);
/* The key of the configured credential. */
int key_credential_read(struct core *core, uint8_t key[SEAL_KEY_BYTES], struct err *err);

/* key_program.c. A program of keys.d, with one of two words as its argument:
 *
 *   wrap     standard input is a key of 32 bytes; what it prints is kept
 *   unwrap   standard input is what it printed then; it prints the key, 32 bytes or a key file
 *
 * It is run once, by holder, as key_user; it has until `deadline_ns` (CLOCK_MONOTONIC). What it
 * prints of more than SLOT_WRAPPED_MAX bytes is refused. TACIT_UNAVAILABLE: there is no such
 * program, it failed, or took too long. */
int key_program_wrap(struct core *core, const uint8_t key[SEAL_KEY_BYTES], struct slot_about *about,
	uint64_t deadline_ns, struct err *err);
int key_program_unwrap(struct core *core, const struct slot_about *about,
	uint8_t key[SEAL_KEY_BYTES], uint64_t deadline_ns, struct err *err);

#endif
