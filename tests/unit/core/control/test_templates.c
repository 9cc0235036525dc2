/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets that are made of others: anew in the commit of each change of one of those, of one set of
 * values each time; and what cannot be asked of them. */
#include "damaged.h"

#include "core/control/agenda/rotator.h"
#include "core/control/secrets/templates.h"
#include "seal/generate.h"

#define URL "postgres://{{ user }}:{{ shop/db_password | url }}@db/app"

static int desk_template(struct desk *desk, enum verb verb, const char *name, const char *text)
{
	char purpose[TACIT_TRANSIT_CONTEXT_MAX];

	snprintf(purpose, sizeof purpose, "%s-template:%s",
		verb == VERB_SECRET_CREATE ? "create" : "rotate", name);
	desk->request.flags |= REQUEST_TEMPLATE;
	return desk_ask_with(desk, verb, name, purpose, text, strlen(text));
}

/* "user" is "app", and "url" is made of it and of the rig's secret, which is "first". */
static struct desk *with_url(void **state)
{
	struct desk *desk = *state;

	desk->core.config.keep_versions = 10;
	assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, "user", "app"), 0);
	assert_int_equal(desk_template(desk, VERB_SECRET_CREATE, "url", URL), 0);
	return desk;
}

static const struct secret_record *record_at(const struct desk *desk, const char *name)
{
	return &desk_secret(desk, name)->record;
}

static void a_template_is_made_when_it_is_created(void **state)
{
	struct desk *desk = with_url(state);

	for (int restarted = 0; restarted < 2; restarted++) {
		desk_current(desk, "url", "postgres://app:first@db/app");
		assert_int_equal(secret_current(desk_secret(desk, "url"))->version.size, 27);
		assert_int_equal(record_at(desk, "url")->versions[0].made_by, DESK_UID);
		desk_restart(desk);
	}
}

static void it_is_made_anew_by_each_change_of_what_is_current(void **state)
{
	struct desk *desk = with_url(state);
	const struct secret_record *url = record_at(desk, "url");

	assert_int_equal(desk_value(desk, VERB_SECRET_ROTATE, RIG_SECRET, "p@ss"), 0);
	desk_current(desk, "url", "postgres://app:p%40ss@db/app");
	assert_true(url->current == 2 && url->previous == 1);
	assert_int_equal(desk_value(desk, VERB_SECRET_ROTATE, "user", "root"), 0);
	desk_current(desk, "url", "postgres://root:p%40ss@db/app");
	/* What is staged is nobody's yet. */
	assert_int_equal(desk_value(desk, VERB_SECRET_STAGE, RIG_SECRET, "third"), 0);
	assert_int_equal(url->current, 3);
	assert_int_equal(desk_ask(desk, VERB_SECRET_PROMOTE, RIG_SECRET), 0);
	desk_current(desk, "url", "postgres://root:third@db/app");
	assert_int_equal(desk_ask(desk, VERB_SECRET_ROLLBACK, RIG_SECRET), 0);
	desk_current(desk, "url", "postgres://root:p%40ss@db/app");
	assert_int_equal(url->current, 5);
	desk_restart(desk);
	desk_current(desk, "url", "postgres://root:p%40ss@db/app");
	/* An old value that only the store has. */
	desk->request.version = 1;
	assert_int_equal(desk_ask(desk, VERB_SECRET_ROLLBACK, RIG_SECRET), 0);
	desk_current(desk, "url", "postgres://root:first@db/app");
}

/* When it becomes current, a rotator has given it to a service already. */
static void what_no_template_could_take_is_not_staged(void **state)
{
	struct desk *desk = with_url(state);

	assert_int_equal(desk_template(desk, VERB_SECRET_CREATE, "json",
				 "{\"password\": \"{{ " RIG_SECRET " | json }}\"}"),
		0);
	assert_int_equal(
		desk_value(desk, VERB_SECRET_STAGE, RIG_SECRET, "\xff\xfe"), -TACIT_INVALID);
	assert_int_equal(record_at(desk, RIG_SECRET)->next, 0);
	assert_int_equal(desk_value(desk, VERB_SECRET_STAGE, RIG_SECRET, "next"), 0);
	assert_int_equal(desk_ask(desk, VERB_SECRET_PROMOTE, RIG_SECRET), 0);
	desk_current(desk, "json", "{\"password\": \"next\"}");
}

