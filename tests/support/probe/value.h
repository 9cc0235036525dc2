/* SPDX-License-Identifier: Apache-2.0 */
/* Values that check themselves: TAG-VERSION-LENGTH-PAYLOAD, one line of text without a newline. The
 * payload follows from the other three, so bytes of another secret, of another version, or of two
 * versions mixed cannot pass. */
#ifndef PROBE_VALUE_H
#define PROBE_VALUE_H

#include <stddef.h>

#define VALUE_MAX (1u << 20)
#define VALUE_TAG_MAX 32

/* Length that version `version` has when nobody asks for another: different for neighbours. */
size_t value_default_length(unsigned long version);

/* Write the value of `length` bytes to `out` (which holds that many; no NUL). -1 when `length` has
 * no room for the header or the tag is too long or holds a '-'. */
int value_make(char *out, size_t length, const char *tag, unsigned long version);

/* NULL and *version when the `length` bytes at `data` are exactly one value of `tag` (NULL: of
 * any); otherwise what is wrong with them. */
const char *value_wrong(const char *data, size_t length, const char *tag, unsigned long *version);

#endif
