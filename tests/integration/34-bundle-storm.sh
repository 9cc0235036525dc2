#!/usr/bin/env bash
# Goal: processes that read the members of a bundle at random, while the bundle is rotated and core
# is killed, never hold a mixed set: what a process began with it goes on with, for two seconds or
# until it opens a member twice; then it has the newest.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/engine.sh"
. "$SUPPORT/agent.sh"

processes=64
rotations=${ROTATIONS:-200}
kills=${KILLS:-60}
engine_start
agent_new a "engine $TACIT_DOCKER_SOCKET" 'threads 4'
agent_start
web=container/$RUN_ID-web one=container/$RUN_ID-one
members=(a b c d)

# rotate N: every member's version is N.
send() {
	local member arguments=()
	for member in "${members[@]}"; do
		value set "$2" >"$SCRATCH/value-$member"
		arguments+=("$member=$SCRATCH/value-$member")
	done
	t secret "$1" set/ "${arguments[@]}" >/dev/null
}
send create 1
for consumer in "$web" "$one"; do t grant add set/ "$consumer" >/dev/null; done
note_acknowledged 1
paths=("${members[@]/#//run/secrets/set/}")
# Half of them through the consumer's directory, half through the folder alone.
container web -d -v "$(mount_of)/$web:/run/secrets:ro" -v "$SCRATCH/floor:/floor:ro" -- probe \
	bundle -n $((processes / 2)) -p 40 -t set -f /floor/version "${paths[@]}" >/dev/null
container one -d -v "$(mount_of)/$one/set:/run/secrets/set:ro" -v "$SCRATCH/floor:/floor:ro" -- \
	probe bundle -n $((processes / 2)) -p 40 -t set -f /floor/version "${paths[@]}" >/dev/null
for name in web one; do
	within 20 eval 'docker logs "$RUN_ID-'$name'" 2>&1 | grep -q reading' ||
		fail "$name does not read"
done

killer() {
	local i
	for ((i = 0; i < kills; i++)); do
		[ ! -e "$SCRATCH/enough" ] || break
		strike KILL core
		echo >>"$SCRATCH/kills"
		sleep 0.$((RANDOM % 5 + 1))
	done
}
: >"$SCRATCH/kills"
killer &
killer=$!
at_exit 'touch "$SCRATCH/enough"; wait $killer'
for ((n = 2; n <= rotations + 1; n++)); do
	until send rotate $n; do # one that met a dying core: again
		within 20 t status || fail "no core"
	done
	note_acknowledged $n
done
touch "$SCRATCH/enough"
wait $killer
t status --wait 20 >/dev/null

reads=0 held=0
for name in web one; do
	docker stop -t 20 "$RUN_ID-$name" >/dev/null
	tally=$(docker logs "$RUN_ID-$name" 2>&1 | tail -n 1)
	for count in failed wrong mixed older; do
		equal "$count reads in $name ($tally)" 0 "$(field $count "$tally")"
	done
	reads=$((reads + $(field reads "$tally")))
	held=$((held + $(field held "$tally")))
done
at_least "reads" $((rotations * processes / 4)) $reads
at_least "reads of a generation that was not the newest any more" 1 $held
say "$processes processes, ${#members[@]} members, $rotations rotations, $(wc -l <"$SCRATCH/kills")" \
	"kills of core: $reads reads, 0 failed, 0 mixed; $held of them by the rule of an older" \
	"generation"
