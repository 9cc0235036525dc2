#!/usr/bin/env bash
# Goal: the pairs of examples/, converted, run on a real engine, with images that stand in for those they
# name: --prove says, and so it is, that each application has the environment that it had before, by its
# image's own convention or by tacit-exec; and what is stored about it has no value: not `inspect`,
# not compose's configuration, not the logs, not the environment of a wrapped container's process 1,
# not the project's folder.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/engine.sh"
. "$SUPPORT/agent.sh"
. "$SUPPORT/pairs.sh"
. "$SUPPORT/standins.sh"

engine_start private
agent_new a "engine $TACIT_DOCKER_SOCKET"
agent_start

standin wordpress:6-apache _FILE docker-entrypoint.sh
docker tag wordpress:6-apache mariadb:11
docker tag wordpress:6-apache postgres:16-alpine
docker tag wordpress:6-apache nextcloud:30-apache
standin redis:7-alpine none docker-entrypoint.sh '"redis-server"'
standin grafana/grafana:11.3.0 __FILE /run.sh '' 472
standin lscr.io/linuxserver/bookstack:latest FILE__ /init
docker tag lscr.io/linuxserver/bookstack:latest lscr.io/linuxserver/mariadb:latest
standin shop-api:2.4 none /usr/bin/api '' 1000
standin quay.io/keycloak/keycloak:26.0 none /opt/keycloak/bin/kc.sh '' 1000

# The engine is the script's own, so what compose made there is, too.
end_projects() {
	local made='label=com.docker.compose.project'
	docker ps -aq --filter $made | xargs -r docker rm -fv
	docker network ls -q --filter $made | xargs -r docker network rm
	docker volume ls -q --filter $made | xargs -r docker volume rm
} >/dev/null 2>&1
at_exit end_projects
up() {
	(cd "$1" && compose_ . -p "$2" up -d) >"$SCRATCH/up-$2" 2>&1 || fail "up of $2: $(cat "$SCRATCH/up-$2")"
}
import_in() { (cd "$1" && t env import "${@:2}"); }
application_of() { docker top "$1" -eo pid,ppid,args | awk '/ sleep 100000$/ { print $1, $2; exit }'; }
runs() { [ -n "$(application_of "$1")" ]; }
environment_of() { tr '\0' '\n' <"/proc/$1/environ" | grep -v '^HOSTNAME=' | sort; }
# has_values: whether standard input, which is read to its end, holds one of the pair's.
has_values() { [ "$(grep -cF -f <(pair_words "$pair"))" -gt 0 ]; }
# What the engine keeps of a project.
stored_of() {
	docker ps -aq --filter "label=com.docker.compose.project=$1" | tee "$SCRATCH/ids" | xargs docker inspect
	xargs -n 1 docker logs <"$SCRATCH/ids" 2>&1
}

for pair in "${PAIRS[@]}"; do
	project=${PAIR_PROJECT[$pair]}
	before=$SCRATCH/before/$project after=$SCRATCH/$project
	mkdir -p "$SCRATCH/before"
	pair_copy "$pair" before "$before"
	# Ports and names of containers are the host's; docker-compose 1 knows no `name:`.
	sed -i -E '/^name:|container_name:/d; s/"?(127.0.0.1:)?[0-9]+:80"?/"80"/' "$before/compose.yaml"
	grep -qs COMPOSE_PROJECT_NAME "$before/.env" || echo "COMPOSE_PROJECT_NAME=$project" >>"$before/.env"
	cp -a "$before" "$after"

	up "$before" "before$project"
	stored_of "before$project" | has_values || fail "$pair: the search finds nothing before"
	run import_in "$after" --apply --prove
	[ "$RC" -eq 0 ] || fail "$pair: import: exit $RC: $OUT$ERR"
	equal "$pair: what --prove says" "$(pair_values "$pair" | wc -l)" "$(grep -cE ' (the same value|read; .*)$' <<<"$OUT")"
	like "$pair: what --prove says" 'docker inspect: no value; logs: no value; files: no value' "$OUT"
	expect 0 '' import_in "$after" --destroy-backup

	count=0 wrapped=0
	for service in $(pair_values "$pair" | cut -d' ' -f1 | sort -u); do
		old=$(compose_container "before$project" "$service") new=$(compose_container "$project" "$service")
		within 10 runs "$old" || fail "$pair, $service before: $(docker logs "$old" 2>&1)"
		within 10 runs "$new" || fail "$pair, $service after: $(docker logs "$new" 2>&1)"
		read -r old _ < <(application_of "$old")
		read -r application parent < <(application_of "$new")
		wanted=$(environment_of "$old")
		equal "$pair: what $service gets" "$wanted" "$(environment_of "$application")"
		while read -r name variable _ value; do
			[ "$name" = "$service" ] || continue
			[[ $'\n'$wanted$'\n' == *$'\n'"$variable=$value"$'\n'* ]] || fail "$service had no $variable"
			count=$((count + 1))
		done < <(pair_values "$pair")
		[ "$parent" = "$(docker inspect -f '{{.State.Pid}}' "$new")" ] || continue
		! environment_of "$parent" | has_values || fail "$service: a value is in the environment of process 1"
		wrapped=$((wrapped + 1))
	done
	! stored_of "$project" | has_values || fail "$pair: inspect or the logs have a value"
	! (cd "$after" && compose_ . -p "$project" config 2>&1) | has_values ||
		fail "$pair: compose's configuration has a value"
	! grep -rqF -f <(pair_words "$pair") "$after" || fail "$pair: a value is left in the folder"
	say "$pair: $count variables as before, $wrapped services by tacit-exec; inspect, logs, config, folder: none"
done
at_least "services by tacit-exec" 4 "$(docker ps -q | xargs docker inspect | grep -c '"Path": "/run/secrets/tacit-exec"')"

# What is converted rotates under the running container.
api=$(compose_container shop api)
printf %s fresh-and-different | t secret rotate shop/payment_api_key - >/dev/null
equal "payment_api_key after a rotation" fresh-and-different "$(docker exec "$api" cat /run/secrets/payment_api_key)"
say "a rotation is what the running container reads next"
