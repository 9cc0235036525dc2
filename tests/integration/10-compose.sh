#!/usr/bin/env bash
# Goal: a hardened compose service reads its password through DB_PASSWORD_FILE, by a grant without
# options, mounted as a compose secret and as a directory; another service of the project does not
# see it, and a service without any grant fails loudly instead of getting an empty directory.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/engine.sh"
. "$SUPPORT/agent.sh"

engine_start
agent_new a "engine $TACIT_DOCKER_SOCKET"
agent_start
project=shop$$
folder=$SCRATCH/project
mkdir "$folder"

secret_create db_password db 1
secret_create mail/token mail 1
expect 0 "run/tacit/compose/$project/web/db_password" t grant add db_password "compose/$project/web"
t grant add db_password "compose/$project/worker" >/dev/null
t grant add mail/token "compose/$project/mail" >/dev/null

service() {
	printf '  %s:\n    image: %s\n    labels: {tacit-test: "%s"}\n    network_mode: none\n' \
		"$1" "$TACIT_IMAGE" "$RUN_ID"
	cat <<-'YAML'
		    read_only: true
		    tmpfs: [/tmp]
		    user: "1000:1000"
		    cap_drop: [ALL]
		    security_opt: ["no-new-privileges:true"]
		    mem_limit: 64m
		    cpus: 0.5
		    environment: {DB_PASSWORD_FILE: /run/secrets/db_password}
		    command: ["sh", "-c", "cat $$DB_PASSWORD_FILE; echo; exec sleep 1000"]
	YAML
}
{
	printf 'version: "3.8"\nservices:\n'
	service web
	printf '    secrets: [db_password]\n'
	service worker
	printf '    volumes: ["%s/compose/%s/worker:/run/secrets:ro"]\n' "$(mount_of)" "$project"
	service mail
	printf '    volumes: ["%s/compose/%s/mail:/run/secrets:ro"]\n' "$(mount_of)" "$project"
	printf 'secrets:\n  db_password: {file: %s/compose/%s/web/db_password}\n' \
		"$(mount_of)" "$project"
} >"$folder/compose.yaml"

at_exit 'compose_ "$folder" -p "$project" down -t 0 >/dev/null 2>&1'
run compose_ "$folder" -p "$project" up -d
[ "$RC" -eq 0 ] || fail "compose up: $OUT$ERR"

container_of() { compose_container "$project" "$1"; }
in_service() { docker exec "$(container_of "$1")" "${@:2}"; }
password=$(value db 1)
for name in web worker; do
	within 10 in_service "$name" probe read -t db /run/secrets/db_password ||
		fail "$name cannot read: $(docker logs "$(container_of "$name")" 2>&1 | tail -n 5)"
	equal "$name's password" "$password" "$(in_service "$name" cat /run/secrets/db_password)"
	like "what $name printed at its start" "$password" \
		"$(docker logs "$(container_of "$name")" 2>&1)"
	equal "$name's file" "0400 1000 1000 ${#password}" \
		"$(in_service "$name" probe stat /run/secrets/db_password)"
	expect 1 'Read-only file system|Permission denied|EROFS' \
		in_service "$name" sh -c 'echo x >/run/secrets/db_password'
done
equal "what is in worker's directory" db_password "$(in_service worker ls -A /run/secrets)"
say "web (compose secret) and worker (directory): uid 1000, no capabilities, read-only," \
	"${#password} bytes"

equal "what is in mail's directory" token "$(in_service mail ls -A /run/secrets)"
expect 1 'ENOENT' in_service mail probe read /run/secrets/db_password
expect 1 'ENOENT' in_service mail probe stat /run/secrets/db_password
say "mail, of the same project: db_password is not listed, not there to stat, not there to open"

# A typo in a path must not become an empty directory.
run container nobody -v "$(mount_of)/compose/$project/nosuch:/run/secrets:ro" -- ls -A /run/secrets
[ "$RC" -ne 0 ] || fail "a service without a grant was started with '$OUT'"
like "why it does not start" 'read-only file system' "$ERR"
say "a service without a grant does not start: its directory cannot be made"

t grant rm db_password "compose/$project/worker" >/dev/null
expect 1 'ENOENT' in_service worker probe read /run/secrets/db_password
equal "web's password after worker's was revoked" "$password" \
	"$(in_service web cat /run/secrets/db_password)"
t grant add db_password "compose/$project/worker" >/dev/null
equal "worker's password, granted again" "$password" \
	"$(in_service worker cat /run/secrets/db_password)"
say "revoked and granted again under the running container: gone, and back, without a restart"
