#!/usr/bin/env bash
# Goal: operators see in the audit log what they did and what was denied, as rows and as JSON, to
# its end and as it goes on, across restarts of core and across a lock; what is changed in the log
# by hand is found, and named.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/agent.sh"

agent_new audit
agent_start
# What is under way has a line of its own, and none of it is a value.
printf %s hunter2-one | t secret create db_password - >/dev/null
t grant add db_password container/web >/dev/null
printf %s hunter2-two | t secret rotate db_password - >/dev/null
expect 1 'already' t grant add db_password container/web
cat "$(mount_of)/container/web/db_password" >/dev/null 2>&1 && fail "the host reads a container's file"

acts() { t audit export --json | jq -r 'select(.act) | "\(.kind) \(.act) \(.secret // "") \(.version // 0) \(.outcome)"'; }
like "what was done" 'change create db_password 1 ok' "$(acts)"
like "what was done" 'change rotate db_password 2 ok' "$(acts)"
like "what was done" 'change grant-add db_password 0 ok' "$(acts)"
like "what failed" 'change grant-add db_password 0 exists' "$(acts)"
like "what was denied" 'denial open db_password' "$(acts)"
like "what the agent did" 'agent unlock  0 ok' "$(acts)"
[[ $(t audit export --json) != *hunter2* ]] || fail "a value is in the audit log"
equal "numbers without a gap" "" "$(t audit export --json | jq .number | awk '$1 != NR')"

run t audit tail -n 5
equal "rows" 7 "$(wc -l <<<"$OUT")"
like "a row" '[0-9:]{8}  rotate +db_password@2 +operator 0 +ok' "$OUT"
equal "the last record" 1 "$(t audit tail -n 1 --json | wc -l)"

# followed OUT: a follower from now on, that writes there.
"$BIN/tacit" --root "$ROOT" audit tail -n 0 -f --json >"$SCRATCH/followed" 2>"$SCRATCH/followed.err" &
follower=$!
at_exit 'kill "$follower" 2>/dev/null || true'
followed() { [ "$(jq -r "select($1) | .act" "$SCRATCH/followed" | wc -l)" -ge 1 ]; }
# It has asked for the first time when something is seen.
within 10 eval 't consumer freeze container/web >/dev/null; followed ".act == \"consumer-freeze\""' ||
	fail "the follower sees nothing: $(cat "$SCRATCH/followed.err")"
kill -KILL "$(pid_of core)"
t status --wait 20 >/dev/null
t consumer thaw container/web >/dev/null
within 15 followed '.act == "consumer-thaw"' || fail "it does not survive a restart of core"
expect 0 '' t lock
sleep 1.2
expect 0 '' t unlock
within 15 followed '.act == "unlock"' || fail "it does not survive a lock"
like "locked is said" 'the agent is locked' "$(cat "$SCRATCH/followed.err")"
equal "each once" "" "$(jq .number "$SCRATCH/followed" | sort -n | uniq -d)"
kill -TERM "$follower" # a background job of a script ignores SIGINT
wait "$follower" && code=0 || code=$?
equal "how a follower ends" 0 "$code"
t audit tail -f -n 3 | head -n 1 >/dev/null # ends, although nothing more comes

# The last word of a reader that was slower than the log.
for i in $(seq 40); do t consumer freeze "container/c$i" >/dev/null; done
expect 0 'the audit log is sound' t audit verify
file=$(find "$ROOT" -name audit-00000001)
size=$(stat -c %s "$file")
flip() {
	local byte
	byte=$(od -An -tu1 -j "$1" -N 1 "$file")
	printf "\\x$(printf %02x $((byte ^ 1)))" | dd of="$file" bs=1 seek="$1" conv=notrunc 2>/dev/null
}
flip $((size / 2))
expect 1 'file 1, byte .*was changed' t audit verify
run t audit export --json
equal "an export that has damage in it" 1 "$RC"
equal "trouble in its place" 1 "$(jq -r 'select(.trouble) | .file' <<<"$OUT" | wc -l)"
like "what is behind it" 'container/c40' "$OUT"
flip $((size / 2))
expect 0 'sound' t audit verify
say "$(t audit verify)"
