/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration: each name with what it takes and what it does not, and that nothing is
 * half-taken. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include <tacit/api.h>

#include "base/config.h"

#define W63 "w23456789012345678901234567890123456789012345678901234567890123"

/* In memory of exactly its size: a read beyond it is caught. */
static int parse(struct config *config, const char *text, size_t length, struct err *err)
{
	char *exact = malloc(length ? length : 1);
	int status;

	assert_non_null(exact);
	memcpy(exact, text, length);
	status = config_parse(config, exact, length, err);
	free(exact);
	return status;
}

static const struct {
	const char *text;
	const char *error; /* a part of it; NULL: taken */
} rows[] = {
	{ "", NULL },
	{ "\n\n", NULL },
	{ "# a comment", NULL },
	{ "threads 8", NULL },
	{ "threads 8\n", NULL },
	{ " \tthreads\t8 # eight\r\n", NULL },
	{ "threads 1\nkeep_versions 64\nresend no\nlog_level debug\n", NULL },
	{ "user " W63 "\n", NULL },
	{ "key_file /etc/k", NULL },
	{ "runtime_root /a/ID\nruntime_root /b/x-ID.scope\n", NULL },
	{ "engine none", NULL },
	{ "engine none # path-only", NULL },
	{ "engine /run/docker.sock\n", NULL },
	{ "engine /a\nengine /b\nengine none.sock\n", "line 3: 'engine' takes: the path" },
	{ "engine_user " W63 "\ngate_user g\n", NULL },
	{ "thread 8", "line 1: unknown name 'thread'" },
	{ "Threads 8", "line 1: unknown name" },
	{ "\n\nnonsense", "line 3: unknown name" },
	{ "threads", "line 1: 'threads' takes one value" },
	{ "threads # 8", "'threads' takes one value" },
	{ "threads 8 9", "'threads' takes one value" },
	{ "threads 0", "a number from 1 to 16" },
	{ "threads 17", "a number from 1 to 16" },
	{ "threads -1", "a number" },
	{ "threads +1", "a number" },
	{ "threads 4294967297", "a number" },
	{ "threads 99999999999999999999", "a number" },
	{ "threads 0x8", "a number" },
	{ "threads 8x", "a number" },
	{ "keep_versions 65", "a number from 1 to 64" },
	{ "threads 8\nthreads 8", "line 2: 'threads' is given twice" },
	{ "resend maybe", "yes or no" },
	{ "resend Yes", "yes or no" },
	{ "log_level loud", "error, warning, info or debug" },
	{ "key_file etc/k", "an absolute path" },
	{ "key_file none", "'key_file' takes: an absolute path" },
	{ "anchor none\naudit required\naudit_copy journald\n", NULL },
	{ "anchor /a\naudit best-effort\naudit_copy none\n", NULL },
	{ "anchor None", "an absolute path, or none" },
	{ "audit off", "'audit' takes: best-effort or required" },
	{ "audit_copy file", "'audit_copy' takes: none, syslog or journald" },
	{ "audit_dir audit", "an absolute path" },
	{ "audit_file_size 63", "a number from 64 to 1048576" },
	{ "audit_keep 0\naudit_keep 1", "line 2: 'audit_keep' is given twice" },
	{ "create_store perhaps", "yes or no" },
	{ "allow_swap 1", "yes or no" },
	{ "key_user " W63 "x", "at most 63 bytes" },
	{ "credential " W63 "x", "at most 63 bytes" },
	{ "user " W63 "x", "at most 63 bytes" },
	{ "engine_user a\nengine_user a", "line 2: 'engine_user' is given twice" },
	{ "gate_user " W63 "x", "at most 63 bytes" },
	{ "hook_user " W63 "\nrotator_user r\n", NULL },
	{ "hook_user " W63 "x", "at most 63 bytes" },
	{ "hook_debounce 0\n", NULL },
	{ "hook_debounce 60001", "a number from 0 to 60000" },
	{ "rotator_user a\nrotator_user a", "line 2: 'rotator_user' is given twice" },
	{ "engine", "'engine' takes one value" },
	{ "engine run/docker.sock", "the path of an engine's socket, or none" },
	{ "engine unix:///run/docker.sock", "the path of an engine's socket, or none" },
	{ "engine None", "the path of an engine's socket, or none" },
	{ "engine none\nengine none", "line 2: 'engine' takes: 'none' alone, or sockets" },
	{ "engine none\nthreads 2\nengine /a", "line 3: 'engine' takes: 'none' alone" },
	{ "engine /a\nengine none", "line 2: 'engine' takes: 'none' alone" },
	{ "runtime_root docker/ID", "a cgroup path" },
	{ "runtime_root /docker", "a cgroup path" },
	{ "runtime_root /ID/ID", "a cgroup path" },
	{ "runtime_root /IDID", "a cgroup path" },
	{ "runtime_root /ID/x", "a cgroup path" },
};

