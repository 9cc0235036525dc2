/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cli/env_scan.h"
#include "seal/seal.h"

bool env_scan_grow(void **array, size_t *room, size_t count, size_t size)
{
	size_t more = *room ? 2 * *room : 16;
	void *grown;

	if (count < *room)
		return true;
	grown = reallocarray(*array, more, size);
	if (!grown)
		return false;
	*array = grown;
	*room = more;
	return true;
}

static void free_result(struct env_result *result)
{
	free(result->path);
	free(result->known);
	free(result->commit);
	free(result->container);
	free(result->why);
}

static char *copy(const char *text, bool *failed)
{
	char *copied = text ? strdup(text) : NULL;

	*failed |= text && !copied;
	return copied;
}

/* The same thing at another place of the same file, as a history has it again and again. */
static bool is_same(const struct env_result *a, const struct env_result *b)
{
	return a->finding.rule == b->finding.rule && a->finding.print[0] == b->finding.print[0] &&
	       a->finding.print[1] == b->finding.print[1] &&
	       !strcmp(a->finding.name, b->finding.name) &&
	       !strcmp(a->finding.service, b->finding.service) && !strcmp(a->known, b->known);
}

static bool is_known(const struct env_scan *scan, const struct env_result *result)
{
	for (size_t i = 0; i < scan->count; i++)
		if (is_same(&scan->results[i], result))
			return true;
	return false;
}

static void keep(struct env_scan *scan, const struct scan_finding *finding)
{
	struct env_result result = { .finding = *finding };
	bool failed = false;

	result.path = copy(scan->path, &failed);
	result.known = copy(scan->known ? scan->known : scan->path, &failed);
	result.commit = copy(scan->commit, &failed);
	result.container = copy(scan->container, &failed);
	result.why = copy(scan->why, &failed);
	failed |= !env_scan_grow(
		(void **)&scan->results, &scan->room, scan->count, sizeof *scan->results);
	if (!failed && scan->baseline && env_baseline_has(scan->baseline, &result)) {
		scan->accepted++;
	} else if (!failed && !((scan->commit || scan->again) && is_known(scan, &result))) {
		scan->results[scan->count++] = result;
		return;
	}
	scan->found_memory |= failed;
	free_result(&result);
}

void env_scan_found(void *arg, const struct scan_finding *finding)
{
	struct scan_finding here = *finding;
	struct env_scan *scan = arg;

	if (here.line > scan->last_line)
		return;
	if (here.line)
		here.line += scan->first_line;
	scan->found_here++;
	keep(scan, &here);
}

void env_scan_add(struct env_scan *scan, enum scan_rule rule, const char *name)
{
	struct scan_finding finding = { .rule = rule };

	snprintf(finding.name, sizeof finding.name, "%s", name);
	keep(scan, &finding);
}

void env_scan_forget(struct env_scan *scan)
{
	for (size_t i = 0; i < scan->count; i++)
		free_result(&scan->results[i]);
	free(scan->results);
	for (size_t i = 0; i < scan->reference_count; i++) {
		free(scan->references[i].path);
		free(scan->references[i].secret);
	}
	free(scan->references);
	free(scan->seen);
	if (scan->bytes)
		seal_wipe(scan->bytes, scan->bytes_room);
	free(scan->bytes);
	env_baseline_free(scan->baseline);
	scanner_free(scan->scanner);
}
