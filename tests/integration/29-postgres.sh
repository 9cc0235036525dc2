#!/usr/bin/env bash
# Goal: PostgreSQL's password is changed again and again by the rotator of examples/, while an
# application in a container logs in all the time with what it reads each time: no login fails. The
# rotator, and core, are killed at every step: what is current logs in, status says what failed, and
# the rotation is done or undone.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/engine.sh"
. "$SUPPORT/agent.sh"
. "$SUPPORT/image.sh"
. "$SUPPORT/postgres.sh"

rotations=${ROTATIONS:-50}
postgres_start
engine_start
image_make psql "$(find /usr/lib/postgresql/*/bin/psql | tail -n 1)"
agent_new a "engine $TACIT_DOCKER_SOCKET"
rotators=$ROOT/etc/tacit/rotators.d
mkdir "$rotators"
cp "$TOP/examples/rotators/postgres" "$rotators/"
cat >"$rotators/postgres.conf" <<-CONF
	shop_db	host=$POSTGRES dbname=shop user=rotator
	shop_db	host=$POSTGRES dbname=shop
	shop_db	app_a app_b
CONF
# As it is, but it dies where $SCRATCH/trouble says: "kill before run", "kill after run", "fail verify".
mkdir "$SCRATCH/trouble"
chmod 0777 "$SCRATCH/trouble" # the rotator renames what is root's
cat >"$rotators/troubled" <<-PROGRAM
	#!/bin/sh
	echo "\$1" >>$SCRATCH/trouble/steps
	trouble() { [ -e "$SCRATCH/trouble/\$1" ] && mv "$SCRATCH/trouble/\$1" $SCRATCH/trouble/done; }
	if trouble "kill before \$1"; then kill -KILL \$\$; fi
	if [ -e "$SCRATCH/trouble/fail \$1" ]; then exit 1; fi
	if [ -e "$SCRATCH/trouble/wait \$1" ]; then echo \$1 >$SCRATCH/trouble/waits; sleep 3; fi
	$rotators/postgres "\$@"
	status=\$?
	if trouble "kill after \$1"; then kill -KILL \$\$; fi
	exit \$status
PROGRAM
chmod 0755 "$rotators" "$rotators/postgres" "$rotators/troubled"
chmod 0644 "$rotators/postgres.conf"
agent_start

postgres_sql "CREATE ROLE rotator LOGIN CREATEROLE" >/dev/null
postgres_sql "CREATE ROLE app_a LOGIN PASSWORD 'first'" >/dev/null
postgres_sql "CREATE ROLE app_b LOGIN" >/dev/null
postgres_sql "CREATE DATABASE shop" >/dev/null
printf '[db]\nhost=%s\ndbname=shop\nuser=app_a\npassword=first\n' "$POSTGRES" |
	t secret create shop_db - >/dev/null
app=container/$RUN_ID-app
t grant add shop_db "$app" >/dev/null

