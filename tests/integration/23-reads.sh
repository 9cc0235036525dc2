#!/usr/bin/env bash
# Goal: a grant of one read is one read: of 16 that open at once exactly one gets it, with core
# killed among them; and never a second one when every process is killed at once and the agent
# starts again.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/engine.sh"
. "$SUPPORT/agent.sh"

rounds=${ROUNDS:-20} cuts=${CUTS:-10}
engine_start
agent_new a "engine $TACIT_DOCKER_SOCKET"
agent_start
secret_create once once 1
web=container/$RUN_ID-web
mounted=(-v "$(mount_of)/$web:/run/secrets:ro")
inside() { docker exec "$RUN_ID-web" "$@"; }
left() {
	t grant ls --consumer "$web" --json |
		jq -r ".[] | select(.file == \"$1\") | .counted[0].left"
}

# race FILE SPREAD-MS [PIDS]: 16 openers within so many ms; PIDS are killed among them.
race() {
	local file=$1 spread=$2 racers parent
	: >"$SCRATCH/race"
	inside probe race -n 16 -t once -p "$spread" "/run/secrets/$file" >"$SCRATCH/race" 2>&1 &
	racers=$!
	within 5 has "$SCRATCH/race" ready || fail "the racers: $(cat "$SCRATCH/race")"
	parent=$(process_in web 'probe race')
	kill -USR1 "$parent"
	if [ -n "${3-}" ]; then
		sleep "0.00$((RANDOM % 10))"
		# shellcheck disable=SC2086  # a list
		kill -9 $3
	fi
	wait $racers || true
	tally=$(tail -n 1 "$SCRATCH/race")
	like "the racers' result" '^got=' "$tally"
}
t grant add once "$web" --as first --reads 1 >/dev/null
container web -d "${mounted[@]}" -- sleep 1000 >/dev/null
race first 0
equal "who got it, without a crash ($tally)" 1 "$(field got "$tally")"
equal "reads left" 0 "$(left first)"
like "grant ls for people" "0|none" "$(t grant ls --consumer "$web")"
say "16 at once, no crash: $tally"

t grant add once "$web" --as thrice --reads 3 >/dev/null
for n in 3 2 1; do
	equal "reads left" $((n - 1)) "$(inside cat /run/secrets/thrice >/dev/null && left thrice)"
done
expect 1 'ENOENT|EACCES' inside probe read /run/secrets/thrice

struck=0
for ((i = 1; i <= rounds; i++)); do
	t grant add once "$web" --as "r$i" --reads 1 >/dev/null
	before=$(status_of .core_starts)
	race "r$i" $((RANDOM % 3 * 10)) "$(pid_of core)"
	t status --wait 10 >/dev/null || fail "no core serves"
	equal "who got round $i ($tally)" 1 "$(field got "$tally")"
	expect 1 'ENOENT|EACCES' inside probe read "/run/secrets/r$i"
	equal "reads left in round $i" 0 "$(left "r$i")"
	struck=$((struck + $(status_of .core_starts) - before))
	t grant rm once "$web" --as "r$i" >/dev/null
done
at_least "cores killed among them" "$rounds" $struck
say "$rounds rounds of 16 openers, core killed among them: exactly one got it each time"

# Everything at once, without any warning. The container's mount is dead with it: after a new start
# of the agent and of the same container what was used up is used up.
spent=0
for ((i = 1; i <= cuts; i++)); do
	t grant add once "$web" --as "c$i" --reads 1 >/dev/null
	if ((i == 1)); then
		equal "the read before the cut" "$(value once 1)" \
			"$(inside cat "/run/secrets/c$i")"
		agent_kill
		got=1
	else
		race "c$i" $((i % 2 * 10)) "$(agent_processes | cut -d' ' -f1)"
		within 5 agent_gone || fail "processes left: $(agent_processes)"
		got=$(field got "$tally")
	fi
	[ "$got" -le 1 ] || fail "$got got the one read of cut $i ($tally)"
	agent_start
	within 10 eval '[ "$(status_of ".engines[0].state")" = synced ]' || fail "not synced"
	docker restart -t 0 "$RUN_ID-web" >/dev/null
	race "c$i" 0
	total=$((got + $(field got "$tally")))
	[ $total -le 1 ] || fail "cut $i: $got read before it and $(field got "$tally") after"
	spent=$((spent + got))
	expect 1 'ENOENT|EACCES' inside probe read "/run/secrets/c$i"
	t grant rm once "$web" --as "c$i" >/dev/null
done
at_least "reads before a cut" 1 $spent
say "$cuts times every process killed at once among them: $spent read before it, never a second" \
	"one after"
