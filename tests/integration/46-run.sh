#!/usr/bin/env bash
# Goal: `tacit run` gives a process of the host the secrets of one consumer and of no other, through the
# death of core and for as long as it runs; passes signals and exit codes; and leaves nothing behind
# that is served, however it ends. Without an engine, and beside one.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/agent.sh"
. "$SUPPORT/cgroup.sh"

secret=/run/secrets/db_password
made_dir=
[ -d /run/secrets ] || made_dir=1
at_exit '[ -z "$made_dir" ] || rmdir /run/secrets 2>/dev/null || true'
agent_new a
agent_start
secret_create db_password db 1
secret_create other other 1
password=$(value db 1)
for consumer in compose/shop/web container/web unit/web.service user/1234; do
	t grant add db_password "$consumer" >/dev/null
done
t grant add other compose/shop/db >/dev/null
# in_run CONSUMER COMMAND...
in_run() { t run "$1" -- "${@:2}"; }
# The control group of the run that wrote it into $SCRATCH/group: is it left in any hierarchy?
is_left() {
	local root
	for root in $(cgroup_roots); do
		[ ! -d "$root$(cat "$SCRATCH/group")" ] || return 0
	done
	return 1
}
export GROUP='sed -n s/^0:://p /proc/self/cgroup >$SCRATCH/group'

# 1. What it reads, and what it does not.
for consumer in compose/shop/web container/web unit/web.service user/1234; do
	equal "a run as $consumer" "$password" "$(in_run "$consumer" cat $secret)"
done
equal "its directory" db_password "$(in_run compose/shop/web ls /run/secrets)"
equal "by the path of the host" "$password" \
	"$(in_run compose/shop/web cat "$(mount_of)/compose/shop/web/db_password")"
equal "through self" "$password" "$(in_run compose/shop/web cat "$(mount_of)/self/db_password")"
# denied WHAT COMMAND...
denied() {
	run "${@:2}"
	[ "$RC" -ne 0 ] || fail "$1: succeeded"
	unlike "$1" 'db-1-|other-1-' "$OUT$ERR"
	like "$1" 'ENOENT|EACCES|No such file|Permission denied' "$OUT$ERR"
}
denied "another consumer's file" in_run compose/shop/web "$PROBE" read \
	"$(mount_of)/compose/shop/db/other"
denied "the same name in another kind" in_run container/web "$PROBE" read \
	"$(mount_of)/unit/web.service/db_password"
denied "the host beside it" "$PROBE" read "$(mount_of)/compose/shop/web/db_password"
denied "the user whose number a run bears" in_run compose/shop/web setpriv --reuid 1234 \
	--clear-groups "$PROBE" read "$(mount_of)/user/1234/db_password"
equal "a user in it" "$password" \
	"$(in_run compose/shop/web setpriv --reuid 1234 --clear-groups cat $secret)"
equal "the host's own /run/secrets" '' "$(ls -A /run/secrets 2>/dev/null || true)"
run in_run compose/shop/web sh -c "echo x >$secret"
[ "$RC" -ne 0 ] || fail "a run could write"
say "four kinds of consumers read their own, and nothing else"

# 2. Its id is worth nothing to who is not in the control group, nor the group to who has no run.
stranger=$(printf '%064x' $$)
cgroup_make "/tacit/$stranger"
denied "a run that nobody began" cgroup_run "/tacit/$stranger" "$PROBE" read \
	"$(mount_of)/compose/shop/web/db_password"
cgroups_remove
asked="/v1/runs/$stranger?consumer=compose/shop/web&pid"
equal "a run over the API" 201 "$(api POST "$asked=$$" | tail -n 1)"
equal "the same once more" 409 "$(api POST "$asked=$$" | tail -n 1)"
like "a run among the containers" '"run"' "$(t consumer inspect compose/shop/web)"
equal "its end" 200 "$(api DELETE "/v1/runs/$stranger" | tail -n 1)"
equal "its end once more" 404 "$(api DELETE "/v1/runs/$stranger" | tail -n 1)"
equal "of a process that is not" 404 \
	"$(api POST "$asked=4194305" | tail -n 1)"
equal "a wrong id" 400 "$(api POST "/v1/runs/web?consumer=compose/shop/web&pid=$$" | tail -n 1)"
say "a control group without a run, and runs over the API"

# 3. Exit codes, arguments, environment.
expect 0 '' in_run compose/shop/web true
expect 7 '' in_run compose/shop/web sh -c 'exit 7'
expect 127 'execute the command' in_run compose/shop/web /nowhere/command
expect 126 'execute the command' in_run compose/shop/web /etc/passwd
expect 125 'granted' in_run compose/shop/nobody true
expect 125 "consumer" in_run nothing true
expect 2 'too few arguments' t run compose/shop/web
expect 125 'sudo' setpriv --reuid 1234 --clear-groups "$BIN/tacit" --root "$ROOT" run \
	compose/shop/web true
equal "arguments and environment" $'a b|--json|\nvalue' "$(VAR=value in_run compose/shop/web \
	bash -c 'printf "%s|" "$@"; printf "\n%s" "$VAR"' bash 'a b' --json)"
equal "standard input" hello "$(echo hello | in_run compose/shop/web cat)"
t consumer bind compose/shop/db image=nginx >/dev/null
expect 125 'bound to rules' in_run compose/shop/db true
t consumer unbind compose/shop/db >/dev/null
say "exit codes, arguments, environment, standard input, consumers with rules"

