#!/usr/bin/env bash
# Goal: an engine that hangs, is stopped or killed is no trouble for containers that run: they read
# on; nothing but the open of a container nobody knows is ever made to wait, and that for a second
# at most; when the engine is back, new containers are served.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/engine.sh"
. "$SUPPORT/agent.sh"
. "$SUPPORT/cgroup.sh"

engine_start private
secret=/run/secrets/db_password
quick=800 # ms: what waits, waits longer; what does not takes less, once in a few tries on any host
proxy_socket=$SCRATCH/engine.sock

"$OUT_DIR/tests/proxy" "$proxy_socket" "$TACIT_DOCKER_SOCKET" >"$SCRATCH/proxy" 2>&1 &
proxy=$!
at_exit 'kill $proxy'
within 5 has "$SCRATCH/proxy" ready || fail "proxy: $(cat "$SCRATCH/proxy")"
agent_new a "engine $proxy_socket"
agent_start
project=shop$$
secret_create db_password db 1
t grant add db_password "compose/$project/web" >/dev/null
options=(--label "com.docker.compose.project=$project" --label com.docker.compose.service=web
	-v "$(mount_of)/compose/$project/web:/run/secrets:ro")
host_path=$(mount_of)/compose/$project/web/db_password
# in_group CGROUP OPTIONS...: times of a process in a container's control group.
in_group() {
	cgroup_run "$1" setpriv --reuid 1000 --regid 1000 --clear-groups "$PROBE" time "${@:2}" \
		"$host_path"
}
inside() { docker exec "$RUN_ID-$1" "${@:2}"; }
engine_is() { [ "$(status_of '.engines[0].state')" = "$1" ]; }
within 10 engine_is synced || fail "the engine: $(status_of .engines)"

# Containers outlive dockerd with this.
live_restore() {
	[ -n "$(engine_pid)" ] || engine_up
	echo "{\"live-restore\": $1}" >"$TACIT_ENGINE/daemon.json"
	kill -HUP "$(engine_pid)"
	within 10 eval '[ "$(docker info -f "{{.LiveRestoreEnabled}}")" = '"$1"' ]'
}
live_restore true || fail "dockerd does not take live-restore"
at_exit 'live_restore false'

container readers -d "${options[@]}" -- probe loop -n 4 -t db -p 2 $secret >/dev/null
container known -d "${options[@]}" -- sleep 1000 >/dev/null
known=$(docker_cgroup "$RUN_ID-known")
equal "a container, all well" "$(value db 1)" "$(inside known cat $secret)"

# quick_for WHAT WHO COMMAND...: none of WHAT waits, whoever asks, while others' opens do. COMMAND
# runs probe time.
quick_for() {
	local acts=$1 who=$2 act took slow tries=5
	shift 2
	until [ -n "${slow+x}" ] && [ -z "$slow" ]; do
		run "$@"
		like "$who" 'stat_ms=' "$OUT"
		slow=
		for act in $acts; do
			took=$(field "${act}_ms" "$OUT")
			[ "${took%.*}" -lt $quick ] || slow=$act
		done
		[ -z "$slow" ] || [ $((--tries)) -gt 0 ] || fail "$slow by $who waits: $OUT"
	done
}
# unserved WHO COMMAND...: an open that is refused.
unserved() {
	quick_for 'stat list' "$@"
	equal "the open by $1" EACCES "$(field open "$OUT")"
	took=$(field open_ms "$OUT")
}
# From its control group: docker has no exec while its daemon is gone.
known_reads() {
	quick_for 'stat list open' "a known container" in_group "$known" -t db
	equal "the open by a known container" ok "$(field open "$OUT")"
}
# served NAME: since $since, in ms.
served() {
	within 10 inside "$1" probe read $secret || fail "$1 is not served"
	equal "what $1 reads" "$(value db 1)" "$(inside "$1" cat $secret)"
	took=$(($(now_ms) - since))
}

# 1. It takes requests and says nothing. docker itself works: it is the agent's line that hangs.
kill -USR1 $proxy
within 5 has "$SCRATCH/proxy" hung
container late -d "${options[@]}" -- sleep 1000 >/dev/null
inside late probe time $secret >"$SCRATCH/first" &
parked=$!
quick_for 'stat list' "root of the host" "$PROBE" time "$host_path"
quick_for 'stat list' "a user of the host" setpriv --reuid 1000 --regid 1000 --clear-groups "$PROBE" time \
	"$host_path"
known_reads
wait $parked
equal "the open by a container nobody knows" EACCES "$(field open "$(cat "$SCRATCH/first")")"
took=$(field open_ms "$(cat "$SCRATCH/first")")
[ "${took%.*}" -ge 500 ] || fail "an open was refused after $took ms: its engine was not waited for"
first=$took
unserved "a container nobody knows, again" inside late probe time $secret
say "engine hung: the open of a new container is refused after $first ms (EACCES); its stat and" \
	"listing, the host's, and a known container's reads wait for nothing"
# Many at once still wait side by side, not one after the other.
inside late probe race -n 16 $secret >"$SCRATCH/race" &
racers=$!
within 5 has "$SCRATCH/race" ready
started=$(now_ms)
inside late killall -USR1 probe
quick_for 'stat list' "the host, with 16 opens waiting" "$PROBE" time "$host_path"
known_reads
wait $racers
took=$(($(now_ms) - started))
equal "16 opens at once" "got=0 EACCES=16" "$(tail -n 1 "$SCRATCH/race")"
say "  16 such opens at once: all refused after $took ms"
kill -USR2 $proxy
since=$(now_ms)
served late
say "  going again: served after $took ms"

# 2. Stopped and started; 3. killed and started.
nobody=/docker/$(printf '%064x' $$)
cgroup_make "$nobody"
for signal in TERM KILL; do
	before=$(status_of .parked.total)
	engine_down $signal
	within 5 engine_is down || fail "the engine, gone: $(status_of .engines)"
	known_reads
	equal "opens that waited, of known containers" "$before" "$(status_of .parked.total)"
	unserved "a container nobody knows" in_group "$nobody"
	waited=$took
	engine_up
	since=$(now_ms)
	run container "new-$signal" --rm "${options[@]}" -- probe time -t db $secret
	back=$(($(now_ms) - since))
	equal "the first act of a new container ($OUT$ERR)" ok "$(field open "$OUT")"
	waited_then=$(field open_ms "$OUT")
	known_reads
	within 10 engine_is synced || fail "the engine, back: $(status_of .engines)"
	say "dockerd gone (SIG$signal): an unknown open is refused after $waited ms; $back ms after" \
		"its return a new container had come, read (in $waited_then ms) and gone"
done

equal "restarts of the readers" 'running 0' \
	"$(docker inspect -f '{{.State.Status}} {{.RestartCount}}' "$RUN_ID-readers")"
docker stop -t 20 "$RUN_ID-readers" >/dev/null
tally=$(docker logs "$RUN_ID-readers" 2>&1 | tail -n 1)
for count in failed wrong; do
	equal "$count reads ($tally)" 0 "$(field $count "$tally")"
done
at_least "reads" 1000 "$(field reads "$tally")"
longest=$(status_of .parked.longest_us)
say "through all of it: $(field reads "$tally") reads of a running container, 0 failed, longest" \
	"$(field longest_ms "$tally") ms; longest parked $((longest / 1000)) ms"
