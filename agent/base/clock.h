/* SPDX-License-Identifier: Apache-2.0 */
/* Two clocks: deadlines by the one that never jumps, dates by the one people read. */
#ifndef TACIT_BASE_CLOCK_H
#define TACIT_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

uint64_t clock_monotonic_ns(void); /* CLOCK_MONOTONIC, nanoseconds; comparable across processes */
uint64_t clock_boottime_ns(void);  /* CLOCK_BOOTTIME: as monotonic, but goes on in suspend */
uint64_t clock_realtime_ns(void);  /* nanoseconds since 1970 UTC */

#define CLOCK_TEXT_MAX 32
/* RFC 3339 in UTC with milliseconds, "2026-01-31T09:30:00.125Z". `text` holds CLOCK_TEXT_MAX. */
void clock_format(uint64_t realtime_ns, char *text);

#endif