# An application: it logs in, says as whom, and begins again.
TACIT_IMAGE=$IMAGE container app -d -v "$(mount_of)/$app:/run/secrets:ro" -v "$POSTGRES:$POSTGRES" \
	-e PGSERVICEFILE=/run/secrets/shop_db -e PGSERVICE=db -- sh -c '
	psql=$(echo /usr/lib/postgresql/*/bin/psql)
	while :; do $psql -XqAt -c "SELECT current_user" 2>&1 || echo failed; done' >/dev/null
logins() { docker logs "$RUN_ID-app" 2>&1; }
failed_logins() { logins | awk '!/^app_[ab]$/' | wc -l; }
logs_in_as() { [ "$(logins | tail -n 1)" = "$1" ]; }
within 20 logs_in_as app_a || fail "the application: $(logins | tail -n 2)"
current() { t secret inspect shop_db --json | jq -r '.[0].version'; }
schedule() { t secret inspect shop_db --json | jq -r ".[0].schedule.$1"; }
rotate() { t secret schedule shop_db --now --wait --timeout 60s; }

t secret schedule shop_db --rotator postgres --generate 24 --alphabet alphanumeric --every 30d \
	--overlap 24h >/dev/null
roles=(app_a app_b)
for ((n = 1; n <= rotations; n++)); do
	run rotate
	[ "$RC" -eq 0 ] || fail "rotation $n: $OUT$ERR $(t secret inspect shop_db --json)"
	within 20 logs_in_as "${roles[n % 2]}" || fail "rotation $n: $(logins | tail -n 2)"
done
equal "the version" $((rotations + 1)) "$(current)"
count=$(logins | wc -l)
equal "logins that failed" 0 "$(failed_logins)"
at_least "logins" "$rotations" "$count"
say "$rotations rotations by the rotator, the application logged in $count times: 0 failed"
like "the next one" '^20' "$(schedule next_at)"
unlike "the server's log" "password=|PASSWORD '[^S]" "$(grep -v "'first'" "$SCRATCH/postgres-log")"

# Killed, at each step, before and after what it does.
t secret schedule shop_db --rotator troubled --generate 24 --alphabet alphanumeric --overlap 24h \
	>/dev/null
for step in make run verify; do
	for moment in before after; do
		touch "$SCRATCH/trouble/kill $moment $step"
		before=$(current)
		run rotate
		[ "$RC" -eq 0 ] || fail "killed $moment $step: $OUT$ERR $(schedule reason)"
		[ ! -e "$SCRATCH/trouble/kill $moment $step" ] || fail "not killed $moment $step"
		equal "versions made, killed $moment $step" 1 $(($(current) - before))
		equal "the step" idle "$(schedule step)"
	done
done
say "the rotator killed before and after make, run and verify: each rotation was done"

# A step that does not work is undone, and said.
before=$(current) role=$(logins | tail -n 1)
touch "$SCRATCH/trouble/fail verify"
run rotate
[ "$RC" -ne 0 ] || fail "a rotation that cannot be verified was done: $OUT"
like "what is said of it" 'verify' "$OUT$ERR"
equal "the current version" "$before" "$(current)"
equal "the staged version" null "$(t secret inspect shop_db --json | jq -r '.[0].next')"
expect 0 'shop_db' t status
like "status" 'verify' "$(t status 2>&1)"
equal "failing" shop_db "$(status_of '.rotations.failing[].secret')"
within 20 logs_in_as "$role" || fail "the old password: $(logins | tail -n 2)"
like "the steps" 'undo' "$(cat "$SCRATCH/trouble/steps")"
rm "$SCRATCH/trouble/fail verify"
run rotate
[ "$RC" -eq 0 ] || fail "a rotation after one that failed: $OUT$ERR"
equal "failing, afterwards" '' "$(status_of '.rotations.failing[].secret')"
say "a rotation that cannot be verified is undone, said by status, and done later"

# core killed while each step runs; an operator who comes in between.
for step in make run verify; do
	touch "$SCRATCH/trouble/wait $step"
	rm -f "$SCRATCH/trouble/waits"
	before=$(current)
	t secret schedule shop_db --now >/dev/null
	within 20 has "$SCRATCH/trouble/waits" $step || fail "$step does not begin"
	[ $step = make ] || expect 1 'rotator' t secret rotate shop_db --generate 12
	rm "$SCRATCH/trouble/wait $step"
	strike KILL core
	within 60 eval '[ "$(schedule step) $(current)" = "idle '$((before + 1))'" ]' ||
		fail "core killed in $step: $(t secret inspect shop_db --json)"
	equal "versions that are current" 1 \
		"$(t secret history shop_db --json | jq '[.[] | select(.current)] | length')"
done
sleep 1
equal "logins that failed, in all" 0 "$(failed_logins)"
say "core killed while make, run and verify ran: each rotation was done once;" \
	"$(logins | wc -l) logins in all, 0 failed"
