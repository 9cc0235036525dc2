#!/usr/bin/env bash
# Goal: versions side by side, seen from running containers on both kinds of mount: staged, promoted,
# retired, rolled back; who has not read the new one; the previous one beside the current one for as long as it was said, and no
# longer; and a core that is killed in the middle of a promotion leaves the old state or the new one,
# never two current versions.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/engine.sh"
. "$SUPPORT/agent.sh"

rounds=${ROUNDS:-40}
engine_start
agent_new a "engine $TACIT_DOCKER_SOCKET"
agent_start
secret_create db_password db 1
web=container/$RUN_ID-web one=container/$RUN_ID-one
secrets=/run/secrets
for consumer in "$web" "$one"; do
	t grant add db_password "$consumer" --as pw --with-previous >/dev/null
done
container web -d -v "$(mount_of)/$web:$secrets:ro" -- sleep 1000 >/dev/null
container one -d -v "$(mount_of)/$one/pw:$secrets/pw:ro" -- sleep 1000 >/dev/null
in_web() { docker exec "$RUN_ID-web" "$@"; }
in_one() { docker exec "$RUN_ID-one" "$@"; }
secret_stage() { value "$2" "$3" | t secret stage "$1" - >/dev/null; }
# state_is CURRENT PREVIOUS NEXT, each a version or null: by the API, and by what containers read.
state_is() {
	equal "current, previous, next" "$1 $2 $3" "$(t secret inspect db_password --json |
		jq -r '.[] | "\(.version) \(.previous) \(.next)"')"
	equal "versions that are current" "$1" "$(t secret history db_password --json |
		jq -r '.[] | select(.state == "current" or .current).version')"
	equal "the directory's file" "$(value db "$1")" "$(in_web cat $secrets/pw)"
	equal "the single file" "$(value db "$1")" "$(in_one cat $secrets/pw)"
	if [ "$2" = null ]; then
		expect 1 'ENOENT' in_web probe read $secrets/pw.previous
		expect 1 'ENOENT' in_web probe stat $secrets/pw.previous
		equal "what is listed" pw "$(in_web ls $secrets)"
	else
		equal "the previous file" "$(value db "$2")" "$(in_web cat $secrets/pw.previous)"
		equal "its size" "$(value db "$2" | wc -c)" \
			"$(in_web probe stat $secrets/pw.previous | cut -d' ' -f4)"
		equal "what is listed" 'pw pw.previous' "$(in_web ls $secrets | xargs)"
	fi
}

# stage, promote, retire, rollback
state_is 1 null null
expect 4 'staged' t secret promote db_password
expect 4 'previous' t secret retire db_password
expect 4 'previous' t secret rollback db_password
secret_stage db_password db 2
state_is 1 null 2
equal "the staged value, revealed" "$(value db 2)" "$(t secret reveal db_password --version 2)"
secret_stage db_password db 3
state_is 1 null 3
t secret promote db_password >/dev/null
state_is 3 1 null
newest=$(in_web stat -c %Y $secrets/pw)
secret_rotate db_password db 4
state_is 4 3 null
t secret rollback db_password >/dev/null
state_is 3 4 null
at_least "the time of a file that is rolled back" "$newest" "$(in_web stat -c %Y $secrets/pw)"
t secret rollback db_password --to 1 >/dev/null
state_is 1 3 null
expect 1 'current' t secret rollback db_password --to 1
expect 4 'kept' t secret rollback db_password --to 99
t secret rollback db_password --to 4 >/dev/null
state_is 4 1 null
t secret retire db_password >/dev/null
state_is 4 null null
say "stage, promote, rotate, rollback, retire: both kinds of mount read what is current, and the" \
	"directory what was before it"

# Events: a promotion wakes watchers as a rotation does.
secret_stage db_password db 5
in_one probe watch -t db -c 1 -s 20 $secrets/pw >"$SCRATCH/watch" &
within 10 has "$SCRATCH/watch" watching || fail "watch did not begin"
t secret promote db_password >/dev/null
within 10 has "$SCRATCH/watch" 'woke .*version 5' || fail "no event: $(cat "$SCRATCH/watch")"
wait

