/* SPDX-License-Identifier: Apache-2.0 */
/* The access file: each statement and option by rows, what is refused and with which line, and that
 * what is written is read back the same, for statements made at random. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/access.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/names.h"

#define DAY_NS (86400 * UINT64_C(1000000000))
#define X63 "x23456789012345678901234567890123456789012345678901234567890123"
#define X55 "x2345678901234567890123456789012345678901234567890123455"
#define X127 X63 "-" X63
#define SHA "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define G "grant a container/web"

/* In memory of exactly its size: a read beyond it is caught. */
static int parse(const char *text, size_t length, struct access_statement **list, size_t *count,
	struct err *err)
{
	_free_ char *exact = malloc(length ? length : 1);

	assert_non_null(exact);
	memcpy(exact, text, length);
	return access_parse(exact, length, list, count, err);
}

/* Lines as they were read and as they are written. */
static const struct {
	const char *text;
	const char *written; /* NULL: the same */
} rows[] = {
	{ "grant db_password compose/shop/web\n", NULL },
	{ "grant tls/cert.pem container/web\n", NULL },
	{ "grant a unit/nginx.service\n", NULL },
	{ "grant a user/1000\n", NULL },
	{ G " as=password\n", NULL },
	{ G " as=.pgpass\n", NULL },
	{ G " as=a\n", G "\n" },
	{ "grant tls/cert container/web as=cert\n", "grant tls/cert container/web\n" },
	{ G " uid=0 gid=4294967294\n", NULL },
	{ G " mode=0440\n", NULL },
	{ G " mode=440\n", G " mode=0440\n" },
	{ G " mode=0004\n", NULL },
	{ G " mode=0400\n", G "\n" },
	{ G " expires=2026-12-31T00:00:00Z\n", NULL },
	{ G " expires=2200-12-31T23:59:59.999999999Z\n", NULL },
	{ G " expires=1970-01-01T00:00:00.000000001Z\n", NULL },
	{ G " expires=2028-02-29T12:30:15.5Z\n", NULL },
	{ G " expires=2028-02-29T12:30:15.500Z\n", G " expires=2028-02-29T12:30:15.5Z\n" },
	{ G " expires=2028-02-29T12:30:15.000Z\n", G " expires=2028-02-29T12:30:15Z\n" },
	{ G " reads=1\n", NULL },
	{ G " reads=1000000\n", NULL },
	{ G " version=9223372036854775807\n", NULL },
	{ G " newline\n", NULL },
	{ G " main-process\n", NULL },
	{ G " main-process newline version=3 reads=2 expires=2026-12-31T00:00:00Z mode=0444"
	    " gid=7 uid=5 as=b\n",
		G " as=b uid=5 gid=7 mode=0444 expires=2026-12-31T00:00:00Z reads=2 version=3"
		  " newline main-process\n" },
	{ "grant tls/cert container/web as=tls/cert\n", NULL },
	{ "grant a container/web as=tls/cert newline main-process on-rotate=signal:HUP\n", NULL },
	{ G " on-rotate=signal:HUP\n", NULL },
	{ G " on-rotate=signal:WINCH\n", NULL },
	{ G " on-rotate=restart\n", NULL },
	{ G " on-rotate=exec:" X63 "\n", NULL },
	{ G " on-rotate=exec:reload with-previous uid=5\n",
		G " uid=5 with-previous on-rotate=exec:reload\n" },
	{ "grant a unit/nginx.service on-rotate=exec:reload\n", NULL },
	{ "bind compose/shop/web image=nginx:1.25\n", NULL },
	{ "bind container/web image=" SHA "\n", NULL },
	{ "bind container/web label=a=b=c\n", NULL },
	{ "bind container/web label=a=#b\n", NULL },
	{ "bind container/web image=b image=a label=x=\n",
		"bind container/web image=a\nbind container/web image=b\n"
		"bind container/web label=x=\n" },
	{ "freeze container/legacy\n", NULL },
	{ "freeze unit/nginx.service\n", NULL },
	{ "freeze user/1000\n", NULL },
	{ "", "" },
	{ "\n \n\t\n\r\n# nothing\n  #nothing\n#", "" },
	{ " \tgrant\ta  container/web\tnewline # new=line\r\n", G " newline\n" },
	{ G " #as=b\n", G "\n" },
	{ G, G "\n" },
	{ "freeze container/bb\ngrant z container/bb\nbind container/bb image=x\ngrant b "
	  "container/bb\n"
	  "grant y container/aa",
		"grant y container/aa\ngrant b container/bb\ngrant z container/bb\n"
		"bind container/bb image=x\nfreeze container/bb\n" },
	{ "grant a compose/" X127 "/" X63 "\n", NULL },
};

