#!/usr/bin/env bash
# Goal: what /v1/metrics says is well-formed by the letter of the format, agrees with what was done
# to the last open, names nobody unless it is asked to, and is there while the agent is locked; and
# what a person sees of the same agent fits on the terminal.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/engine.sh"
. "$SUPPORT/agent.sh"

reads=${READS:-25} rotations=${ROTATIONS:-4} scrapes=${SCRAPES:-30}
secret=/run/secrets/db_password
engine_start
agent_new a "engine $TACIT_DOCKER_SOCKET"
agent_start
web=container/$RUN_ID-web once=container/$RUN_ID-once
mkdir -p "$SCRATCH/metrics"

# Every line by the format's grammar, every rule that a scraper relies on; the samples as JSON.
cat >"$SCRATCH/parse.py" <<'EOF'
import json, math, re, sys

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"'
SAMPLE = re.compile(r"(%s)(?:\{(%s(?:,%s)*)\})? (\S+)\Z" % (NAME, LABEL, LABEL))
SUFFIXES = ("_bucket", "_sum", "_count")
samples, types, order = {}, {}, []

def check(good, why, line=""):
    if not good:
        sys.exit("metrics: %s: %s" % (why, line))

text = open(sys.argv[1], encoding="utf-8", newline="").read()
check(text.endswith("\n"), "no newline at the end")
check("\r" not in text, "a carriage return")
for line in text[:-1].split("\n"):
    if line.startswith("# HELP "):
        name, _, text = line[7:].partition(" ")
        check(re.fullmatch(NAME, name) and text, "HELP", line)
        check(name not in order, "a family in two places", line)
        order.append(name)
        continue
    if line.startswith("# TYPE "):
        name, kind = line[7:].split(" ")
        check(order and order[-1] == name and name not in types, "TYPE", line)
        check(kind in ("counter", "gauge", "histogram"), "TYPE", line)
        types[name] = kind
        continue
    found = SAMPLE.fullmatch(line)
    check(found, "no sample", line)
    name, value = found.group(1), float(found.group(found.lastindex))
    family = name
    if types.get(order[-1]) == "histogram":
        check(name.startswith(order[-1]) and name[len(order[-1]):] in SUFFIXES, "histogram", line)
        family = order[-1]
    check(family == order[-1] and family in types, "a sample outside of its family", line)
    check(family.startswith("tacit_"), "a name of somebody else's", line)
    check(types[family] != "counter" or name.endswith("_total"), "a counter's name", line)
    check(types[family] != "gauge" or not name.endswith("_total"), "a gauge's name", line)
    check(value >= 0 and not math.isnan(value), "a value", line)
    labels = tuple(re.findall(LABEL, found.group(2) or ""))
    check(len({l for l, _ in labels}) == len(labels), "a label twice", line)
    check((name, labels) not in samples, "a sample twice", line)
    samples[name, labels] = value

for family, kind in types.items():
    if kind != "histogram":
        continue
    series = {}
    for (name, labels), value in samples.items():
        if name == family + "_bucket":
            rest = tuple(l for l in labels if l[0] != "le")
            series.setdefault(rest, []).append((float(dict(labels)["le"]), value))
    check(series, "a histogram without buckets", family)
    for rest, buckets in series.items():
        check([b for b, _ in buckets] == sorted({b for b, _ in buckets}), "bounds", family)
        check([v for _, v in buckets] == sorted(v for _, v in buckets), "not cumulative", family)
        check(buckets[-1][0] == math.inf, "no +Inf", family)
        check(buckets[-1][1] == samples[family + "_count", rest], "+Inf is not the count", family)
        check((family + "_sum", rest) in samples, "no sum", family)

print(json.dumps({name + ("{" + ",".join('%s="%s"' % l for l in labels) + "}" if labels else ""): value
                  for (name, labels), value in samples.items()}))
EOF

# scrape [QUERY]: into $SCRATCH/metrics/text and .../json; whatever is said must be well-formed.
scrape() {
	curl -sS --max-time 20 --unix-socket "$(api_of)" -D "$SCRATCH/metrics/head" \
		-o "$SCRATCH/metrics/text" "http://tacit/v1/metrics${1-}"
	like "the answer's head" '200 OK.*Content-Type: text/plain; version=0.0.4' \
		"$(tr -d '\r' <"$SCRATCH/metrics/head" | xargs)"
	python3 "$SCRATCH/parse.py" "$SCRATCH/metrics/text" >"$SCRATCH/metrics/json" ||
		fail "not well-formed: $(cat "$SCRATCH/metrics/text")"
}
# metric NAME: of the last scrape; null when it is not there.
metric() { jq -r --arg name "$1" '.[$name]' "$SCRATCH/metrics/json"; }
opens() { metric "tacit_opens_total{outcome=\"$1\"}"; }
# is NAME VALUE
is() { equal "$1" "$2" "$(metric "$1")"; }
# An answer is counted when its reader has it: soon.
opened() { scrape && [ "$(opens "$1")" = "$2" ]; }
opens_are() { within 10 opened "$1" "$2" || fail "opens that are $1: wanted $2, got $(opens "$1")"; }

