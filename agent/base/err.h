/* SPDX-License-Identifier: Apache-2.0 */
/* Errors: made where they happen, wrapped on the way up, logged once at the edge.
 *
 *     return err_set(err, TACIT_CORRUPT, "authentication failed");
 *     return err_wrap(err, "open record");        ->  "open record: authentication failed"
 *
 * A function that takes `struct err *err` returns 0 and leaves `err` untouched, or returns the
 * negative code and has filled it. `err` may be NULL when the caller wants the code alone. Texts
 * are fixed or name files and limits; they never hold a value, and never bytes that came from a
 * request. */
#ifndef TACIT_BASE_ERR_H
#define TACIT_BASE_ERR_H

#include <tacit/code.h>

#define ERR_TEXT_MAX 384

struct err {
	enum tacit_code code;
	char text[ERR_TEXT_MAX];
};

/* Fill `err` (when not NULL) and return -code. */
__attribute__((format(printf, 3, 4))) int err_set(
	struct err *err, enum tacit_code code, const char *format, ...);

/* As err_set, the text followed by ": " and strerror(errnum). The code is chosen by errnum:
 * ENOENT NOT_FOUND, EACCES and EPERM DENIED, EBUSY BUSY, anything else `otherwise`. */
__attribute__((format(printf, 4, 5))) int err_errno(
	struct err *err, int errnum, enum tacit_code otherwise, const char *format, ...);

/* Put "text: " in front of what `err` says and return its -code. Without an `err` the code is lost,
 * -TACIT_INTERNAL: who wants the code of a function that wraps gives it an `err`. */
__attribute__((format(printf, 2, 3))) int err_wrap(struct err *err, const char *format, ...);

/* What each code is at an edge. Total over enum tacit_code; anything outside is TACIT_INTERNAL. */
const char *code_word(enum tacit_code code); /* "not_found": JSON, and part of the API */
int code_http_status(enum tacit_code code);
int code_exit(enum tacit_code code);            /* enum tacit_exit */
int code_errno(enum tacit_code code);           /* positive errno for a FUSE reply */
enum tacit_code code_of_word(const char *word); /* TACIT_INTERNAL for a word it does not know */

#endif