static void assert_written(const char *text, const char *wanted)
{
	_free_ struct access_statement *list = NULL;
	char written[8192] = "";
	size_t count;
	struct err err = { .text = "" };

	if (parse(text, strlen(text), &list, &count, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	for (size_t i = 0; i < count; i++) {
		char line[ACCESS_LINE_MAX];

		assert_int_equal(access_check(&list[i], NULL), 0);
		assert_true(!i || access_compare(&list[i - 1], &list[i]) < 0);
		access_format(&list[i], line);
		strcat(written, line);
	}
	assert_string_equal(written, wanted);
}

static void what_is_read_is_written_the_shortest_way(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *written = rows[i].written ? rows[i].written : rows[i].text;

		assert_written(rows[i].text, written);
		assert_written(written, written);
	}
}

static void fields_are_where_they_belong(void **state)
{
	static const char text[] =
		"grant db/pw compose/shop/web as=p uid=1 gid=2 mode=0040 reads=3 "
		"version=4 newline main-process on-rotate=signal:HUP "
		"expires=1970-01-02T00:00:00.000000005Z\n"
		"bind compose/shop/web image=nginx\nfreeze compose/shop/web";
	_free_ struct access_statement *list = NULL;
	size_t count;

	(void)state;
	assert_int_equal(parse(text, sizeof text - 1, &list, &count, NULL), 0);
	assert_int_equal(count, 3);
	assert_int_equal(list[0].kind, ACCESS_GRANT);
	assert_string_equal(list[0].secret, "db/pw");
	assert_string_equal(list[0].consumer, "compose/shop/web");
	assert_string_equal(list[0].file, "p");
	assert_string_equal(list[0].rule, "");
	assert_int_equal(list[0].uid, 1);
	assert_int_equal(list[0].gid, 2);
	assert_int_equal(list[0].mode, 040);
	assert_int_equal(list[0].reads, 3);
	assert_int_equal(list[0].version, 4);
	assert_int_equal(list[0].flags, GRANT_NEWLINE | GRANT_MAIN_PROCESS);
	assert_string_equal(list[0].on_rotate, "signal:HUP");
	assert_true(list[0].expires_ns == DAY_NS + 5);
	assert_int_equal(list[1].kind, ACCESS_BIND);
	assert_string_equal(list[1].rule, "image=nginx");
	assert_int_equal(list[1].uid, 0);
	assert_int_equal(list[1].mode, 0);
	assert_int_equal(list[2].kind, ACCESS_FREEZE);
	assert_string_equal(list[2].rule, "");
	free(list);
	assert_int_equal(parse(G, strlen(G), &list, &count, NULL), 0);
	assert_int_equal(list[0].uid, GRANT_READER);
	assert_int_equal(list[0].gid, GRANT_READER);
	assert_int_equal(list[0].mode, GRANT_MODE_DEFAULT);
	assert_string_equal(list[0].file, "a");
}

static const struct {
	const char *text;
	const char *error; /* the beginning of it */
} refused[] = {
	{ "revoke a container/web", "line 1: a line begins with grant, bind or freeze" },
	{ "Grant a container/web", "line 1: a line begins" },
	{ "\xef\xbb\xbf" G, "line 1: a line begins" },
	{ "\n\n" G " x", "line 3: a grant's options are" },
	{ "grant", "line 1: a grant is:" },
	{ "grant a", "line 1: a grant is:" },
	{ "grant a # container/web", "line 1: a grant is:" },
	{ "grant .a container/web", "line 1: a segment of a secret's name" },
	{ "grant a/../b container/web", "line 1: a segment" },
	{ "grant a container", "line 1: a container consumer has" },
	{ "grant a self", "line 1: 'self' is whoever reads" },
	{ "grant a user/01", "line 1: name 1 of this consumer" },
	{ "grant " X63 X63 X63 X63 X63 " container/web", "line 1: a word has at most 255 bytes" },
	{ "grant a container/" X63 X63 X63 X63, "line 1: a word has at most 255 bytes" },
	{ G " as", "line 1: a grant's options are" },
	{ G " as=", "line 1: a file name is" },
	{ G " as=a/b/c", "line 1: a file name is" },
	{ G " as=/b", "line 1: a file name is" },
	{ G " as=b/", "line 1: a file name is" },
	{ G " as=a/b reads=1", "line 1: a file in a folder is of a bundle" },
	{ G " as=a/b version=1", "line 1: a file in a folder is" },
	{ G " with-previous as=a/b", "line 1: a file in a folder is" },
	{ G " on-rotate", "line 1: a grant's options are" },
	{ G " on-rotate=", "line 1: on-rotate is signal:NAME, restart or exec:PROGRAM" },
	{ G " on-rotate=reload", "line 1: on-rotate is" },
	{ G " on-rotate=restart:", "line 1: on-rotate is" },
	{ G " on-rotate=restart:now", "line 1: on-rotate is" },
	{ G " on-rotate=signal", "line 1: on-rotate is" },
	{ G " on-rotate=signal:KILL", "line 1: a signal is HUP, INT," },
	{ G " on-rotate=signal:hup", "line 1: a signal is" },
	{ G " on-rotate=signal:1", "line 1: a signal is" },
	{ G " on-rotate=signal:", "line 1: a signal is" },
	{ G " on-rotate=exec:", "line 1: a program's name is" },
	{ G " on-rotate=exec:/bin/sh", "line 1: a program's name is" },
	{ G " on-rotate=exec:../sh", "line 1: a program's name is" },
	{ G " on-rotate=exec:a/b", "line 1: a program's name is" },
	{ G " on-rotate=exec:x" X63, "line 1: a program's name is" },
	{ G " on-rotate=restart on-rotate=restart", "line 1: 'on-rotate' is given twice" },
	{ "grant a unit/nginx.service on-rotate=restart", "line 1: containers are signalled" },
	{ "grant a user/0 on-rotate=signal:HUP", "line 1: containers are signalled" },
	{ G " as=..", "line 1: a file name is" },
	{ G " as=x" X63, "line 1: a file name, with its folder, has at most 63" },
	{ G " As=b", "line 1: a grant's options are" },
	{ G " newline=1", "line 1: a grant's options are" },
	{ G " newline=", "line 1: a grant's options are" },
	{ G " =1", "line 1: a grant's options are" },
	{ G " secret=b", "line 1: a grant's options are" },
	{ G " uid=", "line 1: uid and gid are from 0 to 4294967294" },
	{ G " uid=-1", "line 1: uid and gid are" },
	{ G " uid=+1", "line 1: uid and gid are" },
	{ G " uid=01", "line 1: uid and gid are" },
	{ G " uid=0x1", "line 1: uid and gid are" },
	{ G " gid=4294967295", "line 1: uid and gid are" },
	{ G " gid=18446744073709551617", "line 1: uid and gid are" },
	{ G " mode=", "line 1: mode is 3 or 4 octal digits" },
	{ G " mode=44", "line 1: mode is" },
	{ G " mode=00440", "line 1: mode is" },
	{ G " mode=0480", "line 1: mode is" },
	{ G " mode=0000", "line 1: a mode has no bits but 0444" },
	{ G " mode=0600", "line 1: a mode has no bits but 0444" },
	{ G " mode=4400", "line 1: a mode has no bits but 0444" },
	{ G " reads=0", "line 1: reads is from 1 to 1000000" },
	{ G " reads=1000001", "line 1: reads is" },
	{ G " reads=1e3", "line 1: reads is" },
	{ G " version=0", "line 1: version is a number from 1" },
	{ G " version=9223372036854775808", "line 1: version is" },
	{ G " version=18446744073709551617", "line 1: version is" },
	{ G " expires=", "line 1: a time is RFC 3339" },
	{ G " expires=2h", "line 1: a time is" },
	{ G " expires=2026-12-31", "line 1: a time is" },
	{ G " expires=2026-12-31T00:00:00", "line 1: a time is" },
	{ G " expires=1970-01-01T00:00:00Z", "line 1: a grant expires after" },
	{ G " uid=1 uid=1", "line 1: 'uid' is given twice" },
	{ G " newline newline", "line 1: 'newline' is given twice" },
	{ "bind container/web", "line 1: a binding is:" },
	{ "bind container/web #image=a", "line 1: a binding is:" },
	{ "bind container/web nginx", "line 1: a rule is image=" },
	{ "bind container/web image=a nginx", "line 1: a rule is image=" },
	{ "bind container/web label=a=" X127 X127 X127, "line 1: a word has at most 383 bytes" },
	{ "grant a unit/nginx.service reads=1", "line 1: reads are counted" },
	{ "grant a user/0 main-process", "line 1: reads are counted" },
	{ "bind unit/nginx.service image=a", "line 1: a unit or a user is known from the kernel" },
	{ "bind user/0 label=a=b", "line 1: a unit or a user is known from the kernel" },
	{ "bind self image=a", "line 1: 'self' is" },
	{ "freeze", "line 1: a freezing is: freeze CONSUMER" },
	{ "freeze container/aa container/bb", "line 1: a freezing is:" },
	{ "freeze a", "line 1: a consumer is" },
	{ "freeze self", "line 1: 'self' is" },
	{ G "\n\n" G "\n", "line 3: speaks of the same as line 1" },
	/* One file, two secrets. */
	{ "grant b container/web as=a\n" G "\n", "line 2: speaks of the same as line 1" },
	{ "freeze container/aa\nfreeze container/bb\nfreeze container/aa",
		"line 3: speaks of the same as line 1" },
	{ "bind container/bb image=a image=a", "line 1: speaks of the same as line 1" },
	{ "bind container/bb image=1 image=2 image=3 image=4\n"
	  "bind container/bb image=5 image=6 image=7 image=8\nbind container/bb image=9",
		"line 3: a consumer has at most 8 rules" },
};

static void what_is_refused_says_its_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		struct access_statement *list = (void *)rows;
		size_t count = 77;
		struct err err = { .text = "" };
		int status = parse(refused[i].text, strlen(refused[i].text), &list, &count, &err);

		if (status != -TACIT_INVALID ||
			strncmp(err.text, refused[i].error, strlen(refused[i].error)) != 0)
			fail_msg("%s: %d \"%s\", wanted \"%s\"", refused[i].text, status, err.text,
				refused[i].error);
		assert_int_equal(err.code, TACIT_INVALID);
		assert_ptr_equal(list, rows);
		assert_int_equal(count, 77);
		assert_int_equal(
			parse(refused[i].text, strlen(refused[i].text), &list, &count, NULL),
			-TACIT_INVALID);
	}
}

