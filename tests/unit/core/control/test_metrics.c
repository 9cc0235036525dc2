/* SPDX-License-Identifier: Apache-2.0 */
/* What is said to a program that watches: well-formed, without names unless asked for, and what was
 * done is in the numbers. And who read a secret last, which lists say, too. */
#include "desk.h"

#include <ctype.h>

#include "core/control/agenda/hooks.h"
#include "core/control/audit/auditor.h"
#include "core/control/metrics/metrics_text.h"
#include "core/rotation/rotation.h"

#define ABSENT (-1.0)
#define LINE_MAX_BYTES 512

static struct auditor_state audit_state;

void __wrap_auditor_state(const struct core *core, struct auditor_state *state);
void __wrap_auditor_state(const struct core *core, struct auditor_state *state)
{
	assert_non_null(core->auditor);
	*state = audit_state;
}

static const char *text_of(struct desk *desk)
{
	pack_u8(&desk->reply, 0);
	assert_false(desk->reply.failed);
	return (const char *)desk->reply.bytes;
}

/* Ask for it. Lives until the next question. */
static const char *metrics(struct desk *desk, uint32_t flags)
{
	desk->request.flags = flags;
	assert_int_equal(desk_ask(desk, VERB_METRICS, ""), 0);
	return text_of(desk);
}

/* The value of a sample, by its name and labels as they are written; ABSENT: there is none. */
static double value_of(const char *text, const char *sample)
{
	size_t length = strlen(sample);

	for (const char *line = text; *line; line = strchr(line, '\n') + 1)
		if (!strncmp(line, sample, length) && line[length] == ' ')
			return strtod(line + length, NULL);
	return ABSENT;
}

/* A name, and its labels with what is escaped in them; what follows is returned. */
static const char *skip_sample(const char *at)
{
	assert_true(isalpha(*at));
	while (isalnum(*at) || *at == '_')
		at++;
	if (*at != '{')
		return at;
	do {
		for (at++; isalnum(*at) || *at == '_'; at++)
			continue;
		assert_true(*at++ == '=' && *at++ == '"');
		for (; *at != '"'; at++)
			if (*at == '\\')
				assert_non_null(strchr("\\\"n", *++at));
	} while (*++at == ',');
	assert_true(*at++ == '}');
	return at;
}

/* Each family has its HELP and TYPE before it, and all of it in one place. */
static void is_well_formed(const char *text)
{
	char family[LINE_MAX_BYTES] = "", seen[64][LINE_MAX_BYTES];
	size_t count = 0;

	for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
		char help[LINE_MAX_BYTES], type[LINE_MAX_BYTES], *end;

		assert_non_null(strchr(line, '\n'));
		if (sscanf(line, "# HELP %500s", help) == 1) {
			for (size_t i = 0; i < count; i++)
				assert_string_not_equal(seen[i], help);
			snprintf(seen[count++], LINE_MAX_BYTES, "%s", help);
			line = strchr(line, '\n') + 1;
			assert_int_equal(sscanf(line, "# TYPE %500s %500s", family, type), 2);
			assert_string_equal(family, help);
			continue;
		}
		assert_memory_equal(line, family, strlen(family));
		line = skip_sample(line);
		assert_true(*line++ == ' ' && isdigit(*line));
		strtod(line, &end);
		assert_true(*end == '\n');
	}
	assert_true(count > 20);
}

static void only_who_asks_is_told_names(void **state)
{
	struct desk *desk = *state;
	const char *text = metrics(desk, 0);

	is_well_formed(text);
	assert_null(strstr(text, "shop"));
	assert_null(strstr(text, "db_password"));
	assert_null(strstr(text, "secret="));
	text = metrics(desk, REQUEST_NAMES);
	is_well_formed(text);
	assert_true(value_of(text, "tacit_secret_age_seconds{secret=\"" RIG_SECRET "\"}") > 0);
	assert_null(strstr(text, "compose"));
}

