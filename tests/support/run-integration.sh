#!/usr/bin/env bash
# Run integration scripts one after another, with one engine for all of them.
#
#   run-integration.sh SCRIPTS...
#
# Closes with "N passed, N failed, N skipped". What is left behind - a mount, a process, a
# container, a folder - fails the run, and so does a skip in CI or where root and docker are there.
set -uo pipefail
SUPPORT=$(cd "$(dirname "$0")" && pwd)
LIMIT=${TACIT_TEST_SECONDS:-600} # for one script

# shellcheck source=tests/support/assert.sh
. "$SUPPORT/assert.sh"
# shellcheck source=tests/support/engine.sh
. "$SUPPORT/engine.sh"
set +e
trap - ERR
set +E

export TACIT_SCRATCH=$SCRATCH/scripts
mkdir -p "$TACIT_SCRATCH"
chmod 0755 "$TACIT_SCRATCH"
# Others' agents may run on this host: what is ours names a folder of ours.
fuse_mounts() {
	awk -v below="$TACIT_SCRATCH/" '$3 ~ /^fuse/ && index($2, below) == 1 { print $2 }' \
		/proc/mounts
}
agents_running() {
	ps -eo pid=,stat=,args= | awk -v below=" --root $TACIT_SCRATCH/" '
		$2 ~ /^Z/ || !index($0, below) { next }
		$3 ~ /(^|\/)(tacitd|tacit-(core|toucher|api|engine|gate))$/ { print $1, $3 }'
}
# Where everything is there that the scripts need, none has a reason to skip.
may_skip() {
	[ -z "${CI-}" ] && { [ "$(id -u)" -ne 0 ] || ! command -v dockerd >/dev/null; }
}

passed=0 failed=0 skipped=0 complaints=()

# What script $1 left behind; it is taken away so that the next one starts clean.
look_for_leftovers() {
	local found
	found=$(fuse_mounts)
	[ -z "$found" ] || complaints+=("$1 left a mount: $found")
	found=$(agents_running)
	[ -z "$found" ] || complaints+=("$1 left processes: ${found//$'\n'/, }")
	found=$(ls -A "$TACIT_SCRATCH")
	[ -z "$found" ] || complaints+=("$1 left folders: $found")
	if [ -n "${TACIT_ENGINE-}" ]; then
		found=$(docker ps -aq --filter label=tacit-test)
		[ -z "$found" ] || complaints+=("$1 left containers: $found")
		# shellcheck disable=SC2086
		[ -z "$found" ] || docker rm -f $found >/dev/null
	fi
	unmount_below "$TACIT_SCRATCH"
	rm -rf --one-file-system "${TACIT_SCRATCH:?}"/*
}

run_script() {
	local script=$1 status started=$SECONDS
	printf '%s\n' "${script##*/}"
	timeout --kill-after=30 "$LIMIT" bash "$script"
	status=$?
	case $status in
	0) passed=$((passed + 1)) ;;
	77) skipped=$((skipped + 1)) ;;
	124 | 137)
		failed=$((failed + 1))
		echo "  FAILED: took longer than $LIMIT s"
		;;
	*) failed=$((failed + 1)) ;;
	esac
	echo "  $((SECONDS - started)) s"
	look_for_leftovers "${script##*/}"
}

[ $# -gt 0 ] || fail "usage: run-integration.sh SCRIPTS..."
engine_start
for script; do run_script "$script"; done
engine_folder=$TACIT_ENGINE
engine_stop
found=$(engine_leftovers "$engine_folder/")
[ -z "$found" ] || complaints+=("the engine left processes: $found")

for complaint in "${complaints[@]}"; do echo "  LEFT BEHIND: $complaint"; done
[ ${#complaints[@]} -eq 0 ] || failed=$((failed + 1))
if [ "$skipped" -gt 0 ] && ! may_skip; then
	echo "  nothing may be skipped here: CI is set, or root and docker are there"
	failed=$((failed + 1))
fi
echo "integration: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
