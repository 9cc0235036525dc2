# shellcheck shell=bash
# Container engines for the tests: a dockerd and a podman whose every file is in a scratch folder.
#
# Sourced after assert.sh. `engine_start` uses the engine that answers `docker info`, else starts a
# private one and ends it with the script. The runner starts one for all scripts and passes it on in
# TACIT_ENGINE, TACIT_IMAGE and DOCKER_HOST. Containers carry the label tacit-test=$RUN_ID.
#
# The socket an agent is to be told of ("engine $TACIT_DOCKER_SOCKET") is docker's in
# TACIT_DOCKER_SOCKET, and podman's, once podman_service_start was called, in TACIT_PODMAN_SOCKET.

# probe and other static programs that are put into the image, beside busybox.
ENGINE_PROGRAMS=("$PROBE")

# A folder with busybox, a link for each applet, and our programs: a whole image.
engine_image_tree() {
	local tree=$1 applet
	mkdir -p "$tree"/{bin,tmp,proc,sys,dev,etc,run/secrets}
	chmod 1777 "$tree/tmp"
	cp /bin/busybox "$tree/bin/"
	for applet in $(/bin/busybox --list); do
		[ "$applet" = busybox ] || ln -sf busybox "$tree/bin/$applet"
	done
	cp "${ENGINE_PROGRAMS[@]}" "$tree/bin/"
	printf 'root:x:0:0::/:/bin/sh\napp:x:1000:1000::/:/bin/sh\n' >"$tree/etc/passwd"
	chmod -R a+rX "$tree"
}

engine_import() {
	local engine=("$@")
	tar -C "$TACIT_ENGINE/image" -c . | "${engine[@]}" import --change 'ENV PATH=/bin' - \
		"$TACIT_IMAGE" >/dev/null 2>&1 || fail "${engine[0]} import"
}