static void changes_are_in_the_numbers(void **state)
{
	struct desk *desk = *state;
	struct schedule_record schedule = desk_schedule(desk, RIG_SECRET, ROTATION_IDLE);
	struct change change = { .made_by = MADE_BY_AGENT,
		.item = { { .kind = CHANGE_ROTATE,
			.name = RIG_SECRET,
			.value = (const uint8_t *)"x",
			.length = 1 } },
		.count = 1 };
	const char *text = metrics(desk, 0);
	double generation = value_of(text, "tacit_store_generation");

	assert_true(generation > 0);
	assert_true(value_of(text, "tacit_secrets") == 1);
	assert_true(value_of(text, "tacit_grants") == 1);
	assert_true(value_of(text, "tacit_rotations_total{by=\"operator\"}") == 0);
	assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, "other", "one"), 0);
	assert_int_equal(desk_value(desk, VERB_SECRET_ROTATE, "other", "two"), 0);
	assert_int_equal(desk_value(desk, VERB_SECRET_STAGE, "other", "three"), 0);
	assert_int_equal(desk_ask(desk, VERB_SECRET_PROMOTE, "other"), 0);
	assert_int_equal(desk_ask(desk, VERB_SECRET_ROLLBACK, "other"), 0);
	assert_int_equal(desk_ask(desk, VERB_SECRET_RETIRE, "other"), 0);
	assert_int_equal(desk_grant(desk, "other", DESK_WEB, "one"), 0);
	assert_int_equal(desk_grant(desk, "other", "container/two", "one"), 0);
	assert_int_equal(desk_change(desk, &change), 0);
	schedule.next_ns = 1;
	schedule.attempts = 2;
	snprintf(schedule.reason, sizeof schedule.reason, "verify: it ended with status 1");
	desk_put_schedule(desk, &schedule);
	text = metrics(desk, 0);
	is_well_formed(text);
	assert_true(value_of(text, "tacit_secrets") == 2);
	assert_true(value_of(text, "tacit_grants") == 3);
	assert_true(value_of(text, "tacit_consumers") == 2);
	assert_true(value_of(text, "tacit_rotations_total{by=\"operator\"}") == 3);
	assert_true(value_of(text, "tacit_rotations_total{by=\"agent\"}") == 1);
	assert_true(value_of(text, "tacit_rotations_scheduled") == 1);
	assert_true(value_of(text, "tacit_rotations_overdue") == 1);
	assert_true(value_of(text, "tacit_rotations_failing") == 1);
	assert_true(value_of(text, "tacit_store_damaged_records") == 0);
	assert_true(value_of(text, "tacit_store_anchor_behind") == 0);
	assert_true(value_of(text, "tacit_store_generation") >= generation + 9);
	assert_true(value_of(text, "tacit_key_slots") == 1);
	assert_true(value_of(text, "tacit_build_info{version=\"" TACIT_VERSION "\"}") == 1);
}

static void hooks_are_in_the_numbers(void **state)
{
	struct desk *desk = *state;
	struct grant *grant, *next, *last = NULL;
	const char *text;

	assert_int_equal(desk_grant(desk, RIG_SECRET, "container/two", "pw"), 0);
	assert_int_equal(desk_grant(desk, RIG_SECRET, "container/three", "pw"), 0);
	HASH_ITER (hh, desk->core.model->grants, grant, next) {
		snprintf(grant->record.on_rotate, sizeof grant->record.on_rotate, "signal:HUP");
		grant->hook_kept = true;
		last = grant;
	}
	last->hook.tried_ns = secret_since_ns(last->secret);
	last->hook.attempts = HOOK_ATTEMPTS_MAX;
	text = metrics(desk, 0);
	assert_true(value_of(text, "tacit_hooks_pending") == 2);
	assert_true(value_of(text, "tacit_hooks_failing") == 1);
	last->hook.attempts = 1;
	assert_true(value_of(metrics(desk, 0), "tacit_hooks_failing") == 1);
	last->hook.done_ns = last->hook.tried_ns;
	text = metrics(desk, 0);
	assert_true(value_of(text, "tacit_hooks_failing") == 0);
	assert_true(value_of(text, "tacit_hooks_pending") == 2);
}

static void while_locked_what_is_known_is_said(void **state)
{
	struct desk *desk = *state;
	const char *text = metrics(desk, 0);

	assert_true(value_of(text, "tacit_up") == 1);
	assert_true(value_of(text, "tacit_state{state=\"serving\"}") == 1);
	model_write_lock(desk->core.model);
	model_clear(desk->core.model);
	model_unlock(desk->core.model);
	text = metrics(desk, REQUEST_NAMES);
	is_well_formed(text);
	assert_true(value_of(text, "tacit_up") == 0);
	assert_true(value_of(text, "tacit_state{state=\"serving\"}") == 0);
	assert_true(value_of(text, "tacit_state{state=\"locked\"}") == 1);
	assert_true(value_of(text, "tacit_state{state=\"failed\"}") == 0);
	assert_true(value_of(text, "tacit_secrets") == ABSENT);
	assert_true(value_of(text, "tacit_store_generation") == ABSENT);
	assert_true(value_of(text, "tacit_key_slots") == 1);
	assert_true(value_of(text, "tacit_core_starts_total") == 1);
	assert_null(strstr(text, "secret="));
	desk->core.failure.code = TACIT_CORRUPT;
	text = metrics(desk, 0);
	assert_true(value_of(text, "tacit_state{state=\"failed\"}") == 1);
	/* There is no store at all. */
	desk->core.vault = NULL;
	text = metrics(desk, 0);
	assert_true(value_of(text, "tacit_key_slots") == ABSENT);
	assert_true(value_of(text, "tacit_key_age_seconds") == ABSENT);
}

