/* SPDX-License-Identifier: Apache-2.0 */
/* Which systemd unit a /proc/PID/cgroup speaks of: by rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/identity/cgroup.h"

#define A "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define V2 "0::/system.slice/"
#define N60 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define N119 N60 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const struct {
	const char *why;
	const char *text;
	const char *unit; /* NULL: in none */
	const char *path; /* of the unit's cgroup */
	const char *controller;
} rows[] = {
	{ "a service", V2 "nginx.service\n", "nginx.service", "/system.slice/nginx.service", "" },
	{ "no newline at the end", V2 "nginx.service", "nginx.service",
		"/system.slice/nginx.service", "" },
	{ "below a service", V2 "nginx.service/worker/1\n", "nginx.service",
		"/system.slice/nginx.service", "" },
	{ "an instance", V2 "foo@1.service\n", "foo@1.service", "/system.slice/foo@1.service", "" },
	{ "an instance in its template's slice", V2 "system-foo.slice/foo@1.service\n",
		"foo@1.service", "/system.slice/system-foo.slice/foo@1.service", "" },
	{ "slices in slices", "0::/a.slice/a-b.slice/a-b-c.slice/x.service\n", "x.service",
		"/a.slice/a-b.slice/a-b-c.slice/x.service", "" },
	{ "an escaped name", V2 "dev-disk\\x2d1.mount\n", "dev-disk\\x2d1.mount",
		"/system.slice/dev-disk\\x2d1.mount", "" },
	{ "a socket's", V2 "ssh@1-10.0.0.1:22-10.0.0.2:40000.service\n",
		"ssh@1-10.0.0.1:22-10.0.0.2:40000.service",
		"/system.slice/ssh@1-10.0.0.1:22-10.0.0.2:40000.service", "" },
	{ "a scope", "0::/user.slice/user-1000.slice/session-1.scope\n", "session-1.scope",
		"/user.slice/user-1000.slice/session-1.scope", "" },
	{ "a user's manager, and all that it runs",
		"0::/user.slice/user-1000.slice/user@1000.service/app.slice/nginx.service\n",
		"user@1000.service", "/user.slice/user-1000.slice/user@1000.service", "" },
	{ "a slice below a service is that service's", V2 "a.service/b.slice/c.service\n",
		"a.service", "/system.slice/a.service", "" },
	{ "docker's scope", V2 "docker-" A ".scope\n", "docker-" A ".scope",
		"/system.slice/docker-" A ".scope", "" },
	{ "a name of 127 bytes", V2 N119 ".service\n", N119 ".service",
		"/system.slice/" N119 ".service", "" },
	{ "v1: systemd's own hierarchy",
		"2:cpu:/other.slice/x.service\n1:name=systemd:/system.slice/nginx.service\n",
		"nginx.service", "/system.slice/nginx.service", "systemd" },
	{ "hybrid: where v2 says nothing", "1:name=systemd:/system.slice/nginx.service\n0::/\n",
		"nginx.service", "/system.slice/nginx.service", "systemd" },
	{ "hybrid: both", "1:name=systemd:/system.slice/nginx.service\n" V2 "nginx.service\n",
		"nginx.service", "/system.slice/nginx.service", "" },
	{ "v2 knows better than v1", "1:name=systemd:/system.slice/a.service\n" V2 "b.service\n",
		"b.service", "/system.slice/b.service", "" },
	{ "v2 knows better than v1, whatever the order",
		V2 "b.service\n1:name=systemd:/system.slice/a.service\n", "b.service",
		"/system.slice/b.service", "" },
	{ "a line that is none does no harm", "x\n\n:\n" V2 "a.service\n", "a.service",
		"/system.slice/a.service", "" },

	{ "nothing", "", NULL, NULL, NULL },
	{ "empty lines", "\n\n", NULL, NULL, NULL },
	{ "the root", "0::/\n", NULL, NULL, NULL },
	{ "systemd itself", "0::/init.scope\n", NULL, NULL, NULL },
	{ "a service of the root", "0::/nginx.service\n", NULL, NULL, NULL },
	{ "below a service of the root", "0::/nginx.service/system.slice/a.service\n", NULL, NULL,
		NULL },
	{ "a container's place", "0::/docker/" A "\n", NULL, NULL, NULL },
	{ "a container's own systemd", "0::/docker/" A "/system.slice/nginx.service\n", NULL, NULL,
		NULL },
	{ "a slice", "0::/system.slice\n", NULL, NULL, NULL },
	{ "slices", "0::/system.slice/system-foo.slice/\n", NULL, NULL, NULL },
	{ "a controller's hierarchy", "2:cpu:/system.slice/a.service\n", NULL, NULL, NULL },
	{ "a controller called so", "2:systemd2:/system.slice/a.service\n", NULL, NULL, NULL },
	{ "no suffix", V2 "nginx\n", NULL, NULL, NULL },
	{ "removed", V2 "nginx.service (deleted)\n", NULL, NULL, NULL },
	{ "outside of our namespace", "0::/../system.slice/nginx.service\n", NULL, NULL, NULL },
	{ "up and down again", V2 "../system.slice/nginx.service\n", NULL, NULL, NULL },
	{ "nothing between slashes", V2 "/nginx.service\n", NULL, NULL, NULL },
	{ "nothing before", "0::system.slice/nginx.service\n", NULL, NULL, NULL },
	{ "a space before", "0:: /system.slice/nginx.service\n", NULL, NULL, NULL },
	{ "a byte that no unit has", V2 "nginx\001.service\n", NULL, NULL, NULL },
	{ "a byte beyond ASCII", V2 "nginx\xc3\xa9.service\n", NULL, NULL, NULL },
	{ "a name of 128 bytes", V2 N119 "c.service\n", NULL, NULL, NULL },
	{ "one colon", "0:/system.slice/nginx.service\n", NULL, NULL, NULL },
	{ "no colon", "/system.slice/nginx.service\n", NULL, NULL, NULL },
};

