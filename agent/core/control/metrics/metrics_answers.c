/* SPDX-License-Identifier: Apache-2.0 */
/* What FUSE threads have answered (core/fuse/tally.h). */
#include "core/control/metrics/metrics.h"

static void put_opens(struct pack *text, const struct tally_sums *sums)
{
	static const char name[] = "tacit_opens_total";

	metrics_family(text, name, "counter", "Opens that were answered, by what became of them.");
	for (int i = 0; i < TALLY_OUTCOMES; i++)
		metrics_number(text,
			&(struct metrics_sample){
				name, NULL, { { "outcome", tally_outcome_word(i) } } },
			sums->opens[i]);
}

/* Buckets are cumulative: each counts those before it, too. */
static void put_histogram(struct pack *text, const char *name, const char *parked,
	const uint64_t took[TALLY_BUCKETS], uint64_t took_ns)
{
	struct metrics_sample sample = { name, "_bucket", { { "parked", parked } } };
	char bound[METRICS_SECONDS_MAX];
	uint64_t count = 0;

	sample.labels[1].name = "le";
	sample.labels[1].value = bound;
	for (size_t i = 0; i < TALLY_BOUNDS; i++) {
		metrics_seconds_text(*tally_bound_ns(i), bound);
		count += took[i];
		metrics_number(text, &sample, count);
	}
	count += took[TALLY_BOUNDS];
	sample.labels[1].value = "+Inf";
	metrics_number(text, &sample, count);
	sample.labels[1].name = NULL;
	sample.suffix = "_sum";
	metrics_seconds(text, &sample, took_ns);
	sample.suffix = "_count";
	metrics_number(text, &sample, count);
}

static void put_times(struct pack *text, const struct tally_sums *sums)
{
	static const char name[] = "tacit_open_seconds";

	metrics_family(text, name, "histogram",
		"From taking an open out of the kernel's hands to its answer; parked: those that "
		"waited.");
	put_histogram(text, name, "no", sums->took[0], sums->took_ns[0]);
	put_histogram(text, name, "yes", sums->took[1], sums->took_ns[1]);
}

static void put_reads(struct pack *text, const struct tally_sums *sums)
{
	static const char name[] = "tacit_reads_total", bytes[] = "tacit_read_bytes_total";

	metrics_family(text, name, "counter", "Reads of open files that were answered.");
	metrics_number(
		text, &(struct metrics_sample){ name, NULL, { { "outcome", "ok" } } }, sums->reads);
	metrics_number(text, &(struct metrics_sample){ name, NULL, { { "outcome", "refused" } } },
		sums->reads_refused);
	metrics_family(text, bytes, "counter", "Bytes of values that were read.");
	metrics_number(text, &(struct metrics_sample){ .name = bytes }, sums->read_bytes);
}

void metrics_put_answers(struct pack *text, const struct core *core)
{
	struct tally_sums sums;

	server_sums(core->server, &sums);
	put_opens(text, &sums);
	put_times(text, &sums);
	put_reads(text, &sums);
}
