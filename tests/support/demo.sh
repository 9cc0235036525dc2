#!/usr/bin/env bash
# `make demo`: the whole story in half a minute, on a scratch agent that leaves nothing behind.
. "$(dirname "$0")/assert.sh"
. "$SUPPORT/engine.sh"
. "$SUPPORT/agent.sh"

bold='' dim='' green='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR-}" ]; then
	bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' plain=$'\e[0m'
fi
step() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
shown() { printf '%s$ %s%s\n' "$green" "$*" "$plain"; }
indented() { sed "s/^/  /"; }
# show COMMAND: print a command as one would type it, and run it. `tacit` finds the scratch agent
# by TACIT_ROOT.
show() {
	shown "$*"
	eval "$*" 2>&1 | indented
}
PATH=$BIN:$PATH

printf '%sStarting a scratch agent and, when none runs, a scratch docker ...%s\n' "$dim" "$plain"
engine_start
agent_new demo "engine $TACIT_DOCKER_SOCKET"
export TACIT_ROOT=$ROOT
agent_start
secrets=$ROOT/run/tacit
web=$RUN_ID-web mail=$RUN_ID-mail
container_run() {
	local name=$1 options=()
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	container "$name" -d -e DB_PASSWORD_FILE=/run/secrets/db_password \
		-v "$secrets/container/$RUN_ID-$name:/run/secrets:ro" "${options[@]}" "$@" \
			>/dev/null
}
# What the container itself has said since the last time.
heard=0
hear() {
	local all
	within 5 eval '[ "$(docker logs "$web" 2>&1 | wc -l)" -gt $heard ]' ||
		fail "the container says nothing"
	sleep 0.1
	all=$(docker logs "$web" 2>&1)
	tail -n +$((heard + 1)) <<<"$all" | sed "s/^/  web says: /"
	heard=$(wc -l <<<"$all")
}

step "1. A secret goes in through standard input: never in argv, never in the environment."
show "printf %s correct-horse | tacit secret create db_password -"
show "tacit grant add db_password container/$web"
show "tacit secret ls"

step "2. A hardened container finds it as a file. DB_PASSWORD_FILE names it; no plugin, no client."
shown "docker run --name $web --read-only --user 1000:1000 --cap-drop ALL --network none \\"
shown "    -e DB_PASSWORD_FILE=/run/secrets/db_password \\"
shown "    -v $secrets/container/$web:/run/secrets:ro ..."
container_run web -- sh -c 'echo "my password is $(cat $DB_PASSWORD_FILE)"
	probe watch -c 99 $DB_PASSWORD_FILE | while read -r word events; do
		[ $word != woke ] || echo "inotify woke me: $events"
	done'
hear

step "3. It is rotated while the container runs and watches its file."
show "printf %s battery-staple | tacit secret rotate db_password -"
hear
show "tacit secret history db_password"

step "4. The container next door gets nothing of it, even when it is given web's directory."
show "printf %s other | tacit secret create mail_token - --quiet"
show "tacit grant add mail_token container/$mail --quiet"
shown "docker run --name $mail -v $secrets/container/$mail:/run/secrets:ro \\"
shown "    -v $secrets/container/$web:/stolen:ro ..."
container_run mail -v "$secrets/container/$web:/stolen:ro" -- sleep 1000
shown "docker exec $mail ls /run/secrets"
docker exec "$mail" ls /run/secrets | indented
shown "docker exec $mail cat /stolen/db_password"
{ docker exec "$mail" cat /stolen/db_password 2>&1 || true; } | indented
shown "tacit grant check db_password container/$web --container $mail"
{ tacit grant check db_password "container/$web" --container "$mail" || true; } | indented

step "5. The agent's core is killed, over and over, while web reads. The mount outlives it."
docker exec "$web" probe loop -n 4 -s 3 /run/secrets/db_password >"$SCRATCH/loop" \
	2>/dev/null &
reader=$!
sleep 0.3
for _ in 1 2 3 4 5; do
	pid=$(pid_of core)
	shown "kill -9 $pid    # tacit-core"
	kill -9 "$pid"
	sleep 0.4
done
wait $reader || true
tally=$(tail -n 1 "$SCRATCH/loop")
printf '  web: %s%s reads, %s failed%s, longest pause %s ms\n' "$bold" "$(field reads "$tally")" \
	"$(field failed "$tally")" "$plain" "$(field longest_ms "$tally")"
[ "$(field failed "$tally")" = 0 ] || fail "a read failed"

step "6. Revoked: the running container loses it at once. The host never had it, root included."
show "tacit grant rm db_password container/$web"
shown "docker exec $web cat /run/secrets/db_password"
docker exec "$web" cat /run/secrets/db_password 2>&1 | indented || true
shown "cat $secrets/container/$mail/mail_token    # root, on the host"
{ cat "$secrets/container/$mail/mail_token" 2>&1 || true; } | indented

step "That is all. Ending the containers, the agent and its mount ..."
engine_remove_containers
shown "tacit stop"
agent_stop
printf '%s\n' "  nothing is left behind. Next: README.md"
