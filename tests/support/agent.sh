# shellcheck shell=bash
# Scratch agents for the tests, several at once. Sourced after assert.sh.
#
# $ROOT is the agent that the functions speak of. An agent's processes are those with "--root $ROOT"
# in their command line; they are ended by id, and its mount is taken away, at the end. On a host
# without the package's users the roles run under numbers of their own, and the programs of hooks.d
# and rotators.d under two that are $ROOT's alone.

AGENTS=()

# agent_new NAME [CONFIGURATION-LINE...]: a root below $SCRATCH, not started yet; sets $ROOT. It asks
# no engine unless a line says which.
agent_new() {
	export ROOT=$SCRATCH/$1
	shift
	[[ " $* " == *' engine '* ]] || set -- 'engine none' "$@"
	mkdir -p "$ROOT/etc/tacit"
	printf '%s\n' "$@" >"$ROOT/etc/tacit/tacit.conf"
	: >"$ROOT/log"
	AGENTS+=("$ROOT")
}

t() { "$BIN/tacit" --root "$ROOT" "$@"; }

# What status says of one thing, whatever its exit code.
status_of() { { t status --json 2>/dev/null || true; } | jq -r "$1"; }

# The paths of $ROOT's mount and of its API.
mount_of() { echo "$ROOT/run/tacit"; }
api_of() { echo "$ROOT/run/tacitd/api.sock"; }
# api METHOD PATH [CURL-OPTIONS...]: prints the body, and the status in a line of its own.
api() {
	local method=$1 path=$2
	shift 2
	curl -sS --max-time 20 --unix-socket "$(api_of)" -X "$method" -w '\n%{http_code}\n' "$@" \
		"http://tacit$path"
}

# agent_launch: start holder, without waiting.
agent_launch() {
	setsid "${AGENT_BIN:-$BIN}/tacitd" --root "$ROOT" --libexec "${AGENT_BIN:-$BIN}" \
		>>"$ROOT/log" 2>&1 </dev/null &
	disown
}

# agent_start: start, and wait until it serves.
agent_start() {
	agent_launch
	run t status --wait 20
	[ "$RC" -eq 0 ] || fail "the agent does not serve: exit $RC: $OUT$ERR"
}

# Living processes of $ROOT's agent: "PID ROLE" a line, the youngest last.
agent_processes() {
	ps -eo pid=,stat=,args= --sort=start_time | awk -v root="$ROOT" '
		$2 ~ /^Z/ || !index($0 " ", " --root " root " ") { next }
		$3 ~ /(^|\/)tacitd$/ { print $1, "holder" }
		$3 ~ /^tacit-(core|toucher|api|engine|gate)$/ { print $1, substr($3, 7) }'
}

# pid_of holder|core|toucher|api|engine|gate: the youngest living one; empty when there is none.
pid_of() {
	agent_processes | awk -v role="$1" '$2 == role { pid = $1 } END { if (pid) print pid }'
}

# strike SIGNAL ROLE: send a signal to a role's process; waits up to 5 s for there to be one that has
# not been struck before.
declare -A STRUCK
strike() {
	local pid end=$((SECONDS + 5))
	while pid=$(pid_of "$2") && { [ -z "$pid" ] || [ "$pid" = "${STRUCK[$2]-}" ]; }; do
		[ $SECONDS -lt $end ] || fail "there is no $2 to strike"
		sleep 0.01
	done
	STRUCK[$2]=$pid
	kill -"$1" "$pid" 2>/dev/null || true
}

# agent_stop [--force]: ask it to, and see all of its processes gone. Again for a while: a container
# that is just being started elsewhere on this host has a copy of all mounts for a moment.
agent_stop() {
	within 5 t stop "$@" || fail "tacit stop $*: $(t stop "$@" 2>&1)"
	within 10 agent_gone || fail "processes left after stop: $(agent_processes)"
}
agent_gone() { [ -z "$(agent_processes)" ]; }

# agent_kill: SIGKILL to every process of it at once; the mount dies with them.
agent_kill() {
	local pids
	for _ in 1 2 3 4 5; do
		pids=$(agent_processes | cut -d' ' -f1)
		[ -n "$pids" ] || return 0
		# shellcheck disable=SC2086  # a list
		kill -9 $pids 2>/dev/null || true
		within 2 agent_gone || true
	done
	programs_end
}

# program_put hooks.d|rotators.d NAME: standard input becomes a program of $ROOT's agent.
program_put() {
	mkdir -p "$ROOT/etc/tacit/$1"
	install -m 0755 /dev/stdin "$ROOT/etc/tacit/$1/$2"
}

# programs_of hook|rotator: ids of the processes of the run that is under way, if one is.
programs_of() {
	local mark=$ROOT/run/tacitd/$1.running
	[ ! -s "$mark" ] || pgrep -U "$(od -An -tu4 "$mark" | tr -d ' ')" || true
}

# programs_end: what a holder that was killed has left of its programs.
programs_end() {
	local pids
	pids=$(programs_of hook; programs_of rotator)
	# shellcheck disable=SC2086  # a list
	[ -z "$pids" ] || kill -9 $pids 2>/dev/null || true
}

agents_end() {
	local ROOT
	for ROOT in "${AGENTS[@]}"; do
		agent_kill
		while grep -qF " $ROOT/run/tacit fuse.tacit" /proc/mounts; do
			umount -l "$ROOT/run/tacit" || break
		done
	done
	# A container whose reader waited for an answer can only be removed now.
	! declare -F engine_remove_containers >/dev/null || engine_remove_containers
}
at_exit agents_end

on_failure() {
	local ROOT
	for ROOT in "${AGENTS[@]}"; do
		echo "  --- the last lines of ${ROOT##*/}/log:"
		tail -n "${TACIT_LOG_LINES:-15}" "$ROOT/log" | sed 's/^/  | /'
	done >&2
}

# Values that check themselves (tests/support/probe/value.h).
value() { "$PROBE" value "$@"; }
# secret_create NAME TAG VERSION [BYTES], secret_rotate likewise.
secret_create() {
	local name=$1
	shift
	value "$@" | t secret create "$name" - >/dev/null
}
secret_rotate() {
	local name=$1
	shift
	value "$@" | t secret rotate "$name" - >/dev/null
}

# note_acknowledged N: from now on no reader may see an older version than N.
note_acknowledged() {
	echo "$1" >"$SCRATCH/floor/next"
	mv "$SCRATCH/floor/next" "$SCRATCH/floor/version"
}
mkdir -p "$SCRATCH/floor"
