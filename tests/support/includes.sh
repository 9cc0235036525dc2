#!/bin/sh
# Each source file may include its own layer and the layers its layer needs, and nothing else.
#
# The layers are the Makefile's NEEDS_ lines: one list. Linking (`make layers`) finds calls that
# point the wrong way; this finds types and macros. Libraries stay in their layer too.
set -eu
cd "$(dirname "$0")/../.."

find agent cli -name '*.[ch]' | sort | awk '
# "core/store" of agent/core/store/x.c; "cli" of cli/x.c; a process that has rooms: its top room
function layer_of(file, at) {
	at = file
	sub(/^agent\//, "", at)
	while (sub(/\/[^\/]*$/, "", at))
		if (at in needs)
			return at
	return file ~ /^agent\/core\// ? "core/control" : ""
}
function fail(text) {
	print "includes: " text
	failed = 1
}
FILENAME == "Makefile" {
	if (match($0, /^NEEDS_[a-z\/]+/)) {
		name = substr($0, 7, RLENGTH - 6)
		sub(/^[^=]*= */, "")
		needs[name] = " " name " " $0 " "
	}
	next
}
{ files[++count] = $0 }
END {
	only["sodium.h"] = " seal "
	only["sqlite3.h"] = " core/store "
	only["fuse_lowlevel.h"] = " core/fuse "
	only["fuse.h"] = " "
	only["microhttpd.h"] = " api "
	only["jansson.h"] = " api cli cli/import engine "
	only["libfyaml.h"] = " cli/compose "
	only["curl/curl.h"] = " cli "
	for (i = 1; i <= count; i++) {
		file = files[i]
		own = layer_of(file)
		if (own == "") {
			fail(file ": belongs to no layer of the Makefile")
			continue
		}
		while ((getline line < file) > 0) {
			if (line !~ /^[ \t]*#[ \t]*include/)
				continue
			if (match(line, /"[^"]+"/)) {
				path = substr(line, RSTART + 1, RLENGTH - 2)
				if (path !~ /\//)
					continue  # a neighbour in the same folder
				target = layer_of(path)
				if (target == "" || index(needs[own], " " target " ") == 0)
					fail(file ": " own " may not include \"" path "\"")
				edges++
			} else if (match(line, /<[^>]+>/)) {
				path = substr(line, RSTART + 1, RLENGTH - 2)
				if (path in only && index(only[path], " " own " ") == 0)
					fail(file ": " own " may not include <" path ">")
			}
		}
		close(file)
	}
	if (!failed)
		printf "includes: %d files, %d includes between layers, all downward\n",
			count, edges
	exit failed
}' Makefile -
