#!/usr/bin/env bash
# Goal: the first act of a container can be to read its secret, however young it is: on docker and
# on podman, started for the first time and again, and when twenty of them come back at once with
# their engine.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/engine.sh"
. "$SUPPORT/agent.sh"

starts=${STARTS:-200} always=${ALWAYS:-20}
secret=/run/secrets/db_password
engine_start private
podman_service_start
agent_new a "engine $TACIT_DOCKER_SOCKET" "engine $TACIT_PODMAN_SOCKET"
agent_start
project=shop$$
secret_create db_password db 1
t grant add db_password "compose/$project/web" >/dev/null
password=$(value db 1)
options=(--label "com.docker.compose.project=$project" --label com.docker.compose.service=web
	-v "$(mount_of)/compose/$project/web:/run/secrets:ro")
parked() { status_of ".parked.$1"; }
in_ms() { echo "$(($1 / 1000)).$(($1 % 1000 / 100))"; }
# waiting: what has been parked since the last time, and the longest of all.
seen=0 seen_us=0
waiting() {
	local total us
	total=$(parked total)
	us=$((total * $(parked mean_us)))
	text="$((total - seen)) opens waited"
	[ "$total" -eq $seen ] ||
		text+=", $(in_ms $(((us - seen_us) / (total - seen)))) ms on average"
	text+=", none more than $(in_ms "$(parked longest_us)") ms, $(parked refused) refused"
	seen=$total seen_us=$us
}

# begin COMMAND N: N new containers, one after another, each with one read to do.
begin() {
	local i
	trap - EXIT ERR
	for ((i = 1; i <= $2; i++)); do
		"$1" "$BASHPID-$i" --rm "${options[@]}" -- probe read $secret \
			>"$SCRATCH/first/$1-$BASHPID-$i" 2>&1 || true
	done
}
mkdir "$SCRATCH/first"
workers=()
for command in container container podman_container podman_container; do
	begin $command $((starts / 4)) &
	workers+=($!)
done
wait "${workers[@]}" || true
for command in container podman_container; do
	files=("$SCRATCH/first/$command"-*)
	equal "starts by $command" $((starts / 2)) ${#files[@]}
	for file in "${files[@]}"; do
		equal "first read of ${file##*/}" "$password" "$(cat "$file")"
	done
done
say "$starts fresh containers, half docker's, half podman's, four at a time: 0 first reads failed"
waiting
say "  $text"

# lines WHAT WANTED TEXT: that many reads, and nothing else said.
lines() {
	equal "reads of $1" "$2" "$(grep -cxF "$password" <<<"$3")"
	equal "what else $1 said" '' "$(grep -vxF "$password" <<<"$3" || true)"
}
restarts=$((starts / 20))
first_act=(sh -c "probe read $secret && echo && exec sleep 1000")
container again -d "${options[@]}" -- "${first_act[@]}" >/dev/null
podman_container again -d "${options[@]}" -- "${first_act[@]}" >/dev/null
for ((i = 0; i < restarts; i++)); do
	docker restart -t 0 "$RUN_ID-again" >/dev/null
	podman_ restart -t 0 "$RUN_ID-again" >/dev/null
done
within 5 eval '[ "$(docker logs "$RUN_ID-again" 2>&1 | wc -l)" -gt "$restarts" ]' || true
within 5 eval '[ "$(podman_ logs "$RUN_ID-again" 2>&1 | wc -l)" -gt "$restarts" ]' || true
lines "the container restarted by docker" $((restarts + 1)) \
	"$(docker logs "$RUN_ID-again" 2>&1)"
lines "the container restarted by podman" $((restarts + 1)) \
	"$(podman_ logs "$RUN_ID-again" 2>&1)"
waiting
say "$restarts restarts by each: 0 first reads failed; $text"

for ((i = 1; i <= always; i++)); do
	container "always-$i" -d --restart always --stop-signal KILL "${options[@]}" -- \
		"${first_act[@]}" >/dev/null
done
engine_down
[ -z "$(docker ps -q 2>/dev/null)" ] || fail "the engine is still there"
engine_up
for ((i = 1; i <= always; i++)); do
	within 10 eval '[ "$(docker logs "$RUN_ID-always-$i" 2>&1 | wc -l)" -ge 2 ]' ||
		fail "container $i did not come back: $(docker logs "$RUN_ID-always-$i" 2>&1)"
	lines "container $i" 2 "$(docker logs "$RUN_ID-always-$i" 2>&1)"
done
within 10 eval '[ "$(status_of "[.engines[] | select(.state == \"synced\")] | length")" = 2 ]' ||
	fail "the engines after the restart: $(status_of .engines)"
waiting
say "dockerd stopped and started: $always containers of 'restart: always' read again as their" \
	"first act, 0 failed; $text"
