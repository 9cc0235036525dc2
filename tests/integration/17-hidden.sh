#!/usr/bin/env bash
# Goal: what one may not read is not there: not listed, and to stat, access and open the same as a
# name that never was; at the API a stranger gets the same bytes for what exists and what does not,
# and 10,000 timings of each cannot be told apart.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/engine.sh"
. "$SUPPORT/agent.sh"

timings=${TIMINGS:-10000}
engine_start
agent_new a "engine $TACIT_DOCKER_SOCKET"
agent_start
secret_create db_password db 1
secret_create mail_token mail 1
web=container/$RUN_ID-web thief=container/$RUN_ID-thief
t grant add db_password "$web" >/dev/null
t grant add mail_token "$web" >/dev/null
t grant add mail_token "$thief" >/dev/null
mounted=(-v "$(mount_of)/$web:/run/secrets:ro" -v "$(mount_of):/all:ro")
container web -d "${mounted[@]}" -- sleep 1000 >/dev/null
container thief -d "${mounted[@]}" -- sleep 1000 >/dev/null
inside() { docker exec "$RUN_ID-$1" "${@:2}"; }

# same_as_absent WHO PATH COMMAND...: each way of looking answers what it does for a name that never
# was; COMMAND runs probe as WHO.
same_as_absent() {
	local who=$1 path=$2 absent
	shift 2
	absent=$("$@" probe looks "${path%/*}/nosuch" 2>&1)
	equal "how $path looks to $who" "$absent" "$("$@" probe looks "$path" 2>&1)"
	like "how nothing looks" '^stat ENOENT .*open ENOENT$' "$absent"
	looked=$((looked + 1))
}
looked=0
equal "what web lists" $'db_password\nmail_token' "$(inside web ls -A /run/secrets)"
like "how its own looks to web" '^stat ok .*open ok$' \
	"$(inside web probe looks /run/secrets/db_password)"
for directory in /run/secrets "/all/$web"; do
	run inside thief ls -A $directory
	equal "what a thief lists" '' "$OUT"
done
same_as_absent "a thief" "/all/$web/db_password" inside thief
same_as_absent "a thief" /run/secrets/db_password inside thief
same_as_absent "root in a thief" /run/secrets/db_password docker exec -u 0 "$RUN_ID-thief"

# The name of something of one's own that was taken back, expired, or is frozen.
for what in revoked expired frozen; do t grant add db_password "$web" --as $what >/dev/null; done
inside web ls /run/secrets >/dev/null
t grant rm db_password "$web" --as revoked >/dev/null
same_as_absent "web, whose grant was revoked" /run/secrets/revoked inside web
unlike "what web lists" revoked "$(inside web ls -A /run/secrets)"

as_user() { PATH=$OUT_DIR/tests:$PATH setpriv --reuid "$1" --regid "$1" --clear-groups "${@:2}"; }
same_as_absent "a user of the host" "$(mount_of)/$web/db_password" as_user 1000
run as_user 1000 ls -A "$(mount_of)/$web"
equal "what a user of the host lists" '' "$OUT"
say "$looked readers of another's, a revoked or a host's path: 6 ways of looking, each as at a" \
	"name that never was; nothing listed"

# The API, its socket opened to everybody: being let through is the peer check's to decide.
chmod 0666 "$(api_of)"
stranger() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
timing=$OUT_DIR/tests/timing
# tell_apart WHAT PEER METHOD A B: sets p, which is uniform when nothing tells A from B: below 0.01
# once in a hundred times. So three attempts count: a real difference fails all of them.
tell_apart() {
	local what=$1
	shift
	for _ in 1 2 3; do
		run "$1" "$timing" -n "$timings" "${@:5}" "$(api_of)" "$2" "$3" "$4"
		[ "$RC" -eq 0 ] || fail "$what: $ERR"
		p=$(field p "$OUT")
		! awk -v p="$p" 'BEGIN { exit !(p > 0.01) }' || return 0
	done
	return 1
}
grants="/v1/grants?consumer=$web"
while read -r method existing absent; do
	tell_apart "$method $existing" stranger "$method" "$existing" "$absent" ||
		fail "$method of $existing and $absent can be told apart: $OUT"
	equal "answers to $method $existing and $absent" same "$(field answers "$OUT")"
	equal "their status" 403 "$(field status "$OUT")"
	say "a stranger's $method of ${existing#"$grants&"} and of ${absent#"$grants&"}: $timings" \
		"each, same bytes, medians $(field a_us "$OUT") and $(field b_us "$OUT") us, p = $p"
done <<-LIST
	GET /v1/secrets/db_password /v1/secrets/db_passwort
	GET /v1/secrets /v1/sekrets
	DELETE $grants&secret=db_password $grants&secret=db_passwort
LIST

# The measurement can tell: an operator's requests, and a little more work behind one of two.
timings=$((timings / 5))
! tell_apart "an operator" env GET /v1/secrets/db_password /v1/secrets/db_passwort ||
	fail "an operator's hit and miss take the same time: $OUT"
equal "an operator's answers" differ "$(field answers "$OUT")"
! tell_apart "more work" stranger GET /v1/secrets/db_password /v1/secrets/db_passwort -x 10000 ||
	fail "more work behind one of two is not noticed: $OUT"
say "an operator's hit and miss: p = 0.0000; 10 us more behind one of two: noticed"
