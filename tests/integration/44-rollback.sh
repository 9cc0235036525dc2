#!/usr/bin/env bash
# Goal: whoever can write the store's files but has no key is found out: an older copy of the
# database, a row that is put back from an older copy, swapped with another, changed, or deleted.
# The damaged record is named and refused, the others are served; an older store is refused as a
# whole until an operator says otherwise.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/agent.sh"

store() { echo "$ROOT/var/lib/tacit/store.db"; }
cat >"$SCRATCH/rows.py" <<'PYTHON'
"""rows.py STORE TABLE HOW [OLDER]: edit the rows of a stopped agent's store."""
import sqlite3, sys
store, table, how = sys.argv[1:4]
db = sqlite3.connect(store)
db.execute("PRAGMA journal_mode=DELETE")

def rows(connection):
    return connection.execute(f"SELECT id, bytes FROM {table} ORDER BY id").fetchall()

def put(row, data):
    db.execute(f"UPDATE {table} SET bytes=? WHERE id=?", (data, row))

mine = rows(db)
older = dict(rows(sqlite3.connect(sys.argv[4]))) if len(sys.argv) > 4 else {}
if how == "replay":  # a row is put back as it was in the older store
    row = [i for i, data in mine if i in older and older[i] != data][0]
    put(row, older[row])
elif how == "swap":
    first = mine[0]
    second = next(r for r in mine[1:] if len(r[1]) == len(first[1]))
    put(first[0], second[1])
    put(second[0], first[1])
elif how == "change":
    data = bytearray(mine[0][1])
    data[len(data) // 2] ^= 1
    put(mine[0][0], bytes(data))
elif how == "delete":
    db.execute(f"DELETE FROM {table} WHERE id=?", (mine[0][0],))
elif how == "add":  # a row that was removed since is put back
    gone = sorted(set(older) - {i for i, _ in mine})
    db.execute(f"INSERT INTO {table} VALUES (?, ?)", (gone[0], older[gone[0]]))
db.commit()
print(how, "in", table)
PYTHON
rows() { python3 "$SCRATCH/rows.py" "$(store)" "$@"; }

agent_new a
agent_start
for name in one two three four five six; do secret_create $name $name 1; done
secret_create removed removed 1
agent_stop
mkdir "$SCRATCH/older" "$SCRATCH/sound"
cp -a "$ROOT/var/lib/tacit/." "$SCRATCH/older/"
agent_start
for name in one two three four five six; do secret_rotate $name $name 2; done
t secret rm removed --force >/dev/null
agent_stop
cp -a "$ROOT/var/lib/tacit/." "$SCRATCH/sound/"
restore() {
	rm -rf "$ROOT/var/lib/tacit"
	cp -a "$SCRATCH/$1" "$ROOT/var/lib/tacit"
}

# An older copy of everything below /var/lib/tacit: whole, authentic, and old.
restore older
agent_launch
within 10 eval '[ "$(status_of .state)" = failed ]' || fail "an older store is served: $(status_of .state)"
like "the reason" 'older|anchor' "$(status_of .reason)"
run t secret reveal one
[ "$RC" -ne 0 ] || fail "a value of an older store is given: $OUT"
unlike "what is said" "$(value one 1 | head -c 16)" "$OUT$ERR"
# An operator may go on with it.
expect 0 '' t store accept --rollback --force
equal "the older value" "$(value one 1)" "$(t secret reveal one)"
agent_stop
agent_start
equal "the older value, after a restart" "$(value one 1)" "$(t secret reveal one)"
agent_stop
say "an older copy of the database: refused, until 'store accept --rollback --force'"

tampered=0 served=0 refused=0
for edit in 'record replay' 'record swap' 'record change' 'record delete' 'record add' \
	'value swap' 'value change' 'value delete' 'value add'; do
	read -r table how <<<"$edit"
	restore sound
	# The anchor of the older store, which was accepted: the operator replaces it.
	rm -f "$ROOT"/var/lib/tacit-anchor/anchor
	done_to=$(rows "$table" "$how" "$SCRATCH/older/store.db")
	agent_launch
	within 10 eval '[ "$(status_of .state)" = failed ]' || fail "a store without its anchor is served: $done_to"
	t store accept --rollback --force >/dev/null || fail "not accepted after: $done_to"
	t status --wait 10 >/dev/null || fail "$done_to: nothing is served: $(status_of .reason)"
	at_least "damages that status counts after: $done_to" 1 "$(status_of .integrity.damages)"
	run t store verify
	equal "exit of store verify after: $done_to" 1 "$RC"
	like "what is wrong is named ($done_to)" '[0-9a-f]{32}' "$OUT$ERR"
	for name in one two three four five six; do
		run t secret reveal $name
		if [ "$RC" -eq 0 ]; then
			equal "$name after: $done_to" "$(value $name 2)" "$OUT"
			served=$((served + 1)) alive=$name
		else
			refused=$((refused + 1))
		fi
	done
	run t secret reveal removed
	[ "$RC" -ne 0 ] || fail "a removed secret is back after: $done_to"
	run secret_rotate "$alive" "$alive" 3
	[ "$RC" -ne 0 ] || fail "a change is made although a record is damaged: $done_to"
	like "why" 'damaged' "$OUT$ERR"
	expect 0 '' t store accept --drop --force
	expect 0 '' t store verify
	equal "damages that status counts when they were dropped" 0 "$(status_of .integrity.damages)"
	t secret create "after-$table-$how" --generate 8 >/dev/null || fail "nothing can be changed after --drop"
	agent_stop
	tampered=$((tampered + 1))
done
at_least "values that were served all the same" 30 "$served"
say "$tampered edits of rows (put back, swapped, changed, deleted, a removed one added): each named;" \
	"$served values of the other records served, $refused refused, none wrong"
