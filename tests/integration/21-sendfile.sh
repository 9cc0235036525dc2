#!/usr/bin/env bash
# Goal: what holds for read() holds for readers that use sendfile() - busybox's cat, web servers,
# copying tools - though the kernel takes them through the page cache, which all open files of an
# inode share: after a rotation the whole new value, longer or shorter; what was open before stays
# whole; readers against rotations see only whole versions, none older than acknowledged.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/engine.sh"
. "$SUPPORT/agent.sh"

rotations=${ROTATIONS:-300}
engine_start
agent_new a
agent_start
secret_create db_password db 1
t grant add db_password container/web >/dev/null
secret=/run/secrets/db_password
mounted=(-v "$(mount_of)/container/web:/run/secrets:ro" -v "$SCRATCH/floor:/floor:ro")
container web -d "${mounted[@]}" -- sleep 1000 >/dev/null
inside() { docker exec "$RUN_ID-web" "$@"; }

# Longer and shorter, over a page and under; nobody asks for the size in between.
n=1
for length in 100 5000 60 200000 4096 4097 90; do
	n=$((n + 1))
	secret_rotate db_password db $n $length
	equal "cat after a rotation to $length bytes" "$(value db $n $length)" \
		"$(inside cat $secret)"
	equal "read after a rotation to $length bytes" "$(value db $n $length)" \
		"$(inside probe read $secret)"
done
say "busybox cat (sendfile) after rotations to 100, 5000, 60, 200000, 4096, 4097 and 90 bytes:" \
	"whole each time"

note_acknowledged $n
container sending -d "${mounted[@]}" -- probe loop -z -n 4 -t db -f /floor/version $secret \
	>/dev/null
container reading -d "${mounted[@]}" -- probe loop -b -n 4 -t db -f /floor/version $secret \
	>/dev/null
within 10 eval 'docker logs "$RUN_ID-reading" | grep -q reading' || fail "no readers"
for ((i = 0; i < rotations; i++)); do
	n=$((n + 1))
	secret_rotate db_password db $n $((60 + RANDOM % 12000))
	note_acknowledged $n
done
sleep 0.3
for name in sending reading; do
	docker stop -t 20 "$RUN_ID-$name" >/dev/null
	tally=$(docker logs "$RUN_ID-$name" | tail -n 1)
	for count in failed wrong older backward; do
		equal "$count reads in $name ($tally)" 0 "$(field $count "$tally")"
	done
	say "$name: $(field reads "$tally") reads against $rotations rotations, 0 failed, 0" \
		"torn, 0 older than acknowledged"
done
