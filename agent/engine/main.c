/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/log.h"
#include "base/process.h"
#include "engine/engine.h"
#include "wire/role.h"

static int run(const char *root, struct err *err)
{
	struct config config;
	int status = config_read(&config, root, err);

	if (status < 0)
		return status;
	log_open("tacitd engine", config.log_level);
	return engine_run(ROLE_HOLDER_FD, &config, err);
}

int main(int argc, char **argv)
{
	struct err err;
	int status;

	log_open("tacitd engine", LOG_LEVEL_INFO);
	status = process_harden("tacit-engine", &err);
	if (!status && (argc != 3 || strcmp(argv[1], "--root") != 0))
		status = err_set(&err, TACIT_INVALID, "started by tacitd alone, with --root DIR");
	if (!status)
		status = run(argv[2], &err);
	if (status < 0)
		log_error("%s", err.text);
	return status < 0 ? code_exit(err.code) : 0;
}
