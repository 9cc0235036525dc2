#!/usr/bin/env bash
# Goal: every bad input has a clear message and the right exit code, and changes nothing. A table.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/agent.sh"

operators_group=$(getent group adm >/dev/null && echo adm || echo bin)
agent_new a "operators $operators_group"
agent_start
secret_create db_password db 1
secret_create free free 1
t grant add db_password compose/shop/web >/dev/null

rows=0
everything() {
	t secret ls --json
	t grant ls --json
	t secret history db_password --json
	t secret reveal db_password
}
before=$(everything)
unchanged() {
	rows=$((rows + 1))
	[ "$(everything)" = "$before" ] || fail "$1: something changed"
}

# refused CODE PATTERN INPUT ARGUMENTS...: tacit with INPUT on standard input.
refused() {
	local code=$1 pattern=$2 input=$3
	shift 3
	RC=0
	printf %s "$input" | t "$@" >"$SCRATCH/.out" 2>"$SCRATCH/.err" || RC=$?
	ERR=$(cat "$SCRATCH/.err")
	[ "$RC" -eq "$code" ] || fail "tacit $*: wanted exit $code, got $RC: $ERR"
	like "tacit $*" '^tacit: ' "$ERR"
	like "tacit $*" "$pattern" "$ERR"
	unchanged "tacit $*"
}

long=$(printf 'x%.0s' {1..64})
for name in '' / a//b /a a/ a/b/c/d/e .a 'a b' $'a\nb' 'é' .. a/../b "$long" 'a*' "a/$long" \
	"a'b" 'a\b'; do
	refused 2 'name|segment|secret' value secret create "$name" -
done
refused 2 'empty' '' secret create x -
refused 2 'empty' $'\n' secret create x -
head -c 1048577 /dev/zero | tr '\0' v >"$SCRATCH/large"
refused 2 '1048576|1 MiB|large' '' secret create x "$SCRATCH/large"
refused 2 '1048576|1 MiB|large' '' secret rotate db_password "$SCRATCH/large"
refused 4 'nosuchfile' '' secret create x "$SCRATCH/nosuchfile"
refused 4 '' '' secret create x hunter2
refused 1 'exist' value secret create db_password -
refused 4 '' value secret rotate unknown -
refused 4 '' '' secret reveal unknown
refused 4 '' '' secret history unknown
refused 4 '' '' secret rm unknown
refused 4 '' '' secret inspect unknown
refused 4 '' '' secret reveal db_password --version 99
refused 2 '' '' secret reveal db_password --version two
refused 1 'force' '' secret rm db_password
for consumer in '' web compose/shop compose/Shop/web compose/shop/.. compose/shop/a/b container/-x \
	container/a/b pod/x /compose/shop/web compose//web \
		"container/$(printf 'x%.0s' {1..128})"; do
	refused 2 'consumer' '' grant add free "$consumer"
done
refused 4 '' '' grant add unknown compose/shop/web
refused 1 'granted already' '' grant add db_password compose/shop/web
refused 1 'exist|another' '' grant add free compose/shop/web --as db_password
refused 4 '' '' grant rm free compose/shop/web
grant=(grant add free compose/shop/web)
for file in '' . .. a/b "$long" 'a b'; do refused 2 'file' '' "${grant[@]}" --as "$file"; done
for mode in 8 0999 rw 17777 -1 ''; do
	refused 2 'mode|octal' '' "${grant[@]}" --mode "$mode"
done
for uid in -1 x 4294967295 99999999999; do
	refused 2 'uid|number' '' "${grant[@]}" --uid "$uid"
done
refused 2 "did you mean 'secret" '' secert ls
refused 2 "did you mean 'secret rotate" '' secret rotat db_password
refused 2 "did you mean" '' grant add free compose/shop/web --mod 0400
refused 2 '' '' secret create
refused 2 '' '' secret ls extra
refused 2 '' '' secret rotate db_password --generate many
refused 2 '' '' status --wait soon
refused 2 '' '' --root "$SCRATCH/nosuchroot" status
say "command line: $rows rows: a message that begins with 'tacit: ', the right exit code," \
	"nothing changed"

# answered STATUS WORD METHOD PATH [CURL-OPTIONS...]: status and error word of the API.
answered() {
	local status=$1 word=$2 answer
	shift 2
	answer=$(api "$@") || fail "curl $*: exit $?"
	equal "status of $*" "$status" "${answer##*$'\n'}"
	[ "$1" = HEAD ] ||
		equal "error of $*" "$word" "$(head -n 1 <<<"$answer" | jq -r .error.code)"
	unchanged "$*"
}
counted=$rows
json=(-H 'Content-Type: application/json')
answered 405 method_not_allowed PATCH /v1/status
answered 405 method_not_allowed POST /v1/secrets
answered 405 method_not_allowed PUT /v1/secrets/db_password
like "Allow" '[Aa]llow: .*GET' "$(api PATCH /v1/status -D - -o /dev/null)"
for path in / /v1 /v2/status /v1/nothing /v1/secrets/db_password/nothing /v1/status/x \
	//v1/status; do
	answered 404 not_found GET "$path" --path-as-is
