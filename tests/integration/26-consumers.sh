#!/usr/bin/env bash
# Goal: what is said of a consumer that is not there: nothing can be taken from it; a rule or a
# freeze may come before its first grant, and is then all there is of it.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/agent.sh"

agent_new a
agent_start
for verb in inspect thaw unbind rm; do
	expect 4 'no such consumer' t consumer "$verb" container/nobody
done
said=$(api POST "/v1/consumers/thaw?consumer=container/nobody")
equal "a thaw of nobody" 404 "${said##*$'\n'}"
equal "consumers afterwards" 0 "$(t consumer ls --json | jq length)"

t consumer freeze container/early >/dev/null
t consumer bind container/early image=nginx >/dev/null
equal "a consumer without a grant" 'true 1 0' \
	"$(t consumer ls --json | jq -r '.[] | "\(.frozen) \(.rules) \(.grants)"')"
t consumer thaw container/early >/dev/null
t consumer unbind container/early >/dev/null
equal "nothing is left to be said of it" 0 "$(t consumer ls --json | jq length)"
say "nobody is not thawed, unbound or removed; a freeze and a rule may be there before a grant"
agent_stop
