/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "cli/compose/file.h"

/* Digits that every reader of YAML prints as they stand: no leading zeros, not too many for a
 * double's 15 or for 63 bits. */
static bool is_plain_number(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	size_t fraction;

	if (digits == 0 || (text[0] == '0' && digits > 1))
		return false;
	if (!text[digits])
		return digits <= 18;
	if (text[digits] != '.')
		return false;
	fraction = strspn(text + digits + 1, "0123456789");
	return fraction && !text[digits + 1 + fraction] && text[digits + fraction] != '0' &&
	       digits + fraction <= 15 && (text[0] != '0' || text[2] != '0');
}

/* What some reader takes for a number, a time of day or a date. It is enough that it could be one:
 * it has digits and nothing but what those are written with. */
static bool may_be_number(const char *text)
{
	static const char *const words[] = { ".inf", ".nan" };

	if (text[0] == '-' || text[0] == '+')
		text++;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (!strcasecmp(text, words[i]))
			return true;
	if (text[0] == '0' && text[1] && strchr("xXoObB", text[1]) &&
		isxdigit((unsigned char)text[2]))
		return text[2 + strspn(text + 2, "0123456789abcdefABCDEF_")] == '\0';
	if (!isdigit((unsigned char)text[0]) &&
		!(text[0] == '.' && isdigit((unsigned char)text[1])))
		return false;
	/* Two points are an address. */
	return strspn(text, "0123456789_.:eE+-TtZz ") == strlen(text) &&
	       strchr(text, '.') == strrchr(text, '.');
}

bool plain_is_ambiguous(const char *text)
{
	static const char *const words[] = { "y", "n", "yes", "no", "on", "off", "true", "false",
		"=" };

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (!strcasecmp(text, words[i]))
			return strcmp(text, "true") && strcmp(text, "false");
	return !is_plain_number(text[0] == '-' ? text + 1 : text) && may_be_number(text);
}
