/* SPDX-License-Identifier: Apache-2.0 */
/* Finding secrets in plaintext: in the text of a file, by what kind of file it is.
 *
 * What is found is said with its line and why, never with its value. Nothing here opens a file or
 * asks the agent; that is cli/env_scan's. One scanner may be used by one thread at a time. */
#ifndef TACIT_SCAN_SCAN_H
#define TACIT_SCAN_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum scan_kind {
	SCAN_COMPOSE,
	SCAN_ENV_FILE, /* .env, and what env_file names */
	SCAN_DOCKERFILE,
	SCAN_KUBERNETES,
	SCAN_SYSTEMD,
	SCAN_OTHER, /* tokens and stored secrets only */
	SCAN_KINDS
};

/* Why. The word is for --json, SARIF and baselines, and stays. */
enum scan_rule {
	SCAN_RULE_NAME,    /* "secret-name": a variable whose name says so has a value of its own */
	SCAN_RULE_TOKEN,   /* "known-token": the format of a well-known token or private key */
	SCAN_RULE_ENTROPY, /* "high-entropy": it looks drawn by lot */
	SCAN_RULE_URL,     /* "url-password": a password in a URL */
	SCAN_RULE_STORED,  /* "stored-secret": it is a value that the agent keeps */
	SCAN_RULE_COPIED,  /* "copied-key": a Dockerfile copies a key file into the image */
	SCAN_RULE_TRACKED, /* "not-ignored": a file with secrets that .gitignore lets through */
	SCAN_RULE_CONTEXT, /* "in-build-context": likewise .dockerignore */
	SCAN_RULE_CONTAINER, /* "container-environment": a running container carries it */
	SCAN_RULES
};

struct scan_finding {
	enum scan_rule rule;
	unsigned int line, column; /* from 1; 0: of the file as a whole */
	char name[128];    /* of the variable, the token's kind, the secret; never a value */
	char service[64];  /* of compose; else empty */
	uint64_t print[2]; /* a keyed hash of the value, for baselines; 0: there is no value */
};

typedef void scan_found_fn(void *arg, const struct scan_finding *finding);

/* A value that the agent keeps, by hashes under the scanner's key. */
struct scan_stored {
	char name[256];
	uint64_t version;
	uint32_t size;    /* bytes of the value; shorter ones than 8 are not looked for */
	uint64_t start;   /* SipHash-2-4 of its first 8 bytes */
	uint8_t hash[32]; /* BLAKE2b of all of it */
};

struct scanner;

/* `key` is for the hashes above and for scan_finding.print. */
struct scanner *scanner_new(const uint8_t key[32]); /* NULL: no memory */
void scanner_free(struct scanner *scanner);
/* From now on scan_finding.print is made with another key: a baseline's, which is in its file. */
void scanner_print_key(struct scanner *scanner, const uint8_t key[16]);
int scanner_add_stored(struct scanner *scanner, const struct scan_stored *stored, struct err *err);

/* What a file is, by its path and its first bytes. */
enum scan_kind scan_kind_of(const char *path, const char *text, size_t length);
/* Look through a text. A file that is broken for its kind is looked through as SCAN_OTHER. */
int scanner_text(struct scanner *scanner, enum scan_kind kind, const char *path, const char *text,
	size_t length, scan_found_fn *found, void *arg, struct err *err);
/* Of one variable on its own, for containers: whether it is a finding and why. */
bool scanner_variable(
	struct scanner *scanner, const char *name, const char *value, struct scan_finding *finding);

const char *scan_rule_word(enum scan_rule rule);
const char *scan_rule_advice(enum scan_rule rule); /* one sentence: what to do */

#endif
