/* SPDX-License-Identifier: Apache-2.0 */
/* A thousand changes by chance, each followed by a look at everything: the model has what a plain
 * table of the same changes has, and nothing more. */
#include "bundle_fixture.h"

enum { CHANGES = 1000, BUNDLES = 2, MEMBERS = 3, CONSUMERS = 3, FOLDERS = 3, KEEP_MAX = 8 };

static const char *const bundle_names[BUNDLES] = { "app/tls", "db" };
static const char *const member_names[MEMBERS] = { "cert", "key", "ca" };
static const char *const consumer_names[CONSUMERS] = { WEB, DB, "user/1000" };
static const char *const folder_names[FOLDERS] = { "tls", "db", "mixed" };

/* FOLDER/MEMBER of a consumer. */
struct path {
	bool ever, lives;
	int bundle; /* whose member it shows */
	struct grant_record record;
};

struct table {
	struct model *model;
	uint64_t chance;
	struct {
		bool exists;
		struct bundle_record record;
		uint64_t last;
		struct {
			bool exists, joined;
			uint32_t place; /* in record.members */
			struct secret_record record;
		} member[MEMBERS];
	} bundle[BUNDLES];
	struct path path[CONSUMERS][FOLDERS][MEMBERS];
	/* In the order made: of a consumer's folders, and of a folder's files. CONSUMERS: `self`.
	 */
	int order[CONSUMERS + 1][FOLDERS], count[CONSUMERS + 1];
	int files[CONSUMERS + 1][FOLDERS][MEMBERS], file_count[CONSUMERS + 1][FOLDERS];
	uint64_t told[(CONSUMERS + 1) * FOLDERS];
	size_t told_count;
};

static unsigned int pick(struct table *table, unsigned int among)
{
	table->chance = table->chance * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (unsigned int)(table->chance >> 33) % among;
}

static bool tell(void *arg, uint64_t folder)
{
	struct table *table = arg;

	assert_true(table->told_count < sizeof table->told / sizeof *table->told);
	for (size_t i = 0; i < table->told_count; i++)
		assert_int_not_equal(table->told[i], folder);
	table->told[table->told_count++] = folder;
	return true;
}

static void put_generation(struct table *table, int b)
{
	struct err err;

	add_generation(table->model, &table->bundle[b].record, ++table->bundle[b].last,
		1 + pick(table, KEEP_MAX));
	must(model_put_bundle(table->model, &table->bundle[b].record, &err));
}

static void rotate_some(struct table *table, int b)
{
	bool joined = false;

	for (int m = 0; m < MEMBERS; m++)
		if (table->bundle[b].member[m].exists && pick(table, 2)) {
			advance(table->model, &table->bundle[b].member[m].record);
			joined |= table->bundle[b].member[m].joined;
		}
	if (joined)
		put_generation(table, b);
}

static void join(struct table *table, int b, int m)
{
	struct bundle_record *record = &table->bundle[b].record;

	table->bundle[b].member[m].joined = true;
	table->bundle[b].member[m].place = record->member_count;
	add_member(record, &table->bundle[b].member[m].record);
}

static void create(struct table *table, int b)
{
	char name[TACIT_SECRET_NAME_MAX + 1];
	int m = (int)pick(table, MEMBERS);

	if (!table->bundle[b].member[m].exists) {
		snprintf(name, sizeof name, "%s/%s", bundle_names[b], member_names[m]);
		table->bundle[b].member[m].record = put_secret(table->model, name);
		table->bundle[b].member[m].exists = true;
	}
	if (table->bundle[b].exists) {
		if (table->bundle[b].member[m].joined ||
			table->bundle[b].record.member_count == VAULT_MEMBERS_MAX)
			return;
		join(table, b, m);
	} else {
		table->bundle[b].exists = true;
		table->bundle[b].last = 0;
		table->bundle[b].record = a_bundle(bundle_names[b], 0, 0);
		for (m = 0; m < MEMBERS; m++)
			if (table->bundle[b].member[m].exists)
				join(table, b, m);
	}
	put_generation(table, b);
}

static void end_bundle(struct table *table, int b)
{
	if (!table->bundle[b].exists)
		return;
	model_remove_bundle(table->model, model_bundle(table->model, bundle_names[b]));
	table->bundle[b].exists = false;
	for (int m = 0; m < MEMBERS; m++)
		table->bundle[b].member[m].joined = false;
}

static void end_path(struct table *table, struct path *path)
{
	take_back(table->model, &path->record);
	path->lives = false;
}

static void revoke_one(struct table *table, int b)
{
	struct path *path =
		&table->path[pick(table, CONSUMERS)][pick(table, FOLDERS)][pick(table, MEMBERS)];

	(void)b;
	if (path->lives)
		end_path(table, path);
}

