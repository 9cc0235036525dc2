#!/usr/bin/env bash
# Goal: every kind of rightful reader is let in: compose, docker run, docker exec, podman, threads,
# io_uring, users, groups, nested control groups, user namespaces, and without any engine systemd's
# units and users of the host.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/engine.sh"
. "$SUPPORT/agent.sh"
. "$SUPPORT/cgroup.sh"

engine_start
podman_service_start
agent_new a "engine $TACIT_DOCKER_SOCKET" "engine $TACIT_PODMAN_SOCKET"
agent_start
project=shop$$
secret=/run/secrets/db_password
secret_create db_password db 1
password=$(value db 1)
allowed=0
# reads WHAT COMMAND...: prints the password and nothing else.
reads() {
	local what=$1
	shift
	run "$@"
	[ "$RC" -eq 0 ] || fail "$what: exit $RC: $OUT$ERR"
	equal "$what" "$password" "$OUT"
	allowed=$((allowed + 1))
}
granted() { t grant add db_password "$@" >/dev/null; }
mounted() { echo "$(mount_of)/$1:/run/secrets:ro"; }
inside() { docker exec "$RUN_ID-$1" "${@:2}"; }

# docker, by compose and by name; uid 1000 with the default mode.
granted "compose/$project/web"
mkdir "$SCRATCH/project"
cat >"$SCRATCH/project/compose.yaml" <<-YAML
	version: "3.8"
	services:
	  web:
	    image: $TACIT_IMAGE
	    labels: {tacit-test: "$RUN_ID"}
	    network_mode: none
	    user: "1000:1000"
	    stop_signal: SIGKILL
	    read_only: true
	    cap_drop: [ALL]
	    volumes: ["$(mounted "compose/$project/web")"]
	    command: ["sh", "-c", "cat $secret; echo; exec sleep 1000"]
YAML
at_exit 'compose_ "$SCRATCH/project" -p "$project" down -t 0 >/dev/null 2>&1'
run compose_ "$SCRATCH/project" -p "$project" up -d
[ "$RC" -eq 0 ] || fail "compose up: $OUT$ERR"
service=$(compose_container "$project" web)
within 5 eval '[ -n "$(docker logs "$service" 2>&1)" ]' || true
reads "a compose service, at its start" docker logs "$service"
reads "a compose service, docker exec" docker exec "$service" cat $secret

# An image that compose has built carries the labels of what it was built for.
at_exit 'docker rmi -f "$TACIT_IMAGE:built" >/dev/null 2>&1'
tar -C "$TACIT_ENGINE/image" -c . | docker import --change 'ENV PATH=/bin' \
	--change "LABEL com.docker.compose.project=$project" \
	--change 'LABEL com.docker.compose.service=web' - "$TACIT_IMAGE:built" >/dev/null
sed -i "s|image: .*|image: $TACIT_IMAGE:built|" "$SCRATCH/project/compose.yaml"
run compose_ "$SCRATCH/project" -p "$project" up -d
[ "$RC" -eq 0 ] || fail "compose up: $OUT$ERR"
service=$(compose_container "$project" web)
equal "the image it runs" "$TACIT_IMAGE:built" "$(docker inspect -f '{{.Config.Image}}' "$service")"
reads "a compose service of an image that compose built" docker exec "$service" cat $secret

granted "container/$RUN_ID-run"
reads "docker run" container run --rm -v "$(mounted "container/$RUN_ID-run")" -- probe read $secret
granted "container/$RUN_ID-web"
container web -d -v "$(mounted "container/$RUN_ID-web")" --security-opt seccomp=unconfined -- \
	sleep 1000 >/dev/null
reads "docker exec" inside web probe read $secret
equal "its owner and mode for uid 1000" "0400 1000 1000" \
	"$(inside web probe stat $secret | cut -d' ' -f1-3)"
reads "docker exec as root" docker exec -u 0 "$RUN_ID-web" probe read $secret
reads "docker exec as another user" docker exec -u 4321 "$RUN_ID-web" probe read $secret
say "docker: compose, run, exec, uid 1000 with 0400, root, any user"

reads "a thread that is not the leader" inside web probe thread $secret
reads "a thread whose leader has ended" inside web probe orphan $secret
run inside web probe uring $secret
uring="inline, worker, poller"
if [ "$RC" -eq 77 ]; then
	uring="NOT TRIED, the kernel forbids it"
