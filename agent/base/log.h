/* SPDX-License-Identifier: Apache-2.0 */
/* One line to standard error per event, "tacitd core: text". Thread-safe: each line is one write.
 * Bytes outside printable ASCII become '?', so nothing logged can forge a line. Never a value. */
#ifndef TACIT_BASE_LOG_H
#define TACIT_BASE_LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* `who` is kept, not copied. Called once, before threads. */
void log_open(const char *who, enum log_level level);

__attribute__((format(printf, 1, 2))) void log_error(const char *format, ...);
__attribute__((format(printf, 1, 2))) void log_warning(const char *format, ...);
__attribute__((format(printf, 1, 2))) void log_info(const char *format, ...);
__attribute__((format(printf, 1, 2))) void log_debug(const char *format, ...);

#endif