# Nothing has been done yet.
scrape
is 'tacit_up' 1
is 'tacit_state{state="serving"}' 1
is 'tacit_secrets' 0
is 'tacit_core_starts_total' 1
is 'tacit_store_damaged_records' 0
opens_are ok 0
like "the version" '^\{"version":"[0-9]' \
	"$(grep -o '{version="[^"]*"' "$SCRATCH/metrics/text" | sed 's/version=/"version":/')"

# Reads, each of them one open; and denials, each of its kind.
secret_create db_password db 1 64
secret_create counted counted 1 64
t grant add db_password "$web" >/dev/null
t grant add counted "$once" --reads 2 >/dev/null
container web -d -v "$(mount_of)/$web:/run/secrets:ro" -v "$(mount_of):/all:ro" -- sleep 1000 >/dev/null
container once -d -v "$(mount_of)/$once:/run/secrets:ro" -- sleep 1000 >/dev/null
in_web() { docker exec "$RUN_ID-web" "$@"; }
in_once() { docker exec "$RUN_ID-once" "$@"; }
for ((i = 1; i <= reads; i++)); do in_web probe read $secret >/dev/null; done
opens_are ok "$reads"
is 'tacit_read_bytes_total' $((reads * 64))
at_least "reads of open files" "$reads" "$(metric 'tacit_reads_total{outcome="ok"}')"
is 'tacit_reads_total{outcome="refused"}' 0
for ((i = 1; i <= 3; i++)); do expect 1 EACCES "$PROBE" read "$(mount_of)/$web/db_password"; done
for ((i = 1; i <= 2; i++)); do
	expect 1 ENOENT setpriv --reuid 1000 --regid 1000 --clear-groups \
		"$PROBE" read "$(mount_of)/$web/db_password"
done
opens_are host-process 5
expect 1 'ENOENT|EACCES' in_web probe read "/all/$once/counted"
for ((i = 1; i <= 2; i++)); do in_once probe read /run/secrets/counted >/dev/null; done
expect 1 'ENOENT|EACCES' in_once probe read /run/secrets/counted
t consumer freeze "$web" >/dev/null
expect 1 EACCES in_web probe read $secret
opens_are frozen 1
t consumer thaw "$web" >/dev/null
expect 1 'Read-only' bash -c ": >>'$(mount_of)/$web/db_password'"
opens_are read-only 1
opens_are ok $((reads + 2))
parked=$(metric 'tacit_open_seconds_count{parked="yes"}')
at_least "opens that were counted waited for it" 2 "${parked%.*}"
equal "each open has one time" \
	"$(jq '[to_entries[] | select(.key | startswith("tacit_opens_total")).value] | add' \
		"$SCRATCH/metrics/json")" \
	"$(jq '[to_entries[] | select(.key | startswith("tacit_open_seconds_count")).value] | add' \
		"$SCRATCH/metrics/json")"
say "$reads reads, 5 denials of the host's, a freeze, 2 counted reads: each is in its place"

# Changes of what is current: by whom.
is 'tacit_rotations_total{by="operator"}' 0
for ((i = 1; i <= rotations; i++)); do secret_rotate db_password db $((i + 1)) 64; done
t secret rollback db_password >/dev/null
value db 99 64 | t secret stage db_password - >/dev/null
t secret schedule counted --every 30d --generate 32 >/dev/null
t secret schedule counted --now --wait >/dev/null
program_put rotators.d broken <<<$'#!/bin/sh\nexit 1'
secret_create elsewhere elsewhere 1 64
t secret schedule elsewhere --rotator broken --generate 32 >/dev/null
t secret schedule elsewhere --now >/dev/null
failing() { scrape && [ "$(metric tacit_rotations_failing)" = 1 ]; }
within 20 failing || fail "a rotation that fails is not said"
is 'tacit_rotations_total{by="operator"}' $((rotations + 1))
is 'tacit_rotations_total{by="agent"}' 1
is 'tacit_rotations_scheduled' 2
at_least "attempts that failed" 1 "$(metric tacit_rotation_failures_total)"
is 'tacit_secrets' 3
is 'tacit_grants' 2
is 'tacit_consumers' 2
before=$(status_of .integrity.generation) # what fails is tried again, and that is written down
scrape
at_least "the generation" "$before" "$(metric tacit_store_generation)"
at_least "the generation afterwards" "$(metric tacit_store_generation)" \
	"$(status_of .integrity.generation)"
equal "key slots" "$(t key ls --json | jq '.slots | length')" "$(metric tacit_key_slots)"
written() { scrape && [ "$(metric tacit_audit_queue_records)" = 0 ]; }
within 10 written || fail "records of the audit are not written"
at_least "records of the audit" $((reads + rotations)) "$(metric tacit_audit_records_total)"
is 'tacit_audit_lost_total' 0
is 'tacit_audit_blocked' 0
say "$rotations rotations and a rollback by an operator, one by the agent, one that fails"

# Names: none, unless they are asked for.
for name in db_password counted elsewhere "$RUN_ID" web; do
	unlike "metrics without names" "$name" "$(cat "$SCRATCH/metrics/text")"
done
scrape '?names=1'
for name in db_password counted elsewhere; do
	like "the age of $name" '^[0-9]' "$(metric "tacit_secret_age_seconds{secret=\"$name\"}")"
done
unlike "names of others" "$RUN_ID" "$(cat "$SCRATCH/metrics/text")"
read_at=$(metric 'tacit_secret_last_read_timestamp_seconds{secret="db_password"}')
at_least "when it was last read" $(($(date +%s) - 600)) "${read_at%.*}"
equal "who was never read" null \
	"$(metric 'tacit_secret_last_read_timestamp_seconds{secret="elsewhere"}')"
due=$(metric 'tacit_secret_next_rotation_timestamp_seconds{secret="counted"}')
at_least "when it is due" $(($(date +%s) + 29 * 86400)) "${due%.*}"
like "who read it last" "$web [0-9a-f]{12}" \
	"$(t secret ls --json | jq -r '.[] | select(.name == "db_password").last_reader')"
like "names=2" '400' "$(api GET '/v1/metrics?names=2')"
like "another method" '405' "$(api POST /v1/metrics)"
run setpriv --reuid 1000 --regid 1000 --clear-groups curl -sS -o "$SCRATCH/.other" -w '%{http_code}' \
	--max-time 20 --unix-socket "$(api_of)" http://tacit/v1/metrics
[ "$RC" -ne 0 ] || equal "who is no operator" 403 "$OUT"

while read -r family; do
	grep -q "\`$family[\`{]" "$TOP/agent/PROTOCOL.md" || fail "PROTOCOL.md does not know $family"
done < <(sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' "$SCRATCH/metrics/text")

# Scraped while it is read: nothing goes back, and every answer is well-formed.
in_web probe loop -s 60 $secret >/dev/null 2>&1 &
looping=$!
at_exit 'kill $looping 2>/dev/null'
last=0
for ((i = 1; i <= scrapes; i++)); do
	scrape
	now=$(opens ok)
	at_least "opens, scrape $i" "$last" "${now%.*}"
	last=${now%.*}
done
in_web killall probe >/dev/null 2>&1 || true
wait $looping || true
say "$scrapes scrapes under load: $last opens, none went back"

# A core begins to count anew, and what outlives it goes on.
strike KILL core
t status --wait 20 >/dev/null
in_web probe read $secret >/dev/null
opens_are ok 1
is 'tacit_core_starts_total' 2
is 'tacit_rotations_total{by="operator"}' 0
is 'tacit_secrets' 3

# Locked: what is known.
t lock >/dev/null
expect 1 ENOKEY in_web probe read $secret
opens_are locked 1
is 'tacit_up' 0
is 'tacit_state{state="locked"}' 1
is 'tacit_secrets' null
is 'tacit_store_generation' null
scrape '?names=1'
unlike "names while locked" 'secret="' "$(cat "$SCRATCH/metrics/text")"
t unlock >/dev/null
scrape
is 'tacit_up' 1
is 'tacit_secrets' 3
say "a new core counts from nothing; a locked agent says what it knows, and no names"

# What a person sees fits on the terminal, problems first.
for ((i = 1; i <= 40; i++)); do secret_create "many/s$i" many 1 64; done
cat >"$SCRATCH/terminal.py" <<'EOF'
import fcntl, os, pty, struct, sys, termios
pid, terminal = pty.fork()
if not pid:
    os.environ["TERM"] = "xterm"
    os.environ.pop("NO_COLOR", None)
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", int(sys.argv[1]), 100, 0, 0))
    os.execvp(sys.argv[2], sys.argv[2:])
text = b""
while True:
    try:
        part = os.read(terminal, 65536)
    except OSError:
        break
    if not part:
        break
    text += part
sys.stdout.write(text.decode().replace("\r", ""))
os.waitpid(pid, 0)
EOF
screen=$(python3 "$SCRATCH/terminal.py" 40 "$BIN/tacit" --root "$ROOT" status)
like "a failing rotation" 'elsewhere +1 +[0-9]+[smh] +[^ ]*failing' "$screen"
like "the rest of the table" "and [0-9]+ more; 'tacit status --all' shows them" "$screen"
like "what to do" 'recovery key' "$screen"
at_least "lines that are left of 40" 0 $((40 - $(wc -l <<<"$screen")))
equal "secrets with --all" 43 "$(python3 "$SCRATCH/terminal.py" 40 "$BIN/tacit" --root "$ROOT" \
	status --all | grep -cE '^  (many/s[0-9]+|db_password|counted|elsewhere) .* [0-9]+[smhd] ')"
equal "and where it is no terminal" 40 "$(t status | grep -c '^  many/s')"
say "43 secrets on a terminal of 40 lines: $(wc -l <<<"$screen") lines, what fails first"
