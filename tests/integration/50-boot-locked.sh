#!/usr/bin/env bash
# Goal: services with `restart: always` and both kinds of mount start while the agent is mounted but
# locked, fail with ENOKEY, and are up within 10 s of `tacit unlock`. A lock ends what is open, and
# neither a crash nor a restart undoes it.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/engine.sh"
. "$SUPPORT/agent.sh"

engine_start
agent_new a
agent_start
project=boot$$
secret_create db_password db 1
for service in one two three; do
	t grant add db_password "compose/$project/$service" >/dev/null
done
agent_stop
mv "$ROOT/etc/tacit/key" "$SCRATCH/key"

agent_launch
within 10 mountpoint -q "$(mount_of)" || fail "no mount without the key"
run t status --wait 2
equal "exit of status without the key" 5 "$RC"
equal "state" locked "$(status_of .state)"
like "the reason" 'key file .* is not there' "$(status_of .reason)"
like "what to do, by status" 'tacit unlock' "$(t status || true)"
expect 5 'locked' t secret ls
expect 5 'locked' t grant add db_password container/xx

folder=$SCRATCH/project
mkdir "$folder"
service() {
	printf '  %s:\n    image: %s\n    labels: {tacit-test: "%s"}\n    network_mode: none\n' \
		"$1" "$TACIT_IMAGE" "$RUN_ID"
	cat <<-'YAML'
		    restart: always
		    read_only: true
		    user: "1000:1000"
		    cap_drop: [ALL]
		    environment: {SECRET: /run/secrets/db_password}
		    command: ["sh", "-c", "probe read $$SECRET && touch /tmp/up && exec sleep 1000"]
		    tmpfs: [/tmp]
	YAML
}
{
	printf 'version: "3.8"\nservices:\n'
	service one
	printf '    secrets: [db_password]\n'
	service two
	printf '    volumes: ["%s/compose/%s/two:/run/secrets:ro"]\n' "$(mount_of)" "$project"
	service three
	printf '    volumes: ["%s/compose/%s/three/db_password:/run/secrets/db_password:ro"]\n' \
		"$(mount_of)" "$project"
	printf 'secrets:\n  db_password: {file: %s/compose/%s/one/db_password}\n' "$(mount_of)" \
		"$project"
} >"$folder/compose.yaml"
at_exit 'compose_ "$folder" -p "$project" down -t 0 >/dev/null 2>&1'
run compose_ "$folder" -p "$project" up -d
[ "$RC" -eq 0 ] || fail "compose up under a locked agent: $OUT$ERR"

container_of() { compose_container "$project" "$1"; }
has_failed() { docker logs "$(container_of "$1")" 2>&1 | grep -q 'ENOKEY'; }
is_up() { docker exec "$(container_of "$1")" test -e /tmp/up 2>/dev/null; }
for service in one two three; do
	within 10 has_failed $service ||
		fail "$service did not fail with ENOKEY:" \
			"$(docker logs "$(container_of $service)" 2>&1)"
	! is_up $service || fail "$service is up under a locked agent"
done
# Every name answers alike, so a locked agent tells none.
unlocked_names=$(container lookup --rm -v "$(mount_of)/compose/$project/one:/s:ro" -- sh -c '
	for name in db_password nosuch .hidden; do probe read /s/$name 2>&1; done |
		sed "s/.*: //" | sort -u; ls -A /s')
equal "what a locked agent says of names" 'ENOKEY (Required key not available)' "$unlocked_names"
say "locked: 3 services started by compose, each failed with ENOKEY; other names are answered alike"

started=$(now_ms)
expect 4 'key file' t unlock
cp -p "$SCRATCH/key" "$ROOT/etc/tacit/key"
expect 0 '' t unlock
for service in one two three; do
	within 10 is_up $service || fail "$service is not up 10 s after unlock"
	equal "$service's password" "$(value db 1)" \
		"$(docker exec "$(container_of $service)" cat /run/secrets/db_password)"
done
say "unlocked: all 3 up after $(($(now_ms) - started)) ms by their restart policy alone"

# Lock while a file is open.
container holding -d -v "$(mount_of)/compose/$project/two:/run/secrets:ro" -- \
	probe hold -t db /run/secrets/db_password >/dev/null
within 5 eval 'docker logs "$RUN_ID-holding" | grep -q open' || fail "hold did not open"
docker kill -s USR1 "$RUN_ID-holding" >/dev/null
within 5 eval 'docker logs "$RUN_ID-holding" | grep -q "read version 1"' || fail "hold did not read"
expect 0 '' t lock
docker kill -s USR1 "$RUN_ID-holding" >/dev/null
within 5 eval 'docker logs "$RUN_ID-holding" | grep -q "read: "' ||
	fail "an open file survived the lock"
unlike "the open file after the lock" 'read version 1.*read version 1' \
	"$(docker logs "$RUN_ID-holding" | tr '\n' ' ')"
expect 1 ENOKEY docker exec "$(container_of two)" probe read /run/secrets/db_password

core=$(pid_of core)
kill -9 "$core"
core_again() { [ -n "$(pid_of core)" ] && [ "$(pid_of core)" != "$core" ]; }
within 5 core_again || fail "no new core"
within 5 eval '[ "$(status_of .state)" = locked ]' || fail "a crash unlocked the agent"
docker rm -f "$RUN_ID-holding" >/dev/null
agent_stop --force
agent_launch
within 10 eval '[ "$(status_of .state)" = locked ]' || fail "a restart unlocked the agent"
t unlock --key-file "$SCRATCH/key" >/dev/null
equal "state after unlock with a key from elsewhere" serving "$(status_of .state)"
equal "the value after all that" "$(value db 1)" "$(t secret reveal db_password)"
say "lock ended an open file, outlived a crash of core and a restart, and gave way to unlock" \
	"--key-file"
