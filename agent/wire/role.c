/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/role.h"

const char *role_name(enum role role)
{
	static const char *const names[ROLES] = { "holder", "core", "toucher", "api", "engine",
		"gate" };

	return (unsigned int)role < ROLES ? names[role] : "nobody";
}
