#!/usr/bin/env bash
# Goal: under a service manager that keeps descriptors, as systemd does (FDSTORE=1), every process of
# the agent may be killed at once: 8 readers fail no read, and the mount is the same one.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/engine.sh"
. "$SUPPORT/agent.sh"

kills=${KILLS:-20}
engine_start
agent_new a
# The manager stands where holder would be started.
agent_launch() {
	setsid "$OUT_DIR/tests/manager" "$SCRATCH/notify" "$BIN/tacitd" --root "$ROOT" --libexec "$BIN" \
		>>"$ROOT/manager" 2>>"$ROOT/log" </dev/null &
	manager=$!
	disown
}
at_exit 'kill "$manager" 2>/dev/null || true'
agent_start
mount_before=$(grep " $(mount_of) " /proc/self/mountinfo | cut -d' ' -f1,3)
secret_create db_password db 1
note_acknowledged 1
t grant add db_password container/web >/dev/null
secret=/run/secrets/db_password
container readers -d -v "$(mount_of)/container/web:/run/secrets:ro" -v "$SCRATCH/floor:/floor:ro" -- \
	probe loop -n 8 -t db -f /floor/version $secret >/dev/null
sleep 0.5

for ((i = 1; i <= kills; i++)); do
	# shellcheck disable=SC2046
	kill -KILL $(agent_processes | cut -d' ' -f1)
	within 10 t status --wait 1 || fail "does not serve after kill $i"
	secret_rotate db_password db $((i + 1))
	note_acknowledged $((i + 1))
done
docker stop -t 20 "$RUN_ID-readers" >/dev/null
tally=$(docker logs "$RUN_ID-readers" | tail -n 1)
for count in failed wrong older backward; do
	equal "$count reads ($tally)" 0 "$(field $count "$tally")"
done
equal "the mount" "$mount_before" "$(grep " $(mount_of) " /proc/self/mountinfo | cut -d' ' -f1,3)"
equal "READY=1 to the manager" $((kills + 1)) "$(grep -c ready "$ROOT/manager")"
say "every process killed at once, $kills times: $(field reads "$tally") reads, 0 failed, longest pause $(field longest_ms "$tally") ms"

# "systemctl restart": a stop in between ends the mount, and takes the descriptors out of the store.
docker rm -f "$RUN_ID-readers" >/dev/null
for i in 1 2 3; do
	old=$(pid_of holder)
	kill -USR1 "$manager"
	within 10 eval '[ -n "$(pid_of holder)" ] && [ "$(pid_of holder)" != "$old" ]' || fail "restart $i: no new holder"
	t status --wait 10 >/dev/null || fail "restart $i: does not serve"
	equal "a new container after restart $i" "$(value db $((kills + 1)))" \
		"$(container "again-$i" --rm -v "$(mount_of)/container/web:/run/secrets:ro" -- cat $secret)"
done
say "3 restarts in between stop and start: each serves a new container"
