#!/usr/bin/env bash
# Goal: what a grant wants done when its secret rotates is done, once after the last change: signals
# and restarts of real containers, on docker and podman, programs of the host. A hook that hangs,
# fails, floods or leaves processes behind is bounded, said by status, and no reader notices.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/engine.sh"
. "$SUPPORT/agent.sh"

engine_start
podman_service_start
agent_new a "engine $TACIT_DOCKER_SOCKET" "engine $TACIT_PODMAN_SOCKET" 'hook_debounce 500'
hooks=$ROOT/etc/tacit/hooks.d
mkdir "$hooks"
chmod 0755 "$hooks"
agent_start
secret=/run/secrets/pw
spool=$SCRATCH/spool # where programs of hooks.d write
mkdir "$spool"
chmod 1777 "$spool"
# program NAME: of hooks.d, from standard input.
program() { { echo '#!/bin/sh' && cat; } | program_put hooks.d "$1"; }
hook() { t grant ls --json | jq -r --arg consumer "$1" '.[] | select(.consumer == $consumer).hook'".$2"; }
idle() { [ "$(hook "$1" state)" = idle ]; }
lines() { wc -l <"$1" 2>/dev/null || echo 0; }

# Signals: the main process writes what it got; another one in the container gets nothing.
waits='trap "cat /run/secrets/pw >>/out/$NAME; echo >>/out/$NAME" HUP; echo ready; while :; do sleep 0.1; done'
secret_create db_password db 1
for engine in docker podman; do
	web=container/$RUN_ID-$engine
	t grant add db_password "$web" --as pw --on-rotate signal:HUP >/dev/null
	run_container=container
	[ $engine = docker ] || run_container=podman_container
	$run_container $engine -d -v "$(mount_of)/$web:/run/secrets:ro" -v "$spool:/out" \
		-e NAME=$engine -- sh -c "$waits" >/dev/null
done
known() { [ "$(status_of .known_containers)" -ge 2 ]; }
within 20 known || fail "the containers are not known"
secret_rotate db_password db 2
for engine in docker podman; do
	within 30 eval '[ "$(lines "$spool/'$engine'")" = 1 ]' ||
		fail "$engine got no signal: $(hook "container/$RUN_ID-$engine" reason)"
	equal "what $engine read then" "$(value db 2)" "$(cat "$spool/$engine")"
	within 20 idle "container/$RUN_ID-$engine" || fail "the hook of $engine"
done
# A flood is one run after the last change.
for ((n = 3; n <= 42; n++)); do secret_rotate db_password db $n; done
for engine in docker podman; do
	within 30 has "$spool/$engine" "$(value db 42)" || fail "$engine: no signal after a flood"
	within 20 idle "container/$RUN_ID-$engine" || fail "the hook of $engine"
done
runs=$(($(lines "$spool/docker") - 1))
[ $runs -le 20 ] || fail "$runs runs of a hook for 40 rotations"
equal "what was read last" "$(value db 42)" "$(tail -n 1 "$spool/docker")"
say "signal:HUP reached the main process on docker and podman; 40 rotations were $runs runs, the" \
	"last after the last"

# Restart.
again=container/$RUN_ID-again
t grant add db_password "$again" --as pw --on-rotate restart >/dev/null
container again -d -v "$(mount_of)/$again:/run/secrets:ro" -- sh -c 'cat /run/secrets/pw; echo
	trap "exit 0" TERM; while :; do sleep 0.1; done' >/dev/null
within 20 eval 'docker logs "$RUN_ID-again" | grep -q "$(value db 42)"' || fail "no start"
secret_rotate db_password db 43
within 60 eval 'docker logs "$RUN_ID-again" | grep -q "$(value db 43)"' ||
	fail "no restart: $(hook "$again" reason)"
within 20 idle "$again" || fail "the hook: $(hook "$again" state)"
# Who is gone needs nothing.
docker rm -f "$RUN_ID-again" >/dev/null
secret_rotate db_password db 44
within 30 idle "$again" || fail "the hook of a container that is gone: $(hook "$again" reason)"
t grant rm db_password "$again" >/dev/null
say "restart: the container began anew, with the new value"

# Programs: their environment and descriptors, and what they may not be.
program tell <<-PROGRAM
	env | grep -v '^PWD=\|^_=\|^SHLVL=\|^OLDPWD=' >$spool/environment.new
	open=
	for n in 0 1 2; do [ ! /proc/\$\$/fd/\$n -ef /dev/null ] || open="\$open \$n:null"; done
	for n in 3 4 5 6 7 8 9; do [ ! -e /proc/\$\$/fd/\$n ] || open="\$open \$n"; done
	echo \$open >$spool/descriptors
	id -u >$spool/id; id -G >>$spool/id
	grep -h 'NoNewPrivs\|CapEff\|CapBnd' /proc/self/status >>$spool/id
	echo "\$0" "\$@" >$spool/arguments
	mv $spool/environment.new $spool/environment
PROGRAM
tell=container/$RUN_ID-tell
t grant add db_password "$tell" --as pw --on-rotate exec:tell >/dev/null
secret_rotate db_password db 45
within 30 test -e "$spool/environment" || fail "exec: $(hook "$tell" reason) $(tail -n 3 "$ROOT/log")"
within 20 idle "$tell" || fail "the hook: $(hook "$tell" state)"
equal "the environment" "PATH TACIT_CONSUMER=$tell TACIT_SECRET=db_password TACIT_VERSION=45" \
	"$(sed 's/^PATH=.*/PATH/' "$spool/environment" | sort | xargs)"
