# shellcheck shell=bash
# Sourced first by every integration script: cleaning up, saying, failing, comparing.
#
# A script opens with a comment that names its goal, shows numbers with `say`, and ends by itself
# (0), with `fail` (1) or with `skip REASON` (77).
set -euo pipefail

SUPPORT=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$SUPPORT/../.." && pwd)
OUT_DIR=${TACIT_BUILD:-$TOP/build/${VARIANT:-release}}
export BIN=$OUT_DIR/bin PROBE=$OUT_DIR/tests/probe
export SCRIPT=${0##*/}
# What the run of this script made, and nothing else's: names of containers and projects.
export RUN_ID=${SCRIPT%.sh}-$$
cleanups=()

# at_exit COMMAND: run when the script ends, however it ends; the last said runs first.
at_exit() { cleanups+=("$1"); }

clean_up() {
	local status=$? i
	trap - EXIT ERR
	trap '' INT TERM HUP
	set +e
	[ "$status" -eq 0 ] || [ "$status" -eq 77 ] || on_failure
	for ((i = ${#cleanups[@]} - 1; i >= 0; i--)); do eval "${cleanups[i]}"; done
	exit "$status"
}
# What to show of a failed run; agent.sh adds the agents' logs.
on_failure() { :; }
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'echo "  $SCRIPT: line $LINENO: $BASH_COMMAND: failed" >&2' ERR
set -E

say() { printf '  %s\n' "$*"; }
fail() {
	printf '  FAILED %s: %s\n' "$SCRIPT" "$*" >&2
	exit 1
}
skip() {
	printf '  skipped: %s\n' "$*"
	exit 77
}

[ "$(id -u)" -eq 0 ] || skip "only root may mount and start an engine"
[ -e /dev/fuse ] || skip "there is no /dev/fuse"

# A folder of this script alone, readable by everybody, gone at the end.
SCRATCH=$(mktemp -d "${TACIT_SCRATCH:-${TMPDIR:-/tmp}}/tacit.XXXXXX")
export SCRATCH
chmod 0755 "$SCRATCH"
at_exit 'rm -rf --one-file-system "$SCRATCH"'

# run COMMAND...: never ends the script; leaves $RC, $OUT (standard output) and $ERR.
run() {
	RC=0
	"$@" >"$SCRATCH/.out" 2>"$SCRATCH/.err" </dev/null || RC=$?
	OUT=$(tr -d '\0' <"$SCRATCH/.out")
	ERR=$(tr -d '\0' <"$SCRATCH/.err")
}

# equal WHAT WANTED GOT
equal() { [ "$2" = "$3" ] || fail "$1: wanted '${2:0:300}', got '${3:0:1500}'"; }
# like WHAT PATTERN GOT: an extended regular expression.
like() { [[ $3 =~ $2 ]] || fail "$1: wanted something like '$2', got '${3:0:600}'"; }
# unlike WHAT PATTERN GOT
unlike() { [[ ! $3 =~ $2 ]] || fail "$1: wanted nothing like '$2', got '${3:0:600}'"; }
# at_least WHAT WANTED GOT
at_least() { [ "$3" -ge "$2" ] || fail "$1: wanted at least $2, got $3"; }

# expect CODE PATTERN COMMAND...: the exit code, and what is said on either output.
expect() {
	local code=$1 pattern=$2
	shift 2
	run "$@"
	[ "$RC" -eq "$code" ] || fail "$*: wanted exit $code, got $RC: $OUT$ERR"
	like "$*" "$pattern" "$OUT$ERR"
}

# within SECONDS COMMAND...: again and again until it succeeds; what it prints is dropped.
within() {
	local end=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000))
	shift
	while ! "$@" >/dev/null 2>&1; do
		[ "${EPOCHREALTIME/[.,]/}" -lt "$end" ] || return 1
		sleep 0.05
	done
}

# has FILE PATTERN: for `within 5 has log ready`.
has() { grep -qE -- "$2" "$1"; }

# field NAME TEXT: the value of NAME=value in a line of probe.
field() {
	local value=" $2"
	value=${value##*[[:space:]]"$1"=}
	printf '%s' "${value%%[[:space:]]*}"
}

# milliseconds since some fixed point
now_ms() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }
