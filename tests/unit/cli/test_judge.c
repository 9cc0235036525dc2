/* SPDX-License-Identifier: Apache-2.0 */
/* Which containers are restarted: rows of what an engine says, and the decision. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "cli/judge.h"

#define ID "3f2a9c0d1e2f4455667788990011223344556677889900112233445566778899"
#define MOUNT "/run/tacit"
#define OURS "\"Mounts\":[{\"Source\":\"/srv\"},{\"Source\":\"/run/tacit/compose/shop/web/x\"}]"

static enum judge_why judge(const char *members, const char *stale)
{
	char text[1024];
	json_t *container, *list;
	enum judge_why why;

	snprintf(text, sizeof text, "{\"Id\":\"" ID "\"%s%s}", *members ? "," : "", members);
	container = json_loads(text, 0, NULL);
	list = stale ? json_loads(stale, 0, NULL) : NULL;
	assert_non_null(container);
	why = judge_container(container, MOUNT, list);
	json_decref(container);
	json_decref(list);
	return why;
}

static void test_failed_containers_of_ours_are_restarted(void **state)
{
#define STATE(running, code, error)                                                                \
	OURS ",\"State\":{\"Running\":" running ",\"ExitCode\":" code ",\"Error\":" error "}"
	static const struct {
		const char *members;
		enum judge_why why;
	} rows[] = {
		{ STATE("false", "127", "\"\""), JUDGE_STOPPED },
		{ STATE("false", "1", "\"\""), JUDGE_STOPPED },
		{ STATE("false", "255", "\"\""), JUDGE_STOPPED },
		{ STATE("false", "0", "\"\""), JUDGE_FINE },
		{ STATE("false", "130", "\"\""), JUDGE_FINE },
		{ STATE("false", "137", "\"\""), JUDGE_FINE },
		{ STATE("false", "143", "\"\""), JUDGE_FINE },
		{ STATE("false", "0", "\"mount failed\""), JUDGE_STOPPED },
		{ STATE("false", "137", "\"mount failed\""), JUDGE_STOPPED },
		{ STATE("true", "127", "\"\""), JUDGE_FINE },
		{ STATE("true", "0", "\"x\""), JUDGE_FINE },
		{ STATE("false", "1", "null"), JUDGE_STOPPED },
		{ OURS ",\"State\":{\"Running\":false}", JUDGE_FINE },
		{ OURS ",\"State\":{\"ExitCode\":1}", JUDGE_FINE },
		{ OURS ",\"State\":\"exited\"", JUDGE_FINE },
		{ OURS, JUDGE_FINE },
		{ "", JUDGE_FINE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(judge(rows[i].members, NULL), rows[i].why);
}

static void test_other_peoples_containers_are_left_alone(void **state)
{
#define FAILED ",\"State\":{\"Running\":false,\"ExitCode\":1}"
	static const struct {
		const char *members;
		enum judge_why why;
	} rows[] = {
		{ "\"Mounts\":[{\"Source\":\"/run/tacit\"}]" FAILED, JUDGE_STOPPED },
		{ "\"Mounts\":[{\"Source\":\"/run/tacitd/x\"}]" FAILED, JUDGE_FINE },
		{ "\"Mounts\":[{\"Source\":\"/run\"}]" FAILED, JUDGE_FINE },
		{ "\"Mounts\":[{\"Source\":\"/srv/run/tacit/x\"}]" FAILED, JUDGE_FINE },
		{ "\"Mounts\":[{\"Source\":7},null,\"x\"]" FAILED, JUDGE_FINE },
		{ "\"Mounts\":[]" FAILED, JUDGE_FINE },
		{ "\"Mounts\":null" FAILED, JUDGE_FINE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(judge(rows[i].members, NULL), rows[i].why);
	assert_false(judge_below("/run/tacit/x", ""));
}

static void test_stale_containers_are_restarted_though_running(void **state)
{
	static const struct {
		const char *stale;
		enum judge_why why;
	} rows[] = {
		{ "[{\"container\":\"docker 3f2a9c0d1e2f\",\"mount\":\"stale\"}]", JUDGE_STALE },
		{ "[{\"container\":\"" ID "\",\"mount\":\"stale\"}]", JUDGE_STALE },
		{ "[{\"container\":\"docker 3f2a9c0d1e2f\",\"mount\":\"live\"}]", JUDGE_FINE },
		{ "[{\"container\":\"docker 3f2a9c0d1e20\",\"mount\":\"stale\"}]", JUDGE_FINE },
		{ "[{\"container\":\"docker 3f2a\",\"mount\":\"stale\"}]", JUDGE_FINE },
		{ "[{\"container\":\"\",\"mount\":\"stale\"}]", JUDGE_FINE },
		{ "[{\"container\":\"docker " ID "00\",\"mount\":\"stale\"}]", JUDGE_FINE },
		{ "[]", JUDGE_FINE },
		{ "{}", JUDGE_FINE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(judge("\"State\":{\"Running\":true}", rows[i].stale), rows[i].why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_failed_containers_of_ours_are_restarted),
		cmocka_unit_test(test_other_peoples_containers_are_left_alone),
		cmocka_unit_test(test_stale_containers_are_restarted_though_running),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
