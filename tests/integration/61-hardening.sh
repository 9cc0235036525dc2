#!/usr/bin/env bash
# Goal: what each process of the agent is left with: a user of its own, no capability, no way to gain
# one, no core file, no descriptor but its own; its own user cannot look into it; keys are locked.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/agent.sh"

# One engine that may be there, and one that is not.
agent_new a "engine ${TACIT_DOCKER_SOCKET:-/run/docker.sock}" "engine $SCRATCH/absent.sock"
agent_start
secret_create db_password db 1
status_of() { awk -v name="$2:" '$1 == name { $1 = ""; sub(/^ /, ""); print }' "/proc/$1/status"; }
descriptors() { find "/proc/$1/fd" -mindepth 1 -printf '%l\n' | sed 's/\[.*//' | sort -u; }
is_there() { [ -n "$(pid_of "$1")" ]; }
user_of() { awk '/^Uid/ { print $2 }' "/proc/$(pid_of "$1")/status"; }

for role in core toucher api engine gate; do
	within 5 is_there $role || fail "there is no $role"
	pid=$(pid_of $role)
	read -r uid _ <<<"$(status_of "$pid" Uid)"
	[ "$uid" -ne 0 ] || fail "$role runs as root"
	equal "groups of $role" "" "$(status_of "$pid" Groups | tr -d ' ')"
	for set in CapInh CapPrm CapEff CapBnd CapAmb; do
		equal "$set of $role" 0000000000000000 "$(status_of "$pid" $set)"
	done
	equal "no_new_privs of $role" 1 "$(status_of "$pid" NoNewPrivs)"
	like "limit on core files of $role" '^0 0 ' "$(awk '/^Max core file size/ { print $5, $6, "" }' "/proc/$pid/limits")"
	# A process that is not dumpable is root's in /proc, and its own user may not look into it.
	equal "owner of $role in /proc" 0 "$(stat -c %u "/proc/$pid/environ")"
	for file in environ maps mem fd; do
		run setpriv --reuid "$uid" --regid "$uid" --clear-groups cat "/proc/$pid/$file"
		[ "$RC" -ne 0 ] || fail "$role lets its own user read $file"
	done
	equal "environment of $role" "" "$(tr -d '\0' <"/proc/$pid/environ")"
	unlike "what $role has open" "$ROOT/etc" "$(descriptors "$pid")"
done
equal "users of their own, but toucher's" 4 \
	"$(for role in core api engine gate; do user_of $role; done | sort -u | wc -l)"
# What is fed by engines has channels and pipes beside the standard three, and no file.
for role in engine gate; do
	equal "what else $role has open" '' "$(find "/proc/$(pid_of $role)/fd" -mindepth 1 -printf '%f %l\n' |
		awk '$1 > 2 && $2 !~ /^(socket:|pipe:|anon_inode:)/')"
done
for role in toucher api engine gate; do
	unlike "what $role has open" '/dev/fuse|handover|secretmem|tacit-keys|store\.db' "$(descriptors "$(pid_of $role)")"
done
unlike "what holder has mapped" 'secretmem|handover.*rw.*keys' "$(grep -E 'secretmem|tacit-keys' "/proc/$(pid_of holder)/maps" || true)"
locked=$(awk '/^VmLck/ { print $2 }' "/proc/$(pid_of core)/status")
if [[ $OUT_DIR != *san* ]]; then # sanitizers lock nothing
	at_least "locked memory of core in KiB" 128 "$locked"
fi
equal "mode of the key file" "400 0" "$(stat -c '%a %u' "$ROOT/etc/tacit/key")"
equal "mode of the store's folder" 700 "$(stat -c %a "$ROOT/var/lib/tacit")"
agent_stop # of all six
say "core, toucher, api, engine, gate: users of their own, 0 capabilities, no_new_privs, not dumpable, no core files, empty environment; $locked KiB locked"
