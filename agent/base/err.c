/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <tacit/api.h>

static const struct {
	const char *word;
	int http;
	int exit;
	int errnum;
} codes[TACIT_CODES] = {
	[TACIT_OK] = { "ok", 200, TACIT_EXIT_OK, 0 },
	[TACIT_INTERNAL] = { "internal", 500, TACIT_EXIT_FAILED, EIO },
	[TACIT_INVALID] = { "invalid", 400, TACIT_EXIT_USAGE, EINVAL },
	[TACIT_DENIED] = { "denied", 403, TACIT_EXIT_DENIED, EACCES },
	[TACIT_NOT_FOUND] = { "not_found", 404, TACIT_EXIT_NOT_FOUND, ENOENT },
	[TACIT_EXISTS] = { "exists", 409, TACIT_EXIT_FAILED, EEXIST },
	[TACIT_LOCKED] = { "locked", 423, TACIT_EXIT_LOCKED, ENOKEY },
	[TACIT_UNAVAILABLE] = { "unavailable", 503, TACIT_EXIT_NO_AGENT, EAGAIN },
	[TACIT_TOO_LARGE] = { "too_large", 413, TACIT_EXIT_USAGE, EFBIG },
	[TACIT_METHOD] = { "method_not_allowed", 405, TACIT_EXIT_FAILED, ENOSYS },
	[TACIT_IO] = { "io", 507, TACIT_EXIT_FAILED, EIO },
	[TACIT_CORRUPT] = { "corrupt", 500, TACIT_EXIT_FAILED, EIO },
	[TACIT_WRONG_KEY] = { "wrong_key", 423, TACIT_EXIT_LOCKED, ENOKEY },
	[TACIT_NEWER] = { "newer_format", 500, TACIT_EXIT_FAILED, EIO },
	[TACIT_BUSY] = { "busy", 409, TACIT_EXIT_FAILED, EBUSY },
	[TACIT_LIMIT] = { "limit", 429, TACIT_EXIT_FAILED, EMFILE },
	[TACIT_STALE] = { "stale", 409, TACIT_EXIT_FAILED, ESTALE },
};

static enum tacit_code known(enum tacit_code code)
{
	return (unsigned int)code < TACIT_CODES ? code : TACIT_INTERNAL;
}

const char *code_word(enum tacit_code code)
{
	return codes[known(code)].word;
}

int code_http_status(enum tacit_code code)
{
	return codes[known(code)].http;
}

int code_exit(enum tacit_code code)
{
	return codes[known(code)].exit;
}

int code_errno(enum tacit_code code)
{
	return codes[known(code)].errnum;
}

enum tacit_code code_of_word(const char *word)
{
	for (int code = 0; code < TACIT_CODES; code++)
		if (!strcmp(codes[code].word, word))
			return (enum tacit_code)code;
	return TACIT_INTERNAL;
}

int err_set(struct err *err, enum tacit_code code, const char *format, ...)
{
	if (err) {
		va_list args;

		va_start(args, format);
		vsnprintf(err->text, sizeof err->text, format, args);
		va_end(args);
		err->code = code;
	}
	return -(int)code;
}

int err_errno(struct err *err, int errnum, enum tacit_code otherwise, const char *format, ...)
{
	enum tacit_code code = otherwise;

	if (errnum == ENOENT)
		code = TACIT_NOT_FOUND;
	else if (errnum == EACCES || errnum == EPERM)
		code = TACIT_DENIED;
	else if (errnum == EBUSY)
		code = TACIT_BUSY;
	if (err) {
		char text[ERR_TEXT_MAX];
		va_list args;

		va_start(args, format);
		vsnprintf(text, sizeof text, format, args);
		va_end(args);
		snprintf(err->text, sizeof err->text, "%.300s: %s", text, strerror(errnum));
		err->code = code;
	}
	return -(int)code;
}

int err_wrap(struct err *err, const char *format, ...)
{
	char text[ERR_TEXT_MAX], inner[ERR_TEXT_MAX];
	va_list args;

	if (!err)
		return -TACIT_INTERNAL;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	memcpy(inner, err->text, sizeof inner);
	snprintf(err->text, sizeof err->text, "%.180s: %.200s", text, inner);
	return -(int)err->code;
}
