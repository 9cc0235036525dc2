/* SPDX-License-Identifier: Apache-2.0 */
/* Which container a /proc/PID/cgroup speaks of: by rows, what engines write and what somebody who
 * wants to be taken for a container could. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/identity/cgroup.h"

#define A "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define B "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define A63 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"
#define A_UPPER "0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF"
#define V1_NOWHERE "9:name=systemd:/\n8:pids:/\n4:memory:/some/service\n"

static const struct {
	const char *why;
	const char *text;
	const char *id;   /* NULL: no container */
	const char *path; /* of the container's cgroup */
	const char *controller;
} rows[] = {
	{ "docker, cgroupfs", "0::/docker/" A "\n", A, "/docker/" A, "" },
	{ "no newline at the end", "0::/docker/" A, A, "/docker/" A, "" },
	{ "docker, systemd", "0::/system.slice/docker-" A ".scope\n", A,
		"/system.slice/docker-" A ".scope", "" },
	{ "podman, systemd", "0::/machine.slice/libpod-" A ".scope/container\n", A,
		"/machine.slice/libpod-" A ".scope", "" },
	{ "podman, cgroupfs", "0::/libpod_parent/libpod-" A "\n", A, "/libpod_parent/libpod-" A,
		"" },
	{ "docker, hybrid", V1_NOWHERE "0::/docker/" A "\n", A, "/docker/" A, "" },
	{ "docker, v1", "4:memory:/docker/" A "\n3:cpu,cpuacct:/docker/" A "\n0::/\n", A,
		"/docker/" A, "memory" },
	{ "v1, two controllers in one line", "3:cpu,cpuacct:/docker/" A "\n", A, "/docker/" A,
		"cpu,cpuacct" },
	{ "v1, a hierarchy with a name", "1:name=systemd:/docker/" A "\n0::/\n", A, "/docker/" A,
		"systemd" },
	{ "v1, and not every hierarchy", "4:memory:/docker/" A "\n8:pids:/\n", A, "/docker/" A,
		"memory" },
	{ "v2 is preferred", "4:memory:/docker/" A "\n0::/system.slice/docker-" A ".scope\n", A,
		"/system.slice/docker-" A ".scope", "" },
	{ "v2 is preferred, whatever the order",
		"0::/system.slice/docker-" A ".scope\n4:memory:/docker/" A "\n", A,
		"/system.slice/docker-" A ".scope", "" },
	{ "below the container's cgroup", "0::/docker/" A "/init.scope\n", A, "/docker/" A, "" },
	{ "docker in docker: the outer one", "0::/docker/" A "/docker/" B "\n", A, "/docker/" A,
		"" },
	{ "systemd's docker in docker", "0::/docker/" A "/system.slice/docker-" B ".scope\n", A,
		"/docker/" A, "" },
	{ "odd names below it", "0::/docker/" A "/a:b c\\040/:\n", A, "/docker/" A, "" },

	{ "a run", "0::/tacit/" A "\n", A, "/tacit/" A, "" },
	{ "a run, v1", "1:name=systemd:/tacit/" A "\n8:pids:/\n0::/\n", A, "/tacit/" A, "systemd" },
	{ "a run, hybrid, and below it", "1:name=systemd:/tacit/" A "\n0::/tacit/" A "/docker/" B "\n",
		A, "/tacit/" A, "" },
	{ "a run that is a container, too", "1:name=systemd:/docker/" A "\n0::/tacit/" A "\n", NULL,
		NULL, NULL },
	{ "a run within another directory", "0::/user.slice/tacit/" A "\n", NULL, NULL, NULL },
	{ "the directory of runs", "0::/tacit\n", NULL, NULL, NULL },

	{ "no line", "", NULL, NULL, NULL },
	{ "empty lines", "\n\n", NULL, NULL, NULL },
	{ "the host", "0::/\n", NULL, NULL, NULL },
	{ "a service of the host", "0::/system.slice/ssh.service\n", NULL, NULL, NULL },
	{ "the host, hybrid", V1_NOWHERE "0::/\n", NULL, NULL, NULL },
	{ "an unprivileged user's own",
		"0::/user.slice/user-1000.slice/user@1000.service/docker-" A ".scope\n", NULL, NULL,
		NULL },
	{ "an unprivileged user's own, deep",
		"0::/user.slice/user-1000.slice/user@1000.service/app.slice/docker/" A "\n", NULL,
		NULL, NULL },
	{ "rootless podman",
		"0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" A ".scope\n",
		NULL, NULL, NULL },
	{ "another service's", "0::/system.slice/x.service/docker/" A "\n", NULL, NULL, NULL },
	{ "v2 knows better than v1",
		"4:memory:/docker/" A "\n0::/user.slice/user-1000.slice/session-1.scope\n", NULL,
		NULL, NULL },
	{ "v2 knows better than v1, whatever the order",
		"0::/user.slice/user-1000.slice/session-1.scope\n4:memory:/docker/" A "\n", NULL,
		NULL, NULL },
	{ "two containers", "4:memory:/docker/" A "\n0::/docker/" B "\n", NULL, NULL, NULL },
	{ "two containers, in v1", "4:memory:/docker/" A "\n3:cpu:/docker/" B "\n0::/\n", NULL,
		NULL, NULL },
	{ "outside of our namespace", "0::/../docker/" A "\n", NULL, NULL, NULL },
	{ "removed", "0::/docker/" A " (deleted)\n", NULL, NULL, NULL },
	{ "63 digits", "0::/docker/" A63 "\n", NULL, NULL, NULL },
	{ "63 digits and a slash", "0::/docker/" A63 "/\n", NULL, NULL, NULL },
	{ "65 digits", "0::/docker/" A "0\n", NULL, NULL, NULL },
	{ "capital digits", "0::/docker/" A_UPPER "\n", NULL, NULL, NULL },
	{ "no digit", "0::/docker/" A63 "g\n", NULL, NULL, NULL },
	{ "a space before", "0:: /docker/" A "\n", NULL, NULL, NULL },
	{ "a space after", "0::/docker/" A " \n", NULL, NULL, NULL },
	{ "a colon before", "0:::/docker/" A "\n", NULL, NULL, NULL },
	{ "two slashes", "0::/docker//" A "\n", NULL, NULL, NULL },
	{ "nothing before", "0::docker/" A "\n", NULL, NULL, NULL },
	{ "a prefix of the same length", "0::/rocket/" A "\n", NULL, NULL, NULL },
	{ "another prefix", "0::/docker2/" A "\n", NULL, NULL, NULL },
	{ "the directory of containers", "0::/docker\n", NULL, NULL, NULL },
	{ "no suffix", "0::/system.slice/docker-" A "\n", NULL, NULL, NULL },
	{ "another suffix", "0::/system.slice/docker-" A ".service\n", NULL, NULL, NULL },
	{ "more than the suffix", "0::/system.slice/docker-" A ".scope2\n", NULL, NULL, NULL },
	{ "one colon", "0:/docker/" A "\n", NULL, NULL, NULL },
	{ "no colon", "/docker/" A "\n", NULL, NULL, NULL },
	{ "a good line and one that is none", "0::/docker/" A "\nx\n", NULL, NULL, NULL },
	{ "an unfinished name", "1:name=", NULL, NULL, NULL },
	{ "a short name, to the last byte", "1:n:", NULL, NULL, NULL },
};