static void eight_rules_of_each_consumer_are_taken(void **state)
{
	char text[1024] = "";
	_free_ struct access_statement *list = NULL;
	size_t count;

	(void)state;
	for (char consumer = 'a'; consumer <= 'c'; consumer++)
		for (int i = 0; i < BINDING_RULES_MAX; i++)
			sprintf(text + strlen(text), "bind container/x%c image=%d\n", consumer, i);
	assert_int_equal(parse(text, strlen(text), &list, &count, NULL), 0);
	assert_int_equal(count, 3 * BINDING_RULES_MAX);
}

/* They go over a channel as they lie in memory. */
static void a_rule_has_nothing_of_the_one_before_it(void **state)
{
	static const char text[] = "bind container/web label=long=long image=a";
	static const char nothing[BINDING_TEXT_MAX];
	_free_ struct access_statement *list = NULL;
	size_t count;

	(void)state;
	assert_int_equal(parse(text, sizeof text - 1, &list, &count, NULL), 0);
	assert_string_equal(list[0].rule, "image=a");
	assert_memory_equal(list[0].rule + 7, nothing, sizeof list[0].rule - 7);
}

static void a_nul_or_a_long_line_is_refused(void **state)
{
	char text[ACCESS_LINE_MAX + 64];
	struct access_statement *list = NULL;
	size_t count;
	struct err err;

	(void)state;
	assert_int_equal(parse("#\n" G "\0\n", strlen(G) + 4, &list, &count, &err), -TACIT_INVALID);
	assert_non_null(strstr(err.text, "line 2: longer than 2047 bytes, or not text"));
	memset(text, '#', sizeof text);
	text[ACCESS_LINE_MAX - 1] = '\n';
	assert_int_equal(parse(text, ACCESS_LINE_MAX, &list, &count, NULL), 0);
	free(list);
	text[ACCESS_LINE_MAX - 1] = '#';
	assert_int_equal(parse(text, ACCESS_LINE_MAX, &list, &count, &err), -TACIT_INVALID);
	assert_non_null(strstr(err.text, "line 1: longer"));
}

