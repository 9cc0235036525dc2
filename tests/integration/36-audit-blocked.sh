#!/usr/bin/env bash
# Goal: when the audit log cannot be written (its disk is full, its file is a fifo without a reader,
# its copy has no reader), no thread of FUSE waits: reads go on, or are denied within their second,
# as configured; changes stop with an error that says why; and with room again all goes on, and
# nothing that was recorded is missing.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/engine.sh"
. "$SUPPORT/agent.sh"

engine_start
small=$SCRATCH/small
mkdir "$small"
mount -t tmpfs -o size=512k,mode=0755 tmpfs "$small"
at_exit 'umount -l "$small"'

# blocked_agent MODE: one whose log lies on the small disk, with a reader that is known.
blocked_agent() {
	agent_new "$1" "audit $1" "engine $TACIT_DOCKER_SOCKET"
	mkdir -p "$small/$1" "$ROOT/var/lib"
	mkdir -p "$ROOT/var/log"
	ln -s "$small/$1" "$ROOT/var/log/tacit"
	printf 'audit_dir /var/log/tacit/audit\n' >>"$ROOT/etc/tacit/tacit.conf"
	agent_start
	secret_create db_password db 1
	t grant add db_password "container/$RUN_ID-$1" >/dev/null
	container "$1" -d -v "$(mount_of)/container/$RUN_ID-$1:/run/secrets:ro" -- sleep 1000 >/dev/null
	within 10 reads "$1" || fail "the container does not read: $(docker exec "$RUN_ID-$1" cat /run/secrets/db_password 2>&1)"
}
reads() { docker exec "$RUN_ID-$1" cat /run/secrets/db_password; }
fill() { dd if=/dev/zero of="$small/ballast" bs=4k 2>/dev/null || true; }
is_blocked() { [ "$(status_of .audit.blocked)" = true ]; }
is_open() { [ "$(status_of .audit.blocked)" = false ]; }

blocked_agent best-effort
fill
# Something to be written, until it is seen that it cannot be.
within 20 eval 'reads best-effort; is_blocked' || fail "a full disk does not block the log: $(status_of .audit)"
for _ in 1 2 3 4 5; do
	equal "a read while the log is blocked" "$(value db 1)" "$(reads best-effort)"
done
expect 6 'audit log' secret_rotate db_password db 2
expect 6 'audit log' t grant add db_password container/other
equal "the version" 1 "$(t secret inspect db_password --json | jq -r '.[0].version')"
like "status says why" 'space' "$(status_of .audit.reason)"
# Locking always works, and so does coming back.
expect 0 '' t lock
expect 0 '' t unlock
rm "$small/ballast"
within 30 is_open || fail "with room again the log stays blocked: $(status_of .audit)"
secret_rotate db_password db 2
equal "a read" "$(value db 2)" "$(reads best-effort)"
within 10 eval '[ "$(status_of .audit.queue)" = 0 ]' || fail "the queue is not written"
expect 0 'sound' t audit verify
lost=$(status_of .audit.lost)
opens=$(t audit export --json | jq -c 'select(.kind == "read" and .act == "open")' | wc -l)
at_least "reads in the log, or counted" 7 $((opens + lost))
say "best-effort: reads go on with a full disk, changes are refused; $opens reads in the log afterwards, $lost lost"
docker rm -f "$RUN_ID-best-effort" >/dev/null
agent_kill
rm -rf "${small:?}"/*

blocked_agent required
fill
within 20 eval '! reads required; is_blocked' || fail "a full disk does not block the log: $(status_of .audit)"
# It is denied by itself, not by a timeout of this test; and the thread is free meanwhile.
started=$(now_ms)
run docker exec "$RUN_ID-required" cat /run/secrets/db_password
took=$(($(now_ms) - started))
[ "$RC" -ne 0 ] || fail "a read that is not in the log is given"
like "what the reader is told" 'ermission denied' "$ERR"
docker exec "$RUN_ID-required" ls -l /run/secrets >/dev/null || fail "the directory cannot be listed meanwhile"
expect 6 'audit log' secret_rotate db_password db 2
rm "$small/ballast"
within 30 is_open || fail "with room again the log stays blocked: $(status_of .audit)"
within 10 reads required || fail "with room again the reader is denied"
secret_rotate db_password db 2
expect 0 'sound' t audit verify
at_least "denials for want of a record" 1 \
	"$(t audit export --json | jq -c 'select(.kind == "denial" and .rule == "audit")' | wc -l)"
say "required: a read that cannot be recorded is denied (this one after $took ms, docker exec included)," \
	"and given when there is room again"

# A fifo where the next file of the log would be, and one in the place of its last.
agent_stop --force
log=$small/required/audit
last=$(cd "$log" && ls audit-0* | tail -n 1)
mv "$log/$last" "$SCRATCH/kept"
mkfifo -m 0600 "$log/$last"
chown --reference="$SCRATCH/kept" "$log/$last"
agent_start
run docker exec "$RUN_ID-required" timeout 20 cat /run/secrets/db_password
[ "$RC" -ne 124 ] || fail "a reader waits for a fifo"
within 10 t status || fail "the agent waits for a fifo"
run t audit verify
equal "exit of audit verify with a fifo in the log" 1 "$RC"
agent_kill
docker rm -f "$RUN_ID-required" >/dev/null
rm -rf "${small:?}"/*

# A copy for syslog that nobody reads, until its queue is full; then one that is read.
agent_new copied "audit_copy syslog" "engine none"
mkdir -p "$ROOT/dev"
cat >"$SCRATCH/listen.py" <<'PYTHON'
"""listen.py SOCKET OUT GO: a syslog that reads nothing before there is a file GO."""
import os, socket, sys, time
path, out, go = sys.argv[1:4]
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind(path)
os.chmod(path, 0o666)
while not os.path.exists(go):
    time.sleep(0.05)
with open(out, "ab", buffering=0) as sink:
    while True:
        sink.write(listener.recv(65536) + b"\n")
PYTHON
python3 "$SCRATCH/listen.py" "$ROOT/dev/log" "$SCRATCH/syslog" "$SCRATCH/go" &
listener=$!
at_exit 'kill $listener 2>/dev/null'
within 5 test -S "$ROOT/dev/log" || fail "the listener does not listen"
: >"$SCRATCH/syslog"
agent_start
secret_create db_password db 1
for ((i = 2; i < 60; i++)); do secret_rotate db_password db $i; done
equal "the version, with a syslog that reads nothing" 59 "$(t secret inspect db_password --json | jq -r '.[0].version')"
touch "$SCRATCH/go"
within 20 has "$SCRATCH/syslog" '"act":"create"' || fail "nothing is copied: $(head -c 300 "$SCRATCH/syslog")"
within 30 eval 'secret_rotate db_password db 60; has "$SCRATCH/syslog" "\"act\":\"rotate\""' || fail "rotations are not copied"
like "a line of syslog" '^<[0-9]+>.*tacit.*\{"number":' "$(head -n 1 "$SCRATCH/syslog")"
expect 0 'sound' t audit verify
say "a syslog that reads nothing holds nothing up; read, it has $(wc -l <"$SCRATCH/syslog") lines"
