/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static const char *log_who = "tacit";
static enum log_level log_limit = LOG_LEVEL_INFO;

void log_open(const char *who, enum log_level level)
{
	log_who = who;
	log_limit = level;
}

__attribute__((format(printf, 2, 0))) static void log_line(
	enum log_level level, const char *format, va_list args)
{
	static const char *const prefix[] = { "error: ", "warning: ", "", "debug: " };
	char line[1024];
	int length, used;

	if (level > log_limit)
		return;
	length = snprintf(line, sizeof line, "%s: %s", log_who, prefix[level]);
	used = vsnprintf(line + length, sizeof line - (size_t)length - 1, format, args);
	if (used < 0)
		return;
	length += used;
	if (length > (int)sizeof line - 2)
		length = (int)sizeof line - 2;
	for (int i = 0; i < length; i++)
		if (line[i] < ' ' || line[i] > '~')
			line[i] = '?';
	line[length++] = '\n';
	if (write(STDERR_FILENO, line, (size_t)length) < 0)
		return; /* nobody is left to be told */
}

#define LOG_FUNCTION(name, level)                                                                  \
	void name(const char *format, ...)                                                         \
	{                                                                                          \
		va_list args;                                                                      \
                                                                                                   \
		va_start(args, format);                                                            \
		log_line(level, format, args);                                                     \
		va_end(args);                                                                      \
	}

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
LOG_FUNCTION(log_warning, LOG_LEVEL_WARNING)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)
