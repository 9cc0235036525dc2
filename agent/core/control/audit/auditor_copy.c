/* SPDX-License-Identifier: Apache-2.0 */
/* What is durable is told to syslog or journald, too, over a socket that holder connects. That they
 * listen is not waited for: what does not go through is counted. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "core/audit/copy.h"
#include "core/control/audit/auditor_parts.h"

#define ASK_AGAIN_NS (2 * 1000000000ull)

void auditor_tell(void *arg, const struct audit_record *record, uint64_t number)
{
	struct auditor *auditor = arg;
	char text[AUDIT_COPY_MAX];
	size_t length;

	if (auditor->core->config.audit_copy == CONFIG_COPY_NONE)
		return;
	if (auditor->copy < 0) {
		atomic_fetch_add(&auditor->copies_lost, 1);
		return;
	}
	length = auditor->core->config.audit_copy == CONFIG_COPY_JOURNALD
			 ? audit_copy_journald(record, number, text)
			 : audit_copy_syslog(record, number, getpid(), text);
	if (send(auditor->copy, text, length, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return;
	atomic_fetch_add(&auditor->copies_lost, 1);
	if (errno == EAGAIN || errno == ENOBUFS || errno == EMSGSIZE || errno == EINTR)
		return;
	/* Whoever listened is gone; its successor has another socket of that name. */
	close(take_fd(&auditor->copy));
	atomic_store(&auditor->copying, false);
}

int auditor_look_after_copy(struct auditor *auditor, uint64_t now)
{
	int given = atomic_exchange(&auditor->copy_given, -1);

	if (auditor->core->config.audit_copy == CONFIG_COPY_NONE && given < 0)
		return -1;
	if (given >= 0) {
		cleanup_close(&auditor->copy);
		auditor->copy = given;
		atomic_store(&auditor->copying, true);
	}
	if (auditor->copy >= 0)
		return -1;
	if (now >= auditor->copy_ask_ns) {
		frame_send_now(auditor->core->holder, FRAME_NEED_COPY, NULL, 0, -1, NULL);
		auditor->copy_ask_ns = now + ASK_AGAIN_NS;
	}
	return (int)((auditor->copy_ask_ns - now) / 1000000u) + 1;
}
