/* SPDX-License-Identifier: Apache-2.0 */
/* Bundles as the thread that owns the vault makes them, and processes that read them. What a member
 * reads says of which generation it is. Time stands still until the test lets it pass, so that no
 * session is over because a machine is slow. */
#ifndef TACIT_TEST_FUSE_BUNDLES_H
#define TACIT_TEST_FUSE_BUNDLES_H

#include <sys/syscall.h>

#include "waiting.h"

#define BUNDLE "tls"
#define FOLDER "certs" /* what the consumer calls it */
#define KEPT 3         /* generations, besides those that are read */
#define MEMBERS 3

enum { CERT, KEY, CA };
static const char *const member_names[MEMBERS] = { "cert", "key", "ca" };

static _Atomic uint64_t stands_at_ns = 1000000000000;

int clock_gettime(clockid_t clock, struct timespec *now);
int clock_gettime(clockid_t clock, struct timespec *now)
{
	uint64_t ns = atomic_load(&stands_at_ns);

	if (clock != CLOCK_MONOTONIC)
		return (int)syscall(SYS_clock_gettime, clock, now);
	*now = (struct timespec){ (time_t)(ns / 1000000000), (long)(ns % 1000000000) };
	return 0;
}

static inline void let_time_pass(uint64_t ns)
{
	atomic_fetch_add(&stands_at_ns, ns);
}

/* Sessions that began within one moment are a nanosecond apart. */
static inline void let_sessions_end(void)
{
	let_time_pass(SESSION_NS + 1000);
}

struct set {
	struct bundle_record record;
	struct secret_record secret[MEMBERS];
	struct grant_record grant[MEMBERS];
};

static inline uint64_t newest_of(const struct set *set)
{
	return set->record.generations[set->record.generation_count - 1].number;
}

static inline bool is_kept(const struct set *set, uint32_t member, uint64_t version)
{
	for (uint32_t i = 0; i < set->record.generation_count; i++)
		if (set->record.generations[i].versions[member] == version)
			return true;
	return false;
}

/* Generations that nobody needs end, and with them versions. Without a core nobody knows. */
static inline void prune_set(struct rig *rig, struct set *set)
{
	struct bundle_record *record = &set->record;
	struct bundle key = { .record = *record };
	uint32_t kept = 0;

	for (uint32_t i = 0; i < record->generation_count; i++)
		if (i + KEPT >= record->generation_count || !rig->server ||
			server_generation_is_read(rig->server, &key, record->generations[i].number))
			record->generations[kept++] = record->generations[i];
	record->generation_count = kept;
	for (uint32_t i = 0; i < record->member_count; i++) {
		struct secret_record *secret = &set->secret[i];

		kept = 0;
		for (uint32_t n = 0; n < secret->version_count; n++)
			if (is_kept(set, i, secret->versions[n].number))
				secret->versions[kept++] = secret->versions[n];
			else
				must_ok(vault_remove_value(
					rig->store.vault, secret->versions[n].value_id, NULL));
		secret->version_count = kept;
	}
}

/* One commit: another version of the first `members`, who may be new to the bundle; and one
 * generation. */
static inline void make_generation(struct rig *rig, struct set *set, uint32_t members)
{
	struct bundle_record *record = &set->record;
	struct bundle_generation *fresh = &record->generations[record->generation_count];
	struct version_record versions[MEMBERS];
	uint8_t *sealed[MEMBERS];
	size_t lengths[MEMBERS];
	struct err err;

	*fresh = record->generation_count ? fresh[-1] : (struct bundle_generation){ .number = 0 };
	fresh->number++;
	record->generation_count++;
	if (record->member_count < members)
		record->member_count = members;
	must(vault_begin(rig->store.vault, &err));
	for (uint32_t i = 0; i < members; i++) {
		struct secret_record *secret = &set->secret[i];
		char value[64];
		int length = snprintf(value, sizeof value, "%s %llu", member_names[i],
			(unsigned long long)fresh->number);

		versions[i] = (struct version_record){ .number = ++secret->last_number,
			.created_ns = fresh->number,
			.size = (uint32_t)length };
		seal_random(versions[i].value_id, sizeof versions[i].value_id);
		must(vault_put_value(rig->store.vault, versions[i].value_id, value, (size_t)length,
			&sealed[i], &lengths[i], &err));
		fresh->versions[i] = secret->current = versions[i].number;
		secret->versions[secret->version_count++] = versions[i];
		memcpy(record->members[i], secret->id, SEAL_ID_BYTES);
	}
	prune_set(rig, set);
	for (uint32_t i = 0; i < record->member_count; i++)
		must(vault_put_secret(rig->store.vault, &set->secret[i], &err));
	must(vault_put_bundle(rig->store.vault, record, &err));
	must(vault_commit(rig->store.vault, &err));
	if (rig->model)
		model_write_lock(rig->model);
	for (uint32_t i = 0; i < members; i++)
		if (rig->model)
			must(model_put_secret(rig->model, &set->secret[i], versions[i].number,
				sealed[i], lengths[i], &err));
		else
			free(sealed[i]);
	if (rig->model) {
		must(model_put_bundle(rig->model, record, &err));
		model_unlock(rig->model);
	}
}

