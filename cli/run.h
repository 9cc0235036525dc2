/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of the command table, one file per noun. Each returns 0, or a negative code with
 * `err` filled for the dispatcher to print. A command that has printed its failures itself returns
 * 0 and leaves the code in session->exit. */
#ifndef TACIT_CLI_RUN_H
#define TACIT_CLI_RUN_H

#include "cli/session.h"

int secret_create(struct session *session, struct err *err);
int secret_ls(struct session *session, struct err *err);
int secret_inspect(struct session *session, struct err *err);
int secret_rotate(struct session *session, struct err *err);
int secret_schedule(struct session *session, struct err *err);
int secret_stage(struct session *session, struct err *err);
int secret_promote(struct session *session, struct err *err);
int secret_retire(struct session *session, struct err *err);
int secret_rollback(struct session *session, struct err *err);
int secret_history(struct session *session, struct err *err);
int secret_reveal(struct session *session, struct err *err);
int secret_rm(struct session *session, struct err *err);

int grant_add(struct session *session, struct err *err);
int grant_ls(struct session *session, struct err *err);
int grant_rm(struct session *session, struct err *err);
int grant_check(struct session *session, struct err *err);

int consumer_ls(struct session *session, struct err *err);
int consumer_inspect(struct session *session, struct err *err);
int consumer_bind(struct session *session, struct err *err);
int consumer_unbind(struct session *session, struct err *err);
int consumer_freeze(struct session *session, struct err *err);
int consumer_thaw(struct session *session, struct err *err);
int consumer_rm(struct session *session, struct err *err);

int key_ls(struct session *session, struct err *err);
int key_add(struct session *session, struct err *err);
int key_rm(struct session *session, struct err *err);
int key_rotate(struct session *session, struct err *err);

int store_create(struct session *session, struct err *err);
int store_backup(struct session *session, struct err *err);
int store_verify(struct session *session, struct err *err);
int store_restore(struct session *session, struct err *err);
int store_accept(struct session *session, struct err *err);

int audit_tail(struct session *session, struct err *err);
int audit_verify(struct session *session, struct err *err);
int audit_export(struct session *session, struct err *err);
int audit_hash(struct session *session, struct err *err);

int access_export(struct session *session, struct err *err);
int access_apply(struct session *session, struct err *err);

int run_command(struct session *session, struct err *err); /* `tacit run` */
int env_scan(struct session *session, struct err *err);

int env_import(struct session *session, struct err *err);

int status_show(struct session *session, struct err *err);
int status_bare(struct session *session, struct err *err); /* `tacit` alone */
int lock_lock(struct session *session, struct err *err);
int lock_unlock(struct session *session, struct err *err);
int repair_run(struct session *session, struct err *err);
int lifecycle_upgrade(struct session *session, struct err *err);
int lifecycle_stop(struct session *session, struct err *err);
int help_run(struct session *session, struct err *err);
int help_version(struct session *session, struct err *err);

#endif