static void the_agents_own_rotation_is_a_change_like_others(void **state)
{
	struct desk *desk = with_url(state);

	desk->request.generate = 16;
	desk->request.alphabet = SEAL_HEX;
	desk->request.every_ns = 3600 * 1000000000ull;
	assert_int_equal(desk_ask(desk, VERB_SECRET_SCHEDULE, RIG_SECRET), 0);
	desk->request.flags = REQUEST_NOW;
	assert_int_equal(desk_ask(desk, VERB_SECRET_SCHEDULE, RIG_SECRET), 0);
	schedules_work(&desk->core);
	assert_int_equal(record_at(desk, RIG_SECRET)->current, 2);
	assert_int_equal(record_at(desk, "url")->current, 2);
	assert_int_equal(record_at(desk, "url")->versions[1].made_by, MADE_BY_AGENT);
	assert_int_equal(secret_current(desk_secret(desk, "url"))->version.size, 27 - 5 + 16);
	free(desk->core.rotator);
	desk->core.rotator = NULL;
}

static void members_of_a_bundle_change_it_once(void **state)
{
	struct desk *desk = *state;

	assert_int_equal(desk_members(desk, VERB_BUNDLE_CREATE, "tls", "cert=C1 key=K1 ca=A"), 0);
	assert_int_equal(desk_template(desk, VERB_SECRET_CREATE, "pem",
				 "{{ tls/key }}{{ tls/cert }}{{ tls/key }}"),
		0);
	desk_current(desk, "pem", "K1C1K1");
	assert_int_equal(desk_members(desk, VERB_BUNDLE_ROTATE, "tls", "cert=C2 key=K2"), 0);
	desk_current(desk, "pem", "K2C2K2");
	assert_int_equal(record_at(desk, "pem")->current, 2);
	/* One version of it, and not one for each member. */
	assert_int_equal(desk_ask(desk, VERB_STORE_VERIFY, ""), 0);
	assert_int_equal(desk_number(desk, "problem_count", 0), 0);
	/* A member that it is not made of. */
	assert_int_equal(desk_members(desk, VERB_BUNDLE_ROTATE, "tls", "ca=B"), 0);
	assert_int_equal(record_at(desk, "pem")->current, 2);
}

static void several_templates_are_made_of_one_secret(void **state)
{
	struct desk *desk = with_url(state);
	char name[16];

	/* More than a change has secrets. */
	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof name, "t%d", i);
		assert_int_equal(desk_template(desk, VERB_SECRET_CREATE, name, "<{{ user }}>"), 0);
	}
	assert_int_equal(desk_value(desk, VERB_SECRET_ROTATE, "user", "other"), 0);
	for (int restarted = 0; restarted < 2; restarted++) {
		for (int i = 0; i < 40; i++) {
			snprintf(name, sizeof name, "t%d", i);
			desk_current(desk, name, "<other>");
		}
		desk_current(desk, "url", "postgres://other:first@db/app");
		desk_restart(desk);
	}
	for (int i = 40; i < 63; i++) {
		snprintf(name, sizeof name, "t%d", i);
		assert_int_equal(desk_template(desk, VERB_SECRET_CREATE, name, "{{ user }}"), 0);
	}
	assert_int_equal(
		desk_template(desk, VERB_SECRET_CREATE, "more", "{{ user }}"), -TACIT_LIMIT);
	assert_int_equal(desk_template(desk, VERB_SECRET_ROTATE, "t3", "{{ user }}"), 0);
}

static void the_previous_one_lives_as_long_as_what_it_is_made_of(void **state)
{
	struct desk *desk = with_url(state);
	const struct secret_record *url = record_at(desk, "url");

	desk->request.lifetime_ns = 3600 * 1000000000ull;
	assert_int_equal(desk_value(desk, VERB_SECRET_ROTATE, RIG_SECRET, "second"), 0);
	assert_true(url->previous_until_ns);
	assert_true(url->previous_until_ns == record_at(desk, RIG_SECRET)->previous_until_ns);
	desk_is(desk, secret_previous(desk->core.model, desk_secret(desk, "url")),
		"postgres://app:first@db/app");
	assert_int_equal(desk_ask(desk, VERB_SECRET_RETIRE, RIG_SECRET), 0);
	for (int restarted = 0; restarted < 2; restarted++) {
		url = record_at(desk, "url");
		assert_true(!url->previous && !url->previous_until_ns && url->current == 2);
		desk_restart(desk);
	}
	/* One that has none itself. */
	assert_int_equal(desk_value(desk, VERB_SECRET_ROTATE, RIG_SECRET, "third"), 0);
	assert_int_equal(desk_ask(desk, VERB_SECRET_RETIRE, "url"), 0);
	assert_int_equal(desk_ask(desk, VERB_SECRET_RETIRE, RIG_SECRET), 0);
	assert_int_equal(record_at(desk, "url")->current, 3);
}

