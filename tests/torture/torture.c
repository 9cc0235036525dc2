/* SPDX-License-Identifier: Apache-2.0 */
#include "torture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const struct {
	const char *name;
	void (*run)(struct torture *torture);
} parts[] = {
	{ "kill", torture_kill },
	{ "refuse", torture_refuse },
	{ "damage", torture_damage },
	{ "rules", torture_rules },
};

bool torture_wants(const struct torture *torture, uint64_t point, uint32_t of)
{
	uint64_t lot = torture->lot ^ point << 20;

	return torture->full || scene_draw(&lot) % of == 0;
}

void torture_share_out(struct torture *torture, torture_job_fn *job, void *with)
{
	pid_t children[TORTURE_JOBS];

	fflush(stdout);
	for (unsigned int i = 0; i < TORTURE_JOBS; i++) {
		children[i] = fork();
		if (children[i] < 0)
			scene_fail("fork: %s", strerror(errno));
		if (children[i])
			continue;
		job(torture, i, with);
		_exit(0);
	}
	for (unsigned int i = 0; i < TORTURE_JOBS; i++) {
		int status;

		if (waitpid(children[i], &status, 0) < 0 || status)
			torture->wrong++;
	}
}

static uint64_t choose_lot(void)
{
	const char *given = getenv("TORTURE_LOT");
	uint64_t lot = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);

	return lot ? lot : 1;
}

static void check_names(int count, char **names)
{
	for (int i = 1; i < count; i++) {
		size_t at = 0;

		while (at < sizeof parts / sizeof *parts && strcmp(names[i], parts[at].name))
			at++;
		if (at == sizeof parts / sizeof *parts)
			scene_fail("torture: there is no part %s", names[i]);
	}
}

static bool is_asked_for(int count, char **names, const char *part)
{
	for (int i = 1; i < count; i++)
		if (!strcmp(names[i], part))
			return true;
	return count == 1;
}

int main(int argc, char **argv)
{
	struct torture torture = { .full = getenv("TORTURE_FULL"), .lot = choose_lot() };

	check_names(argc, argv);
	printf("torture: %s, TORTURE_LOT=%llu\n", torture.full ? "every point" : "by lot",
		(unsigned long long)torture.lot);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (is_asked_for(argc, argv, parts[i].name))
			parts[i].run(&torture);
	if (torture.wrong)
		printf("torture: %u things are wrong\n", torture.wrong);
	return torture.wrong != 0;
}
