/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/value.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/prompt.h"
#include "cli/report.h"
#include "seal/seal.h"

/* A value of the largest size may still carry its newline; one byte more shows that it is larger.
 */
#define READ_MAX (TACIT_VALUE_MAX + 2)
#define READ_ROOM (READ_MAX + 1)

#define HOW_TO_PASS                                                                                \
	"pass a value by '-' (standard input), a FILE, --generate N, or leave it out to be asked"

/* The bytes of the character that begins `text`, 0 when it is not UTF-8 or a control character. */
static size_t character(const uint8_t *text, size_t left)
{
	size_t length = text[0] < 0x80 ? 1 : text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;
	uint32_t code = text[0] & (0xffu >> (length == 1 ? 0 : length + 1));
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };

	if (length == 1)
		return (text[0] >= ' ' && text[0] != 0x7f) || text[0] == '\t';
	if (text[0] < 0xc2 || text[0] > 0xf4 || length > left)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (text[i] & 0x3f);
	}
	if (code < smallest[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ||
		code < 0xa0)
		return 0;
	return length;
}

size_t value_newline(const uint8_t *bytes, size_t length)
{
	size_t newline = 0, step;

	if (length && bytes[length - 1] == '\n')
		newline = length > 1 && bytes[length - 2] == '\r' ? 2 : 1;
	for (size_t at = 0; newline && at < length - newline; at += step) {
		step = character(bytes + at, length - newline - at);
		if (!step)
			return 0;
	}
	return newline;
}

static int read_all(int fd, struct value *value, struct err *err)
{
	for (;;) {
		ssize_t got = read(fd, value->bytes + value->length, READ_ROOM - value->length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(err, TACIT_INVALID,
				"the value cannot be read: %s; " HOW_TO_PASS, strerror(errno));
		if (!got)
			return 0;
		value->length += (size_t)got;
		if (value->length > READ_MAX)
			return err_set(err, TACIT_TOO_LARGE, "the value is too large");
	}
}

/* A word that names something in a folder that exists was meant as a file, and may be shown; any
 * other may be the value itself. */
static bool is_path(const char *word)
{
	const char *slash = strrchr(word, '/');
	struct stat status;
	char *folder;
	bool exists;

	if (!slash)
		return false;
	folder = strndup(word, slash == word ? 1 : (size_t)(slash - word));
	exists = folder && !stat(folder, &status) && S_ISDIR(status.st_mode);
	free(folder);
	return exists;
}

static int read_file(const char *path, struct value *value, struct err *err)
{
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	bool shown;
	int status, errnum = errno;

	if (fd >= 0)
		return read_all(fd, value, err);
	shown = is_path(path);
	status = err_errno(err, errnum, TACIT_INVALID, "FILE %s%.100s%scannot be opened",
		shown ? "'" : "", shown ? path : "", shown ? "' " : "");
	report_hint(err, err->code,
		"a value is never taken from the command line (where others and the shell's "
		"history see it): " HOW_TO_PASS);
	return status;
}

static int take_bytes(const struct value_source *source, struct value *value, struct err *err)
{
	if (source->generate) {
		seal_generate(source->alphabet, value->bytes, source->generate);
		value->length = source->generate;
		return 0;
	}
	if (source->file && strcmp(source->file, "-"))
		return read_file(source->file, value, err);
	if (source->file && isatty(STDIN_FILENO))
		return err_set(err, TACIT_INVALID,
			"standard input is a terminal that shows what is typed; leave '-' out to "
			"be asked");
	if (source->file)
		return read_all(STDIN_FILENO, value, err);
	if (!isatty(STDIN_FILENO))
		return err_set(err, TACIT_INVALID, "no value is given; " HOW_TO_PASS);
	return prompt_twice(source->prompted, value->bytes, READ_ROOM, &value->length, err);
}

static int check(const struct value *value, struct err *err)
{
	if (value->length > TACIT_VALUE_MAX)
		return err_set(err, TACIT_TOO_LARGE, "the value is too large");
	if (!value->length)
		return err_set(err, TACIT_INVALID, "the value is empty%s; give at least one byte",
			value->trimmed ? " without its newline" : "");
	return 0;
}

int value_take(const struct value_source *source, struct value *value, struct err *err)
{
	int status;

	*value = (struct value){ .bytes = seal_alloc(READ_ROOM) };
	if (!value->bytes)
		return err_set(err, TACIT_LIMIT, "no locked memory for a value; raise 'ulimit -l'");
	status = take_bytes(source, value, err);
	if (!status && source->file && !source->keep_newline) {
		value->trimmed = value_newline(value->bytes, value->length);
		value->length -= value->trimmed;
	}
	if (!status)
		status = check(value, err);
	if (status < 0)
		value_free(value);
	return status;
}

void value_free(struct value *value)
{
	seal_free(value->bytes);
	*value = (struct value){ 0 };
}