done
for name in %zz % %2 a%00b %2e%2e a%20b .%2e %2fa ''; do
	answered 400 invalid GET "/v1/secrets/$name" --path-as-is
done
answered 404 not_found GET /v1/secrets/unknown
deep=$(printf '[%.0s' {1..2049})
to='"consumer":"container/xx"'
for body in "$deep" '{"secret":' '[]' '"x"' '{}' '' '{"secret":"free"}' "{\"secret\":1,$to}" \
	"{\"secret\":\"free\",\"secret\":\"free\",$to}" "{\"secret\":\"free\",$to} x" \
	"{\"secret\":\"free\",$to,\"uid\":-1}" "{\"secret\":\"free\",$to,\"uid\":1e400}" \
	"{\"secret\":\"free\",$to,\"mode\":\"rw\"}" "{\"secret\":\"free\",$to,\"colour\":\"red\"}" \
	"{\"secret\":\"free\\u0000x\",$to}" "{\"secret\":\"fr"$'\xff'"\",$to}"; do
	answered 400 invalid POST /v1/grants "${json[@]}" --data-binary "$body"
done
head -c 70000 /dev/zero | tr '\0' ' ' >"$SCRATCH/spaces"
answered 413 too_large POST /v1/grants "${json[@]}" --data-binary "@$SCRATCH/spaces"
head -c 1200000 /dev/zero >"$SCRATCH/sealed"
answered 413 too_large POST /v1/secrets/x --data-binary "@$SCRATCH/sealed"
answered 400 invalid POST /v1/secrets/db_password/reveal --data-binary 'short'
head -c 200 /dev/urandom >"$SCRATCH/noise"
answered 409 stale POST /v1/secrets/x --data-binary "@$SCRATCH/noise"
answered 409 stale POST /v1/secrets/db_password/versions --data-binary "@$SCRATCH/noise"
answered 409 busy DELETE /v1/secrets/db_password
say "API: $((rows - counted)) rows: wrong methods, routes, escapes, JSON, sizes"

# Requests that end early or never: the API goes on for others.
counted=$rows
raw() {
	local answer
	answer=$(printf "%b" "$1" | "$PROBE" socket -s 3 "$(api_of)" 2>/dev/null | head -c 200) ||
		true
	like "the answer to '${1:0:40}'" "$2" "$answer"
	unchanged "${1:0:40}"
}
raw 'POST /v1/grants HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{"secret":' '^$|^HTTP/1.1 4'
raw 'POST /v1/secrets/x HTTP/1.1\r\nHost: x\r\nContent-Length: 90\r\n\r\nabc' '^$|^HTTP/1.1 4'
raw 'GET /v1/status HTTP/1.1\r\nHost: x\r\nContent-Length: nonsense\r\n\r\n' '^$|^HTTP/1.1 4'
raw 'POST /v1/lock HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n' '^$|^HTTP/1.1 4'
raw 'nonsense\r\n\r\n' '^$|^HTTP/1.1 4'
raw '\0\1\2' '^$|^HTTP/1.1 4'
raw '' '^$'
say "broken requests: $((rows - counted)) rows, each ended alone"

# Peers the kernel knows and we do not let in, and one that may.
as_user() { setpriv --reuid "$1" --regid "$1" --clear-groups "${@:2}"; }
expect 3 '^tacit: ' as_user 65534 "$BIN/tacit" --root "$ROOT" status
expect 3 '^tacit: ' as_user 1000 "$BIN/tacit" --root "$ROOT" secret reveal db_password
run as_user 1000 "$BIN/tacit" --root "$ROOT" secret rm free --force
equal "exit for a stranger" 3 "$RC"
unchanged "strangers"
gid=$(getent group "$operators_group" | cut -d: -f3)
expect 0 'free' setpriv --reuid 1000 --regid 1000 --groups "$gid" "$BIN/tacit" --root "$ROOT" \
	secret ls
say "peers: a stranger is denied (exit 3), a member of the operators' group is not"

agent_stop
expect 6 '^tacit: ' t status
expect 6 '^tacit: ' t secret ls
expect 6 '^tacit: ' t status --wait 1
say "no agent: exit 6"

