/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/children.h"

#include <signal.h>
#include <stdio.h>
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
	char path[64];
	bool found = false;
	int pid;

	snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
	list = fopen(path, "re");
	while (list && fscanf(list, "%d", &pid) == 1) {
		kill(pid, number);
		found = true;
	}
	return found;
}