static void remove_one(struct table *table, int b)
{
	int m = (int)pick(table, MEMBERS), others = 0;
	bool first = pick(table, 2), joined = table->bundle[b].member[m].joined;
	const char *name = table->bundle[b].member[m].record.name;

	if (!table->bundle[b].member[m].exists)
		return;
	for (int i = 0; i < CONSUMERS * FOLDERS; i++) {
		struct path *path = &table->path[i / FOLDERS][i % FOLDERS][m];

		if (path->lives && path->bundle == b)
			end_path(table, path);
	}
	for (int i = 0; i < MEMBERS; i++)
		others += i != m && table->bundle[b].member[i].joined;
	if (first)
		model_remove_secret(table->model, model_secret(table->model, name));
	if (joined && !others) {
		end_bundle(table, b);
	} else if (joined) {
		memset(table->bundle[b].record.members[table->bundle[b].member[m].place], 0,
			SEAL_ID_BYTES);
		table->bundle[b].member[m].joined = false;
		put_generation(table, b);
	}
	if (!first)
		model_remove_secret(table->model, model_secret(table->model, name));
	table->bundle[b].member[m].exists = false;
}

/* As it was: nothing changes. */
static void put_again(struct table *table, int b)
{
	struct err err;

	for (int m = 0; m < MEMBERS; m++)
		if (table->bundle[b].member[m].exists)
			must(model_put_secret(table->model, &table->bundle[b].member[m].record, 0,
				NULL, 0, &err));
	if (table->bundle[b].exists)
		must(model_put_bundle(table->model, &table->bundle[b].record, &err));
}

/* The bundle that a living path shows, or -1: its secret is in none. */
static int bundle_of(const struct table *table, const struct path *path, int m)
{
	return table->bundle[path->bundle].member[m].joined ? path->bundle : -1;
}

static int may_grant(const struct table *table, int c, int f, int m, int b)
{
	if (!table->bundle[b].member[m].joined)
		return -TACIT_INVALID;
	for (int i = 0; i < MEMBERS; i++)
		if (i != m && table->path[c][f][i].lives &&
			bundle_of(table, &table->path[c][f][i], i) != b)
			return -TACIT_EXISTS;
	return 0;
}

/* The name is there from now on. True: its folder was not. */
static bool note_name(struct table *table, int c, int f, int m)
{
	bool made = !table->file_count[c][f];

	for (int i = 0; i < table->file_count[c][f]; i++)
		if (table->files[c][f][i] == m)
			return false;
	table->files[c][f][table->file_count[c][f]++] = m;
	if (made)
		table->order[c][table->count[c]++] = f;
	return made;
}

static void grant_one(struct table *table, int b)
{
	int c = (int)pick(table, CONSUMERS), f = (int)pick(table, FOLDERS);
	int m = (int)pick(table, MEMBERS);
	struct path *path = &table->path[c][f][m];
	struct grant_record record;
	char file[TACIT_FILE_NAME_MAX + 1];
	size_t made;
	struct err err;

	snprintf(file, sizeof file, "%s/%s", folder_names[f], member_names[m]);
	record = a_grant_of(&table->bundle[b].member[m].record, consumer_names[c], file);
	if (path->ever) {
		memcpy(record.id, path->record.id, SEAL_ID_BYTES);
		record.created_ns = path->record.created_ns + 1;
	}
	assert_int_equal(
		model_check_grant(table->model, &record, &err), may_grant(table, c, f, m, b));
	if (may_grant(table, c, f, m, b))
		return;
	made = model_new_folders(table->model, &record, 1);
	must(model_put_grant(table->model, &record, &err));
	made -= note_name(table, c, f, m);
	made -= note_name(table, CONSUMERS, f, m);
	assert_int_equal(made, 0);
	*path = (struct path){ .ever = true, .lives = true, .bundle = b, .record = record };
}

static int expected_bundle(const struct table *table, int c, int f)
{
	int found = -1;

	for (int m = 0; m < MEMBERS; m++) {
		int b = table->path[c][f][m].lives ? bundle_of(table, &table->path[c][f][m], m)
						   : -2;

		if (b == -1 || (b >= 0 && found >= 0 && b != found))
			return -1;
		found = b >= 0 ? b : found;
	}
	return found;
}

/* What is in FOLDER@N. */
static void look_at_generation(const struct table *table, int c, int f, int b, uint32_t g)
{
	const struct bundle_generation *row = &table->bundle[b].record.generations[g];

	for (int m = 0; m < MEMBERS; m++) {
		const struct path *path = &table->path[c][f][m];
		char name[2 * TACIT_FILE_NAME_MAX];
		const struct node *file;

		snprintf(name, sizeof name, "%s@%d/%s", folder_names[f], (int)row->number,
			member_names[m]);
		file = node_granted(
			table->model, model_consumer(table->model, consumer_names[c]), name);
		assert_int_equal(file != NULL, path->ever);
		assert_int_equal(shown(table->model, consumer_names[c], name),
			path->lives ? row->versions[table->bundle[b].member[m].place] : 0);
		if (!file)
			continue;
		assert_int_equal(grant_lives(node_grant(file)), path->lives);
		assert_int_equal(file->parent->generation, row->number);
	}
}

