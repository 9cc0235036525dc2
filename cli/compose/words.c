/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/compose/compose.h"

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

/* One word from `text` to `*out`; where it ends, or NULL: a quote is not closed. */
static const char *take_word(const char *text, char **out)
{
	char quote = 0;

	for (; *text && (quote || !is_blank(*text)); text++) {
		if (*text == quote) {
			quote = 0;
		} else if (!quote && (*text == '\'' || *text == '"')) {
			quote = *text;
		} else if (*text == '\\' && quote != '\'' && text[1] &&
			   (!quote || text[1] == '"' || text[1] == '\\')) {
			*(*out)++ = *++text;
		} else {
			*(*out)++ = *text;
		}
	}
	*(*out)++ = '\0';
	return quote ? NULL : text;
}

int compose_split(const char *text, char ***words, size_t *count, struct err *err)
{
	size_t length = strlen(text), made = 0;
	/* Each word takes a byte at least, and one that divides it from the next. */
	size_t room = length / 2 + 2;
	_free_ char **list = calloc(1, room * sizeof *list + length + 2);
	char *out = list ? (char *)(list + room) : NULL;

	if (!list)
		return err_set(err, TACIT_LIMIT, "no memory");
	for (;;) {
		while (is_blank(*text))
			text++;
		if (!*text)
			break;
		list[made++] = out;
		text = take_word(text, &out);
		if (!text)
			return err_set(err, TACIT_INVALID, "a quote that is not closed");
	}
	*words = list;
	*count = made;
	list = NULL;
	return 0;
}