static void more_than_fits_is_a_limit(void **state)
{
	_free_ char *text = malloc(ACCESS_TEXT_MAX + 1);
	struct access_statement *list = NULL;
	size_t length = 0, count;
	struct err err;

	(void)state;
	memset(text, '\n', ACCESS_TEXT_MAX + 1);
	assert_int_equal(parse(text, ACCESS_TEXT_MAX + 1, &list, &count, &err), -TACIT_LIMIT);
	assert_int_equal(parse(text, ACCESS_TEXT_MAX, &list, &count, &err), 0);
	assert_int_equal(count, 0);
	for (int i = 0; i < ACCESS_STATEMENTS_MAX; i++)
		length += (size_t)sprintf(text + length, "grant s%d container/web\n", i);
	assert_int_equal(parse(text, length, &list, &count, &err), 0);
	assert_int_equal(count, ACCESS_STATEMENTS_MAX);
	free(list);
	length += (size_t)sprintf(text + length, "freeze container/web\n");
	assert_int_equal(parse(text, length, &list, &count, &err), -TACIT_LIMIT);
	assert_string_equal(err.text, "line 8193: a file has at most 8192 statements");
}

static void errors_do_not_echo(void **state)
{
	static const char *const texts[] = { "MARKER", "grant MARKER! container/web",
		"grant a MARKER", G " MARKER", G " MARKER=1", G " uid=MARKER", G " mode=MARKER",
		G " expires=MARKER", G " on-rotate=MARKER", G " on-rotate=signal:MARKER",
		G " on-rotate=exec:MARKER/", G " as=a/b/MARKER", "bind MARKER image=a",
		"bind container/web MARKER",
		"bind container/web image=MARKER\nbind container/web image=MARKER",
		"freeze MARKER" };

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct access_statement *list;
		size_t count;
		struct err err;

		assert_int_equal(
			parse(texts[i], strlen(texts[i]), &list, &count, &err), -TACIT_INVALID);
		assert_null(strstr(err.text, "MARKER"));
	}
}

