/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a golden store (README.md): something of every kind that the format has.
 *
 *     make_store DIR      an empty directory; what is then in it is committed, and never made again
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/audit/log.h"
#include "core/store/integrity.h"
#include "core/store/vault_slots.h"
#include "golden.h"
#include "seal/keyfile.h"
#include "seal/recovery.h"

/* 2026-11-22 12:00:00 UTC, and how long ago or ahead. */
#define NOW 1795348800000000000u
#define SECOND 1000000000u

/* Made in the order of their lines; each refers to those above it. */
struct made {
	struct secret_record password, cert, key, page;
	struct grant_record granted, revoked, member;
};

static void check(int result, const struct err *err)
{
	if (result >= 0)
		return;
	fprintf(stderr, "make_store: %s\n", err->text);
	exit(1);
}

static FILE *create(const char *name)
{
	FILE *file = fopen(name, "wxe");

	if (!file)
		perror(name);
	return file ? file : (exit(1), NULL);
}

/* Add a version that is current from now on; its value goes into the vault. */
static void add_version(struct vault *vault, struct secret_record *secret, const void *value,
	size_t length, uint32_t uid)
{
	struct version_record *version = &secret->versions[secret->version_count++];
	size_t sealed_length;
	uint8_t *sealed;
	struct err err;

	*version = (struct version_record){ .number = ++secret->last_number,
		.created_ns = NOW + secret->last_number * SECOND,
		.size = (uint32_t)length,
		.made_by = uid };
	seal_random(version->value_id, SEAL_ID_BYTES);
	check(vault_put_value(
		      vault, version->value_id, value, length, &sealed, &sealed_length, &err),
		&err);
	free(sealed);
	secret->previous = secret->current;
	secret->current = version->number;
}

static struct secret_record new_secret(const char *name)
{
	struct secret_record secret = { .created_ns = NOW };

	seal_random(secret.id, SEAL_ID_BYTES);
	snprintf(secret.name, sizeof secret.name, "%s", name);
	return secret;
}

static struct grant_record new_grant(
	const struct secret_record *secret, const char *consumer, const char *file)
{
	struct grant_record grant = {
		.uid = GRANT_READER, .gid = 999, .mode = 0440, .created_ns = NOW + 9 * SECOND
	};

	seal_random(grant.id, SEAL_ID_BYTES);
	if (secret)
		memcpy(grant.secret_id, secret->id, SEAL_ID_BYTES);
	snprintf(grant.consumer, sizeof grant.consumer, "%s", consumer);
	snprintf(grant.file, sizeof grant.file, "%s", file);
	return grant;
}

/* One of three versions, of which one is staged; two of a bundle; one of every byte, 5,000 long. */
static void put_secrets(struct vault *vault, struct made *made)
{
	uint8_t page[5000];
	struct err err;

	for (size_t i = 0; i < sizeof page; i++)
		page[i] = (uint8_t)(i * 7 % 256);
	check(vault_begin(vault, &err), &err);
	made->password = new_secret("db/password");
	add_version(vault, &made->password, "hunter2", 7, 1000);
	add_version(vault, &made->password, "correct-horse\n", 14, UINT32_MAX - 1);
	add_version(vault, &made->password, "staged", 6, 0);
	made->password.next = 3;
	made->password.current = 2;
	made->password.previous = 1;
	made->password.previous_until_ns = NOW + 3600ull * SECOND;
	made->password.current_since_ns = NOW + 5 * SECOND;
	made->cert = new_secret("tls/cert");
	add_version(vault, &made->cert, "a certificate", 13, 1000);
	made->key = new_secret("tls/key");
	add_version(vault, &made->key, "\0\1\2\377", 4, 1000);
	made->page = new_secret("every.byte");
	add_version(vault, &made->page, page, sizeof page, 1000);
	check(vault_put_secret(vault, &made->password, &err), &err);
	check(vault_put_secret(vault, &made->cert, &err), &err);
	check(vault_put_secret(vault, &made->key, &err), &err);
	check(vault_put_secret(vault, &made->page, &err), &err);
	check(vault_commit(vault, &err), &err);
}

static void put_grants(struct vault *vault, struct made *made)
{
	struct err err;

	made->granted = new_grant(&made->password, "compose/shop/web", "db_password");
	made->granted.flags = GRANT_NEWLINE | GRANT_WITH_PREVIOUS | VAULT_PREVIOUS_NAMED;
	made->granted.reads = 3;
	made->granted.expires_ns = NOW + 86400ull * SECOND;
	strcpy(made->granted.on_rotate, "signal:HUP");
	made->revoked = new_grant(NULL, "container/old", "gone");
	made->revoked.revoked_ns = NOW + 20ull * SECOND;
	made->member = new_grant(&made->cert, "compose/shop/web", "tls/cert");
	check(vault_begin(vault, &err), &err);
	check(vault_put_grant(vault, &made->granted, &err), &err);
	check(vault_put_grant(vault, &made->revoked, &err), &err);
	check(vault_put_grant(vault, &made->member, &err), &err);
	check(vault_commit(vault, &err), &err);
}

