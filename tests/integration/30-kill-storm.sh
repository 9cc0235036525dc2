#!/usr/bin/env bash
# Goal: under 8 readers inside a container, 300 SIGKILLs of core, 50 each of api, toucher, engine and
# gate and 10 of holder fail no read and change no byte, with the kernel's RESEND and without it, while the
# secret is rotated; a stopped core is replaced within 5 s; an upgrade fails no read.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/engine.sh"
. "$SUPPORT/agent.sh"

core_kills=${CORE_KILLS:-300} side_kills=${SIDE_KILLS:-50} holder_kills=${HOLDER_KILLS:-10}
secret=/run/secrets/db_password
engine_start

# grant_to NAME: whom engines call by that name.
grant_to() { t grant add db_password "container/$RUN_ID-$1" >/dev/null; }

start_readers() {
	local name=readers-$1
	grant_to "$name"
	container "$name" -d -v "$(mount_of)/container/$RUN_ID-$name/db_password:$secret:ro" \
		-v "$SCRATCH/floor:/floor:ro" -- \
		probe loop -n 8 -t db -f /floor/version $secret >/dev/null
	within 10 is_known "$name" || fail "no engine has told of $name"
	sleep 0.5
}
# What is known is written down at once: a core that is killed leaves it to the next one.
is_known() {
	t consumer inspect "container/$RUN_ID-$1" --json | jq -e '.[0].containers | length == 1'
}
# stop_readers NAME: leaves their last line in $tally, every count of it checked.
stop_readers() {
	local count
	docker stop -t 20 "$RUN_ID-readers-$1" >/dev/null
	tally=$(docker logs "$RUN_ID-readers-$1" | tail -n 1)
	like "the readers' last line" '^readers=8 ' "$tally"
	for count in failed wrong older backward; do
		equal "$count reads ($tally)" 0 "$(field $count "$tally")"
	done
	docker rm -f "$RUN_ID-readers-$1" >/dev/null
}

# Rotations go on all the while. One that fails may have been done: the next has another number.
# Only what was acknowledged binds the readers.
rotate_for_ever() {
	local n=1 acked=0
	trap - EXIT ERR
	while [ -d "$ROOT" ] && [ ! -e "$ROOT/enough" ]; do
		n=$((n + 1))
		if secret_rotate db_password db $n 2>/dev/null; then
			note_acknowledged $n
			acked=$((acked + 1))
		fi
		echo "$n $acked" >"$ROOT/rotations"
		sleep 0.1
	done
}

# Struck while a core serves: holder and core dead at once, or a core that has not been given the
# descriptors yet, is the end of the mount unless a descriptor store has them (32-descriptor-store).
strike_holder() {
	local core
	t status --wait 10 >/dev/null || fail "no core serves before holder is killed"
	core=$(pid_of core)
	strike KILL holder
	sleep 0.05
	[ -n "$(pid_of core)" ] || fail "core died with holder"
	agent_launch
	within 10 core_is_not "$core" || fail "the new holder started no core"
	t status --wait 10 >/dev/null || fail "a new holder does not serve"
}
core_is_not() { [ -n "$(pid_of core)" ] && [ "$(pid_of core)" != "$1" ]; }

# is_turn I N: whether the I-th kill of core is one of the N that others' kills go with.
is_turn() { [ $(($1 * $2 / core_kills)) -ne $((($1 - 1) * $2 / core_kills)) ]; }

storm() {
	local resend=$1 i rotator n acked started
	agent_new "resend-$resend" "resend $resend" "engine $TACIT_DOCKER_SOCKET"
	agent_start
	secret_create db_password db 1
	note_acknowledged 1
	start_readers "$resend"
	rotate_for_ever &
	rotator=$!
	started=$SECONDS
	for ((i = 1; i <= core_kills; i++)); do
		strike KILL core
		if is_turn $i "$side_kills"; then
			strike KILL api
			strike KILL toucher
			strike KILL engine
			strike KILL gate
		fi
		! is_turn $i "$holder_kills" || strike_holder
		sleep "0.0$((RANDOM % 9))$((RANDOM % 10))"
	done
	touch "$ROOT/enough"
	wait $rotator
	t status --wait 20 >/dev/null || fail "does not serve after the storm"
	secret_rotate db_password db 1000000 || fail "cannot rotate after the storm"
	note_acknowledged 1000000
	sleep 0.3
	stop_readers "$resend"
	equal "the last version seen" 1000000 "$(field highest "$tally")"
	read -r n acked <"$ROOT/rotations"
	# One that is killed before it has counted itself is not in it.
	at_least "core starts counted by the agent" $((core_kills * 9 / 10)) \
		"$(status_of .core_starts)"
	say "resend $resend: $core_kills kills of core, $side_kills each of api, toucher, engine and" \
		"gate, $holder_kills of holder in $((SECONDS - started)) s"
	say "  $(field reads "$tally") reads, 0 failed, 0 wrong, longest pause" \
		"$(field longest_ms "$tally") ms; $acked of $((n - 1)) rotations acknowledged"
	say "  $(status_of .requests_resumed) requests finished by a successor," \
		"$(status_of .requests_resent) sent again by the kernel"
}

storm yes
agent_kill
storm no

# A hang is worse than a crash.
start_readers stopped
strike STOP core
sleep 6
stop_readers stopped
pause=$(field longest_ms "$tally")
at_least "the pause of a stopped core, in ms" 500 "${pause%.*}"
say "core stopped (SIGSTOP): $(field reads "$tally") reads, 0 failed, longest pause $pause ms"

start_readers upgraded
for i in 1 2 3; do
	before=$(agent_processes | sort)
	t upgrade >/dev/null || fail "upgrade $i"
	after=$(agent_processes | sort)
	equal "holder's pid after an upgrade" "$(grep holder <<<"$before")" \
		"$(grep holder <<<"$after")"
	[ -z "$(comm -12 <(grep -v holder <<<"$before") <(grep -v holder <<<"$after"))" ] ||
		fail "upgrade $i left old processes: $before / $after"
done
stop_readers upgraded
say "3 upgrades: $(field reads "$tally") reads, 0 failed, longest pause" \
	"$(field longest_ms "$tally") ms"
