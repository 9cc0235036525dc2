#!/usr/bin/env bash
# Goal: core is killed between each two steps of staging, promoting, retiring, rolling back, rotating
# a bundle, and of a rotation that the agent does by itself, with and without a rotator: what is
# acknowledged is there, what is not is old or new, there is always one current version, and what the
# agent had begun is gone on with.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/engine.sh"
. "$SUPPORT/agent.sh"

AGENT_BIN=$OUT_DIR/tests/crashing
[ -x "$AGENT_BIN/tacit-core" ] || fail "there is no crashing core: make integration builds it"
engine_start
agent_new a "engine $TACIT_DOCKER_SOCKET"
crash=$ROOT/crash
rotators=$ROOT/etc/tacit/rotators.d
mkdir -p "$crash" "$rotators" "$SCRATCH/spool"
chmod 1777 "$SCRATCH/spool"
chmod 0777 "$crash"
chmod 0755 "$rotators"
printf '#!/bin/sh\necho $1 >>%s/spool/steps\n[ $1 != verify ] || [ "$(cat <&4)" = "$(cat %s/spool/new)" ] || exit 1\n[ $1 != run ] || cat <&4 >%s/spool/new\n' \
	"$SCRATCH" "$SCRATCH" "$SCRATCH" >"$rotators/world"
chmod 0755 "$rotators/world"
agent_start
secret_create db_password db 1
value cert 1 >"$SCRATCH/cert"
value key 1 >"$SCRATCH/key"
t secret create tls/ cert="$SCRATCH/cert" key="$SCRATCH/key" >/dev/null
web=container/$RUN_ID-web
t grant add db_password "$web" --as pw --with-previous >/dev/null
t grant add tls/ "$web" >/dev/null
container web -d -v "$(mount_of)/$web:/run/secrets:ro" -- sleep 1000 >/dev/null
inside() { docker exec "$RUN_ID-web" "$@"; }

# What there is: numbers of versions, and what a container reads.
states() {
	t secret inspect db_password --json | jq -r '.[0] | "\(.version) \(.previous) \(.next)"'
	t secret inspect tls/ --json | jq -r '.[0] | "\(.generation) \([.members[].version] | join(" "))"'
	inside sh -c 'cat /run/secrets/pw; echo; cat /run/secrets/tls/cert /run/secrets/tls/key' |
		sha256sum
}
one_current() {
	equal "versions that are current" 1 \
		"$(t secret history db_password --json | jq '[.[] | select(.current)] | length')"
	inside cat /run/secrets/pw >/dev/null || fail "nothing can be read"
}

crashes=0
# die_at K COMMAND...: the command, with the K-th step as the last one. False: there are not so many.
die_at() {
	local k=$1 before
	shift
	before=$(status_of .core_starts)
	echo "$k" >"$crash/new"
	mv "$crash/new" "$crash/at"
	run "$@"
	if [ -e "$crash/at" ]; then
		rm -f "$crash/at"
		[ "$RC" -eq 0 ] || fail "$*: exit $RC: $ERR"
		return 1
	fi
	within 20 t status --wait 20 || fail "no core after $*, step $k"
	crashes=$((crashes + 1))
	[ "$before" -lt "$(status_of .core_starts)" ] || fail "core was not killed"
	return 0
}
# each_step WHAT RESTORE COMMAND...: RESTORE, then COMMAND with a death at each of its steps: the old
# state or the new one, and the new one when it was acknowledged.
each_step() {
	local what=$1 restore=$2 k old new
	shift 2
	for ((k = 1; ; k++)); do
		$restore
		old=$(t secret inspect db_password --json | jq -r '.[0] | "\(.version) \(.previous) \(.next)"'
			t secret inspect tls/ --json | jq -r '.[0].generation')
		die_at $k "$@" || break
		new=$(t secret inspect db_password --json | jq -r '.[0] | "\(.version) \(.previous) \(.next)"'
			t secret inspect tls/ --json | jq -r '.[0].generation')
		[ "$RC" -ne 0 ] || [ "$new" != "$old" ] || fail "$what, step $k: acknowledged, and lost"
		[ "$new" = "$old" ] || judge "$what" "$old" "$new"
		one_current
		[ $k -lt 60 ] || fail "$what has no end"
	done
	[ $k -gt 4 ] || fail "$what: killed at $((k - 1)) steps only"
	say "$what: killed at each of $((k - 1)) steps: the old state or the new"
}
# The new state is what the verb makes of the old one, and nothing between.
judge() {
	local -a was now
	read -ra was <<<"${2//$'\n'/ }"
	read -ra now <<<"${3//$'\n'/ }"
	case $1 in
	stage) equal stage "${was[0]} ${was[1]} ${was[3]}" "${now[0]} ${now[1]} ${now[3]}" ;;
	promote) equal promote "${was[2]} ${was[0]} null" "${now[0]} ${now[1]} ${now[2]}" ;;
	retire) equal retire "${was[0]} null ${was[2]}" "${now[0]} ${now[1]} ${now[2]}" ;;
	rollback) equal rollback "${was[1]} ${was[0]}" "${now[0]} ${now[1]}" ;;
	bundle) equal bundle "${was[*]:0:3} $((was[3] + 1))" "${now[*]}" ;;
	esac
}
number=1
stage() { value db $((++number)) | t secret stage db_password - >/dev/null; }
nothing() { :; }
rotate() { value db $((++number)) | t secret rotate db_password - >/dev/null; }
value db 100 >"$SCRATCH/value"
each_step stage nothing t secret stage db_password "$SCRATCH/value"
each_step promote stage t secret promote db_password
each_step retire rotate t secret retire db_password
each_step rollback rotate t secret rollback db_password
each_step bundle nothing t secret rotate tls/ cert="$SCRATCH/cert" key="$SCRATCH/key"

# By itself: it is begun, dies, and is gone on with until it is done, once.
by_itself() {
	local what=$1 k before starts made
	for ((k = 1; k < 60; k++)); do
		before=$(t secret inspect db_password --json | jq -r '.[0].version')
		starts=$(status_of .core_starts)
		echo "$k" >"$crash/new"
		mv "$crash/new" "$crash/at"
		t secret schedule db_password --now >/dev/null 2>&1 || true
		within 5 t status --wait 5 || fail "no core"
		# Not due when the request itself was cut off.
		if ! within 3 eval '[ "$(t secret inspect db_password --json | jq -r ".[0].version")" != '"$before"' ]'; then
			t secret schedule db_password --now >/dev/null 2>&1 || true
		fi
		within 60 eval '[ "$(t secret inspect db_password --json | jq -r ".[0] | \"\(.schedule.step) \(.schedule.state) \(.next) \(.version > '"$before"')\"")" = "idle waiting null true" ]' ||
			fail "$what, step $k: $(t secret inspect db_password --json)"
		one_current
		if [ -e "$crash/at" ]; then
			rm -f "$crash/at"
			[ "$starts" != "$(status_of .core_starts)" ] || break
		fi
		crashes=$((crashes + 1))
	done
	[ $k -gt 3 ] || fail "$what: killed at $((k - 1)) steps only"
	say "$what: killed at each of $((k - 1)) steps: done every time"
}
t secret schedule db_password --generate 20 --every 30d >/dev/null
by_itself "a rotation by the agent"
t secret schedule db_password --generate 20 --alphabet alphanumeric --rotator world --every 30d >/dev/null
by_itself "a rotation with a rotator"
equal "the world and the secret" "$(cat "$SCRATCH/spool/new")" "$(t secret reveal db_password)"
say "$crashes deaths of core in all; never two current versions"
