#!/usr/bin/env bash
# Goal: a backup is taken while secrets are rotated and read, and fails no read; another machine goes
# on with it by the recovery key or a passphrase, every value as it was; one that was cut off or
# changed, or that the wrong key is given for, is refused and changes nothing; a full disk and ^C
# leave nothing behind.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/agent.sh"

secrets=${SECRETS:-20} backups=${BACKUPS:-8} flips=${FLIPS:-24}
reader=61001
passphrase='correct horse battery'
store_of() { echo "$ROOT/var/lib/tacit"; }

# What restores leave of an agent: its secrets with every value, and who may read them.
fingerprint() {
	local name
	t export
	for name in $(t secret ls -q | sort); do
		printf '%s %s\n' "$name" "$(t secret reveal "$name" | sha256sum)"
	done
}
# What a copy under way takes on the agent's disk.
copies() { find "$(store_of)" -mindepth 1 -path '*backup*' -o -mindepth 1 -path '*restore*'; }

agent_new a
agent_start
secret_create db db 1
for ((i = 1; i <= secrets; i++)); do secret_create "many/s$i" "s$i" 1 $((i * 8000)); done
t grant add db user/$reader >/dev/null
t grant add many/s1 container/web --mode 0440 >/dev/null
recovery=$(t key add --recovery -q)
like "a recovery key" '^tacit1(-[02-9ac-hj-np-z]{4}){8}$' "$recovery"
printf '%s\n' "$passphrase" | t key add --passphrase - --label 'the safe' >/dev/null
expect 0 'key file.*recovery key.*the safe' t key ls

# Rotations go on all the while, until the file `enough` is there.
rotate_for_ever() {
	local n=1
	trap - EXIT ERR
	while [ ! -e "$SCRATCH/enough" ]; do
		n=$((n + 1))
		secret_rotate db db $n && note_acknowledged $n
	done
	echo $n >"$SCRATCH/rotations"
}
setpriv --reuid $reader --regid $reader --clear-groups "$PROBE" loop -n 4 -t db \
	-f "$SCRATCH/floor/version" "$(mount_of)/user/$reader/db" >"$SCRATCH/readers" 2>&1 &
readers=$!
rotate_for_ever &
rotator=$!
for ((i = 1; i <= backups; i++)); do
	run t store backup "$SCRATCH/backup$i" --json
	equal "exit of backup $i ($ERR)" 0 "$RC"
	equal "size of backup $i" "$(jq .size <<<"$OUT")" "$(stat -c %s "$SCRATCH/backup$i")"
	equal "mode of backup $i" 600 "$(stat -c %a "$SCRATCH/backup$i")"
done
touch "$SCRATCH/enough"
wait $rotator || fail "a rotation failed beside a backup"
kill $readers
wait $readers || fail "reads failed: $(tail -n 3 "$SCRATCH/readers")"
tally=$(tail -n 1 "$SCRATCH/readers")
for count in failed wrong older backward; do
	equal "$count reads ($tally)" 0 "$(field $count "$tally")"
done
at_least "reads beside backups" 100 "$(field reads "$tally")"
expect 0 'nothing is wrong' t store verify
equal "copies left in the agent's folder" '' "$(copies)"
say "$backups backups while $(cat "$SCRATCH/rotations") rotations and $(field reads "$tally")" \
	"reads went on: 0 reads failed"

backup=$SCRATCH/whole
expect 0 'backed up generation' t store backup "$backup"
fingerprint >"$SCRATCH/wanted"
! grep -qaF "$(value s1 1 8000)" "$backup" || fail "a backup holds a value in clear"
expect 1 'is there already' t store backup "$backup"
t store backup - >"$SCRATCH/piped"
at_least "bytes through a pipe" 1000 "$(stat -c %s "$SCRATCH/piped")"
expect 2 'not both' t store restore - --passphrase -

# new_machine NAME: another agent, with a key of its own and no secret.
new_machine() {
	agent_new "$1"
	agent_start
	expect 5 'opens no slot.*nothing was changed' t store restore "$backup"
	equal "secrets of a new machine" '' "$(t secret ls -q)"
}
new_machine b
# shellcheck disable=SC2034  # read in eval
other=$(t key add --recovery -q)
run t store restore "$backup" --recovery - # no line at all
equal "exit without a recovery key" 2 "$RC"
run eval 't store restore "$backup" --recovery - <<<"$other"'
equal "exit with another recovery key ($OUT)" 5 "$RC"
like "what it says" 'nothing was changed' "$ERR"
run eval 't store restore "$backup" --recovery - <<<"${recovery^^}"'
equal "exit of a restore by the recovery key ($ERR)" 0 "$RC"
equal "all of it, by the recovery key" "$(cat "$SCRATCH/wanted")" "$(fingerprint)"
expect 0 'nothing is wrong' t store verify
expect 0 'added slot' t key add --key-file "$ROOT/etc/tacit/key"
agent_stop
agent_start
equal "all of it, after a start" "$(cat "$SCRATCH/wanted")" "$(fingerprint)"

new_machine c
run eval 't store restore "$backup" --passphrase - <<<"wrong horse"'
equal "exit with a wrong passphrase" 5 "$RC"
run eval 't store restore "$backup" --passphrase - <<<"$passphrase"'
equal "exit of a restore by the passphrase ($ERR)" 0 "$RC"
equal "all of it, by the passphrase" "$(cat "$SCRATCH/wanted")" "$(fingerprint)"

