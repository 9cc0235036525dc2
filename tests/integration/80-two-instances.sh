#!/usr/bin/env bash
# Goal: scratch instances side by side share nothing: each has its own mount, API, key and store,
# and the end of one is not noticed by the others.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/engine.sh"
. "$SUPPORT/agent.sh"

engine_start
names=(one two three)
for name in "${names[@]}"; do
	agent_new $name
	agent_start
	secret_create db_password $name 1
	t grant add db_password container/web >/dev/null
	container $name -d -v "$(mount_of)/container/web:/run/secrets:ro" -- \
		probe loop -t $name /run/secrets/db_password >/dev/null
done
for name in "${names[@]}"; do
	ROOT=$SCRATCH/$name
	equal "the secret of $name" "$(value $name 1)" "$(t secret reveal db_password)"
	equal "the same by TACIT_ROOT" "$(value $name 1)" \
		"$(TACIT_ROOT=$ROOT "$BIN/tacit" secret reveal db_password)"
	equal "the same in its container" "$(value $name 1)" \
		"$(docker exec "$RUN_ID-$name" cat /run/secrets/db_password)"
done
equal "different keys" 3 "$(cat "$SCRATCH"/*/etc/tacit/key | sort -u | grep -c .)"

ROOT=$SCRATCH/one
secret_rotate db_password one 2
agent_kill
ROOT=$SCRATCH/two
docker rm -f "$RUN_ID-two" >/dev/null
agent_stop
ROOT=$SCRATCH/three
equal "the third, when one was killed and one stopped" "$(value three 1)" \
	"$(t secret reveal db_password)"
sleep 0.5
docker stop -t 20 "$RUN_ID-three" >/dev/null
tally=$(docker logs "$RUN_ID-three" | tail -n 1)
for count in failed wrong; do
	equal "$count reads of the third ($tally)" 0 "$(field $count "$tally")"
done

# A key of another instance opens nothing.
ROOT=$SCRATCH/two
cp -p "$SCRATCH/three/etc/tacit/key" "$ROOT/etc/tacit/key"
agent_launch
run t status --wait 3
equal "exit of status with another instance's key" 5 "$RC"
ROOT=$SCRATCH/one
agent_start
equal "the first, started again after a kill" "$(value one 2)" "$(t secret reveal db_password)"
say "3 instances: 3 keys, 3 mounts, 3 APIs; one killed, one stopped: the third's container had" \
	"$(field reads "$tally") reads, 0 failed"