/* In memory of exactly its size: a read beyond it is caught. */
static bool match(const char *text, size_t length, struct cgroup_match *found)
{
	char *exact = malloc(length ? length : 1);
	struct config config;
	bool matched;

	assert_non_null(exact);
	memcpy(exact, text, length);
	config_defaults(&config);
	matched = cgroup_match_text(&config, exact, length, found);
	free(exact);
	return matched;
}

static void a_text_is_judged_as_its_row_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct cgroup_match found = { 0 };
		bool matched = match(rows[i].text, strlen(rows[i].text), &found);

		if (matched != (rows[i].id != NULL))
			fail_msg("%s: %s", rows[i].why, matched ? found.path : "no container");
		if (!matched)
			continue;
		assert_string_equal(found.id, rows[i].id);
		assert_string_equal(found.path, rows[i].path);
		assert_string_equal(found.controller, rows[i].controller);
		assert_int_equal(found.unified, !*rows[i].controller);
		assert_int_equal(found.run, !strncmp(found.path, "/tacit/", 7));
	}
}

/* Who is in no container, and yet in one by some hierarchy, is nobody; a process of the host is. */
static void a_contradiction_is_not_the_host(void **state)
{
	static const struct {
		const char *text;
		bool mentions;
	} texts[] = {
		{ "0::/docker/" A "\n", true },
		{ "4:memory:/docker/" A "\n0::/system.slice/docker.service\n", true },
		{ "0::/system.slice/docker.service\n4:memory:/docker/" A, true },
		{ "4:memory:/docker/" A "\n0::/docker/" B "\n", true },
		{ "x\n\n4:memory:/docker/" A "\n", true },
		{ "", false },
		{ "\n\n", false },
		{ "x\n:\n::\n:::\n", false },
		{ "0::/\n", false },
		{ V1_NOWHERE "0::/system.slice/ssh.service\n", false },
		{ "0::/user.slice/user-1000.slice/user@1000.service/docker-" A ".scope\n", false },
		{ "0::/docker/" A63 "\n", false },
	};
	struct config config;

	(void)state;
	config_defaults(&config);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (cgroup_mentions(&config, texts[i].text, strlen(texts[i].text)) !=
			texts[i].mentions)
			fail_msg("%s", texts[i].text);
}

