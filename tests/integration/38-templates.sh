#!/usr/bin/env bash
# Goal: a secret that is made of others is one text of one set of values in every open, while those
# rotate and core is killed; it is delivered, watched, kept and recorded as any secret is; core that
# dies in any step of a rotation leaves both or neither; and what cannot be made is refused.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/engine.sh"
. "$SUPPORT/agent.sh"

rotations=${ROTATIONS:-40}
readers=3
AGENT_BIN=$OUT_DIR/tests/crashing
[ -x "$AGENT_BIN/tacit-core" ] || fail "there is no crashing core: make integration builds it"
engine_start
agent_new a "engine $TACIT_DOCKER_SOCKET" 'threads 4'
crash=$ROOT/crash
mkdir -p "$crash"
chmod 0777 "$crash"
agent_start
web=container/$RUN_ID-web
give() { # give create|rotate SECRET VALUE [OPTION...]
	local verb=$1 secret=$2 value=$3
	shift 3
	printf %s "$value" | t secret "$verb" "$secret" - "$@" >/dev/null
}
# text TEXT: a template's file.
text() { printf '%b' "$1" >"$SCRATCH/text" && echo "$SCRATCH/text"; }
# bundle create|rotate N: the user is uN, the password is p@N.
bundle() {
	printf 'u%s' "$2" >"$SCRATCH/user"
	printf 'p@%s' "$2" >"$SCRATCH/pass"
	t secret "$1" db/ user="$SCRATCH/user" pass="$SCRATCH/pass" >/dev/null
}
bundle create 1
give create host db.example
cat >"$SCRATCH/url" <<'END'
postgres://{{ db/user }}:{{ db/pass | urlencode }}@{{ host }}/app
END

# A grant makes it, and makes it once.
t grant add url "$web" --template "$SCRATCH/url" --on-rotate signal:HUP --with-previous >/dev/null 2>&1
printf '{"user":"{{ db/user | json }}","pass":"{{ db/pass|json }}"}\n# {{ "{{" }} }}\n' >"$SCRATCH/json"
t secret create conf --template "$SCRATCH/json" >/dev/null
t grant add conf "$web" >/dev/null
expect 1 'granted already' t grant add url "$web" --template "$SCRATCH/url"
equal "versions after the same template again" 1 "$(t secret inspect url --json | jq '.[0].version')"
container web -d -v "$(mount_of)/$web:/run/secrets:ro" -- sh -c '
	trap "echo hup >>/tmp/hups" HUP
	: >/tmp/hups
	sleep 1000 &
	while :; do wait; done' >/dev/null
inside() { docker exec "$RUN_ID-web" "$@"; }
url() { inside cat /run/secrets/url; }
equal "url" 'postgres://u1:p%401@db.example/app' "$(url)"
equal "conf" '{"user":"u1","pass":"p@1"}|# {{ }}' "$(inside cat /run/secrets/conf | tr '\n' '|' | sed 's/|$//')"
equal "its size" "$(url | wc -c)" "$(inside stat -c %s /run/secrets/url)"

# Watched as any file is: an event and a hook for what it is made of.
inside probe watch -c 1 -s 20 /run/secrets/url >"$SCRATCH/watch" 2>&1 &
watcher=$!
within 10 has "$SCRATCH/watch" watching || fail "watch did not begin"
give rotate host two.example --overlap 1h
within 10 has "$SCRATCH/watch" '^woke .*: ' || fail "no event: $(cat "$SCRATCH/watch")"
wait $watcher || true # it is no value that checks itself
within 20 inside grep -q hup /tmp/hups || fail "no hook"
equal "url" 'postgres://u1:p%401@two.example/app' "$(url)"
equal "its previous" 'postgres://u1:p%401@db.example/app' "$(inside cat /run/secrets/url.previous)"
like "until when" '^20.*Z$' "$(t secret inspect url --json | jq -r '.[0].previous_until')"
t secret retire host >/dev/null
expect 1 'No such file' inside cat /run/secrets/url.previous
t secret rollback host --to 1 >/dev/null
equal "url after a rollback" 'postgres://u1:p%401@db.example/app' "$(url)"
t secret schedule host --every 30d --generate 12 --alphabet hex >/dev/null
t secret schedule host --now --wait >/dev/null
like "url after the agent's own rotation" '@[0-9a-f]{12}/app$' "$(url)"
t secret schedule host --off >/dev/null
like "the log" '"act":"render".*"secret":"url"' "$(t audit tail --json --lines 200)"

# Who reads it is waited for when what it is made of changes.
expect 1 'have not read' t secret rotate host --generate 8 --wait --timeout 1s
like "who has not" "as $web/url has version" "$OUT"
inside sh -c 'while [ ! -e /tmp/waited ]; do cat /run/secrets/url; sleep 0.2; done >/dev/null &'
like "rotate --wait" 'every running container has read it' "$(t secret rotate host --generate 8 --wait)"
inside touch /tmp/waited

# What is said of it.
like "secret ls" 'template of db/user, db/pass, host' "$(t secret ls)"
equal "inspect" '["db/user","db/pass","host"]' "$(t secret inspect url --json | jq -c '.[0].template')"
equal "inspect of what it is made of" '["conf","url"]' \
	"$(t secret inspect db/user --json | jq -c '.[0].templates | sort')"
