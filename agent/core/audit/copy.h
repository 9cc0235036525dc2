/* SPDX-License-Identifier: Apache-2.0 */
/* A record as others keep it: one datagram. Pure. */
#ifndef TACIT_AUDIT_COPY_H
#define TACIT_AUDIT_COPY_H

#include <sys/types.h>

#include "core/audit/record.h"

#define AUDIT_COPY_MAX 12288

/* For /dev/log, as syslog(3) writes it but without a time, which the object has and the listener
 * adds: "<86>tacit[PID]: {...}", facility authpriv; info for reads, notice for changes and for what
 * the agent does, warning for denials. The object is audit_format_json()'s. NUL at its end; its
 * length is returned. */
size_t audit_copy_syslog(
	const struct audit_record *record, uint64_t number, pid_t pid, char text[AUDIT_COPY_MAX]);

/* For journald's own socket: MESSAGE (that object), PRIORITY, SYSLOG_FACILITY, SYSLOG_IDENTIFIER,
 * and TACIT_KIND, TACIT_ACT, TACIT_OUTCOME, TACIT_RULE, TACIT_SECRET, TACIT_VERSION,
 * TACIT_CONSUMER, TACIT_CONTAINER, TACIT_NUMBER where they apply. What a process calls itself is in
 * the object alone. */
size_t audit_copy_journald(
	const struct audit_record *record, uint64_t number, char text[AUDIT_COPY_MAX]);

#endif
