#!/usr/bin/env bash
# Goal: without an engine nobody says which containers are no more: a container that has had its
# reads never gets them again, however many others read after it.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/agent.sh"
. "$SUPPORT/cgroup.sh"

COUNTED=64 # containers of one grant, as core counts them
top=/tacit-reads-$$
agent_new a "runtime_root $top/ID"
agent_start
secret_create db_password db 1
t grant add db_password container/web --reads 1 >/dev/null
file=$(mount_of)/container/web/db_password
id_of() { printf '%064x' "$1"; }
read_as() { cgroup_run "$top/$(id_of "$1")" cat "$file"; }
for n in $(seq $((COUNTED + 1))); do cgroup_make "$top/$(id_of "$n")"; done

for n in $(seq "$COUNTED"); do
	equal "the one read of container $n" "$(value db 1)" "$(read_as "$n")"
done
expect 1 'No such file' read_as 1
expect 1 'Permission denied' read_as $((COUNTED + 1))
expect 1 'No such file' read_as 1
equal "containers counted" "$COUNTED" "$(t grant ls --json | jq '.[0].counted | length')"
say "$COUNTED containers had their read; one more is denied, and none has a second one"

# Granted anew it is counted anew.
t grant rm db_password container/web >/dev/null
t grant add db_password container/web --reads 1 >/dev/null
equal "the read of a new grant" "$(value db 1)" "$(read_as $((COUNTED + 1)))"
agent_stop --force