# An open previous file: a rotation leaves it, a retirement ends it.
in_web probe hold $secrets/pw.previous >"$SCRATCH/hold" &
within 5 has "$SCRATCH/hold" open || fail "hold does not open"
read_held() {
	local lines
	lines=$(wc -l <"$SCRATCH/hold")
	in_web killall -USR1 probe
	within 5 eval '[ "$(wc -l <"$SCRATCH/hold")" -gt '"$lines"' ]' || fail "hold did not read"
	tail -n 1 "$SCRATCH/hold"
}
secret_rotate db_password db 6
like "an open previous file after a rotation" 'version 4,' "$(read_held)"
t secret retire db_password >/dev/null
like "and after a retirement" 'read: E' "$(read_held)"
secret_rotate db_password db 7
like "and when there is another" 'read: E' "$(read_held)"
in_web killall -TERM probe
wait
state_is 7 6 null

# --overlap
started=$(now_ms)
value db 8 | t secret rotate db_password - --overlap 10s >/dev/null
state_is 8 7 null
like "until when" '^20.*Z$' \
	"$(t secret inspect db_password --json | jq -r '.[].previous_until')"
within 60 eval '! in_web cat $secrets/pw.previous' || fail "an overlap of 10 s does not end"
took=$(($(now_ms) - started))
at_least "how long an overlap of 10 s lasted, in ms" 10000 $took
state_is 8 null null
secret_stage db_password db 9
t secret promote db_password --overlap 1h >/dev/null
state_is 9 8 null
strike KILL core
t status --wait 20 >/dev/null
state_is 9 8 null
expect 2 'overlap' t secret promote db_password --overlap tomorrow
say "--overlap 10s: the previous version was read for $took ms; --overlap 1h outlives core"

# Names: what one grant shows as previous is no other's file.
secret_create other other 1
expect 1 'previous' t grant add other "$web" --as pw.previous
t grant add other "$web" --as x.previous >/dev/null
expect 1 'previous' t grant add db_password "$web" --as x --with-previous
expect 2 'with-previous' t grant add db_password "$web" --as y --with-previous --version 1
expect 2 'bytes' t grant add db_password "$web" --with-previous \
	--as "$(printf 'n%.0s' {1..55})"
like "what is exported" "grant db_password $web as=pw with-previous" "$(t export)"
printf 'grant db_password %s as=x with-previous\n' "$web" >"$SCRATCH/access"
expect 1 'previous' t apply "$SCRATCH/access"
t export >"$SCRATCH/access"
equal "applied again" '' "$(t apply "$SCRATCH/access" --prune --json | jq -r '.changes[]')"
t grant rm db_password "$web" --as pw >/dev/null
expect 1 'ENOENT' in_web probe read $secrets/pw.previous
t grant add other "$web" --as pw.previous >/dev/null
equal "another's file of that name" "$(value other 1)" "$(in_web cat $secrets/pw.previous)"
t grant rm other "$web" --as pw.previous >/dev/null
t grant add db_password "$web" --as pw --with-previous >/dev/null
t grant rm other "$web" --as x.previous >/dev/null
state_is 9 8 null
say "the names of previous files: no grant takes another's"

# Pruning spares what is staged, and what is previous.
secret_stage db_password db 10
for ((n = 11; n <= 26; n++)); do secret_rotate db_password db $n; done
state_is 26 25 10
t secret promote db_password >/dev/null
state_is 10 26 null
like "history" 'current .*'"$web" "$(t secret history db_password | grep '^10 ')"
say "16 rotations: the staged version is kept; history says who read it last"

