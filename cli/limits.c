/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/limits.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/duration.h"
#include "cli/moment.h"
#include "cli/session.h"

#define ID_TEXT_MAX 24

__attribute__((format(printf, 2, 3))) static void add(char *text, const char *format, ...)
{
	size_t used = strlen(text);
	va_list args;

	if (used && used + 2 < LIMITS_TEXT_MAX) {
		strcpy(text + used, ", ");
		used += 2;
	}
	va_start(args, format);
	vsnprintf(text + used, LIMITS_TEXT_MAX - used, format, args);
	va_end(args);
}

static void id_text(const json_t *grant, const char *name, char text[ID_TEXT_MAX])
{
	snprintf(text, ID_TEXT_MAX, "reader");
	if (json_is_integer(json_object_get(grant, name)))
		snprintf(text, ID_TEXT_MAX, "%llu", member_number(grant, name));
}

/* Owner and mode, where they are not those that a grant has by itself. */
static void add_owner(char *text, const json_t *grant)
{
	const char *mode = member_text(grant, "mode");
	char uid[ID_TEXT_MAX], gid[ID_TEXT_MAX];

	id_text(grant, "uid", uid);
	id_text(grant, "gid", gid);
	if (strcmp(uid, gid) || strcmp(uid, "reader"))
		add(text, "%.8s %s:%s", mode, uid, gid);
	else if (*mode && strcmp(mode, "0400"))
		add(text, "%.8s", mode);
}

static void add_expiry(char *text, const json_t *grant, time_t now)
{
	time_t end = moment_parse(member_text(grant, "expires_at"));
	bool over = !strcmp(member_text(grant, "state"), "expired");
	char words[DURATION_TEXT_MAX];
	time_t span;

	if (end == (time_t)-1)
		return;
	/* The agent's word counts: its clock may not be this one. */
	span = over ? (now > end ? now - end : 0) : (end > now ? end - now : 0);
	duration_format((uint64_t)span, over ? 1 : 2, words);
	add(text, over ? "expired %s ago" : "%s left", words);
}

/* Every container has its own count: the fewest and the most that one of them has left. */
static void add_reads(char *text, const json_t *grant)
{
	unsigned long long reads = member_number(grant, "reads"), least = reads, most = 0;
	const json_t *counted = json_object_get(grant, "counted"), *container;
	const char *plural = reads == 1 ? "" : "s";
	size_t i;

	if (!reads)
		return;
	json_array_foreach (counted, i, container) {
		unsigned long long left = member_number(container, "left");

		least = left < least ? left : least;
		most = left > most ? left : most;
	}
	if (!json_array_size(counted))
		add(text, "%llu read%s", reads, plural);
	else if (least == most)
		add(text, "%llu of %llu read%s left", least, reads, plural);
	else
		add(text, "%llu-%llu of %llu read%s left", least, most, reads, plural);
}

/* What is done when the secret rotates; and how that went, when it did not go well. */
static void add_hook(char *text, const json_t *grant)
{
	const char *hook = member_text(grant, "on_rotate");
	const char *state = member_text(json_object_get(grant, "hook"), "state");

	if (!*hook)
		return;
	add(text, "on rotation %.80s", hook);
	if (!strcmp(state, "failing"))
		add(text, "which is failing");
	if (!strcmp(state, "gave_up"))
		add(text, "which has failed");
}

void limits_text(const json_t *grant, time_t now, char text[LIMITS_TEXT_MAX])
{
	text[0] = '\0';
	if (!strcmp(member_text(grant, "state"), "frozen"))
		add(text, "frozen");
	add_owner(text, grant);
	add_expiry(text, grant, now);
	add_reads(text, grant);
	if (member_number(grant, "version"))
		add(text, "version %llu", member_number(grant, "version"));
	if (json_is_true(json_object_get(grant, "main_process")))
		add(text, "pid 1");
	if (json_is_true(json_object_get(grant, "with_previous")))
		add(text, "with previous");
	add_hook(text, grant);
}
