#!/usr/bin/env bash
# Goal: nobody reads what is another's, whatever they call themselves, wherever they move, and
# whatever they are handed: each attempt is a real process, and beside it the rightful reader
# succeeds with the same act.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/engine.sh"
. "$SUPPORT/agent.sh"
. "$SUPPORT/cgroup.sh"

engine_start
podman_service_start
engines_slice=/tacit-engine-$$.slice # a place like /machine.slice that no host has
agent_new a "engine $TACIT_DOCKER_SOCKET" "engine $TACIT_PODMAN_SOCKET" \
	"runtime_root /docker/ID" "runtime_root /system.slice/docker-ID.scope" \
	"runtime_root /libpod_parent/libpod-ID" "runtime_root $engines_slice/libpod-ID.scope"
agent_start
project=shop$$
secret=/run/secrets/db_password
secret_create db_password db 1
secret_create own own 1
password=$(value db 1)
t grant add db_password "compose/$project/web" >/dev/null
t grant add own "compose/$project/thief" >/dev/null
directory=$(mount_of)/compose/$project/web
host_path=$directory/db_password
mkdir -m 0777 "$SCRATCH/shared"
attempts=0

labels() {
	echo --label "com.docker.compose.project=$project" \
		--label "com.docker.compose.service=$1"
}
mounts=(-v "$(mount_of)/self:/self:ro" -v "$SCRATCH/shared:/shared" -v "$(mount_of):/all:ro")
given=(-v "$directory:/run/secrets:ro")
at_all=/all/compose/$project/web/db_password
inside() { docker exec "$RUN_ID-$1" "${@:2}"; }
as_user=(setpriv --reuid 1000 --regid 1000 --clear-groups)

# denied ERRNO WHAT COMMAND...: nothing of the value, and the errno that a pattern says.
denied() {
	local errno=$1 what=$2
	shift 2
	run "$@"
	[ "$RC" -ne 0 ] || fail "$what: succeeded: $OUT"
	unlike "$what" "db-1-" "$OUT$ERR"
	like "$what" "($errno)" "$OUT$ERR"
	attempts=$((attempts + 1))
}
# allowed WHAT COMMAND...: the same act by who may.
allowed() {
	local what=$1
	shift
	run "$@"
	[ "$RC" -eq 0 ] || fail "$what, the rightful reader: exit $RC: $ERR"
	equal "$what, the rightful reader" "$password" "$OUT"
}

# shellcheck disable=SC2046  # words
{
	container web -d $(labels web) "${mounts[@]}" "${given[@]}" -- sleep 1000 >/dev/null
	container thief -d $(labels thief) "${mounts[@]}" -- sleep 1000 >/dev/null
	container twin -d $(labels web) "${mounts[@]}" -- sleep 1000 >/dev/null
}
web_id=$(docker inspect -f '{{.Id}}' "$RUN_ID-web")
web_cgroup=$(docker_cgroup "$RUN_ID-web") thief_cgroup=$(docker_cgroup "$RUN_ID-thief")

# 1. The host, by path.
allowed "by path" inside web probe read "$at_all"
denied 'EACCES|ENOENT' "root of the host" "$PROBE" read "$host_path"
denied ENOENT "a user of the host" "${as_user[@]}" "$PROBE" read "$host_path"
denied ENOENT "a stranger" setpriv --reuid 65534 --regid 65534 --clear-groups "$PROBE" read \
	"$host_path"
say "host: root and users, by path"

# 2. Another service that was given the directory in its own volumes, or one that holds it.
# shellcheck disable=SC2046  # words
for run in container podman_container; do
	denied ENOENT "another service given the directory, $run" \
		$run "given-$attempts" --rm $(labels thief) "${given[@]}" -- probe read $secret
	allowed "the service itself given the directory, $run" \
		$run "given-$attempts" --rm $(labels web) "${given[@]}" -- probe read $secret
