/* SPDX-License-Identifier: Apache-2.0 */
/* tacit-api: the process operators talk to. holder has set its user and groups and taken every
 * capability; the rest of its armour is put on in the first lines. */
#include <string.h>

#include "api/peer.h"
#include "api/server.h"
#include "base/config.h"
#include "base/log.h"
#include "base/process.h"
#include "wire/role.h"

static int run(const char *root, struct err *err)
{
	struct config config;
	gid_t operators;
	int status = config_read(&config, root, err);

	if (status < 0)
		return status;
	log_open("tacitd api", config.log_level);
	operators = peer_group(config.operators);
	if (operators == PEER_NO_GROUP)
		log_warning("there is no group %s: only root may use the API", config.operators);
	return server_run(ROLE_HOLDER_FD, operators, err);
}

int main(int argc, char **argv)
{
	struct err err = { 0 };
	int status;

	log_open("tacitd api", LOG_LEVEL_INFO);
	status = process_harden("tacit-api", &err);
	if (!status && (argc != 3 || strcmp(argv[1], "--root") != 0))
		status = err_set(&err, TACIT_INVALID, "started by tacitd alone, with --root DIR");
	if (!status)
		status = run(argv[2], &err);
	if (status < 0)
		log_error("%s", err.text);
	return status < 0;
}
