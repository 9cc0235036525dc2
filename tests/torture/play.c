/* SPDX-License-Identifier: Apache-2.0 */
#include "play.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const manners[DISK_MANNERS] = {
	[DISK_COUNT] = "nothing",
	[DISK_KILL] = "killed",
	[DISK_TORN] = "killed in half of a write",
	[DISK_POWER] = "power cut, nothing unsynced left",
	[DISK_SOME] = "power cut, some of the unsynced left",
	[DISK_REFUSE] = "refused",
};

static const char *const verdicts[PLAY_VERDICTS] = {
	[PLAY_OLD] = "old",
	[PLAY_NEW] = "new",
	[PLAY_LOST] = "LOST",
	[PLAY_MIXED] = "MIXED",
	[PLAY_UNSOUND] = "UNSOUND",
};

enum play_verdict play_say(
	const struct play *play, enum play_verdict verdict, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(play->page->text, PLAY_TEXT_MAX, format, list);
	va_end(list);
	return verdict;
}

typedef enum play_verdict part_fn(const struct play *play, const struct disk_plan *plan);

__attribute__((noreturn)) static void work(const struct play *play, const struct disk_plan *plan)
{
	enum play_verdict verdict;

	disk_arm(plan);
	verdict = play->work(play, plan);
	play->page->calls = disk_calls();
	play->page->log_calls = disk_log_calls();
	/* Whatever was acknowledged is to be there although the machine stops now. */
	if (verdict == PLAY_OLD && plan->attic)
		disk_cut_power();
	_exit(verdict == PLAY_OLD ? 0 : verdict);
}

static pid_t start(const struct play *play, const struct disk_plan *plan, bool working)
{
	pid_t child = fork();

	if (child < 0)
		scene_fail("fork: %s", strerror(errno));
	if (child)
		return child;
	scene_hush();
	if (working)
		work(play, plan);
	_exit(play->check(play, plan));
}

static int end_of(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			scene_fail("waitpid: %s", strerror(errno));
	return status;
}

static void tell(const struct play *play, const struct disk_plan *plan, const char *what)
{
	fprintf(stderr, "torture: %s: %s%s at call %u (%s%slot %llu), %u acknowledged: %s: %s\n",
		play->name, manners[plan->manner], plan->sticky ? " for good" : "", plan->at,
		plan->manner == DISK_REFUSE ? strerror(plan->errnum) : "",
		plan->manner == DISK_REFUSE ? ", " : "", (unsigned long long)plan->lot,
		play->page->acked, what, play->page->text);
}

/* Whether the worker ended as the plan has it. */
static bool worked(const struct play *play, const struct disk_plan *plan, struct play_tally *tally)
{
	bool deadly = plan->manner != DISK_COUNT && plan->manner != DISK_REFUSE;
	int status = end_of(start(play, plan, true));

	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return true;
	if (deadly && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return true;
	if (WIFEXITED(status) && WEXITSTATUS(status) == PLAY_UNSOUND) {
		tally->verdicts[PLAY_UNSOUND]++;
		tell(play, plan, "while it worked");
	} else {
		tally->crashes++;
		tell(play, plan, "the worker crashed");
	}
	return false;
}

void play_point(const struct play *play, const struct disk_plan *plan, struct play_tally *tally)
{
	int status;

	scene_put_back(play->scene);
	memset(play->page, 0, sizeof *play->page);
	tally->points++;
	if (!worked(play, plan, tally))
		return;
	tally->failed_steps += play->page->failures;
	status = end_of(start(play, plan, false));
	if (!WIFEXITED(status) || WEXITSTATUS(status) < PLAY_OLD ||
		WEXITSTATUS(status) >= PLAY_VERDICTS) {
		tally->crashes++;
		tell(play, plan, "looking at it crashed");
		return;
	}
	tally->verdicts[WEXITSTATUS(status)]++;
	if (WEXITSTATUS(status) > PLAY_NEW)
		tell(play, plan, verdicts[WEXITSTATUS(status)]);
}

uint32_t play_count(const struct play *play, const struct disk_plan *plan)
{
	struct disk_plan nothing = { .dir = plan->dir, .attic = plan->attic, .of = plan->of };
	struct play_tally tally = { 0 };

	play_point(play, &nothing, &tally);
	if (play_wrong(&tally))
		scene_fail("torture: %s goes wrong by itself", play->name);
	return play->page->calls;
}

uint32_t play_wrong(const struct play_tally *tally)
{
	return tally->crashes + tally->verdicts[PLAY_LOST] + tally->verdicts[PLAY_MIXED] +
	       tally->verdicts[PLAY_UNSOUND];
}
