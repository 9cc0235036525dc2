#!/usr/bin/env bash
# Goal: every kind of key slot opens the store after a reboot, alone; slots come and go, and root keys
# are rotated, while readers go on; the last slot stays; who guesses at passphrases waits, and that
# outlives core; an agent that nothing opens by itself says so, beforehand and afterwards.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/engine.sh"
. "$SUPPORT/agent.sh"

engine_start
passphrase='correct horse battery staple'
state_is() { [ "$(status_of .state)" = "$1" ]; }
slots() { t key ls --json | jq -r "$1"; }
slot_of() { slots ".slots[] | select(.kind == \"$1\") | .slot"; }
# reboot: every process and the mount are gone; what is started finds nothing but the disk.
reboot() {
	agent_kill
	while grep -qF " $(mount_of) fuse" /proc/mounts; do umount -l "$(mount_of)"; done
	agent_launch
	within 20 eval 'state_is serving || state_is locked' || fail "no agent after the reboot"
}

# A stand-in for a TPM: what it wraps is useless without a file that only it can read.
tpm_put() {
	program_put keys.d tpm <<-'SH'
		#!/bin/sh
		# Turns each byte around; the host's part is a file of root's that any program may read here.
		[ -e "${0%/*}/tpm.broken" ] && exit 1
		[ -z "${TACIT_SECRET+x}" ] || exit 2
		case $#$1 in
		1wrap) { printf 'tpm1'; tr '\000-\377' '\200-\377\000-\177'; } ;;
		1unwrap) tail -c +5 | tr '\000-\377' '\200-\377\000-\177' ;;
		*) exit 3 ;;
		esac
	SH
}

CREDENTIALS_DIRECTORY=$SCRATCH/credentials
export CREDENTIALS_DIRECTORY
mkdir -m 0700 "$CREDENTIALS_DIRECTORY"
(umask 377 && head -c 32 /dev/urandom >"$CREDENTIALS_DIRECTORY/tacit-key")

agent_new a
agent_start
secret_create db_password db 1
t grant add db_password "container/$RUN_ID-reader" >/dev/null
container reader -d -v "$(mount_of)/container/$RUN_ID-reader:/run/secrets:ro" -- sh -c '
	reads=0
	while [ ! -e /tmp/end ]; do
		probe read -t db /run/secrets/db_password >/tmp/last 2>&1 || cat /tmp/last
		reads=$((reads + 1))
		echo $reads >/tmp/reads
	done' >/dev/null

# Each kind is added, labelled, and listed.
tpm_put
printf '%s' "$passphrase" | t key add --passphrase - --label 'the team' >/dev/null
recovery=$(t key add --recovery 2>/dev/null | grep -oE 'tacit1(-[a-z0-9]{4}){8}' | head -1)
[ -n "$recovery" ] || fail "no recovery key was printed"
t key add --credential >/dev/null
t key add --command tpm >/dev/null
equal "kinds" 'key_file passphrase recovery credential command' \
	"$(slots '[.slots[].kind] | join(" ")')"
equal "label" 'the team' "$(slots '.slots[1].label')"
equal "state" ok "$(slots '[.slots[].state] | unique | join(" ")')"
equal "slots, by status" 5 "$(status_of .keys.slots)"
expect 0 'command tpm' t key ls
say "5 slots, one of each kind"

# A root key is rotated under a reader, over and over; core is killed meanwhile.
before=$(docker exec "$RUN_ID-reader" cat /tmp/reads)
for i in 1 2 3 4 5 6 7 8 9 10; do
	[ $((i % 3)) -ne 0 ] || strike KILL core
	run t key rotate
	[ "$RC" -eq 0 ] || [ $((i % 3)) -eq 0 ] || fail "rotate: $OUT$ERR"
	within 10 state_is serving || fail "core does not serve after rotation $i"
done
within 20 eval '[ "$(docker exec "$RUN_ID-reader" cat /tmp/reads)" -gt $((before + 50)) ]' ||
	fail "the reader does not go on"
reads=$(docker exec "$RUN_ID-reader" cat /tmp/reads)
docker exec "$RUN_ID-reader" touch /tmp/end
equal "what the reader saw fail" '' "$(docker logs "$RUN_ID-reader" 2>&1)"
equal "slots after rotations" 5 "$(status_of .keys.slots)"
equal "trouble" null "$(status_of .keys.trouble)"
say "10 root keys, 3 cores killed meanwhile: $reads reads, none failed"