# engine_start [private]: docker answers, and $TACIT_IMAGE is there. A private one may be stopped and
# started: where the host's own is used, the script gets one for itself.
engine_start() {
	if [ -n "${TACIT_ENGINE-}" ] && { [ "${1-}" != private ] || engine_is_private; }; then
		at_exit engine_remove_containers
		engine_sockets
		return 0
	fi
	command -v docker >/dev/null || skip "docker is not installed"
	if [ ! -x /bin/busybox ] || ldd /bin/busybox >/dev/null 2>&1; then
		skip "busybox-static is not installed"
	fi
	TACIT_ENGINE=$(mktemp -d "${TMPDIR:-/tmp}/tacit-engine.XXXXXX")
	chmod 0755 "$TACIT_ENGINE"
	TACIT_IMAGE=tacit-test-${TACIT_ENGINE##*.}
	TACIT_IMAGE=${TACIT_IMAGE,,}
	export TACIT_ENGINE TACIT_IMAGE
	at_exit engine_stop
	engine_image_tree "$TACIT_ENGINE/image"
	if [ "${1-}" = private ] || ! timeout 10 docker info >/dev/null 2>&1; then
		engine_start_private
	fi
	engine_sockets
	engine_import docker
	at_exit engine_remove_containers
}

engine_sockets() {
	local docker=${DOCKER_HOST-} podman=$TACIT_ENGINE/podman/podman.sock
	export TACIT_DOCKER_SOCKET=${docker#unix://} TACIT_PODMAN_SOCKET=''
	[ -n "$TACIT_DOCKER_SOCKET" ] || TACIT_DOCKER_SOCKET=/run/docker.sock
	[ ! -S "$podman" ] || TACIT_PODMAN_SOCKET=$podman
}

engine_start_private() {
	local dir=$TACIT_ENGINE
	command -v dockerd >/dev/null ||
		skip "dockerd is not installed"
	echo '{}' >"$dir/daemon.json" # not the host's
	export DOCKER_HOST=unix://$dir/docker.sock
	engine_up
}

engine_is_private() { [ -e "$TACIT_ENGINE/daemon.json" ]; }
engine_pid() { cat "$TACIT_ENGINE/pid" 2>/dev/null; }

engine_up() {
	local dir=$TACIT_ENGINE
	setsid dockerd --iptables=false --ip6tables=false --bridge=none --data-root "$dir/data" \
		--exec-root "$dir/exec" --pidfile "$dir/pid" -H "unix://$dir/docker.sock" \
		--config-file "$dir/daemon.json" >>"$dir/log" 2>&1 </dev/null &
	disown # a script's `wait` is for its own
	within 30 docker info || {
		tail -n 20 "$dir/log" >&2
		fail "dockerd does not answer"
	}
}

# engine_down [SIGNAL]: end dockerd, and see it gone.
engine_down() {
	local pid
	pid=$(engine_pid)
	[ -n "$pid" ] || return 0
	kill "-${1:-TERM}" "$pid" 2>/dev/null
	within 20 eval "! kill -0 $pid" || kill -9 "$pid" 2>/dev/null
	# A new one would take what it finds there for its own: a containerd that died with the old.
	within 5 eval '[ -z "$(engine_leftovers "$TACIT_ENGINE/exec/containerd/containerd.toml")" ]'
	rm -f "$TACIT_ENGINE/pid" "$TACIT_ENGINE/exec/containerd/containerd.pid"
}

engine_remove_containers() {
	local ids
	[ -n "${TACIT_ENGINE-}" ] || return 0
	ids=$(docker ps -aq --filter "label=tacit-test=$RUN_ID" 2>/dev/null) || return 0
	# shellcheck disable=SC2086  # a list of ids
	[ -z "$ids" ] || timeout 15 docker rm -fv $ids >/dev/null 2>&1
	[ -d "$TACIT_ENGINE/podman" ] || return 0
	ids=$(podman_ ps -aq --filter "label=tacit-test=$RUN_ID" 2>/dev/null) || return 0
	# shellcheck disable=SC2086  # a list of ids
	[ -z "$ids" ] || timeout 30 bash -c "podman_ rm -f -t 0 ${ids//$'\n'/ }" >/dev/null 2>&1
}

# Processes that name the path $1 in their command line: containerd and its shims.
engine_leftovers() {
	local process
	for process in /proc/[0-9]*; do
		{ tr '\0' ' ' <"$process/cmdline"; } 2>/dev/null | grep -qF -- "$1" &&
			[ "${process#/proc/}" -ne $$ ] && echo "${process#/proc/}"
	done
	return 0
}

# Unmount everything below the folder $1, the deepest first.
unmount_below() {
	local mount
	awk -v below="$1/" 'index($2, below) == 1 { print length($2), $2 }' /proc/mounts |
		sort -rn |
		while read -r _ mount; do umount -l "$mount"; done
}

engine_stop() {
	local dir=${TACIT_ENGINE-} pid
	[ -n "$dir" ] || return 0
	if engine_is_private; then
		engine_down
	else
		timeout 20 docker rmi -f "$TACIT_IMAGE" >/dev/null 2>&1
	fi
	podman_stop
	for pid in $(engine_leftovers "$dir/"); do kill -9 "$pid" 2>/dev/null; done
	unmount_below "$dir"
	rm -rf --one-file-system "$dir"
	unset TACIT_ENGINE
}

# container NAME OPTIONS... -- COMMAND...: a container of this script, hardened as services are.
container() {
	local name=$1 options=()
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	docker run --name "$RUN_ID-$name" --label "tacit-test=$RUN_ID" --network none --read-only \
		--tmpfs /tmp --user 1000:1000 --cap-drop ALL --security-opt no-new-privileges:true \
		--memory 64m "${options[@]}" "$TACIT_IMAGE" "$@"
}

# process_in NAME PATTERN: the host's id of a process of such a container: of those that match, the
# one that is no other's child. Numbers say nothing: they begin again.
process_in() {
	docker top "$RUN_ID-$1" -eo pid,ppid,args | awk -v wanted="$2" '
		$0 ~ wanted { parent[$1] = $2 }
		END { for (pid in parent) if (!(parent[pid] in parent)) { print pid; exit } }'
}

# compose_ FOLDER ARGUMENTS...: docker compose, or docker-compose where that is what there is.
compose_() {
	local folder=$1
	shift
	if docker compose version >/dev/null 2>&1; then
		docker compose --project-directory "$folder" -f "$folder/compose.yaml" "$@"
	else
		docker-compose --project-directory "$folder" -f "$folder/compose.yaml" "$@"
	fi
}

# compose_container PROJECT SERVICE: its id.
compose_container() {
	docker ps -aq --filter "label=com.docker.compose.project=$1" \
		--filter "label=com.docker.compose.service=$2"
}

# podman with every file in the engine's folder, and the image imported; cgroups without systemd.
podman_start() {
	command -v podman >/dev/null || skip "podman is not installed"
	command -v runc >/dev/null || skip "runc is not installed"
	[ ! -d "$TACIT_ENGINE/podman" ] || return 0
	mkdir -p "$TACIT_ENGINE/podman"
	cat >"$TACIT_ENGINE/podman/containers.conf" <<-CONF
		[containers]
		default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
		netns = "none"
		log_driver = "k8s-file"
		[engine]
		runtime = "runc"
		cgroup_manager = "cgroupfs"
		events_logger = "file"
		lock_type = "file"
		tmp_dir = "$TACIT_ENGINE/podman/tmp"
		volume_path = "$TACIT_ENGINE/podman/volumes"
		[network]
		network_config_dir = "$TACIT_ENGINE/podman/network"
	CONF
	engine_import podman_
}

podman_() {
	CONTAINERS_CONF=$TACIT_ENGINE/podman/containers.conf command podman \
		--root "$TACIT_ENGINE/podman/root" --runroot "$TACIT_ENGINE/podman/run" \
		--storage-driver overlay "$@"
}

# podman's API beside its command line, both with the same containers; lives as long as the engine.
podman_service_start() {
	podman_start
	[ -z "$TACIT_PODMAN_SOCKET" ] || return 0
	setsid bash -c 'podman_ system service -t 0 "unix://$TACIT_ENGINE/podman/podman.sock"' \
		>"$TACIT_ENGINE/podman/log" 2>&1 </dev/null &
	disown
	within 15 curl -sf --unix-socket "$TACIT_ENGINE/podman/podman.sock" http://d/_ping || {
		tail -n 20 "$TACIT_ENGINE/podman/log" >&2
		fail "podman's API does not answer"
	}
	engine_sockets
}

# podman_container NAME OPTIONS... -- COMMAND...: as container, by podman.
podman_container() {
	local name=$1 options=()
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	podman_ run --name "$RUN_ID-$name" --label "tacit-test=$RUN_ID" --network none --read-only \
		--tmpfs /tmp --user 1000:1000 --cap-drop all --security-opt no-new-privileges \
		"${options[@]}" "$TACIT_IMAGE" "$@"
}

podman_stop() {
	[ -d "$TACIT_ENGINE/podman" ] || return 0
	timeout 60 bash -c 'podman_ rm -fa -t 0' >/dev/null 2>&1
	unmount_below "$TACIT_ENGINE/podman"
}
export -f podman_
