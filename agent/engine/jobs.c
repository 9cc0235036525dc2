/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/jobs.h"

#include <stdlib.h>
#include <string.h>

/* Its default falls through cases, which compilers warn of where it is used; keys here are short.
 */
#define HASH_FUNCTION HASH_FNV
#include <uthash.h>
#include <utlist.h>

#include "base/log.h"

enum job_state {
	JOB_QUEUED,
	JOB_CONTAINER, /* the engine is asked for it */
	JOB_IMAGE,     /* for its image: `facts` is what was said of the container */
};

struct job {
	char id[CONTAINER_ID_LENGTH + 1];
	enum job_state state;
	unsigned int attempts; /* failed */
	bool listed;           /* counted in jobs.listed */
	bool urgent;           /* somebody waits */
	bool again;            /* it has changed: look once more after this */
	bool stale;            /* it has ended: what is being said may be of before */
	struct facts *facts;
	struct job *prev, *next; /* in the queue */
	UT_hash_handle hh;
};

static struct job *find(const struct jobs *jobs, const char *id)
{
	struct job *job;

	HASH_FIND_STR(jobs->job, id, job);
	return job;
}

static void forget_facts(struct job *job)
{
	if (job->facts)
		facts_clear(job->facts);
	free(job->facts);
	job->facts = NULL;
}

/* All urgent ones are before all others. */
static void enqueue(struct jobs *jobs, struct job *job)
{
	job->state = JOB_QUEUED;
	job->again = job->stale = false;
	if (job->urgent)
		DL_PREPEND(jobs->queue, job);
	else
		DL_APPEND(jobs->queue, job);
}

/* From under way into the queue again. */
static void look_again(struct jobs *jobs, struct job *job)
{
	forget_facts(job);
	jobs->under_way--;
	enqueue(jobs, job);
}

static void drop(struct jobs *jobs, struct job *job)
{
	forget_facts(job);
	HASH_DEL(jobs->job, job);
	free(job);
}

/* All has been said that will be. */
static void finish(struct jobs *jobs, struct job *job)
{
	jobs->listed -= job->listed;
	job->listed = job->urgent = false;
	job->attempts = 0;
	if (job->again) {
		look_again(jobs, job);
		return;
	}
	jobs->under_way--;
	drop(jobs, job);
}

static void finish_told(struct jobs *jobs, struct job *job, const struct image *image)
{
	if (job->stale) {
		look_again(jobs, job);
		return;
	}
	job->facts->came.facts.engine = (uint8_t)jobs->engine;
	facts_finish(job->facts, image);
	tell_came(jobs->tell, &job->facts->came);
	waits_told(jobs->waits, job->id);
	finish(jobs, job);
}

static void finish_untold(struct jobs *jobs, struct job *job)
{
	waits_failed(jobs->waits, job->id, jobs->engine);
	finish(jobs, job);
}

/* There was no answer, rather than one that says nothing. */
static bool could_not_ask(const struct answer *answer)
{
	return answer->code && answer->code != -TACIT_TOO_LARGE;
}

/* The engine could not be asked: what core knows of it stands, until there is a list of all. */
static void finish_missed(struct jobs *jobs, struct job *job)
{
	jobs->missed = jobs->missed || job->listed;
	finish_untold(jobs, job);
}

static struct job *add(struct jobs *jobs, const char *id)
{
	struct job *job = calloc(1, sizeof *job);

	if (!job)
		return NULL;
	memcpy(job->id, id, sizeof job->id);
	HASH_ADD_STR(jobs->job, id, job);
	enqueue(jobs, job);
	return job;
}

/* Somebody waits: to the front. */
static void hurry(struct jobs *jobs, struct job *job)
{
	if (job->urgent)
		return;
	job->urgent = true;
	if (job->state != JOB_QUEUED)
		return;
	DL_DELETE(jobs->queue, job);
	enqueue(jobs, job);
}

bool jobs_want(struct jobs *jobs, const char *id, enum jobs_reason reason)
{
	struct job *job = find(jobs, id);

	if (!job && reason != JOBS_WAITED && HASH_COUNT(jobs->job) >= JOBS_MAX)
		return false;
	if (!job && !(job = add(jobs, id)))
		return false;
	if (reason == JOBS_WAITED)
		hurry(jobs, job);
	if (reason == JOBS_LISTED && !job->listed) {
		job->listed = true;
		jobs->listed++;
	}
	if (reason == JOBS_CHANGED)
		job->again = job->state != JOB_QUEUED;
	return true;
}

void jobs_ended(struct jobs *jobs, const char *id)
{
	struct job *job = find(jobs, id);

	if (job && job->state != JOB_QUEUED)
		job->stale = true;
}

