#!/usr/bin/env bash
# Goal: `env scan --containers` says which running containers of a real engine carry secrets in their
# environment, on their command line or in a label, stored values under any name among them; and nothing of
# containers that read files. No output holds a value.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/engine.sh"
. "$SUPPORT/agent.sh"

engine_start
agent_new a "engine $TACIT_DOCKER_SOCKET"
agent_start
# This engine alone is asked, whatever else the host has.
mkdir "$SCRATCH/bin"
ln -s "$(command -v docker)" "$SCRATCH/bin/docker"
scan() { run env PATH="$SCRATCH/bin" "$BIN/tacit" --root "$ROOT" env scan --containers "$@"; }
stored='the quick brown fox jumps'
printf %s "$stored" | t secret create shop/sentence - >/dev/null
t grant add shop/sentence container/"$RUN_ID-clean" --as sentence >/dev/null
password=geheim99geheim token=AKIAQYLPMN5HHHFPZAM2

container clean -d -e DB_PASSWORD_FILE=/run/secrets/sentence -e TZ=UTC \
	-v "$(mount_of)/container/$RUN_ID-clean:/run/secrets:ro" -- sleep 1000 >/dev/null
scan --json
before=$(jq '[.[] | select(.container | startswith("'"$RUN_ID"'"))] | length' <<<"$OUT")
equal "found in a container that reads files" 0 "$before"

container named -d -e POSTGRES_PASSWORD=$password -e TZ=UTC \
	--label com.docker.compose.service=db --label com.docker.compose.project=shop \
	--label com.docker.compose.project.config_files=/srv/shop/compose.yaml -- sleep 1000 >/dev/null
container stored -d -e "GREETING=$stored" -- sleep 1000 >/dev/null
container told -d --label "note=$token" -- sh -c "sleep 1000; echo '$stored'" >/dev/null
container stopped -e POSTGRES_PASSWORD=$password -- true >/dev/null
no_value() {
	local value
	for value in "$stored" "$password" "$token"; do
		[[ $OUT$ERR != *"$value"* ]] || fail "a value in the output: ${OUT:0:2000}"
	done
}
# said CONTAINER PATTERN: a line of the text.
said() { like "$1" "container $RUN_ID-$1 \(docker [0-9a-f]{12}\): $2" "$OUT"; }
scan
equal "the exit status" 1 "$RC"
no_value
said named 'POSTGRES_PASSWORD in its environment is a secret, by its name; compose made it of /srv/shop/compose.yaml'
said stored 'GREETING in its environment has the value of a secret that the agent keeps: shop/sentence'
said told 'its command line has the value of a secret that the agent keeps: shop/sentence'
said told 'its label note has a well-known token'
unlike "the stopped one" "$RUN_ID-stopped" "$OUT"
unlike "the clean one" "$RUN_ID-clean" "$OUT"
scan --json
equal "the exit status of --json" 1 "$RC"
no_value
equal "as JSON" "named:POSTGRES_PASSWORD:db stored:GREETING: told:: told:note:" \
	"$(jq -r '.[] | select(.container | startswith("'"$RUN_ID"'")) |
		"\(.container | ltrimstr("'"$RUN_ID-"'")):\(.name // ""):\(.service // "")"' <<<"$OUT" |
		LC_ALL=C sort | tr '\n' ' ' | sed 's/ $//')"
scan --sarif
no_value
like "as SARIF" "$RUN_ID-named" "$(jq -r '.runs[0].results[].locations[0].logicalLocations[0].name' <<<"$OUT")"
say "a variable, a stored value under an innocent name, a command line, a label; and a clean container"

docker stop -t 0 "$(docker ps -q --filter "name=^/$RUN_ID-named$")" >/dev/null
rm "$SCRATCH/bin/docker"
scan
equal "without an engine" 4 "$RC"
agent_stop --force