/* Grants of the members, each in the folder. */
static inline void grant_set(
	struct rig *rig, struct set *set, const char *consumer, const char *folder)
{
	for (uint32_t i = 0; i < set->record.member_count; i++) {
		char file[TACIT_FILE_NAME_MAX + 1];

		snprintf(file, sizeof file, "%.31s/%s", folder, member_names[i]);
		set->grant[i] = rig_grant(rig, consumer, file);
		memcpy(set->grant[i].secret_id, set->secret[i].id, SEAL_ID_BYTES);
		rig_put_grant(rig, &set->grant[i]);
	}
}

static inline void revoke_set(struct rig *rig, struct set *set)
{
	for (uint32_t i = 0; i < set->record.member_count; i++) {
		struct grant_record revoked = rig_revoked(&set->grant[i]);

		rig_put_grant(rig, &revoked);
	}
}

/* A bundle of so many members, which are granted to nobody yet. */
static inline void make_set(struct rig *rig, struct set *set, uint32_t members)
{
	*set = (struct set){ .record = { .name = BUNDLE } };
	seal_random(set->record.id, sizeof set->record.id);
	for (uint32_t i = 0; i < MEMBERS; i++) {
		set->secret[i] = (struct secret_record){ .created_ns = 5 };
		snprintf(set->secret[i].name, sizeof set->secret[i].name, BUNDLE "/%s",
			member_names[i]);
		seal_random(set->secret[i].id, SEAL_ID_BYTES);
	}
	make_generation(rig, set, members);
}

/* The rig's consumer has the bundle; nobody has read. */
static inline void give_set(struct rig *rig, struct set *set, uint32_t members)
{
	make_set(rig, set, members);
	grant_set(rig, set, RIG_CONSUMER, FOLDER);
}

static inline uint64_t folder_in(const struct rig *rig, uint64_t directory, const char *folder)
{
	return node_folder(rig->handover->node_key, directory, folder);
}

/* The member `member` of a folder in a directory. */
static inline uint64_t member_in(
	const struct rig *rig, uint64_t directory, const char *folder, uint32_t member)
{
	return node_child(
		rig->handover->node_key, folder_in(rig, directory, folder), member_names[member]);
}

/* Of which generation an open file is. */
static inline uint64_t generation_of(struct rig *rig, struct ask ask, uint64_t fh)
{
	unsigned long long number = 0;
	struct reply reply;

	must_ok(rig_read(rig, ask, FUSE_READ, fh, 0, 99, false, &reply));
	reply.body.bytes[reply.length] = '\0';
	assert_int_equal(sscanf(reply.body.bytes, "%*s %llu", &number), 1);
	return number;
}

/* Open, read, close: the generation that it was given; or an errno, negative. */
static inline int64_t read_member(struct rig *rig, struct ask ask)
{
	uint64_t generation, fh;
	struct reply reply;

	if (rig_open(rig, ask, FUSE_OPEN, O_RDONLY, &reply))
		return -reply.errnum;
	fh = reply.body.open.fh;
	generation = generation_of(rig, ask, fh);
	must_ok(rig_release(rig, ask, fh, &reply));
	return (int64_t)generation;
}

static inline int64_t reads_in(
	struct rig *rig, pid_t pid, uint64_t directory, const char *folder, uint32_t member)
{
	return read_member(rig, rig_by(pid, 1000, member_in(rig, directory, folder, member)));
}

/* The member that a process of the first container reads through its consumer's directory. */
static inline int64_t reads(struct rig *rig, pid_t pid, uint32_t member)
{
	return reads_in(rig, pid, rig->consumer, FOLDER, member);
}

#endif