static void its_text_can_be_another(void **state)
{
	struct desk *desk = with_url(state);

	assert_int_equal(desk_template(desk, VERB_SECRET_ROTATE, "url", URL), -TACIT_EXISTS);
	assert_int_equal(record_at(desk, "url")->current, 1);
	assert_int_equal(desk_template(desk, VERB_SECRET_ROTATE, "url", "u={{ user }}"), 0);
	for (int restarted = 0; restarted < 2; restarted++) {
		desk_current(desk, "url", "u=app");
		desk_restart(desk);
	}
	assert_int_equal(HASH_COUNT(desk->core.model->templates), 1);
	/* It is made of the other one no more. */
	assert_int_equal(desk_value(desk, VERB_SECRET_ROTATE, RIG_SECRET, "x"), 0);
	assert_int_equal(record_at(desk, "url")->current, 2);
	assert_int_equal(desk_value(desk, VERB_SECRET_ROTATE, "user", "y"), 0);
	desk_current(desk, "url", "u=y");
}

static void must_say(const struct desk *desk, const char *text)
{
	if (!strstr(desk->err.text, text))
		fail_msg("%s", desk->err.text);
}

static void nobody_gives_it_a_value(void **state)
{
	struct desk *desk = with_url(state);

	assert_int_equal(desk_value(desk, VERB_SECRET_ROTATE, "url", "x"), -TACIT_INVALID);
	must_say(desk, "made by a template");
	assert_int_equal(desk_value(desk, VERB_SECRET_STAGE, "url", "x"), -TACIT_INVALID);
	assert_int_equal(desk_value(desk, VERB_SECRET_ROTATE, "user", "y"), 0);
	assert_int_equal(desk_ask(desk, VERB_SECRET_ROLLBACK, "url"), -TACIT_INVALID);
	desk->request.generate = 16;
	desk->request.every_ns = 3600 * 1000000000ull;
	assert_int_equal(desk_ask(desk, VERB_SECRET_SCHEDULE, "url"), -TACIT_INVALID);
	must_say(desk, "made by a template");
	assert_int_equal(desk_template(desk, VERB_SECRET_ROTATE, "user", "{{ " RIG_SECRET " }}"),
		-TACIT_INVALID);
	must_say(desk, "a value of its own");
	assert_int_equal(desk_template(desk, VERB_SECRET_CREATE, "user", URL), -TACIT_EXISTS);
	assert_int_equal(desk_template(desk, VERB_SECRET_ROTATE, "missing", URL), -TACIT_NOT_FOUND);
	desk_current(desk, "user", "y");
}

/* A body that was sealed as a value is no template, nor the other way round. */
static void a_value_in_transit_is_not_taken_for_a_text(void **state)
{
	struct desk *desk = with_url(state);

	desk->request.flags = REQUEST_TEMPLATE;
	assert_true(desk_value(desk, VERB_SECRET_CREATE, "new", "{{ user }}") < 0);
	assert_true(desk_ask_with(desk, VERB_SECRET_CREATE, "new", "create-template:new",
			    "{{ user }}", 10) < 0);
	assert_null(model_secret(desk->core.model, "new"));
}

