/* SPDX-License-Identifier: Apache-2.0 */
/* An agent of canned answers, and `tacit` run against it: both are children of the test, so both
 * end with it. The agent listens where a real one does, below a folder of its own; it writes down
 * every request and opens every sealed value with the key it published. */
#ifndef TACIT_TESTS_FAKE_AGENT_H
#define TACIT_TESTS_FAKE_AGENT_H

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/files.h"
#include "cli/dispatch.h"
#include "cli/session.h"
#include "seal/transit.h"

enum fake {
	FAKE_TEXT,   /* answer `text` */
	FAKE_OPEN,   /* the body must open for `context` and be `value`; then answer `text` */
	FAKE_BUNDLE, /* likewise, and `value` says what is in it: "cert=hunter2 key=..." */
	FAKE_KEEP,   /* the body must open for `context`; it is kept in the file "kept" */
	FAKE_OCTETS, /* the body must be `value`; then answer `text` */
	FAKE_REVEAL, /* answer `value`, sealed for `context` to the key in the body */
	FAKE_REKEY,  /* publish the other key, then answer `text` */
	FAKE_BREAK,  /* close without a word */
};

/* One answer. The first unused one for a request's line is given; the last one serves for ever. */
struct canned {
	const char *line; /* "GET /v1/status" */
	enum fake how;
	int status;
	const char *text;
	const char *context, *value;
};

#define FAKE_ROOM (3u << 20)

struct fake_agent {
	char root[64];
	pid_t pid;
	uint8_t public_keys[2][TRANSIT_PUBLIC_BYTES];
	uint8_t secret_keys[2][TRANSIT_SECRET_BYTES];
	int key; /* the one that is published */
};

static inline void fake_path(const struct fake_agent *agent, const char *below, char *path)
{
	snprintf(path, PATH_FULL_MAX, "%s/%s", agent->root, below);
}

/* A file below the agent's root, which may be run. */
static inline void fake_write(const struct fake_agent *agent, const char *name, const char *text)
{
	char path[PATH_FULL_MAX];
	FILE *file;

	fake_path(agent, name, path);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	chmod(path, 0755);
}

static inline void fake_publish(const struct fake_agent *agent)
{
	char path[PATH_FULL_MAX];
	FILE *file;

	fake_path(agent, "run/tacitd/core.pub", path);
	unlink(path);
	file = fopen(path, "w");
	for (size_t i = 0; i < TRANSIT_PUBLIC_BYTES; i++)
		fprintf(file, "%02x", agent->public_keys[agent->key][i]);
	fputc('\n', file);
	fclose(file);
	chmod(path, 0444);
}

static inline const struct canned *fake_find(
	const struct canned *canned, bool *used, const char *line)
{
	const struct canned *found = NULL;

	for (size_t i = 0; canned[i].line; i++)
		if (!strcmp(canned[i].line, line)) {
			found = &canned[i];
			if (!used[i]) {
				used[i] = true;
				break;
			}
		}
	return found;
}

static inline void fake_answer(int client, int status, const void *body, size_t length)
{
	char head[128];

	snprintf(head, sizeof head,
		"HTTP/1.1 %d X\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", status,
		length);
	file_write_fd(client, head, strlen(head), NULL);
	file_write_fd(client, body, length, NULL);
}

/* The members of a bundle, as agent/PROTOCOL.md packs them, in the words of a test. */
static inline bool fake_unpacks(const uint8_t *bytes, size_t size, const char *value)
{
	char text[4096] = "";
	size_t at = 0, used = 0;

	while (at < size) {
		size_t name = bytes[at], length;

		if (at + 1 + name + 4 > size)
			return false;
		length = bytes[at + 1 + name] | (size_t)bytes[at + 2 + name] << 8 |
			 (size_t)bytes[at + 3 + name] << 16 | (size_t)bytes[at + 4 + name] << 24;
		if (at + 1 + name + 4 + length > size || used + name + length + 3 > sizeof text)
			return false;
		used += (size_t)sprintf(text + used, "%s%.*s=%.*s", used ? " " : "", (int)name,
			(const char *)bytes + at + 1, (int)length,
			(const char *)bytes + at + 5 + name);
		at += 1 + name + 4 + length;
	}
	return !strcmp(text, value);
}

static inline bool fake_opens(const struct fake_agent *agent, const struct canned *canned,
	const uint8_t *body, size_t length)
{
	uint8_t *value = NULL;
	size_t size = 0;
	bool same;

	if (transit_open(agent->public_keys[agent->key], agent->secret_keys[agent->key],
		    canned->context, body, length, &value, &size, NULL) < 0)
		return false;
	same = canned->how == FAKE_BUNDLE
		       ? fake_unpacks(value, size, canned->value)
		       : size == strlen(canned->value) && !memcmp(value, canned->value, size);
	seal_free(value);
	return same;
}

