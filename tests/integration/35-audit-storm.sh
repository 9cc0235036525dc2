#!/usr/bin/env bash
# Goal: under a storm of SIGKILLs each read that a container was given is in the audit log exactly
# once, and each change; what an operator, a neighbour and a process of the host were denied is
# there, too; and `audit verify` finds every edit, deletion, reordering and truncation of the log.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/engine.sh"
. "$SUPPORT/agent.sh"

core_kills=${CORE_KILLS:-60} holder_kills=${HOLDER_KILLS:-3} tamperings=${TAMPERINGS:-24}
secret=/run/secrets/db_password
engine_start

# log_lines [FILTER]: records of the whole log that a filter of jq selects, one in a line.
log_lines() { t audit export --json | jq -c "select(${1:-true})"; }
count_of() { log_lines "$1" | wc -l; }

start_readers() {
	t grant add db_password "container/$RUN_ID-$1" >/dev/null
	container "$1" -d -v "$(mount_of)/container/$RUN_ID-$1/db_password:$secret:ro" \
		-v "$SCRATCH/floor:/floor:ro" -- \
		probe loop -n 4 -t db -f /floor/version $secret >/dev/null
	within 10 is_known "$1" || fail "no engine has told of $1"
}
is_known() {
	t consumer inspect "container/$RUN_ID-$1" --json | jq -e '.[0].containers | length == 1'
}

rotate_for_ever() {
	local n=1
	trap - EXIT ERR
	: >"$SCRATCH/acked"
	while [ ! -e "$ROOT/enough" ]; do
		n=$((n + 1))
		echo $((n - 1)) >"$SCRATCH/tried"
		! secret_rotate db_password db $n 2>/dev/null || echo $n >>"$SCRATCH/acked"
		sleep 0.1
	done
}

strike_holder() {
	t status --wait 10 >/dev/null || fail "no core serves before holder is killed"
	strike KILL holder
	sleep 0.05
	[ -n "$(pid_of core)" ] || fail "core died with holder"
	agent_launch
	t status --wait 20 >/dev/null || fail "a new holder does not serve"
}
is_turn() { [ $(($1 * $2 / core_kills)) -ne $((($1 - 1) * $2 / core_kills)) ]; }

# storm MODE: what the readers counted and what the log says, of one mode of the audit.
storm() {
	local mode=$1 i rotator tally reads recorded lost changes
	agent_new "$mode" "audit $mode" "engine $TACIT_DOCKER_SOCKET"
	agent_start
	secret_create db_password db 1
	note_acknowledged 1
	start_readers "$mode"
	rotate_for_ever &
	rotator=$!
	for ((i = 1; i <= core_kills; i++)); do
		strike KILL core
		! is_turn $i "$holder_kills" || strike_holder
		sleep "0.$((RANDOM % 2))$((RANDOM % 10))"
	done
	touch "$ROOT/enough"
	wait $rotator
	t status --wait 20 >/dev/null || fail "does not serve after the storm"
	docker stop -t 20 "$RUN_ID-$mode" >/dev/null
	tally=$(docker logs "$RUN_ID-$mode" | tail -n 1)
	for count in failed wrong older backward; do
		equal "$count reads ($tally)" 0 "$(field $count "$tally")"
	done
	docker rm -f "$RUN_ID-$mode" >/dev/null
	within 10 queue_is_empty || fail "the log is not written: $(status_of .audit)"

	log_lines >"$SCRATCH/$mode.log"
	equal "numbers of records that are not the one before and one" "" \
		"$(jq -r .number "$SCRATCH/$mode.log" | awk 'NR > 1 && $1 != last + 1 { print } { last = $1 }')"
	jq -r 'select(.kind == "read" and .act == "open") | .request' "$SCRATCH/$mode.log" |
		sort -n >"$SCRATCH/requests"
	# shellcheck disable=SC2016  # jq's
	equal "requests that are in the log twice" "" "$(uniq -d "$SCRATCH/requests" | head -n 3 |
		while read -r request; do jq -c "select(.request == $request)" "$SCRATCH/$mode.log"; done)"
	reads=$(field reads "$tally") recorded=$(wc -l <"$SCRATCH/requests")
	lost=$(status_of .audit.lost)
	if [ "$mode" = required ]; then
		equal "records that found no room" 0 "$lost"
		equal "reads in the log" "$reads" "$recorded"
	else
		# A core that dies while it counts one as lost leaves it to be counted again.
		at_least "reads" "$recorded" "$reads"
		at_least "reads in the log, and those that are counted as lost" "$reads" $((recorded + lost))
		at_least "of them one for each core that died" $((recorded + lost - core_kills)) "$reads"
	fi
	# One that was done and not acknowledged is in the log, too; none is there twice.
	changes=$(jq -c 'select(.act == "rotate" and .outcome == "ok")' "$SCRATCH/$mode.log" | wc -l)
	at_least "rotations in the log" "$(wc -l <"$SCRATCH/acked")" "$changes"
	at_least "rotations that were tried" \
		$((changes + $(jq -c 'select(.outcome == "interrupted")' "$SCRATCH/$mode.log" | wc -l))) \
		"$(cat "$SCRATCH/tried")"
	expect 0 'sound' t audit verify
	say "audit $mode: $core_kills kills of core, $holder_kills of holder; $reads reads," \
		"$recorded in the log, each once, $lost counted as lost;" \
		"$(wc -l <"$SCRATCH/acked") rotations acknowledged, $changes in the log," \
		"$(jq -s 'map(select(.outcome == "interrupted")) | length' "$SCRATCH/$mode.log") interrupted"
}
queue_is_empty() { [ "$(status_of .audit.queue)" = 0 ]; }

