/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of tacit. It holds values in clear for the moment between a person and core's
 * public key, in locked memory; it never takes one from argv or the environment. */
#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <tacit/api.h>

#include "base/err.h"
#include "cli/dispatch.h"
#include "cli/report.h"
#include "seal/seal.h"

int main(int argc, char **argv)
{
	struct rlimit cores = { 0 }, none;
	struct err err;
	int status;

	getrlimit(RLIMIT_CORE, &cores);
	none = (struct rlimit){ 0, cores.rlim_max };
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
	signal(SIGPIPE, SIG_IGN);
	if (seal_start(&err) < 0) {
		report_error(stderr, "start", &err);
		return TACIT_EXIT_FAILED;
	}
	curl_global_init(CURL_GLOBAL_NOTHING);
	status = dispatch_main(argc, argv, &cores);
	curl_global_cleanup();
	return status;
}
