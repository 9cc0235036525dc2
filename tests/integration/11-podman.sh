#!/usr/bin/env bash
# Goal: the same under podman with runc: one grant without options, mounted as a file and as a
# directory into hardened containers; a second container sees nothing of it.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/engine.sh"
. "$SUPPORT/agent.sh"

engine_start
podman_service_start
agent_new a "engine $TACIT_PODMAN_SOCKET"
agent_start

secret_create db_password db 1
secret_create other other 1
consumer() { echo "container/$RUN_ID-$1"; }
t grant add db_password "$(consumer file)" >/dev/null
t grant add db_password "$(consumer directory)" >/dev/null
t grant add other "$(consumer next)" >/dev/null
password=$(value db 1)

start() {
	local name=$1
	shift
	podman_container "$name" -d -e DB_PASSWORD_FILE=/run/secrets/db_password "$@" -- \
		sleep 1000 >/dev/null
}
inside() {
	local name=$1
	shift
	podman_ exec "$RUN_ID-$name" "$@"
}

start file -v "$(mount_of)/$(consumer file)/db_password:/run/secrets/db_password:ro"
start directory -v "$(mount_of)/$(consumer directory):/run/secrets:ro"
start next -v "$(mount_of)/$(consumer next):/run/secrets:ro" \
	-v "$(mount_of)/$(consumer file):/run/others:ro"
for name in file directory; do
	# shellcheck disable=SC2016  # expanded inside
	equal "password in $name" "$password" "$(inside "$name" sh -c 'cat $DB_PASSWORD_FILE')"
	equal "file in $name" "0400 1000 1000 ${#password}" \
		"$(inside "$name" probe stat /run/secrets/db_password)"
done
say "podman, file and directory: uid 1000, no capabilities, read-only, ${#password} bytes"
# shellcheck disable=SC2016  # expanded inside
equal "what the wrapper gives its command" "$password" \
	"$(inside directory /run/secrets/.tacit/exec sh -c 'echo "$DB_PASSWORD"')"

equal "next's directory" other "$(inside next ls -A /run/secrets)"
expect 1 ENOENT inside next probe read /run/secrets/db_password
equal "another's directory, given to next" '' "$(inside next ls -A /run/others 2>/dev/null || true)"
expect 1 ENOENT inside next probe read /run/others/db_password
say "a second container: not listed, not there, and neither in another's directory"

secret_rotate db_password db 2
for name in file directory; do
	equal "$name after a rotation" "$(value db 2)" \
		"$(inside "$name" probe read /run/secrets/db_password)"
done
say "after a rotation the next open reads version 2, on both kinds of mount"
