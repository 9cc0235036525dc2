/* SPDX-License-Identifier: Apache-2.0 */
/* Ignore files drawn by lot: the walk says of every file what `git check-ignore` says. */
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/walk/walk.h"

#define ROUNDS 60
#define FILES 64

/* Small alphabets, so that patterns often match. */
static const char *const folders[] = { "", "a", "b", "a/b", "a/b/a", "ab", "ab/a" };
static const char *const names[] = { "a", "b.env", "ab.key", "[a]", "#a" };
static const char *const pieces[] = { "a", "b", "ab", "*", "?", "**", "/", "/", "**/", "/**",
	"[ab]", "[!a]", ".env", ".key", "*.env", "\\#", "\\", "[", " ", "a/", "b/", "[[:alpha:]]" };

struct tree {
	char root[64];
	char ignored[FILES][64], all[FILES][64];
	size_t ignored_count, all_count;
};

static uint64_t draw(uint64_t *state, uint64_t below)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (*state >> 33) % below;
}

static FILE *make(const struct tree *tree, const char *folder, const char *name)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s/%s", tree->root, folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	return file;
}

static void put_patterns(const struct tree *tree, const char *folder, uint64_t *state)
{
	FILE *file = make(tree, folder, ".gitignore");

	for (uint64_t lines = draw(state, 5); lines; lines--) {
		if (!draw(state, 3))
			fputc('!', file);
		for (uint64_t count = 1 + draw(state, 4); count; count--)
			fputs(pieces[draw(state, sizeof pieces / sizeof *pieces)], file);
		fputc('\n', file);
	}
	fclose(file);
}

static int see(void *arg, const struct walk_file *file, struct err *err)
{
	struct tree *tree = arg;

	(void)err;
	assert_non_null(file->in_git);
	snprintf(tree->all[tree->all_count++], 64, "%s", file->in_git);
	if (file->ignored)
		snprintf(tree->ignored[tree->ignored_count++], 64, "%s", file->in_git);
	return 0;
}

static void trouble(void *arg, const char *path, const struct err *err)
{
	(void)arg;
	fail_msg("%s: %s", path, err->text);
}

static bool walk_ignores(const struct tree *tree, const char *path)
{
	for (size_t i = 0; i < tree->ignored_count; i++)
		if (!strcmp(tree->ignored[i], path))
			return true;
	return false;
}

static void dump(const struct tree *tree)
{
	char command[256];

	snprintf(command, sizeof command, "cd %s && find . -name .gitignore | xargs grep -n '' >&2",
		tree->root);
	if (system(command))
		fprintf(stderr, "the files cannot be shown\n");
}

static void compare(struct tree *tree)
{
	char command[256], line[128];
	size_t said = 0;
	FILE *git, *list = make(tree, ".git", "list");

	for (size_t i = 0; i < tree->all_count; i++)
		fprintf(list, "%s\n", tree->all[i]);
	fclose(list);
	snprintf(command, sizeof command,
		"cd %s && git -c core.quotePath=false -c core.excludesFile=/dev/null check-ignore "
		"--no-index --stdin <.git/list",
		tree->root);
	git = popen(command, "r");
	while (fgets(line, sizeof line, git)) {
		line[strcspn(line, "\n")] = '\0';
		said++;
		if (!walk_ignores(tree, line)) {
			dump(tree);
			fail_msg("git ignores %s", line);
		}
	}
	pclose(git);
	if (said != tree->ignored_count) {
		dump(tree);
		fail_msg("git ignores %zu files, the walk %zu", said, tree->ignored_count);
	}
}

static void set_up_tree(struct tree *tree)
{
	char command[128], path[256];

	strcpy(tree->root, "/tmp/tacit-git-XXXXXX");
	assert_non_null(mkdtemp(tree->root));
	snprintf(command, sizeof command, "git init -q %s", tree->root);
	assert_int_equal(system(command), 0);
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		snprintf(path, sizeof path, "%s/%s", tree->root, folders[i]);
		mkdir(path, 0755);
	}
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
			snprintf(path, sizeof path, "%s/%s/%s", tree->root, folders[i], names[n]);
			if (access(path, F_OK) < 0)
				fclose(make(tree, folders[i], names[n]));
		}
}

static int drop(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status, (void)type, (void)where;
	return remove(path);
}

static void the_walk_says_what_git_says(void **arg)
{
	struct tree tree = { .ignored_count = 0 };
	const struct walk walk = { .ignored = true, .file = see, .trouble = trouble, .arg = &tree };
	uint64_t state = 1;
	struct err err;

	(void)arg;
	if (system("git --version >/dev/null 2>&1")) {
		print_message("there is no git to compare with\n");
		skip();
	}
	set_up_tree(&tree);
	for (int i = 0; i < ROUNDS; i++) {
		put_patterns(&tree, "", &state);
		put_patterns(&tree, "a", &state);
		tree.all_count = tree.ignored_count = 0;
		assert_int_equal(walk_path(&walk, tree.root, &err), 0);
		compare(&tree);
	}
	nftw(tree.root, drop, 16, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(the_walk_says_what_git_says) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