# Backups that were taken beside rotations: each is of one moment.
for ((i = 1; i <= backups; i += 3)); do
	run eval 't store restore "$SCRATCH/backup$i" --force --recovery - <<<"$recovery"'
	equal "exit of restoring backup $i ($ERR)" 0 "$RC"
	version=$(t secret inspect db --json | jq '.[0].version')
	equal "db of backup $i" "$(value db "$version")" "$(t secret reveal db)"
	equal "s$secrets of backup $i" "$(value "s$secrets" 1 $((secrets * 8000)))" \
		"$(t secret reveal "many/s$secrets")"
done
say "restored on two other machines, by the recovery key and by the passphrase: $((secrets + 1))" \
	"values and all grants are the same"

# On the first machine, which has secrets and opens its own backups by itself.
ROOT=$SCRATCH/a
secret_create later later 1
fingerprint >"$SCRATCH/later"
unchanged() { equal "$1" "$(cat "$SCRATCH/later")" "$(fingerprint)"; }
expect 1 'with .* secrets.*--force' t store restore "$backup"
unchanged "after a restore that was not forced"
size=$(stat -c %s "$backup")
for length in 1 100 4095 4096 $((size / 2)) $((size - 4096)) $((size - 1)); do
	head -c "$length" "$backup" >"$SCRATCH/cut"
	run t store restore "$SCRATCH/cut" --force
	[ "$RC" -ne 0 ] || fail "a backup cut off at $length of $size was taken"
	like "what is said of one cut off at $length" 'tacit: store restore: .*;' "$ERR"
done
: >"$SCRATCH/cut"
expect 2 'empty; nothing was changed' t store restore "$SCRATCH/cut" --force
unchanged "after backups that were cut off"
# flip OFFSET: a copy of the backup with one bit of that byte changed.
flip() {
	local byte
	cp "$backup" "$SCRATCH/flipped"
	byte=$(od -An -tu1 -j "$1" -N 1 "$backup")
	printf '%b' "\\x$(printf %x $((byte ^ 1 << $1 % 8)))" |
		dd of="$SCRATCH/flipped" bs=1 seek="$1" conv=notrunc status=none
}
refused=0 harmless=0
for ((i = 0; i < flips; i++)); do
	flip $((size / flips * i + i * 37 % 4096))
	run t store restore "$SCRATCH/flipped" --force
	if [ "$RC" -ne 0 ]; then
		refused=$((refused + 1))
		like "what is said of flip $i" 'tacit: store restore: .*;' "$ERR"
	else # a byte that means nothing
		harmless=$((harmless + 1))
		equal "values in spite of flip $i" "$(cat "$SCRATCH/wanted")" "$(fingerprint)"
		secret_create later later 1
	fi
	unchanged "after flip $i"
done
at_least "flipped backups that were refused" $((flips / 2)) $refused
equal "copies left in the agent's folder" '' "$(copies)"
expect 0 'kept as .*replaced' t store restore "$backup" --force
equal "all of it, by the agent's own key" "$(cat "$SCRATCH/wanted")" "$(fingerprint)"
expect 0 'restored generation' eval 'cat "$SCRATCH/piped" | t store restore - --force'
equal "all of it, through pipes" "$(cat "$SCRATCH/wanted")" "$(fingerprint)"
say "8 backups cut off, $refused with a flipped bit refused, $harmless where it meant nothing;" \
	"without --force a store with secrets stays"

# A disk that is too small for it.
mkdir "$SCRATCH/full"
mount -t tmpfs -o size=1m tmpfs "$SCRATCH/full"
at_exit 'umount "$SCRATCH/full"'
expect 1 'No space left' t store backup "$SCRATCH/full/backup"
equal "left on the full disk" '' "$(ls -A "$SCRATCH/full")"
expect 1 'No space left' eval 't store backup - >"$SCRATCH/full/piped"'
equal "copies left in the agent's folder" '' "$(copies)"

# ^C, as early as it can come and later.
interrupted=0
for wait in 0 0.02 0.05 0.1; do
	env --default-signal=INT "$BIN/tacit" --root "$ROOT" store backup "$SCRATCH/given-up" \
		>"$SCRATCH/out" 2>&1 &
	pid=$!
	within 5 test -e "$SCRATCH/given-up.part" -o -e "$SCRATCH/given-up" ||
		fail "no backup was begun: $(cat "$SCRATCH/out")"
	sleep $wait
	kill -INT $pid 2>/dev/null || true
	RC=0
	wait $pid || RC=$?
	[ ! -e "$SCRATCH/given-up.part" ] || fail "^C left a part of a backup"
	if [ -e "$SCRATCH/given-up" ]; then # it came when all was done
		expect 0 'restored' t store restore "$SCRATCH/given-up" --force
		rm "$SCRATCH/given-up"
	else
		equal "exit of a backup that ^C ended" 130 $RC
		interrupted=$((interrupted + 1))
	fi
	equal "copies left in the agent's folder after ^C" '' "$(copies)"
done
# And while it waits for whoever reads it: a pipe that is full.
mkfifo "$SCRATCH/slow"
exec 8<>"$SCRATCH/slow"
env --default-signal=INT "$BIN/tacit" --root "$ROOT" store backup - >&8 2>"$SCRATCH/out" &
pid=$!
within 20 eval '[ "$(awk "/^wchar/ { print \$2 }" /proc/$pid/io)" -ge 65536 ]' ||
	fail "nothing is written: $(cat "$SCRATCH/out")"
kill -INT $pid
RC=0
wait $pid || RC=$?
exec 8>&-
equal "exit of a backup that ^C ended while nobody read it" 130 $RC
equal "copies left in the agent's folder after ^C" '' "$(copies)"
interrupted=$((interrupted + 1))
expect 0 'backed up' t store backup "$SCRATCH/given-up"
say "a full disk and $interrupted times ^C left nothing behind"