done
denied ENOENT "another service" inside thief probe read "$at_all"
denied ENOENT "root in another service" docker exec -u 0 "$RUN_ID-thief" probe read "$at_all"
equal "what another service lists" '' \
	"$(inside thief ls -A "${at_all%/*}" 2>/dev/null || true)"
podman_container thief -d "${mounts[@]}" -- sleep 1000 >/dev/null
denied ENOENT "a container of the other engine" podman_ exec "$RUN_ID-thief" probe read "$at_all"
say "another service of the project, given the directory in its own volumes; another engine's"

# 3. An image that calls itself shop/web.
tag=$TACIT_IMAGE:labelled
at_exit 'docker rmi -f "$TACIT_IMAGE:labelled" "$TACIT_IMAGE:other" >/dev/null 2>&1'
import() {
	tar -C "$TACIT_ENGINE/image" -c . | "$@" >/dev/null 2>&1 || fail "import by $1"
}
by_itself=(--change "LABEL com.docker.compose.project=$project"
	--change "LABEL com.docker.compose.service=web" --change 'ENV PATH=/bin')
import docker import "${by_itself[@]}" - "$tag"
import podman_ import "${by_itself[@]}" - "$tag"
at_exit 'podman_ rmi -f "$TACIT_IMAGE:labelled" >/dev/null 2>&1'
labelled() {
	local TACIT_IMAGE=$tag run=$1
	shift
	"$run" "labelled-$attempts" --rm "${mounts[@]}" -- "$@"
}
equal "the label that docker shows" web "$(docker image inspect \
	-f '{{index .Config.Labels "com.docker.compose.service"}}' "$tag")"
for run in container podman_container; do
	denied ENOENT "an image's own labels, $run" labelled $run probe read "$at_all"
	denied ENOENT "an image's own labels through self, $run" \
		labelled $run probe read /self/db_password
done
# shellcheck disable=SC2046  # words
for run in container podman_container; do
	allowed "labels given at the start, $run" $run given --rm $(labels web) "${mounts[@]}" -- \
		probe read "$at_all"
done
say "an image that labels itself: through compose/ and through self/, docker's and podman's"

# 4. Labels alone are no name in self; and an image that is not the bound one.
denied ENOENT "self by labels alone" inside web probe read /self/db_password
image=$(docker image inspect -f '{{.Id}}' "$TACIT_IMAGE")
other=$TACIT_IMAGE:other
import docker import --change 'ENV PATH=/bin' --change 'ENV OTHER=1' - "$other"
[ "$(docker image inspect -f '{{.Id}}' "$other")" != "$image" ] || fail "one image, not two"
# shellcheck disable=SC2046  # words
(TACIT_IMAGE=$other && container old-image -d $(labels web) "${given[@]}" -- sleep 1000 >/dev/null)
allowed "another image, while none is bound" inside old-image probe read $secret
t consumer bind "compose/$project/web" "image=$image" >/dev/null
# shellcheck disable=SC2046  # words
with_image() {
	local TACIT_IMAGE=$1
	shift
	container "image-$attempts" --rm $(labels web) "${mounts[@]}" -- "$@"
}
denied ENOENT "another image" with_image "$other" probe read "$at_all"
denied ENOENT "another image, running since before" inside old-image probe read $secret
denied ENOENT "another image through self" with_image "$other" probe read /self/db_password
allowed "the bound image" with_image "$TACIT_IMAGE" probe read "$at_all"
allowed "the bound image through self" with_image "$TACIT_IMAGE" probe read /self/db_password
allowed "the bound image, running since before" inside web probe read /self/db_password
denied ENOENT "another service through self" inside thief probe read /self/db_password
say "an image that is not the bound one; self by labels alone"

# 5. Control groups with the victim's name, where their maker may make them.
# delegate PATH: a subtree that is user 1000's, in every hierarchy, with a process's place in it.
delegate() {
	local root
	cgroup_make "$1/start"
	for root in $(cgroup_roots); do
		[ ! -e "$root$1/cgroup.clone_children" ] || echo 1 >"$root$1/cgroup.clone_children"
		chown -R 1000:1000 "$root$1"
	done
}
# moves_itself BASE PATH: a process in a subtree of its own makes BASE/PATH, enters it, reads.
moves_itself() {
	cgroup_run "$1/start" "${as_user[@]}" bash -c '
		for root in $1; do
			mkdir -p "$root$2" && echo $$ >"$root$2/cgroup.procs" || exit 99
		done
		exec "$PROBE" read "$3"' moves_itself "$(cgroup_roots | tr '\n' ' ')" "$1/$2" \
		"$host_path"
}
delegate "/tacit-test-$$"
for path in "docker-$web_id.scope" "docker/$web_id" "system.slice/docker-$web_id.scope" \
	"libpod_parent/libpod-$web_id" "machine.slice/libpod-$web_id.scope"; do
	denied 'ENOENT|EACCES' "a user in its own .../$path" moves_itself "/tacit-test-$$" "$path"
	[ "$RC" -ne 99 ] || fail "a user could not enter its own .../$path: $ERR"
done
# The same where an engine would make it: there the owner is all that is wrong.
delegate "$engines_slice"
denied 'ENOENT|EACCES' "a user in a slice of an engine's that is the user's" \
	moves_itself "$engines_slice" "libpod-$web_id.scope"
[ "$RC" -ne 99 ] || fail "a user could not enter its own slice: $ERR"
# A container that may write its own subtree, and names what is in it after the victim.
cgroup_make "$thief_cgroup/docker/$web_id"
denied 'ENOENT|EACCES' "a container below itself" \
	cgroup_run "$thief_cgroup/docker/$web_id" "${as_user[@]}" "$PROBE" read "$host_path"
allowed "in the container's control group" \
	cgroup_run "$web_cgroup" "${as_user[@]}" "$PROBE" read "$host_path"
below=$web_cgroup/docker/$(docker inspect -f '{{.Id}}' "$RUN_ID-thief")
cgroup_make "$below"
allowed "below it, whatever it is called" \
	cgroup_run "$below" "${as_user[@]}" "$PROBE" read "$host_path"
say "a user in control groups of its own with the victim's name, of six shapes; a container in" \
	"one below its own"

# 6. A descriptor that was handed on.
inside web probe send-fd /shared/s $secret >"$SCRATCH/send" 2>&1 &
sender=$!
within 5 has "$SCRATCH/send" open || fail "send-fd: $(cat "$SCRATCH/send")"
allowed "a descriptor received" inside web probe recv-fd /shared/s
denied 'ENOENT|EACCES' "a descriptor received by another service" \
	inside thief probe recv-fd /shared/s
denied EACCES "a descriptor received by another container of the service" \
	inside twin probe recv-fd /shared/s
denied 'ENOENT|EACCES' "a descriptor received by root of the host" "$PROBE" recv-fd \
	"$SCRATCH/shared/s"
denied 'ENOENT|EACCES' "a descriptor received by another engine's" podman_ exec "$RUN_ID-thief" \
	probe recv-fd /shared/s
allowed "a descriptor received, after all that" inside web probe recv-fd /shared/s
inside web killall -TERM probe
wait $sender || true
say "a descriptor passed over a socket: to another service, to another container of the same, to" \
	"another engine's, to the host"

# 7. A process that is moved after its open.
inside web probe hold -t db $secret >"$SCRATCH/hold" &
hold=$!
within 5 has "$SCRATCH/hold" open || fail "hold does not open"
moved=$(process_in web 'probe hold')
# reads_held: what the process says of its next read from the start.
reads_held() {
	local lines
	lines=$(wc -l <"$SCRATCH/hold")
	kill -USR1 "$moved"
	within 5 eval '[ "$(wc -l <"$SCRATCH/hold")" -gt '"$lines"' ]' || fail "hold did not read"
	tail -n 1 "$SCRATCH/hold"
}
like "a process before it is moved" 'version 1,' "$(reads_held)"
cgroup_move "$moved" "$thief_cgroup"
like "a process moved to another container" 'read: E(NOENT|ACCES)' "$(reads_held)"
echo "$moved" >"$CGROUP2/cgroup.procs"
like "a process moved halfway to the host" 'read: E(NOENT|ACCES)' "$(reads_held)"
cgroup_move "$moved" ''
like "a process moved to the host" 'read: E(NOENT|ACCES)' "$(reads_held)"
cgroup_move "$moved" "$web_cgroup"
like "a process moved back" 'version 1,' "$(reads_held)"
kill "$moved"
wait $hold || true
attempts=$((attempts + 3))
say "a process moved to another container's control group, and to the host's, after its open"

# 8. The id of a container that has ended, in a control group made anew.
# shellcheck disable=SC2046  # words
container dead -d $(labels web) "${mounts[@]}" -- sleep 1000 >/dev/null
dead=$(docker_cgroup "$RUN_ID-dead")
in_dead() {
	cgroup_run "$dead" "${as_user[@]}" "$PROBE" read "$host_path"
}
allowed "in a living container's control group" in_dead
docker kill "$RUN_ID-dead" >/dev/null
within 5 eval '[ ! -d "$CGROUP2$dead" ]' || fail "the control group of a dead container is left"
cgroup_make "$dead"
denied 'ENOENT|EACCES' "the id of a container that ended" in_dead
docker rm "$RUN_ID-dead" >/dev/null
denied 'ENOENT|EACCES' "the id of a container that was removed" in_dead
say "the id of a dead container, in a control group made again: ended, and removed"

# 9. An engine of a user's own: what it says of its containers is not asked.
user=61234
as_owner=(setpriv --reuid "$user" --regid "$user" --clear-groups)
slice=/user.slice/user-$user.slice/user@$user.service/user.slice
cgroup_make "$slice/libpod-$web_id.scope"
cgroup_make "$slice/engine" # where podman is told to put one; taken away with the others
chown -R $user:$user "$CGROUP2/user.slice/user-$user.slice"
denied 'ENOENT|EACCES' "a user's engine's container with the victim's id" cgroup_run \
	"$slice/libpod-$web_id.scope" "${as_owner[@]}" "$PROBE" \
	read "$host_path"
# shellcheck disable=SC2046  # words
denied 'ENOENT|EACCES' "a container below a user's slice that is labelled shop/web" \
	podman_container rootless --rm --cgroup-parent "$slice/engine" $(labels web) \
	"${mounts[@]}" -- probe read "$at_all"
t grant add db_password "user/$user" >/dev/null
allowed "the user itself" cgroup_run "$slice/libpod-$web_id.scope" \
	"${as_owner[@]}" "$PROBE" read "$(mount_of)/user/$user/db_password"
denied 'ENOENT|EACCES' "another user" cgroup_run "$slice/libpod-$web_id.scope" setpriv \
	--reuid 1001 --regid 1001 --clear-groups "$PROBE" read "$(mount_of)/user/$user/db_password"
say "containers of a user's own engine: with the victim's id, and labelled shop/web"

allowed "the rightful reader in the end" inside web probe read $secret

# 10. Process ids, in a pid namespace of the agent's own, where they can be chosen.
agent_new pids "engine $TACIT_DOCKER_SOCKET"
setsid unshare --pid --fork --mount-proc "$BIN/tacitd" --root "$ROOT" --libexec "$BIN" \
	>>"$ROOT/log" 2>&1 </dev/null &
disown
run t status --wait 20
[ "$RC" -eq 0 ] || fail "the agent in its own pid namespace does not serve: $OUT$ERR"
secret_create db_password db 1
t grant add db_password "compose/$project/web" >/dev/null
host_path=$(mount_of)/compose/$project/web/db_password
holder=$(pid_of holder)
# in_agent's OPTIONS COMMAND...: with the agent's mounts, and (-p) among its process ids.
in_agents() { nsenter -t "$holder" -m "$@"; }
# at_pid PID CGROUP: a process with that very id, in that control group, reads.
at_pid() {
	local status=99 tries=0
	while [ $status -eq 99 ] && [ $tries -lt 10 ]; do
		status=0 tries=$((tries + 1))
		try_at_pid "$@" || status=$?
	done
	return $status
}
try_at_pid() {
	in_agents -p bash -c '
		for root in $4; do [ ! -d "$root$2" ] || echo 0 >"$root$2/cgroup.procs"; done
		echo $(($1 - 1)) >/proc/sys/kernel/ns_last_pid
		"$PROBE" read "$3" >"$5" &
		wait $!
		status=$?
		[ $! -eq "$1" ] || { echo "another process id: $!" >&2; exit 99; }
		cat "$5"
		exit $status' at_pid "$1" "$2" "$host_path" "$(cgroup_roots | tr '\n' ' ')" \
			"$SCRATCH/at"
}
[ -w /proc/sys/kernel/ns_last_pid ] || skip "process ids cannot be chosen on this kernel"
for ((i = 0; i < 20; i++)); do
	allowed "process $((500 + i))" at_pid $((500 + i)) "$web_cgroup"
	denied 'ENOENT|EACCES' "another process $((500 + i))" at_pid $((500 + i)) "$thief_cgroup"
	[ "$RC" -ne 99 ] || fail "the process id was not used again: $ERR"
	denied 'ENOENT|EACCES' "a host's process $((500 + i))" at_pid $((500 + i)) ''
done
unseen() { cgroup_run "$web_cgroup" nsenter -t "$holder" -m "$PROBE" read "$host_path"; }
seen() { cgroup_run "$web_cgroup" nsenter -t "$holder" -m -p "$PROBE" read "$host_path"; }
allowed "in the agent's pid namespace" seen
denied 'ENOENT|EACCES' "from where its process id is not seen" unseen
allowed "in the agent's pid namespace, after that" seen
agent_kill
say "20 process ids used again by others; a reader whose id the agent cannot see"
say "$attempts attempts denied, each beside a rightful reader"