void jobs_pump(struct jobs *jobs, uint64_t now)
{
	struct job *job, *next;

	DL_FOREACH_SAFE(jobs->queue, job, next)
	{
		/* Half of the places are for those that somebody waits for. */
		unsigned int most = job->urgent ? jobs->most : (jobs->most + 1) / 2;

		if (jobs->under_way >= most || (!job->urgent && tell_is_behind(jobs->tell)) ||
			asks_start(jobs->asks, jobs->engine, ASK_CONTAINER, job->id, now, NULL) < 0)
			return;
		DL_DELETE(jobs->queue, job);
		job->state = JOB_CONTAINER;
		jobs->under_way++;
	}
}

/* Not this time: an engine that was only busy gets another chance. Who waits does not wait for what
 * has taken too long already. */
static void fail(struct jobs *jobs, struct job *job, const struct answer *answer)
{
	log_debug("engine %s: a container could not be looked at: %s, HTTP %d", jobs->socket,
		code_word((enum tacit_code) - answer->code), answer->status);
	if (++job->attempts < JOBS_ATTEMPTS && !(job->urgent && answer->code == -TACIT_BUSY))
		look_again(jobs, job);
	else if (could_not_ask(answer))
		finish_missed(jobs, job);
	else
		finish_untold(jobs, job);
}

/* Ask for the image, or for nothing when somebody else has. */
static void need_image(struct jobs *jobs, struct job *job, uint64_t now)
{
	const char *id = job->facts->came.facts.image_id;
	const struct image *image = NULL;
	enum images_state state =
		*id ? images_find(&jobs->images, id, now, &image) : IMAGES_MISSING;

	if (state == IMAGES_KNOWN || state == IMAGES_MISSING) {
		finish_told(jobs, job, image);
		return;
	}
	if (state == IMAGES_NOT_ASKED) {
		if (asks_start(jobs->asks, jobs->engine, ASK_IMAGE, id, now, NULL) < 0) {
			look_again(jobs, job);
			return;
		}
		images_asked(&jobs->images, id);
	}
	job->state = JOB_IMAGE;
}

void jobs_container(struct jobs *jobs, const char *id, const struct answer *answer, uint64_t now)
{
	struct job *job = find(jobs, id);
	struct err err;

	if (!job || job->state != JOB_CONTAINER)
		return;
	if (answer->status == HTTP_NOT_FOUND) {
		finish_untold(jobs, job);
		return;
	}
	if (answer->status != HTTP_OK || !(job->facts = calloc(1, sizeof *job->facts))) {
		fail(jobs, job, answer);
		return;
	}
	if (facts_read(job->facts, id, answer->text, answer->length, &err) < 0) {
		log_warning("engine %s: what it says of a container cannot be read: %s",
			jobs->socket, err.text);
		finish_untold(jobs, job);
		return;
	}
	need_image(jobs, job, now);
}

/* Whether the image was said, as NULL or as what it carries. False: it was not, this time. */
static bool read_image(struct jobs *jobs, const char *id, const struct answer *answer, uint64_t now)
{
	struct image image = { .labels = NULL };
	struct err err;

	if (answer->status == HTTP_OK && !image_read(&image, answer->text, answer->length, &err)) {
		images_answered(&jobs->images, id, &image, now);
		return true;
	}
	if (answer->status == HTTP_OK)
		log_warning("engine %s: what it says of an image cannot be read, so no label of "
			    "its containers counts: %s",
			jobs->socket, err.text);
	if (answer->status != HTTP_OK && answer->status != HTTP_NOT_FOUND &&
		answer->code != -TACIT_TOO_LARGE)
		return false;
	images_answered(&jobs->images, id, NULL, now);
	return true;
}

void jobs_image(struct jobs *jobs, const char *id, const struct answer *answer, uint64_t now)
{
	bool said = read_image(jobs, id, answer, now);
	struct job *job, *next;

	if (!said)
		images_forget(&jobs->images, id);
	HASH_ITER (hh, jobs->job, job, next) {
		const struct image *image = NULL;

		if (job->state != JOB_IMAGE || strcmp(job->facts->came.facts.image_id, id) != 0)
			continue;
		if (!said && ++job->attempts < JOBS_ATTEMPTS) {
			look_again(jobs, job);
			continue;
		}
		/* Told without its image, no label of it would count. */
		if (!said && could_not_ask(answer)) {
			finish_missed(jobs, job);
			continue;
		}
		images_find(&jobs->images, id, now, &image);
		finish_told(jobs, job, image);
	}
}

void jobs_clear(struct jobs *jobs)
{
	struct job *job, *next;

	jobs->queue = NULL;
	HASH_ITER (hh, jobs->job, job, next) {
		waits_failed(jobs->waits, job->id, jobs->engine);
		drop(jobs, job);
	}
	jobs->under_way = jobs->listed = 0;
	jobs->missed = false;
	images_clear(&jobs->images);
}
