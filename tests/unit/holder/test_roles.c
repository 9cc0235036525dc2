/* SPDX-License-Identifier: Apache-2.0 */
/* What each role is given and is left with, who meets whom, that each is replaced alone, and that
 * engines are connected to for gate. */
#include "rig.h"

#define SET(role) (1u << (role))
#define ENOUGH_STARTS 7
#define FIRST_WAIT_NS 20000000ull /* as child.c has it; each wait is twice the one before */

/* By hand, and not derived: who has a channel to whom. */
static const unsigned int meets[ROLES] = {
	[ROLE_CORE] = SET(ROLE_TOUCHER) | SET(ROLE_API) | SET(ROLE_ENGINE) | SET(ROLE_GATE),
	[ROLE_TOUCHER] = SET(ROLE_CORE),
	[ROLE_API] = SET(ROLE_CORE),
	[ROLE_ENGINE] = SET(ROLE_CORE) | SET(ROLE_GATE),
	[ROLE_GATE] = SET(ROLE_CORE) | SET(ROLE_ENGINE),
};

/* Gate was answered its ask: `how` is "granted with" a descriptor or "refused without". */
static void is_answered(const struct rig *rig, unsigned int ask, const char *how)
{
	char line[64];

	snprintf(line, sizeof line, "give %d %u %s", GIVE_ENGINE, ask, how);
	rig_wait(rig, ROLE_GATE, line, 1);
}

static int set_up_without_engines(void **state)
{
	*state = geteuid() ? NULL : rig_start(0);
	return 0;
}

static void wait_for_peers(const struct rig *rig, enum role role)
{
	for (enum role peer = ROLE_CORE; peer < ROLES; peer++) {
		char line[64];

		snprintf(line, sizeof line, "peer %s", role_name(peer));
		if (meets[role] & SET(peer))
			rig_wait(rig, role, line, 1);
	}
}

/* All are there, and each has met whom it shall meet. */
static int set_up(void **state)
{
	struct rig *rig = geteuid() ? NULL : rig_start(RIG_ENGINES);

	*state = rig;
	for (enum role role = ROLE_CORE; rig && role < ROLES; role++)
		rig_wait(rig, role, "go", 1);
	for (enum role role = ROLE_CORE; rig && role < ROLES; role++)
		wait_for_peers(rig, role);
	return 0;
}

static int tear_down(void **state)
{
	return *state ? rig_stop(*state) : 0;
}

/* Only root can become others. */
static struct rig *rig_of(void **state)
{
	if (!*state)
		skip();
	return *state;
}

static void each_is_given_what_it_needs_and_no_more(void **state)
{
	static const struct {
		enum give what;
		unsigned int index;
		unsigned int roles;
	} rows[] = {
		{ GIVE_DEVICE, 0, SET(ROLE_CORE) },
		{ GIVE_DEVICE, 1, SET(ROLE_CORE) },
		{ GIVE_HANDOVER, 0, SET(ROLE_CORE) },
		{ GIVE_KEY_PAGE, 0, SET(ROLE_CORE) },
		{ GIVE_ADOPT, 0, SET(ROLE_CORE) },
		{ GIVE_MOUNT, 0, SET(ROLE_CORE) | SET(ROLE_TOUCHER) },
		{ GIVE_LISTENER, 0, SET(ROLE_CORE) | SET(ROLE_API) },
	};
	const struct rig *rig = rig_of(state);

	for (enum role role = ROLE_CORE; role < ROLES; role++) {
		unsigned int all = 0;

		for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
			bool its = rows[i].roles & SET(role);
			char line[64];

			snprintf(line, sizeof line, "give %d %u granted with", rows[i].what,
				rows[i].index);
			rig_said(rig, role, line, its);
			all += its;
		}
		rig_said(rig, role, "give", all);
		rig_said(rig, role, "frame", 0);
	}
}

/* Two say hello to each other, by the channel each was given last. */
static void greet(const struct rig *rig, enum role a, enum role b, unsigned int times)
{
	char line[64];

	rig_order(rig, a, "peer %s hello", role_name(b));
	snprintf(line, sizeof line, "from %s hello", role_name(a));
	rig_wait(rig, b, line, times);
}