/* What a body that is no sealed value of the test's must be. */
static inline bool fake_takes(const struct fake_agent *agent, const struct canned *canned,
	const uint8_t *body, size_t length)
{
	uint8_t *value = NULL;
	char path[PATH_FULL_MAX];
	size_t size = 0;
	FILE *file;

	if (canned->how == FAKE_OCTETS)
		return length == strlen(canned->value) && !memcmp(body, canned->value, length);
	if (transit_open(agent->public_keys[agent->key], agent->secret_keys[agent->key],
		    canned->context, body, length, &value, &size, NULL) < 0)
		return false;
	fake_path(agent, "kept", path);
	file = fopen(path, "w");
	fwrite(value, 1, size, file);
	fclose(file);
	seal_free(value);
	return true;
}

static inline void fake_give(struct fake_agent *agent, const struct canned *canned, int client,
	const uint8_t *body, size_t length)
{
	static uint8_t sealed[FAKE_ROOM];
	const char *text = canned->text;

	if (canned->how == FAKE_REKEY) {
		agent->key = !agent->key;
		fake_publish(agent);
	}
	if (canned->how == FAKE_REVEAL && length == TRANSIT_PUBLIC_BYTES) {
		transit_seal(
			body, canned->context, canned->value, strlen(canned->value), sealed, NULL);
		fake_answer(client, canned->status, sealed,
			transit_sealed_size(canned->context, strlen(canned->value)));
	} else if (((canned->how == FAKE_OPEN || canned->how == FAKE_BUNDLE) &&
			   !fake_opens(agent, canned, body, length)) ||
		   ((canned->how == FAKE_KEEP || canned->how == FAKE_OCTETS) &&
			   !fake_takes(agent, canned, body, length))) {
		text = "{\"error\":{\"code\":\"corrupt\",\"message\":\"it does not open\"}}";
		fake_answer(client, 500, text, strlen(text));
	} else if (canned->how != FAKE_BREAK) {
		fake_answer(client, canned->status, text, strlen(text));
	}
}

static inline bool fake_has_type(const char *head, const char *end, const char *type)
{
	return memmem(head, (size_t)(end - head), type, strlen(type));
}

/* One request: its line is written down, with the body when that is JSON or text. */
static inline void fake_serve(
	struct fake_agent *agent, const struct canned *canned, bool *used, int client, FILE *log)
{
	static char bytes[FAKE_ROOM];
	const char *nothing = "{\"error\":{\"code\":\"not_found\",\"message\":\"no such route\"}}";
	size_t length = 0, body = 0;
	char *end = NULL, *found;
	const struct canned *answer;
	bool text;

	while (!end || length < (size_t)(end + 4 - bytes) + body) {
		ssize_t got = read(client, bytes + length, sizeof bytes - 1 - length);

		if (got <= 0)
			return;
		length += (size_t)got;
		bytes[length] = '\0';
		end = memmem(bytes, length, "\r\n\r\n", 4);
		found = end ? memmem(bytes, (size_t)(end - bytes), "Content-Length: ", 16) : NULL;
		body = found ? strtoul(found + 16, NULL, 10) : 0;
	}
	text = fake_has_type(bytes, end, TACIT_JSON_TYPE) ||
	       fake_has_type(bytes, end, "text/plain");
	*strstr(bytes, " HTTP/1.1") = '\0';
	fprintf(log, "%s%s%s\n", bytes, text ? " " : "", text ? end + 4 : "");
	fflush(log);
	answer = fake_find(canned, used, bytes);
	if (answer)
		fake_give(agent, answer, client, (uint8_t *)end + 4, body);
	else
		fake_answer(client, 404, nothing, strlen(nothing));
}

static inline void fake_loop(
	struct fake_agent *agent, const struct canned *canned, int listener, FILE *log)
{
	bool used[64] = { false };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		int client = accept(listener, NULL, NULL);

		if (client < 0)
			_exit(1);
		fake_serve(agent, canned, used, client, log);
		close(client);
	}
}

static inline void fake_make_root(struct fake_agent *agent)
{
	char path[PATH_FULL_MAX];

	*agent = (struct fake_agent){ .root = "/tmp/tacit-cli-XXXXXX" };
	assert_non_null(mkdtemp(agent->root));
	fake_path(agent, "run", path);
	mkdir(path, 0755);
	fake_path(agent, "run/tacitd", path);
	mkdir(path, 0755);
}

