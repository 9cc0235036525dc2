/* SPDX-License-Identifier: Apache-2.0 */
/* The values of a bundle's members, as one value in transit holds them: for each member
 *
 *   u8 length of its name | name | u32 LE length of its value | value
 *
 * Pure. */
#ifndef TACIT_SEAL_MEMBERS_H
#define TACIT_SEAL_MEMBERS_H

#include <stddef.h>
#include <stdint.h>

#include <tacit/api.h>

#include "base/err.h"

struct member {
	char name[TACIT_SECRET_NAME_MAX + 1]; /* of the secret: "tls/cert" */
	const uint8_t *value;                 /* within what was parsed */
	size_t length;                        /* 1 to TACIT_VALUE_MAX */
};

/* Members of `bundle`, whose name has been checked; 1 to `room` of them, no two of the same name.
 * TACIT_INVALID says what is wrong, and not the name. */
int members_parse(const char *bundle, const uint8_t *bytes, size_t length, struct member *members,
	size_t room, size_t *count, struct err *err);

#endif
