/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes as people say them. */
#ifndef TACIT_CLI_SIZE_H
#define TACIT_CLI_SIZE_H

#include <stdint.h>

#define SIZE_TEXT_MAX 24 /* twenty digits and a unit would fit */

/* "512 bytes", "1.5 KiB", "27.0 MiB". Pure. */
void size_format(uint64_t bytes, char text[SIZE_TEXT_MAX]);

#endif
