/* SPDX-License-Identifier: Apache-2.0 */
/* Stores and anchors are what FORMAT.md says: the vectors of tests/vectors/generate_store.py. */
#include "tamper.h"

#include "core/store/anchor.h"
#include "core/store/integrity.h"
#include "seal/slot.h"
#include "tests/vectors/vectors.h"

/* A row of a vector's store: of `table` and `id`, or, of table 0, the meta row `name`. */
struct vector_row {
	uint8_t table;
	uint8_t id[SEAL_ID_BYTES];
	char name[32];
	uint8_t *bytes;
	size_t length;
};

#define ROWS_MAX 32

struct vector_store {
	struct vector_row rows[ROWS_MAX];
	size_t count;
};

/* The hexadecimal digits at `*at` up to another character, malloc'd. */
static uint8_t *take_hex(const char **at, size_t *length)
{
	size_t digits = strspn(*at, "0123456789abcdef");
	uint8_t *bytes = malloc(digits / 2 + 1);

	assert_non_null(bytes);
	assert_int_equal(digits % 2, 0);
	*length = digits / 2;
	for (size_t i = 0; i < *length; i++) {
		unsigned int byte;

		assert_int_equal(sscanf(*at + 2 * i, "%2x", &byte), 1);
		bytes[i] = (uint8_t)byte;
	}
	*at += digits;
	return bytes;
}

static void take_id(const char **at, uint8_t id[SEAL_ID_BYTES])
{
	size_t length;
	uint8_t *bytes = take_hex(at, &length);

	assert_int_equal(length, SEAL_ID_BYTES);
	memcpy(id, bytes, SEAL_ID_BYTES);
	free(bytes);
}

/* Take the place of the row that there is, or its own. */
static void set_row(struct vector_store *store, const struct vector_row *row)
{
	size_t i = 0;

	while (i < store->count &&
		(store->rows[i].table != row->table || strcmp(store->rows[i].name, row->name) ||
			memcmp(store->rows[i].id, row->id, SEAL_ID_BYTES)))
		i++;
	assert_true(i < ROWS_MAX);
	if (i < store->count)
		free(store->rows[i].bytes);
	store->rows[i] = *row;
	store->count += i == store->count;
}

/* "NAME:BYTES,..." or "TABLE:ID:BYTES,...", or "-" for none. */
static void take_rows(struct vector_store *store, const char *at, bool meta)
{
	while (*at && *at != '-') {
		struct vector_row row = { 0 };

		if (meta) {
			size_t length = strcspn(at, ":");

			assert_true(length < sizeof row.name);
			memcpy(row.name, at, length);
			at += length + 1;
		} else {
			row.table = (uint8_t)(at[0] - '0');
			at += 2;
			take_id(&at, row.id);
			at++;
		}
		row.bytes = take_hex(&at, &row.length);
		set_row(store, &row);
		at += *at == ',';
	}
}

/* The rows that there are into a database of their own. */
static void write_store(const struct fixture *fixture, const struct vector_store *store)
{
	static const char *const into[] = { NULL, "INSERT INTO record (id, bytes) VALUES (?1, ?2)",
		"INSERT INTO value (id, bytes) VALUES (?1, ?2)" };
	struct err err;
	sqlite3 *db;

	must(store_sqlite.create(fixture->dir, &err));
	db = intrude(fixture);
	for (size_t i = 0; i < store->count; i++) {
		const struct vector_row *row = &store->rows[i];
		char sql[128];

		if (!row->length)
			continue;
		snprintf(sql, sizeof sql, "INSERT INTO meta (name, bytes) VALUES ('%s', ?2)",
			row->name);
		run_sql(db, row->table ? into[row->table] : sql, row->table ? row->id : NULL,
			row->bytes, row->length);
	}
	sqlite3_close(db);
}

/* What an open vault serves, one id after the other. */
struct served {
	char text[ROWS_MAX * (2 * SEAL_ID_BYTES + 1)];
	size_t count;
};

static void note_served(struct served *served, const uint8_t id[SEAL_ID_BYTES])
{
	char hex[2 * SEAL_ID_BYTES + 1];

	hex_of(id, hex);
	assert_true(strlen(served->text) + sizeof hex < sizeof served->text);
	strcat(served->text, hex);
	served->count++;
}

static int note_secret(void *arg, const struct secret_record *secret, struct err *err)
{
	(void)err;
	note_served(arg, secret->id);
	return 0;
}

static int note_grant(void *arg, const struct grant_record *grant, struct err *err)
{
	(void)err;
	note_served(arg, grant->id);
	return 0;
}

static int pass_over(void *arg, const struct vault_damage *damage, struct err *err)
{
	(void)arg;
	(void)damage;
	(void)err;
	return 0;
}

