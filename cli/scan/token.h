/* SPDX-License-Identifier: Apache-2.0 */
/* Private to cli/scan: the formats of tokens whose issuers gave them one. */
#ifndef TACIT_SCAN_TOKEN_H
#define TACIT_SCAN_TOKEN_H

#include <stddef.h>

/* What may follow the prefix. */
enum token_bytes {
	TOKEN_ALNUM,  /* letters and digits */
	TOKEN_WORD,   /* and '_' */
	TOKEN_URL64,  /* and '_', '-' */
	TOKEN_DOTTED, /* and '_', '-', '.' */
	TOKEN_BASE64, /* and '+', '/', '=' */
	TOKEN_HEX,    /* 0-9a-f */
	TOKEN_UPPER   /* A-Z0-9 */
};

struct token_format {
	const char *prefix, *kind;
	enum token_bytes bytes;
	size_t least, most; /* bytes after the prefix; the next one is not of the kind */
};

extern const struct token_format token_formats[];
extern const size_t token_format_count;

#endif
