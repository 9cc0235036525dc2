/* SPDX-License-Identifier: Apache-2.0 */
/* tacit-exec, as a file: `exec` in the root, and in the folder `.tacit` of every consumer's
 * directory. It is no secret, and the same for all. Who may see that the directory is there may
 * run it, also while the agent is locked or nobody has said yet which container it is.
 *
 * Alone of all files its pages come through the page cache, without which nothing is executed; they
 * are read anew by each OPEN, so a later agent's is the later one. An OPEN leaves nothing behind,
 * and a READ needs none. */
#include <sys/stat.h>

#include "core/fuse/internal.h"

/* program_image.c */
extern const char program_image[], program_image_end[];

static size_t image_size(void)
{
	return (size_t)(program_image_end - program_image);
}

const char *program_listed(uint64_t directory)
{
	return directory == NODE_ROOT_ID || node_level(directory) == LEVEL_PROGRAMS ? NAME_PROGRAM
										     : NULL;
}

void program_attributes(struct stat *st)
{
	st->st_mode = S_IFREG | 0555;
	st->st_size = (off_t)image_size();
	st->st_blocks = (st->st_size + 511) / 512;
}

void program_open(struct turn *turn, fuse_req_t req, uint64_t ino, struct fuse_file_info *file)
{
	struct policy_answer answer =
		turn_judge(turn, turn->opens ? ACT_READ : ACT_TOUCH, ino, NULL);

	turn->worker->rule = answer.rule;
	file->fh = PROGRAM_HANDLE;
	if (answer.errnum)
		fuse_reply_err(req, answer.errnum);
	else
		fuse_reply_open(req, file);
}

void program_read(fuse_req_t req, size_t size, off_t offset)
{
	size_t length = image_size(), at = (size_t)offset;

	if (offset < 0 || at > length)
		at = length;
	fuse_reply_buf(req, program_image + at, size < length - at ? size : length - at);
}
