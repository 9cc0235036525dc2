#!/usr/bin/env bash
# Goal: `tacit env import --apply --prove` starts the project and says what its containers got: the same
# values, in the environment of an application that tacit-exec starts, and read by one whose image knows
# files; and that inspect, logs and files have none. A container that prints a value is found out.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/engine.sh"
. "$SUPPORT/agent.sh"
. "$SUPPORT/standins.sh"

engine_start private
agent_new a "engine $TACIT_DOCKER_SOCKET"
agent_start
standin wordpress:6-apache _FILE docker-entrypoint.sh
standin shop-api:2.4 none /usr/bin/api '' 1000

project=prove$$
folder=$SCRATCH/$project
mkdir "$folder"
write() {
	cat >"$folder/compose.yaml" <<-YAML
		services:
		  web:
		    image: wordpress:6-apache
		    network_mode: none
		    environment:
		      WORDPRESS_DB_PASSWORD: Vx7rQm2kZt9pLs4w
		  api:
		    image: shop-api:2.4
		    network_mode: none
		    environment:
		      - API_KEY=\${KEY}
	YAML
	echo 'KEY=Hb5nWc8yTd3fJg6q' >"$folder/.env"
}
end_project() { docker ps -aq --filter "label=com.docker.compose.project=$project" | xargs -r docker rm -fv; } >/dev/null 2>&1
at_exit end_project
import() { (cd "$folder" && t env import "$@" </dev/null); }

write
expect 2 'goes with' import --prove
expect 0 'web .*WORDPRESS_DB_PASSWORD .*the same value' import --apply --prove
like "what api got" 'api .*API_KEY .*the same value' "$OUT"
like "what was looked through" 'inspect: no value; logs: no value; files: no value' "$OUT"
[[ $OUT$ERR != *Vx7rQm2kZt9pLs4w* && $OUT$ERR != *Hb5nWc8yTd3fJg6q* ]] || fail "the proof shows a value"
say "two services, started and compared: by the image's own convention, and by tacit-exec"

end_project
import --undo >/dev/null
sed -i 's|image: shop-api.*|&\n    entrypoint: ["sh", "-c", "env; exec sleep 100000"]|' "$folder/compose.yaml"
expect 1 'not everything is as it should be' import --apply --prove --json
equal "logs with a value in them" false "$(jq -r .proof.logs_clean <<<"$OUT")"
equal "files" true "$(jq -r .proof.files_clean <<<"$OUT")"
say "a container that prints its environment: found in the logs"