static bool value_opens(struct vault *vault, const uint8_t id[SEAL_ID_BYTES])
{
	uint8_t *sealed = NULL, plain[256];
	size_t length, opened;
	bool opens;

	opens = !vault_load_value(vault, id, &sealed, &length, NULL) &&
		vault_plain_room(length) <= sizeof plain &&
		!vault_open_value(vault, id, sealed, length, plain, sizeof plain, &opened, NULL);
	free(sealed);
	return opens;
}

static void look_at(
	struct fixture *fixture, const struct vector *vector, const struct vector_store *store)
{
	struct served served = { 0 };
	const struct vault_visitor visitor = { .on_secret = note_secret,
		.on_grant = note_grant,
		.on_damaged = pass_over,
		.arg = &served };
	const char *expected = vector_text(vector, "served");
	struct vault_standing standing;
	size_t damages, count = 0;
	struct err err;

	must(vault_each(fixture->vault, &visitor, &err));
	for (size_t i = 0; i < store->count; i++)
		if (store->rows[i].table == STORE_VALUES && store->rows[i].length &&
			value_opens(fixture->vault, store->rows[i].id))
			note_served(&served, store->rows[i].id);
	vault_get_standing(fixture->vault, &standing);
	damages = standing.damages;
	if (!strcmp(vector_text(vector, "sound"), damages ? "yes" : "no"))
		fail_msg("%s: %zu damages", vector_name(vector), damages);
	for (const char *at = expected; *at && *at != '-';
		at += strcspn(at, ","), at += *at == ',') {
		char id[2 * SEAL_ID_BYTES + 1];

		snprintf(id, sizeof id, "%s", at);
		if (!strstr(served.text, id))
			fail_msg("%s: %s is not served", vector_name(vector), id);
		count++;
	}
	if (served.count != count)
		fail_msg("%s: %zu rows are served", vector_name(vector), served.count);
}

static void open_store(const struct vector *vector, const struct vector_store *store)
{
	struct fixture fixture = { 0 };
	int result;
	struct err err;

	scratch_make(fixture.dir);
	write_store(&fixture, store);
	must(vault_attach(&store_sqlite, fixture.dir, &fixture.vault, &err));
	vector_exact(vector, "root", fixture.root, sizeof fixture.root);
	result = vault_resume(fixture.vault, fixture.root, &err);
	if (vector_expects_ok(vector, result))
		look_at(&fixture, vector, store);
	vault_close(fixture.vault);
	scratch_remove(fixture.dir);
}

/* What a vector does not say is as in the first one, which has no rows of another. */
static void take_first(struct vector_store *store)
{
	char *line = NULL;
	FILE *file = fopen("tests/vectors/store.txt", "re");
	size_t room = 0;
	int rows = 0;

	assert_non_null(file);
	while (rows < 2 && getline(&line, &room, file) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, "meta ", 5) || !strncmp(line, "rows ", 5)) {
			take_rows(store, line + 5, line[0] == 'm');
			rows++;
		}
	}
	free(line);
	fclose(file);
	assert_int_equal(rows, 2);
}

static void check_store(const struct vector *vector)
{
	struct vector_store store = { 0 };

	take_first(&store);
	take_rows(&store, vector_text(vector, "meta"), true);
	take_rows(&store, vector_text(vector, "rows"), false);
	open_store(vector, &store);
	for (size_t i = 0; i < store.count; i++)
		free(store.rows[i].bytes);
}

static void stores_are_what_the_format_says(void **state)
{
	(void)state;
	vectors_each("store.txt", check_store);
}

static void check_anchor(const struct vector *vector)
{
	struct keyring *ring = calloc(1, sizeof *ring);
	uint8_t store[SEAL_ID_BYTES], mac[SETMAC_BYTES], made[ANCHOR_BYTES];
	struct anchor anchor = { 0 };
	size_t length;
	uint8_t *bytes = vector_bytes(vector, "anchor", &length);
	struct err err;

	assert_non_null(ring);
	ring->active = ring->keys[0].id = vector_number(vector, "key_id");
	ring->count = 1;
	vector_exact(vector, "key", ring->keys[0].key, SEAL_KEY_BYTES);
	vector_exact(vector, "store", store, sizeof store);
	vector_exact(vector, "mac", mac, sizeof mac);
	if (vector_expects_ok(vector, anchor_unpack(bytes, length, ring, store, &anchor, &err))) {
		assert_int_equal(anchor.key_id, ring->active);
		assert_int_equal(
			anchor.generation, strtoull(vector_text(vector, "generation"), NULL, 10));
		assert_memory_equal(anchor.root, mac, sizeof mac);
		anchor_pack(&anchor, ring, store, made);
		assert_int_equal(length, sizeof made);
		assert_memory_equal(made, bytes, length);
	}
	free(bytes);
	free(ring);
}

static void anchors_are_what_the_format_says(void **state)
{
	(void)state;
	vectors_each("anchor.txt", check_anchor);
}

static int start(void **state)
{
	(void)state;
	return seal_start(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stores_are_what_the_format_says),
		cmocka_unit_test(anchors_are_what_the_format_says),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
