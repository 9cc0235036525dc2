#!/usr/bin/env bash
# Goal: a request that crashes every core that takes it up fails alone, with EIO, at the third core;
# 8 readers beside it fail no read.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/engine.sh"
. "$SUPPORT/agent.sh"

AGENT_BIN=$OUT_DIR/tests/crashing
[ -x "$AGENT_BIN/tacit-core" ] || fail "there is no crashing core: make integration builds it"
engine_start
agent_new a
agent_start
secret_create db_password db 1
note_acknowledged 1
t grant add db_password container/web >/dev/null
secret=/run/secrets/db_password
container readers -d -v "$(mount_of)/container/web:/run/secrets:ro" -v "$SCRATCH/floor:/floor:ro" -- \
	probe loop -n 8 -t db -f /floor/version $secret >/dev/null
sleep 0.5

before=$(t status --json | jq .core_starts)
for i in 1 2 3 4 5; do
	run docker exec "$RUN_ID-readers" probe nonblock $secret
	like "the crashing open $i" 'EIO' "$OUT$ERR"
done
after=$(t status --json | jq .core_starts)
equal "cores that crashed in 5 such requests" 10 $((after - before))
docker stop -t 20 "$RUN_ID-readers" >/dev/null
tally=$(docker logs "$RUN_ID-readers" | tail -n 1)
for count in failed wrong older backward; do
	equal "$count reads beside it ($tally)" 0 "$(field $count "$tally")"
done
like "the agent's log" 'was at hand in 2 crashes' "$(cat "$ROOT/log")"
say "5 requests that crash core: each answered EIO after 2 crashes; beside them $(field reads "$tally") reads, 0 failed"
