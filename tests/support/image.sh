# shellcheck shell=bash
# Programs of this host in images of their own: dynamic ones, with the libraries they name. Sourced
# after engine.sh.

# image_files TREE FILE...: copy files to their places in a tree, and the libraries they need.
image_files() {
	local tree=$1 file library
	shift
	for file; do
		for library in $(ldd "$file" 2>/dev/null | grep -o '/[^ )]*') "$file"; do
			mkdir -p "$tree${library%/*}"
			cp -nL "$library" "$tree$library"
		done
	done
}

# image_make NAME FILE...: an image "$TACIT_IMAGE-NAME", the test's image with these files in it.
# Sets $IMAGE to its name.
image_make() {
	local tree=$SCRATCH/image-$1
	IMAGE=$TACIT_IMAGE-$1
	shift
	mkdir "$tree"
	cp -a "$TACIT_ENGINE/image/." "$tree"
	image_files "$tree" "$@"
	chmod -R a+rX "$tree"
	tar -C "$tree" -c . | docker import --change 'ENV PATH=/bin:/usr/bin:/usr/sbin' - "$IMAGE" \
		>/dev/null 2>&1 || fail "docker import of $IMAGE"
	rm -rf "$tree"
	at_exit "timeout 20 docker rmi -f $IMAGE >/dev/null 2>&1"
}