/* One of each of the others, and the clock. */
static void put_others(struct vault *vault, const struct made *made)
{
	struct consumer_record consumer = { .consumer = "compose/shop/web",
		.frozen_ns = NOW + 30ull * SECOND,
		.rule_count = 2,
		.rules = { "image=nginx:1.25", "label=tier=web" } };
	struct use_record use = { .last_ns = NOW + 40ull * SECOND,
		.last_version = 2,
		.last_user = "container/shop-web-1 4f5e0c1d2a3b",
		.count = 1,
		.counts = { { .container = "4f5e0c1d2a3b4f5e0c1d2a3b4f5e0c1d"
					   "2a3b4f5e0c1d2a3b4f5e0c1d2a3b4f5e",
			.used = 2,
			.version = 2 } } };
	struct bundle_record bundle = { .name = "tls",
		.created_ns = NOW,
		.member_count = 2,
		.generation_count = 2,
		.generations = { { .number = 1, .created_ns = NOW, .versions = { 1 } },
			{ .number = 2, .created_ns = NOW + SECOND, .versions = { 1, 1 } } } };
	struct schedule_record schedule = { .every_ns = 86400ull * SECOND,
		.overlap_ns = 3600ull * SECOND,
		.generate_length = 32,
		.alphabet = 1,
		.rotator = "postgres",
		.next_ns = NOW + 86400ull * SECOND,
		.step = ROTATION_VERIFY,
		.attempts = 1,
		.version = 3,
		.not_before_ns = NOW + 60ull * SECOND,
		.last_ns = NOW + 50ull * SECOND,
		.reason = "it exited with status 1" };
	struct hook_record hook = { .done_ns = NOW + SECOND,
		.tried_ns = NOW + 5 * SECOND,
		.last_ns = NOW + 6ull * SECOND,
		.not_before_ns = NOW + 7ull * SECOND,
		.attempts = 1,
		.reason = "it took longer than 30 seconds" };
	struct container_facts container = { .engine = 1,
		.labels_cut = 1,
		.name = "shop-web-1",
		.project = "shop",
		.service = "web",
		.image = "docker.io/library/nginx:1.25",
		.image_id = "sha256:00112233445566778899aabbccddeeff"
			    "00112233445566778899aabbccddeeff",
		.digest = { "sha256:feed", "", "sha256:beef" },
		.labels_length = 28,
		.labels = "com.example.tier=web\0empty=" };
	struct err err;

	memcpy(container.id, use.counts[0].container, sizeof container.id);
	memcpy(use.grant_id, made->granted.id, SEAL_ID_BYTES);
	memcpy(bundle.members[0], made->cert.id, SEAL_ID_BYTES);
	memcpy(bundle.members[1], made->key.id, SEAL_ID_BYTES);
	memcpy(schedule.secret_id, made->password.id, SEAL_ID_BYTES);
	memcpy(hook.grant_id, made->granted.id, SEAL_ID_BYTES);
	seal_random(consumer.id, SEAL_ID_BYTES);
	seal_random(use.id, SEAL_ID_BYTES);
	seal_random(bundle.id, SEAL_ID_BYTES);
	seal_random(schedule.id, SEAL_ID_BYTES);
	seal_random(hook.id, SEAL_ID_BYTES);
	check(vault_begin(vault, &err), &err);
	check(vault_put_consumer(vault, &consumer, &err), &err);
	check(vault_put_use(vault, &use, &err), &err);
	check(vault_put_bundle(vault, &bundle, &err), &err);
	check(vault_put_schedule(vault, &schedule, &err), &err);
	check(vault_put_hook(vault, &hook, &err), &err);
	check(vault_put_container(vault, &container, &err), &err);
	check(vault_put_clock(vault, NOW + 100ull * SECOND, &err), &err);
	check(vault_commit(vault, &err), &err);
}

/* Slots of every kind; their numbers are 1 to 5, in the order of the kinds. */
static void add_slots(struct vault *vault, uint8_t root[SEAL_KEY_BYTES],
	const uint8_t recovery[SEAL_KEY_BYTES], const uint8_t answer[SEAL_KEY_BYTES])
{
	struct slot_about passphrase = { .kind = SLOT_PASSPHRASE,
		.label = "laptop",
		.cost = { PASSPHRASE_PASSES_MIN, PASSPHRASE_MEMORY_MIN_KIB } };
	struct slot_about credential = { .kind = SLOT_CREDENTIAL };
	struct slot_about command = { .kind = SLOT_COMMAND,
		.program = "kms",
		.wrapped_length = 4,
		.wrapped = { 0, 1, 2, 3 } };
	struct slot_about paper = { .kind = SLOT_RECOVERY, .label = "in the safe" };
	uint8_t key[SEAL_KEY_BYTES], next[SEAL_KEY_BYTES];
	struct err err;

	seal_random(passphrase.salt, sizeof passphrase.salt);
	check(passphrase_key(GOLDEN_PASSPHRASE, strlen(GOLDEN_PASSPHRASE), passphrase.salt,
		      &passphrase.cost, key, &err),
		&err);
	check(vault_add_slot(vault, root, &passphrase, key, &err), &err);
	check(vault_add_slot(vault, root, &credential, answer, &err), &err);
	check(vault_add_slot(vault, root, &command, answer, &err), &err);
	check(vault_add_slot(vault, root, &paper, recovery, &err), &err);
	/* So that the root key is no slot's first one. */
	seal_random(next, sizeof next);
	check(vault_rotate_root(vault, root, next, &err), &err);
	memcpy(root, next, sizeof next);
}

