/* SPDX-License-Identifier: Apache-2.0 */
/* Prometheus' text format, version 0.0.4, written into a pack. Failures are kept in the pack.
 *
 *   # HELP tacit_opens_total What became of OPENs.
 *   # TYPE tacit_opens_total counter
 *   tacit_opens_total{outcome="ok"} 12
 *
 * Names end in what they count: _seconds, _bytes, and _total of what only grows. */
#ifndef TACIT_CONTROL_METRICS_TEXT_H
#define TACIT_CONTROL_METRICS_TEXT_H

#include "base/pack.h"

#define METRICS_LABELS_MAX 2

/* One line. Values of labels are escaped; everything else is of this program's own words. */
struct metrics_sample {
	const char *name, *suffix; /* suffix: "_bucket" of a histogram, or NULL */
	struct {
		const char *name; /* NULL: there are no more */
		const char *value;
	} labels[METRICS_LABELS_MAX];
};

/* Once before the samples of a name, which follow each other. `type` is "counter", "gauge" or
 * "histogram". */
void metrics_family(struct pack *text, const char *name, const char *type, const char *help);
void metrics_number(struct pack *text, const struct metrics_sample *sample, uint64_t number);
/* Nanoseconds, said as seconds, exactly. */
void metrics_seconds(struct pack *text, const struct metrics_sample *sample, uint64_t ns);

/* "0.00025" for nanoseconds: without zeros at its end. */
#define METRICS_SECONDS_MAX 24
void metrics_seconds_text(uint64_t ns, char text[METRICS_SECONDS_MAX]);

#endif
