/* SPDX-License-Identifier: Apache-2.0 */
/* Private to records_*.c: how every packed record begins and ends, and ids of containers as bytes.
 * Pure functions. */
#ifndef TACIT_STORE_RECORDS_PARTS_H
#define TACIT_STORE_RECORDS_PARTS_H

#include "core/store/records.h"

#define RECORDS_CONTAINER_BYTES                                                                    \
	(CONTAINER_ID_LENGTH / 2) /* an id without its hexadecimal digits                          \
				   */

/* The first two bytes of a record, and the answer after its last: TACIT_LIMIT when one was lost. */
void records_start(struct pack *to, enum record_kind kind, uint8_t layout);
int records_packed(const struct pack *to, struct err *err);

/* Kind and layout, before anything that depends on them: `newest` is the layout we write. */
int records_begin(struct unpack *from, enum record_kind kind, uint8_t newest, uint8_t *layout,
	struct err *err);
/* Nothing may be left over, and `checked` is what checking the record gave: what breaks a bound is
 * the caller's fault going in and the store's coming out. */
int records_end(const struct unpack *from, int checked, struct err *err);

/* `count` bytes from and to 2 * count lowercase digits, which were checked; a NUL follows them. */
void records_from_hex(const char *hex, uint8_t *bytes, size_t count);
void records_to_hex(const uint8_t *bytes, size_t count, char *hex);

#endif
