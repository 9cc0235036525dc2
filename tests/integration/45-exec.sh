#!/usr/bin/env bash
# Goal: an image that knows no files gets its variables, and nothing but the application has them.
# tacit-exec comes out of the mount into an image that is one program, as its first process: reaps,
# passes signals and exit codes, starts the application anew when a secret is rotated, and outlives
# the agent. And it works on arm64.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/engine.sh"
. "$SUPPORT/agent.sh"

engine_start
agent_new a "engine $TACIT_DOCKER_SOCKET"
agent_start

# An image FROM scratch: one static program, /busybox; no shell, no libc, no folder but it.
mkdir "$SCRATCH/tree"
cp /bin/busybox "$SCRATCH/tree/busybox"
image=$TACIT_IMAGE-scratch
tar -C "$SCRATCH/tree" -c busybox | docker import - "$image" >/dev/null
at_exit "timeout 20 docker rmi -f $image >/dev/null 2>&1"

value=Correct-Horse-$RANDOM$RANDOM
printf '%s' "$value" | t secret create db_password - >/dev/null
printf 'token-%s' "$value" | t secret create token - >/dev/null
consumers=(app status directory file gone locked)
for name in "${consumers[@]}"; do
	t grant add db_password "container/$RUN_ID-$name" >/dev/null
	t grant add token "container/$RUN_ID-$name" >/dev/null
done
# wrapped NAME OPTIONS... -- [TACIT-EXEC'S-OPTION...] -- COMMAND...
wrapped() {
	local name=$1
	shift
	TACIT_IMAGE=$image container "$name" -v "$(mount_of)/container/$RUN_ID-$name:/run/secrets:ro" \
		--entrypoint /run/secrets/.tacit/exec -e DB_PASSWORD_FILE=/run/secrets/db_password \
		-e TOKEN_FILE=/run/secrets/token -e LOG_FILE=/var/log/app "$@"
}
log_of() { docker logs "$RUN_ID-$1" 2>&1; }
logs() { log_of "$1" | grep -q -- "$2"; }
inside() { docker exec "$RUN_ID-$1" /busybox "${@:2}"; }

# What arrives, and where it does not.
script='echo "got $DB_PASSWORD $TOKEN $LOG_FILE [$DB_PASSWORD_FILE$TOKEN_FILE]"
	for i in 1 2 3 4 5; do (/busybox sleep 0.1 & ); done
	trap "echo hup" HUP; trap "echo ending; exit 42" TERM
	while :; do /busybox sleep 0.05; done'
wrapped app -d -- -- /busybox sh -c "$script" >/dev/null
within 10 logs app got || fail "the application does not start: $(log_of app)"
equal "what the application got" "got $value token-$value /var/log/app []" "$(log_of app)"
for where in "docker inspect $RUN_ID-app" 'inside app cat /proc/1/environ' \
	'inside app cat /proc/1/cmdline'; do
	unlike "$where" "$value" "$($where | tr '\0' '\n')"
done
like "/proc/1/exe" '^/memfd:tacit-exec' "$(inside app readlink /proc/1/exe)"
equal "what is beside the secrets" $'db_password\ntoken' "$(inside app ls -A /run/secrets)"
equal "what is in .tacit" exec "$(inside app ls -A /run/secrets/.tacit)"
zombies() { docker top "$RUN_ID-app" -eo stat | grep -c '^Z' || true; }
within 10 eval '[ "$(docker top "$RUN_ID-app" -eo args | grep -c "sleep 0.1")" -eq 0 ]'
within 10 eval '[ "$(zombies)" -eq 0 ]' || fail "$(zombies) zombies are left"

# Signals and exit codes, as the first process and as any other.
exits() { expect "$1" "$2" docker exec "$RUN_ID-app" /run/secrets/.tacit/exec "${@:3}"; }
exits 0 "^$value\$" /busybox sh -c 'echo $DB_PASSWORD'
exits 7 '^$' /busybox sh -c 'exit 7'
exits 127 'tacit-exec: /nowhere: No such file' /nowhere
exits 126 'tacit-exec: /run/secrets: Permission denied' /run/secrets
exits 125 'tacit-exec: X: read /run/secrets/never: No such file' --env X=never /busybox true
exits 125 'tacit-exec: TOKEN is to be read from two files' --env TOKEN=token /busybox true
exits 125 'tacit-exec: no command' --
docker kill -s HUP "$RUN_ID-app" >/dev/null
within 10 logs app hup || fail "SIGHUP does not arrive: $(log_of app)"
docker stop -t 10 "$RUN_ID-app" >/dev/null
logs app ending || fail "SIGTERM does not arrive: $(log_of app)"
exit_of() { docker inspect -f '{{.State.ExitCode}}' "$RUN_ID-$1"; }
equal "the exit code after SIGTERM" 42 "$(exit_of app)"
expect 143 '^$' wrapped status --rm -- /busybox sh -c 'kill $$'

