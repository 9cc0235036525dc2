/* SPDX-License-Identifier: Apache-2.0 */
/* SARIF 2.1.0 (OASIS), as code scanning takes it. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/env_scan.h"

#define SCHEMA                                                                                     \
	"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"                      \
	"sarif-schema-2.1.0.json"

/* A path as the URI reference that it is: RFC 3986. */
static char *uri_of(const char *path)
{
	static const char hex[] = "0123456789ABCDEF", plain[] = "-._~/!$&'()*+,;=@";
	char *uri = malloc(3 * strlen(path) + 1), *at = uri;

	while (!strncmp(path, "./", 2))
		path += 2;
	for (; at && *path; path++) {
		unsigned char byte = (unsigned char)*path;

		if (isalnum(byte) || (byte < 0x80 && strchr(plain, byte))) {
			*at++ = (char)byte;
			continue;
		}
		*at++ = '%';
		*at++ = hex[byte >> 4];
		*at++ = hex[byte & 15];
	}
	if (at)
		*at = '\0';
	return uri;
}

static json_t *rule_json(enum scan_rule rule)
{
	return json_pack("{s:s, s:{s:s}, s:{s:s}, s:{s:s}}", "id", scan_rule_word(rule),
		"shortDescription", "text", scan_rule_word(rule), "help", "text",
		scan_rule_advice(rule), "defaultConfiguration", "level", "error");
}

static json_t *location_json(const struct env_result *result)
{
	const struct scan_finding *finding = &result->finding;
	_free_ char *uri = uri_of(result->path);
	json_t *location, *physical;

	if (result->container)
		return json_pack("{s:[{s:s, s:s}]}", "logicalLocations", "name", uri ? uri : "",
			"kind", "resource");
	physical = json_pack("{s:{s:s}}", "artifactLocation", "uri", uri ? uri : "");
	location = json_pack("{s:o}", "physicalLocation", physical);
	if (finding->line)
		json_object_set_new(physical, "region",
			json_pack("{s:i, s:i}", "startLine", (int)finding->line, "startColumn",
				finding->column ? (int)finding->column : 1));
	return location;
}

static json_t *result_json(const struct env_result *result)
{
	char why[ENV_WHY_MAX], text[ENV_WHY_MAX + 64];

	env_scan_why(result, why);
	snprintf(text, sizeof text, "%s%s%s", why, result->commit ? ", in the commit " : "",
		result->commit ? result->commit : "");
	return json_pack("{s:s, s:i, s:s, s:{s:s}, s:[o]}", "ruleId",
		scan_rule_word(result->finding.rule), "ruleIndex", (int)result->finding.rule,
		"level", "error", "message", "text", text, "locations", location_json(result));
}

json_t *env_scan_sarif(const struct env_scan *scan)
{
	json_t *rules = json_array(), *results = json_array();

	for (int rule = 0; rule < SCAN_RULES; rule++)
		json_array_append_new(rules, rule_json((enum scan_rule)rule));
	for (size_t i = 0; i < scan->count; i++)
		json_array_append_new(results, result_json(&scan->results[i]));
	return json_pack("{s:s, s:s, s:[{s:{s:{s:s, s:s, s:o}}, s:s, s:o}]}", "$schema", SCHEMA,
		"version", "2.1.0", "runs", "tool", "driver", "name", "tacit env scan", "version",
		TACIT_VERSION, "rules", rules, "columnKind", "utf16CodeUnits", "results", results);
}
