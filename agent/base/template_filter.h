/* SPDX-License-Identifier: Apache-2.0 */
/* Private to base/template*.c: what becomes of a value on its way into a text. A value goes through
 * byte by byte: no copy of it is made in between. Pure functions. */
#ifndef TACIT_BASE_TEMPLATE_FILTER_H
#define TACIT_BASE_TEMPLATE_FILTER_H

#include "base/template.h"

struct template_filter;

/* Where the text goes. What finds no room is counted only. */
struct template_sink {
	uint8_t *out; /* NULL: it is only counted */
	size_t room, size;
};

void template_sink_put(struct template_sink *sink, const void *bytes, size_t length);

/* NULL: there is no filter of this name. */
const struct template_filter *template_filter_find(const char *name, size_t length);

/* A value through filters, the first one first, at most TEMPLATE_FILTERS_MAX. NULL; or why one of
 * them cannot take it, which says nothing of the value. It may end early once more than
 * TACIT_VALUE_MAX bytes are in the sink. */
const char *template_filter_put(struct template_sink *sink,
	const struct template_filter *const *filters, unsigned int count, const uint8_t *bytes,
	size_t length);

#endif
