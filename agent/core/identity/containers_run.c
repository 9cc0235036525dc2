/* SPDX-License-Identifier: Apache-2.0 */
/* Runs: what root has begun with `tacit run`, told of by nobody else. One is known by the word of
 * its runner's operator, and stands while that very process lives, in the first cgroup it was seen
 * in. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/names.h"
#include "core/identity/containers_state.h"

static bool is_alive(const struct container *run)
{
	struct pollfd runner = { .fd = run->runner, .events = POLLIN };

	return run->runner >= 0 && poll(&runner, 1, 0) == 0;
}

/* A pidfd of the process `runner` that began at *start; when that is 0, of any, and *start is when
 * it began. -1: there is no such process. */
static int open_runner(pid_t runner, uint64_t *start)
{
	_close_ int fd = runner > 0 ? pidfd_open(runner, 0) : -1;
	uint64_t process, began;

	if (fd < 0 || !identity_process(runner, &process, &began) || process != (uint64_t)runner)
		return -1;
	if (*start && began != *start)
		return -1;
	*start = began;
	return take_fd(&fd);
}

static void add_label(struct container_facts *facts, const char *key, const char *value)
{
	char *at = facts->labels + facts->labels_length;

	facts->labels_length += (uint32_t)snprintf(at, sizeof facts->labels - facts->labels_length,
					"%s=%s", key, value) +
				1;
}

static void add_number(struct container_facts *facts, const char *key, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof text, "%llu", (unsigned long long)number);
	add_label(facts, key, text);
}

/* The names that an engine would tell of such a consumer: through `self`, and for people. */
static void put_names(struct container_facts *facts, const char *consumer)
{
	const char *name = strchr(consumer, '/') + 1, *slash = strchr(name, '/');
	enum consumer_kind kind = consumer_kind_of_word(consumer, (size_t)(name - 1 - consumer));

	if (kind == CONSUMER_CONTAINER)
		snprintf(facts->name, sizeof facts->name, "%s", name);
	if (kind != CONSUMER_COMPOSE || !slash)
		return;
	snprintf(facts->project, sizeof facts->project, "%.*s", (int)(slash - name), name);
	snprintf(facts->service, sizeof facts->service, "%s", slash + 1);
}

static struct container *add(struct containers *containers, const struct container_facts *facts)
{
	struct container *run = containers_make(containers, facts->id);

	if (!run)
		return NULL;
	run->is_run = true;
	run->runner = -1;
	run->state = CONTAINER_RUNNING;
	if (containers_set_facts(run, facts))
		return run;
	containers_drop(containers, run);
	return NULL;
}

int containers_run_begin(
	struct containers *containers, const struct containers_run *run, struct err *err)
{
	_free_ struct container_facts *facts = calloc(1, sizeof *facts);
	uint64_t start = 0;
	_close_ int runner = open_runner(run->runner, &start);
	struct container *added;
	hold_mutex(&containers->mutex);

	if (runner < 0)
		return err_set(err, TACIT_NOT_FOUND, "there is no such process to begin a run");
	if (containers_at(containers->known, run->id))
		return err_set(err, TACIT_EXISTS, "there is a run, or a container, of this id");
	if (!facts)
		return err_set(err, TACIT_LIMIT, "out of memory");
	facts->engine = CONTAINER_OF_RUN;
	memcpy(facts->id, run->id, sizeof facts->id);
	put_names(facts, run->consumer);
	add_label(facts, "consumer", run->consumer);
	add_number(facts, "runner", (uint64_t)run->runner);
	add_number(facts, "start", start);
	added = add(containers, facts);
	if (!added)
		return err_set(err, TACIT_LIMIT, "too many containers and runs are known");
	added->runner = take_fd(&runner);
	added->changed = true;
	eventfd_write(containers->keep_fd, 1);
	return 0;
}

bool containers_run_end(struct containers *containers, const char *id)
{
	struct container *run;
	hold_mutex(&containers->mutex);

	run = containers_at(containers->known, id);
	if (!run || !run->is_run)
		return false;
	containers_drop(containers, run);
	return true;
}

void containers_runs_look(struct containers *containers)
{
	struct container *container, *next;
	hold_mutex(&containers->mutex);

	HASH_ITER (hh, containers->known, container, next)
		if (container->is_run && !is_alive(container))
			containers_drop(containers, container);
}

static uint64_t number_of(const struct container_facts *facts, const char *key)
{
	const char *text = container_label(facts, key, strlen(key));

	return text ? strtoull(text, NULL, 10) : 0;
}

void containers_run_keep(struct containers *containers, const struct container_facts *facts)
{
	uint64_t start = number_of(facts, "start"), runner = number_of(facts, "runner");
	struct container *run = add(containers, facts);

	if (!run)
		return;
	if (start && runner <= INT32_MAX && container_run_consumer(facts))
		run->runner = open_runner((pid_t)runner, &start);
	if (run->runner < 0)
		containers_drop(containers, run);
}

enum standing containers_run_standing(
	const struct containers *containers, const struct reader *reader)
{
	struct container *run = containers_at(containers->known, reader->id);

	if (!run || !run->is_run || !is_alive(run))
		return STANDING_NOBODY;
	if (!run->pin)
		run->pin = reader->container;
	return run->pin == reader->container ? STANDING_KNOWN : STANDING_NOBODY;
}