/* In memory of exactly its size: a read beyond it is caught. */
static bool find(const char *text, size_t length, char unit[NAME_SEGMENT_MAX + 1],
	struct cgroup_match *match)
{
	char *exact = malloc(length ? length : 1);
	bool found;

	assert_non_null(exact);
	memcpy(exact, text, length);
	found = cgroup_unit(exact, length, unit, match);
	free(exact);
	return found;
}

static void a_text_is_judged_as_its_row_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char unit[NAME_SEGMENT_MAX + 1] = "";
		struct cgroup_match match = { 0 };
		bool found = find(rows[i].text, strlen(rows[i].text), unit, &match);

		if (found != (rows[i].unit != NULL))
			fail_msg("%s: %s", rows[i].why, found ? unit : "in none");
		if (!found)
			continue;
		assert_string_equal(unit, rows[i].unit);
		assert_string_equal(match.path, rows[i].path);
		assert_string_equal(match.controller, rows[i].controller);
		assert_int_equal(match.unified, !*rows[i].controller);
	}
}

/* Cut off anywhere, it says a beginning of the same name, or nothing; and reads nothing beyond. */
static void a_text_cut_short_names_no_other_place(void **state)
{
	static const char text[] = V2 "system-foo.slice/foo@1.service\n";
	static const char path[] = "/system.slice/system-foo.slice/foo@1.service";

	(void)state;
	for (size_t length = 0; length < sizeof text; length++) {
		char unit[NAME_SEGMENT_MAX + 1];
		struct cgroup_match match;

		if (find(text, length, unit, &match))
			assert_memory_equal(match.path, path, strlen(match.path));
	}
}

/* A path that does not fit names nothing, one byte less does. */
static void a_path_has_room_for_its_end(void **state)
{
	char text[CGROUP_PATH_MAX + 4], unit[NAME_SEGMENT_MAX + 1];
	struct cgroup_match match;

	(void)state;
	memset(text, 'x', sizeof text);
	memcpy(text, V2 "a.service/", strlen(V2 "a.service/"));
	assert_true(find(text, strlen("0::") + CGROUP_PATH_MAX - 1, unit, &match));
	assert_string_equal(match.path, "/system.slice/a.service");
	assert_false(find(text, strlen("0::") + CGROUP_PATH_MAX, unit, &match));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_is_judged_as_its_row_says),
		cmocka_unit_test(a_text_cut_short_names_no_other_place),
		cmocka_unit_test(a_path_has_room_for_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