# Each alone opens the store after a reboot.
key=$ROOT/etc/tacit/key
opens_by() { # WHAT COMMAND...: the only thing there is
	local what=$1
	shift
	reboot
	[ $# -eq 0 ] || {
		state_is locked || fail "$what: not locked without it"
		within 10 "$@" || fail "$what: $("$@" 2>&1)"
	}
	equal "state, opened by $what" serving "$(status_of .state)"
	equal "the value, opened by $what" "$(value db 1)" "$(t secret reveal db_password)"
}
opens_by 'the key file'
mv "$key" "$SCRATCH/key"
opens_by 'the credential'
mv "$CREDENTIALS_DIRECTORY/tacit-key" "$SCRATCH/credential"
opens_by 'the command'
touch "$ROOT/etc/tacit/keys.d/tpm.broken"
with_passphrase() { printf '%s\n' "$passphrase" | t unlock --passphrase -; }
opens_by 'the passphrase' with_passphrase
with_recovery() { printf '%s\n' "$recovery" | tr a-z A-Z | t unlock --recovery -; }
opens_by 'the recovery key' with_recovery
opens_by 'a key file from elsewhere' t unlock --key-file "$SCRATCH/key"
reboot
like "what was tried" 'key file .*: it is not there; credential tacit-key: it is not there; the program of key slot 5: it ended with exit status 1' \
	"$(status_of .reason)"
say "after a reboot each of them opened the store alone; without any: $(status_of .reason |
	sed "s|$ROOT||")"

# Who guesses waits; so does who knows; and a core that is killed forgets nothing.
wrong() { printf 'wrong horse battery %s' "$1" | t unlock --passphrase -; }
for i in 1 2 3; do expect 5 'opens no slot' wrong "$i"; done
run wrong 4
like "a fourth guess" 'too many wrong keys: try again in 1 s' "$ERR"
is_tried() { run wrong 5 && [[ $ERR == *'opens no slot'* ]]; }
within 10 is_tried || fail "no guess after a second: $ERR"
strike KILL core
within 10 state_is locked || fail "no core after a kill"
run with_passphrase
like "the right one, too early" 'too many wrong keys: try again in [12] s' "$ERR"
within 10 with_passphrase || fail "the right passphrase after its time: $(with_passphrase 2>&1)"
t lock >/dev/null
expect 5 'opens no slot' wrong 6
with_passphrase >/dev/null
say "3 wrong passphrases are free; then 1 s, 2 s, across a kill of core; a right one ends that"

# Slots go; what was removed opens nothing; the last one stays.
rm "$ROOT/etc/tacit/keys.d/tpm.broken"
t key rm "$(slot_of recovery)" >/dev/null
t lock >/dev/null
expect 5 'opens no slot' with_recovery
t unlock >/dev/null || fail "the command does not open"
t key rm "$(slot_of key_file)" >/dev/null
t key rm "$(slot_of credential)" >/dev/null
equal "waits, with a command" false "$(status_of .keys.waits_after_reboot)"
run t key rm "$(slot_of command)"
equal "exit of the removal" 0 "$RC"
equal "waits, with a passphrase alone" true "$(status_of .keys.waits_after_reboot)"
has "$ROOT/log" "after a reboot containers wait" || fail "nobody was warned"
run t key rm "$(slot_of passphrase)"
[ "$RC" -ne 0 ] || fail "the last slot was removed"
like "the last slot" 'no sound key slot would be left' "$ERR"
reboot
equal "state of a store that waits" locked "$(status_of .state)"
like "why" "passphrase.*'tacit unlock --passphrase'" "$(status_of .reason)"
with_passphrase >/dev/null
equal "the value in the end" "$(value db 1)" "$(t secret reveal db_password)"
say "slots were removed down to one, which stays; the agent says that containers wait for it"

# Not a byte of a passphrase, a recovery key or a key in the log, in argv, or in the store.
bytes=$(base64 -d <<<"$(cut -d' ' -f2 "$SCRATCH/key")" | od -An -tx1 | tr -d ' \n')
! grep -qF "$passphrase" "$ROOT/log" || fail "the passphrase is in the log"
! grep -qF "${recovery:7:9}" "$ROOT/log" || fail "the recovery key is in the log"
for file in "$ROOT"/var/lib/tacit/store.db*; do
	! od -An -v -tx1 "$file" | tr -d ' \n' | grep -qF "$bytes" || fail "a key is in $file"
done
agent_stop

# A store that an operator makes.
agent_new b 'create_store no'
agent_launch
within 20 state_is locked || fail "no agent"
like "without a store" "there is no store: 'tacit store create' makes one" "$(status_of .reason)"
[ ! -e "$ROOT/etc/tacit/key" ] || fail "a key file was made"
printf '%s' "$passphrase" | t store create --passphrase - >"$SCRATCH/made" 2>&1 ||
	fail "store create: $(cat "$SCRATCH/made")"
equal "state of a new store" serving "$(status_of .state)"
equal "waits" true "$(status_of .keys.waits_after_reboot)"
secret_create pw pw 1
run t store create
[ "$RC" -ne 0 ] || fail "a second store was made"
reboot
equal "state after a reboot" locked "$(status_of .state)"
with_passphrase >/dev/null
equal "its value" "$(value pw 1)" "$(t secret reveal pw)"
agent_stop
say "a store with a passphrase alone, made by an operator"