else
	[ "$RC" -eq 0 ] || fail "io_uring: exit $RC: $OUT$ERR"
	for way in inline worker poller; do
		like "io_uring, $way" "$way $password" "$OUT"
		allowed=$((allowed + 1))
	done
fi
say "threads, one of a process whose leader has ended; io_uring: $uring"

# A group: whoever is in it, and nobody else.
granted "compose/$project/group" --uid 4000 --gid 2000 --mode 0440
in_group() {
	local name=$1
	shift
	container "$name" --rm --label "com.docker.compose.project=$project" \
		--label com.docker.compose.service=group \
		-v "$(mounted "compose/$project/group")" "$@" -- probe read $secret
}
reads "a supplementary group" in_group g1 --group-add 2000
reads "the group itself" in_group g2 --user 1000:2000
reads "the owner" in_group g3 --user 4000:4000
expect 1 EACCES in_group g4
say "--uid 4000 --gid 2000 --mode 0440: a supplementary group, the group, the owner; not others"

# Below the container's own control group; and where user ids mean something else.
inner=$(docker_cgroup "$RUN_ID-web")/inner
cgroup_make "$inner/deep"
inside web sh -c "until [ -e /tmp/moved ]; do sleep 0.05; done; probe read $secret" \
	>"$SCRATCH/nested" 2>&1 &
nested=$!
within 5 eval '[ -n "$(process_in web until)" ]' || fail "no process to move"
pid=$(process_in web until)
cgroup_move "$pid" "$inner/deep"
equal "where it is" "$inner/deep" "$(cgroup_of "$pid")"
inside web touch /tmp/moved
wait $nested || true
reads "a nested control group" cat "$SCRATCH/nested"
reads "a user namespace made inside" inside web unshare -U -r probe read $secret
equal "its owner and mode there" "0400 0 0" \
	"$(inside web unshare -U -r probe stat $secret | cut -d' ' -f1-3)"
granted "container/$RUN_ID-mapped"
reads "a user namespace of the engine's" podman_container mapped --rm --uidmap 0:100000:65536 \
	-v "$(mounted "container/$RUN_ID-mapped")" -- probe read $secret
say "a nested control group; a user namespace made inside, and one made by the engine"

granted "container/$RUN_ID-pod"
podman_container pod -d -v "$(mounted "container/$RUN_ID-pod")" -- sleep 1000 >/dev/null
reads "podman exec" podman_ exec "$RUN_ID-pod" probe read $secret
granted "compose/$project/pod"
reads "podman run, by compose's labels" podman_container labelled --rm \
	--label "com.docker.compose.project=$project" --label com.docker.compose.service=pod \
	-v "$(mounted "compose/$project/pod")" -- probe read $secret
say "podman: run by name and by label, exec, mapped users"

# No engine: what the kernel says of a process of the host.
agent_new none 'engine none'
agent_start
equal "how status calls it" path-only "$(status_of .identity)"
secret_create db_password db 1
unit=tacit-test-$$.service
granted "unit/$unit"
granted user/1000
cgroup_make "/system.slice/$unit/inner"
as_user() { setpriv --reuid "$1" --regid "$1" --clear-groups "${@:2}"; }
in_unit=$(mount_of)/unit/$unit/db_password of_user=$(mount_of)/user/1000/db_password
reads "a unit, as root" cgroup_run "/system.slice/$unit" "$PROBE" read "$in_unit"
reads "a unit, as a user" cgroup_run "/system.slice/$unit" setpriv --reuid 1234 --regid 1234 \
	--clear-groups "$PROBE" read "$in_unit"
reads "below a unit" cgroup_run "/system.slice/$unit/inner" "$PROBE" read "$in_unit"
reads "a user" as_user 1000 "$PROBE" read "$of_user"
expect 1 'ENOENT|EACCES' "$PROBE" read "$in_unit"
expect 1 'ENOENT|EACCES' "$PROBE" read "$of_user"
expect 1 'ENOENT|EACCES' as_user 1001 "$PROBE" read "$of_user"
expect 1 'ENOENT|EACCES' as_user 1000 "$PROBE" read "$in_unit"
cgroup_make "/system.slice/other-$unit"
expect 1 'ENOENT|EACCES' cgroup_run "/system.slice/other-$unit" "$PROBE" read "$in_unit"
granted container/anybody
reads "a container, by its path alone" container path --rm -v "$(mounted container/anybody)" -- \
	probe read $secret
say "no engine: a unit and a user of the host, and no other; containers by path alone, and status" \
	"says so"
say "$allowed readers allowed"
