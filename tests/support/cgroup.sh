# shellcheck shell=bash
# Control groups on hosts with version 2, version 1, or both. Sourced after assert.sh.

CGROUP2=/sys/fs/cgroup/unified
[ ! -e /sys/fs/cgroup/cgroup.procs ] || CGROUP2=/sys/fs/cgroup
[ -w $CGROUP2/cgroup.procs ] || skip "the host's control groups cannot be written"
CGROUPS_MADE=()

# Where each hierarchy of this host is mounted.
cgroup_roots() { awk '$3 ~ /^cgroup2?$/ && !seen[$1 $4]++ { print $2 }' /proc/mounts; }

# cgroup_make PATH: in every hierarchy, with all above it; taken away at the end.
cgroup_make() {
	local root at part above
	for root in $(cgroup_roots); do
		at=$root above=''
		for part in ${1//\// }; do
			at=$at/$part
			[ -d "$at" ] || {
				mkdir "$at"
				[ "$above" ] || CGROUPS_MADE+=("$at")
				above=made
			}
			# In version 1 nothing can enter before it has processors and memory.
			[ ! -e "$at/cpuset.mems" ] || [ "$root" = "$CGROUP2" ] || {
				cat "${at%/*}/cpuset.cpus" >"$at/cpuset.cpus"
				cat "${at%/*}/cpuset.mems" >"$at/cpuset.mems"
			}
		done
	done
}

cgroups_remove() {
	local made
	for made in "${CGROUPS_MADE[@]}"; do
		within 2 cgroup_remove "$made" || echo "  cannot remove $made" >&2
	done
}
# A directory with what engines left in it.
cgroup_remove() {
	[ ! -d "$1" ] || find "$1" -depth -type d -exec rmdir {} +
}
at_exit cgroups_remove

# cgroup_move PID PATH: in every hierarchy that has the path.
cgroup_move() {
	local root
	for root in $(cgroup_roots); do
		[ ! -d "$root$2" ] || echo "$1" >"$root$2/cgroup.procs"
	done
}

# cgroup_run PATH COMMAND...: a process of the host in that control group.
cgroup_run() {
	(
		cgroup_move $BASHPID "$1"
		exec "${@:2}"
	)
}

# cgroup_of PID: its path in version 2.
cgroup_of() { sed -n 's/^0:://p' "/proc/$1/cgroup"; }

# docker_cgroup CONTAINER, podman_cgroup CONTAINER: the path of a running one.
docker_cgroup() { cgroup_of "$(docker inspect -f '{{.State.Pid}}' "$1")"; }
podman_cgroup() { cgroup_of "$(podman_ inspect -f '{{.State.Pid}}' "$1")"; }
