/* SPDX-License-Identifier: Apache-2.0 */
/* The processes that are left to this one: the command, and what ended parents have left behind. */
#ifndef TACIT_EXEC_CHILDREN_H
#define TACIT_EXEC_CHILDREN_H

#include <stdbool.h>

/* What is left behind by anything below this process comes to it, also when it is not the first
 * one. */
void children_adopt(void);

/* Send it to every child. False: nobody was found; there is none, or no /proc that would say. */
bool children_signal(int number);

#endif