static void a_text_is_taken_as_its_row_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct config config, before;
		struct err err;
		int status;

		memset(&config, 0x55, sizeof config);
		before = config;
		status = parse(&config, rows[i].text, strlen(rows[i].text), &err);
		if (status != (rows[i].error ? -TACIT_INVALID : 0))
			fail_msg("row %zu: %s", i, status ? err.text : "taken");
		if (!rows[i].error)
			continue;
		if (!strstr(err.text, rows[i].error))
			fail_msg("row %zu: %s", i, err.text);
		assert_memory_equal(&config, &before, sizeof config);
		assert_true(parse(&config, rows[i].text, strlen(rows[i].text), NULL) < 0);
	}
}

static void values_are_where_they_belong(void **state)
{
	static const char text[] = "user u\napi_user a\noperators o\nkey_file /k\nthreads 16\n"
				   "keep_versions 1\nresend no\nlog_level error\n"
				   "engine_user e\ngate_user g\nengine /s/1\nengine /s/2\n"
				   "hook_user h\nrotator_user r\nhook_debounce 60000\n"
				   "key_user k\ncredential c\ncreate_store no\nanchor /n\n"
				   "audit required\naudit_dir /d\naudit_file_size 64\n"
				   "audit_keep 10000\naudit_copy syslog\nallow_swap yes\n"
				   "runtime_root /x/ID\nruntime_root /y-ID.scope";
	struct config config;

	(void)state;
	assert_int_equal(parse(&config, text, sizeof text - 1, NULL), 0);
	assert_string_equal(config.user, "u");
	assert_string_equal(config.api_user, "a");
	assert_string_equal(config.engine_user, "e");
	assert_string_equal(config.gate_user, "g");
	assert_string_equal(config.hook_user, "h");
	assert_string_equal(config.rotator_user, "r");
	assert_int_equal(config.hook_debounce, 60000);
	assert_int_equal(config.engine_count, 2);
	assert_string_equal(config.engines[0], "/s/1");
	assert_string_equal(config.engines[1], "/s/2");
	assert_string_equal(config.operators, "o");
	assert_string_equal(config.key_file, "/k");
	assert_string_equal(config.key_user, "k");
	assert_string_equal(config.credential, "c");
	assert_false(config.create_store);
	assert_string_equal(config.anchor, "/n");
	assert_true(config.audit_required);
	assert_string_equal(config.audit_dir, "/d");
	assert_int_equal(config.audit_file_size, 64);
	assert_int_equal(config.audit_keep, 10000);
	assert_int_equal(config.audit_copy, CONFIG_COPY_SYSLOG);
	assert_true(config.allow_swap);
	assert_int_equal(config.threads, 16);
	assert_int_equal(config.keep_versions, 1);
	assert_false(config.resend);
	assert_int_equal(config.log_level, LOG_LEVEL_ERROR);
	assert_int_equal(config.runtime_root_count, 2);
	assert_string_equal(config.runtime_roots[0], "/x/ID");
	assert_string_equal(config.runtime_roots[1], "/y-ID.scope");
}