# 4. Signals: passed on, once each; what the command has left is ended with it.
# starts NAME COMMAND...: in the background; $started is tacit's process.
starts() {
	"$BIN/tacit" --root "$ROOT" run compose/shop/web -- "${@:2}" >"$SCRATCH/$1" 2>&1 </dev/null &
	started=$!
}
started=
at_exit '[ -z "$started" ] || kill $started 2>/dev/null || true'
starts signals bash -c 'trap "echo got USR1" USR1; trap "echo got TERM; exit 9" TERM; echo ready
	while :; do sleep 0.05; done'
within 10 has "$SCRATCH/signals" ready || fail "the run does not start: $(cat "$SCRATCH/signals")"
kill -USR1 $started
within 5 has "$SCRATCH/signals" 'got USR1' || fail "SIGUSR1 was not passed on"
kill -TERM $started
status=0
wait $started || status=$?
equal "the exit code after SIGTERM" 9 "$status"
equal "each signal once" $'ready\ngot USR1\ngot TERM' "$(cat "$SCRATCH/signals")"
expect 137 '' in_run compose/shop/web sh -c 'kill -9 $$'
# A terminal sends to both. Passed on, it would come twice: tacit sleeps until the first has come.
cat >"$SCRATCH/terminal.py" <<'EOF'
import os, pty, sys

pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
said = b""
try:
    while b"ready" not in said:
        said += os.read(terminal, 4096)
    os.write(terminal, b"\x03")
    while True:
        said += os.read(terminal, 4096)
except OSError:
    pass
print(said.count(b"got INT"), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
EOF
equal "a ^C, and the exit code" "1 3" "$(timeout 60 /usr/bin/python3 -B "$SCRATCH/terminal.py" \
	"$BIN/tacit" --root "$ROOT" run compose/shop/web -- bash -c 'trap "echo got INT; n=1" INT
	kill -STOP $PPID; echo ready; while [ -z "$n" ]; do sleep 0.05; done
	kill -CONT $PPID; for _ in 1 2 3 4 5 6 7 8; do sleep 0.05; done; exit 3')"
in_run compose/shop/web sh -c "$GROUP"'; sleep 1000 & echo $! >"$SCRATCH/left"'
within 5 eval '! kill -0 "$(cat "$SCRATCH/left")" 2>/dev/null' || fail "what a run has left lives"
! is_left || fail "the control group of a run is left: $(cat "$SCRATCH/group")"
say "signals, and what a command left behind"

# 5. core dies, and is replaced: a run goes on, with the file it has open and with new ones.
mkfifo "$SCRATCH/go"
starts lives bash -c 'echo ready; while read -r line <"$SCRATCH/go"; do cat '$secret' 2>&1; echo
	done'
within 10 has "$SCRATCH/lives" ready || fail "the run does not start: $(cat "$SCRATCH/lives")"
# reads N: the run reads once more, and has N lines then.
reads() {
	echo go >"$SCRATCH/go"
	within 5 eval '[ "$(grep -c . "$SCRATCH/lives")" -eq '$(($1 + 1))' ]' ||
		fail "read $1: $(cat "$SCRATCH/lives")"
	grep . "$SCRATCH/lives" | tail -n 1
}
equal "a read" "$password" "$(reads 1)"
strike KILL core
equal "a read after the death of core" "$password" "$(reads 2)"
secret_rotate db_password db 2
equal "a read after a rotation" "$(value db 2)" "$(reads 3)"
t upgrade >/dev/null
within 20 t status || fail "the agent does not serve after an upgrade"
equal "a read after an upgrade" "$(value db 2)" "$(reads 4)"
expect 1 'hold the mount' t stop
like "the run among those who hold the mount" 'compose/shop/web' \
	"$(t status --json | jq -r '.containers[].consumer')"
t lock >/dev/null
like "a read while locked" 'not available' "$(reads 5)"
t unlock >/dev/null
equal "a read after a lock" "$(value db 2)" "$(reads 6)"
say "a run outlives core's death, an upgrade, a lock"

# 6. tacit run is killed: its command with it, and what that has started reads nothing any more.
kill $started
wait $started || true
starts orphan bash -c "$GROUP"'; setsid bash -c "while :; do cat '$secret' 2>&1; echo; sleep 0.05; done" \
	>"$SCRATCH/reads" & echo $! >"$SCRATCH/orphan_pid"; sleep 1000'
within 10 has "$SCRATCH/reads" 'db-2-' || fail "the orphan-to-be does not read"
kill -9 $started
wait $started 2>/dev/null || true
within 5 has "$SCRATCH/reads" 'No such file' || fail "after tacit's death its run is served"
sleep 0.2
unlike "the last read" 'db-' "$(tail -n 2 "$SCRATCH/reads")"
is_left || fail "the orphan is in no control group"
kill -9 "$(cat "$SCRATCH/orphan_pid")"
within 20 eval '[ "$(t consumer inspect compose/shop/web | jq ".[0].containers | length")" -eq 0 ]' ||
	fail "core still knows the run"
within 10 eval 'in_run compose/shop/web true && ! is_left' ||
	fail "the control group of a killed run is left: $(cat "$SCRATCH/group")"
equal "a run afterwards" "$(value db 2)" "$(in_run compose/shop/web cat $secret)"
say "tacit run killed: nothing is served, and the next run takes its control group away"

# 7. The audit says which run read.
# Of the last run: the id that it was begun and ended with, and what it read. The log is a moment late.
recorded() {
	t audit export | jq -rs 'map(select(.act == "run") | .container) as $ids |
		map(select(.container == $ids[-1]) | .act) | join(" ")'
}
within 10 eval '[ "$(recorded)" = "run open run-end" ]' ||
	fail "what is recorded of the last run: $(recorded)"
like "the id of a run" '^[0-9a-f]{64}$' \
	"$(t audit export | jq -rs 'map(select(.act == "run")) | last | .container')"
agent_stop
say "the audit has each run's beginning, reads and end"
