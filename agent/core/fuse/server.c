/* SPDX-License-Identifier: Apache-2.0 */
#include "core/fuse/server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/fuse/internal.h"

#define UNKNOWN_UNIQUE                                                                             \
	0x7fffffff1ull /* a request the kernel never sent: an answer to it is dropped */

static ssize_t answer(int fd, struct iovec *parts, int count, void *userdata)
{
	struct worker *worker = userdata;
	ssize_t sent;

	(void)fd;
	if (!worker->init) {
		atomic_fetch_add_explicit(&worker->server->answered, 1, memory_order_release);
		sent = writev(worker->device, parts, count);
		if (sent > 0)
			tally_answered(worker, parts[0].iov_base);
		return sent;
	}
	if (count == 2 && parts[1].iov_len <= sizeof worker->init_reply)
		memcpy(&worker->init_reply, parts[1].iov_base, parts[1].iov_len);
	return (ssize_t)(parts[0].iov_len + (count > 1 ? parts[1].iov_len : 0));
}

static ssize_t receive(int fd, void *buffer, size_t room, void *userdata)
{
	(void)userdata;
	return read(fd, buffer, room);
}

/* Tell libfuse the INIT of this connection, and compare what it would have answered. */
static int replay_init(struct worker *worker, const struct handover *handover, struct err *err)
{
	char request[HANDOVER_INIT_MAX] __attribute__((aligned(8)));
	const struct fuse_init_out *given =
		(const void *)(handover->init_reply + sizeof(struct fuse_out_header));
	const struct fuse_init_out *ours = &worker->init_reply;
	struct fuse_buf buffer = { .mem = request, .size = handover->init_request_length };

	memcpy(request, handover->init_request, handover->init_request_length);
	((struct fuse_in_header *)request)->unique = UNKNOWN_UNIQUE;
	worker->init = true;
	fuse_session_process_buf(worker->session, &buffer);
	worker->init = false;
	if (ours->major != given->major || ours->flags != given->flags ||
		ours->flags2 != given->flags2 || ours->max_write != given->max_write ||
		ours->max_pages != given->max_pages || ours->time_gran != given->time_gran)
		return err_set(err, TACIT_INTERNAL,
			"libfuse %s would negotiate flags %x,%x and %u bytes; the mount has %x,%x "
			"and %u",
			fuse_pkgversion(), ours->flags, ours->flags2, ours->max_write, given->flags,
			given->flags2, given->max_write);
	return 0;
}

static int worker_open(struct server *server, unsigned int index, struct err *err)
{
	static const struct fuse_custom_io io = { .writev = answer, .read = receive };
	struct worker *worker = &server->worker[index];
	char name[] = "tacit", *argv[] = { name, NULL };
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);

	worker->server = server;
	pthread_mutex_init(&worker->record_mutex, NULL);
	/* The doorman's, the last one, is that of the request it takes up. */
	worker->device = server->parts.device[index < server->parts.handover->threads ? index : 0];
	worker->slot = &server->parts.handover->slots[index];
	worker->session =
		fuse_session_new(&args, &server_operations, sizeof server_operations, worker);
	fuse_opt_free_args(&args);
	if (!worker->session || fuse_session_custom_io(worker->session, &io, worker->device))
		return err_set(err, TACIT_INTERNAL, "libfuse: no session");
	return replay_init(worker, server->parts.handover, err);
}

static void quiet(enum fuse_log_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
}

/* Those of the model, and those that it will have. */
static void know_folders(struct server *server)
{
	struct model *model = server->parts.model;

	model_write_lock(model);
	model->on_folder = folder_add;
	model->on_folder_arg = server;
	model_tell_folders(model);
	model_unlock(model);
}

int server_new(const struct server_parts *parts, struct server **server, struct err *err)
{
	struct server *fresh = calloc(1, sizeof *fresh);
	int status = 0;

	if (!fresh)
		return err_set(err, TACIT_LIMIT, "out of memory");
	fuse_set_log_func(quiet);
	fresh->parts = *parts;
	handles_open_table(&fresh->handles, parts->handover->handles);
	sessions_open_table(&fresh->sessions, parts->handover->sessions);
	park_open_table(&fresh->park, parts->handover);
	fresh->gone = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	know_folders(fresh);
	for (unsigned int i = 0; status == 0 && i <= parts->handover->threads; i++)
		status = worker_open(fresh, i, err);
	if (status == 0)
		*server = fresh;
	return status;
}