/* How many nodes are of its generations. */
static unsigned int look_at_folder(const struct table *table, int c, int f)
{
	const struct node *folder = folder_at(table->model, consumer_names[c], folder_names[f]);
	int b = expected_bundle(table, c, f);
	unsigned int files = (unsigned int)table->file_count[c][f], generations = 0;

	assert_int_equal(folder != NULL, files > 0);
	if (!folder)
		return 0;
	assert_ptr_equal(
		folder->bundle, b < 0 ? NULL : model_bundle(table->model, bundle_names[b]));
	assert_int_equal(folder->child_count, files);
	for (int m = 0; m < MEMBERS; m++) {
		const struct path *path = &table->path[c][f][m];
		uint64_t current = table->bundle[path->bundle].member[m].record.current;

		if (path->ever)
			assert_int_equal(shown(table->model, consumer_names[c], path->record.file),
				path->lives ? current : 0);
	}
	for (const struct node *node = folder->generations; node; node = node->next)
		generations++;
	assert_int_equal(generations, b < 0 ? 0 : table->bundle[b].record.generation_count);
	for (uint32_t g = 0; g < generations; g++)
		look_at_generation(table, c, f, b, g);
	return generations * (1 + files);
}

/* Each name at the place where it was first: of a consumer, or of `self`. How many nodes. */
static unsigned int look_at_names(const struct table *table, int c)
{
	const struct node *directory = c == CONSUMERS
					       ? model_self(table->model)
					       : model_consumer(table->model, consumer_names[c]);
	unsigned int nodes = 0;

	assert_int_equal(directory ? directory->child_count : 0, table->count[c]);
	for (int i = 0; i < table->count[c]; i++) {
		const struct node *folder = directory->children[i];
		int f = table->order[c][i];

		assert_string_equal(folder->name, folder_names[f]);
		for (int k = 0; k < table->file_count[c][f]; k++)
			assert_string_equal(
				folder->children[k]->name, member_names[table->files[c][f][k]]);
		nodes += 1 + (unsigned int)table->file_count[c][f];
	}
	return nodes;
}

static void look_at_secret(const struct table *table, int b, int m)
{
	const struct secret_record *record = &table->bundle[b].member[m].record;
	const struct secret *secret = model_secret(table->model, record->name);
	const struct bundle_record *bundle = &table->bundle[b].record;
	unsigned int kept = 1;
	uint64_t last = 0;

	assert_int_equal(secret != NULL, table->bundle[b].member[m].exists);
	if (!secret)
		return;
	assert_int_equal(secret->bundle != NULL, table->bundle[b].member[m].joined);
	assert_non_null(secret_blob(secret, record->current));
	for (uint32_t g = 0; secret->bundle && g < bundle->generation_count; g++) {
		uint64_t number = bundle->generations[g].versions[table->bundle[b].member[m].place];

		/* A member's versions ascend here. */
		kept += number != last && number != record->current;
		last = number;
		if (number)
			assert_non_null(secret_blob(secret, number));
	}
	assert_int_equal(blobs(secret), kept);
}

static void look_at_everything(const struct table *table, unsigned int others)
{
	unsigned int nodes = others;

	for (int c = 0; c <= CONSUMERS; c++)
		nodes += look_at_names(table, c);
	for (int i = 0; i < CONSUMERS * FOLDERS; i++)
		nodes += look_at_folder(table, i / FOLDERS, i % FOLDERS);
	assert_int_equal(HASH_COUNT(table->model->nodes), nodes);
	for (int i = 0; i < BUNDLES * MEMBERS; i++)
		look_at_secret(table, i / MEMBERS, i % MEMBERS);
	nodes = 0;
	for (int c = 0; c <= CONSUMERS; c++)
		nodes += (unsigned int)table->count[c];
	assert_int_equal(table->told_count, nodes);
}

static void the_model_has_what_a_table_has(void **state)
{
	/* Each as often as it is here. */
	static void (*const changes[])(struct table *, int) = { rotate_some, rotate_some,
		rotate_some, grant_one, grant_one, grant_one, grant_one, create, create, revoke_one,
		remove_one, end_bundle, put_again };
	struct model *model = ((struct world *)*state)->model;
	struct table table = { .model = model, .chance = 4 };
	unsigned int others;

	for (int c = 0; c < CONSUMERS; c++) {
		struct consumer_record record = a_consumer(consumer_names[c]);
		struct err err;

		must(model_put_consumer(model, &record, &err));
	}
	others = HASH_COUNT(model->nodes);
	model->on_folder = tell;
	model->on_folder_arg = &table;
	for (int i = 0; i < CHANGES; i++) {
		changes[pick(&table, sizeof changes / sizeof *changes)](
			&table, (int)pick(&table, BUNDLES));
		look_at_everything(&table, others);
	}
	/* It has come to all of it. */
	assert_int_equal(table.told_count, (CONSUMERS + 1) * FOLDERS);
}

int main(void)
{
	const struct CMUnitTest tests[] = { in_world(the_model_has_what_a_table_has) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
