#!/usr/bin/env bash
# Goal: an application notices. Watchers in hardened, read-only containers, on both kinds of mount,
# are woken by every rotation, and find what was acknowledged; of a flood they get no more than one
# event for each rotation, and the last one after the last rotation.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/engine.sh"
. "$SUPPORT/agent.sh"

rotations=${ROTATIONS:-1000}
flood=100
engine_start
agent_new a "engine $TACIT_DOCKER_SOCKET"
agent_start
secret=/run/secrets/pw
secret_create db_password db 1
names=(file directory)
for name in "${names[@]}"; do
	t grant add db_password "container/$RUN_ID-$name" --as pw >/dev/null
done
container file -d -v "$(mount_of)/container/$RUN_ID-file/pw:$secret:ro" -- probe events -t db \
	$secret >/dev/null
container directory -d -v "$(mount_of)/container/$RUN_ID-directory:/run/secrets:ro" -- probe \
	events -t db $secret >/dev/null
log_of() { docker logs "$RUN_ID-$1" 2>&1; }
for name in "${names[@]}"; do
	within 20 eval 'log_of '"$name"' | grep -q watching' || fail "$name does not watch"
done

# Each acknowledged, one after the other; when, beside which.
for ((n = 2; n <= rotations + 1; n++)); do
	secret_rotate db_password db $n || fail "rotation $n"
	echo "$EPOCHREALTIME $n"
done >"$SCRATCH/acknowledged"

# found NAME VERSION: the watcher woke, and found this version.
found() { log_of "$1" | awk -v wanted="$2" '$2 == wanted { found = 1 } END { exit !found }'; }
for name in "${names[@]}"; do
	within 30 found "$name" $((rotations + 1)) ||
		fail "$name was not woken for the last: $(log_of "$name" | tail -n 1)"
	log_of "$name" | grep -v watching >"$SCRATCH/$name"
	# For each acknowledgement the first waking that found this version or a later one.
	awk 'NR == FNR { woke[NR] = $1; version[NR] = $2; events += $3; count = NR; next }
		{
			while (at < count && version[at + 1] < $2) at++
			if (at == count) { missing++; next }
			print (woke[at + 1] - $1) * 1000
		}
		END { printf "%d %d %d\n", missing, count, events >"/dev/stderr" }' \
		"$SCRATCH/$name" "$SCRATCH/acknowledged" 2>"$SCRATCH/counts" | sort -n \
		>"$SCRATCH/delays"
	read -r missing wakings events <"$SCRATCH/counts"
	equal "rotations that $name was not woken for" 0 "$missing"
	[ "$events" -le $((2 * rotations)) ] || fail "$name: $events events of $rotations rotations"
	percentile() { awk -v part="$1" '{ at[NR] = $1 } END { printf "%.1f", at[int((NR - 1) * part) + 1] }' \
		"$SCRATCH/delays"; }
	say "$rotations rotations, watcher of the $name: 0 missing, $wakings wakings, $events events;" \
		"from the command's return to the event (ms): median $(percentile 0.5), 99 of 100" \
		"$(percentile 0.99), longest $(percentile 1)"
done

# As fast as four operators can.
value db $((rotations + 2)) >"$SCRATCH/value"
started=$(now_ms)
for ((i = 0; i < 4; i++)); do
	(for ((n = 0; n < flood / 4; n++)); do
		t secret rotate db_password "$SCRATCH/value" >/dev/null || exit 1
	done) &
	operators[i]=$!
done
for operator in "${operators[@]}"; do wait "$operator" || fail "a rotation of the flood"; done
took=$(($(now_ms) - started))
secret_rotate db_password db $((rotations + 3))
for name in "${names[@]}"; do
	within 30 found "$name" $((rotations + 3)) || fail "$name was not woken after the flood"
	before=$(wc -l <"$SCRATCH/$name")
	events=$(log_of "$name" | grep -v watching | tail -n "+$((before + 1))" |
		awk '{ events += $3 } END { print 0 + events }')
	at_least "events that $name had of the flood" 1 "$events"
	# A touch is a write and a close: two events.
	[ "$events" -le $((2 * (flood + 1))) ] || fail "$name: $events events of $flood rotations"
	say "a flood of $flood rotations in $took ms, watcher of the $name: $events events, the last" \
		"after the last rotation"
	equal "what $name reads" "$(value db $((rotations + 3)))" \
		"$(docker exec "$RUN_ID-$name" cat $secret)"
done
