#!/usr/bin/env bash
# Goal: what the agent writes is what FORMAT.md says: a second reader that was written from it alone
# (tests/reader) opens a stopped agent's store and its backup with every kind of key, and finds every
# version, every grant, the anchor, and every read and change in the audit log; a store that somebody
# was at it refuses, as the agent does.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/agent.sh"

secrets=${SECRETS:-12}
reads=${READS:-40}
reader=61001
passphrase='correct horse battery staple'
/usr/bin/python3 -c 'import nacl.bindings' 2>/dev/null || skip "Debian's python3-nacl is not there"

# second STORE ARGUMENTS...: what the second reader says is left in $OUT.
second() { run /usr/bin/python3 -B "$TOP/tests/reader/tacit_reader.py" "$@"; }
said() { jq -r "$1" <<<"$OUT"; }
# Every secret's current value by its name, as the second reader's JSON in $OUT has it.
values() {
	said '.secrets[] | .current as $current |
		"\(.name) \(.versions[] | select(.version == $current) | .value)"' | sort
}
# And as the command line says.
revealed() {
	local name
	for name in $(t secret ls -q); do
		printf '%s %s\n' "$name" "$(t secret reveal "$name" | base64 -w 0)"
	done | sort
}
store_of() { echo "$ROOT/var/lib/tacit"; }

agent_new a "audit_file_size 64"
agent_start
for ((i = 1; i <= secrets; i++)); do secret_create "many/s$i" "s$i" 1 $((i * 900)); done
secret_create db/password db 1
for ((i = 2; i <= 5; i++)); do secret_rotate db/password db $i; done
head -c 300 /dev/urandom >"$SCRATCH/octets"
t secret create octets - <"$SCRATCH/octets" >/dev/null
t grant add db/password "user/$reader" --with-previous >/dev/null
t grant add many/s1 container/web --mode 0440 --reads 3 --newline >/dev/null
t grant add many/s2 container/web >/dev/null
t grant rm many/s2 container/web >/dev/null
t consumer freeze container/other >/dev/null
recovery=$(t key add --recovery -q)
printf '%s\n' "$passphrase" | t key add --passphrase - --label 'the safe' >/dev/null
t key rotate >/dev/null
setpriv --reuid $reader --regid $reader --clear-groups sh -c \
	"for i in $(seq -s ' ' "$reads"); do cat '$(mount_of)/user/$reader/password'; done" >/dev/null
printf '%s\n' "$recovery" >"$SCRATCH/recovery"
printf '%s' "$passphrase" >"$SCRATCH/passphrase"
expect 0 'backed up generation' t store backup "$SCRATCH/backup"
revealed >"$SCRATCH/wanted"
t grant ls --json >"$SCRATCH/grants"
agent_stop

anchor=$ROOT/var/lib/tacit-anchor/anchor
key=("--key-file" "$ROOT/etc/tacit/key")
audit=$(find "$(store_of)" -name audit.state -printf '%h')
second "$(store_of)/store.db" "${key[@]}" --anchor "$anchor" --audit "$audit"
equal "exit of the second reader: $ERR$(said .problems)" 0 "$RC"
equal "values, by the key file" "$(cat "$SCRATCH/wanted")" "$(values)"
equal "versions of db/password that are kept" "$(said '[.secrets[] | select(.name == "db/password") | .versions[].version] | max')" 5
equal "octets" "$(base64 -w 0 "$SCRATCH/octets")" "$(values | sed -n 's/^octets //p')"
equal "anchor" ok "$(said .anchor)"
equal "slots" "key_file passphrase recovery" "$(said '[.slots[].kind] | sort | join(" ")')"
equal "slots that the root key vouches for" 3 "$(said '[.slots[] | select(.vouched)] | length')"
equal "a label" 'the safe' "$(said '.slots[] | select(.kind == "passphrase") | .label')"
equal "grants that live" "$(jq length "$SCRATCH/grants")" "$(said '[.grants[] | select(.revoked_ns == 0)] | length')"
equal "tombstones" 1 "$(said '[.grants[] | select(.revoked_ns != 0)] | length')"
equal "mode, reads and flags" '288 3 1' "$(said '.grants[] | select(.reads != 0) | "\(.mode) \(.reads) \(.flags)"')"
equal "a frozen consumer" container/other "$(said '.consumers[] | select(.frozen_ns != 0) | .consumer')"
equal "reads in the audit log" "$reads" "$(said '[.audit[] | select(.kind == "read" and .secret == "db/password")] | length')"
at_least "changes in the audit log" $((secrets + 9)) "$(said '[.audit[] | select(.kind == "change")] | length')"
equal "audit records without a gap" true "$(said '[.audit[].number] | . == [range(.[0]; .[0] + length)]')"
say "the second reader: generation $(said .generation), $(said '.secrets | length') secrets," \
	"$(said .values) values, $(said '.audit | length') audit records"

second "$(store_of)/store.db" --passphrase "$SCRATCH/passphrase"
equal "values, by the passphrase" "$(cat "$SCRATCH/wanted")" "$(values)"
second "$SCRATCH/backup" --recovery "$SCRATCH/recovery"
equal "exit for the backup: $ERR$(said .problems)" 0 "$RC"
equal "values of the backup, by the recovery key" "$(cat "$SCRATCH/wanted")" "$(values)"
second "$SCRATCH/backup" "${key[@]}"
equal "values of the backup, by the key file" "$(cat "$SCRATCH/wanted")" "$(values)"

# What is wrong has a number of its own, and a name.
refused() {
	local status=$1 check=$2
	shift 2
	second "$@"
	equal "exit for what is wrong with $check" "$status" "$RC"
	like "what is wrong" "$check" "$(said '[.problems[].check] | join(" ")')"
}
printf 'another passphrase' >"$SCRATCH/other"
refused 12 unlock "$SCRATCH/backup" --passphrase "$SCRATCH/other"
refused 20 anchor "$SCRATCH/backup" "${key[@]}" --anchor "$anchor"
refused 20 anchor "$SCRATCH/backup" "${key[@]}" --anchor "$SCRATCH/none"
cp "$SCRATCH/backup" "$SCRATCH/changed"
sqlite3 "$SCRATCH/changed" "DELETE FROM value WHERE rowid = (SELECT min(rowid) FROM value)"
refused 18 rows "$SCRATCH/changed" "${key[@]}"
cp -R "$audit" "$SCRATCH/audit"
truncate -s -200 "$(find "$SCRATCH/audit" -name 'audit-*' | sort | tail -n 1)"
refused 21 audit "$(store_of)/store.db" "${key[@]}" --audit "$SCRATCH/audit"

# And the agent goes on with what was read.
agent_start
equal "values, by the agent" "$(cat "$SCRATCH/wanted")" "$(revealed)"
