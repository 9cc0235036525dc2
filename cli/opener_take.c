/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/opener_take.h"

#include <string.h>
#include <unistd.h>

#include "cli/input.h"
#include "cli/output.h"
#include "cli/prompt.h"
#include "cli/value.h"
#include "seal/keyfile.h"
#include "seal/passphrase.h"
#include "seal/recovery.h"

#define KEY_FILE_MODE 0400
#define NEWLINE_MAX 2

/* A line of standard input; or what is typed. */
static int read_line(struct opener *opener, const char *what, size_t most, struct err *err)
{
	int status;

	if (isatty(STDIN_FILENO))
		return err_set(err, TACIT_INVALID,
			"standard input is a terminal that shows what is typed; leave '-' out to "
			"be asked");
	status = input_read(what, "-", opener->bytes, most + NEWLINE_MAX, &opener->length, err);
	if (!status)
		opener->length -= value_newline(opener->bytes, opener->length);
	return status;
}

static int ask_for(const char *what,
	int (*ask)(const char *what, uint8_t *bytes, size_t room, size_t *length, struct err *err),
	struct opener *opener, struct err *err)
{
	if (!isatty(STDIN_FILENO))
		return err_set(err, TACIT_INVALID,
			"no %s is given; pass it by '-' (standard input), or use a terminal to be "
			"asked",
			what);
	return ask(what, opener->bytes, OPENER_ROOM, &opener->length, err);
}

int opener_take_passphrase(
	const struct session *session, const char *word, struct opener *opener, struct err *err)
{
	(void)session;
	return word ? read_line(opener, "passphrase", PASSPHRASE_MAX, err)
		    : ask_for("passphrase", prompt_once, opener, err);
}

int opener_new_passphrase(
	const struct session *session, const char *word, struct opener *opener, struct err *err)
{
	int status;

	(void)session;
	status = word ? read_line(opener, "passphrase", PASSPHRASE_MAX, err)
		      : ask_for("new passphrase", prompt_twice, opener, err);
	return status ? status : passphrase_check(opener->length, err);
}

/* Judged here, so that a slip of the pen is told as such and goes nowhere; core gets the text as it
 * is printed. */
int opener_take_recovery(
	const struct session *session, const char *word, struct opener *opener, struct err *err)
{
	uint8_t *secret = seal_alloc(RECOVERY_SECRET_BYTES);
	int status;

	(void)session;
	if (!secret)
		return err_set(err, TACIT_LIMIT, "no locked memory; raise 'ulimit -l'");
	status = word ? read_line(opener, "recovery key", RECOVERY_INPUT_MAX, err)
		      : ask_for("recovery key", prompt_once, opener, err);
	if (!status)
		status = recovery_parse((char *)opener->bytes, opener->length, secret, err);
	if (!status) {
		recovery_format(secret, (char *)opener->bytes);
		opener->length = RECOVERY_TEXT_BYTES;
	}
	seal_free(secret);
	return status;
}

int opener_new_recovery(
	const struct session *session, const char *word, struct opener *opener, struct err *err)
{
	uint8_t *secret = seal_alloc(RECOVERY_SECRET_BYTES);

	(void)session, (void)word;
	if (!secret)
		return err_set(err, TACIT_LIMIT, "no locked memory; raise 'ulimit -l'");
	seal_random(secret, RECOVERY_SECRET_BYTES);
	recovery_format(secret, (char *)opener->bytes);
	opener->length = RECOVERY_TEXT_BYTES;
	seal_free(secret);
	return 0;
}

static int read_key_file(const char *path, struct opener *opener, struct err *err)
{
	int status =
		input_read("key file", path, opener->bytes, KEYFILE_TEXT_MAX, &opener->length, err);

	if (status == -TACIT_TOO_LARGE)
		return err_set(err, TACIT_INVALID, "key file: too long; 'tacitd' writes them");
	if (status < 0)
		report_hint(err, err->code, "give the path of a key file that 'tacitd' made");
	return status;
}

/* The text is judged here, so that a wrong file is named as such and goes nowhere. */
int opener_take_key_file(
	const struct session *session, const char *word, struct opener *opener, struct err *err)
{
	uint8_t *key = seal_alloc(SEAL_KEY_BYTES);
	int status;

	(void)word;
	if (!key)
		return err_set(err, TACIT_LIMIT, "no locked memory; raise 'ulimit -l'");
	status = read_key_file(session->invocation->values[OPTION_KEY_FILE], opener, err);
	if (!status)
		status = keyfile_parse((char *)opener->bytes, opener->length, key, err);
	seal_free(key);
	return status;
}

int opener_new_key_file(
	const struct session *session, const char *word, struct opener *opener, struct err *err)
{
	const char *path = session->invocation->values[OPTION_NEW_KEY_FILE];
	uint8_t *key = seal_alloc(SEAL_KEY_BYTES);
	int status;

	(void)word;
	if (!key)
		return err_set(err, TACIT_LIMIT, "no locked memory; raise 'ulimit -l'");
	seal_random(key, SEAL_KEY_BYTES);
	opener->length = keyfile_format(key, (char *)opener->bytes);
	seal_free(key);
	status = output_whole(path, KEY_FILE_MODE, opener->bytes, opener->length, err);
	if (!status)
		opener->made = path;
	return status;
}
