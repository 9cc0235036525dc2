#!/usr/bin/env bash
# Goal: a rotation is seen by every later open in a running container, with its size; watchers wake;
# what was open before stays whole; 8 readers against 1,000 rotations see only whole, committed
# versions, never older than one already acknowledged.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/engine.sh"
. "$SUPPORT/agent.sh"

rotations=${ROTATIONS:-1000}
engine_start
agent_new a
agent_start
secret_create db_password db 1
t grant add db_password container/web >/dev/null
file=$(mount_of)/container/web/db_password
secret=/run/secrets/db_password

# One container with the file, one with the directory.
as_file=(-v "$file:$secret:ro" -v "$SCRATCH/floor:/floor:ro")
as_directory=(-v "${file%/*}:/run/secrets:ro" -v "$SCRATCH/floor:/floor:ro")
container file -d "${as_file[@]}" -- sleep 1000 >/dev/null
container directory -d "${as_directory[@]}" -- sleep 1000 >/dev/null
inside() { docker exec "$RUN_ID-$1" "${@:2}"; }

# Open before, read after.
inside file probe slow -t db -p 15 $secret >"$SCRATCH/slow" &
slow=$!
inside directory probe hold -t db $secret >"$SCRATCH/hold" &
hold=$!
for name in file directory; do
	inside $name probe watch -t db -c 1 -s 20 $secret >"$SCRATCH/watch-$name" &
done
within 10 has "$SCRATCH/slow" open || fail "slow did not open"
within 10 has "$SCRATCH/hold" open || fail "hold did not open"
for name in file directory; do
	within 10 has "$SCRATCH/watch-$name" watching || fail "watch in $name did not begin"
done

secret_rotate db_password db 2
for name in file directory; do
	equal "$name after a rotation" "$(value db 2)" "$(inside $name probe read $secret)"
	equal "the size in $name" "$(value db 2 | wc -c)" \
		"$(inside $name probe stat $secret | cut -d' ' -f4)"
	within 10 has "$SCRATCH/watch-$name" 'woke .*version 2' ||
		fail "the watcher in $name did not wake: $(cat "$SCRATCH/watch-$name")"
done
like "the events" 'modify' "$(cat "$SCRATCH/watch-file")"
say "rotated under two running containers: next open has the new bytes and size, inotify woke" \
	"both ($(sed -n 's/woke \(.*\): .*/\1/p' "$SCRATCH/watch-file"))"
wait $slow || fail "slow: $(cat "$SCRATCH/slow")"
like "the slow reader" "version 1, $(value db 1 | wc -c) bytes" "$(cat "$SCRATCH/slow")"
say "a descriptor opened before read version 1 to its end, one byte at a time, while version 2" \
	"was served"

# A handle outlives the pruning of its version.
for ((n = 3; n <= 16; n++)); do secret_rotate db_password db $n; done
inside directory killall -USR1 probe
within 5 has "$SCRATCH/hold" read || fail "hold did not read"
like "the open handle" 'version 1,' "$(cat "$SCRATCH/hold")"
at_least "versions pruned" 1 $((16 - $(t secret history db_password --quiet | wc -l)))
inside directory killall -TERM probe
wait $hold || true
say "held open over 15 rotations, past the pruning of its version: still reads version 1 whole"

first=17 last=$((16 + rotations))
note_acknowledged 16
container readers-1 -d "${as_file[@]}" -- probe loop -n 4 -t db -f /floor/version $secret >/dev/null
container readers-2 -d "${as_directory[@]}" -- probe loop -b -n 4 -t db -f /floor/version \
	$secret >/dev/null
within 10 docker logs "$RUN_ID-readers-2"
started=$(now_ms)
for ((n = first; n <= last; n++)); do
	secret_rotate db_password db $n || fail "rotation to version $n failed"
	note_acknowledged $n
done
took=$(($(now_ms) - started))
reads=0 longest=0
for name in readers-1 readers-2; do
	sleep 0.3
	docker stop -t 20 "$RUN_ID-$name" >/dev/null
	tally=$(docker logs "$RUN_ID-$name" | tail -n 1)
	for count in failed wrong older backward; do
		equal "$count reads in $name ($tally)" 0 "$(field $count "$tally")"
	done
	equal "the last version seen in $name" $last "$(field highest "$tally")"
	reads=$((reads + $(field reads "$tally")))
	pause=$(field longest_ms "$tally")
	[ "${pause%.*}" -le "$longest" ] || longest=${pause%.*}
done
at_least "reads" "$rotations" "$reads"
say "$rotations rotations in $((took / 1000)) s, 8 readers, $reads reads: 0 failed, 0 torn, 0" \
	"older than acknowledged, longest $longest ms"

for name in file directory; do
	equal "restarts of $name" 0 "$(docker inspect -f '{{.RestartCount}}' "$RUN_ID-$name")"
	equal "$name at the end" "$(value db $last)" "$(inside $name probe read $secret)"
done