static void texts_that_cannot_be_made_are_refused(void **state)
{
	static const struct {
		const char *text, *why;
		int status;
	} all[] = {
		{ "{{ user }}\n{{ missing }}", "line 2 of the template: there is no secret of this",
			-TACIT_NOT_FOUND },
		{ "{{ url }}", "line 1 of the template: this one is a template", -TACIT_INVALID },
		{ "{{ user", "line 1 of the template: ", -TACIT_INVALID },
		{ "nothing", "no secret in it", -TACIT_INVALID },
		{ "{{ user }}\n\n{{ binary | json }}", "line 3 of the template: a value for json",
			-TACIT_INVALID },
	};
	struct desk *desk = with_url(state);

	assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, "binary", "\xff\xfe"), 0);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		assert_int_equal(
			desk_template(desk, VERB_SECRET_CREATE, "new", all[i].text), all[i].status);
		must_say(desk, all[i].why);
		assert_null(model_secret(desk->core.model, "new"));
		assert_int_equal(
			desk_template(desk, VERB_SECRET_ROTATE, "url", all[i].text), all[i].status);
		desk_current(desk, "url", "postgres://app:first@db/app");
	}
}

static void a_value_that_it_cannot_take_is_refused_with_all_of_its_change(void **state)
{
	struct desk *desk = with_url(state);
	uint8_t *large = malloc(TACIT_VALUE_MAX);

	assert_non_null(large);
	memset(large, '%', TACIT_VALUE_MAX);
	assert_int_equal(
		desk_template(desk, VERB_SECRET_CREATE, "json", "\"{{ user | json }}\""), 0);
	assert_int_equal(desk_value(desk, VERB_SECRET_ROTATE, "user", "\xff"), -TACIT_INVALID);
	must_say(desk, "template json, which is made of it: line 1 of the template: ");
	assert_int_equal(desk_ask_with(desk, VERB_SECRET_ROTATE, RIG_SECRET, "rotate:" RIG_SECRET,
				 large, TACIT_VALUE_MAX),
		-TACIT_TOO_LARGE);
	must_say(desk, "template url, which is made of it: ");
	free(large);
	for (int restarted = 0; restarted < 2; restarted++) {
		desk_current(desk, "user", "app");
		desk_current(desk, "url", "postgres://app:first@db/app");
		desk_current(desk, "json", "\"app\"");
		assert_int_equal(record_at(desk, "url")->last_number, 1);
		desk_restart(desk);
	}
	assert_int_equal(desk_value(desk, VERB_SECRET_ROTATE, "user", "b"), 0);
	desk_current(desk, "json", "\"b\"");
}

static void what_it_is_made_of_stays(void **state)
{
	struct desk *desk = with_url(state);

	for (int forced = 0; forced < 2; forced++) {
		desk->request.flags = forced ? REQUEST_FORCE : 0;
		assert_int_equal(desk_ask(desk, VERB_SECRET_REMOVE, "user"), -TACIT_INVALID);
		must_say(desk, "templates are made of it: 1;");
	}
	assert_int_equal(desk_members(desk, VERB_BUNDLE_CREATE, "tls", "cert=C key=K"), 0);
	assert_int_equal(desk_template(desk, VERB_SECRET_CREATE, "pem", "{{ tls/key }}"), 0);
	desk->request.flags = REQUEST_FORCE;
	assert_int_equal(desk_ask(desk, VERB_BUNDLE_REMOVE, "tls"), -TACIT_INVALID);
	assert_int_equal(desk_ask(desk, VERB_SECRET_REMOVE, "pem"), 0);
	assert_int_equal(desk_ask(desk, VERB_BUNDLE_REMOVE, "tls"), 0);
	assert_int_equal(desk_ask(desk, VERB_SECRET_REMOVE, "url"), 0);
	assert_int_equal(HASH_COUNT(desk->core.model->templates), 0);
	assert_int_equal(desk_ask(desk, VERB_SECRET_REMOVE, "user"), 0);
	desk_restart(desk);
	assert_int_equal(HASH_COUNT(desk->core.model->templates), 0);
	assert_int_equal(desk_ask(desk, VERB_STORE_VERIFY, ""), 0);
	assert_int_equal(desk_number(desk, "problem_count", 0), 0);
}

static void it_is_no_member_of_a_bundle(void **state)
{
	struct desk *desk = with_url(state);

	assert_int_equal(desk_members(desk, VERB_BUNDLE_CREATE, "tls", "cert=C"), 0);
	assert_int_equal(desk_template(desk, VERB_SECRET_CREATE, "tls/pem", "{{ tls/cert }}"),
		-TACIT_INVALID);
	must_say(desk, "no member of a bundle");
	assert_int_equal(desk_template(desk, VERB_SECRET_CREATE, "web/url", "{{ user }}"), 0);
	assert_int_equal(desk_members(desk, VERB_BUNDLE_CREATE, "web", "cert=C"), -TACIT_INVALID);
	must_say(desk, "no member of a bundle");
	assert_null(model_bundle(desk->core.model, "web"));
}

