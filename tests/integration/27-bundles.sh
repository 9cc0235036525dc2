#!/usr/bin/env bash
# Goal: secrets that change together: made, rotated in one commit, granted as a folder whose inodes
# stay, on both kinds of mount and through `self`; generations by name; and what may not be.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/engine.sh"
. "$SUPPORT/agent.sh"

engine_start
agent_new a "engine $TACIT_DOCKER_SOCKET"
agent_start
put() { # N: the members' values
	value cert "$1" >"$SCRATCH/cert"
	value key "$1" >"$SCRATCH/key"
}
put 1
t secret create tls/ cert="$SCRATCH/cert" key="$SCRATCH/key" >/dev/null
expect 1 'exists|there is' t secret create tls/ cert="$SCRATCH/cert"
web=container/$RUN_ID-web one=container/$RUN_ID-one
for consumer in "$web" "$one"; do t grant add tls/ "$consumer" >/dev/null; done
equal "the grants" 4 "$(t grant ls --json | jq length)"
like "a path" "/$web/tls/cert\$" "$(t grant ls --secret tls/cert --consumer "$web" --json | jq -r '.[].path')"
container web -d -v "$(mount_of)/$web:/run/secrets:ro" -v "$(mount_of)/self:/self:ro" -- sleep 1000 \
	>/dev/null
container one -d -v "$(mount_of)/$one/tls:/run/secrets/tls:ro" -- sleep 1000 >/dev/null
inside() { docker exec "$RUN_ID-$1" "${@:2}"; }
# pair WHO FOLDER: both members, opened by one process.
pair() { inside "$1" sh -c "cat $2/cert; echo; cat $2/key"; }
pair_of() { printf '%s\n%s' "$(value cert "$1")" "$(value key "$1")"; }
inodes() { inside "$1" stat -c %i /run/secrets/tls /run/secrets/tls/cert /run/secrets/tls/key | xargs; }
generation() { t secret inspect tls/ --json | jq -r '.[0].generation'; }
web_inodes=$(inodes web) one_inodes=$(inodes one)
for ((n = 2; n <= 12; n++)); do
	put $n
	t secret rotate tls/ cert="$SCRATCH/cert" key="$SCRATCH/key" >/dev/null
	for who in web one; do
		equal "$who, generation $n" "$(pair_of $n)" "$(pair $who /run/secrets/tls)"
	done
done
equal "through self" "$(pair_of 12)" "$(pair web /self/tls)"
equal "the generation" 12 "$(generation)"
equal "inodes in the directory" "$web_inodes" "$(inodes web)"
equal "inodes in the folder" "$one_inodes" "$(inodes one)"
equal "what is listed" 'tls' "$(inside web ls /run/secrets)"
equal "what is listed below" 'cert key' "$(inside web ls /run/secrets/tls | xargs)"
say "a folder of two members, rotated 11 times: each pair was one generation, inodes stayed"

# Generations by name.
equal "the one before" "$(pair_of 11)" "$(pair web /run/secrets/tls@11)"
equal "the newest, by name" "$(pair_of 12)" "$(pair web /run/secrets/tls@12)"
kept=$(t secret inspect tls/ --json | jq -r '[.[0].kept[].generation] | min')
equal "the oldest" "$(pair_of "$kept")" "$(pair web "/run/secrets/tls@$kept")"
for name in "tls@$((kept - 1))" tls@13 tls@0 tls@01 tls@ tls@x "tls@99999999999999999999"; do
	expect 1 'ENOENT' inside web probe read "/run/secrets/$name/cert"
done
say "generations $kept to 12 are there by name"

# A part of them; a member alone; a rollback of a member: each is a generation.
value cert 20 >"$SCRATCH/cert"
t secret rotate tls/ cert="$SCRATCH/cert" >/dev/null
equal "a part" "$(value cert 20)"$'\n'"$(value key 12)" "$(pair web /run/secrets/tls)"
value key 21 | t secret rotate tls/key - >/dev/null
equal "a member" "$(value cert 20)"$'\n'"$(value key 21)" "$(pair web /run/secrets/tls)"
t secret rollback tls/key >/dev/null
equal "a member rolled back" "$(value cert 20)"$'\n'"$(value key 12)" "$(pair web /run/secrets/tls)"
equal "the generation" 15 "$(generation)"

