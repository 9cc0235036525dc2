#!/bin/sh
# Run cmocka programs one after another; the first failure's output is shown whole. A program that
# ran no test is a failure.
total=0
for program; do
	name=${program#*/unit/}
	if output=$(timeout 300 "$program" 2>&1); then
		count=$(printf '%s\n' "$output" | sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' | tail -n 1)
		if [ "${count:-0}" -lt 1 ]; then
			printf '%s\nunit: %s ran no test\n' "$output" "$name"
			exit 1
		fi
		total=$((total + count))
		printf '  ok    %-44s %3d\n' "$name" "$count"
	else
		printf '%s\nunit: %s failed\n' "$output" "$name"
		exit 1
	fi
done
[ "$total" -gt 0 ] || { echo "unit: no test was run"; exit 1; }
echo "unit: $total tests passed"