# --wait: names who has not read it, and returns once it has.
version=$(t secret inspect db_password --json | jq '.[].version')
in_one cat $secrets/pw >/dev/null
value db 27 >"$SCRATCH/27"
run t secret rotate db_password "$SCRATCH/27" --wait --timeout 1s
[ "$RC" -eq 1 ] || fail "rotate --wait that nobody reads: exit $RC: $OUT$ERR"
like "those who have not" "$RUN_ID-web \([0-9a-f]{12}\) as $web/pw has version $version" "$OUT"
like "those who have not" "$RUN_ID-one .* has version $version" "$OUT"
in_one cat $secrets/pw >/dev/null
secret_stage db_password db 28
t secret promote db_password --wait --timeout 30s >"$SCRATCH/said" 2>&1 &
promotion=$!
sleep 0.5
kill -0 $promotion || fail "promote --wait did not wait: $(cat "$SCRATCH/said")"
in_web cat $secrets/pw >/dev/null
in_web cat $secrets/pw.previous >/dev/null
sleep 0.5
kill -0 $promotion || fail "promote --wait waits for one alone: $(cat "$SCRATCH/said")"
equal "who has not read it" "$RUN_ID-one 27" "$(api GET /v1/secrets/db_password/readers |
	head -n 1 | jq -r '.[] | select(.current | not) | "\(.name) \(.version)"')"
in_one cat $secrets/pw >/dev/null
started=$(now_ms)
wait $promotion || fail "promote --wait: $(cat "$SCRATCH/said")"
took=$(($(now_ms) - started))
# What was opened is written down every 5 s; other things are, too, and may be what the generation
# tells of.
outlives_core() {
	local generation
	in_web cat $secrets/pw >/dev/null
	in_one cat $secrets/pw >/dev/null
	generation=$(status_of .integrity.generation)
	within 30 eval '[ "$(status_of .integrity.generation)" -gt "$generation" ]' || fail "nothing is written down"
	strike KILL core
	t status --wait 20 >/dev/null
	[ "$(api GET /v1/secrets/db_password/readers | head -n 1 | jq -c "[.[].version]")" = "[28,28]" ]
}
within 60 outlives_core || fail "after core's death: $(api GET /v1/secrets/db_password/readers)"
docker stop -t 0 "$RUN_ID-one" >/dev/null
secret_stage db_password db 29
t secret promote db_password --wait --timeout 30s >/dev/null &
promotion=$!
sleep 0.3
in_web cat $secrets/pw >/dev/null
wait $promotion || fail "promote --wait waits for a container that has ended"
docker start "$RUN_ID-one" >/dev/null
expect 2 'wait' t secret promote db_password --timeout 5s
say "--wait: names who has the old version, and returned $took ms after the last one had opened it"

# A core killed between the commit of a promotion and its answer.
old=0 new=0 version=29
for ((i = 1; i <= rounds; i++)); do
	read -r was before < <(t secret inspect db_password --json |
		jq -r '.[] | "\(.version) \(.previous)"')
	version=$((version + 1))
	secret_stage db_password db $version || fail "stage $version"
	core=$(pid_of core)
	t secret promote db_password >"$SCRATCH/said" 2>&1 &
	promotion=$!
	sleep "0.0$((RANDOM % 2))$((RANDOM % 10))$((RANDOM % 10))"
	kill -9 "$core"
	acknowledged=1
	wait $promotion || acknowledged=0
	t status --wait 20 >/dev/null || fail "does not serve after kill $i"
	now=$(t secret inspect db_password --json | jq -r '.[] | "\(.version) \(.previous) \(.next)"')
	case $now in
	"$was $before $version") old=$((old + 1)) ;;
	"$version $was null") new=$((new + 1)) ;;
	*) fail "after kill $i: $now, from $was $before, staged $version" ;;
	esac
	[ $acknowledged -eq 0 ] || equal "after an acknowledged promotion" "$version $was null" "$now"
	# shellcheck disable=SC2086  # three words
	state_is $now
done
say "$rounds promotions with core killed meanwhile: $old left the old state, $new the new one, none" \
	"two current versions"
