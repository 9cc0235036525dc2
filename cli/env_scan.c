/* SPDX-License-Identifier: Apache-2.0 */
/* `tacit env scan`: secrets in plaintext, in files, in history and in containers. */
#include "cli/env_scan.h"

#include "cli/run.h"
#include "seal/seal.h"

static const char *given(const struct env_scan *scan, enum option option)
{
	return scan->session->invocation->values[option];
}

static int check(const struct env_scan *scan, struct err *err)
{
	if (given(scan, OPTION_JSON) && given(scan, OPTION_SARIF))
		return err_set(err, TACIT_INVALID, "--json and --sarif are two forms; choose one");
	if (given(scan, OPTION_ACCEPT) && !given(scan, OPTION_BASELINE))
		return err_set(err, TACIT_INVALID,
			"--accept goes with --baseline FILE, where it is written");
	return 0;
}

/* That the agent cannot be asked is no reason not to look for anything else. */
static void take_stored(struct env_scan *scan, const uint8_t key[SEAL_KEY_BYTES])
{
	struct err err;

	if (env_scan_stored(scan, key, &err) == 0)
		return;
	report_clean(err.text);
	session_note(scan->session,
		"what the agent keeps is not looked for, only what looks like a secret: %s",
		err.text);
}

static int begin(struct env_scan *scan, struct err *err)
{
	const char *baseline = given(scan, OPTION_BASELINE);
	uint8_t key[SEAL_KEY_BYTES];
	int status = 0;

	seal_random(key, sizeof key);
	scan->scanner = scanner_new(key);
	if (!scan->scanner)
		return err_set(err, TACIT_LIMIT, "out of memory");
	if (baseline)
		status = env_baseline_open(
			baseline, given(scan, OPTION_ACCEPT) != NULL, &scan->baseline, err);
	if (scan->baseline)
		scanner_print_key(scan->scanner, env_baseline_key(scan->baseline));
	if (!status)
		take_stored(scan, key);
	seal_wipe(key, sizeof key);
	return status;
}

static int look(struct env_scan *scan, struct err *err)
{
	int status = 0;

	for (size_t i = 0; !status && i < scan->root_count; i++)
		status = env_scan_tree(scan, scan->roots[i], err);
	if (!status)
		status = env_scan_references(scan, err);
	for (size_t i = 0; !status && given(scan, OPTION_GIT) && i < scan->root_count; i++)
		status = env_scan_history(scan, scan->roots[i], err);
	if (!status && given(scan, OPTION_CONTAINERS))
		status = env_scan_containers(scan, err);
	if (!status && scan->found_memory)
		status = err_set(err, TACIT_LIMIT, "out of memory");
	return status;
}

static void print(const struct env_scan *scan)
{
	_json_ json_t *json = given(scan, OPTION_SARIF)  ? env_scan_sarif(scan)
			      : given(scan, OPTION_JSON) ? env_scan_json(scan)
							 : NULL;

	if (json)
		session_print_json(json);
	else if (scan->session->quiet)
		env_scan_print_names(scan);
	else
		env_scan_print(scan);
}

static int finish(struct env_scan *scan, struct err *err)
{
	const char *baseline = given(scan, OPTION_BASELINE);

	if (given(scan, OPTION_ACCEPT)) {
		session_note(scan->session, "%zu finding%s accepted", scan->count,
			scan->count == 1 ? "" : "s");
		return env_baseline_write(scan->baseline, baseline, scan, err);
	}
	print(scan);
	if (scan->count)
		scan->session->status = TACIT_EXIT_FAILED;
	return 0;
}

int env_scan(struct session *session, struct err *err)
{
	static const char *const here[] = { "." };
	const struct invocation *invocation = session->invocation;
	struct env_scan scan = {
		.session = session, .roots = invocation->words, .root_count = invocation->count
	};
	int status;

	if (!invocation->count && !invocation->values[OPTION_CONTAINERS]) {
		scan.roots = here;
		scan.root_count = 1;
	}
	status = check(&scan, err);
	if (!status)
		status = begin(&scan, err);
	progress_start(&session->progress, "looking for secrets");
	if (!status)
		status = look(&scan, err);
	progress_end(&session->progress);
	if (!status)
		status = finish(&scan, err);
	env_scan_forget(&scan);
	return status;
}
