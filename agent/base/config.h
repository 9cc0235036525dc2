/* SPDX-License-Identifier: Apache-2.0 */
/* tacit.conf: lines of "name value" as in sshd_config, '#' begins a comment. The table in config.c
 * is the only list of names. An unknown name, a value out of range or a name given twice (but
 * runtime_root and engine) is an error that says the line; nothing is half-taken. */
#ifndef TACIT_BASE_CONFIG_H
#define TACIT_BASE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/log.h"

#define CONFIG_ROOTS_MAX 16
#define CONFIG_ROOT_MAX 128
#define CONFIG_WORD_MAX 64
#define CONFIG_ENGINES_MAX 8
#define CONFIG_ENGINE_MAX 107 /* bytes of a socket's path: sun_path of unix(7) */
#define CONFIG_PATH_MAX 256

enum config_copy { CONFIG_COPY_NONE, CONFIG_COPY_SYSLOG, CONFIG_COPY_JOURNALD };

struct config {
	char user[CONFIG_WORD_MAX];         /* core and toucher run as this user */
	char api_user[CONFIG_WORD_MAX];     /* api runs as this user */
	char engine_user[CONFIG_WORD_MAX];  /* engine runs as this user */
	char gate_user[CONFIG_WORD_MAX];    /* gate runs as this user */
	char hook_user[CONFIG_WORD_MAX];    /* programs of hooks.d run as this user */
	char rotator_user[CONFIG_WORD_MAX]; /* programs of rotators.d run as this user */
	char operators[CONFIG_WORD_MAX];    /* group that may use the API besides root */
	char key_user[CONFIG_WORD_MAX];     /* programs of keys.d run as this user */
	char key_file[CONFIG_PATH_MAX];     /* absolute; below --root when that is given */
	char credential[CONFIG_WORD_MAX];   /* of systemd, in $CREDENTIALS_DIRECTORY */
	bool create_store; /* at the first start make one, and a key file that opens it */
	/* Outside of the store, says how far it was; absolute; below --root when that is given.
	 * "none": there is none. */
	char anchor[CONFIG_PATH_MAX];
	bool audit_required; /* no read before the log has it; else reads go on without */
	char audit_dir[CONFIG_PATH_MAX]; /* absolute; below --root when that is given */
	unsigned int audit_file_size;    /* KiB of one file of the log, 64 to 1048576 */
	unsigned int audit_keep;         /* files of it that are kept, 0 (all) to 10000 */
	enum config_copy audit_copy;     /* where else its records are told */
	unsigned int threads;            /* FUSE threads, 1 to 16; fixed for the life of a mount */
	unsigned int keep_versions;      /* versions of a secret kept, 1 to 64 */
	unsigned int hook_debounce;      /* ms from the last rotation to its hooks, 0 to 60000 */
	bool allow_swap;                 /* go on where memory cannot be locked */
	bool resend; /* ask the kernel to send again what a dead core had taken */
	enum log_level log_level;
	/* Where container engines put their cgroups: a path in which ID stands for a container's
	 * 64 hex digits, "/docker/ID". Given once, replaces the built-in list. */
	char runtime_roots[CONFIG_ROOTS_MAX][CONFIG_ROOT_MAX];
	size_t runtime_root_count;
	/* Sockets of engines with Docker's API, docker's and podman's. Given once, replaces the
	 * built-in list. "none": there is no API to ask, and a container is known by its id alone.
	 */
	char engines[CONFIG_ENGINES_MAX][CONFIG_ENGINE_MAX + 1];
	size_t engine_count; /* 0: "none" */
};

void config_defaults(struct config *config);

/* Parse `length` bytes over the defaults. Pure: text in, values out. */
int config_parse(struct config *config, const char *text, size_t length, struct err *err);

/* Read ROOT/etc/tacit/tacit.conf; a file that is not there leaves the defaults. */
int config_read(struct config *config, const char *root, struct err *err);

#endif
