/* SPDX-License-Identifier: Apache-2.0 */
/* Stores of every format that was ever released open, say what they were given, and are sound; so
 * are their anchors and their audit logs (tests/golden/README.md). */

#include "../store/scratch.h"

#include "core/audit/reader.h"
#include "core/store/integrity.h"
#include "core/store/vault_slots.h"
#include "core/store/verify.h"
#include "seal/keyfile.h"
#include "seal/recovery.h"
#include "tests/golden/golden.h"

#define GOLDEN "tests/golden"
#define KEY_TEXT_MAX 256

struct golden_store {
	char dir[SCRATCH_MAX]; /* a copy */
	struct vault *vault;
	uint8_t root[SEAL_KEY_BYTES];
};

static char *text_of(const struct golden_store *store, const char *name, size_t *length)
{
	char path[SCRATCH_MAX + 64];
	char *text;

	snprintf(path, sizeof path, "%s/%s", store->dir, name);
	text = (char *)scratch_read(path, length);
	text[*length] = '\0';
	return text;
}

static void run(const char *command)
{
	int status = system(command);

	if (status)
		fail_msg("%s: %d", command, status);
}

static void copy(struct golden_store *store, const char *name)
{
	char command[3 * SCRATCH_MAX + 64];

	memset(store, 0, sizeof *store);
	scratch_make(store->dir);
	snprintf(command, sizeof command, "cp -R " GOLDEN "/%s/. %s && chmod 0700 %s/audit", name,
		store->dir, store->dir);
	run(command);
}

static void attach(struct golden_store *store)
{
	char anchor[SCRATCH_MAX + 16];
	struct err err;

	snprintf(anchor, sizeof anchor, "%s/anchor", store->dir);
	must(vault_attach(&store_sqlite, store->dir, &store->vault, &err));
	must(vault_set_anchor(store->vault, anchor, VAULT_ANCHOR_CHECK, &err));
}

static void remove_copy(struct golden_store *store)
{
	char command[2 * SCRATCH_MAX];

	vault_close(store->vault);
	snprintf(command, sizeof command, "rm -r %s", store->dir);
	run(command);
}

static void each_store(void (*check)(struct golden_store *store))
{
	DIR *dir = opendir(GOLDEN);
	size_t checked = 0;
	struct dirent *entry;

	if (!dir)
		fail_msg(GOLDEN ": run this from the top of the source tree");
	while ((entry = readdir(dir))) {
		struct golden_store store;

		if (strncmp(entry->d_name, "store-", 6) ||
			strspn(entry->d_name + 6, "0123456789") != strlen(entry->d_name + 6))
			continue;
		copy(&store, entry->d_name);
		attach(&store);
		check(&store);
		remove_copy(&store);
		checked++;
	}
	closedir(dir);
	assert_true(checked > 0);
}

static void key_file(const struct golden_store *store, uint8_t key[SEAL_KEY_BYTES])
{
	struct err err;
	size_t length;
	char *text = text_of(store, "key", &length);

	must(keyfile_parse(text, length, key, &err));
	free(text);
}

static void unlock(struct golden_store *store)
{
	uint8_t key[SEAL_KEY_BYTES];
	struct err err;

	key_file(store, key);
	must(vault_unlock(store->vault, key, store->root, &err));
}

static void check_keys(struct golden_store *store)
{
	uint8_t key[SEAL_KEY_BYTES], first[SEAL_KEY_BYTES], secret[RECOVERY_SECRET_BYTES];
	size_t length;
	char *text;
	struct err err;

	unlock(store);
	memcpy(first, store->root, sizeof first);
	vault_forget(store->vault);
	text = text_of(store, "recovery", &length);
	must(recovery_parse(text, length, secret, &err));
	recovery_key(secret, key);
	must(vault_unlock(store->vault, key, store->root, &err));
	assert_memory_equal(store->root, first, sizeof first);
	free(text);
	vault_forget(store->vault);
	text = text_of(store, "answer", &length);
	must(keyfile_parse_credential(text, length, key, &err));
	must(vault_unlock(store->vault, key, store->root, &err));
	free(text);
	vault_forget(store->vault);
	text = text_of(store, "passphrase", &length);
	must(vault_unlock_passphrase(store->vault, text, length, store->root, &err));
	assert_memory_equal(store->root, first, sizeof first);
	free(text);
	must(vault_check_slots(store->vault, store->root, &err));
}