static const struct fuse_in_header *taken(const struct worker *worker)
{
	return (const void *)worker->slot->request;
}

static void clear(struct worker *worker)
{
	atomic_store(&worker->slot->processing, 0);
	atomic_store(&worker->slot->strikes, 0);
	((struct fuse_in_header *)worker->slot->request)->len = 0;
}

/* Nothing but a parked OPEN waits long enough to be interrupted. For any other the kernel is to say
 * it again: it may be about to be parked. */
static void on_interrupt(struct worker *worker)
{
	const struct fuse_in_header *header = taken(worker);
	const struct fuse_interrupt_in *which = (const void *)(header + 1);
	struct fuse_out_header again = { sizeof again, -EAGAIN, header->unique };

	if (park_interrupt(worker->server, which->unique))
		return;
	if (write(worker->device, &again, sizeof again) < 0)
		log_debug("the interrupted request has been answered");
}

void server_process(struct worker *worker)
{
	const struct fuse_in_header *header = taken(worker);
	struct fuse_buf buffer = { .mem = worker->slot->request, .size = header->len };

	if (header->unique & UNIQUE_RESENT)
		atomic_fetch_add(&worker->server->parts.handover->resent, 1);
	if (header->opcode == FUSE_INTERRUPT) {
		on_interrupt(worker);
	} else if (header->opcode != FUSE_FORGET && header->opcode != FUSE_BATCH_FORGET) {
		/* Forgetting is not how nodes end here. */
		atomic_store(&worker->slot->since_ns, clock_monotonic_ns());
		atomic_store(&worker->slot->processing, 1);
		atomic_load_explicit(&worker->server->answered, memory_order_acquire);
		fuse_session_process_buf(worker->session, &buffer);
	}
	clear(worker);
}

/* The request that core after core crashed on is answered without being looked at. */
static void give_up(struct worker *worker)
{
	struct fuse_out_header error = { sizeof error, -EIO, taken(worker)->unique };

	log_error("a request (operation %u) was at hand in %u crashes: answered with an error",
		taken(worker)->opcode, HANDOVER_STRIKES);
	if (write(worker->device, &error, sizeof error) < 0) {
		log_debug("its answer was not wanted any more");
	} else {
		tally_answered(worker, &error);
		files_drop_request(worker->server, error.unique & ~UNIQUE_RESENT);
	}
	clear(worker);
}

static void resume_handle(
	struct server *server, struct vault *vault, struct handover_handle *handle)
{
	struct model *model = server->parts.model;
	struct secret *secret = model_secret_by_id(model, handle->secret_id);
	struct node *consumer = handle_consumer(model, handle);
	struct blob *blob = secret ? secret_blob(secret, handle->version) : NULL;
	uint8_t *sealed;
	size_t length;

	for (uint32_t i = 0; secret && !blob && i < secret->record.version_count; i++) {
		const struct version_record *version = &secret->record.versions[i];

		if (version->number == handle->version &&
			vault_load_value(vault, version->value_id, &sealed, &length, NULL) == 0)
			blob = secret_add_blob(secret, version, sealed, length);
	}
	if (blob && consumer) {
		consumer->open_handles++;
		blob_hold(model, blob);
	} else {
		atomic_store(&handle->state, HANDLE_ENDED);
	}
}

/* The least suspect first: `strikes` says whose turn it is. */
static void resume_slot(struct worker *worker, uint32_t strikes)
{
	uint32_t counted = atomic_load(&worker->slot->strikes);

	if (!taken(worker)->len ||
		(counted < HANDOVER_STRIKES ? counted : HANDOVER_STRIKES) != strikes)
		return;
	atomic_fetch_add(&worker->server->parts.handover->resumed, 1);
	worker->replaying = true;
	if (strikes == HANDOVER_STRIKES)
		give_up(worker);
	else
		server_process(worker);
	worker->replaying = false;
}