# What the agent itself refuses. What is stored stays as it is: rows, or, where the file is no store
# of ours, its bytes. (Attaching counts in a row of its own who owns the store.)
rows_of() {
	rm -rf "$SCRATCH/copy"
	cp -r "$ROOT/var/lib/tacit" "$SCRATCH/copy"
	sqlite3 "$SCRATCH/copy/store.db" '.dump meta record value' 2>&1 | sha256sum
}
bytes_of() { sha256sum <"$store"; }
fingerprint() { rows_of; }
daemon() {
	local pattern=$1
	shift
	run timeout 20 "$BIN/tacitd" --root "$ROOT" --libexec "$BIN" "$@"
	case $RC in
	0 | 124 | 1[23]?) fail "tacitd $*: wanted a refusal, got exit $RC: $OUT$ERR" ;;
	esac
	like "tacitd $*" "$pattern" "$OUT$ERR"
	grep -qF " $(mount_of) fuse.tacit" /proc/mounts && fail "tacitd $*: left a mount"
	rows=$((rows + 1))
}
# does_not_serve PATTERN: starts, but status says why it serves nothing, and the store is as it was.
does_not_serve() {
	local pattern=$1 code=$2
	agent_launch
	run t status --wait 3
	[ "$RC" -eq "$code" ] || fail "status: wanted exit $code, got $RC: $OUT$ERR"
	within 5 eval '[ -n "$(status_of .reason)" ]'
	like "the reason" "$pattern" "$(status_of .reason)$(cat "$ROOT/log")"
	unlike "the state" serving "$(status_of .state)"
	agent_stop --force
	equal "the store" "$stored" "$(fingerprint)"
	rows=$((rows + 1))
}
counted=$rows
store=$ROOT/var/lib/tacit/store.db
stored=$(fingerprint)
config=$ROOT/etc/tacit/tacit.conf
for line in 'colour red' 'threads' 'threads 0' 'threads 17' 'threads many' 'resend perhaps' \
	'log_level loud' 'key_file relative' 'runtime_root /docker' 'threads 2 3' \
	$'threads 2\nthreads 2'; do
	cp "$config" "$SCRATCH/config"
	printf '%s\n' "$line" >>"$config"
	daemon "tacit.conf: line [2-4]: .*'?${line%% *}"
	daemon "tacit.conf: line [2-4]: .*'?${line%% *}" -t
	cp "$SCRATCH/config" "$config"
done
cp "$config" "$SCRATCH/config"
printf 'operators nogroup\nuser nobody\n' >"$config"
daemon "group of user nobody is the operators' group"
cp "$SCRATCH/config" "$config"
daemon 'cannot take over' -t --takes-over 99
mount -t tmpfs none "$(mount_of)"
daemon 'mount point .* is busy'
umount "$(mount_of)"
run timeout 10 unshare -m sh -c 'mount -t tmpfs none /dev && mknod /dev/null c 1 3 && exec "$@"' \
	sh "$BIN/tacitd" --root "$ROOT" --libexec "$BIN"
like "without /dev/fuse" '/dev/fuse' "$ERR"
case $RC in [1-6]) ;; *) fail "without /dev/fuse: exit $RC" ;; esac
run "$BIN/tacitd" --root "$SCRATCH/nosuchroot" --libexec "$BIN"
equal "exit for a root that is not there" 2 "$RC"
run "$BIN/tacitd" --root "$ROOT" --libexec "$SCRATCH"
like "without programs" 'tacit-core' "$ERR"
[ "$RC" -ne 0 ] || fail "started without programs"
run "$BIN/tacitd" --root "$ROOT" --nonsense
equal "exit for an unknown option" 2 "$RC"
run as_user 1000 "$BIN/tacitd" --root "$ROOT" --libexec "$BIN"
like "started by a stranger" 'root|denied' "$ERR"
[ "$RC" -ne 0 ] || fail "started by a stranger"
equal "the store after refused starts" "$stored" "$(fingerprint)"

key=$ROOT/etc/tacit/key
cp -p "$key" "$SCRATCH/key"
rm -f "$key"
does_not_serve 'key' 5
cp -p "$SCRATCH/key" "$key"
chmod 0444 "$key"
does_not_serve 'chmod|key file' 5
install -m 0400 /dev/null "$key"
does_not_serve 'key' 5
chmod 0600 "$key"
tr 'a-f0-9' 'b-f0-9a' <"$SCRATCH/key" >"$key"
chmod 0400 "$key"
does_not_serve 'key' 5
rm -f "$key"
cp -p "$SCRATCH/key" "$key"

fingerprint() { bytes_of; }
version=$(sqlite3 "$store" 'PRAGMA user_version')
sqlite3 "$store" "PRAGMA user_version=$((version + 1))"
stored=$(fingerprint)
does_not_serve 'newer' 1
sqlite3 "$store" "PRAGMA user_version=$version"
cp -p "$store" "$SCRATCH/store"
printf 'not a database, but long enough to look at: %0100d' 0 |
	dd of="$store" conv=notrunc status=none
stored=$(fingerprint)
does_not_serve 'store|database|format' 1
cp -p "$SCRATCH/store" "$store"
say "start: $((rows - counted)) rows: configuration, busy mount point, no /dev/fuse, wrong keys," \
	"newer and damaged stores; the store's bytes unchanged"

agent_start
equal "everything, at the end" "$before" "$(everything)"
like "1 MiB exactly" 'large' "$(head -c 1048576 "$SCRATCH/large" | t secret create large - --quiet)"
equal "its size" 1048576 "$(t secret reveal large | wc -c)"