/* Each line of `lines`, less a comma at its end, is one of `among`. */
static void must_have_lines(const char *lines, const char *among)
{
	char *copied = strdup(lines), *rest = copied, *line;

	while ((line = strsep(&rest, "\n"))) {
		size_t length = strlen(line);

		if (length && line[length - 1] == ',')
			line[length - 1] = '\0';
		if (!strstr(among, line))
			fail_msg("not there: %s", line);
	}
	free(copied);
}

static void check_records(struct golden_store *store)
{
	size_t said_length, length;
	char *said = NULL, *expected = text_of(store, "expected.json", &length);
	FILE *to = open_memstream(&said, &said_length);
	struct err err;

	unlock(store);
	must(golden_describe(store->vault, to, &err));
	fclose(to);
	assert_int_equal(said_length, length);
	must_have_lines(said, expected);
	must_have_lines(expected, said);
	free(said);
	free(expected);
}

static void check_soundness(struct golden_store *store)
{
	struct vault_standing standing;
	struct verify_result result;
	struct err err;

	unlock(store);
	must(vault_verify(store->vault, NULL, NULL, &result, &err));
	assert_int_equal(result.problems, 0);
	vault_get_standing(store->vault, &standing);
	assert_int_equal(standing.damages, 0);
	assert_true(standing.generation > 1);
	assert_true(standing.anchored);
}

static void check_log(struct golden_store *store)
{
	char dir[SCRATCH_MAX + 16], line[AUDIT_LINE_MAX];
	struct audit_options options = { .dir = dir };
	struct audit_reader *reader;
	struct audit_record record;
	struct audit_verdict verdict;
	uint8_t key[SEAL_KEY_BYTES];
	uint64_t number, count = 0;
	size_t length;
	char *expected = text_of(store, "expected-audit.ndjson", &length), *at = expected;
	struct vault_log_place place;
	struct err err;

	unlock(store);
	snprintf(dir, sizeof dir, "%s/audit", store->dir);
	vault_store_id(store->vault, options.id);
	must(vault_audit_key(store->vault, key, &place, &err));
	options.key = key;
	must(audit_verify(&options, NULL, &verdict, &err));
	must(audit_reader_open(&options, 0, &reader, &err));
	while (audit_reader_next(reader, &record, &number, &err) == 1) {
		length = audit_format_json(&record, number, line);
		assert_memory_equal(line, at, length);
		at += length;
		count++;
	}
	audit_reader_close(reader);
	assert_int_equal(*at, '\0');
	assert_int_equal(count, verdict.records);
	assert_true(verdict.files > 1);
	free(expected);
}

static void every_key_of_an_old_store_opens_it(void **state)
{
	(void)state;
	each_store(check_keys);
}

static void an_old_store_says_what_it_was_given(void **state)
{
	(void)state;
	each_store(check_records);
}

static void an_old_store_is_sound_and_at_its_anchor(void **state)
{
	(void)state;
	each_store(check_soundness);
}

static void an_old_audit_log_is_sound_and_says_what_happened(void **state)
{
	(void)state;
	each_store(check_log);
}

static int start(void **state)
{
	(void)state;
	return seal_start(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_of_an_old_store_opens_it),
		cmocka_unit_test(an_old_store_says_what_it_was_given),
		cmocka_unit_test(an_old_store_is_sound_and_at_its_anchor),
		cmocka_unit_test(an_old_audit_log_is_sound_and_says_what_happened),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
