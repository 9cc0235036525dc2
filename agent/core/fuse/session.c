/* SPDX-License-Identifier: Apache-2.0 */
/* Which generation of a bundle a process is given: one that opens a member gets the other members
 * of the same generation for two seconds, or until it opens a member that it has opened already;
 * then the newest.
 *
 * The table outlives core. A process has one session of a folder at most, and no two of its
 * sessions have begun at the same time: so an OPEN that says to which it belongs can be noted any
 * number of times, and never brings an earlier one back. */
#include <string.h>

#include "core/fuse/internal.h"

void sessions_open_table(struct sessions *sessions, struct handover_session *table)
{
	pthread_mutex_init(&sessions->mutex, NULL);
	sessions->table = table;
	sessions->used = HANDOVER_SESSIONS;
	while (sessions->used && !atomic_load(&table[sessions->used - 1].folder))
		sessions->used--;
}

static bool is_live(const struct handover_session *session, uint64_t now_ns)
{
	return atomic_load(&session->folder) && now_ns < session->since_ns + SESSION_NS;
}

static struct handover_session *find(
	const struct sessions *sessions, const struct session_member *who)
{
	for (unsigned int i = 0; i < sessions->used; i++) {
		struct handover_session *session = &sessions->table[i];

		if (atomic_load(&session->folder) == who->folder &&
			session->process == who->process &&
			session->process_start == who->process_start)
			return session;
	}
	return NULL;
}

/* Processes of the host have no container: each consumer's share is then its own. */
static bool shares(const struct handover_session *session, const struct session_member *who)
{
	return session->reader == who->reader &&
	       (who->reader || atomic_load(&session->folder) == who->folder);
}

/* Where a new session can be: a free place, or that of one that is over. Low places first, so that
 * few are looked at. */
static struct handover_session *place_for(
	struct sessions *sessions, const struct session_member *who, uint64_t now_ns)
{
	struct handover_session *place = NULL;
	unsigned int shared = 0;

	for (unsigned int i = sessions->used; i--;)
		if (is_live(&sessions->table[i], now_ns))
			shared += shares(&sessions->table[i], who);
		else
			place = &sessions->table[i];
	if (shared >= SESSIONS_PER_READER)
		return NULL;
	if (!place && sessions->used < HANDOVER_SESSIONS)
		place = &sessions->table[sessions->used++];
	return place;
}

static bool is_of_bundle(const struct handover_session *session, const struct session_member *who)
{
	return !memcmp(session->bundle_id, who->bundle_id, sizeof session->bundle_id);
}

bool session_choose(struct sessions *sessions, const struct session_member *who, uint64_t newest,
	uint64_t now_ns, struct session_choice *choice)
{
	const struct handover_session *session = find(sessions, who);

	*choice = (struct session_choice){ .generation = newest, .since_ns = now_ns };
	if (!session)
		return place_for(sessions, who, now_ns) != NULL;
	if (is_live(session, now_ns) && is_of_bundle(session, who) &&
		!(atomic_load(&session->opened) & 1ull << who->member))
		*choice = (struct session_choice){ session->generation, session->since_ns };
	else if (session->since_ns >= now_ns)
		choice->since_ns = session->since_ns + 1;
	return true;
}

static void begin(struct handover_session *session, const struct session_member *who,
	const struct session_choice *choice)
{
	atomic_store(&session->folder, 0);
	session->process = who->process;
	session->process_start = who->process_start;
	session->reader = who->reader;
	memcpy(session->bundle_id, who->bundle_id, sizeof session->bundle_id);
	session->generation = choice->generation;
	session->since_ns = choice->since_ns;
	atomic_store(&session->opened, 1ull << who->member);
	atomic_store(&session->folder, who->folder);
}

void session_note(struct sessions *sessions, const struct session_member *who,
	const struct session_choice *choice, uint64_t now_ns)
{
	struct handover_session *session = find(sessions, who);

	if (session && session->since_ns >= choice->since_ns) {
		if (session->since_ns == choice->since_ns)
			atomic_fetch_or(&session->opened, 1ull << who->member);
		return;
	}
	if (!session && now_ns < choice->since_ns + SESSION_NS)
		session = place_for(sessions, who, now_ns);
	if (session)
		begin(session, who, choice);
}

void session_forget(struct sessions *sessions, const struct session_member *who, uint64_t since_ns)
{
	struct handover_session *session = find(sessions, who);
	uint64_t member = 1ull << who->member;

	if (session && session->since_ns == since_ns &&
		atomic_fetch_and(&session->opened, ~member) == member)
		atomic_store(&session->folder, 0);
}

bool session_reads(const struct sessions *sessions, const uint8_t bundle_id[SEAL_ID_BYTES],
	uint64_t generation, uint64_t now_ns)
{
	for (unsigned int i = 0; i < sessions->used; i++) {
		const struct handover_session *session = &sessions->table[i];

		if (is_live(session, now_ns) && session->generation == generation &&
			!memcmp(session->bundle_id, bundle_id, sizeof session->bundle_id))
			return true;
	}
	return false;
}