/* Two files, and every kind of record. */
static void write_log(struct vault *vault, const struct made *made)
{
	struct audit_record record = { .pid = 4242,
		.uid = 101,
		.operator_uid = AUDIT_NOBODY,
		.container = "4f5e0c1d2a3b4f5e0c1d2a3b4f5e0c1d"
			     "2a3b4f5e0c1d2a3b4f5e0c1d2a3b4f5e",
		.comm = "nginx",
		.act = "open",
		.rule = "consumer",
		.outcome = "ok",
		.consumer = "compose/shop/web",
		.secret = "db/password" };
	struct audit_options options = { .dir = "audit", .file_bytes = 4096 };
	FILE *lines = create("expected-audit.ndjson");
	char line[AUDIT_LINE_MAX];
	uint8_t key[SEAL_KEY_BYTES];
	struct audit_found found;
	struct audit_log *log;
	struct vault_log_place place;
	struct err err;

	vault_store_id(vault, options.id);
	check(vault_audit_key(vault, key, &place, &err), &err);
	options.key = key;
	memcpy(record.secret_id, made->password.id, SEAL_ID_BYTES);
	if (mkdir(options.dir, 0700))
		check(err_set(&err, TACIT_IO, "mkdir"), &err);
	check(audit_log_open(&options, &log, &found, &err), &err);
	check(audit_log_use_ring(log, (const uint8_t *)"golden ring of 1", &err), &err);
	for (uint32_t i = 0; i < 16; i++) {
		struct audit_source source = { .lane = 3, .taken = i + 1 };

		record.kind = 1 + i % (AUDIT_KINDS - 1);
		record.time_ns = NOW + i * (uint64_t)SECOND;
		record.unique = 2 * i + 2;
		record.version = i % 3;
		record.operator_uid = record.kind == AUDIT_CHANGE ? 1000 : AUDIT_NOBODY;
		record.count = record.kind == AUDIT_DENIAL ? 5 : 0;
		check(audit_log_append(log, &record, &source, &err), &err);
		check(audit_log_commit(log, &err), &err);
		fwrite(line, audit_format_json(&record, i + 1, line), 1, lines);
	}
	audit_log_close(log);
	fclose(lines);
}

static void write_keys(const uint8_t key[SEAL_KEY_BYTES],
	const uint8_t secret[RECOVERY_SECRET_BYTES], const uint8_t answer[SEAL_KEY_BYTES])
{
	char text[KEYFILE_TEXT_MAX], paper[RECOVERY_TEXT_BYTES + 1];
	FILE *file = create("key");

	fwrite(text, keyfile_format(key, text), 1, file);
	fclose(file);
	file = create("passphrase");
	fputs(GOLDEN_PASSPHRASE, file);
	fclose(file);
	recovery_format(secret, paper);
	file = create("recovery");
	fprintf(file, "%s\n", paper);
	fclose(file);
	file = create("answer");
	fwrite(answer, SEAL_KEY_BYTES, 1, file);
	fclose(file);
}

int main(int argc, char **argv)
{
	uint8_t key[SEAL_KEY_BYTES], root[SEAL_KEY_BYTES], answer[SEAL_KEY_BYTES];
	uint8_t secret[RECOVERY_SECRET_BYTES], recovery[SEAL_KEY_BYTES];
	struct slot_about first = { .kind = SLOT_KEY_FILE };
	char anchor[4096];
	struct made *made = calloc(1, sizeof *made);
	struct vault *vault;
	struct err err;
	FILE *expected;

	if (argc != 2 || !made || chdir(argv[1]) || !getcwd(anchor, sizeof anchor - 8)) {
		fprintf(stderr, "usage: make_store DIR\n");
		return 2;
	}
	strcat(anchor, "/anchor");
	check(seal_start(&err), &err);
	seal_random(key, sizeof key);
	seal_random(secret, sizeof secret);
	seal_random(answer, sizeof answer);
	recovery_key(secret, recovery);
	write_keys(key, secret, answer);
	check(vault_create_with(&store_sqlite, ".", &first, key, &err), &err);
	check(vault_attach(&store_sqlite, ".", &vault, &err), &err);
	check(vault_set_anchor(vault, anchor, VAULT_ANCHOR_CHECK, &err), &err);
	check(vault_unlock(vault, key, root, &err), &err);
	put_secrets(vault, made);
	add_slots(vault, root, recovery, answer);
	put_grants(vault, made);
	put_others(vault, made);
	write_log(vault, made);
	expected = create("expected.json");
	check(golden_describe(vault, expected, &err), &err);
	fclose(expected);
	vault_close(vault);
	/* Empty: what they had is in the database. */
	unlink("store.db-wal");
	unlink("store.db-shm");
	free(made);
	return 0;
}
