/* SPDX-License-Identifier: Apache-2.0 */
/* Going through trees: what is given, what is passed over, and what git says of it. */
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

struct tree {
	char root[64];
	char seen[4096]; /* "PATH\n", "PATH (IN-GIT)\n", "PATH (IN-GIT) ignored\n" */
	unsigned int troubles;
	const char *always;
};

static void path_of(const struct tree *tree, const char *below, char path[256])
{
	snprintf(path, 256, "%s%s%s", tree->root, *below ? "/" : "", below);
}

static void put(const struct tree *tree, const char *below, const char *text)
{
	char path[256];
	FILE *file;

	path_of(tree, below, path);
	for (char *slash = path + strlen(tree->root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int see(void *arg, const struct walk_file *file, struct err *err)
{
	struct tree *tree = arg;
	size_t used = strlen(tree->seen);
	char byte;

	(void)err;
	assert_true(read(file->fd, &byte, 1) >= 0);
	snprintf(tree->seen + used, sizeof tree->seen - used, "%s%s%s%s%s\n",
		file->path + strlen(tree->root), file->in_git ? " (" : "",
		file->in_git ? file->in_git : "", file->in_git ? ")" : "",
		file->ignored ? " ignored" : "");
	return 0;
}

static void trouble(void *arg, const char *path, const struct err *err)
{
	struct tree *tree = arg;

	(void)path;
	assert_true(err->text[0]);
	tree->troubles++;
}

static const char *go(struct tree *tree, const char *below, bool ignored)
{
	const struct walk walk = { .ignored = ignored,
		.always = tree->always,
		.file = see,
		.trouble = trouble,
		.arg = tree };
	char path[256];
	struct err err;

	tree->seen[0] = '\0';
	path_of(tree, below, path);
	if (walk_path(&walk, path, &err) < 0)
		return err.text[0] ? "failed" : "";
	return tree->seen;
}

static int set_up(void **state)
{
	struct tree *tree = calloc(1, sizeof *tree);

	strcpy(tree->root, "/tmp/tacit-walk-XXXXXX");
	assert_non_null(mkdtemp(tree->root));
	*state = tree;
	return 0;
}

static int drop(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status, (void)type, (void)where;
	return remove(path);
}

static int tear_down(void **state)
{
	struct tree *tree = *state;

	nftw(tree->root, drop, 16, FTW_DEPTH | FTW_PHYS);
	free(tree);
	return 0;
}

static void files_come_in_order(void **state)
{
	struct tree *tree = *state;

	put(tree, "b/z", "");
	put(tree, "b/a", "");
	put(tree, "a", "");
	put(tree, "c", "");
	assert_string_equal(go(tree, "", false), "/a\n/b/a\n/b/z\n/c\n");
	assert_string_equal(go(tree, "b", false), "/b/a\n/b/z\n");
	assert_string_equal(go(tree, "b/z", false), "/b/z\n");
	assert_string_equal(go(tree, "nosuch", false), "failed");
}

static void links_and_what_is_no_file_are_passed_over(void **state)
{
	struct tree *tree = *state;
	char from[256], to[256];

	put(tree, "real/file", "");
	put(tree, "real/.hg/store", "");
	put(tree, "real/.git/config", "");
	path_of(tree, "link", from);
	assert_return_code(symlink("real", from), 0);
	path_of(tree, "real/loop", from);
	assert_return_code(symlink("..", from), 0);
	path_of(tree, "real/passwd", from);
	assert_return_code(symlink("/etc/passwd", from), 0);
	path_of(tree, "real/fifo", to);
	assert_return_code(mkfifo(to, 0600), 0);
	assert_string_equal(go(tree, "", false), "/real/file (file)\n");
	/* But the one that is given is followed. */
	assert_string_equal(go(tree, "link", false), "/link/file (file)\n");
	assert_int_equal(tree->troubles, 0);
}

static void what_git_ignores_is_known(void **state)
{
	struct tree *tree = *state;

	put(tree, "repo/.git/info/exclude", "/own\n");
	put(tree, "repo/.gitignore", ".env\nbuild/\nlogs/*\n!logs/keep\n");
	put(tree, "repo/.env", "");
	put(tree, "repo/own", "");
	put(tree, "repo/build/out", "");
	put(tree, "repo/build/deep/out", "");
	put(tree, "repo/logs/a", "");
	put(tree, "repo/logs/keep", "");
	put(tree, "repo/sub/.gitignore", "!.env\n*.key\n");
	put(tree, "repo/sub/.env", "");
	put(tree, "repo/sub/a.key", "");
	put(tree, "repo/sub/own", "");
	put(tree, "beside/.gitignore", "x\n");
	put(tree, "beside/x", "");
	assert_string_equal(go(tree, "", false), "/beside/.gitignore\n"
						 "/beside/x\n"
						 "/repo/.env (.env) ignored\n"
						 "/repo/.gitignore (.gitignore)\n"
						 "/repo/logs/a (logs/a) ignored\n"
						 "/repo/logs/keep (logs/keep)\n"
						 "/repo/own (own) ignored\n"
						 "/repo/sub/.env (sub/.env)\n"
						 "/repo/sub/.gitignore (sub/.gitignore)\n"
						 "/repo/sub/a.key (sub/a.key) ignored\n"
						 "/repo/sub/own (sub/own)\n");
	assert_non_null(strstr(go(tree, "", true), "/repo/build/out (build/out) ignored\n"));
	/* Begun in the middle, the files above count, too. */
	assert_string_equal(go(tree, "repo/logs", false),
		"/repo/logs/a (logs/a) ignored\n/repo/logs/keep (logs/keep)\n");
	assert_string_equal(go(tree, "repo/.env", false), "/repo/.env (.env) ignored\n");
	put(tree, "repo/build/back", "");
	put(tree, "repo/sub/back/.gitignore", "*\n");
	put(tree, "repo/sub/back/1/x", "");
	put(tree, "repo/sub/backx/.gitignore", "*\n");
	put(tree, "repo/sub/backx/1/y", "");
	assert_null(strstr(go(tree, "repo/sub", false), "back/1"));
	tree->always = "back";
	assert_non_null(
		strstr(go(tree, "repo/sub", false), "/repo/sub/back/1/x (sub/back/1/x) ignored\n"));
	assert_null(strstr(go(tree, "repo", false), "/repo/build/"));
	assert_null(strstr(tree->seen, "backx/1"));
	tree->always = NULL;
	/* One that is named is gone through. */
	assert_string_equal(go(tree, "repo/build", false),
		"/repo/build/back (build/back) ignored\n"
		"/repo/build/deep/out (build/deep/out) ignored\n"
		"/repo/build/out (build/out) ignored\n");
}

static void a_repository_within_is_its_own(void **state)
{
	struct tree *tree = *state;

	put(tree, ".git/HEAD", "");
	put(tree, ".gitignore", "*.env\nvendor/\n");
	put(tree, "module/.git", "gitdir: elsewhere\n");
	put(tree, "module/a.env", "");
	put(tree, "vendor/x/.git/HEAD", "");
	put(tree, "vendor/x/a.env", "");
	assert_string_equal(
		go(tree, "", false), "/.gitignore (.gitignore)\n/module/a.env (a.env)\n");
	assert_string_equal(go(tree, "vendor/x", false), "/vendor/x/a.env (a.env)\n");
}

static void depth_has_a_limit(void **state)
{
	struct tree *tree = *state;
	int folder = open(tree->root, O_DIRECTORY | O_RDONLY), below;

	for (int i = 0; i < WALK_DEPTH_MAX + 5; i++) {
		assert_return_code(mkdirat(folder, "d", 0755), 0);
		below = openat(folder, "d", O_DIRECTORY | O_RDONLY);
		close(folder);
		folder = below;
	}
	below = openat(folder, "deep", O_CREAT | O_WRONLY, 0644);
	close(below);
	close(folder);
	assert_string_equal(go(tree, "", false), "");
	assert_int_equal(tree->troubles, 1);
}

#define walk_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = { walk_test(files_come_in_order),
		walk_test(links_and_what_is_no_file_are_passed_over),
		walk_test(what_git_ignores_is_known), walk_test(a_repository_within_is_its_own),
		walk_test(depth_has_a_limit) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