void server_resume(struct server *server, struct vault *vault, bool resend)
{
	struct handover *handover = server->parts.handover;
	struct fuse_out_header again = { .len = sizeof again, .error = NOTIFY_RESEND };

	for (unsigned int i = 0; i < HANDOVER_HANDLES; i++)
		if (atomic_load(&handover->handles[i].state) == HANDLE_OPEN) {
			resume_handle(server, vault, &handover->handles[i]);
			member_resume(server, &handover->handles[i]);
		}
	/* None of them is being worked on: the next crash is the fault of one alone. */
	for (unsigned int i = 0; i < handover->threads; i++)
		atomic_store(&handover->slots[i].processing, 0);
	atomic_store(&handover->slots[handover->threads].processing, 0);
	park_resume(server);
	record_resume(server);
	for (uint32_t strikes = 0; strikes <= HANDOVER_STRIKES; strikes++)
		for (unsigned int i = 0; i < handover->threads; i++)
			resume_slot(&server->worker[i], strikes);
	/* What the slots did not hold, if anything: a cross-check, on kernels that know it. */
	if (resend && atomic_load(&handover->core_starts) > 1 &&
		write(server->worker[0].device, &again, sizeof again) < 0)
		log_debug("this kernel does not send requests again");
}

static void *run(void *arg)
{
	struct worker *worker = arg;
	struct fuse_buf buffer = { .mem = worker->slot->request };

	for (;;) {
		int length = fuse_session_receive_buf(worker->session, &buffer);

		if (length == -EINTR || length == -EAGAIN || length == -ENOENT)
			continue;
		if (length <= 0)
			break;
		server_process(worker);
	}
	eventfd_write(worker->server->gone, 1);
	return NULL;
}

int server_start(struct server *server, struct err *err)
{
	unsigned int doorman = server->parts.handover->threads;

	/* What it takes up was begun before, by this core or another. */
	server->worker[doorman].replaying = true;
	for (unsigned int i = 0; i <= doorman; i++)
		if (pthread_create(&server->worker[i].thread, NULL, i < doorman ? run : park_run,
			    &server->worker[i]))
			return err_set(err, TACIT_LIMIT, "no thread to be had");
	return 0;
}

int server_gone_fd(const struct server *server)
{
	return server->gone;
}

bool server_moves(const struct server *server, uint64_t limit_ns)
{
	uint64_t now = clock_monotonic_ns();

	for (unsigned int i = 0; i <= server->parts.handover->threads; i++) {
		const struct handover_slot *slot = server->worker[i].slot;

		/* In this order: the time is then of the request at hand, or of a later one. */
		if (atomic_load(&slot->processing)) {
			uint64_t since = atomic_load(&slot->since_ns);

			if (since < now && now - since > limit_ns)
				return false;
		}
	}
	return true;
}

void server_set_toucher(struct server *server, pid_t pid)
{
	atomic_store(&server->toucher, pid);
}

static void end_handle(struct server *server, struct handover_handle *handle)
{
	struct model *model = server->parts.model;
	struct secret *secret = model_secret_by_id(model, handle->secret_id);
	struct blob *blob = secret ? secret_blob(secret, handle->version) : NULL;

	if (blob)
		blob_release(model, blob);
	handle_end(&server->handles, handle_consumer(model, handle), handle);
}

static bool is_open_of(const struct handover_handle *handle, const uint8_t *grant_id)
{
	return atomic_load(&handle->state) == HANDLE_OPEN &&
	       (!grant_id || !memcmp(handle->grant_id, grant_id, sizeof handle->grant_id));
}

void server_end_handles(struct server *server, const uint8_t *grant_id)
{
	struct handover_handle *table = server->handles.table;

	for (unsigned int i = 0; i < HANDOVER_HANDLES; i++)
		if (is_open_of(&table[i], grant_id))
			end_handle(server, &table[i]);
}

void server_end_previous(struct server *server, const struct grant *grant)
{
	struct handover_handle *table = server->handles.table;

	for (unsigned int i = 0; grant->previous && i < HANDOVER_HANDLES; i++)
		if (is_open_of(&table[i], grant->record.id) &&
			(table[i].node == grant->previous->id ||
				table[i].node == grant->self_previous->id))
			end_handle(server, &table[i]);
}

void server_sums(const struct server *server, struct tally_sums *sums)
{
	*sums = (struct tally_sums){ 0 };
	for (unsigned int i = 0; i <= server->parts.handover->threads; i++)
		tally_add(&server->worker[i].tally, sums);
}

unsigned int server_open_handles(struct server *server)
{
	return handles_open_count(&server->handles);
}

bool server_version_is_open(
	struct server *server, const uint8_t secret_id[SEAL_ID_BYTES], uint64_t number)
{
	return handles_version_is_open(&server->handles, secret_id, number);
}
