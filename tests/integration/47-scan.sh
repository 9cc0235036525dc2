#!/usr/bin/env bash
# Goal: env scan finds what stands in plaintext in files and in the history of git, and every stored value wherever
# it is, whatever it looks like; says file and line, exits 1, and no output of any form holds a value. A clean
# tree is 0. A baseline silences what it names until a value changes. What the agent tells for it is in the log.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/agent.sh"
command -v git >/dev/null || skip "there is no git"

agent_new a
agent_start
tree=$SCRATCH/tree
repo() { git -C "$tree" -c user.name=t -c user.email=t@t -c commit.gpgsign=false "$@"; }
mkdir -p "$tree/conf" "$tree/src" "$tree/node_modules/x"
git init -q "$tree"

# Values that look like nothing, of which nothing but the agent can know.
plain='the quick brown fox jumps'
old='over the lazy dogs again'
printf %s "$old" | t secret create sentence - >/dev/null
printf %s "$plain" | t secret rotate sentence - >/dev/null
printf 'short77' | t secret create pin - >/dev/null
printf -- 'line one of it\nline two of it\n' >"$SCRATCH/lines"
t secret create --keep-newline lines "$SCRATCH/lines" >/dev/null
values=("$plain" "$old" 'hunter2hunter3' 'geheim99geheim' 'AKIAQYLPMN5HHHFPZAM2' 'line one of it' 'history-has-this-1')

cat >"$tree/compose.yaml" <<'EOF'
services:
  db:
    image: postgres
    env_file: conf/settings
    environment:
      POSTGRES_PASSWORD: hunter2hunter3
      TZ: Europe/Berlin
EOF
echo 'SMTP_PASSWORD=geheim99geheim' >"$tree/conf/settings"
printf 'int main(void)\n{\n\treturn 0; /* %s */\n}\n' "$plain" >"$tree/src/a.c"
printf 'x = "%s"\n' "$old" >"$tree/src/b.py"
printf 'pin short77\n' >"$tree/src/pin.txt"
{ echo a; cat "$SCRATCH/lines"; echo b; } >"$tree/src/lines.txt"
echo 'key AKIAQYLPMN5HHHFPZAM2' >"$tree/notes.md"
# Ignored, and a link, and binary: not looked into.
echo node_modules >"$tree/.gitignore"
echo 'TOKEN=AKIAQYLPMN5HHHFPZAM2' >"$tree/node_modules/x/y.md"
ln -s /etc "$tree/etc"
printf 'a\0%s' "$plain" >"$tree/bin.dat"

scan() { run t env scan "$@"; }
no_value() {
	local value
	for value in "${values[@]}"; do
		[[ $OUT$ERR != *"$value"* ]] || fail "a value in the output of env scan: ${OUT:0:2000}"
	done
}

# Golden: places and rules, as JSON has them.
want() {
	local got
	got=$(jq -r '.[] | [.path, .line, .rule, .name // "-"] | join(" ")' <<<"$OUT" | sed "s|^$tree/||" | LC_ALL=C sort)
	equal "what is found" "$(LC_ALL=C sort <<<"$1")" "$got"
}
scan --json "$tree"
equal "exit code" 1 "$RC"
no_value
want "compose.yaml 6 secret-name POSTGRES_PASSWORD
conf/settings 0 not-ignored -
conf/settings 1 secret-name SMTP_PASSWORD
notes.md 1 known-token $(jq -r '.[] | select(.path | endswith("notes.md")).name' <<<"$OUT")
src/a.c 3 stored-secret sentence
src/b.py 1 stored-secret sentence
src/lines.txt 2 stored-secret lines"
[ -z "$ERR" ] || fail "on standard error: $ERR"

scan "$tree"
equal "exit code" 1 "$RC"
no_value
like "the text" "src/a.c:3: the value of the secret sentence" "$OUT"
like "the text" "7 found in " "$OUT"
scan --sarif "$tree"
no_value
equal "results in SARIF" 7 "$(jq '.runs[0].results | length' <<<"$OUT")"
equal "SARIF's version" 2.1.0 "$(jq -r .version <<<"$OUT")"
scan -q "$tree"
equal "names" 6 "$(wc -l <<<"$OUT")"
no_value
scan --ignored --json "$tree"
like "with what is ignored" node_modules/x/y.md "$OUT"

