#!/usr/bin/env bash
# Goal: what narrows a grant, each with a running container: an end in time, a version, a newline,
# the main process alone; a consumer that is frozen; one path for the grants of each; access as a
# file; and what `grant check` says of it all.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/engine.sh"
. "$SUPPORT/agent.sh"

engine_start
agent_new a "engine $TACIT_DOCKER_SOCKET"
agent_start
secret_create db_password db 1
secret_create mail_token mail 1
web=container/$RUN_ID-web
secrets=/run/secrets
t grant add db_password "$web" >/dev/null
container web -d -v "$(mount_of)/$web:/run/secrets:ro" -- sleep 1000 >/dev/null
inside() { docker exec "$RUN_ID-web" "$@"; }
# held FILE: an open file, to be read from again by `read_held`; one at a time.
held() {
	: >"$SCRATCH/hold"
	inside probe hold "$secrets/$1" >"$SCRATCH/hold" &
	within 5 has "$SCRATCH/hold" open || fail "hold does not open $1"
}
read_held() {
	local lines
	lines=$(wc -l <"$SCRATCH/hold")
	inside killall -USR1 probe
	within 5 eval '[ "$(wc -l <"$SCRATCH/hold")" -gt '"$lines"' ]' || fail "hold did not read"
	tail -n 1 "$SCRATCH/hold"
}
let_go() { inside killall -TERM probe; }
reads_nothing() { expect 1 'ENOENT|EACCES' inside probe read "$secrets/$1"; }

# --expires
started=$(now_ms)
t grant add db_password "$web" --as short --expires 8s >/dev/null
held short
like "an open file before its end" 'version 1,' "$(read_held)"
equal "a read before its end" "$(value db 1)" "$(inside cat $secrets/short)"
within 60 eval '! inside cat $secrets/short' || fail "a grant of 8 s does not end"
took=$(($(now_ms) - started))
at_least "how long a grant of 8 s lasted, in ms" 8000 $took
reads_nothing short
like "an open file after its end" 'read: E' "$(read_held)"
let_go
unlike "the files listed" short "$(inside ls $secrets)"
equal "its state" expired \
	"$(t grant ls --consumer "$web" --json | jq -r '.[] | select(.file == "short").state')"
expect 2 '' t grant add db_password "$web" --as past --expires 2020-01-01T00:00:00Z
expect 2 '' t grant add db_password "$web" --as never --expires 0s
say "--expires 2s: ended after $took ms, an open file with it"

# --version
t grant add db_password "$web" --as pinned --version 1 >/dev/null
for n in 2 3 4; do
	secret_rotate db_password db $n
	equal "the pinned file after rotation $n" "$(value db 1)" "$(inside cat $secrets/pinned)"
	equal "the other file after rotation $n" "$(value db $n)" \
		"$(inside cat $secrets/db_password)"
done
for ((n = 5; n <= 16; n++)); do secret_rotate db_password db $n; done
equal "the pinned file, 15 rotations later" "$(value db 1)" "$(inside cat $secrets/pinned)"
expect 4 '' t grant add db_password "$web" --as nowhere --version 99
say "--version 1: the same over 15 rotations, when 10 versions are kept"

# --newline
t grant add db_password "$web" --as line --newline >/dev/null
equal "bytes with a newline" $(($(value db 16 | wc -c) + 1)) "$(inside cat $secrets/line | wc -c)"
equal "its size" $(($(value db 16 | wc -c) + 1)) \
	"$(inside probe stat $secrets/line | cut -d' ' -f4)"
equal "the last byte" 0a "$(inside cat $secrets/line | tail -c 1 | od -An -tx1 | tr -d ' ')"
equal "the rest" "$(value db 16)" "$(inside cat $secrets/line)"
say "--newline: one byte more, also in its size"

# --main-process: process 1 alone, whichever of its threads; not its children, not docker exec.
main=container/$RUN_ID-main
t grant add db_password "$main" --main-process >/dev/null
main_runs() {
	docker rm -f "$RUN_ID-main" >/dev/null 2>&1 || true
	container main -v "$(mount_of)/$main:/run/secrets:ro" -- "$@"
}
for how in read thread; do
	expect 0 "^$(value db 16)$" main_runs probe $how $secrets/db_password