static const struct access_statement good_grant = { .kind = ACCESS_GRANT,
	.uid = GRANT_READER,
	.gid = GRANT_READER,
	.mode = 0400,
	.secret = "a",
	.consumer = "container/web",
	.file = "a" };
static const struct access_statement good_bind = {
	.kind = ACCESS_BIND, .consumer = "container/web", .rule = "image=a"
};
static const struct access_statement good_freeze = { .kind = ACCESS_FREEZE,
	.consumer = "container/web" };

#define REFUSED(base, change)                                                                      \
	do {                                                                                       \
		struct access_statement one = base;                                                \
		struct err err = { .text = "" };                                                   \
                                                                                                   \
		assert_int_equal(access_check(&one, NULL), 0);                                     \
		change;                                                                            \
		assert_int_equal(access_check(&one, &err), -TACIT_INVALID);                        \
		assert_int_equal(err.code, TACIT_INVALID);                                         \
	} while (0)

static void what_came_over_a_channel_is_checked(void **state)
{
	(void)state;
	REFUSED(good_grant, one.kind = 0);
	REFUSED(good_grant, one.kind = ACCESS_KINDS);
	REFUSED(good_grant, one.kind = UINT32_MAX);
	REFUSED(good_grant, one.kind = ACCESS_BIND);
	REFUSED(good_grant, one.kind = ACCESS_FREEZE);
	REFUSED(good_grant, one.flags = 8);
	REFUSED(good_grant, (one.flags = GRANT_WITH_PREVIOUS, one.version = 1));
	REFUSED(good_grant, (one.flags = GRANT_WITH_PREVIOUS, strcpy(one.file, X55)));
	REFUSED(good_grant, one.mode = 0);
	REFUSED(good_grant, one.mode = 0600);
	REFUSED(good_grant, one.mode = 01400);
	REFUSED(good_grant, one.reads = GRANT_READS_MAX + 1);
	REFUSED(good_grant, one.version = (uint64_t)INT64_MAX + 1);
	REFUSED(good_grant, one.expires_ns = CLOCK_DATE_END_NS);
	REFUSED(good_grant, one.secret[0] = '\0');
	REFUSED(good_grant, one.secret[0] = '/');
	REFUSED(good_grant, one.consumer[0] = '\0');
	REFUSED(good_grant, strcpy(one.consumer, "self"));
	REFUSED(good_grant, one.file[0] = '\0');
	REFUSED(good_grant, one.file[0] = '/');
	REFUSED(good_grant, strcpy(one.rule, "image=a"));
	REFUSED(good_grant, memset(one.secret, 'a', sizeof one.secret));
	REFUSED(good_grant, memset(one.consumer, 'a', sizeof one.consumer));
	REFUSED(good_grant, memset(one.file, 'a', sizeof one.file));
	REFUSED(good_grant, memset(one.on_rotate, 'a', sizeof one.on_rotate));
	REFUSED(good_grant, strcpy(one.on_rotate, "signal:KILL"));
	REFUSED(good_grant, (strcpy(one.consumer, "user/0"), strcpy(one.on_rotate, "restart")));
	REFUSED(good_grant, (strcpy(one.file, "a/b"), one.reads = 1));
	REFUSED(good_grant, (strcpy(one.file, "a/b"), one.version = 1));
	REFUSED(good_grant, (strcpy(one.file, "a/b"), one.flags = GRANT_WITH_PREVIOUS));
	REFUSED(good_bind, strcpy(one.on_rotate, "restart"));
	REFUSED(good_freeze, strcpy(one.on_rotate, "restart"));
	REFUSED(good_bind, memset(one.rule, 'a', sizeof one.rule); memcpy(one.rule, "image=", 6));
	REFUSED(good_bind, one.rule[0] = '\0');
	REFUSED(good_bind, strcpy(one.secret, "a"));
	REFUSED(good_bind, strcpy(one.file, "a"));
	REFUSED(good_bind, one.flags = 1);
	REFUSED(good_bind, one.uid = 1);
	REFUSED(good_bind, one.gid = 1);
	REFUSED(good_bind, one.mode = 0400);
	REFUSED(good_bind, one.reads = 1);
	REFUSED(good_bind, one.version = 1);
	REFUSED(good_bind, one.expires_ns = 1);
	REFUSED(good_bind, strcpy(one.consumer, "unit/a.service"));
	REFUSED(good_bind, strcpy(one.consumer, "user/0"));
	REFUSED(good_freeze, strcpy(one.rule, "image=a"));
	REFUSED(good_freeze, strcpy(one.secret, "a"));
	REFUSED(good_freeze, strcpy(one.file, "a"));
	REFUSED(good_freeze, one.uid = GRANT_READER);
	REFUSED(good_freeze, strcpy(one.consumer, "self"));
}

