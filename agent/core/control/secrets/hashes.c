/* SPDX-License-Identifier: Apache-2.0 */
/* By what an operator finds stored values in files without having them: keyed hashes of all kept
 * versions, under the operator's key, page by page in the order of the secrets' names. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/control/call.h"
#include "seal/findhash.h"
#include "seal/transit.h"

/* A page ends with the secret that passes one of these: the worker has others to answer. */
#define PAGE_BYTES (256u << 10)
#define PAGE_NS 200000000u
/* Of a line: the longest name, and what is around it. */
#define LINE_ROOM (TACIT_SECRET_NAME_MAX + 256)

static int by_name(const void *a, const void *b)
{
	const struct secret *const *left = a, *const *right = b;

	return strcmp((*left)->record.name, (*right)->record.name);
}

/* The secrets whose names come after `after`, in their order. *list is the caller's. */
static size_t list_after(const struct model *model, const char *after, struct secret ***list)
{
	struct secret *secret, *next;
	size_t count = 0;

	*list = calloc(HASH_CNT(by_name, model->secrets_by_name) + 1, sizeof **list);
	if (!*list)
		return 0;
	HASH_ITER (by_name, model->secrets_by_name, secret, next)
		if (strcmp(secret->record.name, after) > 0)
			(*list)[count++] = secret;
	qsort(*list, count, sizeof **list, by_name);
	return count;
}

static void put_digits(char *text, const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		sprintf(text + 2 * i, "%02x", bytes[i]);
}

static void put_hashes(struct pack *lines, const struct findhash_key *key, const char *name,
	uint64_t number, const uint8_t *plain, size_t length)
{
	char line[LINE_ROOM], digits[2 * FINDHASH_BYTES + 1];
	uint8_t hash[FINDHASH_BYTES];
	int size;

	if (length < FINDHASH_START)
		return;
	findhash_whole(key, plain, length, hash);
	put_digits(digits, hash, sizeof hash);
	size = snprintf(line, sizeof line,
		"{\"secret\":\"%s\",\"version\":%" PRIu64 ",\"size\":%zu,\"start\":\"%016" PRIx64
		"\",\"hash\":\"%s\"}\n",
		name, number, length, findhash_start(key, plain), digits);
	pack_bytes(lines, line, (size_t)size);
}

/* One that does not open is said to be there: it is not looked for. */
static void put_trouble(struct pack *lines, const char *name, uint64_t number, int status)
{
	char line[LINE_ROOM];
	int size = snprintf(line, sizeof line,
		"{\"secret\":\"%s\",\"version\":%" PRIu64 ",\"trouble\":\"%s\"}\n", name, number,
		code_word((enum tacit_code) - status));

	pack_bytes(lines, line, (size_t)size);
}

static void put_secret(
	struct call *call, const struct findhash_key *key, const struct secret *secret)
{
	const struct secret_record *record = &secret->record;

	for (uint32_t i = 0; i < record->version_count; i++) {
		const struct version_record *version = &record->versions[i];
		uint8_t *plain;
		size_t length;
		int status = secret_open_version(call, version, &plain, &length, NULL);

		if (status < 0) {
			put_trouble(&call->reply, record->name, version->number, status);
			continue;
		}
		put_hashes(&call->reply, key, record->name, version->number, plain, length);
		seal_free(plain);
	}
}

static void put_end(struct pack *lines, const char *next)
{
	char line[LINE_ROOM];
	int size = snprintf(line, sizeof line, "{\"next\":\"%s\"}\n", next);

	pack_bytes(lines, line, (size_t)size);
}

static int take_key(struct call *call, struct findhash_key *key, struct err *err)
{
	const struct handover_keys *keys = call->core->keys;
	uint8_t *bytes;
	size_t length;
	int status = transit_open(keys->transit_public, keys->transit_secret, "hashes", call->body,
		call->request->body_length, &bytes, &length, err);

	if (status < 0)
		return status;
	if (length == SEAL_KEY_BYTES)
		findhash_expand(key, bytes);
	else
		status = err_set(err, TACIT_INVALID, "the key is %d bytes, sealed for \"hashes\"",
			SEAL_KEY_BYTES);
	seal_free(bytes);
	return status;
}

int call_secret_hashes(struct call *call, struct err *err)
{
	uint64_t deadline_ns = clock_monotonic_ns() + PAGE_NS;
	struct findhash_key key;
	struct secret **list;
	int status = take_key(call, &key, err);
	size_t count, i = 0;

	if (status < 0)
		return status;
	count = list_after(call->core->model, call->request->secret, &list);
	if (!list)
		return err_set(err, TACIT_LIMIT, "out of memory");
	while (i < count && call->reply.length < PAGE_BYTES &&
		(!i || clock_monotonic_ns() < deadline_ns))
		put_secret(call, &key, list[i++]);
	if (i < count)
		put_end(&call->reply, list[i - 1]->record.name);
	free(list);
	seal_wipe(&key, sizeof key);
	return 0;
}
