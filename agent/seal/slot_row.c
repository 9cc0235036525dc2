/* SPDX-License-Identifier: Apache-2.0 */
/* A key slot as bytes: what it says of itself, and the sum that finds accidents. */
#include <sodium.h>
#include <string.h>

#include "base/pack.h"
#include "seal/internal.h"

#define ROW_VERSION 1
#define PROGRAM_PARAMETERS (2 + SLOT_PROGRAM_MAX + 2 + SLOT_WRAPPED_MAX)

_Static_assert(
	SLOT_ROW_MAX == SLOT_HEAD_BYTES + 2 + SLOT_LABEL_MAX + PROGRAM_PARAMETERS + SLOT_TAIL_BYTES,
	"the longest slot");
_Static_assert(SLOT_SUM_BYTES == crypto_generichash_BYTES_MIN, "the shortest hash");

static const uint8_t magic[4] = { 't', 'a', 'c', 's' };

const char *slot_kind_word(enum slot_kind kind)
{
	static const char *const words[SLOT_KINDS] = { [SLOT_KEY_FILE] = "key_file",
		[SLOT_PASSPHRASE] = "passphrase",
		[SLOT_CREDENTIAL] = "credential",
		[SLOT_COMMAND] = "command",
		[SLOT_RECOVERY] = "recovery" };

	return (unsigned int)kind < SLOT_KINDS ? words[kind] : NULL;
}

