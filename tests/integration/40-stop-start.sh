#!/usr/bin/env bash
# Goal: stop is refused while a container holds the mount; after a forced stop and a start the store
# is intact, new containers are served, and the running ones are named until they are restarted.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/engine.sh"
. "$SUPPORT/agent.sh"

engine_start
agent_new a
agent_start
like "where the key is" '^0?400 0$' "$(stat -c '%a %u' "$ROOT/etc/tacit/key")"
for n in 1 2 3; do
	secret_create "app/secret$n" "tag$n" 1
	secret_rotate "app/secret$n" "tag$n" 2
	t grant add "app/secret$n" container/web --mode 0440 --gid 1000 >/dev/null
done
last_read() { t grant ls --json | jq -c '.[] | [.file, .last_read_at, .last_reader]'; }
everything() {
	t secret ls --json | jq 'map(del(.last_read_at, .last_reader))'
	t grant ls --json | jq 'map(del(.last_read_at, .last_reader, .last_version))'
	t consumer ls --json
	for n in 1 2 3; do
		t secret history "app/secret$n" --json | jq 'map(del(.last_read_by))'
		t secret reveal "app/secret$n"
		t secret reveal "app/secret$n" --version 1
	done
}
before=$(everything)
secret=/run/secrets/secret1
mounted=(-v "$(mount_of)/container/web:/run/secrets:ro")
container old -d "${mounted[@]}" -- sleep 1000 >/dev/null
inside() { docker exec "$RUN_ID-$1" "${@:2}"; }
inside old probe read -t tag1 $secret >/dev/null

expect 1 'tacit stop --force' t stop
like "the refusal" 'containers hold the mount' "$ERR"
equal "the container after a refused stop" "$(value tag1 2)" "$(inside old cat $secret)"
kill -TERM "$(pid_of holder)"
sleep 0.5
equal "the container after SIGTERM" "$(value tag1 2)" "$(inside old cat $secret)"
say "stop and SIGTERM are refused while a container holds the mount, and nothing changes for it"

last_reads=$(last_read)
like "who read last" 'container' "$last_reads"
agent_stop --force
run inside old probe read $secret
equal "exit of a read without an agent" 1 "$RC"
like "a read without an agent" 'ENOTCONN' "$ERR"
expect 6 'tacit: ' t status
expect 6 'tacit: ' t secret ls
grep -qF " $(mount_of) fuse.tacit" /proc/mounts && fail "the mount is left after a stop"
[ ! -e "$(api_of)" ] || fail "the socket is left after a stop"

agent_start
equal "who read last, after stop and start" "$last_reads" "$(last_read)"
equal "the store after stop and start" "$before" "$(everything)"
container new -d "${mounted[@]}" -- sleep 1000 >/dev/null
equal "a new container" "$(value tag1 2)" "$(inside new cat $secret)"
old_id=$(docker inspect -f '{{.Id}}' "$RUN_ID-old")
# mount_of_container NAME: what status says of its mount.
mount_of_container() {
	local id
	id=$(docker inspect -f '{{.Id}}' "$RUN_ID-$1")
	status_of ".containers[] | select(.container | contains(\"${id:0:12}\")).mount"
}
equal "the old container in status" stale "$(mount_of_container old)"
equal "the new container in status" live "$(mount_of_container new)"
like "status for people" "${old_id:0:12}" "$(t status)"
like "status for people" 'tacit repair' "$(t status)"
say "stopped by force and started: store intact (3 secrets, 6 versions, 3 grants), a new" \
	"container is served, status names the running one"

like "a dry run of repair" "$RUN_ID-old|${old_id:0:12}" "$(t repair --dry-run)"
expect 0 '' t repair
equal "the old container after repair" "$(value tag1 2)" "$(inside old cat $secret)"
equal "stale containers after repair" 0 \
	"$(status_of '[.containers[] | select(.mount == "stale")] | length')"
say "tacit repair restarted it; none is left over"

docker rm -f "$RUN_ID-old" "$RUN_ID-new" >/dev/null
agent_stop
agent_start
equal "the store after a polite stop" "$before" "$(everything)"
started=$(now_ms)
run timeout 60 "$BIN/tacitd" --root "$ROOT" --libexec "$BIN"
[ "$RC" -eq 1 ] || fail "a second agent of the same root: exit $RC: $ERR"
like "a second agent of the same root" 'another agent' "$ERR"
equal "the store after a second agent was refused" "$before" "$(everything)"
say "without containers stop is polite; a second agent of the same root is refused in" \
	"$(($(now_ms) - started)) ms"
