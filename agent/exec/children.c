/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/children.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"

void children_adopt(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

bool children_signal(int number)
{
	_fclose_ FILE *list = NULL;
	_free_ char *pid = NULL;
	size_t room = 0;
	char path[64];
	bool found = false;

	snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
	list = fopen(path, "re");
	while (list && getdelim(&pid, &room, ' ', list) > 1) {
		/* One of another pid namespace is 0: to kill that is to kill this group. */
		if (atoi(pid) <= 0)
			continue;
		kill(atoi(pid), number);
		found = true;
	}
	return found;
}
