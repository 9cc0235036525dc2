#!/bin/sh
# Run cmocka programs one after another; the output of one that fails is shown whole, and the others
# are run all the same. A program that ran no test is a failure.
total=0
failed=
for program; do
	name=${program#*/unit/}
	if output=$(timeout 300 "$program" 2>&1); then
		count=$(printf '%s\n' "$output" | sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' | tail -n 1)
		if [ "${count:-0}" -lt 1 ]; then
			printf '%s\nunit: %s ran no test\n' "$output" "$name"
			failed="$failed $name"
		fi
		total=$((total + ${count:-0}))
		printf '  ok    %-44s %3d\n' "$name" "${count:-0}"
	else
		printf '%s\nunit: %s failed\n' "$output" "$name"
		failed="$failed $name"
	fi
done
[ -z "$failed" ] || { echo "unit: failed:$failed"; exit 1; }
[ "$total" -gt 0 ] || { echo "unit: no test was run"; exit 1; }
echo "unit: $total tests passed"
