/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as tacit.conf: refused with a text, or values in their ranges. */
#include <stdint.h>
#include <stdlib.h>

#include "base/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct config config;
	struct err err = { 0 };

	if (config_parse(&config, (const char *)bytes, length, &err) < 0) {
		if (!err.code || !err.text[0])
			abort();
		return 0;
	}
	if (config.threads < 1 || config.threads > 16 || config.keep_versions < 1 ||
		config.keep_versions > 64 || config.runtime_root_count > CONFIG_ROOTS_MAX ||
		config.key_file[0] != '/')
		abort();
	return 0;
}
