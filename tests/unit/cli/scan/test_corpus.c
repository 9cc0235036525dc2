/* SPDX-License-Identifier: Apache-2.0 */
/* How many of the secrets of tests/scan/corpus are found, and how much else: not below what the
 * README says. tests/scan/README.md tells what the files are. */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/files.h"
#include "cli/scan/scan.h"

#define CORPUS "tests/scan/corpus/"
#define ROWS_MAX 1024
#define FILES_MIN 178
#define FILE_MAX_BYTES 65536

/* What the README says, in thousandths. */
#define PRECISION_MIN 995
#define RECALL_MIN 980

struct row {
	char file[160];
	unsigned int line;
	char rule[32], name[64];
	bool found;
};

static struct {
	struct row rows[ROWS_MAX];
	size_t count, files, right, wrong;
	struct scanner *scanner;
	const char *file;
} corpus;

static void read_expected(void)
{
	FILE *file = fopen("tests/scan/expected", "re");
	char line[512];

	assert_non_null(file);
	while (fgets(line, sizeof line, file)) {
		struct row *row = &corpus.rows[corpus.count];

		if (line[0] == '#')
			continue;
		assert_true(corpus.count < ROWS_MAX);
		assert_int_equal(sscanf(line, "%159s %u %31s %63s", row->file, &row->line,
					 row->rule, row->name),
			4);
		corpus.count++;
	}
	fclose(file);
}

static void found(void *arg, const struct scan_finding *finding)
{
	(void)arg;
	for (size_t i = 0; i < corpus.count; i++) {
		struct row *row = &corpus.rows[i];

		if (row->found || strcmp(row->file, corpus.file) || row->line != finding->line ||
			strcmp(row->rule, scan_rule_word(finding->rule)) ||
			strcmp(row->name, finding->name))
			continue;
		row->found = true;
		corpus.right++;
		return;
	}
	corpus.wrong++;
	printf("  false alarm  %s:%u %s %s\n", corpus.file, finding->line,
		scan_rule_word(finding->rule), finding->name);
}

/* The tokens have "~~" in them, so that nobody who looks for tokens finds these. */
static size_t without_tildes(char *text, size_t length)
{
	size_t out = 0;

	for (size_t i = 0; i < length; i++)
		if (i + 1 < length && text[i] == '~' && text[i + 1] == '~')
			i++;
		else
			text[out++] = text[i];
	return out;
}

static int scan_file(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	static char text[FILE_MAX_BYTES];
	size_t length;

	(void)status;
	(void)walk;
	if (type != FTW_F)
		return 0;
	assert_int_equal(file_read(path, text, sizeof text, &length, NULL), 0);
	length = without_tildes(text, length);
	corpus.file = path + strlen(CORPUS);
	corpus.files++;
	assert_int_equal(scanner_text(corpus.scanner, scan_kind_of(path, text, length), path, text,
				 length, found, NULL, NULL),
		0);
	return 0;
}

static void numbers(void **state)
{
	static const uint8_t key[32] = { 1 };

	(void)state;
	read_expected();
	corpus.scanner = scanner_new(key);
	assert_non_null(corpus.scanner);
	assert_int_equal(nftw(CORPUS, scan_file, 16, FTW_PHYS), 0);
	scanner_free(corpus.scanner);
	for (size_t i = 0; i < corpus.count; i++)
		if (!corpus.rows[i].found)
			printf("  missed       %s:%u %s %s\n", corpus.rows[i].file,
				corpus.rows[i].line, corpus.rows[i].rule, corpus.rows[i].name);
	printf("  %zu files, %zu secrets: %zu found, %zu false alarms; precision %.3f, recall "
	       "%.3f\n",
		corpus.files, corpus.count, corpus.right, corpus.wrong,
		(double)corpus.right / (double)(corpus.right + corpus.wrong),
		(double)corpus.right / (double)corpus.count);
	assert_true(corpus.files >= FILES_MIN);
	assert_true(corpus.right * 1000 >= (corpus.right + corpus.wrong) * PRECISION_MIN);
	assert_true(corpus.right * 1000 >= corpus.count * RECALL_MIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(numbers) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
