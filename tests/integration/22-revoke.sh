#!/usr/bin/env bash
# Goal: a grant is what it is at the moment of each read: over 1,000 revocations and grants under
# readers in a running container, no read succeeds after the acknowledged revocation and none fails
# while it is granted; open files end with it; no other container's mount or read is disturbed.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/engine.sh"
. "$SUPPORT/agent.sh"

cycles=${CYCLES:-1000}
secret=/run/secrets/db_password
engine_start
agent_new a "engine $TACIT_DOCKER_SOCKET"
agent_start
secret_create db_password db 1
web=container/$RUN_ID-web other=container/$RUN_ID-other
t grant add db_password "$web" >/dev/null
t grant add db_password "$other" >/dev/null
mkdir "$SCRATCH/gate"
head -c 8 /dev/zero >"$SCRATCH/gate/count"
chmod 0644 "$SCRATCH/gate/count"

# web has its file and its directory mounted: the file's mount must outlive each revocation.
container web -d -v "$(mount_of)/$web:/run/secrets:ro" \
	-v "$(mount_of)/$web/db_password:/run/password:ro" -v "$SCRATCH/gate:/gate:ro" -- \
	sleep 1000 >/dev/null
container other -d -v "$(mount_of)/$other:/run/secrets:ro" \
	-v "$(mount_of)/$other/db_password:/run/password:ro" -- probe loop -n 2 -t db \
	/run/password >/dev/null
inside() { docker exec "$RUN_ID-$1" "${@:2}"; }
inside web probe hold -t db $secret >"$SCRATCH/hold" &
hold=$!
within 5 has "$SCRATCH/hold" open || fail "hold does not open"
mounts() { docker exec "$RUN_ID-$1" grep fuse.tacit /proc/mounts; }
mounts_before=$(mounts web; mounts other)

readers=()
for file in $secret $secret /run/password; do
	inside web probe gated -t db -f /gate/count $file >"$SCRATCH/gated-${#readers[@]}" &
	readers+=($!)
done
for i in "${!readers[@]}"; do
	within 5 has "$SCRATCH/gated-$i" reading || fail "reader $i does not begin"
done
started=$(now_ms)
run "$OUT_DIR/tests/cycles" -n "$cycles" "$(api_of)" "$SCRATCH/gate/count" db_password "$web"
[ "$RC" -eq 0 ] || fail "cycles: $OUT$ERR"
took=$(($(now_ms) - started))
inside web killall -TERM probe
granted=0 revoked=0
for i in "${!readers[@]}"; do
	wait "${readers[i]}" || true
	tally=$(tail -n 1 "$SCRATCH/gated-$i")
	for count in failed leaked wrong; do
		equal "$count reads of reader $i ($tally)" 0 "$(field $count "$tally")"
	done
	at_least "reads while granted ($tally)" $((cycles / 2)) "$(field granted "$tally")"
	at_least "attempts while revoked ($tally)" $((cycles / 2)) "$(field revoked "$tally")"
	granted=$((granted + $(field granted "$tally")))
	revoked=$((revoked + $(field revoked "$tally")))
done
wait $hold || true
say "$cycles revocations and grants in $((took / 1000)) s ($(field revoke_us "$OUT") and" \
	"$(field grant_us "$OUT") us): $granted reads while granted, 0 failed;" \
	"$revoked attempts while revoked, 0 succeeded"

equal "the mounts of both containers" "$mounts_before" "$(mounts web; mounts other)"
equal "web's file at the end" "$(value db 1)" "$(inside web cat /run/password)"
docker stop -t 20 "$RUN_ID-other" >/dev/null
tally=$(docker logs "$RUN_ID-other" | tail -n 1)
for count in failed wrong; do
	equal "$count reads of the other container ($tally)" 0 "$(field $count "$tally")"
done
at_least "reads of the other container" "$cycles" "$(field reads "$tally")"
say "the other container: $(field reads "$tally") reads, 0 failed; every mount as before"

# An open file: whole while granted, nothing after the revocation, also when it is granted again.
: >"$SCRATCH/hold"
inside web probe hold -t db $secret >"$SCRATCH/hold" &
hold=$!
held() {
	local lines
	lines=$(wc -l <"$SCRATCH/hold")
	inside web killall -USR1 probe
	within 5 eval '[ "$(wc -l <"$SCRATCH/hold")" -gt '"$lines"' ]' || fail "hold did not read"
	tail -n 1 "$SCRATCH/hold"
}
within 5 has "$SCRATCH/hold" open || fail "hold does not open"
like "an open file while granted" 'version 1,' "$(held)"
t grant rm db_password "$web" >/dev/null
like "an open file after the revocation" 'read: E(ACCES|NOENT|BADF|STALE|IO)' "$(held)"
t grant add db_password "$web" >/dev/null
like "the same open file, granted again" 'read: E' "$(held)"
inside web killall -TERM probe
wait $hold || true
equal "a new open" "$(value db 1)" "$(inside web cat $secret)"
say "a file that was open: $(sed -n 3p "$SCRATCH/hold") after the revocation"
