/* SPDX-License-Identifier: Apache-2.0 */
/* Linked into a core for one test, around on_open (-Wl,--wrap=on_open): a request that crashes it.
 */
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <stdlib.h>

void __real_on_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file);
void __wrap_on_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file);

void __wrap_on_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file)
{
	if (file->flags & O_NONBLOCK)
		abort();
	__real_on_open(req, ino, file);
}
