/* SPDX-License-Identifier: Apache-2.0 */
/* Findings that have been accepted: a file beside the sources, which everybody may read. It MUST
 * NOT help anybody who guesses at a value: of the print of a value, made with the file's own key,
 * it has 16 bits. They tell that a value has been changed, but for one time in 65,536, and of
 * guesses they let one in 65,536 through. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/files.h"
#include "cli/env_scan.h"
#include "seal/seal.h"

#define FORMAT 1
#define KEY_BYTES 16
#define PRINT_BITS 0xffffu
#define BASELINE_FILE_MAX (16u << 20)

struct env_baseline {
	uint8_t key[KEY_BYTES];
	json_t *entries; /* an object: the text of each entry is a key of it */
};

const uint8_t *env_baseline_key(const struct env_baseline *baseline)
{
	return baseline->key;
}

void env_baseline_free(struct env_baseline *baseline)
{
	if (!baseline)
		return;
	json_decref(baseline->entries);
	free(baseline);
}

static json_t *entry_of(const struct env_result *result)
{
	const struct scan_finding *finding = &result->finding;
	json_t *entry = json_pack("{s:s, s:o}", "rule", scan_rule_word(finding->rule), "path",
		env_scan_path_json(result->container ? result->path : result->known));
	char print[8];

	if (finding->name[0])
		json_object_set_new(entry, "name", json_string(finding->name));
	if (finding->service[0])
		json_object_set_new(entry, "service", json_string(finding->service));
	if (finding->print[0] || finding->print[1]) {
		snprintf(print, sizeof print, "%04x",
			(unsigned int)(finding->print[0] & PRINT_BITS));
		json_object_set_new(entry, "print", json_string(print));
	}
	return entry;
}

/* Entries are looked for by their text. */
static char *text_of(const json_t *entry)
{
	return json_dumps(entry, JSON_COMPACT | JSON_SORT_KEYS);
}

static bool take_key(struct env_baseline *baseline, const char *digits)
{
	char *end;

	if (strlen(digits) != 2 * KEY_BYTES || strspn(digits, "0123456789abcdef") != 2 * KEY_BYTES)
		return false;
	for (size_t i = 0; i < KEY_BYTES; i++) {
		const char pair[] = { digits[2 * i], digits[2 * i + 1], '\0' };

		baseline->key[i] = (uint8_t)strtoul(pair, &end, 16);
	}
	return true;
}

/* Of one that is made anew the key alone: what it had is found again, or is no more. */
static int read_entries(
	struct env_baseline *baseline, const json_t *json, bool fresh, struct err *err)
{
	const json_t *findings = json_object_get(json, "findings"), *entry;
	size_t i;

	if (member_number(json, "version") != FORMAT || !json_is_array(findings) ||
		!take_key(baseline, member_text(json, "key")))
		return err_set(err, TACIT_INVALID,
			"it is not a baseline of this version; --accept writes one");
	for (i = 0; !fresh && (entry = json_array_get(findings, i)); i++) {
		_free_ char *text = text_of(entry);

		if (!text || json_object_set_new(baseline->entries, text, json_true()))
			return err_set(err, TACIT_LIMIT, "out of memory");
	}
	return 0;
}

static int read_file(struct env_baseline *baseline, const char *path, bool fresh, struct err *err)
{
	_free_ char *text = malloc(BASELINE_FILE_MAX);
	_json_ json_t *json = NULL;
	size_t length = 0;
	int status = text ? file_read(path, text, BASELINE_FILE_MAX, &length, err)
			  : err_set(err, TACIT_LIMIT, "out of memory");

	if (status == -TACIT_NOT_FOUND && fresh) {
		seal_random(baseline->key, sizeof baseline->key);
		return 0;
	}
	if (status < 0)
		return status;
	json = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
	return read_entries(baseline, json, fresh, err);
}

int env_baseline_open(const char *path, bool fresh, struct env_baseline **baseline, struct err *err)
{
	struct env_baseline *opened = calloc(1, sizeof *opened);
	int status;

	if (opened)
		opened->entries = json_object();
	status = opened && opened->entries ? read_file(opened, path, fresh, err)
					   : err_set(err, TACIT_LIMIT, "out of memory");
	if (status == 0)
		*baseline = opened;
	else
		env_baseline_free(opened);
	return status == 0 ? 0 : err_wrap(err, "the baseline");
}

bool env_baseline_has(const struct env_baseline *baseline, const struct env_result *result)
{
	_json_ json_t *entry = entry_of(result);
	_free_ char *text = entry ? text_of(entry) : NULL;

	return text && json_object_get(baseline->entries, text);
}

static json_t *make(const struct env_baseline *baseline, const struct env_scan *scan)
{
	char digits[2 * KEY_BYTES + 1];
	json_t *findings = json_array(), *entry;

	for (size_t i = 0; i < KEY_BYTES; i++)
		snprintf(digits + 2 * i, 3, "%02x", baseline->key[i]);
	for (size_t i = 0; i < scan->count; i++) {
		entry = entry_of(&scan->results[i]);
		json_array_append_new(findings, entry);
	}
	return json_pack("{s:i, s:s, s:o}", "version", FORMAT, "key", digits, "findings", findings);
}

static int put(const char *part, const char *text, struct err *err)
{
	_close_ int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	int status;

	if (fd < 0)
		return err_errno(err, errno, TACIT_IO, "make it");
	status = file_write_fd(fd, text, strlen(text), err);
	if (!status)
		status = file_write_fd(fd, "\n", 1, err);
	if (!status && fsync(fd) < 0)
		status = err_errno(err, errno, TACIT_IO, "write it");
	return status;
}

int env_baseline_write(const struct env_baseline *baseline, const char *path,
	const struct env_scan *scan, struct err *err)
{
	_json_ json_t *json = make(baseline, scan);
	_free_ char *text = json ? json_dumps(json, JSON_INDENT(1) | JSON_ENSURE_ASCII) : NULL;
	_free_ char *part = NULL;
	int status;

	if (!text || asprintf(&part, "%s.part", path) < 0)
		return err_set(err, TACIT_LIMIT, "out of memory");
	status = put(part, text, err);
	if (!status && rename(part, path) < 0)
		status = err_errno(err, errno, TACIT_IO, "put it in its place");
	if (status < 0)
		unlink(part);
	return status < 0 ? err_wrap(err, "the baseline") : 0;
}
