#!/usr/bin/env bash
# Goal: a random 32-byte value, and a passphrase that is one, are found nowhere but where they belong:
# not in the database, its log, a backup, the audit log and what it says, metrics, the agents' logs,
# errors, command lines, environments, API answers but reveal's, nor in what the process that speaks
# HTTP reads and writes; and in no process's memory when no file is open. When the agent is locked no
# key is in its memory either: not those of the slots, not the root key, nor one under it.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/engine.sh"
. "$SUPPORT/agent.sh"

engine_start
agent_new a 'log_level debug'
agent_start
said=$SCRATCH/said
mkdir "$said" "$SCRATCH/look"

canary=$(head -c 48 /dev/urandom | base64 -w 0 | tr -d '+/=' | head -c 32)
[ ${#canary} -eq 32 ] || canary=$(printf '%032d' 0 | tr 0 "${canary:0:1}")
printf %s "$canary" >"$SCRATCH/look/raw"
{
	printf '%s\n' "$canary"
	printf %s "$canary" | od -An -v -tx1 | tr -d ' \n'
	printf '\n'
	printf %s "$canary" | base64 -w 0 | cut -c 1-40
	# The halves, so that a value cut by a line or a limit is found too.
	printf '%s\n' "${canary:0:16}" "${canary:16:16}"
} >"$SCRATCH/look/forms"
found_in() { grep -ralF -f "$SCRATCH/look/forms" "$@" 2>/dev/null; }
printf 'password=%s;' "$canary" >"$said/proof"
[ -n "$(found_in "$said")" ] || fail "the search finds nothing at all"
rm "$said/proof"

# Command lines and environments of every process, all the while.
watch_processes() {
	trap - EXIT ERR
	local looks=0
	while [ ! -e "$SCRATCH/enough" ]; do
		found_in /proc/[0-9]*/cmdline /proc/[0-9]*/environ >>"$SCRATCH/in-processes" || true
		looks=$((looks + 1))
	done
	echo "$looks" >"$SCRATCH/looks"
}
: >"$SCRATCH/in-processes"
watch_processes &
watcher=$!
at_exit 'kill $watcher 2>/dev/null'
# What api reads and writes.
strace -qq -f -s 65536 -e trace=read,write,readv,writev,recvfrom,recvmsg,sendto,sendmsg \
	-o "$said/strace-api" -p "$(pid_of api)" &
tracer=$!
at_exit 'kill $tracer 2>/dev/null'
within 5 eval 'grep -q "TracerPid:[[:space:]]*$tracer" /proc/$(pid_of api)/status' ||
	fail "strace does not attach"

number=0
# does COMMAND...: whatever comes of it, both outputs are kept to be searched.
does() {
	number=$((number + 1))
	"$@" >"$said/$number.out" 2>"$said/$number.err" || true
}
piped() { printf %s "$canary" | "$@"; }
does piped t secret create canary -
equal "the value" "$canary" "$(t secret reveal canary)"
does piped t secret create canary -
does piped t secret create '../bad name' -
does piped t secret rotate unknown -
does piped t secret rotate canary "$SCRATCH/nosuchfile"
{
	printf %s "$canary"
	head -c 1048576 /dev/zero | tr '\0' x
} >"$SCRATCH/look/large"
does t secret create large "$SCRATCH/look/large"
does t secret create fromfile "$SCRATCH/look/raw"
does piped t secret rotate fromfile -
does t secret rotate canary --generate 24
does piped t secret rotate canary -
does t grant add canary container/web
# A bundle; a hook that says all it is told; a rotator that makes the value, and reads both.
: >"$said/hook"
chmod 0666 "$said/hook"
program_put hooks.d tell <<-PROGRAM
	#!/bin/sh
	env >>$said/hook
	tr '\\0' ' ' </proc/\$\$/cmdline >>$said/hook
PROGRAM
program_put rotators.d make <<-PROGRAM
	#!/bin/sh
	cat <&3 >/dev/null
	cat <&4 >/dev/null
	[ \$1 != make ] || cat $SCRATCH/look/raw
PROGRAM
does t secret create set/ member="$SCRATCH/look/raw"
does t grant add set/ container/set --on-rotate exec:tell
does t secret rotate set/ member="$SCRATCH/look/raw"
does t secret schedule canary --rotator make --generate 24
does t secret schedule canary --now --wait --timeout 60s
equal "the value that a rotator made" "$canary" "$(t secret reveal canary)"
equal "a member" "$canary" "$(t secret reveal set/member)"
within 60 has "$said/hook" TACIT_SECRET || fail "the hook is not run: $(t grant ls --json | jq -c '.[].hook')"
does t secret inspect set/ --json
does t export
does t secret ls --json
does t secret inspect canary
does t secret history canary --json
does t grant ls --json
does t status --json
does api GET /v1/status
does api GET /v1/secrets
does api GET /v1/secrets/canary
does api GET /v1/secrets/canary/versions
does api GET /v1/grants
does api GET /v1/consumers

# What opens the store: a passphrase, which is the canary, too; a recovery key; a program's answer.
program_put keys.d turn <<-'PROGRAM'
	#!/bin/sh
	exec tr '\000-\377' '\200-\377\000-\177'
PROGRAM
does piped t key add --passphrase - --label spoken
t key add --recovery --quiet >"$SCRATCH/look/recovery"
does t key add --command turn
equal "slots" 4 "$(t key ls --json | jq '.slots | length')"
does t key ls
does t lock
does piped t unlock --passphrase -
equal "the value, unlocked by the passphrase" "$canary" "$(t secret reveal canary)"
does t key rotate
does t store backup "$said/backup"
at_least "bytes of the backup" 4096 "$(stat -c %s "$said/backup")"
does t store verify
does t audit tail -n 1000
does t audit export --json
does t audit verify
does api GET '/v1/metrics?names=1'
does api GET '/v1/audit?from=1'
does api GET /v1/keys

mounted=(-v "$(mount_of)/container/web:/run/secrets:ro")
does container reader -d "${mounted[@]}" -- probe hold /run/secrets/canary
within 5 eval 'docker logs "$RUN_ID-reader" 2>&1 | grep -q open' || fail "the reader does not open"
equal "the container's" "$canary" "$(docker exec "$RUN_ID-reader" cat /run/secrets/canary)"
does docker inspect "$RUN_ID-reader"
strike KILL core
does t status --wait 10
equal "the container's, after a crash of core" "$canary" \
	"$(docker exec "$RUN_ID-reader" cat /run/secrets/canary)"
does t lock
does docker exec "$RUN_ID-reader" cat /run/secrets/canary
does piped t secret rotate canary -
does t unlock
equal "the value in the end" "$canary" "$(t secret reveal canary)"

# Nothing is open any more: no process holds it in clear.
docker rm -f "$RUN_ID-reader" >/dev/null
sleep 0.5
kill $tracer
wait $tracer || true
searched=""
# copies ROLE FILE: $FOUND is how often the bytes of a file are in its process's memory.
copies() {
	run "$PROBE" search "$(pid_of "$1")" "$2"
	FOUND=$(field found "$OUT")
}
for role in holder core toucher api; do
	copies $role "$SCRATCH/look/raw"
	equal "copies in the memory of $role" 0 "$FOUND"
	searched="$searched $role $(($(field searched_kib "$OUT") / 1024)) MiB,"
done

# The keys, as a second reader finds them in the store: the data keys are in core's memory while it
# is unlocked, which shows that the search finds them; locked, none of them is.
cat >"$SCRATCH/keys.py" <<'PYTHON'
"""keys.py STORE KEY-FILE RECOVERY FOLDER: each key of a store, as bytes in a file of its own."""
import sys
sys.path.insert(0, sys.argv.pop(1))
import seal, sqlite3, store
path, key_file, recovery, folder = sys.argv[1:]
it = store.Store(sqlite3.connect(path), print)
key = seal.from_key_file(open(key_file, "rb").read())
it.unlock(lambda slot: key if slot is None or slot.kind == "key_file" else None)
keys = {"key-file": key, "recovery": seal.from_recovery(open(recovery, "rb").read()), "root": it.root_key,
        "audit": it.chain_key()}
keys |= {f"data-{number}": data for number, data in it.keyring.keys.items()}
for name, data in keys.items():
    open(f"{folder}/{name}", "wb").write(data)
PYTHON
mkdir "$SCRATCH/keys"
cp "$ROOT"/var/lib/tacit/store.db* "$SCRATCH/look/"
/usr/bin/python3 "$SCRATCH/keys.py" "$TOP/tests/reader" "$SCRATCH/look/store.db" "$ROOT/etc/tacit/key" \
	"$SCRATCH/look/recovery" "$SCRATCH/keys"
at_least "keys" 5 "$(find "$SCRATCH/keys" -type f | wc -l)"
copies core "$SCRATCH/keys/data-1"
at_least "copies of the data key while core is unlocked" 1 "$FOUND"
t lock >/dev/null
for key in "$SCRATCH"/keys/*; do
	for role in holder core toucher api; do
		copies $role "$key"
		equal "copies of the ${key##*/} key in the memory of $role, locked" 0 "$FOUND"
	done
done
copies core "$SCRATCH/look/raw"
equal "copies of the value, or the passphrase, in core, locked" 0 "$FOUND"
does t status
does t unlock
agent_stop
touch "$SCRATCH/enough"
wait $watcher
equal "in a command line or an environment" "" "$(sort -u "$SCRATCH/in-processes")"
at_least "looks at all processes" 5 "$(cat "$SCRATCH/looks")"
equal "in the agent's folders" "" "$(found_in "$ROOT" || true)"
equal "in what was printed, answered, read and written by api" "" "$(found_in "$said" || true)"
at_least "bytes traced of api" 10000 "$(stat -c %s "$said/strace-api")"
say "searched: $(find "$ROOT" -type f | wc -l) files of the agent (database, its log, logs)," \
	"$number commands' outputs, API answers,"
say "  $(wc -l <"$said/strace-api") reads and writes of api, all command lines and environments" \
	"$(cat "$SCRATCH/looks") times,"
say "  memory:${searched%,}: 0 hits, raw, hex, base64 or halves;" \
	"locked: 0 copies of $(find "$SCRATCH/keys" -type f | wc -l) keys in four processes"