unlike "the environment and arguments" "$(value db 45)" \
	"$(cat "$spool/environment" "$spool/arguments")"
equal "the descriptors" '0:null 1:null 2:null' "$(cat "$spool/descriptors")"
unlike "its user" '^0$' "$(head -n 1 "$spool/id")"
like "its privileges" 'NoNewPrivs:.1' "$(cat "$spool/id")"
like "its privileges" 'CapEff:.0000000000000000' "$(cat "$spool/id")"
t grant rm db_password "$tell" >/dev/null
refused() { # NAME WHAT
	local consumer=container/$RUN_ID-refused-$1
	t grant add db_password "$consumer" --as pw --on-rotate "exec:$1" >/dev/null
	secret_rotate db_password db 46
	within 30 eval '[ "$(hook "'"$consumer"'" attempts)" -ge 1 ]' || fail "$2 was not refused"
	t grant rm db_password "$consumer" >/dev/null
	[ ! -e "$spool/bad" ] || fail "$2 was run"
}
for name in writable foreign; do program $name <<<"echo bad >$spool/bad"; done
chmod 0777 "$hooks/writable"
chown 12345 "$hooks/foreign"
ln -s "$hooks/tell" "$hooks/link"
refused writable "a program that others may write"
refused foreign "a program of somebody else's"
refused link "a symbolic link"
refused missing "a program that is not there"
expect 2 'hook|program' t grant add db_password container/xx --on-rotate exec:../../bin/sh
expect 2 'signal' t grant add db_password container/xx --on-rotate signal:KILL
expect 2 'exec' t grant add db_password user/1000 --on-rotate signal:HUP
say "exec: a user of its own, nothing in argv, four names in the environment; a program that is" \
	"not root's alone is not run"

# Trouble, while a container reads.
reader=container/$RUN_ID-reader
t grant add db_password "$reader" --as pw >/dev/null
container reader -d -v "$(mount_of)/$reader:/run/secrets:ro" -- probe loop -n 2 -p 2 -t db $secret \
	>/dev/null
program fails <<<"echo >>$spool/fails; exit 3"
program forks <<-PROGRAM
	trap '' TERM HUP
	for i in 1 2 3; do setsid sh -c 'trap "" TERM HUP; while :; do sleep 1; done' & done
	echo >>$spool/forks
PROGRAM
program floods <<<"echo >>$spool/floods; while :; do (sleep 100 &) ; done"
for name in fails forks floods; do
	t grant add db_password "container/$RUN_ID-$name" --as pw --on-rotate exec:$name >/dev/null
done
hook_user=$(head -n 1 "$spool/id")
processes() { ps -eo uid= | awk -v uid="$hook_user" '$1 == uid' | wc -l; }
secret_rotate db_password db 47
most=0
for ((i = 0; i < 100; i++)); do
	count=$(processes)
	[ "$count" -le $most ] || most=$count
	sleep 0.1
	[ ! -s "$spool/forks" ] || [ ! -s "$spool/fails" ] || [ ! -s "$spool/floods" ] || [ $i -lt 60 ] ||
		break
done
[ $most -le 70 ] || fail "$most processes of hooks at once"
within 60 eval '[ "$(hook "container/$RUN_ID-fails" attempts)" -ge 2 ]' || fail "a hook that fails is not tried again"
equal "its state" failing "$(hook "container/$RUN_ID-fails" state)"
like "its reason" '3' "$(hook "container/$RUN_ID-fails" reason)"
equal "status" "container/$RUN_ID-fails" \
	"$(status_of '.hooks.failing[].consumer' | grep fails)"
within 60 idle "container/$RUN_ID-forks" || fail "a hook that forks: $(hook "container/$RUN_ID-forks" reason)"
# It floods, and it hangs: it is ended at its limit.
within 120 eval '[ "$(hook "container/$RUN_ID-floods" attempts)" -ge 1 ]' ||
	fail "a hook that hangs is not ended: $(hook "container/$RUN_ID-floods" state)"
like "the reason of one that hangs" 'not ended after' "$(hook "container/$RUN_ID-floods" reason)"
for name in fails floods; do t grant rm db_password "container/$RUN_ID-$name" >/dev/null; done
within 60 eval '[ "$(processes)" = 0 ]' || fail "processes are left: $(ps -eo uid,pid,args | awk -v uid="$hook_user" '$1 == uid')"
docker stop -t 20 "$RUN_ID-reader" >/dev/null
tally=$(docker logs "$RUN_ID-reader" | tail -n 1)
for count in failed wrong; do equal "$count reads ($tally)" 0 "$(field $count "$tally")"; done
say "hooks that fail, fork, flood and hang: at most $most processes at once, none left, status names" \
	"them; $(field reads "$tally") reads beside them, 0 failed"

# core is killed before a hook has run: the next one runs it.
program counts <<<"echo \$TACIT_VERSION >>$spool/counts"
counts=container/$RUN_ID-counts
t grant add db_password "$counts" --as pw --on-rotate exec:counts >/dev/null
for ((n = 48; n < 58; n++)); do
	secret_rotate db_password db $n
	strike KILL core
	t status --wait 20 >/dev/null
done
version=$(t secret inspect db_password --json | jq -r '.[0].version')
within 60 has "$spool/counts" "^$version\$" ||
	fail "a hook was lost with core: $version is not in $(xargs <"$spool/counts")"
within 30 idle "$counts" || fail "the hook: $(hook "$counts" state)"
equal "the last run was for the last change" "$version" "$(tail -n 1 "$spool/counts")"
say "core killed 10 times between a rotation and its hook: the last one's was run"