done
expect 1 'ENOENT|EACCES' main_runs sh -c "probe read $secrets/db_password; exit \$?"
docker rm -f "$RUN_ID-main" >/dev/null
main_runs_on() { container main -d -v "$(mount_of)/$main:/run/secrets:ro" -- "$@"; }
main_runs_on probe hold $secrets/db_password >/dev/null
within 5 eval 'docker logs "$RUN_ID-main" 2>&1 | grep -q open' || fail "process 1 does not open"
expect 1 'ENOENT|EACCES' docker exec "$RUN_ID-main" probe read $secrets/db_password
docker kill -s USR1 "$RUN_ID-main" >/dev/null
within 5 eval 'docker logs "$RUN_ID-main" 2>&1 | grep -q "version 16,"' ||
	fail "process 1 does not read: $(docker logs "$RUN_ID-main" 2>&1)"
say "--main-process: process 1 reads, by another thread too; its child and docker exec do not"

# freeze, thaw
held db_password
like "an open file" 'version 16,' "$(read_held)"
t consumer freeze "$web" >/dev/null
reads_nothing db_password
like "an open file of a frozen consumer" 'read: E' "$(read_held)"
docker kill -s USR1 "$RUN_ID-main" >/dev/null
within 5 eval '[ "$(docker logs "$RUN_ID-main" 2>&1 | grep -c "version 16,")" = 2 ]' ||
	fail "another consumer's open file: $(docker logs "$RUN_ID-main" 2>&1)"
equal "frozen in the list" true \
	"$(t consumer ls --json | jq ".[] | select(.consumer == \"$web\").frozen")"
t consumer thaw "$web" >/dev/null
equal "a read after the thaw" "$(value db 16)" "$(inside cat $secrets/db_password)"
like "the file that was open" 'read: E' "$(read_held)"
let_go
say "freeze: opens and open files end at once; thaw: new opens read, what was open stays ended"

# self: one line for every service.
project=shop$$
image=$(docker image inspect -f '{{.Id}}' "$TACIT_IMAGE")
t grant add db_password "compose/$project/a" --as password >/dev/null
t grant add mail_token "compose/$project/b" >/dev/null
service() {
	container "$1" -d --label "com.docker.compose.project=$project" \
		--label "com.docker.compose.service=$1" -v "$(mount_of)/self:/run/secrets:ro" -- \
		sleep 1000 >/dev/null
}
service a
service b
in_service() { docker exec "$RUN_ID-$1" "${@:2}"; }
expect 1 'ENOENT' in_service a probe read $secrets/password
equal "self, bound by labels alone" '' "$(in_service a ls -A /run/secrets 2>/dev/null || true)"
t consumer bind "compose/$project/a" "image=$image" >/dev/null
t consumer bind "compose/$project/b" "image=$image" >/dev/null
equal "a's self" password "$(in_service a ls -A /run/secrets)"
equal "b's self" mail_token "$(in_service b ls -A /run/secrets)"
equal "what a reads" "$(value db 16)" "$(in_service a cat $secrets/password)"
equal "what b reads" "$(value mail 1)" "$(in_service b cat $secrets/mail_token)"
expect 1 ENOENT in_service a probe read $secrets/mail_token
expect 1 ENOENT in_service b probe read $secrets/password
stranger=(setpriv --reuid 65534 --regid 65534 --clear-groups)
equal "self to a stranger" '' "$("${stranger[@]}" ls -A "$(mount_of)/self" 2>/dev/null || true)"
expect 1 'ENOENT|EACCES' "$PROBE" read "$(mount_of)/self/password"
say "self: one volume line, two services, each its own; nothing for who is known by labels alone"

# Access as a file.
everything() { t export && t grant ls --json | jq -c '.[] | {secret, consumer, file, created_at}'; }
t consumer freeze "compose/$project/b" >/dev/null
t export >"$SCRATCH/access"
before=$(everything)
like "what is exported" "grant db_password $web as=pinned version=1" "$(cat "$SCRATCH/access")"
like "what is exported" "bind compose/$project/a image=$image" "$(cat "$SCRATCH/access")"
like "what is exported" "freeze compose/$project/b" "$(cat "$SCRATCH/access")"
unlike "what is exported" "$(value db 16)" "$(cat "$SCRATCH/access")"
changes() { t apply "$@" --json | jq -r '.changes[] | .action + " " + .line'; }
equal "changes by what was exported" '' "$(changes "$SCRATCH/access" --prune)"
equal "everything after that" "$before" "$(everything)"