static void operators_are_told(void **state)
{
	struct desk *desk = with_url(state);
	struct doc_item item;

	assert_int_equal(desk_ask(desk, VERB_SECRET_INSPECT, "url"), 0);
	assert_true(desk_item(desk, "template", 0, &item));
	assert_int_equal(item.type, DOC_LIST);
	assert_int_equal(desk_ask(desk, VERB_SECRET_INSPECT, "user"), 0);
	assert_true(desk_item(desk, "template", 0, &item));
	assert_int_equal(item.type, DOC_NONE);
	assert_int_equal(desk_ask(desk, VERB_STATUS, ""), 0);
	assert_int_equal(desk_number(desk, "templates", 0), 1);
	assert_int_equal(desk_ask(desk, VERB_ACCESS_EXPORT, ""), 0);
	desk_text(desk, "secret", 0, "url");
	assert_int_equal(desk_count(desk, "secret"), 1);
}

/* The row of the template itself. */
static const uint8_t *template_of(const struct desk *desk, const char *name)
{
	return model_template(desk->core.model, desk_secret(desk, name))->record.id;
}

static void accept_loss(struct desk *desk)
{
	desk->request.accept = ACCEPT_DROP;
	assert_int_equal(desk_ask(desk, VERB_STORE_ACCEPT, ""), 0);
	desk->rig->vault = desk->core.vault;
	assert_int_equal(desk_ask(desk, VERB_STORE_VERIFY, ""), 0);
	assert_int_equal(desk_number(desk, "problem_count", 0), 0);
}

static void what_was_made_outlives_the_loss_of_what_it_was_made_of(void **state)
{
	struct desk *desk = with_url(state);

	damage(desk, SPOIL_RECORD, record_of(desk, "user"));
	assert_int_equal(HASH_COUNT(desk->core.model->templates), 1);
	accept_loss(desk);
	desk_current(desk, "url", "postgres://app:first@db/app");
	assert_int_equal(HASH_COUNT(desk->core.model->templates), 0);
	assert_int_equal(desk_value(desk, VERB_SECRET_ROTATE, RIG_SECRET, "second"), 0);
	assert_int_equal(desk_value(desk, VERB_SECRET_ROTATE, "url", "a value"), 0);
}

static void a_template_goes_with_its_value_or_leaves_it(void **state)
{
	struct desk *desk = with_url(state);

	damage(desk, DELETE_VALUE, value_of(desk, "url"));
	accept_loss(desk);
	assert_null(model_secret(desk->core.model, "url"));
	assert_int_equal(HASH_COUNT(desk->core.model->templates), 0);
	assert_int_equal(desk_ask(desk, VERB_SECRET_REMOVE, "user"), 0);
	assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, "user", "app"), 0);
	assert_int_equal(desk_template(desk, VERB_SECRET_CREATE, "url", URL), 0);
	damage(desk, SPOIL_RECORD, template_of(desk, "url"));
	desk_current(desk, "url", "postgres://app:first@db/app");
	accept_loss(desk);
	assert_int_equal(desk_value(desk, VERB_SECRET_ROTATE, "url", "a value"), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, desk_set_up, desk_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_template_is_made_when_it_is_created),
		TEST(it_is_made_anew_by_each_change_of_what_is_current),
		TEST(what_no_template_could_take_is_not_staged),
		TEST(the_agents_own_rotation_is_a_change_like_others),
		TEST(members_of_a_bundle_change_it_once),
		TEST(several_templates_are_made_of_one_secret),
		TEST(the_previous_one_lives_as_long_as_what_it_is_made_of),
		TEST(its_text_can_be_another),
		TEST(nobody_gives_it_a_value),
		TEST(a_value_in_transit_is_not_taken_for_a_text),
		TEST(texts_that_cannot_be_made_are_refused),
		TEST(a_value_that_it_cannot_take_is_refused_with_all_of_its_change),
		TEST(what_it_is_made_of_stays),
		TEST(it_is_no_member_of_a_bundle),
		TEST(operators_are_told),
		TEST(what_was_made_outlives_the_loss_of_what_it_was_made_of),
		TEST(a_template_goes_with_its_value_or_leaves_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