/* The built-in values are values that the file could give: one that says them changes nothing. */
static void defaults_could_be_written_down(void **state)
{
	struct config defaults, parsed;
	char text[4096];
	int length;

	(void)state;
	config_defaults(&defaults);
	length = snprintf(text, sizeof text,
		"user %s\napi_user %s\noperators %s\nkey_file %s\nthreads %u\nkeep_versions %u\n"
		"resend %s\nlog_level info\nengine_user %s\ngate_user %s\nhook_user %s\n"
		"rotator_user %s\nhook_debounce %u\nkey_user %s\ncredential %s\n"
		"create_store yes\nanchor %s\naudit best-effort\naudit_dir %s\n"
		"audit_file_size %u\naudit_keep %u\naudit_copy none\nallow_swap no\n",
		defaults.user, defaults.api_user, defaults.operators, defaults.key_file,
		defaults.threads, defaults.keep_versions, defaults.resend ? "yes" : "no",
		defaults.engine_user, defaults.gate_user, defaults.hook_user, defaults.rotator_user,
		defaults.hook_debounce, defaults.key_user, defaults.credential, defaults.anchor,
		defaults.audit_dir, defaults.audit_file_size, defaults.audit_keep);
	for (size_t i = 0; i < defaults.runtime_root_count; i++)
		length += snprintf(text + length, sizeof text - (size_t)length, "runtime_root %s\n",
			defaults.runtime_roots[i]);
	for (size_t i = 0; i < defaults.engine_count; i++)
		length += snprintf(text + length, sizeof text - (size_t)length, "engine %s\n",
			defaults.engines[i]);
	assert_int_equal(parse(&parsed, text, (size_t)length, NULL), 0);
	assert_memory_equal(&parsed, &defaults, sizeof defaults);
	assert_int_equal(parse(&parsed, "", 0, NULL), 0);
	assert_memory_equal(&parsed, &defaults, sizeof defaults);
}

static void roots_have_a_bound(void **state)
{
	char text[2048], root[256];
	struct config config;
	struct err err;
	size_t length = 0;

	(void)state;
	for (int i = 0; i < CONFIG_ROOTS_MAX; i++)
		length += (size_t)snprintf(
			text + length, sizeof text - length, "runtime_root /%d/ID\n", i);
	assert_int_equal(parse(&config, text, length, &err), 0);
	assert_int_equal(config.runtime_root_count, CONFIG_ROOTS_MAX);
	length += (size_t)snprintf(text + length, sizeof text - length, "runtime_root /x/ID\n");
	assert_int_equal(parse(&config, text, length, &err), -TACIT_INVALID);
	assert_non_null(strstr(err.text, "at most 16"));
	for (int room = CONFIG_ROOT_MAX - 1; room <= CONFIG_ROOT_MAX; room++) {
		length = (size_t)snprintf(root, sizeof root, "runtime_root /%0*dID", room - 3, 0);
		assert_int_equal(parse(&config, root, length, &err),
			room < CONFIG_ROOT_MAX ? 0 : -TACIT_INVALID);
	}
}

static void engines_have_a_bound(void **state)
{
	char text[2048], line[256];
	struct config config;
	struct err err;
	size_t length = 0;

	(void)state;
	for (int i = 0; i < CONFIG_ENGINES_MAX; i++)
		length += (size_t)snprintf(
			text + length, sizeof text - length, "engine /run/%d.sock\n", i);
	assert_int_equal(parse(&config, text, length, &err), 0);
	assert_int_equal(config.engine_count, CONFIG_ENGINES_MAX);
	assert_string_equal(config.engines[CONFIG_ENGINES_MAX - 1], "/run/7.sock");
	length += (size_t)snprintf(text + length, sizeof text - length, "engine /x\n");
	assert_int_equal(parse(&config, text, length, &err), -TACIT_INVALID);
	assert_non_null(strstr(err.text, "at most 8"));
	/* As long as the kernel's sun_path, with its NUL. */
	for (int room = CONFIG_ENGINE_MAX; room <= CONFIG_ENGINE_MAX + 1; room++) {
		length = (size_t)snprintf(line, sizeof line, "engine /%0*d", room - 1, 0);
		assert_int_equal(parse(&config, line, length, &err),
			room <= CONFIG_ENGINE_MAX ? 0 : -TACIT_INVALID);
	}
	assert_int_equal(
		CONFIG_ENGINE_MAX + 1, sizeof((struct sockaddr_un){ AF_UNIX, "" }).sun_path);
}