sed "/as=line/d; s/\(as=pinned\) version=1/\1 version=16/" "$SCRATCH/access" >"$SCRATCH/edited"
echo "grant mail_token $web reads=2 # new" >>"$SCRATCH/edited"
wanted="add grant mail_token $web reads=2
change grant db_password $web as=pinned version=16"
equal "changes by an edited file, dry run" "$wanted" \
	"$(changes "$SCRATCH/edited" --dry-run | sort)"
equal "everything after a dry run" "$before" "$(everything)"
for line in 'grant' 'grant nosuchsecret container/x1' "grant mail_token $web mode=9999" 'bind x y' \
	"grant mail_token $web"; do
	{ cat "$SCRATCH/edited" && echo "$line"; } >"$SCRATCH/bad"
	run t apply "$SCRATCH/bad" --prune
	[ "$RC" -ne 0 ] || fail "a file with the line '$line' was applied"
	equal "everything after the bad line '$line'" "$before" "$(everything)"
done
equal "changes by an edited file" "$wanted" "$(changes "$SCRATCH/edited" | sort)"
equal "the new file" "$(value mail 1)" "$(inside cat $secrets/mail_token)"
equal "the changed file" "$(value db 16)" "$(inside cat $secrets/pinned)"
equal "a file that is not in the edited one" "$(value db 16)" "$(inside cat $secrets/line)"
equal "applied again" '' "$(changes - <"$SCRATCH/edited")"
equal "changes when pruning" "remove grant db_password $web as=line newline" \
	"$(changes "$SCRATCH/edited" --prune)"
reads_nothing line
equal "the first file, applied to the end" '' \
	"$(changes "$SCRATCH/access" --prune >/dev/null && diff <(t export) "$SCRATCH/access")"
say "export and apply: idempotent; a dry run and any bad line change nothing; --prune takes away"

# grant check
check() { expect "$1" "$2" t grant check "${@:3}"; }
t consumer thaw "compose/$project/b" >/dev/null
check 0 '' db_password "$web" --as db_password
check 0 '' db_password "$web" --as db_password --container "$RUN_ID-web"
pid=$(docker inspect -f '{{.State.Pid}}' "$RUN_ID-web")
check 0 '' db_password "$web" --as db_password --pid "$pid"
check 3 'consumer' db_password "$web" --as db_password --container "$RUN_ID-a"
check 3 'host|container' db_password "$web" --as db_password --pid $$
check 3 'end|expire' db_password "$web" --as short
check 0 'image' mail_token "compose/$project/b"
check 0 'image' mail_token "compose/$project/b" --container "$RUN_ID-b"
check 4 '' unknown "$web"
run t grant check mail_token "container/$RUN_ID-none"
[ "$RC" -eq 3 ] || [ "$RC" -eq 4 ] || fail "check of what is not granted: exit $RC: $OUT$ERR"
t consumer freeze "$web" >/dev/null
check 3 'frozen|freeze' db_password "$web" --as db_password
t consumer thaw "$web" >/dev/null
t consumer bind "$web" "image=sha256:$(printf '%064d' 0)" >/dev/null
check 3 'image' db_password "$web" --as db_password --container "$RUN_ID-web"
reads_nothing db_password
t consumer unbind "$web" >/dev/null
equal "a read, bound no more" "$(value db 16)" "$(inside cat $secrets/db_password)"
docker create --name "$RUN_ID-later" --label "tacit-test=$RUN_ID" "$TACIT_IMAGE" true >/dev/null
t grant add db_password "container/$RUN_ID-later" >/dev/null
within 3 t grant check db_password "container/$RUN_ID-later" --container "$RUN_ID-later" ||
	fail "check of a container that was not started: $(t grant check db_password \
		"container/$RUN_ID-later" --container "$RUN_ID-later" 2>&1)"
say "grant check: 0 allowed, 3 denied, and why: also for a process, a container, one not started"

# secret create --if-absent
printf %s other | t secret create db_password - --if-absent >/dev/null
equal "the secret that was there" "$(value db 16)" "$(t secret reveal db_password)"
printf %s fresh | t secret create fresh - --if-absent >/dev/null
equal "the one that was not" fresh "$(t secret reveal fresh)"
expect 1 'exist' t secret create db_password "$SCRATCH/access"
say "secret create --if-absent: leaves what is there, makes what is not"
