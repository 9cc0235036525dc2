#!/usr/bin/env bash
# What `tacit env scan` costs: a tree of SCAN_MIB MiB (1024) of source text and configuration,
# against `grep -r` for one word in it. First without an agent, then with one that keeps SECRETS
# (100) values, each of which is looked for everywhere in the text. The tree is this repository's
# files again and again, and in the page cache; rounds take turns.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/agent.sh"

mib=${SCAN_MIB:-1024} secrets=${SECRETS:-100} rounds=${ROUNDS:-3} word=qzqzqz
tree=$SCRATCH/tree one=$SCRATCH/one

mkdir -p "$one" "$tree" "$SCRATCH/nobody"
git -C "$TOP" ls-files -z -- agent cli include tests examples README.md |
	(cd "$TOP" && tar -c --null -T - 2>/dev/null) | tar -x -C "$one"
kib=$(du -sk --apparent-size "$one" | cut -f 1)
for ((copy = 0; copy * kib < mib * 1024; copy++)); do cp -r "$one" "$tree/$copy"; done
rm -rf "$one"
files=$(find "$tree" -type f | wc -l)

# milliseconds COMMAND...: of its processor time, so that a busy machine is nobody's advantage; what
# it finds and how it exits is not looked at.
milliseconds() {
	local TIMEFORMAT='%U %S'
	{ time "$@" >/dev/null 2>&1 || true; } 2>&1 | awk '{ printf "%d\n", ($1 + $2) * 1000 }'
}
median() { sort -n "$1" | sed -n "$((rounds / 2 + 1))p"; }

agent_new a
agent_start
for ((i = 0; i < secrets; i++)); do secret_create "scan/s$i" s 1 32; done

LC_ALL=C grep -r "$word" "$tree" >/dev/null || true
for ((round = 0; round < rounds; round++)); do
	milliseconds env LC_ALL=C grep -r "$word" "$tree" >>"$SCRATCH/grep"
	milliseconds "$BIN/tacit" --root "$SCRATCH/nobody" env scan "$tree" >>"$SCRATCH/scan"
	milliseconds "$BIN/tacit" --root "$ROOT" env scan "$tree" >>"$SCRATCH/stored"
done

printf '\nlooking through %d MiB in %d files  (processor time, %d rounds, medians)\n' "$mib" "$files" "$rounds"
grep=$(median "$SCRATCH/grep")
for row in "grep:grep -r for one word" "scan:tacit env scan" \
	"stored:with $secrets stored secrets"; do
	ms=$(median "$SCRATCH/${row%%:*}")
	awk -v name="${row#*:}" -v ms="$ms" -v grep="$grep" 'BEGIN {
		printf "  %-26s %8.2f s %7.2f x\n", name, ms / 1e3, grep ? ms / grep : 0 }'
done
