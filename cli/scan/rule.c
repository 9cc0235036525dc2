/* SPDX-License-Identifier: Apache-2.0 */
#include "scan.h"

static const struct {
	const char *word, *advice;
} rules[SCAN_RULES] = {
	[SCAN_RULE_NAME] = { "secret-name",
		"Keep the value in the agent and let the program read it from a file: tacit env "
		"import." },
	[SCAN_RULE_TOKEN] = { "known-token",
		"Revoke it where it was issued, and keep the new one in the agent: tacit secret "
		"create." },
	[SCAN_RULE_ENTROPY] = { "high-entropy",
		"If it is a secret, keep it in the agent: tacit secret create; if not, accept it "
		"in the baseline." },
	[SCAN_RULE_URL] = { "url-password",
		"Keep the password in the agent and the whole address as a template of it: tacit "
		"grant add --template." },
	[SCAN_RULE_STORED] = { "stored-secret",
		"The agent keeps this value: take it out of here and rotate it: tacit secret "
		"rotate." },
	[SCAN_RULE_COPIED] = { "copied-key",
		"Whoever has the image has the file: mount it from the agent when the container "
		"runs, or use RUN --mount=type=secret." },
	[SCAN_RULE_TRACKED] = { "not-ignored",
		"Add the file to .gitignore, and rotate what was committed: it stays in the "
		"history." },
	[SCAN_RULE_CONTEXT] = { "in-build-context",
		"Add the file to .dockerignore: COPY . would put it into the image." },
	[SCAN_RULE_CONTAINER] = { "container-environment",
		"Everybody who may ask the engine sees it: convert the service: tacit env "
		"import." },
};

const char *scan_rule_word(enum scan_rule rule)
{
	return rule < SCAN_RULES ? rules[rule].word : "";
}

const char *scan_rule_advice(enum scan_rule rule)
{
	return rule < SCAN_RULES ? rules[rule].advice : "";
}