storm required
agent_kill
storm best-effort

# Who is denied, and who asks.
t grant add db_password "container/$RUN_ID-web" >/dev/null
container web -d -v "$(mount_of)/container/$RUN_ID-web:/run/secrets:ro" -- probe hold $secret >/dev/null
container next -d -v "$(mount_of):/stolen:ro" -- sleep 1000 >/dev/null
within 10 is_known web || fail "no engine has told of web"
docker exec "$RUN_ID-next" cat "/stolen/container/$RUN_ID-web/db_password" >/dev/null 2>&1 &&
	fail "the neighbour reads it"
within 10 eval '[ "$(count_of ".kind == \"denial\" and .container != null and .secret == \"db_password\"")" -ge 1 ]' ||
	fail "the neighbour's attempt is not in the log"
neighbour=$(docker inspect -f '{{.Id}}' "$RUN_ID-next")
at_least "denials of the neighbour" 1 "$(count_of ".kind == \"denial\" and .container == \"$neighbour\"")"
cat "$(mount_of)/container/$RUN_ID-web/db_password" >/dev/null 2>&1 && fail "root of the host reads it"
within 10 eval '[ "$(count_of ".kind == \"denial\" and .uid == 0 and .comm_untrusted == \"cat\" and .container == null")" -ge 1 ]' ||
	fail "the attempt of the host is not in the log"
t secret reveal db_password >/dev/null
equal "reveals" 1 "$(count_of '.act == "reveal" and .outcome == "ok" and .operator_uid == 0')"
run t secret reveal nosuch
equal "reveals of what is not there" 1 "$(count_of '.act == "reveal" and .outcome != "ok"')"
say "a neighbour, a process of the host and a reveal: each in the log, by container, uid and command"

# Tampering: the log of a stopped agent, which a thief edits, and which is then put back whole.
agent_stop --force
log=$ROOT/var/lib/tacit/audit
# With the store, which knows how far the log was, and its anchor.
cp -a "$ROOT/var/lib" "$SCRATCH/sound"
restore_all() { rm -rf "$ROOT/var/lib" && cp -a "$SCRATCH/sound" "$ROOT/var/lib"; }
cat >"$SCRATCH/tamper.py" <<'PYTHON'
"""tamper.py LOG HOW SEED: edit a copy of the log; prints what was done."""
import os, random, struct, sys
log, how, seed = sys.argv[1], sys.argv[2], int(sys.argv[3])
random.seed(seed)
names = sorted(n for n in os.listdir(log) if n.startswith("audit-"))
name = os.path.join(log, names[-1])
data = bytearray(open(name, "rb").read())
frames, at = [], 128
while at + 44 <= len(data):
    size = 44 + struct.unpack_from("<I", data, at)[0] + 40
    if at + size > len(data):
        break
    frames.append((at, size))
    at += size
pick = random.randrange(1, len(frames) - 2)
at, size = frames[pick]
if how == "edit":
    place = at + random.randrange(size)
    data[place] ^= 1 << random.randrange(8)
elif how == "delete":
    del data[at:at + size]
elif how == "swap":
    nat, nsize = frames[pick + 1]
    data[at:nat + nsize] = data[nat:nat + nsize] + data[at:at + size]
elif how == "repeat":
    data[at:at] = data[at:at + size]
elif how == "truncate":
    del data[at:]
elif how == "header":
    data[random.randrange(128)] ^= 1 << random.randrange(8)
open(name, "wb").write(data)
print(how, "record", pick, "of", len(frames), "in", names[-1])
PYTHON
found=0
for ((i = 0; i < tamperings; i++)); do
	hows=(edit delete swap repeat truncate header)
	how=${hows[i % ${#hows[@]}]}
	done_to=$(python3 "$SCRATCH/tamper.py" "$log" "$how" $((i + ${SEED:-1})))
	agent_start
	run t audit verify
	[ "$RC" -eq 1 ] || fail "not found: $done_to: exit $RC: $OUT$ERR"
	like "what is wrong is named ($done_to)" 'file|record|state' "$OUT$ERR"
	found=$((found + 1))
	agent_kill
	restore_all
done
# All of it as it was some time ago: each file and the state agree, and the store knows better.
agent_start
t secret create later --generate 8 >/dev/null
agent_stop --force
rm -rf "$log"
cp -a "$SCRATCH/sound/tacit/audit" "$log"
agent_start
run t audit verify
equal "exit of audit verify with an older log" 1 "$RC"
like "what is wrong with an older log" 'older|rolled back|does not have' "$OUT$ERR"
within 5 eval '[ "$(count_of ".act == \"open-log\" and .outcome == \"older\"")" -ge 1 ]' ||
	fail "that the log was put back is not in it"
agent_kill
restore_all
# The files of the last hours are removed altogether.
rm "$log"/audit-*
agent_start
run t audit verify
equal "exit of audit verify without the files" 1 "$RC"
agent_kill
restore_all
agent_start
expect 0 'sound' t audit verify
say "$found edits, deletions, swaps, repetitions and truncations of the log: each found by 'audit verify'"