static void buckets_are_cumulative(void **state)
{
	struct desk *desk = *state;
	struct tally *tally = &desk->core.server->worker[0].tally;
	const char *text;

	tally_open(tally, TALLY_OK, false, 10000);
	tally_open(tally, TALLY_OK, false, 20000);
	tally_open(tally, TALLY_HOST_PROCESS, false, 3000000000);
	tally_open(tally, TALLY_UNIDENTIFIED, true, 900000000);
	tally_read(tally, 0, 64);
	tally_read(tally, ESTALE, 0);
	text = metrics(desk, 0);
	is_well_formed(text);
	assert_true(value_of(text, "tacit_opens_total{outcome=\"ok\"}") == 2);
	assert_true(value_of(text, "tacit_opens_total{outcome=\"host-process\"}") == 1);
	assert_true(value_of(text, "tacit_opens_total{outcome=\"unidentified\"}") == 1);
	assert_true(value_of(text, "tacit_opens_total{outcome=\"limit\"}") == 0);
#define OPENS(part) value_of(text, "tacit_open_seconds_" part)
	assert_true(OPENS("bucket{parked=\"no\",le=\"0.00001\"}") == 1);
	assert_true(OPENS("bucket{parked=\"no\",le=\"0.000025\"}") == 2);
	assert_true(OPENS("bucket{parked=\"no\",le=\"1\"}") == 2);
	assert_true(OPENS("bucket{parked=\"no\",le=\"+Inf\"}") == 3);
	assert_true(OPENS("count{parked=\"no\"}") == 3);
	assert_true(OPENS("sum{parked=\"no\"}") == 3.00003);
	assert_true(OPENS("bucket{parked=\"yes\",le=\"0.5\"}") == 0);
	assert_true(OPENS("bucket{parked=\"yes\",le=\"1\"}") == 1);
	assert_true(OPENS("sum{parked=\"yes\"}") == 0.9);
	assert_true(value_of(text, "tacit_reads_total{outcome=\"ok\"}") == 1);
	assert_true(value_of(text, "tacit_reads_total{outcome=\"refused\"}") == 1);
	assert_true(value_of(text, "tacit_read_bytes_total") == 64);
}

static void the_audit_is_in_the_numbers(void **state)
{
	struct desk *desk = *state;
	struct auditor *auditor = desk->core.auditor;
	const char *text;

	desk->core.auditor = NULL;
	text = metrics(desk, 0);
	desk->core.auditor = auditor;
	assert_true(value_of(text, "tacit_audit_blocked") == ABSENT);
	audit_state = (struct auditor_state){
		.pump = { .written = 12, .failures = 3, .queue = 5, .lost = 7 },
		.blocked = true,
		.copies_lost = 2,
	};
	text = metrics(desk, 0);
	is_well_formed(text);
	assert_true(value_of(text, "tacit_audit_records_total") == 12);
	assert_true(value_of(text, "tacit_audit_queue_records") == 5);
	assert_true(value_of(text, "tacit_audit_lost_total") == 7);
	assert_true(value_of(text, "tacit_audit_failures_total") == 3);
	assert_true(value_of(text, "tacit_audit_copies_lost_total") == 2);
	assert_true(value_of(text, "tacit_audit_blocked") == 1);
}

static void status_says_how_the_audit_is(void **state)
{
	struct desk *desk = *state;
	struct doc_item item;

	audit_state = (struct auditor_state){ .pump = { .written = 12, .queue = 5, .lost = 7 },
		.open = true };
	assert_int_equal(desk_ask(desk, VERB_STATUS, ""), 0);
	assert_true(desk_item(desk, "mode", 0, &item));
	assert_string_equal(item.text, "best-effort");
	assert_int_equal(desk_number(desk, "written", 0), 12);
	assert_int_equal(desk_number(desk, "queue", 0), 5);
	assert_int_equal(desk_number(desk, "lost", 0), 7);
	assert_true(desk_item(desk, "blocked", 0, &item) && !item.number);
	desk->core.config.audit_required = true;
	audit_state.blocked = true;
	snprintf(audit_state.reason, sizeof audit_state.reason, "no space left");
	assert_int_equal(desk_ask(desk, VERB_STATUS, ""), 0);
	desk_text(desk, "mode", 0, "required");
	desk_text(desk, "reason", 1, "no space left");
	assert_true(desk_item(desk, "blocked", 0, &item) && item.number);
	assert_true(desk_item(desk, "open", 0, &item) && item.number);
}

