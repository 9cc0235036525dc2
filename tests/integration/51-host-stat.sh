#!/usr/bin/env bash
# Goal: processes of the host - two strangers and root - that stat, list and open every path in a
# loop get no value, and disturb no container's mount.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/engine.sh"
. "$SUPPORT/agent.sh"

seconds=${SECONDS_OF_PROWLING:-10}
engine_start
agent_new a
agent_start
secret_create db_password db 1
secret_create tls/key key 1
for consumer in compose/shop/web compose/shop/other container/web; do
	t grant add db_password $consumer >/dev/null
	t grant add tls/key $consumer --as server.key --mode 0444 >/dev/null
done
web=$(mount_of)/compose/shop/web
container file -d -v "$web/db_password:/run/secrets/db_password:ro" -- probe loop -n 4 -t db \
	/run/secrets/db_password >/dev/null
container directory -d -v "$web:/run/secrets:ro" -- probe loop -n 4 -t db \
	/run/secrets/db_password >/dev/null

paths=("$(mount_of)" "$(mount_of)/compose" "$(mount_of)/compose/shop" "$web" "$web/db_password"
	"$web/server.key" "$web/nosuch" "$(mount_of)/compose/shop/other/db_password"
	"$(mount_of)/container/web/db_password" "$(mount_of)/container/none/x" "$(mount_of)/nosuch")
as_user() { setpriv --reuid "$1" --regid "$1" --clear-groups "${@:2}"; }
as_user 65534 "$PROBE" prowl -s "$seconds" "${paths[@]}" >"$SCRATCH/stranger" &
as_user 1000 "$PROBE" prowl -s "$seconds" "${paths[@]}" >"$SCRATCH/user" &
"$PROBE" prowl -s "$seconds" "${paths[@]}" >"$SCRATCH/root" &
wait
for who in stranger user root; do
	tally=$(cat "$SCRATCH/$who")
	equal "bytes read by $who ($tally)" 0 "$(field read "$tally")"
	at_least "rounds of $who" 10 "$(field rounds "$tally")"
done
expect 1 'ENOENT|EACCES' as_user 65534 "$PROBE" read "$web/db_password"
expect 1 'EACCES' "$PROBE" read "$web/db_password"
for command in "mkdir $web/new" "rm $web/db_password" "mv $web/db_password $web/b" \
	"ln -s x $web/c" "chmod 0777 $web/db_password" "touch $web/fresh" \
	"truncate -s 0 $web/db_password"; do
	run $command
	[ "$RC" -ne 0 ] || fail "root did: $command"
done
for name in file directory; do
	equal "restarts of $name" 'running 0' \
		"$(docker inspect -f '{{.State.Status}} {{.RestartCount}}' "$RUN_ID-$name")"
	like "db_password in $name" '^db-1-' \
		"$(docker exec "$RUN_ID-$name" cat /run/secrets/db_password)"
	docker stop -t 20 "$RUN_ID-$name" >/dev/null
	tally=$(docker logs "$RUN_ID-$name" | tail -n 1)
	for count in failed wrong; do
		equal "$count reads in $name ($tally)" 0 "$(field $count "$tally")"
	done
	say "container with the $name: $(field reads "$tally") reads, 0 failed, while 3 host" \
		"users prowled"
done
total=0
for who in stranger user root; do
	tally=$(cat "$SCRATCH/$who")
	total=$((total + $(field stats "$tally") + $(field opens "$tally")))
done
say "host users made $total stats and opens, root among them: 0 bytes read"
