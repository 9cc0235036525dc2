/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/files.h"

#define KEY_DIGITS (2 * TRANSIT_PUBLIC_BYTES)

static int check_owner(int fd, const char *path, struct err *err)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return err_errno(err, errno, TACIT_IO, "%s", path);
	if (!S_ISREG(status.st_mode) || (status.st_uid && status.st_uid != geteuid()) ||
		status.st_mode & (S_IWGRP | S_IWOTH))
		return err_set(err, TACIT_DENIED,
			"%s is not root's alone to write; nothing is sealed to it", path);
	return 0;
}

static int parse_digits(const char *digits, uint8_t *bytes)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < KEY_DIGITS; i++) {
		const char *digit = digits[i] ? strchr(hex, digits[i]) : NULL;

		if (!digit)
			return -TACIT_CORRUPT;
		bytes[i / 2] = (uint8_t)(bytes[i / 2] << 4 | (digit - hex));
	}
	return 0;
}

int transfer_core_key(const char *root, uint8_t public_key[TRANSIT_PUBLIC_BYTES], struct err *err)
{
	char path[PATH_FULL_MAX], text[KEY_DIGITS + 2];
	size_t length = 0;
	_close_ int fd = -1;
	int status;

	path_below(root, TACIT_PUBLIC_KEY_PATH, path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return err_set(err, TACIT_UNAVAILABLE,
			"the agent is not there: it has left no %s; start it with 'tacitd' or "
			"'systemctl start tacitd'",
			path);
	if (fd < 0)
		return err_errno(err, errno, TACIT_IO, "%s", path);
	status = check_owner(fd, path, err);
	if (!status)
		status = file_read_fd(fd, text, sizeof text, &length, err);
	if (status < 0)
		return status;
	if (length != KEY_DIGITS + 1 || text[KEY_DIGITS] != '\n' ||
		parse_digits(text, public_key) < 0)
		return err_set(err, TACIT_CORRUPT, "%s is not a public key", path);
	return 0;
}

static int send_once(struct session *session, const char *path, const char *context,
	const void *bytes, size_t length, json_t **json, struct err *err)
{
	size_t sealed_length = transit_sealed_size(context, length);
	_free_ uint8_t *sealed = malloc(sealed_length);
	uint8_t core[TRANSIT_PUBLIC_BYTES];
	int status;

	if (!sealed)
		return err_set(err, TACIT_INTERNAL, "no memory for a sealed value");
	status = transfer_core_key(session->root, core, err);
	if (!status)
		status = transit_seal(core, context, bytes, length, sealed, err);
	return status ? status
		      : session_post(
				session, path, TACIT_VALUE_TYPE, sealed, sealed_length, json, err);
}

int transfer_send(struct session *session, const char *path, const char *context, const void *bytes,
	size_t length, json_t **json, struct err *err)
{
	int status = send_once(session, path, context, bytes, length, json, err);

	if (status == -TACIT_STALE)
		status = send_once(session, path, context, bytes, length, json, err);
	return status;
}

static int receive_sealed(struct session *session, const char *path, const uint8_t *public_key,
	struct client_answer *answer, struct err *err)
{
	const struct client_request request = { .method = "POST",
		.path = path,
		.type = TACIT_VALUE_TYPE,
		.body = public_key,
		.length = TRANSIT_PUBLIC_BYTES };

	return session_ask(session, &request, answer, err);
}

int transfer_receive(struct session *session, const char *path, const char *context,
	uint8_t **bytes, size_t *length, struct err *err)
{
	uint8_t public_key[TRANSIT_PUBLIC_BYTES];
	uint8_t *secret_key = seal_alloc(TRANSIT_SECRET_BYTES);
	struct client_answer answer = { 0 };
	int status;

	if (!secret_key)
		return err_set(err, TACIT_LIMIT, "no locked memory; raise 'ulimit -l'");
	transit_make_keys(public_key, secret_key);
	status = receive_sealed(session, path, public_key, &answer, err);
	if (!status)
		status = transit_open(public_key, secret_key, context, answer.bytes, answer.length,
			bytes, length, err);
	client_answer_free(&answer);
	seal_free(secret_key);
	return status;
}