# A clean tree; and what cannot be.
mkdir "$SCRATCH/clean"
echo 'DB_PASSWORD_FILE=/run/secrets/db' >"$SCRATCH/clean/.env"
expect 0 '0 found' t env scan "$SCRATCH/clean"
expect 4 'open it' t env scan "$SCRATCH/nosuch"
expect 2 'choose one' t env scan --json --sarif "$tree"
expect 2 'baseline' t env scan --accept "$tree"

# The baseline, until a value changes; it holds none.
expect 0 '7 findings accepted' t env scan --baseline "$SCRATCH/base" --accept "$tree"
OUT=$(cat "$SCRATCH/base") ERR=
no_value
expect 0 '7 more accepted' t env scan --baseline "$SCRATCH/base" "$tree"
sed -i 's/hunter2hunter3/hunter4hunter5/' "$tree/compose.yaml"
echo >>"$tree/conf/settings"
sed -i '1i # a line more' "$tree/src/a.c"
run t env scan --json --baseline "$SCRATCH/base" "$tree"
equal "exit code with a changed value" 1 "$RC"
want "compose.yaml 6 secret-name POSTGRES_PASSWORD"
expect 4 'baseline' t env scan --baseline "$SCRATCH/nosuch" "$tree"

# History: gone from the tree, not from the repository.
echo 'API_TOKEN=history-has-this-1' >"$tree/.env"
repo add -A . && repo commit -qm one
first=$(repo rev-parse HEAD)
repo rm -q .env && repo commit -qm two
scan --git --json "$tree"
no_value
equal "the commit" "${first:0:12} .env 1" "$(jq -r '.[] | select(.commit).commit + " " + .path + " " + (.line | tostring)' <<<"$OUT")"
# Nothing that a repository names is run.
repo config core.fsmonitor "touch $SCRATCH/ran"
repo config core.pager "touch $SCRATCH/ran"
scan --git -q "$tree"
equal "exit code" 1 "$RC"
[ ! -e "$SCRATCH/ran" ] || fail "a program that the repository names was run"

# Every stored value among many, in one request after another; and the log says that they were asked for.
body() { printf %s "$1" >"$SCRATCH/value"; t secret create "$2" "$SCRATCH/value" >/dev/null; }
seq 1 40 | while read -r n; do body "value number $n of many, plain words" "many/m$n"; done
for n in 1 17 40; do echo "about value number $n of many, plain words here" >"$SCRATCH/clean/$n.txt"; done
scan --json "$SCRATCH/clean"
equal "stored ones" "many/m1 many/m17 many/m40 " "$(jq -r '.[].name' <<<"$OUT" | sort -V | tr '\n' ' ')"
at_least "records" 1 "$(t audit export | jq -c 'select(.act == "secret-hashes" and .outcome == "ok")' | wc -l)"

# Ignored, and yet in the repository.
git init -q "$SCRATCH/clean"
echo 'DB_PASSWORD=hunter2hunter3' >"$SCRATCH/clean/.env"
echo '*.env' >"$SCRATCH/clean/.gitignore"
scan --json "$SCRATCH/clean/.env"
equal "an ignored one" secret-name "$(jq -r '.[].rule' <<<"$OUT")"
git -C "$SCRATCH/clean" add -f .env
scan --json "$SCRATCH/clean/.env"
equal "one that is ignored and tracked" "secret-name not-ignored " "$(jq -r '.[].rule' <<<"$OUT" | tr '\n' ' ')"
no_value
# The folder that an image is built of.
printf 'FROM scratch\nCOPY . /app\n' >"$SCRATCH/clean/Dockerfile"
scan --json "$SCRATCH/clean"
like "what gets into the image" in-build-context "$OUT"
echo .env >"$SCRATCH/clean/.dockerignore"
scan --json "$SCRATCH/clean"
unlike "what does not" in-build-context "$OUT"

# The pairs in examples: something before, nothing after.
for pair in "$TOP"/examples/*/before; do
	scan "$pair"
	equal "exit code of $pair" 1 "$RC"
	scan "${pair%before}after"
	equal "exit code of ${pair%before}after ($OUT)" 0 "$RC"
done
like "a secret of compose" 'secrets/smtp_password.txt: the value of smtp_password' "$(t env scan "$TOP/examples/grafana/before" || true)"

# Without the agent: what looks like a secret is found all the same, and a note says what is not.
t lock >/dev/null
scan "$tree"
equal "exit code while it is locked" 1 "$RC"
like "the note" 'what the agent keeps is not looked for' "$ERR"
unlike "found" 'stored-secret' "$OUT"
no_value
say "7 places, 3 forms, history, baseline"
