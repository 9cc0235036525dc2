/* SPDX-License-Identifier: Apache-2.0 */
/* The names in a folder, sorted by their bytes. */
#ifndef TACIT_WALK_NAMES_H
#define TACIT_WALK_NAMES_H

#include <stddef.h>

struct names {
	char **names;
	size_t count, room;
};

/* All that a walk looks at: not "." and "..", and not the folders of version control. `fd` stays
 * the caller's. 0, or an errno and nothing to free. */
int names_read(struct names *names, int fd);
void names_free(struct names *names);

#endif