#define DIFFERS(change)                                                                            \
	do {                                                                                       \
		struct access_statement one = good_grant;                                          \
                                                                                                   \
		change;                                                                            \
		assert_int_equal(access_compare(&one, &good_grant), 0);                            \
		assert_false(access_same(&one, &good_grant));                                      \
		assert_false(access_same(&good_grant, &one));                                      \
	} while (0)

#define ORDERED(base, change, sign)                                                                \
	do {                                                                                       \
		struct access_statement one = base;                                                \
                                                                                                   \
		change;                                                                            \
		assert_true(access_compare(&one, &base) * (sign) > 0);                             \
		assert_true(access_compare(&base, &one) * (sign) < 0);                             \
	} while (0)

static void statements_are_compared_by_what_they_speak_of(void **state)
{
	struct access_statement again = good_grant;

	(void)state;
	/* What is behind the NUL of a text says nothing. */
	memset(again.secret + 2, 'x', sizeof again.secret - 2);
	assert_int_equal(access_compare(&again, &good_grant), 0);
	assert_true(access_same(&again, &good_grant));
	assert_true(access_same(&good_bind, &good_bind));
	DIFFERS(strcpy(one.secret, "b"));
	DIFFERS(one.uid = 1);
	DIFFERS(one.gid = 1);
	DIFFERS(one.mode = 0440);
	DIFFERS(one.reads = 1);
	DIFFERS(one.version = 1);
	DIFFERS(one.expires_ns = 1);
	DIFFERS(one.flags = GRANT_NEWLINE);
	DIFFERS(strcpy(one.on_rotate, "restart"));
	ORDERED(good_grant, strcpy(one.consumer, "container/weba"), 1);
	ORDERED(good_grant, strcpy(one.consumer, "compose/x/y"), -1);
	ORDERED(good_grant, strcpy(one.file, "b"), 1);
	ORDERED(good_bind, strcpy(one.rule, "image=b"), 1);
	ORDERED(good_bind, one.kind = ACCESS_FREEZE, 1);
	ORDERED(good_bind, one.kind = ACCESS_GRANT, -1);
}

