/* SPDX-License-Identifier: Apache-2.0 */
/* Two clocks: deadlines by the one that never jumps, dates by the one people read. */
#ifndef TACIT_BASE_CLOCK_H
#define TACIT_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

uint64_t clock_monotonic_ns(void); /* CLOCK_MONOTONIC, nanoseconds; comparable across processes */
uint64_t clock_boottime_ns(void);  /* CLOCK_BOOTTIME: as monotonic, but goes on in suspend */
uint64_t clock_realtime_ns(void);  /* nanoseconds since 1970 UTC */

#define CLOCK_TEXT_MAX 32
/* A time that setting the clock back does not set back: when CLOCK_BOOTTIME was at `boot_ns`, it
 * was `real_ns` or later. What has a date on which it ends is judged by this; pure. */
struct clock_floor {
	uint64_t real_ns, boot_ns;
};
uint64_t clock_steady_ns(const struct clock_floor *floor, uint64_t real_ns, uint64_t boot_ns);

/* RFC 3339 in UTC with milliseconds, "2026-01-31T09:30:00.125Z". `text` holds CLOCK_TEXT_MAX. */
void clock_format(uint64_t realtime_ns, char *text);
/* The same to the nanosecond, without a fraction or the zeros that end it: "2026-12-31T00:00:00Z".
 */
void clock_format_exact(uint64_t realtime_ns, char *text);

/* Dates that are taken: those of the years 1970 to 2200, which 64 bits hold with room to add to. */
#define CLOCK_DATE_END_NS (7289654400u * UINT64_C(1000000000))
/* What clock_format_exact() and clock_format() write, and no other way to say it: a 'T', a 'Z', at
 * most nine digits of a second, no leap second. TACIT_INVALID. */
int clock_parse(const char *text, uint64_t *realtime_ns, struct err *err);

#endif
