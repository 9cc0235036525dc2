#!/bin/sh
# Install the Debian packages that building and testing need.
#
#   deps.sh [--if-missing] PACKAGES...
#
# Prints the one line that installs what is missing, then runs it. With --if-missing it is silent
# when nothing is. A package counts as there when dpkg says so, or, for those that go by other names
# elsewhere, when their command is.
set -eu

quiet=
if [ "${1-}" = --if-missing ]; then
	quiet=yes
	shift
fi
[ $# -gt 0 ] || { echo "usage: deps.sh [--if-missing] PACKAGES..." >&2; exit 2; }

command_of() {
	case $1 in
	docker.io) echo dockerd ;;
	docker-compose) echo docker-compose ;;
	podman | runc | gcc | make | jq | curl | strace | sqlite3) echo "$1" ;;
	esac
}

installed=
if command -v dpkg-query >/dev/null; then
	# shellcheck disable=SC2016  # the fields are dpkg-query's
	installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "$@" 2>/dev/null |
		sed -n 's/^.i *//p' || true)
fi

missing=
for package; do
	if ! printf '%s\n' "$installed" | grep -qxF "$package"; then
		command=$(command_of "$package")
		if [ -z "$command" ] || ! command -v "$command" >/dev/null; then
			missing="$missing $package"
		fi
	fi
done
missing=${missing# }

if [ -z "$missing" ]; then
	[ -n "$quiet" ] || echo "deps: all $# packages are there"
	exit 0
fi

line="apt-get install -y --no-install-recommends $missing"
if ! command -v apt-get >/dev/null; then
	echo "deps: missing: $missing" >&2
	echo "deps: there is no apt-get here: install what they hold by other means" >&2
	exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
	echo "deps: missing: $missing" >&2
	echo "deps: run as root: $line" >&2
	exit 1
fi

echo "$line"
export DEBIAN_FRONTEND=noninteractive
# An old or empty list of packages is the only reason to fetch a new one. policy-rc.d keeps a
# package's service (dockerd) from being started by its installation.
# shellcheck disable=SC2086  # a list of words
if ! apt-get install -qq -s --no-install-recommends $missing >/dev/null 2>&1; then
	apt-get -qq update
fi
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod 0755 $policy
	trap 'rm -f $policy' EXIT
fi
# shellcheck disable=SC2086
if ! apt-get install -qq -y --no-install-recommends $missing >/dev/null; then
	apt-get -qq update
	apt-get install -qq -y --no-install-recommends $missing >/dev/null
fi