/* A text that was cut off anywhere names no container, or the one it names when whole. */
static void a_text_cut_short_names_nobody_else(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (size_t length = 0; length < strlen(rows[i].text); length++) {
			struct cgroup_match found = { 0 };

			if (match(rows[i].text, length, &found))
				assert_true(!strcmp(found.id, A) && length >= strlen(A));
		}
}

static void only_lowercase_digits_make_an_id(void **state)
{
	char text[] = "0::/docker/" A "\n";
	size_t at = strlen("0::/docker/");

	(void)state;
	for (int byte = 0; byte < 256; byte++) {
		struct cgroup_match found;
		bool digit = byte && strchr("0123456789abcdef", byte);

		if (byte == '\n')
			continue;
		text[at] = (char)byte;
		text[at + 63] = (char)byte;
		if (match(text, strlen("0::/docker/" A "\n"), &found) != digit)
			fail_msg("byte %d", byte);
	}
}

static void long_texts_are_read_to_the_end(void **state)
{
	enum { LINES = 20000 };
	static const char line[] = "7:blkio:/some/service\n", last[] = "0::/docker/" A "\n";
	size_t length = LINES * (sizeof line - 1) + sizeof last - 1;
	char *text = malloc(length);
	struct cgroup_match found;

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < LINES; i++)
		memcpy(text + i * (sizeof line - 1), line, sizeof line - 1);
	memcpy(text + length - (sizeof last - 1), last, sizeof last - 1);
	assert_true(match(text, length, &found));
	assert_string_equal(found.id, A);
	memset(text, 'a', length);
	assert_false(match(text, length, &found));
	memset(text, ':', length);
	assert_false(match(text, length, &found));
	memset(text, '/', length);
	memcpy(text, "0::", 3);
	assert_false(match(text, length, &found));
	free(text);
}

/* A path that does not fit is no container, one byte less is. */
static void a_path_has_room_for_its_end(void **state)
{
	char path[CGROUP_PATH_MAX + 1];
	struct config config;
	struct cgroup_match found;

	(void)state;
	config_defaults(&config);
	memset(path, 'x', sizeof path);
	memcpy(path, "/docker/" A "/", strlen("/docker/" A "/"));
	assert_true(cgroup_match_path(&config, path, CGROUP_PATH_MAX - 1, &found));
	assert_string_equal(found.path, "/docker/" A);
	assert_false(cgroup_match_path(&config, path, CGROUP_PATH_MAX, &found));
}

static void the_roots_are_the_configured_ones(void **state)
{
	static const char text[] = "runtime_root /kubepods/pod-ID.slice\n";
	static const char inside[] = "0::/kubepods/pod-" A ".slice/x\n";
	static const char docker[] = "0::/docker/" A "\n";
	struct config config;
	struct cgroup_match found;

	(void)state;
	assert_int_equal(config_parse(&config, text, sizeof text - 1, NULL), 0);
	assert_true(cgroup_match_text(&config, inside, sizeof inside - 1, &found));
	assert_string_equal(found.path, "/kubepods/pod-" A ".slice");
	assert_false(cgroup_match_text(&config, docker, sizeof docker - 1, &found));
	config.runtime_root_count = 0;
	assert_false(cgroup_match_text(&config, inside, sizeof inside - 1, &found));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_is_judged_as_its_row_says),
		cmocka_unit_test(a_contradiction_is_not_the_host),
		cmocka_unit_test(a_text_cut_short_names_nobody_else),
		cmocka_unit_test(only_lowercase_digits_make_an_id),
		cmocka_unit_test(long_texts_are_read_to_the_end),
		cmocka_unit_test(a_path_has_room_for_its_end),
		cmocka_unit_test(the_roots_are_the_configured_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
