/* SPDX-License-Identifier: Apache-2.0 */
/* Of each secret, for those who ask for names. Values of a name follow each other, so there is a
 * walk over the secrets for each. */
#include "base/clock.h"
#include "core/control/metrics/counts.h"
#include "core/control/metrics/metrics.h"

struct walk {
	const struct core *core;
	uint64_t now_ns;
	struct counts_readers readers;
};

/* False: there is nothing to say of this one. */
typedef bool value_fn(const struct walk *walk, const struct secret *secret, uint64_t *ns);

static bool age(const struct walk *walk, const struct secret *secret, uint64_t *ns)
{
	uint64_t since = secret_since_ns(secret);

	*ns = since < walk->now_ns ? walk->now_ns - since : 0;
	return true;
}

static bool last_read(const struct walk *walk, const struct secret *secret, uint64_t *ns)
{
	const struct counts_reader *reader = counts_last_reader(&walk->readers, secret);

	*ns = reader ? reader->when_ns : 0;
	return reader;
}

static bool next_rotation(const struct walk *walk, const struct secret *secret, uint64_t *ns)
{
	const struct schedule *schedule = model_schedule(walk->core->model, secret);

	*ns = schedule ? schedule->record.next_ns : 0;
	return *ns;
}

static const struct {
	const char *name, *help;
	value_fn *value;
} families[] = {
	{ "tacit_secret_age_seconds", "How long its current version has been that.", age },
	{ "tacit_secret_last_read_timestamp_seconds", "When it was last opened.", last_read },
	{ "tacit_secret_next_rotation_timestamp_seconds",
		"When the agent is to rotate it, of those that it rotates by itself.",
		next_rotation },
};

static void put_family(struct pack *text, const struct walk *walk, size_t family)
{
	const struct secret *secret;
	struct secret *each, *next;
	uint64_t ns;

	metrics_family(text, families[family].name, "gauge", families[family].help);
	HASH_ITER (by_name, walk->core->model->secrets_by_name, each, next) {
		secret = each;
		if (families[family].value(walk, secret, &ns))
			metrics_seconds(text,
				&(struct metrics_sample){ families[family].name, NULL,
					{ { "secret", secret->record.name } } },
				ns);
	}
}

int metrics_put_secrets(struct pack *text, const struct core *core, struct err *err)
{
	struct walk walk = { .core = core, .now_ns = model_now_ns(core->model) };
	int status = counts_take_readers(core, NULL, &walk.readers, err);

	for (size_t i = 0; status == 0 && i < sizeof families / sizeof *families; i++)
		put_family(text, &walk, i);
	counts_free_readers(&walk.readers);
	return status;
}
