/* SPDX-License-Identifier: Apache-2.0 */
/* What holder gives to core when it asks for a key: files that root alone can have written and
 * nobody else reads, and no others. The test is core. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "holder/holder.h"

static struct holder holder;
static char directory[] = "/tmp/tacit-keys-XXXXXX";
static int core; /* its end of the channel */

static int set_up(void **state)
{
	int pair[2];

	(void)state;
	holder = (struct holder){ .credentials = directory };
	strcpy(directory + strlen(directory) - 6, "XXXXXX");
	assert_non_null(mkdtemp(directory));
	config_defaults(&holder.config);
	snprintf(holder.root, sizeof holder.root, "%s", directory);
	snprintf(holder.config.key_file, sizeof holder.config.key_file, "/tacit-key");
	assert_int_equal(frame_pair(pair, NULL), 0);
	holder.child[ROLE_CORE].channel = pair[0];
	core = pair[1];
	return 0;
}

static int tear_down(void **state)
{
	char command[64];

	(void)state;
	close(holder.child[ROLE_CORE].channel);
	close(core);
	snprintf(command, sizeof command, "rm -rf %s", directory);
	return system(command);
}

/* In a shell, in the directory: key file and credential have one path here. */
static void prepare(const char *text)
{
	char command[256];

	snprintf(command, sizeof command, "cd %s && rm -rf tacit-key && %s", directory, text);
	assert_int_equal(system(command), 0);
}

static struct frame_give ask(uint32_t source, bool create, int *fd)
{
	const struct frame_need_key need = { .source = source, .create = create };
	struct frame frame;

	assert_true(give_key(&holder, &need));
	assert_int_equal(frame_receive(core, ROLE_HOLDER, ROLE_CORE, &frame, NULL), 0);
	assert_int_equal(frame.type, FRAME_GIVE);
	assert_int_equal(frame.body.give.what, GIVE_KEY_FILE);
	assert_int_equal(frame.body.give.index, source);
	assert_int_equal(frame.fd < 0, frame.body.give.status < 0);
	*fd = frame.fd;
	return frame.body.give;
}

static void is_given(uint32_t source, const char *text)
{
	char read_text[64] = "";
	_close_ int fd = -1;

	assert_int_equal(ask(source, false, &fd).status, 0);
	assert_true(read(fd, read_text, sizeof read_text - 1) >= 0);
	assert_string_equal(read_text, text);
	assert_int_equal(write(fd, "x", 1), -1);
}

static void is_refused(uint32_t source, bool create, enum tacit_code code)
{
	_close_ int fd = -1;

	assert_int_equal(ask(source, create, &fd).status, -(int)code);
}

static void only_roots_own_files_are_given(void **state)
{
	static const struct {
		const char *prepare;
		enum tacit_code code;
	} rows[] = {
		{ "true", TACIT_NOT_FOUND },
		{ "echo key >tacit-key && chmod 0440 tacit-key", TACIT_DENIED },
		{ "echo key >tacit-key && chmod 0404 tacit-key", TACIT_DENIED },
		{ "echo key >tacit-key && chmod 0420 tacit-key", TACIT_DENIED },
		{ "echo key >tacit-key && chmod 0400 tacit-key && chown 65534 tacit-key",
			TACIT_DENIED },
		{ "mkdir -m 0700 tacit-key", TACIT_DENIED },
		{ "mkfifo -m 0400 tacit-key", TACIT_DENIED },
		{ "echo key >other && chmod 0400 other && ln -s other tacit-key", TACIT_IO },
	};

	(void)state;
	if (geteuid())
		skip();
	for (uint32_t source = KEY_FROM_FILE; source < KEY_SOURCES; source++) {
		for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
			prepare(rows[i].prepare);
			is_refused(source, false, rows[i].code);
		}
		prepare("printf key >tacit-key && chmod 0400 tacit-key");
		is_given(source, "key");
	}
}

static void a_key_file_is_made_once(void **state)
{
	_close_ int fd = -1;
	struct stat st;

	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(ask(KEY_FROM_FILE, true, &fd).status, 0);
	assert_int_equal(write(fd, "key", 3), 3);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0400);
	is_refused(KEY_FROM_FILE, true, TACIT_EXISTS);
	is_given(KEY_FROM_FILE, "key");
}

/* Left by a start that was cut short, or a full disk. */
static void an_empty_key_file_is_made_again(void **state)
{
	_close_ int fd = -1;

	(void)state;
	if (geteuid())
		skip();
	prepare("touch tacit-key && chmod 0400 tacit-key");
	assert_int_equal(ask(KEY_FROM_FILE, true, &fd).status, 0);
	assert_int_equal(write(fd, "key", 3), 3);
	is_given(KEY_FROM_FILE, "key");
	/* Another's, or none, stays what it is. */
	prepare("touch tacit-key && chmod 0400 tacit-key && chown 65534 tacit-key");
	is_refused(KEY_FROM_FILE, true, TACIT_EXISTS);
	prepare("ln -s other tacit-key");
	is_refused(KEY_FROM_FILE, true, TACIT_EXISTS);
}

static void a_credential_is_systemds(void **state)
{
	(void)state;
	if (geteuid())
		skip();
	prepare("printf key >tacit-key && chmod 0400 tacit-key");
	is_refused(KEY_FROM_CREDENTIAL, true, TACIT_INVALID);
	holder.credentials = NULL;
	is_refused(KEY_FROM_CREDENTIAL, false, TACIT_NOT_FOUND);
	holder.credentials = "credentials";
	is_refused(KEY_FROM_CREDENTIAL, false, TACIT_INVALID);
}

static void a_credential_is_named_and_no_path(void **state)
{
	static const char *const names[] = { "../tacit-key", "a/tacit-key", "/tacit-key", "..",
		".tacit-key" };

	(void)state;
	if (geteuid())
		skip();
	prepare("printf key >tacit-key && chmod 0400 tacit-key && mkdir a && cp -p tacit-key a && "
		"cp -p tacit-key .tacit-key");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(holder.config.credential, sizeof holder.config.credential, "%s", names[i]);
		is_refused(KEY_FROM_CREDENTIAL, false, TACIT_INVALID);
	}
}

static void there_is_no_other_source(void **state)
{
	const struct frame_need_key need = { .source = KEY_SOURCES };

	(void)state;
	assert_false(give_key(&holder, &need));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_roots_own_files_are_given),
		TEST(a_key_file_is_made_once),
		TEST(an_empty_key_file_is_made_again),
		TEST(a_credential_is_systemds),
		TEST(a_credential_is_named_and_no_path),
		TEST(there_is_no_other_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
