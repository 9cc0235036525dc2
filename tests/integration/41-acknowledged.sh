#!/usr/bin/env bash
# Goal: what was acknowledged is never lost: 100 times a create or a rotation, SIGKILL of every
# process right after its acknowledgement, a new start, and the value is there.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/agent.sh"

times=${TIMES:-100}
agent_new a
agent_start
secret_create rotated rotated 1
version=1
for ((i = 1; i <= times; i++)); do
	pids=$(agent_processes | cut -d' ' -f1)
	if ((i % 2)); then
		secret_create "created/n$i" "n$i" 1
	else
		version=$((version + 1))
		secret_rotate rotated rotated $version
	fi
	# shellcheck disable=SC2086  # a list
	kill -9 $pids
	within 5 agent_gone || fail "processes that do not die: $(agent_processes)"
	agent_start
	equal "the rotated secret after kill $i" "$(value rotated $version)" \
		"$(t secret reveal rotated)"
	((i % 2 == 0)) ||
		equal "the secret created before kill $i" "$(value "n$i" 1)" \
			"$(t secret reveal "created/n$i")"
done
equal "secrets in the end" $((1 + (times + 1) / 2)) "$(t secret ls --quiet | wc -l)"
for ((i = 1; i <= times; i += 2)); do
	equal "created/n$i in the end" "$(value "n$i" 1)" "$(t secret reveal "created/n$i")"
done
say "$times acknowledgements, each followed by SIGKILL of everything: $(((times + 1) / 2))" \
	"creates and $((times / 2)) rotations, 0 lost"
