#!/usr/bin/env bash
# Goal: each compose file of examples/, and the first screen of the README, does what is shown there: every
# line with a prompt is run, and what is printed is what the lines below it say. (Those before and
# after an import: 48-import.sh, 49-converted.sh.)
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
to_run() {
	sed "s|docker-compose -p shop|compose_shop|; s|/shop/|/$project/|g; s| /run/tacit/| $(mount_of)/|"
}
from_run() { sed "s|$ROOT||g; s|/$project/|/shop/|g"; }

# check_transcript PROMPT: run the commands of the text on standard input in order.
check_transcript() {
	local line command='' wanted='' count=0
	while IFS= read -r line; do
		case $line in
		"    $1 "*)
			check_command
			command=${line#"    $1 "} wanted=''
			;;
		'    '*) wanted+=${line#'    '}$'\n' ;;
		esac
	done
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

# begin NAME: an agent, and a folder with the compose file of standard input.
begin() {
	here=$SCRATCH/$1
	agent_new "agent-$1" "engine $TACIT_DOCKER_SOCKET"
	agent_start
	mkdir "$here"
	sed "s|/run/tacit/|$(mount_of)/|g; s|/shop/|/$project/|g" >"$here/compose.yaml"
	at_exit "compose_ '$here' -p '$project' down -t 0 >/dev/null 2>&1"
}

for example in "$TOP"/examples/*/compose.yaml; do
	example=${example%/*}
	begin "$(basename "$example")" <"$example/compose.yaml"
	check_transcript '$' <"$example/README.md"
	agent_stop
done

# The tests' engine has no busybox to pull and no network.
begin README < <(sed -n '/^```yaml/,/^```/{/^```/d; s|image: busybox|image: '"$IMAGE"', network_mode: none|; p}' \
	"$TOP/README.md")
check_transcript '#' < <(sed '/^|/q' "$TOP/README.md")
compose_shop down
agent_stop