/* Of the grants that live, the one that was read last. */
static void who_read_it_last_is_said(void **state)
{
	struct desk *desk = *state;
	struct model *model = desk->core.model;
	struct grant *grant, *next;
	struct doc_item item;
	const char *text;

	assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, "other", "one"), 0);
	assert_int_equal(desk_grant(desk, RIG_SECRET, "container/two", "pw"), 0);
	assert_int_equal(desk_ask(desk, VERB_SECRET_LIST, ""), 0);
	for (unsigned int i = 0; i < 2; i++) {
		assert_true(desk_item(desk, "last_reader", i, &item) && item.type == DOC_NONE);
		assert_true(desk_item(desk, "last_read_at", i, &item) && item.type == DOC_NONE);
	}
	HASH_ITER (hh, model->grants, grant, next)
		if (strcmp(grant->record.consumer, "container/two"))
			grant_note_read(model, grant, "compose/shop/web 0123456789ab", 1);
	HASH_ITER (hh, model->grants, grant, next)
		if (!strcmp(grant->record.consumer, "container/two")) {
			grant_note_read(model, grant, "container/two 4f5e0c1d2a3b", 1);
			grant->last_ns = clock_realtime_ns() + 1000000000;
		}
	text = metrics(desk, REQUEST_NAMES);
	assert_true(value_of(text, "tacit_secret_last_read_timestamp_seconds{secret=\"" RIG_SECRET
				   "\"}") > 1e9);
	assert_true(value_of(text, "tacit_secret_last_read_timestamp_seconds{secret=\"other\"}") ==
		    ABSENT);
	assert_true(value_of(text, "tacit_secret_next_rotation_timestamp_seconds{secret=\"other"
				   "\"}") == ABSENT);
	assert_int_equal(desk_ask(desk, VERB_SECRET_INSPECT, RIG_SECRET), 0);
	desk_text(desk, "last_reader", 0, "container/two 4f5e0c1d2a3b");
	assert_int_equal(desk_ask(desk, VERB_SECRET_LIST, ""), 0);
	assert_true(desk_item(desk, "last_reader", 0, &item));
	assert_true(desk_count(desk, "last_reader") == 2);
	assert_int_equal(desk_ungrant(desk, RIG_SECRET, "container/two", "pw"), 0);
	assert_int_equal(desk_ask(desk, VERB_SECRET_INSPECT, RIG_SECRET), 0);
	desk_text(desk, "last_reader", 0, "compose/shop/web 0123456789ab");
}

static void when_it_is_due_is_said(void **state)
{
	struct desk *desk = *state;
	struct schedule_record schedule = desk_schedule(desk, RIG_SECRET, ROTATION_IDLE);

	schedule.next_ns = UINT64_C(4000000000123000000);
	desk_put_schedule(desk, &schedule);
	assert_true(value_of(metrics(desk, REQUEST_NAMES),
			    "tacit_secret_next_rotation_timestamp_seconds{secret=\"" RIG_SECRET
			    "\"}") == 4000000000.123);
}

static void what_would_end_a_value_is_escaped(void **state)
{
	struct pack text = { 0 };
	const struct metrics_sample sample = { "name", "_bucket",
		{ { "one", "a\\b\"c\nd" }, { "two", "" } } };

	(void)state;
	metrics_family(&text, "name", "gauge", "Help.");
	metrics_number(&text, &sample, UINT64_MAX);
	metrics_seconds(&text, &(struct metrics_sample){ .name = "name" }, 1500000000);
	pack_u8(&text, 0);
	assert_string_equal((char *)text.bytes,
		"# HELP name Help.\n# TYPE name gauge\n"
		"name_bucket{one=\"a\\\\b\\\"c\\nd\",two=\"\"} 18446744073709551615\n"
		"name 1.5\n");
	pack_free(&text);
}

static void seconds_are_exact(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} rows[] = { { 0, "0" }, { 1, "0.000000001" }, { 250000, "0.00025" }, { 1000000000, "1" },
		{ 10000000000, "10" }, { 2500000000, "2.5" },
		{ UINT64_MAX, "18446744073.709551615" } };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[METRICS_SECONDS_MAX];

		metrics_seconds_text(rows[i].ns, text);
		assert_string_equal(text, rows[i].text);
	}
}

#define with_desk(test) cmocka_unit_test_setup_teardown(test, desk_set_up, desk_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_desk(only_who_asks_is_told_names),
		with_desk(changes_are_in_the_numbers),
		with_desk(hooks_are_in_the_numbers),
		with_desk(while_locked_what_is_known_is_said),
		with_desk(buckets_are_cumulative),
		with_desk(the_audit_is_in_the_numbers),
		with_desk(status_says_how_the_audit_is),
		with_desk(who_read_it_last_is_said),
		with_desk(when_it_is_due_is_said),
		cmocka_unit_test(what_would_end_a_value_is_escaped),
		cmocka_unit_test(seconds_are_exact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