static void each_meets_whom_it_shall_and_nobody_else(void **state)
{
	const struct rig *rig = rig_of(state);

	for (enum role a = ROLE_CORE; a < ROLES; a++)
		for (enum role b = ROLE_HOLDER; b < ROLES; b++) {
			char line[64];

			snprintf(line, sizeof line, "peer %s", role_name(b));
			rig_said(rig, a, line, !!(meets[a] & SET(b)));
			if (meets[a] & SET(b))
				greet(rig, a, b, 1);
		}
}

static void each_is_left_with_nothing(void **state)
{
	const struct rig *rig = rig_of(state);
	long uid[ROLES] = { 0 }, gid = 0;

	for (enum role role = ROLE_CORE; role < ROLES; role++) {
		/* Standard input, output and error, and the channel to holder. */
		rig_said(rig, role, "nnp 1 caps 0 files 4 environment 0 network 0", 1);
		rig_said(rig, role, "groups 0", 1);
		assert_int_equal(rig_count(rig, role, "gid", &gid), 1);
		assert_int_equal(rig_count(rig, role, "uid", &uid[role]), 1);
		assert_true(uid[role] > 0 && gid > 0);
		for (enum role other = ROLE_CORE; other < role; other++)
			assert_int_equal(uid[role] == uid[other],
				role == ROLE_TOUCHER && other == ROLE_CORE);
	}
}

static void without_engines_nobody_asks_any(void **state)
{
	const struct rig *rig = rig_of(state);

	for (unsigned int starts = 1; starts <= 2; starts++) {
		rig_wait(rig, ROLE_CORE, "peer api", starts);
		rig_wait(rig, ROLE_CORE, "peer toucher", starts);
		rig_wait(rig, ROLE_CORE, "go", starts);
		rig_pass(700); /* longer than the loop sleeps */
		for (enum role role = ROLE_ENGINE; role <= ROLE_GATE; role++)
			rig_said(rig, role, "start", 0);
		rig_said(rig, ROLE_CORE, "peer engine", 0);
		rig_order(rig, ROLE_CORE, "send %d %d 0", FRAME_EXPEL, ROLE_ENGINE);
		rig_said(rig, ROLE_CORE, "start", starts);
		if (starts == 1)
			kill(rig_pid(rig, ROLE_CORE), SIGKILL);
	}
}

/* `role` was started again, met its peers anew, and nobody else noticed. */
static void is_replaced_alone(const struct rig *rig, enum role role)
{
	rig_wait(rig, role, "go", 2);
	for (enum role peer = ROLE_CORE; peer < ROLES; peer++) {
		char line[64];

		rig_said(rig, peer, "start", peer == role ? 2 : 1);
		if (!(meets[role] & SET(peer)))
			continue;
		snprintf(line, sizeof line, "peer %s", role_name(role));
		rig_wait(rig, peer, line, 2);
		greet(rig, role, peer, 1);
		greet(rig, peer, role, 1);
	}
	rig_said(rig, ROLE_CORE, "go", role == ROLE_CORE ? 2 : 1);
}

#define is_replaced_when_killed(name, role)                                                        \
	static void name(void **state)                                                             \
	{                                                                                          \
		const struct rig *rig = rig_of(state);                                             \
		kill(rig_pid(rig, role), SIGKILL);                                                 \
		is_replaced_alone(rig, role);                                                      \
	}
is_replaced_when_killed(core_is_replaced_alone, ROLE_CORE)
	is_replaced_when_killed(toucher_is_replaced_alone, ROLE_TOUCHER)
		is_replaced_when_killed(api_is_replaced_alone, ROLE_API)
			is_replaced_when_killed(engine_is_replaced_alone, ROLE_ENGINE)
				is_replaced_when_killed(gate_is_replaced_alone, ROLE_GATE)

	/* Core may have anybody but itself and holder ended. */
	static void core_expels_engine_and_gate(void **state)
{
	static const unsigned int nobody[] = { ROLE_HOLDER, ROLE_CORE, ROLES, UINT32_MAX };
	const struct rig *rig = rig_of(state);

	for (size_t i = 0; i < sizeof nobody / sizeof *nobody; i++)
		rig_order(rig, ROLE_CORE, "send %d %u 0", FRAME_EXPEL, nobody[i]);
	rig_order(rig, ROLE_CORE, "send %d %d 0", FRAME_EXPEL, ROLE_ENGINE);
	is_replaced_alone(rig, ROLE_ENGINE);
	rig_order(rig, ROLE_CORE, "send %d %d 0", FRAME_EXPEL, ROLE_GATE);
	rig_wait(rig, ROLE_GATE, "go", 2);
	rig_wait(rig, ROLE_ENGINE, "peer gate", 3);
	rig_said(rig, ROLE_CORE, "start", 1);
}

