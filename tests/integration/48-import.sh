#!/usr/bin/env bash
# Goal: `tacit env scan` finds what the before of every pair in examples/ has in plaintext, and nothing in
# its after; `tacit env import` turns the one into the other, byte for byte, with the values in the agent
# and granted to who had them; a second import changes nothing; --undo gives back what was, byte for
# byte; and once the backup is destroyed no value is left in the folder. No output shows a value.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/agent.sh"
. "$SUPPORT/pairs.sh"

agent_new a
agent_start

# Names, modes and bytes of everything in a folder but the backups; git keeps no empty folders.
tree_of() {
	(cd "$1" && find . -name .tacit-import -prune -o -type d -empty -o -printf '%P %y %m\n' | sort &&
		find . -name .tacit-import -prune -o -type f -exec sha256sum {} + | sort)
}
same_trees() {
	[ "$(tree_of "$2")" = "$(tree_of "$3")" ] || fail "$1: $(diff -r --exclude=.tacit-import "$2" "$3" || true)"
}
import() { (cd "$folder" && t env import "$@" </dev/null); }

scan() { t env scan "$1" </dev/null; }
shows_no_value() {
	local word
	while IFS= read -r word; do
		[[ $OUT$ERR != *"$word"* ]] || fail "$1 shows a value"
	done < <(pair_words "$pair")
}

# The secret behind a consumer's file, and what is in it.
secret_of() {
	t grant ls --consumer "$1" --json | jq -r --arg file "$2" '.[] | select(.file == $file).secret'
}

for pair in "${PAIRS[@]}"; do
	project=${PAIR_PROJECT[$pair]}
	folder=$SCRATCH/$pair
	pair_copy "$pair" before "$folder"
	cp -a "$folder" "$SCRATCH/before"
	pair_copy "$pair" after "$SCRATCH/after"

	expect 1 'secret-name' scan "$folder"
	shows_no_value "the scan of $pair"
	expect 0 '\+.*(_FILE|FILE__)' import
	shows_no_value "the proposal for $pair"
	same_trees "$pair, proposed only" "$SCRATCH/before" "$folder"
	equal "$pair: grants of a proposal" '[]' \
		"$(t grant ls --json | jq -c --arg p "compose/$project/" '[.[] | select(.consumer | startswith($p))]')"

	expect 0 '' import --apply
	shows_no_value "the import of $pair"
	same_trees "$pair, converted" "$SCRATCH/after" "$folder"
	count=0
	while read -r service _ file value; do
		consumer=compose/$project/$service
		secret=$(secret_of "$consumer" "$file")
		[ -n "$secret" ] || fail "$consumer has no grant of $file"
		equal "$secret" "$value" "$(t secret reveal "$secret")"
		count=$((count + 1))
	done < <(pair_values "$pair")

	expect 0 '' import --apply
	same_trees "$pair, imported twice" "$SCRATCH/after" "$folder"

	expect 0 '' import --undo
	same_trees "$pair, undone" "$SCRATCH/before" "$folder"

	expect 0 '' import --apply
	same_trees "$pair, converted again" "$SCRATCH/after" "$folder"
	grep -rqF -f <(pair_words "$pair") "$folder/.tacit-import" || fail "$pair: the search finds nothing"
	expect 0 '' import --destroy-backup
	if grep -rF -f <(pair_words "$pair") "$folder"; then fail "$pair: a value is left in the folder"; fi
	expect 0 '' scan "$folder"
	expect 1 'stored-secret' scan "$SCRATCH/before"
	shows_no_value "a scan for what the agent keeps"
	rm -r "$SCRATCH/before" "$SCRATCH/after" "$folder"
	say "$pair: $count values of $project, the after file exactly; twice the same; undone; nothing left"
done

# Two of a pair with one value are one secret.
equal "secrets behind one password" "$(secret_of compose/blog/wordpress wordpress_db_password)" \
	"$(secret_of compose/blog/db mariadb_password)"
agent_stop
