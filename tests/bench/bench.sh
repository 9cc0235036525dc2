#!/usr/bin/env bash
# What a secret costs: a read inside a container against tmpfs and against the smallest FUSE server
# with the same flags, the memory of all processes, and durable creations against bare SQLite.
#
# Server and reader share one CPU: across two, the wake-up is what is measured. Rounds take turns,
# so that a slow minute of the machine is everybody's. Only the ratios mean anything elsewhere.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/engine.sh"
. "$SUPPORT/agent.sh"

rounds=${ROUNDS:-9} count=${COUNT:-3000} creations=${CREATIONS:-300} cpu=${BENCH_CPU:-0} threads=4
bench=$OUT_DIR/tests/bench
ENGINE_PROGRAMS+=("$bench/reader")

# The three files have the same bytes.
engine_start
agent_new a "threads $threads" 'log_level warning' "engine $TACIT_DOCKER_SOCKET"
agent_start
secret_create db_password db 1 64
t grant add db_password container/$RUN_ID-reader >/dev/null
value db 1 64 >"$SCRATCH/value"
mkdir "$SCRATCH/null" "$SCRATCH/tmpfs"
mount -t tmpfs -o size=1m none "$SCRATCH/tmpfs"
at_exit 'umount "$SCRATCH/tmpfs"'
cp "$SCRATCH/value" "$SCRATCH/tmpfs/value"
taskset -c "$cpu" "$bench/null_fs" "$SCRATCH/value" "$SCRATCH/null" $threads &
# shellcheck disable=SC2034  # by the line after it
null_pid=$!
at_exit 'kill $null_pid; wait $null_pid; umount -l "$SCRATCH/null" 2>/dev/null'
within 5 test -r "$SCRATCH/null/value" || fail "null_fs does not serve"
taskset -acp "$cpu" "$(pid_of core)" >/dev/null

bold='' dim='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR-}" ]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; fi
# title TEXT NOTE
title() { printf '\n%s%s%s  %s%s%s\n' "$bold" "$1" "$plain" "$dim" "$2" "$plain"; }
title "open + read + close of 64 bytes in a container" \
	"$rounds rounds of $count, medians, one CPU"
container reader --rm --cpuset-cpus "$cpu" --memory 256m \
	-v "$(mount_of)/container/$RUN_ID-reader:/run/secrets:ro" -v "$SCRATCH/null:/null:ro" \
	-v "$SCRATCH/tmpfs:/tmpfs:ro" -- \
	reader "$rounds" "$count" /tmpfs/value /null/value /run/secrets/db_password \
		>"$SCRATCH/times"
awk '
	{ name[NR] = $1; p50[NR] = $2; p99[NR] = $3 }
	END {
		label[1] = "tmpfs"; label[2] = "null FUSE server"; label[3] = "tacit"
		printf "  %-18s %10s %10s %14s\n", "", "p50", "p99", "to null"
		for (i = 1; i <= 3; i++)
			printf "  %-18s %7.1f us %7.1f us %6.2f x %4.2f x\n", label[i], 
				p50[i] / 1e3, p99[i] / 1e3, p50[i] / p50[2], p99[i] / p99[2]
		printf "  %-18s %21s %6.1f x %4.1f x of tmpfs\n", "", "", 
			p50[3] / p50[1], p99[3] / p99[1]
	}' "$SCRATCH/times"

title "memory of the whole agent" "PSS"
total=0
while read -r pid role; do
	kib=$(awk '/^Pss:/ { print $2 }' "/proc/$pid/smaps_rollup")
	printf '  %-18s %7d KiB\n' "$role" "$kib"
	total=$((total + kib))
done < <(agent_processes)
awk -v kib=$total 'BEGIN { printf "  %-18s %7d KiB = %.1f MiB\n", "together", kib, kib / 1024 }'

title "durable creations, one at a time" \
	"$creations each, 3 rounds, medians, $(stat -f -c %T "$SCRATCH")"
for round in 1 2 3; do
	"$bench/creates" "$(api_of)" "$ROOT/run/tacitd/core.pub" "bench$round." "$creations" \
		>>"$SCRATCH/creates"
	"$bench/bare_sqlite" "$SCRATCH/bare$round.db" "$creations" >>"$SCRATCH/rows"
done
median() { sort -n "$1" | sed -n 2p; }
awk -v tacit="$(median "$SCRATCH/creates")" -v bare="$(median "$SCRATCH/rows")" 'BEGIN {
	printf "  %-18s %7.0f a second\n  %-18s %7.0f a second   %.2f of bare SQLite\n\n",
		"bare SQLite", bare, "tacit, by HTTP", tacit, tacit / bare }'
