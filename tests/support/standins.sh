# shellcheck shell=bash
# Images that stand in for those that the pairs of examples/ name: busybox with an entrypoint that takes
# secrets from files as the image does, and then becomes `sleep 100000` with the arguments that it was given
# in its environment. Sourced after engine.sh, for an engine of the script's own.

# standin_entrypoint CONVENTION: _FILE, __FILE, FILE__ or none.
standin_entrypoint() {
	echo '#!/bin/sh'
	[ "$1" = none ] || cat <<-SH
		for line in \$(env | grep -E '^(FILE__[A-Z0-9_]+|[A-Z0-9_]+_FILE)=/run/secrets/'); do
			variable=\${line%%=*}
			case $1:\$variable in
			FILE__:FILE__*) name=\${variable#FILE__} ;;
			__FILE:*__FILE) name=\${variable%__FILE} ;;
			_FILE:*_FILE) name=\${variable%_FILE} ;;
			*) continue ;;
			esac
			if env | grep -q "^\$name="; then
				echo "both \$variable and \$name are set" >&2
				exit 1
			fi
			export "\$name=\$(cat "\${line#*=}")"
			unset "\$variable"
		done
	SH
	echo 'exec env "ARGUMENTS=$*" sleep 100000'
}

# standin NAME CONVENTION PROGRAM [COMMAND [USER]]: an image of that name, whose entrypoint is PROGRAM.
# With a COMMAND, of words as in JSON, PROGRAM runs it, and it is what becomes `sleep`.
standin() {
	local tree=$SCRATCH/standin program=$3
	[[ $program == /* ]] || program=/bin/$program
	cp -al "$TACIT_ENGINE/image" "$tree" 2>/dev/null || cp -a "$TACIT_ENGINE/image" "$tree"
	if [ -n "${4-}" ]; then
		printf '#!/bin/sh\nexec "$@"\n' | install -D -m 0755 /dev/stdin "$tree$program"
		program=/bin/$(jq -r .[0] <<<"[$4]")
	fi
	standin_entrypoint "$2" | install -D -m 0755 /dev/stdin "$tree$program"
	tar -C "$tree" -c . |
		docker import --change 'ENV PATH=/bin:/usr/bin' --change "ENTRYPOINT [\"$3\"]" \
			--change "CMD [${4-}]" --change "USER ${5:-0}" - "$1" >/dev/null ||
		fail "import of $1"
	rm -r "$tree"
}
