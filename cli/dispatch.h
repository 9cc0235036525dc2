/* SPDX-License-Identifier: Apache-2.0 */
/* From the words of a command line to the command that runs. */
#ifndef TACIT_CLI_DISPATCH_H
#define TACIT_CLI_DISPATCH_H

#include <sys/resource.h>

/* Run a whole command line and return its exit code. */
int dispatch_main(int argc, char *const *argv, const struct rlimit *cores);

#endif