equal "status" 2 "$(status_of .templates)"
like "export" '# url: template of db/user, db/pass, host' "$(t export)"

# Refused.
before=$(url)
expect 2 'made by a template' give rotate url x
expect 2 'made by a template' t secret schedule url --every 1d --generate 16
expect 2 'templates are made of it: 2' t secret rm db/user --force
expect 2 'templates are made of it: 1' t secret rm host
expect 2 'line 1 of the template: this one is a template' t secret create more --template "$(text '{{ url }}')"
expect 4 'line 2 of the template: there is no secret' t secret create more --template "$(text 'x\n{{ none }}')"
expect 2 'no such filter' t secret create more --template "$(text '{{ host | rot13 }}')"
expect 2 'no member of a bundle' t secret create db/url --template "$SCRATCH/url"
expect 2 'two values' t secret create more "$SCRATCH/user" --template "$SCRATCH/url"
expect 2 'goes with those' t secret create more --template "$SCRATCH/url" --generate 16
printf '\377' >"$SCRATCH/pass"
expect 2 'template conf, which is made of it: line 1' t secret rotate db/pass "$SCRATCH/pass"
head -c 400000 /dev/zero | tr '\0' '%' >"$SCRATCH/pass"
expect 2 'template url, which is made of it: what the template makes is larger' \
	t secret rotate db/pass "$SCRATCH/pass"
equal "url after what was refused" "$before" "$(url)"

# Core dies before each step of a rotation: all of it is there, or nothing.
crashes=0
for ((k = 1; ; k++)); do
	echo "$k" >"$crash/new"
	mv "$crash/new" "$crash/at"
	run give rotate host "h$k"
	[ -e "$crash/at" ] && break
	within 20 t status --wait 20 || fail "no core after step $k"
	crashes=$((crashes + 1))
	equal "url after a death at step $k" "postgres://u1:p%401@$(t secret reveal host)/app" "$(url)"
done
rm -f "$crash/at"
equal "exit of the one that was not cut short" 0 "$RC"
at_least "steps" 3 $crashes
t store verify >/dev/null

# A storm: members of one set, in one text.
# Each open is a builtin's: processes made as fast as files are read have their kernel memory for a
# while, and the container's is limited.
inside sh -c 'cd /tmp; for i in $(seq '$readers'); do
	sh -c "reads=0
		while [ ! -e enough ]; do
			line=
			read -r line </run/secrets/url
			reads=\$((reads + 1))
			[ \"\$line\" = \"\$last\" ] || echo \"\$line\"
			last=\$line
		done >read-$i 2>failed-$i
		echo \$reads >done-$i" & done'
killer() {
	while [ ! -e "$SCRATCH/enough" ]; do
		strike KILL core
		echo >>"$SCRATCH/kills"
		sleep 0.$((RANDOM % 4 + 2))
	done
}
: >"$SCRATCH/kills"
killer &
killer=$!
at_exit 'touch "$SCRATCH/enough"; wait $killer'
for ((n = 2; n <= rotations + 1; n++)); do
	until bundle rotate "$n" 2>/dev/null; do within 20 t status || fail "no core"; done
done
touch "$SCRATCH/enough"
wait $killer
t status --wait 20 >/dev/null
equal "url at the end" "u$((rotations + 1)):p%40$((rotations + 1))" "$(url | sed 's|.*//\(.*\)@.*|\1|')"
inside touch /tmp/enough
within 20 inside sh -c 'cd /tmp; for i in $(seq '$readers'); do [ -s done-$i ] || exit 1; done' ||
	fail "readers do not end"
reads=0
for ((i = 1; i <= readers; i++)); do
	inside cat "/tmp/read-$i" >"$SCRATCH/read"
	equal "failed reads" '' "$(inside cat "/tmp/failed-$i")"
	equal "mixed or older texts" '' "$(awk '
		{ if (match($0, /^postgres:\/\/u[0-9]+:p%40[0-9]+@h[0-9]+\/app$/) == 0) { print; next } }
		{ line = $0; sub(/.*\/\/u/, "", line); user = line + 0
		  sub(/.*p%40/, "", line); pass = line + 0
		  if (user != pass || user < last) print
		  last = user }' "$SCRATCH/read" | head -n 3)"
	reads=$((reads + $(inside cat "/tmp/done-$i")))
	at_least "texts of reader $i" 3 "$(wc -l <"$SCRATCH/read")"
done
at_least "reads" "$rotations" $reads
! grep -raqF "p%40" "$ROOT/var" "$ROOT/etc" "$ROOT/log" || fail "a text is on the disk"

# Its text can be another, and it can go; then what it was made of can, too.
t secret rotate url --template "$(text '{{ db/user }}')" >/dev/null
equal "url of another text" "u$((rotations + 1))" "$(url)"
t grant add url "$web" --as other --template "$(text '<{{ db/user }}>')" >/dev/null 2>&1
equal "url by the grant's" "<u$((rotations + 1))>" "$(inside cat /run/secrets/other)"
t secret rm host >/dev/null
t secret rm url conf --force >/dev/null
t secret rm db/ --force >/dev/null
say "$readers readers, $rotations rotations of a pair, $(wc -l <"$SCRATCH/kills") kills of core: $reads" \
	"texts, each of one set; a death at each of $crashes steps left both or neither"
