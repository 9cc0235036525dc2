/* SPDX-License-Identifier: Apache-2.0 */
/* The program's own text, which lies in the agent's mount. Its pages come from there whenever the
 * kernel wants them, so an agent that ends would take this process with it (SIGBUS). */
#ifndef TACIT_EXEC_IMAGE_H
#define TACIT_EXEC_IMAGE_H

/* Go on as a copy in memory, from the beginning of main; in the copy: return. Where the kernel
 * makes none, or forbids to execute it, this returns too, and the mount is needed for as long as
 * this process lives. `argv` is what main was given. */
void image_detach(char **argv);

#endif