/* xorshift: the same statements in every run. */
static uint64_t random_below(uint64_t *state, uint64_t bound)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state % bound;
}

static void random_grant(struct access_statement *grant, uint64_t *seed, int index)
{
	static const char *const hooks[] = { "restart", "signal:USR1", "exec:reload" };
	static const uint32_t modes[] = { 0400, 0440, 0444, 0004, 0040 };

	*grant = good_grant;
	sprintf(grant->secret, "dir/s%d", (int)random_below(seed, 1000));
	sprintf(grant->consumer, "compose/shop/web%d", (int)random_below(seed, 5));
	if (random_below(seed, 2))
		sprintf(grant->file, "f%d", index);
	else
		sprintf(grant->file, "%s", grant->secret + 4);
	grant->mode = modes[random_below(seed, 5)];
	grant->flags = (uint32_t)random_below(seed, 4);
	if (random_below(seed, 2))
		grant->uid = (uint32_t)random_below(seed, GRANT_READER);
	if (random_below(seed, 2))
		grant->gid = (uint32_t)random_below(seed, 2000);
	if (random_below(seed, 3) == 0)
		strcpy(grant->on_rotate, hooks[random_below(seed, 3)]);
	if (random_below(seed, 3) == 0) {
		sprintf(grant->file, "tls/f%d", index);
		return;
	}
	if (random_below(seed, 2))
		grant->reads = 1 + (uint32_t)random_below(seed, GRANT_READS_MAX);
	if (random_below(seed, 2))
		grant->flags |= GRANT_WITH_PREVIOUS;
	else if (random_below(seed, 2))
		grant->version = 1 + random_below(seed, INT64_MAX);
	if (random_below(seed, 2))
		grant->expires_ns = 1 + random_below(seed, CLOCK_DATE_END_NS - 1);
	if (random_below(seed, 3) == 0)
		grant->expires_ns -= grant->expires_ns % 1000000;
}