static inline void fake_start(struct fake_agent *agent, const struct canned *canned)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char path[PATH_FULL_MAX];
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	FILE *log;

	fake_make_root(agent);
	for (int i = 0; i < 2; i++)
		transit_make_keys(agent->public_keys[i], agent->secret_keys[i]);
	fake_publish(agent);
	fake_path(agent, "run/tacitd/api.sock", path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	assert_return_code(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
	assert_return_code(listen(listener, 8), 0);
	fake_path(agent, "requests", path);
	log = fopen(path, "w");
	agent->pid = fork();
	if (!agent->pid)
		fake_loop(agent, canned, listener, log);
	fclose(log);
	close(listener);
}

static inline int fake_remove(
	const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status, (void)type, (void)where;
	return remove(path);
}

static inline void fake_stop(struct fake_agent *agent)
{
	if (agent->pid > 0) {
		kill(agent->pid, SIGKILL);
		waitpid(agent->pid, NULL, 0);
	}
	assert_int_equal(nftw(agent->root, fake_remove, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* What one run of `tacit` did. */
struct ran {
	int exit;
	char out[16384];
	char err[4096];
};

static inline void fake_read(
	const struct fake_agent *agent, const char *name, char *text, size_t room)
{
	char path[PATH_FULL_MAX];
	size_t length = 0;

	fake_path(agent, name, path);
	assert_return_code(file_read(path, text, room - 1, &length, NULL), 0);
	text[length] = '\0';
}

static inline void fake_redirect(const struct fake_agent *agent, const char *input)
{
	static const char *const names[] = { "in", "out", "err" };
	char path[PATH_FULL_MAX];

	for (int fd = 0; fd < 3; fd++) {
		int opened;

		fake_path(agent, names[fd], path);
		opened = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
		if (!fd && input)
			file_write_fd(opened, input, strlen(input), NULL);
		lseek(opened, 0, SEEK_SET);
		dup2(opened, fd);
		close(opened);
	}
}

/* Begin a run of `tacit`, which ends by itself. */
static inline pid_t start_tacit(
	const struct fake_agent *agent, const char *input, int argc, char *const *argv)
{
	const struct rlimit cores = { 0, 0 };
	pid_t pid = fork();

	if (pid)
		return pid;
	setenv("TACIT_ROOT", agent->root, 1);
	/* A test run in the background of a script has it ignored, which is inherited. */
	signal(SIGINT, SIG_DFL);
	fake_redirect(agent, input);
	exit(dispatch_main(argc, argv, &cores));
}

#define CASE_WORDS 16      /* of one run of `tacit`, the NULL behind them included */
#define CASE_REQUESTS 4096 /* bytes that a case's requests have room in */
#define CASE(...) ((const char *const[CASE_WORDS]){ __VA_ARGS__ })

/* Run `tacit` with `words`, `input` as its standard input. */
static inline void run_words(const struct fake_agent *agent, struct ran *ran, const char *input,
	const char *const words[CASE_WORDS])
{
	char *argv[CASE_WORDS + 1] = { (char *)"tacit" };
	int argc = 1, status;
	pid_t pid;

	assert_null(words[CASE_WORDS - 1]);
	for (; words[argc - 1]; argc++)
		argv[argc] = (char *)words[argc - 1];
	pid = start_tacit(agent, input, argc, argv);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	ran->exit = WEXITSTATUS(status);
	fake_read(agent, "out", ran->out, sizeof ran->out);
	fake_read(agent, "err", ran->err, sizeof ran->err);
}
#define run_tacit(agent, ran, input, ...) run_words(agent, ran, input, CASE(__VA_ARGS__))

/* The same against an agent that answers `canned` and lives as long. What it was asked is in
 * `requests`, of CASE_REQUESTS bytes, when that is not NULL. */
static inline void run_case(const struct canned *canned, struct ran *ran, char *requests,
	const char *input, const char *const words[CASE_WORDS])
{
	struct fake_agent agent;

	fake_start(&agent, canned);
	run_words(&agent, ran, input, words);
	if (requests)
		fake_read(&agent, "requests", requests, CASE_REQUESTS);
	fake_stop(&agent);
}

/* Standard output is, byte for byte, the file tests/golden/`name`. */
static inline void assert_golden(const struct ran *ran, const char *name)
{
	char path[PATH_FULL_MAX], text[sizeof ran->out];
	size_t length = 0;

	snprintf(path, sizeof path, "tests/golden/%s", name);
	assert_return_code(file_read(path, text, sizeof text - 1, &length, NULL), 0);
	text[length] = '\0';
	assert_string_equal(ran->out, text);
}

static inline void assert_contains(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in \"%s\"", part, text);
}

#endif
