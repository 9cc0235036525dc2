/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "base/process.h"
#include "gate/gate.h"
#include "wire/role.h"

int main(void)
{
	struct err err;

	log_open("tacitd gate", LOG_LEVEL_INFO);
	if (process_harden("tacit-gate", &err) < 0 || gate_run(ROLE_HOLDER_FD, &err) < 0) {
		log_error("%s", err.text);
		return code_exit(err.code);
	}
	return 0;
}