static void who_sends_what_it_may_not_is_ended(void **state)
{
	const struct rig *rig = rig_of(state);

	rig_order(rig, ROLE_ENGINE, "send %d 0 0", FRAME_NEED_ENGINE);
	is_replaced_alone(rig, ROLE_ENGINE);
	rig_order(rig, ROLE_GATE, "send %d %d 0", FRAME_EXPEL, ROLE_CORE);
	rig_wait(rig, ROLE_GATE, "go", 2);
	rig_said(rig, ROLE_CORE, "start", 1);
	rig_said(rig, ROLE_ENGINE, "start", 2);
	rig_said(rig, ROLE_ENGINE, "give", 0);
}

static void gate_has_engines_connected_for_it(void **state)
{
	const struct rig *rig = rig_of(state);
	struct timeval patience = { .tv_sec = RIG_PATIENCE_MS / 1000 };
	struct ucred peer;
	socklen_t length = sizeof peer;
	char text[16] = "";
	int engine;

	rig_order(rig, ROLE_GATE, "send %d %u %d", FRAME_NEED_ENGINE, 4294967295u, RIG_LISTENS);
	is_answered(rig, 4294967295u, "granted with");
	rig_order(rig, ROLE_GATE, "engine ping");
	engine = accept4(rig->engine, NULL, NULL, SOCK_CLOEXEC);
	setsockopt(engine, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	assert_int_equal(recv(engine, text, sizeof text - 1, 0), 4);
	assert_string_equal(text, "ping");
	assert_int_equal(getsockopt(engine, SOL_SOCKET, SO_PEERCRED, &peer, &length), 0);
	assert_int_equal(peer.uid, 0);
	assert_int_equal(peer.pid, rig->holder);
	/* Holder keeps no end of it: the connection ends with gate. */
	kill(rig_pid(rig, ROLE_GATE), SIGKILL);
	assert_int_equal(recv(engine, text, sizeof text - 1, 0), 0);
	close(engine);
	rig_wait(rig, ROLE_GATE, "go", 2);
}

static void an_engine_that_is_not_there_is_said_so(void **state)
{
	static const unsigned int none[] = { RIG_ABSENT, RIG_FILE, RIG_ENGINES, CONFIG_ENGINES_MAX,
		UINT32_MAX };
	const struct rig *rig = rig_of(state);

	for (unsigned int i = 0; i < sizeof none / sizeof *none; i++) {
		rig_order(rig, ROLE_GATE, "send %d %u %u", FRAME_NEED_ENGINE, 100 + i, none[i]);
		is_answered(rig, 100 + i, "refused without");
	}
	rig_said(rig, ROLE_GATE, "start", 1);
}

/* One that listens and does not accept: holder waits for it no more than for the others. */
static void an_engine_that_hangs_is_not_waited_for(void **state)
{
	const struct rig *rig = rig_of(state);
	struct sockaddr_un address = rig_engine_address(rig);
	unsigned int waiting = 0;
	int client;

	do
		client = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	while (!connect(client, (struct sockaddr *)&address, sizeof address) && waiting++ < 100);
	assert_int_equal(errno, EAGAIN);
	for (unsigned int ask = 0; ask < 20; ask++)
		rig_order(rig, ROLE_GATE, "send %d %u %d", FRAME_NEED_ENGINE, ask, RIG_LISTENS);
	is_answered(rig, 19u, "refused without");
	close(accept4(rig->engine, NULL, NULL, SOCK_CLOEXEC));
	rig_order(rig, ROLE_GATE, "send %d 20 %d", FRAME_NEED_ENGINE, RIG_LISTENS);
	is_answered(rig, 20u, "granted with");
	for (enum role role = ROLE_CORE; role < ROLES; role++)
		rig_said(rig, role, "start", 1);
}

static void who_answers_no_ping_is_replaced(void **state)
{
	const struct rig *rig = rig_of(state);

	rig_order(rig, ROLE_ENGINE, "deaf");
	rig_order(rig, ROLE_GATE, "deaf");
	rig_wait(rig, ROLE_ENGINE, "go", 2);
	rig_wait(rig, ROLE_GATE, "go", 2);
	rig_wait(rig, ROLE_CORE, "peer engine", 2);
	rig_said(rig, ROLE_CORE, "start", 1);
	rig_said(rig, ROLE_API, "start", 1);
}

/* Less and less often; and it is taken up when it can start again. */
static void who_cannot_start_is_tried_again(void **state)
{
	const struct rig *rig = rig_of(state);
	uint64_t before, waited_ns = 0;
	unsigned int starts;
	char path[256];

	rig_path(rig, path, "log/gate.broken");
	close(creat(path, 0644));
	before = granted_time_now();
	kill(rig_pid(rig, ROLE_GATE), SIGKILL);
	rig_wait(rig, ROLE_GATE, "start", ENOUGH_STARTS);
	starts = rig_count(rig, ROLE_GATE, "start", NULL);
	/* One was before it was killed; then it is tried twice at once. */
	for (unsigned int i = 4; i <= starts; i++)
		waited_ns += FIRST_WAIT_NS << (i - 4);
	if (granted_time_now() - before < waited_ns)
		fail_msg("%u starts in %ju ns", starts, (uintmax_t)(granted_time_now() - before));
	rig_said(rig, ROLE_CORE, "start", 1);
	rig_said(rig, ROLE_ENGINE, "start", 1);
	unlink(path);
	rig_wait(rig, ROLE_GATE, "go", 2);
	greet(rig, ROLE_ENGINE, ROLE_GATE, 1);
}

/* A crash is held against what was at hand, in the parked OPENs' slot too; a kill from outside is
 * held against nothing. */
static void what_was_at_hand_in_a_crash_is_marked(void **state)
{
	const struct rig *rig = rig_of(state);
	struct handover_slot *slots = rig->handover->slots;

	atomic_store(&slots[0].processing, 1);
	atomic_store(&slots[RIG_THREADS].processing, 1);
	kill(rig_pid(rig, ROLE_CORE), SIGKILL);
	rig_wait(rig, ROLE_CORE, "go", 2);
	for (int i = 0; i <= RIG_THREADS; i++)
		assert_int_equal(slots[i].strikes, 0);
	for (enum role role = ROLE_TOUCHER; role < ROLES; role++)
		rig_order(rig, role, "exit");
	for (enum role role = ROLE_TOUCHER; role < ROLES; role++)
		rig_wait(rig, role, "go", 2);
	for (int i = 0; i <= RIG_THREADS; i++)
		assert_int_equal(slots[i].strikes, 0);
	rig_order(rig, ROLE_CORE, "exit");
	rig_wait(rig, ROLE_CORE, "go", 3);
	assert_int_equal(slots[0].strikes, 1);
	assert_int_equal(slots[1].strikes, 0);
	assert_int_equal(slots[RIG_THREADS].strikes, 1);
}

#define with_rig(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		with_rig(each_is_given_what_it_needs_and_no_more),
		with_rig(each_meets_whom_it_shall_and_nobody_else),
		with_rig(each_is_left_with_nothing),
		cmocka_unit_test_setup_teardown(
			without_engines_nobody_asks_any, set_up_without_engines, tear_down),
		with_rig(core_is_replaced_alone),
		with_rig(toucher_is_replaced_alone),
		with_rig(api_is_replaced_alone),
		with_rig(engine_is_replaced_alone),
		with_rig(gate_is_replaced_alone),
		with_rig(core_expels_engine_and_gate),
		with_rig(who_sends_what_it_may_not_is_ended),
		with_rig(gate_has_engines_connected_for_it),
		with_rig(an_engine_that_is_not_there_is_said_so),
		with_rig(an_engine_that_hangs_is_not_waited_for),
		with_rig(who_answers_no_ping_is_replaced),
		with_rig(who_cannot_start_is_tried_again),
		with_rig(what_was_at_hand_in_a_crash_is_marked),
	};

	(void)argc;
	rig_begin(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
