/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent keeps, by hashes: agent/PROTOCOL.md, "Hashes of all values". */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/env_scan.h"
#include "cli/transfer.h"

static bool take_digits(const char *text, uint8_t *bytes, size_t count)
{
	static const char hex[] = "0123456789abcdef";

	if (strlen(text) != 2 * count)
		return false;
	for (size_t i = 0; i < 2 * count; i++) {
		const char *digit = strchr(hex, text[i]);

		if (!digit || !*digit)
			return false;
		bytes[i / 2] = (uint8_t)(bytes[i / 2] << 4 | (digit - hex));
	}
	return true;
}

static bool take_line(const json_t *line, struct scan_stored *stored)
{
	unsigned long long size = member_number(line, "size");
	uint8_t start[8];

	*stored = (struct scan_stored){ .version = member_number(line, "version") };
	snprintf(stored->name, sizeof stored->name, "%s", member_text(line, "secret"));
	if (!stored->name[0] || !size || size > TACIT_VALUE_MAX ||
		!take_digits(member_text(line, "start"), start, sizeof start) ||
		!take_digits(member_text(line, "hash"), stored->hash, sizeof stored->hash))
		return false;
	stored->size = (uint32_t)size;
	for (size_t i = 0; i < sizeof start; i++)
		stored->start = stored->start << 8 | start[i];
	return true;
}

static void note_trouble(const struct env_scan *scan, const json_t *line)
{
	char text[TACIT_SECRET_NAME_MAX + 64];

	snprintf(text, sizeof text, "version %llu of %s cannot be read and is not looked for",
		member_number(line, "version"), member_text(line, "secret"));
	session_note_text(scan->session, text);
}

/* One line of a page; `after` is filled by the last one of a page that is not the last. */
static int take(struct env_scan *scan, const char *bytes, size_t length,
	char after[TACIT_SECRET_NAME_MAX + 1], struct err *err)
{
	_json_ json_t *line = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, NULL);
	struct scan_stored stored;

	if (*member_text(line, "next")) {
		snprintf(after, TACIT_SECRET_NAME_MAX + 1, "%s", member_text(line, "next"));
		return 0;
	}
	if (*member_text(line, "trouble")) {
		note_trouble(scan, line);
		return 0;
	}
	if (!take_line(line, &stored))
		return err_set(err, TACIT_INTERNAL, "the agent's answer is not understood");
	scan->stored++;
	return scanner_add_stored(scan->scanner, &stored, err);
}

static int ask(struct session *session, const char *path, const uint8_t key[SEAL_KEY_BYTES],
	struct client_answer *answer, struct err *err)
{
	size_t length = transit_sealed_size("hashes", SEAL_KEY_BYTES);
	_free_ uint8_t *sealed = malloc(length);
	struct client_request request = { .method = "POST",
		.path = path,
		.type = TACIT_VALUE_TYPE,
		.body = sealed,
		.length = length };
	uint8_t core[TRANSIT_PUBLIC_BYTES];
	int status;

	if (!sealed)
		return err_set(err, TACIT_LIMIT, "out of memory");
	status = transfer_core_key(session->root, core, err);
	if (!status)
		status = transit_seal(core, "hashes", key, SEAL_KEY_BYTES, sealed, err);
	return status ? status : session_ask(session, &request, answer, err);
}

static int take_page(struct env_scan *scan, const uint8_t key[SEAL_KEY_BYTES],
	char after[TACIT_SECRET_NAME_MAX + 1], struct err *err)
{
	struct client_answer answer = { 0 };
	char path[CLIENT_PATH_MAX];
	int status = client_path(path, err, "audit", "hashes", NULL);

	if (!status && *after)
		status = client_query(path, "secret", after, err);
	if (!status)
		status = ask(scan->session, path, key, &answer, err);
	/* A core that was started anew has another key. */
	if (status == -TACIT_STALE)
		status = ask(scan->session, path, key, &answer, err);
	*after = '\0';
	for (size_t at = 0; !status && at < answer.length;) {
		const char *line = (const char *)answer.bytes + at;
		const char *end = memchr(line, '\n', answer.length - at);
		size_t length = end ? (size_t)(end - line) : answer.length - at;

		status = take(scan, line, length, after, err);
		at += length + 1;
	}
	client_answer_free(&answer);
	return status;
}

int env_scan_stored(struct env_scan *scan, const uint8_t key[SEAL_KEY_BYTES], struct err *err)
{
	char after[TACIT_SECRET_NAME_MAX + 1] = "";
	int status;

	do
		status = take_page(scan, key, after, err);
	while (!status && *after);
	return status;
}