# Anew with each rotation.
restarting='echo "start $DB_PASSWORD"; exec /busybox sleep 1000'
wrapped directory -d -- --on-rotate restart /busybox sh -c "$restarting" >/dev/null
TACIT_IMAGE=$image container file -d -v "$(mount_of)/exec:/run/secrets/tacit-exec:ro" \
	-v "$(mount_of)/container/$RUN_ID-file/db_password:/run/secrets/db_password:ro" \
	-e DB_PASSWORD_FILE=/run/secrets/db_password --entrypoint /run/secrets/tacit-exec -- \
	--on-rotate restart /busybox sh -c "$restarting" >/dev/null
rotations=7
for name in directory file; do
	within 10 logs "$name" "start $value" || fail "$name does not start: $(log_of "$name")"
	: >"$SCRATCH/$name.ms"
	for ((n = 1; n <= rotations; n++)); do
		printf '%s-%s-%d' "$value" "$name" "$n" | t secret rotate db_password - >/dev/null
		returned=$(date +%s%N)
		within 10 logs "$name" "start $value-$name-$n\$" ||
			fail "$name is not restarted: $(log_of "$name")"
		started=$(docker logs -t "$RUN_ID-$name" 2>&1 | grep -- "-$name-$n\$" | cut -d' ' -f1)
		echo $((($(date -d "$started" +%s%N) - returned) / 1000)) >>"$SCRATCH/$name.ms"
	done
	sort -n "$SCRATCH/$name.ms" | awk -v name="$name" '{ at[NR] = $1 / 1000 } END {
		printf "  %d rotations, mounted as a %s: from the end of the command to the new start (ms): " \
			"median %.1f, longest %.1f\n", NR, name, at[int(NR / 2) + 1], at[NR] }'
	equal "starts of $name" "$rotations" "$(log_of "$name" | grep -c -- "-$name-")"
done

# Whatever happens to the agent.
docker rm -f -t 0 "$RUN_ID-file" >/dev/null 2>&1 || docker rm -f "$RUN_ID-file" >/dev/null
strike KILL core
rotate_over() { printf '%s-taken' "$value" | t secret rotate db_password -; }
within 20 rotate_over || fail "no rotation after a takeover"
within 20 logs directory "start $value-taken" || fail "after a takeover: $(log_of directory)"
equal "starts of directory, for what it had" 1 \
	"$(log_of directory | grep -c "start $value-file-$rotations\$")"
t grant rm db_password "container/$RUN_ID-directory" >/dev/null
printf '%s-revoked' "$value" | t secret rotate db_password - >/dev/null
inside directory true || fail "a revocation ends the application"
wrapped gone -d -- --on-rotate restart /busybox sh -c "$script" >/dev/null
within 10 logs gone got || fail "gone does not start: $(log_of gone)"
agent_kill
inside gone true || fail "the wrapper did not outlive the agent"
docker stop -t 10 "$RUN_ID-gone" >/dev/null
equal "the exit code without an agent" 42 "$(exit_of gone)"
equal "the application's last words without an agent" ending "$(log_of gone | tail -n 1)"
docker rm -f "$RUN_ID-directory" >/dev/null 2>&1

# Locked: the wrapper starts, and says what is missing.
agent_start
t lock >/dev/null
run wrapped locked --rm -- /busybox true
equal "the exit code while locked" 125 "$RC"
like "what is said while locked" 'tacit-exec: DB_PASSWORD: read .*: Required key not available' "$ERR"

# The other architecture.
if [ "$(uname -m)" != aarch64 ]; then
	arm=$SCRATCH/arm64/bin/tacit-exec
	make -s -C "$TOP" O="$SCRATCH/arm64" CC=gcc EXEC_CC=aarch64-linux-gnu-gcc "$arm" >/dev/null ||
		fail "tacit-exec does not compile for arm64"
	mkdir "$SCRATCH/secrets"
	echo first >"$SCRATCH/secrets/pw"
	PW_FILE=$SCRATCH/secrets/pw expect 3 '^first\.$' qemu-aarch64-static "$arm" \
		--dir "$SCRATCH/secrets" sh -c 'echo "$PW.$PW_FILE"; exit 3'
	expect 127 'No such file' qemu-aarch64-static "$arm" -- /nowhere
	PW_FILE=$SCRATCH/secrets/pw qemu-aarch64-static "$arm" --dir "$SCRATCH/secrets" \
		--on-rotate restart sh -c 'echo $PW; exec sleep 1000' >"$SCRATCH/arm.out" 2>&1 &
	pid=$!
	within 20 has "$SCRATCH/arm.out" first || fail "arm64: $(cat "$SCRATCH/arm.out")"
	echo second >"$SCRATCH/secrets/pw"
	within 20 has "$SCRATCH/arm.out" second || fail "arm64: no restart: $(cat "$SCRATCH/arm.out")"
	kill "$pid"
	run wait "$pid"
	equal "the exit code on arm64" 143 "$RC"
	say "arm64: the same, by qemu-aarch64"
fi
