/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/env_scan.h"

/* What was found, in a sentence: what is before its name, and after it. */
static const struct {
	const char *before, *after, *nameless;
} whys[SCAN_RULES] = {
	[SCAN_RULE_NAME] = { "the value of ", " stands here", "a secret stands here" },
	[SCAN_RULE_TOKEN] = { "", " stands here", "a well-known token stands here" },
	[SCAN_RULE_ENTROPY] = { "the value of ", " looks drawn by lot", "it looks drawn by lot" },
	[SCAN_RULE_URL] = { "a password stands in the URL ", "", "a password stands in a URL" },
	[SCAN_RULE_STORED] = { "the value of the secret ", ", which the agent keeps, stands here",
		"a value that the agent keeps stands here" },
	[SCAN_RULE_COPIED] = { "", " is copied into the image", "a key is copied into the image" },
	[SCAN_RULE_TRACKED] = { "", " is not ignored by git",
		"there are secrets in it, and git does not ignore it" },
	[SCAN_RULE_CONTEXT] = { "", " gets into the image",
		"there are secrets in it, and it gets into an image" },
	[SCAN_RULE_CONTAINER] = { "the container carries the value of ", " in its environment",
		"the container carries a secret in its environment" },
};

void env_scan_why(const struct env_result *result, char why[ENV_WHY_MAX])
{
	const struct scan_finding *finding = &result->finding;

	if (result->why)
		snprintf(why, ENV_WHY_MAX, "%s", result->why);
	else if (finding->name[0])
		snprintf(why, ENV_WHY_MAX, "%s%s%s%s%s", whys[finding->rule].before, finding->name,
			finding->service[0] ? " of service " : "", finding->service,
			whys[finding->rule].after);
	else
		snprintf(why, ENV_WHY_MAX, "%s", whys[finding->rule].nameless);
}

/* "PATH:LINE", "COMMIT:PATH:LINE", "container NAME (ENGINE ID)". */
static char *place_of(const struct env_result *result)
{
	char line[16] = "", *place = NULL;
	int length;

	if (result->finding.line)
		snprintf(line, sizeof line, ":%u", result->finding.line);
	if (result->container)
		length = asprintf(&place, "container %s (%s)", result->path, result->container);
	else
		length = asprintf(&place, "%s%s%s%s", result->commit ? result->commit : "",
			result->commit ? ":" : "", result->path, line);
	return length < 0 ? NULL : place;
}

static void print_result(const struct env_result *result)
{
	_free_ char *place = place_of(result), *line = NULL;
	char why[ENV_WHY_MAX];

	env_scan_why(result, why);
	if (place && asprintf(&line, "%s: %s [%s]", place, why,
			     scan_rule_word(result->finding.rule)) > 0)
		session_print_clean(line);
}

static bool has_rule(const struct env_scan *scan, enum scan_rule rule)
{
	for (size_t i = 0; i < scan->count; i++)
		if (scan->results[i].finding.rule == rule)
			return true;
	return false;
}

void env_scan_print(const struct env_scan *scan)
{
	for (size_t i = 0; i < scan->count; i++)
		print_result(&scan->results[i]);
	if (scan->count)
		putchar('\n');
	for (int rule = 0; rule < SCAN_RULES; rule++)
		if (has_rule(scan, (enum scan_rule)rule))
			printf("%s: %s\n", scan_rule_word((enum scan_rule)rule),
				scan_rule_advice((enum scan_rule)rule));
	if (scan->count)
		putchar('\n');
	printf("%zu found in %llu file%s", scan->count, (unsigned long long)scan->files,
		scan->files == 1 ? "" : "s");
	if (scan->containers)
		printf(" and %llu container%s", (unsigned long long)scan->containers,
			scan->containers == 1 ? "" : "s");
	if (scan->accepted)
		printf(", %zu more accepted by the baseline", scan->accepted);
	if (scan->unread)
		printf(", %llu not read", (unsigned long long)scan->unread);
	putchar('\n');
}

void env_scan_print_names(const struct env_scan *scan)
{
	for (size_t i = 0; i < scan->count; i++)
		if (!i || strcmp(scan->results[i].path, scan->results[i - 1].path))
			session_print_clean(scan->results[i].path);
}

static json_t *text_or_null(const char *text)
{
	return text && *text ? json_string(text) : json_null();
}

/* A path may be of any bytes; JSON is of UTF-8. */
json_t *env_scan_path_json(const char *path)
{
	_free_ char *clean = NULL;
	json_t *json = json_string(path);

	if (json)
		return json;
	clean = strdup(path);
	if (clean)
		report_clean(clean);
	return clean ? json_string(clean) : json_null();
}

static json_t *result_json(const struct env_result *result)
{
	const struct scan_finding *finding = &result->finding;
	char why[ENV_WHY_MAX];

	env_scan_why(result, why);
	return json_pack("{s:s, s:o, s:i, s:i, s:o, s:o, s:o, s:o, s:s, s:s}", "rule",
		scan_rule_word(finding->rule), "path",
		result->container ? json_null() : env_scan_path_json(result->path), "line",
		(int)finding->line, "column", (int)finding->column, "name",
		text_or_null(finding->name), "service", text_or_null(finding->service), "commit",
		text_or_null(result->commit), "container",
		result->container ? env_scan_path_json(result->path) : json_null(), "why", why,
		"advice", scan_rule_advice(finding->rule));
}

json_t *env_scan_json(const struct env_scan *scan)
{
	json_t *list = json_array();

	for (size_t i = 0; i < scan->count; i++)
		json_array_append_new(list, result_json(&scan->results[i]));
	return list;
}