# The rule: a process that has begun goes on with its generation.
: >"$SCRATCH/begun"
{
	within 20 has "$SCRATCH/begun" begun || fail "the process does not begin"
	put 30
	t secret rotate tls/ cert="$SCRATCH/cert" key="$SCRATCH/key" >/dev/null
	echo go
} | docker exec -i "$RUN_ID-web" sh -c '
	print() { while read -r line || [ -n "$line" ]; do echo "$line"; done; }
	cd /run/secrets/tls
	print <cert; echo begun >&2; read -r _; print <key; print <key' \
	>"$SCRATCH/said" 2>"$SCRATCH/begun" || fail "the process: $(cat "$SCRATCH/begun")"
like "what it read" "^$(value cert 20)" "$(head -n 1 "$SCRATCH/said")"
equal "a member that it opened twice" "$(value key 30)" "$(tail -n 1 "$SCRATCH/said")"
equal "a new process" "$(pair_of 30)" "$(pair web /run/secrets/tls)"

# A new member; one that is removed.
value ca 1 | t secret create tls/ca - >/dev/null
equal "the members" 'ca cert key' \
	"$(t secret inspect tls/ --json | jq -r '.[0].members[].member' | sort | xargs)"
expect 1 'ENOENT' inside web probe read /run/secrets/tls/ca
t grant add tls/ca "$web" --as tls/ca >/dev/null
equal "the new member" "$(value ca 1)" "$(inside web cat /run/secrets/tls/ca)"
t grant rm tls/ca "$web" >/dev/null
t secret rm tls/ca >/dev/null
equal "the rest" "$(pair_of 30)" "$(pair web /run/secrets/tls)"

# What may not be.
secret_create other other 1
expect 2 'bundle' t grant add other "$web" --as tls/other
expect 1 'exists|folder|file' t grant add other "$web" --as tls
expect 2 'version' t grant add tls/ container/xx --version 1
expect 2 'reads' t grant add tls/ container/xx --reads 1
expect 2 'previous' t grant add tls/ container/xx --with-previous
expect 4 'no such' t secret rotate none/ cert="$SCRATCH/cert"
expect 4 'no such|member' t secret rotate tls/ none="$SCRATCH/cert"
expect 2 'MEMBER|name' t secret rotate tls/ "$SCRATCH/cert"
expect 2 'name|segment' t secret create bad/ ../x="$SCRATCH/cert"
expect 1 'granted' t secret rm tls/
equal "after all of it" "$(pair_of 30)" "$(pair web /run/secrets/tls)"
# As text, and back.
t export >"$SCRATCH/access"
has "$SCRATCH/access" "^grant tls/cert $web as=tls/cert" || fail "export: $(cat "$SCRATCH/access")"
equal "applied again" '' "$(t apply "$SCRATCH/access" --prune --json | jq -r '.changes[]')"

# Revoked: nothing is there. Granted again: the same inodes.
t grant rm tls/ "$web" >/dev/null
expect 1 'ENOENT' inside web probe read /run/secrets/tls/cert
equal "what is listed" '' "$(inside web ls /run/secrets)"
t grant add tls/ "$web" >/dev/null
equal "inodes, granted again" "$web_inodes" "$(inodes web)"
# Locked, killed, unlocked.
t lock >/dev/null
expect 1 'ENOKEY' inside one probe read /run/secrets/tls/cert
strike KILL core
within 20 t status || true
expect 1 'ENOKEY' inside web probe read /run/secrets/tls/cert
t unlock >/dev/null
for who in web one; do
	equal "$who, unlocked" "$(pair_of 30)" "$(pair $who /run/secrets/tls)"
done
equal "inodes in the folder, at last" "$one_inodes" "$(inodes one)"
t secret rm tls/ --force >/dev/null
expect 1 'ENOENT' inside one probe read /run/secrets/tls/cert
equal "secrets" other "$(t secret ls --quiet)"
say "revoked and granted again, locked and unlocked, core killed: the folder's inodes stayed"