static bool printable(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

/* A file's name in a directory of programs; the directory is not the store's to say. */
static bool can_be_program(const char *name)
{
	static const char used[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

	return *name && *name != '.' && !name[strspn(name, used)];
}

int slot_check_about(const struct slot_about *about, struct err *err)
{
	if (!about->number || about->number > SLOT_NUMBERS)
		return err_set(
			err, TACIT_INVALID, "key slots are numbered from 1 to %d", SLOT_NUMBERS);
	if (!slot_kind_word(about->kind))
		return err_set(err, TACIT_INVALID, "a key slot of no kind");
	if (!printable(about->label))
		return err_set(err, TACIT_INVALID, "a label has printable ASCII alone");
	if (about->kind == SLOT_PASSPHRASE)
		return passphrase_check_cost(&about->cost, err);
	if (about->kind != SLOT_COMMAND)
		return 0;
	if (!can_be_program(about->program))
		return err_set(err, TACIT_INVALID,
			"the name of a program has letters, digits, '.', '_' and '-' and begins "
			"with no '.'");
	if (!about->wrapped_length || about->wrapped_length > SLOT_WRAPPED_MAX)
		return err_set(err, TACIT_INVALID, "a program's wrapped key has 1 to %d bytes",
			SLOT_WRAPPED_MAX);
	return 0;
}

static void pack_parameters(struct pack *to, const struct slot_about *about)
{
	if (about->kind == SLOT_PASSPHRASE) {
		pack_u32(to, about->cost.passes);
		pack_u32(to, about->cost.memory_kib);
		pack_bytes(to, about->salt, sizeof about->salt);
	}
	if (about->kind == SLOT_COMMAND) {
		pack_text(to, about->program);
		pack_u16(to, about->wrapped_length);
		pack_bytes(to, about->wrapped, about->wrapped_length);
	}
}

uint8_t *slot_row_begin(const uint8_t store_id[SEAL_ID_BYTES], const struct slot_about *about,
	struct slot_row *row, struct err *err)
{
	struct pack to = { .limit = SLOT_ROW_MAX - SLOT_TAIL_BYTES };
	uint8_t *tail = NULL;

	pack_bytes(&to, magic, sizeof magic);
	pack_u8(&to, ROW_VERSION);
	pack_u8(&to, SEAL_ALGORITHM);
	pack_u8(&to, (uint8_t)about->kind);
	pack_u8(&to, about->number);
	pack_bytes(&to, store_id, SEAL_ID_BYTES);
	pack_bytes(&to, about->id, SEAL_ID_BYTES);
	pack_u64(&to, about->created_ns);
	pack_text(&to, about->label);
	pack_parameters(&to, about);
	if (to.failed) {
		err_set(err, TACIT_LIMIT, "out of memory");
	} else {
		row->number = about->number;
		row->length = to.length + SLOT_TAIL_BYTES;
		memcpy(row->bytes, to.bytes, to.length);
		tail = row->bytes + to.length;
		memset(tail, 0, SLOT_TAIL_BYTES);
	}
	pack_free(&to);
	return tail;
}

static void sum_of(const struct slot_row *row, uint8_t sum[SLOT_SUM_BYTES])
{
	crypto_generichash(sum, SLOT_SUM_BYTES, row->bytes, row->length - SLOT_SUM_BYTES, NULL, 0);
}

void slot_row_end(struct slot_row *row)
{
	sum_of(row, row->bytes + row->length - SLOT_SUM_BYTES);
}

/* The version is looked at first, and the sum next: of bytes that were damaged nothing is said. */
static int check_bytes(
	const uint8_t store_id[SEAL_ID_BYTES], const struct slot_row *row, struct err *err)
{
	const uint8_t *bytes = row->bytes;
	uint8_t sum[SLOT_SUM_BYTES];

	if (row->length < SLOT_HEAD_BYTES + 2 + SLOT_TAIL_BYTES || row->length > SLOT_ROW_MAX ||
		memcmp(bytes, magic, sizeof magic) || !bytes[SLOT_AT_VERSION])
		return err_set(err, TACIT_CORRUPT, "not a key slot");
	if (bytes[SLOT_AT_VERSION] > ROW_VERSION)
		return err_set(err, TACIT_NEWER, "of format %u; this tacit knows up to %u",
			bytes[SLOT_AT_VERSION], ROW_VERSION);
	sum_of(row, sum);
	if (memcmp(sum, bytes + row->length - SLOT_SUM_BYTES, sizeof sum))
		return err_set(err, TACIT_CORRUPT, "it was damaged");
	if (bytes[SLOT_AT_ALGORITHM] != SEAL_ALGORITHM || bytes[SLOT_AT_NUMBER] != row->number ||
		memcmp(bytes + SLOT_AT_STORE, store_id, SEAL_ID_BYTES))
		return err_set(err, TACIT_CORRUPT, "it is of another store, number or algorithm");
	if (bytes[SLOT_AT_KIND] >= SLOT_KINDS)
		return err_set(err, TACIT_NEWER, "of a kind that this tacit does not know");
	return 0;
}

static void unpack_parameters(struct unpack *from, struct slot_about *about)
{
	if (about->kind == SLOT_PASSPHRASE) {
		about->cost.passes = unpack_u32(from);
		about->cost.memory_kib = unpack_u32(from);
		unpack_bytes(from, about->salt, sizeof about->salt);
	}
	if (about->kind == SLOT_COMMAND) {
		unpack_text(from, about->program, sizeof about->program);
		about->wrapped_length = unpack_u16(from);
		if (about->wrapped_length > SLOT_WRAPPED_MAX)
			from->failed = true;
		else
			unpack_bytes(from, about->wrapped, about->wrapped_length);
	}
}

int slot_read(const uint8_t store_id[SEAL_ID_BYTES], const struct slot_row *row,
	struct slot_about *about, struct err *err)
{
	struct unpack from = { .at = row->bytes + SLOT_AT_ID };
	int result = check_bytes(store_id, row, err);

	memset(about, 0, sizeof *about);
	if (result < 0)
		return result;
	from.left = row->length - SLOT_TAIL_BYTES - SLOT_AT_ID;
	about->kind = (enum slot_kind)row->bytes[SLOT_AT_KIND];
	about->number = row->number;
	unpack_bytes(&from, about->id, SEAL_ID_BYTES);
	about->created_ns = unpack_u64(&from);
	unpack_text(&from, about->label, sizeof about->label);
	unpack_parameters(&from, about);
	if (!unpack_done(&from) || slot_check_about(about, NULL) < 0) {
		memset(about, 0, sizeof *about);
		return err_set(err, TACIT_CORRUPT, "what it says of itself cannot be");
	}
	return 0;
}
