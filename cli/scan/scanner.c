/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "seal/seal.h"

struct scanner *scanner_new(const uint8_t key[32])
{
	struct scanner *scanner = calloc(1, sizeof *scanner);

	if (!scanner)
		return NULL;
	findhash_expand(&scanner->key, key);
	scanner->print = scanner->key;
	scanner_index_formats(scanner);
	return scanner;
}

void scanner_print_key(struct scanner *scanner, const uint8_t key[16])
{
	uint8_t search[SEAL_KEY_BYTES] = { 0 };

	memcpy(search, key, 16);
	findhash_expand(&scanner->print, search);
}

void scanner_free(struct scanner *scanner)
{
	if (!scanner)
		return;
	free(scanner->stored);
	seal_wipe(scanner, sizeof *scanner);
	free(scanner);
}

/* Of two rules that speak of the same bytes, the one that knows more. */
static unsigned int rank(enum scan_rule rule)
{
	static const unsigned int ranks[SCAN_RULES] = {
		[SCAN_RULE_STORED] = 5,
		[SCAN_RULE_TOKEN] = 4,
		[SCAN_RULE_URL] = 3,
		[SCAN_RULE_COPIED] = 2,
		[SCAN_RULE_NAME] = 2,
		[SCAN_RULE_ENTROPY] = 1,
	};

	return ranks[rule];
}

static int by_place(const void *a, const void *b)
{
	const struct hit *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	if (rank(x->rule) != rank(y->rule))
		return rank(x->rule) > rank(y->rule) ? -1 : 1;
	return strcmp(x->service, y->service);
}

/* In place: of hits that overlap one stays, with the service that any of them knows. */
static void merge(struct pass *pass)
{
	size_t kept = 0;

	if (pass->count)
		qsort(pass->hits, pass->count, sizeof *pass->hits, by_place);
	for (size_t i = 0; i < pass->count; i++) {
		struct hit *last = kept ? &pass->hits[kept - 1] : NULL, *hit = &pass->hits[i];

		if (!last || hit->offset >= last->end) {
			pass->hits[kept++] = *hit;
			continue;
		}
		if (!last->service[0])
			memcpy(last->service, hit->service, sizeof last->service);
		memcpy(hit->service, last->service, sizeof hit->service);
		hit->end = hit->end > last->end ? hit->end : last->end;
		last->end = hit->end;
		if (rank(hit->rule) > rank(last->rule))
			*last = *hit;
	}
	pass->count = kept;
}

static void finding_of(const struct hit *hit, struct scan_finding *finding)
{
	memset(finding, 0, sizeof *finding);
	finding->rule = hit->rule;
	memcpy(finding->name, hit->name, sizeof finding->name);
	memcpy(finding->service, hit->service, sizeof finding->service);
	memcpy(finding->print, hit->print, sizeof finding->print);
}

static void tell(const struct pass *pass, scan_found_fn *found, void *arg)
{
	unsigned int line = 1;
	size_t at = 0, begin = 0;

	for (size_t i = 0; i < pass->count; i++) {
		struct scan_finding finding;

		for (; at < pass->hits[i].offset; at++)
			if (pass->text.at[at] == '\n') {
				line++;
				begin = at + 1;
			}
		finding_of(&pass->hits[i], &finding);
		finding.line = line;
		finding.column = (unsigned int)(pass->hits[i].offset - begin) + 1;
		found(arg, &finding);
	}
}

static struct span base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return span_of(slash ? slash + 1 : path);
}

static bool is_example(const char *path)
{
	static const char *const words[] = { "example", "sample", "template", ".dist", ".tmpl",
		".tpl", "defaults", ".stub", ".skel" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (span_has(base_of(path), words[i]))
			return true;
	return false;
}

static void read_kind(struct pass *pass, enum scan_kind kind)
{
	switch (kind) {
	case SCAN_COMPOSE:
	case SCAN_KUBERNETES:
		read_yaml(pass, kind);
		if (kind == SCAN_COMPOSE)
			read_compose(pass);
		break;
	case SCAN_ENV_FILE:
		read_env_file(pass);
		break;
	case SCAN_DOCKERFILE:
		read_dockerfile(pass);
		break;
	case SCAN_SYSTEMD:
		read_systemd(pass);
		break;
	case SCAN_OTHER:
	case SCAN_KINDS:
		break;
	}
}

int scanner_text(struct scanner *scanner, enum scan_kind kind, const char *path, const char *text,
	size_t length, scan_found_fn *found, void *arg, struct err *err)
{
	struct pass pass = { .scanner = scanner, .text = { text, length } };

	pass.example = is_example(path);
	stored_sort(scanner);
	pass_stored(&pass);
	pass_tokens(&pass);
	read_kind(&pass, kind);
	merge(&pass);
	if (!pass.failed)
		tell(&pass, found, arg);
	free(pass.hits);
	return pass.failed ? err_set(err, TACIT_LIMIT, "no memory to look through a file") : 0;
}

bool scanner_variable(
	struct scanner *scanner, const char *name, const char *value, struct scan_finding *finding)
{
	struct pass pass = { .scanner = scanner, .text = span_of(value) };
	const struct hit *best = NULL;

	stored_sort(scanner);
	pass_stored(&pass);
	pass_tokens(&pass);
	pass_assignment(&pass, span_of(name), pass.text, pass.text);
	merge(&pass);
	for (size_t i = 0; i < pass.count; i++)
		if (!best || rank(pass.hits[i].rule) > rank(best->rule))
			best = &pass.hits[i];
	if (best)
		finding_of(best, finding);
	free(pass.hits);
	return best != NULL;
}
