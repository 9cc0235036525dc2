#!/usr/bin/env bash
# Goal: each folder of examples/ does what its README shows: every "$ " line of it is run, and what
# the lines below it say is what is printed.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/engine.sh"
. "$SUPPORT/agent.sh"

engine_start
project=shop$$
export IMAGE=$TACIT_IMAGE

tacit() { t "$@"; }
# As the README calls it; `down` is told not to wait for a shell that ignores SIGTERM.
compose_shop() {
	case $1 in
	up) compose_ "$here" -p "$project" "$@" >/dev/null 2>&1 ;;
	down) compose_ "$here" -p "$project" "$@" -t 0 >/dev/null 2>&1 ;;
	*) compose_ "$here" -p "$project" "$@" ;;
	esac
}

# Between the README's words and this run's.
to_run() { sed "s|docker-compose -p shop|compose_shop|; s|/shop/|/$project/|g"; }
from_run() { sed "s|$ROOT||g; s|/$project/|/shop/|g"; }

# check_transcript README: run its commands in order.
check_transcript() {
	local line command='' wanted='' count=0
	while IFS= read -r line; do
		case $line in
		'    $ '*)
			check_command
			command=${line#'    $ '} wanted=''
			;;
		'    '*) wanted+=${line#'    '}$'\n' ;;
		esac
	done <"$1"
	check_command
	say "${here##*/}: $count commands did what its README shows"
}

check_command() {
	local got
	[ -n "$command" ] || return 0
	got=$({ eval "$(to_run <<<"$command")"; } 2>&1 </dev/null | from_run) || true
	equal "$command" "${wanted%$'\n'}" "$got"
	count=$((count + 1))
}

for example in "$TOP"/examples/*/; do
	name=$(basename "$example")
	here=$SCRATCH/$name
	agent_new "agent-$name"
	agent_start
	mkdir "$here"
	sed "s|/run/tacit/|$(mount_of)/|g; s|/shop/|/$project/|g" "$example/compose.yaml" >"$here/compose.yaml"
	at_exit "compose_ '$here' -p '$project' down -t 0 >/dev/null 2>&1"
	check_transcript "$example/README.md"
	agent_stop
done