static void written_and_read_again_is_the_same(void **state)
{
	uint64_t seed = 88172645463325252u;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct access_statement grant;
		_free_ struct access_statement *list = NULL;
		char line[ACCESS_LINE_MAX];
		size_t count;
		struct err err;

		random_grant(&grant, &seed, i);
		assert_int_equal(access_check(&grant, NULL), 0);
		access_format(&grant, line);
		if (parse(line, strlen(line), &list, &count, &err) < 0)
			fail_msg("%s: %s", line, err.text);
		assert_int_equal(count, 1);
		assert_int_equal(access_compare(&list[0], &grant), 0);
		assert_true(access_same(&list[0], &grant));
	}
}

static void the_longest_statements_fit_a_line(void **state)
{
	struct access_statement grant = good_grant, bind = good_bind;
	_free_ struct access_statement *list = NULL;
	char line[ACCESS_LINE_MAX];
	size_t count;

	(void)state;
	strcpy(grant.secret, X63 "/" X63 "/" X63 "/" X63);
	memset(grant.consumer, 'y', TACIT_CONSUMER_NAME_MAX);
	memcpy(grant.consumer, "compose/" X127 "/", 8 + 128);
	strcpy(grant.file, X63);
	grant.uid = grant.gid = GRANT_READER - 1;
	grant.mode = 0444;
	grant.flags = GRANT_FLAGS & ~GRANT_WITH_PREVIOUS;
	grant.reads = GRANT_READS_MAX;
	grant.version = INT64_MAX;
	grant.expires_ns = CLOCK_DATE_END_NS - 1;
	strcpy(grant.on_rotate, "exec:" X63);
	assert_int_equal(access_check(&grant, NULL), 0);
	access_format(&grant, line);
	assert_int_equal(parse(line, strlen(line), &list, &count, NULL), 0);
	assert_true(access_same(&list[0], &grant) && !access_compare(&list[0], &grant));
	free(list);
	strcpy(bind.consumer, grant.consumer);
	memset(bind.rule, 'v', sizeof bind.rule - 1);
	memcpy(bind.rule, "label=k=", 8);
	assert_int_equal(access_check(&bind, NULL), 0);
	access_format(&bind, line);
	assert_int_equal(parse(line, strlen(line), &list, &count, NULL), 0);
	assert_int_equal(access_compare(&list[0], &bind), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_read_is_written_the_shortest_way),
		cmocka_unit_test(fields_are_where_they_belong),
		cmocka_unit_test(what_is_refused_says_its_line),
		cmocka_unit_test(eight_rules_of_each_consumer_are_taken),
		cmocka_unit_test(a_rule_has_nothing_of_the_one_before_it),
		cmocka_unit_test(a_nul_or_a_long_line_is_refused),
		cmocka_unit_test(more_than_fits_is_a_limit),
		cmocka_unit_test(errors_do_not_echo),
		cmocka_unit_test(what_came_over_a_channel_is_checked),
		cmocka_unit_test(statements_are_compared_by_what_they_speak_of),
		cmocka_unit_test(written_and_read_again_is_the_same),
		cmocka_unit_test(the_longest_statements_fit_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