/* "none" is the empty list, and not the built-in one. */
static void no_engine_is_a_choice(void **state)
{
	struct config config;

	(void)state;
	assert_int_equal(parse(&config, "threads 2", 9, NULL), 0);
	assert_true(config.engine_count > 0);
	assert_int_equal(parse(&config, "engine none", 11, NULL), 0);
	assert_int_equal(config.engine_count, 0);
}

static void what_is_not_text_is_refused(void **state)
{
	char line[1100];
	struct config config;
	struct err err;

	(void)state;
	assert_int_equal(parse(&config, "threads 8\0\n", 11, &err), -TACIT_INVALID);
	assert_int_equal(parse(&config, "\0", 1, &err), -TACIT_INVALID);
	memset(line, 'x', sizeof line);
	line[0] = '#';
	assert_int_equal(parse(&config, line, 1023, &err), 0);
	assert_int_equal(parse(&config, line, 1024, &err), -TACIT_INVALID);
	assert_non_null(strstr(err.text, "line 1"));
	line[0] = '\xff';
	assert_int_equal(parse(&config, line, 100, &err), -TACIT_INVALID);
	assert_true(strlen(err.text) < 100); /* not all of a line that is off is said again */
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void a_file_is_read_below_its_root(void **state)
{
	const char *base = getenv("TMPDIR");
	char root[128], dir[160], path[200];
	struct config config, defaults;
	struct err err;

	(void)state;
	snprintf(root, sizeof root, "%s/tacit-test-XXXXXX", base ? base : P_tmpdir);
	assert_non_null(mkdtemp(root));
	config_defaults(&defaults);
	assert_int_equal(config_read(&config, root, &err), 0);
	assert_memory_equal(&config, &defaults, sizeof defaults);
	snprintf(dir, sizeof dir, "%s/etc", root);
	assert_int_equal(mkdir(dir, 0700), 0);
	snprintf(dir, sizeof dir, "%s/etc/tacit", root);
	assert_int_equal(mkdir(dir, 0700), 0);
	snprintf(path, sizeof path, "%s%s", root, TACIT_CONFIG_PATH);
	write_file(path, "threads 2\n");
	assert_int_equal(config_read(&config, root, &err), 0);
	assert_int_equal(config.threads, 2);
	write_file(path, "threads 2\nnonsense 1\n");
	assert_int_equal(config_read(&config, root, &err), -TACIT_INVALID);
	assert_non_null(strstr(err.text, path));
	assert_non_null(strstr(err.text, "line 2"));
	assert_int_equal(config.threads, 2);
	unlink(path);
	assert_int_equal(
		symlink("/dev/null", path), 0); /* its place is not somebody else's choice */
	assert_true(config_read(&config, root, &err) < 0);
	unlink(path);
	rmdir(dir);
	snprintf(dir, sizeof dir, "%s/etc", root);
	rmdir(dir);
	assert_int_equal(rmdir(root), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_is_taken_as_its_row_says),
		cmocka_unit_test(values_are_where_they_belong),
		cmocka_unit_test(defaults_could_be_written_down),
		cmocka_unit_test(roots_have_a_bound),
		cmocka_unit_test(engines_have_a_bound),
		cmocka_unit_test(no_engine_is_a_choice),
		cmocka_unit_test(what_is_not_text_is_refused),
		cmocka_unit_test(a_file_is_read_below_its_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
